# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets are blanked in messages, in whatever encoding they come back, and nothing else is."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.blanking import BLANK, Secrets
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from hypothesis import given
from hypothesis import strategies as st

SHARE = base64.b64encode(bytes(range(7, 40))).decode()
TOKEN = "s.aB3dE5gH7jK9mN1pQ3sT5vX7"
ODD = 'pass<word>&"quote"/\\back 100% \u00e9\n'
ENCODINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "json": lambda text: json.dumps({"key": text}),
    "json in utf-8": lambda text: json.dumps({"key": text}, ensure_ascii=False),
    "json twice": lambda text: json.dumps({"error": json.dumps({"key": text})}) if text != ODD else json.dumps(text),
    "python": lambda text: repr({"key": text}),
    "html": lambda text: f"<p>{html.escape(text)}</p>",
    "url": lambda text: f"?key={quote(text, safe='')}&x=1",
    "path": quote,
    "form": lambda text: f"key={quote_plus(text)}",
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for urls": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "basic authorization": lambda text: base64.b64encode(f"user:{text}".encode()).decode(),
    "hex in pairs": lambda text: text.encode().hex(":"),
    "bytes of Go": lambda text: f"[{' '.join(map(str, text.encode()))}]",
    "source of Go": lambda text: f"[]byte{{{', '.join(f'0x{byte:x}' for byte in text.encode())}}}",
    "list of bytes": lambda text: str(list(text.encode())),
    "escapes": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "url, all of it": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "entities": lambda text: "".join(f"&#{byte};" for byte in text.encode()),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "base64 of json": lambda text: base64.b64encode(f'{{"key":"{text}","x":1}}'.encode()).decode(),
}


def secrets(*values: object) -> Secrets:
    made = Secrets()
    made.add(*values)
    return made


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("secret", [SHARE, TOKEN, ODD, "hunter2-x"], ids=["share", "token", "odd", "short"])
def test_each_encoding_is_blanked(name: str, secret: str) -> None:
    encoded = ENCODINGS[name](secret)
    shown = secrets(secret).blank(f"The server says: {encoded}, and no more.")
    assert shown.startswith("The server says: ")
    assert shown.endswith(", and no more.")
    assert BLANK in shown
    assert secret.strip() not in shown
    assert all(encoded[start : start + 12] not in shown for start in range(0, len(encoded) - 12, 3) if encoded[start : start + 12] in secret)


def test_what_a_share_stands_for_is_blanked_too() -> None:
    raw = base64.b64decode(SHARE)
    shown = secrets(SHARE).blank(f"{raw.hex()} {base64.urlsafe_b64encode(raw).decode()}")
    assert shown.replace(BLANK, "").strip(" =") == ""
    assert secrets(raw.hex()).blank(f"bad key {SHARE}") in (f"bad key {BLANK}", f"bad key {BLANK}{SHARE[-1]}")


@pytest.mark.parametrize("length", [16, 20, len(SHARE) - 1])
def test_a_part_of_a_secret_is_blanked_where_it_was_cut_off(length: int) -> None:
    for part in (SHARE[:length], SHARE[-length:], SHARE[3 : 3 + length]):
        assert secrets(SHARE).blank(f"bad request: {part}...") in (f"bad request: {BLANK}...", f"bad request: {BLANK}")
    assert secrets(SHARE).blank(f"a {SHARE[:length]} b {SHARE[:length]} c").count(BLANK) == 2


def test_lines_of_a_secret_document_are_blanked() -> None:
    document = "user: admin\npassword: correct-horse\n# x\n"
    assert secrets(document).blank("line 2, column 1: password: correct-horse") == f"line 2, column 1: {BLANK}"
    assert secrets(document).blank(f"unreadable: {' '.join(document.split())}") == f"unreadable: {BLANK}"


def test_short_secrets_ruin_nothing() -> None:
    message = "AWS rejected Encrypt with key arn:aws:kms:us-east-1:111122223333:key/1234abcd: a"
    assert secrets("a", "1", "us-east", "", b"", 1111222, None, True).blank(message) == message


def test_values_of_lists_and_dictionaries_count_and_their_names_do_not() -> None:
    both = secrets({"password": ["correct-horse", {"pin": 12345678}], "disabled_seal": True})
    assert both.blank("password correct-horse 12345678 disabled_seal") == f"password {BLANK} {BLANK} disabled_seal"
    assert both.blank_all({"correct-horse": ["x correct-horse", ("12345678", 1)], "n": None}) == {"correct-horse": [f"x {BLANK}", [BLANK, 1]], "n": None}


def test_settings_are_secrets_by_their_names() -> None:
    made = Secrets()
    made.add_settings({
        "region": "us-east-1", "secret_key": "correct-horse", "HTTPS_PROXY": "http://me:battery-staple@proxy.example:3128", "VAULT_TOKEN": TOKEN,
        "kms_key_id": "alias/unseal", "retry_join": {"leader_client_key": "staple-horse", "leader_api_addr": "https://one.example:8200"},
        "ODD": "http://[", "none": None,
    })  # fmt: skip
    kept = "us-east-1 alias/unseal proxy.example https://one.example:8200"
    assert made.blank(kept) == kept
    login = base64.b64encode(b"me:battery-staple").decode()
    assert made.blank(f"correct-horse battery-staple staple-horse {TOKEN} {login}").replace(BLANK, "").strip(" =") in ("", login.rstrip("=")[-1])


def test_an_error_is_blanked_as_a_whole_and_a_repr_shows_nothing() -> None:
    made = secrets(TOKEN)
    error = SealError(f"no {TOKEN}", reason="x", remedy=f"see {TOKEN}", details={"server_log": [TOKEN]})
    made.blank_error(error)
    assert TOKEN not in str(error.as_result())
    assert error.reason == "x"
    assert TOKEN not in repr(made)
    assert "Secrets(" in repr(made)
    assert not Secrets()
    assert made


@given(st.binary(min_size=8, max_size=100), st.text(max_size=50), st.text(max_size=50))
def test_any_bytes_and_texts_are_taken(secret: bytes, before: str, after: str) -> None:
    encoded = base64.b64encode(secret).decode()
    shown = secrets(secret, before, {"x": after}).blank(f"{before}{secret.hex()}{after}{encoded}")
    assert len(secret.strip()) < 8 or secret.strip().hex() not in shown


def test_long_bytes_that_are_no_text_are_blanked_whole() -> None:
    secret = bytes(range(128, 256)) * 9
    assert secrets(secret).blank(f"x {secret!r} y") == f"x b'{BLANK}' y"


def test_the_last_digit_of_an_encoding_is_blanked_though_it_is_an_x() -> None:
    # Of lengths that need no padding, so that every digit is the secret's.
    for encode in (base64.b64encode, base64.b32encode):
        secret = next(b"correct-horse-" + bytes([last]) for last in range(33, 127) if encode(b"correct-horse-" + bytes([last])).endswith(b"X"))
        assert secrets(secret).blank(f"x {encode(secret).decode()} y") == f"x {BLANK} y"


def test_base64_with_too_much_padding_is_recognised() -> None:
    for raw in (b"battery-staple-no", b"battery-staple-n", b"battery-stapleW"):
        given_as = base64.b64encode(raw).decode().rstrip("=") + "==="
        assert secrets(given_as).blank(f"x {raw.hex()} y") == f"x {BLANK} y"


def test_what_is_not_base64_is_not_decoded() -> None:
    assert base64.b64decode("correct horse, battery!=").hex() not in secrets("correct horse, battery!").texts


def test_much_is_blanked_in_time() -> None:
    large = "".join(f"{number:08d}" for number in range(1 << 20))
    assert secrets(large).blank(f"x {large[:500]} y") == f"x {BLANK} y"
    many = {f"name{number}": f"correct-horse-{number:06d}" for number in range(2_000)}
    assert secrets(many).blank("x correct-horse-001999 y") == f"x {BLANK} y"
