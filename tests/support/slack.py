# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much later than its limit something may end on a busy machine: far less than the hangs that the limits detect."""

SLACK = 3.5
"""Seconds. botocore's own limits, which these bounds replace, are five attempts of a minute each; the collection's are 5 s for a connection."""
