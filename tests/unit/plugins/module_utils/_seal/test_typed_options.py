# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The types of options that come from JSON."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.typed_options import checked_types


@dataclass
class Options:
    text: str = ""
    count: int = 0
    seconds: float = 1.0
    wanted: bool = False
    names: tuple[str, ...] = ()
    maybe: tuple[str, ...] | None = None
    inner: dict[str, int] | None = None


@pytest.mark.parametrize(("name", "value", "checked"), [
    ("text", "x", "x"), ("count", 3, 3), ("seconds", 3, 3), ("seconds", 0.5, 0.5), ("wanted", True, True), ("names", ["a"], ("a",)), ("maybe", [], ()),
])
def test_values_of_the_type(name, value, checked):
    assert checked_types(Options, {name: value, "other": 1}) == {name: checked}


@pytest.mark.parametrize(("name", "value"), [
    ("text", 5), ("text", ["a"]), ("text", {}), ("text", True), ("text", "a\0b"), ("count", "3"), ("count", True), ("count", 3.0), ("count", 1 << 63),
    ("seconds", "3"), ("seconds", True), ("seconds", float("nan")), ("seconds", float("inf")), ("seconds", 10**400), ("wanted", 1), ("wanted", "true"),
    ("names", "a"), ("names", [1]), ("names", {"a": 1}), ("names", ["a\0"]), ("maybe", ["a", None]),
])
def test_values_of_another_type_are_rejected(name, value):
    with pytest.raises(SettingError, match=f"keep_{name} of s3 must be ") as failure:
        checked_types(Options, {name: value}, "keep_", " of s3")
    assert failure.value.reason == "invalid_option"


def test_what_is_not_set_or_has_a_type_of_its_own_is_left_out():
    assert checked_types(Options, {"text": None, "inner": {"a": 1}}) == {}
