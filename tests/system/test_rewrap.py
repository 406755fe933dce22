# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module awskms_seal_rewrap, run by Ansible against the strict KMS; a judge without the collection's code opens what it moved."""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.tests.vectors.messages import HASHICORP, written

from support.ansible_run import Ansible, Run, Task
from support.strict_kms import StrictKms
from support.vault_values import VaultValues, as_text, azure_slot, several

REWRAP = "sealwright.vault_seal.awskms_seal_rewrap"
ALIAS = "alias/rewrap"
QUICK = {"ANSIBLE_PIPELINING": "1"}


class Bench:
    """An old and a new key, and values under the old one."""

    def __init__(self, kms: StrictKms, folder: Path) -> None:
        self.kms = kms
        self.folder = folder
        self.old, self.new = kms.new_key(), kms.new_key(alias=ALIAS)
        self.vault = VaultValues(kms.client(), self.old)

    def path(self, *names: str) -> Path:
        return self.folder.joinpath(*names)

    def opened(self, content: bytes, aad: bytes = b"") -> bytes:
        """The contents of a value under the new key, opened with boto3, protobuf and cryptography only."""
        message = HASHICORP.BlobInfo.FromString(content)
        assert message.key_info.key_id == self.new
        assert self.kms.client().decrypt(CiphertextBlob=message.key_info.wrapped_key)["KeyId"] == self.new
        return self.vault.opened(as_text(content), aad)

    def allowed(self, *statements: tuple[str, str]) -> dict[str, str]:
        """The environment of a principal with just these (action, key ARN)."""
        listed = [{"Effect": "Allow", "Action": action, "Resource": key} for action, key in statements]
        return self.kms.environment(self.kms.principal({"Version": "2012-10-17", "Statement": listed}))


@pytest.fixture(scope="module")
def bench(kms: StrictKms, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(kms, tmp_path_factory.mktemp("files"))


def task(name: str, check_mode: bool = False, environment: dict[str, str] | None = None, **options: Any) -> Task:
    given = {"kms_key_id": ALIAS, **options}
    return {"name": name, REWRAP: given, "check_mode": check_mode, "diff": True, "ignore_errors": True, "environment": environment or {}}


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def reason_and_message(run: Run, name: str) -> tuple[str, str]:
    return run[name]["reason"], run[name]["msg"]


@pytest.mark.matrix
def test_a_folder_moves_once_and_keeps_its_files_forms(bench: Bench, ansible: Ansible) -> None:
    folder = bench.path("folder")
    (folder / "below").mkdir(parents=True)
    text = as_text(bench.vault.envelope(b"text"))
    (folder / "binary.sealed").write_bytes(written(bench.vault.envelope(b"binary")))
    (folder / "text.sealed").write_text(text + "\n")
    wrapped = "\n".join(text[start : start + 76] for start in range(0, len(text), 76))
    (folder / "below" / "lines.sealed").write_text(wrapped)
    (folder / "current.sealed").write_bytes(written(VaultValues(bench.kms.client(), bench.new).envelope(b"current")))
    (folder / "README").write_text("not meant")
    (folder / "text.sealed").chmod(0o640)
    (folder / ".text.sealed.xyz.sealwright-part").write_text("left by a run that was killed")
    before = tree(folder)
    whole = {"folder": str(folder), "patterns": ["*.sealed"], "recurse": True}
    bench.kms.clear_calls()
    run = ansible.playbook([
        task("planned", check_mode=True, **whole), task("moved", **whole), task("again", **whole), task("forced", check_mode=True, force=True, **whole),
    ]).succeeded()
    journal = bench.kms.calls()
    after = tree(folder)

    assert run.calls("planned", journal) == ["DescribeKey"]
    assert sorted(run.calls("moved", journal)) == ["Decrypt"] * 3 + ["DescribeKey"] + ["ReEncrypt"] * 3
    assert run.calls("again", journal) == ["DescribeKey"]
    assert [call["parameters"] for call in journal if call["operation"] == "ReEncrypt"] == [["CiphertextBlob", "DestinationKeyId", "SourceKeyId"]] * 3
    assert [run[name]["changed"] for name in ("planned", "moved", "again", "forced")] == [True, True, False, True]
    moved = [str(folder / name) for name in ("below/lines.sealed", "binary.sealed", "text.sealed")]
    for name in ("planned", "moved"):
        assert [entry["name"] for entry in run[name]["sealed_values"] if entry["changed"]] == moved
        assert run[name]["key_arns_no_longer_used"] == [bench.old]
        assert run[name]["key_arns_in_use"] == [bench.new]
        assert run[name]["key_id"] == bench.new
        assert run[name]["diff"] == [
            {"before_header": path, "after_header": path, "before": f"sealed under {bench.old}\n", "after": f"sealed under {bench.new}\n"} for path in moved
        ]
    assert run["planned"]["sealed_values"] == run["moved"]["sealed_values"]
    assert (run["again"]["key_arns_no_longer_used"], run["again"]["diff"]) == ([], [])

    assert set(after) == set(before) - {".text.sealed.xyz.sealwright-part"}
    assert after["README"] == before["README"]
    assert after["current.sealed"] == before["current.sealed"]
    assert bench.opened(after["binary.sealed"]) == b"binary"
    assert after["text.sealed"].endswith(b"\n")
    assert bench.opened(base64.b64decode(after["text.sealed"])) == b"text"
    lines = after["below/lines.sealed"].split(b"\n")
    assert {len(line) for line in lines[:-1]} == {76}
    assert bench.opened(base64.b64decode(b"".join(lines))) == b"text"
    assert stat.S_IMODE((folder / "text.sealed").stat().st_mode) == 0o640


@pytest.mark.matrix
def test_blobs_by_every_method(bench: Bench, ansible: Ansible) -> None:
    message = bench.vault.envelope(b"a value", b"its aad")
    message.MergeFromString(b"\xfa\x01\x02hi")  # field 31, of no definition
    blobs = {"first": as_text(message), "second": as_text(bench.vault.direct(b"direct", key_info=False))}
    three = as_text(several(azure_slot(), bench.vault.envelope(b"slot"), bench.vault.envelope(b"slot"), generation=3))
    bench.kms.clear_calls()
    run = ansible.playbook([
        task("check", check_mode=True, blobs=blobs, aad="its aad"),
        task("reencrypt", blob=blobs["first"], aad="its aad"),
        task("in kms", blobs=blobs, verify="kms"),
        task("data key", blob=blobs["first"], verify="none", method="data_key", aad="its aad"),
        task("reseal", blob=blobs["first"], method="reseal", aad_base64=base64.b64encode(b"its aad").decode()),
        task("one slot", blob=three), task("all slots", blob=three, slots="all", allowed_key_ids=[bench.old]),
    ]).succeeded()
    journal = bench.kms.calls()
    assert all(run[name]["changed"] for name in ("check", "reencrypt", "in kms", "data key", "reseal", "one slot", "all slots"))
    assert run["check"]["blobs"] == blobs, "nothing moves in check mode"
    assert run.calls("in kms", journal).count("Decrypt") == 0, "nothing leaves KMS in clear"
    assert run["in kms"]["key_arns_no_longer_used"] == [bench.old], "also for the value that did not name it"
    direct = HASHICORP.BlobInfo.FromString(base64.b64decode(run["in kms"]["blobs"]["second"]))
    assert (direct.key_info.key_id, direct.key_info.mechanism) == (bench.new, 0)
    assert bench.kms.client().decrypt(CiphertextBlob=direct.ciphertext, KeyId=bench.new)["Plaintext"] == b"direct"
    for blob in (run["reencrypt"]["blob"], run["in kms"]["blobs"]["first"], run["data key"]["blob"]):
        assert bench.opened(base64.b64decode(blob), b"its aad") == b"a value"
        assert HASHICORP.BlobInfo.FromString(base64.b64decode(blob)).ciphertext == message.ciphertext
    for name in ("reencrypt", "data key", "reseal"):
        assert base64.b64decode(run[name]["blob"]).endswith(b"\xfa\x01\x02hi"), "unknown fields survive"
    anew = HASHICORP.BlobInfo.FromString(base64.b64decode(run["reseal"]["blob"]))
    assert anew.ciphertext != message.ciphertext
    assert bench.opened(written(anew), b"its aad") == b"a value"

    assert [run[name]["sealed_values"][0]["slots"] for name in ("one slot", "all slots")] == [[1], [1, 2]]
    assert (run["one slot"]["key_arns_in_use"], run["one slot"]["key_arns_no_longer_used"]) == ([bench.new, bench.old], [])
    assert run["all slots"]["key_arns_no_longer_used"] == [bench.old]
    container = base64.b64decode(run["all slots"]["blob"])
    slots = HASHICORP.MultiWrapValue.FromString(container[20:])
    before = HASHICORP.MultiWrapValue.FromString(base64.b64decode(three)[20:])
    assert slots.generation == 3
    assert written(slots.slots[0]) == written(before.slots[0])
    assert [bench.opened(written(slot)) for slot in slots.slots[1:]] == [b"slot", b"slot"]


def test_permissions_and_what_to_do_without_them(bench: Bench, ansible: Ansible) -> None:
    path = bench.path("permissions.sealed")
    path.write_bytes(written(bench.vault.envelope(b"x")))
    before = path.read_bytes()
    source, target = ("kms:ReEncryptFrom", bench.old), ("kms:ReEncryptTo", bench.new)
    who = [bench.allowed(*rights) for rights in ([target], [source], [source, target], [source, target, ("kms:ReEncryptFrom", bench.new)])]
    options = {"src": [str(path)], "kms_key_id": bench.new}
    run = ansible.playbook([
        task("no from", environment=who[0], **options), task("no to", environment=who[1], **options), task("no decrypt", environment=who[2], **options),
        task("no from to verify", environment=who[2], verify="kms", **options),
    ]).succeeded()
    assert path.read_bytes() == before
    where = f"in region us-east-1 (from environment variable AWS_REGION) at {bench.kms.url} (from environment variable AWS_KMS_ENDPOINT)"

    def denied(environment: dict[str, str], operation: str, action: str, key: str) -> str:
        user = environment["AWS_ACCESS_KEY_ID"]
        statement = f'{{"Effect": "Allow", "Action": "kms:{action}", "Resource": "{key}"}}'
        return (
            f"AWS rejected {operation} with key {bench.new} {where}: AccessDeniedException: User: {arns[user]} is not authorized to perform: kms:{action} "
            f"on resource: {key} because no identity-based policy allows the kms:{action} action. Allow it in a key policy, a grant, or an IAM policy "
            f"with {statement}."
        )

    iam = bench.kms.client("iam")
    users = [user["UserName"] for user in iam.list_users()["Users"]]
    keys = {user: iam.list_access_keys(UserName=user)["AccessKeyMetadata"] for user in users}
    arns = {key["AccessKeyId"]: f"arn:aws:iam::123456789012:user/{user}" for user, results in keys.items() for key in results}
    title = f"The file {path}: "
    unverified = f"{title}The value re-encrypted under {bench.new} could not be verified and was not stored. "
    assert reason_and_message(run, "no from") == ("access_denied", title + denied(who[0], "ReEncrypt", "ReEncryptFrom", bench.old))
    assert reason_and_message(run, "no to") == ("access_denied", title + denied(who[1], "ReEncrypt", "ReEncryptTo", bench.new))
    by_kms = " Or set verify to kms, which requires kms:ReEncryptFrom and kms:ReEncryptTo on the new key instead, or to none."
    by_opening = " Or set verify to open, which requires kms:Decrypt on the new key instead, or to none."
    without = denied(who[2], "Decrypt", "Decrypt", bench.new)
    assert reason_and_message(run, "no decrypt") == ("access_denied", unverified + without + by_kms)
    without = denied(who[2], "ReEncrypt", "ReEncryptFrom", bench.new)
    assert reason_and_message(run, "no from to verify") == ("access_denied", unverified + without + by_opening)
    done = ansible.playbook([task("in kms", environment=who[3], verify="kms", **options)]).succeeded()
    assert done["in kms"]["changed"]
    assert bench.opened(path.read_bytes()) == b"x"


def test_one_value_that_cannot_move_keeps_no_other_from_it(bench: Bench, ansible: Ansible) -> None:
    folder = bench.path("mixed")
    folder.mkdir()
    disabled = bench.kms.new_key()
    (folder / "a").write_bytes(written(VaultValues(bench.kms.client(), disabled).envelope(b"a")))
    bench.kms.client().disable_key(KeyId=disabled)
    (folder / "b").write_bytes(written(bench.vault.envelope(b"b")))
    (folder / "c").write_bytes(written(bench.vault.envelope(b"c"))[:-5])
    (folder / "d").write_bytes(written(bench.vault.envelope(b"d", b"bound")))
    foreign = bench.vault.envelope(b"e")
    foreign.key_info.key_id = "projects/p"
    (folder / "e").write_bytes(written(foreign))
    before = tree(folder)
    options = {"folder": str(folder), "kms_key_id": bench.new}
    run = ansible.playbook([task("check", check_mode=True, **options), task("mixed", **options)]).succeeded()
    assert run["check"]["failed"], "what cannot be read cannot be moved, and check mode says so"
    assert run["check"]["msg"].startswith("2 of 5 values cannot be moved. The file ")
    assert run["check"]["msg"].endswith("Nothing is moved in check mode. Fix the causes and run the task again; it continues with the remaining values.")
    result = run["mixed"]
    assert result["failed"]
    assert result["changed"]
    assert [entry.get("reason") for entry in result["sealed_values"]] == ["key_disabled", None, "malformed_blob", "not_authentic", "foreign_wrapper"]
    assert result["key_arns_in_use"] == [disabled, bench.new, bench.old]
    assert result["key_arns_no_longer_used"] == []
    message = result["msg"]
    assert message.startswith(f"4 of 5 values could not be moved. The file {folder / 'a'}: AWS rejected ReEncrypt with key {bench.new} in region ")
    remedy = "Enable the key (kms:EnableKey): values sealed under it cannot be decrypted with another key."
    assert f"DisabledException: {disabled} is disabled. {remedy} The file {folder / 'c'}: This is not" in message
    assert message.endswith(
        "additional authenticated data (aad). 1 more failures are in sealed_values. The other values were moved. Fix the causes and run the task again; it "
        "continues with the remaining values."
    )
    after = tree(folder)
    assert {name for name in before if before[name] != after[name]} == {"b"}
    assert bench.opened(after["b"]) == b"b"
    assert "Traceback" not in run.output


def test_regions(bench: Bench, ansible: Ansible) -> None:
    europe = bench.kms.new_key("eu-central-1")
    multi = bench.kms.new_key(MultiRegion=True)
    bench.kms.client().replicate_key(KeyId=multi, ReplicaRegion="eu-central-1")
    blob, of_multi = as_text(bench.vault.envelope(b"x")), as_text(VaultValues(bench.kms.client(), multi).envelope(b"x"))
    nowhere = {"AWS_REGION": ""}
    other = {"kms_key_id": europe, "environment": nowhere}
    replica = multi.replace("us-east-1", "eu-central-1")
    bench.kms.clear_calls()
    run = ansible.playbook([
        task("two regions", blob=blob, **other), task("by this host", blob=blob, method="data_key", **other), task("anew", blob=blob, method="reseal", **other),
        task("a region in force", blob=blob, kms_key_id=europe), task("of a replica", blob=of_multi, **other),
        task("a replica", blob=of_multi, kms_key_id=replica, environment=nowhere),
    ]).succeeded()
    journal = bench.kms.calls()
    assert reason_and_message(run, "two regions") == (
        "region_mismatch",
        f"Option blob: The value is sealed under {bench.old} in region us-east-1, but the new key is in region eu-central-1; kms:ReEncrypt works "
        "within one region. Set method to data_key, which decrypts the data key in one region and encrypts it in the other, on this host, or to reseal.",
    )
    assert reason_and_message(run, "a region in force") == (
        "region_mismatch",
        f"The key {europe} (from option kms_key_id) is in region eu-central-1, but the region in effect is us-east-1 (from environment variable AWS_REGION). "
        "Remove the region setting, or set it to eu-central-1.",
    )
    client = bench.kms.client(region="eu-central-1")
    for name in ("by this host", "anew", "of a replica"):
        message = HASHICORP.BlobInfo.FromString(base64.b64decode(run[name]["blob"]))
        assert message.key_info.key_id == europe
        assert VaultValues(client, europe).opened(run[name]["blob"]) == b"x"
    asked = [(call["operation"], call["region"]) for call in journal]
    assert asked[:3] == [("Decrypt", "us-east-1"), ("Encrypt", "eu-central-1"), ("Decrypt", "eu-central-1")]
    assert not run["a replica"]["changed"], "the replicas of a multi-Region key are one key"


def test_messages_for_invalid_input(bench: Bench, ansible: Ansible) -> None:
    blob = as_text(bench.vault.envelope(b"x"))
    closed = bench.path("closed")
    closed.mkdir()
    (closed / "value").write_bytes(base64.b64decode(blob))
    before = tree(bench.folder)
    bench.kms.clear_calls()
    given: dict[str, tuple[dict[str, Any], str, str]] = {
        "no source": ({}, "invalid_option", "one of the following is required: blob, blobs, src, folder. Set one of them."),
        "no key": ({"blob": blob, "kms_key_id": None}, "no_key",
                   "No KMS key is set. Set the option kms_key_id or the environment variable VAULT_AWSKMS_SEAL_KEY_ID."),
        "no value": ({"blob": "AAAA"}, "malformed_blob", "Option blob: This is not a sealed value: a field has an invalid number at byte 0. Check that "
                     "the whole value was copied, unchanged, and that it was sealed by an awskms seal."),
        "two aads": ({"blob": blob, "aad": "x", "aad_base64": "eA=="}, "invalid_option", "parameters are mutually exclusive: aad|aad_base64. Set one of "
                     "them."),
        "not trusted": ({"blob": blob, "kms_key_id": bench.new, "allowed_key_ids": [bench.new]}, "wrong_key", "Option blob: The value is sealed under "
                        f"the key {bench.old}, which is not one of the allowed keys ({bench.new}). To trust this key, add it to allowed_key_ids."),
        "none trusted": ({"blob": blob, "allowed_key_ids": [], "kms_key_id": bench.new}, "invalid_option", "Option allowed_key_ids is empty. Add the "
                         "keys to trust, or remove the option to trust every key that the caller is allowed to use."),
    }  # fmt: skip
    if os.geteuid() != 0:
        closed.chmod(0o500)
        given["closed"] = ({"src": [str(closed / "value")]}, "file_error", f"The file {closed / 'value'} cannot be replaced: its directory {closed} is "
                           "not writable. Run the task as its owner (become).")
    run = ansible.playbook([task(name, **options) for name, (options, _reason, _message) in given.items()], env=QUICK).succeeded()
    assert {name: reason_and_message(run, name) for name in given} == {name: (reason, message) for name, (_options, reason, message) in given.items()}
    assert "ReEncrypt" not in [call["operation"] for call in bench.kms.calls()]
    assert tree(bench.folder) == before
    assert "Traceback" not in run.output
