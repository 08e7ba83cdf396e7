"""Builds the sample releases of companies: what each page prints, and the truth of every figure on it.

    releases/*.toml ─ pages of blocks ─▶ content (printed words only, for layouts/release.typ)
                                     └─▶ truth (value, page and quote of every figure that is a field of the workflow)

A row of a statement names its field once; the columns say which of `field`, `field_prior` and `field_change` each figure is, and
of which period. Figures are written as they are printed, with a point and a minus, and set by the printing habits of the house.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from samples.compose import TruthBook
from samples.figures import Printed
from samples.press import HERE, SampleError, confirm, typeset
from samples.printing import House, plain

SCHEMA = HERE.parents[1] / "dags" / "earnings_report_video" / "schema.json"
MAX_BYTES = 260_000  # the longest has sixty pages
_TOKEN = re.compile(r"\{([a-z_0-9.]+)\}")
_SIDES = {"current": "", "prior": "_prior", "change": "_change", "low": "_low", "high": "_high"}
_SCALES = {"amount": "scale", "shares": "shares_scale"}


@dataclass(frozen=True)
class Release:
    """One sample before it is set: the facts of the company, the habits of its printing, and its pages of blocks."""

    name: str
    about: str
    traps: tuple[str, ...]
    theme: Mapping[str, str]
    house: House
    facts: Mapping[str, Any]
    pages: tuple[Mapping[str, Any], ...]

    def __post_init__(self) -> None:
        if not self.pages or not self.traps:
            raise ValueError(f"{self.name}: a release has pages, and says what it is a trap for")
        if not self.name.endswith(f"_{self.house.language}"):
            raise ValueError(f"{self.name}: the name of a {self.house.language} release ends in _{self.house.language}")

    @property
    def period_end(self) -> date:
        return date.fromisoformat(self.facts["period_end"])


@cache
def fields() -> frozenset[str]:
    """The names of the fields of the workflow: what is no field has no truth."""
    return frozenset(json.loads(SCHEMA.read_text(encoding="utf-8"))["properties"])


def load(path: Path) -> Release:
    """The release that a TOML file describes.

    Raises:
        ValueError: the file contradicts itself.
        KeyError: a table is missing.
    """
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    pages = [page for entry in data["page"] for page in _repeated(entry)]
    return Release(
        name=path.stem, about=data["about"], traps=tuple(data["traps"]), theme=data["theme"], house=House(**data["house"]),
        facts=data["facts"], pages=tuple(pages),
    )  # fmt: skip


def _repeated(entry: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A page, or with `notes = n` so many pages of notes: the paragraphs of the entry in turn, under numbered headings."""
    if "notes" not in entry:
        yield entry
        return
    paragraphs: list[str] = entry["paragraphs"]
    for number in range(entry["notes"]):
        shift = number * 3
        texts = [paragraphs[(shift + step) % len(paragraphs)] for step in range(entry["per_page"])]
        heading = {"kind": "heading", "words": f"{entry['heading']} ({number + 1})"}
        yield {"block": [heading, *({"kind": "text", "words": text} for text in texts)]}


def releases() -> list[Release]:
    """Every release of the package, by name."""
    return [load(path) for path in sorted((HERE / "releases").glob("*.toml"))]


@dataclass
class Composer:
    """Builds the page contents of one release; `truth` is complete when every page was built."""

    release: Release
    truth: TruthBook = field(default_factory=TruthBook)
    _page: int = 0
    _again: dict[str, list[int]] = field(default_factory=dict)

    def pages(self) -> list[dict[str, Any]]:
        """The blocks of each page as the layout takes them."""
        made = []
        for number, page in enumerate(self.release.pages, start=1):
            self._page = number
            made.append({"blocks": [self._block(block) for block in page["block"]], "footer": page.get("footer", "")})
        return made

    def _block(self, block: Mapping[str, Any]) -> dict[str, Any]:
        if block["kind"] == "statement":
            return self._statement(block)
        made = dict(block)
        for key in ("words", "lines"):
            if isinstance(block.get(key), str):
                made[key] = self._fill(block[key])
            elif key in block:
                made[key] = [self._fill(line) for line in block[key]]
        for ref, quote in block.get("says", {}).items():
            self._note_words(ref, quote)
        return made

    def _fill(self, words: str) -> str:
        return _TOKEN.sub(lambda match: self._figure(match[1]), words)

    def _figure(self, ref: str) -> str:
        """A figure of the release in running text: as `facts.prose` writes it, else a fact in its printed form."""
        prose = self.release.facts.get("prose", {})
        if ref in prose:
            return str(prose[ref])
        fact = self.release.facts.get(ref)
        if fact is None:
            raise ValueError(f"{self.release.name}: {{{ref}}} is no fact; add it to facts or facts.prose")
        return self.release.house.day(date.fromisoformat(fact)) if ref == "period_end" else str(fact)

    def _note_words(self, ref: str, quote: str) -> None:
        value = str(self.release.facts[ref]) if ref in self.release.facts else quote
        printed = self._figure(ref) if ref == "period_end" else quote
        self._note(ref, Printed(value, printed))

    # Statements

    def _statement(self, block: Mapping[str, Any]) -> dict[str, Any]:
        columns = [tuple(column.split(".")) for column in block["columns"]]
        rows = []
        for row in block["rows"]:
            cells = [self._cell(block, row, column, text) for column, text in zip(columns, row.get("cells", ()), strict=False)]
            rows.append(
                {"label": row["label"], "indent": row.get("indent", 0), "strong": row.get("strong", False),
                 "sign": row.get("sign", ""), "note": row.get("note", ""), "cells": cells}
            )  # fmt: skip
        return {
            "kind": "statement", "company": block.get("company", ""), "titles": block.get("titles", []),
            "groups": block.get("groups", []), "heads": block["heads"], "rows": rows, "corner": block.get("corner", ""),
            "width": block.get("width", 0),
        }  # fmt: skip

    def _cell(self, block: Mapping[str, Any], row: Mapping[str, Any], column: Sequence[str], text: str) -> str:
        side, period = column
        house = self.release.house
        if text in ("", "-"):
            return house.missing if text == "-" else ""
        points = text.endswith("bps")
        number = Decimal(text.removesuffix("bps").strip())
        per_cent = side == "change" or row.get("of") == "percent"
        quote = f"{house.number(number)} bps" if points else house.percentage(number) if per_cent else house.number(number)
        ref = self._ref(row, side, period, first=column == tuple(block["columns"][0].split(".")))
        if ref:
            scale = -2 if points else 0 if per_cent else self._scale(block, row)
            value = number.scaleb(scale)
            whole = plain(value.quantize(Decimal(1)) if scale > 0 and value == value.to_integral() else value)
            self._note(ref, Printed(whole, quote))
        return quote

    def _note(self, ref: str, printed: Printed) -> None:
        """The first place of a value, and the further pages that print it: a release repeats its figures."""
        self.truth.note(ref, printed, self._page)
        known = self.truth.values[ref]
        if self._page != known["page"] and self._page not in self._again.setdefault(ref, []):
            self._again[ref].append(self._page)

    def values(self) -> dict[str, dict[str, Any]]:
        """The truth of every value, when all pages were built."""
        again = {ref: {"also_pages": pages} for ref, pages in self._again.items() if pages}
        return {ref: {**value, **again.get(ref, {})} for ref, value in self.truth.values.items()}

    def _ref(self, row: Mapping[str, Any], side: str, period: str, *, first: bool) -> str:
        if "line" in row:
            name = row["line"] + _SIDES[side]
            shortest = period == self.release.facts["shortest"]
            return f"{name}.{row.get('key', row['label'])}" if name in fields() and shortest and side != "change" else ""
        name = row.get("field", "") + _SIDES[side] if row.get("field") else ""
        return f"{name}.{period}" if name in fields() else ""

    @staticmethod
    def _scale(block: Mapping[str, Any], row: Mapping[str, Any]) -> int:
        kind = row.get("of", "amount")
        return int(block.get(_SCALES[kind], 0)) if kind in _SCALES else 0


def build(release: Release, fonts: Path) -> tuple[bytes, dict[str, Any]]:
    """The PDF of one release and its truth.

    Raises:
        SampleError: a quote is not on its page, or the document is too long or too large.
    """
    composer = Composer(release)
    content = {
        "title": f"{release.facts['company']}, {release.facts['fiscal_period']}", "author": release.facts["company"],
        "language": release.house.language, "theme": dict(release.theme), "pages": composer.pages(),
    }  # fmt: skip
    truth = {
        "file": f"{release.name}.pdf", "language": release.house.language, "layout": "release", "pages": len(release.pages),
        "values": composer.values(), "absent": sorted(fields() - {ref.partition(".")[0] for ref in composer.truth.values}),
        "traps": list(release.traps),
    }  # fmt: skip
    stamp = datetime.combine(release.period_end, time(), UTC)
    inputs = {"sheet": json.dumps(content, ensure_ascii=False)}
    pdf = typeset(HERE / "layouts" / "release.typ", inputs, fonts=fonts, stamp=stamp)
    confirm(release.name, pdf, truth, MAX_BYTES)
    return pdf, truth


def readme(made: Sequence[tuple[Release, Mapping[str, Any]]]) -> str:
    """The Markdown text beside the releases."""
    parts = [
        "# Sample earnings reports\n\nEvery company and figure in this folder is invented. Each PDF has a truth file with every value "
        "that the workflow `earnings_report_video` can read, its page and its printed words; [the README above](../README.md) "
        "explains its keys. `field.3m`, `.6m`, `.9m` and `.1y` are a quarter, six months, nine months and a year; `field_prior` is "
        "the same period a year before.\n\n`castleford_instruments_q2_en.pdf` is the one to try first.\n"
    ]
    for release, truth in made:
        count = len(release.pages)
        pages = f"{count} page{'s' * (count > 1)}"
        parts.append(f"## {release.name}.pdf\n\n{release.about}. {pages.capitalize()}, {len(truth['values'])} values.\n")
        parts.append("".join(f"- {trap}\n" for trap in release.traps))
    return "\n".join(parts)


def build_releases(fonts: Path) -> dict[str, bytes]:
    """Every file of the folder `earnings` by its name.

    Raises:
        SampleError: a sample contradicts its truth.
    """
    files: dict[str, bytes] = {}
    made = []
    for release in releases():
        try:
            pdf, truth = build(release, fonts)
        except ValueError as error:
            raise SampleError(f"{release.name}: {error}") from error
        files[f"{release.name}.pdf"] = pdf
        files[f"{release.name}.truth.json"] = (json.dumps(truth, ensure_ascii=False, indent=2) + "\n").encode()
        made.append((release, truth))
    files["README.md"] = readme(made).encode()
    return files
