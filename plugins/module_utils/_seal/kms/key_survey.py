# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describes each KMS key once, in its own region, and stops asking a region that cannot be reached."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from ..errors import CONNECTIVITY_REASONS, SealError
from ..key_reference import KeyReference
from ..sourced import Sourced
from .api import KmsForRegion
from .clients import KmsClients
from .key_details import finding_of, key_detail
from .key_facts import key_facts
from .keys import check_region, parse_key


class KeyDescriber:
    """Describes key after key. A region whose KMS cannot be asked is not asked again: each attempt may take the whole timeout."""

    def __init__(self, clients: KmsClients, include: list[str]) -> None:
        self._clients = clients
        self._include = include
        self._closed: dict[str, SealError] = {}
        self.first_failure: SealError | None = None
        self.answered = False

    def entry(self, key: Sourced) -> dict[str, Any]:
        """One key's facts, or the reason why there are none."""
        reference = parse_key(key)
        if reference.region in self._closed:
            return _refused(key, self._closed[reference.region])
        try:
            kms = self._clients(reference.region, "the key's ARN")
        except SealError as error:
            return self._way_failed(key, reference.region, error)
        try:
            check_region(kms.region, key)
        except SealError as error:
            return _refused(key, error)
        kms.key_in_environment = key if key.source.startswith("environment") else None
        region = kms.region.value
        if region in self._closed:
            return _refused(key, self._closed[region])
        try:
            metadata = kms.describe_key(str(reference.in_region(region)))
        except SealError as error:
            if error.reason in CONNECTIVITY_REASONS:
                return self._way_failed(key, region, error)
            self.answered = True
            return _refused(key, error)
        self.answered = True
        facts = {"asked": key.value, **key_facts(metadata, datetime.now(timezone.utc))}
        facts["alias"] = reference.alias or None
        if reference.region not in ("", region):
            facts["warnings"].append(_replica_described(reference.region, kms.region))
        facts.update({name: key_detail(name, kms, facts["arn"]) for name in self._include})
        return facts

    def _way_failed(self, key: Sourced, region: str, error: SealError) -> dict[str, Any]:
        self.first_failure = self.first_failure or error
        self._closed[region] = SealError(
            f"Not asked for, after this failure: {error.message}", reason=error.reason, remedy=error.remedy
        )
        return _refused(key, error)


def _refused(key: Sourced, error: SealError) -> dict[str, Any]:
    named = finding_of(error)
    return {"asked": key.value, "usable_for_seal": False, "problems": [named], "warnings": [], **named}


def _replica_described(asked: str, region: Sourced) -> dict[str, str]:
    return {
        "reason": "region_mismatch",
        "msg": f"The ARN names region {asked}, but region {region.value} is in force (from {region.source}): "
        "what is described is the related key there.",
        "remedy": f"Leave the region out, or set it to {asked}.",
    }


class KeyStates:
    """The state of each key, asked for once. A region whose KMS cannot be asked is not asked again, as each attempt may take long."""

    def __init__(self, kms_for_region: KmsForRegion, now: datetime) -> None:
        self._kms_for_region = kms_for_region
        self._now = now
        self._closed: dict[str, SealError] = {}
        self.states: dict[str, dict[str, Any] | SealError] = {}

    def ask(self, arns: Iterable[str]) -> None:
        """Have the facts of these keys, or the error why not, in ``states``."""
        for arn in arns:
            region = arn.split(":")[3]
            try:
                self.states[arn] = self._facts(arn) if region not in self._closed else self._closed[region]
            except SealError as error:
                self.states[arn] = error
                if error.reason in CONNECTIVITY_REASONS:
                    self._closed[region] = error

    def _facts(self, arn: str) -> dict[str, Any]:
        reference = KeyReference.parse(arn)
        kms = self._kms_for_region(reference.region)
        check_region(kms.region, Sourced(arn, "the snapshot"))
        return key_facts(kms.describe_key(str(reference.in_region(kms.region.value))), self._now)
