# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import KmsError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.key_details import INCLUDES, key_detail, listed

ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY = f"arn:aws:kms:us-east-1:111122223333:key/{ID}"
DATE = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
TEXT = "2026-01-31T12:00:00Z"


class Kms:
    """Answers with the pages of each operation, or raises the error that it is given."""

    def __init__(self, **answers):
        self.answers = answers
        self.asked = []

    def facts(self, operation, key_id):
        self.asked.append((operation, key_id))
        answer = self.answers[operation]
        if isinstance(answer, Exception):
            raise answer
        return answer


def denied(operation):
    return KmsError(f"{operation} is denied.", reason="access_denied", remedy=f"Allow {operation}.")


def finding(operation):
    return {"reason": "access_denied", "msg": f"{operation} is denied.", "remedy": f"Allow {operation}."}


def test_what_can_be_included():
    assert INCLUDES == ["aliases", "grants", "policy", "rotation", "tags"]


def test_aliases_of_all_pages():
    aliases = [{"AliasName": f"alias/{name}", "AliasArn": f"arn-{name}", "TargetKeyId": ID, "CreationDate": DATE, "LastUpdatedDate": DATE} for name in "ab"]
    kms = Kms(list_aliases=[{"Aliases": aliases[:1]}, {}, {"Aliases": aliases[1:]}])
    assert key_detail("aliases", kms, KEY) == [
        {"name": f"alias/{name}", "arn": f"arn-{name}", "target_key_id": ID, "creation_date": TEXT, "last_updated_date": TEXT} for name in "ab"
    ]
    assert kms.asked == [("list_aliases", KEY)]


def test_grants():
    kms = Kms(list_grants=[{"Grants": [{"GrantId": "g", "Operations": ["Decrypt"], "GranteePrincipal": "p"}]}])
    assert key_detail("grants", kms, KEY) == [
        {
            "grant_id": "g", "name": "", "grantee_principal": "p", "retiring_principal": None, "issuing_account": None, "operations": ["Decrypt"],
            "constraints": {}, "creation_date": None,
        }
    ]
    assert kms.asked == [("list_grants", KEY)]


def test_tags():
    kms = Kms(list_resource_tags=[{"Tags": [{"TagKey": "a", "TagValue": "1"}, {"TagKey": "b", "TagValue": ""}]}])
    assert key_detail("tags", kms, KEY) == {"a": "1", "b": ""}
    assert kms.asked == [("list_resource_tags", KEY)]


@pytest.mark.parametrize(("text", "policy"), [('{"Version": "2012-10-17"}', {"Version": "2012-10-17"}), ("no JSON", "no JSON")])
def test_the_policy(text, policy):
    kms = Kms(get_key_policy=[{"Policy": text}])
    assert key_detail("policy", kms, KEY) == policy
    assert kms.asked == [("get_key_policy", KEY)]


STATUS = {"KeyRotationEnabled": True, "RotationPeriodInDays": 365, "NextRotationDate": DATE}
SHOWN = {"enabled": True, "period_in_days": 365, "next_date": TEXT, "on_demand_start_date": None}


def test_rotation():
    kms = Kms(get_key_rotation_status=[STATUS], list_key_rotations=[{"Rotations": [{"RotationDate": DATE, "RotationType": "AUTOMATIC"}]}])
    assert key_detail("rotation", kms, KEY) == {**SHOWN, "history": [{"date": TEXT, "type": "AUTOMATIC"}]}
    assert kms.asked == [("get_key_rotation_status", KEY), ("list_key_rotations", KEY)]


def test_a_permission_that_is_missing_does_not_hide_what_another_tells():
    rotations = [{"Rotations": [{"RotationDate": DATE, "RotationType": "AUTOMATIC"}]}]
    kms = Kms(get_key_rotation_status=denied("status"), list_key_rotations=rotations)
    assert key_detail("rotation", kms, KEY) == {**finding("status"), "history": [{"date": TEXT, "type": "AUTOMATIC"}]}
    kms = Kms(get_key_rotation_status=[STATUS], list_key_rotations=denied("list"))
    assert key_detail("rotation", kms, KEY) == {**SHOWN, "history": finding("list")}


@pytest.mark.parametrize(
    ("name", "operation"), [("aliases", "list_aliases"), ("grants", "list_grants"), ("tags", "list_resource_tags"), ("policy", "get_key_policy")]
)
def test_what_is_not_permitted_has_its_reason_in_its_place(name, operation):
    assert key_detail(name, Kms(**{operation: denied(operation)}), KEY) == finding(operation)


def test_a_listing_raises_what_kms_raises():
    with pytest.raises(KmsError):
        listed(Kms(list_grants=denied("x")), KEY, "list_grants", "Grants")
