#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_config_plan
short_description: Plan changes to the files of a server (internal)
version_added: 0.1.0
description:
  - Internal to the role P(sealwright.vault_seal.vault_config#role); its options may change in any release.
  - Reads the current files of a server, checks the new files, and rejects changes of the seal that were not requested. Files that cannot be read or parsed
    are rejected too. Replaces nothing.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.vault_config_files
  - sealwright.vault_seal.vault_config_files.files
attributes:
  check_mode:
    description: Can run in check mode without changing the result.
    support: full
    details: Changes nothing in any mode.
  diff_mode:
    description: Will return details on what has changed, when in diff mode.
    support: none
    details: Changes nothing.
options:
  version:
    description: The version of the product.
    type: str
  address:
    description: The running server's address.
    type: str
    default: ""
  ca_path:
    description: The path of the server's CA certificate.
    type: path
  same_key:
    description: Whether the current seal and the new seal use the same key.
    type: bool
    default: false
  allow_seal_change:
    description: Whether the type of the seal may change.
    type: bool
    default: false
  validate:
    description: Whether to validate the configuration with the product's own command.
    type: bool
    default: true
  binary:
    description: The product's executable.
    type: str
    default: ""
  prove:
    description: Whether to verify a changed seal before files are replaced.
    type: bool
    default: false
  start:
    description: Whether to start a stopped service.
    type: bool
    default: false
  keep_stage:
    description: Whether to always keep the staging directory.
    type: bool
    default: false
  environment_file_group_readable:
    description: Whether O(group) can read the environment file.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Plan the changes
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
  description: The full name of the unit; empty if there is none.
  returned: success
  type: str
  sample: openbao.service
reads:
  description: The configuration files and directories that the server reads.
  returned: success
  type: list
  elements: str
  sample: ["/etc/openbao"]
candidates:
  description: The new files, in the format of the option C(candidates) of other modules.
  returned: success
  type: list
  elements: dict
  sample: [{"path": "/etc/openbao/openbao.hcl", "src": "/run/vault_config.5e884898da280471.x/openbao.hcl"}]
stage:
  description: The staging directory of the new files, which the caller must remove; empty if it is already removed.
  returned: success
  type: str
  sample: ""
warnings_of_settings:
  description: Warnings about the settings.
  returned: success
  type: list
  elements: str
  sample: []
warning_of_product:
  description: The warning of the product's validation command.
  returned: success
  type: str
  sample: ""
up_to_date:
  description: Whether all files have their content, owner and mode, and no remains of an interrupted run exist, so that nothing has to be written.
  returned: success
  type: bool
  sample: true
folder_due:
  description: Whether the configuration directory must be created, or its owner or mode changed.
  returned: success
  type: bool
  sample: false
may_be_initialised:
  description: Whether the server is initialised, or this is unknown.
  returned: success
  type: bool
  sample: true
prove:
  description: Whether the seal must be verified before files are replaced.
  returned: success
  type: bool
  sample: false
restart_pending:
  description: Whether the server still runs with the replaced files, or must still be started with the new ones.
  returned: success
  type: bool
  sample: false
new_installation:
  description: Whether the service was never started, and the server has no data and does not report that it is initialised.
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
