# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fails for a play whose hosts do not run each task together."""

from __future__ import annotations

import os
import sys
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import strategy_loader

_TOGETHER = os.path.join("ansible", "plugins", "strategy", "linear.py")  # Ansible names the module of one plugin by each name that it is asked for


class ActionModule(ActionBase):
    """Checks the play that contains the task."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        variables = task_vars or {}
        result: dict[str, Any] = super().run(tmp, variables)
        self.validate_argument_spec({"because": {"type": "str", "required": True}})
        because = str(self._task.args["because"]).rstrip(". ")
        strategy = str(self._templar.template(self._task.get_play().strategy))
        if not waits_for_all(strategy):
            raise AnsibleActionFail(
                f"The play uses the strategy {strategy}, which runs hosts independently of each other, and {because}. Set strategy: linear in the play, "
                "and do not set ANSIBLE_STRATEGY or strategy in ansible.cfg to another strategy. Nothing was changed."
            )
        if len(variables.get("ansible_play_batch", [])) < len(variables.get("ansible_play_hosts", [])):
            raise AnsibleActionFail(
                f"The play uses serial, which runs hosts in batches, and {because}. Remove serial from the play. Nothing was changed."
            )
        result.update(changed=False, strategy=strategy)
        return result


def waits_for_all(strategy: str) -> bool:
    """Whether a strategy waits for all hosts after each task, as linear and strategies derived from it do, such as debug."""
    plugin = strategy_loader.get(strategy, class_only=True)
    return plugin is not None and any(_file_of(kind).endswith(_TOGETHER) for kind in plugin.__mro__)


def _file_of(kind: type) -> str:
    return str(getattr(sys.modules.get(kind.__module__), "__file__", None) or "")
