# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program of the systemd timer: one backup, or one restore drill, with the options of a JSON file, without Ansible.

Exit status: 0 success, or a standby that has nothing to do; 1 failure; 2 usage or configuration; 75 another run is in progress.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.drill import DrillOptions, run_drill
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.options import BackupOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.run import Backup
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.service_process import become
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.status import Status
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.blanking import Secrets
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError, SettingError, internal_error
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.regular_files import read_regular
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.strict_json import JsonError, read_json

_LARGEST = 1 << 20
_EXIT = {"backup_running": 75, "invalid_option": 2}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; the exit status."""
    secrets = Secrets()
    try:
        given = _parser().parse_args(sys.argv[1:] if arguments is None else arguments)
        if given.user:
            become(given.user, given.group, given.environment_file)
        summary = _drill(given.configuration, secrets) if given.drill else _backup(given.configuration, given.check, secrets)
    except SystemExit:
        return 2
    except SealError as error:
        secrets.blank_error(error)
        sys.stderr.write(f"{error.reason}: {error}\n")
        return _EXIT.get(error.reason, 1)
    except Exception as error:  # its text may contain a secret
        sys.stderr.write(f"internal_error: {internal_error(error)}\n")
        return 1
    sys.stdout.write(f"{summary}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vault-snapshot.pyz", add_help=False, allow_abbrev=False)
    parser.add_argument("configuration", metavar="CONFIGURATION.json")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--drill", action="store_true")
    parser.add_argument("--user", default="")
    parser.add_argument("--group", default="")
    parser.add_argument("--environment-file", action="append", default=[])
    return parser


def _backup(path: str, check: bool, secrets: Secrets) -> str:
    """Run a backup; raises :class:`SealError`."""
    status_file = ""
    try:
        content = _configuration(path, secrets)
        status_file = "" if check else str(content.get("status_file") or "")
        options = BackupOptions.of(content)
    except SealError as error:
        if status_file and "\0" not in status_file:
            secrets.blank_error(error)
            Status(status_file, datetime.now(timezone.utc)).write_failure(error)
        raise
    result = Backup(options, secrets).run(check)
    for warning in result["warnings"]:
        sys.stderr.write(f"warning: {warning}\n")
    return _summary(result)


def _drill(path: str, secrets: Secrets) -> str:
    return run_drill(DrillOptions.of(_read(path)), secrets)


def _configuration(path: str, secrets: Secrets) -> dict[str, Any]:
    content = _read(path)
    unknown = sorted(set(content) - BackupOptions.names())
    if unknown:
        raise SettingError(f"Unsupported parameters in {path}: {', '.join(unknown)}.", reason="invalid_option", remedy="Remove them, or correct their names.")
    secrets.add(*(content.get(name) for name in ("token", "secret_key", "session_token")))
    others = content.get("other_addresses")
    for address in (content.get("server_address"), content.get("proxy"), *(others if isinstance(others, list) else [])):
        secrets.add_login(str(address or ""))
    return content


def _read(path: str) -> dict[str, Any]:
    try:
        content = read_json(read_regular(path, _LARGEST))
    except OSError as error:
        raise SettingError(f"The configuration {path} cannot be read: {error.strerror}.", reason="invalid_option", remedy="Run the role seal_backup.") from None
    except JsonError:
        content = None
    if not isinstance(content, dict):
        raise SettingError(f"The configuration {path} is not a JSON object.", reason="invalid_option", remedy="Run the role seal_backup.")
    return content


def _summary(result: dict[str, Any]) -> str:
    if not result["taken"]:
        return str(result.get("skipped_reason") or f"Would take {result.get('path')}.")
    parts = [f"{result['path']}: {result['size']} bytes, proven ({result['proof']}) in {result['duration']:g} s"]
    parts += [f"sent to {each['target']}" for each in result["sent"] if each["verified"]]
    parts += [f"{len(result['removed'])} removed"] if result["removed"] else []
    return "; ".join(parts)
