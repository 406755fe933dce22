# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Install uv, which is much faster than pip, and configure its package index."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from paths import MADE

VERSION = "0.13.9"
_FOLDER = MADE / "uv"

NO_PIP = """\
Neither pip nor ensurepip is part of {python}, so nothing can be installed with it.
On Debian or Ubuntu: apt-get install python3-venv. On Fedora or RHEL: dnf install python3-pip.
Any uv on PATH serves as well."""


class SetUpError(Exception):
    """A missing requirement, with a message and a remedy."""


def command() -> Path:
    """The path of uv; it is installed into the checkout if it does not exist.

    :raises SetUpError: no way to install it was found, or the installation failed.
    """
    target = _FOLDER / VERSION / "bin" / "uv"
    if target.exists():
        return target
    on_path = shutil.which("uv")
    pip = _pip()
    if pip is None and on_path:
        return Path(on_path)
    if pip is None:
        raise SetUpError(NO_PIP.format(python=sys.executable))
    _run([*pip, "install", "--quiet", "--disable-pip-version-check", "--target", str(target.parents[1]), f"uv=={VERSION}"])
    return target


@functools.cache
def _pip() -> tuple[str, ...] | None:
    """The command of pip: the interpreter's own, or one from ensurepip in a folder of the checkout."""
    if _works([sys.executable, "-m", "pip", "--version"]):
        return (sys.executable, "-m", "pip")
    bootstrap = _FOLDER / "pip"
    pip = (str(bootstrap / "bin" / "python"), "-m", "pip")
    if _works([*pip, "--version"]) or _works([sys.executable, "-m", "venv", "--clear", str(bootstrap)]):
        return pip
    return None


def _works(command_line: list[str]) -> bool:
    try:
        return subprocess.run(command_line, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _run(command_line: list[str]) -> None:
    answer = subprocess.run(command_line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if answer.returncode:
        raise SetUpError(f"{answer.stdout.strip()}\n\nThis failed: {' '.join(command_line)}")


@functools.cache
def pip_settings() -> dict[str, str]:
    """pip's settings in effect, from its files and environment variables, by their plain names.

    uv reads none of them, and ansible-test passes none of the variables on.
    """
    pip = _pip()
    if pip is None:
        return {}
    answer = subprocess.run([*pip, "config", "list"], capture_output=True, text=True, check=False)
    return parse_pip_settings(answer.stdout.splitlines())


def pip_cache_dir() -> str:
    """The folder of pip's cache, which all checkouts share; empty without pip."""
    pip = _pip()
    if pip is None:
        return ""
    answer = subprocess.run([*pip, "cache", "dir"], capture_output=True, text=True, check=False)
    return answer.stdout.strip()


def parse_pip_settings(lines: Iterable[str]) -> dict[str, str]:
    """The settings in the output of `pip config list`; a variable overrides a file."""
    settings: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in lines:
        key, _equals, value = line.partition("=")
        section, _dot, setting = key.partition(".")
        if section in settings:
            settings[section][setting] = value.strip().strip("'\"")
    return {**settings["global"], **settings["install"], **settings[":env:"]}


def environment() -> dict[str, str]:
    """The environment for uv. The user's settings for uv override those for pip."""
    pip = pip_settings()
    wanted = {
        "UV_DEFAULT_INDEX": None if "UV_INDEX_URL" in os.environ else pip.get("index-url"),
        "SSL_CERT_FILE": pip.get("cert"),
        "ALL_PROXY": pip.get("proxy"),
        "UV_HTTP_TIMEOUT": "180",
        "UV_PYTHON_DOWNLOADS": "never",
    }
    return {**{name: value for name, value in wanted.items() if value}, **os.environ}


def install(python: Path, requirements: Path, bytecode: bool = True) -> None:
    """Install exactly the packages of a pinned file in the environment of an interpreter.

    Byte code is written here: where PYTHONDONTWRITEBYTECODE is set, every later start would compile again.
    """
    line = [str(command()), "pip", "sync", "--quiet", *(["--compile-bytecode"] if bytecode else []), "--python", str(python), str(requirements)]
    answer = subprocess.run(
        line, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if answer.returncode:
        raise SetUpError(f"{answer.stdout.strip()}\n\nThis failed: {' '.join(line)}")
