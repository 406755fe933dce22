# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook watch against the strict KMS: its reports, its exit, and a real node_exporter and Prometheus that see the alert."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from ansible_collections.sealwright.vault_seal.tests.vectors.messages import written

from support.ansible_run import Ansible, Run, host_python
from support.debian import program
from support.openbao import free_ports
from support.slack import scaled
from support.stored_state import StoredState
from support.strict_kms import StrictKms
from support.vault_values import VaultValues

ALERTS = Path(__file__).resolve().parents[2] / "roles" / "seal_watch" / "files" / "alerts.yml"
NOWHERE = {"ansible_remote_tmp": "/proc/none", "kms_verify_pipelining": False}  # no temporary folder can be made there


def knows_rotations() -> bool:
    """Whether the host's botocore has the call ListKeyRotations; older releases report the rotations as unknown."""
    code = "import botocore.session as s; s.Session().get_service_model('kms').operation_model('ListKeyRotations')"
    return subprocess.run([host_python(), "-c", code], stderr=subprocess.DEVNULL, check=False).returncode == 0


class Site:
    """One or two hosts, which are this machine, with a snapshot, sealed files, a status of the backup, and a report of a drill."""

    def __init__(self, kms: StrictKms, folder: Path, ansible: Ansible) -> None:
        self.kms, self.folder, self.ansible = kms, folder, ansible
        self.alias = f"alias/{folder.name}"
        self.key, self.old = kms.new_key(alias=self.alias), kms.new_key()
        kms.client().enable_key_rotation(KeyId=self.key)
        for name in ("sealed", "snapshots", "metrics"):
            (folder / name).mkdir()
        (folder / "sealed" / "a").write_bytes(written(VaultValues(kms.client(), self.key).envelope(b"x")))
        (folder / "snapshots" / "new.snap").write_bytes(StoredState(kms.client(), self.key).snapshot())
        self.config = folder / "server.hcl"
        self.config.write_text(
            'storage "inmem" {}\n'
            f'seal "awskms" {{\n  region = "us-east-1"\n  kms_key_id = "{self.alias}"\n  endpoint = "{kms.url}"\n}}\n', encoding="utf-8",
        )  # fmt: skip
        (folder / "drill.json").write_text(json.dumps({"restorable": True, "steps": []}), encoding="utf-8")
        now = datetime.now(timezone.utc).replace(microsecond=0).isoformat()
        last = {"time": now, "path": "/b/vault.snap", "cluster_id": "one"}
        status = {"format": 1, "result": "success", "proven": True, "unsent": 0, "key_arns": [self.key], "last_proven": last, **last}
        (folder / "backup.json").write_text(json.dumps(status), encoding="utf-8")

    def variables(self, **more: Any) -> dict[str, Any]:
        environment = self.kms.environment()
        return {
            "seal_watch_hosts": "all",
            "kms_verify_config": [str(self.config)],
            "kms_verify_product": "openbao",
            "kms_verify_judge": "sdk",
            "kms_verify_environment": {name: value for name, value in environment.items() if name.startswith("AWS_") and "METADATA" not in name},
            "seal_watch_permissions": True,
            "seal_watch_keys": [self.key],
            "seal_watch_rotation": knows_rotations(),
            "seal_watch_replicas": True,
            "seal_watch_snapshot_folders": [str(self.folder / "snapshots")],
            "seal_watch_snapshot_patterns": ["*.snap"],
            "seal_watch_snapshot_check": "open",
            "seal_watch_backup_status": str(self.folder / "backup.json"),
            "seal_watch_drill_report": str(self.folder / "drill.json"),
            "seal_watch_folders": [str(self.folder / "sealed")],
            "seal_watch_patterns": ["*"],
            "seal_watch_recurse": False,
            "seal_watch_become": False,
            "seal_watch_snapshot_hours": 24,
            "seal_watch_drill_days": 30,
            "seal_watch_change_hours": 24,
            "seal_watch_state": str(self.folder / "state.json"),
            "seal_watch_textfile": str(self.folder / "metrics" / "seal_watch.prom"),
            "seal_watch_json": str(self.folder / "watch.json"),
            "seal_watch_junit": str(self.folder / "watch.xml"),
            **more,
        }

    def watch(self, *arguments: str, **more: Any) -> Run:
        return self.ansible.command(["ansible-playbook", "sealwright.vault_seal.watch", "-e", json.dumps(self.variables(**more)), *arguments])

    def findings(self) -> set[tuple[str, str]]:
        found = json.loads((self.folder / "watch.json").read_text(encoding="utf-8"))
        return {(finding["severity"], finding["reason"]) for finding in found["findings"]}


@pytest.fixture
def site(kms: StrictKms, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(kms, tmp_path, Ansible(tmp_path_factory.mktemp("w"), kms.environment()))


def table(run: Run) -> list[str]:
    shown: list[str] = next(record["result"]["msg"] for record in run.results if record["task"].endswith("Show what was found"))
    return shown


@pytest.mark.matrix
def test_a_healthy_host_and_what_goes_wrong_with_it(site: Site, kms: StrictKms) -> None:
    tried = site.watch("--check")
    assert tried.code == 0, tried.output
    assert not (site.folder / "state.json").exists()
    run = site.watch()
    assert run.code == 0, run.output
    assert site.findings() == set()
    assert table(run)[-1] == "1 host, 1 without findings; findings: 0 critical, 0 unknown, 0 warning"
    text = (site.folder / "metrics" / "seal_watch.prom").read_text(encoding="utf-8")
    assert f'vault_seal_key_state{{host="localhost",kms_key="{site.key}",state="Enabled"}} 1.0' in text
    assert [path.name for path in (site.folder / "metrics").iterdir()] == ["seal_watch.prom"]
    assert (site.folder / "metrics" / "seal_watch.prom").stat().st_mode & 0o777 == 0o644

    kms.client().disable_key(KeyId=site.key)
    (site.folder / "sealed" / "b").write_bytes(written(VaultValues(kms.client(), site.old).envelope(b"x")))
    run = site.watch(seal_watch_address="http://127.0.0.1:1", seal_watch_ca_path="/none", seal_watch_validate_certs=False)
    assert run.code == 2, run.output
    assert {("critical", "key_disabled"), ("critical", "server_unreachable"), ("warning", "stale_files")} <= site.findings()
    root = ElementTree.fromstring((site.folder / "watch.xml").read_text(encoding="utf-8"))
    failed = {case.get("name") for case in root.iter("testcase") if case.find("failure") is not None}
    assert {"keys", "permissions", "server", "files"} <= failed
    secret = kms.environment()["AWS_SECRET_ACCESS_KEY"]
    for path in (*site.folder.glob("watch.*"), site.folder / "state.json", site.folder / "metrics" / "seal_watch.prom"):
        assert secret not in path.read_text(encoding="utf-8")


def test_a_host_that_is_not_reached(site: Site) -> None:
    common: dict[str, Any] = {"ansible_connection": "local", "ansible_python_interpreter": host_python()}
    site.ansible.inventory.write_text(json.dumps({"all": {"hosts": {"node1": common, "gone": {**common, **NOWHERE}}}}), encoding="utf-8")
    run = site.watch(seal_watch_drill_report="")
    assert run.code == 2, run.output
    text = (site.folder / "metrics" / "seal_watch.prom").read_text(encoding="utf-8")
    assert 'vault_seal_host_up{host="node1"} 1.0' in text
    assert 'vault_seal_host_up{host="gone"} 0.0' in text
    assert 'vault_seal_check_up{check="permissions",host="gone"} 0.0' in text


def test_outputs_that_cannot_be_written_are_refused_before_anything_is_asked(site: Site, kms: StrictKms) -> None:
    for more, match in (
        ({"seal_watch_textfile": str(site.folder / "x.txt")}, "must end with .prom"),
        ({"seal_watch_json": "/none/x"}, "The directory /none"),
    ):
        kms.clear_calls()
        run = site.watch(**more)
        assert run.code == 2
        assert match in run.output
        assert kms.calls() == []


@contextlib.contextmanager
def running(command: list[str], log: Path) -> Iterator[None]:
    with log.open("wb") as stream, subprocess.Popen(command, stdout=stream, stderr=stream, cwd=log.parent) as process:
        try:
            yield
        finally:
            process.terminate()


def alerts(port: int) -> list[dict[str, Any]]:
    with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/alerts", timeout=scaled(5)) as answer:
        found: list[dict[str, Any]] = json.load(answer)["data"]["alerts"]
        return found
    return []


def test_prometheus_sees_the_alert_after_a_deletion_is_scheduled(site: Site, kms: StrictKms) -> None:
    prometheus, exporter = program("prometheus", "prometheus"), program("prometheus-node-exporter", "prometheus-node-exporter")
    scraped, port = free_ports(2)
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(ALERTS)],
        "scrape_configs": [{"job_name": "node", "static_configs": [{"targets": [f"127.0.0.1:{scraped}"]}]}],
    }
    (site.folder / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
    assert site.watch().code == 0
    collector = ["--collector.disable-defaults", "--collector.textfile", f"--collector.textfile.directory={site.folder / 'metrics'}"]
    server = [prometheus, f"--config.file={site.folder / 'prometheus.yml'}", f"--storage.tsdb.path={site.folder / 'tsdb'}"]
    with running([exporter, *collector, f"--web.listen-address=127.0.0.1:{scraped}"], site.folder / "exporter.log"), running(
        [*server, f"--web.listen-address=127.0.0.1:{port}"], site.folder / "prometheus.log"
    ):
        query = f"http://127.0.0.1:{port}/api/v1/query?query=vault_seal_key_state"
        deadline = time.monotonic() + scaled(60)
        scraped_keys: list[Any] = []
        while not scraped_keys and time.monotonic() < deadline:
            time.sleep(0.5)
            with contextlib.suppress(OSError), urllib.request.urlopen(query, timeout=scaled(5)) as answer:
                scraped_keys = json.load(answer)["data"]["result"]
        assert [each["metric"]["kms_key"] for each in scraped_keys] == [site.key], (site.folder / "prometheus.log").read_text(encoding="utf-8")
        assert [each for each in alerts(port) if each["state"] == "firing"] == []
        kms.client().schedule_key_deletion(KeyId=site.key, PendingWindowInDays=7)
        assert site.watch(seal_watch_fail_on="never").code == 0
        fired: dict[str, dict[str, Any]] = {}
        deadline = time.monotonic() + scaled(60)
        while "VaultSealKeyPendingDeletion" not in fired and time.monotonic() < deadline:
            time.sleep(0.5)
            fired = {each["labels"]["alertname"]: each for each in alerts(port) if each["state"] == "firing"}
    assert fired["VaultSealKeyPendingDeletion"]["labels"]["kms_key"] == site.key
    assert "in 7.0 days" in fired["VaultSealKeyPendingDeletion"]["annotations"]["summary"]
    assert "VaultSealPermissionLost" in fired
