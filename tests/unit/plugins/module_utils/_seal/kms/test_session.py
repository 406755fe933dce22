# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""botocore's session as the options want it: endpoints, time limits, proxy, certificates, metadata service."""

from __future__ import annotations

import botocore.exceptions
import botocore.session
import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms import session as session_module
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.answers import AnswerError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.session import SdkSession, profile_entries
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.local_aws import (
    ACCESS_KEY,
    SECRET_KEY,
    SESSION_TOKEN,
    Answer,
    clear_environment,
    instance_answers,
)
from botocore import UNSIGNED
from botocore.config import Config

KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
URL = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    clear_environment(monkeypatch, tmp_path, AWS_CONFIG_FILE=str(tmp_path / "config"), AWS_STS_REGIONAL_ENDPOINTS="regional")


@pytest.fixture
def config(tmp_path):
    """Writes the AWS config file."""
    return lambda text: (tmp_path / "config").write_text(text, encoding="utf-8")


def made(environ=None, profile=None, **options):
    session = SdkSession(ConnectionOptions(**options), environ or {}, profile)
    session.set_credentials(ACCESS_KEY, SECRET_KEY, SESSION_TOKEN)
    return session


def client(session, service="kms", **settings):
    return session.create_client(service, region_name="us-east-1", **settings)


def test_a_new_session():
    environ = {"AWS_REGION": "us-east-1"}
    session = SdkSession(ConnectionOptions(timeout=7), environ, None)
    assert (session.endpoints, session.provider, session.timeout, session.profile_name) == ({}, "", 7, "default")
    assert session.environ is environ
    assert session.sent.secrets.texts == set() or list(session.sent.secrets.texts) == []
    assert session.answers.account == ""


def test_the_profile_in_force(config, monkeypatch):
    config("[profile a]\nregion = eu-west-1\n[profile b]\n")
    assert SdkSession(ConnectionOptions(), {}, "a").profile_name == "a"
    assert profile_entries(SdkSession(ConnectionOptions(), {}, "a")) == {"region": "eu-west-1"}
    monkeypatch.setenv("AWS_PROFILE", "b")
    assert SdkSession(ConnectionOptions(), {}, None).profile_name == "b"
    assert SdkSession(ConnectionOptions(), {}, "a").profile_name == "a"
    with pytest.raises(botocore.exceptions.ProfileNotFound):
        SdkSession(ConnectionOptions(), {}, "c")


def test_the_entries_of_a_profile_that_cannot_be_read():
    assert profile_entries(botocore.session.Session(profile="c")) == {}


def test_the_option_names_the_credentials_file(tmp_path):
    path = tmp_path / "some-credentials"
    path.write_text("[default]\naws_access_key_id = a\naws_secret_access_key = b\n", encoding="utf-8")
    session = SdkSession(ConnectionOptions(shared_creds_filename=str(path)), {}, None)
    assert session.get_credentials().access_key == "a"
    assert session.provider == "shared-credentials-file"


def test_no_credentials_file_is_named_without_the_option():
    usual = botocore.session.Session().get_config_variable("credentials_file")
    assert SdkSession(ConnectionOptions(), {}, None).get_config_variable("credentials_file") == usual


# Clients


def test_the_settings_of_a_client():
    session = made()
    config = client(session).meta.config
    agent = f"{botocore.session.Session().user_agent()} sealwright.vault_seal"
    assert (config.user_agent, config.connect_timeout, config.read_timeout, config.max_pool_connections, config.proxies) == (agent, 5.0, 10.0, 16, None)
    assert config.retries == {"mode": "standard", "total_max_attempts": 20}
    assert session.endpoints == {"kms": Sourced("https://kms.us-east-1.amazonaws.com", "the AWS SDK")}


@pytest.mark.parametrize(("timeout", "limits"), [(3, (3, 3)), (7.5, (5.0, 7.5)), (60, (5.0, 10.0))])
def test_no_attempt_takes_longer_than_the_call_may(timeout, limits):
    config = client(made(timeout=timeout)).meta.config
    assert (config.connect_timeout, config.read_timeout) == limits


def test_the_region_may_be_given_by_its_place():
    assert made().create_client("kms", "eu-west-1").meta.region_name == "eu-west-1"


def test_a_proxy():
    assert client(made(proxy="http://user:hush@proxy:3128")).meta.config.proxies == dict.fromkeys(("http", "https"), "http://user:hush@proxy:3128")


def test_settings_that_botocore_gives_its_own_clients_are_kept():
    result = client(made(proxy="http://proxy:3128"), "sts", config=Config(signature_version=UNSIGNED)).meta.config
    assert result.signature_version is UNSIGNED
    assert (result.connect_timeout, result.read_timeout, result.proxies["https"]) == (5.0, 10.0, "http://proxy:3128")
    assert result.user_agent.endswith(" sealwright.vault_seal")


@pytest.mark.parametrize(
    ("options", "verified"),
    [({"validate_certs": False}, False), ({"validate_certs": False, "ca_bundle": "/ca.pem"}, False), ({"ca_bundle": "/ca.pem"}, "/ca.pem")],
)
def test_the_certificates_that_are_trusted(options, verified):
    assert client(made(**options))._endpoint.http_session._verify == verified


def test_the_usual_certificates_are_trusted_without_an_option(monkeypatch):
    assert client(made())._endpoint.http_session._verify is not False
    monkeypatch.setenv("AWS_CA_BUNDLE", "/bundle.pem")
    assert client(made())._endpoint.http_session._verify == "/bundle.pem"


def test_the_client_sends_the_user_agent_and_notes_its_secrets(aws):
    session = made(endpoint=aws.url)
    kms = client(session)
    aws.answer("DescribeKey", {"KeyMetadata": {"Arn": KEY, "KeyId": KEY.rsplit("/", 1)[1]}})
    kms.describe_key(KeyId="alias/vault")
    assert aws.asked[0].headers["User-Agent"].split(" md/")[0].startswith("Botocore/")
    assert " sealwright.vault_seal" in aws.asked[0].headers["User-Agent"]
    assert SESSION_TOKEN in session.sent.secrets.texts
    assert session.answers.account == "111122223333"


@pytest.mark.parametrize("empty_token", [False, True])
def test_an_empty_session_token_is_sent_and_signed_as_a_server_does(aws, empty_token):
    session = made(endpoint=aws.url, empty_token=empty_token)
    session.set_credentials(ACCESS_KEY, SECRET_KEY)
    aws.answer("DescribeKey", {"KeyMetadata": {"Arn": KEY, "KeyId": KEY.rsplit("/", 1)[1]}})
    client(session).describe_key(KeyId="alias/vault")
    headers = aws.asked[0].headers
    assert headers.get("X-Amz-Security-Token") == ("" if empty_token else None)
    assert ("x-amz-security-token" in headers["Authorization"]) == empty_token


def test_the_answers_of_a_client_are_checked(aws):
    aws.answer("DescribeKey", {"KeyMetadata": {}})
    with pytest.raises(AnswerError):
        client(made(endpoint=aws.url)).describe_key(KeyId=KEY)


@pytest.mark.parametrize(("code", "status", "timeout"), [("ThrottlingException", 400, 0.5), ("KMSInternalException", 500, 0.9)])
def test_a_client_ends_in_time(aws, code, status, timeout):
    aws.refuse("DescribeKey", code, status=status)
    with pytest.raises(botocore.exceptions.ClientError):
        client(made(endpoint=aws.url, timeout=timeout)).describe_key(KeyId=KEY)
    assert len(aws.asked) == 1


# Endpoints


@pytest.mark.parametrize(
    ("service", "options", "environ", "source"),
    [
        ("kms", {"endpoint": URL, "sts_endpoint": "http://other"}, {"AWS_ENDPOINT_URL": "http://other"}, "option endpoint"),
        ("sts", {"sts_endpoint": URL, "endpoint": "http://other"}, {"AWS_ENDPOINT_URL": "http://other"}, "option sts_endpoint"),
        ("kms", {}, {"AWS_KMS_ENDPOINT": URL}, "environment variable AWS_KMS_ENDPOINT"),
        ("kms", {}, {"AWS_ENDPOINT_URL_KMS": URL, "AWS_ENDPOINT_URL_STS": "http://other"}, "environment variable AWS_ENDPOINT_URL_KMS"),
        ("sts", {}, {"AWS_ENDPOINT_URL_STS": URL, "AWS_ENDPOINT_URL_KMS": "http://other"}, "environment variable AWS_ENDPOINT_URL_STS"),
        ("sts", {}, {"AWS_ENDPOINT_URL": URL}, "environment variable AWS_ENDPOINT_URL"),
    ],
)
def test_the_endpoint_of_a_service(service, options, environ, source):
    session = made(environ, **options)
    assert client(session, service).meta.endpoint_url == URL
    assert session.endpoints == {service: Sourced(URL, source)}


def test_each_services_endpoint_is_noted():
    session = made(endpoint=URL)
    client(session, "sts")
    client(session, "kms")
    assert list(session.endpoints.items()) == [("sts", Sourced("https://sts.us-east-1.amazonaws.com", "the AWS SDK")), ("kms", Sourced(URL, "option endpoint"))]


@pytest.mark.parametrize(
    ("text", "kms", "sts"),
    [
        ("[profile v]\nendpoint_url = http://a\n", "http://a", "http://a"),
        ("[profile v]\nservices = s\n[services s]\nkms =\n  endpoint_url = http://b\n", "http://b", None),
        ("[profile v]\nservices = s\nendpoint_url = http://a\n[services s]\nsts =\n  endpoint_url = http://c\n", "http://a", "http://c"),
        ("[profile v]\nservices = t\nendpoint_url = http://a\n[services s]\nkms =\n  endpoint_url = http://b\n", "http://a", "http://a"),
        ("[profile v]\nregion = us-east-1\n", None, None),
        ("[profile v]\nignore_configured_endpoint_urls = TRUE\nendpoint_url = http://a\n", None, None),
        ("[profile v]\nignore_configured_endpoint_urls = false\nendpoint_url = http://a\n", "http://a", "http://a"),
    ],
)
def test_the_endpoints_of_a_profile(config, text, kms, sts):
    config(text)
    session = made(profile="v")
    for service, url in (("kms", kms), ("sts", sts)):
        client(session, service)
        usual = Sourced(f"https://{service}.us-east-1.amazonaws.com", "the AWS SDK")
        assert session.endpoints[service] == (Sourced(url, "AWS profile v") if url else usual)


def test_the_environment_may_heed_endpoints_that_the_profile_ignores(config):
    config("[default]\nignore_configured_endpoint_urls = true\n")
    ignored = {"AWS_ENDPOINT_URL": URL}
    session = made(ignored)
    client(session)
    assert session.endpoints["kms"].source == "the AWS SDK"
    assert ignored == {"AWS_ENDPOINT_URL": URL}
    session = made({"AWS_ENDPOINT_URL": URL, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"})
    client(session)
    assert session.endpoints["kms"] == Sourced(URL, "environment variable AWS_ENDPOINT_URL")


def test_an_endpoint_that_is_none():
    with pytest.raises(SettingError, match="^environment variable AWS_ENDPOINT_URL must be a URL of the form"):
        client(made({"AWS_ENDPOINT_URL": "kms"}))


# Providers of credentials


def test_the_providers_are_botocores_in_their_order():
    providers = SdkSession(ConnectionOptions(), {}, None).get_component("credential_provider").providers
    assert [each.METHOD for each in providers] == [each.METHOD for each in botocore.session.Session().get_component("credential_provider").providers]


def test_the_provider_that_is_asked_is_noted(monkeypatch):
    session = SdkSession(ConnectionOptions(), {}, None)
    assert session.get_credentials() is None
    assert session.provider == "iam-role"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    session = SdkSession(ConnectionOptions(), {}, None)
    assert (session.get_credentials().access_key, session.provider) == ("a", "env")


def test_the_credentials_of_an_instance(aws, monkeypatch):
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", aws.url)
    instance_answers(aws)
    session = SdkSession(ConnectionOptions(), {}, None)
    assert (session.get_credentials().access_key, session.provider) == (ACCESS_KEY, "iam-role")
    assert " sealwright.vault_seal" in aws.asked[0].headers["User-Agent"]


def test_a_metadata_service_that_is_too_slow(aws, monkeypatch):
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", aws.url)
    monkeypatch.setattr(session_module, "_METADATA_TIMEOUT", 0.05)
    instance_answers(aws)
    aws.answer("GET /latest/meta-data/iam/security-credentials/", Answer(200, "vault-server", seconds=0.15))
    assert SdkSession(ConnectionOptions(), {}, None).get_credentials() is None


# The metadata service


def fetcher(**settings):
    return settings


def test_how_the_metadata_service_is_asked():
    session = made()
    assert session.metadata(fetcher) == {
        "timeout": 0.5,
        "num_attempts": 1,
        "user_agent": f"{session.user_agent()} sealwright.vault_seal",
        "config": {
            "ec2_metadata_service_endpoint": None,
            "ec2_metadata_service_endpoint_mode": "ipv4",
            "ec2_metadata_v1_disabled": session.get_config_variable("ec2_metadata_v1_disabled"),
        },
    }


def test_settings_of_the_metadata_service(config, monkeypatch):
    config("[default]\nmetadata_service_timeout = 7\nmetadata_service_num_attempts = 3\nec2_metadata_service_endpoint_mode = ipv6\n")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", URL)
    session = made()
    result = session.metadata(fetcher)
    assert (result["timeout"], result["num_attempts"]) == (7.0, 3)
    assert (result["config"]["ec2_metadata_service_endpoint"], result["config"]["ec2_metadata_service_endpoint_mode"]) == (URL, "ipv6")
    monkeypatch.setenv("AWS_METADATA_SERVICE_TIMEOUT", "2.5")
    assert session.metadata(fetcher)["timeout"] == 2.5


def test_version_1_of_the_metadata_service_may_be_turned_off(monkeypatch):
    monkeypatch.setenv("AWS_EC2_METADATA_V1_DISABLED", "true")
    session = made()
    assert session.metadata(fetcher)["config"]["ec2_metadata_v1_disabled"] == session.get_config_variable("ec2_metadata_v1_disabled")


@pytest.mark.parametrize(("seconds", "valid"), [("3600", True), ("0.001", True), ("3600.1", False), ("0", False), ("-1", False), ("nan", False), ("x", False)])
def test_the_time_limit_of_the_metadata_service(monkeypatch, seconds, valid):
    session = made()
    monkeypatch.setenv("AWS_METADATA_SERVICE_TIMEOUT", seconds)
    if valid:
        assert session.metadata(fetcher)["timeout"] == float(seconds)
    else:
        with pytest.raises(ValueError, match=r"^metadata_service_timeout$|^could not convert"):
            session.metadata(fetcher)


# Models of the services


def test_the_models_are_those_that_botocore_finds(monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    paths = made().get_component("data_loader").search_paths
    assert paths == botocore.session.Session().get_component("data_loader").search_paths
    assert str(tmp_path) in paths


def test_only_the_service_that_is_asked_for_is_looked_for():
    loader = made().get_component("data_loader")
    assert loader.list_available_services("service-2") == [""]
    assert loader.load_service_model("kms", "service-2")["metadata"]["serviceId"] == "KMS"
    assert loader.list_available_services("service-2") == ["kms"]
    assert loader.load_service_model("sts", "service-2", "2011-06-15")["metadata"]["serviceId"] == "STS"
    assert loader.list_available_services("service-2") == ["sts"]
    assert loader.load_service_model("kms", "paginators-1")["pagination"]
    for asked in (("kms", "service-2", "1999-01-01"), ("no-service", "service-2")):
        with pytest.raises((botocore.exceptions.DataNotFoundError, botocore.exceptions.UnknownServiceError)):
            loader.load_service_model(*asked)
