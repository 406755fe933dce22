# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors of filters, as Ansible's error for filters and without a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ansible.errors import AnsibleFilterError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError


@contextmanager
def filter_errors(malformed: str) -> Iterator[None]:
    """Turn a SealError into an Ansible error of the same words, and what a malformed input raises into one with the text ``malformed``."""
    try:
        yield
    except SealError as error:
        raise AnsibleFilterError(str(error)) from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise AnsibleFilterError(f"{malformed} ({type(error).__name__}: {error}).") from None
