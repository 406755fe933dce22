# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the way to a server of Vault or OpenBao, which modules share that ask it."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  server_address:
    description: The server's address as seen from where the task runs, such as V(https://127.0.0.1:8200).
    type: str
    required: true
  server_ca_path:
    description: The file of the certificate authority that signed the server's certificate. If not set, the system's are trusted.
    type: path
  server_validate_certs:
    description: Whether to check the server's certificate. Turning it off lets anybody on the way read and alter what is said.
    type: bool
    default: true
  server_timeout:
    description: How many seconds one request to the server may take, and how long to wait for a state of the server.
    type: float
    default: 90.0
"""
