# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The KMS adapter as on a host: with the Python interpreter of SEALWRIGHT_HOST_PYTHON, in a clean environment."""

from __future__ import annotations

import json
import select
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .ansible_run import collections_path, host_python
from .slack import scaled

_SECONDS = scaled(90)
_SECRET_OPTIONS = ("secret_key", "session_token")
_SECRET_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN")


class Probe:
    """The process of ``adapter_probe``."""

    def __init__(self, process: subprocess.Popen[str], errors: Any) -> None:
        self._process = process
        self._errors = errors

    def ask(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """The answer of the adapter, and its output."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(values) + "\n")
        self._process.stdin.flush()
        assert select.select([self._process.stdout], [], [], _SECONDS)[0], "the adapter does not end"
        printed = self._process.stdout.readline()
        self._errors.seek(0)
        return json.loads(printed), printed + self._errors.read()


@contextmanager
def probe() -> Iterator[Probe]:
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [host_python(), str(Path(__file__).with_name("adapter_probe.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(collections_path()), "PYTHONDONTWRITEBYTECODE": "1"},
        )
        with process:
            try:
                yield Probe(process, errors)
            finally:
                process.terminate()


class Adapter:
    """:param environment: variables of each run; :param key: the key to describe, as an option."""

    def __init__(self, probe: Probe, home: Path, environment: Mapping[str, str], key: str = "") -> None:
        self._probe = probe
        self._home = home
        self._environment = dict(environment)
        self._key = key

    def ask(
        self, options: Mapping[str, Any] | None = None, key: str | None = None, hints: Any = (), link_local: str = "", **environment: str
    ) -> dict[str, Any]:
        """Open the adapter and describe the key; see ``adapter_probe`` for the answer. An empty variable is not set.

        Neither the answer nor the output contains a secret.
        """
        variables = {"PATH": "/usr/bin:/bin", "HOME": str(self._home), "AWS_EC2_METADATA_DISABLED": "true", **self._environment, **environment}
        variables = {name: value for name, value in variables.items() if value}
        values = {
            "environment": variables, "options": dict(options or {}), "key": self._key if key is None else key,
            "hints": list(hints), "link_local": link_local,
        }
        answer, printed = self._probe.ask(values)
        assert "traceback" not in answer, answer["traceback"]
        for secret in _secrets(values["options"], variables):
            assert secret not in printed
        return answer

    def connection(self, options: Mapping[str, Any] | None = None, **more: Any) -> dict[str, dict[str, str]]:
        """What was connected to, each thing with its value and source, once KMS has described the key."""
        answer = self.ask(options, **more)
        assert "error" not in answer, answer
        connection: dict[str, dict[str, str]] = answer["connection"]
        return connection

    def refusal(self, options: Mapping[str, Any] | None = None, **more: Any) -> tuple[str, str, float]:
        """Reason, message and seconds of the failure."""
        answer = self.ask(options, **more)
        assert "error" in answer, answer
        assert answer["error"]["msg"].endswith(answer["error"]["remedy"])
        assert " object at 0x" not in answer["error"]["msg"]
        return answer["error"]["reason"], answer["error"]["msg"], answer["seconds"]


def _secrets(options: Mapping[str, Any], variables: Mapping[str, str]) -> list[str]:
    items = [str(options.get(name, "")) for name in _SECRET_OPTIONS] + [variables.get(name, "") for name in _SECRET_VARIABLES]
    urls = [str(options.get("proxy", "")), *(value for name, value in variables.items() if name.lower().endswith("_proxy"))]
    items += [urlsplit(url).password or "" for url in urls]
    return [secret.strip() for secret in items if secret.strip()]
