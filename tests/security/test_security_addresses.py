"""Where a document may lie: inside the storage and nowhere else, whatever a conf says and whatever somebody put into the inbox."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from workflow_orchestrator.definition.conf import LARGEST_CONF, check_conf
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import (
    ConfError,
    DocumentNotFoundError,
    DocumentOutsideStorageError,
    OrchestratorError,
    RunInputError,
)
from workflow_orchestrator.record import RunFolder, run_key_of
from workflow_orchestrator.steps.request import open_request
from workflow_orchestrator.storage import LONGEST_KEY, LocalStorage, S3Storage, Storage, document_key, key_of

NAME = "fund_factsheet_video"
# Other hosts, schemes, buckets, users of an address, ways up, ways to write them, and what no file can be called.
OUTSIDE = [
    "/etc/passwd", "//server/share/a.pdf", "~/a.pdf", "file:///etc/passwd", "FILE:///etc/passwd", "file://server/etc/passwd",
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/", "http://[fd00:ec2::254]/latest/", "https://evil.example/a.pdf",
    "http://127.0.0.1:8080/api/v2/connections", "gopher://127.0.0.1:6379/_FLUSHALL", "ftp://evil.example/a.pdf", "jar:file:///a!/b",
    "s3://other/inbox/a.pdf", "s3://good@evil/a.pdf", "s3://good.evil/a.pdf", "s3://goodx/pre/inbox/a.pdf", "s3://good/prefix/a.pdf",
    "gs://good/pre/a.pdf", "../a.pdf", "..", "inbox/../../etc/passwd", f"inbox/{NAME}/../../../x", "runs/../../x", "a/../../../b",
    "..\\..\\windows\\win.ini", "\\\\evil\\share\\a.pdf", "C:\\a.pdf", "a.pdf\0", "a.pdf\0.txt", "\ud800.pdf", "", "   ",
    "a" * (LONGEST_KEY + 1), "ä" * (LONGEST_KEY // 2 + 1),
]  # fmt: skip
# Names that lead nowhere: they are names of files in the inbox, and no file is called so.
LITERAL = [
    "%2e%2e/%2e%2e/etc/passwd", "..%2f..%2fetc%2fpasswd", "%252e%252e/x", "..;/x.pdf", "．．/x.pdf", "‥/x", "file:/etc/passwd", "s3:/x",
    "data:application/pdf;base64,JVBERg==", "$HOME/a.pdf", "~root/a.pdf", "|id", "-rf", "`id`.pdf", "$(id).pdf", "a.pdf; id", "*",
    "{{ conf.get('core', 'fernet_key') }}", "{% include '/etc/passwd' %}", "\u202ea.pdf", "a.pdf\r\nX: y", "CON", ".", "inbox", "x" * 900,
]  # fmt: skip


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """A folder, or a bucket that nobody asks: what lies outside is found out before any request."""
    return LocalStorage(tmp_path / "store") if request.param == "folder" else S3Storage("good", "pre", "aws_nobody")


@pytest.mark.parametrize("given", OUTSIDE, ids=lambda given: ascii(given[:40]))
def test_what_lies_outside_is_refused_before_anything_is_asked(storage: Storage, given: str) -> None:
    """By name, without a retry, and without a connection to anybody."""
    with pytest.raises(DocumentOutsideStorageError) as refused:
        key_of(storage, NAME, given)
    assert not refused.value.retryable
    assert "a" * 200 not in refused.value.message


@pytest.mark.parametrize("given", LITERAL, ids=lambda given: ascii(given[:40]))
def test_a_name_is_no_code_and_no_address(tmp_path: Path, given: str) -> None:
    """It is not decoded, expanded, rendered or handed to a shell: a file of the inbox is called so, or there is none."""
    storage = LocalStorage(tmp_path / "store")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text("root")
    storage.write(f"inbox/{NAME}/a.pdf", b"%PDF")
    with pytest.raises(DocumentNotFoundError):
        document_key(storage, NAME, given)


@pytest.mark.parametrize("climb", ["../x", "%2e%2e/x", "inbox/%2e%2e/%2e%2e/x", "inbox/..%2f..%2fx", "%2Fetc/passwd", "a%00.pdf", "a%5cb"])
def test_an_address_inside_that_climbs_out_is_refused(tmp_path: Path, climb: str) -> None:
    """An address is decoded once, and what comes of it is looked at."""
    storage = LocalStorage(tmp_path / "store")
    (tmp_path / "x").write_bytes(b"%PDF secret")
    with pytest.raises((DocumentOutsideStorageError, DocumentNotFoundError)):
        document_key(storage, NAME, f"{storage.uri}/{climb}")
    with pytest.raises(DocumentOutsideStorageError):
        document_key(storage, NAME, f"{storage.uri}x/a.pdf")


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """The inbox of a storage, with one document."""
    LocalStorage(tmp_path / "store").write(f"inbox/{NAME}/a.pdf", b"%PDF")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x.pdf").write_bytes(b"%PDF secret")
    return tmp_path / "store" / "inbox" / NAME


def test_what_is_no_plain_file_is_not_read(tmp_path: Path, inbox: Path) -> None:
    """Links that leave, links in a circle, folders, pipes and devices: each ends in a named error, at once."""
    storage = LocalStorage(tmp_path / "store")
    (inbox / "link.pdf").symlink_to(tmp_path / "outside" / "x.pdf")
    (inbox / "folder").symlink_to(tmp_path / "outside")
    (inbox / "zero.pdf").symlink_to("/dev/zero")
    (inbox / "circle.pdf").symlink_to(inbox / "circle.pdf")
    (inbox / "one.pdf").symlink_to(inbox / "two.pdf")
    (inbox / "two.pdf").symlink_to(inbox / "one.pdf")
    (inbox / "directory.pdf").mkdir()
    os.mkfifo(inbox / "pipe.pdf")
    for name in ("link", "folder/x", "zero", "circle", "one", "directory", "pipe", "a.pdf/below"):
        for ask in (lambda key: document_key(storage, NAME, key), lambda key: storage.read(f"inbox/{NAME}/{key}")):
            with pytest.raises(RunInputError):
                ask(f"{name}.pdf")
    assert storage.read(f"inbox/{NAME}/a.pdf") == b"%PDF"


def test_a_pipe_holds_nobody_up(tmp_path: Path, inbox: Path) -> None:
    """A file that became a pipe after it was looked at is not waited for."""
    os.mkfifo(inbox / "late.pdf")
    done = threading.Event()

    def read() -> None:
        try:
            LocalStorage(tmp_path / "store").read(f"inbox/{NAME}/late.pdf")
        except DocumentNotFoundError:
            done.set()

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    assert done.wait(20)


def test_a_document_that_changes_while_a_run_goes_on_changes_nothing(workflow: Workflow, tmp_path: Path, inbox: Path) -> None:
    """The run works on its copy, whose hash was taken of the same bytes."""
    run = RunFolder(LocalStorage(tmp_path / "store"), NAME, "r1")
    request = open_request(workflow, run, {"document": "a.pdf"}, triggered_by="eve", profile="production")
    (inbox / "a.pdf").write_bytes(b"%PDF another")
    again = open_request(workflow, run, {"document": "a.pdf"}, triggered_by="eve", profile="production")
    assert run.read("source.pdf") == b"%PDF" and again["source"]["sha256"] == request["source"]["sha256"]


HUGE: dict[str, Any] = {
    "a value": {"document": "a" * 5_000_000},
    "a name": {"x" * 5_000_000: 1},
    "names": {f"k{number}": number for number in range(100_000)},
    "a list": {"document": "a.pdf", "jurisdictions": ["mars"] * 60_000},
}


@pytest.mark.parametrize("conf", HUGE.values(), ids=HUGE.keys())
def test_a_huge_conf_is_refused_in_a_few_words(workflow: Workflow, conf: dict[str, Any]) -> None:
    """Airflow takes five megabytes; the error that goes into logs, manifest and note does not repeat them."""
    with pytest.raises(ConfError, match=f"more than {LARGEST_CONF:,}") as refused:
        check_conf(workflow, conf)
    assert len(refused.value.message) < 500 and len(str(refused.value.to_json())) < 1_000


@pytest.mark.parametrize(
    "conf", [{f"k{number}": 1 for number in range(5_000)}, {"document": "a.pdf", "jurisdictions": ["mars"] * 20_000}], ids=["names", "list"]
)
def test_many_problems_are_told_in_part(workflow: Workflow, conf: dict[str, Any]) -> None:
    """A conf under the limit can still be nothing but problems; so many are told as anybody reads."""
    with pytest.raises(ConfError) as refused:
        check_conf(workflow, conf)
    assert len(refused.value.message) < 20_000


def test_a_conf_that_is_no_mapping_or_nests_without_end_is_refused(workflow: Workflow) -> None:
    """With the same named error as any other."""
    nested: Any = []
    for _ in range(100_000):
        nested = [nested]
    for conf in ([1], "a.pdf", {"document": nested}, {"document": float("nan")}, {"document": None}, {"__class__": {}}):
        with pytest.raises(ConfError):
            check_conf(workflow, conf)  # type: ignore[arg-type]
    # Taken apart again piece by piece: Python would come to its depth too.
    while nested:
        nested = nested.pop()


RUN_IDS = [
    "../../../etc/passwd", "..", ".", "", "/", "a/b", "a\\b", "a\0b", "a\nb", "{{ 7 * 7 }}", "～", "日本語", "\u202e", "-rf", "a" * 300,
    "scheduled__2026-11-24T02:00:00+00:00", "CON", "a:b", "ﬁ", "e\u0301", "é",
]  # fmt: skip


@pytest.mark.parametrize("run_id", RUN_IDS, ids=ascii)
def test_a_run_s_id_names_one_folder_below_its_workflow(tmp_path: Path, run_id: str) -> None:
    """Whatever it holds: one plain part of a path, no longer than a file system takes."""
    key = run_key_of(run_id)
    assert key and "/" not in key and key.isascii() and not key.startswith(".") and len(key) < 140
    storage = LocalStorage(tmp_path)
    RunFolder(storage, NAME, run_id).write("a.json", b"{}")
    assert list(storage.list(f"runs/{NAME}")) == [f"runs/{NAME}/{key}/a.json"]


def test_no_two_run_ids_share_a_folder() -> None:
    """Also where they differ only in what a folder's name cannot hold."""
    assert len({run_key_of(run_id) for run_id in RUN_IDS}) == len(RUN_IDS)
    assert run_key_of(run_key_of("a/b")) != run_key_of("a/b")


@pytest.mark.parametrize("name", ["../request.json", "request.json/..", "each/../../x", "slides/../../../x.png", "a\0b", "a\\b"])
def test_no_file_of_a_run_leads_out_of_it(tmp_path: Path, name: str) -> None:
    """Neither for reading nor for writing."""
    run = RunFolder(LocalStorage(tmp_path), NAME, "r1")
    for ask in (lambda: run.write(name, b"x"), lambda: run.read(name), lambda: run.exists(name), lambda: run.delete(name)):
        with pytest.raises(OrchestratorError):
            ask()
