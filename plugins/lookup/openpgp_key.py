# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: openpgp_key
short_description: Read OpenPGP public keys for Vault or OpenBao
version_added: 0.1.0
description:
  - Reads OpenPGP public keys from files on the controller, and returns each base64-encoded, as M(sealwright.vault_seal.vault_init) and the
    servers expect.
  - Keys that are damaged, expired, revoked, secret or not usable for encryption are rejected.
author:
  - The sealwright.vault_seal authors (@sealwright)
options:
  _terms:
    description:
      - The names of files, searched for as by P(sealwright.vault_seal.controller_file#lookup), armored or in the binary format of C(gpg --export); or the
        keys themselves, armored or base64-encoded.
    type: list
    elements: str
    required: true
seealso:
  - plugin: sealwright.vault_seal.controller_file
    plugin_type: lookup
  - module: sealwright.vault_seal.vault_init
"""

EXAMPLES = r"""
- name: Check the keys of the holders of the recovery key
  sealwright.vault_seal.vault_init:
    server_address: "{{ new_server }}"
    recovery_pgp_keys: "{{ query('sealwright.vault_seal.openpgp_key', 'keys/ada.asc', 'keys/bob.asc', 'keys/eve.asc') }}"
    recovery_threshold: 2
    dest: "{{ init_folder }}/shares.json"
    root_token_pgp_key: "{{ lookup('sealwright.vault_seal.openpgp_key', 'keys/ada.asc') }}"
  check_mode: true
"""

RETURN = r"""
_raw:
  description: The base64-encoded keys, in the order of the terms.
  type: list
  elements: str
"""

import base64
import time
from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.value_options import named_errors
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.recipients.openpgp_key import PgpKey
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._controller_files import find, read
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._errors import check_keywords, lookup_errors

_LARGEST = 1 << 20  # bytes of a key file
_LONGEST_NAME = 255  # characters; a key is always longer


class LookupModule(LookupBase):
    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        with lookup_errors():
            check_keywords(self, kwargs)
            return [_key(number, str(term), self._loader) for number, term in enumerate(self._flatten(terms), 1)]


def _key(number: int, term: str, loader: Any) -> str:
    if len(term) > _LONGEST_NAME or "\n" in term.strip() or term.lstrip().startswith("-----BEGIN"):
        name, text = f"OpenPGP key {number}", term
    else:
        name = find(term, loader)
        content = read(name, _LARGEST)
        # Binary OpenPGP begins with the highest bit set.
        text = base64.b64encode(content).decode() if content[:1] >= b"\x80" else content.decode("utf-8", "replace")
    with named_errors([name]):
        key = PgpKey.parse(text)
        key.check_encrypts(time.time())
    return key.as_base64()
