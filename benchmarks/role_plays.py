# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plays that configure a server: this collection's role, and re-created ones that take the steps of the configuration part of two other roles.

A re-created play has a task for each task of the role after the installation of packages and executables, with the same module; a task that the role skips on
a host with systemd, without TLS and with an awskms seal is skipped here too. Texts and templates are this benchmark's own. Sources of the steps:
https://github.com/ansible-community/ansible-vault and https://github.com/robertdebock/ansible-role-vault with ansible-role-vault_configuration, which has the
part that writes the configuration.
"""

from __future__ import annotations

from typing import Any

from plays import COLLECTION

Task = dict[str, Any]
ALIAS = "alias/vault-unseal"
_OWNED: Task = {"owner": "root", "group": "root"}
_SKIPPED = "ansible_connection == 'none'"

MAIN = """\
storage "raft" {
  path = "{{ root }}/data"
  node_id = "{{ inventory_hostname }}"
}
listener "tcp" {
  address = "127.0.0.1:8200"
  tls_disable = true
}
api_addr = "http://127.0.0.1:8200"
cluster_addr = "http://127.0.0.1:8201"
log_level = "{{ level }}"
"""
SEAL = f"""\
seal "awskms" {{
  kms_key_id = "{ALIAS}"
  region = "{{{{ region }}}}"
}}
"""
UNIT = """\
[Unit]
Description=server
[Service]
User=root
Environment=AWS_KMS_ENDPOINT={{ kms_url }} AWS_ACCESS_KEY_ID={{ access_key }} AWS_SECRET_ACCESS_KEY={{ secret_key }}
ExecStart={{ bao }} server -config={{ root }}/etc
[Install]
WantedBy=multi-user.target
"""


def own_role() -> list[dict[str, Any]]:
    """The role vault_config, with the checks that it makes by default."""
    variables = {
        "product": "openbao", "directory": "{{ root }}/etc", "systemd_directory": "{{ root }}/units", "owner": "root", "group": "root", "user": "root",
        "storage": {"raft": {"path": "{{ root }}/data", "node_id": "{{ inventory_hostname }}"}},
        "listeners": [{"tcp": {"address": "127.0.0.1:8200", "tls_disable": True}}], "api_addr": "http://127.0.0.1:8200",
        "cluster_addr": "http://127.0.0.1:8201", "log_level": "{{ level }}", "binary": "{{ bao }}", "seals": [{"kms_key_id": ALIAS, "region": "{{ region }}"}],
    }  # fmt: skip
    role = {"role": f"{COLLECTION}.vault_config", "vars": {f"vault_config_{name}": value for name, value in variables.items()}}
    return [{"roles": [role]}]


def permission_role() -> list[dict[str, Any]]:
    """The role kms_verify, with the settings of the unit."""
    variables = {"product": "openbao", "unit": "openbao", "unit_directories": ["{{ root }}/units"], "user": "root"}
    return [{"roles": [{"role": f"{COLLECTION}.kms_verify", "vars": {f"kms_verify_{name}": value for name, value in variables.items()}}]}]


def community_role() -> list[dict[str, Any]]:
    """The steps of ansible-community.vault: facts, checks, folders, two templates, unit, service, profile of the user, a request for the server's health."""
    checks = [_fail(f"Check {number}") for number in range(1, 8)]
    folders = [{"path": "{{ root }}/etc", "mode": "0750"}, {"path": "{{ root }}/plugins", "mode": "0755"}, {"path": "{{ root }}/data", "mode": "0750"}]
    tasks: list[Task] = [
        {"name": "Variables of the system", "ansible.builtin.include_vars": "{{ playbook_dir }}/system.json"},
        *(_skipped("ansible.builtin.command", f"Harden {number}", {"cmd": "true"}) for number in range(1, 7)),
        {"name": "Folders", "ansible.builtin.file": {"path": "{{ item.path }}", "state": "directory", "mode": "{{ item.mode }}", **_OWNED}, "loop": folders},
        _skipped("ansible.builtin.file", "Folder of the log", {"path": "{{ root }}/log", "state": "directory"}),
        {"name": "Folder of the process ID", "ansible.builtin.file": {"path": "{{ root }}/run", "state": "directory", "mode": "0750", **_OWNED}},
        *(_skipped("ansible.builtin.copy", f"TLS and credentials {number}", {"content": "x", "dest": "{{ root }}/x", "mode": "0600"}) for number in range(1, 7)),
        _template("Configuration", "main.hcl", "{{ root }}/etc/main.hcl"),
        _skipped("ansible.builtin.copy", "Another seal", {"content": "x", "dest": "{{ root }}/x", "mode": "0600"}),
        _template("Seal", "seal.hcl", "{{ root }}/etc/seal.hcl"),
        *(_skipped("ansible.builtin.copy", f"Seals, license, init {number}", {"content": "x", "dest": "{{ root }}/x", "mode": "0600"}) for number in range(1, 7)),
        {"name": "Version of systemd", "ansible.builtin.shell": "set -o pipefail; systemctl --version | head -n 1 | cut -d' ' -f2", "args":
         {"executable": "/bin/bash"}, "register": "version", "changed_when": False},
        {**_template("Unit", "openbao.service", "{{ root }}/units/openbao.service", mode="0644", notify=False), "register": "unit"},
        {"name": "Reload systemd", "ansible.builtin.systemd_service": {"daemon_reload": True}, "when": "unit is changed"},
        _started(),
        _skipped("ansible.builtin.debug", "Pause", {"msg": "x"}),
        {"name": "Run handlers", "ansible.builtin.meta": "flush_handlers"},
        {"name": "Address", "ansible.builtin.set_fact": {"address": "http://127.0.0.1:8200"}},
        {"name": "Profile", "ansible.builtin.lineinfile": {
            "path": "{{ root }}/profile", "regexp": "^export VAULT_ADDR=", "line": "export VAULT_ADDR={{ address }}", "create": True, "mode": "0600", **_OWNED}},
        _skipped("ansible.builtin.debug", "Profile with TLS", {"msg": "x"}),
        # No server runs here: the KMS answers in its place.
        {"name": "Health", "ansible.builtin.uri": {"url": "{{ kms_url }}/v1/sys/health", "status_code": [200, 400, 403, 404, 405, 500, 501]}, "register": "health"},
        {"name": "Show it", "ansible.builtin.debug": {"msg": "{{ health.status }}"}},
    ]  # fmt: skip
    return [{"gather_facts": True, "tasks": [*checks, *tasks], "handlers": [_restart()]}]


def debock_roles() -> list[dict[str, Any]]:
    """The steps of robertdebock.vault and robertdebock.vault_configuration: checks on the controller, a variable, two folders, a template, the service."""
    checks = [
        {"name": f"Check {number}", "ansible.builtin.assert": {"that": "region is string", "quiet": True}, "run_once": True, "delegate_to": "localhost"}
        for number in range(1, 31)
    ]
    skipped = [_skipped("ansible.builtin.copy", f"TLS and license {number}", {"content": "x", "dest": "{{ root }}/x", "mode": "0600"}) for number in range(1, 7)]
    tasks: list[Task] = [
        {"name": "Variable", "ansible.builtin.lineinfile": {
            "path": "{{ root }}/variables", "create": True, "regexp": "^AWS_REGION=", "line": "AWS_REGION={{ region }}", "mode": "0644"}, "notify": "restart"},
        _started(),
        {"name": "Folder of the data", "ansible.builtin.file": {"path": "{{ root }}/data", "state": "directory", "mode": "0750", **_OWNED}},
        *skipped,
        {"name": "Folder", "ansible.builtin.file": {"path": "{{ root }}/etc", "state": "directory", "mode": "0750", **_OWNED}},
        _template("Configuration", "all.hcl", "{{ root }}/etc/all.hcl"),
    ]  # fmt: skip
    return [{"tasks": [*checks, *tasks], "handlers": [_restart()]}]


def _template(name: str, source: str, target: str, mode: str = "0640", notify: bool = True) -> Task:
    task: Task = {"name": name, "ansible.builtin.template": {"src": f"{source}.j2", "dest": target, "mode": mode, **_OWNED}}
    return {**task, "notify": "restart"} if notify else task


def _started() -> Task:
    return {"name": "Start the service", "ansible.builtin.systemd_service": {"name": "openbao", "state": "started", "enabled": True}}


def _restart() -> Task:
    return {"name": "restart", "ansible.builtin.systemd_service": {"name": "openbao", "state": "restarted"}}


def _skipped(module: str, name: str, options: dict[str, Any]) -> Task:
    return {"name": name, module: options, "when": _SKIPPED}


def _fail(name: str) -> Task:
    return _skipped("ansible.builtin.fail", name, {"msg": "x"})
