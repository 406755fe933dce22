# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The region that the server's SDK uses if neither the stanza nor a variable sets one.

Source: the behaviour of ``GetRegion`` of awsutil (hashicorp/go-secure-stdlib): aws-sdk-go v1 asks the profile (credentials file before config file), then
the instance's metadata, and takes us-east-1; aws-sdk-go-v2 asks the profile and the metadata, and refuses to start without an answer.
"""

from __future__ import annotations

import re

from ..errors import SettingError
from ..sourced import Sourced
from .inputs import ServerInputs
from .profiles import MalformedProfiles, Sections, cannot_tell
from .releases import Sdk
from .session_files import region_session

DEFAULT = "us-east-1"
_OLD_FIPS = re.compile(r"fips-|-fips")
ASKED = "instance metadata, else us-east-1"
"""The source of a region that is known only on the server's host."""


def find_region(inputs: ServerInputs) -> Sourced:
    """The region in effect with its source; the value is empty where the instance's metadata decides. Raises :class:`SettingError`."""
    region = _found(inputs)
    if _OLD_FIPS.search(region.value):
        raise cannot_tell(
            f"{region.value} (from {region.source}) is an old name of an endpoint that is FIPS 140 validated, and not of a region.",
            "Name the region, and set AWS_USE_FIPS_ENDPOINT=true.",
        )
    return region


def _found(inputs: ServerInputs) -> Sourced:
    if "region" in inputs.settings:
        return inputs.settings["region"]
    if inputs.sdk is Sdk.V1:
        return _with_v1(inputs)
    return _with_v2(inputs)


def _with_v1(inputs: ServerInputs) -> Sourced:
    profile = region_session(inputs)
    variable = inputs.variable("AWS_REGION", "AWS_DEFAULT_REGION")
    if variable:
        return variable
    if profile.value("region"):
        return profile.entries["region"]
    if inputs.text("AWS_EC2_METADATA_DISABLED").lower() == "true":
        return Sourced(DEFAULT, "default")
    return Sourced("", ASKED)


def _with_v2(inputs: ServerInputs) -> Sourced:
    variable = inputs.variable("AWS_REGION", "AWS_DEFAULT_REGION")
    if variable:
        return variable
    named = inputs.variable("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
    name = named.value if named else "default"
    for path, prefix in ((inputs.credentials_file, ""), (inputs.config_file, "profile ")):
        try:
            sections: Sections = inputs.profiles(path) or {}
        except MalformedProfiles:
            raise cannot_tell(f"{path} is not valid.", "Correct the file, or set the region in the stanza.") from None
        section = sections.get(prefix + name) or (sections.get(name) if name == "default" else None) or {}
        if section.get("region"):
            return Sourced(section["region"], f"profile {name} in {path}")
    if inputs.text("AWS_EC2_METADATA_DISABLED").lower() == "true":
        raise SettingError(
            f"No region is set, and {inputs.sdk.value} takes none by default: the server does not start.",
            reason="no_region", remedy="Set the region in the stanza.",
        )
    return Sourced("", ASKED)
