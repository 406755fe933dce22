# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packets, subpackets, fingerprints and armor as RFC 9580 has them, each at its limits."""

from __future__ import annotations

import base64
import hashlib

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.recipients.openpgp_key import PgpKey
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.recipients.openpgp_packets import (
    fingerprint,
    from_text,
    malformed,
    packets,
    secret_key,
    signature,
)

# The sample certificate of version 6 in RFC 9580, A.3.
V6 = """-----BEGIN PGP PUBLIC KEY BLOCK-----

xioGY4d/4xsAAAAg+U2nu0jWCmHlZ3BqZYfQMxmZu52JGggkLq2EVD34laPCsQYf
GwoAAABCBYJjh3/jAwsJBwUVCg4IDAIWAAKbAwIeCSIhBssYbE8GCaaX5NUt+mxy
KwwfHifBilZwj2Ul7Ce62azJBScJAgcCAAAAAK0oIBA+LX0ifsDm185Ecds2v8lw
gyU2kCcUmKfvBXbAf6rhRYWzuQOwEn7E/aLwIwRaLsdry0+VcallHhSu4RN6HWaE
QsiPlR4zxP/TP7mhfVEe7XWPxtnMUMtf15OyA51YBM4qBmOHf+MZAAAAIIaTJINn
+eUBXbki+PSAld2nhJh/LVmFsS+60WyvXkQ1wpsGGBsKAAAALAWCY4d/4wKbDCIh
BssYbE8GCaaX5NUt+mxyKwwfHifBilZwj2Ul7Ce62azJAAAAAAQBIKbpGG2dWTX8
j+VjFM21J0hqWlEg+bdiojWnKfA5AQpWUWtnNwDEM0g12vYxoWM8Y81W+bHBw805
I8kWVkXU6vFOi+HWvv/ira7ofJu16NnoUkhclkUrk0mXubZvyl4GBg==
-----END PGP PUBLIC KEY BLOCK-----
"""
V6_FINGERPRINT = "CB186C4F0609A697E4D52DFA6C722B0C1F1E27C18A56708F6525EC27BAD9ACC9"
EXPORT = "Use the output of `gpg --export --armor` for the person's key, or the base64-encoded output of `gpg --export`."
CREATED = 0x63877FE3  # 2022-11-30, in the sample


def refused(call, *arguments):
    with pytest.raises(SettingError) as failure:
        call(*arguments)
    assert (failure.value.reason, failure.value.remedy) == ("invalid_pgp_key", EXPORT)
    beginning = "This is not an OpenPGP public key: "
    assert failure.value.message.startswith(beginning)
    return failure.value.message[len(beginning) :]


def all_packets(content):
    return list(packets(content))


def test_the_errors_in_full():
    error = malformed("it is short")
    assert (type(error), error.reason, error.message, error.remedy) == (
        SettingError, "invalid_pgp_key", "This is not an OpenPGP public key: it is short.", EXPORT,
    )
    error = secret_key()
    assert (type(error), error.reason, error.message, error.remedy) == (
        SettingError, "invalid_pgp_key", "This is an OpenPGP secret key.",
        "Use the public key (`gpg --export`). Consider the secret key compromised if it was in an Ansible variable or file.",
    )


def test_the_sample_of_the_standard():
    key = PgpKey.parse(V6)
    assert (key.fingerprint, key.user_id, key.name) == (V6_FINGERPRINT, "", V6_FINGERPRINT)
    key.check_encrypts(CREATED)
    tags = [(packet.tag, len(packet.body)) for packet in packets(from_text(V6))]
    assert tags == [(6, 42), (2, 177), (14, 42), (2, 155)]
    assert [signature(packet.body) for packet in packets(from_text(V6)) if packet.tag == 2] == [(0x1F, CREATED, 0, 0x03), (0x18, CREATED, 0, 0x0C)]


@pytest.mark.parametrize(
    ("header", "size"),
    [
        # 4.2.1: one, two and five octets of length.
        (b"\xc6\x00", 0), (b"\xc6\x01", 1), (b"\xc6\xbf", 191),
        (b"\xc6\xc0\x00", 192), (b"\xc6\xc0\x01", 193), (b"\xc6\xc5\xfb", 1723), (b"\xc6\xdf\xff", 8383),
        (b"\xc6\xff\x00\x00\x00\x00", 0), (b"\xc6\xff\x00\x00\x20\xc0", 8384), (b"\xc6\xff\x00\x01\x86\xa0", 100000),
        # 4.2.2: the former headers, with lengths of one, two and four octets.
        (b"\x98\x00", 0), (b"\x98\xff", 255), (b"\x99\x00\x01", 1), (b"\x99\x01\x00", 256), (b"\x99\xff\xff", 65535),
        (b"\x9a\x00\x00\x00\x05", 5), (b"\x9a\x00\x01\x86\xa0", 100000),
    ],
)
def test_lengths_of_packets(header, size):
    body = bytes(number % 251 for number in range(size))
    assert list(packets(header + body)) == [(6, body)]
    # The same behind another packet, and before one.
    both = b"\xcd\x03abc" + header + body + b"\xb4\x01z"
    assert list(packets(both)) == [(13, b"abc"), (6, body), (13, b"z")]
    if size:
        assert refused(all_packets, header + body[:-1]) == "it ends within a packet, so it was not copied completely."


@pytest.mark.parametrize("header", [b"\xc6\xff\x01\x00\x00\x00", b"\x9a\x01\x00\x00\x00", b"\xc6\xff\xff\xff\xff\xff"])
def test_a_packet_that_says_it_is_longer_than_any_text_in_full(header):
    assert refused(all_packets, header + bytes(10)) == "it ends within a packet, so it was not copied completely."


@pytest.mark.parametrize("header", [b"\xc6\xe0", b"\xc6\xe1", b"\xc6\xfe", b"\x9b"])
def test_a_packet_without_a_length_of_its_own_in_full(header):
    assert refused(all_packets, header + bytes(600)) == "a packet has an invalid length."


@pytest.mark.parametrize("content", [b"\xc6", b"\xc6\xc0"])
def test_a_packet_that_ends_within_its_header_in_full(content):
    assert refused(all_packets, content) == "it ends within a packet's header."
    assert refused(all_packets, b"\xcd\x01a" + content) == "it ends within a packet's header."


@pytest.mark.parametrize("first", [b"\x00", b"\x46", b"\x7f"])
def test_what_begins_no_packet_in_full(first):
    assert refused(all_packets, first + bytes(100)) == "no packet begins at byte 0."
    assert refused(all_packets, b"\xcd\x02ab" + first) == "no packet begins at byte 4."


@pytest.mark.parametrize("tag", range(64))
def test_tags_of_both_headers(tag):
    assert list(packets(bytes([0xC0 | tag, 1]) + b"x")) == [(tag, b"x")]
    if tag < 16:
        assert list(packets(bytes([0x80 | tag << 2, 1]) + b"x")) == [(tag, b"x")]


def test_no_bytes_are_no_packets():
    assert list(packets(b"")) == []


@pytest.mark.parametrize("size", [1, 6, 300, 65535])
def test_the_fingerprint_of_version_4(size):
    key = b"\x04" + bytes(size - 1)
    assert fingerprint(key) == hashlib.sha1(b"\x99" + size.to_bytes(2, "big") + key).hexdigest().upper()  # 5.5.4.2


def test_fingerprints_that_cannot_be():
    assert refused(fingerprint, b"\x04" + bytes(65535)) == "a key packet has 65536 bytes; the maximum is 65535."
    for version in (0, 2, 3, 5, 7):
        assert refused(fingerprint, bytes([version]) + bytes(50)) == f"its key has version {version}; supported are 4 and 6."
    assert refused(fingerprint, b"") == "its key has version 0; supported are 4 and 6."
    key = b"\x06" + bytes(65535)
    assert fingerprint(key) == hashlib.sha256(b"\x9b" + (65536).to_bytes(4, "big") + key).hexdigest().upper()  # 5.5.4.3


def v4(area, kind=0x13):
    return bytes([4, kind, 1, 8]) + len(area).to_bytes(2, "big") + area


def v6(area, kind=0x13):
    return bytes([6, kind, 1, 8]) + len(area).to_bytes(4, "big") + area


def subpacket(number, content):
    return bytes([len(content) + 1, number]) + content


TIME, EXPIRES = (0x01020304).to_bytes(4, "big"), (86400).to_bytes(4, "big")


@pytest.mark.parametrize("of_version", [v4, v6])
@pytest.mark.parametrize(
    ("area", "expected"),
    [
        (b"", (0x13, 0, 0, 0)),
        (subpacket(2, TIME), (0x13, 0x01020304, 0, 0)),
        (subpacket(9, EXPIRES), (0x13, 0, 86400, 0)),
        (subpacket(27, b"\x0c"), (0x13, 0, 0, 0x0C)),
        (subpacket(27, b"\x0c\xff"), (0x13, 0, 0, 0x0C)),
        (subpacket(27, b""), (0x13, 0, 0, 0)),
        (subpacket(2, TIME) + subpacket(9, EXPIRES) + subpacket(27, b"\x03"), (0x13, 0x01020304, 86400, 3)),
        # The first bit of the type says that it is critical (5.2.3.7).
        (subpacket(0x80 | 2, TIME) + subpacket(0x80 | 9, EXPIRES) + subpacket(0x80 | 27, b"\x04"), (0x13, 0x01020304, 86400, 4)),
        # Of two of the same type the last counts.
        (subpacket(27, b"\x01") + subpacket(27, b"\x04"), (0x13, 0, 0, 4)),
        # Others in between, with lengths of one, two and five octets.
        (subpacket(20, bytes(190)) + subpacket(2, TIME), (0x13, 0x01020304, 0, 0)),
        (b"\xc0\x00" + bytes([20]) + bytes(191) + subpacket(2, TIME), (0x13, 0x01020304, 0, 0)),
        (b"\xc1\x07" + bytes([20]) + bytes(454) + subpacket(2, TIME), (0x13, 0x01020304, 0, 0)),
        (b"\xff\x00\x00\x00\x05" + bytes([2]) + TIME + subpacket(27, b"\x04"), (0x13, 0x01020304, 0, 4)),
        (b"\xff\x00\x00\x01\x00" + bytes([20]) + bytes(255) + subpacket(27, b"\x04"), (0x13, 0, 0, 4)),
    ],
)
def test_what_a_signature_says(of_version, area, expected):
    assert signature(of_version(area)) == expected
    # What follows the hashed part, which anybody can write, says nothing.
    assert signature(of_version(area) + b"\x00\x06" + subpacket(9, b"\xff" * 4)) == expected


@pytest.mark.parametrize("kind", [0x10, 0x18, 0x1F, 0x20, 0x28, 0x30])
def test_the_kind_of_a_signature(kind):
    assert signature(v4(b"", kind)) == signature(v6(b"", kind)) == (kind, 0, 0, 0)
    # Of another version nothing else is read.
    for version in (2, 3, 5, 7):
        assert signature(bytes([version, kind])) == (kind, 0, 0, 0)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "a signature is truncated."),
        (b"\x04", "a signature is truncated."),
        (b"\x04\x13", "a signature is truncated."),
        (v4(b"")[:-1], "a signature is truncated."),
        (v6(b"")[:-1], "a signature is truncated."),
        (v4(subpacket(2, TIME))[:-1], "a signature is truncated."),
        (v6(subpacket(2, TIME))[:-1], "a signature is truncated."),
        (v4(subpacket(2, TIME[:3])), "a time in a signature does not have 4 bytes."),
        (v4(subpacket(2, TIME + b"\0")), "a time in a signature does not have 4 bytes."),
        (v4(subpacket(2, b"")), "a time in a signature does not have 4 bytes."),
        (v4(subpacket(9, EXPIRES[:3])), "a time in a signature does not have 4 bytes."),
        (v4(b"\x00"), "a subpacket of a signature is truncated."),
        (v4(b"\x02\x02"), "a subpacket of a signature is truncated."),
        (v4(subpacket(2, TIME)[:-1]), "a subpacket of a signature is truncated."),
        (v4(b"\xc0\x00" + bytes([20]) + bytes(190)), "a subpacket of a signature is truncated."),
        (v4(b"\xff\x01\x00\x00\x05" + bytes([2]) + TIME), "a subpacket of a signature is truncated."),
        (v4(b"\xff\x00\x00\x00\x05" + bytes([2]) + TIME[:3]), "a subpacket of a signature is truncated."),
    ],
)
def test_signatures_that_are_not_whole_in_full(body, what):
    assert refused(signature, body) == what


def armored(content, checksum=b"", headers=(), begin="PUBLIC KEY BLOCK"):
    lines = [f"-----BEGIN PGP {begin}-----", *headers, "", base64.b64encode(content).decode(), *([checksum] if checksum else []), f"-----END PGP {begin}-----"]
    return "\n".join(lines) + "\n"


def crc24(content):
    """RFC 9580, 6.1.1."""
    crc = 0xB704CE
    for byte in content:
        crc ^= byte << 16
        for _bit in range(8):
            crc <<= 1
            if crc & 0x1000000:
                crc ^= 0x1864CFB
    return "=" + base64.b64encode((crc & 0xFFFFFF).to_bytes(3, "big")).decode()


@pytest.mark.parametrize("content", [b"", b"x", b"\xc6\x00", bytes(range(256)) * 5])
def test_armor_with_and_without_a_checksum(content):
    assert from_text(armored(content)) == content
    assert from_text(armored(content, crc24(content))) == content
    assert from_text(armored(content, crc24(content), ["Version: 1", "Comment: a"])) == content
    assert from_text("\n\n  " + armored(content, crc24(content)).replace("\n", "\r\n") + "\n\n") == content
    if content:
        assert refused(from_text, armored(content, crc24(content[:-1]))) == "the checksum of its armor is wrong, so it was not copied completely."


def test_the_checksum_of_nothing_is_its_start():
    assert crc24(b"") == "=twTO"  # as gpg writes it
    assert from_text(armored(b"", "=twTO")) == b""


def test_text_after_the_end_of_the_armor_is_left_out():
    assert from_text(armored(b"abc") + "Kind regards\n" + armored(b"def")) == b"abc"


def test_armor_without_an_empty_line_before_its_content():
    # The line that begins is taken for the headers then.
    assert from_text("-----BEGIN PGP PUBLIC KEY BLOCK-----\nYWJj\n-----END PGP PUBLIC KEY BLOCK-----") == b"abc"


@pytest.mark.parametrize("lines", [["YWJjZGVm"], ["YWJ", "jZGVm"], ["YWJjZGV", "m"], ["Y", "WJjZ", "GVm"]])
def test_the_lines_of_armor_may_have_any_length(lines):
    text = "\n".join(["-----BEGIN PGP PUBLIC KEY BLOCK-----", "", *lines, "-----END PGP PUBLIC KEY BLOCK-----"])
    assert from_text(text) == b"abcdef"


def test_armor_with_nothing_in_it():
    assert from_text("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n-----END PGP PUBLIC KEY BLOCK-----") == b""
    assert from_text("-----BEGIN PGP PUBLIC KEY BLOCK-----\n-----END PGP PUBLIC KEY BLOCK-----") == b""


@pytest.mark.parametrize("text", ["YWJj", " YWJj\n", "YW\n Jj\r\n", "\nYWJj\n\n"])
def test_base64_alone(text):
    assert from_text(text) == b"abc"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("YWJ", "it is neither armored nor base64."),
        ("YW*Jj", "it is neither armored nor base64."),
        ("\u00e9YWJ", "it is neither armored nor base64."),
        ("Dear Ann,\n" + armored(b"abc"), "it is neither armored nor base64."),
        (armored(b"abc").replace("YWJj", "YW*j"), "it is neither armored nor base64."),
        (armored(b"abc", "=AB*D"), "it is neither armored nor base64."),
        (armored(b"abc").partition("-----END")[0], "its armor has no end."),
        ("A" * (4 * 1024 * 1024 + 1), "it has more than 4 MiB."),
    ],
)
def test_texts_that_hold_no_key_in_full(text, what):
    assert refused(from_text, text) == what


def test_the_longest_text():
    assert len(from_text("A" * (4 * 1024 * 1024))) == 3 * 1024 * 1024


def test_no_text_is_no_key():
    assert from_text("") == from_text(" \n") == b""


def test_an_armored_secret_key_is_refused():
    with pytest.raises(SettingError) as failure:
        from_text(armored(b"abc", begin="PRIVATE KEY BLOCK"))
    assert failure.value.message == "This is an OpenPGP secret key."
