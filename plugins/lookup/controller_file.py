# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: controller_file
short_description: Find files on the controller
version_added: 0.1.0
description:
  - Returns the absolute paths of files on the controller. A relative name is searched for in the working directory of Ansible, then in the directory of each
    inventory of the command, then in the directory of the playbook. The variables C(inventory_dir) and C(playbook_dir) are not used, because a managed host
    can set them as facts.
  - In contrast, the lookups of ansible-core search the directory of the playbook, which is inside the collection for a playbook of a collection.
  - The roles of this collection use it to find the files that their variables name.
author:
  - The sealwright.vault_seal authors (@sealwright)
options:
  _terms:
    description: The names of the files. A leading C(~) is expanded to the home directory.
    type: list
    elements: str
    required: true
  exists:
    description:
      - If V(true), the files must exist; the error message lists the searched directories.
      - If V(false), returns paths for files to be written, relative to the working directory only. The directory must exist and be writable.
    type: bool
    default: true
  tasks:
    description: Whether the files must be lists of tasks. A file that Ansible cannot include is rejected.
    type: bool
    default: false
seealso:
  - plugin: sealwright.vault_seal.openpgp_key
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Copy a file from the directory in which ansible-playbook was started
  ansible.builtin.copy:
    src: "{{ lookup('sealwright.vault_seal.controller_file', 'ca.pem') }}"
    dest: "{{ config_folder }}/copy-of-ca.pem"
    mode: "0644"

- name: Show the path of a report
  ansible.builtin.debug:
    msg: "{{ lookup('sealwright.vault_seal.controller_file', 'report.json', exists=false) }}"

- name: Check a task file before it is included
  ansible.builtin.debug:
    msg: "{{ lookup('sealwright.vault_seal.controller_file', 'setup.yml', tasks=true) }}"
"""

RETURN = r"""
_raw:
  description: The absolute paths, in the order of the terms.
  type: list
  elements: str
"""

from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._controller_files import check_tasks, find, for_writing
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._errors import check_keywords, lookup_errors


class LookupModule(LookupBase):
    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        with lookup_errors():
            check_keywords(self, kwargs)
            self.set_options(var_options=variables, direct=kwargs)
            names = [str(term) for term in self._flatten(terms)]
            if not self.get_option("exists"):
                return [for_writing(name) for name in names]
            paths = [find(name, self._loader) for name in names]
            if self.get_option("tasks"):
                for path in paths:
                    check_tasks(path, self._loader)
            return paths
