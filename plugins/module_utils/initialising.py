# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module vault_init does: everything that can fail is tried before the server is initialised, since that cannot be repeated."""

from __future__ import annotations

import base64
import json
import os
import signal
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils.module_edge import connection_options
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.arn import KeyReference
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.connection import (
    check_region,
    key_in_force,
    parse_key,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.errors import SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.pgp_key import PgpKey
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.sealer import DataKey
from ansible_collections.sealwright.vault_seal.plugins.module_utils.sealed_input import named_errors
from ansible_collections.sealwright.vault_seal.plugins.module_utils.server_api import Reply, ServerApi
from ansible_collections.sealwright.vault_seal.plugins.module_utils.value_files import check_destination, write_file

_START_ANEW = (
    "Nothing was stored in it that could be lost: stop the server, remove the data of its storage, start it, and initialise it again."
)


class _Token(NamedTuple):
    """What becomes of the root token: encrypted to a person's key by the server, or sealed here by a data key that is there already."""

    pgp_key: PgpKey | None
    data_key: DataKey | None


def init_task(module: AnsibleModule) -> dict[str, Any]:
    """The module's work; raises :class:`SealError`."""
    params = module.params
    holders = _pgp_keys("recovery_pgp_keys", params["recovery_pgp_keys"])
    _check_threshold(params["recovery_threshold"], len(holders))
    given = params["root_token_pgp_key"]
    token_holder = _pgp_keys("root_token_pgp_key", [given])[0] if given else None
    files = [params["dest"], *([params["root_token_dest"]] if params["root_token_dest"] else [])]
    for path in files:
        if not module.check_mode or os.path.isdir(os.path.dirname(os.path.abspath(path))):
            check_destination(path)
    if not token_holder and not params["root_token_dest"]:
        raise SettingError(
            "It is not said what becomes of the root token.", reason="invalid_option", remedy="Give root_token_dest or root_token_pgp_key."
        )
    api = ServerApi(params)
    result = {
        "dest": params["dest"],
        "holders": [{"fingerprint": key.fingerprint, "user_id": key.user_id} for key in holders],
        "key_id": None,
    }
    if api.seal_status()["initialized"]:
        return {"changed": False, "initialized": True, "recorded": os.path.exists(params["dest"]), **result}
    _check_seal(api)
    _check_absent(files)
    token = _Token(token_holder, None if token_holder else _data_key(params))
    if token.data_key:
        result["key_id"] = token.data_key.key_arn
    if not module.check_mode:
        _initialise(module, api, holders, token)
    return {"changed": True, "initialized": not module.check_mode, "recorded": not module.check_mode, **result}


def _pgp_keys(option: str, texts: Sequence[str]) -> list[PgpKey]:
    keys = []
    for number, text in enumerate(texts, 1):
        with named_errors([f"{option}, entry {number}" if len(texts) > 1 else option]):
            key = PgpKey.parse(text)
            key.check_encrypts(time.time())
        keys.append(key)
    return keys


def _check_threshold(threshold: int, shares: int) -> None:
    least = 2 if shares > 1 else 1
    if not least <= threshold <= shares:
        raise SettingError(
            f"recovery_threshold is {threshold}, with {shares} keys in recovery_pgp_keys.",
            reason="invalid_option",
            remedy=f"Give a number from {least} to {shares}." if shares else "Give the keys of those who are to hold the recovery key.",
        )


def _check_seal(api: ServerApi) -> None:
    status = api.seal_status()
    if not status.get("recovery_seal"):
        raise SettingError(
            f"The server at {api.address} has the seal {status.get('type', 'shamir')}, which has no recovery key.",
            reason="invalid_option",
            remedy="Configure its seal first (role vault_config); this module initialises servers that unseal themselves.",
        )


def _check_absent(files: Sequence[str]) -> None:
    for path in files:
        if os.path.lexists(path):
            raise SettingError(
                f"{path} is there, and the server is not initialised: the file belongs to another cluster.",
                reason="file_error",
                remedy="Move it to where it is kept, or name another; it is never replaced.",
            )


def _data_key(params: dict[str, Any]) -> DataKey:
    """Wrapped by KMS before the server is initialised: what follows needs KMS no more."""
    key = key_in_force(params["kms_key_id"], os.environ)
    kms = KmsClients(connection_options(params))(parse_key(key).region, f"the key ARN of {key.source}")
    check_region(kms.region, key)
    made = DataKey.new(kms, str(parse_key(key).in_region(kms.region.value)))
    answered = KeyReference.parse(made.key_arn)
    for each in params["seal_key_ids"]:
        if KeyReference.parse(each).matches(answered):
            raise SettingError(
                f"The root token would be sealed under {made.key_arn}, which seals the server too: whoever may use it would have both.",
                reason="invalid_option",
                remedy="Name another key in kms_key_id.",
            )
    if params["check_opens"]:
        made.check_opens(kms)
    return made


def _initialise(module: AnsibleModule, api: ServerApi, holders: Sequence[PgpKey], token: _Token) -> None:
    body: dict[str, Any] = {
        "recovery_shares": len(holders),
        "recovery_threshold": module.params["recovery_threshold"],
        "recovery_pgp_keys": [key.as_base64() for key in holders],
    }
    if token.pgp_key:
        body["root_token_pgp_key"] = token.pgp_key.as_base64()
    # From here to the files nothing may end this process: whoever started it may be gone, and there is no second answer.
    for each in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(each, signal.SIG_IGN)
    try:
        reply = api.ask("PUT", "sys/init", body)
    except SealError as error:
        error.message += " Whether it is initialised is not known, and if so, nobody holds its shares."
        error.remedy = f"Look at its state when it answers again. {_START_ANEW}"
        raise
    if reply.status != 200:
        raise _failed(api, reply)
    shares = reply.content.get("recovery_keys_base64") or []
    root_token = reply.content.get("root_token") or ""
    if len(shares) != len(holders) or not root_token:
        raise SealError(
            f"The server at {api.address} answered with {len(shares)} recovery shares instead of {len(holders)}.",
            reason="server_refused",
            remedy=_START_ANEW,
        )
    record: dict[str, Any] = {
        "initialised": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "recovery_threshold": module.params["recovery_threshold"],
        "recovery_shares": [
            {"fingerprint": key.fingerprint, "user_id": key.user_id, "share": share} for key, share in zip(holders, shares)
        ],
    }
    if token.pgp_key:
        record["root_token"] = {"fingerprint": token.pgp_key.fingerprint, "user_id": token.pgp_key.user_id, "token": root_token}
    # The shares first: with them a lost root token can be made anew, but not the other way round.
    write_file(module, module.params["dest"], [json.dumps(record, indent=2).encode() + b"\n"])
    if token.data_key:
        sealed = token.data_key.seal(root_token.encode())
        write_file(module, module.params["root_token_dest"], [base64.b64encode(sealed.value.encode()) + b"\n"])


def _failed(api: ServerApi, reply: Reply) -> SealError:
    """The error of an initialisation that the server refused, or began and did not end."""
    error = api.refused(reply, "sys/init", "Nothing was changed.")
    if api.seal_status()["initialized"]:
        error.message += " It calls itself initialised all the same, and can be neither unsealed nor initialised again."
        error.reason, error.remedy = "half_initialised", _START_ANEW
    return error
