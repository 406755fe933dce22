# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters that decrypt and describe sealed values.

They are imported when one is used: each of Ansible's workers imports all filters of a collection with the first one that its task uses, and the
AWS SDK would take longer than all else in most tasks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import pass_environment

_READ_DOCUMENTS = ("awskms_seal_unwrap", "awskms_seal_extract")


def _imported_when_used(name: str) -> Callable[..., Any]:
    @pass_environment
    def use(environment: Any, *arguments: Any, **options: Any) -> Any:
        from ansible_collections.sealwright.vault_seal.plugins.plugin_utils import _value_filters as value_filters

        if name in _READ_DOCUMENTS:
            options["loader"] = _loader(environment)
        return getattr(value_filters, name)(*arguments, **options)

    return use


def _loader(environment: Any) -> Any:
    """Ansible's loader, with the passwords of ansible-vault; None from ansible-core 2.19 on, where every loader has them."""
    lookup = getattr(environment, "globals", {}).get("lookup")
    return getattr(getattr(lookup, "__self__", None), "_loader", None)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {name: _imported_when_used(name) for name in ("awskms_seal_unwrap", "awskms_seal_extract", "awskms_seal_info")}
