# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON as RFC 8259 has it, within limits; each fault in its exact words, and never with the text."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.strict_json import JsonError, read_json

HALF = '{"a": "\\ud800"}'
LARGEST = 1.7976931348623157e308  # of IEEE 754's doubles


@pytest.mark.parametrize(("content", "document"), [
    ('{"a": [1, -2, 1.5, true, false, null, "x"]}', {"a": [1, -2, 1.5, True, False, None, "x"]}),
    (b'{"a": 1}', {"a": 1}),
    (bytearray(b'{"a": 1}'), {"a": 1}),
    (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),  # a byte order mark, as editors of Windows write it
    ('\ufeff{"a": 1}', {"a": 1}),
    ('"\u00e4"'.encode(), "\u00e4"),
    ('"\\ud83d\\ude00"', "\U0001f600"),  # a whole pair is one character
    ("1.7976931348623157e308", LARGEST),
    ("9" * 400, int("9" * 400)),
    ("0." + "1" * 398, 0.1111111111111111),
])
def test_what_is_json_is_read(content: Any, document: Any) -> None:
    assert read_json(content) == document


def lists(depth: int) -> str:
    """A list within so many others."""
    return "[" * (depth + 1) + "]" * (depth + 1)


def objects(depth: int) -> str:
    return '{"a": ' * (depth + 1) + "1" + "}" * (depth + 1)


@pytest.mark.parametrize("text", [lists(100), objects(100), "[" * 99 + objects(1) + "]" * 99, f'[1, {{"a": [{lists(96)}]}}]'])
def test_what_lies_within_a_hundred_others_is_read(text: str) -> None:
    assert read_json(text)


@pytest.mark.parametrize(("content", "message", "place"), [
    ('{"a": 1,\n "b" 2}', "it is not JSON", (2, 6)),
    ("", "it is not JSON", (1, 1)),
    ('{"a": 1} x', "it is not JSON", (1, 10)),
    (b"\xff", "it is not UTF-8", (0, 0)),
    ('{"a": 1, "b": 2, "a": 3}', "an object has a duplicate key", (0, 0)),
    ('[{"b": {"a": 1, "a": 1}}]', "an object has a duplicate key", (0, 0)),
    ("NaN", "NaN and Infinity are not JSON", (0, 0)),
    ("[-Infinity]", "NaN and Infinity are not JSON", (0, 0)),
    ("1e309", "a number is too large", (0, 0)),
    ("-1e309", "a number is too large", (0, 0)),
    ("0." + "1" * 399, "a number is too large", (0, 0)),
    ("9" * 401, "a number has more than 400 digits", (0, 0)),
    (lists(101), "it has more than 100 levels", (0, 0)),
    (objects(101), "it has more than 100 levels", (0, 0)),
    (f'[1, {{"a": [{lists(98)}]}}]', "it has more than 100 levels", (0, 0)),
    (lists(100_000), "it has more than 100 levels", (0, 0)),
    (HALF, "a string contains half of a surrogate pair", (0, 0)),
    ('["\ud800"]', "a string contains half of a surrogate pair", (0, 0)),
    ('{"\\uDFFF": 1}', "a string contains half of a surrogate pair", (0, 0)),
])
def test_everything_else_is_refused_in_its_words(content: Any, message: str, place: tuple[int, int]) -> None:
    with pytest.raises(JsonError) as raised:
        read_json(content)
    error = raised.value
    assert (str(error), (error.line, error.column)) == (message, place)
    assert (error.__cause__, error.__context__) == (None, None)


def test_halves_of_a_surrogate_pair_pass_where_they_are_wanted() -> None:
    assert read_json(HALF, surrogates=True) == {"a": "\ud800"}
