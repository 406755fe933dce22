# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""References to KMS keys: key id, key ARN, alias name, alias ARN.

The forms are those of the ``KeyId`` parameter in the AWS KMS API reference; the ARNs' form is that of the AWS service
authorization reference (``arn:PARTITION:kms:REGION:ACCOUNT:key/KEY-ID`` and ``...:alias/NAME``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from .errors import SettingError

# AWS shows ids such as 19ec80b0-dfdd-4d97-8164-c6examplekey in its own documentation: letters beyond f are let pass.
_KEY_ID = re.compile(r"(?:mrk-[0-9a-f]{32}|[0-9A-Za-z]{8}-(?:[0-9A-Za-z]{4}-){3}[0-9A-Za-z]{12})\Z")
_ALIAS = re.compile(r"alias/[A-Za-z0-9/_-]{1,250}\Z")  # 256 characters with the prefix (KMS CreateAlias)
_ARN = re.compile(
    r"arn:(?P<partition>aws(?:-[a-z0-9]+)*):kms:(?P<region>[a-z]{2,8}(?:-[a-z]+)+-[0-9]{1,2}):(?P<account>[0-9]{12}):"
    r"(?:key/(?P<key>[^:]+)|(?P<alias>alias/[^:]+))\Z"
)
_LONGEST = 2048  # the KeyId parameter's limit in the KMS service model


@dataclass(frozen=True)
class KeyReference:
    """One reference to a KMS key, in one of the four forms that KMS accepts.

    ``key_id`` is set for key ids and key ARNs, ``alias`` (with its ``alias/`` prefix) for alias names and alias ARNs;
    ``partition``, ``region`` and ``account`` are empty if the reference is not an ARN.
    """

    key_id: str = ""
    alias: str = ""
    partition: str = ""
    region: str = ""
    account: str = ""

    @classmethod
    def parse(cls, text: str) -> KeyReference:
        """Read a reference; raises :class:`SettingError` (``malformed_key_id``) for anything else."""
        if len(text) <= _LONGEST:
            if _KEY_ID.match(text):
                return cls(key_id=text)
            if _ALIAS.match(text):
                return cls(alias=text)
            match = _ARN.match(text)
            if match:
                key, alias = match.group("key") or "", match.group("alias") or ""
                if (_KEY_ID.match(key) if key else _ALIAS.match(alias)):
                    partition, region, account = match.group("partition", "region", "account")
                    return cls(key, alias, partition, region, account)
        shown = text if len(text) <= 120 else f"{text[:117]}..."
        raise SettingError(
            f"{shown!r} is not a valid KMS key reference.",
            reason="malformed_key_id",
            remedy="Use a key ID (1234abcd-12ab-34cd-56ef-1234567890ab or mrk-...), a key ARN "
            "(arn:aws:kms:REGION:ACCOUNT:key/KEY-ID), an alias (alias/NAME) or an alias ARN "
            "(arn:aws:kms:REGION:ACCOUNT:alias/NAME).",
        )

    @classmethod
    def parse_key_arn(cls, text: str) -> KeyReference | None:
        """The reference where ``text`` is a key's ARN, as KMS answers it and blobs carry it; else None."""
        return _key_arn(text)

    def __str__(self) -> str:
        if not self.is_arn:
            return self.key_id or self.alias
        resource = f"key/{self.key_id}" if self.key_id else self.alias
        return f"arn:{self.partition}:kms:{self.region}:{self.account}:{resource}"

    @property
    def is_arn(self) -> bool:
        return bool(self.partition)

    @property
    def is_alias(self) -> bool:
        return bool(self.alias)

    @property
    def is_multi_region(self) -> bool:
        """Whether the id is a multi-region key's: only those begin with ``mrk-`` (KMS developer guide)."""
        return self.key_id.startswith("mrk-")

    def in_region(self, region: str) -> KeyReference:
        """The related replica of a multi-region key in another region; any other reference unchanged."""
        return replace(self, region=region) if self.is_arn and self.is_multi_region else self

    def matches(self, key: KeyReference) -> bool:
        """Whether this key id or key ARN names ``key``, a key's ARN.

        A bare id matches the id part. The replicas of a multi-region key are one key here: they share id, account and
        key material, and what one sealed each of the others opens.
        """
        if not self.key_id or self.key_id != key.key_id:
            return False
        if not self.is_arn:
            return True
        return (self.partition, self.account) == (key.partition, key.account) and (
            self.region == key.region or self.is_multi_region
        )


@lru_cache(maxsize=256)  # many values name few keys
def _key_arn(text: str) -> KeyReference | None:
    try:
        reference = KeyReference.parse(text)
    except SettingError:
        return None
    return reference if reference.is_arn and reference.key_id else None


_REGION_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z")


def is_region_name(text: str) -> bool:
    """Whether this can be a region's name, as it becomes part of a host's name."""
    return bool(_REGION_NAME.match(text))
