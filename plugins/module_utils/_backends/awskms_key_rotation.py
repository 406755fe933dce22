# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module awskms_key_rotation: rotate a key on demand, unless it was rotated since a given time.

Source: RotateKeyOnDemand, GetKeyRotationStatus and ListKeyRotations in the AWS KMS API reference, and "Perform on-demand key rotation" of the
developer guide. KMS rotates in the background; meanwhile the status contains the start time and a second request is a conflict.
"""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Any, NamedTuple

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import connection_options
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import KmsError, SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.api import Kms
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.key_details import listed
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.key_facts import date_text, key_problems, rotation_entry
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.keys import Key, open_for_key
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced

_DELAY = 1.0  # seconds between two requests for the status
_FORMS = ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d")


class _State(NamedTuple):
    history: list[dict[str, Any]]
    in_progress: bool

    @property
    def latest(self) -> datetime | None:
        return max((entry["RotationDate"] for entry in self.history), default=None)


def run(module: AnsibleModule) -> dict[str, Any]:
    """Run the module; raises :class:`SealError`."""
    params = module.params
    since = _moment(params["rotated_since"])
    key = Key.parse(Sourced(params["kms_key_id"], "option kms_key_id"))
    clients = KmsClients(connection_options(params))
    kms, key_id = open_for_key(clients, key, region_source="the key's ARN")
    metadata = kms.describe_key(key_id)
    _check(metadata)
    arn: str = metadata["Arn"]
    before = state = _state(kms, arn)
    wanted = before.latest is None or before.latest < since
    if wanted and not module.check_mode:
        state = _rotated(kms, arn, before, params["wait"])
    result = {
        "changed": wanted and not before.in_progress,
        "key_id": arn,
        "rotated_at": date_text(state.latest),
        "history": [rotation_entry(entry) for entry in state.history],
        "connection": clients.connection(),
    }
    if module._diff:
        after = "now" if wanted and module.check_mode else date_text(state.latest)
        result["diff"] = {"before": f"{arn} rotated: {date_text(before.latest) or 'never'}\n", "after": f"{arn} rotated: {after}\n"}
    return result


def _moment(text: str) -> datetime:
    now = datetime.now(timezone.utc)
    for form in _FORMS:
        try:
            moment = datetime.strptime(text, form).replace(tzinfo=timezone.utc)
        except ValueError:
            continue
        if moment > now:
            raise SettingError(
                f"The time {text} (from option rotated_since) is in the future, so each run would rotate the key again.",
                reason="invalid_option",
                remedy=f"Use a time in the past. The current time on the host is {now:%Y-%m-%dT%H:%M:%SZ} (UTC).",
            )
        return moment
    raise SettingError(
        f"{text!r} (from option rotated_since) is not a valid time.",
        reason="invalid_option",
        remedy="Use a date or time in UTC: 2026-01-31 or 2026-01-31T12:00:00Z.",
    )


def _check(metadata: dict[str, Any]) -> None:
    """Raise unless KMS can rotate the key."""
    arn = metadata["Arn"]
    problems = key_problems(metadata, datetime.now(timezone.utc))
    if problems:
        raise SealError.of(problems[0]._replace(msg=f"The key {arn} cannot be rotated: {problems[0].msg}"))
    origin = metadata.get("Origin")
    if origin != "AWS_KMS":
        raise SealError(
            f"KMS cannot rotate the key {arn}, because its origin is {origin}.",
            reason="key_unusable",
            remedy="Point the alias to a new key (awskms_alias) instead.",
        )
    regions = metadata.get("MultiRegionConfiguration") or {}
    if regions.get("MultiRegionKeyType") == "REPLICA":
        raise SealError(
            f"The key {arn} is a replica; a multi-Region key can only be rotated by its primary key.",
            reason="key_unusable",
            remedy=f"Use the primary key: {regions.get('PrimaryKey', {}).get('Arn')}.",
        )


def _state(kms: Kms, arn: str) -> _State:
    history = listed(kms, arn, "list_key_rotations", "Rotations")
    status = kms.facts("get_key_rotation_status", arn)[0]
    return _State(history, status.get("OnDemandRotationStartDate") is not None)


def _rotated(kms: Kms, arn: str, before: _State, seconds: float) -> _State:
    """Request a rotation unless one is in progress, and wait until the history contains it."""
    if not before.in_progress:
        _ask(kms, arn)
    try:
        return _done(kms, arn, before, seconds)
    except KmsError as error:
        if error.reason != "timed_out" or "operation" in error.details:
            error.message = f"KMS accepted the request to rotate the key {arn}, but its status cannot be read. {error.message}"
        error.details.update(changed=not before.in_progress, key_id=arn)
        raise


def _done(kms: Kms, arn: str, before: _State, seconds: float) -> _State:
    end = time.monotonic() + seconds
    while True:
        state = _state(kms, arn)
        if not state.in_progress and len(state.history) > len(before.history):
            return state
        if time.monotonic() > end:
            raise KmsError(
                f"KMS accepted the request to rotate the key {arn}, but the rotation was not completed within {seconds:g} s.",
                reason="timed_out",
                remedy="Run the task again in a few minutes: it waits for the rotation in progress and does not start another one.",
            )
        time.sleep(_DELAY)


def _ask(kms: Kms, arn: str) -> None:
    try:
        kms.rotate_key_on_demand(arn)
    except KmsError as error:
        code = error.details.get("aws_code")
        if code == "ConflictException":  # another rotation was started since the status was read
            return
        if code == "LimitExceededException":  # the limit of rotations of a key, not of the rate of calls
            error.message = f"The key {arn} has reached the limit of on-demand rotations."
            error.reason, error.remedy = "unsupported_operation", "Enable automatic rotation, or point the alias to a new key (awskms_alias)."
        raise
