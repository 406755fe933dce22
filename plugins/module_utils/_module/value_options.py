# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sealed values from options of modules and lookups; errors name the option, file or value."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ansible.module_utils.common.text.converters import to_bytes
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.file_errors import file_error
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import SealedValue, checked_limit, read_content, read_text
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.trusted_keys import TrustedKeys
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.regular_files import read_regular


def from_blob(name: str, blob: Any, limit: int) -> SealedValue:
    """Read a base64-encoded sealed value; raises :class:`SealError` with ``name`` in its message."""
    if not isinstance(blob, str):
        raise SettingError(
            f"{name} must be a string, not {_kind(blob)}.",
            reason="invalid_option",
            remedy="Use the base64-encoded sealed value.",
        )
    with about(name):
        return read_text(blob, checked_limit(limit))


def from_file(path: str, name: str, limit: int) -> SealedValue:
    """Read a sealed value from a file, binary or base64-encoded; raises :class:`SealError`.

    :param name: the role of the file in the task, with which messages begin.
    """
    content = read_file(path, name, checked_limit(limit) * 3 // 2)
    with about(f"The file {path}"):
        return read_content(content, limit)


def trusted_keys(
    allowed: Sequence[str] | None, clients: KmsClients, values: Sequence[SealedValue], source: str = "option allowed_key_ids"
) -> TrustedKeys | None:
    """The keys of the option allowed_key_ids; None if not set. Raises :class:`SealError`, which names the source.

    Aliases are resolved in the region that the first of the values names, if no other source sets a region.
    """
    if allowed is None:
        return None
    return TrustedKeys(allowed, clients, next((value.region for value in values if value.region), ""), source)


def aad_option(aad: str | None, aad_base64: str | None) -> bytes:
    """The additional authenticated data, as text or base64-encoded; raises :class:`SettingError`."""
    if aad is not None and aad_base64 is not None:
        raise SettingError(
            "parameters are mutually exclusive: aad|aad_base64.", reason="invalid_option", remedy="Set one of them."
        )
    return decoded("aad_base64", aad_base64) if aad_base64 is not None else to_bytes(aad or "")


def decoded(name: str, text: str) -> bytes:
    """Decode an option's base64; raises :class:`SettingError` (``invalid_option``)."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise SettingError(
            f"Option {name} is not valid base64.", reason="invalid_option", remedy="Encode it, for example with the filter b64encode."
        ) from None


@contextmanager
def named_errors(names: Sequence[str]) -> Iterator[None]:
    """Prefix the message of an error with the name of its value; without names, the error is not changed."""
    try:
        yield
    except SealError as error:
        index = error.details.pop("index", 0)
        if names:
            error.message = f"{names[index]}: {error.message}"
        raise


def _kind(value: Any) -> str:
    """The name of the type; Ansible derives types from those of Python."""
    known = next((kind for kind in (bool, int, float, list, dict) if isinstance(value, kind)), type(value))
    return known.__name__


@contextmanager
def about(name: str) -> Iterator[None]:
    """Prefix the message of an error with ``name``."""
    try:
        yield
    except SealError as error:
        error.message = f"{name}: {error.message}"
        raise


def read_file(path: str, name: str, limit: int) -> bytes:
    """The content of a file; ``name`` is its role in the task. Raises :class:`SettingError` (``file_error``)."""
    try:
        content = read_regular(path, limit + 1)
    except OSError as error:
        raise file_error(f"{name} {path} cannot be read: {error.strerror}.") from None
    if len(content) > limit:
        raise SettingError(
            f"{name} {path} is larger than {limit} bytes.", reason="file_error", remedy="If it is the right file, increase max_size."
        )
    return content
