# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A deadline over all retries of one call to AWS."""

from __future__ import annotations

import random
import time
from typing import Any

from .error_codes import is_throttling
from .sdk_errors import is_lasting

try:
    from botocore import exceptions as _exceptions
except ImportError:  # reported by open_kms
    _exceptions = None

# An answer takes KMS some milliseconds, behind an external key store some hundred.
CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 10.0

MOST_ATTEMPTS = 20  # the total time bounds the retries, not their number
# Of botocore's standard retry mode, in seconds: waits double from 1 s (newer releases: from 50 ms, unless throttled) up to 20 s.
# Newer releases wait up to 5 s longer if a header of the response requests it.
_LONGEST_BACKOFF = 20.0
_LONGEST_RETRY_AFTER = 5.0
_RETRY_AFTER = "x-amz-retry-after"

_LAST_WAIT = 0.5  # seconds; with less time left, a throttled call is given up


class Deadline:
    """Stops a client's retries in time, but not early if KMS only throttles requests.

    botocore's standard mode limits attempts and, over all calls of a client, retries, but not time. Its retry loop can only be
    changed by event handlers that raise or return first.
    """

    def __init__(self, timeout: float) -> None:
        """``timeout``: seconds for each call."""
        self._timeout = timeout

    def attach(self, client: Any) -> None:
        service = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register(f"before-call.{service}", self._note_start)
        client.meta.events.register_first(f"needs-retry.{service}", self._stop_in_time)
        client.meta.events.register_last(f"needs-retry.{service}", self._wait_longer)

    @staticmethod
    def _note_start(context: dict[str, Any], **_others: Any) -> None:
        context["sealwright_started"] = time.monotonic()

    def _stop_in_time(
        self, attempts: int, request_dict: dict[str, Any], response: Any, operation: Any, caught_exception: Any, **_others: Any
    ) -> float | None:
        longest_wait = _longest_backoff(attempts)
        if caught_exception is not None:
            if is_lasting(caught_exception):
                raise caught_exception
            if not isinstance(caught_exception, _exceptions.ConnectionClosedError):
                longest_wait += attempt_timeout(self._timeout, READ_TIMEOUT)  # what hung may hang again
        elif _RETRY_AFTER in response[0].headers:
            longest_wait += _LONGEST_RETRY_AFTER
        left: float = self._timeout - (time.monotonic() - request_dict["context"]["sealwright_started"])
        if longest_wait <= left:
            return None
        if caught_exception is not None:
            raise caught_exception
        if response[0].status_code >= 300:
            if _throttled(response) and left > _LAST_WAIT:
                return left * random.uniform(0.3, 0.7)  # once more, and then again, until hardly anything is left
            raise _exceptions.ClientError(response[1], operation.name)
        return None

    def _wait_longer(self, attempts: int, response: Any, **_others: Any) -> float | None:
        """The same delay as botocore's own."""
        return random.random() * _longest_backoff(attempts) if _throttled(response) else None


def _longest_backoff(attempts: int) -> float:
    return min(2.0 ** (attempts - 1), _LONGEST_BACKOFF)


def _throttled(response: Any) -> bool:
    return response is not None and response[0].status_code >= 300 and is_throttling(str(response[1].get("Error", {}).get("Code", "")))


def attempt_timeout(total: float, longest: float) -> float:
    return min(longest, total)
