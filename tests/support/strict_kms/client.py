# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Python client: starts the strict KMS in a separate process and controls it."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import asdict, dataclass, field
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any

from ..slack import scaled
from .faults import Rule

_START_SECONDS = scaled(120.0)  # far more than it takes, for machines that are busy


@dataclass(frozen=True)
class Credentials:
    """Of an IAM user; of a role the ARN alone, for STS to assume."""

    access_key: str
    secret_key: str = field(repr=False)
    arn: str = ""


class StrictKms:
    """A context manager. All state is in the process's memory and ends with it."""

    def __init__(self, latency_ms: float = 0, tls: tuple[str, str] | None = None, port: int = 0, journal: str = "") -> None:
        """:param tls: paths of a certificate and its key; then ``url`` is one of https."""
        self._arguments = ["--latency-ms", str(latency_ms), "--port", str(port)]
        self._arguments += ["--journal", journal] if journal else []
        self._tls = tls
        if tls:
            self._arguments += ["--tls-cert", tls[0], "--tls-key", tls[1]]
        self.host, self.port = "127.0.0.1", 0

    @classmethod
    def running(cls, host: str, port: int) -> StrictKms:
        """A client of a KMS that another process started and ends."""
        kms = cls()
        kms.host, kms.port = host, port
        kms.admin = Credentials(**kms._control("admin"))
        return kms

    def __enter__(self) -> StrictKms:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def start(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            port_file = Path(folder, "port")
            command = [sys.executable, "-m", "support.strict_kms", "--port-file", str(port_file), "--parent", str(os.getpid())]
            environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
            self._process = subprocess.Popen(
                [*command, *self._arguments], stdout=subprocess.DEVNULL, env=environment, stdin=subprocess.DEVNULL
            )
            end = time.monotonic() + _START_SECONDS
            while not port_file.exists():
                if self._process.poll() is not None or time.monotonic() > end:
                    self.stop()
                    raise RuntimeError(f"the strict KMS did not start (exit code {self._process.returncode})")
                time.sleep(0.02)
            self.port = int(port_file.read_text(encoding="ascii"))
        self.admin = Credentials(**self._control("admin"))

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(scaled(15))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(scaled(15))

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://{self.host}:{self.port}"

    def client(self, service: str = "kms", region: str = "us-east-1", credentials: Credentials | None = None, **settings: Any) -> Any:
        """A boto3 client; with the admin's rights unless ``credentials`` are given."""
        import boto3

        who = credentials or self.admin
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            **{"aws_access_key_id": who.access_key, "aws_secret_access_key": who.secret_key, "verify": False, **settings},
        )

    def environment(self, credentials: Credentials | None = None, region: str = "us-east-1") -> dict[str, str]:
        """Environment variables for the connection of the AWS SDKs, Vault and OpenBao; with the admin's credentials unless others are given."""
        who = credentials or self.admin
        return {
            "AWS_ACCESS_KEY_ID": who.access_key,
            "AWS_SECRET_ACCESS_KEY": who.secret_key,
            "AWS_REGION": region,
            "AWS_KMS_ENDPOINT": self.url,
            "AWS_ENDPOINT_URL_STS": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def new_key(self, region: str = "us-east-1", alias: str = "", **settings: Any) -> str:
        """Create a key, and its alias if given; returns the ARN.

        An alias that exists moves to the new key: pytest-xdist may set up a fixture of a module a second time, beside the same KMS.
        """
        client = self.client("kms", region)
        arn: str = client.create_key(**settings)["KeyMetadata"]["Arn"]
        if alias:
            names = {"AliasName": alias, "TargetKeyId": arn.rsplit("/", 1)[-1]}
            try:
                client.create_alias(**names)
            except client.exceptions.AlreadyExistsException:
                client.update_alias(**names)
        return arn

    def principal(self, policy: dict[str, Any] | None = None, role: bool = False, account: str = "123456789012") -> Credentials:
        """A fresh IAM user, or role, with just this identity policy; all keys are of the default account."""
        return Credentials(**self._control("principal", policy=policy, role=role, account=account))

    def set_policy(self, user_arn: str, policy: dict[str, Any]) -> None:
        """Replace a user's identity policy."""
        self._control("policy", arn=user_arn, policy=policy)

    def set_key_state(self, arn: str, state: str, valid_to: float | None = None) -> None:
        """Set a state of a key that API calls cannot set, such as Unavailable, or Enabled for imported material."""
        self._control("key", arn=arn, state=state, valid_to=valid_to)

    def set_latency(self, seconds: float) -> None:
        self._control("latency", seconds=seconds)

    def set_rotation_time(self, seconds: float) -> None:
        """Set the duration of on-demand rotations."""
        self._control("rotation", seconds=seconds)

    def calls(self, operation: str = "") -> list[dict[str, Any]]:
        """The journal since it was last cleared, of one operation or of all."""
        result: list[dict[str, Any]] = self._control("calls", operation=operation)
        return result

    def clear_calls(self) -> None:
        self._control("calls/clear")

    def fault(self, kind: str, operation: str = "", **settings: Any) -> None:
        """Add a rule; see :class:`support.strict_kms.faults.Rule` for the kinds and settings."""
        self._control("fault", **asdict(Rule(kind, operation, **settings)))

    def clear_faults(self) -> None:
        self._control("faults/clear")

    def _control(self, name: str, **message: Any) -> Any:
        # Not urllib: it loads the authorities that the machine trusts for every opener, which takes longer than the call.
        if self._tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            connection: HTTPConnection = HTTPSConnection(self.host, self.port, timeout=scaled(60), context=context)
        else:
            connection = HTTPConnection(self.host, self.port, timeout=scaled(60))
        with closing(connection):
            connection.request("POST", f"/_strict/{name}", json.dumps(message))
            answer = connection.getresponse()
            content = json.loads(answer.read())
        if answer.status != 200:
            raise RuntimeError(f"the strict KMS refuses {name}: {content}")
        return content
