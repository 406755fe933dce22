# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Transient errors are retried; permanent ones end in time, with the reason.

A call may take ``timeout`` seconds, and one attempt longer: at most 5 seconds for the connection and 10 for the answer, and no more
than ``timeout`` for either.
"""

from __future__ import annotations

from typing import Any

import pytest

from support.adapter import Adapter
from support.credential_endpoints import black_hole, full_listener, refusing, serving
from support.slack import SLACK
from support.strict_kms import Credentials, StrictKms

pytestmark = pytest.mark.matrix

REGION = "in region us-east-1 (from environment variable AWS_REGION)"
SLOW = "Check the route, firewall, security group and VPC endpoint, or increase the option timeout."
WAY = "Check the endpoint's name and port, DNS, the route and the proxy."
DNS = "Check the endpoint's name, the region and DNS; the name of a VPC endpoint can be resolved only in its VPC."
AGAIN = "Try again; if the problem persists, check the AWS Health Dashboard."


@pytest.mark.parametrize("kind", ["throttle", "500", "503", "reset"])
def test_what_passes_is_tried_again(adapter: Adapter, kms: StrictKms, signed_in: dict[str, str], kind: str) -> None:
    kms.clear_calls()
    kms.fault(kind, "DescribeKey", times=2)
    try:
        adapter.connection(**signed_in)
    finally:
        kms.clear_faults()
    assert len(kms.calls("DescribeKey")) == 3


@pytest.mark.parametrize(
    ("kind", "reason", "message"),
    [
        (
            "throttle",
            "throttled",
            "ThrottlingException: Rate exceeded. Try again later, increase the option timeout, or request a higher KMS request quota from AWS.",
        ),
        ("500", "kms_internal", f"KMSInternalException: The request was rejected because an internal exception occurred. {AGAIN}"),
        ("503", "kms_internal", f"ServiceUnavailable: Service is unavailable. {AGAIN}"),
        ("reset", "unreachable", f"the connection was closed without a response. {WAY}"),
    ],
)
@pytest.mark.parametrize("timeout", [0.5, 3])
def test_what_does_not_pass_ends_in_time(
    adapter: Adapter, kms: StrictKms, signed_in: dict[str, str], kind: str, reason: str, message: str, timeout: float
) -> None:
    kms.clear_calls()
    kms.fault(kind, "DescribeKey")
    try:
        error = adapter.refusal({"timeout": timeout}, key="alias/any", **signed_in)
    finally:
        kms.clear_faults()
    where = f"{REGION} at {kms.url} (from environment variable AWS_KMS_ENDPOINT)"
    what = f"AWS KMS cannot be reached {where}: " if kind == "reset" else f"AWS rejected DescribeKey with key alias/any {where}: "
    assert error[:2] == (reason, what + message)
    assert error[2] < timeout + SLACK
    if kind == "throttle":
        assert error[2] >= timeout - 0.5, "given up while there was time"
    # With less than a second there is none for the first wait.
    assert (len(kms.calls("DescribeKey")) > 1) == (timeout > 1)


def test_kms_that_says_when_to_come_again(adapter: Adapter, signed_in: dict[str, str]) -> None:
    """Newer releases of botocore wait as long as a header says, up to five seconds more than otherwise."""
    busy = '{"__type": "ThrottlingException"}'
    with serving({("POST", "/"): lambda headers: (400, busy, {"x-amz-retry-after": "60000"})}) as server:
        reason, _message, seconds = adapter.refusal({"endpoint": server.url, "timeout": 4}, **signed_in)
    assert reason == "throttled"
    assert seconds < 4 + SLACK


@pytest.mark.parametrize("timeout", [0.3, 1])
def test_an_endpoint_that_hangs(adapter: Adapter, signed_in: dict[str, str], timeout: float) -> None:
    with black_hole() as url:
        reason, message, seconds = adapter.refusal({"endpoint": url, "timeout": timeout}, **signed_in)
    where = f"{REGION} at {url} (from option endpoint)"
    assert (reason, message) == ("timed_out", f"AWS KMS cannot be reached {where}: the response timed out. {SLOW}")
    assert timeout <= seconds < timeout + SLACK


def test_an_endpoint_behind_a_firewall_that_drops(adapter: Adapter, signed_in: dict[str, str]) -> None:
    with full_listener() as url:
        reason, message, seconds = adapter.refusal({"endpoint": url, "timeout": 1}, **signed_in)
    where = f"{REGION} at {url} (from option endpoint)"
    assert (reason, message) == ("timed_out", f"AWS KMS cannot be reached {where}: the connection timed out. {SLOW}")
    assert 1 <= seconds < 1 + SLACK


def test_an_answer_that_comes_too_late(adapter: Adapter, kms: StrictKms, signed_in: dict[str, str]) -> None:
    kms.fault("slow", "DescribeKey", seconds=2)
    try:
        reason, _message, seconds = adapter.refusal({"timeout": 1}, **signed_in)
    finally:
        kms.clear_faults()
    assert reason == "timed_out"
    assert 1 <= seconds < 1 + SLACK


@pytest.mark.parametrize(
    ("url", "why"), [("", f"the connection was refused. {WAY}"), ("https://kms.invalid", f"its name cannot be resolved. {DNS}")]
)
def test_an_endpoint_that_is_not_there(adapter: Adapter, signed_in: dict[str, str], url: str, why: str) -> None:
    url = url or refusing()
    reason, message, seconds = adapter.refusal({"endpoint": url, "timeout": 1}, **signed_in)
    where = f"{REGION} at {url} (from option endpoint)"
    assert (reason, message) == ("unreachable", f"AWS KMS cannot be reached {where}: {why}")
    assert seconds < 1 + SLACK


# STS is asked by the same rules


@pytest.mark.parametrize(("by_profile", "source"), [(False, "option sts_endpoint"), (True, "AWS profile vault")])
def test_sts_that_hangs(
    adapter: Adapter, signed_in: dict[str, str], user: Credentials, role: Credentials, tmp_path: Any, by_profile: bool, source: str
) -> None:
    with black_hole() as url:
        config = tmp_path / "config"
        config.write_text(
            f"[profile vault]\nrole_arn = {role.arn}\ncredential_source = Environment\nendpoint_url = {url}\n", encoding="utf-8"
        )
        options: dict[str, Any] = {"shared_creds_profile": "vault"} if by_profile else {"role_arn": role.arn, "sts_endpoint": url}
        reason, message, seconds = adapter.refusal({**options, "timeout": 1}, AWS_CONFIG_FILE=str(config), **signed_in)
    assert (reason, message) == ("timed_out", f"AWS STS cannot be reached {REGION} at {url} (from {source}): the response timed out. {SLOW}")
    assert 1 <= seconds < 1 + SLACK


def test_sts_that_throttles_for_ever(adapter: Adapter, signed_in: dict[str, str], role: Credentials) -> None:
    body = "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"
    with serving({("POST", "/"): lambda headers: (400, body)}) as sts:
        reason, message, seconds = adapter.refusal({"role_arn": role.arn, "sts_endpoint": sts.url, "timeout": 2}, **signed_in)
    assert reason == "throttled"
    assert message.startswith(f"AWS rejected AssumeRole {REGION} at {sts.url} (from option sts_endpoint): Throttling: Rate exceeded. ")
    assert seconds < 2 + SLACK


def test_what_is_not_sts(adapter: Adapter, signed_in: dict[str, str], role: Credentials) -> None:
    with serving({("POST", "/"): lambda headers: (200, "<html>Welcome<br></html>")}) as server:
        error = adapter.refusal({"role_arn": role.arn, "sts_endpoint": server.url, "timeout": 2}, **signed_in)
    where = f"{REGION} at {server.url} (from option sts_endpoint)"
    assert error[:2] == ("wrong_endpoint", f"The response {where} does not come from AWS STS. Check the endpoint and the proxy.")
