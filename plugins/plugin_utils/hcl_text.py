# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes structured data as HCL that HCL 1 (what Vault and OpenBao read) and HCL 2 take for the same.

The data has the form of the servers' JSON configuration: a dictionary becomes a block; where all its values are dictionaries, its
keys are labels. No text can end its quotes or begin a template: what could is written as an escape of its code point.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.errors import SettingError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
# Control characters, what begins a template (${ and %{), a mark that HCL 1 keeps for itself, and marks that editors hide.
_ESCAPED = re.compile('[\x01-\x1f\x7f-\x9f"\\\\\ufeff\ue123\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069]|[$%](?=\\{)')


def to_hcl_text(data: Mapping[str, Any]) -> str:
    """The HCL of a whole file; raises :class:`SettingError` for what HCL cannot hold, naming the place and never the value."""
    if not isinstance(data, Mapping):
        raise _wrong("The data", "is no dictionary")
    return "\n".join(_items(data, 0, ""))


def _items(data: Mapping[str, Any], depth: int, path: str) -> Iterator[str]:
    for key, value in data.items():
        if not isinstance(key, str):
            raise _wrong(path or "The data", "has a key that is no text")
        place = f"{path}.{key}" if path else str(key)
        if value is None:
            continue
        if isinstance(value, Mapping) or _is_blocks(value):
            for each in [value] if isinstance(value, Mapping) else value:
                yield from _blocks(_key(str(key), place), each, depth, place)
        else:
            yield f"{'  ' * depth}{_key(str(key), place)} = {_value(value, place)}"
            if depth == 0:
                yield ""


def _blocks(head: str, body: Mapping[str, Any], depth: int, path: str) -> Iterator[str]:
    if body and all(isinstance(value, Mapping) or _is_blocks(value) for value in body.values()):
        for label, value in body.items():
            if not isinstance(label, str):
                raise _wrong(path, "has a key that is no text")
            for each in [value] if isinstance(value, Mapping) else value:
                yield from _blocks(f"{head} {_text(str(label), path)}", each, depth, f"{path}.{label}")
        return
    inside = list(_items(body, depth + 1, path))
    yield f"{'  ' * depth}{head} {{{'' if inside else '}'}"
    if inside:
        yield from inside
        yield f"{'  ' * depth}}}"
    if depth == 0:
        yield ""


def _is_blocks(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(element, Mapping) for element in value)


def _key(name: str, path: str) -> str:
    return name if _NAME.match(name) else _text(name, path)


def _value(value: Any, path: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _wrong(path, "is a number that is not finite")
        return repr(float(value))
    if isinstance(value, str):
        return _text(str(value), path)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(element, path) for element in value) + "]"
    if isinstance(value, Mapping):
        pairs = [f"{_key(str(key), path)} = {_value(each, path)}" for key, each in value.items() if each is not None]
        return "{ " + ", ".join(pairs) + " }" if pairs else "{}"
    raise _wrong(path, f"is a {type(value).__name__}, which HCL does not know")


def _text(text: str, path: str) -> str:
    if "\0" in text:
        raise _wrong(path, "has a NUL character, which no configuration file can hold")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _wrong(path, "is no text in UTF-8") from None
    return '"' + _ESCAPED.sub(lambda sign: _SHORT.get(sign.group()) or f"\\u{ord(sign.group()):04x}", text) + '"'


def _wrong(path: str, what: str) -> SettingError:
    return SettingError(f"{path} {what}.", reason="invalid_option", remedy="Give texts, numbers, truth values, lists and dictionaries.")
