# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every form in which a secret is looked for, and the limits within which it is."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.blanking import BLANK, Secrets

ODD = "p<w>&\"'/+ \u00e99"
BYTES = (0x70, 0x3C, 0x77, 0x3E, 0x26, 0x22, 0x27, 0x2F, 0x2B, 0x20, 0xC3, 0xA9, 0x39)
AS_TEXT = {
    ODD, "p<w>&\\\"'/+ \\u00e99", "p<w>&\\\"'/+ \u00e99", "p<w>&\\\"'\\/+ \\u00e99", "p<w>&\"\\'/+ \u00e99", "p\\u003cw\\u003e\\u0026\\\"'/+ \\u00e99",
    "p&lt;w&gt;&amp;&quot;&#x27;/+ \u00e99", "p&lt;w&gt;&amp;&#34;&#39;/+ \u00e99",
    "p%3Cw%3E%26%22%27%2F%2B%20%C3%A99", "p%3Cw%3E%26%22%27/%2B%20%C3%A99", "p%3Cw%3E%26%22%27/+%20%C3%A99", "p%3Cw%3E%26%22%27%2F%2B+%C3%A99",
    "p%3cw%3e%26%22%27%2f%2b%20%c3%a99",
}
# By `base64`, of the text and of it behind one and two bytes, without the digits that depend on what is before and after it.
IN_BASE64 = {"cDx3PiYiJy8rIMOpO", "A8dz4mIicvKyDDqT", "wPHc+JiInLysgw6k5", "wPHc-JiInLysgw6k5", "wPHc%2BJiInLysgw6k5"}
SPELT = {
    "OA6HOPRGEITS6KZAYOUTS", "p<w>&\"\\'/+ \\xc3\\xa99",
    *(between.join(f"{byte:02x}" for byte in BYTES) for between in ("", " ", ":", "-")),
    *(between.join(f"{byte:02X}" for byte in BYTES) for between in ("", " ", ":", "-")),
    *("".join(form % byte for byte in BYTES) for form in ("\\x%02x", "%%%02x", "%%%02X", "\\u%04x", "&#%d;", "&#x%x;")),
    *(between.join(form % byte for byte in BYTES) for form in ("%d", "0x%x", "0x%02x") for between in (" ", ", ", ",")),
}


def made(*values: Any) -> Secrets:
    secrets = Secrets()
    secrets.add(*values)
    return secrets


def test_all_forms_of_a_text() -> None:
    assert made(ODD).texts == AS_TEXT | IN_BASE64 | SPELT


def test_blanks_around_a_secret_are_no_part_of_it() -> None:
    assert made(f"  {ODD}\r\n").texts == made(ODD).texts


def test_bytes_that_are_no_text_have_the_forms_of_bytes() -> None:
    texts = made(b"\xff\xfe12345678").texts
    assert {"\\xff\\xfe12345678", "fffe3132333435363738", "ff:fe:31:32:33:34:35:36:37:38", "//4xMjM0NTY3O", "__4xMjM0NTY3O", "%2F%2F4xMjM0NTY3O"} <= texts
    assert not any(letter > "\x7f" for text in texts for letter in text)
    assert made("\udcff\udcfe12345678").texts == texts  # as Python reads such bytes
    assert "?2345678" in made("\ud8002345678").texts


def test_what_hexadecimal_or_base64_stands_for() -> None:
    raw = b"\xfb\xff\xbf0123456789"
    encoded = base64.b64encode(raw).decode().rstrip("=")
    for secret in (raw.hex(), raw.hex().upper(), encoded, encoded + "==", encoded.replace("+", "-").replace("/", "_")):
        assert {raw.hex(), encoded[:-1], "fb ff bf 30 31 32 33 34 35 36 37 38 39"} <= made(secret).texts
    assert "0001020304050607" in made("AAECAwQFBgc").texts
    assert "00010203040506" not in made("AAECAwQFBg").texts  # seven bytes


def test_lines_of_a_secret_of_several() -> None:
    texts = made("first-line<\n  second-one\n short\n").texts
    assert {"first-line<\n  second-one\n short", "first-line< second-one short", "first-line<", "first-line&lt;", "second-one"} <= texts
    assert "short" not in texts
    assert b"first-line<".hex() not in texts


@pytest.mark.parametrize("value", [
    "12345678", b"12345678", bytearray(b"12345678"), memoryview(b"12345678"), 12345678, ["12345678"], ("12345678",), {"12345678"}, frozenset(["12345678"]),
    {"name": "12345678"}, [[{"name": ["12345678"]}]],
])
def test_every_kind_of_value_is_taken(value: Any) -> None:
    assert made(value).texts == made("12345678").texts
    assert "12345678" in made(value).texts


@pytest.mark.parametrize("value", [True, False, None, 1.5, 1234567, "1234567", b"1234567", {"12345678": 1}, object()])
def test_what_is_no_secret(value: Any) -> None:
    secrets = made(value)
    assert (secrets.texts, bool(secrets), repr(secrets)) == (frozenset(), False, "Secrets(0)")


def nested(value: Any, levels: int, kind: type) -> Any:
    for _level in range(levels):
        value = {"x": value} if kind is dict else [value]
    return value


@pytest.mark.parametrize("kind", [list, dict])
def test_twenty_levels_are_looked_through(kind: type) -> None:
    assert made(nested("12345678", 20, kind))
    assert not made(nested("12345678", 21, kind))
    secrets = made("12345678")
    assert secrets.blank_all(nested("12345678", 20, kind)) == nested(BLANK, 20, kind)
    assert secrets.blank_all(nested("12345678", 21, kind)) == nested("12345678", 21, kind)


def test_bytes_are_spelt_up_to_1024_and_looked_for_up_to_64_kib() -> None:
    digits = "0123456789abcdef" * 5000
    spelt = " ".join(f"{byte:02x}" for byte in digits[:1025].encode())
    assert spelt[:-3] in made(digits[:1024]).texts
    assert spelt not in made(digits[:1025]).texts
    assert digits[: 64 << 10] in made(digits).texts
    assert digits[: (64 << 10) + 1] not in made(digits).texts


def test_a_part_of_sixteen_characters_is_recognised() -> None:
    secret = "ABCDEFGHIJKLMNOPQ"
    secrets = made(secret)
    assert secrets.blank(f"x{secret[:16]}y{secret[1:]}z{secret[:15]}w") == f"x{BLANK}y{BLANK}z{secret[:15]}w"
    assert secrets.blank(secret[:16]) == BLANK
    assert secrets.blank(f"{secret[1:]}{secret[1:]}") == BLANK * 2
    assert made("ABCDEFGH IJKLMNOPQ").blank("ABCDEFGH IJKLMNO") == "ABCDEFGH IJKLMNO"  # words that a message may have by itself


def test_the_longest_secret_is_blanked_first_and_all_that_there_are() -> None:
    secrets = made("12345678")
    assert secrets.blank("12345678") == BLANK
    secrets.add("12345678-90", "second-one")
    assert secrets.blank("a 12345678-90 b second-one c 12345678 12345678") == f"a {BLANK} b {BLANK} c {BLANK} {BLANK}"
    assert secrets.blank("1234567") == "1234567"


def test_a_secret_within_another_leaves_nothing_of_it() -> None:
    assert made("aaaazzzzzzzz", "zzzzzzzz").blank("aaaazzzzzzzz") == BLANK


def test_two_lines_and_an_x_are_nothing_special() -> None:
    assert {"12345678", "abcdefgh"} <= made("12345678\nabcdefgh").texts
    assert "X\\u003cX\\u003e\\u0026X12" in made("X<X>&X12").texts


@pytest.mark.parametrize(("url", "texts"), [
    ("http://me:battery-staple@proxy.example:3128", ["battery-staple", "me:battery-staple"]),
    ("http://:battery-staple@proxy", ["battery-staple", ":battery-staple"]),
])
def test_a_login_of_a_url(url: str, texts: list[str]) -> None:
    secrets = Secrets()
    secrets.add_login(url)
    assert secrets.texts == made(*texts).texts


@pytest.mark.parametrize("url", [None, "", "http://me@proxy", "http://proxy:3128", "http://[", "battery-staple"])
def test_a_url_without_a_password(url: str | None) -> None:
    secrets = Secrets()
    secrets.add_login(url)
    assert not secrets


def test_settings_without_a_secret_and_no_settings() -> None:
    secrets = Secrets()
    secrets.add_settings(None)
    secrets.add_settings({"region": "12345678", "listener": {"tls_key_file": "12345678"}})
    assert not secrets
    secrets.add_settings({"listener": {"token": ["12345678"]}})
    assert secrets.texts == made("12345678").texts
