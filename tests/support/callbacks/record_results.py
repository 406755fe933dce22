# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes each task's result, as Ansible lets callbacks see it, and its times, as a line of JSON to the file of RECORD_RESULTS."""

from __future__ import annotations

import json
import os
import time

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record_results"
    CALLBACK_NEEDS_ENABLED = True

    _began = 0.0

    def _record(self, outcome, result):
        # ansible-core before 2.19 has no public name for it.
        content = result.result if hasattr(result, "result") else result._result
        if outcome == "failed":
            content = {**content, "failed": True}
        task = result.task if hasattr(result, "task") else result._task
        with open(os.environ["RECORD_RESULTS"], "a", encoding="utf-8") as stream:
            host = result.host if hasattr(result, "host") else result._host
            record = {"task": task.get_name(), "host": host.get_name(), "outcome": outcome, "result": content, "began": self._began, "ended": time.time()}
            stream.write(json.dumps(record, default=str) + "\n")

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._began = time.time()

    def v2_runner_on_ok(self, result, **kwargs):
        self._record("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False, **kwargs):
        self._record("failed", result)

    def v2_runner_on_skipped(self, result, **kwargs):
        self._record("skipped", result)

    def v2_runner_on_unreachable(self, result, **kwargs):
        self._record("unreachable", result)
