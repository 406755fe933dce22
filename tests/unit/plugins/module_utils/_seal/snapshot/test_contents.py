# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the sealed values of a snapshot must open to, and what is said in full where one does not."""

from __future__ import annotations

import base64
import json

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import BlobError, KmsError, SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.contents import opening_failure, recovery_key
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.unwrap import Unwrapper
from ansible_collections.sealwright.vault_seal.tests.support.stored_state import BARRIER_KEYS, RECOVERY_KEY, config, shamir_sealed
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.snapshots import BARRIER_PATH, OTHER_KEY, Server, read
from ansible_collections.sealwright.vault_seal.tests.vectors.messages import written

RECOVERY_PATH = "core/recovery-key"
NOT_WHAT_IT_NEEDS = "It was decrypted, but its content is invalid: "
ANOTHER = "A server cannot unseal itself after restoring this snapshot. Take another one."


def keys(*sizes):
    return json.dumps([base64.b64encode(bytes(size)).decode() for size in sizes]).encode()


def failure(server, path):
    result = read(server.snapshot())
    return opening_failure(path, result.entry(path).value, result, Unwrapper(server.aws))


@pytest.mark.parametrize("path", [BARRIER_PATH, f"namespaces/1686639e/{BARRIER_PATH}"])
@pytest.mark.parametrize(
    ("opened", "good"),
    [
        (BARRIER_KEYS, True), (keys(32), True), (keys(32, 32), True),
        (keys(), False), (keys(31), False), (keys(33), False), (keys(32, 31), False), (keys(31, 32), False),
        (b'{"a": 1}', False), (b"[null]", False), (b"[7]", False), (b'["*"]', False), (b'["QUJD\\n"]', False), (b"[", False), (b"\xff", False), (b"", False),
        (b'"' + base64.b64encode(bytes(32)) + b'"', False),
    ],
)
def test_the_barrier_keys_are_an_array_of_keys(path, opened, good):
    server = Server()
    server.stored[path] = written(server.sealed(opened))
    error = failure(server, path)
    if good:
        assert error is None
    else:
        assert (type(error), error.as_result()) == (
            BlobError,
            {"reason": "wrong_content", "remedy": ANOTHER, "msg": f"{NOT_WHAT_IT_NEEDS}it is not a JSON array of base64-encoded keys of 32 bytes. {ANOTHER}"},
        )


@pytest.mark.parametrize("path", [RECOVERY_PATH, f"namespaces/1686639e/{RECOVERY_PATH}"])
@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, 64])
def test_a_recovery_key_has_32_bytes(path, size):
    server = Server()
    server.stored[path] = written(server.sealed(bytes(size)))
    error = failure(server, path)
    if size == 32:
        assert error is None
    else:
        assert error.as_result() == {
            "reason": "wrong_content", "remedy": ANOTHER, "msg": f"{NOT_WHAT_IT_NEEDS}it has {size} bytes instead of 32. {ANOTHER}",
        }


def test_the_sealed_checksums_are_those_of_the_snapshot():
    server = Server()
    assert failure(server, "SHA256SUMS.sealed") is None
    server.sealed_sums = lambda _text: written(server.sealed(b"hello"))
    again = "The snapshot was modified after the server wrote it, or combined from several snapshots. Take another one."
    assert failure(server, "SHA256SUMS.sealed").as_result() == {
        "reason": "not_authentic", "remedy": again,
        "msg": f"The sealed checksums do not match this snapshot: its SHA256SUMS has an invalid line. {again}",
    }


def test_any_other_value_may_open_to_anything():
    server = Server()
    server.stored["logical/1"] = written(server.sealed(b"", OTHER_KEY)) + b"s"
    assert failure(server, "logical/1") is None


def test_a_value_that_does_not_open_says_why():
    server = Server()
    server.aws.faults["Decrypt"] = KmsError("KMS cannot be reached.", reason="unreachable", remedy="Wait.")
    assert failure(server, BARRIER_PATH) is server.aws.faults["Decrypt"]


def no_recovery_key(server):
    with pytest.raises(SealError) as caught:
        recovery_key(read(server.snapshot()), Unwrapper(server.aws))
    return caught.value


def test_the_recovery_key_itself():
    server = Server()
    assert recovery_key(read(server.snapshot()), Unwrapper(server.aws)) == RECOVERY_KEY


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_recovery_key_of_another_size_in_full(size):
    server = Server()
    server.stored[RECOVERY_PATH] = written(server.sealed(bytes(size)))
    error = no_recovery_key(server)
    assert (type(error), error.as_result()) == (
        BlobError,
        {
            "reason": "wrong_content", "remedy": "Use another snapshot.",
            "msg": "core/recovery-key was decrypted, but is not a key of 32 bytes. Use another snapshot.",
        },
    )


def test_a_snapshot_without_a_recovery_key_in_full():
    server = Server()
    server.stored = {"core/seal-config": config("shamir", 5, 3), BARRIER_PATH: shamir_sealed()}
    server.sealed_sums = lambda _text: shamir_sealed()
    error = no_recovery_key(server)
    remedy = "Only servers with auto-unseal have recovery keys; a server with a shamir seal has unseal keys."
    assert (type(error), error.as_result()) == (
        BlobError, {"reason": "no_recovery_key", "remedy": remedy, "msg": f"The snapshot contains no recovery key. {remedy}"},
    )


def test_a_recovery_key_that_does_not_open():
    server = Server()
    server.aws.faults["Decrypt"] = KmsError("AWS rejected Decrypt.", reason="access_denied", remedy="Allow it.")
    assert no_recovery_key(server) is server.aws.faults["Decrypt"]
