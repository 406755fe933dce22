# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rejects special files among those that the AWS SDK opens by itself: the SDK would open them and wait."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping

from ..errors import SettingError
from ..regular_files import open_regular

_OPTIONS = ("shared_creds_filename", "web_identity_token_file", "ca_bundle")
_VARIABLES = (
    *("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
    *("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"),
)
_DEFAULTS = ("credentials", "config")


def check_sdk_files(options: object, environ: Mapping[str, str]) -> None:
    """Refuse named pipes, devices and sockets; a file that is missing or unreadable is the SDK's to report. Raises :class:`SettingError`."""
    for source, path in _named(options, environ):
        check_opens(source, path)


def check_opens(source: str, path: str) -> None:
    """Refuse an existing path that is neither a regular file nor a folder; raises :class:`SettingError` (``file_error``)."""
    try:
        os.close(open_regular(path))
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) == errno.EINVAL:
            raise SettingError(
                f"{path} (from {source}) cannot be read: it is not a regular file.", reason="file_error",
                remedy="Use a regular file; reading a pipe, a device or a socket could block.",
            ) from None


def _named(options: object, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in _OPTIONS:
        if getattr(options, name, ""):
            yield f"option {name}", getattr(options, name)
    for name in _VARIABLES:
        if environ.get(name):
            yield f"environment variable {name}", os.path.expanduser(environ[name])
    for name in _DEFAULTS:
        yield "the AWS SDK's default", os.path.expanduser(f"~/.aws/{name}")
