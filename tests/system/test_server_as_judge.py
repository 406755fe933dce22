# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real OpenBao server as the judge of the formats: it accepts what the core writes, and the core opens what it wrote."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import SealedValue
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.client import BotoKms, open_kms
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.reader import read_snapshot
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.unwrap import Unwrapper
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.wrap import wrap, wrap_batch

from support.module_run import finished, start_module
from support.openbao import OpenBao
from support.snapshot_archive import entries, members, with_member
from support.strict_kms import StrictKms

SNAPSHOTS = Path(__file__).parents[1] / "vectors" / "snapshots"
SEALED_SUMS = "SHA256SUMS.sealed"
ALIAS = "alias/vault-unseal"


class Judge:
    """A server that has unsealed itself, its KMS, a snapshot of it, and the core's connection to the same KMS."""

    def __init__(self, kms: StrictKms, key_arn: str, server: OpenBao) -> None:
        self.key_arn = key_arn
        self.server = server
        self.strict_kms = kms
        admin = kms.admin
        self.kms: BotoKms = open_kms(
            ConnectionOptions(region="us-east-1", access_key=admin.access_key, secret_key=admin.secret_key, endpoint=kms.url)
        )
        self.archive = server.snapshot()
        self.members = members(self.archive)

    def opened(self, sealed: bytes) -> Any:
        return Unwrapper(lambda _region: self.kms).unwrap(SealedValue.parse(sealed))

    def restore_with(self, sealed_sums: bytes) -> tuple[int, str]:
        reply = self.server.restore(with_member(self.archive, SEALED_SUMS, sealed_sums))
        return reply.status, reply.body.decode()


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    with StrictKms() as kms:
        key_arn = kms.new_key(alias=ALIAS)
        folder: Path = tmp_path_factory.mktemp("server")
        with OpenBao(folder, kms.environment(), {"kms_key_id": ALIAS, "region": "us-east-1"}) as server:
            server.initialise()
            server.restart()
            server.wait_until_active()
            yield Judge(kms, key_arn, server)


def test_the_servers_own_sealed_checksums_open(judge: Judge) -> None:
    opened = judge.opened(judge.members[SEALED_SUMS])
    # The server lists the files anew for the sealed text, in an order that differs from run to run.
    assert sorted(opened.plaintext.splitlines()) == sorted(judge.members["SHA256SUMS"].splitlines())
    assert (opened.key_arn, opened.mechanism, opened.form, opened.layout) == (judge.key_arn, 1, "bare", "envelope")


def test_the_servers_root_and_recovery_keys_open(judge: Judge) -> None:
    stored = dict(entries(judge.members["state.bin"]))
    barrier = json.loads(judge.opened(stored["core/hsm/barrier-unseal-keys"]).plaintext)
    assert [type(key) for key in barrier] == [str]
    assert len(judge.opened(stored["core/recovery-key"]).plaintext) == 32


def test_what_the_server_wrote_is_written_again_byte_for_byte(judge: Judge) -> None:
    stored = dict(entries(judge.members["state.bin"]))
    for sealed in (judge.members[SEALED_SUMS], stored["core/hsm/barrier-unseal-keys"], stored["core/recovery-key"]):
        assert SealedValue.parse(sealed).encode() == sealed


def test_the_server_accepts_what_the_core_sealed(judge: Judge) -> None:
    sealed = wrap(judge.kms, ALIAS, judge.members["SHA256SUMS"]).value.encode()
    assert judge.restore_with(sealed) == (204, "")
    judge.server.wait_until_active()


def test_the_server_accepts_one_value_of_a_batch(judge: Judge) -> None:
    batch = wrap_batch(judge.kms, ALIAS, [b"another value", judge.members["SHA256SUMS"], b"one more"])
    assert judge.restore_with(batch[1].value.encode()) == (204, "")
    judge.server.wait_until_active()
    status, body = judge.restore_with(batch[0].value.encode())
    assert (status, "failed checking integrity of snapshot" in body) == (500, True)


def test_the_server_accepts_its_own_checksums_rewrapped_to_another_key(judge: Judge, tmp_path: Path) -> None:
    """By the module, in the file; the server then opens under a key that it never sealed anything with."""
    sums, other = tmp_path / SEALED_SUMS, judge.strict_kms.new_key()
    sums.write_bytes(judge.members[SEALED_SUMS])
    options = {"src": [str(sums)], "kms_key_id": other}
    moved = finished(start_module("awskms_seal_rewrap", options, tmp_path, judge.strict_kms.environment()))
    assert moved["key_arns_no_longer_used"] == [judge.key_arn]
    assert judge.opened(sums.read_bytes()).key_arn == other
    judge.strict_kms.clear_calls()
    assert judge.restore_with(sums.read_bytes()) == (204, "")
    judge.server.wait_until_active()
    assert other in [call["answered"] for call in judge.strict_kms.calls("Decrypt")]


@pytest.mark.parametrize("field", ["ciphertext", "iv", "wrapped_key"])
def test_the_server_refuses_a_flipped_bit(judge: Judge, field: str) -> None:
    value = wrap(judge.kms, ALIAS, judge.members["SHA256SUMS"]).value
    slot = value.slots[0]
    assert slot.key_info is not None
    holder = slot.key_info if field == "wrapped_key" else slot
    content = bytearray(getattr(holder, field))
    content[len(content) // 2] ^= 1
    setattr(holder, field, bytes(content))
    status, body = judge.restore_with(value.encode())
    assert (status, "could not verify hash file" in body) == (400, True)


def test_the_server_refuses_a_value_bound_to_additional_data(judge: Judge) -> None:
    status, body = judge.restore_with(wrap(judge.kms, ALIAS, judge.members["SHA256SUMS"], b"aad").value.encode())
    assert (status, "could not verify hash file" in body) == (400, True)


def test_the_server_refuses_an_authentic_seal_of_another_text(judge: Judge) -> None:
    status, body = judge.restore_with(wrap(judge.kms, ALIAS, b"other sums").value.encode())
    assert (status, "failed checking integrity of snapshot" in body) == (500, True)


@pytest.mark.parametrize("zeros", [1, 512, 10240])
def test_the_server_restores_an_archive_that_zeros_follow(judge: Judge, zeros: int) -> None:
    archive = judge.archive + bytes(zeros)
    assert read_snapshot(io.BytesIO(archive), len(archive)).trailing_zeros == zeros
    assert judge.server.restore(archive).status == 204


@pytest.mark.parametrize("path", sorted(SNAPSHOTS.glob("negative-*.snap")), ids=lambda path: path.stem)
def test_the_server_refuses_a_negative_size(judge: Judge, path: Path) -> None:
    reply = judge.server.restore(path.read_bytes())
    assert (reply.status, "invalid tar header" in reply.body.decode()) == (500, True), reply.body
