# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A relay in front of AWS KMS returns false answers in KMS's format: nothing is changed, and the next run with the true KMS succeeds."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.lying_kms import Lie, LyingKms
from support.module_run import start_module
from support.odd_initialisation import OddInitialisation
from support.recovery import Holder
from support.slack import scaled
from support.strict_kms import StrictKms
from support.vault_values import VaultValues, as_text

OLD, NEW = b"the old value, which must not be lost", b"the new value, which nobody else may read"
OTHER_KEY = "arn:aws:kms:us-east-1:444455556666:key/0987dcba-09fe-87dc-65ba-ab0987654321"
REFUSED = ("wrong_endpoint", "wrong_key", "not_authentic", "malformed_blob")


def with_value(name: str, value: Any) -> Lie:
    return lambda answer: {**answer, name: value}


def without(name: str) -> Lie:
    return lambda answer: {key: value for key, value in answer.items() if key != name}


def of_metadata(**values: Any) -> Lie:
    return lambda answer: {"KeyMetadata": {**answer["KeyMetadata"], **values}}


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


ENCRYPT: dict[str, Lie] = {
    "another key": with_value("KeyId", OTHER_KEY), "no key": without("KeyId"), "an empty ciphertext": with_value("CiphertextBlob", ""),
    "no ciphertext": without("CiphertextBlob"), "nothing": lambda _answer: {}, "a list": lambda _answer: [],
}
DECRYPT: dict[str, Lie] = {
    "another key": with_value("KeyId", OTHER_KEY), "no key": without("KeyId"), "another data key": with_value("Plaintext", encoded(b"k" * 32)),
    "a short data key": with_value("Plaintext", encoded(b"k" * 16)), "no plaintext": without("Plaintext"), "nothing": lambda _answer: {},
}
RE_ENCRYPT: dict[str, Lie] = {
    **ENCRYPT, "another source": with_value("SourceKeyId", OTHER_KEY), "another ciphertext": with_value("CiphertextBlob", encoded(b"c" * 180)),
}
DESCRIBE: dict[str, Lie] = {"another key": of_metadata(Arn=OTHER_KEY, KeyId=OTHER_KEY.rpartition("/")[2]), "nothing": lambda _answer: {}}


@pytest.fixture(scope="module")
def lying(kms: StrictKms) -> Iterator[LyingKms]:
    with LyingKms(kms) as relay:
        yield relay


class Case:
    def __init__(self, module: str, options: dict[str, Any], folder: Path, lying: LyingKms) -> None:
        self._module, self._options, self._folder, self._lying = module, options, folder, lying

    def run(self, lies: dict[str, Lie]) -> dict[str, Any]:
        self._lying.lies, self._lying.lied = lies, []
        output = start_module(self._module, self._options, self._folder, self._lying.environment()).communicate(timeout=scaled(120))[0].decode()
        self._lying.lies = {}
        assert "Traceback" not in output
        assert not any(secret.decode() in output for secret in (OLD, NEW))
        result: dict[str, Any] = json.loads(output)
        return result

    def refused(self, lies: dict[str, Lie]) -> None:
        result = self.run(lies)
        assert self._lying.lied, "nothing was altered"
        assert (result.get("failed"), result.get("reason") in REFUSED) == (True, True), result


@pytest.mark.fault(
    operation="awskms_seal_wrap, awskms_seal_unwrap, awskms_seal_rewrap",
    fault="KMS returns false answers: another key, or a missing or altered ciphertext or data key",
    outcome="`wrong_endpoint`, `wrong_key` or `not_authentic`. The file keeps its old contents, and nothing is left beside it. The next run succeeds.",
)
@pytest.mark.parametrize("module", ["awskms_seal_wrap", "awskms_seal_unwrap", "awskms_seal_rewrap"])
def test_false_kms_answers_change_no_file(module: str, kms: StrictKms, lying: LyingKms, tmp_path: Path) -> None:
    key, other = kms.new_key(), kms.new_key()
    vault = VaultValues(kms.client(), key)
    folder = tmp_path / "folder"
    folder.mkdir()
    file = folder / "file"
    before = OLD if module == "awskms_seal_unwrap" else as_text(vault.envelope(OLD)).encode() + b"\n"
    options = {
        "awskms_seal_wrap": {"plaintext": NEW.decode(), "kms_key_id": key, "dest": str(file)},
        "awskms_seal_unwrap": {"blob": as_text(vault.envelope(NEW)), "dest": str(file)},
        "awskms_seal_rewrap": {"src": [str(file)], "kms_key_id": other},
    }[module]
    case = Case(module, options, tmp_path, lying)
    operation, lies = {
        "awskms_seal_wrap": ("Encrypt", ENCRYPT), "awskms_seal_unwrap": ("Decrypt", DECRYPT), "awskms_seal_rewrap": ("ReEncrypt", RE_ENCRYPT),
    }[module]
    file.write_bytes(before)
    for lie in lies.values():
        case.refused({operation: lie})
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"file": before}
    assert case.run({})["changed"] is True
    content = file.read_bytes()
    assert content == NEW if module == "awskms_seal_unwrap" else vault.opened(content.decode()) == (NEW if module == "awskms_seal_wrap" else OLD)


@pytest.mark.fault(
    operation="awskms_alias, awskms_key_rotation",
    fault="KMS returns false answers: it describes a key other than the requested one",
    outcome="`wrong_key` or `wrong_endpoint`. The alias points to its old key, and no key is rotated. The next run succeeds.",
)
def test_false_kms_answers_change_no_key(kms: StrictKms, lying: LyingKms, tmp_path: Path) -> None:
    old, new, aws = kms.new_key(alias="alias/lied"), kms.new_key(), kms.client()
    alias = Case("awskms_alias", {"alias": "alias/lied", "kms_key_id": new}, tmp_path, lying)
    rotation = Case("awskms_key_rotation", {"kms_key_id": new, "rotated_since": "2020-01-01"}, tmp_path, lying)
    for lie in DESCRIBE.values():
        alias.refused({"DescribeKey": lie})
        rotation.refused({"DescribeKey": lie})
    assert aws.describe_key(KeyId="alias/lied")["KeyMetadata"]["Arn"] == old
    assert aws.list_key_rotations(KeyId=new)["Rotations"] == []
    assert (alias.run({})["changed"], rotation.run({})["changed"]) == (True, True)


@pytest.mark.fault(
    operation="vault_init",
    fault="KMS returns false answers: another key, or a missing or altered data key",
    outcome="`wrong_endpoint`, `wrong_key` or `not_authentic` before the initialisation request is sent. No file is left.",
)
def test_false_kms_answers_initialise_no_server(kms: StrictKms, lying: LyingKms, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    with OddInitialisation(b"{}") as server:
        options = {
            "server_address": server.url, "recovery_pgp_keys": [Holder("ada").public], "recovery_threshold": 1, "dest": str(folder / "shares.json"),
            "root_token_dest": str(folder / "token.sealed"), "kms_key_id": kms.new_key(),
        }
        case = Case("vault_init", options, tmp_path, lying)
        for lies in [*({"Encrypt": lie} for lie in ENCRYPT.values()), *({"Decrypt": lie} for lie in DECRYPT.values())]:
            case.refused(lies)
        assert (server.requests, list(folder.iterdir())) == ([], [])


@pytest.mark.fault(
    operation="vault_token_revoke",
    fault="KMS returns false answers: another key, or a missing or altered data key",
    outcome="`wrong_endpoint`, `wrong_key` or `not_authentic`. The token is not sent to the server, and the file is kept.",
)
def test_false_kms_answers_keep_the_sealed_token(kms: StrictKms, lying: LyingKms, tmp_path: Path) -> None:
    src = tmp_path / "token.sealed"
    src.write_text(as_text(VaultValues(kms.client(), kms.new_key()).envelope(b"s.SomeRootToken0123")), encoding="ascii")
    case = Case("vault_token_revoke", {"server_address": "http://127.0.0.1:9", "src": str(src)}, tmp_path, lying)
    before = src.read_bytes()
    for lie in DECRYPT.values():
        case.refused({"Decrypt": lie})
        assert src.read_bytes() == before
