# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of the role kms_verify: groups of hosts, the results of all of them, and the table."""

from __future__ import annotations

import time
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.kms_verify import SETTINGS, Asked, build_report, group, table
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.table import aligned

ARN = "arn:aws:kms:us-east-1:111122223333:key/1234"


def permissions(describe: str = "allowed", encrypt: str = "allowed", decrypt: str = "allowed") -> dict[str, Any]:
    return {name: {"verdict": verdict} for name, verdict in (("describe_key", describe), ("encrypt", encrypt), ("decrypt", decrypt))}


UNCHECKED = {
    "permissions": permissions("not_tried", "not_tried", "not_tried"), "ready": False, "key_arn": None, "kms_key_id": None, "latency_ms": 0.0, "state": None,
    "region": None, "judge": None, "judges": {"sdk": None, "server": None, "agree": None},
}  # fmt: skip


def result(ready: bool = True, **facts: Any) -> dict[str, Any]:
    found = {"ready": ready, "reason": None if ready else "access_denied", "summary": "ready" if ready else "kms:Decrypt is denied.", "state": "Enabled"}
    known = {"permissions": permissions(decrypt="allowed" if ready else "denied"), "key_arn": ARN, "latency_ms": 12.4, "region": {"value": "us-east-1"}}
    return {**UNCHECKED, **found, **known, "remedy": None, **facts}


def results(**hosts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = build_report({name: Asked(each) for name, each in hosts.items()}, UNCHECKED)["hosts"]
    return found


def lines(hosts: dict[str, dict[str, Any]], most: int = 50, names_server: bool = False) -> list[str]:
    return table(hosts, most, names_server)["lines"]


def test_hosts_of_one_principal_are_grouped_unless_a_setting_differs() -> None:
    hosts = [
        ("a", {"profile": "x"}), ("b", {"profile": "x"}), ("c", {"profile": "y"}), ("d", {"profile": "x", "kms_verify_region": "eu-west-1"}), ("e", {}),
        ("f", {}), ("g", {"profile": "x", "kms_verify_region": ""}), ("h", {"profile": 1}), ("i", {"profile": "1"}),
        ("j", {"profile": "x", "kms_verify_other": 1}),
    ]  # fmt: skip
    assert group(hosts, "profile") == [["a", "b", "g", "j"], ["c"], ["d"], ["e"], ["f"], ["h"], ["i"]]
    assert group([], "profile") == []


@pytest.mark.parametrize("name", SETTINGS)
def test_each_setting_separates(name: str) -> None:
    assert group([("a", {"p": 1}), ("b", {"p": 1, name: ["x"]}), ("c", {"p": 1, name: ["x"]})], "p") == [["a"], ["b", "c"]]


def test_the_report_has_every_host() -> None:
    first = result()
    asked = {"a": Asked(first, True, ("twin", "b")), "b": Asked(None, True), "c": Asked(None, False)}
    report = build_report(asked, UNCHECKED)
    assert list(report["hosts"]) == ["a", "twin", "b", "c"]
    assert (report["ready"], report["hosts"]["a"], report["hosts"]["twin"]) == (False, {**first, "asked_on": "a"}, {**first, "asked_on": "a"})
    assert [report["hosts"][host][name] for host in "bc" for name in ("asked_on", "reason", "summary", "remedy", "ready")] == [
        None, "not_asked", "This host was not checked in this run.", None, False,
        None, "host_unreachable", "This host was unreachable or failed before it could be checked.", None, False,
    ]  # fmt: skip
    assert build_report({"a": Asked(first)}, UNCHECKED)["ready"] is True
    assert build_report({}, UNCHECKED) == {"ready": True, "hosts": {}}


def test_a_line_for_each_host() -> None:
    hosts = results(
        a=result(), b=result(False, latency_ms=2.5), c=result(False, key_arn=None, kms_key_id={"value": "alias/x"}, region=None, state=None, latency_ms=0.0),
        d=result(key_arn=None, permissions=permissions("failed", "not_tried", "not_tried")),
    )  # fmt: skip
    assert table(hosts, 4, False) == {
        "lines": [
            "host  DescribeKey  Encrypt  Decrypt  key      state    region     ms  result",
            "a     allowed      allowed  allowed  1234     Enabled  us-east-1  12  ready",
            "b     allowed      allowed  DENIED   1234     Enabled  us-east-1  2   NOT READY: access_denied",
            "c     allowed      allowed  DENIED   alias/x  -        -          -   NOT READY: access_denied",
            "d     FAILED       -        -        -        Enabled  us-east-1  12  ready",
            "b: kms:Decrypt is denied.",
            "c: kms:Decrypt is denied.",
        ],
        "remedies": ["b", "c"],
    }


def test_one_line_for_many_hosts_with_the_same_verdict() -> None:
    bad = {f"z{number}": result(False, summary=f"reason {number // 2}\nsecond line", latency_ms=number + 1) for number in range(8)}
    good = {f"g{number}": result(latency_ms=5.0) for number in range(3)}
    assert table(results(**bad, **good), 10, False) == {
        "lines": [
            "hosts  names            DescribeKey  Encrypt  Decrypt  key   state    region     ms   result",
            "3      g0, g1, g2       allowed      allowed  allowed  1234  Enabled  us-east-1  5    ready",
            "8      z0, z1, z2, ...  allowed      allowed  DENIED   1234  Enabled  us-east-1  1-8  NOT READY: access_denied",
            "z0 and 1 more: reason 0 second line",
            "z2 and 1 more: reason 1 second line",
            "z4 and 1 more: reason 2 second line",
            "... and 1 more of that line; see the report for the reasons.",
            "11 hosts, 3 ready, 8 not ready.",
        ],
        "remedies": ["z0"],
    }


def test_represented_hosts_have_no_latency() -> None:
    hosts = build_report({"a": Asked(result(), True, ("twin",))}, UNCHECKED)["hosts"]
    assert lines(hosts)[1:] == [
        "a     allowed      allowed  allowed  1234  Enabled  us-east-1  12  ready",
        "twin  allowed      allowed  allowed  1234  Enabled  us-east-1  -   ready (as a)",
        "Hosts represented by another one: 1. Each has the verdict of a host with the same connection to KMS.",
    ]


def test_who_judged() -> None:
    disagree = {"agree": False, "sdk": {"summary": "kms:Encrypt\nis denied."}, "server": {}}
    hosts = results(a=result(judge="both", judges=disagree), b=result(judge="sdk"), c=result(judge="server", judges={"agree": True}), d=result(judge="both"))
    assert lines(hosts, names_server=True)[5:] == [
        "Judged by a server that was started for it, beside the model of its SDK: 2 of 4.",
        "Judged by a server that was started for it: 1 of 4.",
        "Judged by the model of the server's SDK alone: 1 of 4.",
        "a: the judges disagree, and the server counts. The model of its SDK says: kms:Encrypt is denied.",
    ]
    assert len(lines(hosts)) == 5


def test_a_host_cannot_forge_a_line() -> None:
    text = "\n".join(lines(results(a=result(False, summary="x\r\u001b[2Kready", reason="y\nb  ready"))))
    assert "\r" not in text
    assert "\u001b" not in text
    assert "\nb " not in text


def test_the_time_for_thousands_of_hosts() -> None:
    """A loop over all hosts within a loop over all hosts would take minutes."""
    asked = {f"vault{number}": Asked(result(number % 3 > 0, summary=f"reason {number % 50}")) for number in range(5000)}
    began = time.process_time()
    for most in (50, 10000):
        assert table(build_report(asked, UNCHECKED)["hosts"], most, True)["lines"]
    assert time.process_time() - began < 5


def test_aligned_columns() -> None:
    assert aligned([["a", "bb", "c"], ["aaa", "b", ""]]) == ["a    bb  c", "aaa  b"]
