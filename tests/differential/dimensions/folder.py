# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several files of configuration: what is read of a folder, files that are merged, and the text that a container's entry point makes a file of."""

from __future__ import annotations

from ..launch import Launch, Start

_BROKEN = 'seal "awskms" {\n'
_DISABLED = 'seal "shamir" {\n  disabled = true\n}\n'
_OTHER_KEY = 'seal "awskms" {\n  kms_key_id = "alias/b"\n  region = "eu-west-1"\n}\n'
_LOCAL = "local.json"


def _start(launch: Launch) -> None:
    launch.options.update(product="openbao", config=launch.config, environment=launch.environment)


def _folder(**files: str) -> Start:
    """The folder of the stanza, with further files."""
    def start(launch: Launch) -> None:
        folder = launch.config[0].rpartition("/")[0]
        launch.files.update({f"etc/{name}": content for name, content in files.items()})
        launch.config = [folder]
        _start(launch)

    return start


def _paths(*paths: str, **files: str) -> Start:
    """Paths below the home folder, in their order; ``seal`` stands for the file of the stanza."""
    def start(launch: Launch) -> None:
        launch.files.update(files)
        launch.config = [launch.config[0] if path == "seal" else f"{launch.home}/{path}" for path in paths]
        _start(launch)

    return start


def _container(text: str, variable: str = "BAO_LOCAL_CONFIG") -> Start:
    """The entry point writes the text to a file of the folder, and starts the server with the folder."""
    def start(launch: Launch) -> None:
        launch.config = [launch.config[0].rpartition("/")[0]]
        launch.environment[variable] = text
        if variable == "BAO_LOCAL_CONFIG":
            launch.files[f"etc/{_LOCAL}"] = text
        _start(launch)

    return start


FOLDER: dict[str, Start] = {
    "folder-with-backup": _folder(**{"x.hcl~": _BROKEN}),
    "folder-with-lock": _folder(**{".#x.hcl": _BROKEN}),
    "folder-with-autosave": _folder(**{"#x.hcl#": _BROKEN}),
    "folder-with-hash-before": _folder(**{"#x.hcl": _BROKEN}),
    "folder-with-hidden-file": _folder(**{".x.hcl": _BROKEN}),
    "folder-with-hidden-seal": _folder(**{".x.hcl": _OTHER_KEY}),
    "folder-with-other-suffix": _folder(**{"x.conf": _BROKEN, "x.HCL": _BROKEN, "x.hcl.bak": _BROKEN}),
    "folder-with-suffix-alone": _folder(**{".hcl": _DISABLED}),
    "folder-in-folder": _folder(**{"more/x.hcl": _BROKEN}),
    "folder-with-folder-of-suffix": _folder(**{"more.hcl/x": _BROKEN}),
    "folder-with-empty-file": _folder(**{"empty.hcl": "", "blank.json": "{}"}),
    "folder-with-two-seals": _folder(**{"other.hcl": _OTHER_KEY}),
    "folder-with-four-seals": _folder(**{"other.hcl": _DISABLED, "third.hcl": _DISABLED * 2}),
    "folder-with-json": _folder(**{"more.json": '{"ui": false, "seal": {"shamir": {"disabled": "true"}}}'}),
    "folder-with-broken-json": _folder(**{"more.json": '{"ui": false'}),
    "same-file-twice": _paths("seal", "seal"),
    "folder-and-its-file": _paths("etc", "seal"),
    "folder-twice": _paths("etc", "etc"),
    "missing-second-file": _paths("seal", "none.hcl"),
    "empty-folder": _paths("seal", "more", **{"more/readme": "nothing"}),
    "two-folders": _paths("more", "etc", **{"more/a.hcl": "ui = true\n", "more/b.hcl": _DISABLED}),
    "file-of-any-name": _paths("seal", "more.conf", **{"more.conf": _DISABLED}),
    "temporary-file-by-name": _paths("seal", "more.hcl~", **{"more.hcl~": _DISABLED}),
    "container": _container('{"ui": false}'),
    "container-in-hcl": _container("ui = false\n"),
    "container-with-disabled-seal": _container('{"seal": {"shamir": {"disabled": true}}}'),
    "container-with-second-seal": _container('{"seal": {"awskms": {"kms_key_id": "alias/b", "region": "eu-west-1"}}}'),
    "container-broken": _container('{"ui": '),
    "container-empty": _container(""),
    "container-of-vault": _container('{"seal": {"awskms": {"kms_key_id": "alias/b"}}}', "VAULT_LOCAL_CONFIG"),
}
