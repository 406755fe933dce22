# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The value of each seal setting that a server will use, and its source.

This is about the *server*: what this collection's own calls use is decided in ``kms/options.py``, by another order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..errors import SettingError
from ..regular_files import read_regular
from ..server_sdk.endpoint import without_login
from ..server_sdk.inputs import ServerInputs
from ..server_sdk.region import find_region
from ..server_sdk.releases import role_comes_last, sdk_of
from ..sourced import Sourced
from .config_files import ServerConfig
from .products import CREDENTIALS, DEFAULTS, OPENBAO, SECRETS, VAULT, Product
from .seal_blocks import Stanza

AWSKMS, SHAMIR = "awskms", "shamir"
_REFERENCES = ("env://", "file://", "string://")
_PAIR = ("access_key", "secret_key")
UNREAD = "unread_credential"
"""The failure of a setting that the service will have, and that cannot be read here."""


class UnreadFile(Exception):
    """Why a file that the service will have cannot be read here."""


def _read(path: str) -> bytes:
    return read_regular(path, 65536)


@dataclass(frozen=True)
class Setting:
    """A value in effect, empty if the server gets it from the place that the source names, and the problem with where it is stored.

    ``of_sdk``: the server's AWS SDK determines it.
    """

    name: str
    value: str = field(repr=False)
    source: str
    failure: str = ""
    of_sdk: bool = field(default=False, compare=False)
    why: str = ""
    """What there is to say of the failure."""

    @property
    def in_stanza(self) -> bool:
        """Whether it is the stanza that says the value, itself or by a reference."""
        return self.source.startswith("stanza") or " in the stanza" in self.source

    def shown(self) -> dict[str, object]:
        """As a result shows it: a secret's value never, and an endpoint without its login."""
        value = None if self.name in SECRETS or not self.value else without_login(self.value) if self.name == "endpoint" else self.value
        return {"value": value, "source": self.source, "set": bool(self.value) or self.failure == UNREAD}


@dataclass(frozen=True)
class Seal:
    """One seal that the server will configure, with its settings if it is an awskms seal."""

    type: str
    stanza: Stanza
    settings: dict[str, Setting] = field(default_factory=dict)

    @property
    def enabled(self) -> bool:
        return not self.stanza.disabled

    def value(self, name: str) -> str:
        """The setting's value; empty if it is not set."""
        return self.settings[name].value if name in self.settings else ""


@dataclass(frozen=True)
class EffectiveSettings:
    """The configuration as the server will interpret it. ``type_variable`` is the variable that sets the seal's type, if any."""

    product: Product
    config: ServerConfig
    environment: Mapping[str, Sourced] = field(repr=False)
    seals: list[Seal]
    type_variable: Sourced | None = None
    home: str = ""
    exact: bool = True
    """Whether a file that cannot be read here cannot be read by the server either."""
    loaded: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """The content of files that systemd makes when the service starts, by path."""

    @property
    def awskms(self) -> Seal | None:
        """The first enabled awskms seal."""
        return next((seal for seal in self.seals if seal.enabled and seal.type == AWSKMS), None)

    def sdk_inputs(self, seal: Seal) -> ServerInputs:
        """What the model of the server's AWS SDK is given for one of the seals."""
        return sdk_inputs(self.product, seal.settings, self.environment, self.home, has_plugin(self.config, seal.type), self.exact, self.loaded)


def settings_in_force(
    product: Product, config: ServerConfig, environment: Mapping[str, Sourced], home: str = "", read: Callable[[str], bytes] = _read,
    exact: bool = True, loaded: Mapping[str, bytes] | None = None,
) -> EffectiveSettings:
    """Say what will be in force.

    :param home: the home folder of the user as whom the server runs, where it is known.
    :param read: reads a file as the service will have it; raises :class:`UnreadFile` where that cannot be seen here.
    :param exact: whether this is called with the rights of the service's user.
    :param loaded: the content of files that systemd makes when the service starts, by path.
    """
    stanzas = list(config.stanzas)
    if all(stanza.disabled for stanza in stanzas) and len(stanzas) < 2:
        # The servers complete this themselves: no seal, or a disabled one.
        stanzas.append(Stanza("", SHAMIR, {}, False, "no stanza"))
    variable = _type_variable(product, environment)
    seals = []
    named = product.name == VAULT and sum(not stanza.disabled for stanza in stanzas) > 1
    for stanza in stanzas:
        kind = variable.value if variable and not stanza.disabled else stanza.type
        suffix = f"_{stanza.settings['name']}" if named and stanza.settings.get("name") else ""
        of_sdk = sdk_inputs(product, {}, environment, home, has_plugin(config, kind), exact, loaded)
        resolver = _Resolver(product, stanza, environment, suffix, of_sdk, read)
        seals.append(Seal(kind, stanza, resolver.all() if kind == AWSKMS else {}))
    return EffectiveSettings(product, config, environment, seals, variable, home, exact, loaded or {})


def has_plugin(config: ServerConfig, kind: str) -> bool:
    """Whether an external plugin brings the seals of this type."""
    return any(plugin.type == "kms" and plugin.name == kind for plugin in config.plugins)


def sdk_inputs(
    product: Product, settings: Mapping[str, Setting], environment: Mapping[str, Sourced], home: str, plugin: bool = False, exact: bool = True,
    loaded: Mapping[str, bytes] | None = None,
) -> ServerInputs:
    """What the model of the server's AWS SDK is given: the settings that the server itself hands to its seal.

    The variables that a product reads only where the stanza says nothing are the SDK's to read.
    """
    handed = {
        name: Sourced(setting.value, setting.source) for name, setting in settings.items()
        if setting.value and not setting.of_sdk and (setting.in_stanza or product.origin(name).before)
    }
    settled = role_comes_last(product.name, product.version)
    return ServerInputs(sdk_of(product.name, product.version, plugin), handed, environment, home, settled, exact, loaded or {})


def _type_variable(product: Product, environment: Mapping[str, Sourced]) -> Sourced | None:
    # For OpenBao an empty BAO_SEAL_TYPE counts as set, and ends the search.
    variable = next((environment[name] for name in product.type_variables if name in environment), None)
    return variable if variable and variable.value else None


def naming_variables(effective: EffectiveSettings) -> dict[str, Sourced]:
    """The variables of the service that set the seal's type or key, and therefore take precedence over the configuration."""
    product = effective.product
    names = (*product.type_variables, *product.origin("kms_key_id").before)
    # With several seals, those of Vault Enterprise have the seal's name at their end.
    longer = tuple(f"{name}_" for name in names)
    return {name: variable for name, variable in effective.environment.items() if variable.value and (name in names or name.startswith(longer))}


class _Resolver:
    """Resolves the settings of one awskms seal."""

    def __init__(
        self, product: Product, stanza: Stanza, environment: Mapping[str, Sourced], suffix: str, of_sdk: ServerInputs, read: Callable[[str], bytes]
    ) -> None:
        self._product = product
        self._stanza = stanza
        self._environment = environment
        self._suffix = suffix
        self._of_sdk = of_sdk
        self._read = read

    def all(self) -> dict[str, Setting]:
        """Every setting that has a value, and those whose source is worth telling."""
        resolved = {name: self._resolved(name) for name in self._product.settings()}
        settings = {name: setting for name, setting in resolved.items() if setting}
        settings.setdefault("region", self._region())
        if self._product.name == OPENBAO:
            self._pair_or_neither(settings)
        for name in CREDENTIALS:
            if name in settings:
                settings[name] = self._dereferenced(settings[name])
        for name, value in DEFAULTS.items():
            if name in self._product.settings():
                settings.setdefault(name, Setting(name, value, "default"))
        return {name: settings[name] for name in self._product.settings() if name in settings}

    def _resolved(self, name: str) -> Setting | None:
        origin = self._product.origin(name)
        places = [*(self._variable(variable) for variable in origin.before), self._stanza_value(name)]
        places += [self._variable(variable) for variable in origin.after]
        place = next((place for place in places if place), None)
        return Setting(name, place.value, place.source) if place else None

    def _variable(self, name: str) -> Sourced | None:
        variable = self._environment.get(name + self._suffix)
        return variable if variable and variable.value else None

    def _stanza_value(self, name: str) -> Sourced | None:
        value = self._stanza.settings.get(name)
        return Sourced(value, f"stanza ({self._stanza.source})") if value else None

    def _pair_or_neither(self, settings: dict[str, Setting]) -> None:
        """OpenBao takes credentials from the stanza or from the environment, and never some of each."""
        in_stanza = [name for name in _PAIR if self._stanza_value(name)]
        for name in CREDENTIALS:
            if in_stanza and name in settings and not self._stanza_value(name):
                del settings[name]
            elif not in_stanza and self._stanza_value(name):
                del settings[name]  # a session token alone is ignored
                variable = self._variable(self._product.origin(name).after[0])
                if variable:
                    settings[name] = Setting(name, variable.value, variable.source)

    def _dereferenced(self, setting: Setting) -> Setting:
        """The target of ``env://NAME`` or ``file://PATH`` in the stanza."""
        if not setting.value.lower().startswith(_REFERENCES) or not setting.source.startswith("stanza"):
            return setting
        # The kind is found in capitals too, but taken off in small letters only: the server looks for a variable of the name ENV://NAME.
        kind = setting.value.partition("://")[0].lower()
        rest = setting.value[len(kind) + 3 :] if setting.value.startswith(kind) else setting.value
        source = f"{setting.value} in the {setting.source}"
        if kind == "string":
            return Setting(setting.name, rest, f"string:// in the {setting.source}")
        if kind == "env":
            variable = self._environment.get(rest)
            if variable is None:
                return Setting(setting.name, "", source, "unset_variable")
            return Setting(setting.name, variable.value, f"{source}, which is {variable.source}")
        try:
            return Setting(setting.name, self._read(rest).decode("utf-8", "surrogateescape"), source)
        except UnreadFile as error:
            return Setting(setting.name, "", source, UNREAD, why=str(error))
        except (OSError, ValueError):  # a path may hold a NUL
            return Setting(setting.name, "", source, "file_error")

    def _region(self) -> Setting:
        """The region where neither the stanza nor a variable says one: the SDK's to find."""
        try:
            region = find_region(self._of_sdk)
        except SettingError as error:
            return Setting("region", "", "AWS configuration files", error.reason, True)
        return Setting("region", region.value, region.source, "", True)
