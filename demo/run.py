# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the demo: the playbooks in demo/playbooks/ against a real OpenBao and a strict simulation of AWS KMS, both on loopback.

The playbooks assert every result, and can be copied. The exit code is not 0 if a playbook fails.
"""

from __future__ import annotations

import collections
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from host import Host  # noqa: E402

from support.slack import scaled  # noqa: E402
from support.strict_kms import StrictKms  # noqa: E402

ALIAS = "alias/vault-unseal"


def _policy(*actions: str) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


# The permissions that a seal needs, and those of a principal without kms:Decrypt.
SEAL = _policy("kms:DescribeKey", "kms:Encrypt", "kms:Decrypt")
ENCRYPT_ONLY = _policy("kms:DescribeKey", "kms:Encrypt")
PLAYBOOK_SECONDS = scaled(600)  # only a playbook that hangs takes so long
COLOUR = sys.stdout.isatty() and not os.environ.get("NO_COLOR")


class Demo:
    """Runs the playbooks in order, and collects the figures of the summary."""

    def __init__(self, kms: StrictKms, host: Host, folder: Path, variables: dict[str, object]) -> None:
        self._kms = kms
        self._host = host
        self._folder = folder
        self._variables = variables
        self._chapters: list[tuple[str, float, collections.Counter[str]]] = []

    def run(self) -> None:
        self._play("1-key.yml", "Describe the KMS key")
        self._play("2-values.yml", "Wrap and unwrap values")
        self._play("3-configure.yml", "Check the seal and configure OpenBao")
        self._note(f"{self._host.version()} reports: Auto Seal: {self._host.auto_seal()}")
        self._play("4-initialise.yml", "Initialise OpenBao")
        self._play("5-unsealed.yml", "Restart OpenBao, which unseals itself")
        self._play("6-snapshot.yml", "Unwrap a value that the server wrapped")
        self._play("7-restore.yml", "Restore a snapshot wrapped by the collection")
        self._play("8-refusals.yml", "Show error messages")

    def summarise(self, seconds: float) -> None:
        print(f"\n{_bold('Summary')}")
        whole: collections.Counter[str] = collections.Counter()
        for number, (title, spent, calls) in enumerate(self._chapters, 1):
            print(f"  {number}  {title:<46} {spent:5.1f} s {calls.total():4} KMS calls")
            whole += calls
        print(_wrapped(f"Calls to KMS: {_describe(whole)}.", "     "))
        print(f"\nAll checks passed in {seconds:.0f} s. All processes are stopped and all files are removed.")
        print("You can copy the playbooks in demo/playbooks/. The guides are in docs/docsite/rst/.")

    def _play(self, playbook: str, title: str) -> None:
        print(f"\n{_bold(f'{len(self._chapters) + 1}  {title}')}", flush=True)
        begun = time.monotonic()
        before = len(self._kms.calls())
        self._note(f"$ ansible-playbook demo/playbooks/{playbook}")
        # In a file, so that no command line contains credentials.
        variables = self._folder / "variables.json"
        variables.write_text(json.dumps(self._variables), encoding="utf-8")
        variables.chmod(0o600)
        result = subprocess.run(
            [_beside_python("ansible-playbook"), str(HERE / "playbooks" / playbook), "-e", f"@{variables}"],
            env=self._environment(), stdin=subprocess.DEVNULL, timeout=PLAYBOOK_SECONDS, check=False,
        )
        if result.returncode:
            raise SystemExit(f"\n{playbook} failed (exit code {result.returncode}).")
        calls = collections.Counter(call["operation"] for call in self._kms.calls()[before:])
        self._note(f"Calls to KMS: {_describe(calls)}.")
        self._chapters.append((title, time.monotonic() - begun, calls))

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "VAULT_", "BAO_"))}
        return {
            **kept,
            **self._kms.environment(),
            **self._host.environment(),
            # Temporary files of an interrupted Ansible are removed with the folder.
            "TMPDIR": str(self._folder),
            "ANSIBLE_LOCAL_TEMP": str(self._folder / "ansible"),
            "ANSIBLE_REMOTE_TMP": str(self._folder / "ansible"),
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
            "ANSIBLE_STDOUT_CALLBACK": "story",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "ANSIBLE_FORCE_COLOR": "true" if COLOUR else "false",
        }

    def _note(self, text: str) -> None:
        print(_wrapped(text, "  "), flush=True)


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(text, 80, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _describe(calls: collections.Counter[str]) -> str:
    return ", ".join(f"{count} {operation}" for operation, count in sorted(calls.items())) or "none"


def _beside_python(command: str) -> str:
    path = Path(sys.executable).parent / command
    return str(path) if path.exists() else shutil.which(command) or command


def _bold(text: str) -> str:
    return f"\033[1m{text}\033[0m" if COLOUR else text


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    begun = time.monotonic()
    print(_bold("sealwright.vault_seal: AWS KMS seals of HashiCorp Vault and OpenBao"))
    with tempfile.TemporaryDirectory(prefix="vault-seal-demo-") as name, StrictKms() as kms:
        folder = Path(name)
        key = kms.new_key(alias=ALIAS, Description="seals the demo's OpenBao")
        kms.client().enable_key_rotation(KeyId=key)
        kms.client().disable_key(KeyId=kms.new_key(alias="alias/disabled"))
        kms.new_key(alias="alias/somebody-else")
        somebody = kms.principal(ENCRYPT_ONLY)
        print("\n" + _wrapped(f"A strict simulation of AWS KMS runs at {kms.url}; nothing leaves this machine."))
        server = kms.principal(SEAL)
        host = Host(folder / "host")
        try:
            kms.clear_calls()
            demo = Demo(
                kms, host, folder,
                {
                    **host.variables(),
                    "folder": str(folder),
                    "kms": kms.url,
                    "seal_credentials": {"access_key": server.access_key, "secret_key": server.secret_key},
                    "encrypt_only": {"access_key": somebody.access_key, "secret_key": somebody.secret_key},
                },
            )
            demo.run()
        finally:
            host.stop()
    demo.summarise(time.monotonic() - begun)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nInterrupted; all processes are stopped.")
