# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Amazon S3 as AWS documents it where moto is lenient: checksums are compared, kept and returned, and faults can be injected.

moto computes no checksum of an object of one request, compares none, and forgets the lock of an object of several parts.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

_ERROR = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{0}</Code><Message>{0} by a test</Message></Error>'

_LOCK = ("x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date")


class StrictS3:
    """An S3 endpoint; a context manager. ``refuse(method, query)`` may return a status and an error code for a request."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._application, threaded=True)
        self._checksums: dict[str, str] = {}
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.requests: list[tuple[str, str]] = []
        self.refuse: Callable[[str, dict[str, list[str]]], tuple[int, str] | None] = lambda _method, _query: None
        self._locks: dict[str, tuple[str, str]] = {}
        self.lies = False
        self.replaced: dict[str, str] = {}
        """Headers of the response to HeadObject that have another value than they should."""
        self.forgets_locks = False
        self.keeps_checksums = True

    def __enter__(self) -> StrictS3:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()

    def client(self) -> Any:
        return boto3.client("s3", endpoint_url=self.url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")

    def count(self, method: str, query: str = "") -> int:
        return sum(1 for each, asked in self.requests if each == method and query in asked)

    def _application(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        method, path, query = environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"]
        self.requests.append((method, query))
        content = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        refused = self.refuse(method, parse_qs(query, keep_blank_values=True))
        stated = environ.get("HTTP_X_AMZ_CHECKSUM_SHA256")
        if refused is None and method == "PUT" and stated and stated != base64.b64encode(hashlib.sha256(content).digest()).decode():
            refused = (400, "BadDigest")
        if refused:
            start(f"{refused[0]} -", [("Content-Type", "application/xml")])
            return [] if method == "HEAD" else [_ERROR.format(refused[1]).encode()]
        environ["wsgi.input"] = _Body(content)
        if environ.get("HTTP_X_AMZ_OBJECT_LOCK_MODE") and not self.forgets_locks:
            self._locks[path] = (environ["HTTP_X_AMZ_OBJECT_LOCK_MODE"], environ["HTTP_X_AMZ_OBJECT_LOCK_RETAIN_UNTIL_DATE"])

        def started(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            if method == "PUT" and status.startswith("200") and stated and "partNumber" not in query:
                self._checksums[path] = stated
            if method == "HEAD" and status.startswith("200"):
                kept = {name.lower(): value for name, value in headers}
                found = kept.get("x-amz-checksum-sha256") or self._checksums.get(path)
                replaced = ("x-amz-checksum-sha256", *_LOCK, *self.replaced)
                headers = [(name, value) for name, value in headers if name.lower() not in replaced]
                locks = dict(zip(_LOCK, self._locks.get(path, ()), strict=False))
                headers += [(name, value) for name, value in {**locks, **self.replaced}.items() if value]
                if found and self.keeps_checksums:
                    headers.append(("x-amz-checksum-sha256", "AAAA" if self.lies else found))
            return start(status, headers, *more)

        answer: Iterable[bytes] = self._moto(environ, started)
        return answer


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, size: int = -1) -> bytes:
        end = len(self._content) if size < 0 else size
        piece, self._content = self._content[:end], self._content[end:]
        return piece
