# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the Python that modules are started with, and notes the most memory that it had, in KiB."""

from __future__ import annotations

import os
import subprocess
import sys


def main() -> int:
    process = subprocess.Popen([sys.executable, *sys.argv[1:]])
    _pid, status, usage = os.wait4(process.pid, 0)
    with open(os.environ["PEAK_FILE"], "a", encoding="ascii") as stream:
        stream.write(f"{usage.ru_maxrss}\n")
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
