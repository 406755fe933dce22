# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drivers: a parser of untrusted bytes, and the contract that it must keep for every input.

The contract: the reader returns, or raises one of the errors that it documents, within a time and within the memory of the process. The error names a
reason, is one line of bounded length, and can be written as JSON. What is written and read back is the same.
"""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.tests.fuzz.grow import Growth

SECONDS = 3.0
"""Of the processor, for one input of at most ``Driver.longest`` bytes."""

LONGEST = 256 << 10
LARGE = 640 << 10
"""For readers that are fast: time that grows with the square is then beyond the limit."""

MARK = "Hunter2Secret"
"""A text that no error may repeat, for drivers that read secrets."""

_LONGEST_MESSAGE = 4000
_DIGITS = re.compile(r"[0-9]+")


class TooSlow(BaseException):
    """The time limit of one input was exceeded. An ``except Exception`` of a parser does not catch it."""


class BrokenContract(AssertionError):
    """The parser raised a documented error in the wrong form, or read back a different value from the one written."""


@dataclass(frozen=True)
class Driver:
    """One reader.

    :param read: takes the input; may raise what is ``allowed``.
    :param seeds: inputs to begin with.
    :param words: parts that the format consists of.
    """

    name: str
    read: Callable[[bytes], object]
    seeds: Callable[[], Iterable[bytes]]
    words: tuple[bytes, ...] = ()
    allowed: tuple[type[Exception], ...] = (SealError,)
    secret: bool = field(default=False)
    """Whether errors must not show ``MARK`` where the input has it."""
    longest: int = LONGEST
    growth: Growth | None = None
    """How a format with lengths is made larger, and stays whole."""

    def one(self, data: bytes) -> str:
        """Parse one input; returns a short description of the outcome, raises if the contract is broken."""
        with time_limit(SECONDS):
            try:
                self.read(data)
            except Exception as error:
                if not isinstance(error, self.allowed):
                    raise
                return self._checked(error, data)
        return "read"

    def _checked(self, error: Exception, data: bytes) -> str:
        shown = str(error)
        if len(shown) > _LONGEST_MESSAGE:
            raise BrokenContract(f"a message of {len(shown)} characters")
        if isinstance(error, SealError):
            if not re.fullmatch(r"[a-z_]+", error.reason):
                raise BrokenContract(f"the reason {error.reason!r}")
            shown = json.dumps(error.as_result())
        if self.secret and MARK.encode() in data and MARK in shown + _chained(error):
            raise BrokenContract("the error shows what was read")
        # Messages that differ in numbers only are one way through the reader.
        return f"{type(error).__name__}: {_DIGITS.sub('0', shown)[:200]}"


def check_same(what: str, before: Any, after: Any) -> None:
    """Raise :class:`BrokenContract` unless the value that was read back equals the one written."""
    if before != after:
        raise BrokenContract(f"{what}: {before!r:.300} was read back as {after!r:.300}")


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise :class:`TooSlow` after this processor time."""

    def over(_signal: int, _frame: Any) -> None:
        raise TooSlow(f"more than {seconds:g} s")

    before = signal.signal(signal.SIGVTALRM, over)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _chained(error: BaseException) -> str:
    others = (error.__cause__, None if error.__suppress_context__ else error.__context__)
    return "".join(repr(other) + _chained(other) for other in others if other is not None)
