# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Region, endpoint, credentials and trust of a server, by the model of its AWS SDK."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server_sdk.connection import findings, resolve
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server_sdk.credentials import plan_credentials
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server_sdk.endpoint import configured_endpoint
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server_sdk.inputs import ServerInputs
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server_sdk.region import find_region
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server_sdk.releases import Sdk, role_comes_last, sdk_of
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server_sdk.session_files import kms_session
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server_sdk.trust import bundle_setting, trusted_certificates
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced

KEYS = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "hush"}
OFF = {"AWS_EC2_METADATA_DISABLED": "true"}
PAIR = "aws_access_key_id = AKIAFILE\naws_secret_access_key = hush\n"
ROLE = "arn:aws:iam::111122223333:role/vault"


class Host:
    """A home folder with AWS files, and what the server is given."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / ".aws").mkdir()

    def file(self, name: str, text: str) -> str:
        path = self.home / ".aws" / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def inputs(self, environment: dict[str, str] | None = None, sdk: Sdk = Sdk.V1, **settings: str) -> ServerInputs:
        variables = {name: Sourced(value, f"variable {name}") for name, value in (environment or {}).items()}
        return ServerInputs(sdk, {name: Sourced(value, "stanza") for name, value in settings.items()}, variables, str(self.home))


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def reason_of(step: object, inputs: ServerInputs) -> str:
    with pytest.raises(SettingError) as refused:
        step(inputs)  # type: ignore[operator]
    return refused.value.reason


@pytest.mark.parametrize(("product", "version", "plugin", "sdk"), [
    ("openbao", (2, 0, 0), False, Sdk.V1), ("openbao", (2, 6, 2), False, Sdk.V1), ("openbao", (2, 6, 2), True, Sdk.V2),
    ("openbao", (2, 7, 0), False, Sdk.V2), ("vault", (1, 15, 0), False, Sdk.V1), ("vault", (2, 1, 0), False, Sdk.V1), ("vault", (2, 2, 0), False, Sdk.V2),
])
def test_releases(product: str, version: tuple[int, int, int], plugin: bool, sdk: Sdk) -> None:
    assert sdk_of(product, version, plugin) is sdk
    assert role_comes_last(product, version)
    assert Sdk.V1.judge == "model of aws-sdk-go v1"


def test_the_region(host: Host) -> None:
    assert find_region(host.inputs(region="said")) == ("said", "stanza")
    assert find_region(host.inputs(OFF)) == ("us-east-1", "default")
    assert find_region(host.inputs()) == ("", "instance metadata, else us-east-1")
    config = host.file("config", "[default]\nregion = a\n[profile p]\nregion = b\n")
    assert find_region(host.inputs()) == ("a", f"profile default in {config}")
    assert find_region(host.inputs({"AWS_DEFAULT_PROFILE": "p"})) == ("b", f"profile p in {config}")
    assert find_region(host.inputs({"AWS_DEFAULT_PROFILE": "p", "AWS_PROFILE": "gone", **OFF})) == ("us-east-1", "default")
    assert find_region(host.inputs({"AWS_REGION": "c"})) == ("c", "variable AWS_REGION")
    credentials = host.file("credentials", "[default]\nregion = d\n")
    assert find_region(host.inputs()) == ("d", f"profile default in {credentials}")
    host.file("credentials", "[default\n")
    assert reason_of(find_region, host.inputs({"AWS_REGION": "c"})) == "invalid_option"


@pytest.mark.parametrize(("environment", "config", "reason"), [
    ({}, "[default]\nsource_profile = a\n", "invalid_option"),
    ({}, f"[default]\nrole_arn = {ROLE}\nsource_profile = gone\n", "invalid_option"),
    ({}, f"[default]\nrole_arn = {ROLE}\nsource_profile = a\n[profile a]\noutput = json\n", "invalid_option"),
    ({}, f"[default]\nrole_arn = {ROLE}\nsource_profile = a\ncredential_process = x\n[profile a]\n{PAIR}", "invalid_option"),
    ({}, f"[default]\nrole_arn = {ROLE}\nsource_profile = a\nmfa_serial = x\n[profile a]\n{PAIR}", "invalid_option"),
    ({}, f"[default]\nrole_arn = {ROLE}\ncredential_source = Here\n", "invalid_option"),
    ({}, f"[default]\nrole_arn = {ROLE}\ncredential_source = EcsContainer\n", "invalid_option"),
    ({}, "[default]\nsso_session = gone\n", "invalid_option"),
    ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/x"}, "", "incomplete_credentials"),
    ({"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "x"}, "", "invalid_option"),
])
def test_a_session_that_is_refused(host: Host, environment: dict[str, str], config: str, reason: str) -> None:
    host.file("config", config)
    assert reason_of(find_region, host.inputs(environment)) == reason
    assert find_region(host.inputs(environment, region="said")).value == "said"


@pytest.mark.parametrize("config", [
    f"[default]\nrole_arn = {ROLE}\nsource_profile = a\nregion = x\n[profile a]\n{PAIR}",
    f"[default]\nrole_arn = {ROLE}\nsource_profile = default\nregion = x\n{PAIR}",
    "[default]\ncredential_process = /bin/x\nregion = x\n",
])
def test_a_session_with_a_profile_that_is_sound(host: Host, config: str) -> None:
    host.file("config", config)
    assert find_region(host.inputs()).value == "x"


def test_the_order_of_credentials(host: Host) -> None:
    path = host.file("credentials", f"[default]\n{PAIR}[p]\n{PAIR.replace('FILE', 'P')}")
    host.file("config", f"[default]\n{PAIR.replace('FILE', 'CONFIG')}")
    used = [
        plan_credentials(host.inputs(environment, **settings)).keys
        for environment, settings in (
            (KEYS, {"access_key": "AKIAOWN", "secret_key": "hush"}),
            (KEYS, {}),
            ({"AWS_ACCESS_KEY": "AKIAOLD", "AWS_SECRET_KEY": "hush"}, {}),
            ({"AWS_ACCESS_KEY_ID": "AKIAHALF"}, {}),
            ({"AWS_DEFAULT_PROFILE": "p"}, {}),
            ({}, {"shared_creds_profile": "p"}),
            ({"AWS_PROFILE": "default"}, {"shared_creds_profile": "p"}),
            ({"AWS_SHARED_CREDENTIALS_FILE": "/none"}, {"shared_creds_filename": path}),
        )
    ]
    assert [keys and keys.access_key for keys in used] == ["AKIAOWN", "AKIA", "AKIAOLD", "AKIAFILE", "AKIAFILE", "AKIAP", "AKIAFILE", "AKIAFILE"]
    assert "hush" not in repr(used)


@pytest.mark.parametrize("config", [
    "[profile proc]\ncredential_process = /bin/x\n", f"[profile proc]\n{PAIR}", "[profile proc]\nsso_session = x\n", "[proc\n",
])
def test_what_only_other_sdks_look_at(host: Host, config: str) -> None:
    host.file("config", config)
    plan = plan_credentials(host.inputs({"AWS_PROFILE": "proc", **OFF}, region="x"))
    assert plan.empty
    reasons = [finding.reason for _setting, finding in findings(host.inputs({"AWS_PROFILE": "proc", **OFF}, region="x"))]
    assert reasons == ["no_credentials"]
    assert plan_credentials(host.inputs({"AWS_PROFILE": "proc"})).remote


def test_a_role(host: Host) -> None:
    plan = plan_credentials(host.inputs(OFF, role_arn=ROLE, web_identity_token_file="/token"))
    assert plan.role
    assert (plan.role.arn.value, plan.role.token_file, plan.remote) == (ROLE, ("/token", "stanza"), False)
    # The session that assumes the role looks for credentials of its own, and refuses half of a web identity.
    assert reason_of(plan_credentials, host.inputs({"AWS_WEB_IDENTITY_TOKEN_FILE": "/token"}, role_arn=ROLE)) == "incomplete_credentials"
    assert plan_credentials(host.inputs({"AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": ROLE})).role
    assert plan_credentials(host.inputs(KEYS, role_arn=ROLE)).role is None  # the keys are found first
    host.file("credentials", "[default]\ncredential_process = /bin/x\n")
    assert reason_of(plan_credentials, host.inputs(role_arn=ROLE)) == "cannot_tell"


def test_the_endpoint(host: Host) -> None:
    def endpoint(environment: dict[str, str], **settings: str) -> str | None:
        found = resolve(host.inputs({**KEYS, **environment}, **settings)).endpoint
        return found.value if found else None

    assert endpoint({"AWS_ENDPOINT_URL": "http://x", "AWSKMS_ENDPOINT": "http://x"}, region="us-east-1") == "https://kms.us-east-1.amazonaws.com"
    assert endpoint({}, region="us-east-1", endpoint="kms.internal:8443") == "https://kms.internal:8443"
    assert endpoint({}, region="us-east-1", endpoint="http://kms.internal") == "http://kms.internal"
    for refused in ("http://us er:w@kms", "http://2130706433:1", "http://0x7f.1", "http://256.1.1.1", "http://[::1:1", "http://kms:port", "http://010.1.1.1"):
        assert reason_of(resolve, host.inputs(KEYS, region="us-east-1", endpoint=refused)) == "invalid_option", refused
    for untold in ("https://kms.internal.", "http://kms/a/../b", "http://kms/."):
        assert reason_of(resolve, host.inputs(KEYS, region="us-east-1", endpoint=untold)) == "cannot_tell", untold
    for plain in ("http://127.0.0.1:1", "http://kms/a..b", "http://[::1]:1", "http://255.249.199.0", "http://1a.2"):
        assert endpoint({}, region="us-east-1", endpoint=plain) == plain
    for login in ("user:word@", "user@", ":word@", "us@er:w@rd@"):  # not sent, since requests are signed
        assert endpoint({}, region="us-east-1", endpoint=f"http://{login}kms.internal:1/a@b?c") == "http://kms.internal:1/a@b?c"
        assert endpoint({}, region="us-east-1", endpoint=f"{login}kms.internal") == "https://kms.internal"
    assert endpoint({"AWS_USE_FIPS_ENDPOINT": "true"}, region="us-gov-west-1") == "https://kms-fips.us-gov-west-1.amazonaws.com"
    assert endpoint({"AWS_USE_DUALSTACK_ENDPOINT": "TRUE"}, region="cn-north-1") == "https://kms.cn-north-1.api.amazonwebservices.com.cn"
    assert endpoint({}, region="eusc-de-east-1") == "https://kms.eusc-de-east-1.amazonaws.com"  # not known to v1
    assert reason_of(resolve, host.inputs({**KEYS, "AWS_USE_DUALSTACK_ENDPOINT": "true"}, region="us-iso-east-1")) == "no_region"
    host.file("config", "[default]\nuse_fips_endpoint = true\nendpoint_url = http://x\n")
    assert endpoint({}, region="us-east-1") == "https://kms.us-east-1.amazonaws.com"
    assert endpoint({"AWS_SDK_LOAD_CONFIG": "1"}, region="us-east-1") == "https://kms-fips.us-east-1.amazonaws.com"


def test_the_endpoint_of_v2(host: Host) -> None:
    def inputs(environment: dict[str, str], **settings: str) -> ServerInputs:
        return host.inputs({**KEYS, **environment}, Sdk.V2, region="us-east-1", **settings)

    assert configured_endpoint(inputs({"AWS_ENDPOINT_URL": "http://x"})) == ("http://x", "variable AWS_ENDPOINT_URL")
    assert configured_endpoint(inputs({"AWS_ENDPOINT_URL": "http://x", "AWS_ENDPOINT_URL_KMS": "http://y"})) == ("http://y", "variable AWS_ENDPOINT_URL_KMS")
    assert configured_endpoint(inputs({"AWS_ENDPOINT_URL": "http://x", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"})) is None
    assert reason_of(configured_endpoint, inputs({"AWS_ENDPOINT_URL": "http://x"}, endpoint="http://y")) == "cannot_tell"
    assert reason_of(resolve, inputs({}, endpoint="kms.internal")) == "invalid_option"
    assert resolve(inputs({})).endpoint is None


def test_what_v2_makes_of_profiles_cannot_be_told(host: Host) -> None:
    assert reason_of(plan_credentials, host.inputs({"AWS_PROFILE": "p", **KEYS}, Sdk.V2)) == "cannot_tell"
    assert reason_of(plan_credentials, host.inputs({}, Sdk.V2, role_arn=ROLE)) == "cannot_tell"
    assert reason_of(find_region, host.inputs(OFF, Sdk.V2)) == "no_region"
    host.file("config", "[default]\nregion = x\n")
    assert find_region(host.inputs(OFF, Sdk.V2)).value == "x"
    assert reason_of(plan_credentials, host.inputs(KEYS, Sdk.V2)) == "cannot_tell"


# Self-signed certificates of nobody, good until 2126.
CERTIFICATES = [
    (
        "-----BEGIN CERTIFICATE-----\n"
        "MIIBbzCCARWgAwIBAgIUdR1vdXwiJPQ8WVvbg3dwbYJz4DQwCgYIKoZIzj0EAwIw\n"
        "DDEKMAgGA1UEAwwBYTAgFw0yNjExMjgwMTMwMjdaGA8yMTI2MTEwNDAxMzAyN1ow\n"
        "DDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJDKPa8z5o4f\n"
        "yN6c+TQ/IdMNkEAhPCIf1KEvHegBEVUgKGlGGWaHoe89l/tzJblfM0cIS+f+DCa3\n"
        "swI2FJ+o7JqjUzBRMB0GA1UdDgQWBBS00avnPWR4uxK2vB4UfOoqj1tcXDAfBgNV\n"
        "HSMEGDAWgBS00avnPWR4uxK2vB4UfOoqj1tcXDAPBgNVHRMBAf8EBTADAQH/MAoG\n"
        "CCqGSM49BAMCA0gAMEUCIF+ZFNP6VgKBuMjQh3uqyaImnlC0WX4Au2DlT6p9Bc8S\n"
        "AiEA6zurK8P4U5ByUuGqEbKA/Z302BDYKg30vneak8QpBbM=\n"
        "-----END CERTIFICATE-----"
    ),
    (
        "-----BEGIN CERTIFICATE-----\n"
        "MIIBcDCCARWgAwIBAgIUO4jj+3PGT0tueR4YNj/gySoVrC4wCgYIKoZIzj0EAwIw\n"
        "DDEKMAgGA1UEAwwBYjAgFw0yNjExMjgwMTMwMjdaGA8yMTI2MTEwNDAxMzAyN1ow\n"
        "DDEKMAgGA1UEAwwBYjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABK01Om+1eF35\n"
        "IXhuK7jvDrmRN7eGxQlm39+I1da3GDTWHpBln881MmES4Xiu69zEYGewizxMsuIG\n"
        "oDqpXZaFZqSjUzBRMB0GA1UdDgQWBBQkELrQhfhMyfCT5B4SRk6cOSnzuDAfBgNV\n"
        "HSMEGDAWgBQkELrQhfhMyfCT5B4SRk6cOSnzuDAPBgNVHRMBAf8EBTADAQH/MAoG\n"
        "CCqGSM49BAMCA0kAMEYCIQCudL/t8PD4FPGcGx2UHfWCw38Pt9FFdPHdJbzYGmSs\n"
        "ZAIhAO3sF2Purh9XRe0M1XX4P/RxUzs74iHfqEV21nB09xXB\n"
        "-----END CERTIFICATE-----"
    ),
    (
        "-----BEGIN CERTIFICATE-----\n"
        "MIIBbzCCARWgAwIBAgIUXQRqC6/o6vPK1SswMbAbbLKLrxgwCgYIKoZIzj0EAwIw\n"
        "DDEKMAgGA1UEAwwBYzAgFw0yNjExMjgwMTMwMjdaGA8yMTI2MTEwNDAxMzAyN1ow\n"
        "DDEKMAgGA1UEAwwBYzBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABIDYULietnjO\n"
        "lg4JiIc58UXZkK1TBqe03BwonYgCqm2aYc+FF+flFJ2F1A93UD70w4bLntNStXBX\n"
        "NIO3rBJJid6jUzBRMB0GA1UdDgQWBBRApUOvJ44hklLI8pAiu9BOCdF/oDAfBgNV\n"
        "HSMEGDAWgBRApUOvJ44hklLI8pAiu9BOCdF/oDAPBgNVHRMBAf8EBTADAQH/MAoG\n"
        "CCqGSM49BAMCA0gAMEUCIQDoBxRddjX0xtVZqnoNqwIN5d6eYxIOY02H/BQGv5DI\n"
        "XAIgdTvzR6DzoCGuL5MJ3KbTJ99r8ZwHQfzNs16nbFLKdrY=\n"
        "-----END CERTIFICATE-----"
    ),
]


@pytest.mark.parametrize("text", ["junk", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----"])
def test_a_file_of_authorities_with_junk_in_it(host: Host, text: str) -> None:
    path = host.file("mixed.pem", f"{text}\n{CERTIFICATES[0]}\n{text}\n")
    inputs = host.inputs({"SSL_CERT_FILE": path, "SSL_CERT_DIR": "/none"})
    assert trusted_certificates(inputs, None) == [CERTIFICATES[0].encode()]


def test_the_authorities(host: Host) -> None:
    certificates = CERTIFICATES
    files = [host.file(f"{place}.pem", f"about\n{each}\n") for place, each in enumerate(certificates)]
    folder = host.home / "folder"
    folder.mkdir()
    (folder / "c.crt").write_text("\n".join(certificates[1:]), encoding="utf-8")

    def trusted(environment: dict[str, str]) -> list[str]:
        inputs = host.inputs(environment)
        return [each.decode() for each in trusted_certificates(inputs, bundle_setting(inputs, kms_session(inputs)))]

    assert trusted({"SSL_CERT_FILE": files[0], "SSL_CERT_DIR": "/none"}) == certificates[:1]
    assert trusted({"SSL_CERT_FILE": files[0], "SSL_CERT_DIR": f"/none:{folder}"}) == certificates
    assert trusted({"SSL_CERT_FILE": "/none", "SSL_CERT_DIR": "/none", "REQUESTS_CA_BUNDLE": files[0]}) == []
    assert trusted({"AWS_CA_BUNDLE": files[1], "SSL_CERT_FILE": files[0]}) == certificates[1:2]
    for environment, reason in (
        ({"AWS_CA_BUNDLE": "/none"}, "file_error"),
        ({"AWS_CA_BUNDLE": host.file("empty.pem", "nothing")}, "tls_failed"),
        ({"AWS_SDK_GO_CLIENT_TLS_CERT": files[0]}, "cannot_tell"),
    ):
        with pytest.raises(SettingError) as refused:
            trusted(environment)
        assert refused.value.reason == reason


def test_relative_paths_depend_on_the_working_directory(host: Host) -> None:
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_CA_BUNDLE"):
        variables = {name: "aws/x"} if name == "AWS_SHARED_CREDENTIALS_FILE" else {**KEYS, name: "aws/x"}
        settings = {} if name == "AWS_CONFIG_FILE" else {"region": "us-east-1"}
        assert reason_of(resolve, host.inputs({**OFF, **variables}, **settings)) == "cannot_tell", name
    assert reason_of(resolve, host.inputs({**KEYS, "SSL_CERT_DIR": "/etc/ssl/certs:certs"}, region="us-east-1")) == "cannot_tell"
    role = {**OFF, "AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": "token"}
    assert reason_of(resolve, host.inputs(role, region="us-east-1")) == "cannot_tell"
