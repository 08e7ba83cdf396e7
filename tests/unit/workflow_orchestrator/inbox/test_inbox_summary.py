"""What a scan tells: counts, money and addresses, in a note that the database takes, a message, and a whole list."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from typing import Any

import pytest

from workflow_orchestrator.inbox import DocumentResult, Summary
from workflow_orchestrator.inbox.summary import line_of, list_keys

ERROR = {"error": "NotAPdfError", "message": "it begins with 'MZ'", "classes": ["NotAPdfError", "DocumentError"]}


def result(name: str, standing: Any, cost: str = "0", **more: Any) -> DocumentResult:
    """One document."""
    return DocumentResult(f"inbox/letters/{name}", f"doc_{name}", standing, cost_usd=Decimal(cost), **more)


def link(item: DocumentResult) -> str:
    """An address."""
    return f"/dags/letters/runs/{item.run_id}"


def summary(*results: DocumentResult, **more: Any) -> Summary:
    """A scan."""
    return Summary("letters", "Letters", "2026-11-24 02:00:00", results, **more)


NIGHT = summary(
    *(result(f"w{number}.pdf", "waiting", "0.05", asks=("approve",)) for number in range(8)),
    result("done.pdf", "finished", "0.02"),
    result("half.pdf", "degraded", "0.01"),
    result("bad.pdf", "quarantined", error=ERROR, quarantine="quarantine/letters/bad.pdf"),
    result("worse.pdf", "failed", error={"error": "StorageError", "message": "away", "classes": []}),
    result("slow.pdf", "at_work"),
)


def test_the_headline_counts_everything_in_one_sentence() -> None:
    """What needs a person stands first; the money stands there."""
    assert NIGHT.headline() == (
        "13 documents: 8 wait for a person, 1 finished, 1 finished with parts missing, 1 in quarantine, 1 failed, "
        "1 not yet through; cost USD 0.43"
    )


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (summary(), "No new document"),
        (summary(failed_before=("a.pdf",)), "No new document; 1 failed before"),
        (summary(remark="The scan was missed"), "The scan was missed"),
        (summary(result("a", "not_started"), later=3, only_listed=True), "Only listed: 1 document would get a run, 3 more over the limit"),
        (summary(result("a", "finished"), same=1), "1 document: 1 finished; cost USD 0; 1 file is a copy of another"),
        (summary(put_aside=(("a.pdf", "too large"),)), "1 document: 1 in quarantine; cost USD 0"),
        (summary(result("a", "finished", "0.00312")), "1 document: 1 finished; cost USD 0.0031"),
        (summary(result("a", "finished", "0.2", priced=False)), "1 document: 1 finished; cost USD 0.20, and 1 run of unknown price"),
        (summary(result("a", "not_started")), "1 document: 1 not started, for want of time; cost USD 0"),
    ],
)  # fmt: skip
def test_headlines(made: Summary, says: str) -> None:
    """Each way a night can go, in words."""
    assert made.headline() == says


def test_nothing_new_is_no_news() -> None:
    """A channel is not told each night that nothing happened; a missed scan and an old failure are news."""
    assert not summary().news
    assert summary(remark="missed").news
    assert summary(failed_before=("a.pdf",)).news


@pytest.mark.parametrize("limit", [300, 500, 1000])
def test_a_note_fits_its_column_and_leads_to_the_rest(limit: int) -> None:
    """However many documents there were: the headline is whole, the last line is the address of the list."""
    many = summary(*(result(f"{'x' * 60} {number}.pdf", "waiting", asks=("approve",)) for number in range(1000)))
    note = many.note(link, "/list", limit)
    assert len(note) <= limit
    assert note.startswith("**1000 documents: 1000 wait for a person; cost USD 0**")
    assert note.endswith("[The whole list](/list)")
    shown = note.count("](/dags/")
    assert f"… and {1000 - shown} more" in note


def test_a_note_that_has_room_shows_every_document() -> None:
    """With its address, and nothing about more."""
    note = NIGHT.note(link, "/list", 10_000)
    assert note.count("](/dags/letters/runs/") == 13
    assert "more" not in note
    assert "[bad.pdf](/dags/letters/runs/doc_bad.pdf): in quarantine. NotAPdfError: it begins with 'MZ'" in note


def test_a_file_s_name_forges_nothing() -> None:
    """It comes from outside: no link, no heading, no line of its own."""
    forged = DocumentResult("inbox/letters/](http:evil) [x\n# free.pdf", "doc_1", "finished")
    line = line_of(forged, link).markdown()
    assert "\\](http:evil)" in line
    assert "\n" not in line
    # The only link that Markdown still finds is ours.
    assert [address for _, address in re.findall(r"(?<!\\)\[((?:\\.|[^\]\\])*)\]\(([^)]*)\)", line)] == [link(forged)]


def test_a_message_has_the_addresses_in_plain_words() -> None:
    """Fifty documents at most; the list has all."""
    many = summary(*(result(f"{number}.pdf", "waiting", asks=("approve",)) for number in range(60)))
    subject, text = many.message(lambda item: f"http://airflow{link(item)}", "http://airflow/list")
    assert subject == "Letters: 60 documents: 60 wait for a person; cost USD 0"
    assert "- 0.pdf: waits for a person (approve) http://airflow/dags/letters/runs/doc_0.pdf" in text
    assert text.count("http://airflow/dags/") == 50
    assert "… and 10 more" in text
    assert text.endswith("The whole list: http://airflow/list")


def test_the_list_holds_every_document_as_data_and_as_a_page() -> None:
    """With counts, money and addresses."""
    data = NIGHT.to_json(link)
    assert data["counts"]["waiting"] == 8
    assert data["cost_usd"] == "0.43"
    assert [item["document"] for item in data["documents"]] == [item.document for item in NIGHT.results]
    assert NIGHT.markdown(link).count("\n- ") == 13
    assert summary().markdown(link).endswith("Nothing to list.\n")


def test_a_list_is_named_by_its_workflow_and_its_time() -> None:
    """In a form that every storage takes."""
    assert list_keys("letters", "2026-11-24 02:00:00") == (
        "nightly/letters/2026-11-24_020000.json",
        "nightly/letters/2026-11-24_020000.md",
        "nightly/letters/2026-11-24_020000.csv",
    )
    assert list_keys("letters", "manual__1", "batch")[0] == "batch/letters/manual__1.json"


def test_a_table_for_a_spreadsheet_has_a_row_for_every_document_and_no_formula() -> None:
    """Outcome, error and cost of each; a name that begins like a formula is text, and so are commas and quotes."""
    failed = result("=cmd|'x'!A1.pdf", "failed", "0.25", error=ERROR, priced=False)
    told = Summary(
        "letters", "Letters", "2026-11-24 02:00:00",
        (failed, result('a "b", c.pdf', "waiting", asks=("release",)), result("d.pdf", "had_before")),
        put_aside=(("bad.pdf", "NotAPdfError: no PDF"),), left_out=(("+odd.pdf", "away"),), kind="batch",
    )  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(told.csv(link))))
    assert [(row["document"], row["outcome"]) for row in rows] == [
        ("bad.pdf", "quarantined"), ("'+odd.pdf", "left_out"), ("inbox/letters/=cmd|'x'!A1.pdf", "failed"),
        ('inbox/letters/a "b", c.pdf', "waiting"), ("inbox/letters/d.pdf", "had_before"),
    ]  # fmt: skip
    assert (rows[2]["error"], rows[2]["cost_usd"], rows[2]["whole_cost_known"]) == ("NotAPdfError", "0.25", "no")
    assert rows[3]["asks"] == "release" and rows[3]["link"] == "/dags/letters/runs/doc_a \"b\", c.pdf"
    assert told.to_json(link)["started"] == told.when and "batch of" in told.markdown(link)
    assert "1 had its video before" in told.headline()


def test_a_document_without_a_run_has_no_address() -> None:
    """One that was never started, and one that the scan itself put aside."""
    assert line_of(result("a.pdf", "not_started"), link).address == ""
    assert line_of(DocumentResult("inbox/letters/a.pdf", "", "failed", ERROR), link).address == ""
