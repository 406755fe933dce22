# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a task failed on a host: the host is unreachable, privilege escalation failed, Python does not run, or a library is missing.

Ansible does not distinguish these errors; the texts below are from messages of Ansible, sudo, su, doas and the shell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_BECOME = re.compile(
    r"privilege escalation|become (?:success|password|plugin|user|method)|becoming an unprivileged user|invalid become"
    r"|(?:missing|incorrect) (?:\S+ )?(?:sudo|su|doas|runas|pbrun|ksu|dzdo|pfexec|machinectl|become|privilege escalation)\b.*password"
    r"|^(?:sudo|su|doas|runuser|ksu|pbrun|dzdo|pfexec): "
    r"|\b(?:sudo|su|doas|runuser)(?:: | password|\[\d+\]: )"
    r"|not in the sudoers file|may not run sudo|a password is required|a terminal is required|must have a tty"
    r"|\b(?:sudo|su|doas|runuser): not found|account is currently not available|unknown user|user \S+ does not exist|authentication failure",
    re.IGNORECASE | re.MULTILINE,
)
_MOST = 500  # characters at the end of what a program printed
_ASKING = "Call AWS KMS"


def host_trouble(result: Any, task: str = "", user: str = "", libraries: str = "") -> dict[str, Any]:
    """The reason, summary and remedy of a host without a result.

    :param result: the result of the failed task.
    :param task: its name; empty for the task that calls KMS.
    :param user: the user that it had to become, if any.
    :param libraries: how to install the Python libraries, for a failed task that installs them.
    """
    failure: Mapping[str, Any] = result if isinstance(result, Mapping) else {}
    texts = [_text(failure.get("msg")), *(_text(failure.get(name))[-_MOST:] for name in ("module_stderr", "stderr", "module_stdout", "stdout"))]
    kept = [text for text in dict.fromkeys(texts) if text]
    message = re.sub(r"^Task failed: ", "", " ".join(kept))
    asked = not task or task.endswith(_ASKING)
    summary = (message or "The module gave no answer.") if asked else f"{task}: {message or 'no reason is given'}"
    reason, remedy = _judged(failure, "\n".join(kept), asked, user, libraries)
    return {
        "reason": reason,
        "summary": summary,
        "remedy": {"msg": remedy, "policy_statement": None, "key_policy_statement": None, "grant": None},
    }


def _judged(failure: Mapping[str, Any], output: str, asked: bool, user: str, libraries: str) -> tuple[str, str]:
    if failure.get("unreachable") is True:
        return "host_unreachable", "Check the connection to this host."
    if _BECOME.search(output):
        who = f"the user {user}" if user else "another user"
        return "become_failed", (
            f"Check that Ansible can become {who} on this host: that the user exists, the rules of sudo or of another become_method, and the become password. "
            "To become an unprivileged user from another unprivileged user, Ansible requires pipelining or the command setfacl (package acl)."
        )
    # A task that provides the libraries failed, or the Python that was asked to run the module does not.
    return "host_failed", "Check the Python interpreter that modules use on this host." if asked else libraries


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
