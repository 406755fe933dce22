# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Has the product's own executable check a configuration."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.products import VAULT

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_BANNER = re.compile(r"(?:OpenBao|Vault) v")
_WARNINGS = 2  # Vault's exit code where only other parts than the configuration are wrong


def check_by_product(
    product: str, binary: str, staged: str, place: str, secret: bool, run: Callable[[list[str], Mapping[str, str]], tuple[int, str, str]]
) -> str:
    """The warnings of the product's checker, empty without findings or without a checker; raises :class:`SettingError` (``refused_by_product``).

    OpenBao's checker only reads; Vault has only ``diagnose``, whose other findings concern files that do not exist yet.

    :param staged: the file to check, shown as ``place`` in messages.
    :param secret: the file holds a secret, which the checker might quote.
    """
    executable = shutil.which(binary or ("vault" if product == VAULT else "bao"))
    if not executable:
        return ""
    arguments = ["operator", "diagnose", "-skip=storage", "-skip=listener"] if product == VAULT else ["operator", "validate-config"]
    code, out, errors = run([executable, *arguments, f"-config={staged}"], {"NO_COLOR": "1"})
    if code == 0:
        return ""
    lines = [_COLOUR.sub("", line).replace(staged, place).strip() for line in (out + "\n" + errors).splitlines()]
    message = "its output is not shown, because it may contain a secret" if secret else " ".join(line for line in lines if line and not _BANNER.match(line))
    if code != _WARNINGS:
        raise SettingError(f"The server's validation command rejected the configuration: {message}", reason="refused_by_product")
    return message
