# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes after an outage is not tried, and what comes after any other error is."""

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import Finding, KmsError, SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.concurrent import OutageGuard
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.key_survey import KeySurvey
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.keys import Key
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.fake_kms import FakeAws, key_arn

OUTAGE = KmsError("No answer.", reason="timed_out", remedy="Check it.")
DENIED = KmsError("Denied.", reason="access_denied", remedy="Allow it.")
HERE, THERE = "us-east-1", "eu-central-1"
KEYS = [Key(KeyReference.parse(key_arn(f"{number}" * 8 + "-1111-1111-1111-111111111111", HERE)), "the value") for number in (1, 2)]


def asked(guard, region, error=None):
    with guard.watch(region):
        if error:
            raise error


def refusal(guard, region, error=None):
    with pytest.raises(SealError) as caught:
        asked(guard, region, error)
    return caught.value


def test_a_region_is_asked_no_more_after_an_outage():
    guard = OutageGuard()
    assert refusal(guard, HERE, OUTAGE) is OUTAGE
    assert refusal(guard, HERE) is OUTAGE
    asked(guard, THERE)
    assert (guard.first, guard.answered) == (OUTAGE, True)


def test_what_is_skipped_says_so():
    guard = OutageGuard("Not moved")
    refusal(guard, "", OUTAGE)
    assert refusal(guard, "").finding() == Finding("timed_out", "Not moved because of a previous error: No answer.", "Check it.")


def test_any_other_error_is_an_answer():
    guard = OutageGuard()
    refusal(guard, HERE, DENIED)
    asked(guard, HERE)
    assert (guard.first, guard.answered) == (None, True)


def test_a_survey_asks_an_unreachable_region_once():
    aws = FakeAws()
    aws.faults["DescribeKey"] = OUTAGE
    survey = KeySurvey(aws, skipped="Not asked for")
    first, second = [survey.entry(key) for key in KEYS]
    assert (first["msg"], second["msg"], aws.count("DescribeKey")) == ("No answer.", "Not asked for because of a previous error: No answer.", 1)
    with pytest.raises(KmsError) as caught:
        survey.check_answered()
    assert caught.value is OUTAGE


def test_a_survey_goes_on_where_one_key_may_not_be_described():
    aws = FakeAws()
    aws.faults["DescribeKey"] = DENIED
    survey = KeySurvey(aws)
    finding = {"reason": "access_denied", "msg": "Denied.", "remedy": "Allow it."}
    for key in KEYS:
        assert survey.entry(key) == {"asked": str(key.reference), "usable_for_seal": False, "problems": [finding], "warnings": [], **finding}
    survey.check_answered()
    assert aws.count("DescribeKey") == 2
