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
        assert len(packed.namelist()) < 170


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


GOOD = {"server_address": "http://x", "dest": "/x", "token": "a"}


@pytest.mark.parametrize("options", [
    {"s3": {"bucket": "example", "object_lock_mode": "GOVERNANCE", "object_lock_days": "30"}}, {"s3": {"bucket": 5}}, {"s3": "example"}, {"s3": ["x"]},
    {"s3": {"bucket": "example", "timeout": "300"}}, {"s3": {"bucket": "example", "part_size": 16.5}}, {"attempts": "3"}, {"attempts": True},
    {"other_addresses": "http://y"}, {"other_addresses": [1]}, {"keep_last": "2"}, {"keep_days": 1.5}, {"server_timeout": "90"}, {"dest": 5}, {"dest": "/x\0"},
    {"renew_token": "yes"}, {"allowed_key_ids": {"a": 1}}, {"region": 1}, {"timeout": "30"}, {"validate_certs": "no"}, {"max_size": 1e9}, {"token": 5},
    {"server_timeout": 10**399}, {"name": ["vault"]}, {"proof": None, "if_standby": 1}, {"server_address": ["http://x"]},
])
def test_the_type_of_each_option_is_checked(tmp_path, capsys, options):
    path, status = tmp_path / "backup.json", tmp_path / "status.json"
    path.write_text(json.dumps({**GOOD, "status_file": str(status), **options}), encoding="utf-8")
    assert main([str(path), "--check"]) == 2
    assert not status.exists()
    assert main([str(path)]) == 2
    assert capsys.readouterr().err.startswith("invalid_option: ")
    written = json.loads(status.read_text(encoding="utf-8"))
    assert (written["result"], written["reason"], written["proven"], written["unsent"]) == ("failed", "invalid_option", False, 0)


@pytest.mark.parametrize("content", ['{"dest": "/x", "dest": "/y"}', '{"server_timeout": NaN}', "[" * 100000])
def test_json_is_read_strictly(tmp_path, capsys, content):
    path = tmp_path / "backup.json"
    path.write_text(content, encoding="utf-8")
    assert main([str(path)]) == 2
    assert "not a JSON object" in capsys.readouterr().err
