# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes ``sealed_values.json``: sealed values of every form, and damaged ones, with what a reader must say of each.

Run ``python tests/vectors/generate.py`` after a change here; with an argument it writes to that file instead. It uses
protobuf's runtime and cryptography directly and none of the collection's code, so that an error of the collection cannot
hide in its own vectors. All keys, nonces and KMS ciphertexts are derived from names: they protect nothing, and the file
comes out the same each time.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from messages import HASHICORP, OPENBAO, written

TARGET = Path(__file__).parent / "sealed_values.json"

KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER_KEY = "arn:aws:kms:us-east-1:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321"
MULTI_REGION_KEY = "arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"
CHINA_KEY = "arn:aws-cn:kms:cn-north-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
GOOGLE_KEY = "projects/p/locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"
AZURE_KEY = "9a3c1f6e0b5d4f7f8d2e6c4b1a0f9e8d"
HEADER = b"multiwrapvalue:1"
PLAINTEXT = b"a sealed value"
VARINT, FIXED64, BYTES, GROUP_START, GROUP_END, FIXED32 = range(6)


def derived(name: str, size: int) -> bytes:
    """Bytes that depend on the name alone."""
    return hashlib.shake_256(name.encode()).digest(size)


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def field(number: int, wire_type: int, content: bytes = b"") -> bytes:
    """A field by hand, for what the runtime does not write; numbers below 16 and contents below 128 bytes."""
    tag = bytes([number << 3 | wire_type])
    return tag + bytes([len(content)]) + content if wire_type == BYTES else tag + content


def contained(slots: list[Any], generation: int = 1, suffix: bytes = b"") -> bytes:
    body = written(HASHICORP.MultiWrapValue(generation=generation, slots=slots))
    return HEADER + len(body).to_bytes(4, "big") + body + suffix


class Vectors:
    def __init__(self) -> None:
        self.kms: list[dict[str, str]] = []
        self.positive: list[dict[str, Any]] = []
        self.negative: list[dict[str, Any]] = []

    def encrypted_by_kms(self, name: str, plaintext: bytes, key_arn: str = KEY) -> bytes:
        ciphertext = b"\x01\x02\x02\x00" + derived(f"KMS ciphertext of {name}", 120 + len(plaintext))
        self.kms.append({"key_arn": key_arn, "ciphertext": text(ciphertext), "plaintext": text(plaintext)})
        return ciphertext

    def envelope(self, name: str, plaintext: bytes = PLAINTEXT, aad: bytes = b"", key_arn: str = KEY) -> Any:
        """A value as go-kms-wrapping seals it."""
        data_key, nonce = derived(f"data key of {name}", 32), derived(f"nonce of {name}", 12)
        return HASHICORP.BlobInfo(
            ciphertext=AESGCM(data_key).encrypt(nonce, plaintext, aad or None),
            iv=nonce,
            key_info=HASHICORP.KeyInfo(mechanism=1, key_id=key_arn, wrapped_key=self.encrypted_by_kms(name, data_key, key_arn)),
        )

    def opens(self, name: str, description: str, value: bytes, **expected: Any) -> None:
        plaintext, aad = expected.pop("plaintext", PLAINTEXT), expected.pop("aad", b"")
        vector = {"name": name, "description": description, "value": text(value)}
        if aad:
            vector["aad"] = text(aad)
        if "region" in expected:
            vector["region"] = expected.pop("region")
        facts = {"form": "bare", "layout": "envelope", "mechanism": 1, "key_id": KEY, "slot": 0, **expected}
        self.positive.append({**vector, "plaintext": text(plaintext), **facts})

    def refused(self, name: str, description: str, value: bytes | str, reason: str = "malformed_blob", **more: Any) -> None:
        source = {"text": value} if isinstance(value, str) else {"value": text(value)}
        if "aad" in more:
            more["aad"] = text(more["aad"])
        self.negative.append({"name": name, "description": description, **source, **more, "reason": reason})


def google_slot(name: str) -> Any:
    """What HashiCorp's gcpckms wrapper writes."""
    return HASHICORP.BlobInfo(
        ciphertext=derived(f"ciphertext of {name}", 30),
        iv=derived(f"nonce of {name}", 12),
        key_info=HASHICORP.KeyInfo(mechanism=1, key_id=GOOGLE_KEY, wrapped_key=derived(f"wrapped key of {name}", 113)),
    )


def azure_slot(name: str) -> Any:
    """What HashiCorp's azurekeyvault wrapper writes: no mechanism."""
    return HASHICORP.BlobInfo(
        ciphertext=derived(f"ciphertext of {name}", 30),
        iv=derived(f"nonce of {name}", 12),
        key_info=HASHICORP.KeyInfo(key_id=AZURE_KEY, wrapped_key=derived(f"wrapped key of {name}", 342)),
    )


def hsm_slot(name: str) -> Any:
    """What a PKCS#11 wrapper may write: the token's own mechanism number, here CKM_RSA_PKCS, which is 1."""
    return HASHICORP.BlobInfo(ciphertext=derived(f"ciphertext of {name}", 256), key_info=HASHICORP.KeyInfo(mechanism=1, key_id="vault-hsm-key"))


def transit_slot(name: str) -> Any:
    """What the transit wrapper writes."""
    return HASHICORP.BlobInfo(
        ciphertext=b"vault:v1:" + base64.b64encode(derived(f"ciphertext of {name}", 44)),
        key_info=HASHICORP.KeyInfo(key_id="unseal"),
    )


def with_fields(blob: Any, outer: bytes = b"", inner: bytes = b"") -> Any:
    """The blob with raw fields merged in."""
    changed = HASHICORP.BlobInfo()
    changed.CopyFrom(blob)
    changed.key_info.MergeFromString(inner)
    changed.MergeFromString(outer)
    return changed


UNKNOWN = (
    b"\x98\x06\x05"  # field 99, a varint
    + field(12, FIXED64, b"eight by")
    + field(15, BYTES, b"content")
    + field(13, FIXED32, b"four")
    + field(14, GROUP_START)
    + field(1, VARINT, b"\x07")
    + field(2, GROUP_START)
    + field(2, GROUP_END)
    + field(14, GROUP_END)
)


def positives(make: Vectors) -> None:
    make.opens("envelope", "as every release writes it", written(make.envelope("envelope")))
    make.opens("envelope-empty", "no plaintext at all", written(make.envelope("empty", b"")), plaintext=b"")
    binary = bytes(range(256)) * 4
    make.opens("envelope-binary", "bytes that are no text", written(make.envelope("binary", binary)), plaintext=binary)
    make.opens("envelope-aad", "additional authenticated data", written(make.envelope("aad", aad=b"path/1")), aad=b"path/1")
    make.opens(
        "envelope-aad-binary",
        "additional authenticated data that is no text",
        written(make.envelope("aad-binary", aad=b"\x00\xff")),
        aad=b"\x00\xff",
    )
    make.opens("envelope-china", "another partition", written(make.envelope("china", key_arn=CHINA_KEY)), key_id=CHINA_KEY)
    multi_region = written(make.envelope("multi-region", key_arn=MULTI_REGION_KEY))
    make.opens("multi-region", "a multi-region key, in its region", multi_region, key_id=MULTI_REGION_KEY)
    make.opens(
        "multi-region-replica",
        "a multi-region key, where its replica is",
        multi_region,
        region="eu-central-1",
        key_id=MULTI_REGION_KEY.replace("us-east-1", "eu-central-1"),
    )
    make.opens("seal-wrap", "Enterprise's suffix", written(make.envelope("seal-wrap")) + b"s", form="seal_wrap")
    slots = [google_slot("slots"), azure_slot("slots"), make.envelope("slots")]
    make.opens("multi-wrap", "several seals, AWS the last", contained(slots), form="multi_wrap", slot=2)
    make.opens("multi-wrap-first", "several seals, AWS the first", contained(slots[::-1], 2**63), form="multi_wrap", slot=0)
    make.opens(
        "multi-wrap-seal-wrap",
        "several seals and the suffix",
        contained(slots, suffix=b"s"),
        form="multi_wrap_seal_wrap",
        slot=2,
    )
    make.opens(
        "multi-wrap-one",
        "the container around one slot, without generation",
        contained([make.envelope("one")], generation=0),
        form="multi_wrap",
    )
    make.opens(
        "multi-wrap-hsm",
        "beside a slot whose mechanism 1 is something else",
        contained([hsm_slot("hsm"), make.envelope("hsm")]),
        form="multi_wrap",
        slot=1,
    )
    make.opens(
        "multi-wrap-unknown",
        "unknown fields in the container",
        _container_with(written(HASHICORP.MultiWrapValue(slots=[make.envelope("mwu")])) + UNKNOWN),
        form="multi_wrap",
    )
    damaged = make.envelope("two-regions-1", key_arn=OTHER_KEY)
    damaged.key_info.wrapped_key = derived("nothing that KMS made", 152)
    make.opens(
        "multi-wrap-second-opens",
        "two AWS slots, of which the first does not open",
        contained([damaged, make.envelope("two-regions-2")]),
        form="multi_wrap",
        slot=1,
    )
    joined = make.envelope("joined")
    joined = OPENBAO.BlobInfo(ciphertext=joined.iv + joined.ciphertext, key_info=OPENBAO.KeyInfo.FromString(written(joined.key_info)))
    make.opens("joined-nonce", "OpenBao 2.5.0", written(joined), layout="joined_nonce")
    direct = make.encrypted_by_kms("direct", PLAINTEXT)
    key_info = HASHICORP.KeyInfo(mechanism=0, key_id=KEY)
    of_kms = {"layout": "direct", "mechanism": 0}
    blob = HASHICORP.BlobInfo(ciphertext=direct, key_info=key_info)
    make.opens("direct", "mechanism 0", written(blob), **of_kms)
    make.opens("direct-seal-wrap", "mechanism 0 with suffix", written(blob) + b"s", form="seal_wrap", **of_kms)
    make.opens(
        "direct-empty-key-info",
        "mechanism 0 whose key_info says nothing",
        written(HASHICORP.BlobInfo(ciphertext=direct, key_info=HASHICORP.KeyInfo())),
        **of_kms,
    )
    make.opens(
        "no-key-info",
        "from before KeyInfo existed",
        written(HASHICORP.BlobInfo(ciphertext=direct)),
        layout="no_key_info",
        mechanism=0,
    )
    make.opens(
        "unknown-fields",
        "fields that no definition knows, in both messages",
        written(with_fields(make.envelope("unknown"), UNKNOWN, UNKNOWN)),
    )
    unused = make.envelope("unused")
    unused.hmac, unused.wrapped, unused.value_path, unused.plaintext = b"hmac", True, "core/keyring", b"unused"
    unused.client_data.update({"a": [1, {"b": None}], "c": "d"})
    unused.key_info.MergeFrom(
        HASHICORP.KeyInfo(
            hmac_mechanism=2,
            hmac_key_id="hmac key",
            flags=3,
            key_type=2,
            key_purposes=[1, 2],
            key=b"key",
            key_encoding=1,
            wrapped_key_encoding=3,
        )
    )
    make.opens("unused-fields", "every field of HashiCorp's definition", written(unused))
    whole = make.envelope("order")
    pieces = [
        written(HASHICORP.BlobInfo(key_info=HASHICORP.KeyInfo(wrapped_key=whole.key_info.wrapped_key))),
        written(HASHICORP.BlobInfo(iv=b"overridden")),
        written(HASHICORP.BlobInfo(iv=whole.iv)),
        written(HASHICORP.BlobInfo(key_info=HASHICORP.KeyInfo(key_id=whole.key_info.key_id))),
        written(HASHICORP.BlobInfo(ciphertext=whole.ciphertext)),
        written(HASHICORP.BlobInfo(key_info=HASHICORP.KeyInfo(mechanism=1))),
    ]
    make.opens("any-order", "fields in another order, key_info in pieces, a field twice", b"".join(pieces))
    ends_with_s = make.envelope("ends with s")
    ends_with_s.key_info.MergeFromString(b"\x7a\x01s")
    make.opens("ends-with-s", "the message itself ends with the letter s", written(ends_with_s))
    groups = b"\x7b" * 16 + b"\x7c" * 16
    make.opens("groups-16", "unknown groups nested as deep as is read", written(make.envelope("groups")) + groups)


def _container_with(body: bytes) -> bytes:
    return HEADER + len(body).to_bytes(4, "big") + body


def malformed(make: Vectors) -> None:
    blob = make.envelope("malformed")
    good = written(blob)
    # Where the parts begin: ciphertext (2 + 30 bytes), iv (2 + 12), key_info (3 bytes, then its fields).
    iv, info = 32, 46
    key_id = info + 3 + 2
    wrapped_key = key_id + 2 + len(KEY)
    refused = make.refused

    refused("empty", "nothing at all", b"", offset=0)
    refused("truncated-1", "only the first tag", good[:1], offset=1)
    refused("truncated-2", "a field without its content", good[:2], offset=0)
    refused("truncated-in-ciphertext", "", good[: iv - 1], offset=0)
    refused("truncated-in-iv", "", good[: info - 1], offset=iv)
    refused("truncated-in-length", "in the two-byte length of key_info", good[: info + 2], offset=info + 1)
    refused("truncated-in-key-info", "", good[:wrapped_key], offset=info)
    refused("truncated-last-byte", "", good[:-1], offset=info)
    refused("extended-by-tag", "a tag without a value", good + b"\x78", offset=len(good) + 1)
    refused("extended-by-zero", "field number 0", good + b"\x00", offset=len(good))
    refused("extended-by-newline", "a text editor's", good + b"\n", offset=len(good) + 1)
    refused("suffix-twice", "", good + b"ss", offset=len(good) + 1)
    refused("field-number-0", "", b"\x02\x01a" + good, offset=0)
    refused("field-number-2-to-29", "", good + b"\x80\x80\x80\x80\x10\x01", offset=len(good))
    refused("wire-type-6", "", good + b"\x7e", offset=len(good))
    refused("wire-type-7", "", good + b"\x7f", offset=len(good))
    refused("varint-of-11-bytes", "", good + b"\x78" + b"\x80" * 10 + b"\x01", offset=len(good) + 1)
    refused("varint-of-65-bits", "", good + b"\x78" + b"\xff" * 9 + b"\x02", offset=len(good) + 1)
    refused("length-of-2-to-63", "", good + b"\x7a" + b"\xff" * 8 + b"\x7f", offset=len(good))
    refused("fixed64-cut-off", "", good + b"\x79sixsix", offset=len(good))
    refused("fixed32-cut-off", "", good + b"\x7dsix", offset=len(good))
    refused("group-never-ends", "", good + b"\x7b\x78\x01", offset=len(good) + 3)
    refused("group-never-begins", "", good + b"\x7c", offset=len(good))
    refused("group-ends-otherwise", "another field's end", good + b"\x7b\x74", offset=len(good) + 1)
    refused("groups-17", "nested deeper than is read", good + b"\x7b" * 17 + b"\x7c" * 17, offset=len(good) + 16)
    refused("groups-1000", "nested absurdly", good + b"\x7b" * 1000 + b"\x7c" * 1000, offset=len(good) + 16)
    refused("fields-1025", "more fields than are read", good + b"\x78\x01" * 1022, offset=len(good) + 2 * 1021)
    in_group = b"\x7b" + b"\x78\x01" * 1100 + b"\x7c"
    refused("group-of-1100-fields", "as many inside a group", good + in_group)
    refused("no-ciphertext", "", good[iv:], offset=0)
    refused("ciphertext-is-a-number", "", b"\x08\x05" + good[iv:], offset=0)
    refused("ciphertext-empty", "the last one counts", good + b"\x0a\x00", offset=0)

    def changed(**of_key_info: Any) -> Any:
        other = HASHICORP.BlobInfo()
        other.CopyFrom(blob)
        for name, value in of_key_info.items():
            setattr(other.key_info, name, value)
        return other

    refused("no-wrapped-key", "", written(changed(wrapped_key=b"")), offset=0)
    refused("no-key-id", "an envelope that does not name its key", written(changed(key_id="")), offset=0)
    for size in (1, 11, 13, 16):
        other = changed()
        other.iv = derived("wrong nonce", size)
        refused(f"nonce-of-{size}", "", written(other), offset=0)
    other = changed()
    other.ciphertext = b"c" * 15
    refused("ciphertext-of-15", "shorter than its tag", written(other), offset=0)
    other.iv, other.ciphertext = b"", b"c" * 27
    refused("joined-ciphertext-of-27", "shorter than nonce and tag", written(other), offset=0)
    wrong = good.replace(b"arn:aws", b"arn:\xffws")
    refused("key-id-not-utf-8", "", wrong, offset=key_id)
    refused("key-id-surrogate", "", good.replace(b"arn:aws", b"arn:\xed\xa0\x80"), offset=key_id)
    refused("value-path-not-utf-8", "", good + b"\x32\x01\xff", offset=len(good))
    refused("hmac-key-id-not-utf-8", "", good + b"\x2a\x03\x22\x01\xff", offset=len(good) + 2)
    refused("key-info-malformed", "field number 0 inside", good + b"\x2a\x02\x00\x00", offset=len(good) + 2)
    refused("over-the-limit", "with the least limit", good + b"\x7a\x80\x80\x02" + bytes(32768), max_size=32768, offset=32768)

    refused("multi-cut-in-length", "", HEADER + b"\x00\x00\x00", offset=19)
    refused("multi-empty", "no slots", _container_with(b""), offset=20)
    refused("multi-no-slots", "only a generation", _container_with(b"\x08\x01"), offset=20)
    container = contained([blob])
    refused("multi-truncated", "", container[:-1], offset=16)
    refused("multi-extended", "", container + b"x", offset=16)
    refused("multi-length-short", "", HEADER + (len(container) - 21).to_bytes(4, "big") + container[20:], offset=16)
    refused("multi-length-long", "", HEADER + (len(container) - 19).to_bytes(4, "big") + container[20:], offset=16)
    refused("multi-length-little-endian", "", HEADER + (len(container) - 20).to_bytes(4, "little") + container[20:], offset=16)
    refused("multi-slot-malformed", "", _container_with(b"\x08\x01\x12\x02\x0a\x05"), offset=24)
    refused("multi-other-version", "", container.replace(b"value:1", b"value:2"))
    refused("multi-65-slots", "", _container_with((b"\x12\x03\x0a\x01c") * 65), offset=20 + 64 * 5)

    refused("text-empty", "", "", offset=0)
    refused("text-not-base64", "", "this is no base64!")
    refused("text-urlsafe", "the other alphabet of base64", text(good).replace("+", "-").replace("/", "_") + "-_==")
    refused("text-cut", "one character lost", text(good)[:-1])
    refused("text-padding-inside", "", text(b"c") + text(good))
    refused("text-not-ascii", "", text(good)[:-4] + "\u00e4\u00f6\u00fc=")
    refused("text-lone-surrogate", "as JSON can hold it", text(good)[:-4] + "\ud800===")
    refused("text-encoded-twice", "", text(text(good).encode()))
    refused("transit-text", "what the transit engine answers", "vault:v1:" + text(derived("transit", 44)))
    refused("ansible-vault", "", "$ANSIBLE_VAULT;1.1;AES256\n" + derived("ansible-vault", 40).hex() + "\n")
    refused("json", "", text(json.dumps({"sops": {}}).encode()))


def not_opened(make: Vectors) -> None:
    refused = make.refused
    blob = make.envelope("not opened", aad=b"right")
    good = written(blob)
    aad = {"aad": b"right"}

    def flipped(at: int, bit: int = 0) -> bytes:
        return good[:at] + bytes([good[at] ^ 1 << bit]) + good[at + 1 :]

    arn = good.index(b"arn:")
    parts = {
        "ciphertext": (2, "not_authentic"),
        "tag": (31, "not_authentic"),
        "iv": (34, "not_authentic"),
        "wrapped-key": (len(good) - 1, "not_authentic"),
        "key-id": (arn + len(KEY) - 1, "not_authentic"),
        "account": (arn + KEY.index("1111"), "not_authentic"),
        "mechanism": (arn - 3, "not_authentic"),
    }
    for name, (at, reason) in parts.items():
        refused(f"flipped-{name}", "one bit", flipped(at), reason, **aad)
    refused("flipped-region", "one bit", flipped(arn + KEY.index("-1:") + 1, 1), "not_authentic", **aad)
    refused("flipped-arn", "no ARN any more", flipped(arn), "foreign_wrapper", **aad)
    refused("aad-missing", "", good, "not_authentic")
    refused("aad-other", "", good, "not_authentic", aad=b"wrong")
    refused("aad-superfluous", "", written(make.envelope("no aad")), "not_authentic", aad=b"wrong")

    def changed(**fields: Any) -> Any:
        other = HASHICORP.BlobInfo()
        other.CopyFrom(blob)
        for name, value in fields.items():
            target = other if name in ("ciphertext", "iv") else other.key_info
            setattr(target, name, value)
        return other

    refused("mechanism-2", "", written(changed(mechanism=2)), "unsupported_mechanism", **aad)
    refused("mechanism-of-64-bits", "", written(changed(mechanism=2**64 - 1)), "unsupported_mechanism", **aad)
    refused("mechanism-0", "of an envelope", written(changed(mechanism=0)), "not_authentic", **aad)
    refused("key-info-lost", "of an envelope", good[:46], "not_authentic", **aad)
    refused("iv-lost", "", written(changed(iv=b"")), "not_authentic", **aad)
    refused("iv-of-another", "", written(changed(iv=derived("another nonce", 12))), "not_authentic", **aad)
    refused("wrapped-key-unknown-to-kms", "", written(changed(wrapped_key=b"w" * 184)), "not_authentic", **aad)
    another = make.envelope("another", aad=b"right")
    refused("wrapped-key-of-another-value", "", written(changed(wrapped_key=another.key_info.wrapped_key)), "not_authentic", **aad)
    refused("ciphertext-of-another-value", "", written(changed(ciphertext=another.ciphertext)), "not_authentic", **aad)
    refused("other-key-claimed", "the value names a key that did not seal it", written(changed(key_id=OTHER_KEY)), "not_authentic", **aad)
    short = make.encrypted_by_kms("short data key", derived("short data key", 16))
    refused("data-key-of-16", "", written(changed(wrapped_key=short)), "not_authentic", **aad)
    direct = HASHICORP.BlobInfo(ciphertext=b"c" * 6145, key_info=HASHICORP.KeyInfo(key_id=KEY))
    refused("direct-of-6145", "larger than what KMS takes", written(direct))
    refused("direct-unknown-to-kms", "", written(changed(mechanism=0, wrapped_key=b"")), "not_authentic")

    refused("google", "Google Cloud KMS", written(google_slot("alone")), "foreign_wrapper")
    refused("azure", "Azure Key Vault", written(azure_slot("alone")), "foreign_wrapper")
    refused("transit", "the transit seal", written(transit_slot("alone")), "foreign_wrapper")
    refused("key-id-alias", "an alias where an ARN must be", written(changed(key_id="alias/vault")), "foreign_wrapper", **aad)
    refused("multi-all-foreign", "", contained([google_slot("all"), azure_slot("all")]), "foreign_wrapper")
    damaged = HASHICORP.BlobInfo()
    damaged.CopyFrom(blob)
    damaged.iv = derived("damaged", 12)
    refused("multi-damaged", "the AWS slot is damaged", contained([damaged, google_slot("damaged")]), "not_authentic", **aad)


def generate() -> str:
    make = Vectors()
    positives(make)
    malformed(make)
    not_opened(make)
    names = [vector["name"] for vector in make.positive + make.negative]
    assert len(names) == len(set(names))
    content = {"kms": make.kms, "positive": make.positive, "negative": make.negative}
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET).write_text(generate(), encoding="utf-8")
