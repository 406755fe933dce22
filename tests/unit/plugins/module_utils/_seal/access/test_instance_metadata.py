# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.access import instance_metadata
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.access.instance_metadata import HOP_LIMIT, NO_ROLE, TURNED_OFF, why_no_credentials
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.module_utils._seal.local_aws import CLOSED, Answer

TOKEN = "PUT /latest/api/token"
ROLE = "GET /latest/meta-data/iam/security-credentials/"


@pytest.fixture
def service(server):
    server.clear()
    return server


def why(service, **variables):
    return why_no_credentials({"AWS_EC2_METADATA_SERVICE_ENDPOINT": service.url, **variables})


def test_the_texts():
    assert HOP_LIMIT == (
        "The instance's metadata service answers, but its session token does not arrive: its hop limit keeps it from containers. Raise it "
        "(aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2), or give credentials in another way."
    )
    assert TURNED_OFF == (
        "The instance's metadata service is turned off (aws ec2 modify-instance-metadata-options --http-endpoint enabled turns it on)."
    )
    assert NO_ROLE == "The instance's metadata service answers, but the instance has no role: attach an instance profile."


@pytest.mark.parametrize(
    ("token", "role", "reason"),
    [
        (Answer(403), "", TURNED_OFF),
        (CLOSED, Answer(401), HOP_LIMIT),
        (CLOSED, "vault-server", HOP_LIMIT),
        (CLOSED, Answer(404), ""),
        (CLOSED, Answer(201), ""),
        (CLOSED, Answer(402), ""),
        (CLOSED, CLOSED, ""),
        ("the token", Answer(404), NO_ROLE),
        ("the token", Answer(405), ""),
        ("the token", "vault-server", ""),
        (Answer(201, "the token"), Answer(404), ""),
        (Answer(404), Answer(404), ""),
        (Answer(400), Answer(404), ""),
    ],
)
def test_what_the_services_answers_mean(service, token, role, reason):
    service.answer(TOKEN, token)
    service.answer(ROLE, role)
    assert why(service) == reason


def test_the_role_is_asked_for_with_the_token(service):
    service.answer(TOKEN, "the token")
    assert why(service) == NO_ROLE
    first, second = service.asked
    assert (first.operation, first.headers["X-aws-ec2-metadata-token-ttl-seconds"]) == (TOKEN, "60")
    assert (second.operation, second.headers["X-aws-ec2-metadata-token"]) == (ROLE, "the token")


def test_the_role_is_asked_for_without_a_token_where_none_arrives(service):
    service.answer(TOKEN, CLOSED)
    service.answer(ROLE, Answer(401))
    assert why(service) == HOP_LIMIT
    assert service.operations() == [TOKEN, ROLE]
    assert "X-aws-ec2-metadata-token" not in service.asked[1].headers


def test_a_token_that_arrives_too_late_does_not_arrive(service, monkeypatch):
    monkeypatch.setattr(instance_metadata, "_SECONDS", 0.05)
    service.answer(TOKEN, Answer(200, "the token", seconds=0.2))
    service.answer(ROLE, Answer(401))
    assert why(service) == HOP_LIMIT


@pytest.mark.parametrize("content", ["x" * 5000, "t\u00f6ken"])
def test_a_long_or_odd_token_does_no_harm(service, content):
    service.answer(TOKEN, content)
    service.answer(ROLE, Answer(404))
    assert why(service) == (NO_ROLE if len(content) > 4096 else "")
    if len(content) > 4096:
        assert service.asked[1].headers["X-aws-ec2-metadata-token"] == "x" * 4096


@pytest.mark.parametrize(("value", "asked"), [("true", 0), ("True", 0), ("false", 1), ("", 1)])
def test_a_service_that_may_not_be_asked(service, value, asked):
    service.answer(TOKEN, Answer(403))
    assert why(service, AWS_EC2_METADATA_DISABLED=value) == (TURNED_OFF if asked else "")
    assert len(service.asked) == asked


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:port", "http://[", "http://127.0.0.1:99999"])
def test_an_endpoint_that_is_none(endpoint):
    assert why_no_credentials({"AWS_EC2_METADATA_SERVICE_ENDPOINT": endpoint}) == ""


def test_a_service_that_is_not_there():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert why_no_credentials({"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{port}"}) == ""


@pytest.mark.parametrize(
    ("variables", "address"),
    [
        ({}, "169.254.169.254"),
        ({"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "ipv4"}, "169.254.169.254"),
        ({"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "ipv6"}, "fd00:ec2::254"),
        ({"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"}, "fd00:ec2::254"),
        ({"AWS_EC2_METADATA_SERVICE_ENDPOINT": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "ipv6"}, "fd00:ec2::254"),
    ],
)
def test_the_usual_addresses(service, monkeypatch, variables, address):
    """As if a route led there: the connection goes to the local server instead."""
    connect, reached = socket.create_connection, []

    def lead(target, *arguments, **settings):
        reached.append(target)
        return connect(service.server_address, *arguments, **settings)

    monkeypatch.setattr(socket, "create_connection", lead)
    service.answer(TOKEN, Answer(403))
    assert why_no_credentials(variables) == TURNED_OFF
    assert reached == [(address, 80)]
    assert service.asked[0].headers["Host"] == (f"[{address}]" if ":" in address else address)


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "ipv5"},
        {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://"},
        {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "no URL"},
    ],
)
def test_a_setting_that_names_no_address(monkeypatch, variables):
    reached = []

    def refuse(target, *_all):
        reached.append(target)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    assert why_no_credentials(variables) == ""
    assert {host for host, _port in reached} == {""}
