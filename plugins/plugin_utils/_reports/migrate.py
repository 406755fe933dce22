# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decisions of the role migrate: the stage of each node, the next steps, and why the migration cannot continue.

Pure functions over the states of the hosts. A run queries all hosts, and calls :func:`migrate_plan`. If its ``revive`` is true, it starts and unseals all
nodes with their current files, queries them again, and calls it again. It stops if there is an ``impasse``, and otherwise takes the ``steps`` in their order,
the hosts of a step one after the other; before a node is stopped, :func:`stop_obstacle` has to return nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.cluster import Impasse, read_states, state_lines
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.migrate_cluster import (
    IDLE,
    SHAMIR,
    STAGES,
    Cluster,
    Peers,
    Seals,
    read_peers,
    read_seals,
)  # fmt: skip


def migrate_plan(
    states: Mapping[str, Mapping[str, Any] | None],
    *,
    to: str,
    seals: Mapping[str, Seals | None] | None = None,
    peers: Peers | None = None,
    shares: int = 0,
    check: bool = False,
    seal: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The plan of a migration.

    :param states: for each host, in order, the result of the role server_state; None or empty if the host became unreachable.
    :param to: the seal to migrate to, ``awskms`` or ``shamir``.
    :param seals: for each host the awskms seals in its files, each with ``enabled`` and ``settings``; missing or None if they are unknown.
    :param peers: the raft peers of the active node, ``all`` and ``voters``; empty if they are unknown.
    :param shares: the number of different shares that were given.
    :param check: whether this is check mode.
    :param seal: the awskms seal of the migration, with ``kms_key_id`` and ``region``. A host whose files have another one is configured anew.
    :return: ``stage`` (by host), ``at`` (hosts by stage), ``begun``, ``led``, ``electing`` (whether to wait, because the nodes of one
        cluster do not agree on the active one, as after a change of it), ``revive`` (whether to start and unseal all nodes), ``stuck`` (nodes to restart
        if none is active after that), ``await_votes`` (whether to wait until more peers can vote), ``work`` (hosts to change), ``idle`` and ``running``
        (those to configure and restart before the active node, in this order), ``reverted`` (hosts whose files only are configured), ``left`` (hosts with an
        awskms seal to remove), ``steps`` (each with ``action``, ``hosts`` and ``text``), ``plan`` and ``state_lines`` (lines to show) and ``impasse``
        (``reason`` and ``text``, empty if the migration can continue).
    :raises SettingError: if a state is not one that a server reports.
    """
    cluster = Cluster(read_states(states), to, read_seals(seals or {}, seal), read_peers(peers), shares)
    lines = [*state_lines(cluster.states), *_peers_line(cluster.peers)]
    led, begun = bool(cluster.leaders()), cluster.begun()
    return {
        "stage": {host: cluster.stage(host) for host in cluster.hosts},
        "at": {stage: cluster.at(stage) for stage in STAGES},
        "begun": begun,
        "led": led,
        "electing": len(cluster.clusters()) < 2 and cluster.disagrees() and not check,
        "revive": begun and not led and not check and not cluster.at("unreachable", "new", "foreign"),
        "stuck": cluster.stuck() if begun and not check else [],
        "await_votes": bool(cluster.work()) and not check and not cluster.can_spare_a_voter(),
        "work": cluster.work(),
        "reverted": cluster.reverted(),
        "left": cluster.left(),
        "idle": cluster.at(*IDLE),
        "running": [host for host in cluster.outdated() if host not in cluster.at(*IDLE)],
        "steps": _steps(cluster),
        "plan": _plan(cluster, check),
        "state_lines": lines,
        "impasse": _impasse(cluster, "; ".join(lines), check).as_result(),
    }


def stop_obstacle(
    host: str, states: Mapping[str, Mapping[str, Any] | None], *, to: str, peers: Peers | None = None, hand_over: bool = False
) -> str:
    """Why a node may not be stopped; empty if it may. ``hand_over``: it is the active node, and another one has to carry out the migration."""
    cluster = Cluster(read_states(states), to, {}, read_peers(peers), 0)
    others = [each for each in cluster.hosts if each != host]
    # An active node with the old seal of a cluster that has the new one: the others are done, and nothing is left to migrate.
    ready = cluster.at("waiting", "done") if cluster.states[host].cluster_type == to else cluster.at("waiting")
    behind = [each for each in others if each not in ready]
    if hand_over and behind:
        return (
            f"{host} is active with the seal {cluster.states[host].type}, which {' and '.join(behind)} also still has: another node became active meanwhile. "
            "Run the playbook again to continue."
        )
    if peers and not cluster.can_spare_a_voter():
        return f"{host} was not stopped, because the cluster would lose its quorum. {_votes(peers)}"
    return ""


def _steps(cluster: Cluster) -> list[dict[str, Any]]:
    """The steps in their order. All files are written before the first node is restarted; the active node comes last."""
    if not cluster.work():
        return []
    steps: list[tuple[str, list[str], str]] = []
    before, active, to = cluster.outdated(), cluster.at("active"), cluster.to
    disabled = " (and awskms disabled)" if to == SHAMIR else ""
    if before:
        text = f"configure {' and '.join(before)} with the seal {to}{disabled}; then restart and unseal each, one at a time"
        steps += [("configure", before, text), ("restart", before, "")]
    reverted = cluster.reverted()
    if reverted:
        steps.append(("configure", reverted, f"configure {' and '.join(reverted)} with the seal awskms again; no restart is needed, since the server has it"))
    if active and len(cluster.states) > 1:
        text = f"stop {''.join(active)}, so that another node becomes active and carries out the migration; then configure and start it"
        steps.append(("hand_over", active, text))
    elif active:
        steps.append(("restart_alone", active, f"configure and restart {''.join(active)}, which then carries out the migration"))
    if to == SHAMIR:
        text = "remove the disabled awskms seal from the configuration of each node; then restart and unseal each, one at a time and the active one last"
        left = [host for host in cluster.hosts if host in (*before, *active, *cluster.left())]
        steps += [("remove_old_stanza", left, text), ("restart_without_old_stanza", left, "")]
    return [{"action": action, "hosts": hosts, "text": text} for action, hosts, text in steps]


def _plan(cluster: Cluster, check: bool) -> list[str]:
    if not cluster.work():
        return [f"Nothing to do: each node has the seal {cluster.to}."]
    texts = [step["text"] for step in _steps(cluster) if step["text"]]
    lines = [f"Step {number}: {text}." for number, text in enumerate(texts, 1)]
    return [*lines, "Check mode: nothing is changed."] if check else lines


def _peers_line(peers: Peers | None) -> list[str]:
    if not peers:
        return []
    voteless = _voteless(peers)
    votes = f", of which {', '.join(voteless)} has no vote yet" if voteless else ", each with a vote"
    return [f"Raft peers: {', '.join(peers['all'])}{votes}."]


def _voteless(peers: Peers) -> list[str]:
    return [peer for peer in peers["all"] if peer not in peers["voters"]]


def _votes(peers: Peers) -> str:
    return (
        f"Of its raft peers, {' and '.join(peers['voters']) or 'none'} can vote, and {' and '.join(_voteless(peers)) or 'none'} cannot. A node that joined a "
        "moment ago gets its vote after some seconds: run the playbook again then."
    )


def _impasse(cluster: Cluster, states: str, check: bool) -> Impasse:
    """Why the migration cannot continue, and what to do. The order matters: a later reason assumes that the earlier ones do not apply."""
    for impasse in (_hosts_impasse(cluster, states), _cluster_impasse(cluster, states, check), _shares_impasse(cluster)):
        if impasse.reason:
            return impasse
    return Impasse()


def _hosts_impasse(cluster: Cluster, states: str) -> Impasse:
    unknown = list(dict.fromkeys([*cluster.at("unreachable"), *(host for host in cluster.hosts if cluster.seals.get(host) is None)]))
    wrong = cluster.at("new", "foreign")
    if wrong:
        return Impasse(
            "foreign_node",
            f"{' and '.join(wrong)} is not initialised, or has a seal other than shamir and awskms. Remove it from migrate_hosts. Nothing was changed. "
            f"{states}",
        )
    if len(cluster.clusters()) > 1 or cluster.disagrees():
        return Impasse(
            "several_clusters",
            "The hosts do not agree on one cluster and one active node. If an election is in progress, run the playbook again in a moment; otherwise correct "
            f"migrate_hosts, which must name the nodes of one cluster. Nothing was changed. {states}",
        )
    if unknown:
        return Impasse(
            "unreachable_host",
            f"The state or the configuration of {' and '.join(unknown)} is unknown, because the host became unreachable. Check the connection to it, and "
            f"run the playbook again. Nothing was changed. {states}",
        )
    return Impasse()


def _cluster_impasse(cluster: Cluster, states: str, check: bool) -> Impasse:
    begun, idle, hosts, peers = cluster.begun(), cluster.at(*IDLE), cluster.hosts, cluster.peers
    if not cluster.work():
        return Impasse()
    if idle and not begun:
        return Impasse(
            "incomplete_cluster",
            f"{' and '.join(idle)} is sealed or does not respond, and a migration can only begin if all nodes are working. Start and unseal it, or remove it "
            "from the cluster and from migrate_hosts. A server whose log says that there is no disabled seal in its configuration needs its awskms seal back "
            f"there. Nothing was changed. {states}",
        )
    if not cluster.leaders() and not (begun and check):
        return Impasse(
            "no_active_node",
            "The cluster has no active node. Check the logs of the servers. Nothing was changed, except that servers were started, restarted and "
            f"unsealed. Correct what the logs show, such as a key that cannot be used, and run the playbook again to continue. {states}",
        )
    if len(hosts) == 2 and any("raft" in state.storage for state in cluster.states.values()):
        return Impasse(
            "two_raft_nodes",
            "The cluster has two nodes with raft storage: if one is stopped, the other loses its quorum. Add a third node first, or remove one from the "
            "cluster and from migrate_hosts. Nothing was changed.",
        )
    if peers and len(peers["all"]) != len(hosts):
        return Impasse(
            "other_peers",
            f"The cluster has {len(peers['all'])} peers ({', '.join(peers['all'])}), but the play has {len(hosts)} hosts ({', '.join(hosts)}). migrate_hosts "
            "must name all nodes of the cluster. Nothing was changed.",
        )
    if peers and not check and not cluster.can_spare_a_voter():
        return Impasse("few_voters", f"The cluster would lose its quorum if one of its nodes was restarted. {_votes(peers)} Nothing was changed.")
    return Impasse()


def _shares_impasse(cluster: Cluster) -> Impasse:
    only_files = set(cluster.work()) <= {host for host in cluster.reverted() if host in cluster.at("done")}
    if not only_files and cluster.shares < cluster.threshold():
        return Impasse(
            "few_shares",
            f"migrate_shares contains {cluster.shares} different shares, but {cluster.threshold()} are required: unseal keys if the cluster has shamir, "
            "recovery keys if it has awskms. Nothing was changed.",
        )
    return Impasse()
