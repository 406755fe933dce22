# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Data keys that KMS has decrypted, kept in the memory of this process: each is requested once.

Python leaves copies of bytes that cannot be wiped, such as the buffer of a response. The cached keys, which live longest, are
overwritten when they are dropped, when the cache is deleted and when the process exits.
"""

from __future__ import annotations

import hashlib
import weakref
from _thread import LockType
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from .api import KmsPlaintext

MOST_KEPT = 4096
"""Answers kept at a time; one takes less than a kilobyte, and at most five where the value itself is a KMS ciphertext."""

_Name = tuple[bytes, str]
_Kept = OrderedDict[_Name, tuple[str, bytearray]]


class DecryptCache:
    """Answers of Decrypt by wrapped key; of more than ``most`` the one longest unused is dropped. With ``most`` 0 each value asks for itself."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._lock = Lock()
        self._kept: _Kept = OrderedDict()
        self._asked: dict[_Name, _PendingRequest] = {}
        self._owned = False

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def keeps(self) -> bool:
        """Whether anything is kept at all."""
        return self._most > 0

    def decrypted(self, ciphertext: bytes, asked_as: str, ask: Callable[[], KmsPlaintext]) -> KmsPlaintext:
        """The response of KMS for a wrapped key; ``asked_as`` separates requests that may have different responses.

        Concurrent requests for the same key wait for the response or error of the first. Errors are not cached.
        """
        if self._most == 0:
            return ask()
        name = (hashlib.sha256(ciphertext).digest(), asked_as)
        with self._lock:
            kept = self._kept.get(name)
            if kept is not None:
                self._kept.move_to_end(name)
                return KmsPlaintext(kept[0], bytes(kept[1]))
            before = self._asked.get(name)
            if before is None:
                asked = self._asked[name] = _PendingRequest()
            else:
                pending = before.lock()
        if before is not None:
            return before.wait(pending)
        try:
            answer = ask()
        except BaseException as error:
            asked.outcome = error
            raise
        else:
            asked.outcome = answer
        finally:
            with self._lock:
                del self._asked[name]
                if isinstance(asked.outcome, KmsPlaintext):
                    self._keep(name, asked.outcome)
                if asked.pending is not None:
                    asked.pending.release()
        return answer

    def wipe(self) -> None:
        """Overwrite and forget all that is kept."""
        with self._lock:
            _wipe(self._kept)

    def _keep(self, name: _Name, answer: KmsPlaintext) -> None:
        if not self._owned:
            weakref.finalize(self, _wipe, self._kept)  # runs at exit too
            self._owned = True
        self._kept[name] = (answer.key_arn, bytearray(answer.plaintext))
        if len(self._kept) > self._most:
            _overwrite(self._kept.popitem(last=False)[1][1])


class _PendingRequest:
    """A request in progress and its outcome; other threads wait for the lock that is held until then."""

    __slots__ = ("outcome", "pending")

    def __init__(self) -> None:
        self.pending: LockType | None = None
        self.outcome: KmsPlaintext | BaseException = RuntimeError("KMS was not called.")

    def lock(self) -> LockType:
        if self.pending is None:
            self.pending = Lock()
            self.pending.acquire()
        return self.pending

    def wait(self, pending: LockType) -> KmsPlaintext:
        with pending:
            pass
        if isinstance(self.outcome, KmsPlaintext):
            return self.outcome
        raise self.outcome


def _wipe(kept: _Kept) -> None:
    while kept:
        _overwrite(kept.popitem()[1][1])


def _overwrite(secret: bytearray) -> None:
    secret[:] = bytes(len(secret))
