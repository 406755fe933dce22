# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of other settings than the seal's with which both products refuse a configuration file, and so do not start.

Seen with OpenBao 2.6.2. Sources: ``command/server/config.go`` and ``internalshared/configutil`` (listener, telemetry, user_lockout), ``decoder.go`` of
hashicorp/hcl v1, and ``ParseDurationSecond`` and ``ParseBool`` of ``parseutil`` of hashicorp/go-secure-stdlib.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from .hcl import Body, malformed
from .hcl_decode import as_field, truth
from .hcl_numbers import InvalidNumber, Number

_Check = Callable[[Any], bool]
_UNITS = {"ns": 1, "us": 1000, "\u00b5s": 1000, "\u03bcs": 1000, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_PART = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)")
_DECIMAL = re.compile(r"[+-]?[0-9]+\Z")
_ANY_BASE = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]*|[1-9][0-9_]*)\Z")
_MOST = 1 << 63
_LONGEST = 100


def nanoseconds(value: Any) -> int | None:
    """A duration: a number of seconds, or a text such as ``90``, ``1h30m`` or ``7d``; None if the servers refuse it."""
    if isinstance(value, bool) or not isinstance(value, (str, Number, float)):
        return None
    if isinstance(value, float):
        return int(value * 10**9)
    if isinstance(value, Number):
        return _within(int(value) * 10**9)
    if not value or len(value) > _LONGEST:
        return 0 if not value else None
    for text, unit in ((value, 10**9), (value[:-1], 24 * 3600 * 10**9)):
        if _DECIMAL.match(text) and (text == value or value.endswith("d")):
            return _within(int(text) * unit)
    rest, sign = (value[1:], -1 if value[0] == "-" else 1) if value[0] in "+-" else (value, 1)
    if rest == "0":
        return 0
    parts = _PART.findall(rest)
    if "".join(number + unit for number, unit in parts) != rest or not parts:
        return None
    return _within(sign * sum(int(Decimal(number) * _UNITS[unit]) for number, unit in parts))


def _within(number: int) -> int | None:
    return number if -_MOST <= number < _MOST else None


def _is_duration(value: Any) -> bool:
    return nanoseconds(value) is not None


def _is_whole(value: Any) -> bool:
    """A field of type int: a number, or a text that is one."""
    return isinstance(value, Number) or (isinstance(value, str) and bool(_ANY_BASE.match(value)))


def _is_parsed_number(value: Any) -> bool:
    """What ``parseutil`` makes a number of; of other values than texts it takes more than is known here."""
    return not isinstance(value, str) or bool(_ANY_BASE.match(value) or _DECIMAL.match(value))


def _is_count(value: Any) -> bool:
    return (isinstance(value, Number) and value >= 0) or (isinstance(value, str) and bool(_DECIMAL.match(value)) and not value.startswith("-"))


def _is_true_or_false(value: Any) -> bool:
    """A field of type bool, which takes neither a text nor a number."""
    return isinstance(value, bool)


def _is_switch(value: Any) -> bool:
    return not isinstance(value, (list, Body)) and truth(value) is not None


def _is_text(value: Any) -> bool:
    return as_field(value) is not None


_WHAT = {
    _is_duration: "is not a duration such as 30s or 1h", _is_whole: "is not a whole number", _is_parsed_number: "is not a number",
    _is_count: "is not a number from 0 on", _is_true_or_false: "must be true or false, without quotes", _is_switch: "is neither true nor false",
    _is_text: "is no text",
}
_TOP_LEVEL: Mapping[str, _Check] = {
    **dict.fromkeys(("default_lease_ttl", "max_lease_ttl", "default_max_request_duration", "log_rotate_duration"), _is_duration),
    **dict.fromkeys(("cache_size", "plugin_file_uid", "log_rotate_bytes", "log_rotate_max_files"), _is_whole),
    "plugin_file_permissions": _is_parsed_number, "imprecise_lease_role_tracking": _is_true_or_false,
}
_BLOCKS: Mapping[str, Mapping[str, _Check]] = {
    "telemetry": {
        **dict.fromkeys(("usage_gauge_period", "prometheus_retention_time", "lease_metrics_epsilon"), _is_duration),
        **dict.fromkeys(("maximum_gauge_cardinality", "num_lease_metrics_buckets"), _is_whole),
        **dict.fromkeys(("disable_hostname", "enable_hostname_label", "add_lease_metrics_namespace_labels", "filter_default"), _is_true_or_false),
        **dict.fromkeys(("statsd_address", "statsite_address", "metrics_prefix", "dogstatsd_addr"), _is_text),
    },
    "listener": {
        **dict.fromkeys(("http_read_timeout", "http_read_header_timeout", "http_write_timeout", "http_idle_timeout", "max_request_duration"), _is_duration),
        **dict.fromkeys(("tls_require_and_verify_client_cert", "tls_disable_client_certs", "require_request_header", "cors_enabled"), _is_switch),
        **dict.fromkeys(("max_request_size", "x_forwarded_for_hop_skips"), _is_parsed_number),
    },
    "user_lockout": {
        **dict.fromkeys(("lockout_duration", "lockout_counter_reset"), _is_duration), "lockout_threshold": _is_count, "disable_lockout": _is_switch,
    },
}
_TYPES = {"listener": ("tcp", "unix"), "user_lockout": ("all", "approle", "ldap", "userpass")}
_ONE = ("telemetry", "service_registration")


def check_other_settings(body: Body) -> None:
    """Raises :class:`SettingError` for a value that both products refuse."""
    _check(body, _TOP_LEVEL, "")
    counts = dict.fromkeys(_ONE, 0)
    for item in body:
        block = item.keys[0].casefold()
        if not isinstance(item.value, Body):
            continue
        if block in counts:
            counts[block] += 1
            if counts[block] > 1:
                raise malformed(item.line, f"a second {block} block, where the server takes one in a file")
        if block in _BLOCKS:
            _check(item.value, _BLOCKS[block], f"{block}.")
        if block in _TYPES:
            _check_type(block, item.keys[1:], item.value, item.line)


def _check(body: Body, checks: Mapping[str, _Check], where: str) -> None:
    last = {item.keys[0].casefold(): item for item in body if len(item.keys) == 1}
    for name, check in checks.items():
        item = last.get(name)
        if item is not None and not isinstance(item.value, InvalidNumber) and not check(item.value):
            raise malformed(item.line, f"{where}{name} {_WHAT[check]}")


def _check_type(block: str, labels: tuple[str, ...], body: Body, line: int) -> None:
    named = [item.value for item in body if len(item.keys) == 1 and item.keys[0].casefold() == "type"]
    kind = named[-1] if named and isinstance(named[-1], str) and named[-1] else labels[0] if labels else ""
    if kind.lower() not in _TYPES[block]:
        raise malformed(line, f"the type of a {block} block is none of {', '.join(_TYPES[block])}")
