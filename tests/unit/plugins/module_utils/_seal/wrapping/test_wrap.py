# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import os
import threading
import tracemalloc

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import BlobError, KmsError, SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format import envelope
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.blob import BlobInfo, KeyInfo
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import SealedValue
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.api import KmsPlaintext
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.decrypt_cache import DecryptCache
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.trusted_keys import TrustedKeys
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping import unwrap as unwrapping
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.unwrap import Unwrapper, check_answer
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.wrap import WrappedDataKey, wrap, wrap_batch, wrap_many
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.fake_kms import FakeAws, key_arn, refusal
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER_ID = "0987dcba-09fe-87dc-65ba-ab0987654321"
MRK = "mrk-1234abcd12ab34cd56ef1234567890ab"
MIB = 1 << 20


@pytest.fixture
def aws():
    return FakeAws()


def sealed(aws, plaintext=b"plaintext", key=ID, aad=b""):
    return wrap(aws(), key, plaintext, aad).value


def changed(value, **fields):
    """The value with other fields of its only blob."""
    (blob,) = value.slots
    of_blob = {name: fields.pop(name) for name in ("ciphertext", "iv") if name in fields}
    key_info = dataclasses.replace(blob.key_info, **fields)
    return dataclasses.replace(value, slots=(dataclasses.replace(blob, key_info=key_info, **of_blob),))


def error_of(call, *arguments):
    with pytest.raises(SealError) as raised:
        call(*arguments)
    return raised.value


def operations(aws):
    return [call.operation for call in aws.calls]


# Sealing


@pytest.mark.parametrize("plaintext", [b"", b"p", bytes(range(256)), "\u00e4\u20ac".encode(), b"x" * 100000])
@pytest.mark.parametrize("aad", [b"", b"aad"])
def test_what_is_sealed_opens(aws, plaintext, aad):
    wrapped = wrap(aws(), ID, plaintext, aad)
    assert wrapped.key_arn == key_arn(ID)
    (blob,) = wrapped.value.slots
    # By the data key that KMS knows, without the collection.
    data_key = aws.sealed_by(blob.key_info.wrapped_key)[1]
    assert AESGCM(data_key).decrypt(blob.iv, blob.ciphertext, aad or None) == plaintext
    opened = Unwrapper(aws, aad).unwrap(SealedValue.parse(wrapped.value.encode()))
    assert opened.plaintext == plaintext
    assert (opened.key_arn, opened.mechanism, opened.form, opened.layout, opened.slot) == (key_arn(ID), 1, "bare", "envelope", 0)
    assert operations(aws) == ["Encrypt", "Decrypt"]


def test_the_keys_arn_is_written_where_an_alias_was_asked_for(aws):
    aws.aliases["alias/vault"] = key_arn(OTHER_ID)
    wrapped = wrap(aws(), "alias/vault", b"p")
    assert wrapped.key_arn == wrapped.value.slots[0].key_id == key_arn(OTHER_ID)


def test_data_key_and_nonce_are_fresh_for_every_value(aws):
    values = [wrapped.value for wrapped in wrap_many(aws(), ID, [b"same"] * 1000)]
    blobs = [value.slots[0] for value in values]
    assert len({blob.iv for blob in blobs}) == 1000
    assert len({bytes(blob.ciphertext) for blob in blobs}) == 1000
    assert len({aws.sealed_by(blob.key_info.wrapped_key)[1] for blob in blobs}) == 1000
    assert aws.count("Encrypt") == 1000


def test_data_key_and_nonce_come_from_the_operating_system(aws, monkeypatch):
    given = []
    genuine = os.urandom

    def urandom(size):
        given.append(genuine(size))
        return given[-1]

    monkeypatch.setattr(os, "urandom", urandom)
    (blob,) = sealed(aws).slots
    data_key, nonce = given[0], given[-1]  # between them the fake KMS draws its own
    assert (len(data_key), len(nonce)) == (32, 12)
    assert aws.sealed_by(blob.key_info.wrapped_key)[1] == data_key
    assert blob.iv == nonce


def test_many_are_sealed_in_order(aws):
    plaintexts = [b"%d" % number for number in range(50)]
    wrapped = wrap_many(aws(), ID, plaintexts, b"aad")
    assert [opened.plaintext for opened in Unwrapper(aws, b"aad").unwrap_many([one.value for one in wrapped])] == plaintexts


def test_a_batch_shares_its_data_key_and_no_nonce(aws):
    blobs = [wrapped.value.slots[0] for wrapped in wrap_batch(aws(), ID, [b"same"] * 1000, b"aad")]
    assert operations(aws) == ["Encrypt"]
    assert len({blob.iv for blob in blobs}) == 1000
    assert len({bytes(blob.ciphertext) for blob in blobs}) == 1000
    (wrapped_key,) = {blob.key_info.wrapped_key for blob in blobs}
    data_key = aws.sealed_by(wrapped_key)[1]
    assert {AESGCM(data_key).decrypt(blob.iv, blob.ciphertext, b"aad") for blob in blobs} == {b"same"}
    wrapped_keys = {wrap_batch(aws(), ID, [b"same"])[0].value.slots[0].key_info.wrapped_key for _turn in range(50)}
    assert len({aws.sealed_by(key)[1] for key in wrapped_keys} | {data_key}) == 51


def test_each_value_of_a_batch_opens_by_itself_and_all_by_one_call(aws):
    plaintexts = [b"%d" % number for number in range(50)]
    values = [SealedValue.parse(wrapped.value.encode()) for wrapped in wrap_batch(aws(), ID, plaintexts)]
    assert [Unwrapper(aws).unwrap(value).plaintext for value in values] == plaintexts
    aws.calls.clear()
    before = threading.active_count()
    assert [opened.plaintext for opened in Unwrapper(aws).unwrap_many(values)] == plaintexts
    assert operations(aws) == ["Decrypt"]
    assert threading.active_count() == before


def test_the_first_error_of_a_batch_says_which_value_it_is_about(aws):
    values = [wrapped.value for wrapped in wrap_batch(aws(), ID, [b"x"] * 5)]
    values[3] = changed(values[3], iv=b"another one!")
    error = error_of(Unwrapper(aws).unwrap_many, values)
    assert (error.reason, error.details["index"]) == ("not_authentic", 3)


def test_a_batch_larger_than_one_key_may_seal_in_full(aws, monkeypatch):
    assert envelope.MOST_PER_KEY == 2**32
    monkeypatch.setattr(envelope, "MOST_PER_KEY", 3)
    assert len(wrap_batch(aws(), ID, [b"x"] * 3)) == 3
    aws.calls.clear()
    error = error_of(wrap_batch, aws(), ID, [b"x"] * 4)
    assert error.reason == "invalid_option"
    assert str(error) == (
        "4 values cannot be sealed under one data key: the limit of the key is exceeded; a data key may seal at most 3 values (NIST SP 800-38D). "
        "Seal fewer values in one call, or use a separate data key for each (data_key=per_value)."
    )
    assert aws.calls == []


def test_a_batch_that_kms_refuses_is_its_error(aws):
    aws.faults["Encrypt"] = refusal("access_denied", "Encrypt", "no")
    assert error_of(wrap_batch, aws(), ID, [b"p"] * 3) is aws.faults["Encrypt"]
    assert operations(aws) == ["Encrypt"]


def test_no_values_are_no_calls(aws):
    assert wrap_many(aws(), ID, []) == []
    assert wrap_batch(aws(), ID, []) == []
    assert Unwrapper(aws).unwrap_many([]) == []
    assert aws.calls == []


def test_sealing_that_kms_refuses_is_its_error(aws):
    aws.faults["Encrypt"] = refusal("access_denied", "Encrypt", "no")
    assert error_of(wrap, aws(), ID, b"p") is aws.faults["Encrypt"]
    aws.calls.clear()
    aws.latency = 0.01
    assert error_of(wrap_many, aws(), ID, [b"p"] * 500).reason == "access_denied"
    assert len(aws.calls) < 100  # the first error stops the rest


def test_16_mib(aws):
    plaintext = os.urandom(MIB) * 16
    value = SealedValue.parse(sealed(aws, plaintext).encode())
    assert Unwrapper(aws).unwrap(value).plaintext == plaintext


def test_16_mib_are_sealed_in_less_than_four_times_their_size(aws, tmp_path):
    target = tmp_path / "sealed"
    tracemalloc.start()
    try:
        plaintext = bytes(16 * MIB)
        with target.open("wb") as file:
            for piece in sealed(aws, plaintext).pieces():
                file.write(piece)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert target.stat().st_size > 16 * MIB
    # The plaintext, its ciphertext, and with old releases of cryptography a copy of its own.
    assert 2 * 16 * MIB <= peak < 3.1 * 16 * MIB


# Opening many


def test_a_wrapped_key_that_occurs_often_is_decrypted_once(aws):
    aws.latency = 0.005
    one, two = sealed(aws, b"one"), sealed(aws, b"two")
    aws.calls.clear()
    opened = Unwrapper(aws).unwrap_many([one, two] * 50)
    assert [value.plaintext for value in opened] == [b"one", b"two"] * 50
    assert operations(aws) == ["Decrypt", "Decrypt"]


def test_a_wrapped_key_that_cannot_be_decrypted_is_tried_once(aws):
    value = sealed(aws)
    aws.calls.clear()
    aws.faults["Decrypt"] = refusal("access_denied", "Decrypt", "no")
    unwrapper = Unwrapper(aws)
    for _turn in range(3):
        assert error_of(unwrapper.unwrap, value).reason == "access_denied"
    assert operations(aws) == ["Decrypt"]


def test_data_keys_that_were_opened_before_are_not_asked_for(aws):
    kept = DecryptCache()
    one, two = (wrapped.value for wrapped in wrap_batch(aws(), ID, [b"one", b"two"]))
    aws.calls.clear()
    assert Unwrapper(aws, data_keys=kept).unwrap(one).plaintext == b"one"
    assert Unwrapper(aws, data_keys=kept).unwrap(two).plaintext == b"two"
    assert operations(aws) == ["Decrypt"]
    # What was opened without a pin does not answer for a pinned question.
    Unwrapper(aws, trusted=TrustedKeys([ID], aws), data_keys=kept).unwrap(one)
    assert operations(aws) == ["Decrypt", "Decrypt"]


def test_each_value_asks_where_data_keys_are_not_kept(aws):
    aws.latency = 0.005
    values = [wrapped.value for wrapped in wrap_batch(aws(), ID, [b"x"] * 20)]
    aws.calls.clear()
    assert len(Unwrapper(aws, data_keys=DecryptCache(0)).unwrap_many(values)) == 20
    assert operations(aws) == ["Decrypt"] * 20
    assert aws.most_at_once > 1


def test_the_same_wrapped_key_under_another_claim_is_asked_for_again(aws):
    value = sealed(aws)
    unwrapper = Unwrapper(aws)
    assert unwrapper.unwrap(value).plaintext == b"plaintext"
    assert error_of(unwrapper.unwrap, changed(value, key_id=key_arn(OTHER_ID))).reason == "not_authentic"


def test_many_are_opened_at_once_and_in_order(aws):
    plaintexts = [b"%d" % number for number in range(64)]
    values = [sealed(aws, plaintext) for plaintext in plaintexts]
    aws.latency = 0.02
    assert [opened.plaintext for opened in Unwrapper(aws).unwrap_many(values)] == plaintexts
    assert 8 <= aws.most_at_once <= 16


def test_one_value_needs_no_thread(aws):
    values = [sealed(aws)]
    before = threading.active_count()
    seen = []
    Unwrapper(lambda region: seen.append(threading.current_thread()) or aws(region)).unwrap_many(values)
    assert seen == [threading.current_thread()]
    assert threading.active_count() == before


def test_the_first_error_in_order_stops_the_rest_and_is_raised(aws):
    good = [sealed(aws, b"%d" % number) for number in range(400)]
    bad = changed(sealed(aws), iv=b"another one!")
    aws.calls.clear()
    aws.latency = 0.02  # all would take half a second: what stops them may have to wait for a busy machine
    error = error_of(Unwrapper(aws).unwrap_many, [*good[:3], bad, *good[3:], bad])
    assert error.reason == "not_authentic"
    assert error.details["index"] == 3
    assert aws.count("Decrypt") < 400


# What is refused, in full


def test_not_authentic_in_full(aws):
    value = sealed(aws, aad=b"right")
    message = (
        "KMS decrypted the data key, but the value is not authentic. "
        "The value was modified, or it was sealed with different additional authenticated data (aad)."
    )
    assert str(error_of(Unwrapper(aws).unwrap, value)) == message
    assert str(error_of(Unwrapper(aws, b"wrong").unwrap, value)) == message
    assert str(error_of(Unwrapper(aws, b"right").unwrap, changed(value, iv=b"another one!"))) == message


def test_unsupported_mechanism_in_full(aws):
    value = sealed(aws)
    aws.calls.clear()
    error = error_of(Unwrapper(aws).unwrap, changed(value, mechanism=2))
    assert error.reason == "unsupported_mechanism"
    assert str(error) == (
        "The value uses mechanism 2; awskms seals support 0 (direct) and 1 (envelope). "
        "It was sealed by a seal other than awskms, or in a newer format than this collection supports."
    )
    assert aws.calls == []


@pytest.mark.parametrize("mechanism", [0, 1])
def test_foreign_wrapper_in_full(aws, mechanism):
    google = "projects/p/locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"
    value = changed(sealed(aws), mechanism=mechanism, key_id=google)
    aws.calls.clear()
    error = error_of(Unwrapper(aws).unwrap, value)
    assert error.reason == "foreign_wrapper"
    assert str(error) == (
        f"The value is sealed under '{google}', which is not an AWS KMS key. "
        "It was sealed by a seal other than awskms (another cloud, transit or an HSM); use that seal to decrypt it."
    )
    assert aws.calls == []


def test_a_key_id_of_any_length_makes_a_short_message(aws):
    value = changed(sealed(aws), key_id="\n\x1b" * 500000)
    message = str(error_of(Unwrapper(aws).unwrap, value))
    assert len(message) < 1200
    assert message.isprintable()


def test_a_key_that_did_not_seal_it_in_full(aws):
    value = changed(sealed(aws), key_id=key_arn(OTHER_ID))
    error = error_of(Unwrapper(aws).unwrap, value)
    assert error.reason == "not_authentic"
    assert str(error) == (
        f"The value says that the key {key_arn(OTHER_ID)} sealed it, but KMS opened it with {key_arn(ID)}. "
        "The value was altered after it was sealed; take it from its source again."
    )


def test_a_value_of_another_region_than_the_one_in_force_in_full():
    value = sealed(FakeAws())
    aws = FakeAws("eu-west-1")
    error = error_of(Unwrapper(aws).unwrap, value)
    assert error.reason == "region_mismatch"
    assert str(error) == (
        f"The key {key_arn(ID)} (from the sealed value) is in region us-east-1, but the region in effect is eu-west-1 (from option region). Remove the "
        "region setting, or set it to us-east-1."
    )
    assert aws.calls == []


def test_a_direct_ciphertext_that_is_too_large_in_full(aws):
    value = SealedValue((BlobInfo(bytes(6145), key_info=KeyInfo(0, key_arn(ID))),))
    assert str(error_of(Unwrapper(aws).unwrap, value)) == (
        "This is not a sealed value: a ciphertext of KMS has at most 6144 bytes, but this one has 6145. "
        "Check that the whole value was copied, unchanged, and that it was sealed by an awskms seal."
    )
    assert aws.calls == []


# Mechanism 0


@pytest.mark.parametrize("key_info", [None, KeyInfo(), KeyInfo(0, key_arn(ID))])
def test_direct_values_open(aws, key_info):
    ciphertext = aws().encrypt(ID, b"plaintext").ciphertext
    opened = Unwrapper(aws).unwrap(SealedValue((BlobInfo(ciphertext, key_info=key_info),)))
    assert (opened.plaintext, opened.key_arn, opened.mechanism) == (b"plaintext", key_arn(ID), 0)
    assert opened.layout == ("direct" if key_info else "no_key_info")


@pytest.mark.parametrize("key_info", [None, KeyInfo(), KeyInfo(0, key_arn(ID))])
def test_direct_values_have_no_additional_data(aws, key_info):
    value = SealedValue((BlobInfo(aws().encrypt(ID, b"plaintext").ciphertext, key_info=key_info),))
    aws.calls.clear()
    error = error_of(Unwrapper(aws, b"aad").unwrap, value)
    assert (error.reason, str(error)) == (
        "not_authentic",
        "The value is encrypted by KMS directly (mechanism 0), which does not support additional authenticated data. "
        "If you expect such a value, remove aad.",
    )
    assert aws.calls == []


def test_the_data_key_of_a_value_with_additional_data_does_not_pass_for_a_value(aws):
    stolen = sealed(aws, aad=b"aad").slots[0].key_info.wrapped_key
    assert error_of(Unwrapper(aws, b"aad").unwrap, SealedValue((BlobInfo(stolen),))).reason == "not_authentic"


# Several slots


def several(*values):
    return SealedValue(tuple(value.slots[0] for value in values), multi=True)


def test_the_first_aws_slot_that_opens_is_taken(aws):
    foreign = changed(sealed(aws), key_id="projects/p")
    not_ours = changed(sealed(aws), wrapped_key=b"not of this KMS")
    aws.calls.clear()
    opened = Unwrapper(aws).unwrap(several(foreign, not_ours, sealed(aws, b"here"), sealed(aws, b"not reached")))
    assert (opened.plaintext, opened.slot, opened.form) == (b"here", 2, "multi_wrap")
    assert aws.count("Decrypt") == 2


def test_where_no_slot_opens_each_says_why(aws):
    foreign = changed(sealed(aws), key_id="projects/p")
    damaged = changed(sealed(aws), iv=b"another one!")
    for slots in (several(foreign, damaged), several(damaged, foreign)):
        error = error_of(Unwrapper(aws).unwrap, slots)
        assert error.reason == "not_authentic"
        assert isinstance(error, BlobError)
        assert str(error).startswith("None of the value's 2 slots opens. Slot 0: ")
        assert "Slot 1: " in str(error)
        assert "projects/p" in str(error)
        assert "not authentic" in str(error)
    assert error_of(Unwrapper(aws).unwrap, several(foreign, foreign)).reason == "foreign_wrapper"


def test_where_no_slot_opens_in_full(aws):
    value = SealedValue((sealed(aws).slots[0], sealed(aws, key=OTHER_ID).slots[0]), multi=True)
    aws.faults["Decrypt"] = KmsError("No.", reason="access_denied", remedy="Allow it.", details={"operation": "Decrypt"})
    error = error_of(Unwrapper(aws).unwrap, value)
    assert str(error) == "None of the value's 2 slots opens. Slot 0: No. Allow it. Slot 1: No. Allow it."
    assert (error.reason, error.details) == ("access_denied", {"operation": "Decrypt"})


# Trusted keys


def test_any_other_key_is_refused_before_kms_is_asked(aws):
    value = sealed(aws, key=OTHER_ID)
    aws.calls.clear()
    error = error_of(Unwrapper(aws, trusted=TrustedKeys([ID], aws)).unwrap, value)
    assert error.reason == "wrong_key"
    assert aws.calls == []


def test_decrypt_is_pinned_to_the_trusted_key(aws):
    value = sealed(aws)
    aws.calls.clear()
    assert Unwrapper(aws, trusted=TrustedKeys([ID], aws)).unwrap(value).plaintext == b"plaintext"
    assert [(call.operation, call.key_id) for call in aws.calls] == [("Decrypt", key_arn(ID))]
    aws.calls.clear()
    Unwrapper(aws).unwrap(value)
    assert [(call.operation, call.key_id) for call in aws.calls] == [("Decrypt", "")]


def test_a_value_that_claims_a_trusted_key_but_is_anothers_never_opens(aws):
    value = changed(sealed(aws, key=OTHER_ID), key_id=key_arn(ID))
    error = error_of(Unwrapper(aws, trusted=TrustedKeys([ID], aws)).unwrap, value)
    assert (error.reason, isinstance(error, KmsError)) == ("wrong_key", True)


def test_an_alias_among_the_trusted_keys_is_resolved_once_for_all_values(aws):
    aws.aliases["alias/vault"] = key_arn(ID)
    values = [sealed(aws, b"%d" % number) for number in range(5)]
    aws.calls.clear()
    unwrapper = Unwrapper(aws, trusted=TrustedKeys(["alias/vault"], aws))
    assert len(unwrapper.unwrap_many(values)) == 5
    assert operations(aws) == ["DescribeKey"] + ["Decrypt"] * 5
    assert {call.key_id for call in aws.calls[1:]} == {key_arn(ID)}


def test_a_multi_region_key_is_pinned_in_the_region_in_force():
    value = sealed(FakeAws(), key=MRK)
    (blob,) = value.slots
    aws = FakeAws("eu-central-1")
    aws.learn(blob.key_info.wrapped_key, key_arn(MRK), os.urandom(32))
    # The data key is another one here: what matters is what KMS was asked.
    error = error_of(Unwrapper(aws, trusted=TrustedKeys([key_arn(MRK)], aws)).unwrap, value)
    assert error.reason == "not_authentic"
    assert [(call.key_id, call.region) for call in aws.calls] == [(key_arn(MRK, "eu-central-1"), "eu-central-1")]


@pytest.mark.parametrize("trusted", [None, [MRK], [key_arn(MRK)], [key_arn(MRK, "eu-central-1")]])
def test_a_value_under_a_multi_region_key_opens_where_a_replica_is(aws, trusted):
    value = sealed(aws, key=MRK)
    aws.region = "eu-central-1"
    opened = Unwrapper(aws, trusted=trusted and TrustedKeys(trusted, aws)).unwrap(value)
    assert (opened.plaintext, opened.key_arn) == (b"plaintext", key_arn(MRK, "eu-central-1"))


@pytest.mark.parametrize("key_info", [None, KeyInfo()])
def test_a_value_that_names_no_key_is_tried_with_each_trusted_key(aws, key_info):
    value = SealedValue((BlobInfo(aws().encrypt(OTHER_ID, b"plaintext").ciphertext, key_info=key_info),))
    aws.calls.clear()
    opened = Unwrapper(aws, trusted=TrustedKeys([ID, key_arn(OTHER_ID)], aws)).unwrap(value)
    assert (opened.plaintext, opened.key_arn) == (b"plaintext", key_arn(OTHER_ID))
    assert [call.key_id for call in aws.calls] == [ID, key_arn(OTHER_ID)]


def test_a_value_that_names_no_key_and_is_under_none_that_is_trusted(aws):
    value = SealedValue((BlobInfo(aws().encrypt(MRK, b"plaintext").ciphertext),))
    aws.calls.clear()
    assert error_of(Unwrapper(aws, trusted=TrustedKeys([ID, OTHER_ID], aws)).unwrap, value).reason == "wrong_key"
    assert [call.key_id for call in aws.calls] == [ID, OTHER_ID]


def test_a_trusted_key_is_tried_in_its_own_region(aws):
    elsewhere = key_arn(OTHER_ID, "eu-west-1")
    value = SealedValue((BlobInfo(aws("eu-west-1").encrypt(elsewhere, b"plaintext").ciphertext),))
    aws.calls.clear()
    assert Unwrapper(aws, trusted=TrustedKeys([key_arn(ID), elsewhere], aws)).unwrap(value).key_arn == elsewhere
    assert [call.region for call in aws.calls] == ["us-east-1", "eu-west-1"]


def test_a_trusted_key_of_another_region_does_not_hide_the_one_that_opens():
    aws = FakeAws("us-east-1")
    value = SealedValue((BlobInfo(aws().encrypt(ID, b"plaintext").ciphertext),))
    trusted = TrustedKeys([key_arn(OTHER_ID, "eu-west-1"), ID], aws)
    assert Unwrapper(aws, trusted=trusted).unwrap(value).plaintext == b"plaintext"


def test_what_tells_more_than_that_it_is_another_key_is_raised(aws):
    value = SealedValue((BlobInfo(b"nobody's" * 10),))
    assert error_of(Unwrapper(aws, trusted=TrustedKeys([ID, OTHER_ID], aws)).unwrap, value).reason == "not_authentic"


@pytest.mark.parametrize("first", [0, 1])
def test_of_several_refusals_the_one_that_tells_most_is_raised(aws, monkeypatch, first):
    """Not that of a key that it is not sealed under; and of several such, the last one's."""
    value = SealedValue((BlobInfo(aws().encrypt(MRK, b"plaintext").ciphertext),))
    kind, genuine = type(aws()), type(aws()).decrypt

    def decrypt(self, ciphertext, key_id=""):
        if key_id == (ID, OTHER_ID)[first]:
            raise refusal("access_denied", "Decrypt", "no")
        return genuine(self, ciphertext, key_id)

    trusted = TrustedKeys([ID, OTHER_ID], aws)
    last = error_of(Unwrapper(aws, trusted=trusted).unwrap, value)
    assert last.reason == "wrong_key"
    monkeypatch.setattr(kind, "decrypt", decrypt)
    assert error_of(Unwrapper(aws, trusted=trusted).unwrap, value).reason == "access_denied"


def test_of_several_refusals_alike_the_last_is_raised(aws, monkeypatch):
    def decrypt(self, ciphertext, key_id=""):
        raise refusal("wrong_key", "Decrypt", key_id)

    monkeypatch.setattr(type(aws()), "decrypt", decrypt)
    keys = [ID, OTHER_ID, MRK]
    error = error_of(Unwrapper(aws, trusted=TrustedKeys(keys, aws)).unwrap, SealedValue((BlobInfo(b"nobody's" * 10),)))
    assert str(error) == f"AWS rejected Decrypt: {MRK}."


@pytest.mark.parametrize("answered", [OTHER_ID, "", "alias/vault", "no ARN"])
@pytest.mark.parametrize("named", [True, False])
def test_a_kms_that_answers_with_a_key_that_is_not_trusted_opens_nothing(aws, monkeypatch, answered, named):
    """Whether it was asked for the key or not: what it opened with must be a key that is trusted."""
    value = sealed(aws) if named else SealedValue((BlobInfo(aws().encrypt(ID, b"plaintext").ciphertext),))
    kind, genuine = type(aws()), type(aws()).decrypt
    arn = key_arn(answered) if answered == OTHER_ID else answered
    monkeypatch.setattr(kind, "decrypt", lambda self, *message: KmsPlaintext(arn, genuine(self, *message).plaintext))
    error = error_of(Unwrapper(aws, trusted=TrustedKeys([ID], aws)).unwrap, value)
    assert (error.reason, isinstance(error, KmsError)) == ("wrong_key", True)


def test_the_check_of_an_answer(aws):
    trusted = TrustedKeys([ID, OTHER_ID], aws)
    for claimed in ("", key_arn(ID)):
        check_answer(claimed, key_arn(ID), None)
        check_answer(claimed, key_arn(ID), trusted)
    check_answer(key_arn(MRK), key_arn(MRK, "eu-central-1"), None)
    check_answer("", key_arn(MRK), None)
    assert error_of(check_answer, key_arn(MRK), key_arn(MRK), trusted).reason == "wrong_key"
    assert error_of(check_answer, key_arn(ID), key_arn(OTHER_ID), trusted).reason == "not_authentic"
    assert error_of(check_answer, key_arn(ID), key_arn(OTHER_ID), None).reason == "not_authentic"


def test_a_data_key_seals_without_additional_data_unless_it_is_given(aws):
    for given, aad in (((), b""), ((b"aad",), b"aad")):
        value = WrappedDataKey.new(aws(), ID).seal(b"plaintext", *given).value
        assert Unwrapper(aws, aad).unwrap(value).plaintext == b"plaintext"
        assert error_of(Unwrapper(aws, b"other").unwrap, value).reason == "not_authentic"


def test_a_data_key_is_proven_under_its_own_key(aws):
    data_key = WrappedDataKey.new(aws(), ID)
    aws.calls.clear()
    data_key.check_opens(aws())
    assert [(call.operation, call.key_id) for call in aws.calls] == [("Decrypt", key_arn(ID))]


def test_values_are_sealed_without_additional_data_unless_it_is_given(aws):
    assert Unwrapper(aws).unwrap(wrap(aws(), ID, b"plaintext").value).plaintext == b"plaintext"
    for seal in (wrap_many, wrap_batch):
        (bare,) = seal(aws(), ID, [b"plaintext"])
        (bound,) = seal(aws(), ID, [b"plaintext"], b"aad")
        assert bare.key_arn == bound.key_arn == key_arn(ID)
        assert Unwrapper(aws).unwrap(bare.value).plaintext == b"plaintext"
        assert Unwrapper(aws, b"aad").unwrap(bound.value).plaintext == b"plaintext"
        assert error_of(Unwrapper(aws).unwrap, bound.value).reason == "not_authentic"


@pytest.mark.parametrize("keeps", [True, False])
def test_as_many_calls_are_expected_as_there_are_wrapped_keys(aws, monkeypatch, keeps):
    asked = []
    monkeypatch.setattr(unwrapping, "at_once", lambda work, items, calls: asked.append(calls) or [work(item) for item in items])
    values = [wrapped.value for wrapped in wrap_batch(aws(), ID, [b"a", b"b", b"c"])] + [sealed(aws)]
    Unwrapper(aws, data_keys=DecryptCache() if keeps else DecryptCache(0)).unwrap_many(values)
    assert asked == [2 if keeps else 4]


def test_a_trusted_key_of_another_region_in_full():
    aws = FakeAws("us-east-1")
    elsewhere = key_arn(OTHER_ID, "eu-west-1")
    error = error_of(Unwrapper(aws, trusted=TrustedKeys([elsewhere], aws)).unwrap, SealedValue((BlobInfo(b"nobody's" * 10),)))
    assert (error.reason, error.message) == (
        "region_mismatch",
        f"The key {elsewhere} (from allowed_key_ids) is in region eu-west-1, but the region in effect is us-east-1 (from option region).",
    )


def test_a_value_that_names_no_key_is_tried_with_the_replica_in_the_region_in_force():
    aws = FakeAws("eu-central-1")
    value = SealedValue((BlobInfo(aws().encrypt(MRK, b"plaintext").ciphertext),))
    aws.calls.clear()
    assert Unwrapper(aws, trusted=TrustedKeys([key_arn(MRK)], aws)).unwrap(value).plaintext == b"plaintext"
    assert [(call.key_id, call.region) for call in aws.calls] == [(key_arn(MRK, "eu-central-1"), "eu-central-1")]


# Secrets


def test_no_repr_and_no_error_shows_a_secret(aws):
    secret = b"SECRET-PLAINTEXT"
    wrapped = wrap(aws(), ID, secret, b"aad")
    data_key = aws.sealed_by(wrapped.value.slots[0].key_info.wrapped_key)[1]
    unwrapper = Unwrapper(aws, b"aad")
    shown = [repr(wrapped), repr(unwrapper.unwrap(wrapped.value)), repr(unwrapper), str(unwrapper.unwrap(wrapped.value))]
    shown.append(repr(aws().decrypt(wrapped.value.slots[0].key_info.wrapped_key)))
    for value in (
        changed(wrapped.value, iv=b"another one!"),
        changed(wrapped.value, mechanism=2),
        changed(wrapped.value, mechanism=0),
        changed(wrapped.value, key_id=key_arn(OTHER_ID)),
        changed(wrapped.value, key_id="projects/p"),
        changed(wrapped.value, wrapped_key=b"w"),
    ):
        error = error_of(unwrapper.unwrap, value)
        shown += [str(error), repr(error), repr(error.as_result()), repr(error.__dict__)]
    for text in shown:
        for hidden in (secret, data_key):
            assert repr(hidden)[2:-1] not in text
            assert hidden.hex() not in text


def test_an_error_as_a_result():
    error = SealError("It failed.", reason="why", remedy="Do this.", details={"index": 3})
    assert error.as_result() == {"msg": "It failed. Do this.", "reason": "why", "remedy": "Do this.", "index": 3}
    assert str(SealError("It failed.", reason="why")) == "It failed."
