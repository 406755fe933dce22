# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The error that every part of the seal core raises, as text and as the result of a failed module."""

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import BlobError, SealError


def test_an_error_is_its_message_and_its_remedy() -> None:
    error = SealError("KMS refused Decrypt.", reason="access_denied", remedy="Allow kms:Decrypt.", details={"operation": "Decrypt"})
    assert (error.message, error.reason, error.remedy, error.details) == (
        "KMS refused Decrypt.", "access_denied", "Allow kms:Decrypt.", {"operation": "Decrypt"},
    )
    assert error.args == ("KMS refused Decrypt.",)
    assert str(error) == "KMS refused Decrypt. Allow kms:Decrypt."
    assert error.as_result() == {
        "msg": "KMS refused Decrypt. Allow kms:Decrypt.", "reason": "access_denied", "remedy": "Allow kms:Decrypt.", "operation": "Decrypt",
    }


def test_an_error_without_a_remedy_ends_with_its_message() -> None:
    error = SealError(" Nothing can be done.", reason="aws_error")
    assert str(error) == " Nothing can be done."
    assert error.as_result() == {"msg": " Nothing can be done.", "reason": "aws_error", "remedy": ""}


def test_the_details_are_a_copy() -> None:
    details = {"offset": 3}
    error = SealError("x", reason="x", details=details)
    details["offset"] = 4
    assert error.details == {"offset": 3}


@pytest.mark.parametrize(("offset", "place", "details"), [(None, "", {}), (0, " at byte 0", {"offset": 0}), (7, " at byte 7", {"offset": 7})])
def test_a_malformed_blob_names_the_byte_where_it_is_known(offset: object, place: str, details: dict[str, int]) -> None:
    error = BlobError.malformed("it is cut off", offset)  # type: ignore[arg-type]  # the table mixes None and numbers
    remedy = "Check that the whole value was copied, unchanged, and that it was sealed by an awskms seal."
    assert (type(error), error.message, error.reason, error.remedy, error.details) == (
        BlobError, f"This is not a sealed value: it is cut off{place}.", "malformed_blob", remedy, details,
    )
