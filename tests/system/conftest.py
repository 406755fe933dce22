# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real parts that system tests share: one strict KMS for all, and an Ansible of its own for each file of tests."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.adapter import Adapter
from support.ansible_run import Ansible
from support.strict_kms import StrictKms


@pytest.fixture(scope="session")
def kms() -> Iterator[StrictKms]:
    with StrictKms() as started:
        yield started


@pytest.fixture(scope="module")
def ansible(tmp_path_factory: pytest.TempPathFactory, kms: StrictKms) -> Ansible:
    """Ansible whose environment leads to ``kms`` with an administrator's credentials."""
    return Ansible(tmp_path_factory.mktemp("ansible"), kms.environment())


@pytest.fixture
def adapter(tmp_path: Path, kms: StrictKms) -> Adapter:
    """The KMS adapter in an environment that leads to ``kms`` with a region and a key, and no credentials."""
    home = tmp_path / "home"
    home.mkdir()
    return Adapter(home, {"AWS_KMS_ENDPOINT": kms.url, "AWS_REGION": "us-east-1"}, adapters_key(kms))


@functools.cache
def adapters_key(kms: StrictKms) -> str:
    """The ARN of one key for all tests of the adapter."""
    return kms.new_key()
