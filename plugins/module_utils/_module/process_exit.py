# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of a module's process: Python's finalisation of the AWS SDK takes a third of a short task's processor time.

Without it, objects in reference cycles are never finalised: buffered lines of files may be lost, and temporary files kept. The
SDK, Ansible's module code and this collection close what they open. So it is skipped only if no other code is in the process.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from types import ModuleType

# The SDK with what it imports; Ansible; what Python's environments bring, which are hooks of the import.
_KNOWN = frozenset(
    ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3", "certifi", "awscrt", "cryptography", "_cffi_backend")
    + ("brotli", "_brotli", "brotlicffi", "zstandard", "idna", "typing_extensions", "ansible", "ansible_collections", "selinux", "_selinux", "systemd")
    + ("__main__", "__mp_main__", "_distutils_hack", "_virtualenv")
)
_CUSTOM = ("sitecustomize", "usercustomize")


def end_quickly() -> None:
    """Skip the finalisation at the end of this process, if no foreign code is in it then."""
    atexit.register(_leave)


def foreign_modules() -> list[str]:
    """The top-level modules in this process that are neither Python's own nor known to need no finalisation."""
    names = {name.partition(".")[0] for name in list(sys.modules)} - _KNOWN
    custom = [name for name in _CUSTOM if name in names and not _is_empty(sys.modules.get(name))]
    return sorted([*custom, *(name for name in names.difference(_CUSTOM) if not _is_standard(name))])


def _leave() -> None:
    if not foreign_modules():
        gc.freeze()


def _is_standard(name: str) -> bool:
    names = getattr(sys, "stdlib_module_names", None)
    if names is not None:
        return name in names
    # Before Python 3.10 the location of the file decides.
    origin = getattr(getattr(sys.modules.get(name), "__spec__", None), "origin", None) or ""
    in_packages = "site-packages" in origin or "dist-packages" in origin
    return name in sys.builtin_module_names or origin == "frozen" or (origin.startswith(f"{os.path.dirname(os.__file__)}/") and not in_packages)


def _is_empty(module: ModuleType | None) -> bool:
    """Whether it defines nothing, as where a distribution's own finds nothing to do."""
    return module is None or all(name.startswith("__") for name in vars(module))
