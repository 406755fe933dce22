# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Other settings than the seal's with which a server refuses its configuration; each as OpenBao 2.6.2 took it."""

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.config_files import ServerConfig, parse_config
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.products import Product
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_checks import seal_problems
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_settings import settings_in_force
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced

SEAL = 'seal "awskms" { kms_key_id = "alias/a" region = "us-east-1" }\n'


def refusal(text: str) -> str:
    try:
        parse_config(text + SEAL, "f.hcl", ServerConfig())
    except SettingError as error:
        assert error.reason == "malformed_config"
        return error.message
    return ""


@pytest.mark.parametrize(
    "value",
    ['"1d"', '"1h30m"', "10", "1.5", '"10"', '""', '"-5s"', '"1.5h"', "-10", '"+5s"', '"5us"', '".5h"', '"5.s"', '"0"', '"+0"', '"2000d"'],
)
def test_a_duration(value: str) -> None:
    assert refusal(f"default_max_request_duration = {value}\n") == ""


@pytest.mark.parametrize(
    "value",
    ["true", '"x"', '"1 h"', '"5S"', '"1w"', '"1d12h"', '"12h1d"', "[10]", '"1e3"', '"0x10"', '"10 "', '"1d5"', '"5h5"', '"."', "99999999999", '"99999999999h"', "{}"],
)
def test_what_is_no_duration(value: str) -> None:
    text = refusal(f"default_max_request_duration = {value}\n")
    assert text == "f.hcl: line 1: default_max_request_duration is not a duration such as 30s or 1h."


@pytest.mark.parametrize("text", [
    "cache_size = 5", 'cache_size = "0x5"', 'cache_size = "05"', "imprecise_lease_role_tracking = true", 'log_rotate_bytes = "5"', 'plugin_file_uid = 0',
    'plugin_file_permissions = "0644"', 'listener "TCP" {}', 'listener "x" { type = "unix" }', 'listener "tcp" { max_request_size = "5" }',
    'user_lockout "ALL" { lockout_threshold = "5" disable_lockout = "true" }', "telemetry { disable_hostname = true num_lease_metrics_buckets = 5 }",
    'telemetry { prometheus_retention_time = "30s" statsd_address = 5 }',
])
def test_values_that_a_server_takes(text: str) -> None:
    assert refusal(f"{text}\n") == ""


@pytest.mark.parametrize(("text", "what"), [
    ('cache_size = ""', "cache_size is not a whole number"), ("cache_size = 1.5", "cache_size is not a whole number"),
    ('imprecise_lease_role_tracking = "true"', "imprecise_lease_role_tracking must be true or false, without quotes"),
    ('plugin_file_permissions = "x"', "plugin_file_permissions is not a number"),
    ('telemetry { disable_hostname = "true" }', "telemetry.disable_hostname must be true or false, without quotes"),
    ("telemetry { disable_hostname = 1 }", "telemetry.disable_hostname must be true or false, without quotes"),
    ('telemetry { statsd_address = ["x"] }', "telemetry.statsd_address is no text"), ("telemetry {} telemetry {}", "a second telemetry block"),
    ('listener "http" {}', "the type of a listener block is none of tcp, unix"), ("listener {}", "the type of a listener block is none of tcp, unix"),
    ('listener "tcp" { type = "http" }', "the type of a listener block is none of tcp, unix"),
    ('listener "tcp" { http_read_timeout = "x" }', "listener.http_read_timeout is not a duration"),
    ('listener "tcp" { require_request_header = "x" }', "listener.require_request_header is neither true nor false"),
    ('user_lockout "token" {}', "the type of a user_lockout block is none of all, approle, ldap, userpass"),
    ('user_lockout "all" { lockout_threshold = "-5" }', "user_lockout.lockout_threshold is not a number from 0 on"),
])
def test_values_that_a_server_refuses(text: str, what: str) -> None:
    assert f"f.hcl: line 1: {what}" in refusal(f"{text}\n")


@pytest.mark.parametrize(("text", "variables", "setting"), [
    ('api_addr = "127.0.0.1"', {}, "api_addr"), ('api_addr = "127.0.0.1:8200"', {}, "api_addr"), ('api_addr = "node1:8200"', {}, ""),
    ('api_addr = "https://node1:8200"', {}, ""), ('api_addr = "127.0.0.1"', {"VAULT_API_ADDR": "https://node1:8200"}, ""),
    ('api_addr = "https://{{ GetPrivateIP }}:8200"', {}, ""), ('max_lease_ttl = "1h"', {}, "default_lease_ttl"),
    ('default_lease_ttl = "2h"\nmax_lease_ttl = "1h"', {}, "default_lease_ttl"), ('default_lease_ttl = "769h"', {}, "default_lease_ttl"),
    ('default_lease_ttl = "800h"\nmax_lease_ttl = "900h"', {}, ""), ('default_lease_ttl = -1\nmax_lease_ttl = 0', {}, ""),
])
def test_settings_with_which_a_server_does_not_start(text: str, variables: dict[str, str], setting: str) -> None:
    config = ServerConfig()
    parse_config(f"{text}\n{SEAL}", "f.hcl", config)
    environment = {name: Sourced(value, name) for name, value in variables.items()}
    effective = settings_in_force(Product.parse("openbao"), config, environment, "/nonexistent")
    assert [problem.setting for problem in seal_problems(effective) if problem.reason == "invalid_option"] == ([setting] if setting else [])
