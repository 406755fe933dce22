# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts the files of a server in place: all are prepared first, then renamed; links that another user can change are not followed."""

from __future__ import annotations

import grp
import os
import pwd
import time
from contextlib import ExitStack
from difflib import unified_diff
from typing import TYPE_CHECKING, Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import hide
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.config_files import ServerConfig, parse_config
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd import parse_environment_file, read_unit
from ansible_collections.sealwright.vault_seal.plugins.module_utils._vault_config import environment_owner

from .commands import Runner
from .host import foreign_environment
from .options import FILES_SPEC, Wanted
from .restart_marker import RestartMarker
from .safe_folder import Attributes, Existing, Folder, Part
from .secrets_in_files import secrets_in
from .write_lock import write_lock

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

WRITE_SPEC: dict[str, dict[str, Any]] = {
    **FILES_SPEC,
    "folder_only": {"type": "bool", "default": False},
    "backup": {"type": "bool", "default": False},
    "environment_file_group_readable": {"type": "bool", "default": False},
    "may_be_initialised": {"type": "bool", "default": True},
    "show_diff": {"type": "bool", "default": True},
    "mark": {"type": "bool", "default": True},
}
_OF_A_SEAL = ("AWS_", "AWSKMS_", "BAO_SEAL_", "VAULT_SEAL_", "VAULT_AWSKMS_")
# Options of the module that decide on backups and messages only.
_LOOKS = {"backup": False, "may_be_initialised": False, "show_diff": False, "mark": False}
_LEFT_BY_FORMER = ".vault_config_candidate"


def run(module: AnsibleModule) -> dict[str, Any]:
    """Run the module; raises :class:`SettingError` before any file was replaced. Concurrent runs wait for each other."""
    with ExitStack() as stack:
        if not module.check_mode:
            stack.enter_context(write_lock(module.params["directory"]))
        return _write(module, stack)


def _write(module: AnsibleModule, stack: ExitStack) -> dict[str, Any]:
    if module.params["folder_only"]:
        change = change_of_folder(module.params)
        if change and not module.check_mode:
            make_folder(module.params)
        return {"changed": bool(change), "changes": [change] if change else [], "backups": []}
    wanted = Wanted.of(module.params)
    hide(module, *secrets_in(wanted))
    return _Writer(module, wanted, stack, module.params).write()


def is_up_to_date(module: AnsibleModule, wanted: Wanted) -> bool:
    """Whether :func:`run` would change nothing, and find nothing to remove that a killed run left.

    :param module: of another module, with its options and ``environment_file_group_readable``.
    """
    if change_of_folder(module.params):
        return False
    with ExitStack() as stack:
        return not _Writer(module, wanted, stack, {**_LOOKS, **module.params}, looks=True).is_due()


def change_of_folder(params: dict[str, Any]) -> str:
    """The pending changes of the configuration folder, described; raises :class:`SettingError` for an owner or group that does not exist."""
    path, want = params["directory"], _attributes_of_folder(params)
    if not os.path.isdir(path):
        return f"{path} created"
    with ExitStack() as stack:
        folder = Folder.open(path)
        stack.callback(folder.close)
        return f"owner and mode of {path}" if params["manage"] == "server" and folder.attributes() != want else ""


def make_folder(params: dict[str, Any]) -> None:
    """Make the folder of the configuration, or give it its owner and mode."""
    path, want = params["directory"], _attributes_of_folder(params)
    if os.path.isdir(path):
        folder = Folder.open(path)
        folder.take(want)
    else:
        folder = Folder.create(path, want)
    folder.close()


def _attributes_of_folder(params: dict[str, Any]) -> Attributes:
    return Attributes(_user(params["owner"]), _group(params["group"]), 0o750)


class _Writer:
    """Collects what is to change, prepares it, and then does it in one go. Only folders are made before."""

    def __init__(self, module: AnsibleModule, wanted: Wanted, stack: ExitStack, params: dict[str, Any], looks: bool = False) -> None:
        """:param looks: only compare, as in check mode."""
        self._module = module
        self._params = params
        self._check_mode = looks or module.check_mode
        self._leftovers = False
        self._wanted = wanted
        self._stack = stack
        self._parts: list[Part] = []
        self._removals: list[tuple[Folder, str]] = []
        self._backups: list[tuple[Folder, str, Existing]] = []
        self._changes: list[str] = []
        self._diff: list[str] = []
        self._foreign = ""
        self._uid, self._gid = _user(self._params["owner"]), _group(self._params["group"])
        self._private_gid = 0 if self._uid == 0 else self._gid

    def write(self) -> dict[str, Any]:
        self._compare()
        result: dict[str, Any] = {"changed": bool(self._changes), "changes": self._changes, "backups": []}
        if self._params["show_diff"] and self._module._diff and self._diff:
            result["diff"] = {"prepared": "".join(self._diff)}
        if not self._check_mode:
            folder = self._opened(self._wanted.directory)
            if folder:
                # A killed run of a former release may have left it, with secrets in it.
                folder.remove_folder(_LEFT_BY_FORMER)
            if self._changes:
                result["backups"] = self._commit()
        return result

    def is_due(self) -> bool:
        """Whether anything would be changed or removed."""
        self._compare()
        folder = self._opened(self._wanted.directory)
        return bool(self._changes or self._leftovers or (folder and folder.has(_LEFT_BY_FORMER)))

    def _compare(self) -> None:
        """Collect the changes, and prepare the new files unless in check mode."""
        wanted = self._wanted
        self._check_environment_file()
        readable = self._params["environment_file_group_readable"]
        private = Attributes(self._uid, self._gid if readable else self._private_gid, 0o640 if readable else 0o600)
        self._file(wanted.environment_file, wanted.environment_text, private, secret=True)
        self._drop_in()
        self._file(wanted.path, wanted.config_text, Attributes(self._uid, self._gid, 0o640), secret=False)

    def _check_environment_file(self) -> None:
        """Record whether the environment file has another owner; raises :class:`SettingError` if it would be replaced."""
        wanted = self._wanted
        if self._params["environment_file_replace"] or not os.path.lexists(wanted.environment_file):
            return
        try:
            service = read_unit(wanted.unit, wanted.unit_directories) if wanted.systemd else None
        except SettingError:
            service = None
        self._foreign = foreign_environment(wanted, service, Runner(self._module))
        if self._foreign and wanted.environment_text:
            raise environment_owner.refused(wanted.environment_file, self._foreign)

    def _file(self, path: str, text: str, attributes: Attributes, secret: bool) -> None:
        """One file with its desired text; empty: absent."""
        folder = self._opened(os.path.dirname(os.path.abspath(path)), must_exist=bool(text))
        if folder is None:
            if text:
                self._changes.append(f"{path} written")
                self._show(path, b"", text.encode("utf-8", "surrogateescape"), secret)
            return
        name = os.path.basename(path)
        if not self._check_mode:
            folder.remove_parts(name)  # of a run that was killed; they may hold secrets
        elif folder.parts(name):
            self._leftovers = True
        if not text and path == self._wanted.environment_file and self._foreign:
            return  # another owner's file, and the role has no text for it
        existing = folder.read(name)
        if existing and path == self._wanted.drop_in and not environment_owner.is_marked(existing.content):
            if not text:
                return
            raise environment_owner.refused(path, "it was not written by this collection", "replaced")
        content = text.encode("utf-8", "surrogateescape")
        if existing is None and not text or existing is not None and text and existing.matches(content, attributes):
            return
        if existing is not None and existing.content != content:
            self._keep(folder, path, existing, content, secret)
        if text:
            label = existing.attributes.label if existing else self._default_label(path)
            self._changes.append(f"{path} written")
            if not self._check_mode:
                self._prepare(folder, name, content, Attributes(attributes.uid, attributes.gid, attributes.mode, label))
        else:
            self._changes.append(f"{path} removed")
            self._removals.append((folder, name))
        self._show(path, existing.content if existing else b"", content, secret)

    def _prepare(self, folder: Folder, name: str, content: bytes, attributes: Attributes) -> None:
        part = folder.prepare(name, content, attributes)
        self._stack.callback(part.discard)
        self._parts.append(part)

    def _keep(self, folder: Folder, path: str, existing: Existing, content: bytes, environment: bool) -> None:
        """Request a backup if a part of the seal is removed, if the file has another owner, or on request."""
        foreign = environment and not environment_owner.is_marked(existing.content)
        of_seal = self._params["may_be_initialised"] and _seal_changes(existing.content, content, path, environment)
        if foreign or of_seal or (self._params["backup"] and not environment):
            on_request = not (foreign or of_seal) and not content
            name = f"{os.path.basename(path)}.removed" if on_request else f"{os.path.basename(path)}.{time.strftime('%Y-%m-%d@%H:%M:%S')}"
            self._backups.append((folder, name, existing))

    def _drop_in(self) -> None:
        """The drop-in that leads the service to its environment file."""
        wanted = self._wanted
        if not wanted.systemd:
            return
        parent = os.path.dirname(wanted.drop_in)
        if wanted.drop_in_text and not self._check_mode and not os.path.isdir(parent):
            Folder.create(parent, Attributes(os.geteuid(), os.getegid(), 0o755)).close()
        self._file(wanted.drop_in, wanted.drop_in_text, Attributes(os.geteuid(), os.getegid(), 0o644), secret=False)

    def _commit(self) -> list[str]:
        """Replace and remove what was prepared; returns the backups."""
        backups = []
        for place, name, existing in self._backups:
            attributes = Attributes(self._uid, self._private_gid, 0o600, existing.attributes.label)
            backups.append(place.keep(name, existing.content, attributes))
        marker = RestartMarker(self._wanted.unit, self._wanted.systemd_directory, self._wanted.path)
        mark = self._wanted.systemd and self._params["mark"]
        if mark:
            marker.note(written=False)
        for part in self._parts:
            part.commit()
        for place, name in self._removals:
            place.remove(name)
        if mark:
            marker.note(written=True)
        return backups

    def _opened(self, path: str, must_exist: bool = False) -> Folder | None:
        """The folder, held until all is done; None if it does not exist, or if check mode would have created it."""
        if not os.path.isdir(path) and (self._check_mode or not must_exist):
            return None
        folder = Folder.open(path)
        self._stack.callback(folder.close)
        return folder

    def _default_label(self, path: str) -> str:
        if not self._module.selinux_enabled():
            return ""
        return ":".join(part for part in self._module.selinux_default_context(path) if part)

    def _show(self, path: str, before: bytes, after: bytes, secret: bool) -> None:
        """Add to the diff only what is not secret: no content of either file."""
        if secret or any(_holds_secret(content, path) for content in (before, after)):
            self._diff.append(f"--- {path}\n+++ {path}\n(not shown: it may contain a secret)\n")
            return
        old, new = (content.decode("utf-8", "replace").splitlines(keepends=True) for content in (before, after))
        self._diff.extend(unified_diff(old, new, path, path))


def _seal_changes(before: bytes, after: bytes, path: str, environment: bool) -> bool:
    """Whether one of the two has a seal, or a part of it, that the other lacks. Unreadable files count as different."""
    if environment:
        try:
            return _variables(before, path) != _variables(after, path)
        except SettingError:
            return True
    sides = []
    for content in (before, after):
        config = _parsed(content, path)
        if config is None:
            return True
        sides.append([(stanza.type, stanza.settings, stanza.disabled) for stanza in config.stanzas])
    return sides[0] != sides[1]


def _variables(content: bytes, path: str) -> dict[str, str]:
    """The variables of an environment file that concern a seal; raises :class:`SettingError` if systemd rejects it, or if their values are unknown."""
    return {name: value for name, value, _line in parse_environment_file(content, path) if name.startswith(_OF_A_SEAL)}


def _parsed(content: bytes, path: str) -> ServerConfig | None:
    config = ServerConfig()
    try:
        parse_config(content.decode(), path, config)
    except (SettingError, UnicodeDecodeError):
        return None
    return config


def _holds_secret(content: bytes, path: str) -> bool:
    """Whether a configuration holds a secret; what cannot be read may."""
    if not content or path.endswith(".conf"):
        return False
    config = _parsed(content, path)
    return config is None or bool(config.secrets)


def _user(name: str) -> int:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        raise _unknown("user", name, "vault_config_owner") from None


def _group(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise _unknown("group", name, "vault_config_group") from None


def _unknown(kind: str, name: str, variable: str) -> SettingError:
    return SettingError(
        f"The {kind} {name} does not exist on this host.", reason=f"unknown_{kind}", remedy=f"Install the server's package first, or set {variable}."
    )
