# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The formats, proven against protobuf's own runtime in both directions.

The messages are those of ``tests/vectors/messages.py``, written out from the products' definitions. Round trips through
the collection's own code prove nothing here: one side is always the runtime.
"""

from __future__ import annotations

import dataclasses
import random
import re

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import BlobError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.blob import BlobInfo, KeyInfo
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import SealedValue
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.wrap import wrap, wrap_batch
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.fake_kms import FakeAws, key_arn
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.strategies import (
    blobs,
    bounded,
    multi_wrap_values,
    scattered,
    unknown_fields,
)
from ansible_collections.sealwright.vault_seal.tests.vectors.messages import HASHICORP, OPENBAO, READ, written
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

HEADER = b"multiwrapvalue:1"


def facts_of_runtime(message):
    """What the collection uses of a blob, as the runtime sees it."""
    info = message.key_info if message.HasField("key_info") else None
    return (
        message.ciphertext,
        message.iv,
        info and (info.mechanism, info.key_id, info.wrapped_key),
    )


def facts(blob):
    info = blob.key_info
    return bytes(blob.ciphertext), blob.iv, info and (info.mechanism, info.key_id, info.wrapped_key)


def contained(message, suffix=b""):
    body = written(message)
    return HEADER + len(body).to_bytes(4, "big") + body + suffix


# What the runtime writes


@bounded
@given(blobs() | blobs(OPENBAO))
def test_reads_what_the_runtime_writes_and_writes_the_same_bytes(message):
    data = written(message)
    blob = BlobInfo.parse(data)
    assert facts(blob) == facts_of_runtime(message)
    assert blob.encode() == data
    value = SealedValue.parse(data)
    assert (value.form, value.encode()) == ("bare", data)


@bounded
@given(blobs().filter(lambda message: message.HasField("key_info")), unknown_fields(), unknown_fields())
def test_unknown_fields_after_the_known_ones_are_written_again_byte_for_byte(message, outer, inner):
    message.MergeFromString(outer)
    message.key_info.MergeFromString(inner)
    data = written(message)
    blob = BlobInfo.parse(data)
    assert facts(blob) == facts_of_runtime(message)
    assert blob.encode() == data


@bounded
@given(st.data())
def test_reads_fields_in_any_order_and_key_info_in_pieces_as_the_runtime_does(data):
    message = data.draw(blobs())
    wire = data.draw(scattered(message))
    merged = HASHICORP.BlobInfo.FromString(wire)
    blob = BlobInfo.parse(wire)
    assert facts(blob) == facts_of_runtime(merged)
    # Written again the order is the canonical one, and the runtime sees no difference, in the unknown fields either.
    assert written(HASHICORP.BlobInfo.FromString(blob.encode())) == written(merged)
    assert written(OPENBAO.BlobInfo.FromString(blob.encode())) != b""
    assert blob.encode() == written(merged)


@bounded
@given(multi_wrap_values(), unknown_fields(), st.sampled_from([b"", b"s"]))
def test_reads_and_writes_the_several_slot_container_as_the_runtime_does(message, unknown, suffix):
    message.MergeFromString(unknown)
    data = contained(message, suffix)
    value = SealedValue.parse(data)
    assert value.generation == message.generation
    assert [facts(slot) for slot in value.slots] == [facts_of_runtime(slot) for slot in message.slots]
    assert value.form == ("multi_wrap_seal_wrap" if suffix else "multi_wrap")
    assert value.encode() == data


@bounded
@given(blobs())
def test_the_enterprise_suffix_is_told_from_the_message(message):
    data = written(message)
    value = SealedValue.parse(data + b"s")
    assert (value.form, value.encode()) == ("seal_wrap", data + b"s")
    assert [facts(slot) for slot in value.slots] == [facts_of_runtime(message)]


def test_a_message_that_ends_with_the_letter_s_has_no_suffix():
    message = HASHICORP.BlobInfo(ciphertext=b"c" * 16, iv=b"n" * 12)
    message.key_info.CopyFrom(HASHICORP.KeyInfo(mechanism=1, key_id="k", wrapped_key=b"keys"))
    data = written(message)
    assert data.endswith(b"s")
    assert SealedValue.parse(data).form == "bare"
    assert SealedValue.parse(data + b"s").form == "seal_wrap"
    assert SealedValue.parse(contained(HASHICORP.MultiWrapValue(slots=[message]))).form == "multi_wrap"


# What the collection writes

_values = st.tuples(
    st.binary(min_size=16, max_size=300),
    st.binary(min_size=12, max_size=12),
    st.sampled_from([0, 1, 2, 127, 128, 2**64 - 1]),
    st.text(min_size=1, max_size=300),
    st.binary(min_size=1, max_size=300),
)


@bounded
@given(_values)
def test_the_runtime_reads_what_is_written_and_would_write_the_same_bytes(values):
    ciphertext, iv, mechanism, key_id, wrapped_key = values
    data = BlobInfo(ciphertext, iv, KeyInfo(mechanism, key_id, wrapped_key)).encode()
    for product in (HASHICORP, OPENBAO):
        message = product.BlobInfo.FromString(data)
        assert facts_of_runtime(message) == (ciphertext, iv, (mechanism, key_id, wrapped_key))
        assert written(message) == data


@bounded
@given(st.lists(_values, min_size=2, max_size=4), st.integers(0, 2**64 - 1), st.booleans())
def test_the_runtime_reads_the_several_slots_that_are_written(slots, generation, suffixed):
    value = SealedValue(
        tuple(BlobInfo(text, iv, KeyInfo(mechanism, key, wrapped)) for text, iv, mechanism, key, wrapped in slots),
        suffixed=suffixed,
        generation=generation,
    )
    data = value.encode()
    body = data[20:-1] if suffixed else data[20:]
    assert data[:20] == HEADER + len(body).to_bytes(4, "big")
    message = HASHICORP.MultiWrapValue.FromString(body)
    assert message.generation == generation
    assert [facts_of_runtime(slot)[0] for slot in message.slots] == [slot[0] for slot in slots]
    assert written(message) == body


@pytest.mark.parametrize("size", [0, 1, 111, 112, 127, 128, 16367, 16368, 16384])
def test_a_wrapped_value_is_what_go_kms_wrapping_writes(size):
    aws = FakeAws()
    data = wrap(aws(), "1234abcd-12ab-34cd-56ef-1234567890ab", b"p" * size).value.encode()
    message = HASHICORP.BlobInfo.FromString(data)
    assert [(field.name, field.number) for field, _value in message.ListFields()] == [
        ("ciphertext", 1),
        ("iv", 2),
        ("key_info", 5),
    ]
    assert len(message.ciphertext) == size + 16
    assert len(message.iv) == 12
    assert [field.name for field, _value in message.key_info.ListFields()] == ["mechanism", "key_id", "wrapped_key"]
    assert message.key_info.mechanism == 1
    assert message.key_info.key_id == key_arn("1234abcd-12ab-34cd-56ef-1234567890ab")
    assert aws.sealed_by(message.key_info.wrapped_key) is not None
    assert written(message) == data
    assert written(OPENBAO.BlobInfo.FromString(data)) == data


@pytest.mark.parametrize("product", [HASHICORP, OPENBAO])
def test_each_value_of_a_batch_opens_alone_by_the_runtime_and_cryptography(product):
    aws = FakeAws()
    plaintexts = [b"", b"p" * 5000, *(b"%d" % number for number in range(50))]
    for plaintext, wrapped in zip(plaintexts, wrap_batch(aws(), "1234abcd-12ab-34cd-56ef-1234567890ab", plaintexts, b"aad")):
        data = wrapped.value.encode()
        message = product.BlobInfo.FromString(data)
        assert written(message) == data
        assert message.key_info.mechanism == 1
        _arn, data_key = aws.sealed_by(message.key_info.wrapped_key)
        assert AESGCM(data_key).decrypt(message.iv, message.ciphertext, b"aad") == plaintext
    assert aws.count("Encrypt") == 1


# What a rewrite keeps


@bounded
@given(blobs(), unknown_fields(), unknown_fields(), st.text(min_size=1, max_size=200), st.binary(min_size=1, max_size=300))
def test_a_rewrite_keeps_every_other_field(message, outer, inner, key_id, wrapped_key):
    if not message.HasField("key_info"):
        message.iv, message.ciphertext = b"n" * 12, b"c" * 16
        message.key_info.CopyFrom(HASHICORP.KeyInfo(mechanism=1, key_id="k", wrapped_key=b"w"))
    message.MergeFromString(outer)
    message.key_info.MergeFromString(inner)
    blob = BlobInfo.parse(written(message))
    key_info = dataclasses.replace(blob.key_info, key_id=key_id, wrapped_key=wrapped_key)
    rewritten = dataclasses.replace(blob, key_info=key_info).encode()
    message.key_info.key_id, message.key_info.wrapped_key = key_id, wrapped_key
    assert rewritten == written(message)


# What is accepted


def should_accept(data):
    """Written from the documentation, over the runtime's reading: is this a blob that may be a sealed value?

    The definition ``READ`` knows the fields that the collection looks into: those it uses, and the strings, which
    HashiCorp's reader refuses unless they are UTF-8. It lies between the two products: see the assertions below.
    """
    try:
        message = READ.BlobInfo.FromString(data)
    except DecodeError:
        return None
    if not message.ciphertext:
        return None
    info = message.key_info
    if info.mechanism == 1:
        complete = info.key_id and info.wrapped_key and len(message.iv) in (0, 12)
        if not complete or len(message.iv) + len(message.ciphertext) < 12 + 16:
            return None
    return message


def accepted_by(product, data):
    try:
        product.BlobInfo.FromString(data)
    except DecodeError:
        return False
    return True


def overflows(data, offset):
    """Whether a varint of more than 64 bits stands here; the runtime drops what is too much, Go's refuses it."""
    return re.match(rb"[\x80-\xff]{9}[\x02-\xff]", data[offset : offset + 10], re.DOTALL) is not None


def has_number_0_in_a_group(data, offset):
    """Whether a tag of field number 0 stands here, behind a group's begin: there the runtime lets it pass."""
    begins = any(byte & 7 == 3 and byte > 7 for byte in data[:offset])
    return begins and re.match(rb"[\x00-\x07]|[\x80-\x87]\x80*\x00", data[offset : offset + 5], re.DOTALL) is not None


def reading(data):
    """The collection's reading, or its refusal; any other exception is a failure of the test that asks."""
    try:
        return BlobInfo.parse(data), None
    except BlobError as error:
        return None, error


def judge(data):
    """Compare the collection's reading of ``data`` with the runtime's; returns whether it was accepted."""
    expected = should_accept(data)
    by_hashicorp = accepted_by(HASHICORP, data)
    # What HashiCorp's reader accepts OpenBao's does, which knows fewer fields; the definition used here lies between.
    assert by_hashicorp <= accepted_by(READ, data) <= accepted_by(OPENBAO, data)
    blob, error = reading(data)
    if error is not None:
        assert error.reason == "malformed_blob"
        assert 0 <= error.details["offset"] <= len(data)
        if expected is not None:
            # Go's reader, which the servers use, is as strict here.
            at = error.details["offset"]
            assert overflows(data, at) or has_number_0_in_a_group(data, at), data.hex()
        return False
    if expected is None:
        # Go's reader takes overlong tags and lengths of up to 10 bytes, the runtime of 5.
        assert re.search(rb"[\x80-\xff]{5}", data), data.hex()
        return True
    assert facts(blob) == facts_of_runtime(expected), data.hex()
    again = READ.BlobInfo.FromString(blob.encode())
    assert facts_of_runtime(again) == facts_of_runtime(expected), data.hex()
    if by_hashicorp:
        before, after = HASHICORP.BlobInfo.FromString(data), HASHICORP.BlobInfo.FromString(blob.encode())
        assert written(after) == written(before), data.hex()
    return True


@bounded
@given(st.binary(max_size=120))
def test_any_bytes_are_accepted_only_where_the_runtime_accepts_them(data):
    judge(data)


@bounded
@given(st.data())
def test_altered_blobs_are_accepted_only_where_the_runtime_accepts_them(data):
    wire = bytearray(data.draw(scattered(data.draw(blobs()))))
    for position, value in data.draw(st.lists(st.tuples(st.integers(0, len(wire) - 1), st.integers(0, 255)), max_size=3)):
        wire[position] = value
    judge(bytes(wire))


# Contents are ASCII, so that five bytes above 127 in a row can only be a number.
_SEEDS = [
    written(
        HASHICORP.BlobInfo(
            ciphertext=b"c" * 20,
            iv=b"n" * 12,
            key_info=HASHICORP.KeyInfo(mechanism=1, key_id="arn:aws:kms", wrapped_key=b"w" * 9),
        )
    ),
    written(
        HASHICORP.BlobInfo(
            ciphertext=b"c" * 130,
            hmac=b"h",
            wrapped=True,
            value_path="core/keyring",
            plaintext=b"p",
            key_info=HASHICORP.KeyInfo(
                mechanism=1,
                hmac_mechanism=300,
                key_id="projects/one",
                hmac_key_id="two",
                wrapped_key=b"w",
                flags=2**64 - 1,
                key_type=2,
                key_purposes=[1, 2],
                key=b"k",
                key_encoding=1,
                wrapped_key_encoding=2,
            ),
        )
    )
    + b"\x7b\x08\x01\x83\x01\x84\x01\x7c\x65four\x61eightxxx",
    written(HASHICORP.BlobInfo(ciphertext=b"c" * 4)),
    written(OPENBAO.BlobInfo(ciphertext=b"c" * 4, key_info=OPENBAO.KeyInfo(key_id="k")))
    + b"\x2a\x04\x1a\x02\x6b\x6c\x80\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
]


def _mutate(data, chance):
    wire = bytearray(data)
    for _turn in range(chance.randint(1, 2)):
        at = chance.randrange(len(wire) + 1)
        kind = chance.randrange(7)
        if kind == 0 and at < len(wire):
            wire[at] ^= 1 << chance.randrange(8)
        elif kind == 1 and at < len(wire):
            wire[at] = chance.randrange(256)
        elif kind == 2:
            wire.insert(at, chance.choice(b"\x00\x01\x0a\x12\x2a\x73\x7b\x7c\x80\xff"))
        elif kind == 3:
            del wire[at : at + chance.randint(1, 3)]
        elif kind == 4:
            del wire[at:]
        elif kind == 5:
            end = at + chance.randint(1, 12)
            wire[end:end] = wire[at:end]
        else:
            other = chance.choice(_SEEDS)
            start = chance.randrange(len(other))
            wire[at:at] = other[start : start + chance.randint(1, 40)]
    return bytes(wire)


def test_mutated_blobs_are_accepted_only_where_the_runtime_accepts_them():
    chance = random.Random(20260101)
    accepted = sum(judge(_mutate(chance.choice(_SEEDS), chance)) for _turn in range(12000))
    # Neither answer is rare, or the comparison would say little.
    assert 1500 < accepted < 10500
