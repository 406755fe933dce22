# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sealed values as options give them, for module and lookup alike; errors say which option, file or value is meant."""

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
    """Read a sealed value given as base64; raises :class:`SealError` with ``name`` in its words."""
    if not isinstance(blob, str):
        raise SettingError(
            f"{name} is no text but of type {_kind(blob)}.",
            reason="invalid_option",
            remedy="Give the sealed value as base64.",
        )
    with about(name):
        return read_text(blob, checked_limit(limit))


def from_file(path: str, name: str, limit: int) -> SealedValue:
    """Read a sealed value from a file, where it stands as it is or as base64; raises :class:`SealError`.

    :param name: what the file is to the task, as a message about reading it begins.
    """
    content = read_file(path, name, checked_limit(limit) * 3 // 2)
    with about(f"The file {path}"):
        return read_content(content, limit)


def trusted_keys(
    allowed: Sequence[str] | None, clients: KmsClients, values: Sequence[SealedValue], source: str = "option allowed_key_ids"
) -> TrustedKeys | None:
    """The keys of the option allowed_key_ids; None where it is not given. Raises :class:`SealError`, which names the source.

    Aliases are looked up in the region that the first of the values names, where nothing else says one.
    """
    if allowed is None:
        return None
    return TrustedKeys(allowed, clients, next((value.region for value in values if value.region), ""), source)


def aad_option(aad: str | None, aad_base64: str | None) -> bytes:
    """The additional authenticated data, given as text or as base64; raises :class:`SettingError`."""
    if aad is not None and aad_base64 is not None:
        raise SettingError(
            "The options aad and aad_base64 are given together.", reason="invalid_option", remedy="Give one of them."
        )
    return decoded("aad_base64", aad_base64) if aad_base64 is not None else to_bytes(aad or "")


def decoded(name: str, text: str) -> bytes:
    """Decode an option's base64; raises :class:`SettingError` (``invalid_option``)."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise SettingError(
            f"Option {name} is not base64.", reason="invalid_option", remedy="Encode it, as the filter b64encode does."
        ) from None


@contextmanager
def named_errors(names: Sequence[str]) -> Iterator[None]:
    """Put the name of the value that an error is about before its message; without names, leave it as it is."""
    try:
        yield
    except SealError as error:
        index = error.details.pop("index", 0)
        if names:
            error.message = f"{names[index]}: {error.message}"
        raise


def _kind(value: Any) -> str:
    """The type's name; Ansible has types of its own below those of Python."""
    known = next((kind for kind in (bool, int, float, list, dict) if isinstance(value, kind)), type(value))
    return known.__name__


@contextmanager
def about(name: str) -> Iterator[None]:
    """Put ``name`` before the message of an error."""
    try:
        yield
    except SealError as error:
        error.message = f"{name}: {error.message}"
        raise


def read_file(path: str, name: str, limit: int) -> bytes:
    """The content of a file; ``name`` says what it is to the task. Raises :class:`SettingError` (``file_error``)."""
    try:
        content = read_regular(path, limit + 1)
    except OSError as error:
        raise file_error(f"{name} {path} cannot be read: {error.strerror}.") from None
    if len(content) > limit:
        raise SettingError(
            f"{name} {path} has more than {limit} bytes.", reason="file_error", remedy="Raise max_size, if it is the right file."
        )
    return content
