"""How the benchmark of the offline reader judges: what counts as right, as wrong, as missed, and as not judged."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from paper_sample import ROOT

from workflow_orchestrator.values import Evidence, Kind, Origin, Value

sys.path.append(str(ROOT / "benchmarks"))

from extraction_truth import Score, judge, load  # how a value is judged is the benchmark's


def scored(tmp_path: Path, truth: dict[str, Any], *values: Value) -> tuple[Score, list[str]]:
    path = tmp_path / "some.json"
    path.write_text(json.dumps(truth), encoding="utf-8")
    return judge("some", values, load(path))


def percent(ref: str, figure: str, page: int = 1) -> Value:
    field, _, key = ref.partition(".")
    return Value(field, Kind.PERCENT, Decimal(figure), Evidence(page, figure), Origin.OFFLINE, key=key, unit="%")


ONE_MONTH = {"perf_1m": {"value": -2.43, "page": 1, "literal": "-2.43"}}


def test_a_figure_is_right_with_its_value_and_page(tmp_path: Path) -> None:
    """The same figure on another page, and another figure on the page, are wrong and named."""
    right, missed = scored(tmp_path, ONE_MONTH, percent("monthly_performance", "-2.43"))
    assert (right.right, right.wrong, right.precision, right.recall, right.coverage, missed) == (1, 0, 1, 1, 1, [])
    for value in (percent("monthly_performance", "-2.43", page=2), percent("monthly_performance", "2.43")):
        score, missed = scored(tmp_path, ONE_MONTH, value)
        assert (score.right, score.wrong, score.recall, missed) == (0, 1, 0, ["perf_1m"])
        assert "monthly_performance" in score.wrongs[0]


def test_what_the_document_does_not_have_must_not_be_read(tmp_path: Path) -> None:
    """A value where the truth says null is wrong; one that the truth does not speak of is not judged."""
    score, _ = scored(tmp_path, {"ter": None}, percent("ongoing_charges", "0.75"), percent("volatility", "9.1"))
    assert (score.wrong, score.unjudged, score.printed) == (1, 1, 0)


def test_one_figure_that_may_be_of_two_bases(tmp_path: Path) -> None:
    """A person's "3 years" is the cumulative or the annualised return; the other one beside it is no error."""
    truth = {"ret_3y": {"value": 14.66, "page": 1, "literal": "14.66"}}
    both = percent("performance_data.3y", "50.73"), percent("performance_annualised.3y", "14.66")
    score, _ = scored(tmp_path, truth, *both)
    assert (score.right, score.wrong) == (1, 0)
    assert scored(tmp_path, truth, both[0])[0].wrong == 1


def test_what_is_only_drawn_is_counted_apart(tmp_path: Path) -> None:
    """A risk class without printed words is no miss of a reader of text."""
    truth = {"risk_level": {"value": 5, "page": 1, "literal": None, "graphic": True}}
    score, missed = scored(tmp_path, truth)
    assert (score.printed, score.drawn, score.recall, missed) == (0, 1, 1, ["risk_level"])


def test_a_paragraph_is_judged_by_its_beginning(tmp_path: Path) -> None:
    """Of a strategy the truth has the first sentence; another paragraph is wrong."""
    truth = {"strategy": {"value": None, "page": 1, "literal": "The fund seeks growth."}}
    for text, right in (("The fund seeks growth. It holds shares.", 1), ("It holds shares.", 0)):
        value = Value("fund_strategy", Kind.PARAGRAPH, text, Evidence(1, text), Origin.OFFLINE)
        score, _ = scored(tmp_path, truth, value)
        assert (score.right, score.wrong) == (right, 1 - right)


def test_the_truth_of_a_sample_is_complete(tmp_path: Path) -> None:
    """What the truth of a sample does not name is wrong."""
    truth = {"values": {"ongoing_charges": {"value": "0.75", "page": 1, "quote": "0.75%"}}}
    score, _ = scored(tmp_path, truth, percent("ongoing_charges", "0.75"), percent("volatility", "9.1"))
    assert (score.right, score.wrong, score.unjudged) == (1, 1, 0)


def test_one_printed_value_under_two_names_counts_once(tmp_path: Path) -> None:
    """A step that a person wrote down as `sri` and as `risk_level`, and a year given twice, are one value each."""
    step = {"value": 3, "page": 1, "literal": "3"}
    year = {"value": 2.5, "page": 1, "literal": "2.5"}
    truth = {"sri": step, "risk_level": step, "calendar_years": {"2025": year}, "cal_2025": year}
    score, missed = scored(tmp_path, truth, percent("calendar_years.2025", "2.5"))
    assert (score.right, score.printed, missed) == (1, 2, ["sri"])
    words = {"sri": step, "risk_level": {"value": "High", "page": 1, "literal": "High"}}
    assert scored(tmp_path, words)[0].printed == 2


def test_a_value_that_stands_on_two_pages(tmp_path: Path) -> None:
    """A figure is right on each page that the truth lists, and on no other."""
    truth = {"perf_1m": {"value": -2.43, "page": 1, "literal": "-2.43", "also_pages": [3]}}
    judged = [scored(tmp_path, truth, percent("monthly_performance", "-2.43", page=page))[0] for page in (1, 2, 3)]
    assert [(score.right, score.wrong) for score in judged] == [(1, 0), (0, 1), (1, 0)]


def test_a_name_that_is_printed_in_two_ways(tmp_path: Path) -> None:
    """A wording under `also` is as right as the value; another one is wrong."""
    truth = {"share_class": {"value": "LD", "page": 1, "literal": "LD", "also": ["Anteilklasse LD"]}}
    for text, right in (("LD", 1), ("Anteilklasse LD", 1), ("LC", 0)):
        value = Value("share_class", Kind.TEXT, text, Evidence(1, text), Origin.OFFLINE)
        assert scored(tmp_path, truth, value)[0].right == right
