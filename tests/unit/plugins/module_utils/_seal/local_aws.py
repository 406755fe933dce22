# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS for unit tests, as a server on loopback in a thread: KMS (JSON 1.1), STS (query and XML), and what hands out credentials.

What it answers is given by operation (``DescribeKey``) or, where a request names none, by method and path (``PUT /latest/api/token``).
"""

from __future__ import annotations

import http.server
import json
import os
import threading
import time
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

ACCESS_KEY, SECRET_KEY, SESSION_TOKEN = "AKIAEXAMPLEEXAMPLE00", "a secret access key", "a-session-token-of-some-length"
CLOSED = "closed without an answer"


class Asked(NamedTuple):
    """A request: its operation, and its parameters; blobs are as JSON has them, in Base64."""

    operation: str
    parameters: dict[str, Any]
    headers: dict[str, str]


class Answer(NamedTuple):
    status: int
    content: str = ""
    headers: dict[str, str] = {}
    seconds: float = 0.0


class Aws(http.server.ThreadingHTTPServer):
    """The last of several answers of one operation is given from then on."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked: list[Asked] = []
        self._answers: dict[str, list[Any]] = {}

    def clear(self) -> None:
        self.asked.clear()
        self._answers.clear()

    def answer(self, operation: str, *answers: Any) -> None:
        """Texts and :class:`Answer` are given as they are, all else as JSON."""
        self._answers[operation] = list(answers)

    def refuse(self, operation: str, code: str, message: str = "", status: int = 400) -> None:
        self.answer(operation, Answer(status, json.dumps({"__type": code, "message": message})))

    def refuse_sts(self, operation: str, code: str, message: str, status: int = 403) -> None:
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        self.answer(operation, Answer(status, f"<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>"))

    def operations(self) -> list[str]:
        return [each.operation for each in self.asked]

    def next_answer(self, operation: str) -> Answer | str:
        answers = self._answers.get(operation, [Answer(404, "not found")])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, (Answer, str)):
            return answer
        return Answer(200, json.dumps(answer))


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = self.headers.get("X-Amz-Target", "")
        query = dict(parse_qsl(body.decode())) if "form-urlencoded" in self.headers.get("Content-Type", "") else {}
        operation = target.rpartition(".")[2] or query.pop("Action", "") or f"{self.command} {self.path}"
        parameters = json.loads(body) if target else query
        server: Any = self.server
        server.asked.append(Asked(operation, parameters, dict(self.headers.items())))
        answer = server.next_answer(operation)
        if answer == CLOSED:
            self.close_connection = True
            return
        status, content, headers, seconds = answer if isinstance(answer, Answer) else Answer(200, answer)
        time.sleep(seconds)
        with suppress(OSError):  # who waited for it may be gone
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content.encode())), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content.encode())

    do_GET = do_PUT = do_POST = _serve

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serving() -> Any:
    with Aws() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


def role_answer(operation: str, role: str = "vault", session: str = "s", access_key: str = "ASIAEXAMPLEEXAMPLE00") -> str:
    """The answer of STS with credentials of a role of the account 111122223333."""
    credentials = (
        f"<AccessKeyId>{access_key}</AccessKeyId><SecretAccessKey>secret of the role</SecretAccessKey>"
        "<SessionToken>token-of-the-role</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>"
    )
    user = f"<AssumedRoleId>AROA:{session}</AssumedRoleId><Arn>arn:aws:sts::111122223333:assumed-role/{role}/{session}</Arn>"
    result = f"<{operation}Result><Credentials>{credentials}</Credentials><AssumedRoleUser>{user}</AssumedRoleUser></{operation}Result>"
    return (
        f'<{operation}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">{result}'
        f"<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{operation}Response>"
    )


def instance_answers(aws: Aws, role: str = "vault-server", expiration: str = "2099-01-01T00:00:00Z") -> None:
    """The EC2 metadata service (IMDSv2) of an instance with a role; of one without where it is empty."""
    aws.answer("PUT /latest/api/token", "session-of-the-metadata-service")
    if role:
        base = "GET /latest/meta-data/iam/security-credentials/"
        aws.answer(base, role)
        aws.answer(base + role, container_document(expiration, Code="Success", Type="AWS-HMAC", LastUpdated="2026-01-01T00:00:00Z"))


def container_document(expiration: str = "2099-01-01T00:00:00Z", **more: str) -> dict[str, str]:
    """What the credentials endpoint of a container answers."""
    return {"AccessKeyId": ACCESS_KEY, "SecretAccessKey": SECRET_KEY, "Token": SESSION_TOKEN, "Expiration": expiration, **more}


def clear_environment(patch: Any, folder: Any, **variables: str) -> None:
    """No settings of the AWS SDK but these; the home folder is ``folder``."""
    for name in list(os.environ):
        if name.upper().startswith(("AWS", "VAULT", "BAO", "HTTP", "NO_PROXY", "ALL_PROXY")):
            patch.delenv(name)
    patch.setenv("HOME", str(folder))
    for name, value in {"AWS_EC2_METADATA_DISABLED": "true", **variables}.items():
        patch.setenv(name, value)
