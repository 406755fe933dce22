# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values with their sources."""

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced, first


def test_a_value_is_shown_with_its_source() -> None:
    value = Sourced("eu-west-1", "environment variable AWS_REGION")
    assert str(value) == "eu-west-1 (from environment variable AWS_REGION)"
    assert value.as_result() == {"value": "eu-west-1", "source": "environment variable AWS_REGION"}


@pytest.mark.parametrize(("environ", "expected"), [
    ({"AWS_REGION": "a", "AWS_DEFAULT_REGION": "b"}, Sourced("a", "environment variable AWS_REGION")),
    ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "b"}, Sourced("b", "environment variable AWS_DEFAULT_REGION")),
    ({"AWS_DEFAULT_REGION": "b", "OTHER": "c"}, Sourced("b", "environment variable AWS_DEFAULT_REGION")),
    ({"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, None),
    ({}, None),
])
def test_the_first_variable_that_is_set_and_not_empty_counts(environ: dict[str, str], expected: Sourced | None) -> None:
    assert first(environ, ("AWS_REGION", "AWS_DEFAULT_REGION")) == expected
