# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module vault_restore_drill: restore a snapshot into a temporary server."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._restore_drill.run import drill


def run(module: AnsibleModule) -> dict[str, Any]:
    """Run the module; raises :class:`SealError` if the snapshot cannot be restored."""
    return drill(module.params, module.check_mode)
