# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every way to give credentials, as the strict KMS sees who asks, and as the result says where they came from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.adapter import Adapter
from support.credential_endpoints import black_hole, container_endpoint, metadata_service, temporary_credentials
from support.strict_kms import Credentials, StrictKms

pytestmark = pytest.mark.matrix

FULL_RIGHTS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
OTHERS = {"AWS_ACCESS_KEY_ID": "AKIAOFSOMEBODYELSE00", "AWS_SECRET_ACCESS_KEY": "somebody else's"}


@pytest.fixture(scope="module")
def user(kms: StrictKms) -> Credentials:
    return kms.principal(FULL_RIGHTS)


@pytest.fixture(scope="module")
def role(kms: StrictKms) -> Credentials:
    return kms.principal(FULL_RIGHTS, role=True)


@pytest.fixture(scope="module")
def temporary(kms: StrictKms, role: Credentials) -> dict[str, str]:
    return temporary_credentials(kms, role, "handed-out")


@pytest.fixture
def asks(kms: StrictKms, adapter: Adapter) -> Callable[..., tuple[str, dict[str, str]]]:
    """Open the adapter and ask KMS; who KMS saw, and what the adapter says of its credentials."""

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
    principal, said = asks({"access_key": user.access_key, "secret_key": user.secret_key}, **OTHERS)
    assert principal == user.arn
    assert said == {"value": user.access_key, "source": "options access_key and secret_key"}


def test_options_with_a_session_token(asks: Any, role: Credentials, temporary: dict[str, str]) -> None:
    assert asks(temporary, **OTHERS)[0] == session(role, "handed-out")


def test_environment(asks: Any, user: Credentials) -> None:
    principal, said = asks(AWS_ACCESS_KEY_ID=user.access_key, AWS_SECRET_ACCESS_KEY=user.secret_key)
    assert principal == user.arn
    assert said == {"value": user.access_key, "source": "environment variable AWS_ACCESS_KEY_ID"}


def test_environment_with_a_session_token(asks: Any, role: Credentials, temporary: dict[str, str]) -> None:
    principal, said = asks(
        AWS_ACCESS_KEY_ID=temporary["access_key"],
        AWS_SECRET_ACCESS_KEY=temporary["secret_key"],
        AWS_SESSION_TOKEN=temporary["session_token"],
    )
    assert (principal, said["source"]) == (session(role, "handed-out"), "environment variable AWS_ACCESS_KEY_ID")


def test_a_profile_of_the_shared_credentials_file(asks: Any, user: Credentials, tmp_path: Path) -> None:
    path = profiles(tmp_path, vault=pair(user))
    principal, said = asks(AWS_SHARED_CREDENTIALS_FILE=path, AWS_PROFILE="vault")
    assert (principal, said["source"]) == (user.arn, "profile vault of the shared credentials file")


def test_the_profile_option_beats_keys_in_the_environment(asks: Any, user: Credentials, tmp_path: Path) -> None:
    path = profiles(tmp_path, vault=pair(user))
    assert asks({"shared_creds_profile": "vault"}, AWS_SHARED_CREDENTIALS_FILE=path, **OTHERS)[0] == user.arn


def test_the_file_option_beats_keys_in_the_environment(asks: Any, user: Credentials, tmp_path: Path) -> None:
    path = profiles(tmp_path, default=pair(user))
    principal, said = asks({"shared_creds_filename": path}, **OTHERS)
    assert (principal, said["source"]) == (user.arn, "profile default of the shared credentials file")


def test_keys_in_the_environment_beat_a_profile_of_the_environment(asks: Any, user: Credentials, tmp_path: Path) -> None:
    path = profiles(tmp_path, vault={"aws_access_key_id": "other", "aws_secret_access_key": "other"})
    environment = {"AWS_ACCESS_KEY_ID": user.access_key, "AWS_SECRET_ACCESS_KEY": user.secret_key}
    assert asks(AWS_SHARED_CREDENTIALS_FILE=path, AWS_PROFILE="vault", **environment)[0] == user.arn


def test_a_profile_of_the_config_file(asks: Any, user: Credentials, tmp_path: Path) -> None:
    path = profiles(tmp_path, **{"profile vault": pair(user)})
    principal, said = asks({"shared_creds_profile": "vault"}, AWS_CONFIG_FILE=path)
    assert (principal, said["source"]) == (user.arn, "profile vault of the AWS config file")


def test_a_credential_process(asks: Any, user: Credentials, tmp_path: Path) -> None:
    document = tmp_path / "document.json"
    document.write_text(f'{{"Version": 1, "AccessKeyId": "{user.access_key}", "SecretAccessKey": "{user.secret_key}"}}', encoding="utf-8")
    path = profiles(tmp_path, **{"profile vault": {"credential_process": f"/bin/cat {document}"}})
    principal, said = asks({"shared_creds_profile": "vault"}, AWS_CONFIG_FILE=path)
    assert (principal, said["source"]) == (user.arn, "a credential process")


def test_a_role_with_a_session_name(asks: Any, kms: StrictKms, user: Credentials, role: Credentials) -> None:
    options = {"role_arn": role.arn, "role_session_name": "nightly", "sts_endpoint": kms.url}
    principal, said = asks({**options, "access_key": user.access_key, "secret_key": user.secret_key})
    assert principal == session(role, "nightly")
    assert said["source"] == f"role {role.arn}, assumed with options access_key and secret_key"


def test_a_role_assumed_with_keys_of_the_environment(asks: Any, kms: StrictKms, user: Credentials, role: Credentials) -> None:
    environment = {"AWS_ACCESS_KEY_ID": user.access_key, "AWS_SECRET_ACCESS_KEY": user.secret_key, "AWS_ENDPOINT_URL_STS": kms.url}
    principal, said = asks({"role_arn": role.arn}, **environment)
    assert principal == session(role, "sealwright.vault_seal")
    assert said["source"] == f"role {role.arn}, assumed with environment variable AWS_ACCESS_KEY_ID"


def test_a_web_identity_by_options(asks: Any, kms: StrictKms, role: Credentials, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a web identity token", encoding="utf-8")
    options = {"role_arn": role.arn, "web_identity_token_file": str(token), "role_session_name": "pod", "sts_endpoint": kms.url}
    principal, said = asks(options, **OTHERS)
    assert (principal, said["source"]) == (session(role, "pod"), f"role {role.arn}, assumed with a web identity")


def test_a_web_identity_by_the_environment(asks: Any, kms: StrictKms, role: Credentials, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a web identity token", encoding="utf-8")
    principal, said = asks(
        AWS_ROLE_ARN=role.arn, AWS_WEB_IDENTITY_TOKEN_FILE=str(token), AWS_ROLE_SESSION_NAME="pod", AWS_ENDPOINT_URL_STS=kms.url
    )
    assert (principal, said["source"]) == (session(role, "pod"), f"role {role.arn}, assumed with a web identity")


def test_a_container(asks: Any, role: Credentials, temporary: dict[str, str], tmp_path: Path) -> None:
    with container_endpoint(temporary, "Basic abc") as endpoint:
        uri = f"{endpoint.url}/credentials"
        principal, said = asks(AWS_CONTAINER_CREDENTIALS_FULL_URI=uri, AWS_CONTAINER_AUTHORIZATION_TOKEN="Basic abc")
        assert (principal, said["source"]) == (session(role, "handed-out"), "the container's credentials endpoint")


def test_an_instance(asks: Any, role: Credentials, temporary: dict[str, str]) -> None:
    with metadata_service(temporary) as service:
        principal, said = asks(AWS_EC2_METADATA_DISABLED="false", AWS_EC2_METADATA_SERVICE_ENDPOINT=service.url)
    assert (principal, said["source"]) == (session(role, "handed-out"), "the instance profile")
    assert ("PUT", "/latest/api/token") in service.asked


def test_keys_in_the_environment_beat_the_instance(asks: Any, user: Credentials, temporary: dict[str, str]) -> None:
    with metadata_service(temporary) as service:
        environment = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": service.url}
        principal, _said = asks(AWS_ACCESS_KEY_ID=user.access_key, AWS_SECRET_ACCESS_KEY=user.secret_key, **environment)
    assert (principal, service.asked) == (user.arn, [])


def refused(adapter: Adapter, options: dict[str, Any] | None = None, **environment: str) -> tuple[str, str, float]:
    answer = adapter.ask(options, **environment)
    return answer["error"]["reason"], answer["error"]["msg"], answer["seconds"]


NONE = (
    "No AWS credentials are found for region us-east-1 (from environment variable AWS_REGION). Give access_key and secret_key, set "
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile, or run where an instance profile, a container role or a web identity "
    "gives them."
)


def test_no_credentials(adapter: Adapter) -> None:
    assert refused(adapter)[:2] == ("no_credentials", NONE)


def test_no_metadata_service_is_found_out_fast(adapter: Adapter) -> None:
    with black_hole() as url:
        reason, message, seconds = refused(adapter, AWS_EC2_METADATA_DISABLED="false", AWS_EC2_METADATA_SERVICE_ENDPOINT=url)
    assert (reason, message) == ("no_credentials", NONE)
    assert seconds < 3  # botocore's own waits alone are two seconds, on top of the imports


def test_an_instance_without_a_role(adapter: Adapter) -> None:
    with metadata_service(None) as service:
        environment = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": service.url}
        assert refused(adapter, **environment)[:2] == ("no_credentials", NONE)


def test_half_a_pair_of_options(adapter: Adapter) -> None:
    assert refused(adapter, {"access_key": "AKIA"})[:2] == (
        "incomplete_credentials",
        "Option access_key is given without secret_key. Give both or neither.",
    )


def test_half_a_pair_of_the_environment(adapter: Adapter) -> None:
    reason, message, _seconds = refused(adapter, AWS_ACCESS_KEY_ID="AKIA")
    assert reason == "incomplete_credentials"
    assert message == (
        "Half a pair of AWS credentials is set (env: AWS_SECRET_ACCESS_KEY is missing) for region us-east-1 (from environment variable "
        "AWS_REGION). Set both halves of the credential pair, or neither."
    )


def test_an_unknown_profile(adapter: Adapter) -> None:
    assert refused(adapter, {"shared_creds_profile": "nobody"})[:2] == (
        "no_credentials",
        "The AWS profile nobody is not found. Check the profile's name and the files it is looked for in.",
    )


def test_an_unknown_access_key(adapter: Adapter) -> None:
    reason, message, _seconds = refused(adapter, **OTHERS)
    assert reason == "invalid_credentials"
    assert "UnrecognizedClientException" in message
    assert OTHERS["AWS_SECRET_ACCESS_KEY"] not in message


def test_a_wrong_secret_key(adapter: Adapter, user: Credentials) -> None:
    reason, message, _seconds = refused(adapter, {"access_key": user.access_key, "secret_key": "not-the-secret-of-this-key"})
    assert (reason, "not-the-secret-of-this-key" in message) == ("invalid_credentials", False)


def test_a_session_token_that_is_not_the_keys(adapter: Adapter, temporary: dict[str, str]) -> None:
    assert refused(adapter, {**temporary, "session_token": "altered"})[0] == "invalid_credentials"


@pytest.mark.parametrize(("kind", "settings", "reason"), [
    ("expired_token", {}, "expired_credentials"),
    ("clock_skew", {"seconds": 1200}, "clock_skew"),
    ("clock_skew", {"seconds": -1200}, "clock_skew"),
])
def test_what_aws_says_of_time(adapter: Adapter, kms: StrictKms, user: Credentials, kind: str, settings: Any, reason: str) -> None:
    kms.fault(kind, "DescribeKey", **settings)
    try:
        assert refused(adapter, {"access_key": user.access_key, "secret_key": user.secret_key})[0] == reason
    finally:
        kms.clear_faults()


def test_a_web_identity_without_a_role(adapter: Adapter, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("token", encoding="utf-8")
    assert refused(adapter, {"web_identity_token_file": str(token)})[:2] == (
        "incomplete_credentials",
        "Option web_identity_token_file is given without a role. Give role_arn too, or set the environment variable AWS_ROLE_ARN.",
    )
