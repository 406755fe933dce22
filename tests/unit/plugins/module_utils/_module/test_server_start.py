# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server is started with, read from units, credentials and the variables of containers."""

from __future__ import annotations

import json
import os
import pwd
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.server import ConfiguredServer, read_server, refuse_unread
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.service_rights import service_user
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.products import PRODUCTS
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server_sdk.credentials import plan_credentials

UNITS: list[dict[str, Any]] = json.loads((Path(__file__).parents[4] / "vectors" / "server_units.json").read_text(encoding="ascii"))["units"]
SEAL = 'seal "awskms" {\n  region     = "us-east-1"\n  kms_key_id = "alias/a"\n}\n'
OPTIONS: dict[str, Any] = dict.fromkeys(
    ("product", "version", "config", "unit", "unit_directories", "environment_files", "environment", "candidates", "service_user")
)


class Host:
    """A folder with a unit and configuration files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "units").mkdir()
        self.write("etc/vault.hcl", SEAL)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("{home}", str(self.folder)), encoding="utf-8")
        return path

    def unit(self, *lines: str, name: str = "vault.service", **options: Any) -> ConfiguredServer:
        """The server of a unit with these lines."""
        self.write(f"units/{name}", "\n".join(["[Service]", *lines, ""]))
        return self.read(unit=options.pop("unit", name), unit_directories=[str(self.folder / "units")], **options)

    def read(self, **options: Any) -> ConfiguredServer:
        return read_server({**OPTIONS, **options})


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def key(server: ConfiguredServer) -> tuple[str, str]:
    seal = server.in_force.awskms
    return (seal.value("kms_key_id"), seal.value("region")) if seal else ("", "")


def reasons(server: ConfiguredServer) -> list[tuple[str, str]]:
    return [(problem.level, problem.reason) for problem in server.problems]


@pytest.mark.parametrize("case", UNITS, ids=lambda case: case["name"])
def test_units_as_they_are_met(case: dict[str, Any], host: Host) -> None:
    """Each is read with its right value, or it is said why it cannot be told; never as a server without a seal."""
    for name, text in case.get("files", {}).items():
        host.write(name, text)
    expected = case["expected"]
    lines = case["unit"].replace("{home}", str(host.folder))
    name = case.get("file", "vault.service")
    host.write(f"units/{name}", lines)
    options = {"unit": case.get("instance", name), "unit_directories": [str(host.folder / "units")], "product": case.get("product")}
    if "error" in expected:
        with pytest.raises(SettingError) as error:
            host.read(**options)
        assert error.value.reason == expected["error"], str(error.value)
        assert expected.get("message", "") in error.value.message
        return
    server = host.read(**options)
    if "problem" in expected:
        assert ("error", expected["problem"]) in reasons(server)
        return
    assert [level for level, _reason in reasons(server) if level == "error"] == []
    assert server.in_force.product.name == expected.get("server", "vault")
    assert key(server) == ("alias/a", expected.get("region", "us-east-1"))
    assert server.service.user == expected.get("user", "")
    if "config" in expected:
        assert server.config == [each.replace("{home}", str(host.folder)) for each in expected["config"]]


def test_a_variable_of_the_task_counts_for_the_command(host: Host) -> None:
    lines = "EnvironmentFile=-/none", "ExecStart=/usr/bin/vault server $OPTIONS -config=${PLACE}"
    with pytest.raises(SettingError) as error:
        host.unit(*lines)
    assert error.value.reason == "unclear_unit"
    assert error.value.message == (
        "The unit vault.service starts the server with $OPTIONS and -config=${PLACE}, whose value cannot be told: the unit does not set OPTIONS and PLACE."
    )
    assert key(host.unit(*lines, environment={"PLACE": f"{host.folder}/etc"})) == ("alias/a", "us-east-1")
    assert key(host.unit(*lines, config=[f"{host.folder}/etc"])) == ("alias/a", "us-east-1")


def test_a_variable_that_systemd_passes_cannot_be_told(host: Host) -> None:
    with pytest.raises(SettingError, match=r"the value of \$\{PLACE\}, which ExecStart= has, cannot be told"):
        host.unit("PassEnvironment=PLACE", "ExecStart=/usr/bin/vault server -config=${PLACE}")


@pytest.mark.parametrize("product", PRODUCTS)
def test_no_configuration_is_no_valid_server(product: str, host: Host) -> None:
    program = {"vault": "vault", "openbao": "bao"}[product]
    assert reasons(host.unit(f"ExecStart=/usr/bin/{program} server")) == [("error", "no_config")]
    assert reasons(host.unit(f"ExecStart=/usr/bin/{program} server -dev")) == [("error", "development_server")]
    assert reasons(host.unit(f"ExecStart=/usr/bin/{program} server -dev -config={host.folder}/etc")) == [("warning", "development_server")]
    (host.folder / "empty").mkdir()
    assert reasons(host.unit(f"ExecStart=/usr/bin/{program} server -config={host.folder}/empty")) == [("error", "no_config")]
    assert reasons(host.read(product=product, config=[f"{host.folder}/empty"])) == [("error", "no_config")]
    assert reasons(host.read(product=product, environment={"AWS_REGION": "us-east-1"})) == [("error", "no_config")]
    assert reasons(host.read(product=product, environment={"VAULT_SEAL_TYPE": "awskms"})) == []
    assert reasons(host.read(product=product, config=[f"{host.folder}/etc"])) == []


def test_openbao_reads_its_configuration_from_the_environment_too(host: Host) -> None:
    host.write("other/x.hcl", "ui = true\n")
    command = f"ExecStart=/usr/bin/bao server -config={host.folder}/other"
    server = host.unit(f"Environment=BAO_CONFIG_PATH={host.folder}/etc", command)
    assert server.config == [f"{host.folder}/etc", f"{host.folder}/other"]
    assert key(server) == ("alias/a", "us-east-1")
    vault = host.unit(f"Environment=VAULT_CONFIG_PATH={host.folder}/etc", command.replace("/bao ", "/vault "))
    assert vault.config == [f"{host.folder}/other"]
    with pytest.raises(SettingError, match="BAO_CONFIG_PATH, which OpenBao reads, cannot be told"):
        host.unit("PassEnvironment=BAO_CONFIG_PATH", command)


def test_credentials_are_read_where_they_come_from(host: Host) -> None:
    pair = '  access_key = "file:///run/credentials/vault.service/k"\n  secret_key = "file:///run/credentials/vault.service/s"\n}\n'
    host.write("etc/vault.hcl", SEAL.replace("}\n", pair))
    host.write("k", "AKIAIOSFODNN7EXAMPLE")
    command = f"ExecStart=/usr/bin/vault server -config={host.folder}/etc"
    server = host.unit(f"LoadCredential=k:{host.folder}/k", "SetCredential=s:kept\\x20quiet", command)
    seal = server.in_force.awskms
    assert seal
    assert (seal.value("access_key"), seal.value("secret_key")) == ("AKIAIOSFODNN7EXAMPLE", "kept quiet")
    assert reasons(server) == []


@pytest.mark.parametrize(("lines", "why"), [
    (("LoadCredential=s:/none/s",), "systemd makes it from /none/s when the service starts, and that is not readable here"),
    (("LoadCredential=s",), "systemd makes it from s when the service starts, and that is not readable here"),
    (("LoadCredentialEncrypted=s:/none/s",), "it is encrypted (LoadCredentialEncrypted=)"),
    (("SetCredentialEncrypted=s: Whxqht",), "it is encrypted (SetCredentialEncrypted=)"),
    (("ImportCredential=s*",), "systemd makes it when the service starts"),
    (("SetCredential=s:one", "LoadCredential=s:/%b/s"), "its path has a specifier that cannot be told here (LoadCredential=)"),
])
def test_credentials_that_cannot_be_read_are_no_error_and_no_proof(lines: tuple[str, ...], why: str, host: Host) -> None:
    pair = '  access_key = "AKIAIOSFODNN7EXAMPLE"\n  secret_key = "file:///run/credentials/vault.service/s"\n}\n'
    host.write("etc/vault.hcl", SEAL.replace("}\n", pair))
    server = host.unit(*lines, f"ExecStart=/usr/bin/vault server -config={host.folder}/etc")
    assert reasons(server) == [("warning", "unread_credential")]
    assert why in server.problems[0].msg
    seal = server.in_force.awskms
    assert seal
    assert seal.settings["secret_key"].shown()["set"] is True
    with pytest.raises(SettingError) as error:
        refuse_unread(server)
    assert error.value.reason == "unread_credential"


def test_files_of_the_aws_sdk_that_are_credentials(host: Host) -> None:
    command = f"ExecStart=/usr/bin/vault server -config={host.folder}/etc"
    server = host.unit("LoadCredential=aws:/none/aws", "Environment=AWS_SHARED_CREDENTIALS_FILE=%d/aws", command)
    assert server.in_force.environment["AWS_SHARED_CREDENTIALS_FILE"].value == "/run/credentials/vault.service/aws"
    with pytest.raises(SettingError, match="cannot be read here: systemd makes it from /none/aws"):
        refuse_unread(server)


def test_files_of_the_aws_sdk_are_read_where_they_come_from(host: Host) -> None:
    host.write("aws", "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = quiet\n")
    host.write("config", "[default]\nregion = eu-west-1\n")
    host.write("etc/vault.hcl", SEAL.replace('  region     = "us-east-1"\n', ""))
    command = f"ExecStart=/usr/bin/bao server -config={host.folder}/etc"
    loaded = [f"LoadCredential={name}:{host.folder}/{name}" for name in ("aws", "config", "token")]
    files = "Environment=AWS_SHARED_CREDENTIALS_FILE=%d/aws AWS_CONFIG_FILE=%d/config"
    server = host.unit(*loaded, files, command)
    refuse_unread(server)
    assert reasons(server) == []
    assert key(server) == ("alias/a", "eu-west-1")
    seal = server.in_force.awskms
    assert seal
    keys = plan_credentials(server.in_force.sdk_inputs(seal)).keys
    assert keys
    assert (keys.access_key, keys.secret_key) == ("AKIAIOSFODNN7EXAMPLE", "quiet")
    assert "quiet" not in repr(server)
    # The token is read by botocore, which cannot be given the content.
    host.write("token", "a-token")
    with pytest.raises(SettingError, match=rf"systemd makes it from {host.folder}/token when the service starts"):
        refuse_unread(host.unit(*loaded, files, "Environment=AWS_WEB_IDENTITY_TOKEN_FILE=%d/token", command))


def test_a_configuration_that_is_a_credential(host: Host) -> None:
    host.write("secret.hcl", SEAL)
    for place in ("%d/seal.hcl", "${CREDENTIALS_DIRECTORY}/seal.hcl", "%d", "/run/credentials/vault.service"):
        for line in (f"LoadCredential=seal.hcl:{host.folder}/secret.hcl", "SetCredential=seal.hcl:" + SEAL.replace("\n", "\\n")):
            server = host.unit(line, f"ExecStart=/usr/bin/vault server -config={place}")
            assert key(server) == ("alias/a", "us-east-1")
            assert reasons(server) == []
        with pytest.raises(SettingError) as error:
            host.unit("LoadCredentialEncrypted=seal.hcl:/none", f"ExecStart=/usr/bin/vault server -config={place}")
        assert error.value.reason == "unread_credential"
    server = host.unit("LoadCredential=etc:{home}/etc", "ExecStart=/usr/bin/vault server -config=%d/etc_vault.hcl")
    assert key(server) == ("alias/a", "us-east-1")


@pytest.mark.parametrize(("line", "wrong"), [
    ("AWS_ACCESS_KEY_ID=%d/k", True), ("AWS_ACCESS_KEY_ID=/etc/k", True), ("AWS_ACCESS_KEY_ID=${CREDENTIALS_DIRECTORY}/k", True),
    ("AWS_ACCESS_KEY_ID=file:///etc/k", True), ("AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", False),
])
def test_a_variable_whose_value_is_a_place(line: str, wrong: bool, host: Host) -> None:
    secret = "AWS_SECRET_ACCESS_KEY=/wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE"
    server = host.unit("LoadCredential=k:/etc/k", f"Environment={line} {secret}", f"ExecStart=/usr/bin/vault server -config={host.folder}/etc")
    assert reasons(server) == ([("error", "not_a_credential")] if wrong else [])
    assert "AWS_SHARED_CREDENTIALS_FILE" in (server.problems[0].remedy if wrong else "AWS_SHARED_CREDENTIALS_FILE")


@pytest.mark.parametrize(("product", "name"), [("vault", "VAULT_LOCAL_CONFIG"), ("openbao", "BAO_LOCAL_CONFIG")])
def test_the_configuration_of_a_container(product: str, name: str, host: Host) -> None:
    text = '{"seal": {"awskms": {"kms_key_id": "alias/a", "region": "eu-west-1"}}}'
    server = host.read(product=product, environment={name: text})
    assert (key(server), reasons(server)) == (("alias/a", "eu-west-1"), [])
    host.write("container/local.json", SEAL)
    server = host.read(product=product, environment={name: text}, config=[f"{host.folder}/container"])
    assert len(server.in_force.seals) == 1  # the entry point replaces the file
    assert key(server) == ("alias/a", "eu-west-1")
    with pytest.raises(SettingError) as error:
        host.read(product=product, environment={name: 'seal "awskms" {'})
    assert name in error.value.message
    program = {"vault": "vault", "openbao": "bao"}[product]
    server = host.unit(f"Environment='{name}={text}'", f"ExecStart=/usr/bin/{program} server -config={host.folder}/etc")
    assert (key(server), reasons(server)) == (("alias/a", "us-east-1"), [("warning", "ignored_variable")])


def test_a_script_by_the_name_of_the_server_is_told(host: Host) -> None:
    script = host.write("bin/vault", "#!/bin/sh\nexec /usr/bin/vault-1.20 \"$@\"\n")
    assert reasons(host.unit(f"ExecStart={script} server -config={host.folder}/etc")) == [("warning", "unclear_command")]


def test_relative_paths_are_of_the_working_directory(host: Host) -> None:
    server = host.unit(f"WorkingDirectory=-{host.folder}", "ExecStart=/usr/bin/vault server -config=etc")
    assert (server.config, key(server)) == ([f"{host.folder}/etc"], ("alias/a", "us-east-1"))
    assert host.unit("ExecStart=/usr/bin/vault server -config=none", config=[f"{host.folder}/etc"]).service.config == ["/none"]
    with pytest.raises(SettingError, match="its working directory cannot be told"):
        host.unit("WorkingDirectory=/srv/%b", "ExecStart=/usr/bin/vault server -config=etc")
    host.write("etc/vault.hcl", SEAL.replace("}\n", '  access_key = "file://k"\n  secret_key = "file://etc/../k"\n}\n'))
    host.write("k", "of-a-file")
    seal = host.unit(f"WorkingDirectory={host.folder}", f"ExecStart=/usr/bin/vault server -config={host.folder}/etc").in_force.awskms
    assert seal
    assert (seal.value("access_key"), seal.value("secret_key")) == ("of-a-file", "of-a-file")


def test_the_user_and_the_home_of_the_service(host: Host) -> None:
    command = f"/usr/bin/vault server -config={host.folder}/etc"
    for lines, user, home in (
        (("User=daemon", f"ExecStart={command}"), "daemon", pwd.getpwnam("daemon").pw_dir),
        (("User=daemon", f"ExecStart=+{command}"), "root", pwd.getpwnam("daemon").pw_dir),
        ((f"ExecStart={command}",), "", pwd.getpwnam("root").pw_dir),
        (("Environment=HOME=/srv", f"ExecStart={command}"), "", "/srv"),
    ):
        server = host.unit(*lines)
        assert (server.service.user, server.home) == (user, home)


def test_a_command_that_cannot_be_told_beside_a_configuration_that_is_given(host: Host) -> None:
    server = host.unit(f"ExecStart=/bin/sh -c 'vault server -config={host.folder}/etc'", config=[f"{host.folder}/etc"], product="vault")
    assert (key(server), reasons(server)) == (("alias/a", "us-east-1"), [("warning", "unclear_command")])
    assert "it starts 'sh -c'" in server.problems[0].msg


def test_files_that_the_service_does_not_see(host: Host) -> None:
    command = f"ExecStart=/usr/bin/vault server -config={host.folder}/etc"
    host.write(".aws/config", "[default]\nregion = eu-west-1\n")
    host.write("etc/vault.hcl", SEAL.replace('  region     = "us-east-1"\n', ""))
    environment = f"Environment=HOME={host.folder} AWS_EC2_METADATA_DISABLED=true"
    assert key(host.unit(environment, command)) == ("alias/a", "eu-west-1")
    hidden = host.unit(environment, f"InaccessiblePaths={host.folder}/.aws", command)
    assert (key(hidden), reasons(hidden)) == (("alias/a", "us-east-1"), [])
    assert reasons(host.unit(f"TemporaryFileSystem={host.folder}", command)) == [("error", "hidden_file")]
    assert reasons(host.unit(f"BindPaths=/srv:{host.folder}/etc", command)) == [("warning", "hidden_file")]
    server = host.unit(f"Environment=AWS_SHARED_CREDENTIALS_FILE={host.folder}/aws/x", f"InaccessiblePaths={host.folder}/aws", command)
    with pytest.raises(SettingError, match="has InaccessiblePaths=, and the service does not see it"):
        refuse_unread(server)


def test_references_in_capitals(host: Host) -> None:
    """OpenBao 2.6.2 knows the kind in capitals too, and takes off only the one in small letters."""
    for value, failure, content in (
        ("string://x", "", "x"), ("STRING://x", "", "STRING://x"), ("env://OWN", "", "y"), ("Env://OWN", "unset_variable", ""),
        ("FILE:///x", "unread_credential", ""),
    ):
        host.write("etc/vault.hcl", f'seal "awskms" {{\n  access_key = "AKIA"\n  secret_key = "{value}"\n  kms_key_id = "alias/a"\n}}\n')
        server = host.read(product="openbao", config=[str(host.folder / "etc")], environment={"OWN": "y"})
        seal = server.in_force.awskms
        assert seal
        assert (seal.settings["secret_key"].failure, seal.value("secret_key")) == (failure, content), value


def test_a_folder_of_plugins_that_is_missing(host: Host) -> None:
    command = f"ExecStart=/usr/bin/bao server -config={host.folder}/etc"
    for name, version, expected in (
        ("plugins", "2.6.2", [("error", "missing_plugin_directory")]), ("plugins", "2.5.0", []), ("etc", "2.6.2", []), ("units/../etc", "2.6.2", []),
    ):
        host.write("etc/vault.hcl", f'plugin_directory = "{host.folder}/{name}"\n{SEAL}')
        assert reasons(host.unit(command, version=version)) == expected
    host.write("etc/vault.hcl", f'plugin_directory = "etc"\n{SEAL}')
    assert reasons(host.unit(f"WorkingDirectory={host.folder}", command)) == []
    assert reasons(host.unit(command)) == []  # /etc


def test_a_user_by_number(host: Host) -> None:
    server = host.unit("User=0", f"ExecStart=/usr/bin/vault server -config={host.folder}/etc")
    assert (server.service.user, server.home) == ("0", pwd.getpwuid(0).pw_dir)
    with service_user(str(os.geteuid())):
        pass
    for user in ("4294967290999", "no-such-user-here"):
        with pytest.raises(SettingError) as error, service_user(user):
            pass
        assert error.value.reason == "unknown_user"
