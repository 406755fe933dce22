# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The strict KMS answers boto3 as AWS does: keys, states, ciphertexts, aliases, rotation and multi-Region keys."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.config import Config

from support.refusal import code_of, refusal
from support.strict_kms import StrictKms

ONCE = Config(retries={"total_max_attempts": 1})
ABSENT = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def aws(kms: StrictKms) -> Any:
    return kms.client(config=ONCE)


@pytest.fixture(scope="module")
def key(kms: StrictKms) -> str:
    return kms.new_key()


def sealed(aws: Any, key: str, text: bytes = b"text", **settings: Any) -> bytes:
    blob: bytes = aws.encrypt(KeyId=key, Plaintext=text, **settings)["CiphertextBlob"]
    return blob


def test_encrypt_and_decrypt_name_the_keys_arn(aws: Any, key: str) -> None:
    encrypted = aws.encrypt(KeyId=key.rsplit("/", 1)[-1], Plaintext=b"text")
    assert (encrypted["KeyId"], encrypted["EncryptionAlgorithm"]) == (key, "SYMMETRIC_DEFAULT")
    decrypted = aws.decrypt(CiphertextBlob=encrypted["CiphertextBlob"])
    assert (decrypted["KeyId"], decrypted["Plaintext"]) == (key, b"text")


def test_one_text_has_many_ciphertexts(aws: Any, key: str) -> None:
    assert sealed(aws, key) != sealed(aws, key)


# Key states and usages


@pytest.fixture(params=["Disabled", "PendingDeletion", "PendingImport", "Unavailable"])
def unfit(request: pytest.FixtureRequest, kms: StrictKms, aws: Any) -> tuple[str, str, str, bytes]:
    """A key in a state other than Enabled, AWS's answer to its use, and a ciphertext of it where it can have one."""
    state = request.param
    arn = kms.new_key(**({"Origin": "EXTERNAL"} if state == "PendingImport" else {}))
    blob = sealed(aws, arn) if state != "PendingImport" else b""
    if state == "Disabled":
        aws.disable_key(KeyId=arn)
        return arn, "DisabledException", f"{arn} is disabled.", blob
    if state == "PendingDeletion":
        aws.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
        return arn, "KMSInvalidStateException", f"{arn} is pending deletion.", blob
    if state == "Unavailable":
        kms.set_key_state(arn, state)
        return arn, "KMSInvalidStateException", f"{arn} is unavailable.", blob
    return arn, "KMSInvalidStateException", f"{arn} is pending import.", blob


def test_a_key_that_is_not_enabled_does_nothing(aws: Any, key: str, unfit: tuple[str, str, str, bytes]) -> None:
    arn, *answer, blob = unfit
    assert refusal(aws.encrypt, KeyId=arn, Plaintext=b"text") == tuple(answer)
    assert refusal(aws.generate_data_key, KeyId=arn, KeySpec="AES_256") == tuple(answer)
    assert refusal(aws.re_encrypt, CiphertextBlob=sealed(aws, key), DestinationKeyId=arn) == tuple(answer)
    if blob:
        assert refusal(aws.decrypt, CiphertextBlob=blob) == tuple(answer)
        assert refusal(aws.decrypt, CiphertextBlob=blob, KeyId=arn) == tuple(answer)
        assert refusal(aws.re_encrypt, CiphertextBlob=blob, DestinationKeyId=key) == tuple(answer)


def test_a_key_that_is_not_enabled_can_be_described(request: pytest.FixtureRequest, aws: Any, unfit: tuple[str, str, str, bytes]) -> None:
    metadata = aws.describe_key(KeyId=unfit[0])["KeyMetadata"]
    assert (metadata["KeyState"], metadata["Enabled"]) == (request.node.callspec.params["unfit"], False)
    assert ("DeletionDate" in metadata) == (metadata["KeyState"] == "PendingDeletion")


def test_a_key_comes_back(kms: StrictKms, aws: Any) -> None:
    arn = kms.new_key()
    blob = sealed(aws, arn)
    aws.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    assert code_of(aws.enable_key, KeyId=arn) == "KMSInvalidStateException"
    aws.cancel_key_deletion(KeyId=arn)
    assert aws.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Disabled"
    assert code_of(aws.cancel_key_deletion, KeyId=arn) == "KMSInvalidStateException"
    aws.enable_key(KeyId=arn)
    assert aws.decrypt(CiphertextBlob=blob)["Plaintext"] == b"text"


def test_imported_material_and_its_end(kms: StrictKms, aws: Any) -> None:
    arn = kms.new_key(Origin="EXTERNAL")
    assert "ExpirationModel" not in aws.describe_key(KeyId=arn)["KeyMetadata"]
    kms.set_key_state(arn, "Enabled", valid_to=1893456000)
    metadata = aws.describe_key(KeyId=arn)["KeyMetadata"]
    assert (metadata["Origin"], metadata["ExpirationModel"], metadata["ValidTo"].year) == ("EXTERNAL", "KEY_MATERIAL_EXPIRES", 2030)
    assert aws.decrypt(CiphertextBlob=sealed(aws, arn))["Plaintext"] == b"text"
    assert code_of(aws.get_key_rotation_status, KeyId=arn) == "UnsupportedOperationException"


@pytest.mark.parametrize(
    ("usage", "spec", "algorithms"),
    [
        ("SIGN_VERIFY", "ECC_NIST_P256", "SigningAlgorithms"),
        ("SIGN_VERIFY", "RSA_2048", "SigningAlgorithms"),
        ("ENCRYPT_DECRYPT", "RSA_2048", "EncryptionAlgorithms"),
        ("GENERATE_VERIFY_MAC", "HMAC_256", "MacAlgorithms"),
    ],
)
def test_a_key_for_something_else(kms: StrictKms, aws: Any, key: str, usage: str, spec: str, algorithms: str) -> None:
    arn = kms.new_key(KeyUsage=usage, KeySpec=spec)
    metadata = aws.describe_key(KeyId=arn)["KeyMetadata"]
    assert (metadata["KeyUsage"], metadata["KeySpec"]) == (usage, spec)
    assert {name for name in metadata if name.endswith("Algorithms")} == {algorithms}
    for call, parameters in [
        (aws.encrypt, {"Plaintext": b"text"}),
        (aws.decrypt, {"CiphertextBlob": sealed(aws, key)}),
        (aws.generate_data_key, {"KeySpec": "AES_256"}),
    ]:
        code, message = refusal(call, KeyId=arn, **parameters)
        assert code == "InvalidKeyUsageException"
        assert message.startswith(f"{arn} key ")
    assert code_of(aws.rotate_key_on_demand, KeyId=arn) == "UnsupportedOperationException"


# What is not there


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (ABSENT, f"Key 'arn:aws:kms:us-east-1:123456789012:key/{ABSENT}' does not exist"),
        (f"arn:aws:kms:us-east-1:123456789012:key/{ABSENT}", f"Key 'arn:aws:kms:us-east-1:123456789012:key/{ABSENT}' does not exist"),
        ("alias/absent", "Alias arn:aws:kms:us-east-1:123456789012:alias/absent is not found."),
        ("arn:aws:kms:us-east-1:123456789012:alias/absent", "Alias arn:aws:kms:us-east-1:123456789012:alias/absent is not found."),
        (f"arn:aws:kms:eu-west-1:123456789012:key/{ABSENT}", "Invalid arn eu-west-1"),
        ("nonsense", "Invalid keyId 'nonsense'"),
    ],
)
def test_not_found(aws: Any, key: str, reference: str, message: str) -> None:
    assert refusal(aws.describe_key, KeyId=reference) == ("NotFoundException", message)
    assert refusal(aws.encrypt, KeyId=reference, Plaintext=b"text") == ("NotFoundException", message)
    assert refusal(aws.decrypt, KeyId=reference, CiphertextBlob=sealed(aws, key)) == ("NotFoundException", message)


# Plaintexts and ciphertexts


@pytest.mark.parametrize("size", [1, 4096])
def test_sizes_within_the_limits(aws: Any, key: str, size: int) -> None:
    assert aws.decrypt(CiphertextBlob=sealed(aws, key, b"x" * size))["Plaintext"] == b"x" * size


@pytest.mark.parametrize(("size", "limit"), [(0, "greater than or equal to 1"), (4097, "less than or equal to 4096")])
def test_plaintexts_beyond_the_limits(aws: Any, key: str, size: int, limit: str) -> None:
    code, message = refusal(aws.encrypt, KeyId=key, Plaintext=b"x" * size)
    assert code == "ValidationException"
    assert message.endswith(f"Value at 'plaintext' failed to satisfy constraint: Member must have length {limit}")


@pytest.mark.parametrize(("size", "limit"), [(0, "greater than or equal to 1"), (6145, "less than or equal to 6144")])
def test_ciphertexts_beyond_the_limits(aws: Any, size: int, limit: str) -> None:
    code, message = refusal(aws.decrypt, CiphertextBlob=b"x" * size)
    assert code == "ValidationException"
    assert message.endswith(f"Value at 'ciphertextBlob' failed to satisfy constraint: Member must have length {limit}")


def test_a_damaged_ciphertext_opens_nothing(aws: Any, key: str) -> None:
    blob = sealed(aws, key)
    flipped = [blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :] for place in (0, len(blob) // 2, len(blob) - 1)]
    for damaged in [blob[:-1], blob[:10], blob[:1], blob + b"x", b"garbage" * 20, *flipped]:
        assert refusal(aws.decrypt, CiphertextBlob=damaged, KeyId=key) == ("InvalidCiphertextException", "")


def test_the_encryption_context_is_bound(aws: Any, key: str) -> None:
    context = {"tenant": "a", "use": "test"}
    blob = sealed(aws, key, EncryptionContext=context)
    assert aws.decrypt(CiphertextBlob=blob, EncryptionContext=dict(reversed(context.items())))["Plaintext"] == b"text"
    for other in ({}, {"tenant": "a"}, {**context, "tenant": "b"}, {**context, "more": "x"}):
        assert code_of(aws.decrypt, CiphertextBlob=blob, EncryptionContext=other) == "InvalidCiphertextException"


def test_decrypt_pinned_to_another_key(kms: StrictKms, aws: Any, key: str) -> None:
    code, message = refusal(aws.decrypt, CiphertextBlob=sealed(aws, key), KeyId=kms.new_key())
    assert (code, message.startswith("The key ID in the request does not identify")) == ("IncorrectKeyException", True)


def test_a_ciphertext_of_another_region(kms: StrictKms, aws: Any) -> None:
    blob = sealed(kms.client(region="eu-west-1", config=ONCE), kms.new_key("eu-west-1"))
    code, message = refusal(aws.decrypt, CiphertextBlob=blob)
    assert (code, "does not exist in this region" in message) == ("AccessDeniedException", True)


def test_dry_runs_do_nothing(aws: Any, key: str) -> None:
    blob = sealed(aws, key)
    for call, parameters in [
        (aws.encrypt, {"KeyId": key, "Plaintext": b"text"}),
        (aws.decrypt, {"CiphertextBlob": blob}),
        (aws.re_encrypt, {"CiphertextBlob": blob, "DestinationKeyId": key}),
        (aws.generate_data_key, {"KeyId": key, "KeySpec": "AES_256"}),
        (aws.generate_data_key_without_plaintext, {"KeyId": key, "KeySpec": "AES_256"}),
    ]:
        assert code_of(call, DryRun=True, **parameters) == "DryRunOperationException"
    assert code_of(aws.encrypt, KeyId=ABSENT, Plaintext=b"text", DryRun=True) == "NotFoundException"


def test_re_encrypt(kms: StrictKms, aws: Any, key: str) -> None:
    other, context = kms.new_key(), {"tenant": "a"}
    source = sealed(aws, key, EncryptionContext=context)
    answer = aws.re_encrypt(CiphertextBlob=source, SourceEncryptionContext=context, SourceKeyId=key, DestinationKeyId=other)
    assert (answer["SourceKeyId"], answer["KeyId"]) == (key, other)
    assert aws.decrypt(CiphertextBlob=answer["CiphertextBlob"], KeyId=other)["Plaintext"] == b"text"
    wrong = {"CiphertextBlob": source, "DestinationKeyId": other}
    assert code_of(aws.re_encrypt, **wrong) == "InvalidCiphertextException"
    assert code_of(aws.re_encrypt, **wrong, SourceKeyId=other) == "IncorrectKeyException"


def test_re_encrypt_works_within_one_region(kms: StrictKms, aws: Any, key: str) -> None:
    europe, there = kms.new_key("eu-west-1"), kms.client(region="eu-west-1", config=ONCE)
    blob = sealed(aws, key)
    code, message = refusal(there.re_encrypt, CiphertextBlob=blob, DestinationKeyId=europe)
    assert (code, "does not exist in this region" in message) == ("AccessDeniedException", True)
    for names in ({"SourceKeyId": key, "DestinationKeyId": europe}, {"DestinationKeyId": key}):
        blob_there = blob if "SourceKeyId" in names else sealed(there, europe)
        assert refusal(there.re_encrypt, CiphertextBlob=blob_there, **names) == ("NotFoundException", "Invalid arn us-east-1")


def test_re_encrypt_of_a_related_key(kms: StrictKms, aws: Any) -> None:
    multi, there = kms.new_key(MultiRegion=True), kms.client(region="eu-west-1", config=ONCE)
    blob, europe = sealed(aws, multi), kms.new_key("eu-west-1")
    replica = multi.replace("us-east-1", "eu-west-1")
    assert code_of(there.re_encrypt, CiphertextBlob=blob, SourceKeyId=replica, DestinationKeyId=europe) == "NotFoundException"
    aws.replicate_key(KeyId=multi, ReplicaRegion="eu-west-1")
    answer = there.re_encrypt(CiphertextBlob=blob, SourceKeyId=replica, DestinationKeyId=europe)
    assert (answer["SourceKeyId"], answer["KeyId"]) == (replica, europe)
    assert there.decrypt(CiphertextBlob=answer["CiphertextBlob"], KeyId=europe)["Plaintext"] == b"text"


def test_re_encrypt_binds_to_the_context_of_the_destination(kms: StrictKms, aws: Any, key: str) -> None:
    other, context = kms.new_key(), {"tenant": "b"}
    moved = aws.re_encrypt(CiphertextBlob=sealed(aws, key), DestinationKeyId=other, DestinationEncryptionContext=context)["CiphertextBlob"]
    assert aws.decrypt(CiphertextBlob=moved, EncryptionContext=context)["Plaintext"] == b"text"
    assert code_of(aws.decrypt, CiphertextBlob=moved) == "InvalidCiphertextException"
    assert code_of(aws.re_encrypt, CiphertextBlob=moved, DestinationKeyId=key) == "InvalidCiphertextException"


@pytest.mark.parametrize(("wanted", "size"), [({"KeySpec": "AES_256"}, 32), ({"KeySpec": "AES_128"}, 16), ({"NumberOfBytes": 1024}, 1024)])
def test_data_keys(aws: Any, key: str, wanted: dict[str, Any], size: int) -> None:
    answer = aws.generate_data_key(KeyId=key, EncryptionContext={"a": "b"}, **wanted)
    opened = aws.decrypt(CiphertextBlob=answer["CiphertextBlob"], EncryptionContext={"a": "b"})["Plaintext"]
    assert (answer["KeyId"], len(opened), opened) == (key, size, answer["Plaintext"])
    without = aws.generate_data_key_without_plaintext(KeyId=key, **wanted)
    assert "Plaintext" not in without
    assert len(aws.decrypt(CiphertextBlob=without["CiphertextBlob"])["Plaintext"]) == size


@pytest.mark.parametrize("wanted", [{}, {"KeySpec": "AES_256", "NumberOfBytes": 32}, {"NumberOfBytes": 1025}])
def test_data_keys_of_no_clear_size(aws: Any, key: str, wanted: dict[str, Any]) -> None:
    assert code_of(aws.generate_data_key, KeyId=key, **wanted) == "ValidationException"
