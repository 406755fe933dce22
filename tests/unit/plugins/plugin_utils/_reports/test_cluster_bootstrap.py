# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every decision of the role cluster_bootstrap, from the states of the servers."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.cluster_bootstrap import cluster_bootstrap_plan, cluster_bootstrap_report

OPTIONS: dict[str, Any] = {
    "first": "n1", "sender": "n1", "shares": 3, "threshold": 2, "shares_file": "/var/lib/shares.json", "token_file": "/var/lib/token.sealed",
    "token_key": "alias/root-tokens",
}  # fmt: skip


def server(host: str, **more: Any) -> dict[str, Any]:
    """A server that was not initialised yet."""
    of_host = {"address": "http://127.0.0.1:8200", "api_address": f"http://{host}:8200", "summary": "is not initialised"}
    return {"answers": True, "initialized": False, "sealed": True, "type": "awskms", "active": False, "cluster_id": "", "leader": "", **of_host, **more}


def working(host: str, **more: Any) -> dict[str, Any]:
    return server(host, **{"initialized": True, "sealed": False, "cluster_id": "one", "summary": "is unsealed", **more})


def stuck(host: str) -> dict[str, Any]:
    return server(host, initialized=True, summary="is initialised and sealed")


def silent(host: str) -> dict[str, Any]:
    return server(host, answers=False, type="", summary="does not respond")


def plan(*states: dict[str, Any] | None, **options: Any) -> dict[str, Any]:
    return cluster_bootstrap_plan({f"n{number}": state for number, state in enumerate(states, 1)}, **{**OPTIONS, **options})


def test_a_new_cluster() -> None:
    result = plan(server("n1"), server("n2"), server("n3"))
    assert (result["seed"], result["to_join"], result["initialised"], result["impasse"]) == ("n1", ["n2", "n3"], [], {"reason": "", "text": ""})
    assert (result["seed_address"], result["seed_api_address"]) == ("http://127.0.0.1:8200", "http://n1:8200")
    assert plan(server("n1"), sender="localhost")["seed_address"] == "http://n1:8200"
    assert result["plan"] == [
        "Next steps: initialise n1 with 3 recovery shares (threshold 2), and store the encrypted shares in /var/lib/shares.json on n1; join n2 and n3 to n1; "
        "revoke the root token."
    ]
    assert result["state_lines"] == ["n1: is not initialised", "n2: is not initialised", "n3: is not initialised"]


@pytest.mark.parametrize(
    ("options", "step"),
    [
        ({"setup_tasks": "setup.yml"}, "set up the cluster with setup.yml and revoke the root token."),
        ({"root_token": "seal"}, "leave the root token sealed under alias/root-tokens in /var/lib/token.sealed on n1."),
        ({"root_token": "pgp"}, "leave the root token encrypted to its holder."),
    ],
)
def test_what_becomes_of_the_root_token(options: dict[str, Any], step: str) -> None:
    assert plan(server("n1"), **options)["plan"][0].endswith(f"; {step}")


def test_a_finished_cluster_needs_nothing() -> None:
    result = plan(working("n1", active=True), working("n2"))
    assert (result["to_join"], result["impasse"]["reason"]) == ([], "")
    assert result["plan"] == ["Next steps: none, except for a root token that an earlier run may have left."]


def test_the_seed_is_a_server_that_works() -> None:
    assert plan(server("n1"), working("n2"), server("n3"))["seed"] == "n2"
    assert plan(server("n1"), working("n2"), server("n3"))["to_join"] == ["n1", "n3"]
    assert plan(working("n1"), working("n2"), first="n2")["seed"] == "n2"
    assert plan(stuck("n1"), working("n2"), server("n3"))["seed"] == "n2"
    assert plan(server("n1"), stuck("n2"))["seed"] == "n2"


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "silent": (plan(server("n1"), silent("n2")), "no_response", "No response from n2: n1: is not initialised; n2: does not respond. Start these servers"),
    "unreachable": (plan(working("n1"), None), "no_response", "No response from n2: n1: is unsealed; n2: is unreachable. Start these servers"),
    "two clusters": (plan(working("n1"), working("n2", cluster_id="two")), "several_clusters", "The hosts belong to 2 clusters"),
    "limited": (plan(server("n1"), limit="n1"), "limited_run", "the run is limited to n1 and not every host was checked"),
    "limited, check mode": (plan(server("n1"), limit="n1", check=True), "limited_run", "Run the playbook without a limit."),
    "shamir": (plan(server("n1"), server("n2", type="shamir")), "wrong_seal", "n2 runs with the seal shamir, although its configuration has an awskms seal"),
    "dead": (plan(stuck("n1"), server("n2")), "initialised_but_sealed", "n1 reports that it is initialised but does not unseal itself"),
    "sealed": (plan(working("n1"), stuck("n2"), server("n3")), "sealed_server", "n2 stays sealed; the cluster works without it."),
}


@pytest.mark.parametrize("case", REFUSED)
def test_why_a_bootstrap_cannot_continue(case: str) -> None:
    result, reason, text = REFUSED[case]
    assert result["impasse"]["reason"] == reason
    assert text in result["impasse"]["text"]


def test_in_check_mode_servers_need_not_run_yet() -> None:
    result = plan(silent("n1"), None, check=True)
    assert (result["silent"], result["seed"], result["to_join"], result["impasse"]["reason"]) == (["n1", "n2"], "n1", ["n2"], "")
    # It would be restarted with its new configuration.
    assert plan(server("n1", type="shamir"), check=True)["impasse"]["reason"] == ""


def test_a_limited_run_can_join_servers_to_a_cluster() -> None:
    assert plan(working("n1"), server("n2"), limit="n1,n2")["impasse"]["reason"] == ""


@pytest.mark.parametrize(
    ("options", "recorded", "stored", "fate", "line"),
    [
        ({"root_token": "pgp"}, True, False, "encrypted to its holder", "The root token is stored with the shares, encrypted to its holder. Revoke it when"),
        ({}, False, False, "unknown", "It is unknown whether the root token was revoked."),
        ({}, True, False, "revoked", "The root token is revoked."),
        ({"root_token": "seal"}, True, True, "sealed", "The root token is sealed in /var/lib/token.sealed on n1. Revoke it when the cluster is set up."),
        ({"root_token": "seal"}, True, False, "gone", "There is no sealed root token. It was revoked, or a run was interrupted before it was stored."),
    ],
)
def test_the_report(options: dict[str, Any], recorded: bool, stored: bool, fate: str, line: str) -> None:
    result = cluster_bootstrap_report(recorded=recorded, token_stored=stored, **{**OPTIONS, **options})
    assert result["root_token"] == fate
    assert result["lines"][1].startswith(line)
    assert result["lines"][0].startswith("The encrypted recovery shares are in" if recorded else "There is no record of the recovery shares on n1.")


def test_the_copy_is_reported() -> None:
    lines = cluster_bootstrap_report(recorded=True, token_stored=False, **{**OPTIONS, "copy": "/home/ada/shares.json"})["lines"]
    assert lines[0] == (
        "The encrypted recovery shares are in /var/lib/shares.json on n1, and in /home/ada/shares.json on the controller. Keep a copy elsewhere."
    )
