# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One worker: its own network, in which it asks both judges about one combination after the other. Lines of JSON in, lines of JSON out.

In: ``choice``, or ``case`` (one of cases.py), and ``server``, what a server did with it before, or null to run it. Out: ``server`` and ``module``.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from . import server
from .cases import asks_the_server, case_launch
from .combination import Combination, write
from .launch import CREDENTIALS, Launch
from .modules import Modules, accepts
from .world import World, world

_NOT_ASKED = {"ready": False, "stage": "not asked", "why": "", "type": "", "seal": {}, "seconds": 0, "asked": [], "proxy": False}


def main() -> None:
    judge = {"judge": "sdk"} if accepts("awskms_permission_info", "judge") else {}
    with world() as made, Modules() as modules:
        names = {**made.names, "ca_text": Path(made.names["ca"]).read_text(encoding="ascii")}
        print(json.dumps({"up": True}), flush=True)
        for number, line in enumerate(sys.stdin):
            asked = json.loads(line)
            home = made.folder / f"c{number}"
            (home / "home").mkdir(parents=True)
            folder = str(home / "home")
            case = asked.get("case")
            launch = case_launch(case, folder, names) if case else Combination(tuple(asked["choice"])).launch({**names, "home": folder})
            write(launch.home, launch.files)
            answer = asked["server"] or (_NOT_ASKED if case and not asks_the_server(case) else _server(made, launch, home / "server"))
            results = {"server": answer, "module": _module(made, launch, modules, judge)}
            shutil.rmtree(home)
            print(json.dumps(results), flush=True)


def _server(made: World, launch: Launch, folder: Path) -> dict[str, Any]:
    made.clear()
    write(CREDENTIALS, launch.credentials)
    result = server.judge(folder, launch.config, launch.environment, Path(launch.working))
    shutil.rmtree(CREDENTIALS, ignore_errors=True)
    return {**result, "asked": made.asked(), "proxy": made.through_proxy()}


def _module(made: World, launch: Launch, modules: Modules, judge: dict[str, str]) -> dict[str, Any]:
    settings = modules.run("awskms_seal_settings_info", launch.options)
    made.clear()
    permission = modules.run("awskms_permission_info", {**launch.options, **judge})
    results = {name: permission.get(name) for name in ("ready", "reason", "summary", "msg", "region", "endpoint", "settings_problems", "seconds", "failed")}
    arn = str(permission.get("key_arn") or "")
    messages = {name: settings.get(name) for name in ("valid", "problems", "seal_type", "settings", "reason", "msg", "failed", "seconds")}
    key = made.labels.get(arn, arn)
    return {"settings": messages, "permission": {**results, "key": key}, "asked": made.asked(), "proxy": made.through_proxy()}


if __name__ == "__main__":
    main()
