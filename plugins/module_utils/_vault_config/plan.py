# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Inspects a host and decides on the files of its server, without replacing any."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import hide
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.server import ConfiguredServer, read_server
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_checks import seal_problems
from ansible_collections.sealwright.vault_seal.plugins.module_utils._vault_config import environment_owner

from .commands import Runner
from .host import Host, inspect, server_params
from .options import FILES_SPEC, Wanted
from .product_check import check_by_product
from .restart_marker import RestartMarker, ServiceState, service_state
from .same_key import awskms_seals, compare_keys, identity, same_settings
from .seal_change import check_change
from .secrets_in_files import secrets_in
from .stage import Stage
from .write import change_of_folder, is_up_to_date

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

PLAN_SPEC: dict[str, dict[str, Any]] = {
    **FILES_SPEC,
    "version": {"type": "str"},
    "address": {"type": "str", "default": ""},
    "ca_path": {"type": "path"},
    "same_key": {"type": "bool", "default": False, "no_log": False},
    "allow_seal_change": {"type": "bool", "default": False},
    "validate": {"type": "bool", "default": True},
    "binary": {"type": "str", "default": ""},
    "prove": {"type": "bool", "default": False},
    "start": {"type": "bool", "default": False},
    "keep_stage": {"type": "bool", "default": False},
    "environment_file_group_readable": {"type": "bool", "default": False},
}


def run(module: AnsibleModule) -> dict[str, Any]:
    """The module's work; raises :class:`SettingError` for whatever is refused."""
    wanted = Wanted.of(module.params)
    hide(module, *secrets_in(wanted))
    stage = Stage.make(wanted.path)
    keep = False
    try:
        result = _Planner(module, wanted, stage).plan()
        keep = result["prove"] or module.params["keep_stage"]
    finally:
        if not keep:
            stage.remove()
    return {**result, "stage": stage.path if keep else ""}


class _Planner:
    """Looks, checks and decides, in the order in which it is cheapest to stop."""

    def __init__(self, module: AnsibleModule, wanted: Wanted, stage: Stage) -> None:
        self._module = module
        self._params = module.params
        self._run = Runner(module)
        self._wanted = wanted
        self._stage = stage

    def plan(self) -> dict[str, Any]:
        host = inspect(self._wanted, self._params, self._run)
        self._check_read(host)
        self._check_environment_file(host)
        candidates = self._candidates(host)
        new = self._new(host, candidates)
        host = host.with_data(new)
        problems = seal_problems(new.in_force)
        errors = [problem for problem in problems if problem.blocks]
        if errors:
            message = " ".join([*(problem.msg for problem in errors), *(problem.remedy for problem in errors)])
            raise SettingError(message, reason=errors[0].reason)
        self._check_change(host, new)
        warning = self._check_by_product(candidates, new)
        unchanged = self._unchanged(host, new)
        state = service_state(self._wanted.unit, self._run) if host.service else ServiceState()
        marker = RestartMarker(self._wanted.unit, self._wanted.systemd_directory, self._wanted.path)
        is_new = host.is_new(state)
        pending = host.service is not None and marker.pending(state, starts=is_new or self._params["start"])
        return {
            "changed": False,
            "unit": self._wanted.unit if host.service else "",
            "reads": host.reads,
            "candidates": [{"path": path, "src": place} for path, place in candidates.items()],
            # Of what was asked for by a switch it was warned before.
            "warnings_of_settings": [problem.msg for problem in problems if not problem.blocks and problem.reason != "secret_in_stanza"],
            "warning_of_product": warning,
            "up_to_date": is_up_to_date(self._module, self._wanted),
            "folder_due": bool(change_of_folder(self._params)),
            "may_be_initialised": host.initialised is not False,
            "prove": bool(self._params["prove"] and host.service and not unchanged and awskms_seals(new)),
            "restart_pending": pending,
            "new_installation": is_new,
        }

    def _check_read(self, host: Host) -> None:
        of_unit = self._wanted.of_unit(host.service.config if host.service else [])
        place = os.path.normpath(self._wanted.path)
        if not self._wanted.config_text or not of_unit or place in of_unit or os.path.dirname(place) in of_unit:
            return
        raise SettingError(
            f"{self._wanted.path} would not be read: the unit {self._wanted.unit[: -len('.service')]} starts the server with {' and '.join(of_unit)}.",
            reason="not_read",
            remedy=f"Start it with -config={self._wanted.directory}, or use vault_config_manage: server." if self._params["manage"] == "seal"
            else "Set vault_config_path to the file that it reads.",
        )

    def _check_environment_file(self, host: Host) -> None:
        if self._wanted.environment_text and host.foreign and not self._params["environment_file_replace"]:
            raise environment_owner.refused(self._wanted.environment_file, host.foreign)

    def _candidates(self, host: Host) -> dict[str, str]:
        """The files as they will be. A file of another owner remains if the role has no text for it."""
        wanted = self._wanted
        candidates = {os.path.normpath(wanted.path): ""}
        if wanted.config_text:
            candidates[os.path.normpath(wanted.path)] = self._stage.add(wanted.path, wanted.config_text)
        environment = os.path.normpath(wanted.environment_file)
        if wanted.environment_text:
            candidates[environment] = self._stage.add(f"environment-{os.path.basename(wanted.environment_file)}", wanted.environment_text)
        elif not host.environment_there or not host.foreign or self._params["environment_file_replace"]:
            candidates[environment] = os.devnull
        return candidates

    def _new(self, host: Host, candidates: dict[str, str]) -> ConfiguredServer:
        environment = bool(self._wanted.environment_text)
        try:
            return read_server(server_params(self._wanted, self._params, host.service is not None, host.reads, candidates, environment))
        except SettingError as error:
            if any(error.message == each.message for each in host.unread):
                error.remedy = (
                    f"{error.remedy} No variable overrides this: the file is used in addition to {self._wanted.path}, and may contain a second seal. "
                    "Correct the file, or remove it."
                ).strip()
            raise

    def _unchanged(self, host: Host, new: ConfiguredServer) -> bool:
        """Whether the seals stay as they are, by text alone."""
        if host.server is None or host.unread:
            return False
        before, after = ([(seal.type, seal.enabled) for seal in server.in_force.seals] for server in (host.server, new))
        old_seals, new_seals = awskms_seals(host.server), awskms_seals(new)
        return before == after and [identity(host.server, seal) for seal in old_seals] == [identity(new, seal) for seal in new_seals]

    def _check_change(self, host: Host, new: ConfiguredServer) -> None:
        enabled = [seal for seal in new.in_force.seals if seal.enabled]
        seals = awskms_seals(new)
        key = seals[0].value("kms_key_id") if seals else ""
        old = host.server
        check_change(
            host.present(self._unchanged(host, new) or bool(old and seals and not host.unread and same_settings(old, new))),
            enabled[0].type if enabled else "", key,
            lambda: compare_keys(old or new, new), self._params["same_key"], self._params["allow_seal_change"],
        )

    def _check_by_product(self, candidates: dict[str, str], new: ConfiguredServer) -> str:
        staged = candidates[os.path.normpath(self._wanted.path)]
        if not (self._params["validate"] and staged):
            return ""
        place = os.path.normpath(self._wanted.path)
        secret = any(os.path.normpath(each.file) == place for each in new.in_force.config.secrets)
        return check_by_product(self._params["product"], self._params["binary"], staged, self._wanted.path, secret, self._run)
