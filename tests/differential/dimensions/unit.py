# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the server is started: by options of the module, or by a unit of systemd, whose meaning is spelt out in ``launch.config`` and the like."""

from __future__ import annotations

from ..launch import Launch, Start

EXECUTABLE = "/usr/bin/bao"


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def assignments(environment: dict[str, str]) -> str:
    """Lines of ``Environment=``, in which systemd expands specifiers."""
    return "".join(f"Environment={_quoted(f'{name}={value}').replace('%', '%%')}\n" for name, value in environment.items())


def environment_file(environment: dict[str, str]) -> str:
    return "".join(f"{name}={_escaped(value)}\n" for name, value in environment.items())


def _escaped(value: str) -> str:
    for each in '\\"`$':
        value = value.replace(each, "\\" + each)
    return f'"{value}"'


def unit(launch: Launch, service: str, name: str = "openbao") -> None:
    launch.files[f"units/{name}.service"] = f"[Unit]\nDescription=OpenBao\n\n[Service]\n{service}\n[Install]\nWantedBy=multi-user.target\n"
    launch.options.update(unit=name, unit_directories=[f"{launch.home}/units"])


def _options(launch: Launch) -> None:
    launch.options.update(product="openbao", config=launch.config, environment=launch.environment)


def _file_option(launch: Launch) -> None:
    launch.files["server.env"] = environment_file(launch.environment)
    launch.options.update(product="openbao", config=launch.config, environment_files=[f"{launch.home}/server.env"])


def _folder_option(launch: Launch) -> None:
    launch.config = [launch.config[0].rpartition("/")[0]]
    _options(launch)


def _assigned(launch: Launch) -> None:
    unit(launch, assignments(launch.environment) + f"ExecStart={EXECUTABLE} server -config={launch.config[0]}\n")


def _from_file(launch: Launch) -> None:
    launch.files["server.env"] = environment_file(launch.environment)
    unit(launch, f"EnvironmentFile={launch.home}/server.env\nExecStart={EXECUTABLE} server -config={launch.config[0]}\n")


def _folder(launch: Launch) -> None:
    launch.config = [launch.config[0].rpartition("/")[0]]
    _assigned(launch)


def _separate_value(launch: Launch) -> None:
    unit(launch, assignments(launch.environment) + f"ExecStart={EXECUTABLE} server -log-level info --config {launch.config[0]}\n")


def _quotes(launch: Launch) -> None:
    unit(launch, assignments(launch.environment) + f"ExecStart=-{EXECUTABLE} server \\\n  '-config={launch.config[0]}'\n")


def _two_files(launch: Launch) -> None:
    launch.files["more/more.hcl"] = "ui = false\n"
    launch.config = [*launch.config, f"{launch.home}/more"]
    arguments = " ".join(f"-config={path}" for path in launch.config)
    unit(launch, assignments(launch.environment) + f"ExecStart={EXECUTABLE} server {arguments}\n")


def _two_seals(launch: Launch) -> None:
    launch.files["more/more.hcl"] = 'seal "awskms" {\n  kms_key_id = "alias/b"\n  region = "eu-west-1"\n  disabled = true\n}\n'
    launch.config = [*launch.config, f"{launch.home}/more"]
    arguments = " ".join(f"-config={path}" for path in launch.config)
    unit(launch, assignments(launch.environment) + f"ExecStart={EXECUTABLE} server {arguments}\n")


def _split_variable(launch: Launch) -> None:
    launch.environment["OPTIONS"] = f"-config={launch.config[0]} -log-level=info"
    launch.files["server.env"] = environment_file(launch.environment)
    unit(launch, f"EnvironmentFile=-{launch.home}/server.env\nExecStart={EXECUTABLE} server $OPTIONS\n")


def _braces(launch: Launch) -> None:
    launch.environment["CONFIGURATION"] = launch.config[0]
    unit(launch, assignments(launch.environment) + f"ExecStart={EXECUTABLE} server -config=${{CONFIGURATION}}\n")


def _missing_file(launch: Launch) -> None:
    unit(launch, f"EnvironmentFile=-{launch.home}/none.env\n" + assignments(launch.environment)
         + f"ExecStart={EXECUTABLE} server -config={launch.config[0]}\n")


def _file_wins(launch: Launch) -> None:
    launch.files["server.env"] = environment_file(launch.environment)
    assigned = dict.fromkeys(launch.environment, "of the unit")
    unit(launch, f"EnvironmentFile={launch.home}/server.env\n" + assignments(assigned)
         + f"ExecStart={EXECUTABLE} server -config={launch.config[0]}\n")


def _specifiers(launch: Launch) -> None:
    launch.files["openbao.env"] = environment_file(launch.environment)
    unit(launch, f"EnvironmentFile={launch.home}/%p.env\nExecStart={EXECUTABLE} server -config={launch.config[0]}\n")


def _full_name(launch: Launch) -> None:
    launch.files["openbao.service.env"] = environment_file(launch.environment)
    unit(launch, f"EnvironmentFile={launch.home}/%n.env\nExecStart={EXECUTABLE} server -config={launch.config[0]}\n")


def _instance(launch: Launch) -> None:
    launch.files["one.env"] = environment_file(launch.environment)
    unit(launch, f"EnvironmentFile={launch.home}/%i.env\nExecStart={EXECUTABLE} server -config={launch.config[0]}\n", "openbao@")
    launch.options["unit"] = "openbao@one"


def _working_directory(launch: Launch) -> None:
    path = launch.config[0]
    launch.working = launch.home
    unit(launch, f"WorkingDirectory={launch.home}\n" + assignments(launch.environment)
         + f"ExecStart={EXECUTABLE} server -config={path[len(launch.home) + 1:]}\n")


def _drop_in(launch: Launch) -> None:
    launch.files["units/openbao.service.d/10-aws.conf"] = "[Service]\n" + assignments(launch.environment)
    unit(launch, f"ExecStart={EXECUTABLE} server -config={launch.config[0]}\n")


def _drop_in_resets(launch: Launch) -> None:
    launch.files["units/openbao.service.d/10-aws.conf"] = (
        "[Service]\nEnvironment=\n" + assignments(launch.environment) + f"ExecStart=\nExecStart={EXECUTABLE} server -config={launch.config[0]}\n"
    )
    unit(launch, f"Environment=AWS_PROFILE=gone VAULT_SEAL_TYPE=shamir\nExecStart={EXECUTABLE} server -config=/none\n")


def _unset(launch: Launch) -> None:
    unit(launch, assignments({**launch.environment, "VAULT_SEAL_TYPE": "shamir"}) + "UnsetEnvironment=VAULT_SEAL_TYPE\n"
         + f"ExecStart={EXECUTABLE} server -config={launch.config[0]}\n")
    launch.environment.pop("VAULT_SEAL_TYPE", None)


def _shell(launch: Launch) -> None:
    unit(launch, assignments(launch.environment) + f"ExecStart=/bin/sh -c 'exec {EXECUTABLE} server -config={launch.config[0]}'\n")
    launch.options["product"] = "openbao"


def _wrapper(launch: Launch) -> None:
    unit(launch, assignments(launch.environment) + f"ExecStart=/usr/bin/env {EXECUTABLE} server -config={launch.config[0]}\n")
    launch.options["product"] = "openbao"


def _wrapper_sets(launch: Launch) -> None:
    unit(launch, assignments(launch.environment)
         + f"ExecStart=/usr/bin/env VAULT_AWSKMS_SEAL_KEY_ID=alias/b {EXECUTABLE} server -config={launch.config[0]}\n")
    launch.environment["VAULT_AWSKMS_SEAL_KEY_ID"] = "alias/b"
    launch.options["product"] = "openbao"


UNIT: dict[str, Start] = {
    "options": _options,
    "environment-file-option": _file_option,
    "folder-option": _folder_option,
    "environment": _assigned,
    "environment-file": _from_file,
    "folder": _folder,
    "separate-value": _separate_value,
    "quotes": _quotes,
    "two-configs": _two_files,
    "two-configs-with-seals": _two_seals,
    "variable-of-words": _split_variable,
    "variable-in-braces": _braces,
    "missing-environment-file": _missing_file,
    "file-before-environment": _file_wins,
    "prefix-specifier": _specifiers,
    "name-specifier": _full_name,
    "instance": _instance,
    "working-directory": _working_directory,
    "drop-in": _drop_in,
    "drop-in-resets": _drop_in_resets,
    "unset-environment": _unset,
    "shell": _shell,
    "wrapper": _wrapper,
    "wrapper-sets-a-variable": _wrapper_sets,
}
