# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The blocks ``seal``, ``kms``, ``hsm`` and ``plugin`` of a configuration file, and what only one product or release refuses in them.

The facts are those of ``parseKMS`` (``helper/configutil/kms.go`` of OpenBao 2.6.2, ``internalshared/configutil/kms.go`` of Vault) and of
``parsePlugins`` (``command/server/config.go`` of OpenBao 2.6.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .hcl import Body, malformed
from .hcl_decode import Decoded, as_field, as_text, decoded, shown, texts_of, truth
from .hcl_numbers import Number
from .products import OPENBAO, VAULT, Product

MOST_BLOCKS = {"hsm": 2, "seal": 5, "kms": 3}
"""How many blocks of each name a file may have for either product. Of ``seal``, OpenBao and Vault before 1.16 take 3 only."""

DUPLICATE = "duplicate_attribute"

_SEAL_HA = (1, 16, 0)
_NO_DUPLICATES = (1, 21, 0)
_MOST_REPORTED = 10
_ALWAYS, _NEVER = (0, 0, 0), (1 << 32, 0, 0)
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,40}")
_PLUGIN_TEXTS = ("type", "name", "image", "version", "binary_name", "sha256sum", "command")
_PLUGIN_LISTS = ("args", "env")


@dataclass(frozen=True)
class Stanza:
    """One seal: its type in lower case, its settings as the strings that the server decodes, and its location."""

    block: str
    type: str
    settings: dict[str, str] = field(repr=False)
    disabled: bool
    source: str


@dataclass(frozen=True)
class Plugin:
    """One ``plugin "TYPE" "NAME"`` block."""

    type: str
    name: str
    settings: dict[str, Any] = field(repr=False)
    source: str


@dataclass(frozen=True)
class Refusal:
    """Why one product refuses a file, from one release up to another."""

    product: str
    reason: str
    setting: str
    msg: str
    remedy: str
    since: tuple[int, int, int] = _ALWAYS
    until: tuple[int, int, int] = _NEVER

    def is_of(self, product: Product) -> bool:
        return product.name == self.product and self.since <= product.version < self.until


class Place(NamedTuple):
    """A line of a file."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}" if self.line else self.file


def read_seal(block: str, labels: tuple[str, ...], value: Any, place: Place) -> tuple[Stanza, list[Refusal]]:
    """One seal, and why a product refuses it; raises :class:`SettingError` where both do."""
    kind = labels[0] if labels else block
    if not isinstance(value, Body):
        raise malformed(place.line, f"{block} is no block")
    values = decoded(value)
    purpose, switch = values.pop("purpose", None), values.pop("disabled", None)
    if purpose and None in texts_of(purpose.value):
        raise malformed(purpose.line, f"purpose of the {shown(kind)} seal is neither a text nor a list of texts")
    disabled = truth(switch.value) if switch else False
    if switch and disabled is None:
        raise malformed(switch.line, f"disabled of the {shown(kind)} seal is neither true nor false")
    settings: dict[str, str] = {}
    for name, each in values.items():
        text = as_text(each.value)
        if text is None:
            raise malformed(each.line, f"{shown(name)} of the {shown(kind)} seal is neither a text nor a number")
        settings[name] = text
    stanza = Stanza(block, _lower(kind), settings, bool(disabled), str(place))
    return stanza, list(_of_several_seals(values, place.file))


def count_refusals(block: str, count: int, place: Place) -> Iterator[Refusal]:
    """Why one product refuses so many blocks of one name; raises :class:`SettingError` where both do."""
    if count > MOST_BLOCKS[block]:
        raise malformed(place.line, f"{count} {block} blocks in one file, where {MOST_BLOCKS[block]} are the most; disabled ones count")
    if block == "seal" and count > 3:
        what = f"{place} is the first of {count} seal blocks in one file, where %s takes 3; disabled ones count."
        remedy = "Remove the blocks of seals that are no longer used."
        yield Refusal(OPENBAO, "several_seals", "seal", what % "OpenBao", remedy)
        yield Refusal(VAULT, "several_seals", "seal", what % "Vault before 1.16", remedy, until=_SEAL_HA)


def repeated_refusals(body: Body, file: str) -> Iterator[Refusal]:
    """Vault 1.21 and later refuse an attribute that comes twice; the other releases take the last one."""
    for line, name in body.repeated[:_MOST_REPORTED]:
        yield Refusal(
            VAULT, DUPLICATE, shown(name), f"{Place(file, line)}: {shown(name)} is set a second time, which Vault 1.21 and later refuse.",
            "Keep one of the two.", since=_NO_DUPLICATES,
        )


def top_level_refusals(values: Mapping[str, tuple[Any, str]]) -> Iterator[Refusal]:
    """OpenBao refuses a configuration that wants its memory locked."""
    value, source = values.get("disable_mlock", (None, ""))
    if value is not None and truth(value) is False:
        yield Refusal(
            OPENBAO, "invalid_option", "disable_mlock", f"disable_mlock is false ({source}), and OpenBao, which locks no memory, refuses that.",
            "Remove it, and disable or encrypt swap.",
        )


def read_plugin(labels: tuple[str, ...], value: Any, place: Place) -> tuple[Plugin, list[Refusal]]:
    """One plugin; only OpenBao reads these blocks, so only OpenBao refuses them."""
    if not isinstance(value, Body):
        raise malformed(place.line, "plugin is no block")
    values = decoded(value)
    wrong = [name for name, each in values.items() if _is_wrong_in_plugin(name.casefold(), each.value)]
    settings = {name.casefold(): each.value for name, each in values.items()}
    kind = settings.get("type") or (labels[0] if len(labels) == 2 else "")
    called = settings.get("name") or (labels[1] if len(labels) == 2 else "")
    refusals = [
        Refusal(OPENBAO, "malformed_config", shown(name), f"{shown(name)} of the plugin ({place}) has a value of the wrong type.",
                f"Give a {'list of texts' if name.casefold() in _PLUGIN_LISTS else 'text'}.", since=(2, 5, 0))
        for name in wrong
    ]
    if not (kind and called):
        refusals.append(Refusal(
            OPENBAO, "malformed_config", "plugin", f"The plugin ({place}) has no type or no name.", 'Write plugin "kms" "NAME" { ... }.', since=(2, 5, 0)
        ))
    return Plugin(str(kind), str(called), settings, str(place)), refusals


def _is_wrong_in_plugin(name: str, value: Any) -> bool:
    if name in _PLUGIN_TEXTS:
        return as_field(value) is None
    if name in _PLUGIN_LISTS:
        return not isinstance(value, list) or isinstance(value, Body) or any(as_field(each) is None for each in value)
    return False


def _of_several_seals(values: dict[str, Decoded], file: str) -> Iterator[Refusal]:
    """The values of ``name`` and ``priority`` that Vault 1.16 and later reject, even for a single seal."""
    name, priority = values.get("name"), values.get("priority")
    if name and not (isinstance(name.value, str) and _NAME.fullmatch(name.value)):
        what = repr(name.value) if isinstance(name.value, str) else "The value"
        yield Refusal(
            VAULT, "invalid_option", "name", f"{what} ({Place(file, name.line)}) cannot be the name of a seal.", "Use letters, digits, _ and - only.",
            since=_SEAL_HA,
        )
    if priority and not _is_priority(priority.value):
        yield Refusal(
            VAULT, "invalid_option", "priority", f"The value ({Place(file, priority.line)}) cannot be the priority of a seal.",
            "Give a whole number from 1 on.", since=_SEAL_HA,
        )


def _is_priority(value: Any) -> bool:
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return 1 <= int(value) < 1 << 63
    return isinstance(value, Number) and value >= 1


def _lower(text: str) -> str:
    """Go's strings.ToLower, which goes by the character: of the capital I with a dot it makes an i."""
    return "".join(each.lower()[:1] for each in text)
