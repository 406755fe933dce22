# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every source of credentials: the principal that the strict KMS sees, and the source that the result names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.adapter import Adapter
from support.credential_endpoints import (
    black_hole,
    container_endpoint,
    metadata_service,
    refusing,
    serving,
    temporary_credentials,
)
from support.slack import SLACK
from support.strict_kms import Credentials, StrictKms

pytestmark = pytest.mark.matrix

OTHERS = {"AWS_ACCESS_KEY_ID": "AKIAOFSOMEBODYELSE00", "AWS_SECRET_ACCESS_KEY": "somebody else's"}


@pytest.fixture(scope="module")
def temporary(kms: StrictKms, role: Credentials) -> dict[str, str]:
    return temporary_credentials(kms, role, "handed-out")


@pytest.fixture
def asks(kms: StrictKms, adapter: Adapter) -> Callable[..., tuple[str, dict[str, str]]]:
    """Open the adapter and call KMS: the principal that KMS saw, and the source of the credentials that the adapter reports."""

    def ask(options: dict[str, Any] | None = None, **environment: str) -> tuple[str, dict[str, str]]:
        kms.clear_calls()
        answer = adapter.ask(options, **environment)
        assert "error" not in answer, answer
        return kms.calls("DescribeKey")[-1]["principal"], answer["connection"]["credentials"]

    return ask


def session(role: Credentials, name: str) -> str:
    return f"arn:aws:sts::123456789012:assumed-role/{role.arn.rsplit('/', 1)[-1]}/{name}"


def profiles(folder: Path, **sections: dict[str, str]) -> str:
    lines = [line for name, entries in sections.items() for line in (f"[{name}]", *(f"{key} = {value}" for key, value in entries.items()))]
    path = folder / "profiles"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def pair(user: Credentials) -> dict[str, str]:
    return {"aws_access_key_id": user.access_key, "aws_secret_access_key": user.secret_key}


def test_options(asks: Any, user: Credentials) -> None:
    principal, message = asks({"access_key": user.access_key, "secret_key": user.secret_key}, **OTHERS)
    assert principal == user.arn
    assert message == {"value": user.access_key, "source": "options access_key and secret_key"}


def test_options_with_a_session_token(asks: Any, role: Credentials, temporary: dict[str, str]) -> None:
    assert asks(temporary, **OTHERS)[0] == session(role, "handed-out")


def test_environment(asks: Any, user: Credentials) -> None:
    principal, message = asks(AWS_ACCESS_KEY_ID=user.access_key, AWS_SECRET_ACCESS_KEY=user.secret_key)
    assert principal == user.arn
    assert message == {"value": user.access_key, "source": "environment variable AWS_ACCESS_KEY_ID"}


def test_environment_with_a_session_token(asks: Any, role: Credentials, temporary: dict[str, str]) -> None:
    principal, result = asks(
        AWS_ACCESS_KEY_ID=temporary["access_key"],
        AWS_SECRET_ACCESS_KEY=temporary["secret_key"],
        AWS_SESSION_TOKEN=temporary["session_token"],
    )
    assert (principal, result["source"]) == (session(role, "handed-out"), "environment variable AWS_ACCESS_KEY_ID")


def test_a_profile_of_the_shared_credentials_file(asks: Any, user: Credentials, tmp_path: Path) -> None:
    path = profiles(tmp_path, vault=pair(user))
    principal, result = asks(AWS_SHARED_CREDENTIALS_FILE=path, AWS_PROFILE="vault")
    assert (principal, result["source"]) == (user.arn, "profile vault of the shared credentials file")


def test_a_profile_of_the_home_folder(kms: StrictKms, asks: Any, user: Credentials, tmp_path: Path) -> None:
    (tmp_path / "home" / ".aws").mkdir()
    Path(profiles(tmp_path, default=pair(user))).rename(tmp_path / "home" / ".aws" / "credentials")
    principal, result = asks()
    assert (principal, result["source"]) == (user.arn, "profile default of the shared credentials file")


@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_a_file_by_option_and_its_profile_by_the_environment(asks: Any, user: Credentials, tmp_path: Path, variable: str) -> None:
    path = profiles(tmp_path, vault=pair(user))
    principal, result = asks({"shared_creds_filename": path}, **{variable: "vault"}, **OTHERS)
    assert (principal, result["source"]) == (user.arn, "profile vault of the shared credentials file")


def test_the_profile_option_beats_keys_in_the_environment(asks: Any, user: Credentials, tmp_path: Path) -> None:
    path = profiles(tmp_path, vault=pair(user))
    assert asks({"shared_creds_profile": "vault"}, AWS_SHARED_CREDENTIALS_FILE=path, **OTHERS)[0] == user.arn


def test_the_file_option_beats_keys_in_the_environment(asks: Any, user: Credentials, tmp_path: Path) -> None:
    path = profiles(tmp_path, default=pair(user))
    principal, result = asks({"shared_creds_filename": path}, **OTHERS)
    assert (principal, result["source"]) == (user.arn, "profile default of the shared credentials file")


def test_keys_in_the_environment_beat_a_profile_of_the_environment(asks: Any, user: Credentials, tmp_path: Path) -> None:
    path = profiles(tmp_path, vault={"aws_access_key_id": "other", "aws_secret_access_key": "other"})
    environment = {"AWS_ACCESS_KEY_ID": user.access_key, "AWS_SECRET_ACCESS_KEY": user.secret_key}
    assert asks(AWS_SHARED_CREDENTIALS_FILE=path, AWS_PROFILE="vault", **environment)[0] == user.arn


def test_a_profile_of_the_config_file(asks: Any, user: Credentials, tmp_path: Path) -> None:
    path = profiles(tmp_path, **{"profile vault": pair(user)})
    principal, result = asks({"shared_creds_profile": "vault"}, AWS_CONFIG_FILE=path)
    assert (principal, result["source"]) == (user.arn, "profile vault of the AWS config file")


def test_a_credential_process(asks: Any, user: Credentials, tmp_path: Path) -> None:
    document = tmp_path / "document.json"
    document.write_text(f'{{"Version": 1, "AccessKeyId": "{user.access_key}", "SecretAccessKey": "{user.secret_key}"}}', encoding="utf-8")
    path = profiles(tmp_path, **{"profile vault": {"credential_process": f"/bin/cat {document}"}})
    principal, result = asks({"shared_creds_profile": "vault"}, AWS_CONFIG_FILE=path)
    assert (principal, result["source"]) == (user.arn, "the credential process of profile vault")


def test_a_role_with_a_session_name(asks: Any, kms: StrictKms, user: Credentials, role: Credentials) -> None:
    options = {"role_arn": role.arn, "role_session_name": "nightly", "sts_endpoint": kms.url}
    principal, result = asks({**options, "access_key": user.access_key, "secret_key": user.secret_key})
    assert principal == session(role, "nightly")
    assert result["source"] == f"role {role.arn}, assumed with options access_key and secret_key"


def test_a_role_assumed_with_keys_of_the_environment(asks: Any, kms: StrictKms, user: Credentials, role: Credentials) -> None:
    environment = {"AWS_ACCESS_KEY_ID": user.access_key, "AWS_SECRET_ACCESS_KEY": user.secret_key, "AWS_ENDPOINT_URL_STS": kms.url}
    principal, result = asks({"role_arn": role.arn}, **environment)
    assert principal == session(role, "sealwright.vault_seal")
    assert result["source"] == f"role {role.arn}, assumed with environment variable AWS_ACCESS_KEY_ID"


def test_a_web_identity_by_options(asks: Any, kms: StrictKms, role: Credentials, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a web identity token", encoding="utf-8")
    options = {"role_arn": role.arn, "web_identity_token_file": str(token), "role_session_name": "pod", "sts_endpoint": kms.url}
    principal, result = asks(options, **OTHERS)
    assert principal == session(role, "pod")
    assert result["source"] == f"role {role.arn}, assumed with the web identity of option web_identity_token_file"


def test_a_web_identity_by_the_environment(asks: Any, kms: StrictKms, role: Credentials, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a web identity token", encoding="utf-8")
    principal, result = asks(
        AWS_ROLE_ARN=role.arn, AWS_WEB_IDENTITY_TOKEN_FILE=str(token), AWS_ROLE_SESSION_NAME="pod", AWS_ENDPOINT_URL_STS=kms.url
    )
    assert principal == session(role, "pod")
    assert result["source"] == f"role {role.arn}, assumed with the web identity of environment variable AWS_WEB_IDENTITY_TOKEN_FILE"


def test_a_profile_with_a_role(asks: Any, kms: StrictKms, user: Credentials, role: Credentials, tmp_path: Path) -> None:
    entries = {"role_arn": role.arn, "source_profile": "base", "role_session_name": "nightly"}
    path = profiles(tmp_path, **{"profile vault": entries, "profile base": pair(user)})
    principal, result = asks({"shared_creds_profile": "vault", "sts_endpoint": kms.url}, AWS_CONFIG_FILE=path, **OTHERS)
    assert (principal, result["source"]) == (session(role, "nightly"), "the role of profile vault")
    principal, result = asks(AWS_PROFILE="vault", AWS_ENDPOINT_URL_STS=kms.url, AWS_CONFIG_FILE=path)
    assert (principal, result["source"]) == (session(role, "nightly"), "the role of profile vault")


def test_a_profile_with_a_role_of_the_environments_keys(
    asks: Any, kms: StrictKms, signed_in: dict[str, str], role: Credentials, tmp_path: Path
) -> None:
    entries = {"role_arn": role.arn, "credential_source": "Environment", "role_session_name": "nightly", "endpoint_url": kms.url}
    path = profiles(tmp_path, **{"profile vault": entries})
    principal, result = asks({"shared_creds_profile": "vault"}, AWS_CONFIG_FILE=path, **signed_in)
    assert (principal, result["source"]) == (session(role, "nightly"), "the role of profile vault")


def test_a_profile_with_a_web_identity(asks: Any, kms: StrictKms, role: Credentials, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a web identity token", encoding="utf-8")
    entries = {"role_arn": role.arn, "web_identity_token_file": str(token), "role_session_name": "pod"}
    path = profiles(tmp_path, **{"profile vault": entries})
    principal, result = asks({"shared_creds_profile": "vault", "sts_endpoint": kms.url}, AWS_CONFIG_FILE=path)
    assert (principal, result["source"]) == (session(role, "pod"), "the web identity of profile vault")


def test_a_profile_with_a_role_beats_the_web_identity_of_the_environment(
    asks: Any, kms: StrictKms, user: Credentials, role: Credentials, tmp_path: Path
) -> None:
    entries = {"role_arn": role.arn, "source_profile": "base", "role_session_name": "nightly"}
    path = profiles(tmp_path, **{"profile vault": entries, "profile base": pair(user)})
    others = {"AWS_ROLE_ARN": f"{role.arn}-of-others", "AWS_WEB_IDENTITY_TOKEN_FILE": path}
    assert asks(AWS_PROFILE="vault", AWS_ENDPOINT_URL=kms.url, AWS_CONFIG_FILE=path, **others)[0] == session(role, "nightly")


def test_the_keys_of_options_beat_the_web_identity_of_the_environment(asks: Any, user: Credentials, role: Credentials, tmp_path: Path) -> None:
    others = {"AWS_ROLE_ARN": role.arn, "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "missing")}
    assert asks({"access_key": user.access_key, "secret_key": user.secret_key}, **others)[0] == user.arn
    assert asks(AWS_ACCESS_KEY_ID=user.access_key, AWS_SECRET_ACCESS_KEY=user.secret_key, **others)[0] == user.arn


# Containers


def test_a_container(asks: Any, role: Credentials, temporary: dict[str, str]) -> None:
    with container_endpoint(temporary, "Basic abc") as endpoint:
        uri = f"{endpoint.url}/credentials"
        principal, result = asks(AWS_CONTAINER_CREDENTIALS_FULL_URI=uri, AWS_CONTAINER_AUTHORIZATION_TOKEN="Basic abc")
    assert (principal, result["source"]) == (session(role, "handed-out"), "the container's credentials endpoint")


def test_a_container_of_ecs(asks: Any, role: Credentials, temporary: dict[str, str]) -> None:
    with container_endpoint(temporary) as endpoint:
        where = endpoint.url.partition("//")[2]
        principal, result = asks(link_local=where, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI="/credentials")
    assert (principal, result["source"]) == (session(role, "handed-out"), "the container's credentials endpoint")


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.170.23"])
def test_a_container_of_eks(adapter: Adapter, temporary: dict[str, str], tmp_path: Path, host: str) -> None:
    """Pod identity: the authorization in a file. The lowest botocore knows neither the file nor the address of the agent."""
    token = tmp_path / "token"
    token.write_text("a pod's token", encoding="utf-8")
    with container_endpoint(temporary, "a pod's token") as endpoint:
        where = endpoint.url.partition("//")[2]
        uri = f"http://{where if host == '127.0.0.1' else host}/credentials"
        variables = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": uri, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token)}
        answer = adapter.ask(link_local=where, **variables)
    if answer["botocore"] >= [1, 33]:
        assert answer["connection"]["credentials"] == {"value": temporary["access_key"], "source": "the container's credentials endpoint"}
    elif host == "127.0.0.1":
        assert answer["error"]["msg"] == (
            "The AWS credentials could not be retrieved from the container's credentials endpoint: Received non 200 response (403) from ECS "
            "metadata. Check the source of the credentials in the AWS configuration."
        )
    else:
        assert answer["error"]["msg"].startswith("A value of the AWS configuration is invalid: Unsupported host '169.254.170.23'.")


CONTAINER = "The AWS credentials could not be retrieved from the container's credentials endpoint: "


def test_a_container_that_does_not_know_the_authorization(adapter: Adapter, temporary: dict[str, str]) -> None:
    with container_endpoint(temporary, "Basic abc") as endpoint:
        uri = f"{endpoint.url}/credentials"
        reason, message, seconds = adapter.refusal(AWS_CONTAINER_CREDENTIALS_FULL_URI=uri, AWS_CONTAINER_AUTHORIZATION_TOKEN="Basic of-others")
    assert reason == "no_credentials"
    assert message.startswith(f"{CONTAINER}Received non 200 response ")
    assert "wrong authorization" not in message  # who knows what answers there
    assert seconds < 5


def test_a_containers_endpoint_that_hangs(adapter: Adapter) -> None:
    with black_hole() as url:
        reason, message, seconds = adapter.refusal(AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{url}/credentials")
    assert (reason, message) == (
        "no_credentials",
        f'{CONTAINER}Read timeout on endpoint URL: "{url}/credentials". Check the source of the credentials in the AWS configuration.',
    )
    assert seconds < 12  # botocore asks three times for two seconds, and waits one second after each


@pytest.mark.parametrize(("content", "message"), [
    ("<html>", f"{CONTAINER}Unable to parse JSON returned from "),
    ('{"code": "x"}', "The response of the container's credentials endpoint does not contain credentials: 'AccessKeyId' is missing. "),
])
def test_a_containers_endpoint_that_is_none(adapter: Adapter, content: str, message: str) -> None:
    with serving({("GET", "/credentials"): lambda headers: (200, content)}) as server:
        error = adapter.refusal(AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{server.url}/credentials")
    assert error[0] == "no_credentials"
    assert error[1].startswith(message)


# Instances


METADATA = {"AWS_EC2_METADATA_DISABLED": "false"}


def test_an_instance(asks: Any, role: Credentials, temporary: dict[str, str]) -> None:
    with metadata_service(temporary) as service:
        principal, result = asks(AWS_EC2_METADATA_SERVICE_ENDPOINT=service.url, **METADATA)
    assert (principal, result["source"]) == (session(role, "handed-out"), "the instance profile")
    assert ("PUT", "/latest/api/token") in service.asked


def test_an_instance_at_the_usual_address(asks: Any, role: Credentials, temporary: dict[str, str]) -> None:
    with metadata_service(temporary) as service:
        assert asks(link_local=service.url.partition("//")[2], **METADATA)[0] == session(role, "handed-out")


def test_keys_in_the_environment_beat_the_instance(asks: Any, user: Credentials, signed_in: dict[str, str], temporary: dict[str, str]) -> None:
    with metadata_service(temporary) as service:
        principal, _said = asks(AWS_EC2_METADATA_SERVICE_ENDPOINT=service.url, **METADATA, **signed_in)
    assert (principal, service.asked) == (user.arn, [])


NONE = (
    "No AWS credentials were found. Set access_key and secret_key, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile, or use an instance "
    "profile, a container role or a web identity."
)


def test_no_credentials(adapter: Adapter) -> None:
    assert adapter.refusal()[:2] == ("no_credentials", NONE)


def test_no_metadata_service_is_found_out_fast(adapter: Adapter) -> None:
    with black_hole() as url:
        reason, message, seconds = adapter.refusal(AWS_EC2_METADATA_SERVICE_ENDPOINT=url, **METADATA)
        assert (reason, message) == ("no_credentials", NONE)
        assert 0.9 < seconds < 1.2 + SLACK
        assert adapter.refusal(AWS_EC2_METADATA_SERVICE_ENDPOINT=url)[2] < SLACK
        variables = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": url, "AWS_METADATA_SERVICE_TIMEOUT": "1", "AWS_METADATA_SERVICE_NUM_ATTEMPTS": "2"}
        seconds = adapter.refusal(**variables, **METADATA)[2]
        assert 2.9 < seconds < 3.2 + SLACK  # one request for the session token, two for the role
    assert adapter.refusal(AWS_EC2_METADATA_SERVICE_ENDPOINT=refusing(), **METADATA)[2] < SLACK


def test_an_instance_behind_a_hop_limit(adapter: Adapter, temporary: dict[str, str]) -> None:
    with metadata_service(temporary, hops=0) as service:
        reason, message, seconds = adapter.refusal(AWS_EC2_METADATA_SERVICE_ENDPOINT=service.url, **METADATA)
    assert (reason, message) == ("no_credentials", NONE)
    assert seconds < 1.2 + SLACK


def test_an_instance_without_a_role(adapter: Adapter) -> None:
    with metadata_service(None) as service:
        assert adapter.refusal(AWS_EC2_METADATA_SERVICE_ENDPOINT=service.url, **METADATA)[:2] == ("no_credentials", NONE)


# What is missing or wrong


HALF = "Set both, or neither."


def test_half_a_pair_of_options(adapter: Adapter) -> None:
    assert adapter.refusal({"access_key": "AKIA"})[:2] == (
        "incomplete_credentials", "parameters are required together: access_key, secret_key. Set both, or neither."
    )
    assert adapter.refusal({"secret_key": "hush-hush"})[:2] == (
        "incomplete_credentials", "parameters are required together: secret_key, access_key. Set both, or neither."
    )


def test_half_a_pair_of_the_environment(adapter: Adapter) -> None:
    assert adapter.refusal(AWS_ACCESS_KEY_ID="AKIA")[:2] == (
        "incomplete_credentials",
        f"The AWS credentials from environment variable AWS_ACCESS_KEY_ID are incomplete: AWS_SECRET_ACCESS_KEY is missing. {HALF}",
    )
    assert adapter.refusal(AWS_SECRET_ACCESS_KEY="hush-hush")[:2] == (
        "incomplete_credentials", f"Environment variable AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID. {HALF}"
    )


def test_half_a_pair_of_a_profile(adapter: Adapter, tmp_path: Path) -> None:
    path = profiles(tmp_path, vault={"aws_access_key_id": "AKIA"})
    assert adapter.refusal({"shared_creds_profile": "vault", "shared_creds_filename": path})[:2] == (
        "incomplete_credentials",
        f"The AWS credentials from profile vault of the shared credentials file are incomplete: aws_secret_access_key is missing. {HALF}",
    )


def test_a_profile_without_credentials(adapter: Adapter, tmp_path: Path) -> None:
    path = profiles(tmp_path, **{"profile vault": {"region": "us-east-1"}})
    reason, message, _seconds = adapter.refusal({"shared_creds_profile": "vault"}, AWS_CONFIG_FILE=path)
    assert (reason, message) == ("no_credentials", NONE.replace(" were found.", " were found, neither in profile vault nor in other sources."))


def test_an_unknown_profile(adapter: Adapter, tmp_path: Path) -> None:
    assert adapter.refusal({"shared_creds_profile": "nobody"})[:2] == (
        "no_credentials",
        "The AWS profile nobody (from option shared_creds_profile) was not found. Check the profile's name, and the files ~/.aws/config and "
        "~/.aws/credentials.",
    )
    path = profiles(tmp_path, vault={})
    assert adapter.refusal(AWS_PROFILE="nobody", AWS_SHARED_CREDENTIALS_FILE=path)[:2] == (
        "no_credentials",
        "The AWS profile nobody (from environment variable AWS_PROFILE) was not found. Check the profile's name, and the files ~/.aws/config "
        f"and {path}.",
    )


@pytest.mark.parametrize(("command", "message"), [
    (
        "/bin/sh -c 'echo hush-hush >&2; exit 3'",
        "The credential process of profile vault exited with code 3; its output is not shown, because it may contain a secret. Check credential_process "
        "in the AWS config file by running it as the same user.",
    ),
    ("/bin/echo hush-hush", "The output of the credential process of profile vault is not JSON. Check credential_process in the AWS config file."),
])
def test_a_credential_process_that_fails(adapter: Adapter, tmp_path: Path, command: str, message: str) -> None:
    path = profiles(tmp_path, **{"profile vault": {"credential_process": command}})
    # The variable makes the adapter's harness look for the secret in all that is printed.
    assert adapter.refusal({"shared_creds_profile": "vault"}, AWS_CONFIG_FILE=path, AWS_SESSION_TOKEN="hush-hush")[:2] == ("no_credentials", message)


def test_credentials_that_have_expired(adapter: Adapter, temporary: dict[str, str], tmp_path: Path) -> None:
    """As many tools export them; botocore raises a plain RuntimeError."""
    past = "2020-01-01T00:00:00Z"
    keys = {"AWS_ACCESS_KEY_ID": temporary["access_key"], "AWS_SECRET_ACCESS_KEY": temporary["secret_key"]}
    error = adapter.refusal(**keys, AWS_SESSION_TOKEN=temporary["session_token"], AWS_CREDENTIAL_EXPIRATION=past)
    assert error[:2] == (
        "expired_credentials",
        f"The AWS credentials from environment variable AWS_ACCESS_KEY_ID have expired: environment variable AWS_CREDENTIAL_EXPIRATION says {past}. "
        "Export new temporary credentials together with their AWS_CREDENTIAL_EXPIRATION; unset that variable if they are long-term keys.",
    )
    document = tmp_path / "document.json"
    entries = {"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": "hush-hush", "SessionToken": "t", "Expiration": past}
    document.write_text(json.dumps(entries), encoding="utf-8")
    path = profiles(tmp_path, **{"profile vault": {"credential_process": f"/bin/cat {document}"}})
    error = adapter.refusal({"shared_creds_profile": "vault"}, AWS_CONFIG_FILE=path)
    assert error[:2] == (
        "expired_credentials",
        "The AWS credentials from the credential process of profile vault have expired. Renew the credentials of the credential process, such as its "
        "login or its cache.",
    )
    content = f'{{"AccessKeyId": "AKIA", "SecretAccessKey": "hush-hush", "Token": "t", "Expiration": "{past}"}}'
    with serving({("GET", "/credentials"): lambda headers: (200, content)}) as server:
        error = adapter.refusal(AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{server.url}/credentials")
    assert error[:2] == (
        "expired_credentials",
        "The AWS credentials from the container's credentials endpoint have expired. Check the container's credentials endpoint, and this host's clock.",
    )


def test_files_that_are_wrong(adapter: Adapter, tmp_path: Path) -> None:
    path = profiles(tmp_path)
    Path(path).write_text("hush-hush", encoding="utf-8")
    assert adapter.refusal(AWS_CONFIG_FILE=path)[:2] == ("no_credentials", f"The AWS configuration file {path} cannot be read. Correct the file.")
    missing = str(tmp_path / "missing")
    assert adapter.refusal(AWS_ROLE_ARN="arn:aws:iam::123456789012:role/pod", AWS_WEB_IDENTITY_TOKEN_FILE=missing)[:2] == (
        "file_error",
        f"The file '{missing}' of the AWS configuration cannot be read: No such file or directory. Check the path and its permissions "
        "on the host where this runs.",
    )
    assert adapter.refusal({"shared_creds_filename": missing})[:2] == (
        "file_error",
        f"The file '{missing}' of option shared_creds_filename does not exist or is not readable. Check the path and its permissions on the "
        "host where this runs.",
    )


@pytest.mark.parametrize(("options", "source"), [
    ({"web_identity_token_file": "token"}, "option web_identity_token_file"),
    ({}, "environment variable AWS_WEB_IDENTITY_TOKEN_FILE"),
])
def test_a_web_identity_without_a_role(adapter: Adapter, tmp_path: Path, options: dict[str, str], source: str) -> None:
    token = tmp_path / "token"
    token.write_text("a web identity token", encoding="utf-8")
    given = {name: str(tmp_path / value) for name, value in options.items()}
    assert adapter.refusal(given, AWS_WEB_IDENTITY_TOKEN_FILE=str(token))[:2] == (
        "incomplete_credentials",
        f"A web identity token file is set by {source}, but no role. Set role_arn, or the environment variable AWS_ROLE_ARN.",
    )


@pytest.mark.parametrize(("name", "phrase"), [("access_key", "access key"), ("secret_key", "secret key"), ("session_token", "token")])
def test_a_line_break_in_a_credential(adapter: Adapter, temporary: dict[str, str], name: str, phrase: str) -> None:
    """The HTTP library would show the header that it refuses."""
    assert adapter.refusal({**temporary, name: temporary[name] + "\n"})[:2] == (
        "invalid_credentials",
        f"The {phrase} from options access_key and secret_key begins or ends with whitespace or contains a control character. Remove line breaks and "
        "spaces.",
    )


def refused_by_aws(adapter: Adapter, kms: StrictKms, key: str, message: str, asked_with: str, remedy: str) -> str:
    return (
        f"AWS rejected DescribeKey with key {key} in region us-east-1 (from environment variable AWS_REGION) at {kms.url} (from environment variable "
        f"AWS_KMS_ENDPOINT): {message} The access key was {asked_with}. {remedy}"
    )


def test_an_unknown_access_key(adapter: Adapter, kms: StrictKms) -> None:
    asked_with = f"{OTHERS['AWS_ACCESS_KEY_ID']} (from environment variable AWS_ACCESS_KEY_ID)"
    message = "UnrecognizedClientException: The security token included in the request is invalid."
    remedy = "AWS does not know this access key. Check the credentials and their source."
    assert adapter.refusal(key="alias/any", **OTHERS)[:2] == (
        "invalid_credentials", refused_by_aws(adapter, kms, "alias/any", message, asked_with, remedy)
    )


def test_a_wrong_secret_key(adapter: Adapter, kms: StrictKms, user: Credentials) -> None:
    message = (
        "InvalidSignatureException: The request signature we calculated does not match the signature you provided. Check your AWS Secret "
        "Access Key and signing method. Consult the service documentation for details."
    )
    remedy = "The secret key does not match the access key. Check the credentials and their source."
    asked_with = f"{user.access_key} (from options access_key and secret_key)"
    assert adapter.refusal({"access_key": user.access_key, "secret_key": "not-the-secret-of-this-key"}, key="alias/any")[:2] == (
        "invalid_credentials", refused_by_aws(adapter, kms, "alias/any", message, asked_with, remedy)
    )


def test_a_session_token_that_is_not_the_keys(adapter: Adapter, temporary: dict[str, str]) -> None:
    assert adapter.refusal({**temporary, "session_token": "altered"})[0] == "invalid_credentials"


def test_an_expired_token(adapter: Adapter, kms: StrictKms, temporary: dict[str, str]) -> None:
    message = "ExpiredTokenException: The security token included in the request is expired."
    remedy = "Get new temporary credentials. Check the credentials and their source."
    asked_with = f"{temporary['access_key']} (from options access_key and secret_key)"
    kms.fault("expired_token", "DescribeKey", key="alias/expired")
    try:
        error = adapter.refusal(temporary, key="alias/expired")
    finally:
        kms.clear_faults()
    assert error[:2] == ("expired_credentials", refused_by_aws(adapter, kms, "alias/expired", message, asked_with, remedy))


@pytest.mark.parametrize(("seconds", "phrase"), [(1200, "InvalidSignatureException: Signature expired: "), (-1200, "Signature not yet current: ")])
def test_a_wrong_clock(adapter: Adapter, kms: StrictKms, signed_in: dict[str, str], seconds: int, phrase: str) -> None:
    kms.fault("clock_skew", "DescribeKey", seconds=seconds)
    try:
        reason, message, _seconds = adapter.refusal(**signed_in)
    finally:
        kms.clear_faults()
    assert reason == "clock_skew"
    assert phrase in message
    assert message.endswith("Set this host's clock by NTP: AWS accepts requests whose time is off by 5 minutes at most.")


def test_a_role_that_may_not_be_assumed(adapter: Adapter, kms: StrictKms, signed_in: dict[str, str]) -> None:
    message = "User: arn:aws:iam::123456789012:user/vault is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/any"
    body = (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{message}</Message></Error>"
        "<RequestId>1</RequestId></ErrorResponse>"
    )
    with serving({("POST", "/"): lambda headers: (403, body)}) as sts:
        error = adapter.refusal({"role_arn": "arn:aws:iam::123456789012:role/any", "sts_endpoint": sts.url}, **signed_in)
    assert error[:2] == (
        "access_denied",
        f"AWS rejected AssumeRole in region us-east-1 (from environment variable AWS_REGION) at {sts.url} (from option sts_endpoint): "
        f"AccessDenied: {message}. Allow it in the role's trust policy, and in an IAM policy with "
        '{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::123456789012:role/any"}.',
    )
