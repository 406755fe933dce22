# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret is in any output, log, left-over file or command line, in success and in failure, at -vvvv, with and without --diff."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from support.ansible_run import Ansible
from support.credential_endpoints import temporary_credentials
from support.secrets_found import command_lines, places_with
from support.strict_kms import StrictKms

WRAP, UNWRAP = "sealwright.vault_seal.awskms_seal_wrap", "sealwright.vault_seal.awskms_seal_unwrap"
ALIAS = "alias/secrets"
FULL_RIGHTS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
# Each has a mark that nothing else has.
TEXT = "correct-horse-7f3a"
BYTES = b"\x00battery-staple-91c4\xff"
MANY = "staple-of-many-5d20"
IN_FILE = "horse-in-a-file-c8e1"
OLD_FILE = "what-was-there-before-44aa"


@pytest.fixture(scope="module")
def temporary(kms: StrictKms) -> dict[str, str]:
    kms.new_key(alias=ALIAS)
    return temporary_credentials(kms, kms.principal(FULL_RIGHTS, role=True))


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a short name: ansible-core puts a socket below it, whose path may have 107 characters."""
    return tmp_path_factory.mktemp("s")


@pytest.mark.matrix
@pytest.mark.parametrize("diff", [[], ["--diff"]], ids=["plain", "diff"])
def test_no_secret_anywhere(kms: StrictKms, temporary: dict[str, str], folder: Path, diff: list[str]) -> None:
    ansible = Ansible(folder, kms.environment())
    (folder / "source").write_text(IN_FILE, encoding="utf-8")
    (folder / "opened").write_text(OLD_FILE, encoding="utf-8")
    # Secrets come from a file of variables, as users keep them; the file is the one place where they may be.
    secrets = {"text": TEXT, "bytes": base64.b64encode(BYTES).decode(), "many": MANY, **temporary}
    (folder / "secrets.yml").write_text("".join(f"s_{name}: {value!r}\n" for name, value in secrets.items()), encoding="utf-8")
    given = {name: "{{ s_" + name + " }}" for name in temporary}
    lookup = "lookup('" + UNWRAP + "', one.blob, access_key=s_access_key, secret_key=s_secret_key, session_token=s_session_token"
    tasks: list[dict[str, Any]] = [
        {"name": "seal", WRAP: {"kms_key_id": ALIAS, "plaintext": "{{ s_text }}", **given}, "register": "one"},
        {"name": "seal bytes", WRAP: {"kms_key_id": ALIAS, "plaintext_base64": "{{ s_bytes }}"}, "register": "raw"},
        {"name": "seal many", WRAP: {"kms_key_id": ALIAS, "values": {"a": "{{ s_many }}", "b": "{{ s_text }}"}}, "register": "both"},
        {"name": "seal a file", WRAP: {"kms_key_id": ALIAS, "src": str(folder / "source"), "dest": str(folder / "sealed")}},
        {"name": "open", UNWRAP: {"blob": "{{ one.blob }}", **given}, "register": "opened"},
        {"name": "open bytes", UNWRAP: {"blob": "{{ raw.blob }}"}},
        {"name": "open many", UNWRAP: {"blobs": "{{ both.blobs }}"}},
        {"name": "open in a loop", UNWRAP: {"blob": "{{ item }}"}, "loop": ["{{ one.blob }}", "{{ both.blobs.a }}"]},
        {"name": "open into a file", UNWRAP: {"src": str(folder / "sealed"), "dest": str(folder / "opened")}},
        {"name": "compare", "ansible.builtin.assert": {"that": ["opened.plaintext == s_text", lookup + ") == s_text"]}},
    ]
    failing: list[dict[str, Any]] = [
        {"name": "no such key", WRAP: {"kms_key_id": "alias/none", "plaintext": "{{ s_text }}", **given}},
        {"name": "two sources", WRAP: {"kms_key_id": ALIAS, "plaintext": "{{ s_text }}", "plaintext_base64": "{{ s_bytes }}"}},
        {"name": "no such option", WRAP: {"kms_key_id": ALIAS, "plaintext": "{{ s_text }}", "colour": "red"}},
        {"name": "not text", WRAP: {"kms_key_id": ALIAS, "values": {"a": ["{{ s_text }}"]}}},
        {"name": "no folder", WRAP: {"kms_key_id": ALIAS, "plaintext": "{{ s_text }}", "dest": str(folder / "none" / "file")}},
        {"name": "wrong secret key", WRAP: {
            "kms_key_id": ALIAS, "plaintext": "{{ s_text }}", "access_key": kms.admin.access_key, "secret_key": "{{ s_secret_key }}"}},
        {"name": "wrong aad", UNWRAP: {"blob": "{{ one.blob }}", "aad": "x", **given}},
        {"name": "not sealed", UNWRAP: {"blob": "{{ s_bytes }}"}},
        {"name": "wrong aad by lookup", "ansible.builtin.debug": {"msg": "{{ " + lookup + ", aad='x') }}"}},
    ]
    tasks += [{**task, "ignore_errors": True} for task in failing]
    with command_lines() as lines:
        run = ansible.playbook(
            tasks, "-vvvv", *diff, vars_files=[str(folder / "secrets.yml")], env={"ANSIBLE_LOG_PATH": str(folder / "log")}
        ).succeeded()
    outcomes = {record["task"]: record["outcome"] for record in run.results}
    assert {name for name, outcome in outcomes.items() if outcome == "failed"} == {task["name"] for task in failing}
    hidden = [TEXT, MANY, IN_FILE, OLD_FILE, temporary["secret_key"], temporary["session_token"], "battery-staple-91c4", secrets["bytes"]]
    hidden += [base64.b64encode(text.encode()).decode().rstrip("=") for text in (TEXT, MANY, IN_FILE)]
    assert (folder / "log").exists()
    printed = {"output": run.output.encode(), "command lines": b"\n".join(lines)}
    assert places_with(hidden, printed, folder, apart=("secrets.yml", "source", "opened")) == []
    assert (folder / "opened").read_text(encoding="utf-8") == IN_FILE
    assert [path.name for path in folder.rglob(".*") if path.is_file() and path.name.startswith((".sealed", ".opened"))] == []


@pytest.mark.matrix
def test_only_reveal_shows_what_was_opened(kms: StrictKms, temporary: dict[str, str], folder: Path) -> None:
    ansible = Ansible(folder, kms.environment())
    sealed = ansible.playbook([{"name": "seal", WRAP: {"kms_key_id": ALIAS, "plaintext": TEXT}, "no_log": False}]).succeeded()
    blob = sealed["seal"]["blob"]
    assert TEXT not in ansible.ad_hoc(UNWRAP, f"blob={blob}", "-vvvv").succeeded().output
    assert TEXT in ansible.ad_hoc(UNWRAP, f"blob={blob} reveal=true").succeeded().output
