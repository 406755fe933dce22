# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a restore drill as lines of text: the verdict, the keys of the snapshot, each step, the error, and the server's log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def report_lines(result: Mapping[str, Any], snapshot: str, inspected: Mapping[str, Any]) -> list[str]:
    """The lines. ``result`` is of ``vault_restore_drill``, ``inspected`` of ``vault_snapshot_info`` for the same ``snapshot``."""
    lines = [f"{snapshot}: {_verdict(result)}"]
    lines += [f"depends on {key['arn']}" for key in inspected.get("kms_keys") or ()]
    lines += [f"would {step}" for step in result.get("planned") or ()]
    lines += [f"{step['step']:<13} {float(step['seconds']):5.1f} s  {step['proof']}" for step in result.get("steps") or ()]
    if "msg" in result:
        lines.append(f"{result.get('failed_step') or 'prepare':<13} FAILED   {result['msg']}")
    lines += [f"the server's log: {line}" for line in result.get("server_log") or ()]
    return [part for line in lines for part in line.splitlines()]


def _verdict(result: Mapping[str, Any]) -> str:
    if "msg" in result:
        return "CANNOT BE RESTORED"
    return "not tested in check mode" if "planned" in result else "can be restored today"
