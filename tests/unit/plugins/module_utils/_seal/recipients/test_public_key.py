# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Encryption to a public key. What is written is opened here by code that shares nothing with what wrote it; by openssl and age elsewhere."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.recipients import public_key
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.recipients.public_key import AGE, RSA_OAEP, Recipient
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, x25519
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

SECRET = bytes(range(32))
# Both of the specification of age (c2sp.org/age): the identity is 32 times the byte 0x42.
SPEC_PRIVATE = x25519.X25519PrivateKey.from_private_bytes(b"\x42" * 32)
SPEC_RECIPIENT = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"


def pem(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def hkdf(secret, salt, info):
    # RFC 5869 for one block, by hand.
    extracted = hmac.new(salt or bytes(32), secret, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()


def unpadded(text):
    return base64.b64decode(text + b"=" * (-len(text) % 4))


def opened_age(text, private):
    """Open an armored age file of one chunk, as its specification says."""
    lines = text.strip().split("\n")
    assert (lines[0], lines[-1]) == ("-----BEGIN AGE ENCRYPTED FILE-----", "-----END AGE ENCRYPTED FILE-----")
    assert all(len(line) == 64 for line in lines[1:-2])
    version, stanza, body, rest = base64.b64decode("".join(lines[1:-1])).split(b"\n", 3)
    mac, payload = rest.split(b"\n", 1)
    arrow, kind, share = stanza.split(b" ")
    assert (version, arrow, kind, mac[:4]) == (b"age-encryption.org/v1", b"->", b"X25519", b"--- ")
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    shared = private.exchange(x25519.X25519PublicKey.from_public_bytes(unpadded(share)))
    wrap_key = hkdf(shared, unpadded(share) + public, b"age-encryption.org/v1/X25519")
    file_key = ChaCha20Poly1305(wrap_key).decrypt(bytes(12), unpadded(body), None)
    header = b"\n".join([version, stanza, body, b"---"])
    assert hmac.new(hkdf(file_key, b"", b"header"), header, hashlib.sha256).digest() == unpadded(mac[4:])
    return ChaCha20Poly1305(hkdf(file_key, payload[:16], b"payload")).decrypt(bytes(11) + b"\x01", payload[16:], None)


@pytest.mark.parametrize("bits", [2048, 3072])
def test_rsa(bits):
    private = rsa.generate_private_key(65537, bits)
    one, two = (Recipient(pem(private)).encrypt(SECRET) for _time in range(2))
    assert (one.format, one.text != two.text) == (RSA_OAEP, True)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    assert private.decrypt(base64.b64decode(one.text), oaep) == SECRET


def test_x25519_as_pem():
    private = x25519.X25519PrivateKey.generate()
    one, two = (Recipient(pem(private)).encrypt(SECRET) for _time in range(2))
    assert (one.format, one.text != two.text) == (AGE, True)
    assert opened_age(one.text, private) == SECRET


@pytest.mark.parametrize("text", [SPEC_RECIPIENT, SPEC_RECIPIENT.upper(), f"\n {SPEC_RECIPIENT}\n"])
def test_an_age_recipient(text):
    assert opened_age(Recipient(text).encrypt(SECRET).text, SPEC_PRIVATE) == SECRET


def refused(text):
    with pytest.raises(SettingError) as failure:
        Recipient(text).encrypt(SECRET)
    assert failure.value.reason == "invalid_recipient"
    return failure.value.message


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("", "neither a PEM public key nor an age recipient"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "neither a PEM public key"),
        ("x" * 20000, "too long"),
        (SPEC_RECIPIENT[:-1], "truncated or mistyped"),
        (SPEC_RECIPIENT.replace("zvkyg", "zvkyq"), "truncated or mistyped"),
        (SPEC_RECIPIENT.replace("age1z", "age1Z"), "truncated or mistyped"),
        (SPEC_RECIPIENT.replace("age1", "age1pq1"), "truncated or mistyped"),
        (SPEC_RECIPIENT[:10] + "b" + SPEC_RECIPIENT[11:], "truncated or mistyped"),
    ],
)
def test_what_is_no_public_key(text, phrase):
    assert phrase in refused(text)


def test_keys_that_are_too_weak_or_of_another_kind():
    assert "an RSA key of 1024 bits" in refused(pem(rsa.generate_private_key(65537, 1024)))
    assert "neither an RSA nor an X25519 key" in refused(pem(ec.generate_private_key(ec.SECP256R1())))


def test_a_point_of_small_order_is_refused():
    nothing = x25519.X25519PublicKey.from_public_bytes(bytes(32)).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert "not a valid X25519 public key" in refused(nothing)


def test_a_private_key_is_refused_and_not_repeated():
    private = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for text in (private, "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"):
        message = refused(text)
        assert "it is a private key" in message
        assert text[30:60] not in message


def test_without_cryptography_it_is_said_in_words(monkeypatch):
    monkeypatch.setattr(public_key, "_MISSING", ImportError("No module named 'cryptography'"))
    with pytest.raises(SealError) as failure:
        Recipient(SPEC_RECIPIENT)
    assert failure.value.reason == "missing_library"


# The limits, and what is said in full

NEITHER = "it is neither a PEM public key nor an age recipient"
REMEDY = "Use an RSA public key of at least 2048 bits or an X25519 public key, as PEM (BEGIN PUBLIC KEY), or an age recipient (age1...)."


def rsa_pem(bits):
    """A key of exactly so many bits, which nobody can decrypt with."""
    key = rsa.RSAPublicNumbers(65537, (1 << bits - 1) + 1).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize("bits", [2048, 2049, 4096, 16384])
def test_the_sizes_of_rsa_keys(bits):
    Recipient(rsa_pem(bits))


@pytest.mark.parametrize("bits", [1024, 2047, 16385])
def test_the_sizes_of_rsa_keys_that_are_refused(bits):
    with pytest.raises(SettingError) as failure:
        Recipient(rsa_pem(bits))
    assert (failure.value.reason, failure.value.message, failure.value.remedy) == (
        "invalid_recipient", f"The recipient's public key is invalid: it is an RSA key of {bits} bits.", REMEDY,
    )


@pytest.mark.parametrize("text", [rsa_pem(2048), SPEC_RECIPIENT])
def test_at_most_128_bytes_are_encrypted(text):
    recipient = Recipient(text)
    assert recipient.encrypt(bytes(128)).text
    with pytest.raises(ValueError, match=r"^too long for one RSA block$"):
        recipient.encrypt(bytes(129))


def test_the_lines_of_what_is_encrypted():
    # 256 bytes are 344 characters of base64.
    text = Recipient(rsa_pem(2048)).encrypt(SECRET).text
    assert [len(line) for line in text.split("\n")] == [64] * 5 + [24, 0]
    lines = Recipient(SPEC_RECIPIENT).encrypt(SECRET).text.split("\n")
    assert (lines[0], lines[-2:]) == ("-----BEGIN AGE ENCRYPTED FILE-----", ["-----END AGE ENCRYPTED FILE-----", ""])
    assert {len(line) for line in lines[1:-3]} == {64}
    assert 0 < len(lines[-3]) <= 64


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("hello", NEITHER),
        ("X" + SPEC_RECIPIENT, NEITHER),
        ("\ud800", NEITHER),
        ("x" * 16385, "it is too long"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", NEITHER),
        ("AGE-SECRET-KEY-1ABC", "it is a private key. Consider it compromised"),
        ("age-secret-key-1abc", "it is a private key. Consider it compromised"),
        ("-----BEGIN PRIVATE KEY-----", "it is a private key. Consider it compromised"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "it is neither an RSA nor an X25519 key"),
        ("$ANSIBLE_VAULT;1.1;AES256\n66", "it is encrypted by ansible-vault"),
    ],
)
def test_what_is_refused_in_full(text, what):
    assert refused(text) == f"The recipient's public key is invalid: {what}."


def test_the_longest_text_of_a_key():
    assert "too long" not in refused("x" * 16384)
    # White space around it does not count, nor a byte order mark.
    assert Recipient("\ufeff" + SPEC_RECIPIENT + " " * 20000).encrypt(SECRET).format == AGE
    assert Recipient("\n\ufeff" + rsa_pem(2048)).encrypt(SECRET).format == RSA_OAEP


def test_the_names_of_the_formats():
    assert (RSA_OAEP, AGE) == ("rsa-oaep-sha256", "age-x25519")


def test_without_cryptography_in_full(monkeypatch):
    monkeypatch.setattr(public_key, "_MISSING", ImportError("No module named 'cryptography'"))
    with pytest.raises(SettingError) as failure:
        Recipient(SPEC_RECIPIENT)
    assert failure.value.as_result() == {
        "reason": "missing_library", "remedy": "Install cryptography 36 or later for the Python that runs this.",
        "msg": "The Python library cryptography cannot be imported (No module named 'cryptography'). "
        "Install cryptography 36 or later for the Python that runs this.",
    }
