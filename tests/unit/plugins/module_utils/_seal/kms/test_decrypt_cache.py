# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gc
import pathlib
import subprocess
import sys
import threading
import time

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import KmsError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms import decrypt_cache
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.api import KmsPlaintext
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.decrypt_cache import DecryptCache

KEY = b"a data key of thirty-two bytes.."


class Asked:
    """Answers with a data key, and counts."""

    def __init__(self, seconds=0.0, error=None):
        self.count = 0
        self._seconds = seconds
        self._error = error
        self._lock = threading.Lock()

    def __call__(self):
        with self._lock:
            self.count += 1
        time.sleep(self._seconds)
        if self._error:
            raise self._error
        return KmsPlaintext("arn", KEY)


@pytest.fixture
def overwritten(monkeypatch):
    """What the secrets that were dropped held afterwards."""
    seen = []
    genuine = decrypt_cache._overwrite

    def overwrite(secret):
        assert bytes(secret) == KEY
        genuine(secret)
        seen.append(bytes(secret))

    monkeypatch.setattr(decrypt_cache, "_overwrite", overwrite)
    return seen


def test_each_is_asked_for_once():
    keys, ask = DecryptCache(), Asked()
    for name in (b"one", b"two", b"one", b"two"):
        assert keys.decrypted(name, "key", ask) == KmsPlaintext("arn", KEY)
    assert (ask.count, len(keys)) == (2, 2)


def test_the_same_wrapped_key_asked_as_another_is_another_question():
    keys, ask = DecryptCache(), Asked()
    for asked_as in ("", "key", "key pinned", "key"):
        keys.decrypted(b"one", asked_as, ask)
    assert ask.count == 3


def test_what_was_longest_unused_is_dropped_first_and_overwritten(overwritten):
    keys, ask = DecryptCache(3), Asked()
    for name in (b"one", b"two", b"three", b"one", b"four"):
        keys.decrypted(name, "", ask)
    assert (ask.count, len(keys)) == (4, 3)
    assert overwritten == [bytes(32)]
    for name in (b"one", b"three", b"four"):
        keys.decrypted(name, "", ask)
    assert ask.count == 4
    keys.decrypted(b"two", "", ask)
    assert ask.count == 5


def test_the_default_bound_is_kept():
    keys, ask = DecryptCache(), Asked()
    for number in range(decrypt_cache.MOST_KEPT + 100):
        keys.decrypted(b"%d" % number, "", ask)
    assert len(keys) == decrypt_cache.MOST_KEPT == 4096


def test_nothing_is_kept_where_it_is_off():
    keys, ask = DecryptCache(0), Asked()
    for _turn in range(3):
        assert keys.decrypted(b"one", "", ask).plaintext == KEY
    assert (ask.count, len(keys), keys.keeps) == (3, 0, False)


def test_wiping_overwrites_and_forgets(overwritten):
    keys, ask = DecryptCache(), Asked()
    for name in (b"one", b"two"):
        keys.decrypted(name, "", ask)
    keys.wipe()
    assert (overwritten, len(keys)) == ([bytes(32)] * 2, 0)
    keys.decrypted(b"one", "", ask)
    assert ask.count == 3


def test_what_is_not_used_any_more_is_wiped(overwritten):
    keys = DecryptCache()
    keys.decrypted(b"one", "", Asked())
    del keys
    gc.collect()
    assert overwritten == [bytes(32)]


@pytest.mark.parametrize("most", [1, 2, 8])
def test_the_owner_is_watched_once_from_its_first_answer_on(monkeypatch, most):
    watched = []
    monkeypatch.setattr(decrypt_cache.weakref, "finalize", lambda owner, *call: watched.append((owner, *call)))
    keys = DecryptCache(most)
    assert watched == []
    for name in (b"one", b"two", b"three"):
        keys.decrypted(name, "key", Asked())
    assert watched == [(keys, decrypt_cache._wipe, keys._kept)]


def test_the_process_wipes_when_it_exits():
    program = (
        "from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms import api, decrypt_cache\n"
        "genuine = decrypt_cache._overwrite\n"
        "def overwrite(secret):\n"
        "    genuine(secret)\n"
        "    print(bytes(secret))\n"
        "decrypt_cache._overwrite = overwrite\n"
        "keys = decrypt_cache.DecryptCache()\n"
        "keys.decrypted(b'one', '', lambda: api.KmsPlaintext('arn', b'key'))\n"
        "print('exits')\n"
    )
    # Where this one finds the collection, whoever put it there.
    paths = [str(pathlib.Path(decrypt_cache.__file__).parents[7]), *sys.path]
    program = f"import sys\nsys.path[:] = {paths!r}\n{program}"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.splitlines() == ["exits", str(bytes(3))]


def test_who_comes_while_it_is_asked_waits_for_the_answer():
    keys, ask = DecryptCache(), Asked(seconds=0.05)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(keys.decrypted(b"one", "", ask))) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [KmsPlaintext("arn", KEY)] * 8
    assert ask.count == 1


def test_errors_reach_all_who_wait_and_are_not_kept():
    error = KmsError("no", reason="throttled")
    keys, ask = DecryptCache(), Asked(seconds=0.05, error=error)
    raised = []

    def request():
        try:
            keys.decrypted(b"one", "", ask)
        except KmsError as result:
            raised.append(result)

    threads = [threading.Thread(target=request) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert raised == [error] * 4
    assert ask.count < 4  # a thread that came late asked anew
    assert keys.decrypted(b"one", "", Asked()).plaintext == KEY
