# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What counts as encrypted for a person in a server's answer, and what as a mere refusal. What becomes of answers is in tests/system."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_api import Reply
from ansible_collections.sealwright.vault_seal.plugins.module_utils._vault_init.answer import Answer, Recipients, is_message, is_refusal

SESSION_KEY = b"\xc1\x0c\x03" + b"keyid123" + b"\x12ab"
PARTS = b"\xd2\xe1ab\x01c"  # encrypted data in parts, as the servers write them
MESSAGE = SESSION_KEY + PARTS
OLD_FORMAT = b"\x84\x0c" + SESSION_KEY[2:] + b"\xa4\x02ab"


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.mark.parametrize("content", [MESSAGE, OLD_FORMAT, SESSION_KEY + MESSAGE])
def test_a_message_is_known(content: bytes) -> None:
    assert is_message(text(content))


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"\xc1", SESSION_KEY, MESSAGE[:9]),
        b"\xc1\x0c\x02" + MESSAGE[3:], b"\xc6" + MESSAGE[1:], SESSION_KEY + b"share in clear", b"\xc1\xff\xff", b"\xc1\xc0",
    ],
)
def test_what_is_in_clear_is_no_message(content: bytes) -> None:
    assert not is_message(text(content))


@pytest.mark.parametrize("value", [None, 5, [], {}, "s.token", "ä", "=", text(MESSAGE) + "!"])
def test_what_is_no_base64_is_no_message(value: Any) -> None:
    assert not is_message(value)


@pytest.mark.parametrize(
    ("status", "body", "refusal"),
    [
        (400, b'{"errors": ["no"]}', True), (500, b'{"errors": ["no"], "warnings": null}', True), (502, b"", True),
        (200, b'{"errors": ["no"]}', False), (400, b'{"errors": [], "root_token": "x"}', False), (502, b"<html>", False), (400, b"[1]", False),
        (500, b'{"errors": ["no"], "data": null}', True), (500, b'{"errors": ["no"], "data": {"root_token": "x"}}', False),
    ],
)
def test_a_refusal_has_nothing_to_keep(status: int, body: bytes, refusal: bool) -> None:
    document = json.loads(body) if body[:1] == b"{" else None
    assert is_refusal(Reply(status, document, body=body)) is refusal


@pytest.mark.parametrize(
    ("field", "value"), [("recovery_keys_base64", text(MESSAGE)), ("recovery_keys", MESSAGE.hex()), ("keys_base64", text(MESSAGE)), ("keys", MESSAGE.hex())]
)
def test_shares_are_found_in_each_field(field: str, value: str) -> None:
    recipients = Recipients([None], 1, None, None)  # type: ignore[list-item]
    answer = Answer.of(Reply(200, {field: [value], "root_token": "s.token"}), recipients)
    assert (answer.shares, answer.complete) == ([text(MESSAGE)], True)
    assert "s.token" not in repr(answer)
    assert text(MESSAGE) not in repr(answer)
