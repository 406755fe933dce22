# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Raft snapshots: the file, the archive in it with right checksums, the state with right sums, and the description."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.assessment import assess
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.reader import read_snapshot
from ansible_collections.sealwright.vault_seal.tests.fuzz.contract import Driver
from ansible_collections.sealwright.vault_seal.tests.support.snapshot_archive import archive, meta, sums
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.snapshots import Server

_VECTORS = Path(__file__).parents[2] / "vectors" / "snapshots"
_BLOCK = 512
_MEMBERS = Server().members()
_TAR_WORDS = (
    *(b"meta.json", b"state.bin", b"SHA256SUMS", b"SHA256SUMS.sealed", b"ustar\0" b"00", b"ustar  \0", b"00000001234\0", b"-1\0", b"x", b"g", b"0"),
    *(b"L", b"K", b"S"),
    *(b"\x80\0\0\0\0\0\0\0\0\0\x04\xb0", b"\xff" * 12, b"12 size=123\n", b"13 path=abcd\n", bytes(_BLOCK), b"28 GNU.sparse.major=1\n"),
)
_STATE_WORDS = (
    *(b"core/hsm/barrier-unseal-keys", b"core/recovery-key", b"core/seal-config", b"core/recovery-config", b"core/seal-gen-info", b"core/shamir-kek"),
    *(b"namespaces/3c1b/", b"\x0a\x10", b"\x12\x20", b"\x80\x80\x80\x04", b'{"type":"awskms"}', b"s"),
)
_META_WORDS = (
    b'"Index"', b'"Term"', b'"Version"', b'"Size"', b'"Configuration"', b'{"Servers":[{"Suffrage":0}]}', b"null", b"true", b"-1", b"1e5", b"NaN",
    b'"\\ud800"',
)


def _read(data: bytes) -> None:
    assess(read_snapshot(io.BytesIO(data), len(data), 1 << 20)).summary.encode()


def _tar(data: bytes) -> None:
    """Read an archive after its headers were given right checksums."""
    content = bytearray(data)
    at = 0
    while at + _BLOCK <= len(content):
        header = content[at : at + _BLOCK]
        at += _BLOCK
        if not any(header):
            break
        size = int.from_bytes(header[120:124], "big") % 4096  # somewhere near the next one: most sizes are small
        header[148:156] = b" " * 8
        content[at - _BLOCK + 148 : at - _BLOCK + 156] = b"%06o\0 " % sum(header)
        digits = bytes(header[124:135])
        size = int(digits, 8) if digits.isdigit() and not set(digits) & set(b"89") else size
        at += -(-size // _BLOCK) * _BLOCK
    packer = zlib.compressobj(0, wbits=31)
    _read(packer.compress(bytes(content)) + packer.flush())


def _state(data: bytes) -> None:
    description = meta(len(data))
    _read(archive({**_MEMBERS, "meta.json": description, "state.bin": data, "SHA256SUMS": sums(description, data)}.items()))


def _meta(data: bytes) -> None:
    state = _MEMBERS["state.bin"]
    _read(archive({**_MEMBERS, "meta.json": data, "SHA256SUMS": sums(data, state)}.items()))


def _files() -> Iterator[bytes]:
    yield archive(_MEMBERS.items())
    for path in sorted(_VECTORS.glob("negative-*.snap")):
        yield path.read_bytes()


def _tars() -> Iterator[bytes]:
    for each in _files():
        yield gzip.decompress(each)


DRIVERS = (
    Driver("snapshot_file", _read, _files),
    Driver("snapshot_archive", _tar, _tars, _TAR_WORDS),
    Driver("snapshot_state", _state, lambda: [_MEMBERS["state.bin"]], _STATE_WORDS),
    Driver("snapshot_description", _meta, lambda: [_MEMBERS["meta.json"], meta(100, Configuration=None)], _META_WORDS),
)
