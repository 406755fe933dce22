# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import BlobError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.blob import BlobInfo, KeyInfo
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import (
    MAX_SIZE,
    SealedValue,
    checked_limit,
    from_base64,
    from_file_content,
    read_content,
    read_text,
)

REMEDY = "Check that the whole value was copied, unchanged, and that it was sealed by an awskms seal."
ENVELOPE = BlobInfo(b"c" * 20, b"n" * 12, KeyInfo(1, "key", b"wrapped"))
DATA = ENVELOPE.encode()


def refusal(call, *arguments, **options):
    with pytest.raises(BlobError) as raised:
        call(*arguments, **options)
    assert raised.value.reason == "malformed_blob"
    return str(raised.value)


def malformed(what):
    return f"This is not a sealed value: {what}. {REMEDY}"


# Containers


@pytest.mark.parametrize(
    ("multi", "suffixed", "form"),
    [
        (False, False, "bare"),
        (True, False, "multi_wrap"),
        (False, True, "seal_wrap"),
        (True, True, "multi_wrap_seal_wrap"),
    ],
)
def test_forms(multi, suffixed, form):
    data = SealedValue((ENVELOPE,), multi=multi, suffixed=suffixed, generation=3 if multi else 0).encode()
    assert data.startswith(b"multiwrapvalue:1") is multi
    assert data.endswith(b"s") is suffixed
    value = SealedValue.parse(data)
    assert value.form == form
    assert value.generation == (3 if multi else 0)
    assert value.encode() == data


def test_several_slots_always_get_the_container():
    value = SealedValue((ENVELOPE, ENVELOPE))
    assert SealedValue.parse(value.encode()).form == "multi_wrap"


def test_layouts():
    assert ENVELOPE.layout == "envelope"
    assert BlobInfo(b"c" * 28, b"", KeyInfo(1, "k", b"w")).layout == "joined_nonce"
    assert BlobInfo(b"c", b"", KeyInfo(0, "k")).layout == "direct"
    assert BlobInfo(b"c").layout == "no_key_info"
    assert BlobInfo(b"c", b"", KeyInfo(2, "k")).layout == "unknown"


def test_nonce_and_ciphertext():
    assert ENVELOPE.nonce_and_ciphertext() == (b"n" * 12, b"c" * 20)
    assert BlobInfo(b"n" * 12 + b"c" * 20, b"").nonce_and_ciphertext() == (b"n" * 12, b"c" * 20)


def test_what_is_sealed_is_not_in_its_repr():
    shown = repr(SealedValue.parse(SealedValue((ENVELOPE, ENVELOPE)).encode()))
    assert "key_id='key'" in shown
    for secret in ("cccc", "nnnn", "wrapped_key=", "63636363"):
        assert secret not in shown


@pytest.mark.parametrize("data", [b"", memoryview(b"")])
def test_nothing_in_full(data):
    assert refusal(SealedValue.parse, data) == malformed("it is empty at byte 0")


def test_truncated_in_full():
    assert refusal(SealedValue.parse, DATA[:10]) == malformed("field 1 is cut off at byte 0")
    assert refusal(SealedValue.parse, DATA[:-1]) == malformed("field 5 is cut off at byte 36")
    assert refusal(SealedValue.parse, DATA[:37]) == malformed("a number is cut off at byte 37")
    header = b"multiwrapvalue:1"
    assert refusal(SealedValue.parse, header + b"\x00\x00") == malformed("the several-slot container is cut off at byte 18")
    assert refusal(SealedValue.parse, header + b"\x00\x00\x00\x09abc") == malformed("the several-slot container declares 9 bytes but contains 3 at byte 16")
    assert refusal(SealedValue.parse, header + b"\x00\x00\x00\x00") == malformed("the several-slot container contains no slots at byte 20")


def test_the_size_is_limited():
    data = BlobInfo(bytes(70000), b"n" * 12, KeyInfo(1, "k", b"w")).encode()
    assert SealedValue.parse(data, len(data)).form == "bare"
    size = len(data)
    assert refusal(SealedValue.parse, data, size - 1) == malformed(f"it has {size} bytes, more than the limit of {size - 1} at byte {size - 1}")
    assert MAX_SIZE == 64 * 1024 * 1024


@pytest.mark.parametrize("limit", [32 * 1024, MAX_SIZE, 1 << 30])
def test_limits(limit):
    assert checked_limit(limit) == limit


@pytest.mark.parametrize("limit", [-1, 0, 32 * 1024 - 1, (1 << 30) + 1])
def test_a_limit_outside_in_full(limit):
    with pytest.raises(SettingError) as raised:
        checked_limit(limit)
    assert raised.value.reason == "invalid_option"
    assert str(raised.value) == f"Option max_size is {limit}, which is out of range. Use a value from 32768 to 1073741824 bytes."


# What a blob must hold


@pytest.mark.parametrize(
    ("blob", "what"),
    [
        (BlobInfo(b"", b"n" * 12, KeyInfo(1, "k", b"w")), "it contains no ciphertext"),
        (BlobInfo(b"c" * 20, b"n" * 12, KeyInfo(1, "k", b"")), "it contains no wrapped data key"),
        (BlobInfo(b"c" * 20, b"n" * 12, KeyInfo(1, "", b"w")), "it does not name the key that sealed it"),
        (BlobInfo(b"c" * 20, b"n" * 16, KeyInfo(1, "k", b"w")), "its nonce has 16 bytes instead of 12"),
        (BlobInfo(b"c" * 15, b"n" * 12, KeyInfo(1, "k", b"w")), "its ciphertext is shorter than nonce and authentication tag"),
        (BlobInfo(b"c" * 27, b"", KeyInfo(1, "k", b"w")), "its ciphertext is shorter than nonce and authentication tag"),
    ],
)
def test_incomplete_blobs_in_full(blob, what):
    data = blob.encode() or b"\x12\x00"
    assert refusal(SealedValue.parse, data) == malformed(f"{what} at byte 0")
    # Beside others it spoils nothing: it may be another cloud's, and is judged when it is to be opened.
    assert len(SealedValue.parse(SealedValue((ENVELOPE, blob)).encode()).slots) == 2


def test_an_empty_message_in_full():
    assert refusal(SealedValue.parse, b"\x78\x01") == malformed("it contains no ciphertext at byte 0")


def test_key_info_in_too_many_parts_in_full():
    parts = [b"\x2a\x02\x08\x02"] * 17
    assert SealedValue.parse(b"\x0a\x01c" + b"".join(parts[:16])).slots[0].mechanism == 2
    assert refusal(SealedValue.parse, b"\x0a\x01c" + b"".join(parts)) == malformed(f"its key_info has more than 16 parts at byte {3 + 16 * 4 + 2}")


def test_a_part_of_key_info_must_be_whole_by_itself():
    # Joined, the two parts would read; protobuf reads each by itself.
    assert refusal(SealedValue.parse, b"\x0a\x01c" + b"\x2a\x03\x1a\x04k" + b"\x2a\x03key") == malformed("field 3 is cut off at byte 5")


# Text


@pytest.mark.parametrize(
    "text",
    [
        base64.b64encode(DATA).decode(),
        base64.b64encode(DATA),
        base64.encodebytes(DATA).decode(),
        "\n\t " + base64.b64encode(DATA).decode() + " \r\n\r\n",
        " ".join(base64.b64encode(DATA).decode()),
    ],
)
def test_base64(text):
    assert from_base64(text) == DATA


@pytest.mark.parametrize("text", ["!", "a", "ab", "abc", "a===", "ab=c", "YQ==YQ==", "YQ", "YQ=", "Y\u00e9==", "YQ==\x00", "\ud800", "_-=="])
def test_not_base64_in_full(text):
    assert refusal(from_base64, text) == malformed("it is not valid base64")


@pytest.mark.parametrize("text", ["", " \n", b"", b"\t"])
def test_an_empty_text_in_full(text):
    assert refusal(from_base64, text) == malformed("it is empty at byte 0")


def test_a_long_text_in_full():
    assert from_base64("A" * 40000, 30000) == bytes(30000)
    assert refusal(from_base64, "A" * 46025, 30000) == malformed("its base64 has 46025 characters, too many for the limit of 30000 bytes")


@pytest.mark.parametrize("data", [DATA, SealedValue((ENVELOPE,), multi=True).encode(), DATA + b"s", BlobInfo(b"\x01c").encode()])
def test_a_file_may_hold_bytes_or_text(data):
    assert from_file_content(data) == data
    assert from_file_content(base64.b64encode(data)) == data
    assert from_file_content(base64.encodebytes(data)) == data


def test_a_file_that_holds_something_else():
    assert from_file_content(b"") == b""
    assert refusal(from_file_content, b"abcde") == malformed("it is not valid base64")
    other = json.dumps({"sops": {}}).encode()
    assert from_file_content(other) == other
    assert refusal(SealedValue.parse, other).startswith("This is not a sealed value: ")


# The limit of a text and of the value in it


def test_the_longest_text_that_a_value_may_have():
    # 4/3 for base64 itself; what is above that up to 3/2 and 1024 more is room for line ends.
    assert from_base64("A" * 46024, 30000) == bytes(34518)
    assert refusal(from_base64, "A" * 46025, 30000) == malformed("its base64 has 46025 characters, too many for the limit of 30000 bytes")
    assert from_base64("A" * 46024 + "\n", 30001) == bytes(34518)


def large(size):
    return BlobInfo(bytes(size), b"n" * 12, KeyInfo(1, "k", b"w")).encode()


@pytest.mark.parametrize("read", [read_text, read_content])
def test_the_limit_holds_for_the_text_and_for_the_value_in_it(read):
    data = large(40000)
    text = base64.b64encode(data)
    text = text.decode() if read is read_text else text
    assert read(text, len(data)).slots[0].key_id == "k"
    assert refusal(read, text, len(data) - 1) == malformed(
        f"it has {len(data)} bytes, more than the limit of {len(data) - 1} at byte {len(data) - 1}"
    )
    assert refusal(read, text, 32768) == malformed(f"its base64 has {len(text)} characters, too many for the limit of 32768 bytes")


def test_the_limit_holds_for_a_file_of_bytes_too():
    data = large(40000)
    assert read_content(data, len(data)).slots[0].key_id == "k"
    assert refusal(read_content, data, len(data) - 1) == malformed(
        f"it has {len(data)} bytes, more than the limit of {len(data) - 1} at byte {len(data) - 1}"
    )
    text = base64.b64encode(data)
    assert refusal(from_file_content, text, 32768) == malformed(f"its base64 has {len(text)} characters, too many for the limit of 32768 bytes")


def test_a_file_of_another_format_is_named():
    text = '{"sops": {}}'
    for error in (raised_by(read_text, text), raised_by(read_content, text.encode())):
        assert error.message.startswith("This is not a sealed value: ")
        assert (error.reason, list(error.details)) == ("malformed_blob", ["format"])


def raised_by(call, *arguments):
    with pytest.raises(BlobError) as raised:
        call(*arguments)
    return raised.value
