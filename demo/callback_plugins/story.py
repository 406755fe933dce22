# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Display a play in a compact form: one line for each task, and the messages of debug tasks."""

from __future__ import annotations

import shutil
import sys
import textwrap

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: story
type: stdout
short_description: Display a play in a compact form
description:
  - Displays one line for each task, and the messages of debug tasks.
"""

_DONE, _MESSAGE, _FAILED = ("✓", "→", "✗") if "utf" in (sys.stdout.encoding or "").lower() else ("+", ">", "x")


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "story"

    def v2_runner_on_ok(self, result) -> None:
        values = _result(result)
        role = result._task._role
        if result._task.action in ("ansible.builtin.debug", "debug"):
            lines = values.get("msg", [])
            for line in lines if isinstance(lines, list) else [lines]:
                self._wrapped(f"   {_MESSAGE} ", line, "cyan")
        elif role:
            # Tasks of a role are displayed only if they change something.
            if values.get("changed"):
                self._wrapped(f"  {_DONE} ", f"{role.get_name(include_role_fqcn=False)}: {result._task.name}", "green")
        else:
            self._wrapped(f"  {_DONE} ", result._task.get_name(), "green")

    def v2_runner_on_failed(self, result, ignore_errors=False) -> None:
        self._wrapped(f"  {_FAILED} ", result._task.get_name(), "red")
        self._wrapped("    ", str(_result(result).get("msg", "failed; the output is hidden")), "red")
        # The whole result, except for values that Ansible censors.
        self._display.display(self._dump_results(_result(result), indent=2), color="red")

    v2_runner_on_unreachable = v2_runner_on_failed

    def _wrapped(self, lead: str, text: str, colour: str) -> None:
        if "  " in text:  # a line of a table
            self._display.display(lead + text, color=colour)
            return
        width = max(40, min(shutil.get_terminal_size((80, 24)).columns, 80))
        lines = textwrap.wrap(text, width - len(lead), break_on_hyphens=False, break_long_words=False) or [""]
        for at, line in enumerate(lines):
            indent = " " * len(lead) if at else lead
            # A long ARN fits into the line only without indent; broken into two lines, it could not be copied.
            self._display.display(line if at and len(indent + line) > width else indent + line, color=colour)


def _result(result) -> dict:
    return result._result
