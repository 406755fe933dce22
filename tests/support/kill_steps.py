# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module repeatedly, and kill it (SIGKILL) one step later each time: before each call that writes, renames, locks or changes a file.

With requests, it is also killed before it sends a request, and when that was answered, before it reads the answer.

`python -m support.kill_steps MODULE ARGUMENTS [requests]` answers each line `N` on standard input with one line of JSON: how the run ended that was
killed before its Nth such call, and what it printed. Each run is a fork of this process, so that imports are paid for once. MODULE is a module of the
collection, or a Python module by its full name.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from .ansible_run import collections_path
from .slack import scaled

_MODULES = "ansible_collections.sealwright.vault_seal.plugins.modules"
# Built-in functions that create, change, remove or sync a file.
_STEPS = frozenset((
    "chmod", "chown", "copy_file_range", "fallocate", "fchmod", "fchown", "fdatasync", "flock", "flush", "fsync", "ftruncate", "lchown", "link",
    "linkat", "lockf", "mkdir", "posix_fallocate", "pwrite", "pwritev", "remove", "removexattr", "rename", "replace", "rmdir", "sendfile",
    "setxattr", "symlink", "truncate", "unlink", "utime", "write", "writelines", "writev",
))
# Whose calls count: the collection's, and those of what it leaves its files to.
_OWN = ("/vault_seal/plugins/", "/ansible/module_utils/", "/shutil.py", "/tempfile.py")
_MOST_STEPS = 400
_SENDS, _READS = ("sendall", "/http/client.py"), ("recv_into", "/socket.py")
_ANSWERED = 0.2  # seconds in which a request is answered that was sent


@dataclass(frozen=True)
class Ended:
    """How one run ended: ``killed`` before the step that was named, or by itself with what it printed."""

    killed: bool
    step: str
    output: str

    def result(self) -> dict[str, Any]:
        """The result of a run that was not killed."""
        assert not self.killed
        parsed: dict[str, Any] = json.loads(self.output)
        return parsed


class KillSteps:
    """A context manager: the process that runs the module.

    :param name: a module of the collection, or a Python module by its full name.
    :param folder: the module's home; its arguments are kept there.
    """

    def __init__(self, name: str, options: Mapping[str, Any], folder: Path, environment: Mapping[str, str], requests: bool = False) -> None:
        self._folder = folder
        self._arguments = arguments = folder / f"{name}.json"
        self.give(options)
        tests = str(Path(__file__).resolve().parents[1])
        path = os.pathsep.join([str(collections_path()), tests])
        self._command = [sys.executable, "-m", "support.kill_steps", name, str(arguments), *(["requests"] if requests else [])]
        self._environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": path, "PYTHONSAFEPATH": "1", **environment}

    def __enter__(self) -> KillSteps:
        self._process = subprocess.Popen(self._command, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(scaled(60))
        self._process.stdout.close()

    def give(self, options: Mapping[str, Any]) -> None:
        """Give the next runs other options."""
        internal = {"_ansible_remote_tmp": str(self._folder), "_ansible_keep_remote_files": False}
        self._arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {**options, **internal}}), encoding="utf-8")

    def run(self, step: int = 0) -> Ended:
        """Run the module, and kill it before its ``step``-th step; 0 lets it end by itself."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{step}\n")
        self._process.stdin.flush()
        return Ended(**json.loads(self._process.stdout.readline()))

    def each(self) -> Iterator[Ended]:
        """Kill it before its first step, its second, and so on; the last one is the run that ends by itself."""
        for step in range(1, _MOST_STEPS):
            ended = self.run(step)
            yield ended
            if not ended.killed:
                return
        raise AssertionError("the module does not end")


class _Killer:
    """Counts the steps of all threads, and kills the process before the one that is meant."""

    def __init__(self, turn: int, record: int, requests: bool) -> None:
        self._requests = requests
        self._sent = False
        self._left = turn
        self._record = record
        self._lock = threading.Lock()

    def see(self, frame: FrameType, event: str, called: Any) -> None:
        if event != "c_call" or not (self._is_message(frame, called) or (called.__name__ in _STEPS and _is_own(frame, called))):
            return
        with self._lock:
            self._left -= 1
            if self._left == 0:
                if self._requests and called.__name__ == _READS[0]:
                    time.sleep(_ANSWERED)
                os.write(self._record, f"{called.__name__} in {os.path.basename(frame.f_code.co_filename)}".encode())
                os.kill(os.getpid(), signal.SIGKILL)

    def _is_message(self, frame: FrameType, called: Any) -> bool:
        """Whether a request is about to be sent, or the first part of its answer to be read."""
        if not self._requests:
            return False
        if called.__name__ == _SENDS[0] and frame.f_code.co_filename.endswith(_SENDS[1]):
            sends, self._sent = not self._sent, True
            return sends  # the body of a request may follow its head
        if called.__name__ == _READS[0] and frame.f_code.co_filename.endswith(_READS[1]):
            reads, self._sent = self._sent, False
            return reads
        return False


def _is_own(frame: FrameType, called: Any) -> bool:
    owner = getattr(called, "__self__", None)
    if isinstance(owner, (str, bytes, bytearray, list, set, dict)):
        return False  # a method of the same name, such as str.replace
    if owner in (sys.stdout, sys.stderr):
        return False  # the answer to Ansible
    return any(part in frame.f_code.co_filename for part in _OWN)


def _full(name: str) -> str:
    return name if "." in name else f"{_MODULES}.{name}"


def _run(name: str, arguments: str, turn: int, requests: bool) -> dict[str, Any]:
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as record:
        child = os.fork()
        if not child:
            code = 1
            try:
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
                sys.argv = [name, arguments]
                killer = _Killer(turn, record.fileno(), requests)
                threading.setprofile(killer.see)
                sys.setprofile(killer.see)
                runpy.run_module(_full(name), run_name="__main__", alter_sys=True)
            except SystemExit as error:
                code = error.code if isinstance(error.code, int) else 0
            finally:
                sys.setprofile(None)
                sys.stdout.flush()
                os._exit(code)
        _pid, status = os.waitpid(child, 0)
        output.seek(0)
        record.seek(0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        return {"killed": killed, "step": record.read().decode(), "output": output.read().decode(errors="replace")}


def main() -> None:
    name, arguments, *requests = sys.argv[1:]
    importlib.import_module(_full(name))
    for each in ("botocore.session", "botocore.auth", "cryptography.hazmat.primitives.ciphers.aead"):
        importlib.import_module(each)
    del sys.modules[_full(name)]  # runpy warns of one that is imported already
    for line in sys.stdin:
        print(json.dumps(_run(name, arguments, int(line), bool(requests))), flush=True)


if __name__ == "__main__":
    main()
