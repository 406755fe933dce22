#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: check_play
short_description: Check that the hosts of a play run each task together
version_added: 0.1.0
description:
  - Fails if the play uses C(serial), or a strategy such as V(free) or V(host_pinned) that runs the hosts independently of each other.
  - For roles that verify all hosts before they change the first one. The roles of this collection that change a cluster run it first.
  - The strategy V(linear) and strategy plugins derived from it, such as V(debug), are accepted. C(forks) and C(throttle) are not checked.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
attributes:
  action:
    support: full
  async:
    support: none
  become:
    support: none
  bypass_host_loop:
    support: none
  check_mode:
    description: Can run in check mode without changing the result.
    support: full
  connection:
    support: none
  delegation:
    support: none
  diff_mode:
    description: Will return details on what has changed, when in diff mode.
    support: none
    details: Nothing is changed.
options:
  because:
    description: The reason why the hosts must run together. It is appended to the error message.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Check that the hosts of the play run each task together
  sealwright.vault_seal.check_play:
    because: no server may be changed before all servers have been verified
"""

RETURN = r"""
strategy:
  description: The strategy of the play.
  returned: success
  type: str
  sample: linear
"""
