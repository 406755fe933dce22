# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings that the AWS SDK rejects: the name and source of each.

Source: ``botocore.configprovider`` and the "Settings reference" of the AWS SDKs and Tools Reference Guide. Releases of the SDK differ in what
they refuse, so that a setting is blamed only once the SDK has failed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from ..errors import SettingError

EXPIRATION_VARIABLE = "AWS_CREDENTIAL_EXPIRATION"
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}\Z")
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(Z|[+-]\d\d:?\d\d)\Z", re.IGNORECASE)
_LONGEST = 100


class _Setting(NamedTuple):
    """``name`` is the key in a profile (empty: only the variable counts); ``valid`` describes valid values."""

    variable: str
    name: str
    valid: str
    is_valid: Callable[[str], bool]


def _one_of(variable: str, name: str, *values: str) -> _Setting:
    return _Setting(variable, name, "one of " + ", ".join(values), lambda value: value.lower() in values)


def _integer(variable: str, name: str, least: int, most: int) -> _Setting:
    return _Setting(
        variable, name, f"an integer from {least} to {most}",
        lambda value: bool(_INTEGER.match(value.strip())) and least <= int(value) <= most,
    )


def _is_date(value: str) -> bool:
    match = _DATE.match(value.strip())
    try:
        return bool(match and datetime.fromisoformat(f"{match.group(1)}T{match.group(2)}"))
    except ValueError:
        return False


def _is_url(value: str) -> bool:
    return bool(re.match(r"https?://[^/\s]", value, re.IGNORECASE))


_SETTINGS = (
    _one_of("AWS_ACCOUNT_ID_ENDPOINT_MODE", "account_id_endpoint_mode", "preferred", "disabled", "required"),
    _one_of("AWS_REQUEST_CHECKSUM_CALCULATION", "request_checksum_calculation", "when_supported", "when_required"),
    _one_of("AWS_RESPONSE_CHECKSUM_VALIDATION", "response_checksum_validation", "when_supported", "when_required"),
    _one_of("AWS_DEFAULTS_MODE", "defaults_mode", "legacy", "auto", "standard", "in-region", "cross-region", "mobile"),
    _one_of("AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints", "legacy", "regional"),
    _one_of("AWS_RETRY_MODE", "retry_mode", "legacy", "standard", "adaptive"),
    _integer("AWS_MAX_ATTEMPTS", "max_attempts", 1, 1_000_000),
    _integer("AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES", "request_min_compression_size_bytes", 0, 10_485_760),
    _integer("AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout", 1, 3600),
    _integer("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts", 1, 100),
    _one_of("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode", "ipv4", "ipv6"),
    _Setting("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint", "a URL (http://HOST)", _is_url),
    _one_of("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", "true", "false"),
    _one_of("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", "true", "false"),
    _one_of("AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled", "true", "false"),
    _one_of("AWS_DISABLE_REQUEST_COMPRESSION", "disable_request_compression", "true", "false"),
    _Setting(EXPIRATION_VARIABLE, "", "a time with a time zone, such as 2026-01-31T12:00:00Z", _is_date),
    _integer("", "duration_seconds", 900, 43200),
)


def invalid_setting(error: Exception, environ: Mapping[str, str], profile: Mapping[str, Any], profile_name: str) -> SettingError | None:
    """The setting that the SDK refused with ``error``; None where no setting explains it.

    ``profile`` are the entries of the profile in force in the AWS config file. The variable wins over it, as it does for the SDK.
    """
    text = str(error)
    suspects = [
        (shown, value, setting.valid)
        for setting in _SETTINGS
        for shown, value in _in_force(setting, environ, profile, profile_name)
        if not setting.is_valid(value)
    ]
    named = [suspect for suspect in suspects if suspect[1] in text]
    guilty = named or (suspects if isinstance(error, (TypeError, ValueError)) else [])
    if not guilty:
        return None
    shown, value, valid = guilty[0]
    value = value if len(value) <= _LONGEST else f"{value[:_LONGEST]}..."
    return SettingError(
        f"{shown} is set to {value!r}, which the AWS SDK does not accept.",
        reason="invalid_option",
        remedy=f"Set it to {valid}, or unset it.",
    )


def _in_force(setting: _Setting, environ: Mapping[str, str], profile: Mapping[str, Any], profile_name: str) -> list[tuple[str, str]]:
    if setting.variable in environ:
        return [(f"Environment variable {setting.variable}", environ[setting.variable])]
    value = profile.get(setting.name)
    return [(f"{setting.name} of AWS profile {profile_name}", value)] if isinstance(value, str) else []
