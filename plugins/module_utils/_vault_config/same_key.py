# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether two configurations of a server name one key of AWS KMS."""

from __future__ import annotations

import os
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.server import ConfiguredServer
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.server_connection import as_the_server
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_settings import AWSKMS, Seal
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced

from .seal_change import Comparison

_SECONDS = 20.0
_DECIDES = ("AWS_", "AWSKMS_", "VAULT_AWSKMS_")
# Variables that change how KMS is reached, and not whose key answers.
_DOES_NOT = ("AWS_CA_BUNDLE", "AWS_EC2_METADATA_DISABLED", "AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS")
_HEALTH = "health_check_"


def awskms_seals(server: ConfiguredServer) -> list[Seal]:
    """The enabled awskms seals."""
    return [seal for seal in server.in_force.seals if seal.enabled and seal.type == AWSKMS]


def seals_with_key(server: ConfiguredServer) -> list[Seal]:
    """The awskms seals whose key may encrypt the server's data: the enabled ones, or the disabled one of a migration to shamir that was not carried out."""
    return awskms_seals(server) or [seal for seal in server.in_force.seals if seal.type == AWSKMS]


def identity(server: ConfiguredServer, seal: Seal) -> tuple[Any, ...]:
    """All that decides which key a seal uses: its settings in force, and the further variables of the service that the AWS SDK reads."""
    product = server.in_force.product
    settings = {name: setting for name, setting in seal.settings.items() if not name.startswith(_HEALTH)}
    # A reference without a target is compared by its text.
    in_force = {name: setting.value or setting.failure and setting.source for name, setting in settings.items()}
    resolved = {variable for name in product.settings() for place in product.origin(name) for variable in place}
    variables = {
        name: variable.value for name, variable in server.in_force.environment.items()
        if name.startswith(_DECIDES) and name not in _DOES_NOT and name not in resolved
    }
    return (sorted(in_force.items()), sorted(variables.items()), server.service.user, server.home)


def same_settings(old: ConfiguredServer, new: ConfiguredServer) -> bool:
    """Whether both have the same awskms seals by text alone; with several seals, whether one of them stays."""
    before, after = ([identity(server, seal) for seal in awskms_seals(server)] for server in (old, new))
    return before == after or (max(len(before), len(after)) > 1 and any(each in after for each in before))


def compare_keys(old: ConfiguredServer, new: ConfiguredServer, connection: ConnectionOptions | None = None) -> Comparison:
    """Compare by text, and where that does not decide by DescribeKey, through the settings of each."""
    if same_settings(old, new):
        return Comparison(True)
    before, after = seals_with_key(old)[0], awskms_seals(new)[0]
    if identity(old, before) == identity(new, after):
        return Comparison(True)
    names = _names(before, after)
    certain = _certain(old, new, before, after)
    if certain is not None:
        return Comparison(certain, *names)
    arns = []
    for server, seal, which in ((old, before, "present"), (new, after, "new")):
        try:
            arns.append(_described(server, seal, connection or ConnectionOptions(timeout=_SECONDS)))
        except SealError as error:
            return Comparison(None, *names, f"DescribeKey with the {which} settings failed ({error.reason}). {error.message}")
    if arns[0] == arns[1]:
        return Comparison(True)
    both = names[0] == names[1]
    return Comparison(False, *(f"{name} ({arn})" if both else name for name, arn in zip(names, arns)))


def _certain(old: ConfiguredServer, new: ConfiguredServer, before: Seal, after: Seal) -> bool | None:
    """Compare the names alone: the ARN of a key identifies it, as long as both use the same endpoint."""
    keys = [KeyReference.parse_key_arn(seal.value("kms_key_id")) for seal in (before, after)]
    same_endpoint = before.value("endpoint") == after.value("endpoint") and _endpoints(old) == _endpoints(new)
    if all(keys) and same_endpoint:
        return before.value("kms_key_id") == after.value("kms_key_id")
    return None


def _endpoints(server: ConfiguredServer) -> dict[str, str]:
    return {name: variable.value for name, variable in server.in_force.environment.items() if "ENDPOINT" in name}


def _names(before: Seal, after: Seal) -> tuple[str, str]:
    """How a message names both: by what is written, with the region where that differs."""
    regions = [seal.value("region") for seal in (before, after)]
    named = [seal.value("kms_key_id") for seal in (before, after)]
    if regions[0] != regions[1] and not named[1].startswith("arn:"):
        named = [f"{name} in {region or 'an unknown region'}" for name, region in zip(named, regions)]
    return named[0], named[1]


def _described(server: ConfiguredServer, seal: Seal, connection: ConnectionOptions) -> str:
    """The ARN of the key that a server's settings select; raises :class:`SealError` if KMS does not return it."""
    from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.clients import KmsClients
    from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.keys import Key, open_for_key

    kept = dict(os.environ)
    try:
        with as_the_server(server, connection, os.environ) as options:
            setting = seal.settings["kms_key_id"]
            key = Key.parse(Sourced(setting.value, setting.source))
            kms, key_id = open_for_key(KmsClients(options), key, region_source="the key's ARN")
            return str(kms.describe_key(key_id)["Arn"])
    finally:
        os.environ.clear()
        os.environ.update(kept)
