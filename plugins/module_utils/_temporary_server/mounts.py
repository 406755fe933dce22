# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unix sockets of the host that have a path, hidden from a temporary server by a mount namespace (mount_namespaces(7)).

A network namespace does not separate them: a restored server with leases of a database on this host would reach it through its socket. Therefore folders
that contain sockets are empty in the server's mount namespace, except for the files that it needs.
"""

from __future__ import annotations

import ctypes
import glob
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

# Where sockets are made as a rule: empty whether or not there is one now.
_ALWAYS = ("/run", "/var/run", "/tmp", "/var/tmp", "/dev/shm")
_OPEN_TO_ALL = ("/tmp", "/var/tmp", "/dev/shm")
# Variables that may name a folder; of all others only files are needed.
_FOLDER_VARIABLES = ("CREDENTIALS_DIRECTORY", "SSL_CERT_DIR")
_BIND, _RECURSIVE, _PRIVATE = 0x1000, 0x4000, 0x40000  # MS_BIND, MS_REC, MS_PRIVATE
_LEAST_DEPTH = 2  # a folder of the top level, such as /etc, is not emptied for a socket in it


@dataclass(frozen=True)
class Hidden:
    """``folders`` are emptied, ``sockets`` elsewhere are covered, and ``kept`` maps sources to the places where they remain visible."""

    folders: tuple[str, ...] = ()
    sockets: tuple[str, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()


def hidden(executable: str, needed: Iterable[str]) -> Hidden:
    """The mounts that hide the sockets of this host from a server that needs these files and folders."""
    sockets = [path for path in dict.fromkeys(_sockets()) if _is_socket(path)]
    paths = [os.path.realpath(path) for path in (executable, *needed) if os.path.exists(path)]
    around = {os.path.dirname(path) for path in sockets}
    emptied = {folder for folder in around if folder.count("/") >= _LEAST_DEPTH and not _is_in(paths[0] if paths else "/", folder)}
    folders = _outermost({*emptied, *(os.path.realpath(path) for path in _ALWAYS if os.path.isdir(path))})
    kept = tuple(dict.fromkeys(pair for path in (executable, *needed) for pair in _places(path, folders)))
    covered = [path for path in sockets if not _in_one(path, folders) or any(_is_in(path, source) for source, _place in kept)]
    return Hidden(folders, tuple(covered), kept)


def needed_paths(config: Any, environment: Mapping[str, str], home: str) -> list[str]:
    """The files and folders that a server's configuration and environment name."""
    paths = [path for path in _texts(config) if os.path.exists(path)]
    paths += [value for name, value in environment.items() if value.startswith("/") and (os.path.isfile(value) or name in _FOLDER_VARIABLES)]
    return paths + [os.path.join(home, ".aws")] if home else paths


class Mounts:
    """Created before a process is forked; :meth:`apply` runs in the child, in a new mount namespace."""

    def __init__(self, what: Hidden, folder: str) -> None:
        """:param folder: the working folder of the child, which it keeps; empty for none."""
        self._what = what
        self._folder = folder
        self._libc = ctypes.CDLL(None, use_errno=True)

    def apply(self) -> None:
        """Raises OSError."""
        self._mount(None, "/", None, _RECURSIVE | _PRIVATE)
        if not self._what.folders and not self._what.sockets:
            return
        # Opened before what they are in is covered. The working folder was moved into the new namespace by the kernel.
        kept = [(os.open(source, os.O_PATH | os.O_CLOEXEC), place) for source, place in self._what.kept if os.path.exists(source)]
        if self._folder and _in_one(os.path.realpath(self._folder), self._what.folders):
            kept.append((os.open(".", os.O_PATH | os.O_CLOEXEC), os.path.realpath(self._folder)))
        for path in self._what.folders:
            mode = "1777" if path in _OPEN_TO_ALL else "0755"
            self._mount("tmpfs", path, "tmpfs", 0, f"mode={mode},size=16m")
        for handle, place in kept:
            self._keep(handle, place)
        for path in self._what.sockets:
            if os.path.exists(path):
                self._mount(os.devnull, path, None, _BIND)
        if self._folder:
            before = os.stat(".")
            os.chdir(self._folder)
            if not os.path.samestat(before, os.stat(".")):
                raise OSError(116, "The directory of the server was replaced", self._folder)

    def _keep(self, handle: int, place: str) -> None:
        if not os.path.exists(place):
            os.makedirs(os.path.dirname(place), 0o755, exist_ok=True)
            if stat.S_ISDIR(os.fstat(handle).st_mode):
                os.mkdir(place, 0o755)
            else:
                os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644))
        self._mount(f"/proc/self/fd/{handle}", place, None, _BIND | _RECURSIVE)
        os.close(handle)

    def _mount(self, source: str | None, place: str, kind: str | None, flags: int, data: str = "") -> None:
        encoded = [None if text is None else os.fsencode(text) for text in (source, place, kind)]
        if self._libc.mount(*encoded, ctypes.c_ulong(flags), os.fsencode(data) or None):
            code = ctypes.get_errno()
            raise OSError(code, f"mount on {place}: {os.strerror(code)}")


def _sockets() -> Iterator[str]:
    """The paths of Unix sockets, of every readable network namespace: each lists only its own."""
    seen = set()
    for path in ("/proc/self", *glob.glob("/proc/[0-9]*")):
        with suppress(OSError):
            namespace = os.stat(f"{path}/ns/net").st_ino
            if namespace in seen:
                continue
            with open(f"{path}/net/unix", encoding="utf-8", errors="surrogateescape") as stream:
                lines = stream.read().splitlines()[1:]
            seen.add(namespace)
            for line in lines:
                name = line.split(None, 7)[7:]
                if name and name[0].startswith("/"):
                    yield os.path.realpath(name[0])


def _is_socket(path: str) -> bool:
    with suppress(OSError):
        return stat.S_ISSOCK(os.stat(path).st_mode)
    return False


def _texts(config: Any) -> Iterator[str]:
    """The absolute paths among the texts of a configuration."""
    if isinstance(config, str):
        path = config[len("file://"):] if config.startswith("file://") else config
        if path.startswith("/") and "\0" not in path:
            yield path
    elif isinstance(config, Mapping):
        for value in config.values():
            yield from _texts(value)
    elif isinstance(config, (list, tuple)):
        for value in config:
            yield from _texts(value)


def _places(path: str, folders: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Where a needed path has to be visible: at its own place, and at the targets of the links in it."""
    if not os.path.exists(path):
        return
    source = os.path.realpath(path)
    if any(_is_in(folder, source) for folder in folders):
        return  # it is one of those folders, or above it
    if _in_one(source, folders):
        yield source, source
    parts = os.path.abspath(path).split("/")
    for count in range(2, len(parts)):
        above = os.path.realpath("/".join(parts[:count]))
        if above in folders:
            place = "/".join([above, *parts[count:]])
            if place != source:
                yield source, place
            break


def _outermost(folders: Iterable[str]) -> tuple[str, ...]:
    every = sorted(set(folders))
    return tuple(folder for folder in every if not any(folder != other and _is_in(folder, other) for other in every))


def _in_one(path: str, folders: Iterable[str]) -> bool:
    return any(_is_in(path, folder) for folder in folders)


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
