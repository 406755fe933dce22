# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Argument specs shared by modules, and their conversion to options."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions

# Names are the seal stanza's; the aliases are those of amazon.aws. Documented in the fragment awskms_connection.
CONNECTION_SPEC: dict[str, dict[str, Any]] = {
    "region": {"type": "str", "aliases": ["aws_region"]},
    "access_key": {"type": "str", "no_log": False, "aliases": ["aws_access_key_id", "aws_access_key"]},
    "secret_key": {"type": "str", "no_log": True, "aliases": ["aws_secret_access_key", "aws_secret_key"]},
    "session_token": {"type": "str", "no_log": True, "aliases": ["aws_session_token"]},
    "endpoint": {"type": "str", "aliases": ["endpoint_url", "aws_endpoint_url"]},
    "shared_creds_profile": {"type": "str", "aliases": ["profile", "aws_profile"]},
    "shared_creds_filename": {"type": "path"},
    "role_arn": {"type": "str"},
    "role_session_name": {"type": "str"},
    "web_identity_token_file": {"type": "path", "no_log": False},
    "sts_endpoint": {"type": "str"},
    "ca_bundle": {"type": "path", "aliases": ["aws_ca_bundle"]},
    "validate_certs": {"type": "bool", "default": True},
    "proxy": {"type": "str", "no_log": True},  # the URL may contain a password
    "timeout": {"type": "float", "default": 30.0},
}
AAD_SPEC: dict[str, dict[str, Any]] = {
    "aad": {"type": "str", "no_log": True},  # may be secret
    "aad_base64": {"type": "str", "no_log": True},
}


def connection_options(params: dict[str, Any]) -> ConnectionOptions:
    """The task's options for the connection to AWS KMS."""
    names = [field.name for field in dataclasses.fields(ConnectionOptions) if field.name in params]
    return ConnectionOptions(**{name: params[name] for name in names if params[name] is not None})


def check_together(params: dict[str, Any], one_of: Sequence[str], not_together: Sequence[Sequence[str]]) -> None:
    """Raise :class:`SettingError` unless exactly one of the options ``one_of``, and at most one of each of ``not_together``, is given."""
    # Not checked by AnsibleModule, which would blank secrets in its message.
    if one_of and all(params[name] is None for name in one_of):
        raise SettingError(
            f"one of the following is required: {', '.join(one_of)}.", reason="invalid_option", remedy="Set one of them."
        )
    for names in (one_of, *not_together):
        given = [name for name in names if params[name] is not None]
        if len(given) > 1:
            raise SettingError(
                f"parameters are mutually exclusive: {'|'.join(given)}.", reason="invalid_option", remedy="Set one of them."
            )
