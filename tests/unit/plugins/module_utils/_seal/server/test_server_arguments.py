# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of the servers' command lines, which program is a server, and what cannot be told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.server_arguments import (
    UnclearCommand,
    config_of_variables,
    product_of,
    server_arguments,
)


@pytest.mark.parametrize(("phrase", "config"), [
    ("-config=/a", ["/a"]), ("--config=/a", ["/a"]), ("-config /a", ["/a"]), ("--config /a -config=/b", ["/a", "/b"]), ("-config=/a,/b", ["/a,/b"]),
    ("-log-level info -config=/a", ["/a"]), ("-log-level=info -config /a -log-format=json", ["/a"]), ("-log-file -config=/a", []),
    ("-exit-on-core-shutdown -config=/a -recovery", ["/a"]), ("x -config=/a", []), ("-- -config=/a", []), ("-config=/a x -config=/b", ["/a"]),
    ("-dev-root-token-id= -dev-listen-address=0.0.0.0:8200 -config=/a", ["/a"]), ("-later=1 -config=/a", ["/a"]), ("-", []), ("", []),
    ("-config= ", [""]), ("-tls-skip-verify -config /a", ["/a"]), ("-combine-logs -experiment events.alpha1 -config /a", ["/a"]),
])
def test_configurations_of_a_command(phrase: str, config: list[str]) -> None:
    result = server_arguments("/usr/bin/vault", ["server", *phrase.split()])
    assert (result.config, result.development) == (config, False)


@pytest.mark.parametrize(("word", "development"), [
    ("-dev", True), ("--dev", True), ("-dev=true", True), ("-dev=false", False), ("-dev-tls", True), ("-dev-root-token-id=x", False), ("-dev-ha", True),
])
def test_development_servers(word: str, development: bool) -> None:
    assert server_arguments("/usr/bin/bao", ["server", word, "-config=/a"]).development is development


@pytest.mark.parametrize("phrase", [
    "/bin/sh -c x", "/usr/bin/env vault server -config=/a", "/usr/bin/docker run vault server", "/usr/bin/sudo -u vault vault server -config=/a",
    "/usr/bin/vault agent -config=/a", "/usr/bin/vault -log-level=info server -config=/a", "/usr/bin/vault", "/usr/bin/vault server -config",
    "/usr/bin/vault server -later -config=/a", "/usr/bin/vault server -help", "/opt/start-vault.sh server -config=/a", "/opt/wrapper server -config=/a",
])
def test_commands_that_cannot_be_told(phrase: str) -> None:
    executable, *rest = phrase.split()
    with pytest.raises(UnclearCommand):
        server_arguments(executable, rest)


def test_a_program_of_another_name_counts_where_it_is_no_script(tmp_path: Path) -> None:
    script = tmp_path / "secrets"
    script.write_text("#!/bin/sh\nexec vault server -config=/b\n", encoding="utf-8")
    with pytest.raises(UnclearCommand, match="it is a script or not there"):
        server_arguments(str(script), ["server", "-config=/a"])
    shutil.copy("/bin/true", script)
    assert server_arguments(str(script), ["server", "-config=/a"]).config == ["/a"]


@pytest.mark.parametrize(("name", "product"), [
    ("vault", "vault"), ("bao", "openbao"), ("openbao", "openbao"), ("vault-1.15.2", "vault"), ("vault_1.20.0+ent.hsm", "vault"), ("bao-2.6.2", "openbao"),
    (".vault-wrapped", "vault"), ("vault-enterprise", "vault"), ("vault.ent.fips1402", "vault"), ("vault-start", ""), ("vault.sh", ""), ("vaultwarden", ""),
    ("sh", ""), ("vault-agent", ""), ("vault1", "vault"), ("", ""),
])
def test_products_by_the_name_of_the_program(name: str, product: str) -> None:
    assert product_of(f"/opt/bin/{name}") == product


def test_configurations_of_the_environment() -> None:
    assert config_of_variables({"BAO_CONFIG_PATH": "/a, /b", "VAULT_CONFIG_PATH": "/c"}) == ["/a", "/b"]
    assert config_of_variables({"VAULT_CONFIG_PATH": "/c"}) == ["/c"]
    assert config_of_variables({"BAO_CONFIG_PATH": "", "VAULT_CONFIG_PATH": "/c"}) == [""]
    assert config_of_variables({"OTHER": "/c"}) == []
