# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of botocore's `endpoints.json` that a client for KMS needs, made from its `partitions.json`.

botocore parses 1.2 MB with the endpoints of all services for each first client, about half of what creating the client costs. For the names of
regions that AWS uses, without FIPS and dual stack, the URL and the region of the signature are the same with the document made here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

DOCUMENT = "endpoints"
"""The name of the document, as botocore's loader has it."""

_REGION = re.compile(r"[a-z]+(-[a-z]+)+-[0-9]+")
_HOST = "{service}.{region}.{dnsSuffix}"


def is_plain_region(region: str | None) -> bool:
    """Whether the name is one of a region, rather than one with a special endpoint, such as `aws-global` and `us-gov-west-1-fips`."""
    return bool(region) and _REGION.fullmatch(str(region)) is not None


def is_replaced(folders: Iterable[str], builtin: str) -> bool:
    """Whether a folder that botocore searches before its own one, such as `~/.aws/models`, has a document of the user."""
    for folder in folders:
        if folder == builtin:
            return False
        if any(os.path.exists(os.path.join(folder, DOCUMENT + ending)) for ending in (".json", ".json.gz")):
            return True
    return True


def endpoints_from(partitions: Mapping[str, Any]) -> dict[str, Any]:
    """The document for the regions of these partitions, in the form of `endpoints.json`, version 3.

    Raises :class:`KeyError` or :class:`TypeError` where the partitions have an unexpected form.
    """
    return {"version": 3, "partitions": [_partition(each) for each in partitions["partitions"]]}


def _partition(partition: Mapping[str, Any]) -> dict[str, Any]:
    suffix = partition["outputs"]["dnsSuffix"]
    return {
        "partition": partition["id"],
        "dnsSuffix": suffix,
        "regionRegex": partition["regionRegex"],
        "regions": {name: {} for name in partition["regions"] if is_plain_region(name)},
        "defaults": {"hostname": _HOST, "protocols": ["https"], "signatureVersions": ["v4"], "variants": []},
        "services": {},
    }
