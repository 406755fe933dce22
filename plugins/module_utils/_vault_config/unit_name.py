# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The name of a unit of systemd."""

from __future__ import annotations

import re

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError

_SUFFIX = ".service"
_OTHERS = (".socket", ".device", ".mount", ".automount", ".swap", ".target", ".path", ".timer", ".slice", ".scope")
_NAME = re.compile(r"[A-Za-z0-9:_.\\-]+(?:@[A-Za-z0-9:_.\\-]*)?\Z")


def service_unit(name: str) -> str:
    """The full name of a service, as systemd calls it: ``vault`` and ``vault.service`` are one, and ``vault@a`` is an instance of a template.

    :raises SettingError: it is not the name of a service (``invalid_option``).
    """
    full = name if name.endswith(_SUFFIX) else name + _SUFFIX
    stem = full[: -len(_SUFFIX)]
    if name.endswith(_OTHERS):
        raise _wrong(f"vault_config_unit is {name}, which is not a service.", "Use the service that runs the server.")
    if not _NAME.match(stem):
        raise _wrong(f"vault_config_unit is {name!r}, which is not a valid unit name.", "Use a name such as vault or vault.service.")
    if stem.endswith("@"):
        raise _wrong(f"vault_config_unit is the template {name}.", f"Use one of its instances, such as {stem}a.")
    return full


def _wrong(message: str, remedy: str) -> SettingError:
    return SettingError(message, reason="invalid_option", remedy=remedy)
