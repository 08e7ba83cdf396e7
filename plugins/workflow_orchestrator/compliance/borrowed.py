"""How many words of a script are those of the source: runs that are taken over, and sentences that are quoted.

    words       of all sentences that are written, names and titles that stand in them as values left out
    quoted      words of sentences that are a passage of the source, whole, and are told as one: they carry its reference
    borrowed    words of the other sentences that stand in a run of eight words or more which the source has too
    longest     the longest such run, of any sentence, up to a length that is asked for

Eight words are the length from which a run is hardly one by chance; it is a measure of this house, not of a law.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workflow_orchestrator.compliance.case import Case, Complaint
from workflow_orchestrator.compliance.model import Outcome, Rule
from workflow_orchestrator.script.model import Sentence
from workflow_orchestrator.values import Kind

RUN = 8  # words
_WORD = re.compile(r"[^\W_]+")

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Borrowed:
    """The measure of one script, in words."""

    source: int
    words: int
    quoted: int
    borrowed: int

    @property
    def percent(self) -> float:
        """The share of what is borrowed without being quoted, of what is not quoted."""
        own = self.words - self.quoted
        return 100 * self.borrowed / own if own else 0.0

    @property
    def quoted_percent(self) -> float:
        """The share of what is quoted, of all."""
        return 100 * self.quoted / self.words if self.words else 0.0


def measured(case: Case) -> Borrowed | None:
    """The measure of a script, or `None` where no text of the source is at hand."""
    source = _source(case)
    if not source:
        return None
    runs = _runs(source, RUN)
    words = quoted = borrowed = 0
    for segment in case.script.segments:
        for sentence in segment.sentences:
            parts = _parts(sentence, case)
            count = sum(map(len, parts))
            words += count
            if _is_quotation(sentence, case):
                quoted += count
            else:
                borrowed += sum(_within(part, runs) for part in parts)
    return Borrowed(sum(map(len, source)), words, quoted, borrowed)


def own_words(rule: Rule, case: Case) -> Iterator[Complaint]:
    """No long run of words of the source is taken over, and not too much of it altogether; without its text, a person decides."""
    measure = measured(case)
    if measure is None:
        yield Complaint("the text of the source is not at hand to compare with", outcome=Outcome.NEEDS_APPROVAL)
        return
    longest = rule.check["longest_run"]
    runs = _runs(_source(case), longest)
    for segment in case.script.segments:
        for sentence in segment.sentences:
            if _within(_words(sentence.shown), runs, longest):
                yield Complaint(f"{segment.id} takes over {longest} words or more in a row", sentence.shown, where=segment.id)
    most, most_quoted = rule.check.get("at_most_percent"), rule.check.get("quoted_at_most_percent")
    if most is not None and measure.percent > most:
        yield Complaint(
            f"{measure.percent:.0f} % of the words that are not quoted stand in runs of {RUN} or more of the source; {most} % are allowed"
        )
    if most_quoted is not None and measure.quoted_percent > most_quoted:
        yield Complaint(f"{measure.quoted_percent:.0f} % of the words are quoted from the source; {most_quoted} % are allowed")


def _source(case: Case) -> list[Words]:
    """The text of the source, and the passages that were read from it, whose words are put together where a line parts them."""
    printed = [str(value.value) for value in case.values.values() if value.kind is Kind.PARAGRAPH]
    return [words for text in (case.facts.document or "", *printed) if (words := _words(text))]


def _words(text: str) -> Words:
    return tuple(word.casefold() for word in _WORD.findall(text))


def _runs(texts: Sequence[Words], length: int) -> frozenset[Words]:
    return frozenset(text[at : at + length] for text in texts for at in range(len(text) - length + 1))


def _within(words: Words, runs: frozenset[Words], length: int = RUN) -> int:
    """How many of the words stand in a run that is one of these."""
    inside: set[int] = set()
    for at in range(len(words) - length + 1):
        if words[at : at + length] in runs:
            inside.update(range(at, at + length))
    return len(inside)


def _is_quotation(sentence: Sentence, case: Case) -> bool:
    """Whether a sentence is a passage that was read from the source, and says so by its reference."""
    values = (case.values.get(ref) for ref in sentence.refs)
    return any(
        value is not None and value.kind is Kind.PARAGRAPH and _words(str(value.value)) == _words(sentence.shown) for value in values
    )


def _parts(sentence: Sentence, case: Case) -> list[Words]:
    """The words of a sentence between the names and titles that it tells: whoever names a paper borrows nothing."""
    names = (case.values.get(ref) for ref in sentence.refs)
    texts = [" ".join(_words(str(value.value))) for value in names if value is not None and value.kind is Kind.TEXT]
    rest = " ".join(_words(sentence.shown))
    for text in sorted(filter(None, texts), key=len, reverse=True):
        rest = re.sub(rf"(?<!\S){re.escape(text)}(?!\S)", "\n", rest)
    return [words for part in rest.split("\n") if (words := tuple(part.split()))]
