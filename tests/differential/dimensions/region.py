# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the region is said."""

from __future__ import annotations

from ..part import Part

_DEFAULT = "default"

REGION = {
    "stanza": Part(stanza={"region": "us-east-1"}),
    "stanza-eu": Part(stanza={"region": "eu-west-1"}),
    "variable": Part(environment={"AWS_REGION": "eu-central-1"}),
    "default-variable": Part(environment={"AWS_DEFAULT_REGION": "ap-south-1"}),
    "both-variables": Part(environment={"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "ap-south-1"}),
    "stanza-and-variables": Part(stanza={"region": "eu-west-1"}, environment={"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "ap-south-1"}),
    "stanza-and-empty-variables": Part(stanza={"region": "us-east-1"}, environment={"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}),
    "empty-variable-and-default": Part(environment={"AWS_REGION": "", "AWS_DEFAULT_REGION": "ap-south-1"}),
    "config-file": Part(config={_DEFAULT: {"region": "eu-west-1"}}),
    "credentials-file": Part(credentials={_DEFAULT: {"region": "eu-west-1"}}),
    "both-files": Part(config={_DEFAULT: {"region": "eu-central-1"}}, credentials={_DEFAULT: {"region": "eu-west-1"}}),
    "variable-and-files": Part(environment={"AWS_REGION": "ap-south-1"}, credentials={_DEFAULT: {"region": "eu-west-1"}}),
    "default-variable-and-file": Part(environment={"AWS_DEFAULT_REGION": "ap-south-1"}, config={_DEFAULT: {"region": "eu-west-1"}}),
    "profile-of-config-file": Part(
        environment={"AWS_PROFILE": "p"}, config={_DEFAULT: {"region": "eu-west-1"}, "profile p": {"region": "eu-central-1"}}
    ),
    "profile-without-the-word": Part(environment={"AWS_PROFILE": "p"}, config={"p": {"region": "eu-central-1"}}),
    "default-with-the-word": Part(config={"profile default": {"region": "eu-central-1"}}),
    "default-profile-variable": Part(environment={"AWS_DEFAULT_PROFILE": "p"}, config={"profile p": {"region": "eu-central-1"}}),
    "named-config-file": Part(
        environment={"AWS_CONFIG_FILE": "{home}/elsewhere"}, config={_DEFAULT: {"region": "eu-west-1"}},
        files={"elsewhere": "[default]\nregion = eu-central-1\n"},
    ),
    "sdk-load-config": Part(environment={"AWS_SDK_LOAD_CONFIG": "1"}, config={_DEFAULT: {"region": "eu-central-1"}}),
    "sdk-load-config-and-default-variable": Part(
        environment={"AWS_SDK_LOAD_CONFIG": "1", "AWS_DEFAULT_REGION": "ap-south-1"}, config={_DEFAULT: {"region": "eu-central-1"}}
    ),
    "metadata": Part(environment={"AWS_EC2_METADATA_DISABLED": None}),
    "zone": Part(stanza={"region": "us-east-1a"}),
    "unknown": Part(stanza={"region": "xx-nowhere-1"}),
    "upper-case": Part(stanza={"region": "US-EAST-1"}),
    "blank-after": Part(stanza={"region": "us-east-1 "}),
    "reference": Part(stanza={"region": "env://OWN_REGION"}, environment={"OWN_REGION": "eu-west-1"}),
    "old-name-of-fips": Part(stanza={"region": "fips-us-east-1"}),
    "old-name-of-fips-after": Part(stanza={"region": "us-east-1-fips"}),
    "none": Part(),
    "government": Part(stanza={"region": "us-gov-west-1"}),
    "china": Part(stanza={"region": "cn-north-1"}),
    "empty-in-stanza": Part(stanza={"region": ""}, environment={"AWS_REGION": "eu-central-1"}),
    "line-break-after": Part(stanza={"region": "us-east-1\n"}),
    "blank-in-variable": Part(environment={"AWS_REGION": " us-east-1"}),
    "dot-in-name": Part(stanza={"region": "us-east-1.amazonaws.com"}),
    "slash-in-name": Part(stanza={"region": "us-east-1/x"}),
    "at-in-name": Part(stanza={"region": "x@us-east-1"}),
    "underscore": Part(stanza={"region": "us_east_1"}),
    "quoted-in-file": Part(config={_DEFAULT: {"region": '"eu-west-1"'}}),
    "comment-in-file": Part(config={_DEFAULT: {"region": "eu-west-1 # here"}}),
    "empty-in-credentials-file": Part(config={_DEFAULT: {"region": "eu-central-1"}}, credentials={_DEFAULT: {"region": ""}}),
    "upper-case-name-in-file": Part(config={_DEFAULT: {"REGION": "eu-west-1"}}),
    "profile-of-both-files": Part(
        environment={"AWS_PROFILE": "p"}, config={"profile p": {"region": "eu-central-1"}}, credentials={"p": {"region": "eu-west-1"}}
    ),
    "bao-variable": Part(environment={"BAO_AWSKMS_SEAL_REGION": "eu-west-1", "VAULT_AWSKMS_SEAL_REGION": "eu-west-1"}),
}
