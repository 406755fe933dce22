# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: awskms_seal
short_description: Load sealed variables files of groups and hosts
version_added: 0.1.0
description:
  - Loads the files in C(group_vars/) and C(host_vars/), beside the inventory and beside the playbook, whose names end with C(.yml.sealed),
    C(.yaml.sealed) or C(.json.sealed). Such a file is a YAML or JSON document that M(sealwright.vault_seal.awskms_seal_wrap) or the playbook
    C(sealwright.vault_seal.edit) sealed.
  - The files are opened on the controller, in Ansible's own process and not in its workers, once for each file and run, however many hosts and tasks
    there are; several at a time, and each distinct data key once. Nothing is written to disk.
  - Nothing is opened, and nothing is asked of AWS, before a file is needed.
  - The plugin has to be enabled, see the examples. Where it is not, it costs nothing.
  - Needs the permission C(kms:Decrypt), and C(kms:DescribeKey) where O(allowed_key_ids) names an alias.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - ansible.builtin.vars_plugin_staging
  - sealwright.vault_seal.awskms_connection
  - sealwright.vault_seal.awskms_connection.plugins
  - sealwright.vault_seal.awskms_data_keys
  - sealwright.vault_seal.awskms_data_keys.plugins
  - sealwright.vault_seal.awskms_trusted_keys
  - sealwright.vault_seal.awskms_trusted_keys.plugins
options:
  stage:
    env:
      - name: ANSIBLE_VARS_AWSKMS_SEAL_STAGE
    ini:
      - section: awskms
        key: vars_stage
  unopened:
    description:
      - What to do about a file that does not open, or that holds no variables. V(stop) ends the run with the file's name, its key and the reason.
      - V(warn) says so in a warning and leaves its variables out.
    type: str
    choices:
      - stop
      - warn
    default: stop
    env:
      - name: ANSIBLE_VARS_AWSKMS_SEAL_UNOPENED
    ini:
      - section: awskms
        key: vars_unopened
  open:
    description:
      - Which files to open with the first that is needed. V(together) opens those of all groups and hosts of the inventory, or of the
        limit (C(--limit)) where there is one, so that they are opened concurrently. One of them that does not open matters only once it is needed.
      - V(needed) opens what a host needs when the host is dealt with, so that no other secret is opened. With many hosts it is slower, and a
        task that reads C(hostvars) of a host that had no task yet opens its file again in each worker.
    type: str
    choices:
      - together
      - needed
    default: together
    env:
      - name: ANSIBLE_VARS_AWSKMS_SEAL_OPEN
    ini:
      - section: awskms
        key: vars_open
  disabled:
    description: Open nothing and load nothing, although the plugin is enabled; for a run that needs no secrets.
    type: bool
    default: false
    env:
      - name: ANSIBLE_VARS_AWSKMS_SEAL_DISABLED
    ini:
      - section: awskms
        key: vars_disabled
  in_inventory_update:
    description:
      - Whether to load the files also while AWX updates an inventory from a project, which it says by the environment variable E(INVENTORY_UPDATE_ID).
      - AWX would store what they hold in its database, readable to whoever may see the inventory. The jobs themselves load them in any case.
    type: bool
    default: false
    env:
      - name: ANSIBLE_VARS_AWSKMS_SEAL_IN_INVENTORY_UPDATE
    ini:
      - section: awskms
        key: vars_in_inventory_update
  aad:
    description: Additional authenticated data that all files were sealed with, as text.
    type: str
    env:
      - name: ANSIBLE_VARS_AWSKMS_SEAL_AAD
    ini:
      - section: awskms
        key: vars_aad
  max_size:
    description: The most bytes that a sealed file may have, from 32768 (32 KiB) to 1073741824 (1 GiB).
    type: int
    default: 16777216
    env:
      - name: ANSIBLE_VARS_AWSKMS_SEAL_MAX_SIZE
    ini:
      - section: awskms
        key: vars_max_size
  cache_size:
    description:
      - The most bytes of opened files to hold in memory. Beyond it, what was opened first is let go, and opened again when it is needed.
      - Nothing is held anywhere but in the memory of Ansible's process, and of the workers that it forks.
    type: int
    default: 268435456
    env:
      - name: ANSIBLE_VARS_AWSKMS_SEAL_CACHE_SIZE
    ini:
      - section: awskms
        key: vars_cache_size
seealso:
  - module: sealwright.vault_seal.load_vars
  - plugin: ansible.builtin.host_group_vars
    plugin_type: vars
notes:
  - The sealed files of a group or host lie in the folder of its name, at any depth, and beside it; both are loaded, in the order of their names, those
    beside the folder last. Of two values the later wins.
  - Precedence is that of C(ansible.builtin.host_group_vars). For the same group or host, the plugin that C(vars_plugins_enabled) names last wins; of all
    groups of a host, each plugin loads the files before the next one does.
  - Values may hold templates, as in a plain file, and tags such as C(!vault) and C(!unsafe).
  - A document has at most 100 levels and 1000000 values, those of aliases counted each time. A number without quotes has at most 400 characters, the names
    of variables are strings, and no name stands twice in one dictionary.
  - Ansible does not hide variables. Set C(no_log=true) on tasks that would show them, and mind that C(ansible-inventory --list) shows all.
"""

EXAMPLES = r"""
# ansible.cfg: the plugin named last wins, where a plain and a sealed file of the same group or host have the same variable
#
# [defaults]
# vars_plugins_enabled = host_group_vars, sealwright.vault_seal.awskms_seal
#
# [awskms]
# region = eu-central-1
# allowed_key_ids = alias/vault-unseal

# group_vars/all/database.yml.sealed, made by the playbook sealwright.vault_seal.edit or by this task
- name: Seal variables for all hosts
  sealwright.vault_seal.awskms_seal_wrap:
    kms_key_id: alias/vault-unseal
    plaintext: "{{ {'database_password': database_password} | to_nice_yaml }}"
    dest: "{{ inventory_folder }}/group_vars/all/database.yml.sealed"
    mode: "0644"
"""

import os
from typing import Any, ClassVar

from ansible.errors import AnsibleParserError
from ansible.module_utils.common.text.converters import to_bytes
from ansible.plugins.vars import BaseVarsPlugin
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._errors import on_controller
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._variables.loader import Opener, SealedVariables

_INVENTORY_UPDATE = "INVENTORY_UPDATE_ID"


class VarsModule(BaseVarsPlugin):
    is_stateless = True  # else ansible-core makes an instance for each call
    # Of the run, not of an instance: ansible-core makes another one when a role brings plugins.
    _variables: ClassVar[SealedVariables | None] = None

    def get_vars(self, loader: Any, path: str, entities: Any, cache: bool = True) -> dict[str, Any]:
        if VarsModule._variables is None or not cache:
            VarsModule._variables = self._begin()
        try:
            return VarsModule._variables.of(loader, path, entities if isinstance(entities, list) else [entities])
        except SealError as error:
            raise AnsibleParserError(str(on_controller(error))) from None

    def _begin(self) -> SealedVariables:
        updates = _INVENTORY_UPDATE in os.environ and not self.get_option("in_inventory_update")
        return SealedVariables(
            self._opener,
            enabled=not (self.get_option("disabled") or updates),
            prefetch=self.get_option("open") == "together",
            cache_size=self.get_option("cache_size"),
            tolerate=self._display.warning if self.get_option("unopened") == "warn" else None,
        )

    def _opener(self) -> Opener:
        # Imports the AWS SDK, which takes longer than all the rest.
        from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._options import controller_options
        from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._variables.opener import FileOpener

        return FileOpener(controller_options({}), to_bytes(self.get_option("aad") or ""), self.get_option("max_size"))
