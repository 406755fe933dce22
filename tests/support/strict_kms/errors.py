# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors as AWS KMS answers them: a code, a message and an HTTP status."""

from __future__ import annotations


class AwsError(Exception):
    """One error answer. KMS leaves the message out of some; then it is empty here."""

    def __init__(self, code: str, message: str = "", status: int = 400) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status


class ResetConnection(Exception):
    """Instead of an answer the connection is to be reset."""
