# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m support.lab COMMAND FOLDER [HOST [KEY]]`.

create and destroy are for three hosts with a KMS, as root; local and end for a KMS alone, on loopback, for this machine as the only
host. deny takes kms:Encrypt from a host, for one KEY or for all, allow gives it back, cut takes its route to KMS. throttle has KMS throttle some calls.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from support.strict_kms import StrictKms

from ..slack import scaled
from .hosts import create, cut_off, destroy, end_processes, network_of

REGION = "eu-central-1"
LOOPBACK = "127.0.0.1"
ALIAS, OTHER_ALIAS = "alias/vault-unseal", "alias/another"
_SECONDS = scaled(120.0)


def policy(*actions: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


FULL = policy("kms:DescribeKey", "kms:Encrypt", "kms:Decrypt")
NO_ENCRYPT = policy("kms:DescribeKey", "kms:Decrypt")
# The AWS SDK of the servers tries three times, so each of these calls succeeds in the end.
THROTTLED = ("DescribeKey", "Encrypt", "Decrypt", "UpdateAlias", "ReEncrypt")
TIMES = 2


def no_encrypt_with(key: str) -> dict[str, Any]:
    return {**FULL, "Statement": [*FULL["Statement"], {"Effect": "Deny", "Action": "kms:Encrypt", "Resource": key}]}


def start_kms(folder: Path, address: str) -> StrictKms:
    """A strict KMS that outlives this process; `destroy` ends it with the process ID in its file."""
    port_file = folder / "kms.port"
    command = [sys.executable, "-m", "support.strict_kms", "--host", address, "--port-file", str(port_file)]
    with (folder / "kms.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
    (folder / "kms.pid").write_text(str(process.pid), encoding="ascii")
    end = time.monotonic() + _SECONDS
    while not port_file.exists():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"the strict KMS did not start:\n{(folder / 'kms.log').read_text(encoding='utf-8')}")
        time.sleep(0.05)
    return running_kms(folder, address)


def running_kms(folder: Path, address: str) -> StrictKms:
    return StrictKms.running(address, int((folder / "kms.port").read_text(encoding="ascii")))


def make(folder: Path, address: str, addresses: dict[str, str]) -> None:
    """Start the KMS with a key, and a principal for each host; write all to lab.json."""
    kms = start_kms(folder, address)
    key = kms.new_key(REGION, alias=ALIAS)
    other_key = kms.new_key(REGION, alias=OTHER_ALIAS)
    hosts = {}
    for name, of_the_host in addresses.items():
        who = kms.principal(FULL)
        hosts[name] = {"address": of_the_host, "access_key": who.access_key, "secret_key": who.secret_key, "arn": who.arn}
    admin = {"access_key": kms.admin.access_key, "secret_key": kms.admin.secret_key}
    lab = {"kms_url": kms.url, "region": REGION, "alias": ALIAS, "other_alias": OTHER_ALIAS, "key": key, "hosts": hosts, "other_key": other_key, "admin": admin}
    (folder / "lab.json").touch(mode=0o600)
    (folder / "lab.json").write_text(json.dumps(lab, indent=2), encoding="utf-8")


def change(command: str, folder: Path, host: str, key: str) -> None:
    """What a host may do, or how KMS answers."""
    network = network_of(folder)
    if command == "cut":
        assert network, f"there is no lab of hosts in {folder}"
        cut_off(network.host(host))
        return
    kms = running_kms(folder, network.kms if network else LOOPBACK)
    if command == "throttle":
        for operation in THROTTLED:
            kms.fault("throttle", operation, times=TIMES)
        return
    lab = json.loads((folder / "lab.json").read_text(encoding="utf-8"))
    denied = no_encrypt_with(key) if key else NO_ENCRYPT
    kms.set_policy(lab["hosts"][host]["arn"], denied if command == "deny" else FULL)


def main() -> int:
    parser = argparse.ArgumentParser(prog="support.lab", description=__doc__)
    parser.add_argument("command", choices=("create", "destroy", "local", "end", "deny", "allow", "cut", "throttle"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("host", nargs="?", default="")
    parser.add_argument("key", nargs="?", default="")
    message = parser.parse_args()
    if message.command == "create":
        network = create(message.folder)
        make(message.folder, network.kms, {host.name: host.address for host in network.hosts})
    elif message.command == "destroy":
        destroy(message.folder)
    elif message.command == "local":
        message.folder.mkdir(parents=True)
        make(message.folder, LOOPBACK, {"localhost": LOOPBACK})
    elif message.command == "end":
        end_processes(message.folder)
        shutil.rmtree(message.folder, ignore_errors=True)
    else:
        change(message.command, message.folder, message.host, message.key)
    return 0


if __name__ == "__main__":
    sys.exit(main())
