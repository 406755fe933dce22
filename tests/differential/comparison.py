# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the modules say what the server did, and in which points they do not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

AGREES, CANNOT_TELL, STRICTER, DISAGREES = "agrees", "cannot be told", "stricter", "disagrees"

# Reasons by which a module says that it cannot tell what the server will do.
CANNOT_BE_TOLD = frozenset(("cannot_tell", "unread_credential", "unclear_environment", "unclear_command", "unclear_unit"))
# Findings of level error for settings with which the new server of this test starts, each with why it is an error all the same.
ON_PURPOSE = {
    "unknown_setting": "the server drops the setting, and so does not do what is written",
    "surrounding_blanks": "the server takes the blanks for a part of the value, and so does not do what is written",
    "conflicting_variables": "one of the two variables does not do what it says",
    "stray_seal_type": "the server does not use the type that is written",
    "awskms_to_awskms": "a server that is initialised takes it for a migration and stays sealed; only a new one unseals itself",
}
# Warnings by which a module says of what it has not asked that the server does, with the server's words for a refusal that comes from it.
UNCHECKED = {"unchecked_seal": re.compile(r'Error configuring seal "(?!awskms)')}


@dataclass
class Verdict:
    """``kind`` is one of the four; ``reasons`` are the module's words for what it cannot tell, ``points`` those of disagreement."""

    kind: str
    reasons: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)


def compare(server: Mapping[str, Any], module: Mapping[str, Any]) -> Verdict:
    """The verdict on one combination; it disagrees where any point does."""
    settings, permission = module["settings"], module["permission"]
    errors = _errors(settings) | _errors(permission) | {each for each in (permission["reason"],) if each}
    untold = sorted(errors & CANNOT_BE_TOLD)
    if untold:
        # It has to keep from saying more, and that is all.
        said = [name for name, value in (("ready", permission["ready"]), ("valid", settings["valid"])) if value]
        if "ready" in said:
            return Verdict(DISAGREES, untold, ["cannot be told, and ready all the same"])
        return Verdict(CANNOT_TELL, untold)
    unchecked = sorted(reason for reason in _warnings(settings) if reason in UNCHECKED and UNCHECKED[reason].search(server["why"]))
    if unchecked:
        return Verdict(CANNOT_TELL, unchecked)
    points = _verdicts(server, settings, permission) + _facts(server, module)
    purpose = sorted(_errors(settings) & set(ON_PURPOSE))
    if points and purpose and server["ready"] and not permission["ready"] and permission["reason"] in ON_PURPOSE:
        return Verdict(STRICTER, purpose)
    return Verdict(DISAGREES if points else AGREES, [], points)


def _verdicts(server: Mapping[str, Any], settings: Mapping[str, Any], permission: Mapping[str, Any]) -> list[str]:
    points = []
    if permission["reason"] in ("no_result", "internal_error") or settings["reason"] in ("no_result", "internal_error"):
        points.append("the module has a fault")
    if server["ready"] and not permission["ready"]:
        points.append(f"refused by the module alone: {permission['reason']}")
    if permission["ready"] and not server["ready"]:
        points.append(f"ready by the module alone: {server['stage']}")
    if server["ready"] and not settings["valid"]:
        points.append(f"settings invalid by the module alone: {', '.join(sorted(_errors(settings)))}")
    if settings["valid"] and _refused_unread(server):
        points.append("settings valid by the module alone")
    kind = (settings["seal_type"] or {}).get("value")
    if server["type"] and settings["valid"] and kind != server["type"]:
        points.append(f"seal type {kind}, of the server {server['type']}")
    return points


def _facts(server: Mapping[str, Any], module: Mapping[str, Any]) -> list[str]:
    """What both asked of KMS; and what the modules say of it, where the server is ready."""
    points = []
    settings, permission = module["settings"], module["permission"]
    by_server, by_module = _asked(server["asked"]), _asked(module["asked"])
    # Two refusals agree however they come about; where both were told something, it has to be the same.
    ready = server["ready"] and permission["ready"]
    if by_server and by_module:
        compared = [name for name in by_server if ready or (by_server[name] and by_module[name])]
        points += [f"{name} {_list(by_module[name])}, of the server {_list(by_server[name])}" for name in compared if by_server[name] != by_module[name]]
        if server["proxy"] != module["proxy"]:
            points.append(f"proxy {'asked' if module['proxy'] else 'not asked'}, by the server {'asked' if server['proxy'] else 'not asked'}")
    if ready:
        told = {
            "key": permission["key"], "region": (permission["region"] or {}).get("value"), "host": _host((permission["endpoint"] or {}).get("value")),
        }
        points += [f"{name} {value} is said, {_list(by_server[name])} asked" for name, value in told.items() if by_server.get(name) != {value}]
    if server["ready"] and settings["valid"]:
        in_force = {name: (settings["settings"].get(name) or {}).get("value") for name in ("region", "endpoint")}
        if in_force["region"] and {in_force["region"]} != by_server.get("region"):
            points.append(f"settings: region {in_force['region']}, of the server {_list(by_server['region'])}")
        if in_force["endpoint"] and {_host(in_force["endpoint"])} != by_server.get("host"):
            points.append(f"settings: endpoint {_host(in_force['endpoint'])}, of the server {_list(by_server['host'])}")
    return points


def _asked(calls: list[dict[str, Any]]) -> dict[str, set[str]]:
    names = {name: {call[name] for call in calls if call[name]} for name in ("key", "region", "host", "who")}
    return {**names, "host": {host.lower() for host in names["host"]}} if calls else {}


def _host(url: object) -> str:
    text = str(url or "").strip()
    return (urlsplit(text if "://" in text else f"https://{text}").hostname or "").lower()


def _refused_unread(server: Mapping[str, Any]) -> bool:
    """Whether the server refused its configuration itself, before it looked for credentials or KMS."""
    why = server["why"]
    return server["stage"] == "start" and not server["asked"] and ("loading configuration" in why or "rror parsing Seal" in why)


def _errors(result: Mapping[str, Any]) -> set[str]:
    return _problems(result, "error") | ({str(result["reason"])} if result.get("failed") and result.get("reason") else set())


def _warnings(result: Mapping[str, Any]) -> set[str]:
    return _problems(result, "warning")


def _problems(result: Mapping[str, Any], level: str) -> set[str]:
    problems = result.get("problems") or result.get("settings_problems") or []
    return {problem["reason"] for problem in problems if problem.get("level") == level}


def _list(values: set[str]) -> str:
    return ", ".join(sorted(values)) or "none"
