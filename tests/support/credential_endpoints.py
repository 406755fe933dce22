# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where AWS hands out credentials, on loopback: the EC2 metadata service (IMDSv2) and the ECS/EKS container endpoint.

Source: "Use the Instance Metadata Service" of the EC2 user guide; "Container credential provider" of the AWS SDKs' reference guide.
"""

from __future__ import annotations

import http.server
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta, timezone
from typing import Any

from .strict_kms import Credentials

ROLE = "vault-server"
_SESSION_TOKEN = "instance-metadata-session"
_LOST_SECONDS = 3


class Endpoint(http.server.BaseHTTPRequestHandler):
    """Answers from its server's ``answers``: a path's function of the request's headers gives status, content and maybe headers."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.command, self.path))  # type: ignore[attr-defined]
        result = self.server.answers.get((self.command, self.path))  # type: ignore[attr-defined]
        status, content, *headers = result(self.headers) if result else (404, "not found")
        body = content.encode()
        self.send_response(status)
        for name, value in (headers[0] if headers else {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        with suppress(OSError):  # the client may be gone
            self.end_headers()
            self.wfile.write(body)

    do_GET = do_PUT = do_POST = _answer

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serving(answers: dict[tuple[str, str], Any]) -> Iterator[Any]:
    """An HTTP server on a free loopback port, with ``.url`` and ``.asked`` (method and path of each request)."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        server.answers, server.asked = answers, []  # type: ignore[attr-defined]
        server.url = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


def metadata_service(temporary: dict[str, str] | None, zone: str = "us-east-1a", hops: int = 1) -> Any:
    """An EC2 metadata service that answers only who has a session token; without credentials, of an instance without a role.

    With ``hops`` 0 the answer with the session token does not arrive, as in a container behind a hop limit of 1.
    """

    def token(headers: Any) -> tuple[int, str, dict[str, str]]:
        if not hops:
            time.sleep(_LOST_SECONDS)
        # The SDK for Go takes no token without the time that it is valid.
        return 200, _SESSION_TOKEN, {"x-aws-ec2-metadata-token-ttl-seconds": headers.get("x-aws-ec2-metadata-token-ttl-seconds", "21600")}

    def guarded(content: str) -> Any:
        return lambda headers: (200, content) if headers.get("x-aws-ec2-metadata-token") == _SESSION_TOKEN else (401, "")

    answers: dict[tuple[str, str], Any] = {
        ("PUT", "/latest/api/token"): token,
        ("GET", "/latest/meta-data/placement/availability-zone/"): guarded(zone),
    }
    if temporary:
        base = "/latest/meta-data/iam/security-credentials/"
        answers["GET", base] = guarded(ROLE)
        answers["GET", base + ROLE] = guarded(json.dumps({"Code": "Success", "Type": "AWS-HMAC", **_document(temporary)}))
    return serving(answers)


def container_endpoint(temporary: dict[str, str], authorization: str = "") -> Any:
    """The credentials endpoint of ECS and EKS at the path /credentials; requests need the authorization."""

    def answer(headers: Any) -> tuple[int, str]:
        if headers.get("Authorization", "") != authorization:
            return 403, json.dumps({"code": "AccessDenied", "message": "wrong authorization"})
        return 200, json.dumps({"RoleArn": "arn:aws:iam::123456789012:role/task", **_document(temporary)})

    return serving({("GET", "/credentials"): answer})


def refusing() -> str:
    """The URL of a port that refuses connections."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def black_hole() -> Iterator[str]:
    """The URL of a listener that accepts connections and never responds."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def full_listener() -> Iterator[str]:
    """The URL of a listener that accepts no more connections, like behind a firewall that drops packets."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, ExitStack() as waiting:
        for _attempt in range(4):  # Linux accepts one connection more than the backlog, and drops the following packets
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def temporary_credentials(kms: Any, role: Credentials, session: str = "test") -> dict[str, str]:
    """Credentials of a role, from the strict KMS's own STS: what metadata and container endpoints hand out."""
    result = kms.client("sts").assume_role(RoleArn=role.arn, RoleSessionName=session)["Credentials"]
    return {"access_key": result["AccessKeyId"], "secret_key": result["SecretAccessKey"], "session_token": result["SessionToken"]}


def _document(temporary: dict[str, str]) -> dict[str, str]:
    end = datetime.now(timezone.utc) + timedelta(hours=6)
    return {
        "AccessKeyId": temporary["access_key"],
        "SecretAccessKey": temporary["secret_key"],
        "Token": temporary["session_token"],
        "Expiration": f"{end:%Y-%m-%dT%H:%M:%SZ}",
        "LastUpdated": "2026-01-01T00:00:00Z",
    }
