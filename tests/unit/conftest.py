# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests run under pytest, with and without ansible-core, and under `ansible-test units`."""

from __future__ import annotations

import sys

import hypothesis

# A shared machine stalls now and then; a slow example is no failure.
hypothesis.settings.register_profile("sealwright", deadline=None, print_blob=True, derandomize=True)
hypothesis.settings.load_profile("sealwright")


def _finder_is_installed():
    # ansible-test installs its own before it starts pytest.
    return any(type(finder).__name__ == "_AnsibleCollectionFinder" for finder in sys.meta_path)


try:
    from ansible.plugins.loader import init_plugin_loader
except ImportError:
    # The seal core is tested without ansible-core too: on a host's Python.
    pass
else:
    if not _finder_is_installed():
        init_plugin_loader()
