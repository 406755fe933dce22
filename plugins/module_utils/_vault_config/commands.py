# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs commands for the modules of the role vault_config."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


class Runner:
    """Runs what is installed; a command that is not there ends with 127."""

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module

    def __call__(self, command: list[str], variables: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        if not shutil.which(command[0]):
            return 127, "", ""
        try:
            code, out, errors = self._module.run_command(command, environ_update=dict(variables or {}), handle_exceptions=False)
        except OSError:
            return 127, "", ""
        return int(code), str(out), str(errors)
