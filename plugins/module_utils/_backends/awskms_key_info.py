# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module awskms_key_info does: describe each key that is asked for, and answer for each, whatever happens."""

from __future__ import annotations

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import connection_options
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.key_survey import KeyDescriber
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.keys import key_in_force, parse_key
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced


def run(module: AnsibleModule) -> dict[str, Any]:
    """The module's work; raises :class:`SealError` for a malformed reference, and where no key at all could be asked for."""
    given = module.params["kms_key_id"]
    asked = [key_in_force(None, os.environ)] if given is None else [Sourced(key, "option kms_key_id") for key in given]
    for key in asked:
        parse_key(key)
    clients = KmsClients(connection_options(module.params))
    describer = KeyDescriber(clients, module.params["include"])
    entries = [describer.entry(key) for key in asked]
    if describer.first_failure and not describer.answered:
        raise describer.first_failure
    return {"changed": False, "kms_keys": entries, "connection": clients.connection()}
