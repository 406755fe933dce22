# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Invalid input: the exact messages of modules and lookup, and no file is written."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.tests.vectors.messages import written

from support.ansible_run import Ansible, Run, Task, host_python
from support.openbao import free_ports
from support.strict_kms import StrictKms
from support.vault_values import VaultValues, as_text

WRAP = "sealwright.vault_seal.awskms_seal_wrap"
UNWRAP = "sealwright.vault_seal.awskms_seal_unwrap"
LIMIT = 4 * 1024 * 1024
TLS = "Check ca_bundle or AWS_CA_BUNDLE, the proxy, and that the endpoint supports TLS with this name."
UNKNOWN_KEY = "00000000-0000-4000-8000-000000000000"


@dataclass
class Row:
    """One task that must fail: its options and its message."""

    name: str
    options: dict[str, Any]
    message: str
    reason: str
    module: str = WRAP
    environment: dict[str, str] = field(default_factory=dict)
    interpreter: str = ""

    def task(self) -> Task:
        one: Task = {"name": self.name, self.module: self.options, "environment": self.environment, "ignore_errors": True}
        return {**one, "vars": {"ansible_python_interpreter": self.interpreter}} if self.interpreter else one

    def by_lookup(self) -> Task:
        options = {name: value for name, value in self.options.items() if name != "blob"}
        lookup = "lookup('sealwright.vault_seal.awskms_seal_unwrap', blob, **options)"
        given = {"blob": self.options["blob"], "options": options}
        return {"name": self.name, "ansible.builtin.debug": {"msg": "{{ " + lookup + " }}"}, "vars": given, "ignore_errors": True}


class Bench:
    """Invalid keys, principals, endpoints and files."""

    def __init__(self, kms: StrictKms, folder: Path, hanging: str) -> None:
        self.kms = kms
        self.folder = folder
        self.hanging = hanging
        self.key = kms.new_key(alias="alias/bad-input")
        self.vault = VaultValues(kms.client(), self.key)
        self.message = self.vault.envelope(b"a value", b"its aad")
        self.blob = as_text(self.message)
        self._keys()
        self._files()

    def _keys(self) -> None:
        client = self.kms.client()
        self.disabled, self.deleted, doomed = (self.kms.new_key() for dummy in range(3))
        self.under_disabled = as_text(VaultValues(client, self.disabled).envelope(b"a value"))
        client.disable_key(KeyId=self.disabled)
        client.schedule_key_deletion(KeyId=self.deleted, PendingWindowInDays=7)
        self.pending_import = self.kms.new_key(Origin="EXTERNAL")
        self.asymmetric = self.kms.new_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
        self.signing = self.kms.new_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        del doomed

    def _files(self) -> None:
        self.full = self.folder / "full"
        self.closed = self.folder / "closed"
        for folder in (self.full, self.closed):
            folder.mkdir()
        self.closed.chmod(0o500)
        (self.folder / "no-sealed-value").write_text("precious")
        (self.folder / "large").write_bytes(b"x" * (2 * LIMIT))
        (self.folder / "large.sealed").write_bytes(written(self.vault.envelope(b"x" * (2 * LIMIT))))
        os.mkfifo(self.folder / "fifo")

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def allowed_only(self, *actions: str) -> dict[str, str]:
        """The environment of a principal with exactly these permissions, on all keys."""
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
        return self.kms.environment(self.kms.principal(policy))

    def interpreter(self, name: str, preparation: str) -> str:
        """A Python for modules that first does something to its own process."""
        path = self.folder / name
        python = host_python()
        path.write_text(f"#!{sys.executable}\nimport ctypes, os, resource, sys\n{preparation}\nos.execv({python!r}, [{python!r}, *sys.argv[1:]])\n")
        path.chmod(0o755)
        return str(path)

    def snapshot(self) -> dict[str, tuple[int, int]]:
        """Every file below the folder, with size and time of its last change."""
        result = (Path(folder) / name for folder, dummy, names in os.walk(self.folder) for name in names)
        return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in result}


@pytest.fixture(scope="module")
def bench(kms: StrictKms, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and never answers
        yield Bench(kms, tmp_path_factory.mktemp("files"), f"http://127.0.0.1:{silent.getsockname()[1]}")


def may_mount() -> bool:
    """Whether this process may give others a view of their own of the file system, as root may on most machines."""
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


def check(rows: list[Row], run: Run) -> None:
    """Compare all rows at once, so that one run shows every message that differs."""
    message = {row.name: (run[row.name].get("reason"), run[row.name].get("msg")) for row in rows}
    assert message == {row.name: (row.reason, row.message) for row in rows}
    assert all(run[row.name]["failed"] for row in rows)
    assert all(run[row.name]["msg"].endswith(run[row.name]["remedy"]) for row in rows)
    assert "Traceback" not in run.output


def play(bench: Bench, ansible: Ansible, rows: list[Row]) -> None:
    before = bench.snapshot()
    run = ansible.playbook([row.task() for row in rows], env={"ANSIBLE_PIPELINING": "1"}).succeeded()
    assert bench.snapshot() == before, "nothing is written"
    check(rows, run)


def test_messages_before_any_call_to_kms(bench: Bench, ansible: Ansible) -> None:
    wrong_key = (
        "is not a valid KMS key reference. Use a key ID (1234abcd-12ab-34cd-56ef-1234567890ab or mrk-...), a key ARN "
        "(arn:aws:kms:REGION:ACCOUNT:key/KEY-ID), an alias (alias/NAME) or an alias ARN (arn:aws:kms:REGION:ACCOUNT:alias/NAME)."
    )
    whole = "Check that the whole value was copied, unchanged, and that it was sealed by an awskms seal."
    foreign, odd = bench.vault.envelope(b"x"), bench.vault.envelope(b"x")
    foreign.key_info.key_id = "projects/p/locations/l/keyRings/r/cryptoKeys/k"
    odd.key_info.mechanism = 7
    paths = "Check the path and its permissions on the host where the task runs."
    here = {"kms_key_id": bench.key}
    bench.kms.clear_calls()
    play(bench, ansible, [
        Row("no key", {"plaintext": "x"},
            "No KMS key is set. Set the option kms_key_id or the environment variable VAULT_AWSKMS_SEAL_KEY_ID.", "no_key"),
        Row("no region", {"plaintext": "x", "kms_key_id": "alias/x"},
            "No AWS region is set by an option, environment variable, AWS profile, key ARN or the metadata service. Set the option region or the "
            "environment variable AWS_REGION, or use a key ARN.", "no_region", environment={"AWS_REGION": ""}),
        Row("no credentials", {"plaintext": "x", **here},
            "No AWS credentials were found. Set access_key and secret_key, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile, or use an instance "
            "profile, a container role or a web identity.", "no_credentials",
            environment={"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}),
        Row("half a pair", {"plaintext": "x", "secret_key": "half", **here},
            "parameters are required together: secret_key, access_key. Set both, or neither.", "incomplete_credentials"),
        Row("malformed key id", {"plaintext": "x", "kms_key_id": "1234"},
            f"The key from option kms_key_id is invalid: '1234' {wrong_key}", "malformed_key_id"),
        Row("malformed ARN", {"plaintext": "x", "kms_key_id": "arn:aws:kms:us-east-1:key"},
            f"The key from option kms_key_id is invalid: 'arn:aws:kms:us-east-1:key' {wrong_key}", "malformed_key_id"),
        Row("ARN of another region", {"plaintext": "x", "region": "eu-west-1", **here},
            f"The key {bench.key} (from option kms_key_id) is in region us-east-1, but the region in effect is eu-west-1 (from option region). Remove the "
            "region setting, or set it to us-east-1.", "region_mismatch"),
        Row("value of another region", {"blob": bench.blob, "region": "eu-west-1"},
            f"The key {bench.key} (from the sealed value) is in region us-east-1, but the region in effect is eu-west-1 (from option region). Remove the "
            "region setting, or set it to us-east-1.", "region_mismatch", UNWRAP),
        Row("no base64", {"blob": "%%%"},
            "Option blob: This is not a sealed value: it is plain text. Seal the plaintext with sealwright.vault_seal.awskms_seal_wrap. The playbook "
            "sealwright.vault_seal.edit creates a new sealed file.", "malformed_blob", UNWRAP),
        Row("truncated", {"blob": as_text(written(bench.message)[:100])},
            f"Option blob: This is not a sealed value: field 5 is cut off at byte 39. {whole}", "malformed_blob", UNWRAP),
        Row("another mechanism", {"blob": as_text(odd)},
            "The value uses mechanism 7; awskms seals support 0 (direct) and 1 (envelope). It was sealed by a seal other than awskms, or in a newer "
            "format than this collection supports.", "unsupported_mechanism", UNWRAP),
        Row("another cloud", {"blob": as_text(foreign)},
            "The value is sealed under 'projects/p/locations/l/keyRings/r/cryptoKeys/k', which is not an AWS KMS key. It was sealed by a seal other than "
            "awskms (another cloud, transit or an HSM); use that seal to decrypt it.", "foreign_wrapper", UNWRAP),
        Row("two sources", {"plaintext": "x", "plaintext_base64": "eA==", **here},
            "parameters are mutually exclusive: plaintext|plaintext_base64. Set one of them.", "invalid_option"),
        Row("no source", {**here},
            "one of the following is required: plaintext, plaintext_base64, src, values. Set one of them.", "invalid_option"),
        Row("not text", {"values": {"port": 5432}, **here},
            "values.port must be a string, not int. Quote numbers and booleans; encode structures, for example with the filter to_json.",
            "invalid_option"),
        Row("no folder", {"plaintext": "x", "dest": bench.path("none/file"), **here},
            f"The directory {bench.path('none')} of dest does not exist. Create it first; this module does not create directories.", "file_error"),
        Row("a folder", {"plaintext": "x", "dest": bench.path("full"), **here},
            f"dest {bench.path('full')} is a directory. Use the path of a file.", "file_error"),
        Row("no file", {"src": bench.path("nothing"), **here},
            f"The file of option src {bench.path('nothing')} cannot be read: No such file or directory. {paths}", "file_error"),
    ])
    assert [call["operation"] for call in bench.kms.calls()] == []


def test_what_kms_refuses(bench: Bench, ansible: Ansible) -> None:
    at = f"in region us-east-1 (from environment variable AWS_REGION) at {bench.kms.url} (from environment variable AWS_KMS_ENDPOINT)"
    symmetric = "A seal requires a symmetric key with key usage ENCRYPT_DECRYPT and key spec SYMMETRIC_DEFAULT."
    remedy = "Check the key ID or alias, the account and the region: KMS searches for it in this region only."

    def wrap(name: str, key: str, message: str, remedy: str, reason: str) -> Row:
        return Row(name, {"plaintext": "x", "kms_key_id": key}, f"AWS rejected Encrypt with key {key} {at}: {message} {remedy}", reason)

    play(bench, ansible, [
        wrap("no such alias", "alias/nothing", "NotFoundException: Alias arn:aws:kms:us-east-1:123456789012:alias/nothing is not found.", remedy, "not_found"),
        wrap("no such key", UNKNOWN_KEY, f"NotFoundException: Key 'arn:aws:kms:us-east-1:123456789012:key/{UNKNOWN_KEY}' does not exist.", remedy, "not_found"),
        wrap("disabled", bench.disabled, f"DisabledException: {bench.disabled} is disabled.",
             "Enable the key (kms:EnableKey), or use another key.", "key_disabled"),
        wrap("pending deletion", bench.deleted, f"KMSInvalidStateException: {bench.deleted} is pending deletion.",
             "Cancel the deletion (kms:CancelKeyDeletion) and enable the key immediately.", "key_pending_deletion"),
        wrap("pending import", bench.pending_import, f"KMSInvalidStateException: {bench.pending_import} is pending import.",
             "Import the key's material (kms:ImportKeyMaterial).", "key_pending_import"),
        wrap("asymmetric", bench.asymmetric,
             f"InvalidKeyUsageException: {bench.asymmetric} key spec is RSA_2048 which is not valid for Encrypt with algorithm SYMMETRIC_DEFAULT.",
             symmetric, "key_unusable"),
        wrap("signing", bench.signing,
             f"InvalidKeyUsageException: {bench.signing} key usage is SIGN_VERIFY which is not valid for Encrypt.", symmetric, "key_unusable"),
        Row("under a disabled key", {"blob": bench.under_disabled},
            f"AWS rejected Decrypt {at}: DisabledException: {bench.disabled} is disabled. Enable the key (kms:EnableKey): values sealed under it cannot "
            "be decrypted with another key.",
            "key_disabled", UNWRAP),
        Row("other additional data", {"blob": bench.blob, "aad": "other"},
            "KMS decrypted the data key, but the value is not authentic. The value was modified, or it was sealed with different additional "
            "authenticated data (aad).", "not_authentic", UNWRAP),
        Row("a foreign key", {"blob": bench.blob, "aad": "its aad", "allowed_key_ids": [bench.disabled]},
            f"The value is sealed under the key {bench.key}, which is not one of the allowed keys ({bench.disabled}). To trust this key, add it to "
            "allowed_key_ids.", "wrong_key", UNWRAP),
        Row("no sealed value", {"plaintext": "x", "kms_key_id": bench.key, "dest": bench.path("no-sealed-value")},
            f"dest exists and is not a sealed value; it was not replaced. The file {bench.path('no-sealed-value')}: This is not a sealed value: a "
            "number is cut off at byte 0. Use another dest, or set force to replace it.", "file_error"),
    ])


@pytest.mark.parametrize(("operation", "allowed", "module"), [
    ("Encrypt", "kms:Decrypt", WRAP), ("Decrypt", "kms:Encrypt", UNWRAP), ("DescribeKey", "kms:Decrypt", UNWRAP),
])
def test_a_missing_permission(bench: Bench, ansible: Ansible, operation: str, allowed: str, module: str) -> None:
    user = bench.kms.principal({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": allowed, "Resource": "*"}]})
    options = {
        "Encrypt": {"plaintext": "x", "kms_key_id": bench.key},
        "Decrypt": {"blob": bench.blob, "aad": "its aad"},
        "DescribeKey": {"blob": bench.blob, "aad": "its aad", "allowed_key_ids": ["alias/bad-input"]},
    }[operation]
    asked = {"Encrypt": f" with key {bench.key}", "Decrypt": "", "DescribeKey": " with key alias/bad-input"}[operation]
    run = ansible.playbook([{"name": "denied", module: {**options, "access_key": user.access_key, "secret_key": user.secret_key}, "ignore_errors": True}])
    result = run.succeeded()["denied"]
    statement = f'{{"Effect": "Allow", "Action": "kms:{operation}", "Resource": "{bench.key}"}}'
    assert (result["reason"], result["msg"]) == (
        "access_denied",
        f"AWS rejected {operation}{asked} in region us-east-1 (from environment variable AWS_REGION) at {bench.kms.url} (from environment variable "
        f"AWS_KMS_ENDPOINT): AccessDeniedException: User: {user.arn} is not authorized to perform: kms:{operation} on resource: {bench.key} because no "
        f"identity-based policy allows the kms:{operation} action. Allow it in a key policy, a grant, or an IAM policy with {statement}.",
    )


def test_endpoints_that_do_not_answer(bench: Bench, ansible: Ansible) -> None:
    (port,) = free_ports(1)
    refusing, plain = f"http://127.0.0.1:{port}", bench.kms.url.replace("http:", "https:")
    where = "in region us-east-1 (from environment variable AWS_REGION) at"
    given = {"plaintext": "x", "kms_key_id": bench.key, "timeout": 1}
    run = ansible.playbook([
        {"name": name, WRAP: {**given, "endpoint": url}, "ignore_errors": True}
        for name, url in (("refuses", refusing), ("hangs", bench.hanging), ("speaks no TLS", plain))
    ]).succeeded()
    assert (run["refuses"]["reason"], run["refuses"]["msg"]) == (
        "unreachable",
        f"AWS KMS cannot be reached {where} {refusing} (from option endpoint): the connection was refused. Check the endpoint's name and port, DNS, the "
        "route and the proxy.",
    )
    assert (run["hangs"]["reason"], run["hangs"]["msg"]) == (
        "timed_out",
        f"AWS KMS cannot be reached {where} {bench.hanging} (from option endpoint): the response timed out. Check the route, firewall, security group and "
        "VPC endpoint, or increase the option timeout.",
    )
    assert run["speaks no TLS"]["reason"] == "tls_failed"
    # What OpenSSL calls it differs between its releases.
    begin, end = f"AWS KMS cannot be reached {where} {plain} (from option endpoint): TLS failed: ", f". {TLS}"
    assert (run["speaks no TLS"]["msg"][: len(begin)], run["speaks no TLS"]["msg"][-len(end) :]) == (begin, end)
    assert run["speaks no TLS"]["remedy"] == TLS


def test_a_value_tampered_in_each_field(bench: Bench, ansible: Ansible) -> None:
    where = f"in region us-east-1 (from environment variable AWS_REGION) at {bench.kms.url} (from environment variable AWS_KMS_ENDPOINT)"
    altered = (
        "KMS decrypted the data key, but the value is not authentic. The value was modified, or it was sealed with different additional authenticated "
        "data (aad)."
    )
    refused = (
        f"AWS rejected Decrypt {where}: InvalidCiphertextException. The sealed data was modified, was not encrypted by this AWS KMS, or is bound to an "
        "encryption context."
    )
    foreign = (
        f"The value says that the key {bench.disabled} sealed it, but KMS opened it with {bench.key}. The value was altered after it was sealed; "
        "take it from its source again."
    )
    values = {"ciphertext": altered, "iv": altered, "wrapped_key": refused, "mechanism": refused, "key_id": foreign}
    rows = []
    for part, text in values.items():
        message = bench.vault.envelope(b"a value")
        holder = message if part in ("ciphertext", "iv") else message.key_info
        if part == "key_id":
            holder.key_id = bench.disabled
        elif part == "mechanism":
            holder.mechanism = 0
        else:
            content = bytearray(getattr(holder, part))
            content[-1] ^= 1
            setattr(holder, part, bytes(content))
        rows.append(Row(part, {"blob": as_text(message), "dest": bench.path("tampered")}, text, "not_authentic", UNWRAP))
    play(bench, ansible, rows)


def test_a_full_disk_and_a_folder_that_may_not_be_written(bench: Bench, ansible: Ansible) -> None:
    # Files beyond this size cannot be written, as on a full disk; the module's own code is smaller.
    limited = bench.interpreter("python-full", "import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
                                f"resource.setrlimit(resource.RLIMIT_FSIZE, ({LIMIT}, {LIMIT}))")
    space = "Check the space, quota and limits of its file system."
    rows = [
        Row("full", {"src": bench.path("large"), "kms_key_id": bench.key, "dest": str(bench.full / "sealed"), "format": "binary"},
            f"{bench.full / 'sealed'} cannot be written: File too large. Nothing was changed. {space}", "file_error", interpreter=limited),
        Row("full, opened", {"src": bench.path("large.sealed"), "dest": str(bench.full / "opened")},
            f"{bench.full / 'opened'} cannot be written: File too large. Nothing was changed. {space}", "file_error", UNWRAP, interpreter=limited),
    ]
    # Even root may not write everywhere without this capability: the first is dropped from all that the process starts.
    closed = bench.interpreter("python-closed", "ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)") if os.geteuid() == 0 else ""
    rows.append(Row("closed", {"plaintext": "x", "kms_key_id": bench.key, "dest": str(bench.closed / "sealed")},
                    f"The directory {bench.closed} of dest is not writable. Run the task as its owner (become).", "file_error", interpreter=closed))
    if may_mount():
        mounted = bench.path("large.sealed")
        here = bench.interpreter("python-mounted", "libc = ctypes.CDLL(None)\nlibc.unshare(0x20000)\nlibc.mount(None, b'/', None, 0x44000, None)\n"
                                 f"libc.mount({mounted.encode()!r}, {mounted.encode()!r}, None, 0x1000, None)")
        rows.append(Row("mounted", {"plaintext": "x", "kms_key_id": bench.key, "dest": mounted},
                        f"{mounted} cannot be replaced: Device or resource busy. Nothing was changed. A mounted file can only be written in place, with "
                        "unsafe_writes; an immutable file cannot be written.", "file_error", interpreter=here))
    play(bench, ansible, rows)
    assert list(bench.full.iterdir()) == []
