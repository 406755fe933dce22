# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The strict KMS as a process: its command line, TLS, many clients at once, and its end."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import SSLError

from support.certificates import Certificates, make_certificates
from support.slack import scaled
from support.strict_kms import StrictKms

ONCE = Config(retries={"total_max_attempts": 1})
# Started in a process of its own, which is then killed; it prints the server's process id and port.
PARENT = """
import time
from support.strict_kms import StrictKms
kms = StrictKms()
kms.start()
print(kms._process.pid, kms.port, flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def secure(certificates: Certificates) -> Iterator[StrictKms]:
    with StrictKms(tls=(certificates.certificate, certificates.key)) as kms:
        yield kms


def until(holds: Any, seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_command_line(tmp_path: Path) -> None:
    port_file, journal = tmp_path / "port", tmp_path / "journal"
    command = [sys.executable, "-m", "support.strict_kms", "--port-file", str(port_file), "--journal", str(journal), "--latency-ms", "100"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_environment()) as process:
        try:
            assert until(port_file.exists, 120)
            url = f"http://127.0.0.1:{port_file.read_text(encoding='ascii')}"
            assert process.stdout is not None
            assert process.stdout.readline() == f"strict KMS, STS and IAM at {url}\n"
            client = boto3.client(
                "kms", "us-east-1", endpoint_url=url, aws_access_key_id="nobody", aws_secret_access_key="nothing", config=ONCE
            )
            began = time.monotonic()
            with pytest.raises(client.exceptions.ClientError, match="UnrecognizedClientException"):
                client.list_aliases()
            assert time.monotonic() - began >= 0.1
            process.send_signal(signal.SIGTERM)
            assert process.wait(scaled(60)) == 0
        finally:
            process.kill()
    assert [json.loads(line)["error"] for line in journal.read_text(encoding="utf-8").splitlines()] == ["UnrecognizedClientException"]


def test_it_ends_with_the_context() -> None:
    with StrictKms() as kms:
        assert listens(kms.port)
    assert not listens(kms.port)


def test_it_ends_when_its_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, env=_environment()) as parent:
        try:
            assert parent.stdout is not None
            server, port = (int(word) for word in parent.stdout.readline().split())
            assert listens(port)
        finally:
            parent.kill()
    assert until(lambda: not Path(f"/proc/{server}").exists() and not listens(port))


def test_a_port_that_is_taken(kms: StrictKms) -> None:
    with pytest.raises(RuntimeError, match="did not start"):
        StrictKms(port=kms.port).start()


def test_the_environment_leads_here(kms: StrictKms) -> None:
    # boto3 itself reads neither AWS_REGION nor AWS_KMS_ENDPOINT: Vault's and OpenBao's SDKs do.
    program = (
        "import boto3, os; kms = boto3.client('kms', os.environ['AWS_REGION'], endpoint_url=os.environ['AWS_KMS_ENDPOINT']); "
        "print(kms.create_key()['KeyMetadata']['Arn'])"
    )
    environment = _environment() | kms.environment(region="eu-west-1")
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.startswith("arn:aws:kms:eu-west-1:123456789012:key/")


def test_many_clients_at_once(kms: StrictKms) -> None:
    key = kms.new_key()
    client = kms.client(config=Config(retries={"total_max_attempts": 1}, max_pool_connections=8))
    texts = [f"text {number}".encode() for number in range(64)]
    kms.clear_calls()
    with ThreadPoolExecutor(8) as pool:
        blobs = list(pool.map(lambda text: client.encrypt(KeyId=key, Plaintext=text)["CiphertextBlob"], texts))
        assert list(pool.map(lambda blob: client.decrypt(CiphertextBlob=blob)["Plaintext"], blobs)) == texts
    assert (len(kms.calls("Encrypt")), len(kms.calls("Decrypt"))) == (64, 64)


def test_tls(secure: StrictKms, certificates: Certificates) -> None:
    client = secure.client(verify=certificates.authority, config=ONCE)
    assert secure.url.startswith("https://")
    key = client.create_key()["KeyMetadata"]["KeyId"]
    assert client.decrypt(CiphertextBlob=client.encrypt(KeyId=key, Plaintext=b"text")["CiphertextBlob"])["Plaintext"] == b"text"


def test_tls_of_an_authority_that_nobody_trusts(secure: StrictKms) -> None:
    with pytest.raises(SSLError):
        secure.client(verify=True, config=ONCE).list_aliases()


def test_a_silent_client_holds_up_nobody(secure: StrictKms, certificates: Certificates) -> None:
    with socket.create_connection(("127.0.0.1", secure.port), timeout=scaled(30)):
        assert "Aliases" in secure.client(verify=certificates.authority, config=ONCE).list_aliases()


def test_faults_under_tls(secure: StrictKms, certificates: Certificates) -> None:
    secure.fault("reset", times=1)
    context = ssl.create_default_context(cafile=certificates.authority)
    with (
        socket.create_connection(("127.0.0.1", secure.port), timeout=scaled(30)) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        connection.sendall(b"POST / HTTP/1.1\r\nHost: kms\r\nX-Amz-Target: TrentService.ListAliases\r\nContent-Length: 2\r\n\r\n{}")
        # Which of the two it is depends on what the client's kernel saw first.
        try:
            answer = connection.recv(1)
        except ConnectionResetError:
            answer = b""
    assert answer == b""
    assert [call["error"] for call in secure.calls() if call["status"] == 0] == ["reset"]


def _environment() -> dict[str, str]:
    """This process's environment without anything about AWS, and with the support package."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, "PYTHONPATH": str(Path(__file__).parents[1])}
