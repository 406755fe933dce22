# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describes KMS keys, each in its own region, and stops asking a region that cannot be reached."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

from ..errors import Finding, SealError
from ..sourced import Sourced
from .client import BotoKms
from .clients import KmsClients
from .concurrent import OutageGuard
from .key_details import key_detail
from .key_facts import key_facts
from .keys import Key, OtherRegionError, open_for_key


class Described(NamedTuple):
    """A key's facts, and the KMS client that returned them."""

    kms: BotoKms
    facts: dict[str, Any]


class KeySurvey:
    """Describes keys, each once.

    :param region_source: the name of the key's ARN as a source of the region, for messages.
    :param skipped: as of :class:`OutageGuard`.
    :param now: the time with which expiry dates are compared; default: the current time.
    """

    def __init__(self, clients: KmsClients, region_source: str = "the key's ARN", skipped: str = "", now: datetime | None = None) -> None:
        self._clients = clients
        self._region_source = region_source
        self._now = now or datetime.now(timezone.utc)
        self._guard = OutageGuard(skipped)

    def describe(self, key: Key) -> Described:
        """One DescribeKey; raises :class:`SealError`."""
        self._guard.check(key.reference.region)
        try:
            kms, key_id = open_for_key(self._clients, key, region_source=self._region_source)
        except OtherRegionError:
            raise
        except SealError as error:
            self._guard.note(error, key.reference.region)  # whatever it is, the next key of this region would meet it too
            raise
        with self._guard.watch(kms.region.value):
            return Described(kms, key_facts(kms.describe_key(key_id), self._now))

    def entry(self, key: Key, include: Sequence[str] = ()) -> dict[str, Any]:
        """One key's facts with the details to ``include``, or the reason why they are not known."""
        asked = str(key.reference)
        try:
            kms, facts = self.describe(key)
        except SealError as error:
            finding = error.finding().as_result()
            return {"asked": asked, "usable_for_seal": False, "problems": [finding], "warnings": [], **finding}
        if key.reference.region not in ("", kms.region.value):
            facts["warnings"].append(_replica_described(key.reference.region, kms.region).as_result())
        details = {name: key_detail(name, kms, facts["arn"]) for name in include}
        return {"asked": asked, **facts, "alias": key.reference.alias or None, **details}

    def check_answered(self) -> None:
        """Raise the first failure to reach KMS if no key could be asked for at all."""
        if self._guard.first and not self._guard.answered:
            raise self._guard.first


def _replica_described(asked: str, region: Sourced) -> Finding:
    return Finding(
        "region_mismatch",
        f"The ARN is in region {asked}, but the region in effect is {region.value} (from {region.source}): the related key in that region is described.",
        f"Remove the region setting, or set it to {asked}.",
    )
