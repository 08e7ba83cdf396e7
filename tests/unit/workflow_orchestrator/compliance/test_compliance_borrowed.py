"""How much of a script is taken over from its source: what is quoted, what is borrowed, and what is neither."""

from __future__ import annotations

from typing import Any

import pytest

from workflow_orchestrator.compliance.borrowed import measured, own_words
from workflow_orchestrator.compliance.case import Case, Facts
from workflow_orchestrator.compliance.model import Outcome, Rule, SourceStatus
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.script import Script, Segment, Sentence, SlideKind
from workflow_orchestrator.values import Evidence, Kind, Origin, Value, ValueSet

SOURCE = "We read each page twice, with two readers that do not know of each other, and keep what both of them found on it."  # 24 words
TITLE = "Two Readers Are Better Than One Reader of Dense Pages"  # 10 words
METHOD = Value("method", Kind.PARAGRAPH, SOURCE, Evidence(1, SOURCE), Origin.OFFLINE)
NAME = Value("paper_title", Kind.TEXT, TITLE, Evidence(1, TITLE), Origin.OFFLINE)


def case(*says: str | tuple[str, str], values: tuple[Value, ...] = (METHOD, NAME), document: str | None = f"{TITLE}\n{SOURCE}") -> Case:
    """A script of these sentences; a pair is a sentence with the reference that it tells."""
    told = [(one, "") if isinstance(one, str) else one for one in says]
    sentences = tuple(Sentence(text, text, (ref,) if ref else ()) for text, ref in told)
    script = Script("en", "T", "", "", "", "", (Segment("approach", SlideKind.TEXT, "H", sentences),))
    return Case(script, ValueSet(values), FieldSet([]), (), "en", ("any",), "retail", facts=Facts(None, document))


def rule(**check: Any) -> Rule:
    return Rule(
        "R", "T", ("any",), ("retail",), (), "house", SourceStatus.VERIFIED, Outcome.NEEDS_APPROVAL, {"kind": "always"},
        {"kind": "own_words", "longest_run": 25, **check},
    )  # fmt: skip


def shares(*says: str | tuple[str, str], **more: Any) -> tuple[int, int, int]:
    """The words in all, those quoted, and those borrowed."""
    measure = measured(case(*says, **more))
    assert measure is not None
    return measure.words, measure.quoted, measure.borrowed


def test_a_passage_with_its_reference_is_quoted() -> None:
    """The same words without it are borrowed."""
    assert shares((SOURCE, "method")) == (24, 24, 0)
    assert shares(SOURCE) == (24, 0, 24)
    assert shares((f"They write: {SOURCE}", "method")) == (26, 0, 24)  # words of our own around it make it no quotation


@pytest.mark.parametrize(("words", "borrowed"), [(7, 0), (8, 8), (12, 12)])
def test_a_run_counts_from_eight_words(words: int, borrowed: int) -> None:
    """Capitals and stops apart; shorter runs are how everybody speaks."""
    run = " ".join(SOURCE.split()[:words])
    assert shares(f"The authors say this: {run.upper()}!") == (4 + words, 0, borrowed)


def test_a_title_is_named_and_not_borrowed() -> None:
    """A name that stands in a sentence as a value is no part of the measure."""
    assert shares((f"This is about the paper {TITLE}.", "paper_title")) == (5, 0, 0)
    assert shares(f"This is about the paper {TITLE}.") == (15, 0, 10)


def test_shares_are_of_what_they_say() -> None:
    """What is borrowed, of what is not quoted; what is quoted, of all."""
    run = " ".join(SOURCE.split()[:8])
    measure = measured(case((SOURCE, "method"), f"They say {run}."))
    assert measure is not None
    assert (measure.percent, round(measure.quoted_percent, 1)) == (80.0, 70.6)


def test_limits_are_those_of_the_rule() -> None:
    """At the limit is allowed, above it is said with both figures; a limit that is not given is none."""
    run = " ".join(SOURCE.split()[:8])
    script = case((SOURCE, "method"), f"They say {run}.")
    assert list(own_words(rule(at_most_percent=80, quoted_at_most_percent=71), script)) == []
    assert list(own_words(rule(), script)) == []
    borrowed, quoted = own_words(rule(at_most_percent=79, quoted_at_most_percent=70), script)
    assert "80 %" in borrowed.message and "79 % are allowed" in borrowed.message
    assert "71 % of the words are quoted" in quoted.message


def test_a_long_run_is_named_with_its_slide() -> None:
    """Whoever releases sees where it stands, and in which words."""
    (complaint,) = own_words(rule(longest_run=20), case(SOURCE))
    assert (complaint.where, complaint.words) == ("approach", SOURCE)


def test_without_a_source_a_person_decides() -> None:
    """No text and no passage to compare with."""
    (complaint,) = own_words(rule(), case("Some words.", values=(), document=None))
    assert complaint.outcome is Outcome.NEEDS_APPROVAL


def test_a_script_of_nothing_borrows_nothing() -> None:
    """No word, no share."""
    measure = measured(case())
    assert measure is not None
    assert (measure.percent, measure.quoted_percent) == (0.0, 0.0)
