# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a file of another format is called, which command opens it, and what is said to whoever gave it: every text as a whole."""

from __future__ import annotations

import base64
import io
import tarfile

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.foreign_formats import (
    CONFIG,
    DOCUMENT,
    KEY,
    SEALED_VALUE,
    SNAPSHOT,
    Foreign,
    identify,
)

KMS = "Decrypt it with `aws kms decrypt --query Plaintext --output text`, which prints base64."
TRANSIT = "Decrypt it with `bao write transit/decrypt/KEY ciphertext=...`, which prints base64."
UTF16 = "it is UTF-16 text, as PowerShell writes it"
PLAIN, YAML, JSON = Foreign("text", "it is plain text"), Foreign("yaml", "it is plain YAML"), Foreign("json", "it is plain JSON")
MESSAGE = Foreign("pgp", "it is an OpenPGP message", "Decrypt it with `gpg --decrypt FILE`.")
PUBLIC, PRIVATE = Foreign("pgp_public_key", "it is an OpenPGP public key"), Foreign("pgp", "it is an OpenPGP private key")
AGE_PRIVATE, PRIVATE_KEY = Foreign("private_key", "it is a private key of age"), Foreign("private_key", "it is a private key")
PEM = Foreign("pem", "it is a PEM file")
HTML = Foreign("html", "it is an HTML page, such as an error page of a proxy or a login page")
XML, XML_ERROR = Foreign("xml", "it is XML"), Foreign("xml", "it is an XML error, such as from S3")
QUOTED = Foreign("quoted", "it is base64 in quotes", "Remove the quotes.")
PYTHON = Foreign("python_bytes", "it is base64 as a Python bytes literal (b'...')", "Remove the b and the quotes.")
HEX = Foreign("hex", "it is hexadecimal text", "Decode it with `xxd -r -p`.")
URL_SAFE = Foreign("url_safe_base64", "it is base64 of the URL-safe alphabet, or cut off", "Convert it by `tr -- '-_' '+/'`.")
TWICE = Foreign("base64_twice", "it is base64 of base64", "Decode it once (`base64 -d`).")
BBOLT = Foreign("database", "it is a bbolt database of a server (vault.db or raft.db), not a snapshot of it")
GZIP = "compressed by gzip, as a raft snapshot is, which vault_snapshot_info reads"
TAR = "an uncompressed tar archive; if it is a snapshot that was unpacked by gunzip, compress it again with `gzip`"
LONG = 64 << 10  # bytes that are looked at


def tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as new:
        new.addfile(tarfile.TarInfo("meta.json"), io.BytesIO())
    return out.getvalue()


def packet(tag: int, *following: int) -> bytes:
    return bytes([tag, *following]).ljust(12, b"\0")


CASES: list[tuple[bytes, Foreign | None]] = [
    (b"", Foreign("empty", "it is empty")),
    (b" \n", Foreign("empty", "it contains only whitespace")),
    (b"\0\0", Foreign("zeros", "it contains only zero bytes, like a file that was not written completely")),
    # UTF-32 and UTF-16, by their marks or by every other byte
    *((content, Foreign("utf32", "it is UTF-32 text", "Convert it by `iconv -f UTF-32 -t UTF-8`."))
      for content in (b"\xff\xfe\0\0a\0\0\0", b"\0\0\xfe\xff\0\0\0a")),
    *((content, Foreign("utf16", UTF16, "Convert it by `iconv -f UTF-16 -t UTF-8`.")) for content in (b"\xff\xfea\0", b"\xfe\xff\0a")),
    *((content, Foreign("utf16", UTF16, "Convert it by `iconv -f UTF-16LE -t UTF-8`.")) for content in (b"a\0b\0", b"a\0" * 32 + b"\0\0")),
    (b"\0a\0b", Foreign("utf16", UTF16, "Convert it by `iconv -f UTF-16BE -t UTF-8`.")),
    (b"a\0b", None), (b"\0\0a\0b\0", None), (b"a\0" * 31 + b"\0\0", None),
    # encrypted
    (b"\n$ANSIBLE_VAULT;1.1;AES256\n", Foreign("ansible_vault", "it is encrypted by ansible-vault", "Decrypt it with `ansible-vault view FILE`.")),
    *((content, Foreign("age", "it is a file encrypted by age", "Decrypt it with `age --decrypt --identity KEY FILE`."))
      for content in (b"age-encryption.org/v1\n", b"-----BEGIN AGE ENCRYPTED FILE-----\n")),
    *((content, Foreign("transit", "it is a ciphertext of the transit secrets engine", TRANSIT)) for content in (b"vault:v1:abcd", b" vault:v12:abcd")),
    *((content, Foreign("sops", "it is encrypted by SOPS", "Decrypt it with `sops --decrypt FILE`."))
      for content in (b"a: ENC[AES256_GCM,data:x]\n", b"a: b\nsops:\n", b"a: b\n" * 40_000 + b"sops:\n")),
    (b"a: b\n" * 20_000 + b"sops:\n" + b"a: b\n" * 20_000, YAML),  # neither in the first nor in the last 64 KiB
    (b"\x01\x02\x02\x00x\xff", Foreign("aws_kms", "it is a bare ciphertext of AWS KMS, as `aws kms encrypt` returns it", KMS)),
    (b' {"CiphertextBlob": "x"}', Foreign("aws_kms", "it is the JSON output of `aws kms encrypt`", KMS)),
    (b'["CiphertextBlob"]', JSON), (b'{"Ciphertext": "x"}', JSON),
    *((content, Foreign("aws_encryption_sdk", "it is a message of the AWS Encryption SDK", "Decrypt it with `aws-encryption-cli --decrypt`."))
      for content in (b"\x01\x80\x03\x78", b"\x02\x05\x78")),
    (b"\0GITCRYPT\0x", Foreign("git_crypt", "it is encrypted by git-crypt", "Run `git-crypt unlock`.")),
    (b"Salted__\xff", Foreign("openssl_enc", "it is encrypted by `openssl enc`", "Decrypt it with `openssl enc -d`.")),
    # OpenPGP, armoured
    (b"\n-----BEGIN PGP MESSAGE-----\n", MESSAGE), (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n", PUBLIC), (b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n", PRIVATE),
    (b"-----BEGIN PGP SIGNATURE-----\n", Foreign("pgp", "it is an OpenPGP text")),
    # RFC 9580, 4.2.1: a length of one, two or five bytes follows the tag
    (b"\xc1\x02\x03\x00", MESSAGE), (b"\xc1\x02\x03", None), (b"\x41\x02\x03\x04", None), (b"\x40\x02\x03\x04", None),
    (packet(0xC6, 191, 4), PUBLIC), (packet(0xC6, 192, 255, 4), PUBLIC), (packet(0xC6, 223, 255, 4), PUBLIC), (packet(0xC6, 224, 0, 0, 0, 0, 4), PUBLIC),
    (packet(0xC6, 255, 0, 0, 0, 0, 4), PUBLIC), (packet(0xC6, 255, 0, 4), None),
    # 4.2.2: in the older form, of one, two or four bytes, or none
    (packet(0x98, 0, 4), PUBLIC), (packet(0x99, 0, 0, 4), PUBLIC), (packet(0x9A, 0, 0, 0, 0, 4), PUBLIC),
    (packet(0x9B, 4), PUBLIC), (b"\x85\x41\x00\x03", MESSAGE),
    *((packet(tag, 1, version), MESSAGE) for tag in (0xC1, 0xC3) for version in (3, 4, 5, 6)),
    *((packet(tag, 1, version), PRIVATE if tag == 0xC5 else PUBLIC) for tag in (0xC5, 0xC6) for version in (3, 4, 5, 6)),
    *((packet(tag, 1, version), None) for tag, version in ((0xC1, 2), (0xC1, 7), (0xC6, 2), (0xC6, 7), (0xC4, 4), (0xC2, 4), (0xC7, 4), (0xC0, 3))),
    (b"\xc6\xff\xff\xff", None), (b"\x9a\xff\xff\xff\xff", None),
    # keys
    (b"\nAGE-SECRET-KEY-1QQQ", AGE_PRIVATE), (b"# created: x\nAGE-SECRET-KEY-1QQQ", AGE_PRIVATE), (b"# created: x\n- a", YAML),
    (b"!AGE-SECRET-KEY-1QQQ", PLAIN),
    (b"age1" + b"q" * 20, Foreign("public_key", "it is a public key of age")),
    (b"\nssh-ed25519 AAAAC3Nza", Foreign("ssh_public_key", "it is a public key of SSH")),
    (b"\n-----BEGIN EC PRIVATE KEY-----\n", PRIVATE_KEY), (b"subject=x\n-----BEGIN PRIVATE KEY-----\n", PRIVATE_KEY), (b"PRIVATE KEY-----!", PLAIN),
    (b"-----BEGIN " + b"A" * 4069 + b"PRIVATE KEY-----", PRIVATE_KEY), (b"-----BEGIN " + b"A" * 4070 + b"PRIVATE KEY-----", PEM),
    (b"PRIVATE KEY-----" + b"a" * 4069 + b"-----BEGIN ", PRIVATE_KEY), (b"PRIVATE KEY-----" + b"a" * 4070 + b"-----BEGIN ", PLAIN),
    (b"-----BEGIN RSA PUBLIC KEY-----\n", Foreign("public_key", "it is a public key in PEM")),
    (b"-----BEGIN TRUSTED CERTIFICATE-----\n", Foreign("certificate", "it is a certificate in PEM")),
    (b"-----BEGIN X509 CRL-----\nMII\n-----END X509 CRL-----\n-----BEGIN CERTIFICATE-----\n", PEM),
    # packed
    (b"BZh9", Foreign("compressed", "it is compressed by bzip2", "Unpack it with `bunzip2`.")),
    (b"\xfd7zXZ\0", Foreign("compressed", "it is compressed by xz", "Unpack it with `unxz`.")),
    (b"\x28\xb5\x2f\xfd", Foreign("compressed", "it is compressed by zstd", "Unpack it with `unzstd`.")),
    (b"PK\x03\x04", Foreign("zip", "it is a ZIP archive", "Unpack it with `unzip`.")),
    (b"7z\xbc\xaf\x27\x1c", Foreign("zip", "it is a 7-Zip archive", "Unpack it with `7z x`.")),
    (b"version https://git-lfs.github.com/spec/v1\n", Foreign("git_lfs", "it is a pointer of Git LFS, not the file itself", "Run `git lfs pull`.")),
    (b"SQLite format 3\0", Foreign("database", "it is a database of SQLite")), (b"\x7fELF", Foreign("executable", "it is an executable")),
    (b"\x1f\x8b\x08", Foreign("gzip", f"it is {GZIP}")), (tar(), Foreign("tar", f"it is {TAR}")),
    (bytes(16) + b"\xed\xda\x0c\xed", BBOLT), (bytes(16) + b"\xed\x0c\xda\xed", BBOLT), (bytes(15) + b"\xed\x0c\xda\xed", None),
    # answers
    (b"\nHTTP/1.1 200 OK\r\n", Foreign("http", "it begins with the headers of an HTTP response", "Download it again without the headers (curl: without -i).")),
    (b"HTTP/" + b"1" * 56 + b" 200!", PLAIN),
    *((content, HTML) for content in (b"<!doctype HTML>", b" <HTML>", b"<head>", b"<body>")),
    (b"<?xml?><a/>", XML), (b"<error>", XML), (b"<Error><Code>x", XML_ERROR),
    (b"<?xml?>".ljust(1018) + b"<Error", XML_ERROR), (b"<?xml?>".ljust(1019) + b"<Error", XML),
    (b' {"errors": []}', Foreign("server_error", "it is the JSON error of a Vault or OpenBao server; the request failed")),
    (b'[{"errors": []}]', JSON),
    # encoded once more
    (b"b'AQID'\n", PYTHON), (b'b"AQID"', PYTHON), *((content, PLAIN) for content in (b"b'AQ!'", b"b'!QID'", b"b'AQI!'", b"b'AQID", b"b'AQID\"")),
    (b'"A"\n', QUOTED), (b"'AQID'", QUOTED), *((content, PLAIN) for content in (b'""', b'"!A"', b'"A!"', b'"AQI', b"'AQ\"", b"!A!")),
    (b"AQIA", None), (b"XAQX", None),
    (b"0123456789abcdef" * 2 + b"a", HEX), (b"0123456789ABCDEF" * 2 + b"A", HEX), (b"a1 a1\r\n" * 10, HEX), *((content, None) for content in (
        b"a1" * 16, b"aA" * 17, b"X" * 40, b"g1" * 17)),
    (b"ab-_" * 8 + b"a", URL_SAFE), (b"ab-a" * 9, URL_SAFE), (b"ab_a" * 9, URL_SAFE),
    *((content, PLAIN) for content in (b"ab-_" * 8, b"ab-a " * 9, b"ab-!" * 9)),
    (base64.b64encode(b"A" * 33), TWICE), (base64.b64encode(b"A" * 32), None),
    (base64.b64encode(b"BZh123456"), Foreign(
        "compressed", "it is base64 of what is compressed by bzip2", "Decode it by `base64 -d`. Unpack it with `bunzip2`.")),
    (base64.b64encode(b"BZh123456") + b"AQ", Foreign(
        "compressed", "it is base64 of what is compressed by bzip2", "Decode it by `base64 -d`. Unpack it with `bunzip2`.")),
    (base64.b64encode(b"BZh12345"), None), (base64.b64encode(b"BZh1234567") * 2, None),
    (base64.encodebytes(tar()), Foreign("tar", f"it is base64 of what is {TAR}", "Decode it by `base64 -d`.")),
    (base64.b64encode(b"\x1f\x8b\x08" + bytes(20)), Foreign("gzip", f"it is base64 of what is {GZIP}", "Decode it by `base64 -d`.")),
    # texts
    ("a ä\f\t\r\n!".encode(), PLAIN), (b"a!\x1b", None), (b"!" * (LONG - 1) + b"\xff", None), (b"!" * (LONG - 1) + "ä".encode(), PLAIN),
    (("!" + "ä" * 40_000).encode(), PLAIN),
    (b"!" * (LONG - 5) + b"\x01" + b"!" * 9, None), (b"!" * (LONG - 4) + b"\x01" + b"!" * 9, PLAIN), (b"!!!!!\x01" + b"!" * LONG, None),
    (b"\n{{ x }}", Foreign("template", "it is a template of Jinja that was not rendered")), (b'\n {"a": 1}', JSON), (b"[1]", JSON),
    (b"# x\n---\n", YAML), (b'"a": b', YAML), (b'# x\nseal "awskms" {', Foreign("hcl", "it is a configuration in HCL")), (b"a1b2=", None),
]


@pytest.mark.parametrize(("content", "foreign"), CASES, ids=range(len(CASES)))
def test_what_a_file_is(content: bytes, foreign: Foreign | None) -> None:
    assert identify(content, SEALED_VALUE) == foreign


@pytest.mark.parametrize(("content", "wanted", "named"), [
    (b"---\n", CONFIG, True), (b"---\n", DOCUMENT, False), (b"", KEY, False), (b"", CONFIG, False), (b"", SNAPSHOT, True), (b"a!", KEY, False),
    (b"a!", SNAPSHOT, True),
    (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n", KEY, False), (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n", CONFIG, True), (b"{{ x }}", DOCUMENT, False),
    (b"$ANSIBLE_VAULT;1.1;AES256\n", DOCUMENT, True),
])
def test_what_may_be_what_was_wanted_is_not_named(content: bytes, wanted: str, named: bool) -> None:
    assert (identify(content, wanted) is not None) == named


SEAL = "Seal the plaintext with sealwright.vault_seal.awskms_seal_wrap."
WRITTEN = "Use a value that was written by sealwright.vault_seal.awskms_seal_wrap or an awskms seal, binary or base64-encoded."


@pytest.mark.parametrize(("foreign", "wanted", "remedy"), [
    (QUOTED, SEALED_VALUE, "Remove the quotes. Then use the sealed value."),
    (QUOTED, KEY, "Remove the quotes. Then use the public key."),
    (Foreign("zip", "it is a ZIP archive"), SNAPSHOT,
     "Use a file that was written by `bao operator raft snapshot save` or `vault operator raft snapshot save`."),
    (YAML, SEALED_VALUE, f"{SEAL} The playbook sealwright.vault_seal.edit creates a new sealed file."),
    (MESSAGE, SEALED_VALUE, f"Decrypt it with `gpg --decrypt FILE`. {SEAL}"),
    (HTML, SEALED_VALUE, WRITTEN),
    (Foreign("tar", "it is a tar archive", "Unpack it."), SEALED_VALUE, f"Unpack it. {WRITTEN}"),
    (MESSAGE, CONFIG, "Decrypt it with `gpg --decrypt FILE`. Use a configuration file of the server, in HCL or JSON."),
    (YAML, CONFIG, "Use a configuration file of the server, in HCL or JSON."),
    (PEM, KEY, "Use a public key in one of the formats in the option's documentation."),
    (HTML, DOCUMENT, "Seal a YAML or JSON document."),
])
def test_what_to_do(foreign: Foreign, wanted: str, remedy: str) -> None:
    assert foreign.remedy(wanted) == remedy
