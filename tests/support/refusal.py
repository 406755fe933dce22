# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls of boto3 that AWS is to refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


def refusal(call: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    """AWS's error code and message; a call that succeeds fails the test."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error.get("Message", "")


def code_of(call: Callable[..., Any], **parameters: Any) -> str:
    """AWS's error code alone."""
    return refusal(call, **parameters)[0]
