# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module awskms_key_info, run by Ansible against the strict KMS: every state and kind of key, every reference, every permission."""

from __future__ import annotations

import functools
import subprocess
import time
from typing import Any

import pytest

from support.ansible_run import Ansible, Run, host_python
from support.strict_kms import Credentials, StrictKms

MODULE = "sealwright.vault_seal.awskms_key_info"
REGION = "us-east-1"
OTHER_REGION = "eu-central-1"
NOWHERE = "00000000-0000-0000-0000-000000000000"
INCLUDES = ["aliases", "grants", "policy", "rotation", "tags"]
Entry = dict[str, Any]


@functools.cache
def host_knows(operation: str) -> bool:
    """Whether the botocore that the module runs with knows an operation."""
    asked = f"import botocore.session as s; print({operation!r} in s.get_session().get_service_model('kms').operation_names)"
    return subprocess.run([host_python(), "-c", asked], capture_output=True, text=True, check=True).stdout.strip() == "True"


@pytest.fixture(autouse=True)
def fresh_journal(kms: StrictKms) -> None:
    kms.clear_calls()


@pytest.fixture(scope="module")
def ansible_without_region(kms: StrictKms, tmp_path_factory: pytest.TempPathFactory) -> Ansible:
    environment = kms.environment()
    del environment["AWS_REGION"]
    return Ansible(tmp_path_factory.mktemp("ansible"), environment)


def entries(ansible: Ansible, keys: Any, **options: Any) -> list[Entry]:
    """The keys in the result of one task."""
    run = ansible.playbook([{"name": "ask", MODULE: {"kms_key_id": keys, **options}}]).succeeded()
    assert run["ask"]["changed"] is False
    result: list[Entry] = run["ask"]["kms_keys"]
    return result


def failures(run: Run) -> dict[str, str]:
    """The reasons of the tasks that failed, by their names."""
    return {record["task"]: record["result"]["reason"] for record in run.results if record["outcome"] == "failed"}


def policy(*actions: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


def credentials(who: Credentials) -> dict[str, str]:
    return {"access_key": who.access_key, "secret_key": who.secret_key}


def key_id(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


@pytest.mark.matrix
def test_every_state_and_kind_of_key(kms: StrictKms, ansible: Ansible) -> None:
    client = kms.client("kms")
    keys = {name: kms.new_key() for name in ("enabled", "updating", "disabled", "pending deletion", "replicas", "creating", "unavailable")}
    client.disable_key(KeyId=keys["disabled"])
    deletion = client.schedule_key_deletion(KeyId=keys["pending deletion"], PendingWindowInDays=7)["DeletionDate"]
    kms.set_key_state(keys["updating"], "Updating")
    kms.set_key_state(keys["replicas"], "PendingReplicaDeletion")
    kms.set_key_state(keys["creating"], "Creating")
    kms.set_key_state(keys["unavailable"], "Unavailable")
    keys["pending import"] = kms.new_key(Origin="EXTERNAL")
    for name, valid_to in (("imported", None), ("expiring", time.time() + 86400), ("expired", 1700000000)):
        keys[name] = kms.new_key(Origin="EXTERNAL")
        kms.set_key_state(keys[name], "Enabled", valid_to)
    keys["signing"] = kms.new_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")
    keys["mac"] = kms.new_key(KeyUsage="GENERATE_VERIFY_MAC", KeySpec="HMAC_256")
    keys["asymmetric"] = kms.new_key(KeySpec="RSA_2048")

    kms.clear_calls()
    result = dict(zip(keys, entries(ansible, list(keys.values())), strict=True))

    assert [entry["asked"] for entry in result.values()] == list(keys.values())
    assert {name: entry["usable_for_seal"] for name, entry in result.items() if entry["usable_for_seal"]} == dict.fromkeys(
        ["enabled", "updating", "imported", "expiring"], True
    )
    assert {name: [problem["reason"] for problem in entry["problems"]] for name, entry in result.items() if entry["problems"]} == {
        "disabled": ["key_disabled"],
        "pending deletion": ["key_pending_deletion"],
        "replicas": ["key_pending_deletion"],
        "creating": ["key_unusable"],
        "unavailable": ["key_unusable"],
        "pending import": ["key_pending_import"],
        "expired": ["key_pending_import"],
        "signing": ["key_unusable"],
        "mac": ["key_unusable"],
        "asymmetric": ["key_unusable"],
    }
    assert {name: [warning["reason"] for warning in entry["warnings"]] for name, entry in result.items() if entry["warnings"]} == {
        "expiring": ["key_material_expires"]
    }
    until = deletion.astimezone().utctimetuple()
    assert result["pending deletion"]["deletion_date"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", until)
    assert result["pending deletion"]["deletion_date"] in result["pending deletion"]["problems"][0]["msg"]
    assert result["expired"]["problems"][0]["msg"] == "The imported key material expired at 2023-11-14T22:13:20Z."
    assert (result["expired"]["valid_to"], result["imported"]["valid_to"]) == ("2023-11-14T22:13:20Z", None)
    assert result["pending import"]["origin"] == "EXTERNAL"
    assert result["signing"]["problems"][0]["msg"] == "The key's usage is SIGN_VERIFY (key spec RSA_2048); it cannot encrypt."
    assert result["mac"]["problems"][0]["msg"] == "The key's usage is GENERATE_VERIFY_MAC (key spec HMAC_256); it cannot encrypt."
    assert result["asymmetric"]["problems"][0]["msg"] == "The key is asymmetric (key spec RSA_2048)."
    # DescribeKey is all that was asked for.
    assert {call["operation"] for call in kms.calls()} == {"DescribeKey"}
    assert len(kms.calls()) == len(keys)


@pytest.mark.matrix
def test_every_form_of_reference(kms: StrictKms, ansible: Ansible) -> None:
    arn = kms.new_key(alias="alias/team/every_form", Description="Seals our Vault")
    alias_arn = arn.replace(f"key/{key_id(arn)}", "alias/team/every_form")
    asked = [key_id(arn), arn, "alias/team/every_form", alias_arn]

    log_entries = entries(ansible, asked)

    assert [entry["asked"] for entry in log_entries] == asked
    assert [entry["arn"] for entry in log_entries] == [arn] * 4
    assert [entry["key_id"] for entry in log_entries] == [key_id(arn)] * 4
    assert [entry["alias"] for entry in log_entries] == [None, None, "alias/team/every_form", "alias/team/every_form"]
    facts = {name: log_entries[0][name] for name in ("state", "enabled", "usage", "spec", "origin", "manager", "description", "encryption_algorithms")}
    assert facts == {
        "state": "Enabled",
        "enabled": True,
        "usage": "ENCRYPT_DECRYPT",
        "spec": "SYMMETRIC_DEFAULT",
        "origin": "AWS_KMS",
        "manager": "CUSTOMER",
        "description": "Seals our Vault",
        "encryption_algorithms": ["SYMMETRIC_DEFAULT"],
    }
    assert time.strptime(log_entries[0]["creation_date"], "%Y-%m-%dT%H:%M:%SZ")
    assert {name: log_entries[0][name] for name in ("deletion_date", "valid_to", "expiration_model", "custom_key_store_id", "multi_region")} == dict.fromkeys(
        ["deletion_date", "valid_to", "expiration_model", "custom_key_store_id", "multi_region"]
    )


@pytest.mark.matrix
def test_ad_hoc_and_in_check_mode_with_one_key_as_text(kms: StrictKms, ansible: Ansible) -> None:
    arn = kms.new_key(alias="alias/ad-hoc")
    # Without this, callbacks are not told of ad hoc commands.
    run = ansible.ad_hoc(MODULE, "key_id=alias/ad-hoc", "--check", env={"ANSIBLE_LOAD_CALLBACK_PLUGINS": "true"}).succeeded()
    (result,) = [record["result"] for record in run.results]
    assert result["changed"] is False
    assert [entry["arn"] for entry in result["kms_keys"]] == [arn]
    assert result["connection"]["region"] == {"value": REGION, "source": "environment variable AWS_REGION"}


def test_where_the_key_comes_from(kms: StrictKms, ansible: Ansible) -> None:
    first, second = kms.new_key(), kms.new_key()
    both = {"VAULT_AWSKMS_SEAL_KEY_ID": first, "AWSKMS_WRAPPER_KEY_ID": second}
    run = ansible.playbook(
        [
            {"name": "both", MODULE: {}, "environment": both},
            {"name": "one", MODULE: {}, "environment": {"AWSKMS_WRAPPER_KEY_ID": second}},
            {"name": "option", MODULE: {"kms_key_id": second}, "environment": both},
            {"name": "empty list", MODULE: {"kms_key_id": []}, "environment": both},
            {"name": "none", MODULE: {}, "ignore_errors": True},
        ]
    ).succeeded()
    results = {name: [entry["arn"] for entry in run[name]["kms_keys"]] for name in ("both", "one", "option", "empty list")}
    # A list that came out empty is not taken for "not given".
    assert results == {"both": [first], "one": [second], "option": [second], "empty list": []}
    assert failures(run) == {"none": "no_key"}
    assert run["none"]["msg"] == "No KMS key is set. Set the option kms_key_id or the environment variable VAULT_AWSKMS_SEAL_KEY_ID."


def test_multi_region_key_with_replicas(kms: StrictKms, ansible_without_region: Ansible) -> None:
    primary = kms.new_key(alias="alias/everywhere", MultiRegion=True)
    kms.client("kms").replicate_key(KeyId=primary, ReplicaRegion=OTHER_REGION)
    replica = primary.replace(REGION, OTHER_REGION)
    alias_arn = primary.replace(f"key/{key_id(primary)}", "alias/everywhere")

    log_entries = entries(ansible_without_region, [primary, replica, alias_arn])

    assert [entry["arn"] for entry in log_entries] == [primary, replica, primary]
    assert [entry["multi_region"]["role"] for entry in log_entries] == ["PRIMARY", "REPLICA", "PRIMARY"]
    for entry in log_entries:
        assert entry["multi_region"]["primary"] == {"arn": primary, "region": REGION}
        assert entry["multi_region"]["replicas"] == [{"arn": replica, "region": OTHER_REGION}]
        assert (entry["usable_for_seal"], entry["warnings"]) == (True, [])
    assert [call["region"] for call in kms.calls("DescribeKey")] == [REGION, OTHER_REGION, REGION]


def test_a_region_in_force_against_the_arns(kms: StrictKms, ansible: Ansible) -> None:
    multi = kms.new_key(MultiRegion=True)
    kms.client("kms").replicate_key(KeyId=multi, ReplicaRegion=OTHER_REGION)
    lonely = kms.new_key(MultiRegion=True)
    single = kms.new_key()
    there = kms.new_key(OTHER_REGION)

    log_entries = entries(ansible, [multi, lonely, single, there], region=OTHER_REGION)

    # Of a multi-Region key, its replica in the region in force is what a seal would use; so it is described, and said.
    assert log_entries[0]["arn"] == multi.replace(REGION, OTHER_REGION)
    assert log_entries[0]["usable_for_seal"] is True
    assert log_entries[0]["warnings"] == [
        {
            "reason": "region_mismatch",
            "msg": f"The ARN is in region {REGION}, but the region in effect is {OTHER_REGION} (from option region): the related key in that region is "
            "described.",
            "remedy": f"Remove the region setting, or set it to {REGION}.",
        }
    ]
    assert (log_entries[1]["reason"], log_entries[1]["usable_for_seal"]) == ("not_found", False)
    assert (log_entries[2]["reason"], log_entries[2]["usable_for_seal"]) == ("region_mismatch", False)
    assert log_entries[2]["msg"] == (
        f"The key {single} (from option kms_key_id) is in region {REGION}, but the region in effect is {OTHER_REGION} (from option region)."
    )
    assert log_entries[3]["arn"] == there
    assert single not in [call["key"] for call in kms.calls()]


@pytest.mark.matrix
def test_a_list_is_answered_in_full(kms: StrictKms, ansible: Ansible) -> None:
    good, hidden = kms.new_key(), kms.new_key(alias="alias/hidden")
    only_good = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "kms:DescribeKey", "Resource": good}],
    }
    asked = [NOWHERE, "alias/none", hidden, "alias/hidden", good]

    log_entries = entries(ansible, asked, **credentials(kms.principal(only_good)))

    assert [entry["asked"] for entry in log_entries] == asked
    assert [entry.get("reason") for entry in log_entries] == ["not_found", "not_found", "access_denied", "access_denied", None]
    assert [entry["usable_for_seal"] for entry in log_entries] == [False, False, False, False, True]
    for entry in log_entries[:4]:
        assert entry["problems"] == [{name: entry[name] for name in ("reason", "msg", "remedy")}]
        assert set(entry) == {"asked", "usable_for_seal", "problems", "warnings", "reason", "msg", "remedy"}
    assert log_entries[1]["msg"].startswith(f"AWS rejected DescribeKey with key alias/none in region {REGION} (from environment variable AWS_REGION)")
    for entry in log_entries[2:4]:
        assert f'{{"Effect": "Allow", "Action": "kms:DescribeKey", "Resource": "{hidden}"}}' in entry["remedy"]


@pytest.mark.matrix
def test_all_that_can_be_included(kms: StrictKms, ansible: Ansible) -> None:
    client = kms.client("kms")
    # More than KMS answers on one page.
    names = {f"alias/included-{number:02}" for number in range(55)}
    arn = kms.new_key(alias="alias/included", Tags=[{"TagKey": "team", "TagValue": "platform"}, {"TagKey": "stage", "TagValue": ""}])
    for name in names:
        client.create_alias(AliasName=name, TargetKeyId=arn)
    grantee = kms.principal().arn
    grants = {
        client.create_grant(KeyId=arn, GranteePrincipal=grantee, Operations=["Encrypt", "Decrypt"], Name=f"grant-{number}")["GrantId"]
        for number in range(55)
    }
    client.enable_key_rotation(KeyId=arn, RotationPeriodInDays=90)
    client.rotate_key_on_demand(KeyId=arn)

    (entry,) = entries(ansible, "alias/included", include=INCLUDES)

    assert {alias["name"] for alias in entry["aliases"]} == names | {"alias/included"}
    assert {alias["target_key_id"] for alias in entry["aliases"]} == {key_id(arn)}
    assert entry["tags"] == {"team": "platform", "stage": ""}
    assert entry["policy"]["Statement"][0]["Action"] == "kms:*"
    assert {grant["grant_id"] for grant in entry["grants"]} == grants
    assert {(grant["grantee_principal"], tuple(grant["operations"])) for grant in entry["grants"]} == {(grantee, ("Encrypt", "Decrypt"))}
    rotation = entry["rotation"]
    assert rotation["enabled"] is True
    if host_knows("ListKeyRotations"):
        assert rotation["period_in_days"] == 90
        assert time.strptime(rotation["next_date"], "%Y-%m-%dT%H:%M:%SZ")
        assert [past["type"] for past in rotation["history"]] == ["ON_DEMAND"]
        assert time.strptime(rotation["history"][0]["date"], "%Y-%m-%dT%H:%M:%SZ")
    else:
        assert rotation["history"]["reason"] == "unsupported_by_sdk"
    assert (entry["usable_for_seal"], entry["problems"]) == (True, [])


PERMISSIONS = {
    "aliases": "kms:ListAliases",
    "grants": "kms:ListGrants",
    "policy": "kms:GetKeyPolicy",
    "rotation": "kms:GetKeyRotationStatus",
    "tags": "kms:ListResourceTags",
}


@pytest.mark.matrix
def test_what_is_not_permitted_is_named_and_hides_nothing_else(kms: StrictKms, ansible: Ansible) -> None:
    arn = kms.new_key(Tags=[{"TagKey": "team", "TagValue": "platform"}])
    every = ["kms:DescribeKey", "kms:ListKeyRotations", *PERMISSIONS.values()]
    tasks = []
    for name, action in PERMISSIONS.items():
        who = kms.principal(policy(*[permitted for permitted in every if permitted != action]))
        tasks.append({"name": f"without {name}", MODULE: {"kms_key_id": arn, "include": INCLUDES, **credentials(who)}})
    who = kms.principal(policy(*[permitted for permitted in every if permitted != "kms:ListKeyRotations"]))
    tasks.append({"name": "without history", MODULE: {"kms_key_id": arn, "include": INCLUDES, **credentials(who)}})
    who = kms.principal(policy("kms:DescribeKey"))
    tasks.append({"name": "without all", MODULE: {"kms_key_id": arn, "include": INCLUDES, **credentials(who)}})

    run = ansible.playbook(tasks).succeeded()

    for missing, action in PERMISSIONS.items():
        (entry,) = run[f"without {missing}"]["kms_keys"]
        assert entry["usable_for_seal"] is True
        refused = {name for name in INCLUDES if isinstance(entry[name], dict) and entry[name].get("reason")}
        assert refused == {missing}
        assert entry[missing]["reason"] == "access_denied"
        assert action in entry[missing]["msg"]
        # ListAliases is no key's: IAM grants it for all resources or not at all.
        resource = "*" if missing == "aliases" else arn
        assert f'"Action": "{action}", "Resource": "{resource}"' in entry[missing]["remedy"]
    without_history = run["without history"]["kms_keys"][0]["rotation"]
    assert without_history["enabled"] is False
    expected = "access_denied" if host_knows("ListKeyRotations") else "unsupported_by_sdk"
    assert without_history["history"]["reason"] == expected
    if host_knows("ListKeyRotations"):
        assert run["without rotation"]["kms_keys"][0]["rotation"]["history"] == []
    (entry,) = run["without all"]["kms_keys"]
    assert {name: entry[name]["reason"] for name in INCLUDES} == dict.fromkeys(INCLUDES, "access_denied")
    assert entry["arn"] == arn


def test_an_included_fact_that_fails_hides_nothing(kms: StrictKms, ansible: Ansible) -> None:
    asymmetric, mac, arn = kms.new_key(KeySpec="RSA_2048"), kms.new_key(KeyUsage="GENERATE_VERIFY_MAC", KeySpec="HMAC_256"), kms.new_key()
    kms.fault("500", "ListGrants", key=arn)
    try:
        log_entries = entries(ansible, [asymmetric, mac, arn], include=["grants", "rotation", "tags"], timeout=1)
    finally:
        kms.clear_faults()
    for entry in log_entries[:2]:
        assert (entry["rotation"]["reason"], entry["rotation"]["history"]["reason"]) == (
            "unsupported_operation",
            "unsupported_operation" if host_knows("ListKeyRotations") else "unsupported_by_sdk",
        )
        assert (entry["grants"], entry["tags"]) == ([], {})
    assert (log_entries[2]["grants"]["reason"], log_entries[2]["rotation"]["enabled"], log_entries[2]["tags"]) == ("kms_internal", False, {})


def test_what_fails_the_module(kms: StrictKms, ansible: Ansible) -> None:
    arn = kms.new_key()
    kms.clear_calls()
    nobody = {"endpoint": "http://127.0.0.1:9", "timeout": 1}
    asked: dict[str, dict[str, Any]] = {
        "malformed": {"kms_key_id": [arn, "no such form"]},
        "unreachable": {"kms_key_id": [arn, "alias/none"], **nobody},
        # A region mismatch is no answer of KMS: where there is no other, the failure is told.
        "mismatch, unreachable": {"kms_key_id": [arn, "alias/none"], "region": OTHER_REGION, **nobody},
        "nobody's key": {"kms_key_id": [arn, "alias/none"], "access_key": "AKIAUNKNOWN", "secret_key": "unknown"},
    }
    run = ansible.playbook([{"name": name, MODULE: options, "ignore_errors": True} for name, options in asked.items()]).succeeded()
    assert failures(run) == {
        "malformed": "malformed_key_id",
        "unreachable": "unreachable",
        "mismatch, unreachable": "unreachable",
        "nobody's key": "invalid_credentials",
    }
    assert run["malformed"]["msg"].startswith("The key from option kms_key_id is invalid: 'no such form' is not a valid KMS key reference.")
    assert run["nobody's key"]["aws_code"] == "UnrecognizedClientException"
    # The malformed reference kept KMS from being asked for the other; wrong credentials were tried once.
    assert [(call["operation"], call["key"]) for call in kms.calls()] == [("DescribeKey", arn)]


def test_a_region_that_cannot_be_asked_does_not_hide_the_others(kms: StrictKms, ansible_without_region: Ansible) -> None:
    # AWS answers so in a region that the account has not enabled.
    here, there, there_too = kms.new_key(), kms.new_key(OTHER_REGION), kms.new_key(OTHER_REGION)
    kms.clear_calls()
    kms.fault(
        "error", "DescribeKey", key=OTHER_REGION, code="UnrecognizedClientException", message="The security token included in the request is invalid."
    )
    try:
        log_entries = entries(ansible_without_region, [there, here, there_too])
    finally:
        kms.clear_faults()
    assert [entry.get("reason") for entry in log_entries] == ["invalid_credentials", None, "invalid_credentials"]
    assert log_entries[1]["arn"] == here
    assert log_entries[2]["msg"].startswith(f"Not asked for because of a previous error: AWS rejected DescribeKey with key {there} ")
    assert [call["key"] for call in kms.calls()] == [there, here]


def test_keys_without_a_region_beside_those_that_name_one(kms: StrictKms, ansible_without_region: Ansible) -> None:
    arn = kms.new_key()
    run = ansible_without_region.playbook(
        [
            {"name": "beside", MODULE: {"kms_key_id": ["alias/somewhere", arn]}},
            {"name": "alone", MODULE: {"kms_key_id": "alias/somewhere"}, "ignore_errors": True},
        ]
    ).succeeded()
    assert [entry.get("reason") for entry in run["beside"]["kms_keys"]] == ["no_region", None]
    assert failures(run) == {"alone": "no_region"}
