# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is found in a snapshot: every sealed value with its form and keys, the configurations, and nothing that only looks like one."""

from __future__ import annotations

import json
import os

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.entries import MAX_ENTRY, read_entries
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.model import MAX_KEYS, MAX_LISTED
from ansible_collections.sealwright.vault_seal.tests.support.snapshot_archive import archive, entry, meta, state, sums
from ansible_collections.sealwright.vault_seal.tests.support.stored_state import BARRIER_KEYS, barrier, config, shamir_sealed
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
from google.protobuf.internal.encoder import _VarintBytes

TENANT = "1686639e-ee4a-2fb8-715a-6ddd9ec0552d"


def refused(server, **description):
    with pytest.raises(SealError) as failure:
        read(server.snapshot(**description))
    return failure.value.reason, failure.value.message


def test_what_a_server_with_awskms_says():
    server = Server()
    result = read(server.snapshot(Configuration={"Servers": [
        {"Suffrage": 0, "ID": "a", "Address": "10.0.0.1:8201"}, {"Suffrage": 1, "ID": "b", "Address": "10.0.0.2:8201"},
    ]}))
    assert (result.meta.index, result.meta.term, result.meta.version, result.meta.configuration_index) == (52, 3, 1, 1)
    assert result.meta.peers == (
        {"id": "a", "address": "10.0.0.1:8201", "suffrage": "voter"}, {"id": "b", "address": "10.0.0.2:8201", "suffrage": "nonvoter"},
    )
    assert result.entries == len(server.stored)
    assert (result.seal.as_result(), result.recovery.as_result()) == (
        {"type": "awskms", "secret_shares": 1, "secret_threshold": 1}, {"type": "shamir", "secret_shares": 5, "secret_threshold": 3},
    )
    assert [(each.path, each.form, each.keys, each.slots[0].layout) for each in result.listed] == [
        (path, "bare", [KEY], "envelope") for path in SEAL_PATHS
    ]
    assert (result.sealed, result.count_by_keys, result.generation, result.sealed_namespaces) == (3, {(KEY,): 3}, None, [])


def test_several_slots_of_vault_in_the_barrier_keys_and_in_the_sealed_sums():
    server = Server()
    slots = [server.sealed(BARRIER_KEYS), azure_slot(), server.sealed(BARRIER_KEYS, OTHER_KEY)]
    server.stored[BARRIER_PATH] = several(*slots, generation=7)
    # Vault 1.16 marshals the message of several slots as it is, without the header that stored values have.
    server.sealed_sums = lambda text: written(HASHICORP.MultiWrapValue(generation=7, slots=[server.sealed(text), server.sealed(text, OTHER_KEY)]))
    result = read(server.snapshot())
    barrier_keys, sums = result.entry(BARRIER_PATH), result.entry("SHA256SUMS.sealed")
    assert (barrier_keys.form, barrier_keys.generation, barrier_keys.keys) == ("multi_wrap", 7, [KEY, OTHER_KEY])
    assert [slot.seal for slot in barrier_keys.slots] == ["awskms", "other", "awskms"]
    assert (sums.form, sums.generation, sums.keys) == ("multi_wrap", 7, [KEY, OTHER_KEY])
    assert result.count_by_keys == {(KEY, OTHER_KEY): 2, (KEY,): 1}


def test_entries_that_vault_enterprise_sealed_and_those_that_only_look_like_it():
    server = Server()
    server.stored["core/keyring"] = written(server.sealed(b"keyring")) + b"s"
    server.stored["logical/1/several"] = several(server.sealed(b"x"), server.sealed(b"x", OTHER_KEY)) + b"s"
    server.stored["logical/2/plain"] = written(HASHICORP.BlobInfo(ciphertext=barrier(30))) + b"s"  # in the container, and not sealed
    server.stored["logical/3/text"] = b'{"plain": "letters"}s'
    server.stored["logical/4/unsuffixed"] = written(server.sealed(b"x"))
    result = read(server.snapshot())
    assert [(each.path, each.form) for each in result.listed[1:]] == [
        (BARRIER_PATH, "bare"), ("core/keyring", "seal_wrap"), ("core/recovery-key", "bare"), ("logical/1/several", "multi_wrap_seal_wrap"),
    ]
    assert result.sealed == 5


def test_a_server_with_a_shamir_seal():
    server = Server()
    server.stored = {"core/seal-config": config("shamir", 5, 3), BARRIER_PATH: shamir_sealed(), "core/shamir-kek": barrier(60)}
    server.sealed_sums = lambda _text: shamir_sealed()
    result = read(server.snapshot())
    assert {(each.path, slot.seal, slot.key_id) for each in result.listed for slot in each.slots} == {
        ("SHA256SUMS.sealed", "shamir", ""), (BARRIER_PATH, "shamir", ""),
    }
    assert (result.count_by_keys, result.recovery) == ({(): 2}, None)


def test_a_namespace_with_a_seal_of_its_own():
    server = Server()
    server.stored[f"namespaces/{TENANT}/core/seal-config"] = barrier(130)
    server.stored[f"namespaces/{TENANT}/{BARRIER_PATH}"] = shamir_sealed()
    server.stored["namespaces/9c5fcc88-63b5-16e6-6cb8-1b3680ecb1eb/core/mounts"] = barrier(100)
    result = read(server.snapshot())
    tenant = result.listed[-1]
    assert (tenant.namespace, tenant.path, tenant.slots[0].seal, tenant.keys) == (TENANT, f"namespaces/{TENANT}/{BARRIER_PATH}", "shamir", [])
    assert result.sealed_namespaces == [TENANT]
    # A namespace's sealed values under KMS, which no release writes yet, are found by the same rule.
    server.stored[f"namespaces/{TENANT}/{BARRIER_PATH}"] = written(server.sealed(BARRIER_KEYS))
    assert read(server.snapshot()).listed[-1].keys == [KEY]


def test_the_generation_of_vaults_seals_without_its_secrets():
    server = Server()
    credential = "wJalrXUtnFEMI-do-not-show"
    seals = [
        {"Type": "awskms", "Name": "one", "Priority": 1, "Config": {"kms_key_id": KEY, "region": "us-east-1", "secret_key": credential}},
        {"Type": "azurekeyvault", "Name": "two", "Priority": 2, "Disabled": True, "Config": {"client_secret": credential}},
    ]
    server.stored["core/seal-gen-info"] = json.dumps({"Generation": 3, "Seals": seals, "Rewrapped": True, "Enabled": True}).encode()
    result = read(server.snapshot())
    assert result.generation == {
        "generation": 3, "rewrapped": True, "enabled": True, "seals": [
            {"type": "awskms", "name": "one", "priority": 1, "disabled": False, "kms_key_id": KEY, "region": "us-east-1", "endpoint": None},
            {"type": "azurekeyvault", "name": "two", "priority": 2, "disabled": True, "kms_key_id": None, "region": None, "endpoint": None},
        ],
    }
    assert credential not in repr(result)


def test_a_server_from_before_configurations_had_a_type_has_a_shamir_seal():
    server = Server()
    server.stored["core/seal-config"] = b'{"secret_shares": 3, "secret_threshold": 2}'
    assert read(server.snapshot()).seal_type == "shamir"


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        (BARRIER_PATH, b"nothing sealed", "its entry core/hsm/barrier-unseal-keys cannot be read"),
        ("core/seal-config", b"[1]", "its core/seal-config is not a JSON object"),
        ("core/recovery-config", b'{"type": 7}', "its core/recovery-config has no seal type"),
        ("core/seal-gen-info", b"{", "its core/seal-gen-info is not a JSON object"),
        ("core/seal-config", b"[" * 100000, "its core/seal-config is not a JSON object"),
        ("core/recovery-key", bytes(MAX_ENTRY), "is too large"),
    ],
    ids=["barrier keys", "seal config", "recovery config", "generation", "deep", "long"],
)
def test_entries_that_no_server_writes(path, value, text):
    server = Server()
    server.stored[path] = value
    reason, message = refused(server)
    assert (reason, text in message) == ("malformed_snapshot", True), message


@pytest.mark.parametrize(
    ("description", "text"),
    [({"Index": "x"}, "lacks Index"), ({"Size": 1}, "declares 1 bytes"), ({"Term": -1}, "lacks Index")],
)
def test_descriptions_that_no_server_writes(description, text):
    server = Server()
    reason, message = refused(server, **description)
    assert (reason, text in message) == ("malformed_snapshot", True), message


def test_a_path_that_comes_twice():
    server = Server()
    members = server.members()
    again = entry("core/seal-config", config("shamir", 1, 1))
    content = members["state.bin"] + again
    about = meta(len(content))
    with pytest.raises(SealError, match="contains core/seal-config twice"):
        read(archive({"meta.json": about, "state.bin": content, "SHA256SUMS": sums(about, content)}.items()))


def test_all_are_counted_and_the_list_is_bounded():
    server = Server()
    one = written(server.sealed(b"x")) + b"s"
    server.stored.update({f"logical/{number:06}": one for number in range(MAX_LISTED + 5)})
    server.stored["logical/zzz"] = written(server.sealed(b"x", OTHER_KEY)) + b"s"
    result = read(server.snapshot())
    assert (len(result.listed), result.sealed) == (MAX_LISTED + 2, MAX_LISTED + 9)
    assert result.count_by_keys == {(KEY,): MAX_LISTED + 8, (OTHER_KEY,): 1}
    assert result.listed[-1].path == "logical/zzz"
    # Kept for a check are the seal's own, and the first of each key.
    assert [each.path for each in result.listed if each.value] == [*SEAL_PATHS, "logical/zzz"]


def test_what_is_kept_is_bounded():
    server = Server()
    large = written(server.sealed(os.urandom(700_000)))
    server.stored.update({f"namespaces/{number:04}/{BARRIER_PATH}": large for number in range(30)})
    reason, message = refused(server)
    assert (reason, "more than 16777216 bytes" in message) == ("snapshot_too_large", True)
    # One that is longer than an entry that a server stores by default is counted, and not kept to be opened; the next one is.
    server = Server()
    server.stored["logical/1"] = written(server.sealed(os.urandom(2 << 20), OTHER_KEY)) + b"s"
    assert read(server.snapshot()).entry("logical/1").value is None
    server.stored["logical/2"] = written(server.sealed(b"x", OTHER_KEY)) + b"s"
    result = read(server.snapshot())
    assert (result.entry("logical/1").value, result.entry("logical/2").value is None) == (None, False)


def test_the_slots_are_bounded():
    server = Server()
    slots = b"\x12\x03\x0a\x01c" * 64
    value = b"multiwrapvalue:1" + len(slots).to_bytes(4, "big") + slots
    server.stored.update({f"namespaces/{number:04}/{BARRIER_PATH}": value for number in range(1700)})
    assert refused(server)[0] == "snapshot_too_large"


def test_the_keys_are_bounded():
    server = Server()
    for number in range(MAX_KEYS):
        blob = server.sealed(b"x")
        blob.key_info.key_id = key_arn(f"{number:08}-1111-1111-1111-111111111111")
        server.stored[f"logical/{number}"] = written(blob) + b"s"
    reason, message = refused(server)
    assert (reason, "more than 1000 sets of keys" in message) == ("snapshot_too_large", True)


@pytest.mark.parametrize("size", [1, 3, 1000, 1 << 20])
def test_entries_are_read_whatever_the_pieces(size):
    stored = {f"{'k' * (1 + number * 7 % 300)}/{number}": os.urandom(number * 37 % 3000) for number in range(150)}
    content = state(stored)
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    assert {result.path: bytes(result.value) for result in read_entries(pieces)} == stored


def test_entries_with_unknown_fields_or_the_value_first():
    odd = b"\x12\x03abc" + b"\x0a\x01k" + b"\x18\x05"
    assert [(items.path, bytes(items.value)) for items in read_entries([_VarintBytes(len(odd)) + odd])] == [("k", b"abc")]


def test_a_long_entry_is_passed_over():
    content = entry("a/long/one", bytes(MAX_ENTRY)) + entry("b", b"value")
    pieces = [content[start : start + 65536] for start in range(0, len(content), 65536)]
    assert [(items.path, items.value and bytes(items.value)) for items in read_entries(pieces)] == [("a/long/one", None), ("b", b"value")]
    server = Server()
    server.stored["a/long/one"] = bytes(1 << 10) * (MAX_ENTRY >> 10)
    assert read(server.snapshot(), max_state=1 << 30).passed_over == 1


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\x05\x0a", "at byte 1, its last entry is truncated"),
        (b"\x00", "an entry has no path"),
        (b"\x80" * 11, "an entry has an invalid length"),
        (b"\x02\x12\x00", "an entry has no path"),
        (b"\x03\x0a\x05a", "an entry is invalid"),
        (b"\x05\x0a\x03\xff\xff\xff", "the path of an entry is not UTF-8"),
        (b"\x80\x80\x80\x08" + bytes(40000), "does not begin with its path"),
        (b"\x80\x80\x80\x08\x0a\x01k" + bytes(40000), "its last entry is truncated"),
        (b"\x80\x80\x80\x08\x0a\x01k", "its last entry is truncated"),
        (b"\x85\x80\x02\x0a\x81\x80\x02" + b"k" * 32769 + b"\x12", "more than 32768"),
    ],
)
def test_states_that_no_server_writes(content, text):
    with pytest.raises(SealError) as failure:
        list(read_entries([content]))
    assert (failure.value.reason, text in failure.value.message) == ("malformed_snapshot", True), failure.value.message
