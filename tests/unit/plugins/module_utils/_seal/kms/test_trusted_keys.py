# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import BlobError, KmsError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.keys import resolved
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.trusted_keys import TrustedKeys
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.fake_kms import FakeAws, key_arn

ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER_ID = "0987dcba-09fe-87dc-65ba-ab0987654321"
MRK = "mrk-1234abcd12ab34cd56ef1234567890ab"
REMEDY = "To trust this key, add it to allowed_key_ids."


def accepts(trusted, arn):
    try:
        trusted.check_claim(arn)
        trusted.check_answer(arn)
    except (BlobError, KmsError):
        return False
    return True


@pytest.mark.parametrize(
    ("references", "arn", "accepted"),
    [
        ([ID], key_arn(ID), True),
        ([ID], key_arn(ID, "eu-west-1"), True),
        ([ID], key_arn(OTHER_ID), False),
        ([key_arn(ID)], key_arn(ID), True),
        ([key_arn(ID)], key_arn(ID, "eu-west-1"), False),
        ([key_arn(MRK)], key_arn(MRK, "eu-central-1"), True),
        ([key_arn(MRK).replace("1111", "4444")], key_arn(MRK), False),
        ([key_arn(OTHER_ID), ID], key_arn(ID), True),
    ],
)
def test_which_keys_are_trusted(references, arn, accepted):
    aws = FakeAws()
    trusted = TrustedKeys(references, aws)
    assert accepts(trusted, arn) is accepted
    assert aws.calls == []  # neither ids nor ARNs need to be looked up
    assert [str(key) for key in trusted.keys] == references


def test_an_alias_is_resolved_once():
    aws = FakeAws()
    aws.aliases["alias/vault"] = key_arn(ID)
    trusted = TrustedKeys(["alias/vault", OTHER_ID], aws)
    for _turn in range(3):
        assert accepts(trusted, key_arn(ID))
        assert not accepts(trusted, key_arn(MRK))
    assert [(call.operation, call.key_id) for call in aws.calls] == [("DescribeKey", "alias/vault")]
    assert [str(key) for key in trusted.keys] == [key_arn(ID), OTHER_ID]
    assert str(trusted) == f"alias/vault ({key_arn(ID)}), {OTHER_ID}"


def test_an_alias_arn_is_resolved_in_its_region():
    aws = FakeAws()
    aws.aliases["alias/vault"] = key_arn(ID, "eu-west-1")
    TrustedKeys(["arn:aws:kms:eu-west-1:111122223333:alias/vault"], aws)
    assert [call.region for call in aws.calls] == ["eu-west-1"]


def test_an_alias_that_does_not_exist_is_an_error():
    with pytest.raises(KmsError) as raised:
        TrustedKeys(["alias/nowhere"], FakeAws())
    assert raised.value.reason == "not_found"


def test_a_malformed_reference_is_an_error():
    aws = FakeAws()
    with pytest.raises(SettingError) as raised:
        TrustedKeys(["vault"], aws)
    assert raised.value.reason == "malformed_key_id"
    assert raised.value.message.startswith("The key from option allowed_key_ids is invalid: 'vault' is not a valid KMS key reference.")
    assert aws.calls == []


def test_another_key_is_claimed_in_full():
    trusted = TrustedKeys([ID, key_arn(MRK)], FakeAws())
    with pytest.raises(BlobError) as raised:
        trusted.check_claim(key_arn(OTHER_ID))
    assert raised.value.reason == "wrong_key"
    assert raised.value.details == {"key_id": key_arn(OTHER_ID)}
    assert str(raised.value) == (
        f"The value is sealed under the key {key_arn(OTHER_ID)}, which is not one of the allowed keys ({ID}, {key_arn(MRK)}). {REMEDY}"
    )


def test_another_key_is_answered_in_full():
    trusted = TrustedKeys([ID], FakeAws())
    with pytest.raises(KmsError) as raised:
        trusted.check_answer(key_arn(OTHER_ID))
    assert raised.value.reason == "wrong_key"
    assert str(raised.value) == (f"KMS decrypted the value with the key {key_arn(OTHER_ID)}, which is not one of the allowed keys ({ID}). {REMEDY}")


@pytest.mark.parametrize("text", ["", "alias/vault", ID, "projects/p", key_arn(ID) + " "])
def test_what_is_no_keys_arn_is_never_trusted(text):
    assert not accepts(TrustedKeys([ID], FakeAws()), text)


@pytest.mark.parametrize("text", ["", "alias/vault", ID, "projects/p", key_arn(ID) + " "])
def test_what_is_no_keys_arn_is_refused_as_a_claim_and_as_an_answer(text):
    trusted = TrustedKeys([ID], FakeAws())
    for check, kind in ((trusted.check_claim, BlobError), (trusted.check_answer, KmsError)):
        with pytest.raises(kind) as raised:
            check(text)
        assert (raised.value.reason, raised.value.details) == ("wrong_key", {"key_id": text})
        check(key_arn(ID))
        with pytest.raises(kind):
            check(key_arn(OTHER_ID))


def test_a_reference_is_resolved_in_its_region_or_in_that_of_the_values():
    aws = FakeAws()
    aws.aliases["alias/vault"] = key_arn(ID, "eu-west-1")
    assert str(resolved(KeyReference.parse("alias/vault"), aws, "eu-west-1")) == key_arn(ID, "eu-west-1")
    assert [str(key) for key in TrustedKeys(["alias/vault"], aws, "eu-west-1").keys] == [key_arn(ID, "eu-west-1")]
    assert [call.region for call in aws.calls] == ["eu-west-1"] * 2
    assert str(resolved(KeyReference.parse(ID), aws)) == ID
    aws.aliases["alias/vault"] = key_arn(ID)
    asked = []
    for call in (lambda kms: resolved(KeyReference.parse("alias/vault"), kms), lambda kms: TrustedKeys(["alias/vault"], kms)):
        call(lambda region: asked.append(region) or aws(region))
    assert asked == ["", ""]  # whoever makes the client chooses


def test_no_key_at_all_is_refused_in_full():
    with pytest.raises(SettingError) as raised:
        TrustedKeys([], FakeAws())
    assert (raised.value.reason, str(raised.value)) == (
        "invalid_option",
        "Option allowed_key_ids is empty. Add the keys to trust, or remove the option to trust every key that the caller is allowed to use.",
    )


def test_where_the_keys_were_set_is_said_unless_it_is_the_option_itself():
    trusted = TrustedKeys([ID, key_arn(MRK)], FakeAws(), source="variable vault_seal_trusted")
    assert str(trusted) == f"{ID}, {key_arn(MRK)}; from variable vault_seal_trusted"
    with pytest.raises(BlobError) as raised:
        trusted.check_claim(key_arn(OTHER_ID))
    assert raised.value.message == (
        f"The value is sealed under the key {key_arn(OTHER_ID)}, which is not one of the allowed keys ({ID}, {key_arn(MRK)}; from variable vault_seal_trusted)."
    )
    with pytest.raises(SettingError) as empty:
        TrustedKeys([], FakeAws(), source="variable vault_seal_trusted")
    assert empty.value.message == "Variable vault_seal_trusted is empty."
    with pytest.raises(SettingError) as malformed:
        TrustedKeys(["vault"], FakeAws(), source="variable vault_seal_trusted")
    assert malformed.value.message.startswith("The key from variable vault_seal_trusted is invalid: ")
