# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cases of ``tests/cases/settings`` for which no server is run: the right answer follows from the documentation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_checks import seal_problems
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.stanza_checks import ERROR
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.server.texts import in_force, value

CASES = Path(__file__).parents[5] / "cases" / "settings"


def problems(name: str, product: str = "openbao") -> list[tuple[str, str, str]]:
    case = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))
    config = case["config"].replace("{{", "{").replace("}}", "}") if case.get("static") else case["config"]
    config = config.replace("{sum}", "a" * 64)
    settings = in_force(config, case["environment"], case.get("product", product))
    return [(problem.level, problem.reason, problem.setting) for problem in seal_problems(settings)]


@pytest.mark.parametrize("name", ["e01-china-dual-stack", "e02-eu-sovereign-cloud", "e04-iso-f"])
def test_an_endpoint_of_the_partition_is_no_problem(name: str) -> None:
    assert problems(name) == problems(name, "vault") == []


def test_a_template_that_was_left_in() -> None:
    assert [each for each in problems("g01-consul-template-left-in") if each[0] == ERROR] == [
        (ERROR, "template_expression", "access_key"), (ERROR, "template_expression", "secret_key")
    ]


def test_an_availability_zone() -> None:
    assert problems("g03-region-is-a-zone") == [(ERROR, "invalid_option", "region")]


def test_a_seal_of_the_name_of_a_plugin() -> None:
    assert problems("d01-seal-named-after-its-plugin") == []


@pytest.mark.parametrize(("product", "version", "endpoint"), [
    ("openbao", "2.6.2", None), ("vault", "1.20", None), ("vault", "2.1.0", None), ("vault", "2.2.0", ("http://new", "variable AWSKMS_ENDPOINT")),
])
def test_the_newer_name_of_the_endpoints_variable(product: str, version: str, endpoint: tuple[str, str] | None) -> None:
    config = json.loads((CASES / "a06-awskms-endpoint-variable.json").read_text(encoding="utf-8"))["config"]
    assert value("endpoint", config, {"AWSKMS_ENDPOINT": "http://new"}, product, version) == endpoint
    both = {"AWSKMS_ENDPOINT": "http://new", "AWS_KMS_ENDPOINT": "http://old"}
    assert value("endpoint", config, both, product, version) == (endpoint or ("http://old", "variable AWS_KMS_ENDPOINT"))
