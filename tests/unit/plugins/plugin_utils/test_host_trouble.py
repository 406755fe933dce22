# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a host could not be asked, from what Ansible, sudo, su and shells print."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._host_trouble import host_trouble

LIBRARIES = "Install boto3."
BECOME: list[dict[str, Any]] = [
    {"msg": "Missing sudo password"},
    {"msg": "Task failed: Incorrect sudo password"},
    {"msg": "Missing privilege escalation password"},
    {"msg": "Timeout (12s) waiting for privilege escalation prompt: "},
    {"msg": "Timed out waiting for become success or become password prompt."},
    {"msg": "Premature end of stream waiting for become success.\n>>> Standard Error\nsudo: unknown user openbao"},
    {"msg": "MODULE FAILURE", "module_stderr": "sudo: unknown user: openbao\nsudo: unable to initialize policy plugin\n", "rc": 1},
    {"msg": "MODULE FAILURE", "module_stderr": "sudo: a password is required\n"},
    {"msg": "MODULE FAILURE", "module_stderr": "Sorry, user me is not allowed to execute '/bin/sh' as openbao\nme is not in the sudoers file.\n"},
    {"msg": "MODULE FAILURE", "module_stderr": "su: user openbao does not exist or the user entry does not contain all the required fields\n"},
    {"msg": "MODULE FAILURE", "module_stderr": "su: Authentication failure\n"},
    {"msg": "MODULE FAILURE", "module_stdout": "This account is currently not available.\n"},
    {"msg": "MODULE FAILURE", "module_stderr": "/bin/sh: 1: sudo: not found\n", "rc": 127},
    {"msg": "MODULE FAILURE", "module_stderr": "doas: Operation not permitted\n"},
    {"msg": "Failed to set permissions on the temporary files Ansible needs to create when becoming an unprivileged user (rc: 1, err: chown: ...}"},
    {"msg": "Invalid become method specified, could not find matching plugin: 'sudu'."},
]
OTHER: list[dict[str, Any]] = [
    {"msg": "MODULE FAILURE", "module_stderr": "/bin/sh: 1: /nonexistent/python: not found\n", "rc": 127},
    {"msg": "non-zero return code", "stderr": "ERROR: No matching distribution found for boto3"},
    {"msg": "No package matching 'python3-boto3' is available"},
    {"msg": "Could not find a module for there_is_no_such_manager."},
    {},
]


@pytest.mark.parametrize("result", BECOME)
@pytest.mark.parametrize("task", ["", "Call AWS KMS", "sealwright.vault_seal.kms_verify : Call AWS KMS", "Install the distribution's packages"])
def test_a_user_that_cannot_be_become(result: dict[str, Any], task: str) -> None:
    trouble = host_trouble(result, task, "openbao", LIBRARIES)
    assert trouble["reason"] == "become_failed"
    assert "can become the user openbao" in trouble["remedy"]["msg"]
    assert "boto3" not in trouble["remedy"]["msg"]


@pytest.mark.parametrize("result", OTHER)
def test_what_provides_the_libraries_fails(result: dict[str, Any]) -> None:
    trouble = host_trouble(result, "Install the libraries", "", LIBRARIES)
    assert (trouble["reason"], trouble["remedy"]["msg"]) == ("host_failed", LIBRARIES)
    assert trouble["summary"].startswith("Install the libraries: ")
    trouble = host_trouble(result, "Call AWS KMS", "", LIBRARIES)
    assert (trouble["reason"], trouble["remedy"]["msg"]) == ("host_failed", "Check the Python interpreter that modules use on this host.")


@pytest.mark.parametrize("result", [None, "", [], 5, {"msg": 5, "stderr": None, "unreachable": "yes"}])
def test_any_result_is_taken(result: Any) -> None:
    assert host_trouble(result) == {
        "reason": "host_failed", "summary": "The module gave no answer.",
        "remedy": {"msg": "Check the Python interpreter that modules use on this host.", "policy_statement": None, "key_policy_statement": None, "grant": None},
    }  # fmt: skip


def test_a_host_that_cannot_be_reached() -> None:
    trouble = host_trouble({"unreachable": True, "msg": "Failed to connect to the host via ssh"}, "", "openbao", LIBRARIES)
    assert (trouble["reason"], trouble["summary"]) == ("host_unreachable", "Failed to connect to the host via ssh")
