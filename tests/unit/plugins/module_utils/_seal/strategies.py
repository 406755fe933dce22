# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Generated sealed values, as protobuf's own runtime builds and writes them."""

from __future__ import annotations

from typing import Any

from ansible_collections.sealwright.vault_seal.tests.vectors.messages import HASHICORP, OPENBAO, Product, Struct, written
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

bounded = settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
"""The same bounded run everywhere, with nothing left in the checkout."""

_uint64 = st.one_of(st.integers(0, 20), st.integers(0, 2**64 - 1))
_text = st.text(max_size=40)
_bytes = st.binary(max_size=64)
_json = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, width=32) | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def _client_data(draw: Any) -> Any:
    struct = Struct()
    struct.update(draw(st.dictionaries(_text, _json, max_size=3)))
    return struct


_UNUSED_IN_KEY_INFO = {
    "hmac_mechanism": _uint64,
    "hmac_key_id": _text,
    "flags": _uint64,
    "key_type": st.integers(0, 6),  # 6 is not defined: open enumerations keep it
    "key_purposes": st.lists(st.integers(0, 8), max_size=4),
    "key": _bytes,
    "key_encoding": st.integers(0, 4),
    "wrapped_key_encoding": st.integers(0, 4),
}
_UNUSED_IN_BLOB = {
    "hmac": _bytes,
    "wrapped": st.booleans(),
    "value_path": _text,
    "plaintext": _bytes,
    "client_data": _client_data(),
}


def _some(unused: dict[str, Any]) -> Any:
    return st.fixed_dictionaries({}, optional=unused)


@st.composite
def blobs(draw: Any, product: Product = HASHICORP) -> Any:
    """A blob of ``product`` that could be a sealed value: an envelope that is complete, or any other mechanism."""
    unused = product is HASHICORP
    blob = product.BlobInfo(**draw(_some(_UNUSED_IN_BLOB)) if unused else {})
    mechanism = draw(st.sampled_from([1, 1, 1, 0, None, 2, 2**64 - 1]))
    if mechanism == 1:
        blob.iv = draw(st.sampled_from([b"", draw(st.binary(min_size=12, max_size=12))]))
        blob.ciphertext = draw(st.binary(min_size=16 if blob.iv else 28, max_size=300))
    else:
        blob.iv = draw(_bytes)
        blob.ciphertext = draw(st.binary(min_size=1, max_size=300))
    if mechanism is not None:
        least = 1 if mechanism == 1 else 0
        blob.key_info.CopyFrom(
            product.KeyInfo(
                mechanism=mechanism,
                key_id=draw(st.text(min_size=least, max_size=90)),
                wrapped_key=draw(st.binary(min_size=least, max_size=200)),
                **draw(_some(_UNUSED_IN_KEY_INFO)) if unused else {},
            )
        )
    return blob


def multi_wrap_values() -> Any:
    return st.builds(HASHICORP.MultiWrapValue, generation=_uint64, slots=st.lists(blobs(), min_size=1, max_size=3))


def _unknown_class() -> Any:
    """A message of fields that no definition knows, of every wire type; groups are proto2's."""
    definition = descriptor_pb2.FileDescriptorProto(name="unknown.proto", package="unknown", syntax="proto2")
    message = definition.message_type.add(name="Unknown")
    for name, number, kind in (("number", 12, 4), ("fixed64", 13, 6), ("content", 15, 12), ("fixed32", 536870911, 7)):
        message.field.add(name=name, number=number, type=kind, label=3)
    group = message.nested_type.add(name="Group")
    group.field.add(name="number", number=1, type=4, label=1)
    group.field.add(name="content", number=2, type=12, label=1)
    message.field.add(name="group", number=14, type=10, label=3, type_name=".unknown.Unknown.Group")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(definition.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("unknown.Unknown"))


_Unknown = _unknown_class()


@st.composite
def unknown_fields(draw: Any) -> bytes:
    """Well-formed fields with numbers that neither product uses, as they stand on the wire."""
    unknown = _Unknown(
        number=draw(st.lists(_uint64, max_size=2)),
        fixed64=draw(st.lists(st.integers(0, 2**64 - 1), max_size=1)),
        content=draw(st.lists(_bytes, max_size=2)),
        fixed32=draw(st.lists(st.integers(0, 2**32 - 1), max_size=1)),
    )
    for content in draw(st.lists(_bytes, max_size=1)):
        unknown.group.add(number=7, content=content)
    return written(unknown)


@st.composite
def scattered(draw: Any, blob: Any) -> bytes:
    """The blob with its fields in any order, its key_info in several pieces, and unknown fields in between.

    Protobuf reads concatenated messages as one, so pieces that each hold one field make the same blob.
    """
    pieces = []
    for name, value in blob.ListFields():
        name = name.name
        if name == "key_info":
            inner = _single_fields(value)
            inner.append(draw(unknown_fields()))
            inner = draw(st.permutations(inner))
            cut = draw(st.integers(0, len(inner)))
            for part in (inner[:cut], inner[cut:]):
                pieces.append(_length_delimited(b"".join(part)))
        else:
            pieces += _single_fields(blob, name)
    pieces.append(draw(unknown_fields()))
    return b"".join(draw(st.permutations(pieces)))


def _single_fields(message: Any, only: str = "") -> list[bytes]:
    pieces = []
    for field, value in message.ListFields():
        if only in ("", field.name):
            single = type(message)()
            if isinstance(value, (bytes, str, int)):
                setattr(single, field.name, value)
            elif hasattr(value, "CopyFrom"):
                getattr(single, field.name).CopyFrom(value)
            else:
                getattr(single, field.name).extend(value)
            pieces.append(written(single))
    return pieces


def _length_delimited(key_info: bytes) -> bytes:
    # OpenBao's and HashiCorp's key_info have one tag; the runtime writes an unread message's bytes as they stand.
    blob = OPENBAO.BlobInfo()
    blob.key_info.MergeFromString(key_info)
    return written(blob)
