# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""BlobInfo and KeyInfo on the wire, written out by hand: where an error is, what is kept, and in which order it is written again."""

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import BlobError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.blob import BlobInfo, KeyInfo
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import SealedValue

HEADER = b"multiwrapvalue:1"
CIPHERTEXT = b"\x0a\x14" + b"c" * 20
IV = b"\x12\x0c" + b"n" * 12
MECHANISM, KEY_ID, WRAPPED_KEY = b"\x08\x01", b"\x1a\x03key", b"\x2a\x07wrapped"


def field(number, content):
    return bytes([number << 3 | 2, len(content)]) + content


def container(body):
    return HEADER + len(body).to_bytes(4, "big") + body


ENVELOPE = CIPHERTEXT + IV + field(5, MECHANISM + KEY_ID + WRAPPED_KEY)


def refused(data):
    with pytest.raises(BlobError) as raised:
        SealedValue.parse(data)
    assert raised.value.reason == "malformed_blob"
    return raised.value.message, raised.value.details["offset"]


def malformed(what, offset):
    return f"This is not a sealed value: {what} at byte {offset}.", offset


@pytest.mark.parametrize(
    ("key_info", "what", "offset"),
    [
        (b"\x1a\x02\xff\xfe", "field 3 is not UTF-8", 0),
        (MECHANISM + b"\x1a\x02\xff\xfe", "field 3 is not UTF-8", 2),
        (MECHANISM + b"\x22\x01\xff", "field 4 is not UTF-8", 2),
        (MECHANISM + b"\x1a\x09", "field 3 is cut off", 2),
        (MECHANISM + b"\x08", "a number is cut off", 3),
    ],
)
def test_where_in_key_info_an_error_is(key_info, what, offset):
    before = CIPHERTEXT + IV
    assert refused(before + field(5, key_info)) == malformed(what, len(before) + 2 + offset)
    # The same in the second slot of a container: header and length have 20 bytes, a slot's tag and length 2.
    slot = before + field(5, key_info)
    assert refused(container(field(2, ENVELOPE) + field(2, slot))) == malformed(what, 20 + 2 + len(ENVELOPE) + 2 + len(before) + 2 + offset)


@pytest.mark.parametrize(
    ("more", "what"),
    [(b"\x32\x01\xff", "field 6 is not UTF-8"), (b"\x0a\x09c", "field 1 is cut off"), (b"\x00\x00", "a field has an invalid number")],
)
def test_where_in_a_slot_an_error_is(more, what):
    assert refused(CIPHERTEXT + more) == malformed(what, len(CIPHERTEXT))
    assert refused(container(field(2, ENVELOPE) + field(2, CIPHERTEXT + more))) == malformed(what, 20 + 2 + len(ENVELOPE) + 2 + len(CIPHERTEXT))


def test_where_in_a_container_an_error_is():
    assert refused(container(field(2, ENVELOPE) + b"\x12\x50")) == malformed("field 2 is cut off", 20 + 2 + len(ENVELOPE))
    assert refused(container(b"\x08")) == malformed("a number is cut off", 21)


@pytest.mark.parametrize(("count", "good"), [(64, True), (65, False)])
def test_a_container_has_at_most_64_slots_and_other_fields(count, good):
    slots, others = field(2, CIPHERTEXT) * count, field(2, CIPHERTEXT) + b"\x78\x01" * count
    if good:
        assert len(SealedValue.parse(container(slots)).slots) == 64
        assert len(SealedValue.parse(container(others)).others) == 64
        return
    assert refused(container(slots)) == malformed("it has more than 64 slots", 20 + 64 * (2 + len(CIPHERTEXT)))
    assert refused(container(others)) == malformed("it has more than 64 slots", 20 + 2 + len(CIPHERTEXT) + 64 * 2)


def test_the_fields_of_a_container():
    data = container(b"\x08\x07" + field(2, ENVELOPE) + b"\x78\x01" + field(2, CIPHERTEXT))
    value = SealedValue.parse(data)
    assert (value.generation, len(value.slots), value.others, value.multi) == (7, 2, ((15, b"\x78\x01"),), True)
    # Other fields are written after those that are known.
    assert value.encode() == container(b"\x08\x07" + field(2, ENVELOPE) + field(2, CIPHERTEXT) + b"\x78\x01")
    # A number where the slots are to be, and a text in place of the generation, are fields that are not known.
    odd = SealedValue.parse(container(b"\x0a\x01x" + b"\x10\x01" + field(2, ENVELOPE)))
    assert (odd.generation, len(odd.slots), odd.others) == (0, 1, ((1, b"\x0a\x01x"), (2, b"\x10\x01")))


def test_an_envelope_field_by_field():
    (slot,) = SealedValue.parse(ENVELOPE).slots
    assert (bytes(slot.ciphertext), slot.iv, slot.others) == (b"c" * 20, b"n" * 12, ())
    assert slot.key_info == KeyInfo(1, "key", b"wrapped", ())
    assert (slot.mechanism, slot.key_id, slot.wrapped_key, slot.of_kms, slot.unknown_fields) == (1, "key", b"wrapped", b"wrapped", [])
    assert slot.encode() == ENVELOPE


def test_a_value_without_key_info():
    (slot,) = SealedValue.parse(CIPHERTEXT).slots
    assert (slot.key_info, slot.mechanism, slot.key_id, slot.wrapped_key, slot.of_kms) == (None, 0, "", b"", b"c" * 20)
    assert slot.encode() == CIPHERTEXT
    # Key info that is there and empty is another thing, and stays there.
    (slot,) = SealedValue.parse(CIPHERTEXT + b"\x2a\x00").slots
    assert (slot.key_info, slot.layout) == (KeyInfo(), "direct")
    assert slot.encode() == CIPHERTEXT + b"\x2a\x00"


def test_of_a_field_that_comes_twice_the_last_counts_and_messages_are_merged():
    (slot,) = SealedValue.parse(b"\x0a\x01x" + ENVELOPE + b"\x12\x0c" + b"m" * 12 + field(5, b"\x1a\x05other")).slots
    assert (bytes(slot.ciphertext), slot.iv, slot.key_info) == (b"c" * 20, b"m" * 12, KeyInfo(1, "other", b"wrapped"))


KNOWN_OF_BLOB = {3: b"\x1a\x01h", 4: b"\x20\x01", 6: b"\x32\x01p", 7: b"\x3a\x01t", 8: b"\x42\x00"}
KNOWN_OF_KEY_INFO = {2: b"\x10\x01", 4: b"\x22\x01h", 6: b"\x30\x01", 7: b"\x38\x01", 8: b"\x42\x01\x01", 9: b"\x4a\x01k", 10: b"\x50\x01", 11: b"\x58\x01"}


@pytest.mark.parametrize("number", KNOWN_OF_BLOB)
def test_a_field_that_is_known_and_not_used_is_written_at_its_place(number):
    raw = KNOWN_OF_BLOB[number]
    (slot,) = SealedValue.parse(raw + ENVELOPE).slots
    assert (slot.others, slot.unknown_fields) == (((number, raw),), [])
    parts = [(1, CIPHERTEXT), (2, IV), (5, field(5, MECHANISM + KEY_ID + WRAPPED_KEY)), (number, raw)]
    assert slot.encode() == b"".join(part for _number, part in sorted(parts))


@pytest.mark.parametrize("number", KNOWN_OF_KEY_INFO)
def test_the_same_in_key_info(number):
    raw = KNOWN_OF_KEY_INFO[number]
    (slot,) = SealedValue.parse(CIPHERTEXT + IV + field(5, raw + WRAPPED_KEY + KEY_ID + MECHANISM)).slots
    assert (slot.key_info.others, slot.unknown_fields) == (((number, raw),), [])
    parts = sorted([(1, MECHANISM), (3, KEY_ID), (5, WRAPPED_KEY), (number, raw)])
    assert slot.key_info.encode() == b"".join(part for _number, part in parts)


def test_a_list_of_purposes_may_come_as_single_numbers():
    (slot,) = SealedValue.parse(CIPHERTEXT + IV + field(5, MECHANISM + KEY_ID + WRAPPED_KEY + b"\x40\x01\x40\x02")).slots
    assert slot.unknown_fields == []
    assert slot.key_info.others == ((8, b"\x40\x01"), (8, b"\x40\x02"))


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        (b"\x4a\x01x", 9), (b"\x78\x01", 15), (b"\x80\x01\x01", 16),
        # A number that is known with another type of its own.
        (b"\x18\x01", 3), (b"\x22\x01x", 4), (b"\x30\x01", 6), (b"\x08\x01", 1), (b"\x10\x01", 2), (b"\x28\x01", 5),
        (b"\x1d1234", 3), (b"\x3912345678", 7), (b"\x43\x44", 8),
    ],
)
def test_fields_that_no_product_has_are_written_last(raw, number):
    (slot,) = SealedValue.parse(raw + ENVELOPE + b"\x42\x00").slots
    assert slot.unknown_fields == [str(number)]
    assert slot.encode() == ENVELOPE + b"\x42\x00" + raw


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        (b"\x60\x01", 12), (b"\x12\x01x", 2), (b"\x20\x01", 4), (b"\x0a\x01x", 1), (b"\x18\x01", 3), (b"\x28\x01", 5), (b"\x48\x01", 9),
        (b"\x52\x01x", 10),
    ],
)
def test_fields_of_key_info_that_no_product_has_are_written_last(raw, number):
    (slot,) = SealedValue.parse(CIPHERTEXT + IV + field(5, raw + MECHANISM + KEY_ID + WRAPPED_KEY + b"\x58\x01")).slots
    assert slot.unknown_fields == [f"5.{number}"]
    assert slot.key_info.encode() == MECHANISM + KEY_ID + WRAPPED_KEY + b"\x58\x01" + raw


def test_unknown_fields_of_both_are_listed_in_the_order_of_the_message():
    data = b"\x80\x01\x01" + b"\x78\x01" + CIPHERTEXT + IV + field(5, b"\x68\x01" + MECHANISM + b"\x60\x01" + KEY_ID + WRAPPED_KEY)
    assert SealedValue.parse(data).slots[0].unknown_fields == ["16", "15", "5.13", "5.12"]


@pytest.mark.parametrize(
    ("ciphertext", "iv", "what"),
    [
        (16, 12, None), (15, 12, "its ciphertext is shorter than nonce and authentication tag"),
        (28, 0, None), (27, 0, "its ciphertext is shorter than nonce and authentication tag"),
        (40, 11, "its nonce has 11 bytes instead of 12"), (40, 13, "its nonce has 13 bytes instead of 12"), (40, 1, "its nonce has 1 bytes instead of 12"),
        (0, 12, "it contains no ciphertext"),
    ],
)
def test_the_sizes_of_an_envelope(ciphertext, iv, what):
    blob = BlobInfo(b"c" * ciphertext, b"n" * iv, KeyInfo(1, "key", b"w"))
    if what is None:
        blob.check()
        return
    with pytest.raises(BlobError) as raised:
        blob.check()
    assert (raised.value.message, raised.value.details) == (f"This is not a sealed value: {what}.", {})
    with pytest.raises(BlobError) as raised:
        blob.check(7)
    assert raised.value.message == f"This is not a sealed value: {what} at byte 7."


@pytest.mark.parametrize("key_info", [None, KeyInfo(), KeyInfo(0, "key"), KeyInfo(2, "", b"")])
def test_what_is_no_envelope_needs_a_ciphertext_only(key_info):
    BlobInfo(b"c", b"n", key_info).check()
    with pytest.raises(BlobError):
        BlobInfo(b"", b"n", key_info).check()


def test_the_parts_of_key_info_are_16_at_most():
    parts = field(5, MECHANISM) * 15 + field(5, KEY_ID + WRAPPED_KEY)
    assert SealedValue.parse(CIPHERTEXT + IV + parts).slots[0].key_info == KeyInfo(1, "key", b"wrapped")
    assert refused(CIPHERTEXT + IV + field(5, MECHANISM) + parts)[0].startswith("This is not a sealed value: its key_info has more than 16 parts at byte ")
    # Each part must be whole by itself, and says where it is not.
    start = len(CIPHERTEXT + IV)
    assert refused(CIPHERTEXT + IV + field(5, MECHANISM) + field(5, b"\x1a\x09")) == malformed("field 3 is cut off", start + 4 + 2)


def test_offsets_count_from_where_the_message_begins():
    for call, data in ((KeyInfo.parse, b"\x1a\x02\xff\xfe"), (BlobInfo.parse_slot, b"\x32\x01\xff"), (BlobInfo.parse, b"\x32\x01\xff"), (BlobInfo.parse, b"")):
        for arguments, offset in (((), 0), ((100,), 100)):
            with pytest.raises(BlobError) as raised:
                call(data, *arguments)
            assert raised.value.details == {"offset": offset}


def test_parts_of_key_info_have_as_many_fields_together_as_one_may_have():
    # Each has 600 fields of two bytes, and 1200 takes two bytes as a length.
    part = b"\x2a\xb0\x09" + b"\x10\x01" * 600
    assert refused(CIPHERTEXT + part + part) == malformed("it has more than 1024 fields", len(CIPHERTEXT) + 3 + 2048)
