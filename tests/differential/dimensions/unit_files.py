# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Further units: specifiers, files of environment, drop-ins, and credentials that systemd hands over as files."""

from __future__ import annotations

from ..launch import CREDENTIALS, Launch, Start
from .unit import EXECUTABLE, assignments, environment_file, unit

_PAIR = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_OTHER_KEY = "VAULT_AWSKMS_SEAL_KEY_ID"


def _exec(launch: Launch, path: str = "") -> str:
    return f"ExecStart={EXECUTABLE} server -config={path or launch.config[0]}\n"


def _in_file(text: str, launch: Launch) -> None:
    launch.files["server.env"] = text
    unit(launch, f"EnvironmentFile={launch.home}/server.env\n{_exec(launch)}")


def _plain_file(launch: Launch) -> None:
    lines = "".join(f"{name}={value}   \n" if "\n" not in value else "" for name, value in launch.environment.items())
    _in_file(f"# a comment\n; another\n\n{lines}", launch) if _is_plain(launch) else _in_file(environment_file(launch.environment), launch)


def _is_plain(launch: Launch) -> bool:
    """Whether no value needs quotes."""
    return all(value == value.strip() and not set(value) & set("\n\\'\"`$#;") for value in launch.environment.values())


def _single_quotes(launch: Launch) -> None:
    if not _is_plain(launch):
        return _in_file(environment_file(launch.environment), launch)
    return _in_file("".join(f"{name}='{value}'\n" for name, value in launch.environment.items()), launch)


def _blanks_around_sign(launch: Launch) -> None:
    _in_file(environment_file(launch.environment).replace("=", " = ", 1), launch)


def _exported(launch: Launch) -> None:
    # systemd takes no word before a name, and leaves the line out.
    _in_file(f"{environment_file(launch.environment)}export {_OTHER_KEY}=alias/b\n", launch)


def _commented(launch: Launch) -> None:
    _in_file(f"{environment_file(launch.environment)}#{_OTHER_KEY}=alias/b\n  ; {_OTHER_KEY}=alias/b\n", launch)


def _continued(launch: Launch) -> None:
    launch.environment[_OTHER_KEY] = "alias/b"
    rest = {name: value for name, value in launch.environment.items() if name != _OTHER_KEY}
    _in_file(f"{environment_file(rest)}{_OTHER_KEY}=ali\\\nas/b\n", launch)


def _two_files(launch: Launch) -> None:
    launch.files.update({"one.env": f"{_OTHER_KEY}=alias/c\n", "two.env": environment_file({**launch.environment, _OTHER_KEY: "alias/b"})})
    launch.environment[_OTHER_KEY] = "alias/b"
    unit(launch, f"EnvironmentFile={launch.home}/one.env\nEnvironmentFile={launch.home}/two.env\n{_exec(launch)}")


def _pattern(launch: Launch) -> None:
    launch.files.update({"env.d/10-one.env": f"{_OTHER_KEY}=alias/c\n", "env.d/20-two.env": environment_file({**launch.environment, _OTHER_KEY: "alias/b"})})
    launch.environment[_OTHER_KEY] = "alias/b"
    unit(launch, f"EnvironmentFile={launch.home}/env.d/*.env\n{_exec(launch)}")


def _reset_files(launch: Launch) -> None:
    launch.files["old.env"] = f"{_OTHER_KEY}=alias/c\n"
    launch.files["server.env"] = environment_file(launch.environment)
    unit(launch, f"EnvironmentFile={launch.home}/old.env\nEnvironmentFile=\nEnvironmentFile={launch.home}/server.env\n{_exec(launch)}")


def _drop_ins_in_order(launch: Launch) -> None:
    launch.files.update({
        "units/openbao.service.d/20-b.conf": f"[Service]\nEnvironment={_OTHER_KEY}=alias/b\n",
        "units/openbao.service.d/10-a.conf": f"[Service]\nEnvironment={_OTHER_KEY}=alias/c\n",
        "units/openbao.service.d/30-c.txt": f"[Service]\nEnvironment={_OTHER_KEY}=alias/c\n",
    })
    unit(launch, assignments(launch.environment) + _exec(launch))
    launch.environment[_OTHER_KEY] = "alias/b"


def _drop_in_of_all_services(launch: Launch) -> None:
    launch.files["units/service.d/10-a.conf"] = f"[Service]\nEnvironment={_OTHER_KEY}=alias/b\n"
    unit(launch, assignments(launch.environment) + _exec(launch))
    launch.environment[_OTHER_KEY] = "alias/b"


def _drop_in_of_a_prefix(launch: Launch) -> None:
    launch.files["units/openbao-.service.d/10-a.conf"] = f"[Service]\nEnvironment={_OTHER_KEY}=alias/b\n"
    unit(launch, assignments(launch.environment) + _exec(launch), "openbao-one")
    launch.environment[_OTHER_KEY] = "alias/b"


def _drop_in_of_an_instance(launch: Launch) -> None:
    launch.files["units/openbao@one.service.d/10-a.conf"] = f"[Service]\nEnvironment={_OTHER_KEY}=alias/b\n"
    launch.files["units/openbao@.service.d/10-a.conf"] = f"[Service]\nEnvironment={_OTHER_KEY}=alias/c\n"
    unit(launch, assignments(launch.environment) + _exec(launch), "openbao@")
    launch.options["unit"] = "openbao@one"
    launch.environment[_OTHER_KEY] = "alias/b"


def _instance_in_path(launch: Launch) -> None:
    unit(launch, assignments(launch.environment) + _exec(launch, launch.config[0].replace("/etc/", "/%i/")), "openbao@")
    launch.options["unit"] = "openbao@etc"


def _escaped_instance(launch: Launch) -> None:
    launch.files["a/b.env"] = environment_file(launch.environment)
    unit(launch, f"EnvironmentFile={launch.home}/%I.env\n{_exec(launch)}", "openbao@")
    launch.options["unit"] = "openbao@a-b"


def _specifier_in_value(launch: Launch) -> None:
    unit(launch, assignments(launch.environment) + f"Environment={_OTHER_KEY}=%E-%S-%t-%%\n" + _exec(launch))
    launch.environment[_OTHER_KEY] = "/etc-/var/lib-/run-%"


def _unknown_specifier(launch: Launch) -> None:
    # It is another one with each start of the host.
    unit(launch, assignments(launch.environment) + f"Environment={_OTHER_KEY}=alias/%b\n" + _exec(launch))
    launch.environment[_OTHER_KEY] = "alias/0123"


def _credential(launch: Launch, setting: str, more: str = "") -> None:
    """The keys as a credentials file that systemd makes."""
    keys = [launch.environment.pop(name, "") for name in _PAIR]
    text = f"[default]\naws_access_key_id = {keys[0]}\naws_secret_access_key = {keys[1]}\n"
    launch.files["source"] = text
    launch.credentials["openbao.service/aws"] = text
    of_unit = f"{setting.format(home=launch.home)}\n{assignments(launch.environment)}Environment=AWS_SHARED_CREDENTIALS_FILE=%d/aws\n{more}"
    launch.environment["AWS_SHARED_CREDENTIALS_FILE"] = f"{CREDENTIALS}/openbao.service/aws"
    unit(launch, of_unit + _exec(launch))


def _load_credential(launch: Launch) -> None:
    _credential(launch, "LoadCredential=aws:{home}/source")


def _folder_of_credentials_in_variable(launch: Launch) -> None:
    launch.environment["CREDENTIALS_DIRECTORY"] = f"{CREDENTIALS}/openbao.service"
    _credential(launch, "LoadCredential=aws:{home}/source")


def _path_as_key(launch: Launch) -> None:
    of_unit = assignments({name: value for name, value in launch.environment.items() if name not in _PAIR})
    launch.files["source"] = launch.credentials["openbao.service/key"] = launch.environment.get(_PAIR[0], "")
    unit(launch, f"LoadCredential=key:{launch.home}/source\n{of_unit}Environment={_PAIR[0]}=%d/key {_PAIR[1]}=%d/key\n" + _exec(launch))
    launch.environment.update(dict.fromkeys(_PAIR, f"{CREDENTIALS}/openbao.service/key"))


UNIT_FILES: dict[str, Start] = {
    "plain-environment-file": _plain_file,
    "single-quotes-in-environment-file": _single_quotes,
    "blanks-around-sign-in-environment-file": _blanks_around_sign,
    "exported-in-environment-file": _exported,
    "comments-in-environment-file": _commented,
    "continued-line-in-environment-file": _continued,
    "two-environment-files": _two_files,
    "pattern-of-environment-files": _pattern,
    "environment-files-reset": _reset_files,
    "drop-ins-in-order": _drop_ins_in_order,
    "drop-in-of-all-services": _drop_in_of_all_services,
    "drop-in-of-a-prefix": _drop_in_of_a_prefix,
    "drop-in-of-an-instance": _drop_in_of_an_instance,
    "instance-in-path": _instance_in_path,
    "escaped-instance": _escaped_instance,
    "specifiers-in-value": _specifier_in_value,
    "specifier-of-the-boot": _unknown_specifier,
    "load-credential": _load_credential,
    "load-credential-and-variable": _folder_of_credentials_in_variable,
    "path-as-key": _path_as_key,
}
