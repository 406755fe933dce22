# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS's services on loopback, for the tests of what asks them."""

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.local_aws import serving


@pytest.fixture(scope="module")
def server():
    with serving() as result:
        yield result


@pytest.fixture
def aws(server):
    server.clear()
    return server
