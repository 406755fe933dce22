# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the seal of a raft snapshot of Vault or OpenBao: the sealed values, the keys they name, and the plain configurations.

Sources: OpenBao's ``vault/seal.go`` (the paths, and what is plain), ``vault/namespaces.go`` and ``vault/seal_manager.go`` (a namespace's prefix and seal) and
``vault/seal_util.go`` of HashiCorp Vault (the suffix of a seal-wrapped entry). The values themselves stay sealed here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from ..errors import BlobError
from ..format.blob import BlobInfo
from ..format.container import SealedValue
from ..format.protobuf import Buffer
from ..key_reference import KeyReference
from .archive import MAX_STATE, META, SEALED_SUMS, STATE, SUMS, Archive, Member, SnapshotError
from .config import SealConfig, SnapshotMeta, json_object, meta_facts, seal_config, seal_generation
from .entries import EntryReader
from .model import AWSKMS, BARRIER_KEYS, MAX_KEYS, MAX_LISTED, OTHER, RECOVERY_KEY, SHAMIR, SealedEntry, Slot, Snapshot

_SEAL_CONFIG, _RECOVERY_CONFIG, _GENERATION = "core/seal-config", "core/recovery-config", "core/seal-gen-info"
_SHAMIR_KEK = "core/shamir-kek"  # a server or a namespace with a shamir seal has it
_OF_THE_SEAL = {BARRIER_KEYS, RECOVERY_KEY, _SEAL_CONFIG, _RECOVERY_CONFIG, _GENERATION, _SHAMIR_KEK}
_NAMESPACES = "namespaces/"
_PREFIXES = (b"core/", _NAMESPACES.encode())
_SUFFIX = b"s"[0]
# A server keeps some hundred bytes for each namespace and key. These bound what a hostile file can make this keep in memory.
_MOST_KEPT = 16 << 20
_LONGEST_KEPT = 1 << 20  # of one value
_MOST_SLOTS = 100_000  # each slot takes memory, even if it has few bytes
_NO_SERVERS = "Do not trust this file: it was not written by a server."


def read_snapshot(stream: BinaryIO, file_size: int, max_state: int = MAX_STATE) -> Snapshot:
    """Read a snapshot from beginning to end and compare its checksums; raises :class:`SnapshotError`.

    Memory is bounded whatever the size: one piece of 1 MiB, one entry of at most 8 MiB, and 16 MiB of what is listed and kept to be opened.
    """
    digests: dict[str, str] = {}
    small: dict[str, bytes] = {}
    state = _State()
    fault: SnapshotError | None = None
    archive = Archive(stream, file_size, max_state)
    for member in archive.members():
        digest = hashlib.sha256()
        if member.name == STATE:
            state.size = member.size
            pieces = _hashed(member, digest)
            try:
                state.read(pieces)
            except SnapshotError as error:
                fault = error
                for _piece in pieces:  # the fault may be caused by damage, which is reported instead
                    pass
        else:
            small[member.name] = b"".join(_hashed(member, digest))
        digests[member.name] = digest.hexdigest()
    missing = [name for name in (META, STATE, SUMS) if name not in digests]
    if missing:
        raise SnapshotError.malformed(f"it contains no {' and no '.join(missing)}")
    problems = checked_sums(small[SUMS], digests)
    if problems:
        raise SnapshotError.damaged(problems)
    if fault:
        raise fault
    meta = meta_facts(small[META])
    if meta.size != state.size:
        raise SnapshotError.malformed(f"its {META} declares {meta.size} bytes for {STATE}, but it has {state.size}")
    snapshot = state.snapshot(meta, {name: digests[name] for name in (META, STATE)}, small[SUMS], small.get(SEALED_SUMS, b""))
    snapshot.trailing_zeros = archive.trailing_zeros
    return snapshot


def checked_sums(sums: bytes, digests: dict[str, str]) -> str:
    """The faults of a list of checksums; empty if it has each member with its sum, in any order."""
    stated: dict[str, str] = {}
    for line in sums.decode("utf-8", "replace").splitlines():
        digest, _spaces, name = line.partition("  ")
        if name not in (META, STATE) or name in stated or len(digest) != 64:
            return f"its {SUMS} has an invalid line"
        stated[name] = digest.lower()
    for name in (META, STATE):
        if name not in stated:
            return f"its {SUMS} has no line for {name}"
        if stated[name] != digests[name]:
            return f"its {name} has the SHA-256 checksum {digests[name]}, but {SUMS} declares {stated[name]}"
    return ""


def _hashed(member: Member, digest: Any) -> Iterator[bytes]:
    for piece in member.pieces:
        digest.update(piece)
        yield piece


class _State:
    """Collects facts from the entries of the state."""

    def __init__(self) -> None:
        self.size = 0
        self._entries = 0
        self._passed_over = 0
        self._configs: dict[str, SealConfig] = {}
        self._generation: dict[str, Any] | None = None
        self._listed: list[SealedEntry] = []
        self._sealed = 0
        self._count: dict[tuple[str, ...], int] = {}
        self._namespaces: set[str] = set()
        self._seen: set[str] = set()
        self._proofs: set[tuple[str, ...]] = set()
        self._kept = 0
        self._slots = 0

    def read(self, pieces: Iterable[bytes]) -> None:
        reader = EntryReader(pieces)
        for path, value, _size in reader.relevant(_PREFIXES, _SUFFIX):
            # The barrier's own entries begin with a term of four bytes and are not messages: all others are read here.
            if path.startswith(("core/", _NAMESPACES)):
                namespace, name = _split(path)
                if name in _OF_THE_SEAL:
                    self._of_the_seal(path, namespace, name, value)
                    continue
            if value is None:
                self._passed_over += 1
            elif len(value) > 1 and value[-1] == _SUFFIX:
                self._seal_wrapped(path, value)
        self._entries = reader.count

    def _of_the_seal(self, path: str, namespace: str, name: str, value: Buffer | None) -> None:
        if value is None or len(value) > _LONGEST_KEPT:
            raise SnapshotError.malformed(f"its entry {path} is too large")
        if path in self._seen:
            raise SnapshotError.malformed(f"its state contains {path} twice")
        self._seen.add(path)
        self._keep(len(path))
        if namespace:
            self._namespaces.add(namespace)
        if name in (BARRIER_KEYS, RECOVERY_KEY):
            try:
                sealed = SealedValue.parse(bytes(value))
            except BlobError as error:
                raise SnapshotError.malformed(f"its entry {path} cannot be read. {error.message}") from None
            self._add(path, namespace, sealed, len(value), keep=True)
        elif namespace:
            pass  # encrypted by the barrier of the namespace above it, unlike the server's own
        elif name == _GENERATION:
            self._generation = seal_generation(json_object(path, bytes(value)))
        elif name != _SHAMIR_KEK:
            self._configs[name] = seal_config(path, json_object(path, bytes(value)))

    def _seal_wrapped(self, path: str, value: Buffer) -> None:
        """An entry that Vault Enterprise sealed in addition to the barrier; None for one that only resembles it."""
        try:
            sealed = SealedValue.parse(bytes(value))
        except BlobError:
            return
        # Without a key it is stored as it was, in the container only.
        if sealed.suffixed and all(slot.key_info and slot.key_id for slot in sealed.slots):
            namespace, _name = _split(path)
            self._add(path, namespace, sealed, len(value), keep=False)

    def _add(self, path: str, namespace: str, sealed: SealedValue, size: int, keep: bool) -> None:
        slots = tuple(Slot(slot.key_id, _kind(slot), slot.mechanism, slot.layout) for slot in sealed.slots)
        entry = SealedEntry(path, size, sealed.form, sealed.generation, slots, namespace)
        keys = tuple(entry.keys)
        new = keys not in self._count
        if new and len(self._count) == MAX_KEYS:
            raise SnapshotError.too_large(f"its entries name more than {MAX_KEYS} sets of keys", _NO_SERVERS)
        self._count[keys] = self._count.get(keys, 0) + 1
        self._sealed += 1
        # Of the seal-wrapped ones, one under each key is enough to prove that the key opens them.
        proof = keys not in self._proofs and size <= _LONGEST_KEPT
        if keep or proof:
            self._proofs.add(keys)
            entry.value = sealed
            self._keep(size)
        if keep or new or proof or len(self._listed) < MAX_LISTED:
            self._keep(len(path) + sum(len(slot.key_id) for slot in slots))
            self._slots += len(slots)
            if self._slots > _MOST_SLOTS:
                raise SnapshotError.too_large(f"its sealed values have more than {_MOST_SLOTS} slots", _NO_SERVERS)
            self._listed.append(entry)

    def _keep(self, size: int) -> None:
        self._kept += size
        if self._kept > _MOST_KEPT:
            raise SnapshotError.too_large(f"its sealed values, paths and keys have more than {_MOST_KEPT} bytes", _NO_SERVERS)

    def snapshot(self, meta: SnapshotMeta, digests: dict[str, str], sums: bytes, sealed_sums: bytes) -> Snapshot:
        """All that was gathered; ``sealed_sums`` is empty where the archive holds none."""
        if sealed_sums:
            self._add(SEALED_SUMS, "", _parse_sealed_sums(sealed_sums), len(sealed_sums), keep=True)
            self._listed.insert(0, self._listed.pop())
        seal = self._configs.get(_SEAL_CONFIG)
        for entry in self._listed:
            self._name_the_unnamed(entry, seal.type if seal else "")
        return Snapshot(
            meta, digests, sums, self._entries, self.size, seal, self._configs.get(_RECOVERY_CONFIG), self._generation,
            self._listed, self._sealed, self._count, sorted(self._namespaces), self._passed_over,
        )

    def _name_the_unnamed(self, entry: SealedEntry, seal_type: str) -> None:
        """Say by which seal a slot without a key is sealed: its server's or, in a namespace, the only kind that OpenBao gives one."""
        own = SHAMIR if entry.namespace in self._namespaces else seal_type
        for slot in entry.slots:
            if not slot.key_id:
                slot.seal = own if own in (SHAMIR, AWSKMS) else OTHER


def _split(path: str) -> tuple[str, str]:
    """The UUID of the namespace that a path lies in (empty: none), and the path in it."""
    if not path.startswith(_NAMESPACES):
        return "", path
    uuid, slash, name = path[len(_NAMESPACES) :].partition("/")
    return (uuid, name) if slash else ("", path)


def _kind(slot: BlobInfo) -> str:
    if not slot.key_id:
        return ""  # reported after all entries are read
    return AWSKMS if KeyReference.parse_key_arn(slot.key_id) else OTHER


def _parse_sealed_sums(data: bytes) -> SealedValue:
    """The sealed checksums: in one of the containers or, of a Vault with several seals, the message of several slots alone."""
    try:
        return SealedValue.parse(data)
    except BlobError as error:
        first = error
    try:
        return SealedValue.parse(b"multiwrapvalue:1" + len(data).to_bytes(4, "big") + data)
    except BlobError:
        raise SnapshotError.damaged(f"its {SEALED_SUMS} cannot be read. {first.message}") from None
