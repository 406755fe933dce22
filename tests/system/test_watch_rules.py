# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metrics, the alert rules and the dashboard of the role seal_watch, judged by Prometheus' own tools."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.sealwright.vault_seal.plugins.filter.seal_watch import seal_watch, seal_watch_prometheus
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._watch.model import METRICS

from support.debian import program
from support.slack import scaled

CHECKOUT = Path(__file__).resolve().parents[2]
FILES = CHECKOUT / "roles" / "seal_watch" / "files"
NAME = re.compile(r"\bvault_seal_\w+")


@pytest.fixture(scope="module")
def promtool() -> str:
    return program("prometheus", "promtool")


def run(*command: str, given: str = "") -> None:
    answer = subprocess.run(command, input=given.encode(), capture_output=True, timeout=scaled(60), check=False)
    assert answer.returncode == 0, (answer.stdout + answer.stderr).decode()
    assert answer.stderr == b""


def dashboard() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((FILES / "dashboard.json").read_text(encoding="utf-8"))
    return document


def expressions() -> list[str]:
    return [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]


def test_the_metrics_follow_the_conventions(promtool: str) -> None:
    hostile = ['a"b\\c\nd', "\u65e5\u672c", "{{ x }}"]
    every = [{"name": name, "labels": {"host": text, "kms_key": text}, "value": 1.5} for name in METRICS for text in hostile]
    run(promtool, "check", "metrics", given=seal_watch_prometheus(every))
    found = seal_watch([{"host": "a\nb"}], lost=["c"], now=1.8e9)
    run(promtool, "check", "metrics", given=seal_watch_prometheus(found["metrics"]))


def test_the_alert_rules(promtool: str) -> None:
    run(promtool, "check", "rules", str(FILES / "alerts.yml"))
    run(promtool, "test", "rules", str(CHECKOUT / "tests" / "system" / "prometheus" / "alerts.yml"))


def test_each_alert_has_a_test() -> None:
    rules = yaml.safe_load((FILES / "alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
    tests = (CHECKOUT / "tests" / "system" / "prometheus" / "alerts.yml").read_text(encoding="utf-8")
    assert [rule["alert"] for rule in rules if rule["alert"] not in tests] == []
    assert {name for rule in rules for name in NAME.findall(rule["expr"])} <= set(METRICS)


def test_the_dashboard_shows_metrics_that_exist(promtool: str, tmp_path: Path) -> None:
    shown = set(NAME.findall(json.dumps(dashboard())))
    assert shown <= set(METRICS)
    # Ages are shown of what is proven and passed alone.
    assert set(METRICS) - shown == {"vault_seal_snapshot_newest_timestamp_seconds", "vault_seal_drill_timestamp_seconds"}
    rules = [{"record": f"panel:{number}", "expr": text.replace("$host", ".*")} for number, text in enumerate(expressions())]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="utf-8")
    run(promtool, "check", "rules", str(file))


def test_the_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
