# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Blanking of secrets ruins no result: sealed values, ARNs, regions and paths stay, also where a value to seal is equal to a part of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.module_run import start_module
from support.slack import scaled
from support.strict_kms import StrictKms

ALIAS = "alias/blanked"


@pytest.fixture(scope="module")
def key(kms: StrictKms) -> str:
    return kms.new_key(alias=ALIAS)


def run(name: str, folder: Path, environment: dict[str, str], **options: Any) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(start_module(name, options, folder, environment).communicate(timeout=scaled(120))[0])
    return result


@pytest.mark.parametrize("plaintext", ["a", "us-east-1", "arn:aws:kms:us-east-1", "1"])
def test_what_is_sealed_ruins_nothing(plaintext: str, kms: StrictKms, key: str, tmp_path: Path) -> None:
    environment = kms.environment()
    sealed = run("awskms_seal_wrap", tmp_path, environment, kms_key_id=ALIAS, plaintext=plaintext, region="us-east-1", aad="us-east-1")
    assert "********" not in json.dumps(sealed)
    assert (sealed["key_id"], sealed["connection"]["region"]["value"]) == (key, "us-east-1")
    opened = run("awskms_seal_unwrap", tmp_path, environment, blob=sealed["blob"], aad="us-east-1")
    assert (opened["plaintext"], opened["key_id"], opened["form"]) == (plaintext, key, sealed.get("form", opened["form"]))
    assert "********" not in json.dumps(opened)


def test_a_value_from_a_file_is_in_no_message(kms: StrictKms, key: str, tmp_path: Path) -> None:
    """A folder of its name cannot be written into."""
    secret = "correct-horse-battery"
    (tmp_path / "source").write_text(secret + "\n", encoding="utf-8")
    answer = run("awskms_seal_wrap", tmp_path, kms.environment(), kms_key_id=ALIAS, src=str(tmp_path / "source"), dest=f"/proc/{secret}/x")
    assert answer["failed"]
    assert secret not in answer["msg"]
    assert answer["reason"] == "file_error"


def test_a_login_in_a_url_is_shown_nowhere(kms: StrictKms, key: str, tmp_path: Path) -> None:
    for option in ("endpoint", "sts_endpoint", "proxy"):
        answer = run("awskms_seal_wrap", tmp_path, kms.environment(), kms_key_id=ALIAS, plaintext="x", **{option: "http://me:hush@127.0.0.1:9"})
        assert answer["failed"]
        assert "hush" not in json.dumps(answer)
