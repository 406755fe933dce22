# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the connection to a Vault or OpenBao server, shared by the modules that call its API."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  server_address:
    description: The server's address as reachable from the host of the task, such as V(https://127.0.0.1:8200).
    type: str
    required: true
  server_ca_path:
    description: The path of the CA certificate that signed the server's certificate. If not set, the system's trust store is used.
    type: path
  server_validate_certs:
    description: Whether to verify the server's TLS certificate. If V(false), a machine in the middle can read and alter requests and responses.
    type: bool
    default: true
  server_timeout:
    description: The timeout in seconds of one request to the server, and of waiting for a state of the server.
    type: float
    default: 90.0
"""
