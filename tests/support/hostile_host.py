# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hostile managed hosts: their Python interpreter returns chosen facts for every module. And an attacker's server that records requests."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TOKEN = "token-of-the-controller-77ab"


class Listener:
    """What came to the attacker's server: each request's line and body."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.url = ""


@contextmanager
def listener() -> Iterator[Listener]:
    """The attacker's server: records each request and refuses it."""
    heard = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            heard.requests.append(f"{self.requestline} {body.decode(errors='replace')}")
            self.send_error(400)

        do_GET = do_CONNECT = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        heard.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield heard
        finally:
            server.shutdown()
            thread.join()


def hostile_python(folder: Path, name: str, facts: Mapping[str, Any]) -> Path:
    """A program that answers whatever module it is to run with these facts, also as what ``register`` keeps."""
    answer = {"changed": False, "ansible_facts": dict(facts), "answer": dict(facts), "stdout": json.dumps(facts), "rc": 0}
    (folder / f"{name}.json").write_text(json.dumps(answer), encoding="utf-8")
    program = folder / name
    program.write_text(f"#!/bin/sh\ncat {folder / name}.json\n", encoding="utf-8")
    program.chmod(0o755)
    return program


class Attack:
    """Facts by which a host would have files read, programs run and servers asked on the controller.

    :param folder: holds what was fetched from hosts, and a secret of the controller's.
    :param foreign: the ARN of a key under which the attacker may seal.
    """

    def __init__(self, folder: Path, url: str, foreign: str) -> None:
        folder.mkdir()
        self.ran = folder / "ran"
        program = folder / "program"
        program.write_text(f"#!/bin/sh\ntouch {self.ran}\n", encoding="utf-8")
        program.chmod(0o755)
        fetched = folder / "fetched-credentials"
        fetched.write_text(f"[profile evil]\ncredential_process = {program}\n[evil]\ncredential_process = {program}\n", encoding="utf-8")
        secret = folder / "controllers-token"
        secret.write_text(TOKEN, encoding="ascii")
        secret.chmod(0o600)
        role = "arn:aws:iam::123456789012:role/attacker"
        path = folder / "search" / "files"
        path.mkdir(parents=True)
        self.search_path = path.parent
        own = {
            "files": {"shared_creds_filename": str(fetched), "shared_creds_profile": "evil"},
            "identity": {"web_identity_token_file": str(secret), "sts_endpoint": url, "role_arn": role, "role_session_name": "evil"},
            "pin": {"allowed_key_ids": [foreign]},
            "endpoint": {"endpoint": url, "region": "us-east-1"},
            "proxy": {"proxy": url, "validate_certs": False},
            "bundle": {"ca_bundle": str(fetched), "timeout": 1, "cache_data_keys": False},
            "keys": {"access_key": "AKIAATTACKER00000000", "secret_key": "attacker", "session_token": "attacker"},
        }
        self.facts: dict[str, dict[str, Any]] = {
            host: {f"ansible_awskms_{name}": value for name, value in options.items()} for host, options in own.items()
        }
        # Names that options of this and other plugins, of the environment or of Ansible itself could be taken from.
        bare = {name: value for options in own.values() for name, value in options.items()}
        self.facts["names"] = {
            **{name.upper(): value for name, value in bare.items()}, **bare,
            **{f"awskms_{name}": value for name, value in bare.items()},
            "AWS_ENDPOINT_URL": url, "AWS_KMS_ENDPOINT": url, "AWS_CONFIG_FILE": str(fetched), "AWS_PROFILE": "evil", "environment": {"AWS_ENDPOINT_URL": url},
            "ansible_search_path": [str(self.search_path)], "ansible_config_file": str(fetched), "playbook_dir": str(self.search_path),
            "role_path": str(self.search_path), "ansible_facts": {"awskms_endpoint": url},
        }

    def programs(self, folder: Path) -> dict[str, Path]:
        """The hosts' Pythons."""
        return {host: hostile_python(folder, f"python-{host}", facts) for host, facts in self.facts.items()}

    def inventory(self, folder: Path) -> str:
        """The hosts, in a separate group."""
        lines = [f"{host} ansible_connection=local ansible_python_interpreter={program}" for host, program in self.programs(folder).items()]
        return "\n".join(["[hostile]", *lines, ""])
