# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server's configuration and environment come to, from their texts: shared by the tests of settings and of their checks."""

from __future__ import annotations

from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.config_files import ServerConfig, parse_config
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.products import Product
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_checks import seal_problems
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_settings import EffectiveSettings, settings_in_force
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SOUND = f'kms_key_id = "{KEY}"\n region = "eu-west-1"'
STANZA = "stanza (seal.hcl, line 1)"


def seal(*settings: str) -> str:
    return 'seal "awskms" {\n ' + "\n ".join(settings) + "\n}\n"


def hcl(**settings: Any) -> str:
    return 'seal "awskms" {\n' + "".join(f'  {name} = "{value}"\n' for name, value in settings.items()) + "}\n"


def in_force(text: str, environment: dict[str, str] | None = None, product: str = "vault", version: str = "", home: str = "") -> EffectiveSettings:
    config = ServerConfig()
    parse_config(text, "seal.hcl", config)
    variables = {name: Sourced(value, f"variable {name}") for name, value in (environment or {}).items()}
    return settings_in_force(Product.parse(product, version), config, variables, home)


def value(setting: str, *arguments: Any, **keywords: Any) -> tuple[str, str] | None:
    """The value and the source of one setting of the awskms seal."""
    seal = in_force(*arguments, **keywords).awskms
    assert seal
    result = seal.settings.get(setting)
    return (result.value, result.source) if result else None


def words(result: EffectiveSettings) -> list[str]:
    return [f"{problem.level} {problem.reason} {problem.setting}: {problem.msg} {problem.remedy}" for problem in seal_problems(result)]
