# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of a snapshot, whole: each field of the result, each limit at its edge, and what is said in full of what no server writes."""

from __future__ import annotations

import hashlib
import json

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot import reader
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.config import SealConfig
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.model import MAX_LISTED, Slot
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.reader import checked_sums
from ansible_collections.sealwright.vault_seal.tests.support.snapshot_archive import archive, entry, meta, state, sums
from ansible_collections.sealwright.vault_seal.tests.support.stored_state import BARRIER_KEYS, RECOVERY_KEY, barrier, config, shamir_sealed
from ansible_collections.sealwright.vault_seal.tests.support.vault_values import azure_slot, several
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.fake_kms import key_arn
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.snapshots import (
    BARRIER_PATH,
    KEY,
    OTHER_KEY,
    SEAL_PATHS,
    Server,
    read,
)
from ansible_collections.sealwright.vault_seal.tests.vectors.messages import HASHICORP, written

TENANT = "1686639e-ee4a-2fb8-715a-6ddd9ec0552d"
OTHER_TENANT = "0086639e-ee4a-2fb8-715a-6ddd9ec0552d"
THIRD_KEY = key_arn("33333333-3333-3333-3333-333333333333")
RECOVERY_PATH = "core/recovery-key"
NOT_ONE = "This is not a raft snapshot of Vault or OpenBao: "
SAVE = "Use a file that was written by `bao operator raft snapshot save` or `vault operator raft snapshot save`."
NO_SERVERS = "Do not trust this file: it was not written by a server."


def refused(data):
    with pytest.raises(SealError) as failure:
        read(data)
    return failure.value.reason, failure.value.message, failure.value.remedy


def malformed(what):
    return "malformed_snapshot", f"{NOT_ONE}{what}.", SAVE


def too_large(what):
    return "snapshot_too_large", f"The snapshot exceeds a limit: {what}.", NO_SERVERS


def test_a_snapshot_in_full():
    server = Server()
    members = server.members()
    result = read(archive(members.items()))
    assert result.digests == {name: hashlib.sha256(members[name]).hexdigest() for name in ("meta.json", "state.bin")}
    assert (result.sums, result.entries, result.state_size) == (members["SHA256SUMS"], 6, len(members["state.bin"]))
    assert (result.seal, result.recovery, result.generation) == (SealConfig("awskms", 1, 1), SealConfig("shamir", 5, 3), None)
    assert (result.sealed, result.count_by_keys, result.sealed_namespaces, result.passed_over, result.trailing_zeros) == (3, {(KEY,): 3}, [], 0, 0)
    assert result.seal_type == "awskms"
    sizes = [len(members["SHA256SUMS.sealed"]), *(len(server.stored[path]) for path in SEAL_PATHS[1:])]
    assert [(each.path, each.size, each.form, each.generation, each.slots, each.namespace) for each in result.listed] == [
        (path, size, "bare", 0, (Slot(KEY, "awskms", 1, "envelope"),), "") for path, size in zip(SEAL_PATHS, sizes)
    ]
    assert all(each.value is not None for each in result.listed)
    assert (result.entry(RECOVERY_PATH), result.entry("core/keyring")) == (result.listed[2], None)


def test_a_snapshot_without_sealed_sums_and_without_a_configuration():
    server = Server()
    server.sealed_sums = None
    del server.stored["core/seal-config"], server.stored["core/recovery-config"]
    result = read(server.snapshot() + bytes(300))
    assert [each.path for each in result.listed] == SEAL_PATHS[1:]
    assert (result.seal, result.recovery, result.seal_type, result.trailing_zeros) == (None, None, "", 300)


@pytest.mark.parametrize(
    ("left", "missing"),
    [
        (["state.bin", "SHA256SUMS"], "meta.json"),
        (["meta.json", "SHA256SUMS"], "state.bin"),
        (["meta.json", "state.bin"], "SHA256SUMS"),
        (["meta.json"], "state.bin and no SHA256SUMS"),
        (["SHA256SUMS.sealed"], "meta.json and no state.bin and no SHA256SUMS"),
        ([], "meta.json and no state.bin and no SHA256SUMS"),
    ],
)
def test_members_that_are_missing_in_full(left, missing):
    members = Server().members()
    assert refused(archive((name, members[name]) for name in left)) == malformed(f"it contains no {missing}")


ONE, TWO = "1" * 64, "a" * 64
DIGESTS = {"meta.json": ONE, "state.bin": TWO}
NO_FORM = "its SHA256SUMS has an invalid line"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (f"{ONE}  meta.json\n{TWO}  state.bin\n", ""),
        (f"{TWO}  state.bin\n{ONE}  meta.json", ""),
        (f"{ONE}  meta.json\r\n{TWO.upper()}  state.bin\r\n", ""),
        (f"{ONE} meta.json\n{TWO}  state.bin\n", NO_FORM),
        (f"{ONE}   meta.json\n{TWO}  state.bin\n", NO_FORM),
        (f"{ONE}  meta.json\n{TWO}  state.bin\n{ONE}  other\n", NO_FORM),
        (f"{ONE}  meta.json\n{TWO}  state.bin\n{ONE}  meta.json\n", NO_FORM),
        (f"{ONE}  meta.json\n\n{TWO}  state.bin\n", NO_FORM),
        (f"{ONE[:-1]}  meta.json\n{TWO}  state.bin\n", NO_FORM),
        (f"{ONE}1  meta.json\n{TWO}  state.bin\n", NO_FORM),
        (f"{ONE[:31]}  {ONE[:31]}  meta.json\n{TWO}  state.bin\n", NO_FORM),
        ("\xff", NO_FORM),
        ("", "its SHA256SUMS has no line for meta.json"),
        (f"{TWO}  state.bin\n", "its SHA256SUMS has no line for meta.json"),
        (f"{ONE}  meta.json\n", "its SHA256SUMS has no line for state.bin"),
        (f"{TWO}  meta.json\n{TWO}  state.bin\n", f"its meta.json has the SHA-256 checksum {ONE}, but SHA256SUMS declares {TWO}"),
        (f"{ONE}  meta.json\n{ONE}  state.bin\n", f"its state.bin has the SHA-256 checksum {TWO}, but SHA256SUMS declares {ONE}"),
        (f"{TWO}  meta.json\n{ONE}  state.bin\n", f"its meta.json has the SHA-256 checksum {ONE}, but SHA256SUMS declares {TWO}"),
    ],
)
def test_the_text_of_checksums(text, what):
    assert checked_sums(text.encode("latin-1"), DIGESTS) == what


def test_a_sum_that_does_not_fit_in_full():
    members = Server().members()
    other = hashlib.sha256(b"other").hexdigest()
    own = hashlib.sha256(members["state.bin"]).hexdigest()
    members["SHA256SUMS"] = members["SHA256SUMS"].replace(own.encode(), other.encode())
    assert refused(archive(members.items())) == (
        "damaged_snapshot", f"The snapshot is damaged: its state.bin has the SHA-256 checksum {own}, but SHA256SUMS declares {other}.",
        "Take the snapshot again from its source, or another one.",
    )


def test_damage_is_told_rather_than_what_comes_of_it():
    members = Server().members()
    members["state.bin"] = members["state.bin"][:-1]
    assert refused(archive(members.items()))[0] == "damaged_snapshot"
    content = members["state.bin"]
    about = meta(len(content))
    whole = {"meta.json": about, "state.bin": content, "SHA256SUMS": sums(about, content)}
    reason, message, _remedy = refused(archive(whole.items()))
    assert (reason, message.endswith("its last entry is truncated.")) == ("malformed_snapshot", True)


@pytest.mark.parametrize("difference", [-1, 1])
def test_a_size_that_does_not_fit_in_full(difference):
    server = Server()
    size = len(server.members()["state.bin"])
    assert refused(server.snapshot(Size=size + difference)) == malformed(
        f"its meta.json declares {size + difference} bytes for state.bin, but it has {size}"
    )


@pytest.mark.parametrize("path", [BARRIER_PATH, RECOVERY_PATH, f"namespaces/{TENANT}/{RECOVERY_PATH}"])
def test_a_sealed_value_that_cannot_be_read_in_full(path):
    server = Server()
    server.stored[path] = b"\x0a\x05ab"
    assert refused(server.snapshot()) == malformed(f"its entry {path} cannot be read. This is not a sealed value: field 1 is cut off at byte 0.")


def test_sealed_sums_that_cannot_be_read_in_full():
    server = Server()
    server.sealed_sums = lambda _text: b"\x0a\x05ab"
    assert refused(server.snapshot()) == (
        "damaged_snapshot",
        "The snapshot is damaged: its SHA256SUMS.sealed cannot be read. This is not a sealed value: field 1 is cut off at byte 0..",
        "Take the snapshot again from its source, or another one.",
    )


@pytest.mark.parametrize("path", ["core/seal-config", "core/recovery-config", "core/seal-gen-info", f"namespaces/{TENANT}/core/seal-config"])
def test_an_entry_of_the_seal_has_at_most_1_mib(path):
    server = Server()
    server.stored[path] = b"{}" + b" " * ((1 << 20) - 2)
    assert read(server.snapshot()).entries == len(server.stored)
    server.stored[path] += b" "
    assert refused(server.snapshot()) == malformed(f"its entry {path} is too large")
    server.stored[path] = bytes((8 << 20) + 1)
    assert refused(server.snapshot()) == malformed(f"its entry {path} is too large")


@pytest.mark.parametrize("path", ["core/seal-config", BARRIER_PATH, f"namespaces/{TENANT}/core/seal-config"])
def test_a_path_that_comes_twice_in_full(path):
    server = Server()
    server.stored.setdefault(path, barrier(30))
    content = state(server.stored) + entry(path, server.stored[path])
    about = meta(len(content))
    assert refused(archive({"meta.json": about, "state.bin": content, "SHA256SUMS": sums(about, content)}.items())) == malformed(
        f"its state contains {path} twice"
    )


def test_any_other_path_may_come_twice_as_its_content_is_not_read():
    server = Server()
    content = state(server.stored) + entry("core/keyring", barrier(20))
    about = meta(len(content))
    assert read(archive({"meta.json": about, "state.bin": content, "SHA256SUMS": sums(about, content)}.items())).entries == 7


def test_configurations_that_are_no_json_in_full():
    for path in ("core/seal-config", "core/recovery-config", "core/seal-gen-info"):
        server = Server()
        server.stored[path] = b"[]"
        assert refused(server.snapshot()) == malformed(f"its {path} is not a JSON object")


def test_the_key_of_a_shamir_seal_and_what_is_in_namespaces_is_not_read_as_json():
    server = Server()
    server.stored["core/shamir-kek"] = barrier(60)
    for name in ("core/seal-config", "core/recovery-config", "core/seal-gen-info", "core/shamir-kek"):
        server.stored[f"namespaces/{TENANT}/{name}"] = barrier(60)
    result = read(server.snapshot())
    assert (result.entries, result.sealed, result.sealed_namespaces) == (len(server.stored), 3, [TENANT])
    assert (result.seal, result.generation) == (SealConfig("awskms", 1, 1), None)


def test_namespaces_with_a_seal_of_their_own_are_sorted_and_each_once():
    server = Server()
    for tenant in (TENANT, OTHER_TENANT):
        server.stored[f"namespaces/{tenant}/{BARRIER_PATH}"] = shamir_sealed()
        server.stored[f"namespaces/{tenant}/{RECOVERY_PATH}"] = shamir_sealed()
    server.stored["namespaces/without-slash"] = barrier(60)
    result = read(server.snapshot())
    assert result.sealed_namespaces == [OTHER_TENANT, TENANT]
    assert [(each.namespace, each.path, [slot.seal for slot in each.slots]) for each in result.listed[3:]] == [
        (tenant, f"namespaces/{tenant}/{path}", ["shamir"]) for tenant in (OTHER_TENANT, TENANT) for path in (BARRIER_PATH, RECOVERY_PATH)
    ]


def test_what_begins_like_a_path_of_the_seal_is_none():
    server = Server()
    for path in ("core/seal-config2", "core/recovery-key/x", "xcore/seal-config", "namespaces/x/y/core/seal-config", "Core/seal-config"):
        server.stored[path] = b"{}"
    result = read(server.snapshot())
    assert (result.entries, result.sealed, result.sealed_namespaces) == (len(server.stored), 3, [])


def slot_without_a_key():
    return HASHICORP.BlobInfo(ciphertext=b"c" * 40)


@pytest.mark.parametrize(("kind", "seal"), [("shamir", "shamir"), ("awskms", "awskms"), ("azurekeyvault", "other"), ("", "shamir"), (None, "other")])
def test_by_which_seal_a_slot_is_sealed_that_names_no_key(kind, seal):
    server = Server()
    server.stored[BARRIER_PATH] = several(slot_without_a_key(), azure_slot(), server.sealed(BARRIER_KEYS))
    if kind is None:
        del server.stored["core/seal-config"]
    else:
        server.stored["core/seal-config"] = config(kind, 1, 1)
    entry = read(server.snapshot()).entry(BARRIER_PATH)
    assert [slot.seal for slot in entry.slots] == [seal, "other", "awskms"]
    assert (entry.keys, entry.seals) == ([KEY], {seal, "other", "awskms"})


def test_a_path_that_lies_in_no_namespace():
    server = Server()
    server.stored["namespaces/without-slash"] = written(server.sealed(b"x")) + b"s"
    assert [(each.path, each.namespace) for each in read(server.snapshot()).listed[3:]] == [("namespaces/without-slash", "")]


def test_a_slot_in_a_namespace_is_sealed_by_the_namespaces_own_seal_where_it_has_one():
    server = Server()
    server.stored[f"namespaces/{TENANT}/{BARRIER_PATH}"] = written(slot_without_a_key())
    server.stored[f"namespaces/{TENANT}/logical/1"] = written(server.sealed(b"x")) + b"s"
    server.stored[f"namespaces/{OTHER_TENANT}/logical/1"] = written(server.sealed(b"x")) + b"s"
    result = read(server.snapshot())
    assert [(each.path, each.namespace, each.slots[0].seal) for each in result.listed[3:]] == [
        (f"namespaces/{OTHER_TENANT}/logical/1", OTHER_TENANT, "awskms"),
        (f"namespaces/{TENANT}/{BARRIER_PATH}", TENANT, "shamir"),
        (f"namespaces/{TENANT}/logical/1", TENANT, "awskms"),
    ]


@pytest.mark.parametrize(
    ("value", "counted"),
    [
        (lambda server: written(server.sealed(b"x")) + b"s", True),
        (lambda server: several(server.sealed(b"x")) + b"s", True),
        (lambda server: written(azure_slot()) + b"s", True),
        (lambda server: written(server.sealed(b"x")), False),
        (lambda server: written(server.sealed(b"x")) + b"S", False),
        (lambda server: written(server.sealed(b"x")) + b"ss", False),
        (lambda server: several(server.sealed(b"x"), slot_without_a_key()) + b"s", False),
        (lambda server: written(slot_without_a_key()) + b"s", False),
        (lambda server: shamir_sealed() + b"s", False),
        (lambda server: b"s", False),
        (lambda server: b"", False),
    ],
)
def test_which_entries_vault_enterprise_sealed(value, counted):
    server = Server()
    server.stored["logical/1"] = value(server)
    result = read(server.snapshot())
    assert (result.sealed, [each.path for each in result.listed[3:]]) == ((4, ["logical/1"]) if counted else (3, []))


def test_entries_that_are_too_long_are_counted():
    server = Server()
    server.stored["logical/1"] = server.stored["core/other"] = bytes((8 << 20) + 1)
    result = read(server.snapshot())
    assert (result.entries, result.passed_over, result.sealed) == (8, 2, 3)


def test_what_is_kept_to_be_opened():
    """All of the seal's own, and of the others the first under each key that is not too long."""
    server = Server()
    long = written(server.sealed(bytes(1 << 20), OTHER_KEY)) + b"s"
    server.stored["logical/1"] = long
    server.stored["logical/2"] = written(server.sealed(b"x", OTHER_KEY)) + b"s"
    server.stored["logical/3"] = written(server.sealed(b"y", OTHER_KEY)) + b"s"
    server.stored["logical/4"] = written(server.sealed(b"z")) + b"s"
    result = read(server.snapshot())
    assert [each.path for each in result.listed if each.value] == [*SEAL_PATHS, "logical/2"]
    assert result.count_by_keys == {(KEY,): 4, (OTHER_KEY,): 3}


def test_a_value_of_exactly_1_mib_is_kept():
    for more, kept in ((0, True), (1, False)):
        server = Server()
        overhead = len(written(server.sealed(bytes(1 << 19), OTHER_KEY))) - (1 << 19) + 1  # with the suffix
        value = written(server.sealed(bytes((1 << 20) - overhead + more), OTHER_KEY)) + b"s"
        assert len(value) == (1 << 20) + more
        server.stored["logical/1"] = value
        assert (read(server.snapshot()).entry("logical/1").value is not None) is kept


def test_the_limits_that_are_in_force():
    assert (reader._MOST_KEPT, reader._LONGEST_KEPT, reader._MOST_SLOTS, MAX_LISTED, reader.MAX_KEYS) == (16777216, 1048576, 100000, 10000, 1000)


def test_at_the_limit_of_the_keys(monkeypatch):
    server = Server()
    server.stored.update({f"logical/{number}": written(server.sealed(b"x", key_arn(f"{number:08}-1111-1111-1111-111111111111"))) + b"s" for number in range(3)})
    monkeypatch.setattr(reader, "MAX_KEYS", 4)
    assert len(read(server.snapshot()).count_by_keys) == 4
    monkeypatch.setattr(reader, "MAX_KEYS", 3)
    assert refused(server.snapshot()) == too_large("its entries name more than 3 sets of keys")


def test_at_the_limit_of_the_slots(monkeypatch):
    server = Server()
    server.stored[BARRIER_PATH] = several(*(server.sealed(BARRIER_KEYS) for _number in range(4)))
    monkeypatch.setattr(reader, "_MOST_SLOTS", 6)
    assert [len(each.slots) for each in read(server.snapshot()).listed] == [1, 4, 1]
    monkeypatch.setattr(reader, "_MOST_SLOTS", 5)
    assert refused(server.snapshot()) == too_large("its sealed values have more than 5 slots")


def test_at_the_limit_of_what_is_kept(monkeypatch):
    """Of each entry of the seal its path; of each sealed value its bytes, its path and its keys."""
    server = Server()
    server.stored["logical/1"] = written(server.sealed(b"x", OTHER_KEY)) + b"s"
    server.stored["logical/2"] = written(server.sealed(b"x", OTHER_KEY)) + b"s"  # listed, not kept to be opened
    sums_size = len(server.members()["SHA256SUMS.sealed"])
    paths = sum(map(len, ("core/seal-config", "core/recovery-config", BARRIER_PATH, RECOVERY_PATH)))
    values = sum(len(path) + len(KEY) + len(server.stored[path]) for path in (BARRIER_PATH, RECOVERY_PATH))
    other = 2 * (len("logical/1") + len(OTHER_KEY)) + len(server.stored["logical/1"])
    kept = paths + values + other + len("SHA256SUMS.sealed") + len(KEY) + sums_size
    snapshot = server.snapshot()
    monkeypatch.setattr(reader, "_MOST_KEPT", kept)
    assert read(snapshot).sealed == 5
    monkeypatch.setattr(reader, "_MOST_KEPT", kept - 1)
    assert refused(snapshot) == too_large(f"its sealed values, paths and keys have more than {kept - 1} bytes")


def test_at_the_limit_of_the_list(monkeypatch):
    server = Server()
    server.stored.update({f"logical/{number}": written(server.sealed(b"x")) + b"s" for number in range(3)})
    server.stored["logical/9"] = written(server.sealed(b"x", OTHER_KEY)) + b"s"
    server.stored["logical/long"] = written(server.sealed(bytes(1 << 20), THIRD_KEY)) + b"s"
    for most, others in ((5, ["logical/0", "logical/1", "logical/2"]), (4, ["logical/0", "logical/1"]), (2, [])):
        monkeypatch.setattr(reader, "MAX_LISTED", most)
        result = read(server.snapshot())
        assert [each.path for each in result.listed] == [*SEAL_PATHS, *others, "logical/9", "logical/long"]
        assert (result.sealed, result.count_by_keys) == (8, {(KEY,): 6, (OTHER_KEY,): 1, (THIRD_KEY,): 1})
        assert result.listed[-1].value is None


def test_the_generation_is_read():
    server = Server()
    server.stored["core/seal-gen-info"] = json.dumps({"Generation": 2, "Enabled": True}).encode()
    assert read(server.snapshot()).generation == {"generation": 2, "rewrapped": None, "enabled": True, "seals": []}


def test_the_recovery_key_is_the_one_that_was_stored():
    server = Server()
    entry = read(server.snapshot()).entry(RECOVERY_PATH)
    assert entry.value.encode() == server.stored[RECOVERY_PATH]
    assert RECOVERY_KEY not in server.stored[RECOVERY_PATH]
