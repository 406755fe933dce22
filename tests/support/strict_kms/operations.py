# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operations of KMS that moto answers too leniently, answered here; all others are moto's, once allowed.

Source: the AWS KMS API reference, one page for each operation.
"""

from __future__ import annotations

import base64
import binascii
import copy
import os
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from moto.kms.models import kms_backends

from .authorisation import authorise, authorise_account, not_visible
from .ciphertext import KeyMaterial
from .errors import AwsError
from .key_policy import check_policy
from .key_state import account_of, check_enabled, check_state, check_symmetric, find_key
from .signature import ACCOUNT, Principal

Parameters = dict[str, Any]
Answer = dict[str, Any]

_MAX_PLAINTEXT = 4096
_MAX_CIPHERTEXT = 6144
_DAY = 86400
# Operations without a key, which identity policies alone allow.
_WITHOUT_KEY = {"CreateKey", "ListKeys", "GenerateRandom", "ListRetirableGrants", "DescribeCustomKeyStores"}
_WITHOUT_ROTATION = "You cannot perform this operation on a key of this kind."


class Operations:
    """Answers one operation after authorising it; other operations are passed to ``moto``."""

    def __init__(self, moto: Callable[[str, Parameters, str], Answer]) -> None:
        self._moto = moto
        self._material = KeyMaterial()
        self._rotation: dict[str, int] = {}
        self._rotations: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._rotation_starts: dict[str, float] = {}
        self.rotation_seconds = 0.0
        self.valid_to: dict[str, float] = {}
        self._own: dict[str, Callable[[Parameters, Principal], Answer]] = {
            "Encrypt": self._encrypt,
            "Decrypt": self._decrypt,
            "ReEncrypt": self._re_encrypt,
            "GenerateDataKey": self._generate_data_key,
            "GenerateDataKeyWithoutPlaintext": self._generate_data_key_without_plaintext,
            "DescribeKey": self._describe_key,
            "ReplicateKey": self._replicate_key,
            "CreateKey": self._create_key,
            "ListAliases": self._list_aliases,
            "EnableKeyRotation": self._enable_key_rotation,
            "DisableKeyRotation": self._disable_key_rotation,
            "GetKeyRotationStatus": self._get_key_rotation_status,
            "RotateKeyOnDemand": self._rotate_key_on_demand,
            "ListKeyRotations": self._list_key_rotations,
            "ListGrants": self._list_grants,
        }

    def run(self, operation: str, parameters: Parameters, principal: Principal) -> Answer:
        own = self._own.get(operation)
        if own:
            return own(parameters, principal)
        if operation in _WITHOUT_KEY:
            authorise_account(principal, f"kms:{operation}", "*")
        elif operation in ("UpdateAlias", "CreateAlias", "DeleteAlias"):
            self._allow_alias(operation, parameters, principal)
        else:
            key = self._key(parameters.get("KeyId", ""), principal, operation, parameters)
            check_state(key, operation)
            parameters = {**parameters, "KeyId": key.id}  # moto does not accept an ARN everywhere
            if operation in ("GetKeyPolicy", "PutKeyPolicy"):
                parameters.setdefault("PolicyName", "default")
            if operation == "PutKeyPolicy":
                check_policy(parameters.get("Policy") or "", principal, bool(parameters.get("BypassPolicyLockoutSafetyCheck")))
        return self._moto(operation, parameters, principal.region)

    def _allow_alias(self, operation: str, parameters: Parameters, principal: Principal) -> None:
        name = parameters.get("AliasName", "")
        authorise_account(principal, f"kms:{operation}", f"arn:aws:kms:{principal.region}:{ACCOUNT}:{name}")
        if "TargetKeyId" in parameters:
            check_state(self._key(parameters["TargetKeyId"], principal, operation, {}), operation)
        if operation != "CreateAlias":
            find_key(name, principal.account, principal.region)

    def _key(self, reference: str, principal: Principal, operation: str, parameters: Parameters, context: str = "EncryptionContext") -> Any:
        try:
            key = find_key(reference, principal.account, principal.region)
        except AwsError:
            if account_of(reference) in ("", principal.account) or f":{principal.region}:" not in reference:
                raise
            raise not_visible(principal, f"kms:{operation}", reference) from None
        authorise(principal, f"kms:{operation}", key, parameters.get(context) or {}, parameters.get("PendingWindowInDays"))
        return key

    def _usable(self, reference: str, principal: Principal, operation: str, parameters: Parameters, context: str = "EncryptionContext") -> Any:
        """A key for a cryptographic operation: found, allowed, enabled, symmetric; DryRun ends here."""
        key = self._key(reference, principal, operation, parameters, context)
        check_enabled(key)
        check_symmetric(key, operation)
        return key

    def _encrypt(self, parameters: Parameters, principal: Principal) -> Answer:
        plaintext = _bytes(parameters, "Plaintext", 1, _MAX_PLAINTEXT)
        key = self._usable(parameters.get("KeyId", ""), principal, "Encrypt", parameters)
        _end_dry_run(parameters)
        blob = self._material.encrypt(key.id, plaintext, parameters.get("EncryptionContext") or {})
        return {"CiphertextBlob": _text(blob), "KeyId": key.arn, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}

    def _decrypt(self, parameters: Parameters, principal: Principal) -> Answer:
        ciphertext = _bytes(parameters, "CiphertextBlob", 1, _MAX_CIPHERTEXT)
        key, plaintext = self._opened(ciphertext, parameters.get("KeyId"), principal, "Decrypt", parameters)
        _end_dry_run(parameters)
        return {"Plaintext": _text(plaintext), "KeyId": key.arn, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}

    def _opened(
        self, ciphertext: bytes, pinned: str | None, principal: Principal, operation: str, parameters: Parameters,
        context: str = "EncryptionContext",
    ) -> tuple[Any, bytes]:
        if pinned:
            key = self._usable(pinned, principal, operation, parameters, context)
        key_id = self._material.key_of(ciphertext)
        if pinned and key.id != key_id:
            raise AwsError("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
        if not pinned:
            key = kms_backends[ACCOUNT][principal.region].keys.get(key_id)
            if not key:
                raise AwsError(
                    "AccessDeniedException",
                    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or "
                    "you are not allowed to access.",
                )
            self._usable(key.arn, principal, operation, parameters, context)
        return key, self._material.decrypt(ciphertext, parameters.get(context) or {})

    def _re_encrypt(self, parameters: Parameters, principal: Principal) -> Answer:
        ciphertext = _bytes(parameters, "CiphertextBlob", 1, _MAX_CIPHERTEXT)
        source, plaintext = self._opened(
            ciphertext, parameters.get("SourceKeyId"), principal, "ReEncryptFrom", parameters, "SourceEncryptionContext"
        )
        target = self._usable(
            parameters.get("DestinationKeyId", ""), principal, "ReEncryptTo", parameters, "DestinationEncryptionContext"
        )
        _end_dry_run(parameters)
        blob = self._material.encrypt(target.id, plaintext, parameters.get("DestinationEncryptionContext") or {})
        algorithms = {"SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT", "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT"}
        return {"CiphertextBlob": _text(blob), "SourceKeyId": source.arn, "KeyId": target.arn, **algorithms}

    def _generate_data_key(self, parameters: Parameters, principal: Principal, operation: str = "GenerateDataKey") -> Answer:
        spec, size = parameters.get("KeySpec"), parameters.get("NumberOfBytes")
        if size is not None and not 1 <= size <= 1024:
            raise AwsError("ValidationException", "NumberOfBytes must be between 1 and 1024.")
        if (spec is None) == (size is None) or spec not in (None, "AES_128", "AES_256"):
            raise AwsError("ValidationException", "Please specify either number of bytes or key spec.")
        key = self._usable(parameters.get("KeyId", ""), principal, operation, parameters)
        _end_dry_run(parameters)
        plaintext = os.urandom(size or {"AES_128": 16, "AES_256": 32}[spec or ""])
        blob = self._material.encrypt(key.id, plaintext, parameters.get("EncryptionContext") or {})
        return {"CiphertextBlob": _text(blob), "Plaintext": _text(plaintext), "KeyId": key.arn}

    def _generate_data_key_without_plaintext(self, parameters: Parameters, principal: Principal) -> Answer:
        answer = self._generate_data_key(parameters, principal, "GenerateDataKeyWithoutPlaintext")
        del answer["Plaintext"]
        return answer

    def _describe_key(self, parameters: Parameters, principal: Principal) -> Answer:
        return {"KeyMetadata": self._metadata(self._key(parameters.get("KeyId", ""), principal, "DescribeKey", {}))}

    def _metadata(self, key: Any) -> Answer:
        metadata: Answer = key.to_dict()["KeyMetadata"]
        metadata["Enabled"] = key.key_state == "Enabled" and key.enabled
        if key.key_state == "Enabled" and not key.enabled:
            metadata["KeyState"] = "Disabled"
        for name in ("EncryptionAlgorithms", "SigningAlgorithms"):
            if not metadata.get(name) or key.key_usage == "GENERATE_VERIFY_MAC":
                metadata.pop(name, None)
        if key.key_usage == "GENERATE_VERIFY_MAC":
            metadata["MacAlgorithms"] = [key.key_spec.replace("HMAC_", "HMAC_SHA_")]
        if key.origin == "EXTERNAL" and key.key_state != "PendingImport":
            expires = self.valid_to.get(key.arn)
            metadata["ExpirationModel"] = "KEY_MATERIAL_EXPIRES" if expires else "KEY_MATERIAL_DOES_NOT_EXPIRE"
            if expires:
                metadata["ValidTo"] = expires
        if key.multi_region:
            metadata["MultiRegionConfiguration"] = _multi_region(key)
        return metadata

    def _create_key(self, parameters: Parameters, principal: Principal) -> Answer:
        authorise_account(principal, "kms:CreateKey", "*")
        self._check_new(parameters, principal)
        answer = self._moto("CreateKey", {"KeyUsage": "ENCRYPT_DECRYPT", "MultiRegion": False, **parameters}, principal.region)
        keys = kms_backends[ACCOUNT][principal.region].keys
        key = keys.pop(answer["KeyMetadata"]["KeyId"])
        if key.multi_region:  # moto writes a UUID behind mrk-, AWS 32 hexadecimal digits
            moto_id, key.id = key.id, "mrk-" + key.id.removeprefix("mrk-").replace("-", "")
            key.arn = key.arn.replace(moto_id, key.id)
            key.multi_region_configuration["PrimaryKey"]["Arn"] = key.arn
            tagger = kms_backends[ACCOUNT][principal.region].tagger
            tagger.copy_tags(moto_id, key.id)
        keys[key.id] = key
        if key.origin == "EXTERNAL":
            key.key_state, key.enabled = "PendingImport", False
        return {"KeyMetadata": self._metadata(key)}

    def _check_new(self, parameters: Parameters, principal: Principal) -> None:
        """Tags of a new key need a permission of their own, by an identity policy: the key's policy is not in force yet."""
        if parameters.get("Tags"):
            authorise_account(principal, "kms:TagResource", "*")
        if parameters.get("Policy"):
            check_policy(parameters["Policy"], principal, bool(parameters.get("BypassPolicyLockoutSafetyCheck")))

    def _replicate_key(self, parameters: Parameters, principal: Principal) -> Answer:
        key = self._key(parameters.get("KeyId", ""), principal, "ReplicateKey", {})
        region = parameters.get("ReplicaRegion", "")
        if not key.multi_region or _multi_region(key)["MultiRegionKeyType"] != "PRIMARY":
            raise AwsError("UnsupportedOperationException", f"{key.arn} is not a multi-Region primary key.")
        check_enabled(key)
        authorise_account(principal, "kms:CreateKey", "*")
        self._check_new(parameters, principal)
        if key.id in kms_backends[ACCOUNT][region].keys:
            raise AwsError("AlreadyExistsException", f"Key {key.id} already exists in {region}.")
        replica = copy.copy(key)
        replica.region, replica.arn = region, key.arn.replace(f":{key.region}:", f":{region}:")
        replica.aliases, replica.grants, replica.rotations = {}, {}, []
        replica.policy = parameters.get("Policy") or replica.generate_default_policy()
        replica.description = parameters.get("Description") or ""
        kms_backends[ACCOUNT][region].keys[key.id] = replica
        kms_backends[ACCOUNT][region].tagger.tag_resource(key.id, parameters.get("Tags") or [])
        return {"ReplicaKeyMetadata": self._metadata(replica), "ReplicaPolicy": replica.policy, "ReplicaTags": parameters.get("Tags") or []}

    def _list_aliases(self, parameters: Parameters, principal: Principal) -> Answer:
        authorise_account(principal, "kms:ListAliases", "*")
        wanted = find_key(parameters["KeyId"], ACCOUNT, principal.region).id if parameters.get("KeyId") else None
        keys = kms_backends[ACCOUNT][principal.region].keys.values()
        entries = [
            {"AliasName": alias.alias_name, "AliasArn": alias.alias_arn, "TargetKeyId": key.id, "CreationDate": key.creation_date,
             "LastUpdatedDate": key.creation_date}
            for key in keys
            if wanted in (None, key.id)
            for alias in key.aliases.values()
        ]
        return _page(parameters, "Aliases", entries)

    def _list_grants(self, parameters: Parameters, principal: Principal) -> Answer:
        key = self._key(parameters.get("KeyId", ""), principal, "ListGrants", {})
        wanted = parameters.get("GrantId"), parameters.get("GranteePrincipal")
        entries = [
            {
                **{name: value for name, value in grant.to_json().items() if value},
                "KeyId": key.arn,
                "CreationDate": key.creation_date,
                "IssuingAccount": f"arn:aws:iam::{ACCOUNT}:root",
            }
            for grant in key.grants.values()
            if wanted[0] in (None, grant.id) and wanted[1] in (None, grant.grantee_principal)
        ]
        return _page(parameters, "Grants", entries)

    def _rotating(self, parameters: Parameters, principal: Principal, operation: str) -> Any:
        key = self._key(parameters.get("KeyId", ""), principal, operation, {})
        if key.key_spec != "SYMMETRIC_DEFAULT" or key.key_usage != "ENCRYPT_DECRYPT" or key.origin != "AWS_KMS":
            raise AwsError("UnsupportedOperationException", _WITHOUT_ROTATION)
        return key

    def _enable_key_rotation(self, parameters: Parameters, principal: Principal) -> Answer:
        key = self._rotating(parameters, principal, "EnableKeyRotation")
        check_enabled(key)
        if key.multi_region and _multi_region(key)["MultiRegionKeyType"] == "REPLICA":
            raise AwsError("UnsupportedOperationException", f"{key.arn} is a multi-Region replica key.")
        days = parameters.get("RotationPeriodInDays", 365)
        if not 90 <= days <= 2560:
            raise AwsError("ValidationException", "RotationPeriodInDays must be between 90 and 2560.")
        self._rotation[key.id] = days
        return {}

    def _disable_key_rotation(self, parameters: Parameters, principal: Principal) -> Answer:
        self._rotation.pop(self._rotating(parameters, principal, "DisableKeyRotation").id, None)
        return {}

    def _get_key_rotation_status(self, parameters: Parameters, principal: Principal) -> Answer:
        key = self._rotating(parameters, principal, "GetKeyRotationStatus")
        days = self._rotation.get(key.id)
        started = {"OnDemandRotationStartDate": self._rotation_starts[key.id]} if self._is_rotating(key) else {}
        if not days:
            return {"KeyId": key.arn, "KeyRotationEnabled": False, **started}
        begun = max([key.creation_date, *(entry["RotationDate"] for entry in self._rotations[key.id])])
        return {"KeyId": key.arn, "KeyRotationEnabled": True, "RotationPeriodInDays": days, "NextRotationDate": begun + days * _DAY, **started}

    def _rotate_key_on_demand(self, parameters: Parameters, principal: Principal) -> Answer:
        key = self._rotating(parameters, principal, "RotateKeyOnDemand")
        check_enabled(key)
        if self._is_rotating(key):
            raise AwsError("ConflictException", "The key is being rotated on demand.")
        if len(self._rotations[key.id]) >= 25:
            raise AwsError("LimitExceededException", "The key has been rotated on demand 25 times.")
        self._rotation_starts[key.id] = time.time()
        self._is_rotating(key)
        return {"KeyId": key.id}

    def _is_rotating(self, key: Any) -> bool:
        """Whether a rotation on demand is not done yet; one whose time has come is done here."""
        begun = self._rotation_starts.get(key.id)
        if begun is None or time.time() - begun < self.rotation_seconds:
            return begun is not None
        del self._rotation_starts[key.id]
        self._material.rotate(key.id)
        self._rotations[key.id].append({"KeyId": key.arn, "RotationDate": time.time(), "RotationType": "ON_DEMAND"})
        return False

    def _list_key_rotations(self, parameters: Parameters, principal: Principal) -> Answer:
        key = self._rotating(parameters, principal, "ListKeyRotations")
        self._is_rotating(key)
        return _page(parameters, "Rotations", self._rotations[key.id])


def _multi_region(key: Any) -> Answer:
    """As AWS shows it: the primary, all replicas, and which of them this key is."""
    primary = key.multi_region_configuration["PrimaryKey"]
    related = [
        {"Arn": backend.keys[key.id].arn, "Region": region}
        for region, backend in kms_backends[ACCOUNT].items()
        if key.id in backend.keys and region != primary["Region"]
    ]
    kind = "PRIMARY" if key.arn == primary["Arn"] else "REPLICA"
    return {"MultiRegionKeyType": kind, "PrimaryKey": primary, "ReplicaKeys": related}


def _page(parameters: Parameters, name: str, entries: list[Answer]) -> Answer:
    limit = parameters.get("Limit") or 50
    marker = parameters.get("Marker") or "0"
    if not marker.isdecimal():
        raise AwsError("InvalidMarkerException", f"Invalid marker {marker}")
    start = int(marker)
    answer: Answer = {name: entries[start : start + limit], "Truncated": len(entries) > start + limit}
    if answer["Truncated"]:
        answer["NextMarker"] = str(start + limit)
    return answer


def _end_dry_run(parameters: Parameters) -> None:
    if parameters.get("DryRun"):
        raise AwsError("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")


def _bytes(parameters: Parameters, name: str, least: int, most: int) -> bytes:
    try:
        content = base64.b64decode(parameters.get(name, ""), validate=True)
    except (binascii.Error, ValueError):
        raise AwsError("SerializationException", f"{name} is not base64.") from None
    if not least <= len(content) <= most:
        how = f"less than or equal to {most}" if content else f"greater than or equal to {least}"
        field = name[0].lower() + name[1:]
        raise AwsError(
            "ValidationException",
            f"1 validation error detected: Value at '{field}' failed to satisfy constraint: Member must have length {how}",
        )
    return content


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
