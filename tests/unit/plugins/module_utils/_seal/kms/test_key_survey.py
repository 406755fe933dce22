# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import CONNECTIVITY_REASONS, KmsError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.key_survey import KeyDescriber, KeyStates
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced

ID, OTHER_ID, MRK = "1234abcd-12ab-34cd-56ef-1234567890ab", "0987dcba-09fe-87dc-65ba-ab0987654321", "mrk-1234abcd12ab34cd56ef1234567890ab"
NOW = datetime(2026, 6, 1, 12, 0, tzinfo=timezone.utc)
OPTION = "option kms_key_id"


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
        found = Kms(self, self._region or region or "us-east-1", "option region" if self._region else source)
        self.given[region] = found
        return found


def failed(reason):
    return KmsError(f"It is {reason}.", reason=reason, remedy=f"Not to be {reason}.")


def refusal(key, reason, msg=None):
    found = {"reason": reason, "msg": msg or f"It is {reason}.", "remedy": f"Not to be {reason}."}
    return {"asked": key, "usable_for_seal": False, "problems": [found], "warnings": [], **found}


def test_the_facts_of_a_key():
    clients = Clients()
    describer = KeyDescriber(clients, [])
    assert (describer.answered, describer.first_failure) == (False, None)
    entry = describer.entry(Sourced(arn(region="eu-central-1"), OPTION))
    assert entry == {
        "asked": arn(region="eu-central-1"), "key_id": ID, "arn": arn(region="eu-central-1"), "account": entry["account"], "description": entry["description"],
        "state": "Enabled", "enabled": True, "usage": "ENCRYPT_DECRYPT", "spec": "SYMMETRIC_DEFAULT", "encryption_algorithms": entry["encryption_algorithms"],
        "origin": "AWS_KMS", "expiration_model": None, "valid_to": None, "manager": "CUSTOMER", "custom_key_store_id": None, "multi_region": None,
        "creation_date": None, "deletion_date": None, "pending_deletion_window_in_days": None, "usable_for_seal": True, "problems": [],
        "warnings": entry["warnings"], "alias": None,
    }
    assert (describer.answered, describer.first_failure) == (True, None)
    assert clients.opened == [("eu-central-1", "the key's ARN")]
    assert clients.asked == [("eu-central-1", arn(region="eu-central-1"))]
    assert not [each for each in entry["warnings"] if each["reason"] == "region_mismatch"]


def test_further_facts_are_asked_of_the_keys_arn():
    clients = Clients()
    entry = KeyDescriber(clients, ["tags", "grants"]).entry(Sourced("alias/vault", OPTION))
    assert (entry["asked"], entry["alias"], entry["tags"], entry["grants"]) == ("alias/vault", "alias/vault", {"a": "b"}, [])
    assert "region_mismatch" not in [each["reason"] for each in entry["warnings"]]
    assert clients.asked == [("us-east-1", "alias/vault"), ("list_resource_tags", arn()), ("list_grants", arn())]


def test_a_key_of_the_environment_is_told_to_the_client():
    clients = Clients()
    describer = KeyDescriber(clients, [])
    key = Sourced(ID, "environment variable VAULT_AWSKMS_SEAL_KEY_ID")
    describer.entry(key)
    assert clients.given[""].key_in_environment is key
    describer.entry(Sourced(ID, OPTION))
    assert clients.given[""].key_in_environment is None


def test_a_replica_is_described_in_the_region_in_force():
    clients = Clients("us-east-1")
    entry = KeyDescriber(clients, []).entry(Sourced(arn(MRK, "eu-west-1"), OPTION))
    assert clients.asked == [("us-east-1", arn(MRK))]
    assert entry["warnings"][-1] == {
        "reason": "region_mismatch",
        "msg": "The ARN is in region eu-west-1, but the region in effect is us-east-1 (from option region): the related key in that region is described.",
        "remedy": "Remove the region setting, or set it to eu-west-1.",
    }


def test_a_key_of_another_region_than_the_one_in_force_is_not_asked_for():
    clients = Clients("us-east-1")
    describer = KeyDescriber(clients, [])
    found = {
        "reason": "region_mismatch",
        "msg": f"The key {arn(region='eu-west-1')} (from {OPTION}) is in region eu-west-1, but the region in effect is us-east-1 (from option region).",
        "remedy": "Remove the region setting, or set it to eu-west-1.",
    }
    assert describer.entry(Sourced(arn(region="eu-west-1"), OPTION)) == {
        "asked": arn(region="eu-west-1"), "usable_for_seal": False, "problems": [found], "warnings": [], **found
    }
    assert (clients.asked, describer.answered, describer.first_failure) == ([], False, None)


def test_what_is_no_key_is_raised():
    with pytest.raises(SettingError):
        KeyDescriber(Clients(), []).entry(Sourced("no key", OPTION))


def test_a_refusal_concerns_its_key_alone():
    clients = Clients(failures={ID: failed("not_found")})
    describer = KeyDescriber(clients, [])
    assert describer.entry(Sourced(ID, OPTION)) == refusal(ID, "not_found")
    assert (describer.answered, describer.first_failure) == (True, None)
    assert describer.entry(Sourced(OTHER_ID, OPTION))["arn"] == arn(OTHER_ID)


def test_a_region_that_cannot_be_reached_is_asked_once():
    failure = failed("unreachable")
    clients = Clients(failures={"us-east-1": failure})
    describer = KeyDescriber(clients, [])
    again = "Not asked for because of a previous error: It is unreachable."
    assert describer.entry(Sourced(ID, OPTION)) == refusal(ID, "unreachable")
    assert describer.entry(Sourced("alias/vault", OPTION)) == refusal("alias/vault", "unreachable", again)
    assert len(clients.opened) == 2
    assert describer.entry(Sourced(arn(), OPTION)) == refusal(arn(), "unreachable", again)
    assert len(clients.opened) == 2
    assert clients.asked == [("us-east-1", ID)]
    assert (describer.answered, describer.first_failure) == (False, failure)
    assert describer.entry(Sourced(arn(region="eu-west-1"), OPTION))["state"] == "Enabled"
    assert (describer.answered, describer.first_failure) == (True, failure)


def test_the_first_failure_is_kept():
    first, second = failed("unreachable"), failed("timed_out")
    clients = Clients(failures={"us-east-1": first, "eu-west-1": second})
    describer = KeyDescriber(clients, [])
    assert describer.entry(Sourced(ID, OPTION))["reason"] == "unreachable"
    assert describer.entry(Sourced(arn(region="eu-west-1"), OPTION))["reason"] == "timed_out"
    assert describer.first_failure is first


def test_a_client_that_cannot_be_opened():
    failure = failed("no_credentials")
    clients = Clients(unopened={"": failure})
    describer = KeyDescriber(clients, [])
    assert describer.entry(Sourced(ID, OPTION)) == refusal(ID, "no_credentials")
    again = "Not asked for because of a previous error: It is no_credentials."
    assert describer.entry(Sourced(OTHER_ID, OPTION)) == refusal(OTHER_ID, "no_credentials", again)
    assert (clients.opened, describer.answered, describer.first_failure) == ([("", "the key's ARN")], False, failure)


# The states of the keys of a snapshot


def test_states():
    clients = Clients()
    states = KeyStates(clients, NOW)
    assert states.states == {}
    states.ask([arn(), arn(MRK, "eu-west-1")])
    assert list(states.states) == [arn(), arn(MRK, "eu-west-1")]
    assert [facts["arn"] for facts in states.states.values()] == [arn(), arn(MRK, "eu-west-1")]
    assert clients.asked == [("us-east-1", arn()), ("eu-west-1", arn(MRK, "eu-west-1"))]
    assert [region for region, _source in clients.opened] == ["us-east-1", "eu-west-1"]


def test_a_state_is_asked_in_the_region_in_force():
    clients = Clients("us-east-1")
    states = KeyStates(clients, NOW)
    states.ask([arn(MRK, "eu-west-1"), arn(region="eu-west-1")])
    assert clients.asked == [("us-east-1", arn(MRK))]
    assert states.states[arn(MRK, "eu-west-1")]["arn"] == arn(MRK)
    assert states.states[arn(region="eu-west-1")].message == (
        f"The key {arn(region='eu-west-1')} (from the snapshot) is in region eu-west-1, but the region in effect is us-east-1 (from option region)."
    )


def test_states_of_a_region_that_cannot_be_reached():
    failure, missing = failed("unreachable"), failed("not_found")
    clients = Clients(failures={"us-east-1": failure, arn(region="eu-west-1"): missing})
    states = KeyStates(clients, NOW)
    keys = [arn(), arn(OTHER_ID), arn(region="eu-west-1"), arn(OTHER_ID, "eu-west-1")]
    states.ask(keys)
    assert [states.states[key] for key in keys[:3]] == [failure, failure, missing]
    assert states.states[keys[3]]["state"] == "Enabled"
    assert clients.asked == [("us-east-1", keys[0]), ("eu-west-1", keys[2]), ("eu-west-1", keys[3])]


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
        states = KeyStates(Expiring(end), now)
        states.ask([arn()])
        assert states.states[arn()]["usable_for_seal"] is usable


@pytest.mark.parametrize(("year", "usable"), [(2020, False), (2999, True)])
def test_a_key_is_judged_as_it_is_now(year, usable):
    clients = Expiring(datetime(year, 1, 1, tzinfo=timezone.utc))
    assert KeyDescriber(clients, []).entry(Sourced(ID, OPTION))["usable_for_seal"] is usable


def test_which_failures_close_a_region():
    assert {"unreachable", "timed_out", "throttled", "no_credentials", "wrong_endpoint"} <= CONNECTIVITY_REASONS
    assert not {"not_found", "access_denied", "key_disabled", "region_mismatch"} & CONNECTIVITY_REASONS
