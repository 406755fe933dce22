# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A snapshot as large as wanted, written in some seconds: one run of entries is compressed once and written many times."""

from __future__ import annotations

import hashlib
import os
import tarfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ansible_collections.sealwright.vault_seal.tests.vectors.messages import written

from .snapshot_archive import entry, meta, state, sums
from .stored_state import StoredState

_BLOCK = 512


def write_large(path: Path, stored: StoredState, least: int, compressible: bool = True) -> tuple[int, int]:
    """Write a snapshot whose state has at least so many bytes; that size, and how many entries it has.

    A server's values are encrypted, and cannot be compressed. A sealed value stands at its very end, at ``zzz/the-last-one``.
    """
    first = state(stored.stored)
    last = entry("zzz/the-last-one", written(stored.sealed(b"x")) + b"s")
    sizes = [2000 * repeated for repeated in (1, 2, 8, 40, 250)] * 16
    values = [b"\0\0\0\1\2" + (os.urandom(2000) * (size // 2000) if compressible else os.urandom(size)) for size in sizes]
    run = b"".join(entry(f"logical/{number:04}/{'x' * 40}", value) for number, value in enumerate(values))
    times = -(-least // len(run))
    size = len(first) + times * len(run) + len(last)

    def pieces() -> list[bytes]:
        return [first, *[run] * times, last]

    digest = hashlib.sha256()
    with ThreadPoolExecutor(1) as pool:  # beside the other checksum, on the other core
        hashing = pool.submit(lambda: [digest.update(piece) for piece in pieces()])
        before = _member("meta.json", meta(size)) + _header("state.bin", size)
        checksum = zlib.crc32(before)
        for piece in pieces():
            checksum = zlib.crc32(piece, checksum)
        hashing.result()
    text = sums(meta(size), digest)
    after = bytes(-size % _BLOCK) + _member("SHA256SUMS", text) + _member("SHA256SUMS.sealed", stored.sealed_sums(text)) + bytes(2 * _BLOCK)
    checksum = zlib.crc32(after, checksum)
    packed = _packed(run)
    with path.open("wb") as stream:
        stream.write(b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + _packed(before + first))
        for _time in range(times):
            stream.write(packed)
        stream.write(_packed(last + after) + b"\x03\0")  # an empty block that is the last
        stream.write(checksum.to_bytes(4, "little") + (len(before) + size + len(after) & 0xFFFFFFFF).to_bytes(4, "little"))
    return size, len(stored.stored) + times * len(values) + 1


def _packed(content: bytes) -> bytes:
    """Deflate that depends on nothing before it, and after which more may follow."""
    packer = zlib.compressobj(1, wbits=-15)
    return packer.compress(content) + packer.flush(zlib.Z_FULL_FLUSH)


def _header(name: str, size: int) -> bytes:
    item = tarfile.TarInfo(name)
    item.size = size
    return item.tobuf(tarfile.USTAR_FORMAT)


def _member(name: str, content: bytes) -> bytes:
    return _header(name, len(content)) + content + bytes(-len(content) % _BLOCK)
