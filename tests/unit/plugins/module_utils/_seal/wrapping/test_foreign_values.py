# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that HashiCorp's and OpenBao's libraries wrote: each opens with its data key, and is written back byte for byte."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import SealedValue
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.unwrap import Unwrapper
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.fake_kms import FakeAws

VECTORS = {
    vector["name"]: vector
    for vector in json.loads((Path(__file__).parents[5] / "vectors" / "foreign_values.json").read_text(encoding="utf-8"))["vectors"]
}


def decoded(text):
    return base64.b64decode(text or "")


def test_all_are_here():
    assert len(VECTORS) == 42


@pytest.mark.parametrize("name", VECTORS)
def test_opens(name):
    vector = VECTORS[name]
    aws = FakeAws("")
    for entry in vector["kms"]:
        aws.learn(decoded(entry["ciphertext"]), entry["key_arn"], decoded(entry["plaintext"]))
    opened = Unwrapper(aws, decoded(vector["aad"])).unwrap(SealedValue.parse(decoded(vector["value"])))
    assert opened.plaintext == decoded(vector["plaintext"])
    assert opened.form == vector["form"]
    assert opened.key_arn in [entry["key_arn"] for entry in vector["kms"]]


@pytest.mark.parametrize("name", VECTORS)
def test_is_written_back_byte_for_byte(name):
    data = decoded(VECTORS[name]["value"])
    assert SealedValue.parse(data).encode() == data
