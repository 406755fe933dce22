# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The error of a file or folder that a task names."""

from __future__ import annotations

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError


def file_error(message: str, remedy: str = "Check the path and its permissions on the host where the task runs.") -> SettingError:
    """A :class:`SettingError` with the reason ``file_error``."""
    return SettingError(message, reason="file_error", remedy=remedy)
