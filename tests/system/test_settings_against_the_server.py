# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings in effect that the collection returns match those of the real server, which is started with each combination.

Its line ``Auto Seal:`` tells key, region and endpoint; the KMS's journal tells whose credentials it used; and where it refuses to
start, the answer has an error.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.config_files import ServerConfig, parse_config
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.products import Product
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_checks import seal_problems
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_settings import settings_in_force
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced

from support.server_start import start
from support.strict_kms import Credentials, StrictKms

REGIONS = ("us-east-1", "eu-west-1", "eu-central-1", "ap-south-1")
FULL_RIGHTS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
# Findings of level error with which the server starts all the same: what is said is not what will be done.
STARTS_ALL_THE_SAME = {
    "unknown_setting", "stray_seal_type", "surrounding_blanks", "conflicting_variables", "region_mismatch", "invalid_option",
}


class World:
    """A KMS with the same aliases in several regions, and two users."""

    def __init__(self, kms: StrictKms) -> None:
        self.kms = kms
        self.other_url = kms.url.replace("127.0.0.1", "localhost")
        self.one: Credentials = kms.principal(FULL_RIGHTS)
        self.two: Credentials = kms.principal(FULL_RIGHTS)
        for region in REGIONS:
            for name in ("in-stanza", "in-vault-variable", "in-wrapper-variable"):
                kms.new_key(region, alias=f"alias/{name}")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with StrictKms() as kms:
        yield World(kms)


KEYS = {
    "stanza": ({"kms_key_id": "alias/in-stanza"}, {}),
    "vault-variable": ({}, {"VAULT_AWSKMS_SEAL_KEY_ID": "alias/in-vault-variable"}),
    "wrapper-variable": ({}, {"AWSKMS_WRAPPER_KEY_ID": "alias/in-wrapper-variable"}),
    "all": (
        {"kms_key_id": "alias/in-stanza"},
        {"VAULT_AWSKMS_SEAL_KEY_ID": "alias/in-vault-variable", "AWSKMS_WRAPPER_KEY_ID": "alias/in-wrapper-variable"},
    ),
    "stanza-and-empty-variable": ({"kms_key_id": "alias/in-stanza"}, {"VAULT_AWSKMS_SEAL_KEY_ID": ""}),
    "none": ({}, {}),
}
REGION = {
    "stanza": ({"region": "eu-west-1"}, {}),
    "variable": ({}, {"AWS_REGION": "eu-central-1"}),
    "default-variable": ({}, {"AWS_DEFAULT_REGION": "ap-south-1"}),
    "both-variables": ({}, {"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "ap-south-1"}),
    "all": ({"region": "eu-west-1"}, {"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "ap-south-1"}),
    "config-file": ({}, {"AWS_CONFIG_FILE": "{folder}/aws-config"}),
}
ENDPOINT = {
    "stanza": ({"endpoint": "{url}"}, {}),
    "variable": ({}, {"AWS_KMS_ENDPOINT": "{url}"}),
    "both": ({"endpoint": "{other_url}"}, {"AWS_KMS_ENDPOINT": "{url}"}),
}
PAIR = {"access_key": "{one}", "secret_key": "{one_secret}"}
VARIABLES = {"AWS_ACCESS_KEY_ID": "{two}", "AWS_SECRET_ACCESS_KEY": "{two_secret}"}
CREDENTIALS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "stanza": (PAIR, {}),
    "variables": ({}, VARIABLES),
    "both": (PAIR, VARIABLES),
    "half-in-stanza": ({"access_key": "{one}"}, VARIABLES),
    "references": ({"access_key": "env://OWN_KEY", "secret_key": "file://{folder}/secret"}, {"OWN_KEY": "{one}", **VARIABLES}),
    "profile-in-stanza": ({"shared_creds_profile": "one", "shared_creds_filename": "{folder}/profiles"}, {}),
    "profile-of-variables": ({}, {"AWS_PROFILE": "two", "AWS_SHARED_CREDENTIALS_FILE": "{folder}/profiles"}),
    "profile-of-both": ({"shared_creds_profile": "one"}, {"AWS_PROFILE": "two", "AWS_SHARED_CREDENTIALS_FILE": "{folder}/profiles"}),
    "token-of-the-stanza-alone": ({"session_token": "x"}, VARIABLES),
    "unset-reference": ({"access_key": "env://NOT_SET", "secret_key": "{one_secret}"}, {}),
    "missing-file": ({"access_key": "{one}", "secret_key": "file://{folder}/none"}, {}),
}
ACTIVATION = {
    "stanza": (True, {}),
    "vault-type": (False, {"VAULT_SEAL_TYPE": "awskms"}),
    "bao-type": (False, {"BAO_SEAL_TYPE": "awskms"}),
    "both-types": (False, {"BAO_SEAL_TYPE": "awskms", "VAULT_SEAL_TYPE": "shamir"}),
    "empty-bao-type": (False, {"BAO_SEAL_TYPE": "", "VAULT_SEAL_TYPE": "awskms"}),
    "overridden-type": (True, {"VAULT_SEAL_TYPE": "shamir"}),
}


def combinations() -> list[tuple[str, str, str, str, str]]:
    """Every value of every dimension with every value of one other, in turn."""
    dimensions = (ACTIVATION, KEYS, REGION, ENDPOINT, CREDENTIALS)
    results = {tuple(next(iter(dimension)) for dimension in dimensions)}
    for index, dimension in enumerate(dimensions):
        others = [itertools.cycle(other) for other in dimensions]
        for value in dimension:
            for _turn in range(2):
                results.add(tuple(value if place == index else next(other) for place, other in enumerate(others)))
    return sorted(results)  # type: ignore[arg-type]


def hcl(settings: dict[str, str]) -> str:
    return 'seal "awskms" {\n' + "".join(f'  {name} = "{value}"\n' for name, value in settings.items()) + "}\n"


@pytest.mark.parametrize(("activation", "key", "region", "endpoint", "credentials"), combinations())
def test_the_server_agrees(
    world: World, tmp_path: Path, activation: str, key: str, region: str, endpoint: str, credentials: str
) -> None:
    with_stanza, variables = ACTIVATION[activation]
    chosen = [KEYS[key], REGION[region], ENDPOINT[endpoint], CREDENTIALS[credentials]]
    names = {
        "url": world.kms.url, "other_url": world.other_url, "folder": str(tmp_path),
        "one": world.one.access_key, "one_secret": world.one.secret_key, "two": world.two.access_key, "two_secret": world.two.secret_key,
    }
    settings = {name: value.format(**names) for part, _more in chosen for name, value in part.items()}
    environment = {name: value.format(**names) for _part, more in chosen for name, value in more.items()}
    environment.update(variables)
    (tmp_path / "secret").write_text(world.one.secret_key, encoding="utf-8")
    (tmp_path / "profiles").write_text("".join(
        f"[{name}]\naws_access_key_id = {who.access_key}\naws_secret_access_key = {who.secret_key}\n" for name, who in (("one", world.one), ("two", world.two))
    ), encoding="utf-8")
    (tmp_path / "aws-config").write_text("[default]\nregion = eu-west-1\n", encoding="utf-8")
    agrees(world, tmp_path, hcl(settings) if with_stanza else "", environment)


AS_TEXT = {
    "json": '{"seal": {"awskms": {"kms_key_id": "alias/in-stanza", "region": "eu-west-1"}}}',
    "json-of-seals": '{"seal": [{"awskms": {"kms_key_id": "alias/in-stanza", "region": "eu-west-1"}}]}',
    "json-of-bodies": '{"seal": {"awskms": [{"kms_key_id": "alias/in-stanza", "region": "eu-west-1"}]}}',
    "json-deeper": '{"seal": {"awskms": {"name": {"kms_key_id": "alias/in-stanza", "region": "eu-west-1"}}}}',
    "label": 'seal "awskms" "name" {\n kms_key_id = "alias/in-stanza"\n region = "eu-west-1"\n}',
    "no-block": 'seal "awskms" = "x"',
    "object": 'seal = {\n kms_key_id = "alias/in-stanza"\n}',
    "json-list": '{"seal": [{"awskms": [{"kms_key_id": "alias/in-stanza", "region": "eu-west-1"}]}]}',
    "upper-case-type": 'seal "AWSKMS" { kms_key_id = "alias/in-stanza" region = "eu-west-1" }',
    "kms-block": 'kms "awskms" { kms_key_id = "alias/in-stanza" region = "eu-west-1" }',
    "comments": '# a\nseal "awskms" { // b\n kms_key_id = "alias/in-stanza" /* region = "x"\n */ region = "eu-west-1"\n}',
    "escapes": 'seal "awskms" {\n kms_key_id = "alias\\u002fin-\\x73tanza"\n "region" = "eu\\055west-1" }',
    "heredoc": 'seal "awskms" {\n kms_key_id = "alias/in-stanza"\n region = <<EOT\neu-west-1\nEOT\n}',
    "interpolation": 'seal "awskms" {\n kms_key_id = "alias/in-stanza"\n region = "${"eu-west-1"}"\n}',
    "twice": 'seal "awskms" {\n kms_key_id = "alias/none"\n kms_key_id = "alias/in-stanza"\n region = "eu-west-1"\n}',
    "a number": 'seal "awskms" {\n kms_key_id = 5\n region = "eu-west-1"\n}',
    "truth": 'seal "awskms" {\n kms_key_id = "alias/in-stanza"\n region = "eu-west-1"\n disabled = "false"\n}',
    "no-truth": 'seal "awskms" {\n kms_key_id = "alias/in-stanza"\n region = "eu-west-1"\n disabled = "no"\n}',
    "a-list": 'seal "awskms" {\n kms_key_id = ["alias/in-stanza"]\n region = "eu-west-1"\n}',
    "a-block": 'seal "awskms" {\n kms_key_id = "alias/in-stanza"\n region { a = 1 }\n}',
    "no-type": 'seal { kms_key_id = "alias/in-stanza" }',
    "other-type": 'seal "awskm" { kms_key_id = "alias/in-stanza" }',
    "misspelt": 'seal "awskms" {\n kms_key_id = "alias/in-stanza"\n region = "eu-west-1"\n kms_keyid = "x"\n}',
    "seal-ha": 'seal "awskms" {\n kms_key_id = "alias/in-stanza"\n region = "eu-west-1"\n name = "x"\n priority = 1\n}',
    "disabled-alone": 'seal "awskms" {\n kms_key_id = "alias/in-stanza"\n region = "eu-west-1"\n disabled = true\n}',
    "two-enabled": 'seal "awskms" {\n kms_key_id = "alias/in-stanza"\n region = "eu-west-1"\n}\n' * 2,
    "two-disabled": 'seal "awskms" {\n kms_key_id = "alias/in-stanza"\n region = "eu-west-1"\n disabled = true\n}\n' * 2,
    "no-quote": 'seal "awskms" {\n kms_key_id = "alias/in-stanza\n}',
    "no-brace": 'seal "awskms" {\n kms_key_id = "alias/in-stanza"\n',
    "no-quotes-at-all": 'seal "awskms" {\n kms_key_id = alias\n}',
    "bad-escape": 'seal "awskms" {\n kms_key_id = "alias\\q"\n}',
    "no-json": '{"seal": {"awskms": {"kms_key_id": "alias/in-stanza",,}}}',
    "plugin-without-folder": 'plugin "kms" "awskms" {\n command = "x"\n sha256sum = "' + "0" * 64 + '"\n}\n'
    'seal "awskms" {\n kms_key_id = "alias/in-stanza"\n region = "eu-west-1"\n}',
}


@pytest.mark.parametrize("case", AS_TEXT)
def test_the_server_reads_the_file_alike(world: World, tmp_path: Path, case: str) -> None:
    environment = {
        "AWS_KMS_ENDPOINT": world.kms.url,
        "AWS_ACCESS_KEY_ID": world.one.access_key,
        "AWS_SECRET_ACCESS_KEY": world.one.secret_key,
    }
    text = AS_TEXT[case]
    agrees(world, tmp_path, text, environment, "json" if text.startswith("{") else "hcl")


def agrees(world: World, folder: Path, text: str, environment: dict[str, str], suffix: str = "hcl") -> None:
    """Get the settings from both, and compare them."""
    environment = {**environment, "AWS_EC2_METADATA_DISABLED": "true"}
    before = len(world.kms.calls("DescribeKey"))
    server = start(folder, text, environment, suffix)
    callers = [call.get("principal") for call in world.kms.calls("DescribeKey")[before:]]
    result = answer(text, environment, folder)
    if server.refused and not result["errors"]:
        # It refuses what no setting tells: it found no credentials, or no KMS where the internet has it.
        settings = result["settings"]
        if "access_key" not in settings and "shared_creds_profile" not in settings:
            assert "NoCredentialProviders" in server.log
            return
        if "endpoint" not in settings:
            assert f"https://kms.{settings['region'].value}.amazonaws.com/" in server.log
            return
    if server.refused:
        assert result["errors"], f"the server refuses, and nothing is said:\n{server.log}"
        return
    assert result["errors"] <= STARTS_ALL_THE_SAME, f"the server starts:\n{server.log}"
    assert result["type"] == server.seal["type"]
    if result["type"] == "awskms":
        settings = result["settings"]
        assert settings["kms_key_id"].value == server.seal["key_id"]
        assert settings["region"].value == server.seal["region"]
        assert settings["endpoint"].value == server.seal["endpoint"]
        named = settings["access_key" if "access_key" in settings else "shared_creds_profile"].value
        assert callers == [{world.one.access_key: world.one.arn, world.two.access_key: world.two.arn, "one": world.one.arn, "two": world.two.arn}[named]]


def answer(text: str, environment: dict[str, str], folder: Path) -> dict[str, Any]:
    config = ServerConfig()
    try:
        parse_config(text, "seal.hcl", config)
    except Exception as error:
        return {"errors": {getattr(error, "reason", "")}}
    variables = {name: Sourced(value, name) for name, value in environment.items()}
    settings = settings_in_force(Product.parse("openbao", "2.6.2"), config, variables, str(folder))
    errors = {problem.reason for problem in seal_problems(settings) if problem.level == "error"}
    enabled = [seal for seal in settings.seals if seal.enabled]
    return {"errors": errors, "type": enabled[-1].type if enabled else "", "settings": enabled[-1].settings if enabled else {}}
