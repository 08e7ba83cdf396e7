"""Proves that a value is printed where it says: words, page, figure and the labels around it.

A value is proven when all of this holds:

- its quote stands on its page as whole printed words, and reads as exactly this value, unit and scale;
- the other reader of the document has the quote on that page too;
- its label stands on the same row or above it, and so does what its key stands for: the period, the year, the month, the name;
- it stands in no row or column of another series, and in no table that makes it another value;
- no other figure of the document has the same claim to be it;
- on a page that OCR read, it is a figure, a date or an identifier with a check digit, and no word decides what it is of.

Who brought the value, a model, the offline reader or a person, makes no difference to what must be printed. Only between figures
of equal claim a person decides, and nobody else; and the marked step of a drawn scale, which no words print, only a person reads.
Words that OCR read prove nothing by themselves, however well its passes agree: a row that is cut short reads as a shorter name. They
count when a person has compared them with the page.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from workflow_orchestrator.documents import Document
from workflow_orchestrator.documents.model import UNREADABLE
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.fold import fold, fold_label, has_words
from workflow_orchestrator.extraction.keyed_places import has_cell, has_month, has_name, has_position, has_year_to
from workflow_orchestrator.extraction.layout import DocumentLayout
from workflow_orchestrator.extraction.offline import read_fields, variants_of
from workflow_orchestrator.extraction.quotes import Reader, value_of
from workflow_orchestrator.extraction.reading import Reading
from workflow_orchestrator.extraction.scales import marked_steps
from workflow_orchestrator.extraction.seen import is_scale, own_names, scales_of
from workflow_orchestrator.extraction.spots import Spot, ends_line_before, meet, spot_of
from workflow_orchestrator.extraction.standing import Place, compact, in_text, places_of_figure, places_of_words
from workflow_orchestrator.extraction.statement_reader import StatementTables
from workflow_orchestrator.extraction.variants import is_of_variant
from workflow_orchestrator.extraction.vocabulary import Vocabulary
from workflow_orchestrator.fields import FieldSet, FieldSpec
from workflow_orchestrator.identifiers import SCHEMES
from workflow_orchestrator.values import NUMERIC_KINDS, Kind, Origin, Value, ValueSet

Status = Literal["proven", "not_proven", "ambiguous"]

_SEPARATOR = " · "
_NAMED_KINDS = NUMERIC_KINDS | {Kind.DATE, Kind.CURRENCY, Kind.CHOICE}
_PROVEN_BY_OCR = NUMERIC_KINDS | {Kind.DATE, Kind.ISIN}
_READ_FOR_SURE = (Kind.DATE, Kind.IDENTIFIER)

READ_BY_OCR = "read by OCR, a person confirms it"
"""The reason of a verdict on words that only a person can prove, because OCR read their page."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a value is proven; `ambiguous` says that the document could mean something else, or that its readers disagree."""

    ref: str
    status: Status
    reason: str

    def to_json(self) -> dict[str, Any]:
        return {"ref": self.ref, "status": self.status, "reason": self.reason}


def prove(value: Value, document: Document, fields: FieldSet) -> Verdict:
    """The verdict on one value. Several values of one document are cheaper with `prove_all`."""
    return prove_all((value,), document, fields)[0]


def prove_all(
    values: Iterable[Value], document: Document, fields: FieldSet, *, reading: Reading | None = None
) -> tuple[Verdict, ...]:
    """The verdict on each value, in their order.

    Args:
        values: what somebody says that the document prints. An ISIN among them says which of several share classes is meant.
        document: what was read.
        fields: the fields of the document kind.
        reading: what the offline reader found in the document, where it was asked already; it is asked here otherwise.
    """
    values = tuple(values)
    code = next((str(value.value) for value in values if value.kind is Kind.ISIN), "")
    prover = _Prover(document, fields, reading or read_fields(document, fields, code=code), code)
    return tuple(prover.verdict(value) for value in values)


def with_sources(values: ValueSet, document: Document) -> ValueSet:
    """The same values; the evidence of each says how its page was read."""

    def marked(value: Value) -> Value:
        page = document.page(value.evidence.page)
        source = page.source if page else value.evidence.source
        return value if source == value.evidence.source else replace(value, evidence=replace(value.evidence, source=source))

    return ValueSet(marked(value) for value in values.values())


class _Refused(Exception):
    """Ends the proof of one value."""

    def __init__(self, reason: str, status: Status = "not_proven") -> None:
        super().__init__(reason)
        self.reason, self.status = reason, status


class _Prover:
    def __init__(self, document: Document, fields: FieldSet, reading: Reading, code: str) -> None:
        self._document, self._fields = document, fields
        self._layout = DocumentLayout(document)
        self._words = Vocabulary(fields)
        self._text = fold("\n".join(page.shown for page in document.pages))
        self._reader = Reader.of(document)
        self._variants, self._principal, self._chosen = variants_of(self._layout, self._words, self._reader, code)
        self._claims: dict[Spot, str] = {}
        self._shared: set[tuple[Spot, str]] = set()  # words that are values of two fields
        for v in reading.values.values():
            if v.evidence.box:
                spot = spot_of(v.evidence.page, v.evidence.box)
                if spot in self._claims and (v.kind not in NUMERIC_KINDS or self._is_line(v.ref, self._claims[spot])):
                    self._shared |= {(spot, v.ref), (spot, self._claims[spot])}
                self._claims[spot] = v.ref
        self._said: dict[str, set[str]] = {}  # words that are values, wherever else they stand
        for v in reading.values.values():
            if v.kind not in NUMERIC_KINDS:
                self._said.setdefault(compact(v.evidence.quote), set()).add(v.ref)
        self._read = {
            v.ref: v.value
            for v in reading.values.values()
            if v.kind in NUMERIC_KINDS or v.kind in _READ_FOR_SURE or fields[v.field].keyed == "order"
        }
        self._contested = {item.ref: item.reason for item in reading.rejected if item.contested}
        self._names = own_names(reading.values, fields)
        as_of = self._read.get(self._words.as_of)
        self._tables = StatementTables(
            self._layout, self._words, self._reader, as_of if isinstance(as_of, date) else None
        )
        for item in self._tables.found():
            self._claims.setdefault(spot_of(item.evidence.page, item.evidence.box), item.ref)
        steps = marked_steps(self._layout, self._words, self._names)
        self._scales = {spot_of(page, box): claim.label for (page, box), claim in steps.items()}
        self._claims |= {spot_of(page, box): claim.field for (page, box), claim in steps.items()}
        self._checks = (
            self._check_label,
            self._check_variant,
            self._check_key,
            self._check_standing,
            self._check_series,
            self._check_claim,
        )

    def verdict(self, value: Value) -> Verdict:
        """The verdict on one value."""
        try:
            return Verdict(value.ref, "proven", self._check(value))
        except _Refused as refused:
            return Verdict(value.ref, refused.status, refused.reason)

    def _check(self, value: Value) -> str:
        """Why the value is proven."""
        spec = self._fields.get(value.field)
        if spec is None:
            raise _Refused(f"there is no field {value.field!r}")
        if bool(spec.keyed) != bool(value.key):
            raise _Refused(f"{value.field} {'needs' if spec.keyed else 'takes no'} key")
        evidence = value.evidence
        page = self._document.page(evidence.page)
        if page is None:
            raise _Refused(f"the document has {len(self._document.pages)} pages, not {evidence.page}")
        if UNREADABLE in evidence.quote:
            raise _Refused(f"{evidence.quote[:80]!r} holds a word that could not be read")
        self._check_reading(value, spec)
        if self._is_seen(value, spec):
            return f"a person read step {evidence.quote} of the scale under {evidence.label!r} on page {evidence.page}"
        places = self._places(value)
        if not places:
            raise _Refused(f"{evidence.quote[:80]!r} does not stand on page {evidence.page} as whole words")
        self._check_places(value, spec, places)
        if not in_text(page.text, evidence.quote, value.kind in NUMERIC_KINDS):
            raise _Refused(
                f"only one of two readers finds {evidence.quote[:80]!r} on page {evidence.page}", "ambiguous"
            )
        if value.origin is not Origin.PERSON:
            self._check_reader(value)
        if page.source == "ocr" and value.origin is not Origin.PERSON and _rests_on_words(spec):
            raise _Refused(READ_BY_OCR)
        by_ocr = ", as two passes of OCR read it" if page.source == "ocr" else ""
        return f"{evidence.quote[:60]!r} stands on page {evidence.page}{by_ocr}"

    def _check_reader(self, value: Value) -> None:
        """What the layout gives for a reference, or gives twice, is not overruled by words that name another figure alike."""
        if value.kind in NUMERIC_KINDS and value.ref in self._contested:
            raise _Refused(self._contested[value.ref], "ambiguous")
        read = self._read.get(value.ref, value.value)
        if read != value.value:
            raise _Refused(f"the layout of the document gives {read} for {value.ref}, not {value.value}", "ambiguous")

    def _is_seen(self, value: Value, spec: FieldSpec) -> bool:
        """Whether a person read a step of a drawn scale of which no printed words say which is marked."""
        if value.origin is not Origin.PERSON or not is_scale(spec):
            return False
        if any(ref == value.ref and spot not in self._scales for spot, ref in self._claims.items()):
            return False  # printed words give the field a value: they are what a person goes by too
        scales = scales_of(spec, self._layout, self._words, self._names)
        return any(scale.evidence(int(str(value.value))) == value.evidence for scale in scales)

    def _check_reading(self, value: Value, spec: FieldSpec) -> None:
        """The quote must read as the value, by the same rules for everyone."""
        # A sign that several currencies share stands for this one only in a document that prints its code.
        printed = value.unit and has_words(self._text, value.unit.casefold())
        reader = self._reader.with_currency(value.unit if printed else "")
        try:
            read = value_of(spec, value.key, value.evidence, reader, value.origin)
        except FigureError as error:
            raise _Refused(error.message) from None
        wanted = (value.kind, value.value, value.unit, value.decimals, value.scale)
        got = (read.kind, read.value, read.unit, read.decimals, read.scale)
        if got != wanted:
            raise _Refused(
                f"{value.evidence.quote[:80]!r} reads as {read.value} {read.unit}, not as {value.value} {value.unit}"
            )

    def _places(self, value: Value) -> list[Place]:
        layout = self._layout.pages[value.evidence.page - 1]
        quote = value.evidence.quote
        places = places_of_figure(layout, quote) if value.kind in NUMERIC_KINDS else []
        if not places and (value.kind not in NUMERIC_KINDS or value.kind is Kind.INTEGER):
            places = places_of_words(layout, quote)
        box = value.evidence.box
        if box is None:
            return places
        there = [place for place in places if meet(place.box, box)]
        if not there and value.kind in (Kind.TEXT, Kind.PARAGRAPH, Kind.IDENTIFIER):
            inside = tuple(word for word in layout.page.words if meet(word.box, box))
            if value.kind is Kind.IDENTIFIER:  # within brackets; never a part of a longer one
                scheme = SCHEMES[self._fields[value.field].scheme]
                return [Place(layout, inside)] if quote in scheme.find(" ".join(word.text for word in inside)) else []
            if compact(quote) in compact(" ".join(word.text for word in inside)):
                return [Place(layout, inside)]
        return there

    def _check_places(self, value: Value, spec: FieldSpec, places: list[Place]) -> None:
        """One place at which everything is right proves the value; else the reason of the place that came furthest."""
        refusals: list[tuple[int, _Refused]] = []
        for place in places:
            for step, check in enumerate(self._checks):
                try:
                    check(value, spec, place)
                except _Refused as refused:
                    refusals.append((step, refused))
                    break
            else:
                return
        raise max(refusals, key=lambda item: item[0])[1]

    def _check_label(self, value: Value, spec: FieldSpec, place: Place) -> None:
        quote = value.evidence.quote[:40]
        for part in filter(None, value.evidence.label.split(_SEPARATOR)):
            known = place.names(part) or self._names_scale(part, place) or ends_line_before(part, place)
            if not known and not self._tables.names(place, part):
                raise _Refused(f"{part!r} stands neither on the row of {quote!r} nor above it")
        if spec.beside and not self._trusted(value, place):
            raise _Refused(f"{quote!r} stands in no row or column that is certainly of {spec.name}")
        if self._trusted(value, place) or spec.keyed or spec.kind not in _NAMED_KINDS:
            return
        if not self._is_named(spec, place):
            raise _Refused(f"the words that name {quote!r} do not name {spec.name}")

    def _check_variant(self, value: Value, spec: FieldSpec, place: Place) -> None:
        """Of several share classes, a value is of the one that is meant: of its column or row, or of the class in the title."""
        if self._variants is None or not spec.varies or self._is_claimed(place, value):
            return
        at = replace(value, evidence=replace(value.evidence, box=place.box))
        if not is_of_variant(at, self._variants, self._chosen, self._principal):
            meant = self._chosen.code if self._chosen else f"one of {self._variants.said()}"
            raise _Refused(f"{value.evidence.quote[:40]!r} is not printed for {meant}", "not_proven" if self._chosen else "ambiguous")

    def _names_scale(self, part: str, place: Place) -> bool:
        """Whether the place is the marked step of a drawn scale, and these words are those that name the scale."""
        label = self._scales.get(spot_of(place.page.number, place.box), "")
        return bool(label) and compact(part) in compact(label)

    def _trusted(self, value: Value, place: Place) -> bool:
        """Whether the structure of the page says the same; a person may also name a value by words of their own."""
        if self._is_claimed(place, value) or (value.origin is Origin.PERSON and bool(value.evidence.label)):
            return True
        spec = self._fields[value.field]
        return bool(spec.column) and not self._claimed(place) and self._tables.is_line(place, spec, value.key)

    def _is_named(self, spec: FieldSpec, place: Place) -> bool:
        """Whether the label of the place, on its row, above it or over its column, is one of the field's own."""

        def names(text: str) -> bool:
            return any(target.field == spec.name for target in self._words.label(text))

        if any(names(text) for text in (*place.labels(), *place.above)):
            return True
        if spec.kind is Kind.DATE:
            before = place.text_before()
            return any(before == label or before.endswith(" " + label) for label in map(fold_label, spec.all_labels()))
        return any(names(text) for text in place.heads) and any(
            self._words.series(text, self._names) == "own" for text in place.labels()
        )

    def _check_key(self, value: Value, spec: FieldSpec, place: Place) -> None:
        if not spec.keyed or self._is_claimed(place, value):
            return
        if spec.column:
            if self._trusted(value, place):
                return
            raise _Refused(f"{value.evidence.quote[:40]!r} stands in no column that is certainly {value.ref}")
        if spec.keyed == "period" and value.key not in spec.keys:
            raise _Refused(f"{spec.name} has no period {value.key!r}")
        check = {
            "period": self._has_period, "year": self._has_year, "year_to": has_year_to, "month": has_month, "name": has_name,
            "order": has_position, "cell": has_cell,
        }[spec.keyed]  # fmt: skip
        if not check(value, place):
            raise _Refused(f"nothing on the row of {value.evidence.quote[:40]!r} or over it says {value.key!r}")

    def _has_period(self, value: Value, place: Place) -> bool:
        """The row is of the period, or else the column is."""

        def keys(text: str) -> set[str]:
            targets = self._words.period(text) or self._words.period(self._without_basis(text))
            field = self._fields[value.field].beside or value.field
            return {target.key if target.field == field else f"{target.field}.{target.key}" for target in targets}

        rows = set().union(*(keys(text) for text in place.labels()))
        heads = set().union(*(keys(text) for text in (*place.heads, *place.above)))
        return value.key in (rows or heads)

    def _has_year(self, value: Value, place: Place) -> bool:
        """The year is the nearest head of the column; or it begins the row, and the column is of whole years."""
        if place.figure_head == value.key:
            return True
        first = place.rows[0].words[0].text if place.rows else ""
        if first != value.key or not place.heads:
            return False
        head = place.heads[0]
        return self._words.in_section(value.field, fold(head)) or (
            self._words.series(head, self._names) == "own" and not self._words.in_other_section(value.field, fold(head))
        )

    def _without_basis(self, text: str) -> str:
        folded = fold_label(text)
        for spec in self._words.keyed("period"):
            for section in self._words.sections(spec.name):
                folded = folded.removesuffix(" " + section)
        return folded

    def _check_standing(self, value: Value, spec: FieldSpec, place: Place) -> None:
        """A figure must stand for itself: not a part of "1 month", of "4 of 7", of a sentence or of a row of boxes."""
        if spec.kind not in NUMERIC_KINDS or self._is_claimed(place, value):
            return
        quote = value.evidence.quote
        before, behind = place.beside
        alone = not behind and (not before or bool(self._words.label(before)))
        singles = sum(1 for cell in place.row_cells_all if cell.text.isdigit() and len(cell.text) == 1)
        if spec.kind is Kind.INTEGER and (singles >= 3 or not place.fills_cell(spec.all_labels())):
            raise _Refused(f"{quote!r} is a part of what is printed there")
        if not alone and not self._trusted(value, place) and spec.kind is not Kind.INTEGER:
            raise _Refused(f"{quote!r} stands within other words: {f'{before} … {behind}'.strip()!r}", "ambiguous")

    def _check_series(self, value: Value, spec: FieldSpec, place: Place) -> None:
        """The row and the column must be the document's own series, not an index, a peer group or a difference."""
        if spec.kind not in NUMERIC_KINDS or self._is_claimed(place, value):
            return
        quote = value.evidence.quote
        rows, heads = place.labels()[:1], place.heads[:1]
        for text in (*rows, *heads) if spec.keyed != "cell" else ():
            if not spec.beside and self._words.series(text, self._names) == "other" and not self._words.label(text):
                raise _Refused(f"{quote!r} stands in the row or column of {text!r}")
        if self._trusted(value, place):
            return  # which of the rows is the fund's, a person may know better than the words of the schema
        if spec.keyed in ("period", "year", "year_to", "month"):
            row = rows[0] if rows else ""
            if self._words.series(row, self._names) not in ("own", "none") and not self._words.period(row):
                raise _Refused(f"the row of {row!r} is not known to be the document's own", "ambiguous")
        own = any(self._words.series(text, self._names) == "own" for text in (*rows, *heads))
        named = any(target.field == spec.name for text in place.above for target in self._words.label(text))
        if len(self._run(place)) > 1 and not own and not named and spec.keyed != "cell":
            raise _Refused(f"{quote!r} is one of several figures in its row; nothing says which is meant", "ambiguous")

    def _run(self, place: Place) -> list[tuple[float, str]]:
        """The figures of the row that no words part from the place."""
        row = place.rows[0]
        words = [cell.box for cell in place.row_cells]
        inside: list[tuple[float, str]] = []
        for mark in row.marks:
            low, high = sorted((mark.box.left, place.box.left))
            if not any(low < box.left < high for box in words):
                inside.append((mark.box.left, mark.text))
        return inside

    def _check_claim(self, value: Value, spec: FieldSpec, place: Place) -> None:
        claimed = self._claimed(place)
        if self._is_claimed(place, value):
            return
        if claimed and spec.kind in NUMERIC_KINDS:
            raise _Refused(f"{value.evidence.quote!r} is {claimed} by the table in which it stands")
        if spec.kind is Kind.TEXT and value.origin is not Origin.PERSON and not spec.keyed:
            self._check_words(value, spec, place, claimed)
        own_field = spec.beside or spec.name
        rivals = [other.name for other in self._words.keyed("period") if other.name != own_field and value.key in other.keys]
        if spec.keyed != "period" or not rivals:
            return
        texts = [fold(text) for text in (*place.labels()[:1], *(cell.text for cell in place.column_cells[:4]))]
        own = any(self._words.in_section(spec.name, text) for text in texts)
        other = any(self._words.in_section(name, text) for name in rivals for text in texts)
        if not own or other:
            raise _Refused(
                f"nothing around {value.evidence.quote!r} decides between {spec.name} and {', '.join(rivals)}",
                "ambiguous",
            )

    def _check_words(self, value: Value, spec: FieldSpec, place: Place, claimed: str) -> None:
        """Words that the page names as something else are not this; a person may know better."""
        known = {claimed} if claimed else self._said.get(compact(value.evidence.quote), set())
        if known and value.ref not in known:
            raise _Refused(f"{value.evidence.quote[:80]!r} is {', '.join(sorted(known))} by the words that name it")
        named = {target.field for text in place.labels()[:1] for target in self._words.label(text)}
        if named and spec.name not in named:
            raise _Refused(f"the words that name {value.evidence.quote[:80]!r} name {', '.join(sorted(named))}")

    def _is_line(self, *refs: str) -> bool:
        """Whether one of two fields lists the lines of a statement: such a line may be a field of its own too."""
        specs = [self._fields[ref.partition(".")[0]] for ref in refs]
        return all(spec.column for spec in specs) and any(spec.keyed == "name" for spec in specs)

    def _is_claimed(self, place: Place, value: Value) -> bool:
        """Whether the layout gives the words of the place to this value."""
        spot = spot_of(place.page.number, place.box)
        return self._claims.get(spot, "") == value.ref or (spot, value.ref) in self._shared

    def _claimed(self, place: Place) -> str:
        return self._claims.get(spot_of(place.page.number, place.box), "")


def _rests_on_words(spec: FieldSpec) -> bool:
    """Whether a misread word would make the value wrong: it is words, or words are its key."""
    return spec.kind not in _PROVEN_BY_OCR or spec.keyed == "name"
