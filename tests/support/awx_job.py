# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A job as AWX runs it: ansible-runner transmits a folder to a node, where a worker runs it, and processes the events.

What AWX puts into the folder is put here by the same rules (tasks/jobs.py and models/credential.py of AWX 24, and the injectors of awx_plugins): credentials
are injected as environment, as files and as extra variables; the inventory is a script; the environment travels with the arguments, in none of AWX's files.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ansible_runner

from .ansible_run import Ansible
from .slack import scaled

IDENT = 42
_SECONDS = scaled(600)  # only a job that hangs takes so long
_SETTINGS = {"job_timeout": 0, "suppress_ansible_output": True, "suppress_output_file": True}


@dataclass(frozen=True)
class Injected:
    """What a credential adds to a job.

    :param environment: variables, as of a type's ``env`` injectors; ``{file}`` stands for the path of the file.
    :param variables: as of its ``extra_vars`` injectors.
    :param file: the content of the one file of its ``file`` injectors.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    file: str = ""


def amazon_web_services(access_key: str, secret_key: str, security_token: str = "") -> Injected:
    """The credential type of this name. Its documentation names the first name of the token; its injector sets both."""
    token = {"AWS_SECURITY_TOKEN": security_token, "AWS_SESSION_TOKEN": security_token} if security_token else {}
    return Injected({"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key, **token})


@dataclass(frozen=True)
class Finished:
    """What AWX knows of a finished job."""

    status: str
    stream: bytes = field(repr=False)
    events: list[dict[str, Any]] = field(repr=False)

    def results(self, task: str) -> dict[str, dict[str, Any]]:
        """The results of a task, by host."""
        items = [event["event_data"] for event in self.events if event["event"].startswith("runner_on_")]
        return {data["host"]: data.get("res", {}) for data in items if data["task"] == task or data["task"].endswith(f": {task}")}

    @property
    def stdout(self) -> str:
        return "\n".join(event["stdout"] for event in self.events)

    def succeeded(self) -> Finished:
        """This job; raises AssertionError with its output if it failed."""
        assert self.status == "successful", self.stdout
        return self


class AwxJob:
    """``folder`` holds the project, AWX's private data folder and the node's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.private = folder / "awx"
        self.project = self.private / "project"
        self.node = folder / "node"
        for path in (self.project, self.private / "inventory", self.private / "env"):
            path.mkdir(parents=True, mode=0o700)

    def write(self, name: str, content: str) -> None:
        """A file of the project."""
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")

    def run(
        self, playbook: str, hosts: Mapping[str, Mapping[str, Any]], *credentials: Injected,
        environment: Mapping[str, str], variables: Mapping[str, Any] | None = None, arguments: Sequence[str] = (),
        job_slice: tuple[int, int] = (1, 1),
    ) -> Finished:
        """Run a playbook of the project.

        :param hosts: the inventory's, with their variables.
        :param environment: what the execution environment and AWX's settings set.
        :param job_slice: the number of this slice, and how many there are.
        """
        number, count = job_slice
        sliced = {name: hosts[name] for name in sorted(hosts)[number - 1 :: count]}
        inventory = {"all": {"hosts": list(sliced)}, "_meta": {"hostvars": sliced}}
        script = self._file("inventory/hosts", f"#! /usr/bin/env python3\n# -*- coding: utf-8 -*-\nprint({json.dumps(inventory)!r})\n", 0o700)
        line = ["-u", "root", *arguments]
        values = dict(environment)
        for at, credential in enumerate(credentials):
            file = self._file(f"env/credential{at}", credential.file) if credential.file else ""
            # The node has the folder in another place, as a container has it below /runner.
            values.update({name: value.format(file=file.replace(str(self.private), str(self.node))) for name, value in credential.environment.items()})
            if credential.variables:
                path = self._file(f"env/extra{at}", json.dumps(credential.variables))
                line += ["-e", "@" + path.replace(str(self.private), str(self.node))]
        self._file("env/extravars", json.dumps({"awx_job_id": IDENT, **(variables or {})}))
        self._file("env/cmdline", ansible_runner.utils.args2cmdline(*line))
        self._file("env/settings", json.dumps(_SETTINGS))
        return self._stream({
            "ident": IDENT, "private_data_dir": str(self.private), "playbook": playbook, "inventory": script,
            "suppress_env_files": True, "envvars": values, "fact_cache_type": "",
        })

    def _file(self, name: str, content: str, mode: int = 0o600) -> str:
        path = self.private / name
        path.write_text(content, encoding="utf-8")
        path.chmod(mode)
        return str(path)

    def _stream(self, parameters: dict[str, Any]) -> Finished:
        """Transmit, work and process, joined by pipes."""
        worker = [str(Path(sys.executable).with_name("ansible-runner")), "worker", f"--private-data-dir={self.node}", "--delete"]
        node = Ansible(self.folder / "machine").environment(PATH=os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]))
        for name in ("ANSIBLE_CONFIG", "ANSIBLE_INVENTORY", "ANSIBLE_CALLBACKS_ENABLED", "ANSIBLE_CALLBACK_PLUGINS", "ANSIBLE_LOAD_CALLBACK_PLUGINS"):
            del node[name]
        events: list[dict[str, Any]] = []
        pipe = subprocess.PIPE
        with (
            open(self.folder / "machine" / "errors", "wb") as errors,
            subprocess.Popen(worker, stdin=pipe, stdout=pipe, stderr=errors, env=node, cwd=self.folder) as process,
        ):
            sender = threading.Thread(target=self._transmit, args=(process.stdin, parameters))
            process.stdin = None  # it is the sender's
            sender.start()
            answer, _none = process.communicate(timeout=_SECONDS)
            sender.join(_SECONDS)
        processed = ansible_runner.interface.run(
            streamer="process", quiet=True, _input=io.BytesIO(answer), event_handler=lambda event: events.append(event) or True, **parameters
        )
        return Finished(processed.status, answer, events)

    @staticmethod
    def _transmit(stream: Any, parameters: dict[str, Any]) -> None:
        with stream:
            ansible_runner.interface.run(streamer="transmit", _output=stream, **parameters)
