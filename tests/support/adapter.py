# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The KMS adapter as a host would run it: in the Python of SEALWRIGHT_HOST_PYTHON and in a clean environment."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .ansible_run import collections_path, host_python

_SECONDS = 90


class Adapter:
    """:param environment: variables of each run; :param key: the key to describe, as an option."""

    def __init__(self, home: Path, environment: Mapping[str, str], key: str = "") -> None:
        self._home = home
        self._environment = dict(environment)
        self._key = key

    def ask(
        self, options: Mapping[str, Any] | None = None, key: str | None = None, hints: Any = (), **environment: str
    ) -> dict[str, Any]:
        """Open the adapter and describe the key; see ``adapter_probe`` for the answer. An empty variable is not set."""
        variables = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self._home),
            "PYTHONPATH": str(collections_path()),
            "AWS_EC2_METADATA_DISABLED": "true",
            **self._environment,
            **environment,
        }
        said = {"options": dict(options or {}), "key": self._key if key is None else key, "hints": list(hints)}
        ended = subprocess.run(
            [host_python(), str(Path(__file__).with_name("adapter_probe.py"))],
            input=json.dumps(said), env={name: value for name, value in variables.items() if value},
            capture_output=True, text=True, timeout=_SECONDS, check=False,
        )
        assert ended.returncode == 0, ended.stderr
        answer: dict[str, Any] = json.loads(ended.stdout)
        return answer
