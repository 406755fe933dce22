# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests run under pytest, with and without ansible-core, and under `ansible-test units`."""

from __future__ import annotations

import contextlib
import os
import socket
import sys

import hypothesis
import pytest

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


@pytest.fixture(params=("pipe", "link to a pipe", "socket", "device", "folder"))
def strange(request, tmp_path):
    """A path that is not a regular file."""
    path = tmp_path / "strange"
    with contextlib.ExitStack() as stack:
        if request.param.endswith("pipe"):
            os.mkfifo(tmp_path / "pipe")
            path.symlink_to(tmp_path / "pipe")
            yield str(path if request.param.startswith("link") else tmp_path / "pipe")
        elif request.param == "socket":
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            here = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
            stack.callback(os.close, here)
            listener.bind(f"/proc/self/fd/{here}/strange")
            yield str(path)
        else:
            yield "/dev/tty" if request.param == "device" else str(tmp_path)
