# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The machine's own systemd as the judge of units and environment files: its libraries read them, and nothing is started.

``libsystemd-core`` loads a unit as ``systemd-analyze verify`` does, and ``libsystemd-shared`` reads environment files. Both are called in
a process of their own, because systemd ends the process where an assertion fails. The place of the four lists at the beginning of
``ExecContext`` (``src/core/execute.h``) is known for the releases in ``RELEASES``.
"""

from __future__ import annotations

import ctypes
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

RELEASES = (252,)
_FOLDERS = ("/usr/lib/systemd", "/lib/systemd", "/usr/lib64/systemd", "/usr/lib/x86_64-linux-gnu/systemd", "/usr/lib/aarch64-linux-gnu/systemd")
_LISTS = ("environment", "environment_files", "pass_environment", "unset_environment")
_SYSTEM_SCOPE, _MINIMAL_TEST_RUN = 0, 1


class LoadedUnit(NamedTuple):
    """A unit as systemd loaded it; ``error`` is an errno, 0 if it was loaded."""

    error: int
    environment: list[bytes]
    environment_files: list[bytes]
    pass_environment: list[bytes]
    unset_environment: list[bytes]


def libraries() -> tuple[int, Path, Path] | None:
    """The release and the two libraries; None if this machine does not have a known release of systemd."""
    for folder in _FOLDERS:
        for shared in Path(folder).glob("libsystemd-shared-*.so"):
            release = re.match(r"libsystemd-shared-([0-9]+)", shared.name)
            core = shared.with_name(shared.name.replace("shared", "core"))
            if release and int(release.group(1)) in RELEASES and core.exists():
                return int(release.group(1)), shared, core
    return None


def load_units(folder: Path | str, names: Sequence[str]) -> list[LoadedUnit]:
    """Have systemd load units from a folder, or several with colons between."""
    return [LoadedUnit(error, *([bytes.fromhex(each) for each in part] for part in lists)) for error, lists in _ask("units", str(folder), *names)]


def command_lines(folder: Path | str, names: Sequence[str], variables: Sequence[bytes]) -> list[list[bytes] | int]:
    """The words of ``ExecStart=`` of each unit, its variables replaced, or the errno with which systemd refuses the unit; empty where it has no command."""
    answers = _ask("commands", str(folder), ",".join(each.hex() for each in variables), *names)
    return [answer if isinstance(answer, int) else [bytes.fromhex(each) for each in answer] for answer in answers]


def load_environment_files(paths: Sequence[Path]) -> list[list[bytes] | int]:
    """The assignments of each file, or the errno with which systemd refuses it."""
    answers = _ask("files", *map(str, paths))
    return [answer if isinstance(answer, int) else [bytes.fromhex(each) for each in answer] for answer in answers]


def _ask(*arguments: str) -> list[Any]:
    run = subprocess.run(
        [sys.executable, "-I", __file__], input=json.dumps(arguments), capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"}
    )
    if run.returncode:
        raise RuntimeError(f"systemd's libraries ended with {run.returncode}: {run.stderr[-2000:]}")
    answer: list[Any] = json.loads(run.stdout)
    return answer


def _answer(kind: str, *arguments: str) -> list[Any]:
    result = libraries()
    assert result
    shared = ctypes.CDLL(str(result[1]), mode=ctypes.RTLD_GLOBAL)
    shared.log_set_max_level(0)
    if kind == "commands":
        return _commands(shared, str(result[2]), *arguments)
    return _units(str(result[2]), *arguments) if kind == "units" else [_file(shared, path) for path in arguments]


def _units(library: str, folder: str, *names: str) -> list[Any]:
    answers = []
    core, loaded = _loaded(library, folder, *names)
    for error, unit in loaded:
        lists = ctypes.cast(core.unit_get_exec_context(unit), ctypes.POINTER(ctypes.POINTER(ctypes.c_char_p))) if not error else None
        answers.append((error, [_strings(lists[index]) if lists else [] for index in range(len(_LISTS))]))
    return answers


def _commands(shared: Any, library: str, folder: str, variables: str, *names: str) -> list[Any]:
    """The words are taken from what ``systemd-analyze dump`` shows: it quotes them for a shell."""
    core, loaded = _loaded(library, folder, *names)
    libc = ctypes.CDLL(None)
    libc.open_memstream.restype = ctypes.c_void_p
    shared.replace_env_argv.restype = ctypes.c_void_p
    environment = _array([bytes.fromhex(each) for each in variables.split(",") if each])
    answers: list[Any] = []
    for error, unit in loaded:
        if error:
            answers.append(error)
            continue
        text, size = ctypes.c_char_p(), ctypes.c_size_t()
        file = ctypes.c_void_p(libc.open_memstream(ctypes.byref(text), ctypes.byref(size)))
        core.unit_dump(unit, file, b"")
        libc.fclose(file)
        match = re.search(rb"-> ExecStart:\n\s*Command Line: (.*)\n", text.value or b"")
        phrase = _unquoted(match.group(1)) if match else []
        replaced = shared.replace_env_argv(_array(phrase), environment)
        answers.append(_strings(ctypes.cast(replaced, ctypes.POINTER(ctypes.c_char_p))))
    return answers


def _array(strings: Sequence[bytes]) -> Any:
    return (ctypes.c_char_p * (len(strings) + 1))(*strings, None)


def _unquoted(text: bytes) -> list[bytes]:
    """The words that ``quote_command_line`` of systemd quoted."""

    def plain(result: re.Match[bytes]) -> bytes:
        sign = result.group(1)
        return bytes([int(sign, 8)]) if len(sign) == 3 else {b"t": b"\t", b"n": b"\n"}.get(sign, sign)

    phrase = re.findall(rb'"((?:[^"\\]|\\.)*)"|([^ ]+)', text, re.DOTALL)
    return [bare or re.sub(rb"\\([0-7]{3}|.)", plain, quoted, flags=re.DOTALL) for quoted, bare in phrase]


def _loaded(library: str, folder: str, *names: str) -> tuple[Any, list[tuple[int, Any]]]:
    # Not through os.environ alone: systemd reads the environment of C.
    ctypes.CDLL(None).setenv(b"SYSTEMD_UNIT_PATH", folder.encode(), 1)
    core = ctypes.CDLL(library)
    core.unit_get_exec_context.restype = ctypes.c_void_p
    manager = ctypes.c_void_p()
    assert core.manager_new(_SYSTEM_SCOPE, _MINIMAL_TEST_RUN, ctypes.byref(manager)) >= 0
    assert core.manager_startup(manager, None, None, None) >= 0
    loaded = []
    for name in names:
        unit = ctypes.c_void_p()
        error = core.manager_load_startable_unit_or_warn(manager, name.encode(), None, ctypes.byref(unit))
        loaded.append((max(-error, 0), unit))
    return core, loaded


def _file(shared: Any, path: str) -> Any:
    result = ctypes.POINTER(ctypes.c_char_p)()
    error = shared.load_env_file(None, path.encode(), ctypes.byref(result))
    if error < 0:
        return -error
    # As the service manager does before it starts a service: names and values that are not valid are left out.
    shared.strv_env_clean_with_callback.restype = ctypes.c_void_p
    shared.strv_env_clean_with_callback(result, None, None)
    return _strings(result)


def _strings(result: Any) -> list[str]:
    strings: list[str] = []
    while result and result[len(strings)] is not None:
        strings.append(result[len(strings)].hex())
    return strings


if __name__ == "__main__":
    json.dump(_answer(*json.load(sys.stdin)), sys.stdout)
