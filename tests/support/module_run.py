# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run one module in a separate process without Ansible, for tests that kill this process or must be fast."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .ansible_run import collections_path
from .slack import scaled

_MODULES = "ansible_collections.sealwright.vault_seal.plugins.modules"
_SECONDS = scaled(180)


def start_module(
    name: str, options: Mapping[str, Any], folder: Path, environment: Mapping[str, str], python_path: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    """Start a module of the collection; ``folder`` is its home and holds its arguments."""
    arguments = folder / f"{name}.json"
    internal = {"_ansible_remote_tmp": str(folder), "_ansible_keep_remote_files": False}
    arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {**options, **internal}}), encoding="utf-8")
    path = os.pathsep.join([str(collections_path()), *python_path])
    return subprocess.Popen(
        [sys.executable, "-m", f"{_MODULES}.{name}", str(arguments)],
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": path, **environment},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def finished(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """The result of a module that succeeds."""
    output = process.communicate(timeout=_SECONDS)[0]
    assert process.returncode == 0, output
    result: dict[str, Any] = json.loads(output)
    return result
