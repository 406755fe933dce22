# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings on which the AWS SDKs differ: the real server and the modules agree, on a verdict, a region, an endpoint and a key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.certificates import make_certificates
from support.module_run import finished, start_module
from support.server_start import Start, start
from support.settings_cases import Case, names, prepare, uses_tls
from support.strict_kms import StrictKms

FULL_RIGHTS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
REGIONS = ("us-east-1", "eu-west-1", "ap-south-1")


class World:
    """One KMS with TLS and one without, each with a key of the same alias in three regions."""

    def __init__(self, kms: StrictKms, authority: str) -> None:
        self.kms = kms
        self.keys = {region: kms.new_key(region, alias="alias/a") for region in REGIONS}
        who = kms.principal(FULL_RIGHTS)
        self.values = {
            "url": kms.url, "bareurl": kms.url.partition("//")[2], "access": who.access_key, "secret": who.secret_key, "ca": authority,
        }


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[bool, World]]:
    files = make_certificates(tmp_path_factory.mktemp("tls"))
    with StrictKms() as plain, StrictKms(tls=(files.certificate, files.key)) as secure:
        yield {False: World(plain, files.authority), True: World(secure, files.authority)}


def asked(case: Case, folder: Path, product: str = "openbao", module: str = "awskms_permission_info", **options: Any) -> dict[str, Any]:
    """What a module says of the case."""
    config = folder / "seal.hcl"
    config.write_text(case.config, encoding="utf-8")
    given = {"product": product, "config": [str(config)], "environment": case.environment, **options}
    return finished(start_module(module, given, folder, {}))


def alike(case: Case, world: World, folder: Path) -> tuple[Start, dict[str, Any]]:
    """Start the server and ask the modules; what they agree on."""
    server = start(folder / "server", case.config, {**case.environment})
    world.kms.clear_calls()
    probe = asked(case, folder, timeout=20)
    settings = asked(case, folder, module="awskms_seal_settings_info")
    assert probe["judged_by"] == "model of aws-sdk-go v1"
    assert probe["ready"] != server.refused, (server.log, probe)
    if not server.refused:
        used = {name: (probe[name] or {}).get("value") for name in ("region", "kms_key_id")}
        assert used == {"region": server.seal["region"], "kms_key_id": server.seal["key_id"]}
        assert settings["settings"]["region"]["value"] == server.seal["region"]
        assert settings["settings"].get("endpoint", {}).get("value") == server.seal.get("endpoint")
        assert settings["valid"]
        assert probe["key_arn"] == world.keys[server.seal["region"]]
    return server, probe


@pytest.mark.parametrize("name", [each for each in names(static=False) if not each.startswith("d")])
def test_the_modules_say_what_the_server_does(worlds: dict[bool, World], name: str, tmp_path: Path) -> None:
    world = worlds[uses_tls(name)]
    home = tmp_path / "home"
    home.mkdir()
    alike(prepare(name, home, world.values), world, tmp_path)
