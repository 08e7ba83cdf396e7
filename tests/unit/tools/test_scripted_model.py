"""The scripted model: it points to words that the request holds, writes around places that the request offers, and knows nothing else."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).resolve().parents[3] / "scripts" / "lib"))

import scripted_reading
from scripted_model import MODEL, CannotAnswerError, ScriptedModel, answer
from scripted_papers import read_paper
from scripted_writing import Task, write

GUIDE = """\
- company (text): The name of the company that reports. Printed as: .
- period_end (date): The last day. Printed as: Ended, Period ended.
- revenue (money): Total revenue. Printed as: Total revenue, Net sales.
  key 3m: Three months ended, Quarter ended
  key 1y: Year ended
  under: Statements of income
- revenue_prior (money): The year before. Printed as: Total revenue, Net sales.
  key 3m: Three months ended, Quarter ended
  key 1y: Year ended
- diluted_eps (money): Earnings of a share. Printed as: Diluted.
  key 3m: Three months ended, Quarter ended
  key 1y: Year ended
- diluted_shares (integer): Shares. Printed as: Diluted.
  key 3m: Three months ended, Quarter ended
  key 1y: Year ended
"""
REPORT = """\
=== page 1 ===
Orlanda Corporation reports its quarter. Orlanda Corporation is a company.
the quarter ended
June 30, 2026.
=== page 4 ===
Statements of income
   Three Months Ended
   2026   2025
Net sales   $ 1,002.4   $ 940.1
Total revenue (1)   $ 1,084.2   $ 1,001.7
Diluted   $   1.11   $   1.02
Diluted   97.6   98
"""
USER = """\
Slides:
opening (title slide, headed '{company}') shows {period_end}
quarter (figures slide, headed 'The quarter') shows {revenue.3m}, {diluted_eps.3m}
adjusted (figures slide, headed 'As reported') shows {diluted_eps.3m}, {non_gaap_eps.3m}
limits (text slide, headed 'Limitations') shows no values of its own

Values (place = meaning: what will be shown):
{company} = Company: Orlanda Corporation
{period_end} = Period ended: 30 June 2026
{revenue.3m} = Revenue, quarter: US$1,084.2 million
{diluted_eps.3m} = Diluted earnings per share, quarter: US$1.11
{non_gaap_eps.3m} = Adjusted earnings per share, quarter: US$1.27
"""


def read(text: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {(one["field"], one["key"]): one for one in scripted_reading.read(f"Fields:\n{GUIDE}\n{text}")}


def test_a_statement_is_read_by_rows_and_columns() -> None:
    """The total before its parts, this year before the last, earnings of a share by their cents; page and label are the printed ones."""
    found = read(REPORT)
    assert found["company", ""]["quote"] == "Orlanda Corporation"
    assert found["period_end", ""] == {"field": "period_end", "key": "", "quote": "June 30, 2026", "page": 1, "label": "ended"}
    assert found["revenue", "3m"] == {"field": "revenue", "key": "3m", "quote": "1,084.2", "page": 4, "label": "Total revenue"}
    assert found["revenue_prior", "3m"]["quote"] == "1,001.7"
    assert (found["diluted_eps", "3m"]["quote"], found["diluted_shares", "3m"]["quote"]) == ("1.11", "97.6")


def test_nothing_is_found_where_nothing_stands() -> None:
    """It has no answer of its own: other words on the page are another answer, and no words are none."""
    assert read("=== page 1 ===\nNothing of it.") == {}
    assert read(REPORT.replace("1,084.2", "2,222.2"))["revenue", "3m"]["quote"] == "2,222.2"


def test_a_paper_is_read_from_the_lines_over_its_abstract() -> None:
    """Title, authors one by one, and whole sentences with broken words put together."""
    lines = [
        "Two Readers", "Ada Muster, Jan Beispiel", "University of Somewhere", "Abstract", "We present a method that reads each page twi-",
        "ce by two readers. The results show that it finds more of the pages.", "1 Introduction", "Pages are read.",
    ]  # fmt: skip
    found = {(one["field"], one["key"]): one["quote"] for one in read_paper([(1, line) for line in lines], {"main_claim": 8})}
    assert found["paper_title", ""] == "Two Readers"
    assert (found["authors", "1"], found["authors", "2"]) == ("Ada Muster", "Jan Beispiel")
    assert found["method", ""] == "We present a method that reads each page twice by two readers."
    assert found["abstract", ""].endswith("finds more of the pages.")
    assert ("main_claim", "") not in found  # its sentence has more words than the field takes


def test_a_title_in_small_capitals_is_written_as_one_writes_it() -> None:
    """Its words stay those of the page; where the first letters stand apart, they are put together."""
    lines = ["R EADERS 2 FOR L AYOUTS", "Ada Muster, Jan Beispiel", "A BSTRACT", "We present a method for reading pages."]
    found = {(one["field"], one["key"]): one["quote"] for one in read_paper([(1, line) for line in lines], {})}
    assert found["paper_title", ""] == "Readers 2 For Layouts"


def segments(language: str = "English", refused: str = "") -> dict[str, list[str]]:
    said = write(Task.of(f"- Write in {language}: short sentences.", USER), refused)
    return {str(one["id"]): list(one["sentences"]) for one in said}  # type: ignore[call-overload]


def test_sentences_stand_around_the_places_that_are_offered() -> None:
    """No figure is typed; what is adjusted comes after what is reported, with its reconciliation; limits are spoken of."""
    told = segments()
    assert told["opening"] == ["This video is about {company}."]
    assert told["quarter"][0] == "Revenue, {revenue.3m:key}: {revenue.3m}."
    assert told["adjusted"][0].index("{diluted_eps.3m}") < told["adjusted"][0].index("{non_gaap_eps.3m}")
    assert "reconciliation" in told["adjusted"][1] and "limitations" in told["limits"][0]
    assert not any(character.isdigit() for text in told["quarter"] for character in text.replace("3m", ""))


@pytest.mark.parametrize(("language", "words"), [("German", "In diesem Video geht es um"), ("French", "Cette vidéo porte sur")])
def test_it_writes_in_the_language_that_is_asked_for(language: str, words: str) -> None:
    """The language stands in the request."""
    assert segments(language)["opening"][0].startswith(words)


def test_a_sentence_that_was_refused_is_left_out() -> None:
    """A second try is another answer, and no slide is left without words."""
    refused = "That answer was refused:\n  quarter.sentences[0].shown: 'x' is wrong\n  opening.sentences[0]: 'y' is wrong"
    told = segments(refused=refused)
    assert len(told["quarter"]) == len(segments()["quarter"]) - 1
    assert told["opening"] == ["These are the facts that the document prints."]


def request(properties: list[str], *messages: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {name: {} for name in properties}}
    return {
        "model": MODEL,
        "messages": [{"role": "user", "content": text} for text in messages],
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}},
    }


def test_it_answers_over_http_as_an_openai_compatible_server_does() -> None:
    """A completion with usage; what it cannot do is a 400 that says so."""
    with ScriptedModel() as model:
        body = _post(model.url, request(["values"], "system", f"{GUIDE}\n{REPORT}"))
        assert json.loads(body["choices"][0]["message"]["content"])["values"] == model.answers[0]["values"] != []
        assert body["model"] == MODEL and body["usage"]["total_tokens"] > 100
        with pytest.raises(urllib.error.HTTPError) as caught:
            _post(model.url, request(["verdict"], "system", "user"))
        assert caught.value.code == 400 and "reads documents and writes narrations" in caught.value.read().decode()
        assert json.loads(model.connection)["host"] == model.url
    with pytest.raises(CannotAnswerError):
        answer(request([], "system", "user"))


def _post(url: str, body: dict[str, Any]) -> Any:
    data = json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{url}/chat/completions", data), timeout=10) as reply:
        return json.loads(reply.read())
