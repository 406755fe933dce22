# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The KMS key to use: the task's option or an environment variable, parsed and compared with the region."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..errors import SettingError
from ..key_reference import KeyReference, is_region_name
from ..sourced import Sourced, first
from .api import Kms

KEY_VARIABLES = ("VAULT_AWSKMS_SEAL_KEY_ID", "AWSKMS_WRAPPER_KEY_ID")


def key_in_force(option: str | None, environ: Mapping[str, str]) -> Sourced:
    """The key to seal with; raises :class:`SettingError` where none is named (``no_key``) or its form is wrong."""
    key = named_key(option, environ)
    if key is None:
        raise no_key()
    parse_key(key)
    return key


def no_key() -> SettingError:
    """The error that says that no key is named."""
    return SettingError(
        "No KMS key is named.",
        reason="no_key",
        remedy=f"Give kms_key_id, or set the environment variable {KEY_VARIABLES[0]}.",
    )


def named_key(option: str | None, environ: Mapping[str, str]) -> Sourced | None:
    """The key that the task or else the environment names, whatever its form; None where neither does."""
    return Sourced(option, "option kms_key_id") if option else first(environ, KEY_VARIABLES)


def parse_key(key: Sourced) -> KeyReference:
    """Read a key reference; the error says where the reference came from."""
    try:
        return KeyReference.parse(key.value)
    except SettingError as error:
        error.message = f"The key from {key.source} is malformed: {error.message}"
        raise


def check_region_name(region: Sourced) -> None:
    """Refuse what cannot be a region's name, as it becomes part of a host's name; raises :class:`SettingError`."""
    if not is_region_name(region.value):
        raise SettingError(
            f"{region.value!r} (from {region.source}) is not the name of an AWS region.",
            reason="invalid_option",
            remedy="Give a name such as us-east-1.",
        )


def check_region(region: Sourced, key: Sourced) -> None:
    """Refuse a key ARN of another region than the one in force; raises :class:`SettingError`.

    The ARN of a multi-region key passes: its replica in the region in force is used instead.
    """
    reference = KeyReference.parse_key_arn(key.value) or parse_key(key)
    if reference.is_arn and reference.region != region.value and not reference.is_multi_region:
        raise SettingError(
            f"The key {key.value} (from {key.source}) lies in region {reference.region}, "
            f"but region {region.value} is in force (from {region.source}).",
            reason="region_mismatch",
            remedy=f"Leave the region out, or set it to {reference.region}.",
        )


def resolved(reference: KeyReference, kms_for_region: Callable[[str], Kms], region: str = "") -> KeyReference:
    """The key that an alias names now, by one DescribeKey, as its ARN; any other reference unchanged. Raises :class:`KmsError`."""
    if not reference.is_alias:
        return reference
    return KeyReference.parse(str(kms_for_region(reference.region or region).describe_key(str(reference))["Arn"]))
