# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rewrap, with protobuf's runtime and the library cryptography as judges of what it leaves as it was and of what opens."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import KmsError, SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.blob import BlobInfo, KeyInfo
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import SealedValue
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.inspection import slots_to_move, value_facts
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.api import KmsPlaintext, KmsReEncrypted
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.trusted_keys import TrustedKeys
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping import rewrap as rewrap_file
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.rewrap import METHODS, Destination, Rewrapper
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.unwrap import Unwrapper
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.wrap import wrap
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.fake_kms import FakeAws, key_arn, refusal
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.strategies import bounded, unknown_fields
from ansible_collections.sealwright.vault_seal.tests.vectors.messages import HASHICORP, OPENBAO, written
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

OLD, NEW, THIRD = (f"{digit * 8}-12ab-34cd-56ef-1234567890ab" for digit in "123")
MRK = "mrk-1234abcd12ab34cd56ef1234567890ab"
EUROPE = "eu-central-1"


@pytest.fixture
def aws():
    return FakeAws()


def sealed(aws, plaintext=b"plaintext", key=OLD, aad=b"", region=""):
    return wrap(aws(region), key, plaintext, aad).value


def rewrapper(aws, key=NEW, region="", **settings):
    return Rewrapper(Destination(aws(region), KeyReference.parse(key)), aws, **settings)


def moved(aws, value, key=NEW, slots=(0,), **settings):
    return SealedValue.parse(rewrapper(aws, key, **settings).rewrap(value, slots).value.encode())


def error_of(call, *arguments, **settings):
    with pytest.raises(SealError) as raised:
        call(*arguments, **settings)
    return raised.value


def operations(aws):
    items = [call.operation for call in aws.calls]
    aws.calls.clear()
    return items


def data_key(aws, wrapped_key):
    arn, key = aws.sealed_by(wrapped_key)
    assert arn == key_arn(NEW)
    return key


# What moves, and what stays


@bounded
@given(unknown_fields(), unknown_fields(), st.binary(max_size=80), st.sampled_from([b"", b"aad"]), st.sampled_from(["reencrypt", "data_key"]))
def test_all_but_key_and_wrapped_key_stays_as_the_runtime_sees_it(outer, inner, plaintext, aad, method):
    aws = FakeAws()
    message = HASHICORP.BlobInfo.FromString(sealed(aws, plaintext, aad=aad).encode())
    message.value_path, message.key_info.hmac_key_id, message.key_info.flags = "core/path", "none", 7
    message.client_data.update({"a": [1, "b"]})
    message.MergeFromString(outer)
    message.key_info.MergeFromString(inner)
    before = written(message)
    after = HASHICORP.BlobInfo.FromString(moved(aws, SealedValue.parse(before), aad=aad, method=method).encode())
    key = data_key(aws, after.key_info.wrapped_key)
    assert AESGCM(key).decrypt(after.iv, after.ciphertext, aad or None) == plaintext
    assert after.key_info.key_id == key_arn(NEW)
    after.key_info.key_id, after.key_info.wrapped_key = message.key_info.key_id, message.key_info.wrapped_key
    assert written(after) == before


@bounded
@given(unknown_fields(), unknown_fields())
def test_what_is_sealed_anew_keeps_every_other_field(outer, inner):
    aws = FakeAws()
    message = HASHICORP.BlobInfo.FromString(sealed(aws).encode())
    message.value_path = "core/path"
    message.MergeFromString(outer)
    message.key_info.MergeFromString(inner)
    after = HASHICORP.BlobInfo.FromString(moved(aws, SealedValue.parse(written(message)), method="reseal").encode())
    assert after.iv != message.iv
    assert AESGCM(data_key(aws, after.key_info.wrapped_key)).decrypt(after.iv, after.ciphertext, None) == b"plaintext"
    for field in ("iv", "ciphertext"):
        setattr(after, field, getattr(message, field))
    after.key_info.key_id, after.key_info.wrapped_key = message.key_info.key_id, message.key_info.wrapped_key
    assert written(after) == written(message)


def test_openbaos_reader_reads_it_too(aws):
    message = OPENBAO.BlobInfo.FromString(moved(aws, sealed(aws)).encode())
    assert AESGCM(data_key(aws, message.key_info.wrapped_key)).decrypt(message.iv, message.ciphertext, None) == b"plaintext"


@pytest.mark.parametrize(
    ("settings", "calls"),
    [
        ({}, ["ReEncrypt", "Decrypt"]),
        ({"verification": "kms"}, ["ReEncrypt", "ReEncrypt"]),
        ({"verification": "none"}, ["ReEncrypt"]),
        ({"method": "data_key"}, ["Decrypt", "Encrypt", "Decrypt"]),
        ({"method": "reseal", "verification": "none"}, ["Decrypt", "Encrypt"]),
    ],
)
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_the_calls_do_not_depend_on_the_size(aws, settings, calls, size):
    value = sealed(aws, b"x" * size)
    aws.calls.clear()
    moved(aws, value, **settings)
    assert operations(aws) == calls


def test_both_keys_are_named_to_kms(aws):
    value = sealed(aws)
    aws.calls.clear()
    result = rewrapper(aws).rewrap(value, [0])
    assert result.moves == [(0, key_arn(OLD), key_arn(NEW))]
    assert [call.key_id for call in aws.calls] == [f"{key_arn(OLD)} > {NEW}", key_arn(NEW)]


def test_the_nonce_that_openbao_2_5_0_joined_stays_joined(aws):
    (slot,) = sealed(aws).slots
    joined = SealedValue((dataclasses.replace(slot, iv=b"", ciphertext=slot.iv + bytes(slot.ciphertext)),))
    after = moved(aws, joined)
    assert after.slots[0].layout == "joined_nonce"
    assert bytes(after.slots[0].ciphertext) == bytes(joined.slots[0].ciphertext)
    assert Unwrapper(aws).unwrap(after).plaintext == b"plaintext"


# Mechanism 0


@pytest.mark.parametrize("key_info", [None, KeyInfo(), KeyInfo(0, key_arn(OLD))], ids=["none", "empty", "named"])
@pytest.mark.parametrize("method", METHODS)
def test_what_kms_encrypted_itself(aws, key_info, method):
    value = SealedValue((BlobInfo(aws().encrypt(OLD, b"plaintext").ciphertext, key_info=key_info),))
    result = rewrapper(aws, method=method).rewrap(value, [0])
    assert result.moves == [(0, key_arn(OLD), key_arn(NEW))], "what KMS says where the value says nothing"
    message = HASHICORP.BlobInfo.FromString(result.value.encode())
    assert (message.key_info.key_id, message.key_info.mechanism) == (key_arn(NEW), 1 if method == "reseal" else 0)
    opened = Unwrapper(aws).unwrap(SealedValue.parse(result.value.encode()))
    assert (opened.plaintext, opened.key_arn) == (b"plaintext", key_arn(NEW))
    assert slots_to_move(value_facts(result.value), KeyReference.parse(NEW)) == [], "it says its key from now on"


def test_a_value_without_a_key_moves_from_one_that_is_trusted_only(aws):
    value = SealedValue((BlobInfo(aws().encrypt(OLD, b"plaintext").ciphertext),))
    trusted = TrustedKeys([THIRD, OLD], aws)
    assert moved(aws, value, trusted=trusted).slots[0].key_id == key_arn(NEW)
    assert error_of(moved, aws, value, trusted=TrustedKeys([THIRD], aws)).reason == "wrong_key"


# Several slots


def several(aws):
    foreign = BlobInfo(b"c" * 30, b"n" * 12, KeyInfo(1, "a key of another cloud", b"w", ((99, b"\x98\x06\x01"),)))
    return SealedValue((foreign, sealed(aws).slots[0], sealed(aws, key=THIRD).slots[0]), multi=True, suffixed=True, generation=4)


def test_the_first_own_slot_or_every_one(aws):
    value = several(aws)
    facts = value_facts(value)
    assert slots_to_move(facts, KeyReference.parse(NEW)) == [1]
    assert slots_to_move(facts, KeyReference.parse(NEW), every_slot=True) == [1, 2]
    assert slots_to_move(facts, KeyReference.parse(THIRD), every_slot=True) == [1]
    assert slots_to_move(facts, KeyReference.parse(OLD)) == []
    assert slots_to_move(facts, KeyReference.parse(OLD), force=True) == [1]
    after = moved(aws, value, slots=[1, 2])
    assert [slot.key_id for slot in after.slots] == ["a key of another cloud", key_arn(NEW), key_arn(NEW)]
    assert after.slots[0].encode() == value.slots[0].encode()
    assert (after.form, after.generation) == (value.form, 4)
    for index in (1, 2):
        assert Unwrapper(aws).open_slot(after.slots[index]) == (b"plaintext", key_arn(NEW))


def test_a_slot_that_cannot_be_moved_leaves_all_as_they_were(aws):
    value = several(aws)
    broken = dataclasses.replace(value.slots[2].key_info, wrapped_key=b"not of this KMS")
    slots = (*value.slots[:2], dataclasses.replace(value.slots[2], key_info=broken))
    assert error_of(moved, aws, dataclasses.replace(value, slots=slots), slots=[1, 2]).reason == "not_authentic"


@pytest.mark.parametrize(
    ("key_info", "reason"),
    [(KeyInfo(1, "projects/p", b"w"), "foreign_wrapper"), (KeyInfo(7, key_arn(OLD), b"w"), "unsupported_mechanism"),
     (KeyInfo(1, key_arn(OLD), b""), "malformed_blob")],
)
def test_a_value_without_a_slot_to_move_is_refused(aws, key_info, reason):
    value = SealedValue((BlobInfo(b"c" * 30, b"n" * 12, key_info),))
    assert error_of(slots_to_move, value_facts(value), KeyReference.parse(NEW)).reason == reason
    assert error_of(rewrapper(aws).rewrap, value, [0]).reason == reason
    assert operations(aws) == []


# What is refused


def test_another_key_than_the_trusted_ones_is_refused_before_kms_is_asked(aws):
    value = sealed(aws)
    aws.calls.clear()
    for method in METHODS:
        error = error_of(moved, aws, value, method=method, trusted=TrustedKeys([THIRD], aws))
        assert (error.reason, operations(aws)) == ("wrong_key", [])
    assert moved(aws, value, trusted=TrustedKeys([OLD], aws)).slots[0].key_id == key_arn(NEW)


@pytest.mark.parametrize("method", METHODS)
def test_a_value_that_names_a_key_that_did_not_seal_it_does_not_move(aws, method):
    (slot,) = sealed(aws).slots
    lying = SealedValue((dataclasses.replace(slot, key_info=dataclasses.replace(slot.key_info, key_id=key_arn(THIRD))),))
    assert error_of(moved, aws, lying, method=method).reason in ("wrong_key", "not_authentic")
    assert error_of(moved, aws, lying, method=method, trusted=TrustedKeys([THIRD, OLD], aws)).reason in ("wrong_key", "not_authentic")


def test_a_kms_that_heeds_no_source_key_is_found_out(aws):
    class Heedless(type(aws())):
        def re_encrypt(self, ciphertext, key_id, source_key_id=""):
            return super().re_encrypt(ciphertext, key_id)

    (slot,) = sealed(aws).slots
    lying = SealedValue((dataclasses.replace(slot, key_info=dataclasses.replace(slot.key_info, key_id=key_arn(THIRD))),))
    careless = Rewrapper(Destination(Heedless(aws, "us-east-1"), KeyReference.parse(NEW)), aws)
    assert error_of(careless.rewrap, lying, [0]).reason == "not_authentic"


def test_a_kms_that_answers_with_another_key_is_found_out(aws):
    class Crossed(type(aws())):
        def re_encrypt(self, ciphertext, key_id, source_key_id=""):
            return super().re_encrypt(ciphertext, THIRD, source_key_id)

    crossed = Rewrapper(Destination(Crossed(aws, "us-east-1"), KeyReference.parse(NEW)), aws, verification="none")
    error = error_of(crossed.rewrap, sealed(aws), [0])
    assert (error.reason, str(error)) == (
        "wrong_key",
        f"KMS returned the key {key_arn(THIRD)} instead of the requested key {NEW}. Check the endpoint.",
    )


@pytest.mark.parametrize("verification", ["open", "kms"])
def test_what_was_moved_must_open_with_the_key_that_it_says(aws, monkeypatch, verification):
    """The one that verifies is asked for the new key, and answers with another."""
    kind, decrypt, re_encrypt = type(aws()), type(aws()).decrypt, type(aws()).re_encrypt
    monkeypatch.setattr(kind, "decrypt", lambda self, *message: KmsPlaintext(key_arn(THIRD), decrypt(self, *message).plaintext))

    def crossed(self, ciphertext, key_id, source_key_id=""):
        answer = re_encrypt(self, ciphertext, key_id, source_key_id)
        return answer._replace(source_key_arn=key_arn(THIRD)) if source_key_id == key_arn(NEW) else answer

    monkeypatch.setattr(kind, "re_encrypt", crossed)
    error = error_of(moved, aws, sealed(aws), verification=verification)
    assert error.reason == ("wrong_key" if verification == "open" else "not_authentic")
    assert "could not be verified and was not stored" in error.message


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_a_kms_that_moves_from_a_key_that_is_not_trusted_is_found_out(aws, monkeypatch, method, named):
    value = sealed(aws) if named else SealedValue((BlobInfo(aws().encrypt(OLD, b"plaintext").ciphertext),))
    kind, decrypt, re_encrypt = type(aws()), type(aws()).decrypt, type(aws()).re_encrypt
    monkeypatch.setattr(kind, "decrypt", lambda self, *message: KmsPlaintext(key_arn(THIRD), decrypt(self, *message).plaintext))
    monkeypatch.setattr(kind, "re_encrypt", lambda self, *message: re_encrypt(self, *message)._replace(source_key_arn=key_arn(THIRD)))
    assert error_of(moved, aws, value, method=method, verification="none", trusted=TrustedKeys([OLD], aws)).reason == "wrong_key"


def test_of_several_refusals_the_one_that_tells_most_is_raised(aws, monkeypatch):
    value = SealedValue((BlobInfo(aws().encrypt(NEW, b"plaintext").ciphertext),))
    values = {OLD: "wrong_key", THIRD: "access_denied", MRK: "wrong_key"}

    def refuse(self, ciphertext, key_id, source_key_id=""):
        raise refusal(values[source_key_id], "ReEncrypt", source_key_id)

    monkeypatch.setattr(type(aws()), "re_encrypt", refuse)
    assert str(error_of(moved, aws, value, trusted=TrustedKeys([OLD, THIRD, MRK], aws))) == f"AWS rejected ReEncrypt: {THIRD}."
    values[THIRD] = "wrong_key"
    assert str(error_of(moved, aws, value, trusted=TrustedKeys([OLD, THIRD, MRK], aws))) == f"AWS rejected ReEncrypt: {MRK}."


# Regions


def test_two_regions_in_full(aws):
    value = sealed(aws, region=EUROPE)
    aws.calls.clear()
    error = error_of(moved, aws, value)
    assert (error.reason, operations(aws)) == ("region_mismatch", [])
    assert str(error) == (
        f"The value is sealed under {key_arn(OLD, EUROPE)} in region {EUROPE}, but the new key is in region us-east-1; kms:ReEncrypt works "
        "within one region. Set method to data_key, which decrypts the data key in one region and encrypts it in the other, on this host, or to reseal."
    )


@pytest.mark.parametrize("method", ["data_key", "reseal"])
def test_two_regions_by_way_of_this_host(aws, method):
    value = sealed(aws, region=EUROPE)
    aws.calls.clear()
    after = moved(aws, value, method=method)
    assert after.slots[0].key_id == key_arn(NEW)
    assert [(call.operation, call.region) for call in aws.calls] == [("Decrypt", EUROPE), ("Encrypt", "us-east-1"), ("Decrypt", "us-east-1")]
    assert Unwrapper(aws).unwrap(after).plaintext == b"plaintext"


def test_a_multi_region_key_moves_in_any_region_of_its_replicas():
    aws = FakeAws()
    value = sealed(aws, key=MRK)
    after = SealedValue.parse(rewrapper(aws, NEW, EUROPE).rewrap(value, [0]).value.encode())
    assert after.slots[0].key_id == key_arn(NEW, EUROPE)
    assert aws.calls[1] == ("ReEncrypt", f"{key_arn(MRK, EUROPE)} > {NEW}", EUROPE)


def test_a_multi_region_key_without_a_replica_there_says_what_to_do():
    aws = FakeAws()
    value = sealed(aws, key=MRK)
    aws.faults["ReEncrypt"] = refusal("not_found", "ReEncrypt", "Key is not found")
    error = error_of(rewrapper(aws, NEW, "ap-south-1").rewrap, value, [0])
    assert (error.reason, error.remedy) == (
        "not_found", " The value is sealed in region us-east-1: create a replica of the multi-Region key in ap-south-1, or set method to data_key."
    )


@pytest.mark.parametrize(
    ("key", "region", "reason", "helps"),
    [
        (MRK, "ap-south-1", "access_denied", True), (MRK, "ap-south-1", "throttled", False), (MRK, "us-east-1", "not_found", False),
        (OLD, "us-east-1", "not_found", False), (OLD, "us-east-1", "access_denied", False),
    ],
)
def test_a_replica_is_advised_only_where_one_is_missing(key, region, reason, helps):
    aws = FakeAws()
    value = sealed(aws, key=key)
    aws.faults["ReEncrypt"] = refusal(reason, "ReEncrypt", "no")
    error = error_of(rewrapper(aws, NEW, region).rewrap, value, [0])
    assert (error.reason, "create a replica" in error.remedy) == (reason, helps)


def test_the_advice_for_a_replica_comes_after_what_was_advised(aws):
    value = sealed(aws, key=MRK)
    aws.faults["ReEncrypt"] = KmsError("No.", reason="access_denied", remedy="Allow it.")
    error = error_of(rewrapper(aws, NEW, "ap-south-1").rewrap, value, [0])
    assert error.remedy.startswith("Allow it. The value is sealed in region us-east-1: ")


def test_the_advice_for_verifying_comes_after_what_was_advised(aws):
    value = sealed(aws)
    aws.faults["Decrypt"] = KmsError("No.", reason="access_denied", remedy="Allow it.")
    assert error_of(moved, aws, value).remedy.startswith("Allow it. Or set verify to kms, ")


def test_what_is_verified_in_kms_goes_from_the_new_key_to_the_new_key(aws):
    value = sealed(aws)
    aws.calls.clear()
    moved(aws, value, verification="kms")
    assert [call.key_id for call in aws.calls] == [f"{key_arn(OLD)} > {NEW}", f"{key_arn(NEW)} > {NEW}"]


def test_what_is_sealed_anew_is_bound_to_the_same_additional_data(aws):
    after = moved(aws, sealed(aws, aad=b"aad"), method="reseal", aad=b"aad", verification="none")
    assert Unwrapper(aws, b"aad").unwrap(after).plaintext == b"plaintext"
    assert error_of(Unwrapper(aws).unwrap, after).reason == "not_authentic"


# Verification


def test_a_value_that_does_not_open_in_full(aws):
    value = sealed(aws, aad=b"right")
    error = error_of(moved, aws, value)
    assert (error.reason, str(error)) == (
        "not_authentic",
        f"The value re-encrypted under {NEW} could not be verified and was not stored. KMS decrypted the data key, but the value is not authentic. "
        "The value was modified, or it was sealed with different additional authenticated data (aad).",
    )
    for verification in ("kms", "none"):  # neither needs the additional data
        assert moved(aws, value, verification=verification).slots[0].key_id == key_arn(NEW)


@pytest.mark.parametrize(
    ("verification", "fault", "remedy"),
    [
        ("open", "Decrypt", " Or set verify to kms, which requires kms:ReEncryptFrom and kms:ReEncryptTo on the new key instead, or to none."),
        ("kms", "ReEncrypt", " Or set verify to open, which requires kms:Decrypt on the new key instead, or to none."),
    ],
)
def test_verifying_without_the_permission_in_full(aws, verification, fault, remedy, monkeypatch):
    denied = refusal("access_denied", fault, "no")

    def deny(*_arguments):
        raise denied

    if verification == "open":
        aws.faults[fault] = denied
    else:
        kind, genuine = type(aws()), type(aws()).re_encrypt
        monkeypatch.setattr(kind, "re_encrypt", lambda self, *message: deny() if message[2] == key_arn(NEW) else genuine(self, *message))
    error = error_of(moved, aws, sealed(aws), verification=verification)
    assert (error.reason, error.remedy) == ("access_denied", remedy)
    assert error.message.startswith(f"The value re-encrypted under {NEW} could not be verified and was not stored. AWS rejected {fault}")


def test_what_kms_cannot_open_again_is_not_passed_on(aws, monkeypatch):
    """The one who re-encrypts is broken: only the verification can tell."""
    kind, genuine = type(aws()), type(aws()).re_encrypt

    def broken(self, ciphertext, key_id, source_key_id=""):
        answer = genuine(self, ciphertext, key_id, source_key_id)
        return KmsReEncrypted(answer.source_key_arn, answer.key_arn, answer.ciphertext[:-1] + bytes([answer.ciphertext[-1] ^ 1]))

    monkeypatch.setattr(kind, "re_encrypt", broken)
    for verification in ("open", "kms"):
        error = error_of(moved, aws, sealed(aws), verification=verification)
        assert error.reason == "not_authentic"
        assert "could not be verified and was not stored" in error.message


def test_what_is_verified_is_what_would_be_written(aws, monkeypatch):
    """A value that is written wrongly is found out, too."""
    encode = SealedValue.encode

    def wrong(value):
        data = bytearray(encode(value))
        data[5] ^= 1  # inside the ciphertext
        return bytes(data)

    value = sealed(aws, b"x" * 50)
    monkeypatch.setattr(rewrap_file.SealedValue, "encode", wrong)
    assert error_of(rewrapper(aws).rewrap, value, [0]).reason == "not_authentic"
