# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import CONNECTIVITY_REASONS, KmsError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.key_survey import KeySurvey
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.keys import Key
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced

ID, OTHER_ID, MRK = "1234abcd-12ab-34cd-56ef-1234567890ab", "0987dcba-09fe-87dc-65ba-ab0987654321", "mrk-1234abcd12ab34cd56ef1234567890ab"
NOW = datetime(2026, 6, 1, 12, 0, tzinfo=timezone.utc)
OPTION, SNAPSHOT, SKIPPED = "option kms_key_id", "the snapshot", "Not asked for"


def arn(key_id=ID, region="us-east-1"):
    return f"arn:aws:kms:{region}:111122223333:key/{key_id}"


class Kms:
    """One region's KMS, which knows every key and two facts of it."""

    def __init__(self, clients, region, source):
        self.region = Sourced(region, source)
        self.key_in_environment = "not set"
        self._clients = clients

    def describe_key(self, key_id):
        self._clients.asked.append((self.region.value, key_id))
        failure = self._clients.failures.get(key_id) or self._clients.failures.get(self.region.value)
        if failure:
            raise failure
        named = key_id.rsplit("/", 1)[-1] if "key/" in key_id else ID if key_id.startswith("alias") or ":alias/" in key_id else key_id
        return {"Arn": arn(named, self.region.value), "KeyId": named, "KeyState": "Enabled", "KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "SYMMETRIC_DEFAULT",
                "Enabled": True, "KeyManager": "CUSTOMER", "Origin": "AWS_KMS"}

    def facts(self, operation, key_id):
        self._clients.asked.append((operation, key_id))
        return [{"Tags": [{"TagKey": "a", "TagValue": "b"}], "Grants": []}]


class Clients:
    def __init__(self, region="", failures=None, unopened=None):
        self.failures, self.unopened = failures or {}, unopened or {}
        self.asked, self.opened, self.given = [], [], {}
        self._region = region

    def __call__(self, region="", source="the sealed value's key ARN"):
        self.opened.append((region, source))
        if region in self.unopened:
            raise self.unopened[region]
        result = Kms(self, self._region or region or "us-east-1", "option region" if self._region else source)
        self.given[region] = result
        return result


def failed(reason):
    return KmsError(f"It is {reason}.", reason=reason, remedy=f"Not to be {reason}.")


def refusal(key, reason, msg=None):
    results = {"reason": reason, "msg": msg or f"It is {reason}.", "remedy": f"Not to be {reason}."}
    return {"asked": key, "usable_for_seal": False, "problems": [results], "warnings": [], **results}


def key(text, source=OPTION):
    return Key.parse(Sourced(text, source))


def unreached(survey):
    """The error of a survey to which no KMS answered."""
    try:
        survey.check_answered()
    except KmsError as error:
        return error
    return None


def test_the_facts_of_a_key():
    clients = Clients()
    survey = KeySurvey(clients, skipped=SKIPPED)
    assert unreached(survey) is None
    entry = survey.entry(key(arn(region="eu-central-1")))
    assert entry == {
        "asked": arn(region="eu-central-1"), "key_id": ID, "arn": arn(region="eu-central-1"), "account": entry["account"], "description": entry["description"],
        "state": "Enabled", "enabled": True, "usage": "ENCRYPT_DECRYPT", "spec": "SYMMETRIC_DEFAULT", "encryption_algorithms": entry["encryption_algorithms"],
        "origin": "AWS_KMS", "expiration_model": None, "valid_to": None, "manager": "CUSTOMER", "custom_key_store_id": None, "multi_region": None,
        "creation_date": None, "deletion_date": None, "pending_deletion_window_in_days": None, "usable_for_seal": True, "problems": [],
        "warnings": entry["warnings"], "alias": None,
    }
    assert unreached(survey) is None
    assert clients.opened == [("eu-central-1", "the key's ARN")]
    assert clients.asked == [("eu-central-1", arn(region="eu-central-1"))]
    assert not [each for each in entry["warnings"] if each["reason"] == "region_mismatch"]


def test_further_facts_are_asked_of_the_keys_arn():
    clients = Clients()
    entry = KeySurvey(clients, skipped=SKIPPED).entry(key("alias/vault"), ["tags", "grants"])
    assert (entry["asked"], entry["alias"], entry["tags"], entry["grants"]) == ("alias/vault", "alias/vault", {"a": "b"}, [])
    assert "region_mismatch" not in [each["reason"] for each in entry["warnings"]]
    assert clients.asked == [("us-east-1", "alias/vault"), ("list_resource_tags", arn()), ("list_grants", arn())]


def test_a_key_of_the_environment_is_told_to_the_client():
    clients = Clients()
    survey = KeySurvey(clients, skipped=SKIPPED)
    from_environment = Sourced(ID, "environment variable VAULT_AWSKMS_SEAL_KEY_ID")
    survey.entry(Key.parse(from_environment))
    assert clients.given[""].key_in_environment == from_environment
    survey.entry(key(ID))
    assert clients.given[""].key_in_environment is None


def test_a_replica_is_described_in_the_region_in_force():
    clients = Clients("us-east-1")
    entry = KeySurvey(clients, skipped=SKIPPED).entry(key(arn(MRK, "eu-west-1")))
    assert clients.asked == [("us-east-1", arn(MRK))]
    assert entry["warnings"][-1] == {
        "reason": "region_mismatch",
        "msg": "The ARN is in region eu-west-1, but the region in effect is us-east-1 (from option region): the related key in that region is described.",
        "remedy": "Remove the region setting, or set it to eu-west-1.",
    }


def test_a_key_of_another_region_than_the_one_in_force_is_not_asked_for():
    clients = Clients("us-east-1")
    survey = KeySurvey(clients, skipped=SKIPPED)
    results = {
        "reason": "region_mismatch",
        "msg": f"The key {arn(region='eu-west-1')} (from {OPTION}) is in region eu-west-1, but the region in effect is us-east-1 (from option region).",
        "remedy": "Remove the region setting, or set it to eu-west-1.",
    }
    assert survey.entry(key(arn(region="eu-west-1"))) == {
        "asked": arn(region="eu-west-1"), "usable_for_seal": False, "problems": [results], "warnings": [], **results
    }
    assert (clients.asked, unreached(survey)) == ([], None)


def test_a_refusal_concerns_its_key_alone():
    clients = Clients(failures={ID: failed("not_found")})
    survey = KeySurvey(clients, skipped=SKIPPED)
    assert survey.entry(key(ID)) == refusal(ID, "not_found")
    assert unreached(survey) is None
    assert survey.entry(key(OTHER_ID))["arn"] == arn(OTHER_ID)


def test_a_region_that_cannot_be_reached_is_asked_once():
    failure = failed("unreachable")
    clients = Clients(failures={"us-east-1": failure})
    survey = KeySurvey(clients, skipped=SKIPPED)
    again = "Not asked for because of a previous error: It is unreachable."
    assert survey.entry(key(ID)) == refusal(ID, "unreachable")
    assert survey.entry(key("alias/vault")) == refusal("alias/vault", "unreachable", again)
    assert len(clients.opened) == 2
    assert survey.entry(key(arn())) == refusal(arn(), "unreachable", again)
    assert len(clients.opened) == 2
    assert clients.asked == [("us-east-1", ID)]
    assert unreached(survey) is failure
    assert survey.entry(key(arn(region="eu-west-1")))["state"] == "Enabled"
    assert unreached(survey) is None


def test_the_first_failure_is_kept():
    first, second = failed("unreachable"), failed("timed_out")
    clients = Clients(failures={"us-east-1": first, "eu-west-1": second})
    survey = KeySurvey(clients, skipped=SKIPPED)
    assert survey.entry(key(ID))["reason"] == "unreachable"
    assert survey.entry(key(arn(region="eu-west-1")))["reason"] == "timed_out"
    assert unreached(survey) is first


def test_a_client_that_cannot_be_opened():
    failure = failed("no_credentials")
    clients = Clients(unopened={"": failure})
    survey = KeySurvey(clients, skipped=SKIPPED)
    assert survey.entry(key(ID)) == refusal(ID, "no_credentials")
    again = "Not asked for because of a previous error: It is no_credentials."
    assert survey.entry(key(OTHER_ID)) == refusal(OTHER_ID, "no_credentials", again)
    assert (clients.opened, unreached(survey)) == ([("", "the sealed value's key ARN")], failure)


def test_a_key_is_described_in_the_region_in_force():
    clients = Clients("us-east-1")
    survey = KeySurvey(clients, now=NOW)
    described = survey.describe(key(arn(MRK, "eu-west-1"), SNAPSHOT))
    assert (described.kms, described.facts["arn"], clients.asked) == (clients.given["eu-west-1"], arn(MRK), [("us-east-1", arn(MRK))])
    with pytest.raises(SettingError) as raised:
        survey.describe(key(arn(region="eu-west-1"), SNAPSHOT))
    assert raised.value.message == (
        f"The key {arn(region='eu-west-1')} (from the snapshot) is in region eu-west-1, but the region in effect is us-east-1 (from option region)."
    )


def test_without_words_for_what_is_skipped_the_first_failure_is_raised_again():
    failure, missing = failed("unreachable"), failed("not_found")
    clients = Clients(failures={"us-east-1": failure, arn(region="eu-west-1"): missing})
    survey = KeySurvey(clients)
    for name, error in ((arn(), failure), (arn(OTHER_ID), failure), (arn(region="eu-west-1"), missing)):
        with pytest.raises(KmsError) as raised:
            survey.describe(key(name))
        assert raised.value is error
    assert survey.describe(key(arn(OTHER_ID, "eu-west-1"))).facts["state"] == "Enabled"
    assert clients.asked == [("us-east-1", arn()), ("eu-west-1", arn(region="eu-west-1")), ("eu-west-1", arn(OTHER_ID, "eu-west-1"))]


def test_the_name_of_a_keys_arn_in_messages():
    for arguments, source in (({}, "the key's ARN"), ({"region_source": "the snapshot"}, "the snapshot")):
        clients = Clients()
        KeySurvey(clients, **arguments).describe(key(arn()))
        assert clients.opened == [("us-east-1", source)]


class Expiring(Clients):
    """All keys have imported material, which expires at ``end``."""

    def __init__(self, end):
        super().__init__()
        self._end = end

    def __call__(self, region="", source=""):
        kms = super().__call__(region, source)
        describe = kms.describe_key
        kms.describe_key = lambda key_id: {**describe(key_id), "Origin": "EXTERNAL", "ValidTo": self._end, "ExpirationModel": "KEY_MATERIAL_EXPIRES"}
        return kms


def test_a_state_depends_on_the_time_given():
    end = datetime(2026, 6, 1, 11, 0, tzinfo=timezone.utc)
    for now, usable in ((NOW, False), (datetime(2026, 6, 1, 10, 0, tzinfo=timezone.utc), True)):
        assert KeySurvey(Expiring(end), now=now).describe(key(arn())).facts["usable_for_seal"] is usable


@pytest.mark.parametrize(("year", "usable"), [(2020, False), (2999, True)])
def test_a_key_is_judged_as_it_is_now(year, usable):
    clients = Expiring(datetime(year, 1, 1, tzinfo=timezone.utc))
    assert KeySurvey(clients, skipped=SKIPPED).entry(key(ID))["usable_for_seal"] is usable


def test_which_failures_close_a_region():
    assert {"unreachable", "timed_out", "throttled", "no_credentials", "wrong_endpoint"} <= CONNECTIVITY_REASONS
    assert not {"not_found", "access_denied", "key_disabled", "region_mismatch"} & CONNECTIVITY_REASONS
