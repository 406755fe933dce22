#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_config_write
short_description: Put the files of a server in place (internal)
version_added: 0.1.0
description:
  - Internal to the role P(sealwright.vault_seal.vault_config#role); its options may change in any release.
  - Prepares all files first and then renames them, by descriptors of their folders. What another user changes in a folder leads no write elsewhere.
  - Files are private from their beginning, and keep their SELinux context.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.vault_config_files
  - sealwright.vault_seal.vault_config_files.files
attributes:
  check_mode:
    description: Can run in check mode and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed, when in diff mode.
    support: partial
    details: A file that holds a secret, or held one, is not shown.
options:
  folder_only:
    description: Whether to make the folder of the configuration, or give it its owner and mode, and write no file.
    type: bool
    default: false
  backup:
    description: Whether to keep a configuration file that is replaced or removed, also where nothing of the seal changes.
    type: bool
    default: false
  environment_file_group_readable:
    description: Whether O(group) may read the environment file.
    type: bool
    default: false
  may_be_initialised:
    description: Whether the server may be initialised. Then a file is kept in any case where something of the seal changes.
    type: bool
    default: true
  show_diff:
    description: Whether diff mode shows the configuration.
    type: bool
    default: true
  mark:
    description: Whether it is noted that the server has to be restarted.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Write
  sealwright.vault_seal.vault_config_write:
    product: openbao
    directory: /etc/openbao
    path: /etc/openbao/openbao.hcl
    environment_file: /etc/openbao/openbao-seal.env
    unit: openbao
    group: openbao
    config_text: "{{ text }}"
"""

RETURN = r"""
changes:
  description: What was changed, in words.
  returned: success
  type: list
  elements: str
  sample: ["/etc/openbao/openbao.hcl written"]
backups:
  description: The backups that were made.
  returned: success
  type: list
  elements: str
  sample: ["/etc/openbao/openbao.hcl.2026-01-31@12:00:00~"]
"""

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import run_module
from ansible_collections.sealwright.vault_seal.plugins.module_utils._vault_config.write import WRITE_SPEC, run


def main() -> None:
    run_module(run, argument_spec=WRITE_SPEC, connects=False)


if __name__ == "__main__":
    main()
