# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role vault_config makes of its variables, and every refusal in its exact words."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.systemd import parse_environment_file
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._vault_config.environment_file import environment_text
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._vault_config.files import server_files

SEAL = {"kms_key_id": "alias/x", "region": "us-east-1"}
SECRET = "hush-hush-4be1"
CREDENTIALS = {"access_key": "AKIAX", "secret_key": SECRET}
PLUGIN = {"command": "openbao-plugin-kms-awskms", "sha256sum": "ab" * 32}
SAID: dict[str, Any] = {
    "product": "openbao", "state": "present", "manage": "server", "activation": "stanza", "credentials_in": "none",
    "storage": {"raft": {"path": "/data"}}, "listeners": [{"tcp": {"address": "[::]:8200"}}],
}

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "unknown": ({"seals": [{**SEAL, "kms_keyid": "x"}]}, "vault_config_seals[0] has the setting kms_keyid, which OpenBao 2.6.2 does not support and "
                "would ignore silently. Did you mean kms_key_id?"),
    "the other product's": ({"seals": [{**SEAL, "priority": 1}]}, "vault_config_seals[0] has the setting priority, which OpenBao 2.6.2 does not support "
                            "and would ignore silently. Vault Enterprise 1.16 and later supports it."),
    "no seal": ({"seals": []}, "vault_config_seals is empty. Add a seal with its key, or set vault_config_state to absent."),
    "credentials nowhere": ({"seals": [{**SEAL, **CREDENTIALS}]}, "vault_config_seals[0] has access_key, secret_key, but vault_config_credentials_in is "
                            "none, so credentials are not written. Use an instance profile or a web identity, or set vault_config_credentials_in to "
                            "environment_file."),
    "a secret in the stanza": ({"seals": [{**SEAL, **CREDENTIALS}], "credentials_in": "stanza"}, "vault_config_seals[0] would write a secret to the "
                               "configuration file, which can be read by others and is part of backups. Use vault_config_credentials_in: "
                               "environment_file, or set vault_config_allow_secrets_in_stanza to allow it."),
    "half a pair": ({"seals": [{**SEAL, "access_key": "AKIAX"}], "credentials_in": "environment_file"},
                    "vault_config_seals[0] has only one of access_key and secret_key. Set both, or neither."),
    "two seals": ({"seals": [SEAL, SEAL]}, "vault_config_seals has 2 enabled seals. Disable the old one."),
    "awskms to awskms": ({"seals": [{**SEAL, "disabled": True}, SEAL]}, "vault_config_seals would change from one awskms seal to another, which neither "
                         "product supports. Keep one stanza and point its alias to the new key; or migrate to shamir first, and then to awskms with the "
                         "new key."),
    "multiseal": ({"seals": [SEAL], "multiseal": True}, "vault_config_multiseal requires Vault Enterprise; OpenBao supports one seal. Remove it."),
    "no plugin": ({"seals": [SEAL], "version": "2.7.2"}, "OpenBao 2.7.2 has no awskms seal built in, and vault_config_plugin is empty. Set the plugin's "
                  "command and sha256sum, and vault_config_plugin_directory."),
    "no checksum": ({"seals": [SEAL], "plugin": {"command": "x"}, "plugin_directory": "/p"},
                    "vault_config_plugin.sha256sum must have 64 hexadecimal digits. Set it to the checksum of the plugin's file."),
    "no storage": ({"seals": [SEAL], "storage": {}}, "vault_config_storage is empty. Set the storage, such as raft with its path, or set "
                   "vault_config_manage to seal."),
    "extra": ({"seals": [SEAL], "extra": {"seal": []}}, "vault_config_extra has seal, for which there is a separate variable. Use that variable."),
    "health checks by environment": ({"seals": [{**SEAL, "health_check_timeout": "1m"}], "version": "2.7.0", "plugin": PLUGIN, "plugin_directory": "/p",
                                      "activation": "environment"}, "health_check_timeout cannot be set by an environment variable. Use "
                                     "vault_config_activation: stanza."),
    "a variable": ({"seals": [SEAL], "environment": {"A B": 1}}, "vault_config_environment: the variable 'A B' has an invalid name. Use ASCII letters, "
                   "digits and _; the first character must not be a digit."),
    "a variable twice": ({"seals": [SEAL], "activation": "environment", "environment": {"AWS_REGION": "eu-west-1"}},
                         "vault_config_environment and vault_config_seals set AWS_REGION to different values. Set it in vault_config_seals only."),
    "a seal that is none": ({"seals": ["x"]}, "vault_config_seals[0] must be a dictionary. Use the names of the stanza's settings as keys."),
    "no listener": ({"seals": [SEAL], "listeners": []}, "vault_config_listeners is empty. Add a listener, such as tcp with its address."),
    "a plugin without folder": ({"seals": [SEAL], "plugin": PLUGIN}, "vault_config_plugin requires vault_config_plugin_directory. Set both."),
    "a plugin too early": ({"seals": [SEAL], "plugin": PLUGIN, "version": "2.5.0"}, "OpenBao 2.5.0 does not support seal plugins. Remove vault_config_plugin."),
    "a token alone": ({"seals": [{**SEAL, "session_token": "x"}], "credentials_in": "environment_file"},
                      "vault_config_seals[0] has session_token without access_key and secret_key. Set all three."),
    "no stanza for them": ({"seals": [{**SEAL, **CREDENTIALS}], "credentials_in": "stanza", "activation": "environment"},
                           "vault_config_credentials_in is stanza, but with this vault_config_activation no stanza is written. Use environment_file."),
    "one environment for two": ({"product": "vault", "multiseal": True, "credentials_in": "environment_file", "seals": [{**SEAL, **CREDENTIALS}] * 2},
                                "One environment file cannot contain the credentials of several seals. Use an instance profile."),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case: str) -> None:
    variables, message = REFUSED[case]
    with pytest.raises(SettingError) as error:
        server_files({**SAID, **variables})
    assert str(error.value) == message
    assert SECRET not in message


def test_credentials_go_where_they_are_to_go() -> None:
    seals = [{**SEAL, **CREDENTIALS, "endpoint": "https://e"}]
    in_file = server_files({**SAID, "seals": seals, "credentials_in": "environment_file"})
    assert in_file.config["seal"] == [{"awskms": {**SEAL, "endpoint": "https://e"}}]
    assert in_file.environment == {"AWS_ACCESS_KEY_ID": "AKIAX", "AWS_SECRET_ACCESS_KEY": SECRET}
    assert (in_file.secret, in_file.warnings) == (False, [])
    in_stanza = server_files({**SAID, "seals": seals, "credentials_in": "stanza", "allow_secrets_in_stanza": True})
    assert in_stanza.config["seal"] == [{"awskms": seals[0]}]
    assert (in_stanza.environment, in_stanza.secret) == ({}, True)
    assert SECRET not in repr(in_stanza) + repr(in_file)


def test_every_setting_that_a_variable_sets() -> None:
    seal = {
        **SEAL, **CREDENTIALS, "session_token": "t", "endpoint": "https://e", "shared_creds_profile": "p", "shared_creds_filename": "/f",
        "role_arn": "r", "role_session_name": "s", "web_identity_token_file": "/t",
    }
    result = server_files({**SAID, "manage": "seal", "seals": [seal], "activation": "environment", "credentials_in": "environment_file"})
    assert result.config == {}
    assert result.environment == {
        "VAULT_SEAL_TYPE": "awskms", "VAULT_AWSKMS_SEAL_KEY_ID": "alias/x", "AWS_REGION": "us-east-1", "AWS_KMS_ENDPOINT": "https://e",
        "AWS_ACCESS_KEY_ID": "AKIAX", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": "t", "AWS_PROFILE": "p", "AWS_SHARED_CREDENTIALS_FILE": "/f",
        "AWS_ROLE_ARN": "r", "AWS_ROLE_SESSION_NAME": "s", "AWS_WEB_IDENTITY_TOKEN_FILE": "/t",
    }


@pytest.mark.parametrize(("more", "secret"), [
    ({"storage": {"postgresql": {"connection_url": "postgres://u:p@h/"}}}, True),
    ({"storage": {"raft": {"retry_join": [{"leader_client_key": "-----BEGIN"}]}}}, True),
    ({"storage": {"raft": {"retry_join": [{"leader_client_key_file": "/k"}]}}}, False),
    ({"telemetry": {"circonus_api_token": "x"}}, True),
    ({"extra": {"service_registration": {"consul": {"token": "x"}}}}, True),
    ({"plugin": {**PLUGIN, "env": ["A=x"]}, "plugin_directory": "/p"}, True),
    ({"listeners": [{"tcp": {"tls_key_file": "/k", "proxy_protocol_authorized_addrs": "x"}}]}, False),
])
def test_what_holds_a_secret(more: dict[str, Any], secret: bool) -> None:
    assert server_files({**SAID, "seals": [SEAL], **more}).secret is secret


def test_an_environment_file() -> None:
    variables = {"B": "a \"b\" $c `d` \\e", "A": ""}
    text = environment_text(variables)
    assert text.splitlines()[1:] == ['A=""', 'B="a \\"b\\" \\$c \\`d\\` \\\\e"']
    assert {name: value for name, value, _line in parse_environment_file(text.encode(), "x.env")} == variables
    with pytest.raises(SettingError) as error:
        environment_text({"AWS_SECRET_ACCESS_KEY": f"{SECRET}\n"})
    assert str(error.value) == (
        "The variable AWS_SECRET_ACCESS_KEY has a line break or NUL character in its value, which an environment file cannot represent. "
        "Remove it, for example with the filter trim: a value read from a file ends with a line break."
    )


@pytest.mark.parametrize(("value", "text"), [
    (5, "5"), (1.5, "1.5"), (True, "true"), (False, "false"), ("", ""), ("\x1b\u2028\U0001f600", "\x1b\u2028\U0001f600"),
])
def test_what_a_variable_becomes(value: Any, text: str) -> None:
    written = environment_text({"A": value, "B": None})
    assert parse_environment_file(written.encode(), "x.env") == [("A", text, 2)]
    assert server_files({**SAID, "seals": [SEAL], "environment": {"A": value, "B": None}}).environment == {"A": text}


@pytest.mark.parametrize(("variables", "what"), [
    ({"A": ["x"]}, "The variable A must be a string, a number or a boolean, not a list."),
    ({"A": {"x": 1}}, "The variable A must be a string, a number or a boolean, not a dict."),
    ({"A": b"x"}, "The variable A must be a string, a number or a boolean, not a bytes."),
    ({"A": float("nan")}, "The variable A must be a string, a number or a boolean, not a number that is not finite."),
    ({"A": "\ufffe"}, "The variable A has a character in its value that systemd considers invalid, such as U+FFFE; it would reject the whole file."),
    ({"A": "\ud800"}, "The variable A has a character in its value that systemd considers invalid, such as U+FFFE; it would reject the whole file."),
    ({"A": "\U0010ffff"}, "The variable A has a character in its value that systemd considers invalid, such as U+FFFE; it would reject the whole file."),
    ({"A B": "x"}, "The variable 'A B' has an invalid name."),
    ({"1A": "x"}, "The variable '1A' has an invalid name."),
    ({"\u00c4": "x"}, "The variable '\u00c4' has an invalid name."),
    ({5: "x"}, "The variable 5 has an invalid name."),
    ([], "The variables must be a dictionary."),
])
def test_what_no_environment_file_can_hold(variables: Any, what: str) -> None:
    with pytest.raises(SettingError) as error:
        environment_text(variables)
    assert (error.value.message, error.value.reason) == (what, "invalid_option")


@pytest.mark.parametrize("name", [
    "seal", "Seal", "SEAL", "\u017feal", "kms", "\u212ams", "Hsm", "Plugin", "plugin_Directory", "ENABLE_MULTISEAL", "Storage", "Backend", "LISTENER", "UI",
])
def test_reserved_names_whatever_their_case(name: str) -> None:
    with pytest.raises(SettingError) as error:
        server_files({**SAID, "seals": [SEAL], "ui": True, "extra": {name: {}}})
    assert error.value.message == f"vault_config_extra has {name}, for which there is a separate variable."


def test_a_name_of_extra_twice() -> None:
    with pytest.raises(SettingError) as error:
        server_files({**SAID, "seals": [SEAL], "extra": {"Audit": {}, "audit": {}}})
    assert error.value.message == "vault_config_extra has Audit and audit, which are the same setting for the server."


def test_a_credential_that_is_no_text() -> None:
    with pytest.raises(SettingError) as error:
        server_files({**SAID, "seals": [{**SEAL, **CREDENTIALS, "secret_key": [SECRET]}], "credentials_in": "environment_file"})
    assert error.value.message == "vault_config_seals[0].secret_key must be a string, a number or a boolean, not a list."
