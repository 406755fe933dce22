# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the built archive with Galaxy's importer and with ansible-builder. Runs in the environment `lint`."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import yaml

from archive import FOLDER, INSTALLED
from paths import ROOT

# ansible-test and ruff are separate steps; for ansible-test the importer would require a container.
_SETTINGS = """\
[galaxy-importer]
CHECK_REQUIRED_TAGS = True
RUN_ANSIBLE_DOC = True
RUN_ANSIBLE_LINT = True
RUN_ANSIBLE_TEST = False
RUN_FLAKE8 = False
"""


def importer_complaints() -> list[str]:
    """The errors and warnings of galaxy-importer about the archive."""
    (archive,) = FOLDER.glob("*.tar.gz")
    settings = FOLDER / "galaxy-importer.cfg"
    settings.write_text(_SETTINGS, encoding="ascii")
    answer = subprocess.run(
        [sys.executable, "-m", "galaxy_importer.main", str(archive)],
        cwd=FOLDER,
        env={**os.environ, "GALAXY_IMPORTER_CONFIG": str(settings)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(answer.stdout)
    complaints = re.findall(r"^(?:ERROR|WARNING|CRITICAL).*$", answer.stdout, re.MULTILINE)
    return complaints + ([f"galaxy-importer ended with {answer.returncode}"] if answer.returncode else [])


def execution_environment_complaints() -> list[str]:
    """Whether ansible-builder finds the packages that an execution environment needs for the installed archive."""
    builder = ["ansible-builder", "introspect", "--sanitize", str(INSTALLED)]
    answer = subprocess.run(builder, stdout=subprocess.PIPE, text=True, check=True).stdout
    introspected = yaml.safe_load(answer)
    if introspected["system"]:
        return [f"an execution environment would get system packages, and none is needed: {introspected['system']}"]
    names = {str(line).split()[0] for line in introspected["python"]}
    lines = (ROOT / "meta" / "ee-requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = {line for line in lines if line and not line.startswith("#")}
    print("An execution environment gets:", *sorted(names))
    return [] if names == wanted else [f"an execution environment would get {sorted(names)}, wanted {sorted(wanted)}"]


def build_context_complaints() -> list[str]:
    """Whether ansible-builder makes the context of an image with the archive; the image itself needs a container engine."""
    (archive,) = FOLDER.glob("*.tar.gz")
    definition, context = FOLDER / "execution-environment.yml", FOLDER / "context"
    wanted = {"name": str(archive), "type": "file"}
    definition.write_text(
        yaml.safe_dump(
            {
                "version": 3,
                "images": {"base_image": {"name": "registry.invalid/base:latest"}},
                "dependencies": {
                    "ansible_core": {"package_pip": "ansible-core>=2.16"},
                    "ansible_runner": {"package_pip": "ansible-runner"},
                    "galaxy": {"collections": [wanted]},
                },
            }
        ),
        encoding="utf-8",
    )
    create = ["ansible-builder", "create", "--file", str(definition), "--context", str(context), "--output-filename", "Containerfile"]
    answer = subprocess.run(create, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if answer.returncode:
        return [f"ansible-builder create ended with {answer.returncode}: {answer.stdout.strip()}"]
    made = yaml.safe_load((context / "_build" / "requirements.yml").read_text(encoding="utf-8"))
    image = (context / "Containerfile").read_text(encoding="utf-8")
    print(f"Context of an execution environment: {context.relative_to(ROOT)}")
    problems = [] if made == {"collections": [wanted]} else [f"the image would get the collections {made}"]
    return problems + [f"the Containerfile has no `{step}`" for step in ("ansible-galaxy collection install", "introspect.py") if step not in image]


def main() -> int:
    """The exit code."""
    complaints = importer_complaints() + execution_environment_complaints() + build_context_complaints()
    print(*complaints, sep="\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
