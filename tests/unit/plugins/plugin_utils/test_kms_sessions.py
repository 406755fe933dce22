# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import subprocess
import sys
import time

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.api import KmsPlaintext
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils import _kms_sessions
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._kms_sessions import KmsSessions

OPTIONS = ConnectionOptions(region="us-east-1", access_key="A", secret_key="S")


@pytest.fixture
def process():
    made = KmsSessions()
    yield made
    made.wipe()


def keep(connection, plaintext=b"key"):
    return connection.data_keys.decrypted(b"wrapped", "", lambda: KmsPlaintext("arn", plaintext)).plaintext


def test_the_same_options_lead_the_same_way(process):
    first = process.session(OPTIONS)
    assert process.session(ConnectionOptions(region="us-east-1", access_key="A", secret_key="S")) is first


@pytest.mark.parametrize(
    "other",
    [
        ConnectionOptions(region="us-east-1", access_key="B", secret_key="S"),
        ConnectionOptions(region="eu-west-1", access_key="A", secret_key="S"),
        ConnectionOptions(region="us-east-1", access_key="A", secret_key="S", sources={"region": "variable x"}),
    ],
)
def test_who_asks_otherwise_gets_nothing_that_another_opened(process, other):
    first = process.session(OPTIONS)
    keep(first, b"of the first")
    connection = process.session(other)
    assert connection.clients is not first.clients
    assert keep(connection, b"of the other") == b"of the other"


def test_another_environment_is_another_way(process, monkeypatch):
    keep(process.session(OPTIONS), b"before")
    monkeypatch.setenv("AWS_PROFILE", "other")
    assert keep(process.session(OPTIONS), b"after") == b"after"


def test_data_keys_are_not_kept_where_that_is_off(process):
    keep(process.session(OPTIONS), b"kept")
    off = process.session(OPTIONS, cache_data_keys=False)
    assert keep(off, b"asked for") == b"asked for"
    assert off.clients is process.session(OPTIONS).clients
    assert keep(process.session(OPTIONS), b"not asked for") == b"kept"


def test_clients_are_renewed_in_time_and_data_keys_stay(process, monkeypatch):
    first = process.session(OPTIONS)
    keep(first, b"kept")
    later = time.monotonic() + 601
    monkeypatch.setattr(time, "monotonic", lambda: later)
    second = process.session(OPTIONS)
    assert second.clients is not first.clients
    assert keep(second, b"not asked for") == b"kept"


def test_ways_are_bounded_and_what_is_dropped_is_wiped(process):
    first = process.session(OPTIONS)
    keep(first)
    assert len(first.data_keys) == 1
    for number in range(8):
        process.session(ConnectionOptions(region=f"us-east-{number}", access_key="B", secret_key="S"))
    assert len(first.data_keys) == 0
    assert process.session(OPTIONS) is not first


# In a process of its own, because the one that runs tests has threads, and a fork must have none.
WORKER = """
import multiprocessing
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms import decrypt_cache
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.api import KmsPlaintext
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._kms_sessions import KmsSessions

process = KmsSessions()
options = ConnectionOptions(region="us-east-1")
way = process.session(options)
ask = lambda plaintext: lambda: KmsPlaintext("arn", plaintext)
way.data_keys.decrypted(b"wrapped", "", ask(b"of the parent"))
genuine = decrypt_cache._overwrite

def overwrite(secret):
    genuine(secret)
    print("overwritten", bytes(secret), flush=True)

def work():
    own = process.session(options)
    print("own clients", own.clients is not way.clients, flush=True)
    print(own.data_keys.decrypted(b"wrapped", "", ask(b"asked for")).plaintext.decode(), flush=True)

decrypt_cache._overwrite = overwrite
worker = multiprocessing.get_context("fork").Process(target=work)
worker.start()
worker.join()
print("ended", worker.exitcode, len(way.data_keys), flush=True)
"""


def test_a_worker_inherits_data_keys_makes_its_own_clients_and_wipes_when_it_ends():
    paths = [str(pathlib.Path(_kms_sessions.__file__).parents[5]), *sys.path]
    program = f"import sys\nsys.path[:] = {paths!r}\n{WORKER}"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    overwritten = f"overwritten {bytes(len('of the parent'))}"
    assert printed.splitlines() == ["own clients True", "of the parent", overwritten, "ended 0 1", overwritten]
