"""Which rows and columns of a table of returns are those of the benchmark, or of the difference to it.

    Fund          +1.93   10.13        the document's own
    Benchmark     +0.81    6.32        `series: other`: what the schema calls so, or the name of the benchmark itself
    Difference    +1.12    3.81        `series: difference`

Only a table that has a row of the document's own gives them, and only when one row alone can be meant. Peer groups, further indices
and other share classes stay what they are: of another series, and read by nobody.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from typing import TypeVar

from workflow_orchestrator.extraction.fold import fold_label, without_brackets
from workflow_orchestrator.extraction.reading import Findings
from workflow_orchestrator.extraction.vocabulary import Vocabulary
from workflow_orchestrator.values import Kind

Item = TypeVar("Item")

_SHORT = r"(?<!\w)([A-Z][A-Za-z]{{1,7}}): {}(?!\w)"  # "HEI: Hedge Equity Index USD", a note that gives a name its short form


class Counterparts:
    """Answers which series a label of one page names, for the fields that stand beside others; `text` is that of the page."""

    def __init__(self, words: Vocabulary, found: Findings, text: str) -> None:
        self._labels: dict[str, str] = {}
        for spec in words.beside.values():
            self._labels |= dict.fromkeys(map(fold_label, spec.all_labels()), spec.series)
        # The printed name of what a text field with such a label holds: "MSCI World NR EUR" is the benchmark by its name.
        for spec in words.fields.values():
            value = found.first(spec.name) if spec.kind is Kind.TEXT and not spec.keyed else None
            if value and any(self._labels.get(fold_label(label)) == "other" for label in spec.all_labels()):
                name = str(value.value)
                self._labels.setdefault(fold_label(name), "other")
                short = re.search(_SHORT.format(re.escape(name)), " ".join(text.split()))
                if short:
                    self._labels.setdefault(fold_label(short[1]), "other")

    def series(self, label: str) -> str:
        """`other`, `difference`, or nothing."""
        folded = fold_label(label)
        bare = without_brackets(folded).replace("%", "").strip(" .,")
        return self._labels.get(folded) or self._labels.get(bare) or ""

    def among(self, items: Iterable[tuple[str, Hashable, Item]]) -> Iterator[tuple[str, Item]]:
        """The items with their series, by label and by what else tells them apart; where two are alike, neither."""
        named = [(series, apart, item) for label, apart, item in items if (series := self.series(label))]
        count = Counter((series, apart) for series, apart, _ in named)
        yield from ((series, item) for series, apart, item in named if count[series, apart] == 1)
