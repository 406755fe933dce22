# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role vault_config beside the configuration part of other roles: seconds, tasks and module processes, by number of hosts and by connection.

`python benchmarks/roles.py` takes about half an hour and writes ROLES.md and roles.png beside itself. `--before REVISION` also measures the role as it was in
a revision of this repository. Over sshd, it needs root; otherwise these figures are left out.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

import role_hosts  # noqa: E402
import role_plays  # noqa: E402
import role_report  # noqa: E402
from plays import BIN, processor  # noqa: E402
from role_hosts import REGION, Hosts  # noqa: E402
from role_report import Figure, Subject  # noqa: E402

from support.lab.__main__ import start_kms  # noqa: E402
from support.lab.hosts import create, destroy  # noqa: E402
from support.strict_kms import StrictKms  # noqa: E402

_FORKS = 10
_LATENCY_MS = 10
_FILES = {"main.hcl": role_plays.MAIN, "seal.hcl": role_plays.SEAL, "all.hcl": role_plays.MAIN + role_plays.SEAL, "openbao.service": role_plays.UNIT}


class Bench:
    """Runs plays on hosts, and takes their figures."""

    def __init__(self, folder: Path, hosts: Hosts, collections: str) -> None:
        self.folder, self.hosts, self._collections = folder, hosts, collections
        (folder / "templates").mkdir(parents=True, exist_ok=True)
        for name, text in _FILES.items():
            (folder / "templates" / f"{name}.j2").write_text(text, encoding="utf-8")
        (folder / "system.json").write_text("{}", encoding="utf-8")
        (folder / "inventory.json").write_text(hosts.inventory(), encoding="utf-8")
        (folder / "ansible.cfg").write_text("[defaults]\n[ssh_connection]\npipelining = true\n", encoding="utf-8")
        (folder / "home").mkdir(exist_ok=True)

    def prepare(self) -> None:
        unit = role_plays.UNIT
        self._run([{"tasks": self.hosts.preparation(unit)}], "info")

    def run(self, plays: Sequence[dict[str, Any]], level: str) -> Figure:
        self.hosts.starts()
        began, busy = time.perf_counter(), processor()
        output = self._run(plays, level)
        seconds, used = time.perf_counter() - began, processor() - busy
        count = len(self.hosts.names)
        tasks = len(re.findall(r"^(?:TASK|RUNNING HANDLER) \[", output, re.MULTILINE))
        changed = sum(map(int, re.findall(r"changed=(\d+)", output)))
        return Figure(used if self.hosts.are_local else seconds, seconds, tasks, self.hosts.starts() / count, changed / count)

    def _run(self, plays: Sequence[dict[str, Any]], level: str) -> str:
        book = self.folder / "play.json"
        common = {"hosts": "all", "gather_facts": False, "environment": self.hosts.environment, "vars": {"level": level, "ansible_become": False}}
        book.write_text(json.dumps([{**common, **play} for play in plays]), encoding="utf-8")
        environment = {
            "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(self.folder / "home"), "LANG": "C.UTF-8",
            "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"), "ANSIBLE_COLLECTIONS_PATH": self._collections, "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PIPELINING": "1", "AWS_EC2_METADATA_DISABLED": "true",
        }  # fmt: skip
        command = [str(BIN / "ansible-playbook"), "-i", str(self.folder / "inventory.json"), "--forks", str(_FORKS), str(book)]
        ended = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=3600, check=False)
        if ended.returncode:
            raise SystemExit(f"{ended.stdout[-6000:]}{ended.stderr}")
        return ended.stdout


def subjects(before: str, folder: Path) -> list[Subject]:
    """What is measured; ``before`` is a revision of this repository, or empty."""
    present = os.environ["ANSIBLE_COLLECTIONS_PATH"]
    found = [Subject("this collection's `vault_config`", role_plays.own_role, present)]
    if before:
        found.append(Subject(f"`vault_config` at {before}", role_plays.own_role, _collection_at(before, folder), most=1))
    return [
        *found,
        Subject("steps of ansible-community.vault", role_plays.community_role, present),
        Subject("steps of robertdebock.vault and vault_configuration", role_plays.debock_roles, present),
        Subject("this collection's `kms_verify`", role_plays.permission_role, present, ("changes nothing",)),
    ]


def _collection_at(revision: str, folder: Path) -> str:
    place = folder / "ansible_collections" / "sealwright" / "vault_seal"
    place.mkdir(parents=True)
    archive = subprocess.run(["git", "-C", str(HERE.parent), "archive", revision], check=True, capture_output=True, timeout=60).stdout
    subprocess.run(["tar", "-x", "-C", str(place)], input=archive, check=True, timeout=60)
    return str(folder)


def measured(subject: Subject, bench: Bench, turns: int) -> dict[str, Figure]:
    """The figures of each kind of run: the fastest of some turns, and one turn of those that change something."""
    plays = subject.plays()
    bench.prepare()
    figures: dict[str, Figure] = {}
    if "first run" in subject.kinds:
        figures["first run"] = bench.run(plays, "info")
    else:
        bench.run(role_plays.own_role(), "info")
    figures["changes nothing"] = min(bench.run(plays, "info") for _turn in range(turns))
    if "one setting" in subject.kinds:
        figures["one setting"] = bench.run(plays, "debug")
    for kind, figure in figures.items():
        print(f"{figure.seconds:8.2f} s {figure.cost:8.2f} {figure.tasks:4} tasks {figure.starts:5.1f} starts {figure.changed:4.1f} changed  {kind}: {subject.name}", flush=True)
    return figures


@contextlib.contextmanager
def local_hosts(folder: Path, count: int) -> Iterator[Hosts]:
    with StrictKms(latency_ms=_LATENCY_MS) as kms:
        kms.new_key(alias=role_plays.ALIAS)
        yield role_hosts.local(folder / "hosts", kms, count)


@contextlib.contextmanager
def hosts_over_sshd(folder: Path, count: int) -> Iterator[Hosts]:
    lab = folder / "lab"
    try:
        network = create(lab, count)
        kms = start_kms(lab, network.kms)
        kms.new_key(REGION, alias=role_plays.ALIAS)
        yield role_hosts.over_sshd(folder / "hosts", kms, lab, {host.name: host.address for host in network.hosts})
    finally:
        destroy(lab)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", default="", metavar="REVISION", help="also measure the role vault_config of this revision of the repository")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 10, 50], help="numbers of hosts")
    parser.add_argument("--turns", type=int, default=2, help="how often a run that changes nothing is taken; the fastest counts")
    parser.add_argument("--quick", action="store_true", help="one local host; writes nothing")
    options = parser.parse_args()
    sizes = [1] if options.quick else options.sizes
    kinds: dict[str, Callable[[Path, int], contextlib.AbstractContextManager[Hosts]]] = {"local connections": local_hosts}
    reason = "with --quick" if options.quick else role_hosts.missing()
    if reason:
        print(f"Over sshd: left out, {reason}.", file=sys.stderr)
    else:
        kinds["sshd in network namespaces"] = hosts_over_sshd
    table: role_report.Table = {}
    with tempfile.TemporaryDirectory(prefix="vs-bench-") as name:
        folder = Path(name)
        wanted = subjects(options.before, folder / "before")
        for count in sizes:
            for kind, hosts_of in kinds.items():
                with hosts_of(folder, count) as hosts:
                    for number, subject in enumerate(each for each in wanted if count <= each.most):
                        place = folder / f"{count}-{number}"
                        shutil.rmtree(place, ignore_errors=True)
                        print(f"{count} hosts, {kind}", flush=True)
                        table.setdefault(kind, {}).setdefault(count, {})[subject.name] = measured(
                            subject, Bench(place, hosts, subject.collections), options.turns if count == 1 else 1
                        )
                if not options.quick:  # after each size, since the large ones take long
                    (HERE / "ROLES.md").write_text(role_report.results(table, reason), encoding="utf-8")
                    role_report.draw_picture(HERE / "roles.png", table)
    print(role_report.results(table, reason))
    return 0


if __name__ == "__main__":
    sys.exit(main())
