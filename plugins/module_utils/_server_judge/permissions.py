# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server's verdict tells of each permission, as a probe of AWS KMS tells it."""

from __future__ import annotations

import re

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.access.check import (
    ALLOWED,
    DECRYPT,
    DENIED,
    DESCRIBE,
    ENCRYPT,
    FAILED,
    NOT_TRIED,
    Probe,
    Verdict,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.denial import denial_remedy, read_denial
from ansible_collections.sealwright.vault_seal.plugins.module_utils._server_judge.verdict import INITIALISE, START, UNSEAL, ServerVerdict

_ACTIONS = {START: DESCRIBE, INITIALISE: ENCRYPT, UNSEAL: DECRYPT}
_NAMED = re.compile(r"not authorized to perform: (kms:\w+)")
# AWS's sentence in the server's log, without what the SDKs of Go add.
_SENTENCE = re.compile(r"AccessDenied(?:Exception)?: (.*?)(?: status code: \d+.*|[,;]? request id.*|\"\s*$|$)")


def server_probe(verdict: ServerVerdict, reference: KeyReference | None, region: str) -> Probe:
    """The three permissions as far as the server came: the step that failed tells which one."""
    actions = list(_ACTIONS.values())
    found = Probe(reference, verdict.region or region)
    failed = len(actions) if verdict.ready else actions.index(_failed_action(verdict))
    for number, action in enumerate(actions):
        if number < failed:
            found.verdicts[action] = Verdict(ALLOWED)
        elif number == failed:
            found.verdicts[action] = _failure(verdict, action)
        else:
            found.verdicts[action] = Verdict(NOT_TRIED, "Not tried: the server did not come so far.")
    arn = next((each.key_arn for each in found.denials.values() if each.key_arn), "")
    found.key_arn = arn or next((str(key) for key in (verdict.key_id, reference) if key and KeyReference.parse_key_arn(str(key))), "")
    return found


def _failed_action(verdict: ServerVerdict) -> str:
    named = _NAMED.search(verdict.line)
    return named.group(1) if named and named.group(1) in _ACTIONS.values() else _ACTIONS[verdict.step]


def _failure(verdict: ServerVerdict, action: str) -> Verdict:
    sentence = _SENTENCE.search(verdict.line)
    if verdict.reason != "access_denied" or not sentence or not _NAMED.search(sentence.group(1)):
        return Verdict(FAILED, verdict.msg, verdict.reason, verdict.remedy)
    denial = read_denial(sentence.group(1))
    return Verdict(DENIED, verdict.msg, verdict.reason, denial_remedy(action, denial), sentence.group(1), denial)
