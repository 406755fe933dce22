# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What depends on the old key after a change: seals of other hosts, snapshots and files, and what could not be read."""

from __future__ import annotations

from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.change_key_dependents import dependents_of

OLD, NEW = "arn:aws:kms:us-east-1:111122223333:key/old", "arn:aws:kms:us-east-1:111122223333:key/new"


def host(name: str, key: str, **more: Any) -> dict[str, Any]:
    return {"host": name, "seal": {"key_arn": key, "ready": True, "state": "Enabled"}, **more}


def snapshot(path: str, *keys: str) -> dict[str, Any]:
    return {"item": path, "kms_keys": [{"arn": key} for key in keys], "restorable": None}


def test_what_depends_on_the_old_key() -> None:
    files = {"sealed_values": [{"name": "/s/a", "key_arns": [OLD], "readable": True}, {"name": "/s/b", "key_arns": [NEW], "readable": True}]}
    found = [host("n1", NEW, snapshots=[snapshot("/b/1.snap", OLD), snapshot("/b/2.snap", NEW)], folders=[files]), host("other", OLD)]
    report = dependents_of(found, OLD, ["away"])
    assert [(each["kind"], each["host"], each["name"]) for each in report["dependents"]] == [
        ("host", "other", "seal"), ("snapshot", "n1", "/b/1.snap"), ("files", "n1", "/s"),
    ]  # fmt: skip
    assert [each["host"] for each in report["unknown"]] == ["away"]
    assert report["lines"][:6] == [
        f"These depend on {OLD}, which must stay enabled as long as they are in use or kept:", "  host: other: seal (ready)", "  snapshot: n1: /b/1.snap",
        "  files: n1: 1 file in /s", "It is unknown on which key these depend:", "  host: away: seal (this host was not checked)",
    ]  # fmt: skip


def test_nothing_depends_on_it() -> None:
    report = dependents_of([host("n1", NEW), {"host": "n2", "snapshots": [{"item": "/b/\x1b[2J", "msg": "damaged", "kms_keys": []}]}], OLD)
    assert report["dependents"] == []
    assert report["lines"][0] == f"Nothing that was checked depends on {OLD}."
    assert "\x1b" not in "".join(report["lines"])
