# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module awskms_seal_info, run by Ansible over values that protobuf's runtime wrote."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.tests.vectors.messages import written

from support.ansible_run import Ansible, Task
from support.strict_kms import StrictKms
from support.vault_values import VaultValues, as_text, azure_slot, several

INFO = "sealwright.vault_seal.awskms_seal_info"
SECRET = "a-plaintext-that-nobody-is-to-see-8b1d"
QUICK = {"ANSIBLE_PIPELINING": "1"}


class Bench:
    """Values in every form, in a folder and as blobs."""

    def __init__(self, kms: StrictKms, folder: Path) -> None:
        self.kms = kms
        self.folder = folder
        self.key = kms.new_key(alias="alias/seal-info")
        self.other = kms.new_key()
        client = kms.client()
        self.vault, self.vault_of_other = VaultValues(client, self.key), VaultValues(client, self.other)
        (folder / "below").mkdir()
        message = self.vault.envelope(SECRET.encode())
        message.key_info.MergeFromString(b"\x62\x01x")  # field 12, of no definition
        self.write("a.sealed", written(message))
        self.write("b.sealed", as_text(self.vault_of_other.envelope(SECRET.encode())).encode())
        self.write("below/c.sealed", several(azure_slot(), self.vault_of_other.envelope(SECRET.encode()), self.vault.envelope(SECRET.encode())))
        self.write("d.sealed", as_text(self.vault.envelope(SECRET.encode())).encode()[:-40])
        self.write("README", b"not meant")

    def write(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def whole(self, **options: Any) -> dict[str, Any]:
        return {"folder": str(self.folder), "patterns": ["*.sealed"], "recurse": True, **options}


@pytest.fixture(scope="module")
def bench(kms: StrictKms, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(kms, tmp_path_factory.mktemp("files"))


def task(name: str, **options: Any) -> Task:
    return {"name": name, INFO: options}


def of(result: dict[str, Any], field: str) -> list[Any]:
    return [entry.get(field) for entry in result["sealed_values"]]


def test_facts_need_neither_kms_nor_credentials(bench: Bench, ansible: Ansible) -> None:
    run = ansible.playbook(
        [task("facts", **bench.whole(kms_key_id=bench.key)), task("blob", blob=as_text(bench.vault.direct(b"x"))), task("none", blobs={})],
        env=dict.fromkeys(bench.kms.environment(), ""),
    ).succeeded()
    facts = run["facts"]
    assert facts["connection"] == {}
    assert not facts["changed"]
    assert of(facts, "name") == [bench.path(name) for name in ("a.sealed", "b.sealed", "below/c.sealed", "d.sealed")]
    assert of(facts, "readable") == [True, True, True, False]
    assert of(facts, "format") == ["binary", "base64", "binary", None]
    assert of(facts, "form") == ["bare", "bare", "multi_wrap", None]
    assert of(facts, "key_arns") == [[bench.key], [bench.other], [bench.other, bench.key], []]
    assert of(facts, "status") == ["current", "stale", "stale", "unknown"]
    assert of(facts, "why") == [
        None,
        f"The value is sealed under {bench.other}, not under {bench.key}.",
        f"Slot 1 is sealed under {bench.other}, not under {bench.key}.",
        "The value cannot be read.",
    ]
    assert facts["sealed_values"][3]["reason"] == "malformed_blob"
    assert facts["sealed_values"][3]["msg"].startswith(f"The file {bench.path('d.sealed')}: This is not a sealed value: field ")
    first = facts["sealed_values"][0]
    assert first["size"] == (bench.folder / "a.sealed").stat().st_size
    assert first["slots"] == [
        {
            "slot": 0, "layout": "envelope", "mechanism": 1, "key_id": bench.key, "awskms": True, "ciphertext_size": len(SECRET) + 16,
            "wrapped_key_size": first["slots"][0]["wrapped_key_size"], "value_size": len(SECRET), "unknown_fields": ["5.12"],
        }
    ]  # fmt: skip
    assert [slot["awskms"] for slot in facts["sealed_values"][2]["slots"]] == [False, True, True]
    assert facts["sealed_values"][2]["generation"] == 1
    names = of(facts, "name")
    region = {"account": "123456789012", "region": "us-east-1", "partition": "aws", "multi_region": False, "problems": [], "warnings": []}
    region.update(dict.fromkeys(("usable_for_seal", "state", "enabled", "deletion_date", "valid_to")))
    assert facts["kms_keys"] == [
        {"arn": bench.key, "key_id": bench.key.rsplit("/", 1)[-1], **region, "used_by": [names[0], names[2]]},
        {"arn": bench.other, "key_id": bench.other.rsplit("/", 1)[-1], **region, "used_by": [names[1], names[2]]},
    ]
    (blob,) = run["blob"]["sealed_values"]
    assert (blob["name"], blob["form"], blob["slots"][0]["layout"], blob["slots"][0]["value_size"]) == ("blob", "bare", "direct", None)
    assert "status" not in blob
    assert (run["none"]["sealed_values"], run["none"]["kms_keys"]) == ([], [])


def test_each_key_is_asked_about_once(bench: Bench, ansible: Ansible) -> None:
    gone = bench.kms.new_key()
    blobs = {"gone": as_text(VaultValues(bench.kms.client(), gone).envelope(b"x")), "silent": as_text(bench.vault.direct(b"x", key_info=False))}
    bench.kms.client().schedule_key_deletion(KeyId=gone, PendingWindowInDays=7)
    few = bench.kms.environment(bench.kms.principal({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "kms:DescribeKey", "Resource": bench.key}]}))
    bench.kms.clear_calls()
    run = ansible.playbook([
        task("keys", **bench.whole(check="key", kms_key_id="alias/seal-info")),
        task("gone", blobs=blobs, check="key"),
        {**task("denied", src=[bench.path("a.sealed"), bench.path("b.sealed")], check="key"), "environment": few},
    ]).succeeded()
    journal = bench.kms.calls()
    assert run.calls("keys", journal) == ["DescribeKey"] * 3, "the alias, and two keys"
    assert of(run["keys"], "openable") == [True, True, True, None]
    assert [key["state"] for key in run["keys"]["kms_keys"]] == ["Enabled", "Enabled"]
    assert run["keys"]["sealed_values"][1]["why"] == f"The value is sealed under {bench.other}, not under alias/seal-info ({bench.key})."
    assert of(run["gone"], "openable") == [False, None]
    assert run["gone"]["kms_keys"][0]["problems"][0]["reason"] == "key_pending_deletion"
    assert run["gone"]["kms_keys"][0]["deletion_date"]
    assert of(run["denied"], "openable") == [True, None]
    assert run["denied"]["kms_keys"][1]["problems"][0]["reason"] == "access_denied"
    assert [key["usable_for_seal"] for key in run["denied"]["kms_keys"]] == [True, None]


@pytest.mark.matrix
def test_opening_tells_only_that_it_could(bench: Bench, ansible: Ansible) -> None:
    bound = as_text(bench.vault.envelope(SECRET.encode(), b"bound"))
    bench.kms.clear_calls()
    run = ansible.playbook([
        task("open", **bench.whole(check="open")),
        task("bound", blobs={"bound": bound, "again": bound, "free": as_text(bench.vault.envelope(b"x"))}, check="open", aad="bound"),
        task("trusted", **bench.whole(check="open", allowed_key_ids=["alias/seal-info"])),
    ], "-vvv").succeeded()
    journal = bench.kms.calls()
    assert of(run["open"], "opens") == [True, True, True, None]
    assert of(run["open"], "opened_by") == [bench.key, bench.other, bench.other, None]
    assert of(run["open"], "slot") == [0, 0, 1, None]
    assert run.calls("open", journal) == ["Decrypt"] * 3
    assert of(run["bound"], "opens") == [True, True, False]
    assert run["bound"]["sealed_values"][2]["reason"] == "not_authentic"
    assert run["bound"]["sealed_values"][2]["msg"].startswith("blobs.free: KMS decrypted the data key, but the value is not authentic")
    assert run.calls("bound", journal) == ["Decrypt"] * 2, "a wrapped key that occurs twice is opened once"
    assert of(run["trusted"], "opens") == [True, False, True, None]
    assert of(run["trusted"], "reason") == [None, "wrong_key", None, "malformed_blob"]
    assert of(run["trusted"], "slot") == [0, None, 2, None]
    for hidden in (SECRET, base64.b64encode(SECRET.encode()).decode().rstrip("=")):
        assert hidden not in run.output


def test_messages_for_invalid_input(bench: Bench, ansible: Ansible) -> None:
    given: dict[str, tuple[dict[str, Any], str, str]] = {
        "nothing": ({}, "invalid_option", "one of the following is required: blob, blobs, src, folder. Set one of them."),
        "two": ({"blob": "x", "src": ["/x"]}, "invalid_option", "parameters are mutually exclusive: blob|src. Set one of them."),
        "no blob": ({"blob": "%"}, "malformed_blob", "Option blob: This is not a sealed value: it is plain text. Seal the plaintext with "
                    "sealwright.vault_seal.awskms_seal_wrap. The playbook sealwright.vault_seal.edit creates a new sealed file."),
        "no text": ({"blobs": {"a": 5}}, "invalid_option", "blobs.a must be a string, not int. Use the base64-encoded sealed value."),
        "no file": ({"src": "/none"}, "file_error", "The file /none cannot be read: No such file or directory. Check the path and its permissions on the "
                    "host where the task runs."),
        "no folder": ({"folder": "/none"}, "file_error", "The directory /none cannot be read: No such file or directory. Check the path and its permissions on "
                      "the host where the task runs."),
        "size": ({"src": "/none", "max_size": 5}, "invalid_option", "Option max_size is 5, which is out of range. Use a value "
                                                                    "from 32768 to 1073741824 bytes."),
        "alias": ({"src": bench.path("a.sealed"), "kms_key_id": "alias/"}, "malformed_key_id", "The key from option kms_key_id is invalid: 'alias/' is "
                  "not a valid KMS key reference. Use a key ID (1234abcd-12ab-34cd-56ef-1234567890ab or mrk-...), a key ARN "
                  "(arn:aws:kms:REGION:ACCOUNT:key/KEY-ID), an alias (alias/NAME) or an alias ARN (arn:aws:kms:REGION:ACCOUNT:alias/NAME)."),
        "credentials": ({"src": bench.path("a.sealed"), "check": "open", "access_key": "AKIAABSENT", "secret_key": "of-nobody-at-all"},
                        "invalid_credentials", ""),
    }  # fmt: skip
    run = ansible.playbook([{**task(name, **options), "ignore_errors": True} for name, (options, _reason, _message) in given.items()], env=QUICK).succeeded()
    assert "Traceback" not in run.output
    for name, (_options, reason, message) in given.items():
        assert run[name]["failed"]
        assert run[name]["reason"] == reason
        assert run[name]["msg"] == message or (not message and "AWS rejected Decrypt" in run[name]["msg"])
