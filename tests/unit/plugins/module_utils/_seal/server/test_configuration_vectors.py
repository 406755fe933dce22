# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every configuration of ``tests/vectors/configurations.json`` is read as HashiCorp's parser and the products' ``parseKMS`` read it.

``CANNOT_BE_TOLD`` names those that the collection refuses although the server takes them, each with an error that says so.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.config_files import ServerConfig, parse_config
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.products import Product

CASES = json.loads((Path(__file__).parents[5] / "vectors" / "configurations.json").read_text(encoding="utf-8"))["cases"]
PRODUCTS = {"bao": Product.parse("openbao", "2.6.2"), "vault": Product.parse("vault", "1.21.0")}

NOT_UTF8, DEEP = "cannot be told here", "Write it with fewer levels."
CANNOT_BE_TOLD = {
    "string '\\\\xff'": NOT_UTF8, "string '\\\\377'": NOT_UTF8, "label '\\\\xff'": NOT_UTF8, "label '\\\\377'": NOT_UTF8,
    "key '\\\\xff'": NOT_UTF8, "key '\\\\377'": NOT_UTF8, "deep 70": DEEP, "deep blocks 70": DEEP,
}


def binary(text: str) -> bytes:
    return base64.b64decode(text)


def read(case: dict[str, Any]) -> ServerConfig:
    config = ServerConfig()
    parse_config(binary(case["text"]).decode("utf-8", "surrogateescape"), "seal.hcl", config)
    return config


def outcome(config: ServerConfig, product: str) -> dict[str, Any]:
    seals = []
    for stanza in config.stanzas:
        settings = dict(stanza.settings)
        if product == "vault":
            standard = stanza.type + ("-disabled" if stanza.disabled else "")
            called, priority = settings.pop("name", standard), int(settings.pop("priority", 0))
        else:
            called, priority = "", 0
        seals.append([stanza.block, stanza.type, stanza.disabled, {name: value.encode() for name, value in settings.items()}, called, priority])
    return {"seals": seals, "plugin_directory": config.values.get("plugin_directory", ("", ""))[0].encode()}


def expected(answer: dict[str, Any]) -> dict[str, Any]:
    seals = [[*seal[:3], {name: binary(value) for name, value in seal[3].items()}, *seal[4:]] for seal in answer["seals"]]
    return {"seals": seals, "plugin_directory": binary(answer["plugin_directory"])}


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_configuration_is_read_as_the_product_reads_it(product: str) -> None:
    assert len(CASES) == 944
    disagreements = []
    for case in CASES:
        if case["name"] in CANNOT_BE_TOLD:
            continue
        try:
            config = read(case)
        except SettingError as error:
            if not isinstance(case[product], str):
                disagreements.append((case["name"], error.message))
            continue
        refused = any(refusal.is_of(PRODUCTS[product]) for refusal in config.refusals)
        if refused != isinstance(case[product], str) or not (refused or outcome(config, product) == expected(case[product])):
            disagreements.append((case["name"], str(config.stanzas)))
    assert not disagreements


@pytest.mark.parametrize("name", CANNOT_BE_TOLD)
def test_what_cannot_be_told_is_refused_and_said_so(name: str) -> None:
    case = next(case for case in CASES if case["name"] == name)
    assert not isinstance(case["bao"], str)
    with pytest.raises(SettingError) as error:
        read(case)
    assert CANNOT_BE_TOLD[name] in error.value.remedy
