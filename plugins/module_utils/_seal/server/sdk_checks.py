# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings about settings that the server's AWS SDK rejects, or whose effect is unknown."""

from __future__ import annotations

from collections.abc import Iterator

from ..server_sdk.connection import findings
from .products import CREDENTIALS
from .seal_settings import EffectiveSettings, Seal
from .stanza_checks import ERROR, SettingProblem


def sdk_problems(effective: EffectiveSettings, seal: Seal, reported: list[SettingProblem]) -> Iterator[SettingProblem]:
    """The findings about an enabled seal, less those that the checks of the stanza have made already."""
    reasons = {problem.reason for problem in reported}
    broken = any(seal.settings[name].failure for name in CREDENTIALS if name in seal.settings)
    for setting, finding in findings(effective.sdk_inputs(seal)):
        if finding.reason in reasons or (broken and setting == "access_key"):
            continue
        yield SettingProblem(ERROR, finding.reason, setting, finding.msg, finding.remedy)
