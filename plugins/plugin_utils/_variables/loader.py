# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables in sealed files of groups and hosts: each file is decrypted once, all files of a run together."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ansible.utils.path import basedir
from ansible.utils.vars import combine_vars
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._variables.discovery import FOLDERS, in_scope, sealed_files
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._variables.document import parse_variables


class Opener(Protocol):
    """Decrypts sealed files; see :class:`FileOpener`."""

    def open(self, paths: Sequence[str]) -> dict[str, bytes | SealError]:
        """The content of each file, or the error."""


class SealedVariables:
    """Ansible requests one group or host after the other; all files that it is going to need are decrypted with the first.

    :param make_opener: called when there is something to decrypt.
    :param enabled: if False, no variables are returned.
    :param prefetch: whether to decrypt all files in the scope of the run with the first that is needed.
    :param cache_size: the maximum size of cached documents in bytes; the oldest is dropped first, and decrypted again when it is needed.
    :param tolerate: called with the error of a file, whose variables are then omitted; None: the error is raised.
    """

    def __init__(
        self,
        make_opener: Callable[[], Opener],
        *,
        enabled: bool = True,
        prefetch: bool = True,
        cache_size: int,
        tolerate: Callable[[str], None] | None = None,
    ) -> None:
        self._make_opener = make_opener
        self._enabled = enabled
        self._opener: Opener | None = None
        self._prefetch = prefetch
        self._tolerate = tolerate
        self._bases: dict[str, str] = {}
        self._paths: dict[str, dict[str, list[str]]] = {}
        self._prefetched: set[str] = set()
        self._opened = _Documents(cache_size)

    def of(self, loader: Any, path: str, entities: Sequence[Any]) -> dict[str, Any]:
        """The variables of groups and hosts in the files next to ``path``; the later file wins. Raises :class:`SealError`."""
        if not self._enabled:
            return {}
        if path not in self._bases:
            self._bases[path] = os.path.realpath(basedir(path))
        base = self._bases[path]
        wanted: list[str] = []
        for entity in entities:
            wanted += self._files(base, FOLDERS[entity.base_type]).get(entity.name, ())
        if not wanted:
            return {}
        self._open(wanted)
        if self._prefetch and base not in self._prefetched:
            self._prefetched.add(base)
            self._open(self._of_the_run(base, entities[0], loader))
        variables: dict[str, Any] = {}
        for file in wanted:
            variables = combine_vars(variables, self._read(loader, file))
        return variables

    def _files(self, base: str, folder: str) -> dict[str, list[str]]:
        path = os.path.join(base, folder)
        if path not in self._paths:
            self._paths[path] = sealed_files(path)
        return self._paths[path]

    def _of_the_run(self, base: str, entity: Any, loader: Any) -> list[str]:
        paths: list[str] = []
        for folder, names in in_scope(entity, loader).items():
            for name, files in self._files(base, folder).items():
                paths += files if name in names else ()
        return paths

    def _open(self, files: Sequence[str]) -> None:
        missing = [file for file in dict.fromkeys(files) if file not in self._opened]
        if missing:
            if self._opener is None:
                self._opener = self._make_opener()
            for file, answer in self._opener.open(missing).items():
                self._opened.put(file, answer)

    def _read(self, loader: Any, file: str) -> dict[str, Any]:
        self._open([file])  # again, where the cache was too small for all of them
        try:
            return self._opened.read(loader, file)
        except SealError as error:
            message = f"Sealed variables are missing ({error.reason}). {error}"
            if self._tolerate is None:
                raise type(error)(message, reason=error.reason, details=error.details) from None
            self._tolerate(message)
            return {}


class _Documents:
    """The contents of files, as bytes until they are parsed for the first time, then as variables; or their errors."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._kept: OrderedDict[str, tuple[int, bytes | dict[str, Any] | SealError]] = OrderedDict()

    def __contains__(self, file: str) -> bool:
        return file in self._kept

    def put(self, file: str, answer: bytes | SealError) -> None:
        """Store it regardless of its size, and drop the oldest others."""
        size = len(answer) if isinstance(answer, bytes) else 0
        self._kept[file] = (size, answer)
        self._size += size
        while self._size > self._limit and len(self._kept) > 1:
            self._size -= self._kept.popitem(last=False)[1][0]

    def read(self, loader: Any, file: str) -> dict[str, Any]:
        """The variables; raises :class:`SealError`."""
        size, answer = self._kept[file]
        if isinstance(answer, bytes):
            try:
                answer = parse_variables(loader, answer, file)
            except SealError as error:
                answer = error
            self._kept[file] = (size, answer)
        if isinstance(answer, SealError):
            raise answer
        return answer
