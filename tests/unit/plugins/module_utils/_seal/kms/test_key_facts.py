# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the judgement says of every state and kind of key that KMS knows.

Which states allow Encrypt and Decrypt is AWS's "Key states of AWS KMS keys"; the names are taken from botocore's service model, so that a
new one does not go unnoticed.
"""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import botocore.session
import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.key_facts import (
    alias_facts,
    date_text,
    grant_facts,
    key_facts,
    key_problems,
    key_warnings,
    policy_document,
    rotation_entry,
    rotation_status,
)

ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
ACCOUNT = "111122223333"
ARN = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{ID}"
NOW = datetime(2026, 6, 1, 12, 0, tzinfo=timezone.utc)
PAST = NOW - timedelta(days=1)
FUTURE = NOW + timedelta(days=30)
MODEL = botocore.session.get_session().get_service_model("kms")


def metadata(**changes: Any) -> dict[str, Any]:
    """DescribeKey's KeyMetadata of an ordinary key, with changes; None takes a field out."""
    values = {
        "AWSAccountId": ACCOUNT,
        "KeyId": ID,
        "Arn": ARN,
        "CreationDate": datetime(2026, 1, 31, 13, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1))),
        "Enabled": changes.get("KeyState", "Enabled") == "Enabled",
        "Description": "Seals our Vault",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": "Enabled",
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": False,
        **changes,
    }
    return {name: value for name, value in values.items() if value is not None}


def judged(**changes: Any) -> list[tuple[str, str]]:
    return [(problem.reason, problem.msg) for problem in key_problems(metadata(**changes), NOW)]


def test_all_facts_of_an_ordinary_key() -> None:
    assert key_facts(metadata(), NOW) == {
        "key_id": ID,
        "arn": ARN,
        "account": ACCOUNT,
        "description": "Seals our Vault",
        "state": "Enabled",
        "enabled": True,
        "usage": "ENCRYPT_DECRYPT",
        "spec": "SYMMETRIC_DEFAULT",
        "encryption_algorithms": ["SYMMETRIC_DEFAULT"],
        "origin": "AWS_KMS",
        "expiration_model": None,
        "valid_to": None,
        "manager": "CUSTOMER",
        "custom_key_store_id": None,
        "multi_region": None,
        "creation_date": "2026-01-31T12:00:00Z",
        "deletion_date": None,
        "pending_deletion_window_in_days": None,
        "usable_for_seal": True,
        "problems": [],
        "warnings": [],
    }


STATES = {
    "Enabled": [],
    "Updating": [],
    "Disabled": [("key_disabled", "The key is disabled.")],
    "PendingDeletion": [
        (
            "key_pending_deletion",
            "The key is pending deletion. It will be deleted at 2026-07-01T12:00:00Z; after that, values sealed under it can never be decrypted again.",
        )
    ],
    "PendingReplicaDeletion": [("key_pending_deletion", "The key is pending deletion. It will be deleted 7 days after the last of its replicas is.")],
    "PendingImport": [("key_pending_import", "The key has no key material: it was not imported yet, was deleted, or has expired.")],
    "Creating": [("key_unusable", "The key is a replica that is still being created.")],
    "Unavailable": [("key_unusable", "The key is in a custom key store that is disconnected.")],
}


def test_every_state_that_kms_knows_is_judged_here() -> None:
    assert set(MODEL.shape_for("KeyState").enum) == set(STATES)


@pytest.mark.parametrize("state", STATES)
def test_state(state: str) -> None:
    dates = {"PendingDeletion": {"DeletionDate": FUTURE}, "PendingReplicaDeletion": {"PendingDeletionWindowInDays": 7}}
    assert judged(KeyState=state, **dates.get(state, {})) == STATES[state]


def test_a_state_that_is_not_known_here_is_not_taken_for_usable() -> None:
    assert judged(KeyState="Hibernating") == [("key_unusable", "The key is in the state Hibernating.")]


def test_a_date_of_deletion_that_is_not_told_is_left_out() -> None:
    assert judged(KeyState="PendingDeletion") == [("key_pending_deletion", "The key is pending deletion.")]
    assert judged(KeyState="PendingReplicaDeletion") == [
        ("key_pending_deletion", "The key is pending deletion. It will be deleted after the last of its replicas is.")
    ]


def test_every_usage_but_one_is_refused() -> None:
    others = set(MODEL.shape_for("KeyUsageType").enum) - {"ENCRYPT_DECRYPT"}
    assert {"SIGN_VERIFY", "GENERATE_VERIFY_MAC"} <= others
    for usage in others:
        assert judged(KeyUsage=usage, KeySpec="OTHER") == [("key_unusable", f"The key's usage is {usage} (key spec OTHER); it cannot encrypt.")]


def test_every_spec_but_one_is_refused() -> None:
    others = set(MODEL.shape_for("KeySpec").enum) - {"SYMMETRIC_DEFAULT"}
    assert {"RSA_2048", "ECC_NIST_P256", "HMAC_256"} <= others
    for spec in others:
        assert judged(KeySpec=spec, CustomerMasterKeySpec=spec) == [("key_unusable", f"The key is asymmetric (key spec {spec}).")]


def test_the_spec_is_read_by_its_former_name_too() -> None:
    assert judged(KeySpec=None) == []
    assert judged(KeySpec=None, CustomerMasterKeySpec="RSA_4096") == [("key_unusable", "The key is asymmetric (key spec RSA_4096).")]


def test_a_key_that_aws_manages_is_refused() -> None:
    assert judged(KeyManager="AWS") == [
        (
            "key_unusable",
            "The key is managed by AWS: only the AWS service that owns it can use it, and its policy cannot be changed.",
        )
    ]


def test_imported_material_that_expires_is_a_warning_until_it_has() -> None:
    imported = {"Origin": "EXTERNAL", "ExpirationModel": "KEY_MATERIAL_EXPIRES"}
    assert judged(**imported, ValidTo=FUTURE) == []
    (warning,) = key_warnings(metadata(**imported, ValidTo=FUTURE), NOW)
    assert warning.reason == "key_material_expires"
    assert warning.msg.startswith("The imported key material expires at 2026-07-01T12:00:00Z;")

    expired = [("key_pending_import", "The imported key material expired at 2026-05-31T12:00:00Z.")]
    assert judged(**imported, ValidTo=PAST) == expired
    assert judged(**imported, ValidTo=NOW) == [("key_pending_import", "The imported key material expired at 2026-06-01T12:00:00Z.")]
    assert key_warnings(metadata(**imported, ValidTo=PAST), NOW) == []
    assert key_warnings(metadata(**imported, ValidTo=NOW), NOW) == []


def test_a_key_without_material_is_not_said_to_have_expired_too() -> None:
    assert judged(KeyState="PendingImport", Origin="EXTERNAL", ValidTo=PAST) == STATES["PendingImport"]


def test_problems_add_up() -> None:
    facts = key_facts(metadata(KeyState="Disabled", KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048"), NOW)
    assert [problem["reason"] for problem in facts["problems"]] == ["key_disabled", "key_unusable"]
    assert facts["usable_for_seal"] is False
    assert facts["enabled"] is False


def test_a_warning_leaves_the_key_usable() -> None:
    facts = key_facts(metadata(Origin="EXTERNAL", ExpirationModel="KEY_MATERIAL_EXPIRES", ValidTo=FUTURE), NOW)
    assert (facts["usable_for_seal"], facts["problems"]) == (True, [])
    assert [sorted(warning) for warning in facts["warnings"]] == [["msg", "reason", "remedy"]]
    assert (facts["valid_to"], facts["expiration_model"]) == ("2026-07-01T12:00:00Z", "KEY_MATERIAL_EXPIRES")


@pytest.mark.parametrize(
    "changes",
    [{"KeyState": state} for state in STATES if STATES[state]]
    + [{"KeyState": "Hibernating"}, {"KeyUsage": "SIGN_VERIFY"}, {"KeySpec": "RSA_2048"}, {"KeyManager": "AWS"}, {"ValidTo": PAST}],
    ids=str,
)
def test_every_problem_says_what_to_do(changes: dict[str, Any]) -> None:
    facts = key_facts(metadata(**changes), NOW)
    (problem,) = facts["problems"]
    assert set(problem) == {"reason", "msg", "remedy"}
    assert problem["msg"].endswith(".")
    assert problem["remedy"].endswith(".")
    assert not facts["usable_for_seal"]


def test_multi_region_key() -> None:
    def in_region(region: str) -> dict[str, str]:
        return {"Arn": f"arn:aws:kms:{region}:{ACCOUNT}:key/mrk-{32 * 'a'}", "Region": region}

    values = {
        "MultiRegionKeyType": "REPLICA",
        "PrimaryKey": in_region("us-east-1"),
        "ReplicaKeys": [in_region("eu-central-1"), in_region("eu-west-1")],
    }
    assert key_facts(metadata(MultiRegion=True, MultiRegionConfiguration=values), NOW)["multi_region"] == {
        "role": "REPLICA",
        "primary": {"arn": values["PrimaryKey"]["Arn"], "region": "us-east-1"},
        "replicas": [
            {"arn": values["ReplicaKeys"][0]["Arn"], "region": "eu-central-1"},
            {"arn": values["ReplicaKeys"][1]["Arn"], "region": "eu-west-1"},
        ],
    }


def test_rotation() -> None:
    status = {"KeyRotationEnabled": True, "RotationPeriodInDays": 90, "NextRotationDate": FUTURE, "OnDemandRotationStartDate": PAST}
    assert rotation_status(status) == {
        "enabled": True,
        "period_in_days": 90,
        "next_date": "2026-07-01T12:00:00Z",
        "on_demand_start_date": "2026-05-31T12:00:00Z",
    }
    # All that botocore of the lowest supported release passes on.
    assert rotation_status({"KeyRotationEnabled": False}) == {
        "enabled": False,
        "period_in_days": None,
        "next_date": None,
        "on_demand_start_date": None,
    }
    assert rotation_entry({"KeyId": ID, "RotationDate": PAST, "RotationType": "ON_DEMAND"}) == {
        "date": "2026-05-31T12:00:00Z",
        "type": "ON_DEMAND",
    }


def test_alias() -> None:
    arn = f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/vault"
    values = {"AliasName": "alias/vault", "AliasArn": arn, "TargetKeyId": ID, "CreationDate": PAST, "LastUpdatedDate": NOW}
    assert alias_facts(values) == {
        "name": "alias/vault",
        "arn": arn,
        "target_key_id": ID,
        "creation_date": "2026-05-31T12:00:00Z",
        "last_updated_date": "2026-06-01T12:00:00Z",
    }


def test_grant() -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/vault"
    values = {
        "KeyId": ARN,
        "GrantId": "abc",
        "Name": "vault",
        "CreationDate": PAST,
        "GranteePrincipal": role,
        "IssuingAccount": f"arn:aws:iam::{ACCOUNT}:root",
        "Operations": ["Encrypt", "Decrypt"],
        "Constraints": {"EncryptionContextSubset": {"a": "b"}},
    }
    expected = {
        "grant_id": "abc",
        "name": "vault",
        "grantee_principal": role,
        "retiring_principal": None,
        "issuing_account": f"arn:aws:iam::{ACCOUNT}:root",
        "operations": ["Encrypt", "Decrypt"],
        "constraints": {"EncryptionContextSubset": {"a": "b"}},
        "creation_date": "2026-05-31T12:00:00Z",
    }
    assert grant_facts(values) == expected
    del values["Name"], values["Constraints"]
    assert grant_facts({**values, "RetiringPrincipal": role}) == {**expected, "name": "", "constraints": {}, "retiring_principal": role}


def test_policy_is_data_where_it_is_json() -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}
    assert policy_document(json.dumps(policy)) == policy
    assert policy_document("no JSON") == "no JSON"


def test_dates_are_in_utc() -> None:
    assert date_text(None) is None
    assert date_text(datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))) == "2025-12-31T22:30:00Z"


def test_all_facts_can_become_json() -> None:
    everything = metadata(DeletionDate=FUTURE, ValidTo=FUTURE, MultiRegionConfiguration={"MultiRegionKeyType": "PRIMARY"})
    facts = key_facts(everything, NOW)
    assert json.loads(json.dumps(facts)) == facts


def test_what_kms_does_not_say_of_a_key_is_empty() -> None:
    facts = key_facts({"KeyId": ID, "Arn": ARN}, NOW)
    assert {name: value for name, value in facts.items() if value is not None} == {
        "key_id": ID,
        "arn": ARN,
        "description": "",
        "enabled": False,
        "encryption_algorithms": [],
        "usable_for_seal": False,
        "problems": [
            {"reason": "key_unusable", "msg": "The key is in the state .", "remedy": "Change the state of the key to Enabled."},
            {"reason": "key_unusable", "msg": "The key's usage is None (key spec None); it cannot encrypt.", "remedy": SYMMETRIC},
        ],
        "warnings": [],
    }


def test_what_kms_does_not_say_of_rotation_and_grants_is_empty() -> None:
    assert rotation_status({}) == {"enabled": False, "period_in_days": None, "next_date": None, "on_demand_start_date": None}
    assert rotation_entry({}) == {"date": None, "type": None}
    assert alias_facts({"AliasName": "alias/vault"}) == {
        "name": "alias/vault", "arn": None, "target_key_id": None, "creation_date": None, "last_updated_date": None,
    }
    assert grant_facts({"GrantId": "abc"}) == {
        "grant_id": "abc", "name": "", "grantee_principal": None, "retiring_principal": None, "issuing_account": None, "operations": [],
        "constraints": {}, "creation_date": None,
    }


SYMMETRIC = "Use a symmetric key with key usage ENCRYPT_DECRYPT and key spec SYMMETRIC_DEFAULT. They cannot be changed after a key is created."
CANCEL = "Cancel the deletion (kms:CancelKeyDeletion), then enable the key (kms:EnableKey)."
IMPORT = "Import the same key material again (kms:ImportKeyMaterial)."


@pytest.mark.parametrize(
    ("changes", "reason", "remedy"),
    [
        ({"KeyState": "Disabled"}, "key_disabled", "Enable the key (kms:EnableKey), or use another key."),
        (
            {"KeyState": "PendingImport"}, "key_pending_import",
            "Import the key material (kms:ImportKeyMaterial); if it was imported before, import the same material again.",
        ),
        (
            {"KeyState": "PendingImport", "ValidTo": PAST}, "key_pending_import",
            "Import the key material (kms:ImportKeyMaterial); if it was imported before, import the same material again.",
        ),
        ({"KeyState": "PendingDeletion"}, "key_pending_deletion", CANCEL),
        ({"KeyState": "PendingReplicaDeletion"}, "key_pending_deletion", CANCEL),
        ({"KeyState": "Creating"}, "key_unusable", "Try again in a few seconds."),
        ({"KeyState": "Unavailable"}, "key_unusable", "Connect the custom key store (kms:ConnectCustomKeyStore)."),
        ({"KeyState": "Hibernating"}, "key_unusable", "Change the state of the key to Enabled."),
        ({"KeyUsage": "SIGN_VERIFY"}, "key_unusable", SYMMETRIC),
        ({"KeySpec": "RSA_2048"}, "key_unusable", SYMMETRIC),
        ({"KeyManager": "AWS"}, "key_unusable", "Use a customer managed key."),
        ({"ValidTo": PAST}, "key_pending_import", IMPORT),
    ],
)
def test_what_to_do_about_a_key_that_cannot_seal(changes: dict[str, Any], reason: str, remedy: str) -> None:
    facts = key_facts(metadata(**changes), NOW)
    assert [(problem["reason"], problem["remedy"]) for problem in facts["problems"]] == [(reason, remedy)]
    assert (facts["usable_for_seal"], facts["warnings"]) == (False, [])


def test_all_that_is_wrong_with_a_key_is_said_the_state_first() -> None:
    assert [reason for reason, _msg in judged(KeyState="Disabled", KeyUsage="SIGN_VERIFY", KeyManager="AWS", ValidTo=PAST)] == [
        "key_disabled", "key_unusable", "key_unusable", "key_pending_import",
    ]


def test_material_expires_at_its_moment_and_not_before() -> None:
    moment = timedelta(seconds=1)
    assert [(warning.reason, warning.msg, warning.remedy) for warning in key_warnings(metadata(ValidTo=NOW + moment), NOW)] == [
        (
            "key_material_expires",
            "The imported key material expires at 2026-06-01T12:00:01Z; after that, values sealed under the key cannot be decrypted.",
            f"Keep the key material available. {IMPORT}",
        )
    ]
    assert judged(ValidTo=NOW + moment) == []
    for gone in (NOW, NOW - moment):
        assert key_warnings(metadata(ValidTo=gone), NOW) == []
        assert judged(ValidTo=gone) == [("key_pending_import", f"The imported key material expired at {date_text(gone)}.")]


def test_a_multi_region_key_of_which_little_is_told() -> None:
    nothing = {"arn": None, "region": None}
    assert key_facts(metadata(MultiRegionConfiguration={"MultiRegionKeyType": "PRIMARY"}), NOW)["multi_region"] == {
        "role": "PRIMARY", "primary": nothing, "replicas": [],
    }
    assert key_facts(metadata(MultiRegionConfiguration={"ReplicaKeys": [{}]}), NOW)["multi_region"] == {
        "role": None, "primary": nothing, "replicas": [nothing],
    }
    assert key_facts(metadata(MultiRegionConfiguration={}), NOW)["multi_region"] is None


def test_the_facts_of_a_key_in_a_custom_key_store_that_is_pending_deletion() -> None:
    facts = key_facts(
        metadata(KeyState="PendingDeletion", CustomKeyStoreId="cks-1234567890abcdef0", DeletionDate=FUTURE, PendingDeletionWindowInDays=7, ValidTo=FUTURE,
                 ExpirationModel="KEY_MATERIAL_EXPIRES", Origin="EXTERNAL"), NOW,
    )
    names = ("custom_key_store_id", "deletion_date", "pending_deletion_window_in_days", "valid_to", "expiration_model", "origin", "enabled", "state")
    assert [facts[name] for name in names] == [
        "cks-1234567890abcdef0", "2026-07-01T12:00:00Z", 7, "2026-07-01T12:00:00Z", "KEY_MATERIAL_EXPIRES", "EXTERNAL", False, "PendingDeletion",
    ]


def test_dates_are_in_utc_wherever_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        for zone in ("EST5EDT", "Asia/Tokyo"):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            assert date_text(NOW) == "2026-06-01T12:00:00Z"
            assert key_facts(metadata(DeletionDate=FUTURE), NOW)["deletion_date"] == "2026-07-01T12:00:00Z"
    finally:
        monkeypatch.undo()
        time.tzset()
