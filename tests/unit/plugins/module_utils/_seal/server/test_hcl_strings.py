# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ends of strings, and strings that only their readers see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.hcl_strings import (
    InvalidString,
    end_of_json_string,
    end_of_string,
    heredoc,
    unquoted,
)


@pytest.mark.parametrize(("text", "begin", "end"), [
    ('""', 0, 1), ('x = "a" "b"', 4, 6), ('"\\""', 0, 3), ('"a$b{c}d"', 0, 8), ('"${"}"}"', 0, 5), ('"${{"}}"', 0, 7), ('"${{}"\n"}"', 0, 9), ('"$"', 0, 2),
    ('"${\\n}"', 0, 6), ('"}{"', 0, 3),
])
def test_a_string_ends_at_a_quote_outside_of_braces(text: str, begin: int, end: int) -> None:
    assert end_of_string(text, begin) == end


@pytest.mark.parametrize(("text", "begin", "end"), [('""', 0, 1), ('x: "a"', 3, 5), ('"\\""', 0, 3), ('"${"', 0, 3), ('"\\u0041"', 0, 7)])
def test_a_json_string_ends_at_any_quote(text: str, begin: int, end: int) -> None:
    assert end_of_json_string(text, begin) == end


UNENDED = "a text is not ended by a quote"
BACKSLASH = "a backslash before a sign that it does not go with"


@pytest.mark.parametrize(("read", "arguments", "what", "remedy"), [
    (end_of_string, ('"a', 0), UNENDED, ""), (end_of_string, ('"a\n"', 0), UNENDED, ""), (end_of_string, ('"\\q"', 0), BACKSLASH, ""),
    (end_of_string, ('"\\', 0), BACKSLASH, ""), (end_of_string, ('"${"', 0), UNENDED, ""),
    (end_of_json_string, ('"a', 0), UNENDED, ""), (end_of_json_string, ('"\n"', 0), UNENDED, ""), (end_of_json_string, ('"\\/"', 0), BACKSLASH, ""),
    (unquoted, ("${a",), UNENDED, ""), (unquoted, ("\\q",), BACKSLASH, ""), (unquoted, ("\\ud800", False), "an escape of a character that does not exist", ""),
    (unquoted, ('${a}${"',), "a quote or line break in a second ${...} that follows the first one at once", ""),
    (unquoted, ("${a}${\n",), "a quote or line break in a second ${...} that follows the first one at once", ""),
    (unquoted, ("\\xff",), "a text whose escapes make bytes that are not UTF-8",
     "Write it in UTF-8; what the server makes of such bytes cannot be told here."),
    (heredoc, ("<<X\na\nX", 0), "a text of several lines has no end", ""),
])
def test_what_is_wrong_with_a_string(read: Callable[..., Any], arguments: tuple[Any, ...], what: str, remedy: str) -> None:
    with pytest.raises(InvalidString) as raised:
        read(*arguments)
    assert (raised.value.what, raised.value.remedy, str(raised.value)) == (what, remedy, what)


@pytest.mark.parametrize(("raw", "interpolation", "value"), [
    ("a", True, "a"), ("${\\n}\\n", True, "${\\n}\n"), ("${\\n}\\n", False, "${\n}\n"), ("$a\\t$", True, "$a\t$"), ("\\u00e4${}", True, "\u00e4${}"),
    ("a${b}c${d}\\\\", True, "a${b}c${d}\\"), ("$$${a}", True, "$$${a}"),
    ("x${\\n}", True, "x${\\n}"), ("${a}$b\\n", True, "${a}$b\n"),
])
def test_escapes_are_resolved_outside_of_braces(raw: str, interpolation: bool, value: str) -> None:
    assert unquoted(raw, interpolation) == value


def test_a_text_of_several_lines_and_the_place_after_it() -> None:
    assert heredoc("x = <<EOT\na\nEOT\nb", 4) == ("a\n", 16)
    assert heredoc("<<-EOT\n  a\n  EOT\nb", 0) == ("a\n", 17)
    assert heredoc("<<-EOT\n a\n  EOT\nb", 0) == (" a\n", 16)
    assert heredoc("<<X\na\nX\r\n", 0) == ("a\nX", 9)
    assert heredoc("EOT\n<<EOT\na\n EOT\nEOT\n", 4) == ("a\n ", 17)
