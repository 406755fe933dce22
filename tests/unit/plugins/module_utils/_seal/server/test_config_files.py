# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What configuration files say, block by block, and every error of them as a whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.config_files import (
    Secret,
    ServerConfig,
    parse_config,
    read_config,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.hcl_decode import as_text, truth
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_blocks import Plugin, Stanza

CORRECT = "Correct the file; the server would refuse it too."
NAME_ONE = "Use a configuration file of the server, in HCL or JSON."


def parsed(text: str) -> ServerConfig:
    config = ServerConfig()
    parse_config(text, "seal.hcl", config)
    return config


def fault(error: SettingError) -> tuple[str, str, str]:
    return error.message, error.reason, error.remedy


@pytest.fixture
def folder() -> Iterator[str]:
    """A folder with a file, and with a folder that the user of the test cannot list."""
    with tempfile.TemporaryDirectory() as made:
        Path(made, "b.hcl").write_text('seal "awskms" {\n}\n', encoding="utf-8")
        Path(made, "closed").mkdir(mode=0o000)
        os.chmod(made, 0o755)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)  # nobody
        try:
            yield made
        finally:
            os.seteuid(user)
            os.chmod(f"{made}/closed", 0o700)


@pytest.mark.parametrize(("text", "stanza"), [
    ('seal "AWSKMS" {\n region = "a"\n}', Stanza("seal", "awskms", {"region": "a"}, False, "seal.hcl, line 1")),
    ('\nhsm "pkcs11" {\n slot = 0\n}', Stanza("hsm", "pkcs11", {"slot": "0"}, False, "seal.hcl, line 2")),
    ("seal {\n}", Stanza("seal", "seal", {}, False, "seal.hcl, line 1")),
    ('kms "transit" "more" {\n}', Stanza("kms", "transit", {}, False, "seal.hcl, line 1")),
    ('seal "awskms" {\n purpose = ["config"]\n disabled = "TRUE"\n region = "a"\n region = "b"\n}',
     Stanza("seal", "awskms", {"region": "b"}, True, "seal.hcl, line 1")),
    ('seal "awskms" {\n disabled = true\n disabled = false\n x = false\n y = true\n z = 1.50\n}',
     Stanza("seal", "awskms", {"x": "0", "y": "1", "z": "1.5"}, False, "seal.hcl, line 1")),
    (' \n{"seal": {"awskms": {"x": 1}}}', Stanza("seal", "awskms", {"x": "1"}, False, "seal.hcl, line 2")),
    ('{"seal": {"awskms": {"region": null, "disabled": 1}}}', Stanza("seal", "awskms", {"region": ""}, True, "seal.hcl, line 1")),
])
def test_a_seal(text: str, stanza: Stanza) -> None:
    assert parsed(text).stanzas == [stanza]


def test_seals_are_read_by_the_names_of_their_blocks() -> None:
    text = 'kms "c" {\n}\nseal "b" {\n}\nhsm "a" {\n}\nseal "d" {\n}\n'
    assert [(stanza.block, stanza.type) for stanza in parsed(text).stanzas] == [("hsm", "a"), ("seal", "b"), ("seal", "d"), ("kms", "c")]


LONG, CUT = "n" * 60, "n" * 60 + "..."


@pytest.mark.parametrize(("text", "message"), [
    ("\nseal = 1", "line 2: seal is no block"),
    ('plugin "a" "b" {\n}\nplugin = "x"', "line 3: plugin is no block"),
    ('seal "Awskms" {\n\n disabled = "x"\n}', "line 3: disabled of the Awskms seal is neither true nor false"),
    ('seal "awskms" {\n\n region = []\n}', "line 3: region of the awskms seal is neither a text nor a number"),
    ('seal "awskms" {\n region "x" {\n }\n}', "line 2: region of the awskms seal is neither a text nor a number"),
    (f'seal "{LONG}" {{\n disabled = "x"\n}}', f"line 2: disabled of the {LONG} seal is neither true nor false"),
    (f'seal "{LONG}n" {{\n {LONG} = []\n}}', f"line 2: {LONG} of the {CUT} seal is neither a text nor a number"),
    ('storage = "raft"', "line 1: storage is no block"),
    ('storage "a" {\n}\nstorage "b" {\n}', "line 3: a second storage, where the server takes one in a file"),
    ("\nplugin_directory = true", "line 2: plugin_directory is no text"), ('log_level "x" {\n}', "line 1: log_level is no text"),
    ('UI = "yes"', "line 1: ui is neither true nor false"), ("listener = 5", "line 1: listener is no block"),
    ('seal "a" {\n purpose = {}\n}', "line 2: purpose of the a seal is neither a text nor a list of texts"),
    ('seal "a" {\n purpose = [[]]\n}', "line 2: purpose of the a seal is neither a text nor a list of texts"),
    ('seal "a" {\n x = true\n x = "a"\n}', "line 3: x comes twice, with values of different types"),
    ('seal "a" {\n x = 1.5\n x = 0x10\n}', "line 3: x comes twice, with values of different types"),
    ('seal "a" {\n x = 08\n}', "line 2: a number that is not valid or has more than 64 bits"),
    ('seal "a" {\n x = 9223372036854775808\n}', "line 2: a number that is not valid or has more than 64 bits"),
    ('listener "a" {\n x = [{\n  y = 1e400\n }]\n}', "line 3: a number that is not valid or has more than 64 bits"),
    ("hsm {\n}\n" * 3, "line 1: 3 hsm blocks in one file, where 2 are the most; disabled ones count"),
    ("Seal {\n}\n" * 6, "line 1: 6 seal blocks in one file, where 5 are the most; disabled ones count"),
    ('{"seal": {"a": {"b" "c": 1}}}', "line 1: b of the a seal is neither a text nor a number"),
    ('seal "a" {\n b = \n}', "line 3: a value is missing, or a text without quotes"),
])
def test_what_is_wrong_is_told_with_the_file_and_the_line(text: str, message: str) -> None:
    with pytest.raises(SettingError) as error:
        parsed(text)
    assert fault(error.value) == (f"seal.hcl: {message}.", "malformed_config", CORRECT)
    assert error.value.details == {"line": int(message[5])}


@pytest.mark.parametrize(("text", "storages"), [
    ('storage "Raft" {\n path = "/data"\n}', [("raft", "/data")]),
    ('backend "file" {\n path = "/data"\n}\nstorage "raft" {\n}', [("raft", "")]),
    ('storage {\n path = "/data"\n}', [("", "/data")]),
    ('storage "raft" {\n path = 1\n}', [("raft", "")]),
    ('storage "raft" {\n path = "/a"\n path = "/b"\n}', [("raft", "")]),
    ('backend "Raft" {\n path = "/data"\n}', [("raft", "/data")]),
])
def test_storages(text: str, storages: list[tuple[str, str]]) -> None:
    assert parsed(text).storages == storages


@pytest.mark.parametrize(("text", "plugin"), [
    ('plugin "kms" "awskms" {\n command = "x"\n}', Plugin("kms", "awskms", {"command": "x"}, "seal.hcl, line 1")),
    ('plugin {\n type = "kms"\n name = "awskms"\n}', Plugin("kms", "awskms", {"type": "kms", "name": "awskms"}, "seal.hcl, line 1")),
    ('plugin "a" "b" {\n type = "kms"\n name = "awskms"\n}', Plugin("kms", "awskms", {"type": "kms", "name": "awskms"}, "seal.hcl, line 1")),
    ('plugin "kms" {\n}', Plugin("", "", {}, "seal.hcl, line 1")),
    ("plugin {\n}", Plugin("", "", {}, "seal.hcl, line 1")),
])
def test_plugins(text: str, plugin: Plugin) -> None:
    assert parsed(text).plugins == [plugin]


def test_settings_of_the_top_level_have_their_lines() -> None:
    text = 'ui = true\nlog_level = "info"\nlisten {\n}\nlist = [1]\nui = false\n'
    assert parsed(text).values == {"ui": (False, "seal.hcl, line 6"), "log_level": ("info", "seal.hcl, line 2")}


def test_secrets_are_found_at_any_depth() -> None:
    text = 'token = [["hush"], []]\nstorage "x" {\n nodes = [{\n  password = "hush"\n }, [{ "api" = { pin = "hush" } }], 1]\n names = ["x"]\n}\n'
    assert parsed(text).secrets == [
        Secret("seal.hcl", 1, "token"), Secret("seal.hcl", 4, "storage.x.nodes.password"), Secret("seal.hcl", 5, "storage.x.nodes.api.pin"),
    ]


@pytest.mark.parametrize(("value", "meaning"), [
    *((text, True) for text in ("1", "t", "T", "true", "TRUE", "True")),
    *((text, False) for text in ("", "0", "f", "F", "false", "FALSE", "False")),
    *((text, None) for text in ("yes", "tRUE", "2", " true", "on")),
    *((value, bool(value)) for value in (True, False, 1, 0, -1, 0.5, 0.0)),
    (None, None),
])
def test_booleans_are_those_of_strconv(value: Any, meaning: bool | None) -> None:
    """Go's strconv.ParseBool, an empty text as false; and numbers other than zero."""
    assert truth(value) is meaning


@pytest.mark.parametrize(("value", "text"), [
    (True, "1"), (False, "0"), ("x", "x"), ("", ""), (17, "17"), (-1, "-1"), (1e21, "1000000000000000000000"), (1.5, "1.5"), (2.0, "2"),
    ([], None), (None, None),
])
def test_values_become_texts_as_in_the_servers(value: Any, text: str | None) -> None:
    assert as_text(value) == text


def test_a_file_that_cannot_be_read_is_an_error_or_kept(folder: str) -> None:
    paths = [f"{folder}/{name}" for name in ("closed", "none.hcl", "b.hcl")]
    remedy = "Check the path, and that the user who runs this may read it (become)."
    expected = [
        (f"{folder}/closed cannot be read: Permission denied.", "file_error", remedy),
        (f"{folder}/none.hcl cannot be read: No such file or directory.", "file_error", remedy),
    ]
    for start in (0, 1):
        with pytest.raises(SettingError) as error:
            read_config(paths[start:])
        assert fault(error.value) == expected[start]
    unread: list[SettingError] = []
    config = read_config(paths, unread=unread)
    assert [fault(each) for each in unread] == expected
    assert [stanza.source for stanza in config.stanzas] == [f"{folder}/b.hcl, line 1"]


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    for name in ("a.hcl", "b.hcl", "c.hcl"):
        (tmp_path / name).write_text(f'seal "{name[0]}" {{\n}}\n', encoding="utf-8")
    config = read_config([str(tmp_path / "b.hcl"), str(tmp_path)])
    assert [stanza.type for stanza in config.stanzas] == ["b", "a", "c"]
    assert config.files == [str(tmp_path / name) for name in ("b.hcl", "a.hcl", "c.hcl")]


@pytest.mark.parametrize(("content", "message", "remedy"), [
    (b"#" * (4 << 20), "", ""),
    (b"#" * ((4 << 20) + 1), "{} has more than 4 MiB.", "Name a configuration file."),
    (b"\xff", "{} is not UTF-8.", "Name a configuration file."),
    (b"\x1f\x8b\xff", "{} is not a configuration of a server: it is compressed by gzip, as a raft snapshot is, which vault_snapshot_info reads.", NAME_ONE),
    (b"---\na: b\n", "{} is not a configuration of a server: it is plain YAML.", NAME_ONE),
    ("{ä".encode(), "{}: line 1: a character that has no meaning in JSON.", CORRECT),
    (b"seal {", "{}: line 1: a closing brace is missing.", CORRECT),
])
def test_a_file_that_is_no_configuration(content: bytes, message: str, remedy: str, tmp_path: Path) -> None:
    path = tmp_path / "seal.hcl"
    path.write_bytes(content)
    if not message:
        assert read_config([str(path)]).files == [str(path)]
        return
    with pytest.raises(SettingError) as error:
        read_config([str(path)])
    assert fault(error.value) == (message.format(path), "malformed_config", remedy)
