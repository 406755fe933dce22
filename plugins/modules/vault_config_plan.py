#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_config_plan
short_description: Decide on the files of a server (internal)
version_added: 0.1.0
description:
  - Internal to the role P(sealwright.vault_seal.vault_config#role); its options may change in any release.
  - Reads what a host has for a server, checks what it is to have, and refuses a change of the seal that nobody asked for. What cannot be read or understood
    is refused too. Replaces nothing.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.vault_config_files
  - sealwright.vault_seal.vault_config_files.files
attributes:
  check_mode:
    description: Can run in check mode and return the same as otherwise.
    support: full
    details: Changes nothing in any mode.
  diff_mode:
    description: Will return details on what has changed, when in diff mode.
    support: none
    details: Changes nothing.
options:
  version:
    description: The release of the product.
    type: str
  address:
    description: The running server's address.
    type: str
    default: ""
  ca_path:
    description: Its certificate authority.
    type: path
  same_key:
    description: Whether the seal that is there and the one that is to be name one key.
    type: bool
    default: false
  allow_seal_change:
    description: Whether the type of the seal may change.
    type: bool
    default: false
  validate:
    description: Whether the product's own checker looks at the configuration.
    type: bool
    default: true
  binary:
    description: The product's executable.
    type: str
    default: ""
  prove:
    description: Whether a changed seal is to be proven before files are replaced.
    type: bool
    default: false
  start:
    description: Whether a service that is stopped is to be started.
    type: bool
    default: false
  keep_stage:
    description: Whether the files are left in their stage in any case.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Decide
  sealwright.vault_seal.vault_config_plan:
    product: openbao
    directory: /etc/openbao
    path: /etc/openbao/openbao.hcl
    environment_file: /etc/openbao/openbao-seal.env
    unit: openbao
    group: openbao
    config_text: "{{ text }}"
"""

RETURN = r"""
unit:
  description: The unit's full name; empty where there is none.
  returned: success
  type: str
  sample: openbao.service
reads:
  description: What the server reads.
  returned: success
  type: list
  elements: str
  sample: ["/etc/openbao"]
candidates:
  description: The files as they will be, as other modules take them.
  returned: success
  type: list
  elements: dict
  sample: [{"path": "/etc/openbao/openbao.hcl", "src": "/run/vault_config.5e884898da280471.x/openbao.hcl"}]
stage:
  description: The folder in which they lie, which the caller removes; empty where it is removed already.
  returned: success
  type: str
  sample: ""
warnings_of_settings:
  description: What will surprise.
  returned: success
  type: list
  elements: str
  sample: []
warning_of_product:
  description: What the product's checker warns of.
  returned: success
  type: str
  sample: ""
folder_due:
  description: Whether the folder of the configuration has to be made, or to get its owner and mode.
  returned: success
  type: bool
  sample: false
may_be_initialised:
  description: Whether the server is initialised, or that cannot be told.
  returned: success
  type: bool
  sample: true
prove:
  description: Whether the seal has to be proven before files are replaced.
  returned: success
  type: bool
  sample: false
restart_pending:
  description: Whether the server still runs with files that were replaced, or was not started with them where it is to be.
  returned: success
  type: bool
  sample: false
new_installation:
  description: Whether the service was never started, of a server that has no data and does not say that it is initialised.
  returned: success
  type: bool
  sample: false
"""

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import run_module
from ansible_collections.sealwright.vault_seal.plugins.module_utils._vault_config.plan import PLAN_SPEC, run


def main() -> None:
    run_module(run, argument_spec=PLAN_SPEC, connects=False)


if __name__ == "__main__":
    main()
