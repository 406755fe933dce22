# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The second judge: the collection's modules, each run by its own entry with its arguments, in a process forked after the imports."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support.slack import scaled

_MODULES = "ansible_collections.sealwright.vault_seal.plugins.modules"
NAMES = ("awskms_seal_settings_info", "awskms_permission_info")
# What a task may have around it, none of which is the server's.
_OF_THE_TASK = {
    "PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8", "AWS_ACCESS_KEY_ID": "AKIAOFTHETASK0000000", "AWS_SECRET_ACCESS_KEY": "wrong",
    "AWS_REGION": "us-west-2", "AWS_PROFILE": "of-the-task", "AWS_CA_BUNDLE": "/nonexistent/ca.pem", "HTTPS_PROXY": "http://127.0.0.1:1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "VAULT_AWSKMS_SEAL_KEY_ID": "alias/of-the-task", "SSL_CERT_FILE": "/nonexistent/ca.pem",
    "REQUESTS_CA_BUNDLE": "/nonexistent/ca.pem",
}


class Modules:
    """A process that runs modules, one after the other; a context manager."""

    def __enter__(self) -> Modules:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "AWS_PROFILE": ""}
        )
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(scaled(30))

    def run(self, name: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """The result of a module; ``failed`` where it fails, with ``seconds``."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"name": name, "options": options}) + "\n")
        self._process.stdin.flush()
        result: dict[str, Any] = json.loads(self._process.stdout.readline())
        return result


def accepts(name: str, option: str) -> bool:
    """Whether a module has an option: what is asked grows with the modules."""
    module = importlib.import_module(f"{_MODULES}.{name}")
    return f"\n  {option}:\n" in module.DOCUMENTATION


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        arguments, output = Path(folder, "arguments.json"), Path(folder, "output")
        internal = {"_ansible_remote_tmp": folder, "_ansible_keep_remote_files": False, "_ansible_no_log": False}
        arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {**asked["options"], **internal}}), encoding="utf-8")
        child = os.fork()
        if child == 0:
            _become(asked["name"], str(arguments), str(output))
        os.waitpid(child, 0)
        text = output.read_text(encoding="utf-8")
    try:
        result: dict[str, Any] = json.loads(text)
    except ValueError:
        result = {"failed": True, "msg": text, "reason": "no_result"}
    return {**result, "seconds": round(time.monotonic() - began, 2)}


def _become(name: str, arguments: str, output: str) -> None:
    stream = os.open(output, os.O_WRONLY | os.O_CREAT)
    for number in (1, 2):
        os.dup2(stream, number)
    os.environ.clear()
    os.environ.update(_OF_THE_TASK)
    sys.argv = [name, arguments]
    with contextlib.suppress(SystemExit):
        try:
            importlib.import_module(f"{_MODULES}.{name}").main()
        except Exception as error:
            print(f"{type(error).__name__}: {error}")
    sys.stdout.flush()
    os._exit(0)


def _main() -> None:
    for name in NAMES:
        importlib.import_module(f"{_MODULES}.{name}")
    importlib.import_module("boto3")
    importlib.import_module("botocore.endpoint")
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    _main()
