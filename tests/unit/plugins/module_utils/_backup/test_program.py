# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program of the timer: one archive of the sources that it needs, without Ansible, always the same bytes."""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
import zipfile

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backends.vault_snapshot_program import archive
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.options import BackupOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.program import main
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.modules import vault_snapshot


def top_level(source):
    """The packages that a file imports when it runs."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module).partition(".")[0]


def test_the_archive_needs_no_ansible():
    with zipfile.ZipFile(io.BytesIO(archive())) as packed:
        used = {name for entry in packed.namelist() for name in top_level(packed.read(entry))}
        assert "ansible" not in used
        assert used - set(sys.stdlib_module_names) == {"ansible_collections", "botocore", "cryptography"}
        assert len(packed.namelist()) < 120


def test_the_archive_is_always_the_same():
    assert archive() == archive()


def test_the_archive_runs(tmp_path):
    program = tmp_path / "vault-snapshot.pyz"
    program.write_bytes(archive())
    done = subprocess.run([sys.executable, "-I", str(program)], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr.startswith("usage:")) == (2, True)


@pytest.mark.parametrize(("content", "message"), [
    ("[]", "not a JSON object"), ("{", "not a JSON object"), ('{"dst": "/x"}', "Unsupported parameters"), ("{}", "missing required arguments"),
    ('{"server_address": "http://x", "dest": "/x"}', "one of the following is required"),
    ('{"server_address": "http://x", "dest": "/x", "token": "a", "token_file": "b"}', "mutually exclusive"),
])
def test_configurations_that_are_rejected(tmp_path, capsys, content, message):
    path = tmp_path / "backup.json"
    path.write_text(content, encoding="utf-8")
    assert main([str(path)]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["--help"], ["--check"]])
def test_usage(arguments, capsys):
    assert main(arguments) == 2
    assert "usage" in capsys.readouterr().err


def test_the_options_of_module_and_program_are_the_same(monkeypatch):
    given = {}
    monkeypatch.setattr(vault_snapshot, "run_module", lambda _run, argument_spec, **_others: given.update(argument_spec))
    vault_snapshot.main()
    own = {"kms_key_id"}
    assert set(given) - own == BackupOptions.names() - {
        *("region", "access_key", "secret_key", "session_token", "endpoint", "shared_creds_profile", "shared_creds_filename", "role_arn"),
        *("role_session_name", "web_identity_token_file", "sts_endpoint", "ca_bundle", "validate_certs", "proxy", "timeout"),
    }


def test_unknown_suboptions_are_rejected():
    with pytest.raises(SettingError, match="buckets"):
        BackupOptions.of({"server_address": "http://x", "dest": "/x", "token": "a", "s3": {"bucket": "abc", "buckets": json.dumps(1)}})
