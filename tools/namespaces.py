# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check by trial whether this machine can create the hosts of tests/support/lab, and the network of tests/differential."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence

from processes import time_factor

_TRIAL = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/merged
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/merged
ip link add svstrial type bridge
"""
_NETWORK_TRIAL = "ip link set lo up && mount -t tmpfs tmpfs /etc/ssl/certs"
_COMMANDS = ("ip", "sshd", "ssh", "ssh-keygen", "unshare", "useradd")


def missing() -> str:
    """Why it cannot; empty if it can."""
    if os.geteuid() != 0:
        return "only root can make hosts of network namespaces"
    trial = ["unshare", "--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "/bin/sh", "-c", _TRIAL]
    return _tried(trial, _COMMANDS, "iproute2 openssh-server")


def missing_network() -> str:
    """Why this user cannot create a network namespace, which does not require root; empty if it can."""
    trial = ["unshare", "--user", "--map-root-user", "--net", "--mount", "--", "/bin/sh", "-c", _NETWORK_TRIAL]
    return _tried(trial, ("unshare", "ip", "mount"), "iproute2 mount util-linux")


def _tried(trial: Sequence[str], commands: Sequence[str], packages: str) -> str:
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    lacking = [command for command in commands if not shutil.which(command, path=path)]
    if lacking:
        return f"not installed: {', '.join(lacking)} (Debian: apt-get install {packages})"
    try:
        answer = subprocess.run(
            trial, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30 * time_factor(), check=False, env={**os.environ, "PATH": path}
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"this machine cannot create namespaces: {error}"
    return f"this machine cannot create namespaces or mounts: {answer.stderr.strip()}" if answer.returncode else ""
