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
      - The server's product, since the two differ in where they take settings from.
      - If not set, it is told from the executable that O(unit) starts.
    type: str
    choices:
      - openbao
      - vault
  version:
    description:
      - The server's version, such as V(2.6.2) or V(1.19.0+ent). What is said depends on it.
      - If not set, OpenBao 2.6 or Vault 1.21 is assumed.
    type: str
  config:
    description:
      - Configuration files of the server, in HCL or JSON, and folders of them, as they are given to its option C(-config).
      - If not set, those are read that O(unit) names.
    type: list
    elements: path
  unit:
    description:
      - The systemd unit of the server. Its C(Environment=), C(EnvironmentFile=) and C(UnsetEnvironment=) are read, with all drop-ins, as is its C(User=).
      - The files are read, so that the answer is the same before the service was ever started. Of the specifiers only C(%%) is resolved.
    type: str
  unit_directories:
    description: Where units are, what wins first. If not set, the folders of C(systemd.unit(5)).
    type: list
    elements: path
  environment_files:
    description: Environment files of the server beside those that O(unit) names, in the syntax of C(systemd.exec(5)).
    type: list
    elements: path
  environment:
    description: Variables of the server's environment, beside those that O(unit) and O(environment_files) give it, and winning over them.
    type: dict
  candidates:
    description:
      - Configuration files and environment files that are to be taken for what is to replace them.
      - It is told what would be in force if they were put in their places, and the sources are the places.
    type: list
    elements: dict
    suboptions:
      path:
        description: The place.
        type: path
        required: true
      src:
        description: The file to read instead. If not set, there will be no such file.
        type: path
"""
