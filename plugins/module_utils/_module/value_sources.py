# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sealed values of a task, as blobs or files: each is read separately, so that an unreadable one does not hide the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.sealed_files import SealedFile, files_in
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.value_options import from_blob
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import SealedValue, checked_limit
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.inspection import ValueFacts, value_facts

SOURCES_SPEC: dict[str, dict[str, Any]] = {
    "blob": {"type": "str"},
    "blobs": {"type": "dict"},
    "src": {"type": "list", "elements": "path"},
    "folder": {"type": "path"},
    "patterns": {"type": "list", "elements": "str", "default": ["*"]},
    "recurse": {"type": "bool", "default": False},
    "allowed_key_ids": {"type": "list", "elements": "str", "no_log": False},
    "max_size": {"type": "int", "default": 67108864},
}
ONE_OF = ("blob", "blobs", "src", "folder")


class Source:
    """One sealed value by its name. ``title`` begins messages about it; ``file`` is None for a blob."""

    def __init__(self, name: str, title: str, limit: int, blob: Any = None, file: SealedFile | None = None) -> None:
        self.name = name
        self.title = title
        self.file = file
        self._limit = limit
        self._blob = blob

    def read(self) -> SealedValue:
        """The value, read again each time; raises :class:`SealError` whose message begins with the title."""
        return self.file.read() if self.file else from_blob(self.title, self._blob, self._limit)


class Failure:
    """The error of one value, with a message that begins with its title. Several values may share an error, which is not modified."""

    def __init__(self, source: Source, error: SealError) -> None:
        self.error = error
        message = error.message
        self.message = message if message.startswith(source.title) else f"{source.title}: {message}"

    def as_result(self) -> dict[str, str]:
        return self.error.finding()._replace(msg=f"{self.message} {self.error.remedy}".rstrip()).as_result()


@dataclass
class Inspected:
    """The result of inspecting one value: its facts, or why it has none."""

    source: Source
    facts: ValueFacts | None = None
    failure: Failure | None = None


def sources(params: dict[str, Any]) -> list[Source]:
    """The values that the options name, in order; raises :class:`SealError` for invalid options or an unreadable folder."""
    limit = checked_limit(params["max_size"])
    if params["blob"] is not None:
        return [Source("blob", "Option blob", limit, params["blob"])]
    if params["blobs"] is not None:
        return [Source(str(name), f"blobs.{name}", limit, blob) for name, blob in params["blobs"].items()]
    paths = params["src"] if params["src"] is not None else files_in(params["folder"], params["patterns"], params["recurse"])
    return [Source(path, f"The file {path}", limit, file=SealedFile(path, limit)) for path in dict.fromkeys(paths)]


def inspect(source: Source) -> Inspected:
    """Read and describe one value."""
    try:
        return Inspected(source, value_facts(source.read()))
    except SealError as error:
        return Inspected(source, failure=Failure(source, error))


def region_of(values: Sequence[Inspected]) -> str:
    """The region of the first value that names a key; empty if none does."""
    return next((value.facts.region for value in values if value.facts and value.facts.region), "")
