# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings on which the AWS SDKs differ: the real server and the modules agree, on a verdict, a region, an endpoint and a key."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.certificates import make_certificates
from support.credential_endpoints import container_endpoint
from support.module_run import finished, start_module
from support.server_start import Start, start
from support.settings_cases import Case, names, prepare, uses_tls
from support.strict_kms import StrictKms

FULL_RIGHTS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
REGIONS = ("us-east-1", "eu-west-1", "ap-south-1")


class World:
    """A KMS with a key of the same alias in three regions, and a principal with every permission."""

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
    environment = folder / "server.env"  # not the option: its values are taken for secrets
    environment.write_text("".join(f'{variable}="{value}"\n' for variable, value in case.environment.items()), encoding="utf-8")
    given = {"product": product, "config": [str(config)], "environment_files": [str(environment)], **options}
    return finished(start_module(module, given, folder, {}))


def alike(case: Case, world: World, folder: Path) -> tuple[Start, dict[str, Any]]:
    """Start the server and ask the modules; what they agree on."""
    server = start(folder / "server", case.config, {**case.environment})
    world.kms.clear_calls()
    probe = asked(case, folder, timeout=20)
    settings = asked(case, folder, module="awskms_seal_settings_info")
    assert probe["judges"]["sdk"]["model"] == "model of aws-sdk-go v1"
    assert probe["ready"] != server.refused, (server.log, probe)
    if not server.refused:
        used = {name: (probe[name] or {}).get("value") for name in ("region", "kms_key_id")}
        assert used == {"region": server.seal["region"], "kms_key_id": server.seal["key_id"]}
        assert settings["settings"]["region"]["value"] == server.seal["region"]
        assert settings["settings"].get("endpoint", {}).get("value") == server.seal.get("endpoint")
        assert settings["valid"]
        assert probe["key_arn"] == world.keys[server.seal["region"]]
    return server, probe


def own_address() -> str:
    """An address of this machine that is not loopback; empty where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return ""
        result: str = probe.getsockname()[0]
    return "" if ipaddress.ip_address(result).is_loopback else result


class OwnKms(StrictKms):
    """One that listens on an address which is not loopback, so that Go's HTTP client may ask it through a proxy."""

    def __init__(self, host: str) -> None:
        super().__init__()
        self.host = host
        self._arguments += ["--host", host]


@pytest.fixture(scope="module")
def own() -> Iterator[World]:
    host = own_address()
    if not host:
        pytest.skip("this machine has loopback addresses only")
    with OwnKms(host) as kms:
        yield World(kms, "")


STANZA = 'seal "awskms" {\n  region = "us-east-1"\n  kms_key_id = "alias/a"\n  endpoint = "{url}"\n}\n'
NO_REGION = STANZA.replace('  region = "us-east-1"\n', "")
KEYS = {"AWS_ACCESS_KEY_ID": "{access}", "AWS_SECRET_ACCESS_KEY": "{secret}"}
IN_FILE = "aws_access_key_id = {access}\naws_secret_access_key = {secret}\n"
DEAD = "http://127.0.0.1:9"


@pytest.mark.parametrize(("starts", "environment"), [
    (False, {"HTTP_PROXY": DEAD}),
    (False, {"http_proxy": "127.0.0.1:9"}),
    (True, {"HTTPS_PROXY": DEAD, "ALL_PROXY": DEAD}),
    (True, {"HTTP_PROXY": DEAD, "NO_PROXY": "10.9.9.9, {network}"}),
    (True, {"HTTP_PROXY": DEAD, "no_proxy": "{host}:{port}"}),
    (False, {"HTTP_PROXY": DEAD, "NO_PROXY": "{host}:1"}),
    (False, {"HTTP_PROXY": DEAD, "NO_PROXY": "10.9.0.0/16", "no_proxy": "*"}),
    (False, {"HTTP_PROXY": DEAD, "NO_PROXY": "{host}/32/x"}),
    (True, {"HTTP_PROXY": DEAD, "NO_PROXY": "*"}),
    (False, {"HTTP_PROXY": DEAD, "NO_PROXY": "{network}", "REQUEST_METHOD": "GET"}),
], ids=str)
def test_proxies_are_those_of_go(own: World, starts: bool, environment: dict[str, str], tmp_path: Path) -> None:
    network = str(ipaddress.ip_network(f"{own.kms.host}/24", strict=False))
    places = {**own.values, "host": own.kms.host, "port": str(own.kms.port), "network": network}
    variables = {name: text.format_map(places) for name, text in {**KEYS, **environment}.items()}
    case = Case("proxy", STANZA.replace("{url}", own.kms.url), {"AWS_EC2_METADATA_DISABLED": "true", **variables}, False, False, "openbao")
    server, _probe = alike(case, own, tmp_path)
    assert server.refused != starts, server.log


@pytest.mark.parametrize(("starts", "environment"), [
    (True, {"SSL_CERT_DIR": "{folder}"}),
    (True, {"AWS_CA_BUNDLE": "{ca}", "SSL_CERT_FILE": "/none"}),
    (False, {"AWS_CA_BUNDLE": "/none", "SSL_CERT_FILE": "{ca}"}),
    (False, {"AWS_CA_BUNDLE": "{key}", "SSL_CERT_FILE": "{ca}"}),
    (False, {"SSL_CERT_FILE": "/none", "SSL_CERT_DIR": "/none"}),
    (False, {"CURL_CA_BUNDLE": "{ca}"}),
], ids=str)
def test_the_authorities_are_those_of_go(worlds: dict[bool, World], starts: bool, environment: dict[str, str], tmp_path: Path) -> None:
    world = worlds[True]
    folder = str(Path(world.values["ca"]).parent)
    places = {**world.values, "folder": folder, "key": f"{folder}/key.pem"}
    variables = {name: text.format_map(places) for name, text in {**KEYS, **environment}.items()}
    case = Case("trust", STANZA.replace("{url}", world.kms.url), {"AWS_EC2_METADATA_DISABLED": "true", **variables}, False, True, "openbao")
    server, _probe = alike(case, world, tmp_path)
    assert server.refused != starts, server.log


@pytest.mark.parametrize(("region", "config", "environment", "files"), [
    ("eu-west-1", NO_REGION, {**KEYS, "AWS_DEFAULT_PROFILE": "p"}, {"config": "[profile p]\nregion = eu-west-1\n"}),
    ("us-east-1", NO_REGION, {**KEYS, "AWS_DEFAULT_PROFILE": "p", "AWS_PROFILE": "q"}, {"config": "[profile p]\nregion = eu-west-1\n"}),
    ("ap-south-1", NO_REGION, KEYS, {"config": "[default]\nregion = eu-west-1\n", "credentials": "[default]\nregion = ap-south-1\n"}),
    ("eu-west-1", NO_REGION, KEYS, {"config": "[default]\nregion = eu-west-1 # here\n word\n"}),
    ("us-east-1", NO_REGION, KEYS, {"config": "[default]\nregion = eu-west-1\n[default]\noutput = json\n"}),
    ("eu-west-1", NO_REGION, KEYS, {"config": '[default]\nregion = "eu-west-1"\n'}),
    ("eu-west-1", NO_REGION, KEYS, {"config": "[default]\ns3 =\n  region = ap-south-1\nregion = eu-west-1\n"}),
    ("", NO_REGION, KEYS, {"config": "[default]\nregion = eu-west-1\nword"}),
    ("", NO_REGION, {**KEYS, "AWS_REGION": "eu-west-1"}, {"config": "[default\n"}),
    ("us-east-1", STANZA, {}, {"credentials": "[default]\n" + IN_FILE}),
    ("", STANZA, {}, {"credentials": "[profile default]\n" + IN_FILE}),
    ("", STANZA, {"AWS_PROFILE": "p"}, {"credentials": "[default]\n" + IN_FILE + "[p]\nsource_profile = default\nrole_arn = arn:aws:iam::1:role/x\n"}),
    ("us-east-1", STANZA, {"AWS_DEFAULT_PROFILE": "gone"}, {"credentials": "[default]\n" + IN_FILE}),
    ("us-east-1", STANZA, {"AWS_ACCESS_KEY_ID": "half"}, {"credentials": "[default]\n" + IN_FILE}),
    ("us-east-1", STANZA, {"AWS_ACCESS_KEY_ID": "{access}", "AWS_SECRET_KEY": "{secret}", "AWS_CREDENTIAL_EXPIRATION": "2001-01-01T00:00:00Z"}, {}),
    ("", STANZA, {**KEYS, "AWS_PROFILE": "p"}, {"credentials": "[p\n"}),
    ("us-east-1", STANZA, KEYS, {"credentials": "[p\n"}),
    ("", STANZA, {**KEYS, "AWS_USE_FIPS_ENDPOINT": "yes"}, {}),
    ("", STANZA, {**KEYS, "AWS_SDK_LOAD_CONFIG": "1"}, {"config": "[default]\nca_bundle = /none\n"}),
    ("us-east-1", STANZA, KEYS, {"config": "[default]\nca_bundle = /none\n"}),
    ("us-east-1", STANZA.replace("{url}", "{bare}"), {**KEYS, "HTTPS_PROXY": DEAD, "SSL_CERT_FILE": "{ca}"}, {}),
])
def test_files_and_variables_are_read_as_the_server_reads_them(
    worlds: dict[bool, World], region: str, config: str, environment: dict[str, str], files: dict[str, str], tmp_path: Path
) -> None:
    world = worlds["{bare}" in config]
    places = {**world.values, "bare": world.values["bareurl"]}
    folder = tmp_path / "home" / ".aws"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text.format_map(places), encoding="utf-8")
    variables = {name: text.format_map(places) for name, text in environment.items()}
    text = config.replace("{url}", world.kms.url).replace("{bare}", places["bare"])
    case = Case("files", text, {"HOME": str(folder.parent), "AWS_EC2_METADATA_DISABLED": "true", **variables}, False, False, "openbao")
    server, _probe = alike(case, world, tmp_path)
    assert server.seal.get("region", "") == region, server.log


@pytest.mark.parametrize("name", [each for each in names(static=False) if not each.startswith("d")])
def test_the_modules_say_what_the_server_does(worlds: dict[bool, World], name: str, tmp_path: Path) -> None:
    world = worlds[uses_tls(name)]
    home = tmp_path / "home"
    home.mkdir()
    alike(prepare(name, home, world.values), world, tmp_path)


def test_credentials_of_a_container(worlds: dict[bool, World], tmp_path: Path) -> None:
    """The full address wins over the relative one, as the server has it and botocore has not."""
    world = worlds[False]
    temporary = {"access_key": world.values["access"], "secret_key": world.values["secret"], "session_token": ""}
    with container_endpoint(temporary) as endpoint:
        variables = {
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{endpoint.url}/credentials",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/elsewhere", "HOME": str(tmp_path),
        }
        server, probe = alike(Case("container", STANZA.replace("{url}", world.kms.url), variables, False, False, "openbao"), world, tmp_path)
    assert not server.refused
    assert probe["credentials"] == {"value": temporary["access_key"], "source": "the container's credentials endpoint"}


def test_a_seal_of_the_name_of_a_plugin(worlds: dict[bool, World], tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    case = prepare("d01-seal-named-after-its-plugin", home, worlds[False].values)
    server = start(tmp_path / "server", case.config, case.environment)
    assert server.refused  # it goes on to run the plugin, which is none
    assert "unknown wrapper" not in server.log
    settings = asked(case, tmp_path, module="awskms_seal_settings_info")
    assert [problem["reason"] for problem in settings["problems"]] == []
    assert settings["seal_type"]["value"] == "aws"
