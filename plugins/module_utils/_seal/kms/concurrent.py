# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same work on many values, several at a time, and no more of it once KMS cannot be reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from ..errors import CONNECTIVITY_REASONS, SealError
from .session import MAX_CONNECTIONS

_T = TypeVar("_T")
_U = TypeVar("_U")


def at_once(work: Callable[[_T], _U], items: Sequence[_T], calls: int | None = None) -> list[_U]:
    """Return the results in the given order. The first error, in that order, is raised; calls that have not begun by then are not made.

    :param calls: total number of calls to KMS, if not one per item; a single one needs no thread.

    ``details["index"]`` of a :class:`SealError` is the item that failed, counted from 0.
    """
    threads = min(len(items) if calls is None else calls, MAX_CONNECTIONS)
    if threads <= 1:
        return _one_by_one(work, items)
    done: list[_U] = []
    with ThreadPoolExecutor(max_workers=threads) as pool:
        futures = [pool.submit(work, item) for item in items]
        try:
            for future in futures:
                done.append(future.result())
        except BaseException as error:
            for future in futures:
                future.cancel()
            if isinstance(error, SealError):
                error.details["index"] = len(done)
            raise
    return done


def _one_by_one(work: Callable[[_T], _U], items: Sequence[_T]) -> list[_U]:
    done: list[_U] = []
    for item in items:
        try:
            done.append(work(item))
        except SealError as error:
            error.details["index"] = len(done)
            raise
    return done


class OutageGuard:
    """Stops asking a region whose KMS could not be reached: each further attempt may take the whole timeout.

    :param skipped: how the message about what is not tried then begins, such as ``Not moved``; empty repeats the first error.
    """

    def __init__(self, skipped: str = "") -> None:
        self._skipped = skipped
        self._outages: dict[str, SealError] = {}
        self.answered = False
        """Whether KMS answered anything that was asked under :meth:`watch`."""

    @property
    def first(self) -> SealError | None:
        """The first outage."""
        return next(iter(self._outages.values()), None)

    def check(self, region: str = "") -> None:
        """Raise the error of a region that could not be reached."""
        outage = self._outages.get(region)
        if outage is None:
            return
        if not self._skipped:
            raise outage
        raise SealError(f"{self._skipped} because of a previous error: {outage.message}", reason=outage.reason, remedy=outage.remedy)

    def note(self, error: SealError, region: str = "") -> None:
        """Ask this region no more."""
        self._outages.setdefault(region, error)

    @contextmanager
    def watch(self, region: str = "") -> Iterator[None]:
        """Ask a region, unless it could not be reached before."""
        self.check(region)
        try:
            yield
        except SealError as error:
            if error.reason in CONNECTIVITY_REASONS:
                self.note(error, region)
            else:
                self.answered = True
            raise
        self.answered = True
