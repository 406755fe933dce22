# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: awskms_seal
short_description: Load sealed variables files of groups and hosts
version_added: 0.1.0
description:
  - Loads the files in C(group_vars/) and C(host_vars/) of the inventory and of the playbook whose names end with C(.yml.sealed),
    C(.yaml.sealed) or C(.json.sealed). Such a file is a YAML or JSON document that was sealed by M(sealwright.vault_seal.awskms_seal_wrap) or the playbook
    C(sealwright.vault_seal.edit).
  - The files are decrypted on the controller, in Ansible's main process and not in its workers. Each file is decrypted once for each run, regardless of the
    number of hosts and tasks. Files are decrypted concurrently, and each distinct data key once. Nothing is written to disk.
  - AWS is not called before a file is needed.
  - The plugin must be enabled, see the examples. It has no cost if it is not enabled.
  - Requires the permission C(kms:Decrypt), and C(kms:DescribeKey) if O(allowed_key_ids) contains an alias.
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
      - The action for a file that cannot be decrypted or does not contain variables. V(stop) fails with the file's name, its key and the reason.
      - V(warn) displays a warning and omits its variables.
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
      - Which files to decrypt when the first file is needed. V(together) concurrently decrypts the files of all groups and hosts of the inventory, or of the
        limit (C(--limit)). If one of them cannot be decrypted, this is an error only once it is needed.
      - V(needed) decrypts the files of a host when the host is processed, so that no other secrets are decrypted. It is slower with many hosts, and a
        task that reads C(hostvars) of a host without a previous task decrypts its file again in each worker.
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
    description: Whether to load no files although the plugin is enabled, for a run that needs no secrets.
    type: bool
    default: false
    env:
      - name: ANSIBLE_VARS_AWSKMS_SEAL_DISABLED
    ini:
      - section: awskms
        key: vars_disabled
  in_inventory_update:
    description:
      - Whether to load the files while AWX updates an inventory from a project, which is detected by the environment variable E(INVENTORY_UPDATE_ID).
      - AWX would store the variables in its database, readable by everyone who can view the inventory. Jobs always load the files.
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
    description: The maximum size of a sealed file in bytes, from 32768 (32 KiB) to 1073741824 (1 GiB).
    type: int
    default: 16777216
    env:
      - name: ANSIBLE_VARS_AWSKMS_SEAL_MAX_SIZE
    ini:
      - section: awskms
        key: vars_max_size
  cache_size:
    description:
      - The maximum size in bytes of decrypted files in memory. If it is exceeded, the oldest files are dropped, and decrypted again when they are needed.
      - Decrypted files are stored only in the memory of Ansible's main process and of the workers that it forks.
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
  - The sealed files of a group or host are in a directory with its name, at any depth, or next to this directory. All are loaded in the order of their
    names, the files next to the directory last. Later values take precedence.
  - The precedence is that of C(ansible.builtin.host_group_vars). For the same group or host, the last plugin in C(vars_plugins_enabled) takes precedence. Each
    plugin loads the files of all groups of a host before the next plugin does.
  - Values can contain templates, as in a plain file, and tags such as C(!vault) and C(!unsafe).
  - A document can have at most 100 levels and 1000000 values, where values of aliases are counted each time. A number without quotes can have at most 400
    characters, variable names must be strings, and duplicate keys in a dictionary are rejected.
  - Ansible does not hide variables. Set C(no_log=true) on tasks that would display them. C(ansible-inventory --list) displays all variables.
"""

EXAMPLES = r"""
# ansible.cfg: the last plugin takes precedence if a plain and a sealed file of the same group or host define the same variable
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
    is_stateless = True  # otherwise ansible-core creates an instance for each call
    # Class attributes, because ansible-core creates another instance when a role contains plugins.
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
        # Imports the AWS SDK, which takes longer than everything else.
        from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._options import controller_options
        from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._variables.opener import FileOpener

        return FileOpener(controller_options({}), to_bytes(self.get_option("aad") or ""), self.get_option("max_size"))
