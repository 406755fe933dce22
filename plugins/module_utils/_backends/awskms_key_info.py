# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module awskms_key_info: describe each requested key, with one entry for each key even if it cannot be described."""

from __future__ import annotations

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import connection_options
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.key_survey import KeySurvey
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.keys import Key, key_in_force
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced


def run(module: AnsibleModule) -> dict[str, Any]:
    """Run the module; raises :class:`SealError` for a malformed reference, and if no key could be described."""
    given = module.params["kms_key_id"]
    asked = [key_in_force(None, os.environ)] if given is None else [Key.parse(Sourced(key, "option kms_key_id")) for key in given]
    clients = KmsClients(connection_options(module.params))
    survey = KeySurvey(clients, skipped="Not asked for")
    entries = [survey.entry(key, module.params["include"]) for key in asked]
    survey.check_answered()
    return {"changed": False, "kms_keys": entries, "connection": clients.connection()}
