# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sealed value's messages, as protobuf's own runtime reads and writes them: the judge of the collection's format.

Written out from HashiCorp's go-kms-wrapping (``github.com.hashicorp.go.kms.wrapping.v2.types.proto``), OpenBao's fork of
it, and HashiCorp Vault's ``vault/seal/multi_wrap_value.proto``. Nothing here comes from the collection's own code.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, struct_pb2

_TYPES = {
    "bool": 8,
    "string": 9,
    "bytes": 12,
    "uint64": 4,
}
_MESSAGE, _ENUM = 11, 14
_OPTIONAL, _REPEATED = 1, 3

# (name, number, type); a type that begins with a dot is another message, "repeated" and "enum" say the rest.
_KEY_INFO = [
    ("mechanism", 1, "uint64"),
    ("hmac_mechanism", 2, "uint64"),
    ("key_id", 3, "string"),
    ("hmac_key_id", 4, "string"),
    ("wrapped_key", 5, "bytes"),
    ("flags", 6, "uint64"),
    ("key_type", 7, "enum .KeyType"),
    ("key_purposes", 8, "repeated enum .KeyPurpose"),
    ("key", 9, "bytes"),
    ("key_encoding", 10, "enum .KeyEncoding"),
    ("wrapped_key_encoding", 11, "enum .KeyEncoding"),
]
_BLOB_INFO = [
    ("ciphertext", 1, "bytes"),
    ("iv", 2, "bytes"),
    ("hmac", 3, "bytes"),
    ("wrapped", 4, "bool"),
    ("key_info", 5, ".KeyInfo"),
    ("value_path", 6, "string"),
    ("plaintext", 7, "bytes"),
    ("client_data", 8, ".google.protobuf.Struct"),
]
_MULTI_WRAP_VALUE = [
    ("generation", 1, "uint64"),
    ("slots", 2, "repeated .BlobInfo"),
]
_ENUMS = {
    "KeyType": ("UnknownKeyType", "Bytes", "Aes256Gcm", "RsaOaep", "Ed25519", "Secp256r1"),
    "KeyEncoding": ("UnknownKeyEncoding", "BytesEncoding", "PkixEncoding", "Pkcs8Encoding"),
    "KeyPurpose": ("UnknownPurpose", "Encrypt", "Decrypt", "Sign", "Verify", "Wrap", "Unwrap", "MAC"),
}
_OPENBAO_KEEPS = {"BlobInfo": {1, 2, 5}, "KeyInfo": {1, 3, 5}}
# What the collection looks into, strings included: see the test of what is accepted.
_READ = {"BlobInfo": {1, 2, 5, 6}, "KeyInfo": {1, 3, 4, 5}}

_pool = descriptor_pool.DescriptorPool()
_pool.AddSerializedFile(struct_pb2.DESCRIPTOR.serialized_pb)


class Product:
    """The message classes of one product; ``keeps`` leaves out fields by number, so that they are unknown there."""

    def __init__(self, package: str, keeps: dict[str, set[int]] | None = None) -> None:
        definition = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3", dependency=["google/protobuf/struct.proto"])
        for enum, text in _ENUMS.items():
            added = definition.enum_type.add(name=enum)
            for number, word in enumerate(text):
                added.value.add(name=word, number=number)
        for message, fields in (("KeyInfo", _KEY_INFO), ("BlobInfo", _BLOB_INFO), ("MultiWrapValue", _MULTI_WRAP_VALUE)):
            kept = (keeps or {}).get(message)
            added_message = definition.message_type.add(name=message)
            for name, number, kind in fields:
                if kept is None or number in kept:
                    _add_field(added_message, package, name, number, kind)
        _pool.AddSerializedFile(definition.SerializeToString())
        self.KeyInfo = self._class(package, "KeyInfo")
        self.BlobInfo = self._class(package, "BlobInfo")
        self.MultiWrapValue = self._class(package, "MultiWrapValue")

    @staticmethod
    def _class(package: str, name: str) -> Any:
        return message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"{package}.{name}"))


def _add_field(message: Any, package: str, name: str, number: int, kind: str) -> None:
    label = _REPEATED if "repeated" in kind else _OPTIONAL
    field = message.field.add(name=name, number=number, label=label)
    target = kind.split()[-1]
    if not target.startswith("."):
        field.type = _TYPES[target]
        return
    field.type = _ENUM if "enum" in kind else _MESSAGE
    field.type_name = target if target.startswith(".google") else f".{package}{target}"


HASHICORP = Product("hashicorp")
OPENBAO = Product("openbao", _OPENBAO_KEEPS)
READ = Product("read", _READ)

# The pool's own class of Struct: values of client_data are of this one.
Struct = message_factory.GetMessageClass(_pool.FindMessageTypeByName("google.protobuf.Struct"))


def written(message: Any) -> bytes:
    """What Go's and C++'s protobuf write: known fields by number, then the unknown ones."""
    data: bytes = message.SerializeToString(deterministic=True)
    return data
