# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Raft snapshots for tests: read a member, replace one, and list the entries of the state."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator


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
