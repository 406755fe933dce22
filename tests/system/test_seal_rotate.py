# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role seal_rotate without servers: rotation of key material, and invalid variables. The scenario rotate tests the rest."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from support.ansible_run import Ansible, Run
from support.server_start import refusing_server
from support.strict_kms import StrictKms

ROLE = "sealwright.vault_seal.seal_rotate"


def rotated(ansible: Ansible, *arguments: str, **variables: Any) -> Run:
    values = {f"seal_rotate_{name}": value for name, value in variables.items()}
    return ansible.playbook([{"hosts": "localhost", "gather_facts": False, "roles": [{"role": ROLE, "vars": values}]}], *arguments)


def messages(run: Run) -> str:
    return " ".join(str(record["result"].get("msg", "")) for record in run.results)


def test_new_material_of_the_same_key(kms: StrictKms, ansible: Ansible) -> None:
    key = kms.new_key(alias="alias/material")
    today = f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
    variables = {"alias": "alias/material", "mode": "on_demand", "rotated_since": today}
    tried = rotated(ansible, "--check", **variables).succeeded()
    assert "would be rotated" in messages(tried)
    assert kms.client().list_key_rotations(KeyId=key)["Rotations"] == []
    first, second = rotated(ansible, **variables).succeeded(), rotated(ansible, **variables).succeeded()
    changes = [[record["result"]["changed"] for record in run.results if "Rotate the key material" in record["task"]] for run in (first, second)]
    assert changes == [[True], [False]]
    assert f"{key} (alias/material) was rotated at " in messages(first)
    assert "Nothing has to be encrypted again, and no server has to be restarted" in messages(second)
    assert [entry["RotationType"] for entry in kms.client().list_key_rotations(KeyId=key)["Rotations"]] == ["ON_DEMAND"]


def test_what_is_refused_before_anything_is_changed(kms: StrictKms, ansible: Ansible) -> None:
    kms.new_key(alias="alias/refused")
    signing = kms.new_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")
    whole = {"alias": "alias/refused", "new_key": kms.new_key(), "address": "http://127.0.0.1:1", "token": "none"}
    cases: list[tuple[dict[str, Any], str]] = [
        ({"alias": "alias/refused", "mode": "on_demand"}, "the following is missing: seal_rotate_rotated_since"),
        ({"alias": "alias/refused"}, "the following is missing: seal_rotate_new_key"),
        ({**whole, "address": ""}, "One of the following is required: seal_rotate_address, vault_config_address."),
        ({**whole, "token": ""}, "the following is missing: seal_rotate_token"),
        ({**whole, "new_key": signing}, f"Nothing was changed. {signing}: The key's usage is SIGN_VERIFY"),
        ({**whole, "alias": "alias/none"}, "Nothing was changed. alias/none: "),
    ]
    kms.clear_calls()
    tasks = [
        {
            "block": [{"ansible.builtin.include_role": {"name": ROLE}, "vars": {f"seal_rotate_{name}": value for name, value in variables.items()}}],
            "rescue": [{"name": f"case {number}", "ansible.builtin.debug": {"msg": "{{ ansible_failed_result.msg }}"}}],
        }
        for number, (variables, dummy) in enumerate(cases)
    ]
    run = ansible.playbook(tasks).succeeded()
    assert [message for number, (dummy, message) in enumerate(cases) if message not in run[f"case {number}"]["msg"]] == [], run.output
    assert {call["operation"] for call in kms.calls()} == {"DescribeKey"}


def test_a_host_whose_server_refuses_keeps_the_alias(kms: StrictKms, ansible: Ansible, tmp_path: Path) -> None:
    """The model of the SDK, which goes by the unit, says ready; the executable that the unit names starts the server in another way."""
    old, new = kms.new_key(alias="alias/judged-rotation"), kms.new_key()
    (tmp_path / "seal.hcl").write_text('seal "awskms" {\n  kms_key_id = "alias/judged-rotation"\n  region = "us-east-1"\n}\n', encoding="utf-8")
    environment = "".join(f"Environment={name}={value}\n" for name, value in kms.environment().items())
    (tmp_path / "openbao.service").write_text(
        f"[Service]\nExecStart={refusing_server(tmp_path)} server -config={tmp_path}/seal.hcl\n{environment}", encoding="utf-8"
    )
    variables = {
        "alias": "alias/judged-rotation", "new_key": new, "address": "http://127.0.0.1:1", "token": "none", "product": "openbao", "unit": "openbao",
        "unit_directories": [str(tmp_path)],
    }
    kms.clear_calls()
    run = rotated(ansible, "-e", "kms_verify_user=", **variables)
    said = " ".join(run.output.split())
    assert (run.code, "The alias was not changed" in said, "OpenBao itself does not start with these settings" in said) == (2, True, True), run.output
    assert kms.client().describe_key(KeyId="alias/judged-rotation")["KeyMetadata"]["Arn"] == old
    assert {call["operation"] for call in kms.calls()} <= {"DescribeKey", "Encrypt", "Decrypt"}
