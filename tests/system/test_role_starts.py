# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many modules a role starts on a host, and how many tasks it shows: benchmarks/roles.py has the seconds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from support.ansible_run import Ansible, Run, host_python
from support.configured_host import ConfiguredHost, changed
from support.strict_kms import StrictKms

ALIAS = "alias/counted-starts"


class Counted:
    """An interpreter that counts how often it is started."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "python-counting"
        self._starts = folder / "starts"
        self.path.write_text(f'#!/bin/sh\necho >>{self._starts}\nexec {host_python()} "$@"\n', encoding="utf-8")
        self.path.chmod(0o755)

    def of(self, run: Run) -> tuple[int, int]:
        """The modules that a run started, and its tasks."""
        starts = len(self._starts.read_bytes()) if self._starts.exists() else 0
        self._starts.unlink(missing_ok=True)
        return starts, len(re.findall(r"^TASK \[", run.succeeded().stdout, re.MULTILINE))


@pytest.fixture
def counted(tmp_path: Path) -> Counted:
    return Counted(tmp_path)


def test_a_run_of_vault_config_that_changes_nothing(kms: StrictKms, ansible: Ansible, counted: Counted, tmp_path: Path) -> None:
    """With a unit, an environment file and a drop-in, all of which are compared with those on the host."""
    kms.new_key(alias=ALIAS)
    host = ConfiguredHost(ansible, tmp_path)
    host.play["vars"]["ansible_python_interpreter"] = str(counted.path)
    unit = tmp_path / "units" / "openbao.service"
    unit.write_text(f"[Service]\nExecStart=/usr/bin/bao server -config={host.etc}\n", encoding="utf-8")
    variables: dict[str, Any] = {
        "seals": [{"kms_key_id": ALIAS, "region": "us-east-1", "access_key": kms.admin.access_key, "secret_key": kms.admin.secret_key}],
        "credentials_in": "environment_file", "verify": False,
    }  # fmt: skip
    counted.of(host.configure(**variables))
    again = host.configure(**variables)
    assert changed(again) == []
    starts, tasks = counted.of(again)
    assert (starts <= 2, tasks <= 15) == (True, True), (starts, tasks)
    starts, tasks = counted.of(host.configure("--check", **variables))
    assert (starts <= 2, tasks <= 15) == (True, True), (starts, tasks)


def test_a_run_of_kms_verify(kms: StrictKms, ansible: Ansible, counted: Counted) -> None:
    kms.new_key(alias=ALIAS)
    play = {
        "hosts": "localhost", "gather_facts": False, "vars": {"ansible_python_interpreter": str(counted.path), "ansible_become": False},
        "roles": [{"role": "sealwright.vault_seal.kms_verify", "vars": {"kms_verify_kms_key_id": ALIAS, "kms_verify_region": "us-east-1"}}],
    }  # fmt: skip
    starts, tasks = counted.of(ansible.playbook([play]))
    assert (starts <= 1, tasks <= 8) == (True, True), (starts, tasks)
