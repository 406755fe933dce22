# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of tests/differential that no server is needed for: which combinations there are, and when both judges agree."""

from __future__ import annotations

from typing import Any

import pytest

from differential import cases
from differential.combination import matrix
from differential.comparison import AGREES, CANNOT_TELL, DISAGREES, STRICTER, compare
from differential.covering import combinations, sample
from differential.dimensions import ALWAYS, DIMENSIONS, PAIRS

CALL = {"operation": "Encrypt", "key": "k", "region": "us-east-1", "host": "h", "who": "full", "error": ""}


def server(**changed: Any) -> dict[str, Any]:
    return {"ready": True, "stage": "ready", "why": "", "type": "awskms", "asked": [CALL], "proxy": False, **changed}


def module(permission: dict[str, Any] | None = None, settings: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    reported = {"ready": True, "reason": None, "key": "k", "region": {"value": "us-east-1"}, "endpoint": {"value": "http://h:1"}}
    in_force = {"valid": True, "problems": [], "seal_type": {"value": "awskms"}, "settings": {}, "reason": None}
    return {"permission": {**reported, **(permission or {})}, "settings": {**in_force, **(settings or {})}, "asked": [CALL], "proxy": False, **changed}


def refusal(reason: str) -> dict[str, Any]:
    return module({"ready": False, "reason": reason}, {"valid": False, "problems": [{"level": "error", "reason": reason}]}, asked=[])


def test_every_value_is_tried_alone_and_the_choice_is_the_same_each_time() -> None:
    chosen = [each.choice for each in matrix(0)]
    plain = [next(iter(values)) for values in DIMENSIONS.values()]
    for place, values in enumerate(DIMENSIONS.values()):
        for value in values:
            assert tuple(value if each == place else name for each, name in enumerate(plain)) in chosen
    assert chosen == [each.choice for each in matrix(0)]
    assert len(set(chosen)) == len(chosen)


def test_the_pairs_name_values_and_dimensions() -> None:
    assert all(value in DIMENSIONS[name] and other in DIMENSIONS for name, value, other in ALWAYS)
    assert all({one, two} <= set(DIMENSIONS) for one, two in PAIRS)


def test_all_pairs_are_covered_without_a_limit() -> None:
    dimensions = {"a": ("0", "1", "2"), "b": ("0", "1", "2"), "c": ("0", "1")}
    chosen = combinations(dimensions, [("a", "b"), ("b", "c")], [], 1000)
    for place, other in ((0, 1), (1, 2)):
        names = list(dimensions.values())
        assert {(each[place], each[other]) for each in chosen} == {(one, two) for one in names[place] for two in names[other]}


def test_a_sample_is_the_same_each_time() -> None:
    chosen = [each.choice for each in matrix(0)]
    assert sample(chosen, 10) == sample(list(reversed(chosen)), 10)


def test_every_combination_can_be_written() -> None:
    for each in matrix(0):
        launch = each.launch({"home": "/h"})
        assert launch.options
        assert launch.files


def test_every_case_expects_something() -> None:
    assert all(case["expected"] for case in cases.load())


@pytest.mark.parametrize(("of_server", "of_module", "kind"), [
    (server(), module(), AGREES),
    (server(ready=False, stage="start", asked=[]), refusal("no_credentials"), AGREES),
    (server(), refusal("no_credentials"), DISAGREES),
    (server(), refusal("cannot_tell"), CANNOT_TELL),
    (server(), refusal("unknown_setting"), STRICTER),
    (server(ready=False, stage="start", asked=[]), module(), DISAGREES),
    (server(ready=False, stage="start", asked=[]), module({"reason": "cannot_tell"}), DISAGREES),
    (server(asked=[{**CALL, "key": "another"}]), module(), DISAGREES),
    (server(asked=[{**CALL, "host": "another"}]), module(), DISAGREES),
    (server(asked=[{**CALL, "who": "another"}]), module(), DISAGREES),
    (server(proxy=True), module(), DISAGREES),
    (server(), module({"region": {"value": "eu-west-1"}}), DISAGREES),
    (server(), module({"endpoint": {"value": "http://other:1"}}), DISAGREES),
    (server(), module(settings={"seal_type": {"value": "shamir"}}), DISAGREES),
    (server(), module({"ready": False, "reason": "internal_error"}), DISAGREES),
])
def test_verdicts(of_server: dict[str, Any], of_module: dict[str, Any], kind: str) -> None:
    assert compare(of_server, of_module).kind == kind
