# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.blob import BlobInfo, KeyInfo
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import SealedValue
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.inspection import status, value_facts
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.fake_kms import key_arn
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.strategies import blobs, bounded, unknown_fields
from ansible_collections.sealwright.vault_seal.tests.vectors.messages import HASHICORP, written
from google.protobuf.unknown_fields import UnknownFieldSet
from hypothesis import given

OLD, NEW = (f"{digit * 8}-12ab-34cd-56ef-1234567890ab" for digit in "12")
MRK = "mrk-1234abcd12ab34cd56ef1234567890ab"


def slot(key_id, mechanism=1):
    return BlobInfo(b"c" * 44, b"n" * 12, KeyInfo(mechanism, key_id, b"wrapped"))


def of(*slots):
    return value_facts(SealedValue(slots, multi=len(slots) > 1))


@bounded
@given(blobs(), unknown_fields(), unknown_fields())
def test_unknown_fields_are_those_that_the_runtime_does_not_know(message, outer, inner):
    message.MergeFromString(outer)
    message.key_info.MergeFromString(inner)
    message = HASHICORP.BlobInfo.FromString(written(message))
    facts = value_facts(SealedValue.parse(written(message)))
    assert facts.size == len(written(message))
    expected = [str(field.field_number) for field in UnknownFieldSet(message)]
    expected += [f"5.{field.field_number}" for field in UnknownFieldSet(message.key_info)]
    assert list(facts.slots[0].unknown_fields) == expected


def test_sizes():
    facts = of(slot(key_arn(OLD))).slots[0]
    assert (facts.ciphertext_size, facts.value_size, facts.wrapped_key_size) == (44, 28, 7)
    joined = of(BlobInfo(b"c" * 44, b"", KeyInfo(1, key_arn(OLD), b"w"))).slots[0]
    assert (joined.layout, joined.value_size) == ("joined_nonce", 16)
    assert of(BlobInfo(b"c" * 44)).slots[0].value_size is None


def test_keys_are_those_of_aws_and_each_once():
    facts = of(slot(key_arn(OLD)), slot("projects/p"), slot(key_arn(NEW)), slot(key_arn(OLD)))
    assert facts.keys == [key_arn(OLD), key_arn(NEW)]
    assert [items.is_foreign for items in facts.slots] == [False, True, False, False]


@pytest.mark.parametrize(
    ("slots", "key", "expected"),
    [
        ([slot(key_arn(OLD))], OLD, ("current", "")),
        ([slot(key_arn(OLD))], key_arn(OLD), ("current", "")),
        ([slot(key_arn(OLD))], NEW, ("stale", f"The value is sealed under {key_arn(OLD)}, not under KEY.")),
        ([slot(key_arn(OLD))], key_arn(OLD, "eu-central-1"), ("stale", f"The value is sealed under {key_arn(OLD)}, not under KEY.")),
        ([slot(key_arn(MRK))], key_arn(MRK, "eu-central-1"), ("current", "")),
        ([slot(key_arn(OLD)), slot("projects/p")], OLD, ("current", "")),
        (
            [slot(key_arn(OLD)), slot(key_arn(NEW)), slot(key_arn(MRK))],
            NEW,
            ("stale", f"Slot 0 is sealed under {key_arn(OLD)}; Slot 2 is sealed under {key_arn(MRK)}, not under KEY."),
        ),
        ([BlobInfo(b"c" * 44)], OLD, ("unknown", "The value does not name its key.")),
        ([slot("projects/p")], OLD, ("unknown", "The value was sealed by a seal other than awskms.")),
    ],
)
def test_status(slots, key, expected):
    assert status(of(*slots), KeyReference.parse(key), "KEY") == expected
