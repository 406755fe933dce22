# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the options that describe a server, which all modules share that ask about its seal."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  product:
    description:
      - The server's product. Vault and OpenBao read settings from different sources.
      - If not set, the product is detected from the executable that O(unit) starts.
    type: str
    choices:
      - openbao
      - vault
  version:
    description:
      - The server's version, such as V(2.6.2) or V(1.19.0+ent). The result depends on it.
      - If not set, OpenBao 2.6 or Vault 1.21 is assumed.
    type: str
  config:
    description:
      - The server's configuration files, in HCL or JSON, and configuration directories, as passed to its option C(-config).
      - If not set, those that O(unit) names are read.
    type: list
    elements: path
  unit:
    description:
      - The systemd unit of the server, or an instance of a template such as V(vault@one). Its command line, environment, user, working directory and
        credentials are read, with all drop-ins.
      - The files are read, so that the answer is the same before the service was ever started. Specifiers, and variables in C(ExecStart=), are resolved as
        systemd does. If the arguments of the server cannot be determined, for example with a shell in C(ExecStart=), the module fails unless O(config) is set.
    type: str
  unit_directories:
    description: The directories of unit files, in order of precedence. If not set, the directories listed in C(systemd.unit(5)).
    type: list
    elements: path
  environment_files:
    description: Environment files of the server in addition to those that O(unit) names, in the syntax of C(systemd.exec(5)).
    type: list
    elements: path
  environment:
    description: Variables of the server's environment, in addition to those of O(unit) and O(environment_files), and with precedence over them.
      Without O(unit), C(VAULT_LOCAL_CONFIG) or C(BAO_LOCAL_CONFIG) among them is read as a configuration file, as the entry points of containers do.
    type: dict
  candidates:
    description:
      - Configuration files and environment files that will be replaced, and the files that will replace them.
      - The result describes the settings that will be in effect once the files are replaced. Sources name the final paths.
    type: list
    elements: dict
    suboptions:
      path:
        description: The final path.
        type: path
        required: true
      src:
        description: The file to read instead. If not set, the file is treated as absent.
        type: path
"""
