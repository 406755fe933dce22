# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which destinations the relay of a temporary server lets pass, and which files and sockets of the host the server sees."""

from __future__ import annotations

import os
import socket

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.mounts import hidden, needed_paths
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.reachable import Reachable, reachable

NAMED = reachable("https://vpce-1.kms.eu-west-1.vpce.amazonaws.com", {"AWS_ENDPOINT_URL_STS": "http://sts.example:8080"}, ["eu-west-1", ""])


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("kms.us-east-1.amazonaws.com", 443),
        ("KMS.us-east-1.amazonaws.com.", 443),
        ("kms-fips.us-gov-west-1.amazonaws.com", 443),
        ("kms.us-east-1.api.aws", 443),
        ("sts.ap-southeast-12.amazonaws.com", 443),
        ("sts.amazonaws.com", 443),
        ("kms.cn-north-1.amazonaws.com.cn", 443),
        ("kms.cn-north-1.api.amazonwebservices.com.cn", 443),
        ("kms.us-isob-east-1.sc2s.sgov.gov", 443),
        ("169.254.169.254", 80),
        ("fd00:ec2::23", 80),
    ],
)
def test_endpoints_of_aws_pass(host, port):
    assert Reachable().permits(host, port)


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("kms.bucket.s3.amazonaws.com", 443),
        ("kms.us-east-1.s3.amazonaws.com", 443),
        ("kms.bucket.s3.us-east-1.amazonaws.com", 443),
        ("my.kms.s3.us-east-1.amazonaws.com", 443),
        ("bucket.kms.us-east-1.amazonaws.com", 443),
        ("x.sts.amazonaws.com", 443),
        ("sts.s3.amazonaws.com", 443),
        ("kms.s3.amazonaws.com", 443),
        ("kms.us-east-1.amazonaws.com.evil", 443),
        ("kms.us-east-1.amazonaws.com.cn", 443),
        ("kms.cn-north-1.amazonaws.com", 443),
        ("kms.us-east-1.amazonaws.com..", 443),
        ("kms.us-east-1.vpce.amazonaws.com", 443),
        ("vpce-1.kms.us-east-1.vpce.amazonaws.com", 443),
        ("kms.us-east-1.amazonaws.com", 80),
        ("kms.us-east-1.amazonaws.com", 8443),
        ("\u212ams.us-east-1.amazonaws.com", 443),
        ("kms.us-east-\u0661.amazonaws.com", 443),
        ("kms.us-east-1.amazonaws.com\n", 443),
        ("kms.amazonaws.com", 443),
        ("s3.us-east-1.amazonaws.com", 443),
        ("169.254.169.254", 443),
        ("169.254.169.253", 80),
        ("127.0.0.1", 80),
        ("localhost", 443),
        ("", 443),
    ],
)
def test_nothing_else_does(host, port):
    assert not Reachable().permits(host, port)


def test_a_known_region_and_named_endpoints():
    assert NAMED.permits("kms.eu-west-1.amazonaws.com", 443)
    assert NAMED.permits("vpce-1.kms.eu-west-1.vpce.amazonaws.com", 443)
    assert NAMED.permits("sts.amazonaws.com", 443)
    assert NAMED.permits("sts.example", 8080)
    assert not NAMED.permits("kms.us-east-1.amazonaws.com", 443)
    assert not NAMED.permits("sts.example", 443)
    assert not NAMED.permits("x.vpce-1.kms.eu-west-1.vpce.amazonaws.com", 443)
    assert not reachable("", {}, ["cn-north-1"]).permits("sts.amazonaws.com", 443)


def test_what_a_server_needs(tmp_path):
    for name in ("token", "license", "plugins/kms", "home/.aws/config"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    config = {"seal": [{"awskms": {"secret_key": f"file://{tmp_path}/token", "region": "us-east-1"}}], "plugin_directory": f"{tmp_path}/plugins"}
    environment = {"VAULT_LICENSE_PATH": f"{tmp_path}/license", "HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "NOT": "/there"}
    assert needed_paths(config, environment, f"{tmp_path}/home") == [
        f"{tmp_path}/token", f"{tmp_path}/plugins", f"{tmp_path}/license", f"{tmp_path}/home/.aws"
    ]


def test_folders_of_sockets_are_hidden_and_what_is_needed_in_them_is_kept(tmp_path):
    here = os.path.realpath(tmp_path)
    for name in ("needed", "link", "plugins/kms"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to("needed") if name == "link" else (tmp_path / name).write_text("x")
    with socket.socket(socket.AF_UNIX) as listener:
        folder = os.open(tmp_path, os.O_RDONLY)
        before = os.getcwd()
        try:
            os.chdir(tmp_path / "plugins")
            listener.bind("/".join(("", *here.split("/")[1:], "plugins", "s")))
        finally:
            os.chdir(before)
            os.close(folder)
        listener.listen()
        result = hidden("/bin/sh", [f"{here}/link", f"{here}/plugins", "/", "/nowhere"])
    assert {os.path.realpath(name) for name in ("/run", "/tmp")} <= set(result.folders) | {"/tmp"}
    assert any(here.startswith(folder) for folder in result.folders)
    assert (f"{here}/needed", f"{here}/needed") in result.kept
    assert f"{here}/plugins/s" in result.sockets
    assert not any(place == "/" for _source, place in result.kept)
