# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module awskms_permission_info, run by Ansible against the strict KMS: every verdict, its cause, and that its remedy works."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.ansible_run import Ansible, Run
from support.certificates import make_certificates
from support.credential_endpoints import metadata_service, refusing, temporary_credentials
from support.http_proxy import proxy
from support.strict_kms import Credentials, StrictKms

MODULE = "sealwright.vault_seal.awskms_permission_info"
OTHER_ACCOUNT = "444455556666"
ACTIONS = ("kms:DescribeKey", "kms:Encrypt", "kms:Decrypt")
CALLS = ["DescribeKey", "Encrypt", "Decrypt"]
NO_STATEMENTS = {"policy_statement": None, "key_policy_statement": None, "grant": None}
WAY = "Check the endpoint's name and port, DNS, the route and the proxy."
Result = dict[str, Any]


@pytest.fixture(autouse=True)
def fresh(kms: StrictKms) -> Iterator[None]:
    kms.clear_calls()
    yield
    kms.clear_faults()


@pytest.fixture(scope="module")
def key(kms: StrictKms) -> str:
    return kms.new_key(alias="alias/permissions")


def allow(*actions: str, resource: str = "*", effect: str = "Allow") -> dict[str, Any]:
    return {"Effect": effect, "Action": list(actions), "Resource": resource}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def signed(who: Credentials) -> dict[str, str]:
    return {"access_key": who.access_key, "secret_key": who.secret_key}


def ask(ansible: Ansible, asked: dict[str, dict[str, Any]], **play: Any) -> Run:
    """One task for each, by name."""
    return ansible.playbook([{"name": name, MODULE: options} for name, options in asked.items()], **play).succeeded()


def verdicts(result: Result) -> list[str]:
    return [result["permissions"][name]["verdict"] for name in ("describe_key", "encrypt", "decrypt")]


def causes(result: Result) -> list[str | None]:
    return [result["permissions"][name]["likely_cause"] for name in ("describe_key", "encrypt", "decrypt")]


@pytest.mark.matrix
def test_a_key_that_a_seal_can_use(kms: StrictKms, ansible: Ansible, key: str) -> None:
    who = kms.principal(policy(allow(*ACTIONS, resource=key)))
    run = ask(ansible, {"alias": {"kms_key_id": "alias/permissions", **signed(who)}, "in force": {"key_id": key, "fail_unless_ready": True}})
    result = run["alias"]
    assert (result["changed"], result["ready"], result["reason"], result["remedy"]) == (False, True, None, None)
    assert result["summary"] == f"A seal can use the key {key}: kms:DescribeKey, kms:Encrypt and kms:Decrypt are allowed."
    assert (verdicts(result), result["key_arn"], result["state"], result["problems"]) == (["allowed"] * 3, key, "Enabled", [])
    assert result["kms_key_id"] == {"value": "alias/permissions", "source": "option kms_key_id"}
    assert result["region"] == {"value": "us-east-1", "source": "environment variable AWS_REGION"}
    assert result["endpoint"] == {"value": kms.url, "source": "environment variable AWS_KMS_ENDPOINT"}
    assert result["credentials"] == {"value": who.access_key, "source": "options access_key and secret_key"}
    assert result["principal"] == {"arn": None, "access_key": who.access_key, "source": "options access_key and secret_key"}
    assert all(result["permissions"][name]["latency_ms"] > 0 for name in ("describe_key", "encrypt", "decrypt"))
    assert run["in force"]["ready"] is True
    assert run.calls("alias", kms.calls()) == CALLS
    decrypt = next(call for call in kms.calls("Decrypt"))
    assert decrypt["key"] == ""  # as a server asks
    assert who.secret_key not in run.output + json.dumps(run.results)


@pytest.mark.matrix
def test_check_mode_asks_too(kms: StrictKms, ansible: Ansible, key: str) -> None:
    run = ansible.playbook([{"name": "check", MODULE: {"kms_key_id": key}}], "--check", "--diff").succeeded()
    assert (run["check"]["ready"], run["check"]["changed"]) == (True, False)
    assert run.calls("check", kms.calls()) == CALLS


@pytest.mark.matrix
def test_each_missing_permission_and_that_the_remedies_are_ones(kms: StrictKms, ansible: Ansible, key: str) -> None:
    """The statements that the module shows are applied as they stand, and then it is ready."""
    client = kms.client()
    original = client.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    users = {missing: kms.principal(policy(allow(*[action for action in ACTIONS if action != missing]))) for missing in ACTIONS}
    users["all"] = kms.principal(policy(allow("kms:ListAliases")))
    asked = {missing: {"kms_key_id": "alias/permissions", **signed(who)} for missing, who in users.items()}
    run = ask(ansible, asked)
    assert {name: verdicts(run[name]) for name in users} == {
        "kms:DescribeKey": ["denied", "allowed", "allowed"],
        "kms:Encrypt": ["allowed", "denied", "not_tried"],
        "kms:Decrypt": ["allowed", "allowed", "denied"],
        "all": ["denied", "denied", "not_tried"],
    }
    for name, who in users.items():
        result = run[name]
        assert (result["ready"], result["reason"], result["key_arn"]) == (False, "access_denied", key)
        assert {cause for cause in causes(result) if cause} == {"missing_allow"}
        assert result["principal"]["arn"] == who.arn
        assert f"{who.arn} for the key {key}." in result["summary"]
    values = run["kms:Encrypt"]["permissions"]["encrypt"]
    assert values["aws_message"] == (
        f"User: {users['kms:Encrypt'].arn} is not authorized to perform: kms:Encrypt on resource: {key} "
        "because no identity-based policy allows the kms:Encrypt action"
    )
    assert run["all"]["remedy"]["policy_statement"] == {"Effect": "Allow", "Action": list(ACTIONS), "Resource": key}
    for kind in ("policy_statement", "key_policy_statement", "grant"):
        grants = []
        try:
            statements = []
            for name, who in users.items():
                remedy = run[name]["remedy"][kind]
                if kind == "policy_statement":
                    had = [action for action in ACTIONS if action != name] if name != "all" else ["kms:ListAliases"]
                    kms.set_policy(who.arn, policy(allow(*had), remedy))
                elif kind == "grant":
                    grants.append(client.create_grant(**remedy)["GrantId"])
                else:
                    statements.append(remedy)
            if statements:
                extended = json.loads(original)
                extended["Statement"] += statements
                client.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(extended))
            after = ask(ansible, asked)
            assert {name: after[name]["ready"] for name in users} == dict.fromkeys(users, True), kind
        finally:
            for name, who in users.items():
                had = [action for action in ACTIONS if action != name] if name != "all" else ["kms:ListAliases"]
                kms.set_policy(who.arn, policy(allow(*had)))
            for grant in grants:
                client.revoke_grant(KeyId=key, GrantId=grant)
            client.put_key_policy(KeyId=key, PolicyName="default", Policy=original)


def test_an_explicit_deny(kms: StrictKms, ansible: Ansible, key: str) -> None:
    who = kms.principal(policy(allow("kms:*"), allow("kms:Decrypt", effect="Deny")))
    result = ask(ansible, {"deny": {"kms_key_id": key, **signed(who)}})["deny"]
    assert (verdicts(result), causes(result)) == (["allowed", "allowed", "denied"], [None, None, "explicit_deny"])
    assert result["permissions"]["decrypt"]["policy_type"] == "identity-based policy"
    text = (
        "An identity-based policy denies kms:Decrypt explicitly, which no allow can outweigh: remove that statement, or except this "
        "principal from it."
    )
    assert result["remedy"] == {"msg": text, **NO_STATEMENTS}


@pytest.mark.matrix
def test_a_key_policy_that_lets_no_iam_policy_in(kms: StrictKms, ansible: Ansible) -> None:
    client = kms.client()
    who = kms.principal(policy(allow("kms:*")))
    own = {"Effect": "Allow", "Principal": {"AWS": kms.admin.arn}, "Action": "kms:*", "Resource": "*"}
    arn = kms.new_key(Policy=json.dumps(policy(own)), BypassPolicyLockoutSafetyCheck=True)
    asked = {"task": {"kms_key_id": arn, **signed(who)}}
    result = ask(ansible, asked)["task"]
    assert (verdicts(result), causes(result)) == (["denied", "denied", "not_tried"], ["missing_key_policy_or_grant"] * 2 + [None])
    assert result["remedy"]["policy_statement"] is None  # none could help, as this one, which allows everything, does not
    client.create_grant(**result["remedy"]["grant"])
    assert ask(ansible, asked)["task"]["ready"] is True


def test_a_key_of_another_account(kms: StrictKms, ansible: Ansible) -> None:
    client = kms.client()
    arn = kms.new_key()
    who = kms.principal(policy(allow("kms:ListAliases")), account=OTHER_ACCOUNT)
    asked = {"task": {"kms_key_id": arn, **signed(who)}}
    result = ask(ansible, asked)["task"]
    assert (verdicts(result), causes(result)) == (["denied", "denied", "not_tried"], ["foreign_account"] * 2 + [None])
    # One half: the key's account. It does not suffice, and then the other half is asked for.
    client.create_grant(**result["remedy"]["grant"])
    halfway = ask(ansible, asked)["task"]
    assert (halfway["ready"], causes(halfway)) == (False, ["missing_allow"] * 2 + [None])
    assert (halfway["remedy"]["grant"], halfway["remedy"]["key_policy_statement"]) == (None, None)
    kms.set_policy(who.arn, policy(halfway["remedy"]["policy_statement"]))
    assert ask(ansible, asked)["task"]["ready"] is True
    missing = arn.rsplit("/", 1)[0] + "/00000000-0000-0000-0000-000000000000"
    hidden = ask(ansible, {"task": {"kms_key_id": missing, **signed(who)}})["task"]
    assert causes(hidden) == ["foreign_account"] * 2 + [None]


def test_an_alias_whose_key_nobody_tells(kms: StrictKms, ansible: Ansible, key: str) -> None:
    """Where a denial names no key, the statement is one for the alias, and it suffices."""
    who = kms.principal(policy(allow("kms:ListAliases")))
    for operation in ("DescribeKey", "Encrypt"):
        message = f"User: {who.arn} is not authorized to perform: kms:{operation} with an unusual reason"
        kms.fault("error", operation, code="AccessDeniedException", message=message)
    result = ask(ansible, {"task": {"kms_key_id": "alias/permissions", **signed(who)}})["task"]
    kms.clear_faults()
    statement = result["remedy"]["policy_statement"]
    assert statement == {
        "Effect": "Allow",
        "Action": list(ACTIONS),
        "Resource": "arn:aws:kms:us-east-1:123456789012:key/*",
        "Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/permissions"}},
    }
    assert (result["key_arn"], result["remedy"]["grant"], causes(result)) == (None, None, ["unknown", "unknown", None])
    kms.set_policy(who.arn, policy(statement))
    run = ask(ansible, {"by alias": {"kms_key_id": "alias/permissions", **signed(who)}, "other": {"kms_key_id": kms.new_key(), **signed(who)}})
    assert (run["by alias"]["ready"], run["by alias"]["key_arn"], run["other"]["ready"]) == (True, key, False)


@pytest.mark.matrix
def test_a_session_of_a_role(kms: StrictKms, ansible: Ansible, key: str) -> None:
    role = kms.principal(policy(allow("kms:DescribeKey", "kms:Encrypt")), role=True)
    result = ask(ansible, {"task": {"kms_key_id": key, "role_arn": role.arn, "role_session_name": "vault-1"}})["task"]
    assert result["principal"]["arn"] == role.arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/vault-1"
    assert result["remedy"]["key_policy_statement"]["Principal"] == {"AWS": role.arn}
    kms.client().create_grant(**result["remedy"]["grant"])
    assert ask(ansible, {"task": {"kms_key_id": key, "role_arn": role.arn}})["task"]["ready"] is True


@pytest.mark.matrix
def test_keys_that_cannot_seal(kms: StrictKms, ansible: Ansible) -> None:
    client = kms.client()
    keys = {name: kms.new_key() for name in ("disabled", "deleted")}
    client.disable_key(KeyId=keys["disabled"])
    client.schedule_key_deletion(KeyId=keys["deleted"], PendingWindowInDays=7)
    keys["signing"] = kms.new_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")
    keys["import"] = kms.new_key(Origin="EXTERNAL")
    keys["missing"] = "alias/there-is-none"
    run = ask(ansible, {name: {"kms_key_id": arn} for name, arn in keys.items()})
    assert {name: run[name]["reason"] for name in keys} == {
        "disabled": "key_disabled",
        "deleted": "key_pending_deletion",
        "signing": "key_unusable",
        "import": "key_pending_import",
        "missing": "not_found",
    }
    for name in ("disabled", "deleted", "signing", "import"):
        result = run[name]
        # A failure is no denial: the permission is there.
        assert (verdicts(result), result["ready"]) == (["allowed", "failed", "not_tried"], False)
        assert result["summary"] == result["problems"][0]["msg"]
        assert result["remedy"] == {"msg": result["problems"][0]["remedy"], **NO_STATEMENTS}
    assert [run[name]["state"] for name in keys] == ["Disabled", "PendingDeletion", "Enabled", "PendingImport", None]
    assert verdicts(run["missing"]) == ["failed", "not_tried", "not_tried"]
    assert [call["operation"] for call in kms.calls() if call["key"] == keys["missing"]] == ["DescribeKey"]


@pytest.mark.matrix
def test_connection_errors(kms: StrictKms, ansible: Ansible, key: str, tmp_path: Path) -> None:
    """Each is a verdict with its reason and message, and the task does not fail."""
    role = kms.principal(policy(allow("kms:*")), role=True)
    nowhere, tls = refusing(), kms.url.replace("http:", "https:")
    certificates = make_certificates(tmp_path)
    with StrictKms(tls=(certificates.certificate, certificates.key)) as secure, proxy("user:pass-word") as between:
        variants: dict[str, dict[str, Any]] = {
            "refused": {"endpoint": nowhere},
            "dns": {"endpoint": "https://vpce-0123.kms.us-east-1.vpce.amazonaws.invalid"},
            "no tls": {"endpoint": tls},
            "untrusted": {"endpoint": secure.url},
            "proxy": {"proxy": between.url.replace("//", "//user:wrong-word@")},
            "proxy gone": {"proxy": nowhere},
            "half a pair": {"access_key": "AKIAHALF"},
            "nobody": {"access_key": "AKIANOBODY", "secret_key": "no-such-secret"},
            "profile": {"shared_creds_profile": "none"},
            "region": {"region": "eu-central-1"},
            "malformed": {"kms_key_id": "no such form"},
        }
        asked = {name: {"kms_key_id": key, "timeout": 1, **options} for name, options in variants.items()}
        run = ask(ansible, asked)
    assert {name: run[name]["reason"] for name in variants} == {
        "refused": "unreachable",
        "dns": "unreachable",
        "no tls": "tls_failed",
        "untrusted": "tls_failed",
        "proxy": "unreachable",
        "proxy gone": "unreachable",
        "half a pair": "incomplete_credentials",
        "nobody": "invalid_credentials",
        "profile": "no_credentials",
        "region": "region_mismatch",
        "malformed": "malformed_key_id",
    }
    for name in variants:
        result = run[name]
        assert (verdicts(result), result["ready"]) == (["failed", "not_tried", "not_tried"], False)
        assert result["summary"] == result["permissions"]["describe_key"]["msg"]
        assert result["remedy"] == {"msg": result["permissions"]["describe_key"]["remedy"], **NO_STATEMENTS}
    where = "AWS KMS cannot be reached in region us-east-1 (from environment variable AWS_REGION) at"
    assert run["refused"]["summary"] == f"{where} {nowhere} (from option endpoint): the connection was refused."
    assert run["refused"]["remedy"]["msg"] == WAY
    assert run["dns"]["summary"].endswith(": its name cannot be resolved.")
    assert run["dns"]["remedy"]["msg"].endswith("the name of a VPC endpoint can be resolved only in its VPC.")
    assert "(Proxy Authentication Required)" in run["proxy"]["summary"]
    assert run["proxy gone"]["summary"].endswith(f": the proxy {nowhere} cannot be reached.")
    assert run["region"]["summary"].endswith("but the region in effect is eu-central-1 (from option region).")
    assert (run["profile"]["credentials"], run["profile"]["principal"], run["profile"]["key_arn"]) == (None, None, key)
    assert run["profile"]["endpoint"]["value"] == kms.url
    assert "wrong-word" not in run.output + json.dumps(run.results)
    assert "no-such-secret" not in run.output + json.dumps(run.results)
    assert role.arn not in run.output


BEFALLS: dict[str, tuple[dict[str, Any], str]] = {
    "slow clock": ({"kind": "clock_skew", "seconds": 400}, "clock_skew"),
    "fast clock": ({"kind": "clock_skew", "seconds": -400}, "clock_skew"),
    "expired": ({"kind": "expired_token"}, "expired_credentials"),
    "throttled": ({"kind": "throttle"}, "throttled"),
    "500": ({"kind": "500"}, "kms_internal"),
    "hangs": ({"kind": "hang", "seconds": 3}, "timed_out"),
}


@pytest.mark.matrix
@pytest.mark.parametrize("operation", ["DescribeKey", "Encrypt"])
def test_what_befalls_one_call(kms: StrictKms, ansible: Ansible, operation: str) -> None:
    keys = {name: kms.new_key() for name in BEFALLS}
    for name, arn in keys.items():
        kms.fault(operation=operation, key=arn, **BEFALLS[name][0])
    run = ask(ansible, {name: {"kms_key_id": arn, "timeout": 1} for name, arn in keys.items()})
    first = ["allowed"] * CALLS.index(operation)
    for name, (_fault, reason) in BEFALLS.items():
        result = run[name]
        assert verdicts(result) == [*first, "failed", *["not_tried"] * (2 - len(first))]
        assert (result["reason"], result["ready"], result["key_arn"], result["remedy"]["grant"]) == (reason, False, keys[name], None)


def test_an_expired_session(kms: StrictKms, ansible: Ansible, key: str) -> None:
    """The messages contain no part of the credentials."""
    role = kms.principal(policy(allow("kms:*")), role=True)
    temporary = temporary_credentials(kms, role)
    kms.fault("expired_token", "DescribeKey")
    run = ansible.playbook([{"name": "task", MODULE: {"kms_key_id": key, **temporary}}]).succeeded()
    assert run["task"]["reason"] == "expired_credentials"
    assert run["task"]["remedy"]["msg"].startswith("Get new temporary credentials.")
    for secret in (temporary["secret_key"], temporary["session_token"]):
        assert secret not in run.output + json.dumps(run.results)


@pytest.mark.parametrize(
    ("hops", "with_role", "phrase"),
    [
        (0, True, "its session token does not arrive: its hop limit keeps it from containers."),
        (1, False, "but the instance has no role: attach an instance profile."),
    ],
)
def test_an_instance_without_credentials(
    kms: StrictKms, tmp_path: Path, key: str, hops: int, with_role: bool, phrase: str
) -> None:
    environment = {name: value for name, value in kms.environment().items() if not name.startswith(("AWS_ACCESS", "AWS_SECRET"))}
    temporary = temporary_credentials(kms, kms.principal(policy(allow("kms:*")), role=True)) if with_role else None
    with metadata_service(temporary, hops=hops) as service:
        environment.update(AWS_EC2_METADATA_DISABLED="false", AWS_EC2_METADATA_SERVICE_ENDPOINT=service.url)
        result = ask(Ansible(tmp_path, environment), {"task": {"kms_key_id": key}})["task"]
    assert (result["reason"], verdicts(result)) == ("no_credentials", ["failed", "not_tried", "not_tried"])
    assert result["summary"].startswith("No AWS credentials were found. The instance's metadata service answers, ")
    assert phrase in result["summary"]


@pytest.mark.matrix
def test_failing_only_on_request(kms: StrictKms, ansible: Ansible, key: str) -> None:
    who = kms.principal(policy(allow("kms:DescribeKey", "kms:Encrypt")))
    options = {"kms_key_id": key, **signed(who)}
    run = ansible.playbook(
        [
            {"name": "told", MODULE: options},
            {"name": "no key", MODULE: {}},
            {"name": "failed", MODULE: {**options, "fail_unless_ready": True}, "ignore_errors": True},
        ]
    ).succeeded()
    reported, failed = run["told"], run["failed"]
    assert failed["failed"] is True
    assert failed["msg"] == f"kms:Decrypt is denied to {who.arn} for the key {key}. Allow kms:Decrypt by an IAM policy, the key policy or a grant."
    same = ("ready", "reason", "summary", "remedy", "principal", "key_arn", "kms_key_id", "region", "endpoint", "credentials", "problems")
    assert {name: failed[name] for name in same} == {name: reported[name] for name in same}
    assert verdicts(failed) == ["allowed", "allowed", "denied"]
    assert (run["no key"]["reason"], run["no key"]["kms_key_id"]) == ("no_key", None)


@pytest.mark.matrix
def test_a_host_without_the_library(kms: StrictKms, ansible: Ansible, key: str, tmp_path: Path) -> None:
    """An empty package instead of botocore, like on a host without boto3."""
    (tmp_path / "botocore.py").write_text("", encoding="utf-8")
    run = ask(ansible, {"task": {"kms_key_id": key}}, environment={"PYTHONPATH": str(tmp_path)})
    assert (run["task"]["reason"], verdicts(run["task"])) == ("missing_library", ["failed", "not_tried", "not_tried"])
    assert run["task"]["remedy"]["msg"] == "Install boto3 1.26.27 or later for the Python that runs this."


def test_the_key_of_the_environment(kms: StrictKms, ansible: Ansible, key: str) -> None:
    result = ask(ansible, {"task": {}}, environment={"VAULT_AWSKMS_SEAL_KEY_ID": key})["task"]
    assert (result["ready"], result["kms_key_id"]) == (True, {"value": key, "source": "environment variable VAULT_AWSKMS_SEAL_KEY_ID"})
