# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The status file of a backup: what the last run did, as JSON, for a monitoring system. It contains no secret."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.placed_files import held_folder, place
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.descriptors import write_all
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.regular_files import open_regular, read_descriptor

FORMAT = 1
_LARGEST = 1 << 20
_COPIED = ("path", "size", "sha256", "index", "proof", "server", "cluster_id", "attempts", "duration")
_OF_DRILLS = ("drill", "drill_passed", "undrilled")


def new_result() -> dict[str, Any]:
    """The result of a run that has done nothing yet."""
    return {"changed": False, "taken": False, "proven": False, "warnings": [], "sent": [], "retention": [], "removed": []}


class Status:
    """The status of one run."""

    def __init__(self, path: str, started: datetime) -> None:
        """:param path: empty for none."""
        self._path = path
        self._started = started

    def write(self, result: dict[str, Any], failed: SealError | None) -> None:
        """Write the file atomically, mode 0644; a status that cannot be written is a warning of the result, because the snapshot counts."""
        if not self._path:
            return
        former = read_status(self._path)
        outcome = "failed" if failed else "success" if result["taken"] else "skipped"
        content: dict[str, Any] = {
            "format": FORMAT, "run": os.urandom(8).hex(), "time": as_text(self._started), "finished": as_text(datetime.now(timezone.utc)),
            "result": outcome, "reason": failed.reason if failed else "", "msg": failed.message if failed else result.get("skipped_reason", ""),
            "remedy": failed.remedy if failed else "", "proven": result["proven"],
        }  # fmt: skip
        content.update({name: result.get(name) for name in _COPIED})
        content["key_arns"] = [each["arn"] for each in result.get("kms_keys", [])]
        content["sent"] = [{**each, "time": content["finished"]} for each in result["sent"]]
        content["unsent"] = sum(1 for each in result["sent"] if not each["verified"])
        content["kept"] = sum(1 for each in result["retention"] if each["keep"])
        content["removed"] = result["removed"]
        content["last_proven"] = _proven(result) or _mapping(former.get("last_proven"))
        content.update({name: former.get(name) for name in _OF_DRILLS})
        content["undrilled"] = undrilled(former) + (_proven(result) is not None)
        try:
            place_status(self._path, content)
        except OSError as error:
            result["warnings"].append(f"The status file {self._path} cannot be written: {error.strerror}.")

    def write_failure(self, failed: SealError) -> None:
        """The status of a run that did not begin."""
        self.write(new_result(), failed)


def read_status(path: str) -> dict[str, Any]:
    """The content of a status file; empty if the file does not exist or has another format."""
    path = os.path.abspath(path)
    try:
        with held_folder(os.path.dirname(path)) as folder:
            handle = open_regular(os.path.basename(path), follow=False, folder=folder)
        try:
            document = json.loads(read_descriptor(handle, _LARGEST))
        finally:
            os.close(handle)
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) and document.get("format") == FORMAT else {}


def place_status(path: str, content: dict[str, Any]) -> None:
    """Raises :class:`OSError`."""

    def write(handle: int) -> None:
        os.lseek(handle, 0, os.SEEK_SET)
        os.fchmod(handle, 0o644)
        write_all(handle, json.dumps(content, indent=1).encode() + b"\n")

    path = os.path.abspath(path)
    with held_folder(os.path.dirname(path)) as folder:
        place(folder, os.path.basename(path), write)


def undrilled(status: dict[str, Any]) -> int:
    """How many proven snapshots were taken since the last restore drill."""
    count = status.get("undrilled")
    return count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else 0


def as_text(time: datetime) -> str:
    return time.replace(microsecond=0).isoformat()


def _mapping(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _proven(result: dict[str, Any]) -> dict[str, Any] | None:
    if not (result["taken"] and result["proven"]):
        return None
    return {name: result[name] for name in ("time", "path", "size", "sha256", "index", "proof", "cluster_id")}
