# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The KMS key to use: the task's option or an environment variable, parsed and compared with the region, and the client to ask for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..errors import SettingError
from ..key_reference import KeyReference
from ..sourced import Sourced, first
from .api import Kms
from .client import BotoKms
from .clients import KmsClients

KEY_VARIABLES = ("VAULT_AWSKMS_SEAL_KEY_ID", "AWSKMS_WRAPPER_KEY_ID")


class OtherRegionError(SettingError):
    """A key that lies in another region than the one that is asked."""


@dataclass(frozen=True)
class Key:
    """A reference to a key, and where it was named: an option, an environment variable, a sealed value."""

    reference: KeyReference
    source: str

    @classmethod
    def parse(cls, named: Sourced) -> Key:
        """Read a key reference; raises :class:`SettingError` (``malformed_key_id``) with the source of the reference."""
        return cls(parse_key(named), named.source)

    @property
    def named(self) -> Sourced:
        """The reference as it was written."""
        return Sourced(str(self.reference), self.source)

    def __str__(self) -> str:
        return str(self.named)

    def as_result(self) -> dict[str, str]:
        return self.named.as_result()


def key_in_force(option: str | None, environ: Mapping[str, str]) -> Key:
    """The key to seal with; raises :class:`SettingError` if none is set (``no_key``) or it is malformed."""
    key = named_key(option, environ)
    if key is None:
        raise no_key()
    return Key.parse(key)


def open_for_key(clients: KmsClients, key: Key, region: str = "", region_source: str = "") -> tuple[BotoKms, str]:
    """The KMS client for the key's region, and the key's ID in that region. Errors about a key from the environment name the variable.

    :param region: the region if neither the key nor any other source sets one.
    :param region_source: the name of the key's ARN as a source of the region, for messages.

    Raises :class:`OtherRegionError` if another region is in effect, and :class:`SealError` if no client can be created.
    """
    arn = region_source or f"the key ARN of {key.source}"
    kms = clients(key.reference.region, arn) if key.reference.region else clients(region)
    check_region(kms.region, key)
    kms.key_in_environment = key.named if key.source.startswith("environment") else None
    return kms, str(key.reference.in_region(kms.region.value))


def no_key() -> SettingError:
    """The error if no key is set."""
    return SettingError(
        "No KMS key is set.",
        reason="no_key",
        remedy=f"Set the option kms_key_id or the environment variable {KEY_VARIABLES[0]}.",
    )


def named_key(option: str | None, environ: Mapping[str, str]) -> Sourced | None:
    """The key that the task or else the environment names, whatever its form; None where neither does."""
    return Sourced(option, "option kms_key_id") if option else first(environ, KEY_VARIABLES)


def parse_key(key: Sourced) -> KeyReference:
    """Read a key reference; the error names its source."""
    try:
        return KeyReference.parse(key.value)
    except SettingError as error:
        error.message = f"The key from {key.source} is invalid: {error.message}"
        raise


def check_region(region: Sourced, key: Key) -> None:
    """Refuse a key ARN of another region than the one in force; raises :class:`OtherRegionError`.

    The ARN of a multi-region key passes: its replica in the region in force is used instead.
    """
    reference = key.reference
    if reference.is_arn and reference.region != region.value and not reference.is_multi_region:
        raise OtherRegionError(
            f"The key {key} is in region {reference.region}, "
            f"but the region in effect is {region.value} (from {region.source}).",
            reason="region_mismatch",
            remedy=f"Remove the region setting, or set it to {reference.region}.",
        )


def resolved(reference: KeyReference, kms_for_region: Callable[[str], Kms], region: str = "") -> KeyReference:
    """The key that an alias names now, by one DescribeKey, as its ARN; any other reference unchanged. Raises :class:`KmsError`."""
    if not reference.is_alias:
        return reference
    return KeyReference.parse(str(kms_for_region(reference.region or region).describe_key(str(reference))["Arn"]))
