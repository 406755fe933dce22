# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS's partitions with their regions and DNS suffixes, as botocore's own data has them.

The data file is read without importing botocore. The table below adds what an older botocore lacks, and replaces a missing one.
"""

from __future__ import annotations

import json
import os
import re
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, NamedTuple

_MAX_FILE = 4 << 20


class Partition(NamedTuple):
    """``suffixes`` are those of its endpoints' hosts, the dual-stack one included; ``regions`` is a regular expression for its regions' names."""

    name: str
    regions: str
    suffixes: tuple[str, ...]

    def has_region(self, region: str) -> bool:
        return bool(re.fullmatch(self.regions, region))


_BUILT_IN = (
    Partition("aws", r"(us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+", ("amazonaws.com", "api.aws")),
    Partition("aws-cn", r"cn-\w+-\d+", ("amazonaws.com.cn", "api.amazonwebservices.com.cn")),
    Partition("aws-us-gov", r"us-gov-\w+-\d+", ("amazonaws.com", "api.aws")),
    Partition("aws-eusc", r"eusc-(de)-\w+-\d+", ("amazonaws.eu", "api.amazonwebservices.eu")),
    Partition("aws-iso", r"us-iso-\w+-\d+", ("c2s.ic.gov", "api.aws.ic.gov")),
    Partition("aws-iso-b", r"us-isob-\w+-\d+", ("sc2s.sgov.gov", "api.aws.scloud")),
    Partition("aws-iso-e", r"eu-isoe-\w+-\d+", ("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk")),
    Partition("aws-iso-f", r"us-isof-\w+-\d+", ("csp.hci.ic.gov", "api.aws.hci.ic.gov")),
)


@lru_cache(maxsize=1)
def partitions() -> tuple[Partition, ...]:
    """All that are known."""
    by_name = {each.name: each for each in _BUILT_IN}
    for each in _of_botocore():
        known = by_name.get(each.name)
        by_name[each.name] = _joined(each, known) if known else each
    return tuple(by_name.values())


def partition_of_region(region: str) -> str:
    """The partition of a region; empty if it is unknown."""
    return next((each.name for each in partitions() if each.has_region(region)), "")


def partition_of_endpoint(region: str, suffix: str) -> str:
    """The partition whose endpoints have this region and suffix; empty if it is ambiguous or unknown."""
    names = [each.name for each in partitions() if suffix in each.suffixes]
    if len(names) < 2:
        return next(iter(names), "")
    by_region = partition_of_region(region)
    return by_region if by_region in names else ""


def _joined(newer: Partition, known: Partition) -> Partition:
    """Combine both: an old botocore lacks regions that were added later."""
    return Partition(newer.name, f"(?:{newer.regions})|(?:{known.regions})", tuple(dict.fromkeys((*newer.suffixes, *known.suffixes))))


def _of_botocore() -> list[Partition]:
    try:
        spec = find_spec("botocore")
        folder = os.path.dirname(spec.origin) if spec and spec.origin else ""
        with open(os.path.join(folder, "data", "partitions.json"), encoding="utf-8") as stream:
            content: dict[str, Any] = json.loads(stream.read(_MAX_FILE))
        return [_read(each) for each in content["partitions"]]
    except (ImportError, OSError, ValueError, LookupError, TypeError, AttributeError, re.error):
        return []


def _read(entry: dict[str, Any]) -> Partition:
    outputs = entry["outputs"]
    suffixes = [outputs["dnsSuffix"], outputs.get("dualStackDnsSuffix") or outputs["dnsSuffix"]]
    pattern = re.compile(entry["regionRegex"]).pattern
    return Partition(str(entry["id"]), pattern, tuple(dict.fromkeys(map(str, suffixes))))
