# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a restore drill: the temporary server with the seal of the real one, and where it runs. Does not start processes."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.server import ConfiguredServer, read_server, seal_of
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.service_rights import readable_as, rights_of
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import REGION_VARIABLES
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.regular_files import open_stream
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.hcl_decode import as_text
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.products import CREDENTIALS, OPENBAO
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_blocks import Stanza
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_settings import AWSKMS, EffectiveSettings, Seal, settings_in_force
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.inputs import (
    base_environment,
    check_owner,
    environment_of_seal,
    executable_names,
    find_executable,
    same_settings,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.mounts import needed_paths
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.reachable import reachable, through_the_relay
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.server import Plan, TemporaryServer, free_ports, no_network_of_its_own

ISOLATED, HOST = "isolated", "host"
_WITHOUT_CONFIG = ("no_config", "development_server")
_ROOM, _LEAST = 4, 64 * 1024 * 1024  # the data, the server's copy of what is sent, and the logs of raft


@dataclass(frozen=True)
class Drill:
    """All that is known before anything is started."""

    plan: Plan
    product: str
    seal: Seal
    snapshot: str
    size: int
    force: bool

    @property
    def seconds(self) -> float:
        return self.plan.seconds

    def facts(self) -> dict[str, Any]:
        """For a result; nothing of it is secret."""
        shown = {name: self.seal.settings[name].shown() for name in ("kms_key_id", "region", "endpoint") if name in self.seal.settings}
        return {
            "executable": self.plan.executable, "network": ISOLATED if self.plan.reachable else HOST, "seal": shown, "snapshot": self.snapshot,
            "snapshot_size": self.size, "user": self.plan.user or None,
        }

    def planned_steps(self) -> list[str]:
        """Descriptions of the steps, for the result of check mode."""
        key = self.seal.settings.get("kms_key_id")
        network = "in an isolated network that reaches only AWS" if self.plan.reachable else "in the network of this host"
        return [
            f"start {self.plan.executable}" + (f" as {self.plan.user}" if self.plan.user else "") + f", {network}, in a new directory below {self.plan.parent}",
            f"configure the seal awskms with the key {key.value} ({key.source})" if key else "configure the seal awskms",
            f"initialise it, and restore {self.snapshot} ({self.size} bytes)" + (" with force" if self.force else ""),
            "check that it unseals itself with the data of the snapshot, and again after a restart",
            "stop it and remove its directory, at the latest after " + f"{self.seconds:.0f} seconds",
        ]


def planned(params: dict[str, Any]) -> Drill:
    """Look at all that a drill needs; raises :class:`SealError` where something is missing."""
    server = _server(params)
    seal = seal_of(server)
    for problem in server.all_problems():
        # The temporary server is given the configuration by root.
        if problem.blocks and problem.reason != "unreadable_config":
            raise SettingError(problem.msg, reason=problem.reason, remedy=problem.remedy)
    parent = params["temporary_directory"] or tempfile.gettempdir()
    with rights_of(server.service):
        free = _free(parent, server.service.user)
    check_owner(
        parent, server.service.user,
        "Set temporary_directory to a folder of root's, or of the service's user, in which nobody else removes files.",
    )
    snapshot, size = params["src"], _size(params["src"])
    _check_room(parent, free, size)
    environment, credentials = environment_of_seal(server), _credentials(seal)
    where = None
    if params["network"] == ISOLATED:
        why = no_network_of_its_own()
        if why:
            raise SealError(
                f"The temporary server cannot be isolated from the network on this host: {why}.", reason="not_isolated",
                remedy="Run the drill as root (become), or on a host whose kernel allows unprivileged user namespaces. With network: host, the "
                "restored server acts like the real one: it revokes expired leases and rotates passwords.",
            )
        where = reachable(seal.value("endpoint"), environment, _regions(seal, environment))
        environment = through_the_relay(where, environment)
    ports = where.ports(3)[1:] if where else free_ports(2)
    config = _config(server.in_force, ports)
    plan = Plan(
        executable=_executable(params, server),
        config=config,
        environment={**base_environment(server), **environment, **credentials},
        reachable=where,
        user=server.service.user,
        group=server.service.group,
        groups=server.service.groups,
        parent=parent,
        seconds=params["timeout"],
        needed=needed_paths(config, environment, server.home or os.path.expanduser("~")),
    )
    return Drill(plan, server.in_force.product.title, seal, snapshot, size, params["force"])


def _server(params: dict[str, Any]) -> ConfiguredServer:
    """The real server, with the seal of the option where that is given."""
    server = read_server(params)
    if not params["seal"]:
        return server
    product = server.in_force.product
    for name in params["seal"]:
        if not product.known(name):
            raise SettingError(f"seal has {name}, which {product} does not support.", reason="invalid_option", remedy="Use the names of the stanza's settings.")
    settings = {str(name): as_text(value) or "" for name, value in params["seal"].items() if value is not None}
    config = replace(server.in_force.config, stanzas=[Stanza("seal", AWSKMS, settings, False, "option seal")])
    # No configuration is needed for this seal; one that the option names must be there.
    problems = [problem for problem in server.problems if params["config"] or problem.reason not in _WITHOUT_CONFIG]
    with readable_as(server.service):
        in_force = settings_in_force(product, config, server.in_force.environment, server.home, exact=server.in_force.exact, loaded=server.in_force.loaded)
    return replace(server, in_force=in_force, problems=problems)


def _regions(seal: Seal, environment: Mapping[str, str]) -> list[str]:
    """The regions whose endpoints the seal may ask; none where the server finds its region by itself."""
    if not seal.value("region"):
        return []
    key = KeyReference.parse_key_arn(seal.value("kms_key_id"))
    return [seal.value("region"), key.region if key else "", *(environment.get(name, "") for name in REGION_VARIABLES)]


def _credentials(seal: Seal) -> dict[str, str]:
    """Credentials of the stanza as variables, so that none is written to a file."""
    return {_variable(name): value for name, value in seal.stanza.settings.items() if name in CREDENTIALS and "://" not in value}


def _variable(name: str) -> str:
    return f"SEALWRIGHT_DRILL_{name.upper()}"


def _config(in_force: EffectiveSettings, ports: list[int]) -> Mapping[str, Any]:
    api, cluster = ports
    # The drill is possible regardless of the snapshot's size and duration.
    listener = {"max_request_size": -1, "max_request_duration": "24h"}
    if in_force.product.name == OPENBAO:
        listener["disable_unauthed_generate_root_endpoints"] = False
    config = same_settings(in_force)
    seals = [{seal.stanza.type: _settings(seal.stanza)} for seal in in_force.seals if seal.enabled and seal.stanza.block]
    if seals:
        config["seal"] = seals[0] if len(seals) == 1 else seals
    return {
        **config,
        "storage": {"raft": {"path": "raft", "node_id": "restore-drill", "performance_multiplier": 1}},
        "listener": [
            {"unix": {**listener, "address": TemporaryServer.SOCKET}},
            {"tcp": {**listener, "address": f"127.0.0.1:{api}", "cluster_address": f"127.0.0.1:{cluster}", "tls_disable": True}},
        ],
        "api_addr": f"http://127.0.0.1:{api}",
        "cluster_addr": f"https://127.0.0.1:{cluster}",
    }


def _settings(stanza: Stanza) -> dict[str, str]:
    shown = {name: f"env://{_variable(name)}" for name in CREDENTIALS if name in stanza.settings and "://" not in stanza.settings[name]}
    return {**stanza.settings, **shown}


def _executable(params: dict[str, Any], server: ConfiguredServer) -> str:
    executable = find_executable(params["executable"], server)
    if not executable:
        wanted = params["executable"] or server.service.executable
        names = executable_names(server.in_force.product)
        raise SettingError(
            f"The executable {wanted or ' or '.join(names)} was not found.", reason="file_error", remedy="Install the server, or set executable to its path."
        )
    return executable


def _size(path: str) -> int:
    try:
        with open_stream(path) as stream:
            size = os.fstat(stream.fileno()).st_size
    except OSError as error:
        raise SealError(
            f"{path} cannot be read: {error.strerror}.", reason="file_error", remedy="Check the path; the snapshot must be on this host."
        ) from None
    if not size:
        raise SealError(f"{path} is empty.", reason="file_error", remedy="Use a file that was written by the server's snapshot API.")
    return size


def _free(parent: str, user: str) -> int:
    """The bytes that are free below a folder; asked with the rights of the user whose server is to run there."""
    try:
        return shutil.disk_usage(os.path.join(parent, ".")).free
    except PermissionError:
        raise SealError(
            f"{user or 'The user of the module'} cannot enter {parent}, the directory of the temporary server.", reason="file_error",
            remedy="Set temporary_directory to a directory that this user can enter, including its parents (permission x).",
        ) from None
    except OSError as error:
        raise SealError(f"{parent} cannot be used: {error.strerror}.", reason="file_error", remedy="Check temporary_directory.") from None


def _check_room(parent: str, free: int, size: int) -> None:
    needed = _ROOM * size + _LEAST
    if free < needed:
        raise SealError(
            f"{parent} has {free} bytes free, but the drill may need {needed}.", reason="no_room",
            remedy="Set temporary_directory to a directory with more space.",
        )
