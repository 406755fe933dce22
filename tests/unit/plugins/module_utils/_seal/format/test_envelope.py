# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import BlobError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format import envelope
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY = bytes(range(32))


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 65536])
@pytest.mark.parametrize("aad", [b"", b"aad", b"\x00\xff" * 500])
def test_is_aes_256_gcm(size, aad):
    plaintext = os.urandom(size)
    nonce, ciphertext = envelope.encrypt(KEY, plaintext, aad)
    assert (len(nonce), len(ciphertext)) == (12, size + 16)
    assert AESGCM(KEY).decrypt(nonce, ciphertext, aad or None) == plaintext
    other = AESGCM(KEY).encrypt(b"n" * 12, plaintext, aad or None)
    assert envelope.decrypt(KEY, b"n" * 12, other, aad) == plaintext


def test_a_published_vector():
    # Test case 14 of "The Galois/Counter Mode of Operation": key, nonce and plaintext are zeros.
    ciphertext = bytes.fromhex("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")
    assert envelope.decrypt(bytes(32), bytes(12), ciphertext) == bytes(16)


@pytest.mark.parametrize("aad", [b"", b"other", b"aad "])
def test_other_additional_data_in_full(aad):
    nonce, ciphertext = envelope.encrypt(KEY, b"secret plaintext", b"aad")
    with pytest.raises(BlobError) as raised:
        envelope.decrypt(KEY, nonce, ciphertext, aad)
    assert raised.value.reason == "not_authentic"
    assert str(raised.value) == (
        "KMS decrypted the data key, but the value is not authentic. "
        "The value was modified, or it was sealed with different additional authenticated data (aad)."
    )
    assert raised.value.__suppress_context__
    assert not isinstance(raised.value.__cause__, InvalidTag)


@pytest.mark.parametrize("size", [0, 16, 24, 31, 33, 64])
def test_a_data_key_of_another_size_in_full(size):
    with pytest.raises(BlobError) as raised:
        envelope.decrypt(os.urandom(size), bytes(12), bytes(32))
    assert raised.value.reason == "not_authentic"
    assert str(raised.value) == (
        f"KMS decrypted the data key, but it has {size} bytes instead of 32. The value was not sealed by an awskms seal, or it was modified."
    )


def test_data_key_and_nonce_are_the_operating_systems(monkeypatch):
    asked = []

    def urandom(size):
        asked.append(size)
        return bytes([len(asked)]) * size

    monkeypatch.setattr(os, "urandom", urandom)
    assert envelope.new_data_key() == b"\x01" * 32
    nonce, _ciphertext = envelope.encrypt(KEY, b"", b"")
    assert nonce == b"\x02" * 12
    assert asked == [32, 12]


def test_a_shared_data_key_seals_what_it_was_made_for_and_no_more():
    data_key = envelope.BatchKey(2)
    for plaintext in (b"one", b"two"):
        nonce, ciphertext = data_key.encrypt(plaintext, b"aad")
        assert AESGCM(data_key.value).decrypt(nonce, ciphertext, b"aad") == plaintext
    with pytest.raises(SettingError) as raised:
        data_key.encrypt(b"three")
    assert raised.value.reason == "invalid_option"
    assert str(raised.value) == (
        "No further value can be sealed under one data key: the limit of the key is exceeded; a data key may seal at most 4294967296 values (NIST SP 800-38D). "
        "Seal fewer values in one call, or use a separate data key for each (data_key=per_value)."
    )


def test_additional_data_are_none_unless_they_are_given():
    data_key = envelope.BatchKey(1)
    for key, (nonce, ciphertext) in ((data_key.value, data_key.encrypt(b"one")), (KEY, envelope.encrypt(KEY, b"one"))):
        assert AESGCM(key).decrypt(nonce, ciphertext, None) == b"one"
        assert envelope.decrypt(key, nonce, ciphertext) == b"one"


def test_without_cryptography_it_is_said_in_words(monkeypatch):
    monkeypatch.setattr(envelope, "_MISSING", ImportError("No module named 'cryptography'"))
    with pytest.raises(SettingError) as raised:
        envelope.encrypt(KEY, b"")
    assert raised.value.reason == "missing_library"
    assert str(raised.value) == (
        "The Python library cryptography cannot be imported (No module named 'cryptography'). Install cryptography 36 or later for the Python that runs this."
    )
