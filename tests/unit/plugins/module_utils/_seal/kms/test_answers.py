# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers of KMS and STS, with the types of the SDK's own model of each operation."""

from __future__ import annotations

import copy
from datetime import datetime, timezone
from types import SimpleNamespace

import botocore.session
import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.answers import (
    MAX_PAGES,
    AnswerError,
    Answers,
    MissingFieldError,
    OtherKeyError,
    Pages,
)
from botocore.hooks import HierarchicalEmitter
from hypothesis import given
from hypothesis import strategies as st

REGION = "us-east-1"
ID, OTHER_ID = "1234abcd-12ab-34cd-56ef-1234567890ab", "0987dcba-09fe-87dc-65ba-ab0987654321"
MRK = "mrk-1234abcd12ab34cd56ef1234567890ab"
ROLE = "arn:aws:iam::111122223333:role/path/vault"


def arn(key_id=ID, region=REGION, account="111122223333", partition="aws"):
    return f"arn:{partition}:kms:{region}:{account}:key/{key_id}"


ARN = arn()
ALIAS_ARN = "arn:aws:kms:us-east-1:111122223333:alias/vault"
NOW = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
DATA_KEY = bytes(range(32))
METADATA = {"Arn": ARN, "KeyId": ID, "AWSAccountId": "111122223333", "KeyState": "Enabled", "Enabled": True, "CreationDate": NOW}
CREDENTIALS = {"AccessKeyId": "ASIAEXAMPLEEXAMPLE00", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": NOW}
GOOD = {
    "Encrypt": ({"KeyId": ID, "Plaintext": DATA_KEY}, {"KeyId": ARN, "CiphertextBlob": b"c" * 180, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
    "Decrypt": ({"KeyId": ARN, "CiphertextBlob": b"c" * 180}, {"KeyId": ARN, "Plaintext": DATA_KEY, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
    "ReEncrypt": (
        {"SourceKeyId": ARN, "DestinationKeyId": OTHER_ID, "CiphertextBlob": b"c" * 180},
        {"SourceKeyId": ARN, "KeyId": arn(OTHER_ID), "CiphertextBlob": b"d" * 180, "SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT"},
    ),
    "DescribeKey": ({"KeyId": ID}, {"KeyMetadata": METADATA}),
    "GetKeyPolicy": ({"KeyId": ARN}, {"Policy": "{}"}),
    "GetKeyRotationStatus": ({"KeyId": ARN}, {"KeyRotationEnabled": False, "KeyId": ID}),
    "ListAliases": ({"KeyId": ARN}, {"Aliases": [{"AliasName": "alias/vault", "TargetKeyId": ID}], "Truncated": False}),
    "ListGrants": ({"KeyId": ARN}, {"Grants": [{"GrantId": "g", "KeyId": ARN}], "Truncated": False}),
    "ListKeyRotations": ({"KeyId": ARN}, {"Rotations": [{"KeyId": ID, "RotationDate": NOW}], "Truncated": False}),
    "ListResourceTags": ({"KeyId": ARN}, {"Tags": [{"TagKey": "k", "TagValue": ""}], "Truncated": False}),
    "UpdateAlias": ({"AliasName": "alias/vault", "TargetKeyId": ID}, {}),
    "RotateKeyOnDemand": ({"KeyId": ARN}, {"KeyId": ARN}),
    "AssumeRole": (
        {"RoleArn": ROLE},
        {"Credentials": CREDENTIALS, "AssumedRoleUser": {"AssumedRoleId": "AROA:s", "Arn": "arn:aws:sts::111122223333:assumed-role/vault/s"}},
    ),
}
_SESSION = botocore.session.get_session()
MODELS = {name: _SESSION.get_service_model(name) for name in ("kms", "sts")}


def check(operation, asked, answer, answers=None):
    model = MODELS["sts" if operation.startswith("AssumeRole") else "kms"]
    shape = model.operation_model(operation).output_shape if operation in model.operation_names else None
    (answers or Answers()).check(operation, shape, asked, answer, REGION)


def refused(operation, asked=None, **changes):
    """What is said of a good answer with ``changes``; None takes a field away."""
    good_asked, answer = copy.deepcopy(GOOD[operation])
    answer.update(changes)
    answer = {name: value for name, value in answer.items() if value is not None}
    with pytest.raises(AnswerError) as raised:
        check(operation, good_asked if asked is None else {**good_asked, **asked}, answer)
    return raised.value


@pytest.mark.parametrize("operation", GOOD)
def test_what_aws_answers_passes(operation):
    check(operation, *GOOD[operation])


@pytest.mark.parametrize("operation", [name for name in GOOD if name not in ("UpdateAlias", "RotateKeyOnDemand")])
def test_an_answer_without_its_content(operation):
    with pytest.raises(MissingFieldError):
        check(operation, GOOD[operation][0], {})
    for name in GOOD[operation][1]:
        if name in ("KeyId", "CiphertextBlob", "Plaintext", "SourceKeyId", "KeyMetadata", "Policy", "Credentials") and operation != "GetKeyRotationStatus":
            assert refused(operation, **{name: None}).__class__ is MissingFieldError


@pytest.mark.parametrize("answer", [None, [], "text", 1])
def test_an_answer_that_is_no_object(answer):
    with pytest.raises(MissingFieldError):
        check("UpdateAlias", {}, answer)


@pytest.mark.parametrize(("operation", "field"), [("Encrypt", "CiphertextBlob"), ("ReEncrypt", "CiphertextBlob"), ("Decrypt", "Plaintext")])
def test_the_length_of_what_is_encrypted_or_decrypted(operation, field):
    most = 4096 if field == "Plaintext" else 6144
    asked, answer = GOOD[operation]
    check(operation, asked, {**answer, field: b"x"})
    check(operation, asked, {**answer, field: b"x" * most})
    for size in (0, most + 1):
        assert str(refused(operation, **{field: b"x" * size})) == f"{field} has {size} bytes instead of 1 to {most}"


def test_what_is_not_encrypted_at_all():
    assert str(refused("Encrypt", CiphertextBlob=b"prefix" + DATA_KEY)) == "CiphertextBlob contains the plaintext"
    check("Encrypt", {"KeyId": ID, "Plaintext": b"c" * 15}, GOOD["Encrypt"][1])  # so short a one may be there by chance
    assert str(refused("Encrypt", {"Plaintext": b"c" * 16})) == "CiphertextBlob contains the plaintext"
    assert str(refused("ReEncrypt", CiphertextBlob=b"c" * 180)) == "CiphertextBlob is the same as in the request"
    assert str(refused("Decrypt", Plaintext=b"c" * 180)) == "Plaintext is the ciphertext of the request"


NO_ARN = ["", "text", ID, "alias/vault", ALIAS_ARN, ARN + "\n", ARN + "/x", ARN.replace("kms", "s3"), "arn:aws:kms:us-east-1::key/" + ID]


@pytest.mark.parametrize("text", NO_ARN)
@pytest.mark.parametrize(("operation", "field"), [("Encrypt", "KeyId"), ("Decrypt", "KeyId"), ("ReEncrypt", "KeyId"), ("ReEncrypt", "SourceKeyId")])
def test_a_key_that_is_no_key_arn(operation, field, text):
    assert str(refused(operation, **{field: text})) == "the returned key is not a key ARN"
    assert str(refused(operation, {"KeyId": "", "SourceKeyId": "", "DestinationKeyId": ""}, **{field: text})) == "the returned key is not a key ARN"


@pytest.mark.parametrize("region", ["us-east-2", "eu-central-1"])
@pytest.mark.parametrize("asked", ["", ID, "alias/vault", ARN, MRK, arn(MRK)])
def test_a_key_of_another_region(asked, region):
    key_id = MRK if MRK in asked else ID
    assert str(refused("Decrypt", {"KeyId": asked}, KeyId=arn(key_id, region))) == f"the returned key is in region {region}"


@pytest.mark.parametrize(
    ("asked", "answered", "passes"),
    [
        (ID, ARN, True),
        (ID.upper(), ARN, True),
        (ID, arn(OTHER_ID), False),
        (ARN, ARN, True),
        (ARN, arn(OTHER_ID), False),
        (ARN, arn(account="444455556666"), False),
        (ARN, arn(partition="aws-cn"), False),
        (arn(region="eu-central-1"), ARN, False),
        (MRK, arn(MRK), True),
        (arn(MRK), arn(MRK), True),
        (arn(MRK, "eu-central-1"), arn(MRK), True),
        (arn(MRK, "eu-central-1"), arn(MRK, account="444455556666"), False),
        ("alias/vault", ARN, True),
        ("alias/vault", arn(OTHER_ID, account="444455556666"), True),  # whose it is, is not known
        (ALIAS_ARN, ARN, True),
        (ALIAS_ARN, arn(OTHER_ID), True),
        (ALIAS_ARN, arn(account="444455556666"), False),
        (ALIAS_ARN.replace("us-east-1", "eu-west-1"), ARN, False),
        ("", arn(OTHER_ID, account="444455556666"), True),
    ],
)
def test_which_key_may_be_answered(asked, answered, passes):
    metadata = {**METADATA, "Arn": answered, "KeyId": answered.rsplit("/", 1)[1], "AWSAccountId": answered.split(":")[4]}
    cases = [
        ("Encrypt", {"KeyId": asked}, {"KeyId": answered}),
        ("Decrypt", {"KeyId": asked}, {"KeyId": answered}),
        ("DescribeKey", {"KeyId": asked}, {"KeyMetadata": metadata}),
        ("ReEncrypt", {"DestinationKeyId": asked, "SourceKeyId": ""}, {"KeyId": answered}),
        ("ReEncrypt", {"DestinationKeyId": "", "SourceKeyId": asked}, {"SourceKeyId": answered}),
    ]
    for operation, question, changes in cases:
        if passes:
            check(operation, {**GOOD[operation][0], **question}, {**GOOD[operation][1], **changes})
        else:
            error = refused(operation, question, **changes)
            assert error.__class__ is OtherKeyError
            assert error.kwargs == {"what": "", "asked": asked, "answered": answered}


def test_references_without_an_account_name_keys_of_one_account():
    answers = Answers()
    stranger = {**GOOD["Encrypt"][1], "KeyId": arn(OTHER_ID, account="444455556666")}
    check("DescribeKey", *GOOD["DescribeKey"], answers)
    assert answers.account == "111122223333"
    for asked in ("alias/vault", OTHER_ID):
        with pytest.raises(OtherKeyError) as raised:
            check("Encrypt", {"KeyId": asked}, stranger, answers)
        assert raised.value.kwargs["asked"] == f"{asked} of account 111122223333"
    check("Encrypt", {"KeyId": stranger["KeyId"]}, stranger, answers)  # another account's key by its ARN
    assert answers.account == "111122223333"


def test_a_role_tells_the_account():
    answers = Answers()
    check("AssumeRole", *GOOD["AssumeRole"], answers)
    assert answers.account == "111122223333"
    with pytest.raises(OtherKeyError):
        check("Encrypt", {"KeyId": "alias/vault"}, {**GOOD["Encrypt"][1], "KeyId": arn(account="444455556666")}, answers)


@pytest.mark.parametrize(
    "got", ["arn:aws:sts::444455556666:assumed-role/vault/s", "arn:aws:sts::111122223333:assumed-role/admin/s", "arn:aws:sts::111122223333:root"]
)
def test_another_role_than_the_one_asked_for(got):
    assert "the role" in str(refused("AssumeRole", AssumedRoleUser={"Arn": got}))


@pytest.mark.parametrize("name", CREDENTIALS)
def test_a_role_without_credentials(name):
    for value in (None, ""):
        if not (name == "Expiration" and value == ""):
            broken = {**CREDENTIALS, name: value} if value is not None else {key: kept for key, kept in CREDENTIALS.items() if key != name}
            assert str(refused("AssumeRole", Credentials=broken)) == f"{name} is missing in Credentials"


@pytest.mark.parametrize("name", ["EncryptionAlgorithm", "SourceEncryptionAlgorithm", "DestinationEncryptionAlgorithm"])
def test_another_algorithm(name):
    assert str(refused("ReEncrypt", **{name: "RSAES_OAEP_SHA_256"})) == f"{name} is not SYMMETRIC_DEFAULT"


def test_metadata_that_contradict_themselves():
    assert str(refused("DescribeKey", KeyMetadata={**METADATA, "KeyId": OTHER_ID})) == "KeyId and Arn name different keys"
    assert str(refused("DescribeKey", KeyMetadata={**METADATA, "AWSAccountId": "444455556666"})) == "AWSAccountId and Arn name different accounts"
    assert str(refused("DescribeKey", KeyMetadata={"KeyId": ID})) == "Arn is missing in KeyMetadata"


@pytest.mark.parametrize(
    ("operation", "changes"),
    [
        ("ListAliases", {"Aliases": [{"AliasName": "alias/vault", "TargetKeyId": OTHER_ID}]}),
        ("ListGrants", {"Grants": [GOOD["ListGrants"][1]["Grants"][0], {"GrantId": "g", "KeyId": arn(OTHER_ID)}]}),
        ("ListGrants", {"Grants": [{"GrantId": "g", "KeyId": arn(account="444455556666")}]}),
        ("ListKeyRotations", {"Rotations": [{"KeyId": OTHER_ID, "RotationDate": NOW}]}),
        ("GetKeyRotationStatus", {"KeyId": OTHER_ID}),
        ("RotateKeyOnDemand", {"KeyId": arn(OTHER_ID)}),
    ],
)
def test_facts_of_another_key(operation, changes):
    assert refused(operation, **changes).__class__ is OtherKeyError


@pytest.mark.parametrize("text", ["text", "alias/vault"])
def test_facts_of_what_is_no_key(text):
    assert str(refused("GetKeyRotationStatus", KeyId=text)) == "the returned key is not a key ID or ARN"


@pytest.mark.parametrize(
    ("operation", "changes", "message"),
    [
        ("ListAliases", {"Aliases": [{}]}, "AliasName is missing in Aliases"),
        ("ListGrants", {"Grants": [{}]}, "GrantId is missing in Grants"),
        ("ListKeyRotations", {"Rotations": [{}]}, "RotationDate is missing in Rotations"),
        ("ListResourceTags", {"Tags": [{"TagKey": "k"}]}, "TagValue is missing in Tags"),
        ("ListResourceTags", {"Tags": [{"TagKey": "", "TagValue": "v"}]}, "TagKey is missing in Tags"),
        ("ListResourceTags", {"Tags": {}}, "Tags is not a list"),
        ("ListResourceTags", {"Tags": ["text"]}, "Tags is not an object"),
        ("ListResourceTags", {"Tags": [{"TagKey": "k", "TagValue": "v"}] * 10001}, "Tags is not a list of at most 10000 entries"),
        ("ListResourceTags", {"Truncated": "yes"}, "Truncated is not true or false"),
        ("GetKeyPolicy", {"Policy": {}}, "Policy is not a text"),
        ("GetKeyPolicy", {"Policy": "x" * 131073}, "Policy is not a text"),
        ("GetKeyPolicy", {"Policy": "\ud800"}, "Policy is not a text"),
        ("GetKeyRotationStatus", {"KeyRotationEnabled": "false"}, "KeyRotationEnabled is not true or false"),
        ("GetKeyRotationStatus", {"RotationPeriodInDays": True}, "RotationPeriodInDays is not an integer"),
        ("GetKeyRotationStatus", {"RotationPeriodInDays": 2**63}, "RotationPeriodInDays is not an integer"),
        ("GetKeyRotationStatus", {"RotationPeriodInDays": 1.5}, "RotationPeriodInDays is not an integer"),
        ("GetKeyRotationStatus", {"NextRotationDate": "soon"}, "NextRotationDate is not a time"),
        ("GetKeyRotationStatus", {"NextRotationDate": datetime(2026, 1, 1)}, "NextRotationDate is not a time"),
        ("GetKeyRotationStatus", {"NextRotationDate": NOW.replace(year=9999)}, "NextRotationDate is not a time"),
        ("GetKeyRotationStatus", {"NextRotationDate": NOW.replace(year=1969)}, "NextRotationDate is not a time"),
        ("DescribeKey", {"KeyMetadata": []}, "KeyMetadata is not an object"),
        ("DescribeKey", {"KeyMetadata": {**METADATA, "Enabled": "yes"}}, "KeyMetadata.Enabled is not true or false"),
        ("DescribeKey", {"KeyMetadata": {**METADATA, "ValidTo": 1}}, "KeyMetadata.ValidTo is not a time"),
        ("DescribeKey", {"KeyMetadata": {**METADATA, "EncryptionAlgorithms": [1]}}, "KeyMetadata.EncryptionAlgorithms is not a text"),
        ("Encrypt", {"CiphertextBlob": "text"}, "CiphertextBlob is not at most 65536 bytes"),
        ("Encrypt", {"CiphertextBlob": b"x" * 65537}, "CiphertextBlob is not at most 65536 bytes"),
        ("Encrypt", {"KeyId": 1}, "KeyId is not a text"),
    ],
)
def test_types_and_limits(operation, changes, message):
    if operation not in MODELS["kms"].operation_names or not set(changes) <= set(MODELS["kms"].operation_model(operation).output_shape.members):
        pytest.skip("the botocore of this environment does not know the field")
    assert str(refused(operation, **changes)) == message


def test_the_limits_themselves_pass():
    for operation, changes in [
        ("ListResourceTags", {"Tags": [{"TagKey": "k", "TagValue": "v"}] * 10000}),
        ("GetKeyPolicy", {"Policy": "x" * 131072}),
        ("GetKeyRotationStatus", {"KeyRotationEnabled": True, "NextRotationDate": NOW.replace(year=9998), "RotationPeriodInDays": 2**63 - 1}),
        ("GetKeyRotationStatus", {"KeyRotationEnabled": True, "NextRotationDate": NOW.replace(year=1970)}),
    ]:
        check(operation, GOOD[operation][0], {**GOOD[operation][1], **changes})


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=30) | st.just(NOW) | st.just(ARN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.data(), st.sampled_from(sorted(GOOD)))
def test_whatever_is_answered_passes_or_is_refused(data, operation):
    asked, answer = GOOD[operation]
    answer = copy.deepcopy(answer)
    for name in data.draw(st.lists(st.sampled_from(sorted(answer) or ["KeyId"]), max_size=2)):
        answer[name] = data.draw(json_like)
        if name in ("KeyMetadata", "Credentials", "AssumedRoleUser") and data.draw(st.booleans()):
            answer[name] = {**GOOD[operation][1][name], **data.draw(st.dictionaries(st.sampled_from(["Arn", "KeyId", "ValidTo", "Expiration"]), json_like))}
    try:
        check(operation, asked, answer)
    except AnswerError as error:
        assert len(str(error)) < 200


# Roles


@pytest.mark.parametrize(
    ("given", "got", "passes"),
    [
        (ROLE, "arn:aws:sts::111122223333:assumed-role/vault/s", True),
        (ROLE, "arn:aws:sts::111122223333:assumed-role/vault", True),
        ("arn:aws:iam::111122223333:role/vault", "arn:aws:sts::111122223333:assumed-role/vault/s", True),
        ("arn:aws:iam::111122223333:role/a/b/vault", "arn:aws:sts::111122223333:assumed-role/vault/s", True),
        ("arn:aws:iam::111122223333:role/a/b/vault", "arn:aws:sts::111122223333:assumed-role/b/s", False),
        (ROLE, "arn:aws:sts::444455556666:assumed-role/vault/s", False),
        (ROLE, "arn:aws:sts::111122223333:vault", False),
        ("arn:aws:iam::111122223333:vault", "arn:aws:sts::111122223333:assumed-role/vault/s", True),
        (ROLE, "no ARN", True),
        (ROLE, "", True),
        ("no ARN", "arn:aws:sts::444455556666:assumed-role/vault/s", True),
    ],
)
def test_which_role_may_be_answered(given, got, passes):
    answer = {"Credentials": CREDENTIALS, "AssumedRoleUser": {"AssumedRoleId": "AROA:s", "Arn": got}}
    if passes:
        answers = Answers()
        check("AssumeRole", {"RoleArn": given}, answer, answers)
        assert answers.account == ("111122223333" if given != "no ARN" else "")
    else:
        assert str(refused("AssumeRole", {"RoleArn": given}, **answer)) == "the role is not the requested role"


@pytest.mark.parametrize("user", [None, {}])
def test_a_role_whose_user_is_not_told(user):
    answers = Answers()
    check("AssumeRole", {"RoleArn": ROLE}, {"Credentials": CREDENTIALS, **({} if user is None else {"AssumedRoleUser": user})}, answers)
    assert answers.account == "111122223333"
    answers = Answers()
    check("AssumeRole", {}, {"Credentials": CREDENTIALS}, answers)
    assert answers.account == ""


def test_another_accounts_key_is_named_in_whole():
    answers = Answers()
    answers.account = "111122223333"
    stranger = arn(account="444455556666")
    with pytest.raises(OtherKeyError) as raised:
        check("Decrypt", {"KeyId": ID}, {**GOOD["Decrypt"][1], "KeyId": stranger}, answers)
    assert raised.value.kwargs == {"what": "", "asked": f"{ID} of account 111122223333", "answered": stranger}


# Limits at their edges


@pytest.mark.parametrize(
    ("operation", "changes"),
    [
        ("ListResourceTags", {"Tags": [{"TagKey": "k", "TagValue": "v"}] * 10000}),
        ("GetKeyPolicy", {"Policy": "x" * 131072}),
        ("GetKeyRotationStatus", {"KeyRotationEnabled": True}),
        ("Encrypt", {"CiphertextBlob": bytearray(b"d" * 6144)}),
        ("DescribeKey", {"KeyMetadata": {**METADATA, "PendingDeletionWindowInDays": 0}}),
        ("DescribeKey", {"KeyMetadata": {**METADATA, "PendingDeletionWindowInDays": 2**63 - 1}}),
        ("DescribeKey", {"KeyMetadata": {**METADATA, "PendingDeletionWindowInDays": 1 - 2**63}}),
        ("DescribeKey", {"KeyMetadata": {**METADATA, "CreationDate": NOW.replace(year=1970)}}),
        ("DescribeKey", {"KeyMetadata": {**METADATA, "CreationDate": NOW.replace(year=9998)}}),
    ],
)
def test_what_is_just_within_the_limits(operation, changes):
    asked, answer = GOOD[operation]
    check(operation, asked, {**answer, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"PendingDeletionWindowInDays": -(2**63)}, "KeyMetadata.PendingDeletionWindowInDays is not an integer"),
        ({"PendingDeletionWindowInDays": "7"}, "KeyMetadata.PendingDeletionWindowInDays is not an integer"),
        ({"CreationDate": "2026-01-31"}, "KeyMetadata.CreationDate is not a time"),
        ({"CreationDate": NOW.replace(tzinfo=None)}, "KeyMetadata.CreationDate is not a time"),
        ({"CreationDate": NOW.replace(year=9999)}, "KeyMetadata.CreationDate is not a time"),
        ({"CreationDate": NOW.replace(year=1969)}, "KeyMetadata.CreationDate is not a time"),
        ({"MultiRegionConfiguration": {"PrimaryKey": {"Arn": 5}}}, "KeyMetadata.MultiRegionConfiguration.PrimaryKey.Arn is not a text"),
        ({"MultiRegionConfiguration": {"ReplicaKeys": [{"Region": 5}]}}, "KeyMetadata.MultiRegionConfiguration.ReplicaKeys.Region is not a text"),
        ({"EncryptionAlgorithms": "text"}, "KeyMetadata.EncryptionAlgorithms is not a list"),
    ],
)
def test_what_is_just_beyond_them_in_metadata(changes, message):
    assert str(refused("DescribeKey", KeyMetadata={**METADATA, **changes})) == message


class Shape:
    """A shape of the SDK's model, of which KMS and STS have none yet."""

    def __init__(self, type_name, **inner):
        self.type_name = type_name
        self.__dict__.update(inner)


MAP = Shape("structure", members={"Map": Shape("map", key=Shape("string"), value=Shape("long")), "Other": Shape("float")})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": 1}, ""), ({}, ""), ({str(number): number for number in range(10000)}, ""), ([], "Map is not a map"),
        ({str(number): number for number in range(10001)}, "Map is not a map"), ({1: 1}, "Map is not a text"), ({"a": "b"}, "Map is not an integer"),
        ({"a": True}, "Map is not an integer"),
    ],
)
def test_maps(value, message):
    if message:
        with pytest.raises(AnswerError) as raised:
            Answers().check("ToCome", MAP, {}, {"Map": value}, REGION)
        assert str(raised.value) == message
    else:
        Answers().check("ToCome", MAP, {}, {"Map": value, "Other": "is not checked"}, REGION)


def test_an_answer_of_an_operation_without_a_model():
    Answers().check("ToCome", None, {}, {"anything": object()}, REGION)
    with pytest.raises(MissingFieldError, match="^the response is not an object$"):
        Answers().check("ToCome", None, {}, [], REGION)
    with pytest.raises(MissingFieldError, match="^Rotations is missing$"):
        Answers().check("ListKeyRotations", None, {}, {}, REGION)
    with pytest.raises(AnswerError, match="^Rotations is not an object$"):
        Answers().check("ListKeyRotations", None, {}, {"Rotations": ["text"]}, REGION)


def test_a_shape_that_is_not_an_object():
    with pytest.raises(AnswerError, match="^it is not a text$"):
        Answers().check("ToCome", Shape("string"), {}, {}, REGION)


def test_what_is_judged_by_its_length_before_its_kind():
    assert str(refused("Encrypt", CiphertextBlob=b"x" * 65536)) == "CiphertextBlob has 65536 bytes instead of 1 to 6144"
    check("Decrypt", {"KeyId": ARN, "CiphertextBlob": b"XXXX"}, GOOD["Decrypt"][1])
    check("DescribeKey", {"KeyId": ID}, {"KeyMetadata": {"Arn": ARN, "KeyId": ID}})


def test_what_was_not_asked_may_be_answered():
    good = GOOD["Encrypt"][1]
    for asked in ("no reference at all", "x" * 3000):
        check("Encrypt", {"KeyId": asked}, good)
        check("GetKeyRotationStatus", {"KeyId": asked}, {"KeyRotationEnabled": True, "KeyId": ARN})
    check("Encrypt", {}, good)
    check("GetKeyRotationStatus", {}, {"KeyRotationEnabled": True, "KeyId": ARN})
    check("GetKeyRotationStatus", {"KeyId": "alias/vault"}, {"KeyRotationEnabled": True, "KeyId": arn(OTHER_ID)})
    check("GetKeyRotationStatus", {"KeyId": ID.upper()}, {"KeyRotationEnabled": True, "KeyId": ID})
    check("GetKeyRotationStatus", {"KeyId": arn(MRK, "eu-west-1")}, {"KeyRotationEnabled": True, "KeyId": arn(MRK)})


def test_another_key_in_a_listing_is_named():
    for answered in (OTHER_ID, arn(OTHER_ID)):
        error = refused("ListAliases", Aliases=[{"AliasName": "alias/vault", "TargetKeyId": answered}])
        assert error.kwargs == {"what": "", "asked": ARN, "answered": answered}


# The events of a client


class Client:
    """botocore's emitter and model, of a client that sends nothing."""

    def __init__(self, service="kms"):
        self.meta = self
        self.events = HierarchicalEmitter()
        self.service_model = MODELS[service]
        self.region_name = REGION

    def call(self, operation, asked, answer, status=200):
        model, context = self.service_model.operation_model(operation), {}
        name = f"{self.service_model.service_id.hyphenize()}.{operation}"
        self.events.emit(f"before-parameter-build.{name}", params=asked, model=model, context=context)
        response = SimpleNamespace(status_code=status)
        self.events.emit(f"after-call.{name}", http_response=response, parsed=answer, model=model, context=context)


@pytest.mark.parametrize("operation", ["Encrypt", "DescribeKey", "AssumeRole"])
def test_the_answers_of_an_attached_client_are_checked(operation):
    client = Client("sts" if operation == "AssumeRole" else "kms")
    Answers().attach(client)
    asked, answer = GOOD[operation]
    client.call(operation, dict(asked), answer)
    client.call(operation, dict(asked), {"Error": {"Code": "x"}}, 300)
    for status in (200, 299):
        with pytest.raises(MissingFieldError):
            client.call(operation, dict(asked), {}, status)


def test_an_answer_is_checked_against_what_was_asked():
    client = Client()
    Answers().attach(client)
    with pytest.raises(OtherKeyError) as raised:
        client.call("Encrypt", {"KeyId": OTHER_ID, "Plaintext": DATA_KEY}, GOOD["Encrypt"][1])
    assert raised.value.kwargs == {"what": "", "asked": OTHER_ID, "answered": ARN}
    elsewhere = Client()
    elsewhere.region_name = "eu-west-1"
    Answers().attach(elsewhere)
    with pytest.raises(AnswerError, match="^the returned key is in region us-east-1$"):
        elsewhere.call("Encrypt", *GOOD["Encrypt"])


def test_an_answer_of_the_wrong_type_and_one_to_a_request_that_was_not_noted():
    client = Client()
    Answers().attach(client)
    with pytest.raises(AnswerError, match="^KeyMetadata.Description is not a text$"):
        client.call("DescribeKey", {"KeyId": ID}, {"KeyMetadata": {**METADATA, "Description": 5}})
    response, model = SimpleNamespace(status_code=200), MODELS["kms"].operation_model("Encrypt")
    client.events.emit("after-call.kms.Encrypt", http_response=response, parsed=GOOD["Encrypt"][1], model=model, context={})


def test_what_another_handler_makes_of_the_parameters_later_does_not_count():
    client = Client()
    Answers().attach(client)
    asked = {"KeyId": ID, "Plaintext": DATA_KEY}
    client.events.register_last("before-parameter-build.kms", lambda params, **_all: params.update(KeyId=OTHER_ID))
    client.call("Encrypt", asked, GOOD["Encrypt"][1])


def test_the_answer_is_checked_as_other_handlers_leave_it():
    client = Client()
    Answers().attach(client)
    client.events.register("after-call.kms", lambda parsed, **_all: parsed.pop("KeyId"))
    with pytest.raises(MissingFieldError):
        client.call("Encrypt", GOOD["Encrypt"][0], dict(GOOD["Encrypt"][1]))


# Pages


def test_pages_end():
    pages = Pages()
    assert pages.next_marker({"Truncated": True, "NextMarker": "a"}) == "a"
    assert pages.next_marker({"Truncated": True, "NextMarker": "b"}) == "b"
    assert pages.next_marker({"Truncated": False, "NextMarker": "a"}) == ""
    assert pages.next_marker({}) == ""


def test_pages_that_never_end():
    pages = Pages()
    pages.next_marker({"Truncated": True, "NextMarker": "a"})
    pages.next_marker({"Truncated": True, "NextMarker": "b"})
    with pytest.raises(AnswerError, match="^a page marker occurs twice$"):
        pages.next_marker({"Truncated": True, "NextMarker": "a"})
    with pytest.raises(AnswerError, match="^it announces more pages without a marker$"):
        pages.next_marker({"Truncated": True})
    pages = Pages()
    for number in range(MAX_PAGES - 1):
        pages.next_marker({"Truncated": True, "NextMarker": str(number)})
    with pytest.raises(AnswerError, match=f"^it has more than {MAX_PAGES} pages$"):
        pages.next_marker({"Truncated": True, "NextMarker": "last"})
