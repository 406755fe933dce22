# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules that change a server or KMS, run twice at once: both succeed, and the change happens once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from support.module_run import start_module
from support.openbao import OpenBao
from support.slack import scaled
from support.strict_kms import StrictKms
from support.vault_values import VaultValues, as_text

TURNS = 3


def twice(module: str, options: Mapping[str, Any], folder: Path, environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """The results of two runs at once, which both succeed."""
    processes = []
    for number in range(2):
        home = folder / f"home{number}"
        home.mkdir(exist_ok=True)
        processes.append(start_module(module, options, home, environment))
    results = [json.loads(process.communicate(timeout=scaled(120))[0]) for process in processes]
    assert [result.get("failed") for result in results] == [None, None], results
    return results


@pytest.mark.fault(operation="awskms_alias", fault="two runs at once", outcome="Both succeed, and the alias points to the new key.")
def test_two_runs_of_alias(kms: StrictKms, tmp_path: Path) -> None:
    old, new, aws = kms.new_key(alias="alias/twice"), kms.new_key(), kms.client()
    for _turn in range(TURNS):
        twice("awskms_alias", {"alias": "alias/twice", "kms_key_id": new, "expected_key_id": old}, tmp_path, kms.environment())
        assert aws.describe_key(KeyId="alias/twice")["KeyMetadata"]["Arn"] == new
        aws.update_alias(AliasName="alias/twice", TargetKeyId=old)


@pytest.mark.fault(
    operation="awskms_key_rotation",
    fault="two runs at once",
    outcome="Both succeed, and the key is rotated once: KMS refuses a second request while a rotation is in progress.",
)
def test_two_runs_of_rotation(kms: StrictKms, tmp_path: Path) -> None:
    kms.set_rotation_time(4)
    try:
        for _turn in range(TURNS - 1):
            key = kms.new_key()
            twice("awskms_key_rotation", {"kms_key_id": key, "rotated_since": "2020-01-01"}, tmp_path, kms.environment())
            assert len(kms.client().list_key_rotations(KeyId=key)["Rotations"]) == 1
    finally:
        kms.set_rotation_time(0)


@pytest.mark.fault(
    operation="vault_token_revoke",
    fault="two runs at once",
    outcome="With `cluster_id` both succeed. The token is revoked and its file removed.",
)
def test_two_runs_of_token_revoke(kms: StrictKms, tmp_path: Path) -> None:
    values, src = VaultValues(kms.client(), kms.new_key()), tmp_path / "token.sealed"
    with OpenBao(tmp_path / "bao", kms.environment(), {"kms_key_id": kms.new_key(), "region": "us-east-1"}) as bao:
        root = bao.initialise()
        status = bao.seal_status()
        assert status
        options = {"server_address": bao.url, "src": str(src), "cluster_id": status["cluster_id"]}
        for _turn in range(TURNS):
            bao.token = root
            token = bao.call("POST", "auth/token/create", {"policies": ["root"]}).json()["auth"]["client_token"]
            src.write_text(as_text(values.envelope(token.encode())) + "\n", encoding="ascii")
            twice("vault_token_revoke", options, tmp_path, kms.environment())
            bao.token = token
            assert (src.exists(), bao.call("GET", "auth/token/lookup-self").status) == (False, 403)


@pytest.mark.fault(operation="vault_unseal", fault="two runs at once", outcome="Both succeed, and the server is unsealed.")
def test_two_runs_of_unseal(tmp_path: Path) -> None:
    with OpenBao(tmp_path / "bao", {}, None) as bao:
        answer = bao.call("PUT", "sys/init", {"secret_shares": 5, "secret_threshold": 3}).json()
        for _turn in range(TURNS):
            results = twice("vault_unseal", {"server_address": bao.url, "shares": answer["keys_base64"][:3]}, tmp_path, {})
            assert [result["active"] for result in results] == [True, True]
            bao.token = answer["root_token"]
            assert bao.call("PUT", "sys/seal").status == 204
            bao.token = ""
