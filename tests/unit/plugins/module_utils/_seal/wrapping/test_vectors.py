# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vectors of ``tests/vectors/``: what must open opens, what must be refused is refused for the reason given."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import (
    MAX_SIZE,
    SealedValue,
    from_base64,
    from_file_content,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.unwrap import Unwrapper
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.fake_kms import FakeAws

FOLDER = Path(__file__).parents[5] / "vectors"
VECTORS = json.loads((FOLDER / "sealed_values.json").read_text(encoding="utf-8"))
POSITIVE = {vector["name"]: vector for vector in VECTORS["positive"]}
NEGATIVE = {vector["name"]: vector for vector in VECTORS["negative"]}


def decoded(vector, name):
    return base64.b64decode(vector.get(name, ""))


def fake_aws(region=""):
    aws = FakeAws(region)
    for entry in VECTORS["kms"]:
        aws.learn(decoded(entry, "ciphertext"), entry["key_arn"], decoded(entry, "plaintext"))
    return aws


def text_of(vector):
    return vector.get("text", vector.get("value"))


def open_vector(vector, aws=None):
    value = SealedValue.parse(from_base64(text_of(vector)), vector.get("max_size", MAX_SIZE))
    return Unwrapper(aws or fake_aws(vector.get("region", "")), decoded(vector, "aad")).unwrap(value)


@pytest.mark.parametrize("name", POSITIVE)
def test_opens(name):
    vector = POSITIVE[name]
    opened = open_vector(vector)
    assert opened.plaintext == decoded(vector, "plaintext")
    assert (opened.form, opened.layout, opened.mechanism) == (vector["form"], vector["layout"], vector["mechanism"])
    assert (opened.key_arn, opened.slot) == (vector["key_id"], vector["slot"])


@pytest.mark.parametrize("name", POSITIVE)
def test_is_read_from_a_file_as_bytes_and_as_text(name):
    data = decoded(POSITIVE[name], "value")
    assert from_file_content(data) == data
    lines = base64.encodebytes(data)
    assert from_file_content(lines) == data
    assert from_file_content(lines.replace(b"\n", b"\r\n")) == data


@pytest.mark.parametrize("name", sorted(POSITIVE.keys() - {"any-order"}))
def test_is_written_as_it_was_read(name):
    data = decoded(POSITIVE[name], "value")
    assert SealedValue.parse(data).encode() == data


@pytest.mark.parametrize("name", NEGATIVE)
def test_is_refused(name):
    vector = NEGATIVE[name]
    aws = fake_aws(vector.get("region", ""))
    with pytest.raises(SealError) as raised:
        open_vector(vector, aws)
    assert raised.value.reason == vector["reason"], str(raised.value)
    if "offset" in vector:
        assert raised.value.details["offset"] == vector["offset"], str(raised.value)
    if vector["reason"] in ("malformed_blob", "foreign_wrapper", "unsupported_mechanism"):
        assert aws.calls == []  # it is no question for KMS


def test_the_vectors_are_what_their_generator_makes(tmp_path):
    made = tmp_path / "sealed_values.json"
    subprocess.run([sys.executable, str(FOLDER / "generate.py"), str(made)], check=True)
    assert made.read_bytes() == (FOLDER / "sealed_values.json").read_bytes()
