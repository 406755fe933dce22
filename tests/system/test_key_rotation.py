# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""awskms_key_rotation against the strict KMS: the material is rotated once, the module waits, and values can be unwrapped afterwards."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import Any

from support.ansible_run import Ansible
from support.strict_kms import StrictKms

MODULE = "sealwright.vault_seal.awskms_key_rotation"


def now(seconds: float = 0.0) -> str:
    return f"{datetime.now(timezone.utc) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def rotations(kms: StrictKms, key: str) -> int:
    return len(kms.client().list_key_rotations(KeyId=key)["Rotations"])


def test_a_key_gets_new_material_once_and_opens_what_was_sealed_before(kms: StrictKms, ansible: Ansible) -> None:
    key = kms.new_key(alias="alias/rotated")
    aws = kms.client()
    sealed = aws.encrypt(KeyId=key, Plaintext=b"a value")["CiphertextBlob"]
    rotate = {MODULE: {"kms_key_id": "alias/rotated", "rotated_since": now()}}
    tried = ansible.playbook([{"name": "try", **rotate, "check_mode": True, "diff": True}]).succeeded()["try"]
    assert (tried["changed"], tried["rotated_at"], tried["diff"]["before"], rotations(kms, key)) == (True, None, f"{key} rotated: never\n", 0)

    # KMS takes a while; meanwhile nobody can begin another.
    kms.set_rotation_time(3)
    run = ansible.playbook([{"name": "rotate", **rotate}, {"name": "again", **rotate}]).succeeded()
    kms.set_rotation_time(0)
    assert (run["rotate"]["changed"], run["again"]["changed"], run["rotate"]["key_id"], rotations(kms, key)) == (True, False, key, 1)
    assert run["rotate"]["history"] == [{"date": run["rotate"]["rotated_at"], "type": "ON_DEMAND"}]
    assert aws.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"a value"


def test_a_rotation_under_way_is_waited_for(kms: StrictKms, ansible: Ansible) -> None:
    key = kms.new_key()
    values = {"kms_key_id": key, "rotated_since": now(-60)}
    kms.set_rotation_time(600)
    kms.client().rotate_key_on_demand(KeyId=key)
    given_up = ansible.playbook([{"name": "wait", MODULE: {**values, "wait": 0}, "ignore_errors": True}]).succeeded()["wait"]
    kms.set_rotation_time(0)
    assert (given_up["reason"], "does not start another one" in given_up["msg"]) == ("timed_out", True)
    done = ansible.playbook([{"name": "wait", MODULE: values}]).succeeded()["wait"]
    assert (done["changed"], rotations(kms, key)) == (False, 1)


def test_what_cannot_be_rotated(kms: StrictKms, ansible: Ansible) -> None:
    key, disabled, worn = (kms.new_key() for dummy in range(3))
    aws = kms.client()
    aws.disable_key(KeyId=disabled)
    for _dummy in range(25):
        aws.rotate_key_on_demand(KeyId=worn)
    imported = kms.new_key(Origin="EXTERNAL")
    kms.set_key_state(imported, "Enabled")
    primary = kms.new_key(MultiRegion=True)
    replica = aws.replicate_key(KeyId=primary, ReplicaRegion="eu-central-1")["ReplicaKeyMetadata"]["Arn"]
    statement = {"Effect": "Allow", "Action": ["kms:DescribeKey", "kms:GetKeyRotationStatus", "kms:ListKeyRotations"], "Resource": "*"}
    reader = kms.principal({"Version": "2012-10-17", "Statement": [statement]})
    later = now(3600)
    time.sleep(1.1)  # so that the second in which the worn key was rotated is over
    cases: dict[str, tuple[str, str, dict[str, Any]]] = {
        "disabled": ("key_disabled", "cannot be rotated: The key is disabled.", {"kms_key_id": disabled}),
        "imported": ("key_unusable", "because its origin is EXTERNAL", {"kms_key_id": imported}),
        "replica": ("key_unusable", f"Use the primary key: {primary}.", {"kms_key_id": replica, "region": "eu-central-1"}),
        "worn": ("unsupported_operation", "has reached the limit of on-demand rotations", {"kms_key_id": worn, "rotated_since": now(), "timeout": 2}),
        "denied": ("access_denied", "kms:RotateKeyOnDemand", {"access_key": reader.access_key, "secret_key": reader.secret_key}),
        "future": ("invalid_option", f"The time {later} (from option rotated_since) is in the future", {"rotated_since": later}),
        "no_time": ("invalid_option", "'yesterday' (from option rotated_since) is not a valid time", {"rotated_since": "yesterday"}),
    }
    tasks = [
        {"name": name, MODULE: {"kms_key_id": key, "rotated_since": now(-60), **message}, "ignore_errors": True} for name, (*dummy, message) in cases.items()
    ]
    tried = ansible.playbook(tasks).succeeded()
    assert {name: tried[name].get("reason") for name in cases} == {name: reason for name, (reason, *dummy) in cases.items()}
    assert {name: tried[name]["msg"] for name, (dummy, text, *dummy_rest) in cases.items() if text not in tried[name]["msg"]} == {}
    assert rotations(kms, key) == 0
