#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_config_restart
short_description: Check whether a server must be restarted, or record that it was restarted (internal)
version_added: 0.1.0
description:
  - Internal to the role P(sealwright.vault_seal.vault_config#role); its options may change in any release.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.vault_config_files
attributes:
  check_mode:
    description: Can run in check mode and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed, when in diff mode.
    support: none
    details: The module has no diff.
options:
  done:
    description: Whether to record that the server was restarted.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Check whether the server must be restarted
  sealwright.vault_seal.vault_config_restart:
    path: /etc/openbao/openbao.hcl
    unit: openbao
"""

RETURN = r"""
stopped:
  description: Whether the service is stopped or was never started. A failed service does not count as stopped.
  returned: success
  type: bool
  sample: false
pending:
  description: Whether the server still runs with the replaced files.
  returned: success
  type: bool
  sample: false
"""

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import run_module
from ansible_collections.sealwright.vault_seal.plugins.module_utils._vault_config.options import MARKER_SPEC
from ansible_collections.sealwright.vault_seal.plugins.module_utils._vault_config.restart import run


def main() -> None:
    run_module(run, argument_spec={**MARKER_SPEC, "done": {"type": "bool", "default": False}}, connects=False)


if __name__ == "__main__":
    main()
