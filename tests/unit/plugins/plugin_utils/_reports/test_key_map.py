# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The map of keys: what is in it, its table, and its picture as an XML parser reads it, with hostile names."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.sealwright.vault_seal.plugins.filter.key_map import key_map
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.key_map_svg import escape
from hypothesis import given, settings
from hypothesis import strategies as st

OLD, NEW, GONE = (f"arn:aws:kms:us-east-1:111122223333:key/{digit * 8}-12ab-34cd-56ef-1234567890ab" for digit in "123")
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "<script>alert(1)</script>", "\"'><svg onload=x>", "&amp;&#60;", "]]>", "{{ 7 * 7 }}", "{% raw %}",
    "a\nb\tc", "\x1b[31m", "\u202egnp.exe", "\0", "\ud800", "x" * 5000,
]  # fmt: skip


def key(arn: str, usable: bool | None = True, state: str | None = "Enabled", *problems: str) -> dict[str, Any]:
    return {"arn": arn, "usable_for_seal": usable, "state": state, "problems": [{"reason": "x", "msg": message, "remedy": ""} for message in problems]}


def value(name: str, *keys: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "readable": True, "key_arns": list(keys), **more}


def whole() -> list[dict[str, Any]]:
    files = [value("/etc/app/a", OLD, status="stale"), value("/etc/app/b", OLD, status="stale"), value("/etc/app/c", NEW, status="current"),
             value("/etc/app/d", GONE, openable=False), {"name": "/etc/app/e", "readable": False, "key_arns": []}]
    folder = {"item": "/etc/app", "sealed_values": files, "kms_keys": [key(OLD), key(NEW), key(GONE, False, "PendingDeletion", "The key is pending deletion.")]}
    snapshot = {"src": "/var/backups/1.snap", "restorable": None, "problems": [], "sealed_count": 3, "kms_keys": [key(OLD), key(NEW, None, None, "not told")]}
    return [
        {"host": "node1", "seal": {"key_arn": NEW, "ready": True, "state": "Enabled", "problems": []}, "folders": [folder], "snapshots": [snapshot]},
        {"host": "node2", "seal": {"key_arn": None, "ready": False, "reason": "no_credentials"}, "folders": [{"item": "/none", "msg": "no such folder"}]},
        {"host": "node3", "seal": {}},
    ]


def test_the_table_in_full() -> None:
    assert key_map(whole(), not_asked=["node4"])["table"] == [
        f"{NEW}  Enabled  usable",
        "  host      node1: seal                 ready",
        "  snapshot  node1: /var/backups/1.snap",
        "  files     node1: 1 file in /etc/app",
        f"{OLD}  Enabled  usable",
        "  snapshot  node1: /var/backups/1.snap",
        "  files     node1: 2 files in /etc/app  stale",
        f"{GONE}  PendingDeletion  unusable: The key is pending deletion.",
        "  files     node1: 1 file in /etc/app  CANNOT BE DECRYPTED",
        "No key is known",
        "  host      node2: seal                not ready: no_credentials",
        "  host      node4: seal                this host was not checked",
        "  files     node1: 1 file in /etc/app  not a sealed value, or damaged",
        "  files     node2: /none               no such folder",
    ]
    assert key_map([])["table"] == ["No dependencies on KMS keys were found."]


def test_the_data() -> None:
    result = key_map(whole())
    assert [(entry["arn"], entry["verdict"], entry["state"]) for entry in result["kms_keys"]] == [
        (NEW, "usable", "Enabled"), (OLD, "usable", "Enabled"), (GONE, "unusable", "PendingDeletion"),
    ]  # fmt: skip
    assert result["kms_keys"][1]["dependents"][1] == {
        "kind": "files", "host": "node1", "name": "/etc/app", "key_arns": [OLD], "count": 2, "note": "stale",
    }  # fmt: skip
    assert len(result["without_key"]) == 3


def test_a_key_that_one_says_cannot_be_used_is_unusable() -> None:
    for first, second in ((True, False), (False, True), (None, False)):
        hosts = [{"host": "a", "folders": [{"sealed_values": [value("/x/y", OLD)], "kms_keys": [key(OLD, usable)]} for usable in (first, second)]}]
        assert key_map(hosts)["kms_keys"][0]["verdict"] == "unusable"
    denied = {"key_arn": OLD, "ready": False, "reason": "access_denied", "state": None, "problems": []}
    assert key_map([{"host": "a", "seal": denied}])["kms_keys"][0]["verdict"] == "unknown", "a missing permission says nothing of the key"


def texts(svg: str) -> list[str]:
    return ["".join(each.itertext()) for each in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_the_picture_has_a_box_for_each_and_a_line_for_each_dependence() -> None:
    svg = key_map(whole())["svg"]
    root = ElementTree.fromstring(svg)
    assert {each.tag.removeprefix(SVG) for each in root.iter()} == {"svg", "title", "rect", "text", "g", "path"}
    assert len(list(root.iter(f"{SVG}g"))) == 8 + 3
    assert len(list(root.iter(f"{SVG}path"))) == 6
    height = float(root.attrib["height"])
    for box in root.iter(f"{SVG}rect"):
        assert float(box.get("y", "0")) + float(box.attrib["height"]) <= height
    assert "us-east-1:111122223333 - PendingDeletion - unusable" in texts(svg)


def named(name: str) -> list[dict[str, Any]]:
    files = {"item": name, "sealed_values": [value(f"/{name}/x", OLD)], "kms_keys": [key(OLD, False, name, name)]}
    seal = {"key_arn": NEW, "ready": False, "reason": name, "problems": [{"msg": name}], "state": name}
    return [{"host": name, "seal": seal, "folders": [files, {"item": name, "msg": name}], "snapshots": [{"src": name, "msg": name}]}]


@settings(max_examples=100)
@given(st.text(max_size=60) | st.sampled_from(HOSTILE))
def test_no_name_ends_or_begins_anything(name: str) -> None:
    harmless, hostile = key_map(named("harmless")), key_map(named(name))
    trees = [[each.tag for each in ElementTree.fromstring(items["svg"]).iter()] for items in (harmless, hostile)]
    assert trees[0] == trees[1], "the same elements, whatever the name"
    attributes = {attribute for each in ElementTree.fromstring(hostile["svg"]).iter() for attribute in each.attrib}
    assert not [attribute for attribute in attributes if attribute.startswith("on") or "href" in attribute]
    assert "{" not in hostile["svg"], "nor a template"
    assert len(hostile["table"]) == len(harmless["table"])
    assert all(len(line.splitlines()) <= 1 for line in hostile["table"])
    assert "\x1b" not in "".join(hostile["table"])


def test_a_long_name_is_cut_in_its_middle_and_stands_in_the_title_in_full() -> None:
    name = "/" + "/".join(f"folder{number}" for number in range(30))
    svg = key_map([{"host": "node1", "folders": [{"sealed_values": [value(f"{name}/x", OLD)], "kms_keys": []}]}])["svg"]
    assert any("\u2026" in text and len(text) <= 50 for text in texts(svg))
    assert any(name in "".join(title.itertext()) for title in ElementTree.fromstring(svg).iter(f"{SVG}title"))


def test_escape() -> None:
    assert escape("<a href='x'>&{{\u202e") == "&lt;a href=&#x27;x&#x27;&gt;&amp;&#123;&#123;\ufffd"


def test_what_is_no_result_is_refused_in_words() -> None:
    for given_value in ([{"folders": []}], ["x"], [{"host": "a", "snapshots": [{}]}]):
        with pytest.raises(AnsibleFilterError, match="key_map: the input must be a list of hosts with module results"):
            key_map(given_value)  # type: ignore[arg-type]
