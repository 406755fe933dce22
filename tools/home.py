# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The home directory of all checks, and the files that they need in it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import uv
from paths import HOME, MADE, environment_dir

ANSIBLE_CFG = HOME / "ansible.cfg"

_GET_PIP = '''\
"""Take the place of the script that ansible-test would download to put pip into an environment of its own."""

import os
import subprocess
import sys

# None of the user's own settings for uv may be missing here: ansible-test clears the environment.
os.environ.update({settings!r})
packages = [argument for argument in sys.argv[1:] if "==" in argument]
sys.exit(subprocess.call([{uv!r}, "pip", "install", "--quiet", "--python", sys.executable] + packages))
'''


def prepare() -> None:
    """Create the home directory with an empty ansible.cfg."""
    _write(ANSIBLE_CFG, "[defaults]\n")


def of_ansible_test(environment: str) -> Path:
    """The home of this environment's ansible-test: two release lines must not share it, because they create the same folders."""
    return MADE / f"home-{environment}"


def prepare_ansible_test(environment: str) -> None:
    """Create its home with pip's settings, since it does not pass on variables to pip, and the script that it would otherwise download."""
    folder = of_ansible_test(environment)
    script = _GET_PIP.format(settings=_uv_settings(), uv=str(uv.command()))
    for source in environment_dir(environment).glob("lib/python3*/site-packages/ansible_test/_internal/python_requirements.py"):
        _write(folder / ".config" / "pip" / "pip.conf", _pip_conf())
        for version in re.findall(r"\bpip='([0-9.]+)'", source.read_text(encoding="utf-8")):
            _write(folder / ".ansible" / "test" / "cache" / f"get_pip_{version.replace('.', '_')}.py", script)


def _uv_settings() -> dict[str, str]:
    wanted = ("UV_", "SSL_CERT_", "ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")
    settings = {name: value for name, value in uv.environment().items() if name.upper().startswith(wanted)}
    return {**settings, "UV_CACHE_DIR": _answer([str(uv.command()), "cache", "dir"])}


def _pip_conf() -> str:
    settings = {name: value for name, value in uv.pip_settings().items() if name not in ("find-links", "user", "target")}
    settings.setdefault("cache-dir", uv.pip_cache_dir())
    proxy = next((os.environ[name] for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY") if os.environ.get(name)), None)
    if proxy:
        settings.setdefault("proxy", proxy)
    lines = [f"{name} = " + value.replace("\n", "\n    ") for name, value in sorted(settings.items())]
    return "\n".join(["[global]", *lines, ""])


def _answer(command_line: list[str]) -> str:
    return subprocess.run(command_line, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # A package index's address may carry a password.
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
