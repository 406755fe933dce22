# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module of the same name and keeps what it opened off the display and out of the logs."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """Marks the result as not to be displayed, unless the task says ``reveal: true`` or it failed.

    Asynchronous runs are refused by ActionBase: their results, with the plaintext, would stay in a file on the host.
    """

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        reveal = boolean(self._task.args.get("reveal", False), strict=False)
        logged = self._task.no_log, self._play_context.no_log
        if not reveal:
            # Connection plugins print what the module answers at -vvv, unless the task is one whose log is off.
            self._task.no_log = self._play_context.no_log = True
        try:
            result.update(self._execute_module(task_vars=task_vars))
        finally:
            self._task.no_log, self._play_context.no_log = logged
        # Errors hold no secret: they are to be read.
        if not reveal and not result.get("failed", False):
            result["_ansible_no_log"] = True
        return result
