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
  - Opens sealed YAML or JSON documents on the controller, and sets what they hold as variables of the host, as M(ansible.builtin.include_vars) does
    with plain files.
  - Several files are opened concurrently, and each distinct data key is decrypted once.
  - The variables are no facts, so that no cache of facts writes them to disk. They are not displayed at any verbosity.
  - Needs the permission C(kms:Decrypt), and C(kms:DescribeKey) where O(allowed_key_ids) names an alias.
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
    details: In check mode the variables are loaded as well.
  connection:
    support: none
  delegation:
    support: partial
    details: The files are opened on the controller in any case; delegation says whose variables they become.
  diff_mode:
    support: none
options:
  file:
    description:
      - The sealed file on the controller, as it is or as base64.
      - It is looked for where M(ansible.builtin.include_vars) looks, in C(vars/) of the role and beside the playbook first.
    type: str
  files:
    description: Several such files. Of two values of the same name the later wins.
    type: list
    elements: str
  name:
    description: The name of one variable to set, as a dictionary of what the files hold. If not set, each value becomes a variable.
    type: str
  kms_key_id:
    description:
      - Not used, and accepted so that C(module_defaults) of the action group can name the key for all modules. A sealed file says itself which key opens it.
      - To open files of one key only, use O(allowed_key_ids).
    type: str
    aliases:
      - key_id
  max_size:
    description: The most bytes that a sealed file may have, from 32768 (32 KiB) to 1073741824 (1 GiB).
    type: int
    default: 67108864
seealso:
  - module: ansible.builtin.include_vars
  - plugin: sealwright.vault_seal.awskms_seal
    plugin_type: vars
notes:
  - The task opens the files once for each host. Use C(run_once=true), or the vars plugin, where all hosts need the same.
  - Values may hold templates, as in a plain file, and tags such as C(!vault) and C(!unsafe).
  - A document has at most 100 levels and 1000000 values, those of aliases counted each time. A number without quotes has at most 400 characters, the names
    of variables are strings, and no name stands twice in one dictionary.
  - With ansible-core before 2.21 the task cannot run in a loop; use O(files).
"""

EXAMPLES = r"""
- name: Load the secrets of this environment
  sealwright.vault_seal.load_vars:
    file: "{{ secrets_folder }}/production.yml.sealed"
    allowed_key_ids:
      - alias/vault-unseal

- name: Load several files, for all hosts at once, below one name
  sealwright.vault_seal.load_vars:
    files:
      - "{{ secrets_folder }}/production.yml.sealed"
      - "{{ secrets_folder }}/mail.json.sealed"
    name: secrets
    max_size: 1048576
    cache_data_keys: false
  run_once: true

- name: Load a file that is bound to its use
  sealwright.vault_seal.load_vars:
    file: "{{ secrets_folder }}/bound.yml.sealed"
    aad: production
"""

RETURN = r"""
ansible_facts:
  description: The variables. They are set in any case; a registered result holds them too.
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
