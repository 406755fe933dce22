# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The code of the module vault_config_restart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .commands import Runner
from .restart_marker import RestartMarker, service_state
from .unit_name import service_unit

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def run(module: AnsibleModule) -> dict[str, Any]:
    """The module's work."""
    unit = service_unit(module.params["unit"])
    marker = RestartMarker(unit, module.params["systemd_directory"], module.params["path"])
    state = service_state(unit, Runner(module))
    pending = marker.pending(state)
    if module.params["done"] and not module.check_mode:
        marker.remove()
    return {"changed": False, "stopped": state.stopped, "pending": pending and not module.params["done"]}
