# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the options that the modules of the role vault_config share."""

from __future__ import annotations


class ModuleDocFragment:
    # What a service and its files are called.
    DOCUMENTATION = r"""
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
"""

    # What is to be in the files.
    FILES = r"""
options:
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
"""
