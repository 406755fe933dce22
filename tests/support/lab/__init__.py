# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Realistic hosts without a container engine: each is a network namespace with its own processes, mounts and sshd.

`python -m support.lab create FOLDER` makes three of them and a strict KMS that they reach over the network, `destroy FOLDER` ends all.
Needs root, `ip` (iproute2), `unshare` (util-linux) and `sshd` (openssh-server).
"""
