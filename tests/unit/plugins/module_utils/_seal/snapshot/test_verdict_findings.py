# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings of a verdict in full: reason, message, remedy, paths and key, as a user reads them."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import KmsError, SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.trusted_keys import TrustedKeys
from ansible_collections.sealwright.vault_seal.tests.support.stored_state import BARRIER_KEYS, RECOVERY_KEY, barrier, config, shamir_sealed
from ansible_collections.sealwright.vault_seal.tests.support.vault_values import azure_slot, several
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.snapshots import (
    BARRIER_PATH,
    KEY,
    OTHER_KEY,
    SEAL_PATHS,
    Server,
)
from ansible_collections.sealwright.vault_seal.tests.vectors.messages import HASHICORP, written

WHOLE = "The archive is complete, and its checksums are correct. "
NOT_ASKED = "Its KMS keys were not checked: see check=key and check=open."
USABLE = "Its KMS keys are usable; the permissions of this principal were not checked: see check=open."
UNTRIED = "Values that name no key were not decrypted: see check=open."
NOT_ALLOWED = f"The value is sealed under the key {OTHER_KEY}, which is not one of the allowed keys ({KEY})."
RECOVERY_PATH = "core/recovery-key"
NAMESPACE_PATH = "namespaces/1686639e/core/hsm/barrier-unseal-keys"
KEY_FACTS = {"state": None, "enabled": None, "deletion_date": None, "valid_to": None, "usable_for_seal": None, "problems": [], "warnings": []}


def finding(reason, msg, remedy, paths=(), key_arn=None):
    return {"reason": reason, "msg": msg, "remedy": remedy, "paths": list(paths), "key_arn": key_arn}


def results(findings):
    return [result.as_result() for result in findings]


def unnamed(server, plaintext):
    """A value of mechanism 0 without KeyInfo, as Vault's oldest releases wrote it."""
    return written(HASHICORP.BlobInfo(ciphertext=server.encrypt(KEY, plaintext)["CiphertextBlob"]))


def shamir_server():
    server = Server()
    server.stored = {"core/seal-config": config("shamir", 5, 3), BARRIER_PATH: shamir_sealed(), "core/shamir-kek": barrier(60)}
    server.sealed_sums = lambda _text: shamir_sealed()
    return server


def test_what_is_known_of_a_key_that_was_not_asked_for():
    server = Server()
    server.stored[RECOVERY_PATH] = several(server.sealed(RECOVERY_KEY), server.sealed(RECOVERY_KEY, OTHER_KEY))
    assert server.judged("none").kms_keys() == [
        {"arn": KEY, "account": "111122223333", "region": "us-east-1", "sealed_count": 3, "only_key_of": 2, "paths": SEAL_PATHS, **KEY_FACTS},
        {"arn": OTHER_KEY, "account": "111122223333", "region": "eu-central-1", "sealed_count": 1, "only_key_of": 0, "paths": [RECOVERY_PATH], **KEY_FACTS},
    ]


def test_what_is_known_of_a_key_that_was_asked_for():
    server = Server()
    server.aws.metadata[KEY] = {"ValidTo": datetime(2026, 7, 1, tzinfo=timezone.utc)}
    expires = "The imported key material expires at 2026-07-01T00:00:00Z; after that, values sealed under the key cannot be decrypted."
    again = "Keep the key material available. Import the same key material again (kms:ImportKeyMaterial)."
    judge = server.judged("key")
    (key,) = judge.kms_keys()
    assert {name: key[name] for name in KEY_FACTS} == {
        "state": "Enabled", "enabled": True, "deletion_date": None, "valid_to": "2026-07-01T00:00:00Z", "usable_for_seal": True,
        "problems": [], "warnings": [{"reason": "key_material_expires", "msg": expires, "remedy": again}],
    }
    assert results(judge.notes) == [finding("key_material_expires", f"Key {KEY}: {expires}", again, key_arn=KEY)]


def test_what_is_known_of_a_key_that_may_not_be_described():
    server = Server()
    server.aws.faults["DescribeKey"] = KmsError("AWS rejected DescribeKey.", reason="access_denied", remedy="Allow it.")
    (key,) = server.judged("open").kms_keys()
    assert {name: key[name] for name in KEY_FACTS} == {
        **KEY_FACTS, "problems": [{"reason": "access_denied", "msg": "AWS rejected DescribeKey.", "remedy": "Allow it."}],
    }


def test_the_summaries_in_full():
    server = Server()
    assert server.judged("none").summary == WHOLE + NOT_ASKED
    assert server.judged("key").summary == WHOLE + USABLE
    assert server.judged().summary == (
        "The archive is complete, its checksums match the sealed checksums, and all sealed values that were tried can be decrypted."
    )
    server.stored["logical/1"] = written(server.sealed(bytes(2 << 20), OTHER_KEY)) + b"s"
    # The same question is asked once, whatever the number of keys.
    assert server.judged("none").summary == WHOLE + NOT_ASKED
    assert server.judged().summary == f"{WHOLE}The values under the key {OTHER_KEY} are too large to be decrypted."


@pytest.mark.parametrize("check", ["none", "key", "open"])
def test_a_shamir_server_in_full(check):
    judge = shamir_server().judged(check)
    assert results(judge.notes) == [
        finding(
            "shamir_seal", "The server's seal is shamir: it is unsealed by its unseal keys, and depends on no KMS key.",
            "Keep as many unseal keys available as the threshold requires.", ["SHA256SUMS.sealed", BARRIER_PATH],
        )
    ]
    assert judge.summary == f"{WHOLE}The server's seal is shamir: it cannot be checked whether its unseal keys are available."


def test_a_namespace_under_shamir_in_full():
    server = Server()
    server.stored[NAMESPACE_PATH] = shamir_sealed()
    judge = server.judged()
    assert judge.restorable is True
    assert results(judge.notes) == [
        finding(
            "shamir_seal", "Namespaces have a separate shamir seal: after a restore they are unsealed by their own unseal keys.",
            "Check that their owners have these keys available.", [NAMESPACE_PATH],
        )
    ]


def test_a_shamir_server_with_a_namespace_has_both_notes():
    server = shamir_server()
    server.stored[NAMESPACE_PATH] = shamir_sealed()
    assert [(note.reason, note.paths) for note in server.judged().notes] == [
        ("shamir_seal", ["SHA256SUMS.sealed", BARRIER_PATH]), ("shamir_seal", [NAMESPACE_PATH]),
    ]


def test_values_that_name_no_key_in_full():
    server = Server()
    server.stored[RECOVERY_PATH] = unnamed(server, RECOVERY_KEY)
    note = finding("unnamed_key", "Values do not name their KMS key.", "Use check=open to check whether they can be decrypted.", [RECOVERY_PATH])
    for check, restorable, summary in (("none", None, f"{WHOLE}{NOT_ASKED} {UNTRIED}"), ("key", None, f"{WHOLE}{USABLE} {UNTRIED}"), ("open", True, "")):
        judge = server.judged(check)
        assert (judge.restorable, results(judge.notes)) == (restorable, [note])
        assert judge.summary.startswith(summary)


@pytest.mark.parametrize(("kind", "shown"), [("azurekeyvault", "azurekeyvault"), ("transit", "transit"), (None, "unknown")])
def test_values_of_another_seal_in_full(kind, shown):
    server = Server()
    server.stored.update({BARRIER_PATH: written(azure_slot()), RECOVERY_PATH: written(azure_slot())})
    if kind is None:
        del server.stored["core/seal-config"]
    else:
        server.stored["core/seal-config"] = config(kind, 1, 1)
    server.sealed_sums = lambda _text: written(azure_slot())
    judge = server.judged()
    assert results(judge.notes) == [
        finding(
            "foreign_wrapper", f"Values are sealed by a seal other than awskms (the server's seal is {shown}).",
            "Check with that seal whether they can be decrypted.", SEAL_PATHS,
        )
    ]
    if kind is not None:
        assert judge.summary == f"{WHOLE}Values are sealed by a seal other than awskms, which cannot be checked."


def test_a_key_that_is_not_there_in_full():
    server = Server()
    server.aws.faults["DescribeKey"] = KmsError("KMS does not find it.", reason="not_found", remedy="Look.")
    judge = server.judged("key")
    message = f"SHA256SUMS.sealed, {BARRIER_PATH}, {RECOVERY_PATH} depend on the key {KEY}. KMS does not find it."
    assert results(judge.problems) == [finding("not_found", message, "Look.", SEAL_PATHS, KEY)]
    assert judge.summary == f"It cannot be restored. {message}"


@pytest.mark.parametrize(
    ("metadata", "reason", "message", "remedy"),
    [
        ({"KeyState": "Disabled"}, "key_disabled", "The key is disabled.", "Enable the key (kms:EnableKey)."),
        (
            {"KeyState": "PendingDeletion", "DeletionDate": datetime(2026, 6, 8, 12, tzinfo=timezone.utc)}, "key_pending_deletion",
            "The key is pending deletion. It will be deleted at 2026-06-08T12:00:00Z; after that, values sealed under it can never be decrypted again.",
            "Cancel the deletion (kms:CancelKeyDeletion), then enable the key (kms:EnableKey).",
        ),
    ],
)
@pytest.mark.parametrize("check", ["key", "open"])
def test_a_key_that_cannot_be_used_in_full(check, metadata, reason, message, remedy):
    server = Server()
    server.aws.metadata[KEY] = metadata
    server.aws.faults["Decrypt"] = KmsError("AWS rejected it.", reason=reason, remedy="Another remedy.")
    judge = server.judged(check)
    shown = f"SHA256SUMS.sealed, {BARRIER_PATH}, {RECOVERY_PATH} depend on the key {KEY}. {message}"
    assert results(judge.problems) == [finding(reason, shown, remedy, SEAL_PATHS, KEY)]


def test_an_error_that_concerns_something_else_than_the_keys_state_keeps_its_own_words():
    server = Server()
    server.aws.metadata[KEY] = {"KeyState": "Disabled"}
    server.aws.faults["Decrypt"] = KmsError(f"AWS does not allow kms:Decrypt with {KEY}.", reason="access_denied", remedy="Allow it, or use another key.")
    assert results(server.judged().problems) == [
        finding("access_denied", f"{', '.join(SEAL_PATHS)}: AWS does not allow kms:Decrypt with {KEY}.", "Allow it, or use another key.", SEAL_PATHS, KEY)
    ]


def test_one_value_depends_and_several_depend():
    server = Server()
    server.stored[RECOVERY_PATH] = written(server.sealed(b"short"))
    lone = f"{RECOVERY_PATH} depends on the key {KEY}. It was decrypted, but its content is invalid: it has 5 bytes instead of 32."
    remedy = "A server cannot unseal itself after restoring this snapshot. Take another one."
    assert results(server.judged().problems) == [finding("wrong_content", lone, remedy, [RECOVERY_PATH], KEY)]
    server.stored["namespaces/1686639e/core/recovery-key"] = written(server.sealed(b"short"))
    (problem,) = server.judged().problems
    assert problem.msg.startswith(f"{RECOVERY_PATH}, namespaces/1686639e/core/recovery-key depend on the key {KEY}. It was decrypted, ")


def test_a_value_that_names_no_key_and_opens_to_something_else():
    server = Server()
    server.stored[RECOVERY_PATH] = unnamed(server, b"short")
    assert results(server.judged().problems) == [
        finding(
            "wrong_content", f"{RECOVERY_PATH}: It was decrypted, but its content is invalid: it has 5 bytes instead of 32.",
            "A server cannot unseal itself after restoring this snapshot. Take another one.", [RECOVERY_PATH],
        )
    ]


@pytest.mark.parametrize(("more", "text"), [(0, ""), (1, " and 1 more"), (2, " and 2 more"), (3, " and 3 more")])
def test_three_paths_are_shown_and_the_rest_counted(more, text):
    server = Server()
    for number in range(more):
        server.stored[f"logical/{number}"] = written(server.sealed(b"x")) + b"s"
    server.aws.faults["DescribeKey"] = KmsError("It is gone.", reason="not_found")
    (problem,) = server.judged("key").problems
    assert problem.msg == f"SHA256SUMS.sealed, {BARRIER_PATH}, {RECOVERY_PATH}{text} depend on the key {KEY}. It is gone."
    assert problem.paths == [*SEAL_PATHS, *(f"logical/{number}" for number in range(more))]


def test_a_problem_and_a_note_hold_at_most_a_hundred_paths():
    server = Server()
    for number in range(150):
        server.stored[f"logical/{number:03}"] = written(server.sealed(b"x")) + b"s"
        server.stored[f"namespaces/{number:03}/core/recovery-key"] = shamir_sealed()
    server.aws.faults["DescribeKey"] = KmsError("It is gone.", reason="not_found")
    judge = server.judged("key")
    assert [len(problem.paths) for problem in judge.problems] == [100]
    assert " and 150 more depend on the key " in judge.problems[0].msg
    assert [(note.reason, len(note.paths)) for note in judge.notes] == [("shamir_seal", 100)]
    assert (judge.kms_keys()[0]["sealed_count"], len(judge.kms_keys()[0]["paths"])) == (153, 100)


def test_a_key_that_is_not_allowed_in_full():
    server = Server()
    server.stored[RECOVERY_PATH] = written(server.sealed(RECOVERY_KEY, OTHER_KEY))
    judge = server.judged("key", TrustedKeys([KEY], server.aws))
    remedy = "To trust this key, add it to allowed_key_ids."
    assert results(judge.problems) == [finding("wrong_key", f"{RECOVERY_PATH}: {NOT_ALLOWED}", remedy, [RECOVERY_PATH], OTHER_KEY)]


def test_a_state_that_cannot_be_learned_of_one_key_in_full():
    """Another key's state is known, so the answer is open rather than a failure."""
    server = Server()
    server.stored[RECOVERY_PATH] = written(server.sealed(RECOVERY_KEY, OTHER_KEY))
    judge = server.judged("key", region="us-east-1")
    (note,) = judge.notes
    message = f"The key {OTHER_KEY} (from the snapshot) is in region eu-central-1, but the region in effect is us-east-1 (from option region)."
    assert note.as_result() == finding("region_mismatch", message, "Remove the region setting, or set it to eu-central-1.")
    assert (judge.restorable, judge.summary) == (None, f"{WHOLE}{USABLE} It is unknown: the state of a key it depends on. {message}")


def test_a_value_that_could_not_be_opened_for_lack_of_a_connection_in_full():
    server = Server()
    server.stored[RECOVERY_PATH] = written(server.sealed(RECOVERY_KEY, OTHER_KEY))
    judge = server.judged("open", region="us-east-1")
    (note,) = judge.notes
    assert (note.reason, note.paths, note.key_arn, judge.restorable) == ("region_mismatch", [], None, None)
    assert note.remedy
    assert judge.summary == f"{WHOLE}It is unknown: whether {RECOVERY_PATH} can be decrypted. {note.msg}"


def test_a_key_that_answers_is_enough_to_leave_the_other_open():
    """Two keys answer and the third does not: the answer stays open, whatever their order."""
    server = Server()
    third = OTHER_KEY.replace("eu-central-1", "us-east-1")
    server.stored[RECOVERY_PATH] = written(server.sealed(RECOVERY_KEY, OTHER_KEY))
    server.stored["logical/1"] = written(server.sealed(b"x", third)) + b"s"
    assert server.judged("key", region="us-east-1").restorable is None
    with pytest.raises(SealError) as failure:
        server.judged("key", region="eu-west-1")
    assert failure.value.reason == "region_mismatch"
    assert failure.value.message.startswith(f"The key {KEY} ")


@pytest.mark.parametrize(
    ("path", "reason", "message", "remedy"),
    [
        (
            "core/seal-config", "incomplete_snapshot", "The snapshot contains no core/seal-config.",
            "Its server was not initialised when it was taken, or it was not written by a server. Take another one.",
        ),
        (
            BARRIER_PATH, "incomplete_snapshot", f"The snapshot contains no {BARRIER_PATH}.",
            "Its server was not initialised when it was taken, or it was not written by a server. Take another one.",
        ),
    ],
)
def test_what_is_missing_in_full(path, reason, message, remedy):
    server = Server()
    del server.stored[path]
    judge = server.judged()
    assert results(judge.problems) == [finding(reason, message, remedy, [path])]
    assert judge.summary == f"It cannot be restored. {message}"


def test_a_snapshot_without_its_recovery_key_in_full():
    server = Server()
    del server.stored[RECOVERY_PATH]
    assert results(server.judged().notes) == [
        finding(
            "no_recovery_key", "The snapshot contains no recovery key.",
            "The restored server cannot perform operations that require one, such as generating a root token.", [RECOVERY_PATH],
        )
    ]


def test_a_snapshot_without_sealed_sums_in_full():
    server = Server()
    server.sealed_sums = None
    judge = server.judged()
    problem = finding(
        "no_sealed_checksums", "The snapshot contains no SHA256SUMS.sealed: it cannot be verified that a server wrote it.",
        "A server accepts the snapshot with a forced restore (`operator raft snapshot restore -force`), which verifies only the plain checksums.",
        ["SHA256SUMS.sealed"],
    )
    assert results(judge.problems) == [problem]


def test_several_problems_are_all_in_the_summary():
    server = Server()
    server.sealed_sums = None
    del server.stored[BARRIER_PATH]
    judge = server.judged()
    assert [problem.reason for problem in judge.problems] == ["incomplete_snapshot", "no_sealed_checksums"]
    assert judge.summary == (
        f"It cannot be restored. The snapshot contains no {BARRIER_PATH}. "
        "The snapshot contains no SHA256SUMS.sealed: it cannot be verified that a server wrote it."
    )


def test_entries_that_are_too_long_in_full():
    server = Server()
    server.stored["logical/0"] = bytes((8 << 20) + 1)
    assert results(server.judged().notes) == [
        finding(
            "not_looked_at", "1 entries are too large to be checked: it is unknown whether Vault Enterprise sealed them.",
            "Ignore this unless the server is Vault Enterprise.",
        )
    ]


def test_zeros_after_the_archive_in_full(monkeypatch):
    server = Server()
    whole = server.snapshot()
    monkeypatch.setattr(server, "snapshot", lambda: whole + bytes(512))
    assert results(server.judged().notes) == [
        finding(
            "trailing_zeros", "512 zero bytes follow the archive in the file, as added by dd and tapes.",
            "No action is required: servers restore such a file.",
        )
    ]


def test_an_altered_snapshot_in_full():
    server = Server()
    text = server.members()["SHA256SUMS"]
    server.stored["logical/9"] = barrier(30)
    server.sealed_sums = lambda _text: written(server.sealed(text))
    (problem,) = server.judged().problems
    assert problem.msg.startswith(
        f"SHA256SUMS.sealed depends on the key {KEY}. The sealed checksums do not match this snapshot: its meta.json has the SHA-256 checksum "
    )
    assert (problem.reason, problem.remedy, problem.paths, problem.key_arn) == (
        "not_authentic", "The snapshot was modified after the server wrote it, or combined from several snapshots. Take another one.",
        ["SHA256SUMS.sealed"], KEY,
    )


def test_barrier_keys_that_are_something_else_in_full():
    server = Server()
    server.stored[BARRIER_PATH] = written(server.sealed(BARRIER_KEYS + b"x"))
    (problem,) = server.judged().problems
    assert problem.msg == (
        f"{BARRIER_PATH} depends on the key {KEY}. It was decrypted, but its content is invalid: it is not a JSON array of base64-encoded keys of 32 bytes."
    )


def test_different_failures_under_one_key_are_different_problems():
    server = Server()
    server.stored[BARRIER_PATH] = written(server.sealed(b"[]"))
    server.stored[RECOVERY_PATH] = written(server.sealed(b"short"))
    judge = server.judged()
    ending = "A server cannot unseal itself after restoring this snapshot. Take another one."
    assert results(judge.problems) == [
        finding(
            "wrong_content",
            f"{BARRIER_PATH} depends on the key {KEY}. It was decrypted, but its content is invalid: "
            "it is not a JSON array of base64-encoded keys of 32 bytes.",
            ending, [BARRIER_PATH], KEY,
        ),
        finding(
            "wrong_content", f"{RECOVERY_PATH} depends on the key {KEY}. It was decrypted, but its content is invalid: it has 5 bytes instead of 32.",
            ending, [RECOVERY_PATH], KEY,
        ),
    ]


def test_the_only_value_under_a_key_that_opens_to_something_else():
    server = Server()
    server.stored[RECOVERY_PATH] = written(server.sealed(b"short", OTHER_KEY))
    (problem,) = server.judged().problems
    assert (problem.key_arn, problem.paths) == (OTHER_KEY, [RECOVERY_PATH])


def test_a_value_after_one_that_is_too_long_is_opened():
    server = Server()
    altered = server.sealed(b"x", OTHER_KEY)
    altered.ciphertext = bytes([altered.ciphertext[0] ^ 1]) + altered.ciphertext[1:]
    server.stored["logical/1"] = written(server.sealed(bytes(1 << 20), OTHER_KEY)) + b"s"
    server.stored["logical/2"] = written(altered) + b"s"
    judge = server.judged()
    assert (judge.restorable, [(problem.reason, problem.paths) for problem in judge.problems]) == (False, [("not_authentic", ["logical/2"])])
