# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the options that the modules of the role vault_config share."""

from __future__ import annotations


class ModuleDocFragment:
    # The names of a service and its files.
    DOCUMENTATION = r"""
options:
  path:
    description: The configuration file.
    type: path
    required: true
  unit:
    description: The service, such as V(vault), V(vault.service) or V(vault@a). The suffix C(.service) is optional; other unit types are rejected.
    type: str
    required: true
  systemd:
    description: Whether the service is managed by systemd.
    type: bool
    default: true
  systemd_directory:
    description: The directory of the drop-in.
    type: path
    default: /etc/systemd/system
"""

    # The contents of the files.
    FILES = r"""
options:
  directory:
    description: The configuration directory.
    type: path
    required: true
  config_text:
    description: The content of the configuration file. If empty, the file is absent.
    type: str
    default: ""
  environment_file:
    description: The environment file.
    type: path
    required: true
  environment_text:
    description: The content of the environment file. If empty, the file is absent.
    type: str
    default: ""
  environment_file_replace:
    description: Whether an environment file that the role did not write may be replaced or removed.
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
    description: Whether the whole configuration is managed, or only the file with the seal.
    type: str
    choices:
      - seal
      - server
    default: server
  owner:
    description: The owner of the files.
    type: str
    default: root
  group:
    description: The group that can read the configuration.
    type: str
    required: true
"""
