#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_config_write
short_description: Write the files of a server (internal)
version_added: 0.1.0
description:
  - Internal to the role P(sealwright.vault_seal.vault_config#role); its options may change in any release.
  - Prepares all files first and then renames them, relative to descriptors of their directories. Other users who change a directory cannot redirect writes.
  - Files are created with private modes, and keep their SELinux context.
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
    details: Files that contain or contained a secret are not shown.
options:
  folder_only:
    description: Whether to only create the configuration directory or set its owner and mode, and write no files.
    type: bool
    default: false
  backup:
    description: Whether to back up a configuration file that is replaced or removed, even if the seal does not change.
    type: bool
    default: false
  environment_file_group_readable:
    description: Whether O(group) can read the environment file.
    type: bool
    default: false
  may_be_initialised:
    description: Whether the server may be initialised. If so, a file is always backed up when the seal changes.
    type: bool
    default: true
  show_diff:
    description: Whether diff mode shows the configuration.
    type: bool
    default: true
  mark:
    description: Whether to record that the server must be restarted.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Write the files
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
  description: Descriptions of the changes.
  returned: success
  type: list
  elements: str
  sample: ["/etc/openbao/openbao.hcl written"]
backups:
  description: The paths of the backups.
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
