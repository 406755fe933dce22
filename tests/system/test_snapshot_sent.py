# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots sent to S3: verified there, resumed after an interruption, and every refusal reported."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.object_store.client import S3Client, open_s3
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.object_store.options import S3Options
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.object_store.upload import Upload

from support.backup_world import Cluster, Runner, running_cluster
from support.strict_s3 import StrictS3

BUCKET = "example-snapshots"
KEY, OTHER = (f"arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890a{last}" for last in "bc")
MIB = 1 << 20
CONNECTION = ConnectionOptions(access_key="AKIAEXAMPLEEXAMPLE00", secret_key="a-secret-key-of-a-test", region="us-east-1", timeout=5)


@pytest.fixture(scope="module")
def s3() -> Iterator[StrictS3]:
    with StrictS3() as started:
        started.client().create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
        yield started


@pytest.fixture(autouse=True)
def fresh(s3: StrictS3) -> Iterator[None]:
    s3.requests.clear()
    yield
    s3.refuse, s3.lies, s3.keeps_checksums, s3.forgets_locks, s3.replaced = (lambda _method, _query: None), False, True, False, {}


def conditional() -> bool:
    """Whether the installed SDK can ask S3 to store only a new object."""
    client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    return "IfNoneMatch" in client.meta.service_model.operation_model("CompleteMultipartUpload").input_shape.members


class Sender:
    """One large file and its uploads, with the state that an interrupted one leaves."""

    def __init__(self, s3: StrictS3, path: Path, parts: int) -> None:
        self.s3 = s3
        self.content = os.urandom(parts * 5 * MIB - 1000)
        path.write_bytes(self.content)
        self.path = path
        self.state: dict[str, Any] = {}
        self.saved = 0

    def send(self, name: str, **options: Any) -> tuple[dict[str, Any], int]:
        client = open_s3(S3Options(BUCKET, endpoint=self.s3.url, part_size=5, timeout=5, **options), CONNECTION, {})
        with self.path.open("rb") as stream:
            upload = Upload(client, name, stream.fileno(), self.state, self._save)
            return upload.run(hashlib.sha256(self.content).hexdigest()), upload.resumed_parts

    def _save(self) -> None:
        self.saved += 1

    def stored(self, name: str) -> bytes:
        content: bytes = self.s3.client().get_object(Bucket=BUCKET, Key=name)["Body"].read()
        return content


@pytest.fixture
def sender(s3: StrictS3, tmp_path: Path) -> Sender:
    return Sender(s3, tmp_path / "large.snap", 3)


def test_parts_with_checksums(s3: StrictS3, sender: Sender) -> None:
    facts, resumed = sender.send("parts", encryption="AES256", object_lock_mode="GOVERNANCE", object_lock_days=3)
    assert (facts["verified_by"], facts["checksum"].endswith("="), resumed, sender.state) == ("checksum", True, 0, {})
    assert sender.stored("parts") == sender.content
    assert s3.count("PUT", "partNumber") == 3
    head = s3.client().head_object(Bucket=BUCKET, Key="parts")
    assert (head["ServerSideEncryption"], head["ObjectLockMode"]) == ("AES256", "GOVERNANCE")


def test_one_part_with_a_lock(s3: StrictS3, tmp_path: Path) -> None:
    sender = Sender(s3, tmp_path / "small.snap", 1)
    facts, _resumed = sender.send("small", object_lock_mode="GOVERNANCE", object_lock_days=3)
    assert (facts["verified_by"], s3.count("POST"), sender.stored("small") == sender.content) == ("checksum", 0, True)


def test_an_interrupted_upload_continues(s3: StrictS3, sender: Sender) -> None:
    s3.refuse = lambda _method, query: (403, "AccessDenied") if query.get("partNumber") == ["3"] else None
    with pytest.raises(SealError) as refused:
        sender.send("resumed")
    assert (refused.value.reason, "s3:PutObject" in refused.value.remedy, len(sender.state["parts"])) == ("access_denied", True, 2)
    s3.refuse = lambda _method, _query: None
    s3.requests.clear()
    _facts, resumed = sender.send("resumed")
    assert (resumed, s3.count("PUT", "partNumber"), sender.stored("resumed") == sender.content) == (2, 1, True)


def test_an_upload_that_s3_forgot_begins_anew(s3: StrictS3, sender: Sender) -> None:
    sender.state.update(upload_id="gone", part_size=5 * MIB, parts={"1": {"etag": "x", "sha256": "y"}})
    _facts, resumed = sender.send("anew")
    assert (resumed, sender.stored("anew") == sender.content) == (0, True)


@pytest.mark.parametrize("state", [{"upload_id": "x"}, {"part_size": "5", "parts": {}}, {"upload_id": "x", "part_size": 0, "parts": {}}])
def test_a_state_that_makes_no_sense_is_dropped(sender: Sender, state: dict[str, Any]) -> None:
    sender.state.update(state)
    assert sender.send(f"state-{len(state)}-{state.get('part_size')}")[1] == 0


def test_an_object_is_never_replaced(s3: StrictS3, sender: Sender) -> None:
    s3.client().put_object(Bucket=BUCKET, Key="taken", Body=b"other")
    with pytest.raises(SealError) as refused:
        sender.send("taken")
    assert refused.value.reason == "checksum_mismatch"
    assert sender.stored("taken") == b"other"
    assert (s3.count("PUT"), s3.count("POST")) == (1, 0)  # that of the test


@pytest.mark.skipif(not conditional(), reason="botocore does not know conditional writes")
def test_an_object_that_appears_meanwhile_is_not_replaced(s3: StrictS3, sender: Sender) -> None:
    def refuse(method: str, query: dict[str, list[str]]) -> tuple[int, str] | None:
        if method == "POST" and "uploadId" in query:
            return 412, "PreconditionFailed"
        return None

    s3.refuse = refuse
    with pytest.raises(SealError):
        sender.send("meanwhile")
    assert (s3.count("DELETE", "uploadId"), sender.state) == (1, {})
    assert "Uploads" not in s3.client().list_multipart_uploads(Bucket=BUCKET, Prefix="meanwhile")


def test_an_sdk_without_conditional_writes_never_replaces_an_object(s3: StrictS3, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(S3Client, "supports", lambda *_arguments: False)
    s3.client().put_object(Bucket=BUCKET, Key="old-sdk", Body=b"other")
    with pytest.raises(SealError) as refused:
        sender.send("old-sdk")
    assert (refused.value.reason, sender.stored("old-sdk")) == ("checksum_mismatch", b"other")
    # S3 that does not tell whether the object exists.
    s3.refuse = lambda method, _query: (403, "AccessDenied") if method == "HEAD" else None
    s3.requests.clear()
    with pytest.raises(SealError) as refused:
        sender.send("hidden")
    assert (refused.value.reason, "s3:ListBucket" in refused.value.remedy, s3.count("PUT"), s3.count("POST")) == ("access_denied", True, 0, 0)


def test_a_file_that_changed_leaves_no_upload_behind(s3: StrictS3, sender: Sender) -> None:
    s3.refuse = lambda _method, query: (403, "AccessDenied") if query.get("partNumber") == ["3"] else None
    with pytest.raises(SealError):
        sender.send("rotten")
    s3.refuse = lambda _method, _query: None
    sender.path.write_bytes(b"x" + sender.content[1:])
    with pytest.raises(SealError) as refused:
        sender.send("rotten")
    assert (refused.value.reason, sender.state) == ("checksum_mismatch", {})
    assert "Uploads" not in s3.client().list_multipart_uploads(Bucket=BUCKET, Prefix="rotten")


@pytest.mark.parametrize(("options", "found"), [
    ({"object_lock_mode": "GOVERNANCE", "object_lock_days": 30}, {"x-amz-object-lock-retain-until-date": "2026-01-01T00:00:00Z"}),
    ({"object_lock_mode": "GOVERNANCE", "object_lock_days": 30}, {"x-amz-object-lock-retain-until-date": ""}),
    ({"encryption": "aws:kms", "kms_key_id": KEY}, {"x-amz-server-side-encryption-aws-kms-key-id": OTHER}),
    ({"encryption": "aws:kms", "kms_key_id": KEY.rpartition("/")[2]}, {"x-amz-server-side-encryption-aws-kms-key-id": OTHER}),
    ({"encryption": "aws:kms", "kms_key_id": KEY}, {"x-amz-server-side-encryption-aws-kms-key-id": ""}),
])  # fmt: skip
@pytest.mark.parametrize("parts", [1, 2])
def test_the_end_of_the_lock_and_the_key_are_compared(
    s3: StrictS3, tmp_path: Path, options: dict[str, Any], found: dict[str, str], parts: int
) -> None:
    sender = Sender(s3, tmp_path / "file.snap", parts)
    name = f"protected-{len(options)}-{parts}-{len(str(options))}-{len(str(found))}"
    s3.replaced = found
    with pytest.raises(SealError) as refused:
        sender.send(name, **options)
    assert (refused.value.reason, "instead of" in refused.value.message) == ("not_protected", True)
    s3.replaced = {}
    assert sender.send(name, **options)[0]["size"] == len(sender.content)


def test_the_lock_of_an_upload_that_was_resumed_is_the_one_that_it_began_with(s3: StrictS3, sender: Sender) -> None:
    s3.refuse = lambda _method, query: (403, "AccessDenied") if query.get("partNumber") == ["3"] else None
    lock = {"object_lock_mode": "GOVERNANCE", "object_lock_days": 3}
    with pytest.raises(SealError):
        sender.send("resumed-lock", **lock)
    s3.refuse = lambda _method, _query: None
    until = sender.state["requested"]["retain_until"]
    assert sender.send("resumed-lock", **lock)[1] == 2
    assert s3.client().head_object(Bucket=BUCKET, Key="resumed-lock")["ObjectLockRetainUntilDate"].isoformat() == until


def test_an_object_that_was_sent_already_is_verified(sender: Sender) -> None:
    first = sender.send("twice")[0]
    assert sender.send("twice")[0]["checksum"] == first["checksum"]


def test_what_s3_has_is_compared(s3: StrictS3, sender: Sender) -> None:
    s3.lies = True
    with pytest.raises(SealError) as differs:
        sender.send("lie")
    assert differs.value.reason == "checksum_mismatch"


def test_storage_without_checksums_is_read_back(s3: StrictS3, sender: Sender) -> None:
    s3.keeps_checksums = False
    assert sender.send("read-back")[0]["verified_by"] == "content"


def test_a_lock_that_was_not_applied(s3: StrictS3, sender: Sender) -> None:
    s3.forgets_locks = True
    with pytest.raises(SealError) as refused:
        sender.send("lockless", object_lock_mode="COMPLIANCE", object_lock_days=1)
    assert (refused.value.reason, "s3:GetObjectRetention" in refused.value.remedy) == ("not_protected", True)


@pytest.mark.parametrize(("status", "code", "reason"), [
    (403, "AccessDenied", "access_denied"), (404, "NoSuchBucket", "not_found"),
    (400, "BadDigest", "checksum_mismatch"), (403, "InvalidAccessKeyId", "invalid_credentials"), (403, "RequestTimeTooSkewed", "clock_skew"),
    (503, "SlowDown", "throttled"), (400, "ExpiredToken", "expired_credentials"), (500, "InternalError", "aws_error"),
])  # fmt: skip
def test_each_refusal_has_its_reason(s3: StrictS3, sender: Sender, status: int, code: str, reason: str) -> None:
    s3.refuse = lambda _method, _query: (status, code)
    with pytest.raises(SealError) as refused:
        sender.send("refused")
    assert (refused.value.reason, bool(refused.value.remedy)) == (reason, True)
    assert "a-secret-key" not in str(refused.value)
    assert BUCKET in refused.value.message


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as started:
        yield started


def test_a_snapshot_that_could_not_be_sent_is_sent_by_the_next_run(cluster: Cluster, s3: StrictS3, tmp_path: Path) -> None:
    options = {"bucket": BUCKET, "prefix": "vault/", "endpoint": s3.url, "encryption": "AES256", "timeout": 5}
    runner = Runner(tmp_path, cluster.kms.environment(), server_address=cluster.servers[0].url, token=cluster.token(), s3=options, keep_last=1, keep_minimum=1)
    s3.refuse = lambda _method, _query: (403, "AccessDenied")
    first, second = runner.run(), runner.run()
    for each in (first, second):
        assert (each["failed"], each["reason"], each["proven"], each["taken"]) == (True, "access_denied", True, True)
    assert [each["rules"] for each in second["retention"]] == [["not_sent", "last"], ["not_sent"]]
    assert (runner.status()["unsent"], runner.status()["result"], runner.status()["proven"]) == (1, "failed", True)
    s3.refuse = lambda _method, _query: None
    third = runner.run()
    assert [each["verified"] for each in third["sent"]] == [True] * 3
    assert third["removed"] == [Path(each["path"]).name for each in (second, first)]
    for each in (first, second, third):
        name = Path(each["path"]).name
        stored = s3.client().get_object(Bucket=BUCKET, Key=f"vault/{name}")["Body"].read()
        assert hashlib.sha256(stored).hexdigest() == each["sha256"]


def test_another_endpoint_is_another_target(cluster: Cluster, s3: StrictS3, tmp_path: Path) -> None:
    options = {"bucket": BUCKET, "prefix": "endpoints/", "endpoint": s3.url, "timeout": 5}
    runner = Runner(tmp_path, cluster.kms.environment(), server_address=cluster.servers[0].url, token=cluster.token(), s3=options)
    first = runner.run()
    assert [each["target"] for each in first["sent"]] == [f"{s3.url}/{BUCKET}/endpoints/"]
    name = Path(first["path"]).name
    with StrictS3() as other:
        other.client().create_bucket(Bucket=BUCKET)
        second = runner.run(s3={**options, "endpoint": other.url})
        assert sorted(each["name"] for each in second["sent"]) == [name, Path(second["path"]).name]
        # The endpoint may come from the environment instead.
        runner.environment["AWS_ENDPOINT_URL_S3"] = other.url
        third = runner.run(s3={**options, "endpoint": None})
        assert [(each["name"], each["verified"]) for each in third["sent"]] == [(Path(third["path"]).name, True)]
        del runner.environment["AWS_ENDPOINT_URL_S3"]
    # A record that does not know the endpoint: the object is verified, and not sent again.
    record = runner.dest / f"{name}.json"
    text = record.read_text(encoding="utf-8").replace(f"{s3.url}/{BUCKET}", f"s3://{BUCKET}").replace(f'"endpoint": "{s3.url}"', '"x": ""')
    record.write_text(text, encoding="utf-8")
    s3.requests.clear()
    fourth = runner.run()
    assert {each["name"]: each["verified"] for each in fourth["sent"]}[name] is True
    # The objects of both servers are the same in this test: only the new snapshot is sent.
    assert s3.count("PUT") == 1
