# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep the byte code of what is imported from zip files, as Python does for files.

Ansible sends each module with all its libraries in a zip file, and Python compiles them anew at every start of a module: about 40 % of the time that a
module takes. tools/environments.py installs this file into each virtual environment, whose interpreter runs the modules of the tests; what is imported,
and from where, stays the same. Entries are found by a hash of the source, in the folder `zip-bytecode` of the environment.
"""

from __future__ import annotations

import _imp
import contextlib
import marshal
import os
import sys
import types
import zipimport
from collections.abc import Callable

_FOLDER = os.path.join(sys.prefix, "zip-bytecode")

HOOK = "import sys, zip_bytecode; zip_bytecode.install(); del sys.modules['zip_bytecode']\n"
"""The line of the .pth file. It leaves no trace among the modules: those of the collection end more slowly where foreign code is in their process."""


def install() -> None:
    """Make zipimport use cached byte code before it compiles."""
    namespace = vars(zipimport)
    compile_source: Callable[[str, bytes], types.CodeType] = namespace["_compile_source"]
    set_path: Callable[[types.CodeType, str], None] = vars(_imp)["_fix_co_filename"]

    def kept_or_compiled(path: str, source: bytes) -> types.CodeType:
        entry = os.path.join(_FOLDER, _imp.source_hash(len(source), source).hex())
        with contextlib.suppress(OSError, EOFError, ValueError, TypeError):
            with open(entry, "rb") as file:
                code: object = marshal.load(file)
            if isinstance(code, types.CodeType):
                set_path(code, path)
                return code
        compiled = compile_source(path, source)
        # Another user's hosts may read the folder, and not write to it.
        with contextlib.suppress(OSError):
            os.makedirs(_FOLDER, exist_ok=True)
            unfinished = f"{entry}.{os.getpid()}"
            with open(unfinished, "wb") as file:
                marshal.dump(compiled, file)
            os.replace(unfinished, entry)
        return compiled

    namespace["_compile_source"] = kept_or_compiled
