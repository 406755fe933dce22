# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One combination as files, a launch of the server and options of the modules."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .covering import Choice, combinations
from .dimensions import ALWAYS, DIMENSIONS, PAIRS
from .launch import Launch
from .part import Sections

_NAME = re.compile(r"\{([\w-]+)\}")
_BASE = {"HOME": "{home}", "AWS_EC2_METADATA_DISABLED": "true"}


@dataclass(frozen=True)
class Combination:
    """A choice, by the names of its values."""

    choice: Choice

    @property
    def name(self) -> str:
        """The values that are not the plain ones."""
        message = [f"{name}={value}" for (name, values), value in zip(DIMENSIONS.items(), self.choice) if value != next(iter(values))]
        return " ".join(message) or "plain"

    def launch(self, names: Mapping[str, str]) -> Launch:
        """Its files and how it is started; ``home`` and what else is not in ``names`` stays as it is written."""
        home = names.get("home", "{home}")
        values = {name: values[value] for (name, values), value in zip(DIMENSIONS.items(), self.choice)}
        form, *with_form = values["form"] if isinstance(values["form"], tuple) else (values["form"],)
        # What goes with a form comes after the key, whose place it takes.
        parts = [*(values[name] for name in ("key", "region")), *with_form]
        parts += [values[name] for name in ("credentials", "endpoint", "authority", "proxy", "noise")]
        settings = _merged([{}, *(part.stanza for part in parts)], names)
        text, suffix = form(settings)
        files = {".aws/config": _ini([part.config for part in parts]), ".aws/credentials": _ini([part.credentials for part in parts])}
        for part in parts:
            files.update(part.files)
        path = f"etc/seal.{suffix}"
        environment = _merged([_BASE, *(part.environment for part in parts)], names)
        launch = Launch(home, [f"{home}/{path}"], environment, home)
        values["unit"](launch)
        launch.files.update({name: _filled(content, names) for name, content in files.items() if content})
        launch.files[path] = text
        return launch


def matrix(limit: int) -> list[Combination]:
    """All combinations, in an order that is the same in each run."""
    names = {name: list(values) for name, values in DIMENSIONS.items()}
    return [Combination(choice) for choice in combinations(names, PAIRS, ALWAYS, limit)]


def write(home: str, files: Mapping[str, str]) -> None:
    """Write files below ``home``; those that begin as scripts do are executable."""
    for name, content in files.items():
        path = Path(home, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())
        os.chmod(path, 0o700 if content.startswith("#!") else 0o600)


def _merged(layers: list[Any], names: Mapping[str, str]) -> dict[str, str]:
    by_name: dict[str, str] = {}
    for layer in layers:
        for name, value in layer.items():
            by_name.pop(name, None)
            if value is not None:
                by_name[name] = _filled(value, names)
    return by_name


def _ini(all_sections: list[Sections]) -> str:
    merged: Sections = {}
    for sections in all_sections:
        for section, lines in sections.items():
            merged.setdefault(section, {}).update(lines)
    return "\n".join(f"[{section}]\n" + "".join(f"{name} = {value}\n" for name, value in lines.items()) for section, lines in merged.items())


def _filled(text: str, names: Mapping[str, str]) -> str:
    return _NAME.sub(lambda match: names.get(match.group(1), match.group(0)), text)
