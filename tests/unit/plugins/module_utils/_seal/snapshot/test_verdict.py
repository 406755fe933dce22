# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a snapshot can be restored: yes only where it was proven, no only where something is known, and else why not known."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timezone

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import KmsError, SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.trusted_keys import TrustedKeys
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.contents import recovery_key
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.verdict import MAX_PATHS
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.unwrap import Unwrapper
from ansible_collections.sealwright.vault_seal.tests.support.stored_state import BARRIER_KEYS, RECOVERY_KEY, barrier, config, shamir_sealed
from ansible_collections.sealwright.vault_seal.tests.support.vault_values import azure_slot, several
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.snapshots import (
    BARRIER_PATH,
    KEY,
    OTHER_KEY,
    SEAL_PATHS,
    Server,
    read,
)
from ansible_collections.sealwright.vault_seal.tests.vectors.messages import HASHICORP, written

DELETION = datetime(2026, 6, 8, 12, tzinfo=timezone.utc)
DISABLED = {"KeyState": "Disabled", "Enabled": False}
PENDING = {"KeyState": "PendingDeletion", "Enabled": False, "DeletionDate": DELETION}


def reasons(judge):
    return [problem.reason for problem in judge.problems], [note.reason for note in judge.notes]


def operations(server):
    return [call.operation for call in server.aws.calls if call.operation != "Encrypt"]


def test_without_a_check_nothing_is_asked_and_the_answer_is_open():
    server = Server()
    judge = server.judged("none")
    assert (judge.restorable, reasons(judge), operations(server)) == (None, ([], []), [])
    assert judge.summary.endswith("Its KMS keys were not checked: see check=key and check=open.")
    (key,) = judge.kms_keys()
    assert (key["arn"], key["account"], key["region"], key["sealed_count"], key["only_key_of"], key["paths"]) == (
        KEY, "111122223333", "us-east-1", 3, 3, SEAL_PATHS,
    )
    assert (key["state"], key["usable_for_seal"]) == (None, None)


def test_with_check_key_each_key_is_asked_for_once_and_the_permission_stays_open():
    server = Server()
    server.stored["core/recovery-key"] = written(server.sealed(RECOVERY_KEY, OTHER_KEY))
    judge = server.judged("key")
    assert (judge.restorable, reasons(judge)) == (None, ([], []))
    assert judge.summary.endswith("see check=open.")
    assert [(call.operation, call.region) for call in server.aws.calls if call.operation != "Encrypt"] == [
        ("DescribeKey", "us-east-1"), ("DescribeKey", "eu-central-1"),
    ]
    assert [(key["state"], key["usable_for_seal"]) for key in judge.kms_keys()] == [("Enabled", True)] * 2


def test_with_check_open_all_that_opens_is_a_yes():
    server = Server()
    server.stored["logical/1"] = written(server.sealed(b"anything", OTHER_KEY)) + b"s"
    judge = server.judged()
    assert (judge.restorable, reasons(judge)) == (True, ([], []))
    assert operations(server) == ["DescribeKey"] * 2 + ["Decrypt"] * 4


@pytest.mark.parametrize("check", ["key", "open"])
@pytest.mark.parametrize(
    ("metadata", "reason", "text"),
    [(DISABLED, "key_disabled", "The key is disabled."), (PENDING, "key_pending_deletion", "It will be deleted at 2026-06-08T12:00:00Z")],
)
def test_a_key_that_cannot_be_used(check, metadata, reason, text):
    server = Server()
    server.aws.metadata[KEY] = metadata
    server.aws.faults["Decrypt"] = KmsError("AWS rejected it.", reason=reason)
    judge = server.judged(check)
    assert (judge.restorable, reasons(judge)) == (False, ([reason], []))
    (problem,) = judge.problems
    assert f"{', '.join(SEAL_PATHS)} depend on the key {KEY}. " in problem.msg
    assert text in problem.msg
    assert (problem.paths, problem.key_arn) == (SEAL_PATHS, KEY)
    assert "name another" not in problem.remedy
    assert judge.summary == f"It cannot be restored. {problem.msg}"
    assert judge.kms_keys()[0]["problems"][0]["reason"] == reason


def test_one_of_several_slots_is_enough():
    server = Server()
    both = several(server.sealed(BARRIER_KEYS), azure_slot(), server.sealed(BARRIER_KEYS, OTHER_KEY))
    server.stored[BARRIER_PATH] = both
    server.stored["core/recovery-key"] = several(server.sealed(RECOVERY_KEY), server.sealed(RECOVERY_KEY, OTHER_KEY))
    server.sealed_sums = lambda text: several(server.sealed(text), server.sealed(text, OTHER_KEY))
    server.aws.metadata[KEY] = DISABLED
    judge = server.judged("key")
    assert (judge.restorable, reasons(judge)) == (None, ([], []))
    assert [(key["arn"], key["usable_for_seal"], key["only_key_of"]) for key in judge.kms_keys()] == [(KEY, False, 0), (OTHER_KEY, True, 0)]
    server.aws.metadata[OTHER_KEY] = PENDING
    assert reasons(server.judged("key")) == (["key_disabled"], [])
    assert server.judged().restorable is True


def test_a_key_that_is_not_there_is_a_no_and_one_that_may_not_be_described_is_not():
    server = Server()
    server.aws.faults["DescribeKey"] = KmsError("KMS does not find it.", reason="not_found", remedy="Look.")
    judge = server.judged("key")
    assert (judge.restorable, reasons(judge)) == (False, (["not_found"], []))
    server.aws.faults["DescribeKey"] = KmsError("AWS rejected DescribeKey.", reason="access_denied", remedy="Allow it.")
    judge = server.judged("open")
    assert (judge.restorable, judge.kms_keys()[0]["problems"][0]["reason"]) == (True, "access_denied")
    # Where that is all that was asked, the answer is not known, and nobody is told that it was.
    with pytest.raises(SealError, match="AWS rejected DescribeKey"):
        server.judged("key")


def test_decrypt_that_is_denied():
    server = Server()
    server.aws.faults["Decrypt"] = KmsError(f"AWS does not allow kms:Decrypt with {KEY}.", reason="access_denied", remedy="Allow it.")
    judge = server.judged()
    assert (judge.restorable, reasons(judge)) == (False, (["access_denied"], []))
    assert judge.problems[0].remedy == "Allow it."


def test_a_way_that_is_closed_says_nothing_of_the_snapshot():
    server = Server()
    server.aws.faults["Decrypt"] = KmsError("KMS cannot be reached.", reason="unreachable")
    server.aws.faults["DescribeKey"] = server.aws.faults["Decrypt"]
    for check in ("key", "open"):
        with pytest.raises(SealError) as failure:
            server.judged(check)
        assert failure.value.reason == "unreachable"
    # Each region is asked once, however many keys lie in it.
    assert server.aws.count("DescribeKey") == 2


def test_a_region_that_is_not_the_keys_says_nothing_of_the_snapshot():
    for check in ("key", "open"):
        with pytest.raises(SealError) as failure:
            Server().judged(check, region="eu-west-1")
        assert failure.value.reason == "region_mismatch"
    server = Server()
    server.stored["logical/1"] = written(server.sealed(b"x", OTHER_KEY)) + b"s"
    judge = server.judged(region="us-east-1")
    assert (judge.restorable, reasons(judge)) == (None, ([], ["region_mismatch"]))


def test_values_that_are_too_long_to_be_kept_leave_the_answer_open():
    server = Server()
    server.stored["logical/1"] = written(server.sealed(bytes(2 << 20), OTHER_KEY)) + b"s"
    judge = server.judged()
    assert (judge.restorable, judge.summary.endswith(f"The values under the key {OTHER_KEY} are too large to be decrypted.")) == (None, True)


def test_sealed_sums_of_another_snapshot():
    server = Server()
    text = Server().members()["SHA256SUMS"]
    server.sealed_sums = lambda _text: written(server.sealed(text))
    judge = server.judged()
    assert (judge.restorable, reasons(judge)) == (False, (["not_authentic"], []))
    assert "The sealed checksums do not match this snapshot" in judge.problems[0].msg


def test_sealed_sums_in_another_order_are_the_same():
    server = Server()
    server.sealed_sums = lambda text: written(server.sealed(b"".join(text.splitlines(keepends=True)[::-1])))
    assert server.judged().restorable is True


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (BARRIER_PATH, b"no json"),
        (BARRIER_PATH, b"[]"),
        (BARRIER_PATH, b"{}"),
        (BARRIER_PATH, b"[1]"),
        (BARRIER_PATH, json.dumps([base64.b64encode(bytes(31)).decode()]).encode()),
        (BARRIER_PATH, json.dumps(["not base64!"]).encode()),
        ("core/recovery-key", bytes(31)),
        ("core/recovery-key", b""),
    ],
)
def test_values_that_open_to_something_else(path, content):
    server = Server()
    server.stored[path] = written(server.sealed(content))
    judge = server.judged()
    assert (judge.restorable, reasons(judge)) == (False, (["wrong_content"], []))
    assert judge.problems[0].paths == [path]


def test_an_altered_value():
    server = Server()
    blob = server.sealed(BARRIER_KEYS)
    blob.ciphertext = bytes([blob.ciphertext[0] ^ 1]) + blob.ciphertext[1:]
    server.stored[BARRIER_PATH] = written(blob)
    judge = server.judged()
    assert (judge.restorable, reasons(judge), judge.problems[0].paths) == (False, (["not_authentic"], []), [BARRIER_PATH])


@pytest.mark.parametrize(
    ("path", "reason"), [("core/seal-config", "incomplete_snapshot"), (BARRIER_PATH, "incomplete_snapshot"), ("core/recovery-key", None)]
)
def test_what_is_missing(path, reason):
    server = Server()
    del server.stored[path]
    judge = server.judged()
    assert (judge.restorable, reasons(judge)) == ((False, ([reason], [])) if reason else (True, ([], ["no_recovery_key"])))


def test_without_sealed_sums_only_force_restores():
    server = Server()
    server.sealed_sums = None
    judge = server.judged()
    assert (judge.restorable, reasons(judge)) == (False, (["no_sealed_checksums"], []))
    assert "-force" in judge.problems[0].remedy


@pytest.mark.parametrize("check", ["none", "key", "open"])
def test_a_shamir_server_depends_on_no_key(check):
    server = Server()
    server.stored = {"core/seal-config": config("shamir", 5, 3), BARRIER_PATH: shamir_sealed(), "core/shamir-kek": barrier(60)}
    server.sealed_sums = lambda _text: shamir_sealed()
    judge = server.judged(check)
    assert (judge.restorable, reasons(judge), judge.kms_keys(), operations(server)) == (None, ([], ["shamir_seal"]), [], [])
    assert "it cannot be checked whether its unseal keys are available" in judge.summary


def test_another_clouds_seal_cannot_be_judged():
    server = Server()
    server.stored.update({"core/seal-config": config("azurekeyvault", 1, 1), BARRIER_PATH: written(azure_slot()), "core/recovery-key": written(azure_slot())})
    server.sealed_sums = lambda _text: written(azure_slot())
    judge = server.judged()
    assert (judge.restorable, reasons(judge)) == (None, ([], ["foreign_wrapper"]))
    assert "(the server's seal is azurekeyvault)" in judge.notes[0].msg


def test_a_namespace_under_shamir_is_said_and_stands_in_no_way():
    server = Server()
    server.stored["namespaces/1686639e/core/hsm/barrier-unseal-keys"] = shamir_sealed()
    judge = server.judged()
    assert (judge.restorable, reasons(judge)) == (True, ([], ["shamir_seal"]))


def test_values_that_name_no_key_are_opened():
    server = Server()
    message = HASHICORP.BlobInfo(ciphertext=server.encrypt(KEY, RECOVERY_KEY)["CiphertextBlob"])
    server.stored["core/recovery-key"] = written(message)
    judge = server.judged()
    assert (judge.restorable, reasons(judge)) == (True, ([], ["unnamed_key"]))
    judge = server.judged("key")
    assert judge.restorable is None


def test_keys_that_are_not_allowed():
    server = Server()
    server.stored["core/recovery-key"] = written(server.sealed(RECOVERY_KEY, OTHER_KEY))
    trusted = TrustedKeys([KEY], server.aws)
    for check in ("none", "key", "open"):
        judge = server.judged(check, trusted)
        assert (judge.restorable, reasons(judge)) == (False, (["wrong_key"], []))
        assert (judge.problems[0].paths, judge.problems[0].key_arn) == (["core/recovery-key"], OTHER_KEY)
    both = TrustedKeys([KEY, OTHER_KEY], server.aws)
    assert server.judged("open", both).restorable is True


def test_values_under_allowed_keys_are_judged_like_any_other():
    server = Server()
    trusted = TrustedKeys([KEY], server.aws)
    assert server.judged("none", trusted).summary.endswith("Its KMS keys were not checked: see check=key and check=open.")
    assert server.judged("open", trusted).restorable is True
    assert operations(server).count("Decrypt") == len(SEAL_PATHS)
    server.aws.faults["Decrypt"] = KmsError("AWS rejected it.", reason="access_denied")
    judge = server.judged("open", trusted)
    assert (judge.restorable, reasons(judge)) == (False, (["access_denied"], []))


def test_of_many_values_some_are_named_and_all_counted():
    server = Server()
    for number in range(MAX_PATHS):
        server.stored[f"logical/{number:05}"] = written(server.sealed(b"x")) + b"s"
    judge = server.judged("none")
    (key,) = judge.kms_keys()
    assert len(key["paths"]) == MAX_PATHS
    assert key["sealed_count"] == MAX_PATHS + len(SEAL_PATHS)


@pytest.mark.parametrize("named", [True, False])
def test_a_problem_names_the_key_where_the_value_does(named):
    server = Server()
    sealed = server.sealed(b"short")
    server.stored["core/recovery-key"] = written(
        sealed if named else HASHICORP.BlobInfo(ciphertext=server.encrypt(KEY, b"short")["CiphertextBlob"])
    )
    (problem,) = server.judged().problems
    assert (problem.reason, problem.key_arn, problem.paths) == ("wrong_content", KEY if named else None, ["core/recovery-key"])


def test_imported_material_that_expires_is_said():
    server = Server()
    server.aws.metadata[KEY] = {"ValidTo": datetime(2026, 7, 1, tzinfo=timezone.utc)}
    judge = server.judged("open")
    assert (judge.restorable, reasons(judge)) == (True, ([], ["key_material_expires"]))
    assert judge.kms_keys()[0]["valid_to"] == "2026-07-01T00:00:00Z"


def test_the_recovery_key_for_who_asks_for_it():
    server = Server()
    assert recovery_key(read(server.snapshot()), Unwrapper(server.aws)) == RECOVERY_KEY
    server.stored["core/recovery-key"] = written(server.sealed(b"short"))
    with pytest.raises(SealError) as failure:
        recovery_key(read(server.snapshot()), Unwrapper(server.aws))
    assert failure.value.reason == "wrong_content"
    del server.stored["core/recovery-key"]
    with pytest.raises(SealError) as failure:
        recovery_key(read(server.snapshot()), Unwrapper(server.aws))
    assert failure.value.reason == "no_recovery_key"


def test_nothing_that_was_opened_is_in_the_answer():
    server = Server()
    judge = server.judged()
    message = repr((judge.summary, [vars(each) for each in judge.problems + judge.notes], judge.kms_keys(), vars(judge)))
    for secret in (BARRIER_KEYS, RECOVERY_KEY, json.loads(BARRIER_KEYS)[0].encode()):
        assert repr(secret)[2:-1] not in message
        assert base64.b64encode(secret).decode() not in message
