# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Large inputs of a structure: what is nested deeply, repeated often, numbered on, or of a size at the edge of a field.

Random mutation makes none of them: their faults are too deep a recursion, time that grows with the square, and lengths that overflow.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

Growth = Callable[[random.Random, bytes, int], bytes]
"""Makes a larger input of a whole one, of a size that is about the given one: for formats that have lengths."""

_CLOSING = {b"[": b"]", b"{": b"}", b"(": b")", b"<": b">"}
_OPENING = re.compile(rb"[\[{(<]")
_NUMBERABLE = re.compile(rb"[A-Za-z0-9]")
_LARGEST_NESTED = 20_000
_EDGES = (255, 256, 4095, 4096, 16_383, 16_384, 65_535, 65_536, 65_537)


class Grower:
    """Makes large inputs of small ones.

    :param words: parts of the format.
    :param longest: the most bytes of an input.
    :param growth: the format's own way, which is then taken every second time.
    """

    def __init__(self, seed: int, arguments: Sequence[bytes], longest: int, growth: Growth | None = None) -> None:
        self._random = random.Random(seed)
        self._words = tuple(arguments)
        self._longest = longest
        self._growth = growth

    def grown(self, corpus: Sequence[bytes]) -> bytes:
        """One of the corpus, with one part of it grown."""
        chance = self._random
        data = chance.choice(corpus)
        if self._growth and chance.getrandbits(1):
            return self._growth(chance, data, self._size())[: self._longest]
        return chance.choice((self._nested, self._repeated, self._numbered))(data)[: self._longest]

    def _size(self) -> int:
        return self._random.choice((*_EDGES, self._longest, self._longest))

    def _nested(self, data: bytes) -> bytes:
        """One opening bracket with what stands before it, many times, and as many closing ones or none."""
        chance = self._random
        places = [match.end() for match in _OPENING.finditer(data[:8192])]
        if not places:
            return self._repeated(data)
        end = chance.choice(places)
        begin = end - 1 if chance.getrandbits(1) else chance.randrange(max(0, end - 24), end)
        piece = data[begin:end]
        times = min(chance.choice((100, 300, 500, 700, 900, 1000, 2000, _LARGEST_NESTED)), self._longest // (len(piece) + 1))
        closing = _CLOSING[piece[-1:]] * (times if chance.getrandbits(1) else 0)
        return data[:begin] + piece * times + chance.choice((data[end:], b"")) + closing

    def _piece(self, data: bytes) -> tuple[int, bytes]:
        """A place, and what is to be repeated there: a line, a few bytes, or one to three words of the format."""
        chance = self._random
        kind = chance.randrange(3)
        if kind == 0 and self._words:
            return chance.randrange(len(data) + 1), b"".join(chance.choice(self._words) for _each in range(chance.randrange(1, 4)))
        if kind == 1 and b"\n" in data:
            lines = data.splitlines(keepends=True)
            number = chance.randrange(len(lines))
            return sum(map(len, lines[:number])), lines[number]
        begin = chance.randrange(len(data) + 1)
        return begin, data[begin : begin + chance.choice((1, 2, 4, 8, 16, 32))] or b"a"

    def _repeated(self, data: bytes) -> bytes:
        at, piece = self._piece(data)
        return data[:at] + piece * (max(self._size() - len(data), 0) // len(piece) + 1) + data[at:]

    def _numbered(self, data: bytes) -> bytes:
        """Repeated too, with another number in each: names that are all different."""
        at, piece = self._piece(data)
        places = [match.start() for match in _NUMBERABLE.finditer(piece)]
        if not places:
            return self._repeated(data)
        place = self._random.choice(places) + 1
        head, tail = piece[:place], piece[place:]
        times = max(self._size() - len(data), 0) // (len(piece) + 5) + 1
        return data[:at] + b"".join(b"%b%d%b" % (head, number, tail) for number in range(times)) + data[at:]
