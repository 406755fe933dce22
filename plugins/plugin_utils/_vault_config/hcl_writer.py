# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Formats structured data as HCL that HCL 1 (used by Vault and OpenBao) and HCL 2 interpret in the same way, or as the JSON of HCL 1.

The data has the form of the servers' JSON configuration: a dictionary is a block. Keys become labels only as deep as the block's type
has labels: a server ignores an unexpected label and the whole block. In JSON such a block is written as a list of
one, because HCL 1 turns the keys of objects that contain only objects into labels (``json/parser/flatten.go``). A string cannot end its quotes
or begin a template: such characters are escaped by their code points.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Union

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError

LABELS: Mapping[str, int] = {
    "storage": 1, "backend": 1, "ha_storage": 1, "ha_backend": 1, "listener": 1, "seal": 1, "hsm": 1, "kms": 1, "service_registration": 1,
    "audit": 2, "plugin": 2, "entropy": 1, "kms_library": 1, "user_lockout": 1, "initialize": 1, "initialize.request": 1,
}
"""How many labels the types of blocks of Vault and OpenBao have; those of blocks in blocks with the outer type before them."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
_KEYWORDS = ("true", "false", "null")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
# Control characters, what begins a template (${ and %{), a mark that HCL 1 keeps for itself, and marks that editors hide.
_ESCAPED = re.compile('[\x01-\x1f\x7f-\x9f"\\\\\ufeff\ue123\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069]|[$%](?=\\{)')
_DEEPEST = 60


class _Block:
    """Labels and body of one block; ``alone`` is whether it was given as a dictionary, and not in a list."""

    def __init__(self, labels: tuple[str, ...], body: Mapping[str, _Content], alone: bool) -> None:
        self.labels = labels
        self.body = body
        self.alone = alone


_Content = Union[list[_Block], list[Any], str, bool, int, float]
"""The content of one name: blocks, or a value."""


def to_hcl_text(data: Mapping[str, Any], labels: Mapping[str, int] | None = None) -> str:
    """The HCL of a whole file; raises :class:`SettingError` for what HCL cannot represent, with the path and never the value.

    :param labels: further types of blocks with the number of their labels.
    """
    return "\n".join(_lines(_root(data, labels), 0))


def to_json_text(data: Mapping[str, Any], labels: Mapping[str, int] | None = None) -> str:
    """The JSON that HCL 1 takes for the same as :func:`to_hcl_text`; raises :class:`SettingError`.

    Characters are not escaped beyond need: the servers refuse escapes of surrogates.
    """
    return json.dumps(_as_json(_root(data, labels), outermost=True), ensure_ascii=False, indent=2) + "\n"


def _root(data: Any, labels: Mapping[str, int] | None) -> Mapping[str, _Content]:
    if not isinstance(data, Mapping):
        raise _wrong("The data", "must be a dictionary")
    return _body(data, "", "", {**LABELS, **{name.casefold(): count for name, count in (labels or {}).items()}}, 0)


def _body(data: Mapping[str, Any], path: str, outer: str, labels: Mapping[str, int], depth: int) -> Mapping[str, _Content]:
    """The items of a block; what is null is left out."""
    if depth > _DEEPEST:
        raise _wrong(path, f"has more than {_DEEPEST} levels")
    body: dict[str, _Content] = {}
    for key, value in data.items():
        if not isinstance(key, str):
            raise _wrong(path or "The data", "has a key that is not a string")
        place, name = f"{path}.{key}" if path else str(key), _checked(str(key), path or "The data")
        if value is None:
            continue
        if not isinstance(value, Mapping) and not _is_blocks(value):
            body[name] = _value(value, place, depth)
            continue
        kind = f"{outer}.{name.casefold()}" if outer else name.casefold()
        blocks = [
            _Block(names, _body(inside, ".".join([place, *names]), kind, labels, depth + 1), isinstance(value, Mapping))
            for each in ([value] if isinstance(value, Mapping) else value)
            for names, inside in _labelled(each, labels.get(kind, 0), place)
        ]
        body[name] = blocks
    return body


def _labelled(value: Mapping[str, Any], count: int, path: str) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """The blocks that keys make of a dictionary, with at most so many labels each."""
    if not count or not value or not all(each is None or isinstance(each, Mapping) or _is_blocks(each) for each in value.values()):
        yield (), value
        return
    for label, inside in value.items():
        if not isinstance(label, str):
            raise _wrong(path, "has a key that is not a string")
        for each in inside if _is_blocks(inside) else [inside or {}]:
            for more, body in _labelled(each, count - 1, f"{path}.{label}"):
                yield (_checked(str(label), path), *more), body


def _lines(body: Mapping[str, _Content], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for name, content in body.items():
        key = name if _NAME.match(name) and name not in _KEYWORDS else _quoted(name)
        blocks = [each for each in content if isinstance(each, _Block)] if isinstance(content, list) else []
        for block in blocks:
            head = " ".join([key, *map(_quoted, block.labels)])
            yield f"{indent}{head} {{{'' if block.body else '}'}"
            if block.body:
                yield from _lines(block.body, depth + 1)
                yield f"{indent}}}"
            if depth == 0:
                yield ""
        if not blocks:
            yield f"{indent}{key} = {_written(content)}"
            if depth == 0:
                yield ""


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    if isinstance(value, dict):
        pairs = [f"{key if _NAME.match(key) and key not in _KEYWORDS else _quoted(key)} = {_written(each)}" for key, each in value.items()]
        return "{ " + ", ".join(pairs) + " }" if pairs else "{}"
    return repr(value)


def _as_json(body: Mapping[str, _Content], outermost: bool = False) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for name, content in body.items():
        blocks = [each for each in content if isinstance(each, _Block)] if isinstance(content, list) else []
        objects: list[Any] = []
        for block in blocks:
            inside: Any = _as_json(block.body)
            for label in reversed(block.labels):
                inside = {label: inside}
            objects.append(inside)
        if blocks:
            written[name] = objects[0] if len(blocks) == 1 and blocks[0].alone else objects
        else:
            written[name] = _in_json(content, name)
    if not outermost and all(isinstance(each, dict) for each in written.values()):
        return {name: [each] for name, each in written.items()}  # else the names would become labels of the block that this is
    return written


def _in_json(value: Any, name: str) -> Any:
    """The value, if HCL 1 takes it for the same in JSON."""
    if isinstance(value, list) and any(isinstance(each, (bool, list)) for each in value):
        raise _wrong(name, "has a boolean or a list in a list, which the servers cannot read in JSON; write it as HCL")
    for each in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
        _in_json(each, name)
    return value


def _is_blocks(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(element, Mapping) for element in value)


def _value(value: Any, path: str, depth: int) -> Any:
    """A value with plain types."""
    if depth > _DEEPEST:
        raise _wrong(path, f"has more than {_DEEPEST} levels")
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        if not -(1 << 63) <= value < 1 << 63:
            raise _wrong(path, "is a number of more than 64 bits")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _wrong(path, "is a number that is not finite")
        return float(value)
    if isinstance(value, str):
        return _checked(str(value), path)
    if isinstance(value, (list, tuple)):
        return [_value(element, path, depth + 1) for element in value]
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise _wrong(path, "has a key that is not a string")
        return {_checked(str(key), path): _value(each, f"{path}.{key}", depth + 1) for key, each in value.items() if each is not None}
    raise _wrong(path, f"is a {type(value).__name__}, which HCL does not support")


def _checked(text: str, path: str) -> str:
    if "\0" in text:
        raise _wrong(path, "contains a NUL character, which a configuration file cannot represent")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _wrong(path, "is not valid UTF-8") from None
    return text


def _quoted(text: str) -> str:
    return '"' + _ESCAPED.sub(lambda sign: _SHORT.get(sign.group()) or f"\\u{ord(sign.group()):04x}", text) + '"'


def _wrong(path: str, what: str) -> SettingError:
    return SettingError(f"{path} {what}.", reason="invalid_option", remedy="Use strings, numbers, booleans, lists and dictionaries.")
