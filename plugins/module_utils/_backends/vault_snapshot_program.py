# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module vault_snapshot_program: the program of the backup timer as one file, made of the parts of this collection that it needs."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import io
import os
import zipfile
from collections.abc import Iterator
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup import program
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.destination import check_destination, is_there, set_attributes, write_file
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.file_errors import file_error
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.regular_files import read_regular

_COLLECTION = "ansible_collections.sealwright.vault_seal.plugins.module_utils."
_LARGEST = 64 << 20
_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest of a zip file: the same sources make the same bytes
_MAIN = f"""import sys

from {program.__name__} import main

sys.exit(main())
"""


def run(module: AnsibleModule) -> dict[str, Any]:
    """Run the module; raises :class:`SealError`."""
    dest = module.params["dest"]
    check_destination(dest, module)
    content = archive()
    result = {"changed": True, "dest": dest, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    if is_there(dest) and _present(dest) == content:
        return {**result, "changed": set_attributes(module, dest)}
    if not module.check_mode:
        write_file(module, dest, [content])
    return result


def archive() -> bytes:
    """The program, as a zip file that Python runs; raises :class:`SealError` if a source is missing."""
    files = {"__main__.py": _MAIN}
    for name, source in sources():
        path = name.replace(".", "/")
        files[f"{path}.py"] = source
        for folder in _folders(path):
            files.setdefault(f"{folder}/__init__.py", "")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, source in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, source)
    return stream.getvalue()


def sources() -> Iterator[tuple[str, str]]:
    """The names and sources of the program and of everything in this collection that it imports."""
    pending, seen = [program.__name__], {program.__name__}
    while pending:
        name = pending.pop()
        source = _source(name)
        if source is None:
            raise SealError(f"The source of {name} was not found.", reason="internal_error", remedy="Install the collection again.")
        yield name, source
        for other in sorted(_imported(name, source) - seen):
            if _source(other) is not None:
                seen.add(other)
                pending.append(other)


def _imported(name: str, source: str) -> set[str]:
    """What a file imports of this collection; each name may be a module, or something in one. Imports for type checkers do not count."""
    modules: set[str] = set()
    tree = ast.parse(source)
    for block in [node for node in ast.walk(tree) if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"]:
        block.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            base = name.split(".")[: -node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            modules.update((module, *(f"{module}.{alias.name}" for alias in node.names)))
    return {each for each in modules if each.startswith(_COLLECTION)}


def _source(name: str) -> str | None:
    """The source of a module, from a file or from the zip file in which Ansible sent it; None if the name is not that of a module."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, AttributeError):
        return None
    loader: Any = spec.loader if spec and spec.origin and spec.origin.endswith(".py") else None
    if loader is None or os.path.basename(str(spec.origin if spec else "")) == "__init__.py":
        return None
    source: str | None = loader.get_source(name)
    return source


def _folders(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _present(dest: str) -> bytes:
    try:
        return read_regular(dest, _LARGEST)
    except OSError as error:
        raise file_error(f"The file {dest} cannot be read: {error.strerror}.") from None
