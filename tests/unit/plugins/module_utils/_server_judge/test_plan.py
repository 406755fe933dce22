# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a temporary server that judges is given of the real one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.server import SERVER_SETTINGS_SPEC, ConfiguredServer, read_server
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._server_judge.plan import overrides_of, planned

CONFIG = """
storage "raft" { path = "/opt/data" }
listener "tcp" { address = "0.0.0.0:8200" }
service_registration "consul" { address = "127.0.0.1:8500" }
telemetry { statsite_address = "127.0.0.1:8125" }
api_addr = "https://real:8200"
cluster_addr = "https://real:8201"
plugin_directory = "/opt/plugins"
plugin "kms" "other" { command = "x" sha256sum = "y" }
SEALS
"""
AWSKMS = 'seal "awskms" { kms_key_id = "alias/a" region = "us-east-1" secret_key = "hush-hush-hush" access_key = "AKIA" }'


def server(tmp_path: Path, seals: str = AWSKMS, product: str = "openbao", **environment: str) -> ConfiguredServer:
    path = tmp_path / "server.hcl"
    path.write_text(CONFIG.replace("SEALS", seals), encoding="utf-8")
    params: dict[str, Any] = dict.fromkeys(SERVER_SETTINGS_SPEC)
    return read_server({**params, "product": product, "config": [str(path)], "environment": environment})


def test_nothing_of_the_real_server_but_its_seal_and_plugins(tmp_path: Path) -> None:
    judge = planned(server(tmp_path, BAO_RAFT_PATH="/opt/data", BAO_AWSKMS_SEAL_KEY_ID="x", HTTPS_PROXY="http://proxy:3128"), "/bao", {}, 60.0)
    plan = judge.plan
    assert plan.config == {"storage": {"inmem": {}}}
    assert plan.in_memory == {
        "plugin_directory": "/opt/plugins",
        "plugin": [{"kms": {"other": {"command": "x", "sha256sum": "y"}}}],
        "seal": {"awskms": {"kms_key_id": "alias/a", "region": "us-east-1", "secret_key": "hush-hush-hush", "access_key": "AKIA"}},
    }
    assert "BAO_RAFT_PATH" not in plan.environment
    assert (plan.environment["BAO_AWSKMS_SEAL_KEY_ID"], plan.environment["HTTPS_PROXY"]) == ("x", "http://proxy:3128")
    assert (plan.reachable, plan.working_folder, judge.seal_types) == (None, "/", {"awskms"})
    assert "hush" not in repr(plan)
    assert judge.secrets.blank("a hush-hush-hush b") == "a ******** b"


def test_what_the_task_names_wins(tmp_path: Path) -> None:
    overrides = overrides_of("alias/new", ConnectionOptions(region="eu-west-1"))
    variables = {"VAULT_AWSKMS_SEAL_KEY_ID": "alias/x", "AWSKMS_WRAPPER_KEY_ID": "alias/y", "AWS_REGION": "r", "AWS_PROFILE": "kept"}
    plan = planned(server(tmp_path, **variables), "/bao", overrides, 60.0).plan
    assert plan.in_memory
    assert plan.in_memory["seal"]["awskms"]["kms_key_id"] == "alias/new"
    assert plan.in_memory["seal"]["awskms"]["region"] == "eu-west-1"
    assert set(variables) & set(plan.environment) == {"AWS_PROFILE"}
    by_variable = planned(server(tmp_path, "", BAO_SEAL_TYPE="awskms"), "/bao", overrides, 60.0).plan
    assert by_variable.in_memory
    assert by_variable.in_memory["seal"] == {"awskms": overrides}


def test_a_seal_by_variables_alone(tmp_path: Path) -> None:
    plan = planned(server(tmp_path, "", BAO_SEAL_TYPE="awskms", AWS_REGION="r"), "/bao", {}, 60.0).plan
    assert plan.in_memory
    assert "seal" not in plan.in_memory
    assert plan.environment["BAO_SEAL_TYPE"] == "awskms"


def test_disabled_seals_are_set_up_too(tmp_path: Path) -> None:
    seals = f'seal "transit" {{ address = "http://x" disabled = "true" token = "hush-hush-hush" }}\n{AWSKMS}'
    of_transit = {"VAULT_TRANSIT_SEAL_KEY_NAME": "k", "BAO_ADDR": "http://y", "VAULT_TOKEN": "t", "BAO_CACERT": "/ca.pem"}
    others = {"BAO_API_ADDR": "https://real:8200", "VAULT_RAFT_NODE_ID": "n", "VAULT_GCPCKMS_SEAL_KEY_RING": "r", "VAULT_ADDRESS": "z"}
    judge = planned(server(tmp_path, seals, **of_transit, **others), "/bao", {"kms_key_id": "alias/b"}, 60.0)
    assert judge.plan.in_memory
    transit, awskms = judge.plan.in_memory["seal"]
    assert transit == {"transit": {"address": "http://x", "disabled": "true", "token": "hush-hush-hush"}}
    assert awskms["awskms"]["kms_key_id"] == "alias/b"
    assert judge.seal_types == {"awskms"}
    assert set(judge.plan.environment) & {*of_transit, *others} == set(of_transit)
    assert "hush" not in judge.secrets.blank("hush-hush-hush")


@pytest.mark.parametrize(("kind", "variable"), [
    ("alicloudkms", "VAULT_ALICLOUDKMS_SEAL_KEY_ID"), ("azurekeyvault", "VAULT_AZUREKEYVAULT_KEY_NAME"), ("gcpckms", "VAULT_GCPCKMS_SEAL_CRYPTO_KEY"),
    ("kmip", "BAO_KMIP_ENDPOINT"), ("ocikms", "VAULT_OCIKMS_SEAL_KEY_ID"), ("pkcs11", "BAO_HSM_PIN"), ("pkcs11", "VAULT_HSM_LIB"),
    ("static", "BAO_STATIC_SEAL_CURRENT_KEY"), ("transit", "VAULT_TRANSIT_SEAL_TOKEN"), ("transit", "VAULT_NAMESPACE"),
])
def test_the_variables_of_a_disabled_seal(tmp_path: Path, kind: str, variable: str) -> None:
    seals = f'{AWSKMS}\nseal "{kind}" {{ disabled = "true" }}'
    assert variable in planned(server(tmp_path, seals, **{variable: "x"}), "/bao", {}, 60.0).plan.environment
    assert variable not in planned(server(tmp_path, **{variable: "x"}), "/bao", {}, 60.0).plan.environment


def test_a_disabled_seal_with_a_credential_that_is_not_there_is_no_verdict(tmp_path: Path) -> None:
    seals = f'{AWSKMS}\nseal "static" {{ current_key = "file:///run/credentials/no-such.service/key" disabled = true }}'
    with pytest.raises(SealError) as raised:
        planned(server(tmp_path, seals), "/bao", {}, 60.0)
    assert "current_key of the static seal names a credential of the unit" in raised.value.message


def test_seals_of_several_files_that_one_file_may_not_have(tmp_path: Path) -> None:
    more = tmp_path / "more.hcl"
    params: dict[str, Any] = {**dict.fromkeys(SERVER_SETTINGS_SPEC), "product": "openbao", "config": [str(tmp_path / "server.hcl"), str(more)]}
    server(tmp_path)
    more.write_text('seal "shamir" { disabled = true }\n' * 3, encoding="utf-8")
    plan = planned(read_server(params), "/bao", {}, 60.0).plan
    assert plan.in_memory
    assert list(plan.in_memory["seal"]) == ["awskms"]
    more.write_text('seal "static" { disabled = true }\n' * 3, encoding="utf-8")
    with pytest.raises(SealError) as raised:
        planned(read_server(params), "/bao", {}, 60.0)
    assert raised.value.reason == "judge_failed"


def test_vault_is_given_what_it_needs_for_storage_in_memory(tmp_path: Path) -> None:
    plan = planned(server(tmp_path, product="vault"), "/vault", {}, 60.0).plan
    assert plan.in_memory
    assert plan.in_memory["disable_mlock"] is True
    assert plan.environment["VAULT_DISABLE_SUPPORTED_STORAGE_CHECK"] == "true"


@pytest.mark.parametrize("seconds", [0.0, -1.0, 3601.0, float("nan")])
def test_a_time_that_is_none(tmp_path: Path, seconds: float) -> None:
    with pytest.raises(SealError) as raised:
        planned(server(tmp_path), "/bao", {}, seconds)
    assert raised.value.reason == "invalid_option"


def test_a_credential_of_the_unit_that_is_not_there_is_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(SealError) as raised:
        planned(server(tmp_path, AWS_SHARED_CREDENTIALS_FILE="/run/credentials/no-such.service/aws"), "/bao", {}, 60.0)
    assert "systemd makes only while the service runs" in raised.value.message
