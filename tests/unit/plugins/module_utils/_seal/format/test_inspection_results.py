# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts of a sealed value in full, which slots would be moved, and what no awskms seal wrote."""

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import BlobError, SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.blob import BlobInfo, KeyInfo
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import SealedValue
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.inspection import check_wrapper, slots_to_move, status, value_facts
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.fake_kms import key_arn
from ansible_collections.sealwright.vault_seal.tests.vectors.messages import HASHICORP, written

OLD, NEW = (key_arn(f"{digit * 8}-12ab-34cd-56ef-1234567890ab") for digit in "12")
FOREIGN = "It was sealed by a seal other than awskms (another cloud, transit or an HSM); use that seal to decrypt it."
NEWER = "It was sealed by a seal other than awskms, or in a newer format than this collection supports."
WHOLE = "Check that the whole value was copied, unchanged, and that it was sealed by an awskms seal."


def slot(key_id, mechanism=1, ciphertext=b"c" * 44, iv=b"n" * 12, wrapped_key=b"wrapped"):
    return BlobInfo(ciphertext, iv, KeyInfo(mechanism, key_id, wrapped_key))


def of(*slots):
    return value_facts(SealedValue(slots, multi=len(slots) > 1))


def test_a_slot_in_full():
    assert of(slot(OLD)).slots[0].as_result() == {
        "slot": 0, "layout": "envelope", "mechanism": 1, "key_id": OLD, "awskms": True, "ciphertext_size": 44, "wrapped_key_size": 7, "value_size": 28,
        "unknown_fields": [],
    }


def test_slots_of_another_seal_and_without_a_key_in_full():
    foreign, silent = of(slot("projects/p"), BlobInfo(b"c" * 44)).slots
    assert foreign.as_result() == {
        "slot": 0, "layout": "envelope", "mechanism": 1, "key_id": "projects/p", "awskms": False, "ciphertext_size": 44, "wrapped_key_size": 7,
        "value_size": 28, "unknown_fields": [],
    }
    assert silent.as_result() == {
        "slot": 1, "layout": "no_key_info", "mechanism": 0, "key_id": None, "awskms": True, "ciphertext_size": 44, "wrapped_key_size": 0,
        "value_size": None, "unknown_fields": [],
    }


def test_unknown_fields_are_a_list_of_their_numbers():
    message = HASHICORP.BlobInfo(ciphertext=b"c" * 44, iv=b"n" * 12)
    message.key_info.mechanism, message.key_info.key_id, message.key_info.wrapped_key = 1, OLD, b"wrapped"
    # The wire format by hand: field 15 with the number 1, in the message itself.
    facts = value_facts(SealedValue.parse(written(message) + b"\x78\x01"))
    assert facts.slots[0].as_result()["unknown_fields"] == ["15"]
    assert (facts.form, facts.size, facts.generation, facts.region, facts.unknown_fields) == ("bare", len(written(message)) + 2, 0, "us-east-1", ())


def test_a_container_in_full():
    slots = [HASHICORP.BlobInfo(ciphertext=b"c" * 44), HASHICORP.BlobInfo(ciphertext=b"d" * 50)]
    body = written(HASHICORP.MultiWrapValue(generation=7, slots=slots)) + b"\x78\x01"
    data = b"multiwrapvalue:1" + len(body).to_bytes(4, "big") + body
    facts = value_facts(SealedValue.parse(data))
    assert (facts.form, facts.size, facts.generation, facts.unknown_fields, facts.keys, facts.region) == ("multi_wrap", len(data), 7, ("15",), [], "")
    assert [(each.index, each.ciphertext_size) for each in facts.slots] == [(0, 44), (1, 50)]


@pytest.mark.parametrize(
    ("size", "iv", "expected"), [(28, b"", 0), (27, b"", None), (16, b"n" * 12, 0), (15, b"n" * 12, None), (17, b"n" * 12, 1), (29, b"", 1)]
)
def test_the_size_of_the_value_is_what_nonce_and_tag_leave(size, iv, expected):
    assert of(slot(OLD, ciphertext=b"c" * size, iv=iv)).slots[0].value_size == expected


def test_of_two_slots_the_one_that_is_stale_is_named():
    assert status(of(slot(OLD), slot(NEW)), KeyReference.parse(NEW), "KEY") == ("stale", f"Slot 0 is sealed under {OLD}, not under KEY.")
    assert status(of(slot(NEW), slot(OLD)), KeyReference.parse(NEW), "KEY") == ("stale", f"Slot 1 is sealed under {OLD}, not under KEY.")


@pytest.mark.parametrize(
    ("slots", "every", "force", "moved"),
    [
        ([OLD], False, False, [0]),
        ([NEW], False, False, []),
        ([NEW], False, True, [0]),
        ([OLD, OLD], False, False, [0]),
        ([OLD, OLD], True, False, [0, 1]),
        ([NEW, OLD], False, False, []),
        ([NEW, OLD], True, False, [1]),
        ([NEW, OLD], True, True, [0, 1]),
        (["projects/p", OLD], False, False, [1]),
        (["projects/p", OLD, NEW, OLD], True, False, [1, 3]),
    ],
)
def test_which_slots_are_moved(slots, every, force, moved):
    assert slots_to_move(of(*map(slot, slots)), KeyReference.parse(NEW), every, force) == moved


def test_by_default_only_the_first_slot_is_moved_and_only_where_it_must_be():
    assert slots_to_move(of(slot(OLD), slot(OLD)), KeyReference.parse(NEW)) == [0]
    assert slots_to_move(of(slot(NEW), slot(OLD)), KeyReference.parse(NEW)) == []
    # A value that does not say its key is moved, so that it does.
    assert slots_to_move(of(BlobInfo(b"c" * 44)), KeyReference.parse(NEW)) == [0]


def refusal(call, *arguments):
    with pytest.raises(SealError) as raised:
        call(*arguments)
    return type(raised.value), raised.value.reason, raised.value.message, raised.value.remedy


def test_a_value_without_an_awskms_slot_is_refused_by_what_its_first_slot_says():
    facts = of(slot("projects/p"), slot("projects/q"))
    assert refusal(slots_to_move, facts, KeyReference.parse(NEW)) == (
        BlobError, "foreign_wrapper", "The value is sealed under 'projects/p', which is not an AWS KMS key.", FOREIGN,
    )
    assert refusal(slots_to_move, of(slot("projects/p", mechanism=3), slot("projects/q")), KeyReference.parse(NEW), True)[1] == "unsupported_mechanism"


def test_a_slot_that_cannot_be_moved_is_refused():
    broken = slot(OLD, ciphertext=b"")
    assert refusal(slots_to_move, of(slot(NEW), broken), KeyReference.parse(NEW), True)[1] == "malformed_blob"
    assert slots_to_move(of(slot(OLD), broken), KeyReference.parse(NEW)) == [0]


@pytest.mark.parametrize("mechanism", [2, 3, 1 << 40])
def test_another_mechanism_in_full(mechanism):
    assert refusal(check_wrapper, slot(OLD, mechanism)) == (
        BlobError, "unsupported_mechanism", f"The value uses mechanism {mechanism}; awskms seals support 0 (direct) and 1 (envelope).", NEWER,
    )


@pytest.mark.parametrize(("size", "shown"), [(199, "k" * 199), (200, "k" * 200), (201, "k" * 200 + "..."), (5000, "k" * 200 + "...")])
def test_a_long_key_id_is_shortened(size, shown):
    assert refusal(check_wrapper, slot("k" * size)) == (
        BlobError, "foreign_wrapper", f"The value is sealed under '{shown}', which is not an AWS KMS key.", FOREIGN,
    )


def test_a_ciphertext_of_kms_has_at_most_6144_bytes():
    # "Ciphertext to be decrypted ... Maximum length of 6144" of Decrypt in the AWS KMS API reference.
    check_wrapper(BlobInfo(b"c" * 6144))
    check_wrapper(slot(OLD, 0, b"c" * 6144, b"", b""))
    check_wrapper(slot(OLD, 1, b"c" * 6145))
    for direct in (BlobInfo(b"c" * 6145), slot(OLD, 0, b"c" * 6145, b"", b"")):
        assert refusal(check_wrapper, direct) == (
            BlobError, "malformed_blob",
            "This is not a sealed value: a ciphertext of KMS has at most 6144 bytes, but this one has 6145.", WHOLE,
        )
