# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All plugins on the controller take the same options from the call, the environment and ansible.cfg, in this order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.ansible_run import Ansible
from support.controller_plugins import PLUGINS, SHOW_VARIABLE, ControllerPlugins, in_one_line
from support.strict_kms import StrictKms
from support.vault_values import VaultValues

pytestmark = pytest.mark.matrix


class Desk:
    def __init__(self, kms: StrictKms, folder: Path) -> None:
        self.kms = kms
        self.ours = kms.new_key(alias="alias/ours")
        self.foreign = kms.new_key(alias="alias/foreign")
        self.ansible = Ansible(folder, kms.environment())
        self.plugins = ControllerPlugins(self.ansible, VaultValues(kms.client(), self.foreign))

    def configure(self, awskms: str) -> None:
        self.ansible.config.write_text(f"[defaults]\n[awskms]\n{awskms}\n", encoding="utf-8")

    def without(self, *names: str) -> Ansible:
        """Without some variables of the connection to KMS."""
        return Ansible.like(self.ansible, {name: value for name, value in self.kms.environment().items() if not name.startswith(names)})


@pytest.fixture(scope="module")
def own_kms() -> Iterator[StrictKms]:
    with StrictKms() as kms:
        yield kms


@pytest.fixture
def desk(own_kms: StrictKms, tmp_path: Path) -> Desk:
    for name in ("alias/ours", "alias/foreign"):
        if name in {alias["AliasName"] for alias in own_kms.client().list_aliases()["Aliases"]}:
            own_kms.client().delete_alias(AliasName=name)
    return Desk(own_kms, tmp_path)


def test_precedence(desk: Desk, tmp_path: Path) -> None:
    """The region shows, with its source, in the error of a value whose key lies elsewhere."""
    desk.configure("region = eu-west-1")
    call = desk.ansible.playbook(desk.plugins.tasks(region="eu-west-4"), env={"AWS_REGION": "eu-west-3"}).succeeded()
    environment = {"AWS_REGION": "eu-west-3", "AWS_DEFAULT_REGION": "eu-west-5"}
    aws = desk.ansible.playbook(desk.plugins.tasks(), env=environment).succeeded()
    named = desk.ansible.playbook(desk.plugins.tasks(), env={**environment, "ANSIBLE_AWSKMS_REGION": "eu-west-2"}).succeeded()
    ini = desk.without("AWS_REGION", "AWS_DEFAULT_REGION").playbook(desk.plugins.tasks()).succeeded()
    for plugin in PLUGINS:
        assert "the region in effect is eu-west-4 (from option region)" in call[plugin]["msg"]
        assert "the region in effect is eu-west-3 (from environment variable AWS_REGION)" in aws[plugin]["msg"]
        assert "the region in effect is eu-west-2 (from environment variable ANSIBLE_AWSKMS_REGION)" in named[plugin]["msg"]
        assert f"the region in effect is eu-west-1 (from region in section [awskms] of {desk.ansible.config})" in ini[plugin]["msg"]
    other = desk.plugins.with_vars_plugin(tmp_path / "p", "region = eu-west-1")
    assert "environment variable AWS_REGION" in in_one_line(other.playbook(SHOW_VARIABLE, env={"AWS_REGION": "eu-west-3"}))
    plain = Ansible.like(other, desk.without("AWS_REGION", "AWS_DEFAULT_REGION")._environment)
    assert "(from region in section [awskms] of" in in_one_line(plain.playbook(SHOW_VARIABLE))


def test_a_pin_holds_for_all(desk: Desk, tmp_path: Path) -> None:
    """In ansible.cfg and in the environment; the call itself may name other keys. An empty pin is refused."""
    other = desk.plugins.with_vars_plugin(tmp_path / "p", "allowed_key_ids = alias/ours")
    cases = {
        "ini": ("allowed_key_ids = alias/ours", {}, "allowed_key_ids in section [awskms] of"),
        "environment": ("allowed_key_ids = alias/foreign", {"ANSIBLE_AWSKMS_ALLOWED_KEY_IDS": "alias/ours"}, "ANSIBLE_AWSKMS_ALLOWED_KEY_IDS"),
        "empty in ini": ("allowed_key_ids =", {}, "is empty."),
        "empty in the environment": ("", {"ANSIBLE_AWSKMS_ALLOWED_KEY_IDS": ""}, "is empty."),
    }
    for awskms, environment, text in cases.values():
        desk.kms.clear_calls()
        desk.configure(awskms)
        refused = desk.ansible.playbook(desk.plugins.tasks(), env=environment).succeeded()
        for plugin in PLUGINS:
            assert text in refused[plugin]["msg"]
            assert not desk.plugins.opened(refused, plugin)
        other.config.write_text(other.config.read_text(encoding="utf-8").split("[awskms]")[0] + f"[awskms]\n{awskms}\n", encoding="utf-8")
        assert text in in_one_line(other.playbook(SHOW_VARIABLE, env=environment))
        assert desk.kms.calls("Decrypt") == []
    desk.configure("allowed_key_ids = alias/ours")
    opened = desk.ansible.playbook(desk.plugins.tasks(allowed_key_ids=["alias/foreign"])).succeeded()
    assert all(desk.plugins.opened(opened, plugin) for plugin in PLUGINS)


def test_what_is_missing_says_that_the_tasks_environment_does_not_reach_the_controller(desk: Desk, tmp_path: Path) -> None:
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    run = desk.without(*keys).playbook([{**task, "environment": desk.kms.environment()} for task in desk.plugins.tasks()]).succeeded()
    phrase = "the environment keyword of a task or play has no effect: set the variables in the environment of Ansible"
    for plugin in PLUGINS:
        assert "No AWS credentials were found" in run[plugin]["msg"]
        assert run[plugin]["msg"].count(phrase) == 1
    other = Ansible.like(desk.plugins.with_vars_plugin(tmp_path / "p", ""), desk.without(*keys)._environment)
    assert phrase in in_one_line(other.playbook(SHOW_VARIABLE))


def test_values_of_a_wrong_type_name_their_source(desk: Desk) -> None:
    desk.configure("timeout = soon")
    run = desk.ansible.playbook(desk.plugins.tasks()).succeeded()
    for plugin in PLUGINS:
        assert f"The value of timeout in section [awskms] of {desk.ansible.config} must be of type float." in run[plugin]["msg"]


def test_module_defaults_reach_the_tasks_and_not_the_templates(desk: Desk) -> None:
    defaults = {"group/sealwright.vault_seal.awskms": {"allowed_key_ids": ["alias/ours"]}}
    run = desk.ansible.playbook(desk.plugins.tasks(), module_defaults=defaults).succeeded()
    assert {plugin: desk.plugins.opened(run, plugin) for plugin in PLUGINS} == {
        "lookup": True, "file": True, "unwrap": True, "extract": True, "load_vars": False, "edit": False,
    }
