# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of other formats are named as what they are, and none of their content is shown."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import tarfile
import time
import zipfile

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import BlobError, SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.foreign_formats import CONFIG, KEY, SEALED_VALUE, SNAPSHOT, identify
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import MAX_SIZE, read_content, read_text
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.recipients.openpgp_key import PgpKey
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.recipients.public_key import Recipient
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.config_files import read_config
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.snapshots import Server, read

SECRET = "Hunter2Secret"
KMS_BLOB = b"\x01\x02\x02\x00x" + bytes(range(160))
SEALED = base64.b64encode(Server().stored["core/recovery-key"])
BOM = b"\xef\xbb\xbf"


def tar():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as new:
        new.addfile(tarfile.TarInfo("meta.json"), io.BytesIO())
    return out.getvalue()


def archive():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as new:
        new.writestr("value", SECRET)
    return out.getvalue()


SOPS_YAML = f"password: ENC[AES256_GCM,data:{SECRET},iv:x,tag:y,type:str]\nsops:\n    kms: []\n".encode()
SOPS_JSON = b'{\n\t"data": "x",\n\t"sops": {\n\t\t"kms": []\n\t}\n}'
SOPS_LATE = b"".join(b"key%d: value\n" % number for number in range(20000)) + b"sops:\n    mac: x\n"
ERRORS = b'{"errors":["1 error occurred:\\n\\t* permission denied\\n\\n"]}\n'
FILES = {
    "nothing": (b"", "empty", "empty"),
    "only whitespace": (b" \r\n\t", "empty", "only whitespace"),
    "hole": (bytes(4096), "zeros", "zero bytes"),
    "utf-16 of powershell": (b"\xff\xfe" + SEALED.decode().encode("utf-16-le"), "utf16", "UTF-16"),
    "utf-16 big-endian": (b"\xfe\xff" + SEALED.decode().encode("utf-16-be"), "utf16", "UTF-16"),
    "utf-16 without mark": (SEALED.decode().encode("utf-16-le"), "utf16", "UTF-16"),
    "utf-32": (f"\ufeff{SECRET}".encode("utf-32-le"), "utf32", "UTF-32"),
    "yaml": (f"---\npassword: {SECRET}\n".encode(), "yaml", "plain YAML"),
    "yaml without start": (f"# of the database\npassword: {SECRET}\n".encode(), "yaml", "plain YAML"),
    "yaml with mark": (BOM + f"password: {SECRET}\n".encode(), "yaml", "plain YAML"),
    "yaml list": (f"- {SECRET}\n".encode(), "yaml", "plain YAML"),
    "json": (json.dumps({"password": SECRET}).encode(), "json", "plain JSON"),
    "text": (f"{SECRET}!\n".encode(), "text", "plain text"),
    "template": (b"{{ lookup('file', 'x') }}", "template", "Jinja"),
    "hcl": (b'storage "raft" {\n  path = "/srv"\n}\n', "hcl", "HCL"),
    "ansible-vault": (b"$ANSIBLE_VAULT;1.1;AES256\n3862\n", "ansible_vault", "ansible-vault"),
    "ansible-vault with id": (BOM + b"$ANSIBLE_VAULT;1.2;AES256;prod\r\n3862\r\n", "ansible_vault", "ansible-vault"),
    "ansible-vault's variable": (b"password: !vault |\n          $ANSIBLE_VAULT;1.1;AES256\n          3862\n", "ansible_vault", "encrypt_string"),
    "ansible-vault's tag": (b"!vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3862\n", "ansible_vault", "encrypt_string"),
    "sops yaml": (SOPS_YAML, "sops", "SOPS"),
    "sops json": (SOPS_JSON, "sops", "SOPS"),
    "sops env": (b"A=ENC[AES256_GCM,data:x]\nsops_version=3.9.0\n", "sops", "SOPS"),
    "sops ini": (b"[a]\nb = c\n[sops]\nversion = 3\n", "sops", "SOPS"),
    "sops metadata far behind": (SOPS_LATE, "sops", "SOPS"),
    "age": (b"age-encryption.org/v1\n-> X25519 abc\n", "age", "age"),
    "age armored": (b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n", "age", "age"),
    "age key": (b"# created: 2024-01-01\n# public key: age1x\nAGE-SECRET-KEY-1QQQ\n", "private_key", "private key of age"),
    "transit": (b"vault:v1:8SDd3WHDOjf7mq69CyCqYjBXAiQQAVZRkFM13ok481zoCmHnSeDX9vyf7w==", "transit", "transit"),
    "transit, key rotated": (b"vault:v12:8SDd3WHDOjf7mq69", "transit", "transit"),
    "aws kms encrypt": (json.dumps({"CiphertextBlob": "AQICAHh", "KeyId": "arn"}).encode(), "aws_kms", "aws kms encrypt"),
    "aws kms bytes": (KMS_BLOB, "aws_kms", "AWS KMS"),
    "aws kms base64": (base64.b64encode(KMS_BLOB), "aws_kms", "AWS KMS"),
    "aws kms newer base64": (base64.encodebytes(b"\x01\x02\x03\x00x" + bytes(150)), "aws_kms", "AWS KMS"),
    "aws encryption sdk": (base64.b64encode(b"\x01\x80\x03\x78" + bytes(100)), "aws_encryption_sdk", "Encryption SDK"),
    "pgp message": (b"-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----\n", "pgp", "OpenPGP message"),
    "pgp message bytes": (b"\x85\x01\x0c\x03" + bytes(range(200)), "pgp", "OpenPGP message"),
    "pgp message base64": (base64.b64encode(b"\xc1\xc0\x4c\x03" + bytes(range(200))), "pgp", "OpenPGP message"),
    "pgp public key": (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQEN\n", "pgp_public_key", "OpenPGP public key"),
    "pgp public key bytes": (b"\x99\x01\x0d\x04" + bytes(200), "pgp_public_key", "OpenPGP public key"),
    "pgp private key": (b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQPG\n", "pgp", "OpenPGP private key"),
    "gzip": (gzip.compress(b"x" * 100), "gzip", "gzip"),
    "gzip as base64": (base64.b64encode(gzip.compress(b"x" * 100)), "gzip", "base64 of what is compressed by gzip"),
    "bzip2": (bz2.compress(b"x"), "compressed", "bzip2"),
    "xz": (lzma.compress(b"x"), "compressed", "xz"),
    "zip": (archive(), "zip", "ZIP"),
    "tar": (tar(), "tar", "gunzip"),
    "bbolt": (bytes(16) + b"\xed\xda\x0c\xed" + bytes(100), "database", "bbolt"),
    "git lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 12\n", "git_lfs", "Git LFS"),
    "git-crypt": (b"\0GITCRYPT\0" + bytes(12), "git_crypt", "git-crypt"),
    "openssl enc": (b"Salted__" + bytes(range(100)), "openssl_enc", "openssl"),
    "pem key": (b"-----BEGIN PRIVATE KEY-----\nMIIE\n", "private_key", "private key"),
    "openssh key": (b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n", "private_key", "private key"),
    "certificate": (b"-----BEGIN CERTIFICATE-----\nMIIE\n", "certificate", "certificate"),
    "public key": (b"-----BEGIN PUBLIC KEY-----\nMIIB\n", "public_key", "public key"),
    "ssh public key": (b"ssh-ed25519 AAAAC3Nza me@here\n", "ssh_public_key", "SSH"),
    "error of a server": (ERRORS, "server_error", "error of a Vault or OpenBao server"),
    "html": (b"\n<!DOCTYPE html>\n<html><head>", "html", "HTML"),
    "s3 error": (b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>', "xml", "S3"),
    "http headers": (b"HTTP/1.1 200 OK\r\nContent-Type: x\r\n\r\n", "http", "HTTP"),
    "base64 twice": (base64.b64encode(SEALED), "base64_twice", "base64 of base64"),
    "hexadecimal": (base64.b64decode(SEALED).hex().encode(), "hex", "hexadecimal"),
    "in quotes": (b'"' + SEALED + b'"\n', "quoted", "quotes"),
    "bytes of python": (repr(SEALED).encode(), "python_bytes", "Python"),
    "url-safe": (base64.urlsafe_b64encode(b"\xfb\xff" * 40), "url_safe_base64", "URL-safe"),
}
BINARY_FOR_SNAPSHOTS = {name: case for name, case in FILES.items() if name not in ("gzip", "nothing", "sops metadata far behind")}


@pytest.mark.parametrize(("content", "name", "text"), FILES.values(), ids=FILES)
def test_in_place_of_a_sealed_value(content, name, text):
    with pytest.raises(BlobError) as failure:
        read_content(content)
    error = failure.value
    assert (error.reason, error.details.get("format")) == ("malformed_blob", name), error.message
    assert (error.message.startswith("This is not a sealed value: "), text in error.message) == (True, True), error.message
    assert error.remedy
    assert SECRET not in str(error)
    assert failure.value.__cause__ is None


@pytest.mark.parametrize(("content", "name", "text"), BINARY_FOR_SNAPSHOTS.values(), ids=BINARY_FOR_SNAPSHOTS)
def test_in_place_of_a_snapshot(content, name, text):
    with pytest.raises(SealError) as failure:
        read(content)
    error = failure.value
    assert (error.reason, error.details.get("format")) == ("malformed_snapshot", name), error.message
    assert text in error.message
    assert error.remedy
    assert SECRET not in str(error)


@pytest.mark.parametrize("name", ["ansible-vault", "sops yaml", "age", "transit", "aws kms base64", "pgp message", "in quotes"])
def test_in_place_of_an_option(name):
    content, kind, _words = FILES[name]
    with pytest.raises(BlobError) as failure:
        read_text(content.decode())
    assert failure.value.details["format"] == kind


@pytest.mark.parametrize("text", [SEALED, BOM + SEALED, BOM + base64.encodebytes(base64.b64decode(SEALED)).replace(b"\n", b"\r\n")])
def test_a_byte_order_mark_is_no_part_of_the_value(text):
    value = read_content(text)
    assert value.encode() == base64.b64decode(SEALED)
    assert read_text(text.decode()).encode() == value.encode()


def test_a_sealed_value_in_place_of_a_snapshot():
    for content in (SEALED, base64.b64decode(SEALED)):
        with pytest.raises(SealError) as failure:
            read(content)
        assert "it is a sealed value, not a snapshot" in failure.value.message


def test_what_is_wanted_is_not_named_as_foreign():
    assert identify(b"-----BEGIN PUBLIC KEY-----\n", KEY) is None
    assert identify(b'seal "awskms" {', CONFIG) is None
    assert identify(b'{"seal": 1,', CONFIG) is None
    assert identify(b"\xde\xad\xbe\xef" * 20, SEALED_VALUE) is None


@pytest.mark.parametrize("content", [b"\n", b" ", b"a", b"- ", b"# \n", b"\t", b'"sops" ', b'x "a" ', b"0", b"AQ", b"\xff", b"b'"], ids=repr)
def test_the_time_is_bounded(content):
    data = (content * (200_000 // len(content)))[:200_000]
    begin = time.process_time()
    for end in (b"!", b"\xff", b"="):
        for wanted in (SEALED_VALUE, SNAPSHOT, KEY, CONFIG):
            identify(data + end, wanted)
    assert time.process_time() - begin < 2


def test_a_value_that_was_cut_off_keeps_its_own_words():
    with pytest.raises(BlobError) as failure:
        read_content(base64.b64decode(SEALED)[:-5], MAX_SIZE)
    assert "cut off" in failure.value.message


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("ansible-vault", "ansible-vault"), ("certificate", "certificate"), ("ssh public key", "SSH"), ("pgp public key", "neither")),
        *(("yaml", "plain YAML"), ("age", "age")),
    ],
)
def test_in_place_of_a_recipient(name, text):
    with pytest.raises(SettingError) as failure:
        Recipient(FILES[name][0].decode())
    assert (failure.value.reason, text in failure.value.message) == ("invalid_recipient", True), failure.value.message


@pytest.mark.parametrize("name", ["ansible-vault", "age key", "certificate", "transit", "html", "yaml"])
def test_in_place_of_an_openpgp_key(name):
    with pytest.raises(SettingError) as failure:
        PgpKey.parse(FILES[name][0].decode())
    assert (failure.value.reason, FILES[name][2] in failure.value.message) == ("invalid_pgp_key", True), failure.value.message


def test_public_keys_may_have_a_byte_order_mark():
    age = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
    assert Recipient(f"\ufeff{age}\n").encrypt(b"x").format == "age-x25519"


@pytest.mark.parametrize("name", ["utf-16 of powershell", "ansible-vault", "sops yaml", "gzip", "yaml", "pgp message bytes"])
def test_in_place_of_a_configuration(name, tmp_path):
    path = tmp_path / "server.hcl"
    path.write_bytes(FILES[name][0])
    with pytest.raises(SettingError) as failure:
        read_config([str(path)])
    assert (failure.value.reason, FILES[name][2] in failure.value.message) == ("malformed_config", True), failure.value.message
    assert SECRET not in str(failure.value)


def test_base64_whose_padding_looks_like_an_assignment_is_not_taken_for_a_configuration() -> None:
    assert identify(b"CkAxDummy==", SEALED_VALUE) is None
