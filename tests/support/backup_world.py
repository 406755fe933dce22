# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests of backups share: a server with the seal awskms, a token for snapshots, a folder, and the module in a process of its own."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .ansible_run import collections_path
from .openbao import OpenBao
from .slack import scaled
from .strict_kms import StrictKms
from .vault_values import VaultValues

MODULE = "ansible_collections.sealwright.vault_seal.plugins.modules.vault_snapshot"
PROGRAM = "import sys; from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.program import main; sys.exit(main())"
POLICY = 'path "sys/storage/raft/snapshot" { capabilities = ["read"] }'
ALIAS = "alias/vault-backup"


class Cluster:
    """Servers of one raft cluster on loopback, each with its own folder."""

    def __init__(self, folder: Path, kms: StrictKms, count: int = 1) -> None:
        self.kms = kms
        self.key = kms.new_key(alias=ALIAS)
        self.servers = [OpenBao(folder / f"server{number}", kms.environment(), {"kms_key_id": ALIAS, "region": "us-east-1"}) for number in range(count)]
        join = f'retry_join {{\n    leader_api_addr = "{self.servers[0].url}"\n  }}'
        for number, server in enumerate(self.servers):
            text = server.config.read_text(encoding="utf-8").replace('node_id = "node1"', f'node_id = "node{number}"\n  {join if number else ""}')
            server.config.write_text(text, encoding="utf-8")
        first = self.servers[0]
        first.start()
        first.initialise()
        assert first.call("PUT", "sys/policies/acl/snapshots", {"policy": POLICY}).status == 204
        for server in self.servers[1:]:
            server.start()
            server.token = first.token

    def token(self, **settings: Any) -> str:
        """A token that may only take snapshots."""
        reply = self.servers[0].call("POST", "auth/token/create", {"policies": ["snapshots"], "no_parent": True, **settings})
        assert reply.status == 200, reply.body
        return str(reply.json()["auth"]["client_token"])

    def fill(self, megabytes: int) -> None:
        """Store data that cannot be compressed."""
        first = self.servers[0]
        if "bulk/" not in first.call("GET", "sys/mounts").json()["data"]:
            assert first.call("POST", "sys/mounts/bulk", {"type": "kv"}).status == 204
        for number in range(megabytes):
            assert first.call("POST", f"bulk/{number}", {"value": os.urandom(450_000).hex()}).status == 204

    def stop(self) -> None:
        for server in self.servers:
            server.stop()


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """One server beside a KMS of its own."""
    with StrictKms() as kms:
        started = Cluster(folder, kms)
        try:
            yield started
        finally:
            started.stop()


class Runner:
    """Runs the module with the options of one folder."""

    def __init__(self, folder: Path, environment: Mapping[str, str], **options: Any) -> None:
        self.home = folder
        self.dest = folder / "snapshots"
        self.dest.mkdir(mode=0o700)
        self.status_file = folder / "status.json"
        self.environment = dict(environment)
        self.options = {"dest": str(self.dest), "status_file": str(self.status_file), **options}

    def start(self, check: bool = False, largest_file: int = 0, **options: Any) -> subprocess.Popen[bytes]:
        given = {**self.options, **options, "_ansible_remote_tmp": str(self.home), "_ansible_keep_remote_files": False, "_ansible_check_mode": check}
        arguments = self.home / "arguments.json"
        arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {name: value for name, value in given.items() if value is not None}}), encoding="utf-8")
        return self._process([sys.executable, "-m", MODULE, str(arguments)], largest_file)

    def run(self, check: bool = False, largest_file: int = 0, **options: Any) -> dict[str, Any]:
        """The result, of a success or a failure."""
        output = self.start(check, largest_file, **options).communicate(timeout=scaled(180))[0]
        result: dict[str, Any] = json.loads(output)
        assert "internal_error" not in output.decode(), output
        return result

    def program(self, *arguments: str, **options: Any) -> tuple[int, str]:
        """The program of the timer; its exit status and output."""
        process = self.start_program(0, *arguments, **options)
        output = process.communicate(timeout=scaled(180))[0].decode()
        return process.returncode, output

    def start_program(self, number: int, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        """Start the program of the timer with a configuration of its own."""
        given = {**self.options, **options}
        path = self.home / f"backup{number}.json"
        path.write_text(json.dumps({name: value for name, value in given.items() if value is not None}), encoding="utf-8")
        return self._process([sys.executable, "-c", PROGRAM, str(path), *arguments], 0)

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.status_file.read_text(encoding="utf-8"))
        return found

    def names(self) -> list[str]:
        """The files in the folder, without the lock and the records."""
        return sorted(each.name for each in self.dest.iterdir() if each.suffix not in (".lock", ".json"))

    def _process(self, command: list[str], largest_file: int) -> subprocess.Popen[bytes]:
        def limit() -> None:
            if largest_file:
                resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

        return subprocess.Popen(
            command, env={"PATH": "/usr/bin:/bin", "HOME": str(self.home), "PYTHONPATH": str(collections_path()), **self.environment},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=limit,
        )  # fmt: skip


def sealed_token(kms: StrictKms, key: str, token: str, path: Path) -> Path:
    """A file with the token as a sealed value."""
    path.write_bytes(VaultValues(kms.client(), key).envelope(token.encode()).SerializeToString())
    return path
