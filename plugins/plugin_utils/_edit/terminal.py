# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs an editor for a file, with the terminal in which Ansible was started, if any.

Ansible's workers have no terminal: since ansible-core 2.19 each is a new session. The editor gets a pseudo-terminal, as under ssh, and
its input and output are forwarded to the terminal that is the input of Ansible's main process.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shlex
import shutil
import signal
import subprocess
import termios
import tty
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.descriptors import write_all
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError

_VARIABLES = ("VISUAL", "EDITOR")
_DEFAULT = "vi"
# Swap, undo, backup and history would be written where the user keeps them, on a disk.
_VIMS = ("vim", "nvim", "gvim")
_KEEPS_NOTHING = ("-n", "-i", "NONE", "-c", "set noundofile nobackup nowritebackup")
_POLL_INTERVAL = 0.2  # seconds, for the window's size and for the end of Ansible


def editor_command(option: str | None) -> list[str]:
    """The command, to which the file's name has to be added; raises :class:`SettingError` if the program does not exist."""
    sources = [("option editor", option or ""), *((f"environment variable {name}", os.environ.get(name, "")) for name in _VARIABLES)]
    source, text = next(((source, text) for source, text in sources if text.strip()), ("default", _DEFAULT))
    try:
        command = shlex.split(text)
    except ValueError:
        command = []
    program = shutil.which(command[0]) if command else None
    if program is None:
        raise SettingError(
            f"The editor {text!r} (from {source}) was not found.", reason="invalid_option", remedy="Set the option editor, or EDITOR."
        )
    if os.path.basename(os.path.realpath(program)).startswith(_VIMS):
        command[1:1] = _KEEPS_NOTHING
    return command


def terminal() -> str:
    """The path of the terminal that is the input of Ansible's main process, the parent of this worker; empty without a terminal."""
    try:
        path = os.readlink(f"/proc/{os.getppid()}/fd/0")
    except OSError:
        path = "/dev/tty"  # a system without /proc
    try:
        with _opened(path) as handle:
            return path if os.isatty(handle) else ""
    except OSError:
        return ""


def ask(path: str, question: str) -> str:
    """The line that is typed in answer."""
    with _opened(path) as handle:
        os.write(handle, question.encode())
        return os.read(handle, 1024).decode(errors="replace").strip()


def edit(command: Sequence[str], file: str, path: str, started: Callable[[int], None]) -> int:
    """Run the editor for a file and wait for it; returns its exit code.

    :param path: the terminal's; empty runs it without, and its output is not shown, since it can contain the plaintext.
    :param started: called with the editor's process group.
    """
    line = [*command, file]
    environment = {**os.environ, "TMPDIR": os.path.dirname(file)}
    parent = os.getppid()
    if not path:
        with subprocess.Popen(
            line, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        ) as process:
            started(process.pid)
            while True:
                try:
                    return process.wait(_POLL_INTERVAL)
                except subprocess.TimeoutExpired:
                    _end_with(parent, process)
    with _opened(path) as outer:
        with _pseudo_terminal(outer) as (inner, slave):
            # Not `start_new_session` alone: the session needs a controlling terminal, so that ^C and ^Z reach the editor.
            process = subprocess.Popen(
                line, env=environment, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, preexec_fn=_take_terminal
            )
            os.close(slave)
            started(process.pid)
            with _raw(outer):
                while _pass_on(outer, inner):
                    _end_with(parent, process)
                    _same_size(outer, inner)
        return process.wait()  # of an editor that still runs, the terminal hung up


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _end_with(parent: int, process: subprocess.Popen[bytes]) -> None:
    if os.getppid() != parent:
        os.killpg(process.pid, signal.SIGKILL)


def _pass_on(outer: int, inner: int) -> bool:
    """Forward pending data in both directions; returns whether the editor still has its end open."""
    ready, _writable, _errors = select.select([outer, inner], [], [], _POLL_INTERVAL)
    for source, target in ((outer, inner), (inner, outer)):
        if source in ready:
            try:
                data = os.read(source, 65536)
            except OSError:  # on Linux, the other end was closed
                return False
            if not data:
                return False
            write_all(target, data)
    return True


@contextmanager
def _opened(path: str) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _pseudo_terminal(outer: int) -> Iterator[tuple[int, int]]:
    inner, slave = pty.openpty()
    try:
        termios.tcsetattr(slave, termios.TCSANOW, termios.tcgetattr(outer))
        _same_size(outer, inner)
        yield inner, slave
    finally:
        os.close(inner)


@contextmanager
def _raw(outer: int) -> Iterator[None]:
    before = termios.tcgetattr(outer)
    tty.setraw(outer)
    try:
        yield
    finally:
        with suppress(termios.error):  # where the terminal is gone
            termios.tcsetattr(outer, termios.TCSADRAIN, before)


def _same_size(outer: int, inner: int) -> None:
    size = fcntl.ioctl(outer, termios.TIOCGWINSZ, b"\0" * 8)
    if size != fcntl.ioctl(inner, termios.TIOCGWINSZ, b"\0" * 8):
        fcntl.ioctl(inner, termios.TIOCSWINSZ, size)
