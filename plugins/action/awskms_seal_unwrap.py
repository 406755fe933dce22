# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module of the same name and keeps the plaintext off the display and out of the logs."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

_OPENED = {"plaintext", "plaintext_base64", "plaintexts", "plaintexts_base64"}
# Ansible shows the whole output of a module that it cannot parse.
_PRINTED = {"module_stdout", "stdout", "stdout_lines", "exception", "msg"}


class ActionModule(ActionBase):
    """Sets no_log on results with plaintext, unless the task sets ``reveal: true``."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        if self._task.async_val:
            raise AnsibleActionFail(
                "sealwright.vault_seal.awskms_seal_unwrap cannot run asynchronously: Ansible would store the plaintext in a file on "
                "the host. Remove async from the task."
            )
        result: dict[str, Any] = super().run(tmp, task_vars)
        reveal = boolean(self._task.args.get("reveal", False), strict=False)
        # Connection plugins print module results at -vvv, unless no_log is set. They have a separate context.
        holders = [self._task, self._play_context, getattr(self._connection, "_play_context", self._play_context)]
        logged = [holder.no_log for holder in holders]
        try:
            for holder in holders:
                holder.no_log = holder.no_log or not reveal
            result.update(self._execute_module(task_vars=task_vars))
        finally:
            for holder, no_log in zip(holders, logged):
                holder.no_log = no_log
        if reveal:
            return result
        # Errors contain no secrets and must be readable, as must results without plaintext, with their diff.
        if _OPENED & set(result):
            result["_ansible_no_log"] = True
            self._task.no_log = True  # ansible-core before 2.19 checks only the task for the summary of a loop
            return result
        result.pop("invocation", None)  # an invalid blob may be a secret that was passed by mistake
        if "reason" not in result:
            for name in _PRINTED & set(result):
                if "plaintext" in str(result[name]):
                    result[name] = "(not shown, because it may contain plaintext)"
        return result
