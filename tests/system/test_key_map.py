# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook key_map: two hosts, a folder with hostile names, a snapshot; the table, and the report as an HTML parser reads it."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from ansible_collections.sealwright.vault_seal.tests.vectors.messages import written

from support.ansible_run import Ansible, host_python
from support.stored_state import StoredState
from support.strict_kms import StrictKms
from support.vault_values import VaultValues

HOSTILE = ["<img src=x onerror=alert(1)>", "{{ 7 * 191 }}", "{% for", "\u202egnp.exe", "a b'c\"d&amp;"]
NOWHERE = {"ansible_remote_tmp": "/proc/none", "kms_verify_pipelining": False}  # no temporary folder can be made there


class Page(HTMLParser):
    """Elements, their attributes and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _value in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def folder(kms: StrictKms, tmp_path: Path) -> tuple[Path, str, str]:
    """A folder of values under two keys, one of which is going to be deleted."""
    used, doomed = kms.new_key(alias="alias/key-map"), kms.new_key()
    sealed = tmp_path / "sealed"
    for number, name in enumerate(HOSTILE):
        (sealed / name).mkdir(parents=True)
        (sealed / name / "x").write_bytes(written(VaultValues(kms.client(), doomed if number == 0 else used).envelope(b"x")))
    (sealed / "no-value").write_text("text")
    (tmp_path / "kept.snap").write_bytes(StoredState(kms.client(), used).snapshot())
    (tmp_path / "broken.snap").write_bytes(StoredState(kms.client(), used).snapshot()[:-100])
    kms.client().schedule_key_deletion(KeyId=doomed, PendingWindowInDays=7)
    return sealed, used, doomed


@pytest.mark.matrix
def test_the_table_and_the_report(kms: StrictKms, folder: tuple[Path, str, str], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    sealed, used, doomed = folder
    # With a short name: ansible-core puts a socket below it, whose path may have 107 characters.
    ansible = Ansible(tmp_path_factory.mktemp("m"), kms.environment())
    common: dict[str, Any] = {"ansible_connection": "local", "ansible_python_interpreter": host_python()}
    snapshots = [str(tmp_path / name) for name in ("kept.snap", "broken.snap", "none.snap")]
    checked_paths = {"key_map_folders": [str(sealed), "/none"], "key_map_snapshots": snapshots}
    hosts = {"node1": {**common, **checked_paths}, "node2": common, "gone": {**common, **NOWHERE}}
    ansible.inventory.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    report = tmp_path / "report.html"
    values = {
        "key_map_hosts": "all", "key_map_recurse": True, "key_map_report": str(report), "key_map_title": "Keys of <us> & them",
        "kms_verify_kms_key_id": "alias/key-map", "key_map_kms_key_id": "alias/key-map",
    }  # fmt: skip
    run = ansible.command(["ansible-playbook", "sealwright.vault_seal.key_map", "-e", json.dumps(values)])
    shown = next(record["result"]["msg"] for record in run.results if record["task"].endswith("Show what depends on which key"))
    lines = [line.strip() for line in shown]
    start = lines.index(next(line for line in lines if line.startswith(doomed)))
    assert lines[start].startswith(f"{doomed}  PendingDeletion  unusable: The key is pending deletion. It will be deleted at ")
    assert f"node1: 1 file in {sealed / HOSTILE[0]}" in lines[start + 1]
    assert lines[start + 1].endswith("CANNOT BE DECRYPTED")
    assert f"{used}  Enabled  usable" in lines
    assert [line.split()[1:] for line in lines if line.startswith("host") and "gone" not in line] == [
        ["node1:", "seal", "ready"], ["node2:", "seal", "ready"],
    ]  # fmt: skip
    assert "not ready: host_" in next(line for line in lines if "gone: seal" in line)
    rows = {name: next(line for line in lines if f"node1: {name} " in f"{line} ") for name in snapshots}
    assert lines.index(rows[snapshots[0]]) > lines.index(f"{used}  Enabled  usable")
    assert "NOT RESTORABLE" not in rows[snapshots[0]]
    assert "NOT RESTORABLE" in rows[snapshots[1]]
    assert "No such file or directory" in rows[snapshots[2]]
    assert any("{{ 7 * 191 }}" in line for line in lines), "no name is taken for a template"
    assert "1337" not in "\n".join(lines)
    assert any("not a sealed value, or damaged" in line for line in lines)
    assert any("The directory /none cannot be read" in line for line in lines)

    content = report.read_text(encoding="utf-8")
    page = Page(content)
    assert page.elements == {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "code", "bdi", "table", "tr", "th", "td", "svg", "rect", "text", "g", "path",
    }  # fmt: skip
    assert not {name for name in page.attributes if name.startswith("on") or name in ("src", "href", "xlink:href")}
    assert "Keys of <us> & them" in page.text
    assert all(name in page.text for name in HOSTILE)
    assert "1337" not in content
    assert "http" not in content.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", ""), "it refers to nothing"
    picture = content[content.index("<svg") : content.rindex("</svg>") + len("</svg>")]
    ElementTree.fromstring(picture)
