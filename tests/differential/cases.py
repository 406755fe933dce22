# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Single cases beside the matrix: settings that people met, each a file of ``tests/cases/settings`` with what is right. README.md says what the fields mean."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from support.settings_cases import FOLDER, filled

from .comparison import AGREES, DISAGREES, Verdict, compare
from .launch import Launch

_UNIT = "vault"


def load() -> list[dict[str, Any]]:
    """All cases, by name."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))]


def asks_the_server(case: Mapping[str, Any]) -> bool:
    """Whether the case is one that a server can judge here."""
    return "config" in case and not case.get("static")


def case_launch(case: Mapping[str, Any], home: str, world: Mapping[str, str]) -> Launch:
    """The files of a case, and how it is started."""
    kind = "tls" if case.get("tls") else "plain"
    url = world[kind]
    names = {
        "home": home, "url": url, "bareurl": url.partition("://")[2], "access": world["full_access"], "secret": world["full_secret"], "ca": world["ca"],
        "ownurl": world[f"own_{kind}"], "ownnet": world["own_network"],
    }
    files = {name: filled(content, names) for name, content in case.get("files", {}).items()}
    names["sum"] = hashlib.sha256(next((text for text in files.values() if text.startswith("#!")), "").encode()).hexdigest()
    product = {"product": case.get("product", "openbao")} if case.get("product", "openbao") else {}
    if "unit" in case:
        files[f"units/{_UNIT}.service"] = filled(case["unit"], names)
        return Launch(home, [], {}, home, {**product, "unit": _UNIT, "unit_directories": [f"{home}/units"]}, files)
    files["etc/seal.hcl"] = filled(case["config"], names)
    environment = {name: filled(value, names) for name, value in case["environment"].items()}
    config = [f"{home}/etc/seal.hcl"]
    return Launch(home, config, environment, home, {**product, "config": config, "environment": environment}, files)


def verdict(case: Mapping[str, Any], server: Mapping[str, Any], module: Mapping[str, Any]) -> Verdict:
    """As of a combination where a server was asked; and both have to do what the case expects."""
    comparison = compare(server, module) if asks_the_server(case) else Verdict(AGREES)
    points = [*_server_points(case, server), *_module_points(case["expected"], module)]
    return Verdict(DISAGREES, comparison.reasons, [*comparison.points, *points]) if points else comparison


def _server_points(case: Mapping[str, Any], server: Mapping[str, Any]) -> Iterator[str]:
    expected = case["expected"]
    if not asks_the_server(case):
        return
    if server["ready"] != expected["ready"]:
        yield f"the server's stage is {server['stage']}"
    if expected.get("why", "") not in server["why"]:
        yield f"the server does not say {expected['why']}"
    for name in ("host", "region"):
        if server["asked"] and {call[name] for call in server["asked"]} != {expected.get(name, call[name]) for call in server["asked"]}:
            yield f"the server's {name} is not {expected[name]}"


def _module_points(expected: Mapping[str, Any], module: Mapping[str, Any]) -> Iterator[str]:
    settings, permission = module["settings"], module["permission"]
    if "ready" in expected and bool(permission["ready"]) != expected["ready"]:
        yield f"expected ready {expected['ready']}"
    if not settings["valid"] and expected.get("or_error"):
        return
    reported = {"seal_type": settings["seal_type"], "region": (settings["settings"] or {}).get("region")}
    results = {"valid": bool(settings["valid"]), **{name: (each or {}).get("value") for name, each in reported.items()}}
    yield from (f"expected {name} {expected[name]}, told {value}" for name, value in results.items() if name in expected and value != expected[name])
