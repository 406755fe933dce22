# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plain JSON in a snapshot: its description, the configurations of the seal and of the recovery keys, and Vault's seal generation.

Sources: ``SnapshotMeta`` and ``Configuration`` of hashicorp/raft; ``SealConfig`` of OpenBao's ``vault/seal.go``; ``SealGenerationInfo`` of
HashiCorp Vault's ``vault/seal/seal.go`` and ``KMS`` of its ``internalshared/configutil/kms.go``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..strict_json import JsonError, read_json
from .archive import META, SnapshotError

_MAX_JSON = 1 << 20
_SUFFRAGE = ("voter", "nonvoter", "staging")
# The settings of a seal that identify the key. Others may be credentials and are not returned.
_SHOWN_SETTINGS = ("kms_key_id", "region", "endpoint")


@dataclass(frozen=True)
class SnapshotMeta:
    """The snapshot's place in the log, and the servers of its cluster."""

    index: int
    term: int
    version: int
    size: int
    configuration_index: int
    peers: tuple[dict[str, str], ...]


@dataclass(frozen=True)
class SealConfig:
    """The kind of a seal, and the number of shares of its key; 0 if it is not set."""

    type: str
    secret_shares: int
    secret_threshold: int

    def as_result(self) -> dict[str, Any]:
        return {"type": self.type, "secret_shares": self.secret_shares, "secret_threshold": self.secret_threshold}


def json_object(name: str, content: bytes) -> dict[str, Any]:
    """A JSON object; raises :class:`SnapshotError` (``malformed_snapshot``) for anything else."""
    try:
        document = read_json(content, surrogates=True) if len(content) <= _MAX_JSON else None
    except JsonError:
        document = None
    if not isinstance(document, dict):
        raise SnapshotError.malformed(f"its {name} is not a JSON object")
    return document


def meta_facts(content: bytes) -> SnapshotMeta:
    """The content of ``meta.json``; raises :class:`SnapshotError` (``malformed_snapshot``)."""
    meta = json_object(META, content)
    if not all(_is_number(meta.get(name)) for name in ("Index", "Term", "Version", "Size")):
        raise SnapshotError.malformed(f"its {META} lacks Index, Term, Version or Size")
    configuration = meta.get("Configuration")
    servers = configuration.get("Servers") if isinstance(configuration, dict) else None
    peers = tuple(_peer(server) for server in _dicts(servers))
    return SnapshotMeta(meta["Index"], meta["Term"], meta["Version"], meta["Size"], _number(meta, "ConfigurationIndex"), peers)


def seal_config(name: str, config: dict[str, Any]) -> SealConfig:
    """One of the configurations; a server from before seals had types has a shamir seal."""
    kind = config.get("type") or "shamir"
    if not isinstance(kind, str):
        raise SnapshotError.malformed(f"its {name} has no seal type")
    return SealConfig(_text(kind), _number(config, "secret_shares"), _number(config, "secret_threshold"))


def seal_generation(info: dict[str, Any]) -> dict[str, Any]:
    """Vault's generation of its seals, without any setting that could be secret."""
    return {
        "generation": _number(info, "Generation"),
        "rewrapped": info.get("Rewrapped") if isinstance(info.get("Rewrapped"), bool) else None,
        "enabled": info.get("Enabled") if isinstance(info.get("Enabled"), bool) else None,
        "seals": [_seal(seal) for seal in _dicts(info.get("Seals"))],
    }


def _seal(seal: dict[str, Any]) -> dict[str, Any]:
    config = seal.get("Config")
    config = config if isinstance(config, dict) else {}
    return {
        "type": _text(seal.get("Type")),
        "name": _text(seal.get("Name")),
        "priority": _number(seal, "Priority"),
        "disabled": seal.get("Disabled") is True,
        **{name: _text(config[name]) if name in config else None for name in _SHOWN_SETTINGS},
    }


def _peer(server: dict[str, Any]) -> dict[str, str]:
    suffrage = _number(server, "Suffrage")
    return {
        "id": _text(server.get("ID")),
        "address": _text(server.get("Address")),
        "suffrage": _SUFFRAGE[suffrage] if suffrage < len(_SUFFRAGE) else str(suffrage),
    }


def _number(document: dict[str, Any], name: str) -> int:
    value = document.get(name)
    return value if isinstance(value, int) and _is_number(value) else 0


def _is_number(value: Any) -> bool:
    """Whether it is an unsigned number of 64 bits, as the servers read it."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 64


def _text(value: Any) -> str:
    """A string without lone surrogates, which cannot be encoded; empty for other types."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
