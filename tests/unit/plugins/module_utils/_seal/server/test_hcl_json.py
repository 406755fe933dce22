# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The JSON of HCL 1, as the servers read it."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.config_files import ServerConfig, parse_config
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.hcl import Body
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.hcl_json import parse_json
from hypothesis import given
from hypothesis import strategies as st


def plain(value: Any) -> Any:
    if isinstance(value, Body):
        return [(item.keys, plain(item.value)) for item in value]
    return [plain(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("text", "items"), [
    ('{"a": null, "b": true, "c": [1, 2.5,, "x",],}', [(("a",), ""), (("b",), True), (("c",), [1, 2.5, "x"])]),
    ('{"a": .5} and what follows', [(("a",), 0.5)]),
    ('{"a": {"b": {"c": 1}}}', [(("a", "b"), [(("c",), 1)])]),
    ('{"a": [{"b": {"c": 1}}, {"d": 2}]}', [(("a", "b"), [(("c",), 1)]), (("a",), [(("d",), 2)])]),
    ('{"a": {"b": [{"c": 1}, {"c": 2}]}}', [(("a",), [(("b",), [(("c",), 1)]), (("b",), [(("c",), 2)])])]),
    ('{"a": {"b": {"c": 1}, "d": 2}}', [(("a",), [(("b",), [(("c",), 1)]), (("d",), 2)])]),
    ('{"a": {}, "b": []}', [(("a",), []), (("b",), [])]),
    ('{"a": "\\u00e4\\n\\x41"}', [(("a",), "ä\nA")]),
    ('{"a": "${"}', [(("a",), "${")]),
    ('{"a": "\\101\\303\\244\\"\\\\"}', [(("a",), 'A\u00e4"\\')]), ('{"a": 10, "b": 0, "c": -0, "d": -17, "e": 1e2, "f": -1.5}', [
        (("a",), 10), (("b",), 0), (("c",), 0), (("d",), -17), (("e",), 100.0), (("f",), -1.5)]),
    ('{"a": [1, {"b": {"c": 2}}, [{"d": false}]}', [(("a",), [1, [(("b",), [(("c",), 2)])], [(("d",), False)]])]),
    ('{"a" "b": 1, "c" "d": {"e": 2}, }', [(("a", "b"), 1), (("c", "d"), [(("e",), 2)])]),
    ('{"a": [1 2 [3 true "x"]}', [(("a",), [1, 2, 3, "x"])]), (' \r\n\t{"a-b_c": true}', [(("a-b_c",), True)]),
    ('{"a": [{"b": 1}, 2]}', [(("a",), [[(("b",), 1)], 2])]), ('{"a": {"b": {}, "c": {}}}', [(("a", "b"), []), (("a", "c"), [])]),
])
def test_values(text: str, items: Any) -> None:
    assert plain(parse_json(text)) == items


@pytest.mark.parametrize(("text", "message"), [
    ("[]", "line 1: this is no JSON object"),
    ("", "line 1: this is no JSON object"),
    ('{"a"\n1}', "line 2: a colon is missing"), ("{,}", "line 1: a name in quotes is missing"),
    ('{"a": ,}', "line 1: a value is missing"), ('{"a": [1, null]}', "line 1: a comma or the end of a list is missing"),
    ('{"a": "\udcff"}', "line 1: a byte that is not UTF-8"), ('{"a": 1, \udcff', "line 1: a character that has no meaning in JSON"),
    ('{"a": 0', "line 1: a number that begins with a zero"),
    ('{"a": 01}', "line 1: a number that begins with a zero"),
    ('{"a": +1}', "line 1: a character that has no meaning in JSON"),
    ('{"a": 1_0}', "line 1: a word without quotes"),
    ('{"a": \u0661}', "line 1: a character that has no meaning in JSON"),
    ('{"a": NaN}', "line 1: a word without quotes"),
    ('{"a": "x', "line 1: a text is not ended by a quote"),
    ('{"a": "\\/"}', "line 1: a backslash before a sign that it does not go with"),
    ('{"a": "\\ud83d\\ude00"}', "line 1: an escape of a character that does not exist"),
    ('{"a": "\\xff"}', "line 1: a text whose escapes make bytes that are not UTF-8"),
    ('{"a": ' * 1000 + "1" + "}" * 1000, "line 1: more than 64 levels, which cannot be read here"),
    ('{"a": ' + '[{"a": ' * 1000, "line 1: more than 64 levels, which cannot be read here"),
    ("{" + '"a" ' * 65 + ": {}}", "line 1: more than 64 levels, which cannot be read here"),
    ('{"a": -01}', "line 1: a number that begins with a zero"),
    ('{\n"a": "\n"}', "line 2: a text is not ended by a quote"),
    ('{"a": "\0"}', "line 1: a text is not ended by a quote"), ('{"a": [1,\n', "line 2: a comma or the end of a list is missing"),
    ('{"a": "\\400"}', "line 1: an octal escape above 377"), ('{\n\n"a": "\\q"}', "line 3: a backslash before a sign that it does not go with"),
    ("{a: 1}", "line 1: a word without quotes"), ("{1: 1}", "line 1: a name in quotes is missing"), ('{"a": 1,\n\n2}', "line 3: a name in quotes is missing"),
    ('{"a": \n\ntrie}', "line 3: a word without quotes"), ('{"a": :}', "line 1: a value is missing"),
])
def test_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(SettingError) as error:
        parse_json(text)
    remedy = "Write it with fewer levels." if "levels" in message else "Correct the file; the server would refuse it too."
    if "that are not UTF-8" in message:
        remedy = "Write it in UTF-8; what the server makes of such bytes cannot be told here."
    assert (error.value.message, error.value.reason, error.value.remedy) == (message, "malformed_config", remedy)
    assert error.value.details == {"line": int(message[5 : message.index(":")])}


@pytest.mark.parametrize(("text", "items", "ignored_from"), [
    ('{"a": 1,}', [(("a",), 1)], 0), ('{"a": 1}\n\n', [(("a",), 1)], 0), ("{}", [], 0), ("{", [], 1),
    ('{"a": 1}\nx', [(("a",), 1)], 2), ('{"a": 1', [(("a",), 1)], 1), ('{"a": 1 "b": 2}', [(("a",), 1)], 1), ('{"a": 1.5.2}', [(("a",), 1.5)], 1),
    ('{"a": 1,\n"b"}', [(("a",), 1)], 2), ('{"a": }', [], 1), ('{"a": [1\n}', [], 2), ('{"a": [1e]}', [], 1), ('{"a": {"b": 1', [(("a",), [(("b",), 1)])], 1),
    ('{"a": 1,\0"b": 2}', [(("a",), 1)], 1), ('{"a": [true]}', [(("a",), [])], 1), ('{"a": 1}\udcff', [(("a",), 1)], 1),
])
def test_what_the_servers_pass_over_is_passed_over_and_told(text: str, items: Any, ignored_from: int) -> None:
    body = parse_json(text)
    assert (plain(body), body.ignored_from) == (items, ignored_from)


def lines(body: Body) -> list[Any]:
    return [(item.keys, item.line, lines(item.value) if isinstance(item.value, Body) else None) for item in body]


def test_items_have_the_lines_of_their_names() -> None:
    text = '{\n"a":\n1,\n"b": {"c": {\n"d": "x"}},\n\n"e": [{"f":\n2}, {"g": 3}]}'
    assert lines(parse_json(text)) == [
        (("a",), 2, None), (("b", "c"), 4, [(("d",), 5, None)]), (("e",), 7, [(("f",), 7, None)]), (("e",), 7, [(("g",), 8, None)]),
    ]


@pytest.mark.parametrize("inner", ["2", "{}", '{"b": 1}', '{"b": {"c": {}}}'])
def test_levels_are_counted_on_behind_what_lies_deeper(inner: str) -> None:
    assert parse_json('\n{"a": [1, ' + inner + ", " + '{"a": ' * 63 + "1" + "}" * 63 + "]}")[0].line == 2
    with pytest.raises(SettingError, match="more than 64 levels"):
        parse_json('{"a": [1, ' + inner + ", " + '{"a": ' * 64 + "1" + "}" * 64 + "]}")


@pytest.mark.parametrize("before", ["", '"x": [],' * 70, '"x": [1],' * 70, '"x": {},' * 70, '"x": {"y": {"z": 1}},' * 70, '"x" "y" "z": {"v": 1},' * 70])
def test_levels_are_counted_anew_after_each_object_and_list(before: str) -> None:
    for begin, end, most in (('{"a": ', "}", 63), ('[{"a": ', "}]", 63)):
        inner = "1"
        assert parse_json("{" + before + '"a": ' + begin * most + inner + end * most + "}")
        with pytest.raises(SettingError, match="more than 64 levels"):
            parse_json("{" + before + '"a": ' + begin * (most + 1) + inner + end * (most + 1) + "}")


@pytest.mark.parametrize("levels", [60, 64, 65, 1000, 100_000])
def test_any_depth_is_read_or_refused(levels: int) -> None:
    text = '{"seal": ' * levels + "{}" + "}" * levels
    try:
        parse_config(text, "a.json", ServerConfig())
    except SettingError as error:
        assert error.reason == "malformed_config"
        assert levels > 60


@given(st.text(alphabet='ab"{}[]:,-E\n\\$.019xu nulltrue\u00e9', max_size=60))
def test_nothing_else_than_a_setting_error(text: str) -> None:
    try:
        parse_config("{" + text, "a.json", ServerConfig())
    except SettingError as error:
        assert error.reason == "malformed_config"


@pytest.mark.parametrize("unit", ['"a": 1,', '"a": {"b": {}},', '"a": "\\n\\n",', '"a": [1,1,1,1],', '\n"a":\n1,', '"a" ', "["])
def test_linear_time(unit: str) -> None:
    def seconds(size: int) -> float:
        text = "{" + unit * (size // len(unit)) + "}"
        best = float("inf")
        for _turn in range(3):
            begin = time.process_time()
            with contextlib.suppress(SettingError):
                parse_json(text)
            best = min(best, time.process_time() - begin)
        return best

    assert seconds(96_000) < 64 * max(seconds(6_000), 0.001)


def test_names_do_not_multiply_by_the_blocks_that_they_stand_for() -> None:
    with pytest.raises(SettingError, match="more than 64 levels"):  # else some gigabytes
        parse_json("{" + '"" ' * 40_000 + ":{" + '"":{},' * 20_000 + "}}")
