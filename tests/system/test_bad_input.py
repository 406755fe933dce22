# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What bad input gets: the exact message of modules and lookup, and nothing written."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.tests.vectors.messages import written

from support.ansible_run import Ansible, Run, Task, host_python
from support.strict_kms import StrictKms
from support.vault_values import VaultValues, as_text

WRAP = "sealwright.vault_seal.awskms_seal_wrap"
UNWRAP = "sealwright.vault_seal.awskms_seal_unwrap"
LIMIT = 4 * 1024 * 1024
UNKNOWN_KEY = "00000000-0000-4000-8000-000000000000"


@dataclass
class Row:
    """One task that must fail: what it is given, and what it says."""

    name: str
    options: dict[str, Any]
    message: str
    reason: str
    module: str = WRAP
    environment: dict[str, str] = field(default_factory=dict)
    interpreter: str = ""

    def task(self) -> Task:
        one: Task = {"name": self.name, self.module: self.options, "environment": self.environment, "ignore_errors": True}
        return {**one, "vars": {"ansible_python_interpreter": self.interpreter}} if self.interpreter else one

    def by_lookup(self) -> Task:
        options = {name: value for name, value in self.options.items() if name != "blob"}
        lookup = "lookup('sealwright.vault_seal.awskms_seal_unwrap', blob, **options)"
        given = {"blob": self.options["blob"], "options": options}
        return {"name": self.name, "ansible.builtin.debug": {"msg": "{{ " + lookup + " }}"}, "vars": given, "ignore_errors": True}


class Bench:
    """Everything that is wrong in some way: keys, principals, endpoints, files."""

    def __init__(self, kms: StrictKms, folder: Path, hanging: str) -> None:
        self.kms = kms
        self.folder = folder
        self.hanging = hanging
        self.key = kms.new_key(alias="alias/bad-input")
        self.vault = VaultValues(kms.client(), self.key)
        self.message = self.vault.envelope(b"a value", b"its aad")
        self.blob = as_text(self.message)
        self._keys()
        self._files()

    def _keys(self) -> None:
        client = self.kms.client()
        self.disabled, self.deleted, doomed = (self.kms.new_key() for dummy in range(3))
        self.under_disabled = as_text(VaultValues(client, self.disabled).envelope(b"a value"))
        client.disable_key(KeyId=self.disabled)
        client.schedule_key_deletion(KeyId=self.deleted, PendingWindowInDays=7)
        self.pending_import = self.kms.new_key(Origin="EXTERNAL")
        self.asymmetric = self.kms.new_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
        self.signing = self.kms.new_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        del doomed

    def _files(self) -> None:
        self.full = self.folder / "full"
        self.closed = self.folder / "closed"
        for folder in (self.full, self.closed):
            folder.mkdir()
        self.closed.chmod(0o500)
        (self.folder / "no-sealed-value").write_text("precious")
        (self.folder / "large").write_bytes(b"x" * (2 * LIMIT))
        (self.folder / "large.sealed").write_bytes(written(self.vault.envelope(b"x" * (2 * LIMIT))))
        os.mkfifo(self.folder / "fifo")

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def allowed_only(self, *actions: str) -> dict[str, str]:
        """The environment of a principal that may do these things, with any key, and nothing else."""
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
        return self.kms.environment(self.kms.principal(policy))

    def interpreter(self, name: str, preparation: str) -> str:
        """A Python for modules that first does something to its own process."""
        path = self.folder / name
        python = host_python()
        path.write_text(f"#!{sys.executable}\nimport ctypes, os, resource, sys\n{preparation}\nos.execv({python!r}, [{python!r}, *sys.argv[1:]])\n")
        path.chmod(0o755)
        return str(path)

    def snapshot(self) -> dict[str, tuple[int, int]]:
        """Every file below the folder, with size and time of its last change."""
        found = (Path(folder) / name for folder, dummy, names in os.walk(self.folder) for name in names)
        return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in found}


@pytest.fixture(scope="module")
def bench(kms: StrictKms, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and never answers
        yield Bench(kms, tmp_path_factory.mktemp("files"), f"http://127.0.0.1:{silent.getsockname()[1]}")


def check(rows: list[Row], run: Run) -> None:
    """Compare all rows at once, so that one run shows every message that is not as said."""
    said = {row.name: (run[row.name].get("reason"), run[row.name].get("msg")) for row in rows}
    assert said == {row.name: (row.reason, row.message) for row in rows}
    assert all(run[row.name]["failed"] for row in rows)
    assert all(run[row.name]["msg"].endswith(run[row.name]["remedy"]) for row in rows)
    assert "Traceback" not in run.output


def play(bench: Bench, ansible: Ansible, rows: list[Row]) -> None:
    before = bench.snapshot()
    run = ansible.playbook([row.task() for row in rows], env={"ANSIBLE_PIPELINING": "1"}).succeeded()
    assert bench.snapshot() == before, "nothing is written"
    check(rows, run)
