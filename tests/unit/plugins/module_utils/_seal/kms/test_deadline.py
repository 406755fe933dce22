# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import botocore.session
import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms import deadline
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.deadline import Deadline, attempt_timeout
from botocore import exceptions
from botocore.hooks import HierarchicalEmitter

MODEL = botocore.session.get_session().get_service_model("kms")
ENCRYPT = MODEL.operation_model("Encrypt")
URL = "http://127.0.0.1:9"


class Call:
    """One call of a client with a deadline of ``timeout`` seconds, of which ``elapsed`` have passed; the random numbers are 0.25 of their range."""

    def __init__(self, patch, timeout=30.0, elapsed=0.0):
        patch.setattr(deadline, "time", SimpleNamespace(monotonic=lambda: self.now))
        patch.setattr(deadline, "random", SimpleNamespace(random=lambda: 0.25, uniform=lambda low, high: low + 0.25 * (high - low)))
        self.now = 1000.0
        self.events = HierarchicalEmitter()
        self.botocore_waits = None
        self.events.register("needs-retry.kms", lambda **_all: self.botocore_waits)
        Deadline(timeout).attach(SimpleNamespace(meta=SimpleNamespace(events=self.events, service_model=MODEL)))
        self.request = {"context": {}}
        self.events.emit("before-call.kms.Encrypt", params={}, model=ENCRYPT, context=self.request["context"])
        self.now += elapsed

    def wait(self, attempts, response=None, caught=None):
        """Seconds until the next attempt; None for the end of the call with what has come."""
        result = self.events.emit_until_response(
            "needs-retry.kms.Encrypt",
            attempts=attempts, request_dict=self.request, response=response, operation=ENCRYPT, caught_exception=caught, endpoint=None,
        )
        return result[1]


def answer(status=500, code="KMSInternalException", **headers):
    return SimpleNamespace(status_code=status, headers=headers), {"Error": {"Code": code, "Message": "m"}} if code else {}


@pytest.mark.parametrize(("attempts", "backoff"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 20), (7, 20)])
def test_an_attempt_is_made_only_where_the_longest_wait_before_it_still_fits(monkeypatch, attempts, backoff):
    call = Call(monkeypatch, elapsed=30 - backoff)
    call.botocore_waits = 0.7
    assert call.wait(attempts, answer()) == 0.7
    call.now += 0.001
    with pytest.raises(exceptions.ClientError) as raised:
        call.wait(attempts, answer())
    assert str(raised.value) == "An error occurred (KMSInternalException) when calling the Encrypt operation: m"
    assert raised.value.response == answer()[1]


def test_kms_that_says_when_to_come_again_is_waited_for_longer(monkeypatch):
    call = Call(monkeypatch, elapsed=30 - 1 - 5)
    headers = {"x-amz-retry-after": "5000"}
    assert call.wait(1, answer(**headers)) is None
    call.now += 0.001
    with pytest.raises(exceptions.ClientError):
        call.wait(1, answer(**headers))
    assert call.wait(1, answer(**{"x-amz-retry-before": "1"})) is None


def test_an_answer_that_is_no_error_ends_the_call_however_late_it_is(monkeypatch):
    call = Call(monkeypatch, elapsed=31)
    assert call.wait(1, answer(200, "")) is None
    assert call.wait(1, answer(299, "ThrottlingException")) is None
    for status in (300, 400, 500):
        with pytest.raises(exceptions.ClientError):
            call.wait(1, answer(status))


@pytest.mark.parametrize("caught", [exceptions.ReadTimeoutError(endpoint_url=URL), exceptions.ConnectTimeoutError(endpoint_url=URL, error="e")])
@pytest.mark.parametrize(("timeout", "attempt"), [(30, 10), (10, 10), (8, 8)])
def test_what_hung_may_hang_again(monkeypatch, caught, timeout, attempt):
    call = Call(monkeypatch, timeout, elapsed=timeout - 1 - attempt)
    assert call.wait(1, caught=caught) is None
    call.now += 0.001
    with pytest.raises(type(caught)) as raised:
        call.wait(1, caught=caught)
    assert raised.value is caught


def test_a_connection_that_was_closed_fails_at_once_and_so_does_the_next(monkeypatch):
    caught = exceptions.ConnectionClosedError(endpoint_url=URL)
    call = Call(monkeypatch, elapsed=30 - 2)
    assert call.wait(2, caught=caught) is None
    call.now += 0.001
    with pytest.raises(exceptions.ConnectionClosedError):
        call.wait(2, caught=caught)


def test_tls_that_fails_is_not_tried_again(monkeypatch):
    caught = exceptions.SSLError(endpoint_url=URL, error="e")
    with pytest.raises(exceptions.SSLError) as raised:
        Call(monkeypatch).wait(1, caught=caught)
    assert raised.value is caught


@pytest.mark.parametrize("code", ["ThrottlingException", "LimitExceededException"])
def test_a_throttled_call_goes_on_after_botocores_retries(monkeypatch, code):
    call = Call(monkeypatch)
    assert [call.wait(attempts, answer(400, code)) for attempts in (1, 2, 3)] == [0.25, 0.5, 1.0]
    assert call.wait(1, answer(300, code)) == 0.25
    call.botocore_waits = 0.1
    assert call.wait(1, answer(400, code)) == 0.1


def test_no_other_error_is_tried_again_by_itself(monkeypatch):
    call = Call(monkeypatch)
    for response in (answer(), answer(299, "ThrottlingException"), answer(500, ""), (answer(500)[0], {"Error": {}})):
        assert call.wait(1, response) is None
    assert call.wait(1, caught=exceptions.ReadTimeoutError(endpoint_url=URL)) is None


def test_a_throttled_call_is_given_up_with_half_a_second_left(monkeypatch):
    throttled = answer(400, "ThrottlingException")
    call = Call(monkeypatch, elapsed=30 - 0.9)
    assert call.wait(1, throttled) == pytest.approx(0.9 * 0.4)
    call.now = 1000 + 30 - 0.501
    assert call.wait(9, throttled) == pytest.approx(0.501 * 0.4)
    call.now = 1000 + 30 - 0.5
    with pytest.raises(exceptions.ClientError, match="ThrottlingException"):
        call.wait(9, throttled)


def test_one_attempt_takes_no_longer_than_the_whole_call():
    assert (attempt_timeout(3.0, 10.0), attempt_timeout(30.0, 10.0)) == (3.0, 10.0)
