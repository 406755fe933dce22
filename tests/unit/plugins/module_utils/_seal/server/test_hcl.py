# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HCL 1. That the server reads files alike is shown in tests/system/test_settings_against_the_server.py."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.config_files import ServerConfig, parse_config, read_config
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.hcl import Body, parse_hcl
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.hcl_numbers import floating, integer
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(("text", "value"), [
    ("a = 1", 1), ("a = -5", -5), ("a = 0x1F", 31), ("a = 017", 15), ("a = 1.5e3", 1500.0), ("a = .5", 0.5), ("a = true", True),
    ('a = "x"', "x"), ("a = []", []), ('a = [1, "x", [true],]', [1, "x", [True]]), ('a = "\\t\\u00e4\\U0001F600\\"\\\\"', "\tä\U0001f600\"\\"),
    ("a = <<-EOT\n    one\n      two\n    EOT\n", "one\n  two\n"), ("a = <<EOT\n  one\n\nEOT\n", "  one\n\n"), ("a = <<-X\n one\n    X\n", " one\n"),
    ("a = <<EOT\n  one\n  EOT\n", "  one\n  "), ("a = <<-X\n  a\n b\n  X\n", "  a\n b\n"), ("a = -017", -15), ("a = 08.5", 8.5), ("a = 1.e2", 100.0),
    ('a = "\\ud800"', "\ufffd"), ('a = "\\xc3\\xa4"', "ä"), ('a = "${\n\\n}"', "${\n\\n}"), ("é = 1", 1),
    ('a = "\\101\\303\\244\\a\\b\\f\\n\\r\\v"', "A\u00e4\a\b\f\n\r\v"), ('a = "\\udfff\\ue000\\U0010FFFF"', "\ufffd\ue000\U0010ffff"),
    ('a = "${f({\\n})\\n}\\n"', "${f({\\n})\\n}\n"), ('a = "${}\\n"', "${}\n"), ('a = "${a}${\\n}"', "${a}${\n}"), ('a = "x${a}y$\\t"', "x${a}y$\t"),
    ('a = "$${a}"', "$${a}"), ("a = <<A_1\nx\nA_1\n", "x\n"), ("a = <<-X\n\v\v\va\n b\n\v\v\vX\n", "\v\v\va\n b\n\v\v"),
    ("a = <<-X\n \ta\n \t b\n \tX\n", "a\n b\n"), ("a = <<X\nX y\nX\n", "X y\n"), ("a = <<X\nX\n", ""),
    ('a = "${x["y"]} z"', '${x["y"]} z'), ('a = "$x {y}"', "$x {y}"),
])
def test_values(text: str, value: object) -> None:
    (item,) = parse_hcl(text)
    assert (item.keys, item.value) == ((text[0],), value)


@pytest.mark.parametrize(("text", "message"), [
    ("a = \n}", "line 2: a value is missing, or a text without quotes"),
    ("}", "line 1: a closing brace without its opening one"),
    ("a {\n b = 1", "line 2: a closing brace is missing"),
    ('a = "x\n"', "line 1: a text is not ended by a quote"),
    ('a = "\\q"', "line 1: a backslash before a sign that it does not go with"),
    ("a = [1 2]", "line 1: a comma or the end of a list is missing"),
    ("a = 019", "line 1: a number that is not valid"),
    ("a b = 1", "line 1: a name, an equals sign or an opening brace is missing"),
    ("a = <<\nx\n", "line 1: a text of several lines has no name at its beginning"),
    ("a = <<X\nx\n", "line 1: a text of several lines has no end"),
    ('a = "\\UFFFFFFFF"', "line 1: an escape of a character that does not exist"),
    ("a = " + "[" * 100, "line 1: more than 64 levels, which cannot be read here"),
    ("a { " * 100, "line 1: more than 64 levels, which cannot be read here"),
    ("a " * 65 + "{}", "line 1: more than 64 levels, which cannot be read here"),
    ("a b { " * 33, "line 1: more than 64 levels, which cannot be read here"),
    ("/* a", "line 1: a comment is not ended"),
    ("a = 0x", "line 1: a number that is not valid"),
    ("a = +5", "line 1: a value is missing, or a text without quotes"),
    ("a = 1_0", "line 1: a name, an equals sign or an opening brace is missing"),
    ("a = \u0661", "line 1: a value is missing, or a text without quotes"),  # a digit, but not an ASCII one
    ("\n\na = \0", "line 3: a NUL character"),
    ("true = 1", "line 1: a name, an equals sign or an opening brace is missing"),
    ("a = <<-X\nx\nX\n", "line 1: a text of several lines has no end"),
    ('a = "\\xff"', "line 1: a text whose escapes make bytes that are not UTF-8"),
    ("a = [{b = 1} {c = 2}]", "line 1: a comma or the end of a list is missing"),
    ("a = <<ÄÄ\nÄÄ\r\r\n", "line 1: a text of several lines that is cut inside of a character"),
    ("a = \udcff", "line 1: a byte that is not UTF-8"), ("a = 1 # \udcff", "line 1: a byte that is not UTF-8"),
    ("a = <<A\u00b2\nx\nA\u00b2\n", "line 1: a text of several lines has no name at its beginning"),
    ('\na = "\\400"', "line 2: an octal escape above 377"),
    ('a = "\\U00110000"', "line 1: an escape of a character that does not exist"),
    ('a = "${\ufffd}\\n"', "line 1: the character U+FFFD inside ${...}"),
    ('a = "${a}${"b"}"', "line 1: a quote or line break in a second ${...} that follows the first one at once"),
    ('a = "${a', "line 1: a text is not ended by a quote"), ('a = "${\\q}"', "line 1: a backslash before a sign that it does not go with"),
    ("a = \ue123", "line 1: the reserved character U+E123"), ("a", "line 1: a name, an equals sign or an opening brace is missing"),
    ("// a\nb = 1 /c\nd = 2", "line 2: a name, an equals sign or an opening brace is missing"), ("a = \0\n\0", "line 1: a NUL character"),
    ("false = 1", "line 1: a name, an equals sign or an opening brace is missing"),
    ("a\u00b2 = 1", "line 1: a name, an equals sign or an opening brace is missing"),
    ("\u0661 = 1", "line 1: a name, an equals sign or an opening brace is missing"),
    ("a = [1", "line 1: a comma or the end of a list is missing"), ("{}", "line 1: a name, an equals sign or an opening brace is missing"),
    ("= 1", "line 1: a name, an equals sign or an opening brace is missing"), ("a = b", "line 1: a value is missing, or a text without quotes"),
    ("a /b", "line 1: a name, an equals sign or an opening brace is missing"), ("a = [1,\n", "line 2: a value is missing, or a text without quotes"),
    ("a = {\n b = 1\n\n", "line 4: a closing brace is missing"), ("a {}\n}\n", "line 2: a closing brace without its opening one"),
])
def test_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(SettingError) as error:
        parse_hcl(text)
    remedy = "Write it with fewer levels." if "levels" in message else "Correct the file; the server would refuse it too."
    if "that are not UTF-8" in message or "inside of a character" in message:
        remedy = "Write it in UTF-8; what the server makes of such bytes cannot be told here."
    assert (error.value.message, error.value.reason, error.value.remedy) == (message, "malformed_config", remedy)
    assert error.value.details == {"line": int(message[5 : message.index(":")])}


def plain(body: Body) -> list[tuple[tuple[str, ...], Any, int]]:
    return [(item.keys, plain(item.value) if isinstance(item.value, Body) else item.value, item.line) for item in body]


@pytest.mark.parametrize(("text", "items"), [
    ("", []), ("# a", []), ("// a\n/* b\n*/", []), ("/**/a = 1//", [(("a",), 1, 1)]),
    ("a = 1, b = 2\nc = 3,", [(("a",), 1, 1), (("b",), 2, 1), (("c",), 3, 2)]),
    ('a "b" c {\n d = 1 }', [(("a", "b", "c"), [(("d",), 1, 2)], 1)]),
    ("a = {\n b {\n }\n}\nc = 1", [(("a",), [(("b",), [], 2)], 1), (("c",), 1, 5)]),
    ('"a b" = 1', [(("a b",), 1, 1)]), ("a.b-c_9 = 1", [(("a.b-c_9",), 1, 1)]), ("_a\u00e9b\u0661c = 1", [(("_a\u00e9b\u0661c",), 1, 1)]),
    ("a=1,b=2", [(("a",), 1, 1), (("b",), 2, 1)]), ("a {}b=1", [(("a",), [], 1), (("b",), 1, 1)]),
    ("/*/ x */ a = 1 /* y */ b = 2 # z\nc = 3 // d\n/* e */", [(("a",), 1, 1), (("b",), 2, 1), (("c",), 3, 2)]),
    ("/* a */ // b\nc = 1", [(("c",), 1, 2)]), ("a = <<X\r\n1\r\nX\r\n", [(("a",), "1\n", 1)]),
    ("a = [[1]]b = 2", [(("a",), [[1]], 1), (("b",), 2, 1)]),
    ("a = [1 [2]]", [(("a",), [1, [2]], 1)]), ("a = [[1] 2]", [(("a",), [[1], 2], 1)]), ("a = [,1,,2,]", [(("a",), [1, 2], 1)]),
    ("a = [\n1, # x\n2\n]\nb = false", [(("a",), [1, 2], 1), (("b",), False, 5)]),
    ("a = [<<X\n1\nX\n, 2]\nb = <<X\n2\nX\nc = 1", [(("a",), ["1\n", 2], 1), (("b",), "2\n", 5), (("c",), 1, 8)]),
    ("a = 1\r\nb = 2\rc = 3", [(("a",), 1, 1), (("b",), 2, 2), (("c",), 3, 2)]),
    ("a = 0x7fffffffffffffff, b = -0x8000000000000000", [(("a",), (1 << 63) - 1, 1), (("b",), -(1 << 63), 1)]),
    ("a = 1\nb =", [(("a",), 1, 1)]), ("a = 1\nb = # c", [(("a",), 1, 1)]), ("a = <<X\na\nX\r\r\n", [(("a",), "a\nX", 1)]),
    ("a = <<-X\r\r\n  a\r\n  X\r\r\n", [(("a",), "a\n", 1)]),
    ("a = 0, b = -0, c = 00, d = 0X0a, e = " + "0" * 30 + "7", [(("a",), 0, 1), (("b",), 0, 1), (("c",), 0, 1), (("d",), 10, 1), (("e",), 7, 1)]),
])
def test_items_and_their_lines(text: str, items: list[tuple[tuple[str, ...], Any, int]]) -> None:
    assert plain(parse_hcl(text)) == items


@pytest.mark.parametrize(("before", "levels"), [
    ("", 64), ("a = []\n" * 70, 64), ("a = [[]]\n" * 70, 64), ("a {\n}\n" * 70, 64), ("a b c {\n}\n" * 70, 64),
    ("x = [1, [2, []]]\ny z {\n v {\n }\n}\n", 64),
])
def test_levels_are_counted_anew_after_each_block_and_list(before: str, levels: int) -> None:
    for begin, end in (("[", "]"), ("{ a = ", "}")):
        inner = "1" if begin != "[" else ""
        assert parse_hcl(before + "a = " + begin * levels + inner + end * levels)
        with pytest.raises(SettingError, match="more than 64 levels"):
            parse_hcl(before + "a = " + begin * (levels + 1) + inner + end * (levels + 1))


@pytest.mark.parametrize("inner", ["[]", "{}", "{ b = 1 }", "{ b c { } }"])
def test_levels_are_counted_on_behind_what_lies_deeper(inner: str) -> None:
    assert parse_hcl(f"a = [[{inner}, " + "[" * 62 + "]" * 64)
    with pytest.raises(SettingError, match="more than 64 levels"):
        parse_hcl(f"a = [[{inner}, " + "[" * 63 + "]" * 65)


@pytest.mark.parametrize(("digits", "value"), [
    ("-01" + "0" * 21, -(1 << 63)), ("9223372036854775807", (1 << 63) - 1), ("-9223372036854775808", -(1 << 63)),
    ("0777", 511), ("-0x10", -16), ("0", 0), ("-0", 0),
    ("0x" + "0" * 40 + "1", 1),
])
def test_integers_are_those_of_strconv(digits: str, value: int) -> None:
    assert integer(digits) == value


@pytest.mark.parametrize("digits", [
    "9223372036854775808", "-9223372036854775809", "0x8000000000000000", "1" * 22, "1" * 23, "0x" + "f" * 22, "0" + "7" * 22, "0" + "7" * 23,
])
def test_integers_have_64_bits(digits: str) -> None:
    with pytest.raises(ValueError, match="^more than 64 bits$"):
        integer(digits)


@pytest.mark.parametrize(("text", "what"), [("1e", "digits are missing"), (".", "digits are missing"), ("1e309", "out of range"), ("-1e309", "out of range")])
def test_numbers_with_a_point_are_those_of_strconv(text: str, what: str) -> None:
    assert (floating("1."), floating("-.5"), floating("1E+2"), floating("1e-2")) == (1.0, -0.5, 100.0, 0.01)
    with pytest.raises(ValueError, match=f"^{what}$"):
        floating(text)


@given(st.text(alphabet='ab="{}[]<-E\n\\$#/*,1.0xu é', max_size=60))
def test_nothing_else_than_a_setting_error(text: str) -> None:
    try:
        parse_hcl(text)
    except SettingError as error:
        assert error.reason == "malformed_config"


def _shapes(size: int) -> dict[str, str]:
    """Texts of about that size that a reader which looks back or ahead would take quadratic time for."""
    def many(text: str) -> str:
        return text * (size // len(text))

    return {
        "blocks": many('a "b" {\n  c = "d"\n}\n'), "items": many("a=1\n"), "string": f'a = "{many("x")}"', "escapes": f'a = "{many(chr(92) + "n")}"',
        "interpolations": f'a = "{many("${a}")}"', "comments": many("# x\n"), "unterminated comments": many("/* "), "heredocs": many("a = <<E\nx\nE\n"),
        "lines of a heredoc": f"a = <<-E\n{many(' x' + chr(10))} E\n", "unterminated heredoc": "a = <<E\n" + many(" E x\n"),
        "unterminated string": f'a = "{many("x")}', "braces": many("a {"), "brackets": "a = " + many("["), "list": f"a = [{many('1,')}]",
        "digits": "a = " + many("9"), "labels": many('"a" ') + "{}", "blanks": many(" "), "letters": many("é"),
    }


@pytest.mark.parametrize("shape", _shapes(1))
def test_linear_time(shape: str) -> None:
    def seconds(size: int) -> float:
        text = _shapes(size)[shape]
        best = float("inf")
        for _turn in range(3):
            begin = time.process_time()
            with contextlib.suppress(SettingError):
                parse_hcl(text)
            best = min(best, time.process_time() - begin)
        return best

    # Sixteen times the size: about 16 where time is linear, and 256 where it is quadratic.
    assert seconds(96_000) < 64 * max(seconds(6_000), 0.001)


def test_folders_and_their_errors(tmp_path: Path) -> None:
    (tmp_path / "b.hcl").write_text('seal "awskms" { region = "b" }', encoding="utf-8")
    (tmp_path / "a.json").write_text('{"seal": {"awskms": {"region": "a"}}}', encoding="utf-8")
    (tmp_path / "notes.txt").write_text("{{{", encoding="utf-8")
    (tmp_path / "old.hcl~").write_text("{{{", encoding="utf-8")
    (tmp_path / "more.hcl").mkdir()
    config = read_config([str(tmp_path), str(tmp_path / "b.hcl")])
    assert [stanza.settings["region"] for stanza in config.stanzas] == ["a", "b"]
    (tmp_path / "c.hcl").write_text('seal "awskms" {\n secret_key = hush\n}', encoding="utf-8")
    with pytest.raises(SettingError) as error:
        read_config([str(tmp_path)])
    assert str(error.value) == (
        f"{tmp_path}/c.hcl: line 2: a value is missing, or a text without quotes. Correct the file; the server would refuse it too."
    )
    (tmp_path / "c.hcl").write_bytes(b"\xff")
    with pytest.raises(SettingError) as error:
        read_config([str(tmp_path)])
    assert str(error.value) == f"{tmp_path}/c.hcl is not UTF-8. Name a configuration file."
    with pytest.raises(SettingError) as error:
        read_config([str(tmp_path / "none.hcl")])
    assert error.value.reason == "file_error"


@pytest.mark.parametrize("text", ['seal "{}" {{ disabled = "x" }}', 'seal "a" {{ {} = [] }}', 'seal "{0}" {{ {0} = [] }}'])
def test_messages_show_the_beginning_of_a_long_name(text: str) -> None:
    with pytest.raises(SettingError) as error:
        parse_config(text.format("n" * 10_000), "a.hcl", ServerConfig())
    assert len(error.value.message) < 300
