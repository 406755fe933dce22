# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The restore drill of the timer: every so many proven snapshots, the newest is restored into a temporary server. Runs as root, without Ansible.

Its options come from a file that only root can write: the user of the backup must not choose what root starts.
"""

from __future__ import annotations

import pwd
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.folder import StoredSnapshot, locked, snapshot_folder
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.status import as_text, place_status, read_status, undrilled
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.server import SERVER_SETTINGS_SPEC
from ansible_collections.sealwright.vault_seal.plugins.module_utils._restore_drill.run import drill
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.blanking import Secrets
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError, SettingError, internal_error
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.typed_options import checked_types

_LONGEST = 86400.0  # seconds
_RECORDED = ("restorable", "failed_step", "reason", "msg", "remedy", "steps", "cluster_id", "version", "network", "user", "snapshot", "snapshot_size")
_OTHERS = ("token", "recovery_keys", "canary_path", "canary_field", "canary_value", "canary_sha256", "canary_namespace")


@dataclass(frozen=True)
class ServerOptions:
    """The options of vault_restore_drill that a drill without a controller has. Empty: not set."""

    unit: str = ""
    unit_directories: tuple[str, ...] = ()
    product: str = ""
    version: str = ""
    config: tuple[str, ...] | None = None
    environment_files: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    seal: Mapping[str, str] = field(default_factory=dict, repr=False)
    executable: str = ""
    service_user: str = ""
    network: str = "isolated"
    temporary_directory: str = ""
    timeout: float = 600.0

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> ServerOptions:
        """Raises :class:`SettingError` (``invalid_option``)."""
        unknown = sorted(set(map(str, given)) - {each.name for each in fields(cls)})
        if unknown:
            raise _invalid(f"Unsupported parameters for options: {', '.join(unknown)}.", f"Use {', '.join(each.name for each in fields(cls))}.")
        mappings: dict[str, Any] = {name: _texts(name, given[name]) for name in ("environment", "seal") if given.get(name)}
        options = cls(**checked_types(cls, given, where=" of the drill"), **mappings)
        if options.network not in ("isolated", "host"):
            raise _invalid(f"value of network must be one of: host, isolated, got: {options.network}.", "Use one of them.")
        if not 0 < options.timeout <= _LONGEST:
            raise _invalid(f"Option timeout of the drill is {options.timeout:g}, which is out of range.", f"Use seconds up to {_LONGEST:g}.")
        return options

    def parameters(self, snapshot: str) -> dict[str, Any]:
        """The parameters of a drill, as the module has them."""
        own = {each.name: getattr(self, each.name) for each in fields(self)}
        lists = {name: list(value) for name, value in own.items() if isinstance(value, tuple)}
        nothing: dict[str, Any] = dict.fromkeys((*SERVER_SETTINGS_SPEC, *_OTHERS))
        return {**nothing, **{name: value or None for name, value in {**own, **lists}.items()}, "config": lists.get("config"), "src": snapshot, "force": False}


@dataclass(frozen=True)
class DrillOptions:
    """``every``: how many proven snapshots after a drill the next one is due. ``owner``: the user of the backup, whose directory it is."""

    every: int = 0
    dest: str = ""
    name: str = "vault"
    status_file: str = ""
    owner: str = "root"
    server: ServerOptions = field(default_factory=ServerOptions)

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> DrillOptions:
        """The options of a configuration file; raises :class:`SettingError` (``invalid_option``)."""
        unknown = sorted(set(map(str, content)) - {"every", "dest", "name", "status_file", "owner", "options"})
        given = content.get("options") or {}
        if unknown or not isinstance(given, Mapping):
            raise _invalid(f"Unsupported parameters: {', '.join(unknown) or 'options'}.", "Run the role seal_backup.")
        options = cls(**checked_types(cls, content), server=ServerOptions.of(given))
        if not (options.dest and options.status_file) or not 1 <= options.every <= 100_000:
            raise _invalid("missing required arguments: dest, every, status_file.", "Set them; every is a number from 1 to 100000.")
        return options


def is_due(status: Mapping[str, Any], every: int) -> bool:
    """Whether a drill is due: after so many proven snapshots; with the next one if the last drill failed, or if none is known."""
    count, last = undrilled(dict(status)), status.get("drill")
    if not isinstance(last, Mapping) or last.get("restorable") is not True:
        return count >= 1
    return count >= every


def run_drill(options: DrillOptions, secrets: Secrets) -> str:
    """Run a drill if one is due, and note its result in the status file; a summary. Raises :class:`SealError` if the snapshot cannot be restored."""
    secrets.add_settings(options.server.environment)
    secrets.add_settings(options.server.seal)
    with snapshot_folder(options.dest, options.name, owner=_uid(options.owner)) as folder, locked(folder):
        if not is_due(read_status(options.status_file), options.every):
            return "No restore drill is due."
        snapshot = next((each for each in reversed(folder.snapshots()) if each.proven), None)
        if snapshot is None:
            return "There is no proven snapshot for a restore drill."
        began, clock = datetime.now(timezone.utc), time.monotonic()
        failed: SealError | None = None
        try:
            result = drill(options.server.parameters(folder.full_path(snapshot.file_name)))
        except SealError as error:
            failed = error
        except Exception as error:
            failed = internal_error(error)
        if failed:
            secrets.blank_error(failed)
            result = {"restorable": False, **failed.details, "msg": str(failed), "reason": failed.reason, "remedy": failed.remedy}
        _note(options, snapshot, secrets.blank_all(result), began, round(time.monotonic() - clock, 1))
    if failed:
        raise SealError(f"The restore drill of {snapshot.file_name} failed: {failed.message}", reason=failed.reason, remedy=failed.remedy)
    return f"{snapshot.file_name} was restored into a temporary server in {time.monotonic() - clock:.1f} s."


def _note(options: DrillOptions, snapshot: StoredSnapshot, result: Mapping[str, Any], began: datetime, seconds: float) -> None:
    """Add the result to the status; raises :class:`SealError`: a drill that nobody sees was none."""
    noted = {"time": as_text(began), "seconds": seconds, "sha256": snapshot.record.sha256, **{name: result[name] for name in _RECORDED if name in result}}
    status = read_status(options.status_file)
    passed = noted["time"] if result.get("restorable") is True else status.get("drill_passed")
    try:
        place_status(options.status_file, {**status, "drill": noted, "drill_passed": passed, "undrilled": 0})
    except OSError as error:
        raise SettingError(
            f"The status file {options.status_file} cannot be written: {error.strerror}.", reason="file_error", remedy="Check its directory."
        ) from None


def _uid(name: str) -> int:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        raise SettingError(f"There is no user {name} on this host.", reason="unknown_user", remedy="Run the role seal_backup.") from None


def _texts(name: str, value: object) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(each, str) for pair in value.items() for each in pair):
        raise _invalid(f"Option {name} of the drill must be an object with strings.", "Correct its value.")
    return dict(value)


def _invalid(message: str, remedy: str) -> SettingError:
    return SettingError(message, reason="invalid_option", remedy=remedy)
