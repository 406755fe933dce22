# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decisions of the role change_key: which half of the change comes next, and why it cannot continue.

Pure functions over dictionaries. The role calls :func:`change_key_plan` again after each step, with what is known by then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.change_key_canary import canary_trouble
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.change_key_cluster import FIRST, SECOND, Change, stored_keys
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.change_key_inputs import NOTHING, refusal, version_trouble
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.cluster import Impasse, read_states, state_lines, unready_hosts
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.key_map import plain
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.migrate import migrate_plan
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.migrate_cluster import AWSKMS, SHAMIR, names_same_key, read_peers, read_seals


def change_key_plan(run: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the role does next with what is known so far.

    ``hosts`` has every host of the play, in its order: a name, and the keys below. Any of them may be missing when it is not known yet.

    ``state``
        The state of its server, as ``vault_server_info`` returns it; missing if the host became unreachable.
    ``seals``
        The awskms seals in its files, with ``enabled`` and ``settings``.
    ``proofs``
        Results of the role kms_verify with the seals ``source`` and ``target``.
    ``snapshot``
        Of the active node: ``status`` (HTTP status of the request), ``trouble`` (an error), ``info`` (result of ``vault_snapshot_info``).
    ``canary``
        Of the active node: ``status`` and ``json`` of the request.

    ``run`` has the options ``to`` (``new`` or ``old``), ``new`` and ``old`` (the seals of both keys), ``product``, ``plugin`` (whether the seal is a plugin),
    ``shares`` (the number of different ones), ``has_token``, ``address``, ``canary`` (``path``, ``field``, ``value``, ``sha256``), ``peers`` and
    ``check_mode``; and ``begun_here``, whether this run has changed the cluster.

    The role stops for ``stop.variables``; gets states, files and peers; waits while ``electing``; stops for ``stop.hosts``; revives the cluster if ``revive``
    says so; proves both seals on each host; if ``needs_snapshot``, takes a snapshot from ``active``; stops for ``stop.keys`` and ``stop.cluster``; reads the
    canary and stops for ``stop.canary``; restores the snapshot if ``drill``; and then carries out ``half``. After the first half it gets the states and files,
    and stops for ``stop.between`` and ``stop.canary``; after the second one it also takes a snapshot, and stops for ``stop.result`` and ``stop.canary``.

    Each value of ``stop`` is a ``reason`` and a ``text``; both are empty to continue. Raises ``SettingError`` if a state is not one.
    """
    change = _change(run, hosts)
    states, half = change.states, change.half()
    actives = [host for host, state in states.items() if state.active]
    lines = state_lines(states)
    finished = change.is_finished()
    first = half == FIRST and not change.is_between() and not change.cluster(FIRST).begun()
    made = _of_migrate(change, half, run) if half else {}
    return {
        "half": "" if finished else half,
        "finished": finished,
        "between": change.is_between(),
        "migrate_to": {FIRST: SHAMIR, SECOND: AWSKMS}.get(half, SHAMIR),
        "active": actives[0] if actives else "",
        "electing": len(change.cluster(FIRST).clusters()) < 2 and change.cluster(FIRST).disagrees() and not run.get("check_mode"),
        "revive": change.revive() and not run.get("check_mode"),
        "needs_snapshot": change.is_led and not change.is_between(),
        "drill": first and not run.get("check_mode"),
        "stored": list(change.stored or ()),
        "left_key": change.arns[0] or str(change.source.get("kms_key_id") or ""),
        "source_arn": change.arns[0],
        "target_arn": change.arns[1],
        "state_lines": lines,
        "steps": _steps(change, half, made, run) if half else [],
        "stop": {
            "variables": refusal(run).as_result(),
            "hosts": _hosts(change, run).as_result(),
            "keys": _keys(change, run, hosts, finished).as_result(),
            "cluster": _cluster(change, half, made, hosts, actives, run).as_result(),
            "canary": _canary(run, hosts, actives).as_result(),
            "between": _between(change, half, lines).as_result(),
            "result": _result(change, lines).as_result(),
        },
    }


def _change(run: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]]) -> Change:
    source, target = (run.get(end) or {} for end in _ends(run))
    states = read_states({name: host.get("state") for name, host in hosts.items()})
    seals = read_seals({name: host.get("seals") for name, host in hosts.items()})
    snapshots = [stored_keys(host.get("snapshot")) for name, host in hosts.items() if states[name].active]
    arns = (_arn(hosts, "source"), _arn(hosts, "target"))
    return Change(states, seals, source, target, read_peers(run.get("peers")), int(run.get("shares") or 0), snapshots[0] if snapshots else None, arns)


def _ends(run: Mapping[str, Any]) -> tuple[str, str]:
    """The key to leave and the key to reach."""
    return ("old", "new") if run.get("to") == "new" else ("new", "old")


def _arn(hosts: Mapping[str, Mapping[str, Any]], end: str) -> str:
    """The ARN of the key of a seal, as the hosts resolve it; empty if no host could, or if they do not agree."""
    known = {str((host.get("proofs") or {}).get(end, {}).get("key_arn") or "") for host in hosts.values()} - {""}
    return known.pop() if len(known) == 1 else ""


def _of_migrate(change: Change, half: str, run: Mapping[str, Any]) -> dict[str, Any]:
    """The plan of the role migrate for a half."""
    cluster = change.cluster(half)
    return migrate_plan(
        {host: None if not state.known else {**vars(state)} for host, state in change.states.items()}, to=cluster.to, seals=change.seals, peers=change.peers,
        shares=change.shares, check=bool(run.get("check_mode")), seal=change.source if half == FIRST else change.target,
    )  # fmt: skip


# Reasons to stop


def _hosts(change: Change, run: Mapping[str, Any]) -> Impasse:
    """What is wrong with the hosts whatever the half is."""
    lines = "; ".join(state_lines(change.states))
    versions = version_trouble(change.states, run)
    if versions:
        return Impasse("version", f"{versions} {NOTHING}")
    other = [host for host, seals in change.seals.items() if [each for each in seals or () if not _is_known(change, each)]]
    several = [host for host, seals in change.seals.items() if len(seals or ()) > 1]
    if other or several:
        return Impasse(
            "other_seal",
            f"The files of {' and '.join(dict.fromkeys([*other, *several]))} contain an awskms seal that is neither change_key_old_seal nor the one in "
            f"vault_config_seals, or several seals. Set change_key_old_seal to the seal that the servers have. {NOTHING} {lines}",
        )
    impasse = migrate_plan({host: vars(state) if state.known else None for host, state in change.states.items()}, to=SHAMIR, seals=change.seals)["impasse"]
    if impasse["reason"] in ("foreign_node", "several_clusters", "unreachable_host"):
        return Impasse(impasse["reason"], _renamed(impasse["text"]))
    return Impasse()


def _is_known(change: Change, seal: Mapping[str, Any]) -> bool:
    return names_same_key(seal, change.source) or names_same_key(seal, change.target)


def _keys(change: Change, run: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]], finished: bool) -> Impasse:
    """Whether each host can use the keys that it needs, and they are two."""
    source, target = change.arns
    if source and source == target:
        return Impasse(
            "same_key",
            f"change_key_old_seal and vault_config_seals both use {source}: an alias that points to the key is the same key. Set kms_key_id to the new key, or "
            f"use the playbook rotate to point an alias to another key. {NOTHING}",
        )
    needed = ["target"] if finished or (change.is_between() and not change.leftovers()) or change.stored == [target] else ["source", "target"]
    named = dict(zip(("source", "target"), _ends(run)))
    problems: list[str] = []
    for end in needed:
        unready = unready_hosts({name: (host.get("proofs") or {}).get(end) for name, host in hosts.items()})
        problems += [f"with the {named[end]} key, {line}" for line in unready]
    if problems:
        return Impasse(
            "unready",
            f"Not every host can use the keys that it needs: {'; '.join(problems)}. Correct this and run the playbook again. Keep both keys enabled. "
            f"{NOTHING}",
        )
    unknown = [named[end] for end, arn in zip(("source", "target"), change.arns) if end in needed and not arn]
    if unknown:
        return Impasse(
            "unknown_key",
            f"It is unknown which key the {' and the '.join(unknown)} seal has, because the hosts do not return one ARN of it, so it cannot be told whether "
            f"the keys are two. Name the key by its ARN, or set change_key_judge to both. {NOTHING}",
        )
    return Impasse()


def _cluster(
    change: Change, half: str, made: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]], actives: Sequence[str], run: Mapping[str, Any]
) -> Impasse:
    """Why the next half cannot begin or continue."""
    lines = "; ".join(state_lines(change.states))
    if not change.is_led:
        down = change.cluster(FIRST).at("silent", "sealed")
        if down and not change.begun():
            return _incomplete(down, lines)
        return Impasse(
            "no_active_node",
            "The cluster has no active node. Check the logs of the servers. Servers were only started, restarted and unsealed, and only in the middle of a "
            f"change. Correct what the logs show, such as a key that cannot be used, and run the playbook again to continue. {lines}",
        )
    if not change.is_between() and change.stored is None:
        snapshot = hosts.get(actives[0], {}).get("snapshot") or {} if actives else {}
        why = str(snapshot.get("trouble") or "") or f"sys/storage/raft/snapshot returned HTTP status {snapshot.get('status') or 'none'}"
        return Impasse(
            "no_snapshot",
            plain(
                f"It is unknown under which key the servers have encrypted their stored keys, because no snapshot could be taken: {why}. change_key_token must "
                f"be allowed to read sys/storage/raft/snapshot, and the storage must be raft. {NOTHING}"
            ),
        )
    if not half:
        return Impasse(
            "other_key",
            f"The stored keys of the servers are encrypted under {change.stored_key() or 'no key that the snapshot names'}, which is neither the key of "
            f"change_key_old_seal nor that of vault_config_seals. Set change_key_old_seal to the seal that the servers have. {NOTHING}",
        )
    impasse = made["impasse"]
    return Impasse(impasse["reason"], _renamed(impasse["text"])) if impasse["reason"] else Impasse()


def _incomplete(hosts: Sequence[str], lines: str) -> Impasse:
    return Impasse(
        "incomplete_cluster",
        f"{' and '.join(hosts)} is sealed or does not respond, and a change can only begin if all nodes are working. Start and unseal it, or remove it from "
        f"the cluster and from change_key_hosts. {NOTHING} {lines}",
    )


def _renamed(text: str) -> str:
    """A message of the role migrate, with the variables of this role."""
    return text.replace("migrate_hosts", "change_key_hosts").replace("migrate_shares", "change_key_shares").replace("A migration", "A change")


def _canary(run: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]], actives: Sequence[str]) -> Impasse:
    answer = hosts.get(actives[0], {}).get("canary") if actives else None
    trouble = canary_trouble(answer, run.get("canary") or {})
    after = "Keep both keys enabled, and do not delete anything." if run.get("begun_here") else f"Correct this and run the playbook again. {NOTHING}"
    return Impasse("canary", f"{trouble} {after}") if trouble else Impasse()


def _between(change: Change, half: str, lines: Sequence[str]) -> Impasse:
    """Why the second half cannot follow the first one at once."""
    if half == SECOND:
        return Impasse()
    left = change.leftovers()
    return Impasse(
        "first_half",
        f"The first half is not complete{' on ' + ' and '.join(left) if left else ''}. Run the playbook again to continue. {'; '.join(lines)}",
    )


def _result(change: Change, lines: Sequence[str]) -> Impasse:
    """Why the change is not complete after the second half."""
    if change.is_finished():
        return Impasse()
    return Impasse(
        "result",
        f"The change is not complete: the stored keys are encrypted under {change.stored_key() or 'an unknown key'} instead of the key to reach, or a node "
        f"does not have its seal. Keep both keys enabled, and run the playbook again to continue. {'; '.join(lines)}",
    )


# Texts


def _steps(change: Change, half: str, made: Mapping[str, Any], run: Mapping[str, Any]) -> list[str]:
    """The next steps as lines to show."""
    source, target = change.source.get("kms_key_id"), change.target.get("kms_key_id")
    if change.is_finished():
        return [f"Nothing to do: each node has the seal with {target}, and the stored keys are encrypted under it."]
    lines: list[str] = []
    if half == FIRST:
        lines += [f"First half, from {source} to shamir, with the recovery keys as unseal keys:", *(f"  {line}" for line in _indented(made))]
        lines.append("  Then read the canary. Until the end of the second half, a server that restarts has to be unsealed with the shares.")
    lines.append(f"Second half, from shamir to {target}:")
    lines += [f"  {line}" for line in _indented(made)] if half == SECOND else ["  Configure, restart and unseal each node in the same order."]
    lines.append("  Then read the canary, and verify with a snapshot under which key the stored keys are encrypted.")
    return [*lines, "Check mode: nothing is changed."] if run.get("check_mode") else lines


def _indented(made: Mapping[str, Any]) -> list[str]:
    return [line for line in made["plan"] if not line.startswith("Check mode")]
