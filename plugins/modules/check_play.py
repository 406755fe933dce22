#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: check_play
short_description: Refuse a play whose hosts do not go through the tasks together
version_added: 0.1.0
description:
  - Fails where the play has C(serial), or a strategy such as V(free) or V(host_pinned) that lets each host go on by itself.
  - For roles that prove something of all hosts before they change the first one. The roles of this collection that change a cluster begin with it.
  - The strategy V(linear) is accepted, and each plugin that is derived from it, such as V(debug). C(forks) and C(throttle) do not matter.
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
    description: Can run in check mode and return the same as otherwise.
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
    description: Why the hosts have to go together, as it goes on in a sentence of the error message.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Check that the hosts of the play go through the tasks together
  sealwright.vault_seal.check_play:
    because: no server may be changed before all of them were proven
"""

RETURN = r"""
strategy:
  description: The strategy of the play.
  returned: success
  type: str
  sample: linear
"""
