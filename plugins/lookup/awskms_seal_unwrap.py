# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: awskms_seal_unwrap
short_description: Decrypt values that were sealed by an awskms seal of Vault or OpenBao
version_added: 0.1.0
description:
  - Decrypts, on the controller, values that were sealed by M(sealwright.vault_seal.awskms_seal_wrap), or by the awskms seal of HashiCorp
    Vault or OpenBao, in every format that any release of these has written.
  - Several values in one call are decrypted concurrently, and a wrapped data key that occurs more than once is decrypted once. Decrypt all values that a
    play needs with one C(query), because Ansible evaluates a lookup in a variable again in each task and for each host.
  - Requires the permission C(kms:Decrypt), and C(kms:DescribeKey) if O(allowed_key_ids) contains an alias.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.awskms_connection
  - sealwright.vault_seal.awskms_connection.plugins
  - sealwright.vault_seal.awskms_aad
  - sealwright.vault_seal.awskms_data_keys
  - sealwright.vault_seal.awskms_data_keys.plugins
  - sealwright.vault_seal.awskms_trusted_keys
  - sealwright.vault_seal.awskms_trusted_keys.plugins
options:
  _terms:
    description:
      - The base64-encoded sealed values; with O(from_file=true) the names of files that contain them, binary or base64-encoded.
      - Files are searched for as by other lookups, in C(files/) of the role and of the playbook, then in the working directory of Ansible and
        in the directory of the inventory.
      - A list as a term is flattened.
    type: list
    elements: str
    required: true
  from_file:
    description: Whether the terms are file names.
    type: bool
    default: false
  encoding:
    description:
      - The form of the result. V(text) is the value as text, which must be UTF-8; V(base64) supports any value.
      - V(json) and V(yaml) parse the value as a document and return its content. V(yaml) supports the tags C(!unsafe) and C(!vault).
      - A document can have at most 100 levels and 1000000 values, where values of aliases are counted each time. A number without quotes can have at most 400
        characters, and duplicate keys in a dictionary are rejected. Error messages contain at most the line and column, never content of the document.
    type: str
    choices:
      - text
      - base64
      - json
      - yaml
    default: text
  max_size:
    description: The maximum size of a sealed value in bytes, from 32768 (32 KiB) to 1073741824 (1 GiB).
    type: int
    default: 67108864
seealso:
  - module: sealwright.vault_seal.awskms_seal_unwrap
notes:
  - Ansible does not track sensitive values; set C(no_log=true) on tasks that use them. The result of this lookup is never evaluated as a template.
"""

EXAMPLES = r"""
- name: Use a sealed value
  ansible.builtin.copy:
    content: "{{ lookup('sealwright.vault_seal.awskms_seal_unwrap', sealed_password) }}"
    dest: "{{ config_folder }}/password"
    mode: "0600"
  no_log: true

- name: Decrypt several values that are sealed under our key only
  ansible.builtin.set_fact:
    passwords: "{{ query('sealwright.vault_seal.awskms_seal_unwrap', sealed_database_password, sealed_queue_password, aad='production',
      allowed_key_ids=['alias/vault-unseal']) }}"
  no_log: true

- name: Read one setting of a sealed YAML file
  ansible.builtin.set_fact:
    token: "{{ lookup('sealwright.vault_seal.awskms_seal_unwrap', 'app.yml.sealed', from_file=true, encoding='yaml', max_size=1048576).token }}"
  no_log: true

- name: Decrypt each value with a separate call to KMS
  ansible.builtin.set_fact:
    passwords: "{{ query('sealwright.vault_seal.awskms_seal_unwrap', sealed_password, sealed_password, cache_data_keys=false) }}"
  no_log: true

- name: Decrypt a binary value with binary additional data
  ansible.builtin.set_fact:
    keytab_base64: "{{ lookup('sealwright.vault_seal.awskms_seal_unwrap', sealed_keytab, aad_base64='AAECAw==', encoding='base64') }}"
  no_log: true
"""

RETURN = r"""
_raw:
  description: The values, in the order of the terms.
  type: list
  elements: raw
"""

from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.value_options import (
    aad_option,
    from_blob,
    from_file,
    named_errors,
    trusted_keys,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.unwrap import Unwrapper
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._controller_files import find
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._documents import encoded
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._errors import check_keywords, lookup_errors
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._kms_sessions import KMS_SESSIONS
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._options import ControllerOptions, controller_options, refuse_variables


class LookupModule(LookupBase):
    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[Any]:
        with lookup_errors():
            check_keywords(self, kwargs)
            refuse_variables(variables, kwargs)
            options = controller_options(kwargs)
            self.set_options(direct=kwargs)
            return self._run(self._flatten(terms), variables, options)

    def _run(self, terms: list[Any], variables: dict[str, Any] | None, options: ControllerOptions) -> list[Any]:
        limit = self.get_option("max_size")
        if self.get_option("from_file"):
            names = [f"The file {term}" for term in terms]
            values = [from_file(self._located(term, variables), "The sealed file", limit) for term in terms]
        else:
            names = [f"Value {number}" for number in range(1, len(terms) + 1)]
            values = [from_blob(name, term, limit) for name, term in zip(names, terms)]
        aad = aad_option(self.get_option("aad"), self.get_option("aad_base64"))
        session = KMS_SESSIONS.session(options.connection, options.cache_data_keys)
        trusted = trusted_keys(options.allowed_key_ids, session.clients, values, options.source("allowed_key_ids"))
        with named_errors(names if len(names) > 1 else []):
            opened = Unwrapper(session.clients, aad, trusted, session.data_keys).unwrap_many(values)
        encoding = self.get_option("encoding")
        return [encoded(name, value.plaintext, encoding, self._loader) for name, value in zip(names, opened)]

    def _located(self, term: Any, variables: dict[str, Any] | None) -> str:
        path: str | None = None
        if isinstance(term, str):
            path = self.find_file_in_search_path(variables, "files", term, ignore_missing=True)
        return find(str(term), self._loader, (variables or {}).get("ansible_search_path") or ()) if path is None else path
