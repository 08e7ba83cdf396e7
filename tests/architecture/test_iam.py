"""The AWS policies in deploy/iam: least privilege, held against the calls that the code makes; prefixes are enforced by moto.

Moto has no policy simulator and does not judge the conditions of a statement, so statements with one are left out where it enforces, and
what they say is looked at here as text.
"""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from moto_here import client_of, connection_to
from workflow_orchestrator.errors import DocumentNotFoundError, StorageError
from workflow_orchestrator.storage import S3Storage

ROOT = Path(__file__).resolve().parents[2]
IAM = ROOT / "deploy" / "iam"
US = "us-east-1"
ROLES = ("worker", "triggerer", "dag_processor", "scheduler", "api_server", "deployer", "approver", "eraser")
RESOURCE_POLICIES = ("storage_bucket", "releases_bucket", "key")
SERVICES = ("s3", "polly", "bedrock", "bedrock-runtime", "cloudwatch")
READERS = {"worker", "triggerer", "dag_processor", "api_server", "deployer", "eraser"}
WRITERS = {"worker", "triggerer", "dag_processor", "api_server", "deployer", "eraser"}
# Each method of a boto3 client, or of Airflow's hook over one, that the code calls: the IAM action, and who calls it.
CALLS: Mapping[str, tuple[str, set[str]]] = {
    "get_object": ("s3:GetObject", READERS),
    "head_object": ("s3:GetObject", READERS),
    "list_objects_v2": ("s3:ListBucket", READERS),
    "put_object": ("s3:PutObject", WRITERS),
    "delete_object": ("s3:DeleteObject", {"worker", "triggerer", "dag_processor", "eraser"}),
    # "This operation requires permission for the bedrock:InvokeModel action" (botocore's service model, StartAsyncInvoke and Converse).
    "start_async_invoke": ("bedrock:InvokeModel", {"worker", "triggerer"}),
    "get_async_invoke": ("bedrock:GetAsyncInvoke", {"worker", "triggerer"}),
    "get_foundation_model": ("bedrock:GetFoundationModel", {"worker"}),
    "synthesize_speech": ("polly:SynthesizeSpeech", {"worker"}),
    "put_metric_data": ("cloudwatch:PutMetricData", {"worker"}),
}
# What Airflow itself, and S3 on our behalf, call: remote logs in CloudWatch, the secrets backend, the key, MWAA's doors.
OF_AIRFLOW: Mapping[str, set[str]] = {
    "logs:CreateLogStream": {"worker", "triggerer", "dag_processor"},
    "logs:PutLogEvents": {"worker", "triggerer", "dag_processor"},
    "logs:GetLogEvents": {"api_server"},
    "secretsmanager:GetSecretValue": {"triggerer", "dag_processor", "scheduler", "api_server"},
    "kms:Decrypt": READERS,
    "kms:GenerateDataKey": WRITERS,
    "airflow:CreateWebLoginToken": {"approver"},
    "airflow:InvokeRestApi": {"approver"},
}
# Neither of the two has a resource (AWS, Service Authorization Reference).
ANYWHERE = {"polly:SynthesizeSpeech", "cloudwatch:PutMetricData"}


def policy(name: str) -> list[dict[str, Any]]:
    """The statements of a policy."""
    data = json.loads((IAM / f"{name}.json").read_text(encoding="utf-8"))
    assert data["Version"] == "2012-10-17"
    statements: list[dict[str, Any]] = data["Statement"]
    return statements


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def allowed(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each action that a policy allows, with its statement."""
    for statement in policy(name):
        if statement["Effect"] == "Allow":
            for action in listed(statement["Action"]):
                yield action, statement


def called() -> set[str]:
    """The methods of AWS clients that the code names, in the modules that have to do with AWS."""
    import botocore.session
    from botocore import xform_name

    session = botocore.session.get_session()
    known = {xform_name(name) for service in SERVICES for name in session.get_service_model(service).operation_names}
    found: set[str] = set()
    for path in (ROOT / "plugins").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if not re.search(r"botocore|providers\.amazon|aws_client", source):
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Attribute):
                found.add({"list_keys": "list_objects_v2"}.get(node.attr, node.attr))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found & known


def test_every_file_is_known() -> None:
    """A policy for each role, two bucket policies, the key's, and the life of old versions."""
    assert {path.stem for path in IAM.glob("*.json")} == {*ROLES, *RESOURCE_POLICIES, "lifecycle"}


def test_the_table_has_every_call_of_the_code() -> None:
    """And no call that nobody makes any more."""
    assert called() == set(CALLS)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_what_its_code_calls_and_nothing_else(role: str) -> None:
    """Every action that is allowed belongs to a call of this role's, and every such call is allowed."""
    needed = {action for action, roles in CALLS.values() if role in roles}
    needed |= {action for action, roles in OF_AIRFLOW.items() if role in roles}
    assert {action for action, _ in allowed(role)} == needed


@pytest.mark.parametrize("role", ROLES)
def test_nothing_is_allowed_by_a_star(role: str) -> None:
    """No action has one, and a resource that is all there is stands only where AWS knows no narrower one."""
    for action, statement in allowed(role):
        assert "*" not in action
        if "*" in listed(statement["Resource"]):
            assert action in ANYWHERE
        assert "NotAction" not in statement and "NotResource" not in statement


@pytest.mark.parametrize("role", ROLES)
def test_nothing_goes_without_tls(role: str) -> None:
    """Each role refuses it, whatever else it allows; a call that AWS makes on the role's behalf is no such call."""
    (found,) = [one for one in policy(role) if one["Sid"] == "DenyWithoutTls"]
    assert found["Effect"] == "Deny" and found["Action"] == "*" and found["Resource"] == "*"
    assert found["Condition"] == {"Bool": {"aws:SecureTransport": "false", "aws:ViaAWSService": "false"}}


@pytest.mark.parametrize("role", ROLES)
def test_keys_and_numbers_have_their_condition(role: str) -> None:
    """The key is used by S3 alone, and numbers go into one namespace, which is that of the code."""
    from workflow_orchestrator.definition.configuration import Metrics

    for action, statement in allowed(role):
        if action.startswith("kms:"):
            assert statement["Condition"] == {"StringEquals": {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}}
        if action == "cloudwatch:PutMetricData":
            assert statement["Condition"] == {"StringEquals": {"cloudwatch:namespace": Metrics("any").namespace}}


def test_who_must_not_see_content_does_not() -> None:
    """The scheduler and an approver are refused it, a deployer that of runs; a worker has no secrets and no log to read."""
    assert "s3:*" in {action for one in policy("scheduler") if one["Effect"] == "Deny" for action in listed(one["Action"])}
    assert "s3:*" in {action for one in policy("approver") if one["Effect"] == "Deny" for action in listed(one["Action"])}
    (content,) = [one for one in policy("deployer") if one["Sid"] == "NoContentOfRuns"]
    assert content["Resource"] == ["arn:aws:s3:::example-genai-platform", "arn:aws:s3:::example-genai-platform/*"]
    assert not any(action.startswith("secretsmanager:") or action == "logs:GetLogEvents" for action, _ in allowed("worker"))


@pytest.mark.parametrize("name", ["storage_bucket", "releases_bucket"])
def test_a_bucket_refuses_plain_http_and_another_key(name: str) -> None:
    """Whoever asks, its own account included. A key that is not named is the bucket's own; a bare `StringNotEquals` would refuse it."""
    statements = {one["Sid"]: one for one in policy(name)}
    assert all(one["Effect"] == "Deny" and one["Principal"] == "*" for one in statements.values())
    assert statements["DenyWithoutTls"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    other = statements["DenyAnotherKey"]["Condition"]
    assert set(other) == {"Null", "StringNotEquals"} and set(other["Null"].values()) == {"false"}


def test_history_and_releases_are_written_once() -> None:
    """The buckets themselves refuse a second write and a removal; only who erases names may rewrite an entry."""
    storage = {one["Sid"]: one for one in policy("storage_bucket")}
    once = storage["EntriesOfTheHistoryAreWrittenOnce"]
    assert once["Resource"].endswith("/history/*/0*.json") and once["Condition"]["Null"] == {"s3:if-none-match": "true"}
    assert once["Condition"]["ArnNotEquals"]["aws:PrincipalArn"].endswith("role/genai-platform-eraser")
    assert "s3:DeleteObjectVersion" in storage["NobodyRemovesHistory"]["Action"]
    releases = {one["Sid"]: one for one in policy("releases_bucket")}
    assert releases["ReleasesAreWrittenOnce"]["Condition"] == {"Null": {"s3:if-none-match": "true"}}


@pytest.fixture(scope="module")
def account(aws_address: str) -> Iterator[str]:
    """Moto's server with a bucket, and a user for each role, whose policy it enforces from then on; its address."""
    from moto import settings
    from moto.core.authorization import ActionAuthenticatorMixin

    iam, s3 = (client_of(service, aws_address, region_name=US) for service in ("iam", "s3"))
    s3.create_bucket(Bucket="example-genai-platform")
    s3.create_bucket(Bucket="example-genai-platform-releases")
    for role in ROLES:
        iam.create_user(UserName=role)
        statements = [one for one in policy(role) if "Condition" not in one]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_user_policy(UserName=role, PolicyName="own", PolicyDocument=document)
        key = iam.create_access_key(UserName=role)["AccessKey"]
        os.environ[f"AIRFLOW_CONN_IAM_{role.upper()}"] = connection_to(
            aws_address, login=key["AccessKeyId"], password=key["SecretAccessKey"], region=US
        )
    before, settings.INITIAL_NO_AUTH_ACTION_COUNT = settings.INITIAL_NO_AUTH_ACTION_COUNT, 0
    ActionAuthenticatorMixin.request_count = 0
    try:
        yield aws_address
    finally:
        settings.INITIAL_NO_AUTH_ACTION_COUNT = before
        ActionAuthenticatorMixin.request_count = 0
        for role in ROLES:
            del os.environ[f"AIRFLOW_CONN_IAM_{role.upper()}"]


def storage_of(role: str, bucket: str = "example-genai-platform") -> S3Storage:
    return S3Storage(bucket, "", f"iam_{role}")


def refused(role: str, key: str, bucket: str = "example-genai-platform") -> set[str]:
    """What of writing, reading and removing a key a role is refused."""
    storage, found = storage_of(role, bucket), set()
    for name, ask in (
        ("write", lambda: storage.write(key, b"x")), ("read", lambda: storage.read(key)), ("remove", lambda: storage.delete(key)),
    ):  # fmt: skip
        try:
            ask()
        except StorageError as error:
            assert "AccessDenied" in error.message
            found.add(name)
        except DocumentNotFoundError:
            pass
    return found


ALL = {"write", "read", "remove"}


@pytest.mark.airflow
@pytest.mark.parametrize(
    ("role", "key", "may_not"),
    [
        ("worker", "runs/w/r/script.json", set()),
        ("worker", "history/w/other.json", {"remove"}),
        ("worker", "definitions/w/a.zip", {"remove"}),
        ("worker", "inbox/w/a.pdf", {"write"}),
        ("worker", "erasures/a.json", ALL),
        ("worker", "elsewhere/a.json", ALL),
        ("triggerer", "runs/w/r/calls/a.request.json", set()),
        ("triggerer", "runs/w/r/journal/a.json", {"remove"}),
        ("triggerer", "runs/w/r/approval.json", ALL),
        ("triggerer", "history/w/other.json", ALL),
        ("dag_processor", "runs/w/r/other.json", {"remove"}),
        ("dag_processor", "inbox/w/a.pdf", ALL),
        ("api_server", "runs/w/r/video.mp4", {"write", "remove"}),
        ("api_server", "video_callbacks/a.json", {"remove"}),
        ("api_server", "inbox/w/a.pdf", ALL),
        ("scheduler", "runs/w/r/script.json", ALL),
        ("approver", "runs/w/r/approval.json", ALL),
        ("deployer", "runs/w/r/script.json", ALL),
        ("eraser", "inbox/w/a.pdf", {"write"}),
        ("eraser", "history/w/other.json", {"remove"}),
    ],
)
def test_a_role_reaches_its_own_prefixes_alone(account: str, role: str, key: str, may_not: set[str]) -> None:
    """Through the storage of the code, against a server that enforces the policy."""
    assert refused(role, key) == may_not


@pytest.mark.airflow
def test_releases_are_the_deployers(account: str) -> None:
    """It writes packages and pointers and removes nothing; a worker only reads them."""
    bucket = "example-genai-platform-releases"
    assert refused("deployer", "w/current.json", bucket) == {"remove"}
    assert refused("deployer", "platform.json", bucket) == {"write", "remove"}
    assert refused("worker", "w/releases/1.0.0.zip", bucket) == {"write", "remove"}
    assert refused("api_server", "w/current.json", bucket) == ALL


@pytest.mark.airflow
def test_what_is_not_there_is_told_from_what_is_not_allowed(account: str) -> None:
    """S3 answers 404 only to who may list the bucket; without that right the code could not tell a missing file from a refusal."""
    for role in ("worker", "triggerer", "api_server"):
        assert not storage_of(role).exists("runs/w/r/calls/none.json")
        assert list(storage_of(role).list("runs/none")) == []


def put(address: str, key: str, data: bytes) -> None:
    """What somebody outside puts into the inbox: a user of its own, who may."""
    from moto import settings

    before, settings.INITIAL_NO_AUTH_ACTION_COUNT = settings.INITIAL_NO_AUTH_ACTION_COUNT, float("inf")
    try:
        client_of("s3", address, region_name=US).put_object(Bucket="example-genai-platform", Key=key, Body=data)
    finally:
        settings.INITIAL_NO_AUTH_ACTION_COUNT = before


@pytest.mark.airflow
def test_each_role_can_do_its_work(account: str, tmp_path: Path) -> None:
    """The policies are enough: a run is opened, waits, is recorded, shown, put aside and erased; a release is deployed and rolled back."""
    from datetime import UTC, datetime

    from workflow_orchestrator import history
    from workflow_orchestrator.definition import load_workflow
    from workflow_orchestrator.inbox.quarantine import quarantine
    from workflow_orchestrator.packaging.business import build_business_package
    from workflow_orchestrator.packaging.releases import Releases
    from workflow_orchestrator.record import RunFolder, build_manifest
    from workflow_orchestrator.record.erase import erase, plan_erasure
    from workflow_orchestrator.record.waiting import close_all, note_open, open_questions
    from workflow_orchestrator.steps.request import open_request

    name = "fund_factsheet_video"
    workflow = load_workflow(ROOT / "dags" / name, ROOT / "include")
    put(account, f"inbox/{name}/iam.pdf", b"%PDF-1.7 iam")
    put(account, f"inbox/{name}/bad.pdf", b"no PDF")
    run = RunFolder(storage_of("worker"), name, "iam")
    open_request(workflow, run, {"document": "iam.pdf"}, triggered_by="eve", profile="production")
    now = datetime.now(UTC)
    note_open(run, "approve_content", ("compliance",), now, now.replace(year=now.year + 1))
    assert [one.run_id for one in open_questions(run.storage, name)] == ["iam"]
    fault = {"error": "NotAPdfError", "message": "no PDF", "classes": ["DocumentError"]}
    assert quarantine(run.storage, name, f"inbox/{name}/bad.pdf", fault)
    # A run that ran out of time is recorded by the DAG processor.
    late = RunFolder(storage_of("dag_processor"), name, "iam")
    facts = {"type": "manual", "triggered_by": "eve", "started": now.isoformat(timespec="seconds")}
    manifest = build_manifest(late, workflow, states={}, run_facts=facts, timed_out=True)
    written = late.write_json("manifest.json", manifest)
    close_all(late)
    entry = history.append(late.storage, name, lambda last: history.entry_of_run(manifest, written.sha256, last))
    assert entry.serial == 1
    assert RunFolder(storage_of("api_server"), name, "iam").read_json("manifest.json")["outcome"] == "failed"
    eraser = storage_of("eraser")
    report = erase(eraser, plan_erasure(eraser, "document", "iam.pdf"), by="dana", why="asked")
    assert report["proven"] and not list(eraser.list(f"runs/{name}/iam"))
    releases = Releases(storage_of("deployer", "example-genai-platform-releases"), name)
    for version in ("1.0.0", "1.1.0"):
        releases.deploy(build_business_package(workflow, version), by="dora")
    assert releases.rollback(None, by="dora").version == "1.0.0"
    assert Releases(storage_of("worker", "example-genai-platform-releases"), name).package("1.0.0").version == "1.0.0"
