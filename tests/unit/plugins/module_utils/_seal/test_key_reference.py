# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path

import botocore
import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference, is_region_name

ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
MRK = "mrk-1234abcd12ab34cd56ef1234567890ab"
ACCOUNT = "111122223333"
ARN = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{ID}"
MRK_ARN = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{MRK}"

ACCEPTED = {
    ID: KeyReference(key_id=ID),
    ID.upper(): KeyReference(key_id=ID.upper()),
    # From AWS's documentation, where it is an ordinary key id.
    "19ec80b0-dfdd-4d97-8164-c6examplekey": KeyReference(key_id="19ec80b0-dfdd-4d97-8164-c6examplekey"),
    MRK: KeyReference(key_id=MRK),
    ARN: KeyReference(ID, "", "aws", "us-east-1", ACCOUNT),
    MRK_ARN: KeyReference(MRK, "", "aws", "us-east-1", ACCOUNT),
    "alias/ExampleAlias": KeyReference(alias="alias/ExampleAlias"),
    "alias/aws/ebs": KeyReference(alias="alias/aws/ebs"),
    "alias/a": KeyReference(alias="alias/a"),
    "alias/" + "a" * 250: KeyReference(alias="alias/" + "a" * 250),
    "alias/team/vault_unseal-1": KeyReference(alias="alias/team/vault_unseal-1"),
    f"arn:aws:kms:us-east-2:{ACCOUNT}:alias/ExampleAlias": KeyReference("", "alias/ExampleAlias", "aws", "us-east-2", ACCOUNT),
    f"arn:aws-cn:kms:cn-northwest-1:{ACCOUNT}:key/{ID}": KeyReference(ID, "", "aws-cn", "cn-northwest-1", ACCOUNT),
    f"arn:aws-us-gov:kms:us-gov-west-1:{ACCOUNT}:key/{ID}": KeyReference(ID, "", "aws-us-gov", "us-gov-west-1", ACCOUNT),
    f"arn:aws-iso-b:kms:us-isob-east-1:{ACCOUNT}:key/{ID}": KeyReference(ID, "", "aws-iso-b", "us-isob-east-1", ACCOUNT),
    f"arn:aws-eusc:kms:eusc-de-east-1:{ACCOUNT}:key/{ID}": KeyReference(ID, "", "aws-eusc", "eusc-de-east-1", ACCOUNT),
}

REFUSED = [
    "",
    " ",
    f" {ID}",
    f"{ID} ",
    f"{ID}\n",
    f"{ARN}\n",
    "alias/a\n",
    ID[:-1],
    ID + "0",
    ID.replace("-", ""),
    "mrk-" + ID,
    MRK[:-1],
    MRK + "0",
    MRK.upper(),
    MRK.replace("mrk-", "mrk_"),
    "alias/",
    "alias",
    "ALIAS/a",
    "alias/a b",
    "alias/\u00e4",
    "alias/a:b",
    "alias/" + "a" * 251,
    "my-vault-key",
    f"key/{ID}",
    f"arn:aws:kms:us-east-1:{ACCOUNT}:{ID}",
    f"arn:aws:kms:us-east-1:{ACCOUNT}:key/",
    f"arn:aws:kms:us-east-1:{ACCOUNT}:key/alias/a",
    f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{ID}/{ID}",
    f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{ID}:1",
    f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/",
    f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/a:b",
    f"arn:aws:kms:us-east-1::key/{ID}",
    f"arn:aws:kms::{ACCOUNT}:key/{ID}",
    f"arn:aws:kms:useast1:{ACCOUNT}:key/{ID}",
    f"arn:aws:kms:us-east-:{ACCOUNT}:key/{ID}",
    f"arn:aws:kms:US-EAST-1:{ACCOUNT}:key/{ID}",
    f"arn:aws:kms:us-east-1:{ACCOUNT[:-1]}:key/{ID}",
    f"arn:aws:kms:us-east-1:{ACCOUNT}4:key/{ID}",
    f"arn:aws:kms:us-east-1:1111222233a3:key/{ID}",
    "arn:aws:kms:us-east-1:\u0661\u0661\u0661\u0661\u0662\u0662\u0662\u0662\u0663\u0663\u0663\u0663:key/" + ID,
    f"arn:aws:iam:us-east-1:{ACCOUNT}:key/{ID}",
    f"arn::kms:us-east-1:{ACCOUNT}:key/{ID}",
    f"arn:gcp:kms:us-east-1:{ACCOUNT}:key/{ID}",
    f"ARN:aws:kms:us-east-1:{ACCOUNT}:key/{ID}",
    f"{ARN}\x00",
    f"{ARN} {ARN}",
    f"file://{ID}",
    "../../etc/passwd",
    "{{ kms_key_id }}",
    "'; drop table keys; --",
    "projects/p/locations/global/keyRings/r/cryptoKeys/k",
    "\ud800",
    "a" * 2049,
    "arn:aws:kms:" + "a-" * 20000 + "1:" + ACCOUNT + ":key/" + ID,
    "arn:" + "aws-" * 20000,
    "alias/" + "a/" * 100000,
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_reads_every_form_and_writes_it_again(text):
    reference = KeyReference.parse(text)
    assert reference == ACCEPTED[text]
    assert str(reference) == text


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: ascii(text)[:60])
def test_refuses_everything_else(text):
    with pytest.raises(SettingError) as raised:
        KeyReference.parse(text)
    assert raised.value.reason == "malformed_key_id"
    assert len(str(raised.value)) < 700
    assert str(raised.value).isprintable()
    assert KeyReference.parse_key_arn(text) is None


def test_says_what_is_wrong_in_full():
    with pytest.raises(SettingError) as raised:
        KeyReference.parse("my-vault-key")
    assert str(raised.value) == (
        "'my-vault-key' is not a valid KMS key reference. Use a key ID (1234abcd-12ab-34cd-56ef-1234567890ab or mrk-...), a key ARN "
        "(arn:aws:kms:REGION:ACCOUNT:key/KEY-ID), an alias (alias/NAME) or an alias ARN (arn:aws:kms:REGION:ACCOUNT:alias/NAME)."
    )


def test_a_long_reference_is_shown_in_part():
    with pytest.raises(SettingError) as raised:
        KeyReference.parse("x" * 5000)
    assert raised.value.message == f"'{'x' * 117}...' is not a valid KMS key reference."


@pytest.mark.parametrize(("length", "shown"), [(119, "x" * 119), (120, "x" * 120), (121, "x" * 117 + "..."), (122, "x" * 117 + "...")])
def test_a_reference_of_up_to_120_characters_is_shown_whole(length, shown):
    with pytest.raises(SettingError) as raised:
        KeyReference.parse("x" * length)
    assert raised.value.message == f"'{shown}' is not a valid KMS key reference."


def test_a_reference_has_at_most_2048_characters():
    """As the parameter KeyId of the KMS API."""
    longest = ARN.replace("arn:aws:", f"arn:aws-{'a' * (2048 - len(ARN) - 1)}:")
    assert (len(longest), str(KeyReference.parse(longest))) == (2048, longest)
    with pytest.raises(SettingError):
        KeyReference.parse(longest.replace("aws-", "aws-a"))


@pytest.mark.parametrize(("text", "possible"), [
    ("eu-west-1", True), ("us-gov-east-1", True), ("local", True), ("a", True), ("a" * 63, True), ("a" * 64, False), ("", False), ("-a", False), ("a-", False),
    ("eu west", False), ("${eu}", False), ("eu-west-1\n", False), ("eu.west", False), ("\u00e4", False),
])
def test_the_name_of_a_region_is_a_label_of_a_host_name(text, possible):
    """RFC 1123: letters, digits and hyphens, no hyphen at either end, at most 63 characters."""
    assert is_region_name(text) is possible


def _regions():
    endpoints = json.loads((Path(botocore.__file__).parent / "data" / "endpoints.json").read_text(encoding="utf-8"))
    return [(part["partition"], region) for part in endpoints["partitions"] for region in part["regions"]]


def test_reads_the_arns_of_every_region_that_botocore_knows():
    regions = _regions()
    assert len(regions) > 30
    for partition, region in regions:
        text = f"arn:{partition}:kms:{region}:{ACCOUNT}:key/{ID}"
        assert KeyReference.parse(text) == KeyReference(ID, "", partition, region, ACCOUNT)


def test_what_a_reference_is():
    kinds = {text: KeyReference.parse(text) for text in (ID, MRK, ARN, MRK_ARN, "alias/a", f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/a")}
    assert [kind.is_arn for kind in kinds.values()] == [False, False, True, True, False, True]
    assert [kind.is_alias for kind in kinds.values()] == [False, False, False, False, True, True]
    assert [kind.is_multi_region for kind in kinds.values()] == [False, True, False, True, False, False]


@pytest.mark.parametrize("text", [ID, MRK, MRK_ARN, "alias/a", f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/a"])
def test_only_a_keys_arn_is_read_where_one_must_be(text):
    assert (KeyReference.parse_key_arn(text) is None) == (text != MRK_ARN)


def test_in_another_region_only_a_multi_region_key_is():
    assert str(KeyReference.parse(MRK_ARN).in_region("eu-central-1")) == MRK_ARN.replace("us-east-1", "eu-central-1")
    for text in (ARN, ID, MRK, "alias/a"):
        assert str(KeyReference.parse(text).in_region("eu-central-1")) == text


@pytest.mark.parametrize(
    ("reference", "key", "matches"),
    [
        (ID, ARN, True),
        (ID, ARN.replace("us-east-1", "eu-west-1").replace(ACCOUNT, "444455556666"), True),  # only the id part counts
        (ID, MRK_ARN, False),
        (ID.upper(), ARN, False),
        (ARN, ARN, True),
        (ARN, ARN.replace("us-east-1", "us-east-2"), False),
        (ARN, ARN.replace(ACCOUNT, "444455556666"), False),
        (ARN, ARN.replace("arn:aws:", "arn:aws-cn:"), False),
        (ARN, ARN.replace("1234abcd", "1234abce"), False),
        (MRK, MRK_ARN, True),
        (MRK_ARN, MRK_ARN, True),
        (MRK_ARN, MRK_ARN.replace("us-east-1", "eu-central-1"), True),  # its replica
        (MRK_ARN, MRK_ARN.replace(ACCOUNT, "444455556666"), False),
        (MRK_ARN, MRK_ARN.replace("arn:aws:", "arn:aws-cn:"), False),
        ("alias/a", ARN, False),  # an alias names no key by itself
    ],
)
def test_matches(reference, key, matches):
    assert KeyReference.parse(reference).matches(KeyReference.parse(key)) is matches
