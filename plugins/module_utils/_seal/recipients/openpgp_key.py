# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A person's OpenPGP public key, to which a server encrypts a share: its owner, and whether the server can use it.

A server detects an unusable key only in the middle of its initialisation, and the node can then not be initialised again. Therefore
keys are checked first, by their own content; the server verifies their signatures.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime, timezone

from ..errors import SettingError
from ..foreign_formats import KEY, identify
from .openpgp_packets import (
    LONGEST_TEXT,
    PUBLIC_KEY,
    PUBLIC_SUBKEY,
    SECRET_KEY,
    SECRET_SUBKEY,
    SIGNATURE,
    USER_ID,
    Signature,
    fingerprint,
    from_text,
    malformed,
    packets,
    secret_key,
    signature,
)

_CAN_ENCRYPT = {1, 2, 16, 18, 25, 26}  # RSA, RSA for encryption, Elgamal, ECDH, X25519, X448
_ENCRYPT_COMMUNICATIONS = 0x04  # the flag that the servers' library requires
_KEY_REVOKED, _SUBKEY_REVOKED = 0x20, 0x28
_LONGEST_SHOWN = 100  # characters of a user id, which is not verified


@dataclass(frozen=True)
class _Key:
    """The primary key or a subkey, with the latest signature that declares its usage."""

    created: int
    algorithm: int
    usage: Signature
    revoked: bool

    def expires(self) -> int:
        """Seconds since 1970; 0 for never."""
        return self.created + self.usage.key_expires_after if self.usage.key_expires_after else 0

    def why_not(self, now: float) -> str:
        """Why it cannot be used for encryption; empty if it can."""
        if self.algorithm not in _CAN_ENCRYPT or not self.usage.flags & _ENCRYPT_COMMUNICATIONS:
            return "cannot encrypt"
        return self.why_invalid(now)

    def why_invalid(self, now: float) -> str:
        if self.revoked:
            return "was revoked"
        if self.created > now:
            return f"is not valid before {_date(self.created)}"
        return f"expired on {_date(self.expires())}" if 0 < self.expires() <= now else ""


@dataclass(frozen=True)
class PgpKey:
    """One certificate: its fingerprint, the first user id in it, and its bytes."""

    fingerprint: str
    user_id: str
    content: bytes
    _primary: _Key
    _subkeys: tuple[_Key, ...]

    @classmethod
    def parse(cls, text: str) -> PgpKey:
        """Read an armoured key or the base64 of its bytes; raises :class:`SettingError` (``invalid_pgp_key``)."""
        content = _content(text.lstrip("\ufeff"))
        keys: list[tuple[bytes, list[Signature]]] = []
        user_id = ""
        for packet in packets(content):
            if packet.tag in (SECRET_KEY, SECRET_SUBKEY):
                raise secret_key()
            if packet.tag == PUBLIC_KEY and keys:
                raise malformed("it contains several keys")
            if packet.tag in (PUBLIC_KEY, PUBLIC_SUBKEY):
                keys.append((packet.body, []))
            elif not keys:
                raise malformed("it does not begin with a public key")
            elif packet.tag == SIGNATURE:
                keys[-1][1].append(signature(packet.body))
            elif packet.tag == USER_ID and not user_id:
                user_id = _printable(packet.body)
        if not keys:
            raise malformed("it is empty")
        primary, *subkeys = (_key(body, signatures) for body, signatures in keys)
        return cls(fingerprint(keys[0][0]), user_id, content, primary, tuple(subkeys))

    @property
    def name(self) -> str:
        """The key for messages: fingerprint, and the user ID that it claims."""
        return f"{self.fingerprint} ({self.user_id})" if self.user_id else self.fingerprint

    def as_base64(self) -> str:
        """The form that the servers' API takes."""
        return base64.b64encode(self.content).decode()

    def check_encrypts(self, now: float) -> None:
        """Raise :class:`SettingError` (``invalid_pgp_key``) where a server could encrypt nothing to it; ``now`` in seconds since 1970."""
        why = self._primary.why_invalid(now)
        if not why:
            reasons = [key.why_not(now) for key in (self._primary, *self._subkeys)]
            if not all(reasons):
                return
            lasting = [reason for reason in reasons if reason != "cannot encrypt"]
            why = f"has no valid encryption key: its encryption key {lasting[-1]}" if lasting else "has no encryption key"
        raise SettingError(
            f"The OpenPGP key {self.name} cannot be used for encryption: it {why}.",
            reason="invalid_pgp_key",
            remedy="Ask its owner for a valid encryption key. "
            "With this key, the initialisation of a server would fail halfway, and could not be repeated.",
        )


def _content(text: str) -> bytes:
    """The certificate in a text; raises an error that names the format if the text has another one."""
    try:
        return from_text(text)
    except SettingError as error:
        foreign = identify(text.encode("utf-8", "replace"), KEY)
        if foreign is None or "secret key" in error.message or len(text) > LONGEST_TEXT:
            raise
        named = malformed(foreign.what)
    raise named


def _key(body: bytes, signatures: list[Signature]) -> _Key:
    if len(body) < 6:
        raise malformed("a key is truncated")
    # Revocations and other people's signatures do not declare the usage of the key.
    self_signatures = [each for each in signatures if each.flags or each.key_expires_after]
    latest = max(self_signatures, key=lambda each: each.created, default=Signature(0, 0, 0, 0))
    revoked = any(each.kind in (_KEY_REVOKED, _SUBKEY_REVOKED) for each in signatures)
    return _Key(int.from_bytes(body[1:5], "big"), body[5], latest, revoked)


def _printable(name: bytes) -> str:
    """A user id for messages: shortened, and without control characters, which would reach a terminal."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in name[: 4 * _LONGEST_SHOWN].decode("utf-8", "replace"))[:_LONGEST_SHOWN]


def _date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d")
