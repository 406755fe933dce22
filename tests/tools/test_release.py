# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The version of the next release."""

from __future__ import annotations

import pytest

from release import with_version

GALAXY = "name: x\nversion: 0.9.0\nreadme: README.md\n"


def test_only_the_version_is_changed():
    assert with_version(GALAXY, "0.10.0") == GALAXY.replace("0.9.0", "0.10.0")


@pytest.mark.parametrize(("version", "message"), [
    ("", "VERSION must be three numbers with dots, such as 0.2.0, not ''."),
    ("v1.0.0", "must be three numbers with dots"),
    ("0.9.0", "VERSION must be later than 0.9.0, the version in galaxy.yml, not 0.9.0."),
    ("0.8.10", "must be later than 0.9.0"),
])
def test_other_versions_are_refused(version, message):
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        with_version(GALAXY, version)


def test_a_file_without_a_version_is_refused():
    with pytest.raises(ValueError, match="no version"):
        with_version("name: x\n", "1.0.0")
