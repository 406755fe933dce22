# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of other formats, recognised by their first bytes, so that an error can name the format of a wrong file.

Sources: the magic numbers of each format's own specification; Ansible's ``parsing/vault`` (``$ANSIBLE_VAULT;``); SOPS' ``stores`` (its metadata);
c2sp.org/age; Vault's transit API (``vault:v1:``); RFC 9580 (OpenPGP packets); RFC 1952 (gzip). Ciphertexts of AWS KMS begin with
``01 02 02 00 78`` or ``01 02 03 00 78``, in base64 ``AQICAH`` or ``AQIDAH``; messages of the AWS Encryption SDK with ``01 80`` or ``02 04 78``, ``02 05 78``.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import NamedTuple

BOM = b"\xef\xbb\xbf"
"""The byte order mark of UTF-8, which editors of Windows put before a text."""

SEALED_VALUE, SNAPSHOT, KEY, CONFIG, DOCUMENT = "sealed value", "snapshot", "public key", "configuration", "document"

_EXAMINED = 64 << 10  # bytes of the beginning, and of the end
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789= \t\r\n"
_KMS = re.compile(rb"\x01\x02[\x02\x03]\x00x")
_ENCRYPTION_SDK = re.compile(rb"\x01\x80[\x00-\x05]|\x02[\x04\x05]x")
_SOPS = re.compile(rb"""ENC\[AES256_GCM,|^[ \t]*"sops"[ \t]*:|^sops[ \t]*:|^sops_version=|^\[sops\]""", re.MULTILINE)
_YAML = re.compile(rb"(?:#[^\n]*\n|\s)*(?:---|-\s|[\"']?[A-Za-z_][\w.\-]*[\"']?\s*:(?:\s|$)|%YAML)")
_HCL = re.compile(rb"(?:#[^\n]*\n|//[^\n]*\n|\s)*[A-Za-z_]\w*(?:\s+\"[^\"\n]*\")*\s*[={]")
_TEMPLATE = re.compile(rb"\s*\{[{%#]")
_PGP_KINDS = {b"MESSAGE": "an OpenPGP message", b"PUBLIC KEY BLOCK": "an OpenPGP public key", b"PRIVATE KEY BLOCK": "an OpenPGP private key"}


class Foreign(NamedTuple):
    """The format of a file, and the command that decrypts or unpacks it. ``opened`` is empty if it is neither encrypted nor packed."""

    name: str
    what: str
    opened: str = ""

    def remedy(self, wanted: str) -> str:
        """The remedy if ``wanted`` is one of SEALED_VALUE, SNAPSHOT, KEY, CONFIG, DOCUMENT."""
        steps = [self.opened] if self.opened else []
        if self.name in _GIVES_THE_SAME:
            return " ".join([*steps, f"Then use the {wanted}."]) if steps else _GIVE[wanted]
        if wanted == SEALED_VALUE and self.name not in _HAS_NO_SECRET:
            steps.append(_SEAL if self.opened else f"{_SEAL} {_PLAYBOOK}")
        else:
            steps.append(_GIVE[wanted])
        return " ".join(steps)


_SEAL = "Seal the plaintext with sealwright.vault_seal.awskms_seal_wrap."
_PLAYBOOK = "The playbook sealwright.vault_seal.edit creates a new sealed file."
_GIVE = {
    SEALED_VALUE: "Use a value that was written by sealwright.vault_seal.awskms_seal_wrap or an awskms seal, binary or base64-encoded.",
    SNAPSHOT: "Use a file that was written by `bao operator raft snapshot save` or `vault operator raft snapshot save`.",
    KEY: "Use a public key in one of the formats in the option's documentation.",
    CONFIG: "Use a configuration file of the server, in HCL or JSON.",
    DOCUMENT: "Seal a YAML or JSON document.",
}
# Packed or encoded once more: unpacked, it may be what was wanted.
_GIVES_THE_SAME = {"base64_twice", "hex", "url_safe_base64", "quoted", "python_bytes", "utf16", "utf32", "compressed", "zip", "git_lfs", "git_crypt", "http"}
_HAS_NO_SECRET = {
    *("empty", "zeros", "html", "xml", "server_error", "tar", "snapshot", "database", "certificate", "template"),
    *("public_key", "ssh_public_key", "pgp_public_key"),
}


# Formats that only mean that the wanted document has an error in it.
_TEXTS = {"hcl", "json", "text", "template", "quoted", "hex", "base64_twice", "url_safe_base64", "python_bytes"}
_MAY_BE: dict[str, set[str]] = {
    SEALED_VALUE: set(),
    SNAPSHOT: set(),
    KEY: {"empty", "public_key", "pgp_public_key", "text"},
    CONFIG: {*_TEXTS, "empty"},
    DOCUMENT: {
        *(*_TEXTS, "empty", "yaml", "server_error", "pgp_public_key", "public_key", "ssh_public_key", "private_key", "certificate", "pem"),
        *("html", "xml", "http"),
    },
}


def identify(content: bytes, wanted: str) -> Foreign | None:
    """The format of a file that does not have the ``wanted`` format; None if the format is unknown.

    Reads the first and last 64 KiB of the file; the result contains none of its content.
    """
    head = without_bom(content[:_EXAMINED])
    foreign_format = next((foreign for foreign in (detect(head, content) for detect in _DETECTORS) if foreign), None)
    foreign_format = foreign_format or _encoded_once_more(head) or _as_text(head, content)
    return foreign_format if foreign_format and foreign_format.name not in _MAY_BE[wanted] else None


def without_bom(content: bytes) -> bytes:
    """The content without a byte order mark of UTF-8."""
    return content[len(BOM) :] if content.startswith(BOM) else content


def _nothing(head: bytes, _content: bytes) -> Foreign | None:
    if not head.strip():
        return Foreign("empty", "it is empty" if not head else "it contains only whitespace")
    if not head.strip(b"\0"):
        return Foreign("zeros", "it contains only zero bytes, like a file that was not written completely")
    return None


def _wide(head: bytes, _content: bytes) -> Foreign | None:
    """UTF-16 and UTF-32, with a byte order mark or as ASCII text that every other byte of is zero."""
    if head.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return Foreign("utf32", "it is UTF-32 text", "Convert it by `iconv -f UTF-32 -t UTF-8`.")
    sample = head[:64]
    in_pairs = len(sample) >= 4 and any(not any(sample[start::2]) and all(sample[1 - start :: 2]) for start in (0, 1))
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or in_pairs:
        order = "" if head[:1] in (b"\xff", b"\xfe") else "LE" if not sample[1] else "BE"
        return Foreign("utf16", "it is UTF-16 text, as PowerShell writes it", f"Convert it by `iconv -f UTF-16{order} -t UTF-8`.")
    return None


def _encrypted(head: bytes, content: bytes) -> Foreign | None:
    text = head.lstrip()
    if text.startswith(b"$ANSIBLE_VAULT;"):
        return Foreign("ansible_vault", "it is encrypted by ansible-vault", "Decrypt it with `ansible-vault view FILE`.")
    if _VAULT_VARIABLE.match(text):
        shown = "Decrypt it with `ansible localhost -m ansible.builtin.debug -a var=NAME -e @FILE --ask-vault-password`."
        return Foreign("ansible_vault", "it is a variable encrypted by `ansible-vault encrypt_string`", shown)
    if text.startswith((b"age-encryption.org/", b"-----BEGIN AGE ENCRYPTED FILE-----")):
        return Foreign("age", "it is a file encrypted by age", "Decrypt it with `age --decrypt --identity KEY FILE`.")
    if re.match(rb"vault:v[0-9]+:", text):
        opened = "Decrypt it with `bao write transit/decrypt/KEY ciphertext=...`, which prints base64."
        return Foreign("transit", "it is a ciphertext of the transit secrets engine", opened)
    if _SOPS.search(head) or _SOPS.search(content[-_EXAMINED:]):
        return Foreign("sops", "it is encrypted by SOPS", "Decrypt it with `sops --decrypt FILE`.")
    if _KMS.match(head):
        return Foreign("aws_kms", "it is a bare ciphertext of AWS KMS, as `aws kms encrypt` returns it", _KMS_DECRYPT)
    if text[:1] == b"{" and b'"CiphertextBlob"' in head:
        return Foreign("aws_kms", "it is the JSON output of `aws kms encrypt`", _KMS_DECRYPT)
    if _ENCRYPTION_SDK.match(head):
        return Foreign("aws_encryption_sdk", "it is a message of the AWS Encryption SDK", "Decrypt it with `aws-encryption-cli --decrypt`.")
    if head.startswith(b"\0GITCRYPT\0"):
        return Foreign("git_crypt", "it is encrypted by git-crypt", "Run `git-crypt unlock`.")
    if head.startswith(b"Salted__"):
        return Foreign("openssl_enc", "it is encrypted by `openssl enc`", "Decrypt it with `openssl enc -d`.")
    return None


_VAULT_VARIABLE = re.compile(rb"(?:[\w.-]{1,200}:[ \t]{1,9})?!vault(?:-encrypted)?[ \t]{1,9}[|>][-+0-9]{0,2}[ \t]{0,9}\r?\n[ \t]{0,99}\$ANSIBLE_VAULT;")
_KMS_DECRYPT = "Decrypt it with `aws kms decrypt --query Plaintext --output text`, which prints base64."


def _pgp(head: bytes, _content: bytes) -> Foreign | None:
    text = head.lstrip()
    if text.startswith(b"-----BEGIN PGP "):
        label = text[len(b"-----BEGIN PGP ") :].split(b"-----", 1)[0]
        return _pgp_of(_PGP_KINDS.get(label, "an OpenPGP text"))
    if len(head) < 4 or not head[0] & 0x80:
        return None
    if head[0] & 0x40:  # RFC 9580, 4.2.1: the tag, and a length of one, two or five bytes
        tag, start = head[0] & 0x3F, 2 if head[1] < 192 else 3 if head[1] < 224 else 6
    else:
        tag, start = head[0] >> 2 & 0xF, {0: 2, 1: 3, 2: 5}.get(head[0] & 3, 1)
    version = head[start] if start < len(head) else 0
    if tag in (1, 3) and version in (3, 4, 5, 6):
        return _pgp_of("an OpenPGP message")
    if tag in (5, 6) and version in (3, 4, 5, 6):
        return _pgp_of("an OpenPGP public key" if tag == 6 else "an OpenPGP private key")
    return None


def _pgp_of(what: str) -> Foreign:
    opened = "Decrypt it with `gpg --decrypt FILE`." if what.endswith("message") else ""
    return Foreign("pgp_public_key" if "public" in what else "pgp", f"it is {what}", opened)


def _pem(head: bytes, _content: bytes) -> Foreign | None:
    text = head.lstrip()
    if text.startswith((b"AGE-SECRET-KEY-", b"# created: ")) and b"AGE-SECRET-KEY-" in text:
        return Foreign("private_key", "it is a private key of age")
    if re.match(rb"age1[a-z0-9]{20,}", text):
        return Foreign("public_key", "it is a public key of age")
    if re.match(rb"(?:ssh|ecdsa|sk-ssh)-[\w@.\-]+ AAAA", text):
        return Foreign("ssh_public_key", "it is a public key of SSH")
    if b"PRIVATE KEY-----" in text[:4096] and b"-----BEGIN " in text[:4096]:
        return Foreign("private_key", "it is a private key")
    if not text.startswith(b"-----BEGIN "):
        return None
    label = text[len(b"-----BEGIN ") :].split(b"-----", 1)[0]
    if label.endswith(b"PUBLIC KEY"):
        return Foreign("public_key", "it is a public key in PEM")
    return Foreign("certificate", "it is a certificate in PEM") if b"CERTIFICATE" in label else Foreign("pem", "it is a PEM file")


_PACKED = (
    (b"BZh", "compressed", "it is compressed by bzip2", "Unpack it with `bunzip2`."),
    (b"\xfd7zXZ\0", "compressed", "it is compressed by xz", "Unpack it with `unxz`."),
    (b"\x28\xb5\x2f\xfd", "compressed", "it is compressed by zstd", "Unpack it with `unzstd`."),
    (b"PK\x03\x04", "zip", "it is a ZIP archive", "Unpack it with `unzip`."),
    (b"7z\xbc\xaf\x27\x1c", "zip", "it is a 7-Zip archive", "Unpack it with `7z x`."),
    (b"version https://git-lfs.github.com/spec/", "git_lfs", "it is a pointer of Git LFS, not the file itself", "Run `git lfs pull`."),
    (b"SQLite format 3\0", "database", "it is a database of SQLite", ""),
    (b"\x7fELF", "executable", "it is an executable", ""),
)


def _packed(head: bytes, _content: bytes) -> Foreign | None:
    for magic, name, what, opened in _PACKED:
        if head.startswith(magic):
            return Foreign(name, what, opened)
    if head.startswith(b"\x1f\x8b"):
        return Foreign("gzip", "it is compressed by gzip, as a raft snapshot is, which vault_snapshot_info reads")
    if head[257:262] == b"ustar":
        return Foreign("tar", "it is an uncompressed tar archive; if it is a snapshot that was unpacked by gunzip, compress it again with `gzip`")
    if head[16:20] in (b"\xed\xda\x0c\xed", b"\xed\x0c\xda\xed"):
        return Foreign("database", "it is a bbolt database of a server (vault.db or raft.db), not a snapshot of it")
    return None


def _answers(head: bytes, _content: bytes) -> Foreign | None:
    """A response of a server or proxy that was saved in place of the file."""
    text = head.lstrip()
    low = text[:64].lower()
    if re.match(rb"http/[0-9.]+ [0-9]{3}", low):
        return Foreign("http", "it begins with the headers of an HTTP response", "Download it again without the headers (curl: without -i).")
    if low.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return Foreign("html", "it is an HTML page, such as an error page of a proxy or a login page")
    if low.startswith((b"<?xml", b"<error>")):
        is_error = b"<Error" in text[:1024]
        return Foreign("xml", "it is an XML error, such as from S3" if is_error else "it is XML")
    if text[:1] == b"{" and re.match(rb"\{\s*\"errors\"\s*:", text):
        return Foreign("server_error", "it is the JSON error of a Vault or OpenBao server; the request failed")
    return None


_DETECTORS: tuple[Callable[[bytes, bytes], Foreign | None], ...] = (_nothing, _wide, _encrypted, _packed, _answers, _pgp, _pem)


def _encoded_once_more(head: bytes) -> Foreign | None:
    """Formats inside base64, and other encodings of the wanted format."""
    text = head.strip()
    if text[:2] in (b"b'", b'b"') and text[-1:] == text[1:2] and _is_base64(text[2:-1]):
        return Foreign("python_bytes", "it is base64 as a Python bytes literal (b'...')", "Remove the b and the quotes.")
    if len(text) > 2 and text[:1] == text[-1:] and text[:1] in b"\"'" and _is_base64(text[1:-1]):
        return Foreign("quoted", "it is base64 in quotes", "Remove the quotes.")
    if len(text) > 32 and not (text.translate(None, b"0123456789abcdef \r\n") and text.translate(None, b"0123456789ABCDEF \r\n")):
        return Foreign("hex", "it is hexadecimal text", "Decode it with `xxd -r -p`.")
    if _is_base64(text):
        return _inside_base64(text)
    if len(text) > 32 and (b"-" in text or b"_" in text) and b" " not in text and not text.translate(None, _LETTERS + b"-_"):
        return Foreign("url_safe_base64", "it is base64 of the URL-safe alphabet, or cut off", "Convert it by `tr -- '-_' '+/'`.")
    return None


def _is_base64(text: bytes) -> bool:
    return bool(text) and not text.translate(None, _LETTERS + b"+/")


def _inside_base64(text: bytes) -> Foreign | None:
    compact = b"".join(text.split())
    try:
        inner = base64.b64decode(compact[: len(compact) // 4 * 4], validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(inner) > 32 and _is_base64(inner):
        return Foreign("base64_twice", "it is base64 of base64", "Decode it once (`base64 -d`).")
    foreign_format = next((foreign for foreign in (detect(inner, inner) for detect in (_encrypted, _packed, _wide, _pgp, _pem)) if foreign), None)
    if not foreign_format or len(inner) <= 8:
        return None
    what = foreign_format.what.replace("it is ", "it is base64 of what is ", 1)
    return foreign_format._replace(what=what, opened=f"Decode it by `base64 -d`. {foreign_format.opened}".rstrip())


def _as_text(head: bytes, content: bytes) -> Foreign | None:
    try:
        text = head.decode() if len(content) <= _EXAMINED else head[:-4].decode("utf-8", "ignore")
    except UnicodeDecodeError:
        return None
    if any(ord(letter) < 32 and letter not in "\t\r\n\f" for letter in text):
        return None
    if _TEMPLATE.match(head):
        return Foreign("template", "it is a template of Jinja that was not rendered")
    if text.lstrip()[:1] in ("{", "["):
        return Foreign("json", "it is plain JSON")
    if _YAML.match(head):
        return Foreign("yaml", "it is plain YAML")
    if _HCL.match(head) and not _is_base64(head):  # base64 ends with an equals sign too
        return Foreign("hcl", "it is a configuration in HCL")
    return None if _is_base64(head) else Foreign("text", "it is plain text")
