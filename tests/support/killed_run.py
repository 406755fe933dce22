# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m support.killed_run URL FIELD COMMAND...`: run a command, and kill it as soon as the answer of the URL says that FIELD is true.

Of several URLs, with commas between, the first that says so counts; answers that are errors count too. It is killed with all that it
started, as by a crash of its machine; what it started on other machines goes on. What it printed is printed. The exit code is 0 where
it was killed, and 1 where it ended before.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from .slack import scaled

_SECONDS = scaled(800.0)


def any_has_field(urls: str, field: str) -> bool:
    return any(_has_field(url, field) for url in urls.split(","))


def _has_field(url: str, field: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        try:
            answer = opener.open(url, timeout=scaled(5))
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return bool(json.loads(answer.read()).get(field))
    except (OSError, ValueError):
        return False


def main() -> int:
    urls, field, *command = sys.argv[1:]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
        end = time.monotonic() + _SECONDS
        while not any_has_field(urls, field) and process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        killed = process.poll() is None and any_has_field(urls, field)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        output.seek(0)
        sys.stdout.buffer.write(output.read())
    return 0 if killed else 1


if __name__ == "__main__":
    sys.exit(main())
