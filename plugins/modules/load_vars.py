#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: load_vars
short_description: Load variables from sealed files at run time
version_added: 0.1.0
description:
  - Decrypts sealed YAML or JSON documents on the controller, and sets their contents as variables of the host, as M(ansible.builtin.include_vars) does
    with plain files.
  - Several files are decrypted concurrently, and each distinct data key is decrypted once.
  - The variables are not facts, so fact caches do not write them to disk. They are not displayed at any verbosity.
  - Requires the permission C(kms:Decrypt), and C(kms:DescribeKey) if O(allowed_key_ids) contains an alias.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.awskms_connection
  - sealwright.vault_seal.awskms_connection.modules
  - sealwright.vault_seal.awskms_connection.controller
  - sealwright.vault_seal.awskms_data_keys
  - sealwright.vault_seal.awskms_trusted_keys
  - sealwright.vault_seal.awskms_aad
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
attributes:
  action:
    support: full
  async:
    support: none
  become:
    support: none
  bypass_host_loop:
    support: none
  check_mode:
    support: full
    details: The variables are also loaded in check mode.
  connection:
    support: none
  delegation:
    support: partial
    details: The files are always decrypted on the controller; delegation selects the host whose variables are set.
  diff_mode:
    support: none
options:
  file:
    description:
      - The sealed file on the controller, binary or base64-encoded.
      - It is searched for in the same directories as by M(ansible.builtin.include_vars), first in C(vars/) of the role and of the playbook.
    type: str
  files:
    description: Several such files. If they define the same variable, the last file takes precedence.
    type: list
    elements: str
  name:
    description: The name of a variable that is set to a dictionary of all values. If not set, each value becomes a variable.
    type: str
  kms_key_id:
    description:
      - Ignored. Accepted so that C(module_defaults) of the action group can set the key for all modules. A sealed file names its key itself.
      - To decrypt files of one key only, use O(allowed_key_ids).
    type: str
    aliases:
      - key_id
  max_size:
    description: The maximum size of a sealed file in bytes, from 32768 (32 KiB) to 1073741824 (1 GiB).
    type: int
    default: 67108864
seealso:
  - module: ansible.builtin.include_vars
  - plugin: sealwright.vault_seal.awskms_seal
    plugin_type: vars
notes:
  - The task decrypts the files once for each host. Use C(run_once=true), or the vars plugin, if all hosts need the same variables.
  - Values can contain templates, as in a plain file, and tags such as C(!vault) and C(!unsafe).
  - A document can have at most 100 levels and 1000000 values, where values of aliases are counted each time. A number without quotes can have at most 400
    characters, variable names must be strings, and duplicate keys in a dictionary are rejected.
  - The task cannot run in a loop with ansible-core before 2.21; use O(files).
"""

EXAMPLES = r"""
- name: Load the secrets of this environment
  sealwright.vault_seal.load_vars:
    file: "{{ secrets_folder }}/production.yml.sealed"
    allowed_key_ids:
      - alias/vault-unseal

- name: Load several files for all hosts into one dictionary
  sealwright.vault_seal.load_vars:
    files:
      - "{{ secrets_folder }}/production.yml.sealed"
      - "{{ secrets_folder }}/mail.json.sealed"
    name: secrets
    max_size: 1048576
    cache_data_keys: false
  run_once: true

- name: Load a file that was sealed with additional data
  sealwright.vault_seal.load_vars:
    file: "{{ secrets_folder }}/bound.yml.sealed"
    aad: production
"""

RETURN = r"""
ansible_facts:
  description: The variables. They are always set; a registered result also contains them.
  returned: success
  type: dict
  sample: {"database_password": "correct horse"}
ansible_included_var_files:
  description: The files that were loaded.
  returned: success
  type: list
  elements: str
  sample: ["/srv/project/vars/production.yml.sealed"]
"""
