# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line of a unit: words, prefixes and variables, as systemd has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd import read_unit
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd_command import Command, InvalidCommand, expand, parse_commands
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd_specifiers import Specifiers

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[5] / "vectors" / "systemd_commands.json").read_text(encoding="ascii"))
VARIABLES = dict(each.split("=", 1) for each in VECTORS["variables"])


def command(text: str, unit: str = "v.service") -> Command:
    (result,) = parse_commands(text.encode(), Specifiers(unit), "u, line 1")
    return result


@pytest.mark.parametrize("case", VECTORS["commands"], ids=lambda case: repr(case["text"]))
def test_words_are_those_of_systemd(case: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "foo-bar@.service").write_text(f"[Service]\nExecStart={case['text']}\n", encoding="utf-8")
    service = read_unit(VECTORS["unit"], [str(tmp_path)])
    if case["words"] is None:
        assert len(service.commands) > 1
        assert "several commands" in service.unclear
        return
    (result,) = service.commands
    assert expand(result, VARIABLES, (), []) == case["words"][1:]


def test_prefixes() -> None:
    result = command(":-/usr/bin/vault server ${A} $A $$")
    assert (result.executable, result.expands, result.privileged) == ("/usr/bin/vault", False, False)
    assert expand(result, {"A": "1"}, (), []) == ["server", "${A}", "$A", "$$"]
    assert command("@/usr/bin/vault called server").arguments == (b"server",)
    assert [command(f"{sign}/v").privileged for sign in ("", "+", "!", "!!", "-")] == [False, True, True, True, False]


def test_variables_that_are_not_set_or_not_known() -> None:
    unset: list[str] = []
    assert expand(command("/v server $A -config=${B} ${C:-x}"), {}, (), unset) == ["server", "-config=", "${C:-x}"]
    assert unset == ["A", "B"]
    with pytest.raises(InvalidCommand, match=r"the value of \$\{A\}, which ExecStart= has, cannot be told"):
        expand(command("/v server $A"), {}, {"A": "source"}, [])


@pytest.mark.parametrize(("text", "why"), [
    ("/v server -config=%b", "-config=%b of ExecStart= has a specifier that cannot be told here"), ('/v "x', "unbalanced"), ("|/v x", "the prefix |"),
    ("-", "no program"),
])
def test_commands_that_cannot_be_told(text: str, why: str) -> None:
    with pytest.raises(InvalidCommand) as error:
        command(text)
    assert why in str(error.value)


@pytest.mark.parametrize("word", ["$", "${A", "${", "$${", "\\;", " ;", "'a'", "${A}"])
def test_linear_time(word: str) -> None:
    result = parse_commands(b"/v " + word.encode() * 100_000, Specifiers("v.service"), "u")
    for each in result:
        expand(each, {"A": "x"}, (), [])
