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
attributes:
  check_mode:
    description: Can run in check mode and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed, when in diff mode.
    support: partial
    details: A file that holds a secret, or held one, is not shown.
options:
  path:
    description: The configuration file.
    type: path
    required: true
  unit:
    description: The service, such as V(vault), V(vault.service) or V(vault@a). Its name is completed; another kind of unit is refused.
    type: str
    required: true
  systemd:
    description: Whether the service is one of systemd.
    type: bool
    default: true
  systemd_directory:
    description: The folder of the drop-in.
    type: path
    default: /etc/systemd/system
  directory:
    description: The folder of the configuration.
    type: path
    required: true
  config_text:
    description: The text of the configuration file. Empty where there is to be none.
    type: str
    default: ""
  environment_file:
    description: The environment file.
    type: path
    required: true
  environment_text:
    description: Its text. Empty where there is to be none.
    type: str
    default: ""
  environment_file_replace:
    description: Whether an environment file of somebody else may be replaced or removed.
    type: bool
    default: false
  product:
    description: The product.
    type: str
    choices:
      - openbao
      - vault
    required: true
  manage:
    description: Whether the whole configuration is managed, or the file of the seal alone.
    type: str
    choices:
      - seal
      - server
    default: server
  owner:
    description: The owner of what is written.
    type: str
    default: root
  group:
    description: The group that may read the configuration.
    type: str
    required: true
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

from ansible_collections.sealwright.vault_seal.plugins.module_utils.module_edge import run_module
from ansible_collections.sealwright.vault_seal.plugins.module_utils.vault_config.write import WRITE_SPEC, write_task


def main() -> None:
    run_module(write_task, argument_spec=WRITE_SPEC, connects=False)


if __name__ == "__main__":
    main()
