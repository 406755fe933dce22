# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Seeded random mutation of inputs, for where coverage cannot guide it."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

_NUMBERS = (
    *(b"0", b"-1", b"+1", b"1_0", b"255", b"256", b"65535", b"65536", b"2147483647", b"2147483648", b"4294967296", b"9223372036854775807"),
    *(b"9223372036854775808", b"18446744073709551615", b"18446744073709551616", b"1e999", b"0x10", b"007", b"NaN", b"7" * 400, b"7" * 5000, b"\xd9\xa1"),
)
_BYTES = (
    b"\0", b"\x7f", b"\x80", b"\xff", b"\xff\xff\xff\xff", b"\x80\0\0\0", b"\n", b"\r\n", b'"', b"'", b"\\", b"{", b"}", b"[", b"]", b"=", b":", b"#",
    b"$", b"\xef\xbb\xbf",
)
_DIGITS = re.compile(rb"[0-9]+")


class Mutator:
    """Makes new inputs of old ones.

    :param words: parts of the format.
    :param longest: the most bytes of an input.
    """

    def __init__(self, seed: int, arguments: Sequence[bytes], longest: int) -> None:
        self._random = random.Random(seed)
        self._words = tuple(arguments) or _BYTES
        self._longest = longest
        self._mutations = (
            self._flip, self._flip, self._set, self._insert, self._word, self._word, self._remove, self._repeat, self._cut,
            self._number, self._number, self._splice,
        )

    def mutated(self, corpus: Sequence[bytes]) -> bytes:
        """A variation of one of the corpus, by one to eight changes."""
        chance = self._random
        data = bytearray(chance.choice(corpus))
        for _change in range(1 + chance.getrandbits(3) * (chance.getrandbits(1))):
            chance.choice(self._mutations)(data, corpus)
        return bytes(data[: self._longest])

    def _at(self, data: bytearray) -> int:
        return self._random.randrange(len(data) + 1)

    def _range(self, data: bytearray) -> tuple[int, int]:
        start = self._at(data)
        return start, min(len(data), start + self._random.choice((1, 1, 2, 4, 8, 16, 64, 512)))

    def _flip(self, data: bytearray, _corpus: Sequence[bytes]) -> None:
        if data:
            data[self._random.randrange(len(data))] ^= 1 << self._random.randrange(8)

    def _set(self, data: bytearray, _corpus: Sequence[bytes]) -> None:
        if data:
            data[self._random.randrange(len(data))] = self._random.randrange(256)

    def _insert(self, data: bytearray, _corpus: Sequence[bytes]) -> None:
        at = self._at(data)
        data[at:at] = self._random.choice(_BYTES)

    def _word(self, data: bytearray, _corpus: Sequence[bytes]) -> None:
        start, end = self._range(data)
        data[start : start if self._random.getrandbits(1) else end] = self._random.choice(self._words)

    def _remove(self, data: bytearray, _corpus: Sequence[bytes]) -> None:
        start, end = self._range(data)
        del data[start:end]

    def _repeat(self, data: bytearray, _corpus: Sequence[bytes]) -> None:
        start, end = self._range(data)
        times = self._random.choice((1, 2, 3, 20)) if self._random.randrange(200) else 20_000
        piece = bytes(data[start:end])
        data[start:start] = piece * min(times, self._longest // (len(piece) or 1))

    def _cut(self, data: bytearray, _corpus: Sequence[bytes]) -> None:
        del data[self._at(data) :]

    def _number(self, data: bytearray, _corpus: Sequence[bytes]) -> None:
        numbers = list(_DIGITS.finditer(bytes(data[:8192])))
        if numbers:
            start, end = self._random.choice(numbers).span()
            data[start:end] = self._random.choice(_NUMBERS)

    def _splice(self, data: bytearray, corpus: Sequence[bytes]) -> None:
        other = self._random.choice(corpus)
        start = self._random.randrange(len(other) + 1)
        data[self._at(data) :] = other[start:]
