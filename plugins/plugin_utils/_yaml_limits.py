# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limits of a YAML document, checked on its events before objects are created.

An alias needs no memory until it is resolved, so a document of a kilobyte can exhaust memory later. The resolved size is counted instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import yaml

try:
    from yaml import CSafeLoader as EventLoader
except ImportError:  # PyYAML without libyaml
    from yaml import SafeLoader as EventLoader

MAX_DEPTH = 100
"""How many lists and dictionaries may lie within each other."""

MAX_NODES = 1_000_000
"""How many values a document may hold once its aliases are resolved, unless it has more without them."""

MAX_NUMBER = 400
"""Characters of a number without quotes. Python refuses to print one of 4300 digits, and 400 hexadecimal ones are fewer."""

_STANDARD = "tag:yaml.org,2002:"
# The types that Ansible's loader supports. Sets, pairs and ordered maps are not valid in variables.
_TAGS = {"!unsafe", "!vault", "!vault-encrypted"} | {
    _STANDARD + name
    for name in ("binary", "bool", "float", "int", "map", "merge", "null", "seq", "str", "timestamp", "python/dict", "python/unicode")
}
_OF_NUMBERS = "0123456789+-_.:abcdefABCDEFxXoO"


class LimitError(ValueError):
    """Why a document is rejected, without its content; ``line`` and ``column`` count from 1."""

    def __init__(self, message: str, mark: yaml.Mark) -> None:
        super().__init__(message)
        self.line = mark.line + 1
        self.column = mark.column + 1


@dataclass
class _Open:
    """A list or dictionary whose end is still to come."""

    is_mapping: bool
    anchor: str | None
    size: int = 1
    children: int = 0
    keys: set[tuple[str | None, str]] = field(default_factory=set)


def check_limits(text: str) -> None:
    """Raise :class:`LimitError`, or yaml.YAMLError where the text is not YAML at all."""
    stack: list[_Open] = []
    sizes: dict[str, int] = {}
    nodes = 0
    for event in yaml.parse(text, Loader=EventLoader):
        if isinstance(event, yaml.CollectionEndEvent):
            done = stack.pop()
            if done.anchor:
                sizes[done.anchor] = done.size
            _add(stack, done.size, nodes, event)
            continue
        if not isinstance(event, yaml.NodeEvent):
            continue
        nodes += 1
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes:
                raise LimitError("an alias refers to its own parent, or to an unknown anchor", event.start_mark)
            _add(stack, sizes[event.anchor], nodes, event)
            continue
        _check_tag(event)
        if isinstance(event, yaml.ScalarEvent):
            _check_scalar(event, stack[-1] if stack else None)
            if event.anchor:
                sizes[event.anchor] = 1
            _add(stack, 1, nodes, event)
            continue
        if len(stack) == MAX_DEPTH:
            raise LimitError(f"it has more than {MAX_DEPTH} levels", event.start_mark)
        if event.anchor:
            sizes.pop(event.anchor, None)  # of two anchors of one name, the later counts
        stack.append(_Open(isinstance(event, yaml.MappingStartEvent), event.anchor))


def _add(stack: list[_Open], size: int, nodes: int, event: yaml.Event) -> None:
    if not stack:
        return
    stack[-1].size += size
    stack[-1].children += 1
    if stack[-1].size > max(MAX_NODES, nodes):
        raise LimitError(f"its aliases expand to more than {MAX_NODES} values", event.start_mark)


def _check_tag(event: yaml.NodeEvent) -> None:
    tag = event.tag
    if tag is not None and tag != "!" and tag not in _TAGS:
        raise LimitError("a value has an unsupported tag", event.start_mark)


def _check_scalar(event: yaml.ScalarEvent, parent: _Open | None) -> None:
    value = event.value
    plain = event.implicit[0] or event.tag not in (None, "!", _STANDARD + "str")
    if plain and len(value) > MAX_NUMBER and not value.strip(_OF_NUMBERS):
        raise LimitError(f"a number without quotes has more than {MAX_NUMBER} characters", event.start_mark)
    if parent and parent.is_mapping and parent.children % 2 == 0:
        key = (event.tag if event.tag else "plain" if event.implicit[0] else None, value)
        if key in parent.keys and value != "<<":
            raise LimitError("a dictionary has a duplicate key", event.start_mark)
        parent.keys.add(key)
