# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decisions of the role cluster_bootstrap: which server is initialised, which ones join it, and why the bootstrap cannot continue.

Pure functions over the states of the hosts. A run queries all hosts once each can use the key of its seal, and calls :func:`cluster_bootstrap_plan`. It stops
if there is an ``impasse``, and otherwise initialises ``seed`` if no host is ``initialised``, waits until it is active, and has the hosts of ``to_join`` join
it. Then it queries them again, calls the function again, and stops if there is an ``impasse`` now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.cluster import Impasse, NodeState, read_states, state_lines

REVOKE, SEAL, PGP = "revoke", "seal", "pgp"


@dataclass(frozen=True)
class Options:
    """The variables of the role that the plan names or depends on.

    ``sender`` is the host that sends the initialisation request and stores the response; ``limit`` the limit of the run, ``copy`` the file on the controller.
    """

    first: str
    sender: str = ""
    shares: int = 0
    threshold: int = 0
    root_token: str = REVOKE
    shares_file: str = ""
    token_file: str = ""
    token_key: str = ""
    setup_tasks: str = ""
    copy: str = ""
    limit: str = ""
    check: bool = False


@dataclass(frozen=True)
class Cluster:
    """The states of the hosts, in order."""

    states: Mapping[str, NodeState]
    first: str

    def silent(self) -> list[str]:
        """The hosts whose servers do not respond, or that became unreachable."""
        return [host for host, state in self.states.items() if not state.answers]

    def initialised(self) -> list[str]:
        return [host for host, state in self.states.items() if state.answers and state.initialized]

    def unsealed(self) -> list[str]:
        return [host for host, state in self.states.items() if state.unsealed]

    def stuck(self) -> list[str]:
        """The hosts whose servers are initialised but sealed: with a usable key they unseal themselves soon, or never."""
        return [host for host in self.initialised() if host not in self.unsealed()]

    def clusters(self) -> list[str]:
        return list(dict.fromkeys(state.cluster_id for state in self.states.values() if state.cluster_id))

    def seed(self) -> str:
        """The server to initialise: one that is initialised already, if there is any; an unsealed one of those, if there is any."""
        preferred = self.unsealed() or self.initialised() or [self.first]
        return self.first if self.first in preferred else preferred[0]

    def to_join(self) -> list[str]:
        return [host for host in self.states if host not in self.initialised() and host != self.seed()]


def cluster_bootstrap_plan(states: Mapping[str, Mapping[str, Any] | None], *, first: str, **options: Any) -> dict[str, Any]:
    """The plan of a bootstrap.

    :param states: for each host, in order, the result of the role server_state with ``address`` (of the server, from its own host) and ``api_address`` (from
        other hosts); None or empty if the host became unreachable.
    :param first: the host to initialise if none is initialised.
    :param options: the other fields of :class:`Options`.
    :return: ``silent``, ``initialised``, ``unsealed``, ``stuck`` and ``to_join`` (hosts), ``clusters`` (IDs), ``seed`` (host), ``seed_address`` (as seen from
        the sender), ``seed_api_address``, ``plan`` and ``state_lines`` (lines to show) and ``impasse`` (``reason`` and ``text``, empty if the bootstrap can
        continue).
    :raises SettingError: if a state is not one that a server reports.
    """
    chosen = Options(first=first, **options)
    cluster = Cluster(read_states(states), first)
    seed = cluster.states.get(cluster.seed(), NodeState())
    lines = state_lines(cluster.states)
    return {
        "silent": cluster.silent(),
        "initialised": cluster.initialised(),
        "unsealed": cluster.unsealed(),
        "stuck": cluster.stuck(),
        "clusters": cluster.clusters(),
        "seed": cluster.seed(),
        "seed_address": seed.address if chosen.sender == cluster.seed() else seed.api_address,
        "seed_api_address": seed.api_address,
        "to_join": cluster.to_join(),
        "plan": _plan(cluster, chosen),
        "state_lines": lines,
        "impasse": _impasse(cluster, chosen, "; ".join(lines)).as_result(),
    }


def cluster_bootstrap_report(*, recorded: bool, token_stored: bool, first: str, **options: Any) -> dict[str, Any]:
    """Where the shares and the root token are after a run.

    :param recorded: whether there is a record of the shares.
    :param token_stored: whether the file of the sealed root token exists.
    :return: ``root_token`` (``encrypted to its holder``, ``unknown``, ``revoked``, ``sealed`` or ``gone``) and ``lines`` to show.
    """
    chosen = Options(first=first, **options)
    fate = _fate(chosen, recorded, token_stored)
    copy = f", and in {chosen.copy} on the controller" if chosen.copy else ""
    shares = (
        f"The encrypted recovery shares are in {chosen.shares_file} on {chosen.sender}{copy}. Keep a copy elsewhere."
        if recorded
        else f"There is no record of the recovery shares on {chosen.sender}."
    )
    return {"root_token": fate, "lines": [shares, _FATES[fate].format(file=chosen.token_file, host=chosen.sender)]}


def _fate(options: Options, recorded: bool, token_stored: bool) -> str:
    if options.root_token == PGP:
        return "encrypted to its holder"
    if not recorded:
        return "unknown"
    if options.root_token == REVOKE:
        return "revoked"
    return "sealed" if token_stored else "gone"


_FATES = {
    "encrypted to its holder": "The root token is stored with the shares, encrypted to its holder. Revoke it when the cluster is set up.",
    "unknown": "It is unknown whether the root token was revoked.",
    "revoked": "The root token is revoked.",
    "sealed": "The root token is sealed in {file} on {host}. Revoke it when the cluster is set up.",
    "gone": (
        "There is no sealed root token. It was revoked, or a run was interrupted before it was stored. In that case nobody has it, and anyone with access to "
        "the cluster can revoke it by its accessor."
    ),
}


def _plan(cluster: Cluster, options: Options) -> list[str]:
    """The next steps in one line."""
    steps: list[str] = []
    if not cluster.initialised():
        steps.append(
            f"initialise {cluster.seed()} with {options.shares} recovery shares (threshold {options.threshold}), and store the encrypted shares in "
            f"{options.shares_file} on {options.sender}"
        )
    if cluster.to_join():
        steps.append(f"join {' and '.join(cluster.to_join())} to {cluster.seed()}")
    if not cluster.initialised():
        steps.append(_token_step(options))
    return [f"Next steps: {'; '.join(steps) or 'none, except for a root token that an earlier run may have left'}."]


def _token_step(options: Options) -> str:
    if options.root_token == SEAL:
        return f"leave the root token sealed under {options.token_key} in {options.token_file} on {options.sender}"
    if options.root_token == PGP:
        return "leave the root token encrypted to its holder"
    return f"set up the cluster with {options.setup_tasks} and revoke the root token" if options.setup_tasks else "revoke the root token"


def _impasse(cluster: Cluster, options: Options, states: str) -> Impasse:
    """Why the bootstrap cannot continue, and what to do. The order matters: a later reason assumes that the earlier ones do not apply."""
    silent, stuck = cluster.silent(), cluster.stuck()
    if silent and not options.check:
        return Impasse(
            "no_response",
            f"No response from {', '.join(silent)}: {states}. Start these servers and run the playbook again. Nothing was changed.",
        )
    if len(cluster.clusters()) > 1:
        return Impasse(
            "several_clusters",
            f"The hosts belong to {len(cluster.clusters())} clusters, because more than one server was initialised. Decide which cluster to keep. On the hosts "
            f"of the others, stop the server and remove the data of its storage; then run the playbook again, which makes them join. {states}.",
        )
    if not cluster.initialised() and options.limit:
        return Impasse(
            "limited_run",
            f"No server was initialised, because the run is limited to {options.limit} and not every host was checked. Run the playbook without a limit.",
        )
    shamir = [host for host, state in cluster.states.items() if state.answers and not state.initialized and state.type == "shamir"]
    if shamir and not options.check:
        return Impasse(
            "wrong_seal",
            f"{', '.join(shamir)} runs with the seal shamir, although its configuration has an awskms seal: it was started before the configuration was "
            "changed. Restart the server, and run the playbook again. Nothing was changed.",
        )
    if stuck and not cluster.unsealed():
        return Impasse(
            "initialised_but_sealed",
            f"{', '.join(stuck)} reports that it is initialised but does not unseal itself, although the permission check passed. See its log. If it contains "
            '"stored unseal keys are supported, but none were found", the initialisation failed half-way and cannot be repeated. The server then contains no '
            "data: stop it, remove the data of its storage, and run the playbook again. Otherwise the server contains data: keep them, and find out why it "
            "stays sealed.",
        )
    if stuck:
        return Impasse(
            "sealed_server",
            f"{', '.join(stuck)} stays sealed; the cluster works without it. See its log for the reason. The permission check passed, so a restart may help. "
            "Nothing was changed.",
        )
    return Impasse()
