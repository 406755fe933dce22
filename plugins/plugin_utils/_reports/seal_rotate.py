# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decisions of the role seal_rotate: which servers to restart in which order, when to stop and why, and what to report.

Pure functions over dictionaries; nothing is asked or changed here. The role calls :func:`plan` again after each step, with what is known by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.cluster import NodeState, read_states, state_lines, unready_hosts
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.key_map import plain

CHECKSUMS = "SHA256SUMS.sealed"  # of a snapshot: sealed under the key of the alias, and not needed by a server


def plan(run: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the role does next with what is known so far.

    ``hosts`` has every host of the play, in its order: a name, and the keys below. Any of them may be missing when it is not known yet.

    ``reachable``
        Whether the host is still part of the run.
    ``state``
        The last state of its server, as ``vault_server_info`` returns it.
    ``proofs``
        Results of the role kms_verify (``ready``, ``summary``, ``kms_key_id``) by key: the one under ``""`` is for the key that the seal names today.
    ``snapshot``
        Of the host that was active: ``status`` (HTTP status of the request), ``trouble`` (an error), ``info`` (result of ``vault_snapshot_info``).
    ``restarted``
        The result of the last restart of its service: ``state``, ``msg``.

    ``run`` has the options ``mode``, ``alias``, ``new_key``, ``address``, ``rotated_since``, ``has_token``, ``check_mode``, ``files``, ``snapshots``; and what
    is known: ``keys`` (of ``awskms_key_info``: the alias's key first, the new key last), ``alias_moved`` (the task that changes the alias ran),
    ``autopilot`` (``status`` and ``data`` of raft's autopilot), ``at_first`` (``found`` of the snapshot that was taken before any change), ``older`` (results
    for older snapshots), ``turn`` (the host that was restarted last), ``rewrapped`` (sealed values of ``files``) and ``rotation``.

    The role, in this order:

    1. stops for ``stop.variables``, describes the keys, and stops for ``stop.unusable_keys``;
    2. proves ``""`` and ``new`` on each host, and stops for ``stop.proof``;
    3. gets each state and stops for ``stop.unsealed``; then, with a token, the autopilot's, and stops for ``stop.health``, which includes the former;
    4. with a token, takes a snapshot from ``active``, stops for ``stop.snapshot``, keeps ``found`` as ``at_first``, proves each of ``prove`` on each host,
       and stops for ``stop.locked_out``;
    5. moves the alias from ``before`` to ``new`` (``awskms_alias`` changes nothing if it already points there);
    6. restarts each host of ``restart``, and after each one stops for ``stop.restart``, repeats 3, and stops for ``stop.health``;
    7. if the alias changed or ``left`` is not empty, gets the states, takes a snapshot as in 4, and stops for ``stop.result``;
    8. moves the files, and reports.

    Each value of ``stop`` is a message for the operator, or empty to continue. Raises ``SettingError`` if the state of a server is not one.
    """
    first, last = _ends(run.get("keys") or ())
    # An earlier state of a host that became unreachable is ignored.
    states = read_states({name: host.get("state") if host.get("reachable") else None for name, host in hosts.items()})
    actives = [name for name, state in states.items() if state.active]
    active = actives[0] if actives else ""
    dependence = depends_on(hosts.get(active, {}).get("snapshot"), last)
    left = list((run.get("at_first") or {}).get("left") or ())
    prove = [key for key in left if key not in (first, last)]
    order = [name for name, host in hosts.items() if host.get("reachable") and name not in actives] + actives
    so_far = progress(run, first, last)
    return {
        "before": first,
        "new": last,
        "active": active,
        "order": order,
        "found": dependence,
        "left": left,
        "prove": prove,
        "restart": order if left and not run.get("check_mode") else [],
        "healthy": raft_trouble(run.get("autopilot"), len(hosts)) == "",
        "so_far": so_far,
        "state_lines": state_lines(states),
        "stop": {
            "variables": refusal(run),
            "unusable_keys": unusable_keys(run, so_far),
            "proof": unproven(run, hosts, so_far),
            "unsealed": not_unsealed(states, so_far),
            "health": unhealthy(run, states, so_far),
            "snapshot": without_snapshot(hosts, active, so_far),
            "locked_out": locked_out(hosts, prove),
            "restart": not_started(hosts, str(run.get("turn") or ""), so_far),
            "result": still_depends(dependence, active),
        },
    }


def _ends(keys: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """The ARNs of the key that the alias points to and of the new one; empty if not known."""
    return (str(keys[0].get("arn") or ""), str(keys[-1].get("arn") or "")) if keys else ("", "")


def progress(run: Mapping[str, Any], before: str, new: str) -> str:
    """How far the rotation is, and what to do. It ends every message of a run that stops."""
    if run.get("mode") != "on_demand" and new and (run.get("alias_moved") or before == new):
        return (
            f"{run['alias']} points to {new}. Keep the previous key enabled, since servers may still need it to unseal. Correct this and run the playbook "
            "again to continue."
        )
    return "Nothing was changed. Correct this and run the playbook again."


def depends_on(snapshot: Mapping[str, Any] | None, new: str) -> dict[str, Any]:
    """The keys other than the new one that a snapshot depends on. ``left`` are those of the stored keys; the others seal its checksums only."""
    info = (snapshot or {}).get("info") or {}
    others = [key for key in info.get("kms_keys") or () if key["arn"] != new]
    return {
        "index": int(info.get("index") or 0),
        "others": [key["arn"] for key in others],
        "paths": list(dict.fromkeys(path for key in others for path in key["paths"])),
        "left": [key["arn"] for key in others if list(key["paths"]) != [CHECKSUMS]],
    }


# Reasons to stop


def refusal(run: Mapping[str, Any]) -> str:
    """Why the variables are invalid; empty if they are valid."""
    if run.get("mode") == "on_demand":
        missing = "" if run.get("rotated_since") else "seal_rotate_rotated_since. The key is not rotated again if it has been since then."
        return missing and f"seal_rotate_mode is on_demand but the following is missing: {missing}"
    if not run.get("new_key"):
        return "seal_rotate_mode is new_key but the following is missing: seal_rotate_new_key."
    if not run.get("address"):
        return "One of the following is required: seal_rotate_address, vault_config_address."
    if not run.get("has_token") and not run.get("check_mode"):
        return (
            "seal_rotate_mode is new_key but the following is missing: seal_rotate_token. It is needed to take a snapshot, which shows what depends on the key."
        )
    return ""


def unusable_keys(run: Mapping[str, Any], so_far: str) -> str:
    """The problem of each key that does not exist or cannot be used by a seal."""
    wrong = [key for key in run.get("keys") or () if not key.get("usable_for_seal")]
    problems = dict.fromkeys(_problem(key) for key in wrong)
    head, _dot, advice = so_far.partition(". ")
    return f"{head}. {' '.join(problems)} {advice}" if problems else ""


def _problem(key: Mapping[str, Any]) -> str:
    first = next(iter(key.get("problems") or ()), {"msg": "The key cannot be used by a seal.", "remedy": ""})
    return f"{key.get('asked') or key.get('arn')}: {first['msg']} {first['remedy']}".rstrip()


def unproven(run: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]], so_far: str) -> str:
    """The hosts that cannot use a key that they will need. The alias is not changed while there are any."""
    new = _ends(run.get("keys") or ())[1]
    reasons_of = {name: _unproven(host, str(run.get("alias") or ""), new) for name, host in hosts.items()}
    if not any(reasons_of.values()):
        return ""
    reasons = "; ".join(plain(f"{name}: {reason.rstrip('. ')}") for name, reason in reasons_of.items() if reason)
    moved = so_far.startswith(f"{run.get('alias')} points to ")
    what = "No server is restarted" if moved else "The alias was not changed"
    why = "because a server that cannot use its key stays sealed at its next restart"
    return f"{what}, {why}. Not ready: {reasons}. {so_far}"


def _unproven(host: Mapping[str, Any], alias: str, new: str) -> str:
    proofs = host.get("proofs") or {}
    today, with_new = proofs.get(""), proofs.get(new)
    if not host.get("reachable") or not today or not with_new:
        return "it was unreachable"
    named = today.get("kms_key_id") or {}
    if named and named["value"] != alias and not str(named["value"]).endswith(f":{alias}"):
        return f"its seal names {named['value']} ({named['source']}) instead of {alias}"
    if today.get("ready") is not True:
        return f"with the current key, {today.get('summary')}"
    return "" if with_new.get("ready") is True else str(with_new.get("summary"))


def not_unsealed(states: Mapping[str, NodeState], so_far: str) -> str:
    """That a server is not unsealed, does not know the active server, or has another storage than raft."""
    if not all(state.leader for state in states.values()):
        return f"Not every server is unsealed, so no server can be restarted safely: {'; '.join(state_lines(states))}. {so_far}"
    storages = [state.storage for state in states.values() if state.storage != "raft"]
    if storages:
        return plain(
            f"The storage of the servers is {storages[0]}. This role supports raft storage only, because it checks with a raft snapshot which keys the stored "
            "data depend on."
        )
    return ""


def unhealthy(run: Mapping[str, Any], states: Mapping[str, NodeState], so_far: str) -> str:
    """Why no server can be restarted safely: the state of a server, or of raft."""
    trouble = raft_trouble(run.get("autopilot"), len(states)) if run.get("has_token") else ""
    raft = trouble and f"Raft does not report all servers as healthy, so no server can be restarted safely: {trouble}. {so_far}"
    return not_unsealed(states, so_far) or raft


def raft_trouble(autopilot: Mapping[str, Any] | None, count: int) -> str:
    """Why raft's autopilot does not report ``count`` healthy servers; empty if it does. Releases of Vault before 1.11 capitalise the names."""
    status = int((autopilot or {}).get("status") or 0)
    if status == 403:
        return "the token is not allowed to read sys/storage/raft/autopilot/state"
    if status != 200:
        return f"sys/storage/raft/autopilot/state returned HTTP status {status}"
    data = (autopilot or {}).get("data") or {}
    servers = list((data.get("servers") or data.get("Servers") or {}).values())
    ill = [plain(server.get("name", server.get("Name"))) for server in servers if server.get("healthy", server.get("Healthy")) is not True]
    if ill:
        return f"{' and '.join(ill)} {'is' if len(ill) == 1 else 'are'} not healthy"
    if len(servers) != count:
        return f"raft has {len(servers)} servers, but the play has {count} hosts. Every server needs the new key: run the playbook on all of them"
    return ""


def without_snapshot(hosts: Mapping[str, Mapping[str, Any]], active: str, so_far: str) -> str:
    """Why it is not known which keys the stored data depend on."""
    snapshot = hosts.get(active, {}).get("snapshot") or {}
    if not snapshot.get("trouble") and "kms_keys" in (snapshot.get("info") or {}):
        return ""
    why = str(snapshot.get("trouble") or "") or (
        f"Taking a snapshot from {active} failed with HTTP status {snapshot.get('status') or 'none'}. The token must be allowed to read "
        "sys/storage/raft/snapshot."
        if active
        else "No server is active."
    )
    return f"It could not be determined which key the stored keys of the servers depend on. {why} {so_far}"


def locked_out(hosts: Mapping[str, Mapping[str, Any]], keys: Iterable[str]) -> str:
    """The hosts that could not unseal after a restart, since they cannot use a key under which the stored keys are encrypted."""
    unready_by_key = {key: unready_hosts({name: (host.get("proofs") or {}).get(key) for name, host in hosts.items()}) for key in keys}
    messages = [f"the stored keys are encrypted under {key}, which cannot be used. {'; '.join(unready)}" for key, unready in unready_by_key.items() if unready]
    if not messages:
        return ""
    return (
        f"No server was restarted, because it would stay sealed: {'. '.join(messages)}. Correct this and run the playbook again. Leave the servers running "
        "until then."
    )


def not_started(hosts: Mapping[str, Mapping[str, Any]], turn: str, so_far: str) -> str:
    """That the service of the host whose turn it is did not start again. The results of the other hosts are those of a skipped task."""
    restarted = hosts.get(turn, {}).get("restarted") or {}
    if not turn or restarted.get("state") == "started":
        return ""
    return f"{turn} did not start again: {restarted.get('msg') or 'the host is unreachable.'} {so_far}"


def still_depends(dependence: Mapping[str, Any], active: str) -> str:
    """That a snapshot after the restarts still depends on another key than the new one."""
    if not dependence["others"]:
        return ""
    return (
        f"A new snapshot still depends on {' and '.join(dependence['others'])}, through {', '.join(dependence['paths'])}. Keep these keys enabled. See the "
        f"log of {active} for the reason why it did not encrypt its stored keys under the new key; seal-wrapped values of Vault Enterprise are rewrapped by "
        "sys/sealwrap/rewrap. Then run the playbook again to continue."
    )
