# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.sdk_settings import _integer, _one_of, invalid_setting


def refused(variable, value, error=None):
    """The whole error of one variable, or nothing where its value is valid."""
    result = invalid_setting(error or ValueError(), {variable: value}, {}, "vault")
    return (result.message, result.reason, result.remedy) if result else None


DATE = "AWS_CREDENTIAL_EXPIRATION"
ENDPOINT = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
VALID = {
    DATE: [
        "2026-01-31T12:00:00Z", "2026-01-31 12:00z", "2026-01-31t12:00:00.123456+01:00", "2026-01-31T12:00:00-0130",
        " 2026-01-31T12:00:00Z\n", "2024-02-29T12:00Z",
    ],
    ENDPOINT: ["http://169.254.169.254", "https://[fd00:ec2::254]:1338/", "HTTP://h", "httpS://h"],
    "AWS_DEFAULTS_MODE": ["legacy", "In-Region", "MOBILE"],
    "AWS_METADATA_SERVICE_NUM_ATTEMPTS": ["1", "100", " +7 ", "007"],
    "AWS_METADATA_SERVICE_TIMEOUT": ["1", "3600"],
    "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES": ["0", "10485760", "-0"],
}
INVALID = {
    DATE: [
        "", "soon", "2026-01-31", "2026-01-31T12:00:00", "2026-02-30T12:00:00Z", "2026-01-31T25:00:00Z", "2026-13-01T12:00Z", "x2026-01-31T12:00:00Z",
        "2026-01-31T12:00Zx",
    ],
    ENDPOINT: ["", "http://", "http:///x", "http:// h", "ftp://h", "169.254.169.254", "xhttp://h"],
    "AWS_DEFAULTS_MODE": ["", "auto ", "legacy, auto"],
    "AWS_METADATA_SERVICE_NUM_ATTEMPTS": ["0", "101", "-1", "x", "1.0", "", "1 0", "1" * 19, "\u0663"],
    "AWS_METADATA_SERVICE_TIMEOUT": ["0", "3601"],
    "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES": ["-1", "10485761"],
}
WORDS = {
    DATE: "a time with a time zone, such as 2026-01-31T12:00:00Z",
    ENDPOINT: "a URL (http://HOST)",
    "AWS_DEFAULTS_MODE": "one of legacy, auto, standard, in-region, cross-region, mobile",
    "AWS_METADATA_SERVICE_NUM_ATTEMPTS": "an integer from 1 to 100",
    "AWS_METADATA_SERVICE_TIMEOUT": "an integer from 1 to 3600",
    "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES": "an integer from 0 to 10485760",
}


@pytest.mark.parametrize("variable", VALID)
def test_valid_values(variable):
    assert [value for value in VALID[variable] if refused(variable, value)] == []


@pytest.mark.parametrize("variable", INVALID)
def test_invalid_values(variable):
    for value in INVALID[variable]:
        assert refused(variable, value) == (
            f"Environment variable {variable} is set to {value!r}, which the AWS SDK does not accept.",
            "invalid_option",
            f"Set it to {WORDS[variable]}, or unset it.",
        )


def test_a_choice():
    setting = _one_of("VARIABLE", "name", "one", "two")
    assert setting[:3] == ("VARIABLE", "name", "one of one, two")
    assert [setting.is_valid(value) for value in ("one", "Two", "TWO", "three", "")] == [True, True, True, False, False]


def test_an_integer():
    setting = _integer("VARIABLE", "name", 2, 4)
    assert setting[:3] == ("VARIABLE", "name", "an integer from 2 to 4")
    values = ("1", "2", " 3 ", "4", "5", "x", "", "3.0", "-3", "+3", "3_0")
    assert [value for value in values if setting.is_valid(value)] == ["2", " 3 ", "4", "+3"]


def test_a_long_value_is_cut():
    for length, shown in ((100, "x" * 100), (101, "x" * 100 + "...")):
        assert refused("AWS_DEFAULTS_MODE", "x" * length)[0] == (
            f"Environment variable AWS_DEFAULTS_MODE is set to '{shown}', which the AWS SDK does not accept."
        )


def test_the_variable_wins_over_the_profile():
    profile = {"defaults_mode": "x", "retry_mode": 5}
    assert invalid_setting(ValueError(), {"AWS_DEFAULTS_MODE": "auto"}, profile, "vault") is None
    error = invalid_setting(ValueError(), {}, profile, "vault")
    assert (error.message, error.remedy) == (
        "defaults_mode of AWS profile vault is set to 'x', which the AWS SDK does not accept.",
        "Set it to one of legacy, auto, standard, in-region, cross-region, mobile, or unset it.",
    )


def test_a_setting_that_only_a_profile_has():
    assert invalid_setting(ValueError(), {}, {"duration_seconds": "899"}, "vault").message == (
        "duration_seconds of AWS profile vault is set to '899', which the AWS SDK does not accept."
    )
    assert invalid_setting(ValueError(), {}, {"duration_seconds": "900"}, "vault") is None


def test_what_the_error_names_is_to_blame_before_what_is_merely_invalid():
    environ = {"AWS_RETRY_MODE": "odd", "AWS_DEFAULTS_MODE": "strange"}
    first = "Environment variable AWS_DEFAULTS_MODE is set to 'strange', which the AWS SDK does not accept."
    second = "Environment variable AWS_RETRY_MODE is set to 'odd', which the AWS SDK does not accept."
    for kind in (ValueError, TypeError):
        assert invalid_setting(kind("?"), environ, {}, "v").message == first
        assert invalid_setting(kind("how odd"), environ, {}, "v").message == second
    assert invalid_setting(RuntimeError("how odd"), environ, {}, "v").message == second
    assert invalid_setting(RuntimeError("?"), environ, {}, "v") is None
    assert invalid_setting(ValueError("?"), {}, {}, "v") is None
