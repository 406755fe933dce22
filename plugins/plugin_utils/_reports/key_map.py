# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The map of dependencies on KMS keys: built from module results, and formatted as a text table.

The input is, for each host, the results of awskms_seal_info for its folders, vault_snapshot_info for its snapshots, and kms_verify for its seal.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

HOST, SNAPSHOT, FILES = "host", "snapshot", "files"
KINDS = (HOST, SNAPSHOT, FILES)

USABLE, UNUSABLE, UNKNOWN = "usable", "unusable", "unknown"


@dataclass(frozen=True)
class Dependent:
    """A dependent of keys: a host's seal, a snapshot, or the files of a folder with the same keys. ``count`` is the number of sealed values."""

    kind: str
    host: str
    name: str
    keys: tuple[str, ...]
    count: int = 1
    note: str = ""

    def title(self) -> str:
        """A short description."""
        if self.kind == FILES and self.count:
            return f"{self.host}: {self.count} file{'s' if self.count != 1 else ''} in {self.name}"
        return f"{self.host}: seal" if self.kind == HOST else f"{self.host}: {self.name}"

    def order(self) -> tuple[int, str, str, tuple[str, ...], str]:
        """Hosts first, then snapshots, then files; by name within."""
        return KINDS.index(self.kind), self.host, self.name, self.keys, self.note

    def as_result(self) -> dict[str, Any]:
        facts = {"kind": self.kind, "host": self.host, "name": self.name, "key_arns": list(self.keys)}
        return {**facts, "count": self.count, "note": self.note or None}


@dataclass
class Key:
    """One key, by ARN: whether it can be used as far as known, and why not."""

    arn: str
    state: str = ""
    verdict: str = UNKNOWN
    why: str = ""
    dependents: list[Dependent] = field(default_factory=list)

    def learn(self, usable: bool | None, state: str, problems: Sequence[str]) -> None:
        """Add one result. An unusable key takes precedence, because it needs attention."""
        if usable is None or self.verdict == UNUSABLE:
            self.why = self.why or " ".join(problems)
            return
        self.verdict = USABLE if usable else UNUSABLE
        self.state = state or self.state
        self.why = " ".join(problems)

    def as_result(self) -> dict[str, Any]:
        facts = {"arn": self.arn, "verdict": self.verdict, "state": self.state or None, "why": self.why or None}
        return {**facts, "dependents": [each.as_result() for each in self.dependents]}


@dataclass
class KeyMap:
    """The keys with dependents, and the dependents without a known key."""

    keys: dict[str, Key] = field(default_factory=dict)
    loose: list[Dependent] = field(default_factory=list)

    def add(self, dependent: Dependent) -> None:
        for arn in dependent.keys:
            self.key(arn).dependents.append(dependent)
        if not dependent.keys:
            self.loose.append(dependent)

    def key(self, arn: str) -> Key:
        return self.keys.setdefault(arn, Key(arn))

    @property
    def dependents(self) -> list[Dependent]:
        """All of them once, in order."""
        everything = dict.fromkeys([*(each for key in self.keys.values() for each in key.dependents), *self.loose])
        return sorted(everything, key=Dependent.order)


def build_map(hosts: Iterable[Mapping[str, Any]], not_asked: Iterable[str] = ()) -> KeyMap:
    """The map of hosts, each with ``host`` (its name) and optionally ``seal``, ``folders`` and ``snapshots``: the results of the modules.

    Results of folders and snapshots have the path as ``src``, or as the ``item`` of a loop. ``not_asked`` are hosts without results.
    """
    result = KeyMap()
    for name in not_asked:
        result.add(Dependent(HOST, str(name), "seal", (), note="this host was not checked"))
    for host in hosts:
        name = str(host["host"])
        if host.get("seal"):
            _add_seal(result, name, host["seal"])
        for snapshot in host.get("snapshots") or ():
            _add_snapshot(result, name, snapshot)
        for folder in host.get("folders") or ():
            _add_folder(result, name, folder)
    for dependents in (result.loose, *(key.dependents for key in result.keys.values())):
        dependents.sort(key=Dependent.order)
    return result


def table(key_map: KeyMap) -> list[str]:
    """The map as lines of text: each key with its dependents below it; then the dependents without a known key."""
    lines: list[str] = []
    for key in key_map.keys.values():
        why = f": {plain(key.why)}" if key.why and key.verdict != USABLE else ""
        lines.append(f"{plain(key.arn)}  {plain(key.state) or '-'}  {key.verdict}{why}")
        lines += _rows(key.dependents)
    if key_map.loose:
        lines.append("No key is known")
        lines += _rows(key_map.loose)
    return lines or ["No dependencies on KMS keys were found."]


def plain(text: Any) -> str:
    """A text without control and format characters, which file names can contain."""
    return "".join("\ufffd" if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") else letter for letter in str(text))


def _rows(dependents: Sequence[Dependent]) -> list[str]:
    cells = [(each.kind, plain(each.title()), plain(each.note)) for each in dependents]
    width = max((len(title) for _kind, title, _note in cells), default=0)
    return [f"  {kind:<8}  {title:<{width}}  {note}".rstrip() for kind, title, note in cells]


def _add_seal(key_map: KeyMap, host: str, seal: Mapping[str, Any]) -> None:
    arn = seal.get("key_arn") or ""
    ready = bool(seal.get("ready"))
    key_map.add(Dependent(HOST, host, "seal", (arn,) if arn else (), note="ready" if ready else f"not ready: {seal.get('reason')}"))
    if arn:
        # A missing permission is the host's own matter; what is wrong with the key is everybody's.
        problems = [str(problem["msg"]) for problem in seal.get("problems") or ()]
        key_map.key(arn).learn(False if problems else True if seal.get("state") else None, str(seal.get("state") or ""), problems)


def _add_snapshot(key_map: KeyMap, host: str, snapshot: Mapping[str, Any]) -> None:
    keys = snapshot.get("kms_keys") or ()
    restorable = snapshot.get("restorable")
    outcome = "" if restorable is None else "restorable" if restorable else "NOT RESTORABLE"
    problems = " ".join(str(problem["msg"]) for problem in snapshot.get("problems") or ())
    note = ": ".join(filter(None, [outcome, problems])) or str(snapshot.get("msg") or "")
    count = int(snapshot.get("sealed_count") or 0)
    key_map.add(Dependent(SNAPSHOT, host, _path(snapshot), tuple(key["arn"] for key in keys), count, note))
    _learn(key_map, keys)


def _add_folder(key_map: KeyMap, host: str, result: Mapping[str, Any]) -> None:
    groups: dict[tuple[str, tuple[str, ...], str], int] = {}
    for value in result.get("sealed_values") or ():
        note = _value_note(value)
        group = (os.path.dirname(str(value["name"])), tuple(value["key_arns"]), note)
        groups[group] = groups.get(group, 0) + 1
    for (folder, keys, note), count in groups.items():
        key_map.add(Dependent(FILES, host, folder, keys, count, note))
    if "sealed_values" not in result:
        key_map.add(Dependent(FILES, host, _path(result), (), 0, str(result.get("msg") or "not checked")))
    _learn(key_map, result.get("kms_keys") or ())


def _path(result: Mapping[str, Any]) -> str:
    return str(result["src"] if "src" in result else result["item"])


def _value_note(value: Mapping[str, Any]) -> str:
    if not value["readable"]:
        return "not a sealed value, or damaged"
    if value.get("openable") is False:
        return "CANNOT BE DECRYPTED"
    return "stale" if value.get("status") == "stale" else ""


def _learn(key_map: KeyMap, keys: Iterable[Mapping[str, Any]]) -> None:
    for key in keys:
        problems = [str(problem["msg"]) for problem in key.get("problems") or ()]
        key_map.key(key["arn"]).learn(key.get("usable_for_seal"), str(key.get("state") or ""), problems)
