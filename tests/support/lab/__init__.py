# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts that are real enough, without a container engine: each a network namespace with processes, mounts and an sshd of its own.

`python -m support.lab create FOLDER` makes three of them and a strict KMS that they reach over the network, `destroy FOLDER` ends all.
Needs root, `ip` (iproute2), `unshare` (util-linux) and `sshd` (openssh-server).
"""
