# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module vault_init: everything that can fail is tried before the server is initialised, because an initialisation cannot be repeated."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import connection_options
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.cluster_identity import cluster_of
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.destination import check_destination
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.file_errors import file_error
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.new_file_attributes import FileAttributes
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.value_options import named_errors
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_answers import SealStatus
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_api import Reply, ServerApi
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.keys import key_in_force, open_for_key
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.recipients.openpgp_key import PgpKey
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.wrap import WrappedDataKey
from ansible_collections.sealwright.vault_seal.plugins.module_utils._vault_init.answer import Answer, Files, Keeper, Recipients, is_refusal
from ansible_collections.sealwright.vault_seal.plugins.module_utils._vault_init.record import NAMELESS, START_ANEW, recorded
from ansible_collections.sealwright.vault_seal.plugins.module_utils._vault_init.reserved_file import FileState, ReservedFile, find, try_to_reserve

_OPEN = "Use awskms_seal_unwrap to decrypt a sealed response."
_STATES = {
    True: "The server is initialised now.",
    False: "The server reports that it is not initialised.",
    None: "It is unknown whether the server is initialised.",
}
_ANSWER = ".answer"  # suffix of dest for an unexpected response
_ALREADY = "already initialized"  # the server's error if another request was first
_PATIENCE = 120.0  # minimum seconds to wait for the response, which is sent only once
_SETTLING = 10.0  # seconds until an initialisation whose response was lost is reported


def _room(shares: int) -> int:
    """Bytes to reserve in each file: an encrypted share has up to 3 KiB with the largest keys."""
    return 64 * 1024 + shares * 8 * 1024


def run(module: AnsibleModule) -> dict[str, Any]:
    """Run the module; raises :class:`SealError`."""
    params = module.params
    holders = _pgp_keys("recovery_pgp_keys", params["recovery_pgp_keys"])
    _check_threshold(params["recovery_threshold"], len(holders))
    given = params["root_token_pgp_key"]
    token_holder = _pgp_keys("root_token_pgp_key", [given])[0] if given else None
    if not token_holder and not params["root_token_dest"]:
        raise SettingError(
            "one of the following is required: root_token_dest, root_token_pgp_key.", reason="invalid_option", remedy="Set where the root token is stored."
        )
    files = [path for path in _paths(params) if path]
    attributes = FileAttributes.of_task(module)
    _check_files(files, module)
    api = ServerApi(params)
    result = {
        "dest": params["dest"],
        "holders": [{"fingerprint": key.fingerprint, "user_id": key.user_id} for key in holders],
        "key_id": None,
        "cluster_id": None,
    }
    try:
        status = api.seal_status()
    except SealError:
        if module.check_mode:  # a previous task may be going to start the server: everything else is still checked
            _try(params, files, attributes, holders, token_holder)
        raise
    if status["initialized"]:
        return {**result, "changed": False, "initialized": True, **recorded(module, api, status, files)}
    _check_seal(status, api.address)
    taken = [path for path in files if find(path) is FileState.OTHER]
    status = api.seal_status() if taken else status
    if status["initialized"]:  # by another run, between the two requests
        return {**result, "changed": False, "initialized": True, **recorded(module, api, status, files)}
    if taken:
        raise file_error(
            f"{taken[0]} exists, but the server is not initialised: the file belongs to another cluster.",
            "Move the file, or use another path; the file is never replaced.",
        )
    data_key = _try(params, files, attributes, holders, token_holder)
    if data_key and not token_holder:
        result["key_id"] = data_key.key_arn
    if module.check_mode:
        return {"changed": True, "initialized": False, "recorded": False, **result}
    kept = _initialise(module, api, Recipients(holders, params["recovery_threshold"], token_holder, data_key), attributes)
    return {**result, "changed": True, "initialized": True, "recorded": True, **kept}


def _try(
    params: dict[str, Any], files: Sequence[str], attributes: FileAttributes, holders: Sequence[PgpKey], token_holder: PgpKey | None
) -> WrappedDataKey | None:
    """Return the data key, after checking that the files can be created if their folders exist."""
    # With root_token_pgp_key, KMS is only needed to seal an unexpected response.
    data_key = _data_key(params) if not token_holder or params["kms_key_id"] else None
    there = [path for path in files if os.path.isdir(os.path.dirname(os.path.abspath(path)))]
    try_to_reserve(there, attributes, _room(len(holders)))
    return data_key


def _paths(params: dict[str, Any]) -> tuple[str, str, str]:
    """The files of the shares, of the sealed root token (empty: none) and of an unexpected response."""
    return params["dest"], params["root_token_dest"] or "", params["dest"] + _ANSWER


def _check_files(files: Sequence[str], module: AnsibleModule) -> None:
    for path in files:
        if not module.check_mode or os.path.isdir(os.path.dirname(os.path.abspath(path))):
            check_destination(path, module)
    places = [os.path.join(os.path.realpath(os.path.dirname(os.path.abspath(path))), os.path.basename(path)) for path in files]
    if len(set(places)) < len(places):
        raise SettingError(
            f"dest and root_token_dest must be different files, also with the suffix {_ANSWER}: {', '.join(files[:2])}.",
            reason="invalid_option",
            remedy="Use a separate file for each.",
        )


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
            f"recovery_threshold is {threshold}, but there are {shares} keys in recovery_pgp_keys.",
            reason="invalid_option",
            remedy=f"Use a number from {least} to {shares}." if shares else "Add the keys of the holders of the recovery key.",
        )


def _check_seal(status: SealStatus, address: str) -> None:
    if not status["recovery_seal"]:
        raise SettingError(
            f"The server at {address} uses the seal {status['type'] or 'shamir'}, which has no recovery key.",
            reason="invalid_option",
            remedy="Configure an auto-unseal first (role vault_config); this module initialises only servers with auto-unseal.",
        )


def _data_key(params: dict[str, Any]) -> WrappedDataKey:
    """Wrap the data key before the server is initialised, so that no later step needs KMS."""
    key = key_in_force(params["kms_key_id"], os.environ)
    kms, key_id = open_for_key(KmsClients(connection_options(params)), key)
    made = WrappedDataKey.new(kms, key_id)
    answered = KeyReference.parse(made.key_arn)
    for each in params["seal_key_ids"]:
        if KeyReference.parse(each).matches(answered):
            raise SettingError(
                f"The root token cannot be sealed under {made.key_arn}, because it is the key of the server's seal: its users could then decrypt both.",
                reason="invalid_option",
                remedy="Set kms_key_id to another key.",
            )
    if params["check_opens"]:
        made.check_opens(kms)
    return made


def _initialise(module: AnsibleModule, api: ServerApi, recipients: Recipients, attributes: FileAttributes) -> dict[str, Any]:
    """Do everything that can fail before the request, and store any response. Parts that cannot be written are in the result."""
    record, token, answer = _paths(module.params)
    # Without a data key, an unexpected response may be in plaintext.
    private = attributes if recipients.data_key else attributes._replace(mode=0o600)
    files = Files(
        ReservedFile(module, record, attributes), ReservedFile(module, token, attributes) if token else None, ReservedFile(module, answer, private)
    )
    # From here on the process must not end, even if Ansible is gone: the response is sent only once.
    for each in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(each, signal.SIG_IGN)
    try:
        for file in files.all():
            file.reserve(_room(len(recipients.holders)))
        reply = _request(api, recipients)
        answered = Answer.of(reply, recipients)
        if not answered.complete and is_refusal(reply):
            raise _refused(api, reply)
        keeper = Keeper(files, recipients, api.address)
        keeper.keep(answered, reply)
        named = _name_cluster(module, api, keeper) if files.record.filled else None
        for file in files.all():
            file.finish()
        return {**_outcome(module, api, answered, keeper), "cluster_id": named}
    finally:
        for file in files.all():
            file.discard()


def _name_cluster(module: AnsibleModule, api: ServerApi, keeper: Keeper) -> str | None:
    """Add the cluster to the record, after the response is stored; returns its ID. Never raises."""
    cluster = cluster_of(api)
    why = "the server does not report it yet"
    if cluster:
        try:
            keeper.name_cluster(cluster)
            return cluster.id
        except SettingError as error:
            why = error.message
    module.warn(f"{NAMELESS.format(path=module.params['dest'])} ({why.rstrip('.')})")
    return None


def _request(api: ServerApi, recipients: Recipients) -> Reply:
    body: dict[str, Any] = {
        "recovery_shares": len(recipients.holders),
        "recovery_threshold": recipients.threshold,
        "recovery_pgp_keys": [key.as_base64() for key in recipients.holders],
    }
    if recipients.token_holder:
        body["root_token_pgp_key"] = recipients.token_holder.as_base64()
    try:
        return api.ask("PUT", "sys/init", body, timeout=max(_PATIENCE, 2 * api.timeout))
    except SealError as error:
        initialised = _initialised(api, _SETTLING)
        error.message += f" {_STATES[initialised]}"
        error.remedy = f"Unless another run initialised it: {START_ANEW}"
        if not initialised:
            error.remedy = f"Check the state of the server. If it is not initialised, run the task again. If it is: {START_ANEW}"
        error.details["initialized"] = initialised
        raise


def _outcome(module: AnsibleModule, api: ServerApi, answered: Answer, keeper: Keeper) -> dict[str, Any]:
    where = " ".join(keeper.places) or "It contained nothing that could be stored."
    unexpected = f"The response of the server at {api.address} to sys/init is unexpected: {'; '.join(answered.problems)}."
    if answered.complete and not keeper.failures:
        if answered.problems:
            module.warn(f"{unexpected} {where} {_OPEN}")
        return {}
    initialised = True if answered.complete else _initialised(api, 0)
    details = {"initialized": initialised, **keeper.returned}
    if not answered.complete:
        raise SealError(
            " ".join([unexpected, *keeper.failures, where, _STATES[initialised]]),
            reason="unexpected_answer",
            remedy=f"{_OPEN} If shares or the root token are missing, start again. {START_ANEW}",
            details=details,
        )
    raise SealError(
        " ".join([f"The server at {api.address} is initialised.", *keeper.failures, where]),
        reason="answer_not_stored",
        remedy="Save the values in this result now: the server does not return them again. They are all sealed or encrypted.",
        details=details,
    )


def _refused(api: ServerApi, reply: Reply) -> SealError:
    """The error of an initialisation that the server rejected, or started and did not complete."""
    initialised = _initialised(api, 0)
    error = api.refused(reply, "sys/init")
    error.details["initialized"] = initialised
    if initialised and _ALREADY in reply.errors:
        error.message = f"The server at {api.address} was initialised by another client, for example another run of vault_init, while this task ran."
        error.reason, error.remedy = "already_initialized", "This run has no data to keep. The shares and the root token were returned to the other client."
    elif initialised:
        error.message += " It nevertheless reports that it is initialised, and can be neither unsealed nor initialised again."
        error.reason, error.remedy = "half_initialised", START_ANEW
    else:
        error.message += f" {_STATES[initialised]}"
        error.remedy = "Check the server's log. Fix the cause and run the task again."
    return error


def _initialised(api: ServerApi, seconds: float) -> bool | None:
    """Whether the server reports that it is initialised, within ``seconds``; None if it does not respond."""
    end = time.monotonic() + seconds
    while True:
        try:
            initialised = bool(api.seal_status()["initialized"])
        except (SealError, KeyError):
            return None
        if initialised or time.monotonic() > end:
            return initialised
        time.sleep(0.5)
