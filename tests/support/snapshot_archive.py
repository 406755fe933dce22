# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Raft snapshots for tests: read a member, replace one, list the entries of the state, and put a whole one together."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def members(archive: bytes) -> dict[str, bytes]:
    """The files in a snapshot, by name."""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        return {item.name: tar.extractfile(item).read() for item in tar if item.isfile()}  # type: ignore[union-attr]


def with_member(archive: bytes, name: str, content: bytes) -> bytes:
    """The snapshot with one file's content replaced; order and all else stay."""
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as old, tarfile.open(fileobj=out, mode="w:gz") as new:
        for item in old:
            data = old.extractfile(item)
            body = content if item.name == name else data.read() if data else b""
            item.size = len(body)
            new.addfile(item, io.BytesIO(body))
    return out.getvalue()


def archive(contents: Iterable[tuple[str, bytes]]) -> bytes:
    """A tar.gz of these members, in this order."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1, format=tarfile.USTAR_FORMAT) as new:
        for name, content in contents:
            item = tarfile.TarInfo(name)
            item.size = len(content)
            new.addfile(item, io.BytesIO(content))
    return out.getvalue()


def state(stored: Mapping[str, bytes]) -> bytes:
    """``state.bin`` of these entries in the order of their paths, as the servers write it."""
    return b"".join(entry(path, stored[path]) for path in sorted(stored))


def entry(path: str, value: bytes) -> bytes:
    """One entry of the state, with its length before it."""
    from google.protobuf.internal.encoder import _VarintBytes

    message = _ENTRY(key=path, value=value).SerializeToString()
    return _VarintBytes(len(message)) + message


def meta(size: int, **more: Any) -> bytes:
    """``meta.json`` of a snapshot whose state has this size in bytes."""
    server = {"Suffrage": 0, "ID": "node1", "Address": "10.0.0.1:8201"}
    values = {"Version": 1, "ID": "bolt-snapshot", "Index": 52, "Term": 3, "Peers": None, "Configuration": {"Servers": [server]}, "ConfigurationIndex": 1}
    return json.dumps({"Size": size, **values, **more}).encode() + b"\n"


def sums(description: bytes, content: Any) -> bytes:
    """``SHA256SUMS`` of ``meta.json`` and ``state.bin``; of the latter its bytes, or a hash that has taken them."""
    taken = hashlib.sha256(content) if isinstance(content, bytes) else content
    return f"{hashlib.sha256(description).hexdigest()}  meta.json\n{taken.hexdigest()}  state.bin\n".encode()


def entries(state: bytes) -> Iterator[tuple[str, bytes]]:
    """Key and value of each entry of ``state.bin``: a length, then a message of key (1) and value (2)."""
    from google.protobuf.internal.decoder import _DecodeVarint32  # protobuf's own reader of lengths

    position = 0
    while position < len(state):
        size, position = _DecodeVarint32(state, position)
        entry = _ENTRY.FromString(state[position : position + size])
        position += size
        yield entry.key, entry.value


def _entry_class() -> type:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="storage_entry.proto", package="snapshot", syntax="proto3")
    message = file.message_type.add(name="StorageEntry")
    kinds = descriptor_pb2.FieldDescriptorProto
    message.field.add(name="key", number=1, type=kinds.TYPE_STRING, label=kinds.LABEL_OPTIONAL)
    message.field.add(name="value", number=2, type=kinds.TYPE_BYTES, label=kinds.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("snapshot.StorageEntry"))


_ENTRY = _entry_class()
