# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which AWS SDK a server's awskms seal is built with, per product and release.

Source: the ``go.mod`` of openbao/openbao 2.0.0 to 2.6.2 (wrappers/awskms/v2 v2.1.0 to v2.4.0: aws-sdk-go v1, awsutil 0.3.0), of
openbao/go-kms-wrapping (wrappers/awskms v2.5.0: aws-sdk-go-v2, awsutil 2.1.2), and of hashicorp/vault (wrappers/awskms/v2 up to 2.1: aws-sdk-go v1;
its main branch after that has wrappers/awskms/v4: aws-sdk-go-v2).
"""

from __future__ import annotations

from enum import Enum

_VAULT_WITH_V2 = (2, 2, 0)
_OPENBAO_WITHOUT_V1 = (2, 7, 0)


class Sdk(Enum):
    """A generation of AWS's SDK for Go, with the awsutil that goes with it."""

    V1 = "aws-sdk-go v1"
    V2 = "aws-sdk-go-v2"

    @property
    def judge(self) -> str:
        """How a result names this model."""
        return f"model of {self.value}"


def sdk_of(product: str, version: tuple[int, int, int], plugin: bool = False) -> Sdk:
    """The SDK of a server's seal. ``plugin``: an external plugin provides the seal (OpenBao 2.6 and later)."""
    if product == "vault":
        return Sdk.V2 if version >= _VAULT_WITH_V2 else Sdk.V1
    return Sdk.V2 if plugin or version >= _OPENBAO_WITHOUT_V1 else Sdk.V1


def role_comes_last(product: str, version: tuple[int, int, int]) -> bool:
    """Whether awsutil (0.2.2 and later) tries a role after the environment and the shared credentials file, and not before them."""
    return product != "vault" or version >= (1, 14, 0)
