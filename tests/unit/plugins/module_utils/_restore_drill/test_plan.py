# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a restore drill whose seal is given by the option seal, with and without a configuration of the server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._restore_drill.plan import Drill, planned
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError

SEAL = {"kms_key_id": "alias/a", "region": "us-east-1"}
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE00", "AWS_SECRET_ACCESS_KEY": "hush"}
OPTIONS: dict[str, Any] = {
    **dict.fromkeys(("version", "config", "unit", "unit_directories", "environment_files", "environment", "candidates", "service_user")),
    "product": "openbao", "seal": None, "executable": "/bin/true", "network": "host", "timeout": 60.0, "force": False, "temporary_directory": None,
}


def plan(folder: Path, **options: Any) -> Drill:
    snapshot = folder / "snapshot"
    snapshot.write_bytes(b"x")
    return planned({**OPTIONS, "src": str(snapshot), "temporary_directory": str(folder), "environment": KEYS, **options})


def test_the_option_seal_needs_no_configuration(tmp_path: Path) -> None:
    drill = plan(tmp_path, seal={**SEAL, "access_key": "AKIAEXAMPLEEXAMPLE01", "secret_key": "hush-hush"})
    assert drill.facts()["seal"] == {
        "kms_key_id": {"value": "alias/a", "source": "stanza (option seal)", "set": True},
        "region": {"value": "us-east-1", "source": "stanza (option seal)", "set": True},
    }
    stanza = drill.plan.config["seal"]["awskms"]
    assert stanza["kms_key_id"] == "alias/a"
    assert stanza["secret_key"].startswith("env://")  # no secret is written to a file
    assert "hush-hush" in drill.plan.environment.values()
    with pytest.raises(SettingError) as refused:
        plan(tmp_path)
    assert refused.value.reason in ("no_config", "no_seal")


def test_a_configuration_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    empty = tmp_path / "etc"
    empty.mkdir()
    with pytest.raises(SettingError) as refused:
        plan(tmp_path, seal=SEAL, config=[str(empty)])
    assert refused.value.reason == "no_config"
    (empty / "server.hcl").write_text('seal "awskms" {\n  kms_key_id = "alias/of-the-file"\n}\n', encoding="utf-8")
    assert plan(tmp_path, seal=SEAL, config=[str(empty)]).facts()["seal"]["kms_key_id"]["value"] == "alias/a"


def test_a_unit_without_a_configuration(tmp_path: Path) -> None:
    """The seal is the option's; what the unit gives beside it stays, such as its environment."""
    (tmp_path / "bao.service").write_text("[Service]\nEnvironment=AWS_KMS_ENDPOINT=http://127.0.0.1:9\nExecStart=/bin/true server\n", encoding="utf-8")
    drill = plan(tmp_path, seal=SEAL, unit="bao", unit_directories=[str(tmp_path)])
    assert drill.facts()["seal"]["endpoint"]["value"] == "http://127.0.0.1:9"


def test_a_seal_that_the_product_does_not_take(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="seal has regoin, which OpenBao 2.6.2 does not support"):
        plan(tmp_path, seal={**SEAL, "regoin": "x"})
    with pytest.raises(SettingError) as refused:
        plan(tmp_path, seal={"region": "us-east-1"})
    assert refused.value.reason == "no_key"
