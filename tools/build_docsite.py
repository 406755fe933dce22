# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the documentation as Galaxy and docs.ansible.com do; every warning is an error. Runs in the environment `lint`."""

from __future__ import annotations

import shutil
import subprocess
import sys

from paths import MADE, ROOT

SITE = MADE / "docsite"


def main() -> int:
    """The exit code."""
    shutil.rmtree(SITE, ignore_errors=True)
    pages = SITE / "rst"
    pages.mkdir(parents=True)
    extract = ["antsibull-docs", "collection", "--use-current", "--fail-on-error", "--squash-hierarchy", "--dest-dir", str(pages)]
    build = ["sphinx-build", "-q", "-n", "-W", "--keep-going", "-c", str(ROOT / "tools" / "docsite"), str(pages), str(SITE / "html")]
    for command in ([*extract, "sealwright.vault_seal"], build):
        code = subprocess.run(command, check=False).returncode
        if code:
            return code
    print(f"Built: {SITE.relative_to(ROOT)}/html/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
