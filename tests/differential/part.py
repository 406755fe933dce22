# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one value of a dimension adds to a combination. Every text may name what the world has, in braces: ``{plain}``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Settings = dict[str, str]
# The sections of a file below ~/.aws, with their lines.
Sections = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Part:
    """Settings of the stanza, variables of the service, sections of ~/.aws/config and ~/.aws/credentials, and files below HOME.

    A file in ``files`` takes the place of one that the sections make. A value of None takes away what an earlier dimension gave.
    """

    stanza: Mapping[str, str | None] = field(default_factory=dict)
    environment: Mapping[str, str | None] = field(default_factory=dict)
    config: Sections = field(default_factory=dict)
    credentials: Sections = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


# A form makes the text of the configuration and its suffix of the stanza's settings.
Form = Callable[[Settings], tuple[str, str]]
