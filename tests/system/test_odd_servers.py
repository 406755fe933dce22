# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules that call a server which is not Vault, repeats the request, or is slow: a clear error, in time, without secrets."""

from __future__ import annotations

import base64
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_plus

import pytest

from support.module_run import start_module
from support.odd_server import OddServer, as_json, echo
from support.slack import scaled
from support.strict_kms import StrictKms

SHARE = base64.b64encode(bytes(range(33))).decode()
TOKEN = "s.aB3dE5gH7jK9mN1pQ3sT5vX7"
SEALED = {"initialized": True, "sealed": True, "t": 1, "n": 1, "type": "shamir"}
UNSEALED = {**SEALED, "sealed": False}
LED = {"ha_enabled": True, "is_self": True, "leader_address": "https://one.example:8200"}


def run(name: str, folder: Path, environment: dict[str, str], **options: Any) -> dict[str, Any]:
    process = start_module(name, options, folder, environment)
    output = process.communicate(timeout=scaled(120))[0].decode()
    result: dict[str, Any] = json.loads(output)
    result["__output"] = output
    return result


ODD: dict[str, tuple[int, bytes]] = {
    "no threshold": as_json({"initialized": True, "sealed": True}),
    "null": as_json({**SEALED, "t": None}),
    "a string": as_json({**SEALED, "t": "3"}),
    "a boolean": as_json({**SEALED, "t": True}),
    "negative": as_json({**SEALED, "t": -1}),
    "zero": as_json({**SEALED, "t": 0}),
    "too many": as_json({**SEALED, "t": 1000, "n": 1000}),
    "more than there are": as_json({**SEALED, "t": 3, "n": 2}),
    "a fraction": as_json({**SEALED, "t": 1.5}),
    "sealed is a string": as_json({**SEALED, "sealed": "false"}),
    "sealed is null": as_json({**SEALED, "sealed": None}),
    "not initialised in words": as_json({**SEALED, "initialized": "no"}),
    "type is a list": as_json({**SEALED, "type": ["shamir"]}),
    "a list": as_json([SEALED]),
    "a number": as_json(3),
    "a page": (200, b"<html><body>Sign in</body></html>"),
    "nothing": (200, b""),
    "not utf-8": (200, b"\xff\xfe{}"),
    "nested": (200, b"[" * 100_000 + b"]" * 100_000),
    "a long number": (200, b'{"initialized": true, "sealed": true, "t": ' + b"9" * 10_000 + b"}"),
    "huge": (200, b'{"errors": "' + b"x" * (9 << 20) + b'"}'),
    "errors is a number": as_json({"errors": 5}, 503),
    "errors is an object": as_json({"errors": {"a": [1]}}, 500),
    "errors of objects": as_json({"errors": [{"message": "x"}, None, 3]}, 400),
    "errors with controls": as_json({"errors": ["a\x1b[31mred\r\n\u202eb"]}, 400),
    "a page for an error": (502, b"<html>Bad gateway</html>"),
}


@pytest.mark.parametrize("name", ODD)
def test_unexpected_answers_are_reported(name: str, tmp_path: Path) -> None:
    with OddServer({"sys/seal-status": ODD[name], "sys/init": ODD[name]}) as server:
        unseal = run("vault_unseal", tmp_path, {}, server_address=server.url, server_timeout=5, shares=[SHARE])
        info = run("vault_server_info", tmp_path, {}, server_address=server.url, until="asked")
        assert {method for method, _path in server.requests} == {"GET"}
    assert unseal["failed"]
    assert unseal["reason"] in ("unexpected_answer", "server_refused"), unseal
    assert server.url in unseal["msg"]
    assert "Traceback" not in unseal["__output"]
    assert len(unseal["msg"]) < 1200
    assert unseal["msg"].isprintable()
    if name not in ("no threshold", "null", "zero"):
        assert (info.get("failed", False), info["answers"], info["sealed"]) == (False, False, True)
        assert info["summary"].startswith("does not respond (")
        assert info["summary"].isprintable()


@pytest.mark.parametrize("leader", [as_json({}), as_json([]), (200, b"<html>"), as_json({**LED, "leader_address": 5}), as_json({**LED, "ha_enabled": "no"})])
def test_an_odd_answer_about_the_leader_is_none(leader: tuple[int, bytes], tmp_path: Path) -> None:
    with OddServer({"sys/seal-status": as_json(UNSEALED), "sys/leader": leader}) as server:
        unseal = run("vault_unseal", tmp_path, {}, server_address=server.url, server_timeout=20)
        info = run("vault_server_info", tmp_path, {}, server_address=server.url)
    assert unseal["failed"]
    assert unseal["reason"] == "unexpected_answer", unseal
    assert (info["answers"], info["active"], info["leader"], info["summary"]) == (
        True, False, "", "is unsealed, without a known active node, with the seal shamir",
    )  # fmt: skip


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "1e300"])
def test_a_timeout_that_is_none_is_refused(seconds: str, tmp_path: Path) -> None:
    answer = run("vault_unseal", tmp_path, {}, server_address="http://127.0.0.1:9", server_timeout=seconds)
    assert (answer["reason"], "server_timeout is " in answer["msg"]) == ("invalid_option", True), answer


@pytest.mark.parametrize("status", [200, 503])
def test_an_answer_that_is_lost_after_its_status(status: int, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def lose() -> None:
            while True:
                try:
                    connection = listening.accept()[0]
                except OSError:
                    return
                connection.recv(65536)
                connection.sendall(f"HTTP/1.1 {status} X\r\nContent-Length: 100\r\n\r\n".encode())
                time.sleep(0.2)  # until the status is read
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()

        threading.Thread(target=lose, daemon=True).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        unseal = run("vault_unseal", tmp_path, {}, server_address=url, server_timeout=2)
        info = run("vault_server_info", tmp_path, {}, server_address=url)
        listening.shutdown(socket.SHUT_RDWR)
    assert unseal["reason"] == "server_timed_out", unseal
    assert "onnection reset" in info["summary"], info


WRAPS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "json": json.dumps,
    "url": quote,
    "hex": lambda text: text.encode().hex(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base85": lambda text: base64.b85encode(text.encode()).decode(),
    "octal": lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
    "reversed": lambda text: text[::-1],
    "cut short": lambda text: text[: text.find(SHARE) + 12] if SHARE in text else text[: text.find(TOKEN) + 12],
    "cut off": lambda text: text[: text.find(SHARE) + 30] if SHARE in text else text[: text.find(TOKEN) + 20],
}


@pytest.mark.parametrize("name", WRAPS)
def test_a_share_that_the_server_repeats_is_blanked(name: str, tmp_path: Path) -> None:
    for status in (400, 500):
        with OddServer({"sys/seal-status": as_json(SEALED), "sys/unseal": echo(WRAPS[name], status)}) as server:
            answer = run("vault_unseal", tmp_path, {}, server_address=server.url, server_timeout=5, shares=[SHARE])
        assert answer["failed"]
        assert "bad request" in answer["msg"]
        assert "********" in answer["msg"]
        check_hidden(answer["__output"], SHARE)


@pytest.fixture(scope="module")
def sealed_token(kms: StrictKms, tmp_path_factory: pytest.TempPathFactory) -> Path:
    kms.new_key(alias="alias/odd")
    folder = tmp_path_factory.mktemp("token")
    run("awskms_seal_wrap", folder, kms.environment(), kms_key_id="alias/odd", plaintext=TOKEN, dest=str(folder / "token.sealed"))
    return folder / "token.sealed"


@pytest.mark.parametrize("name", WRAPS)
def test_a_token_from_a_sealed_file_is_blanked(name: str, kms: StrictKms, sealed_token: Path, tmp_path: Path) -> None:
    with OddServer({"auth/token/lookup-self": echo(WRAPS[name])}) as server:
        answer = run("vault_token_revoke", tmp_path, kms.environment(), server_address=server.url, src=str(sealed_token))
    assert answer["failed"]
    assert answer["reason"] == "server_refused"
    assert "bad request" in answer["msg"]
    check_hidden(answer["__output"], TOKEN)
    assert sealed_token.exists()


def check_hidden(output: str, secret: str) -> None:
    forms = [secret, secret.encode().hex(), quote(secret, safe=""), *(base64.b64encode(bytes(n) + secret.encode()).decode()[4:-4] for n in range(3))]
    forms += [secret[::-1], "".join(f"\\\\{byte:03o}" for byte in secret.encode()), base64.b85encode(secret.encode()).decode()]
    assert [form for form in forms if form[2:22] in output or form[:12] in output] == []


@pytest.mark.parametrize("until", ["answers", "sealed", "led", "asked"])
def test_waiting_takes_seconds_by_the_clock(until: str, tmp_path: Path) -> None:
    slow = {
        "answers after 30 s": OddServer({"sys/seal-status": as_json(UNSEALED)}, seconds=30),
        "drips": OddServer({"sys/seal-status": as_json({**UNSEALED, "version": "x" * 1000})}, drips=True),
    }
    for server in slow.values():
        with server:
            check_time(server.url, until, tmp_path)
    # Connections that nobody takes.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening:
        port = listening.getsockname()[1]
        waiting = [socket.socket() for _number in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        check_time(f"http://127.0.0.1:{port}", until, tmp_path)
        for each in waiting:
            each.close()


def check_time(url: str, until: str, folder: Path) -> None:
    began = time.monotonic()
    answer = run("vault_server_info", folder, {}, server_address=url, until=until, timeout=3, fail_unless_reached=False)
    took = time.monotonic() - began
    assert (answer["answers"], answer["reached"]) == (False, until == "asked"), answer
    assert 2.5 <= answer["seconds"] <= 4.5, answer
    assert took < 30


def test_a_state_that_is_not_reached_is_a_failure_with_it(tmp_path: Path) -> None:
    with OddServer({"sys/seal-status": as_json(SEALED)}) as server:
        answer = run("vault_server_info", tmp_path, {}, server_address=server.url, until="led", timeout=1)
    assert answer["failed"]
    assert answer["reason"] == "server_timed_out"
    assert answer["sealed"] is True
    assert answer["msg"].startswith(
        f"Timed out after 1 s waiting for the server at {server.url} to be unsealed with a known active node: it is initialised and sealed, "
    )
    assert run("vault_server_info", tmp_path, {}, server_address="http://127.0.0.1:9", timeout=0)["reason"] == "invalid_option"


@pytest.mark.parametrize(("first", "second", "direction"), [("shamir", "awskms", "expected"), ("awskms", "shamir", "loaded")])
def test_a_node_whose_seal_is_not_that_of_its_cluster(first: str, second: str, direction: str, tmp_path: Path) -> None:
    phrase = f'seal type of "{first}" does not match {direction} type of "{second}"'
    with OddServer({"sys/seal-status": as_json({"errors": [phrase]}, 500), "sys/leader": as_json({**LED, "is_self": False})}) as server:
        answer = run("vault_server_info", tmp_path, {}, server_address=server.url, until="led")
    assert (answer["type"], answer["cluster_type"], answer["migration"], answer["sealed"], answer["active"]) == (second, first, True, False, False)
    assert answer["summary"] == f"is unsealed and a standby of https://one.example:8200, with the seal {second} (its cluster uses {first})"


@pytest.mark.parametrize("name", ["as it is", "json", "url", "base64"])
def test_tokens_that_aws_or_a_proxy_repeats_are_blanked(name: str, kms: StrictKms, tmp_path: Path) -> None:
    """The session token of temporary credentials in KMS's name, and a web identity token in STS's."""
    session_token = "FwoGZXIvYXdzEBYaD" + TOKEN * 4
    token_file = tmp_path / "token"
    token_file.write_text("eyJhbGciOiJub25lIn0." + TOKEN * 3, encoding="utf-8")

    def refuses(_method: str, body: bytes, headers: str) -> tuple[int, bytes]:
        shown = WRAPS[name](headers + unquote_plus(body.decode()))
        return as_json({"__type": "ValidationException", "message": f"bad: {shown}"}, 400)

    def sts(_method: str, body: bytes, _headers: str) -> tuple[int, bytes]:
        shown = WRAPS[name](unquote_plus(body.decode())).replace("&", "&amp;").replace("<", "&lt;")
        return 400, f"<ErrorResponse><Error><Code>ValidationError</Code><Message>Value {shown} at 'webIdentityToken'</Message></Error></ErrorResponse>".encode()

    common = {"kms_key_id": "alias/x", "plaintext": "a value", "region": "us-east-1"}
    with OddServer({"/": refuses}) as server:
        answer = run(
            "awskms_seal_wrap", tmp_path, {"AWS_ACCESS_KEY_ID": "AKIAX", "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": session_token},
            endpoint=server.url, **common,
        )  # fmt: skip
    assert "bad: " in answer["msg"]
    check_hidden(answer["__output"], session_token)
    with OddServer({"/": sts}) as server:
        answer = run(
            "awskms_seal_wrap", tmp_path, {}, sts_endpoint=server.url, role_arn="arn:aws:iam::111122223333:role/x",
            web_identity_token_file=str(token_file), **common,
        )  # fmt: skip
    assert "at 'webIdentityToken'" in answer["msg"]
    check_hidden(answer["__output"], token_file.read_text(encoding="utf-8"))


def test_what_a_server_said_before_the_time_was_up_counts(tmp_path: Path) -> None:
    asked: list[float] = []

    def then_silent(_method: str, _body: bytes, _headers: str) -> tuple[int, bytes]:
        asked.append(time.monotonic())
        time.sleep(0 if len(asked) == 1 else 30)
        return as_json(SEALED)

    with OddServer({"sys/seal-status": then_silent}) as server:
        answer = run("vault_server_info", tmp_path, {}, server_address=server.url, until="unsealed", timeout=3)
    assert answer["reason"] == "server_timed_out"
    assert answer["msg"].startswith(f"Timed out after 3 s waiting for the server at {server.url} to be unsealed: it is initialised and sealed, ")
