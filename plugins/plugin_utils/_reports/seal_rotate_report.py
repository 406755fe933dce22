# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The texts of the role seal_rotate: the next steps, what older snapshots and files depend on, and the report at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PRICE = (
    "The next server is restarted only when the previous one is unsealed and raft reports all servers as healthy. While the active server restarts, requests "
    "fail for some seconds."
)


def report(run: Mapping[str, Any], made: Mapping[str, Any]) -> dict[str, Any]:
    """The texts for what :func:`seal_rotate.plan` made of ``run``: ``steps``, ``verdict`` and ``rotation``, and the facts of the result."""
    still = _still(run, made["new"])
    rewrapped = run.get("rewrapped") or ()
    facts = {
        "still": still,
        "moved": [value["name"] for value in rewrapped if value["changed"]],
        "old_keys": _old_keys(run, made),
    }
    return {**facts, "steps": _steps(run, made, still), "verdict": _verdict(run, made, facts), "rotation": _rotation(run, made["before"])}


def _still(run: Mapping[str, Any], new: str) -> list[str]:
    """The older snapshots that depend on a key other than the new one."""
    others = {each["item"]: [key["arn"] for key in each.get("kms_keys") or () if key["arn"] != new] for each in run.get("older") or ()}
    return [f"{name}: {' and '.join(keys)}" for name, keys in others.items() if keys]


def _old_keys(run: Mapping[str, Any], made: Mapping[str, Any]) -> list[str]:
    """The keys on which something depended at the beginning of this run, or still does."""
    known = [
        made["before"],
        *((run.get("at_first") or {}).get("others") or ()),
        *(key["arn"] for each in run.get("older") or () for key in each.get("kms_keys") or ()),
        *(arn for value in run.get("rewrapped") or () for arn in value["from_key_arns"]),
    ]
    return [key for key in dict.fromkeys(known) if key != made["new"]]


def _steps(run: Mapping[str, Any], made: Mapping[str, Any], still: list[str]) -> list[str]:
    alias, before, new, files = run.get("alias"), made["before"], made["new"], run.get("files") or ()
    in_order = ", then ".join(made["order"])
    lines = ["Check mode: nothing is changed. A run without --check would:" if run.get("check_mode") else "Next steps:"]
    if before == new:
        lines.append(f"Leave {alias} unchanged: it already points to {new}.")
    else:
        lines.append(f"Point {alias} to {new} instead of {before}. This does not change any stored data.")
    if not run.get("at_first"):
        lines.append(
            f"Restart {in_order}, unless a snapshot shows that the stored keys depend on the new key only; this cannot be checked without seal_rotate_token. "
            f"{_PRICE}"
        )
    elif made["left"]:
        lines.append(f"Restart {in_order}, because the stored keys depend on {' and '.join(made['left'])}. {_PRICE}")
    else:
        lines.append(f"Restart no server: the stored keys depend on {new} only.")
    lines.append("Take a new snapshot, and verify that nothing in it depends on another key.")
    if files:
        lines.append(f"Move these files to {new}, unless they use it already: {', '.join(files)}.")
    if still:
        lines.append(f"Report that these older snapshots depend on another key: {'; '.join(still)}.")
    return [*lines, "Leave all keys enabled."]


def _verdict(run: Mapping[str, Any], made: Mapping[str, Any], facts: Mapping[str, Any]) -> list[str]:
    new, still = made["new"], facts["still"]
    if still:
        older = f"These snapshots depend on another key, which must stay enabled as long as they are kept: {'; '.join(still)}."
    elif run.get("snapshots"):
        older = "None of the older snapshots in seal_rotate_snapshots depends on another key."
    else:
        older = "No older snapshots were checked (seal_rotate_snapshots); all snapshots that were taken before depend on the old key."
    return [
        f"{len(made['order'])} servers are unsealed; {made['active']} is active.",
        f"A new snapshot, at index {made['found']['index']}, depends on {new} only: no server needs another key any more.",
        f"{len(facts['moved'])} of {len(run.get('files') or ())} sealed files were moved; all of them use {new}.",
        older,
        f"No key was disabled or deleted. It is safe to disable {' and '.join(facts['old_keys']) or 'the old key'} when no backup that you keep depends on it "
        "(vault_snapshot_info), no sealed file depends on it (awskms_seal_info), and AWS CloudTrail shows no Decrypt with it any more. A disabled key can be "
        "enabled again; schedule its deletion only after a restore drill has passed without it.",
    ]


def _rotation(run: Mapping[str, Any], key: str) -> list[str]:
    """The report of new material for the same key; empty if it was not asked for."""
    rotation = run.get("rotation") or {}
    if not rotation:
        return []
    named, since = f"The key material of {key} ({run.get('alias')})", run.get("rotated_since")
    if run.get("check_mode") and rotation.get("changed"):
        first = f"Check mode: {named[0].lower()}{named[1:]} would be rotated, since it has not been rotated since {since}."
    else:
        first = f"{named} was rotated at {rotation.get('rotated_at')}, after {since}."
    return [
        first,
        "Nothing has to be encrypted again, and no server has to be restarted: the key is the same, and KMS keeps all previous material as long as the key "
        "exists. New values use the new material; existing values can be unwrapped as before. To revoke access to the previous material, move the seal to a "
        "new key (seal_rotate_mode: new_key).",
    ]
