# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps the archives of modules with their libraries from one run of Ansible to the next, as Ansible itself does from one task to the next.

Ansible builds the archive of each module in every run, which takes a quarter of a run of one task. They are kept in a folder for this state of the files,
this ansible-core and this Python. A collection that is not this checkout is left alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import ansible
from ansible import constants
from ansible.plugins.callback import CallbackBase
from ansible.release import __version__

_CHECKOUT = Path(__file__).resolve().parents[3]
_KEPT = _CHECKOUT / ".venv" / "cache" / "payloads"
_STATES = 6
_MODULES = ("ansible.modules.", "ansible_collections.sealwright.vault_seal.")


def _files() -> Iterator[Path]:
    for folder in ("modules", "module_utils"):
        yield from sorted((_CHECKOUT / "plugins" / folder).rglob("*.py"))


def _folder() -> Path:
    """The folder for what goes into an archive now."""
    state = [__version__, ansible.__file__, sys.version]
    for path in _files():
        status = path.stat()
        state.append(f"{path} {status.st_mtime_ns} {status.st_size} {status.st_ino}")
    return _KEPT / hashlib.sha256("\n".join(state).encode()).hexdigest()[:32]


def _is_of_checkout() -> bool:
    paths = constants.config.get_config_value("COLLECTIONS_PATHS")
    first = next((each for each in (Path(path, "ansible_collections", "sealwright", "vault_seal") for path in paths) if each.exists()), None)
    return first is not None and first.resolve() == _CHECKOUT


def _are_ansibles() -> bool:
    """Whether all modules are those of collections: one in such a folder could have a name of ansible-core's."""
    folders = [*map(Path, constants.DEFAULT_MODULE_PATH or ()), Path.cwd() / "library"]
    return not any(True for folder in folders for _file in folder.glob("*.py"))


def _can_be_kept(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.name.startswith(_MODULES) and path.suffix != ".lock"


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "reuse_payloads"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self._own = Path(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache")
        self._kept = _folder() if _is_of_checkout() and _are_ansibles() else None
        if self._kept is not None:
            self._own.mkdir(exist_ok=True)
            for path in self._kept.glob("[!.]*"):
                (self._own / path.name).symlink_to(path)

    def v2_playbook_on_stats(self, stats):
        if self._kept is None:
            return
        new = [path for path in self._own.iterdir() if _can_be_kept(path)]
        # It costs a run that was started by somebody who may not write here its speed, and nothing else.
        with contextlib.suppress(OSError):
            if new and not self._kept.exists():
                self._kept.mkdir(parents=True, exist_ok=True)
                _remove_old()
            for path in new:
                unfinished = self._kept / f".{path.name}.{os.getpid()}"
                shutil.copyfile(path, unfinished)
                unfinished.replace(self._kept / path.name)


def _remove_old() -> None:
    states = sorted(_KEPT.iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in states[_STATES:]:
        shutil.rmtree(folder, ignore_errors=True)
