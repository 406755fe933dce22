# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stands in for systemctl on the hosts of the lab, where there is no systemd: units with drop-ins and environment files, as a service's user.

It knows what ansible.builtin.systemd_service and people ask of one service: start, stop, restart, show, is-active, is-enabled,
daemon-reload, enable. A service begins with the environment that its unit gives it, and nothing else.
"""

from __future__ import annotations

import glob
import os
import pwd
import shlex
import signal
import subprocess
import sys
import time

# For a lab without a separate root folder.
ROOT = os.environ.get("LAB_ROOT", "")
UNITS = f"{ROOT}/etc/systemd/system"
RUN = f"{ROOT}/run/lab"
LOG = f"{ROOT}/var/log"


def settings(unit: str) -> dict[str, list[str]]:
    """The section [Service] of the unit and its drop-ins: each key's values in order."""
    by_name: dict[str, list[str]] = {}
    for path in [f"{UNITS}/{unit}", *sorted(glob.glob(f"{UNITS}/{unit}.d/*.conf"))]:
        section = ""
        with open(path, encoding="utf-8") as stream:
            for line in map(str.strip, stream):
                if line.startswith("["):
                    section = line
                elif section == "[Service]" and "=" in line and line[0] not in "#;":
                    key, value = line.split("=", 1)
                    by_name.setdefault(key.strip(), []).append(value.strip())
    return by_name


def environment(values: dict[str, list[str]], user: pwd.struct_passwd) -> dict[str, str]:
    variables = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "HOME": user.pw_dir, "USER": user.pw_name}
    for value in values.get("Environment", []):
        variables.update(word.split("=", 1) for word in shlex.split(value))
    for value in values.get("EnvironmentFile", []):
        path = value.lstrip("-")
        if value.startswith("-") and not os.path.exists(path):
            continue
        with open(path, encoding="utf-8") as stream:
            for word in shlex.split(stream.read(), comments=True):
                name, sign, content = word.partition("=")
                if sign:
                    variables[name] = content
    return variables


def pid_of(unit: str) -> int:
    try:
        with open(f"{RUN}/{unit}.pid", encoding="ascii") as stream:
            pid = int(stream.read())
        with open(f"/proc/{pid}/stat", encoding="ascii") as stream:
            return 0 if stream.read().rpartition(")")[2].split()[0] == "Z" else pid
    except (OSError, ValueError):
        return 0


def start(unit: str) -> None:
    if pid_of(unit):
        return
    effective = settings(unit)
    user = pwd.getpwnam(effective.get("User", ["root"])[-1])
    rights = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    os.makedirs(LOG, exist_ok=True)
    with open(f"{LOG}/{unit}.log", "ab") as log:
        process = subprocess.Popen(
            shlex.split(effective["ExecStart"][-1]), env=environment(effective, user), cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, **rights,
        )
    os.makedirs(RUN, exist_ok=True)
    with open(f"{RUN}/{unit}.pid", "w", encoding="ascii") as stream:
        stream.write(str(process.pid))
    time.sleep(0.3)
    if process.poll() is not None:
        sys.exit(f"Job for {unit} failed: it ended with {process.returncode}. See {LOG}/{unit}.log.")


def stop(unit: str) -> None:
    pid = pid_of(unit)
    if pid:
        os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + 20 * float(os.environ.get("SEALWRIGHT_TIME_FACTOR") or 1)
    while pid_of(unit):
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def show(unit: str) -> None:
    there, active = os.path.exists(f"{UNITS}/{unit}"), bool(pid_of(unit))
    print(f"Id={unit}\nLoadState={'loaded' if there else 'not-found'}\nActiveState={'active' if active else 'inactive'}")
    print(f"SubState={'running' if active else 'dead'}\nMainPID={pid_of(unit)}\nUnitFileState=enabled")
    print(f"InactiveExitTimestampMonotonic={int(os.path.exists(f'{RUN}/{unit}.pid'))}")


def main() -> int:
    arguments = [word for word in sys.argv[1:] if not word.startswith("-")]
    if not arguments or arguments[0] == "daemon-reload":
        return 0
    unit = arguments[1] if "." in arguments[1] else f"{arguments[1]}.service"
    if arguments[0] == "show":
        show(unit)
    elif arguments[0] == "is-active":
        print("active" if pid_of(unit) else "inactive")
        return 0 if pid_of(unit) else 3
    elif arguments[0] == "is-enabled":
        print("enabled")
    elif arguments[0] in ("stop", "restart", "start"):
        if arguments[0] != "start":
            stop(unit)
        if arguments[0] != "stop":
            start(unit)
    elif arguments[0] != "enable":
        sys.exit(f"The lab's systemctl does not know {arguments[0]}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
