# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures shared by the system tests: one strict KMS for all, and a separate Ansible for each test file."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.adapter import Adapter, Probe, probe
from support.ansible_run import Ansible
from support.strict_kms import Credentials, StrictKms

FULL_RIGHTS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@pytest.fixture(scope="session")
def kms() -> Iterator[StrictKms]:
    with StrictKms() as started:
        yield started


@pytest.fixture
def tmp_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for each test, by a shorter name than pytest's: ansible-core makes a socket below it, whose path may have 107 characters."""
    return tmp_path_factory.mktemp("t")


@pytest.fixture(scope="module")
def ansible(tmp_path_factory: pytest.TempPathFactory, kms: StrictKms) -> Ansible:
    """Ansible with the connection to ``kms`` in its environment, with an administrator's credentials."""
    return Ansible(tmp_path_factory.mktemp("ansible"), kms.environment())


@pytest.fixture(scope="session")
def adapter_probe() -> Iterator[Probe]:
    with probe() as started:
        yield started


@pytest.fixture
def adapter(tmp_path: Path, kms: StrictKms, adapter_probe: Probe) -> Adapter:
    """The KMS adapter with the connection to ``kms``, a region and a key in its environment, without credentials."""
    home = tmp_path / "home"
    home.mkdir()
    return Adapter(adapter_probe, home, {"AWS_KMS_ENDPOINT": kms.url, "AWS_REGION": "us-east-1"}, adapters_key(kms))


@functools.cache
def adapters_key(kms: StrictKms) -> str:
    """The ARN of one key for all tests of the adapter."""
    return kms.new_key()


@pytest.fixture(scope="session")
def user(kms: StrictKms) -> Credentials:
    """An IAM user with all permissions."""
    return kms.principal(FULL_RIGHTS)


@pytest.fixture(scope="session")
def role(kms: StrictKms) -> Credentials:
    """A role with all permissions."""
    return kms.principal(FULL_RIGHTS, role=True)


@pytest.fixture(scope="session")
def signed_in(user: Credentials) -> dict[str, str]:
    """The user's credentials as environment variables."""
    return {"AWS_ACCESS_KEY_ID": user.access_key, "AWS_SECRET_ACCESS_KEY": user.secret_key}
