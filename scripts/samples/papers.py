"""Builds the sample papers: what they print, and the truth of every field of the workflow that they have.

    papers/*.toml ─ head, abstract, sections, tables ─▶ content (printed words only, for layouts/paper_*.typ)
                                                    └─▶ truth (value, page and quote of each)

"method| We propose …" is a sentence that is the value of a field. The cells of a table with a `field` are values by row and column. On
which page something stands is read from the set document: a quote that stands on no page, or a cell on another one than its caption, is
refused.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from samples.press import HERE, SampleError, page_texts, typeset

MAX_BYTES = 150_000
MAX_PAGES = 6
CELL = " · "
_MARKED = re.compile(r"([a-z_]+)\| ")
_CITATION = re.compile(r"\s*\[\d+\]$")
_STAMP = datetime(2026, 11, 2, tzinfo=UTC)
_WHOLE = ("abstract", "limitations")  # fields that are the whole text of their section


@dataclass(frozen=True)
class Paper:
    """One sample before it is set."""

    name: str
    data: Mapping[str, Any]

    def __post_init__(self) -> None:
        if not self.data["traps"]:
            raise ValueError(f"{self.name}: say what the paper is a trap for")
        if not self.name.endswith(f"_{self.data['language']}"):
            raise ValueError(f"{self.name}: the name of a {self.data['language']} paper ends in _{self.data['language']}")


def papers() -> list[Paper]:
    """Every paper of the package, by name."""
    paths = sorted((HERE / "papers").glob("*.toml"))
    return [Paper(path.stem, tomllib.loads(path.read_text(encoding="utf-8"))) for path in paths]


def build_papers(fonts: Path) -> dict[str, bytes]:
    """Every file of the folder of papers by its path inside it.

    Raises:
        SampleError: a paper contradicts its truth.
    """
    files: dict[str, bytes] = {}
    truths = []
    for paper in papers():
        pdf, truth = build_paper(paper, fonts)
        files[f"{paper.name}.pdf"] = pdf
        files[f"{paper.name}.truth.json"] = (json.dumps(truth, ensure_ascii=False, indent=2) + "\n").encode()
        truths.append((paper, truth))
    files["README.md"] = readme(truths).encode()
    return files


def build_paper(paper: Paper, fonts: Path) -> tuple[bytes, dict[str, Any]]:
    """The PDF of one paper and its truth.

    Raises:
        SampleError: a value is not printed as the truth says, or the paper is too long or too large.
    """
    content = {**paper.data, "abstract": _plain_abstract(paper.data), "sections": list(_sections(paper.data))}
    source = HERE / "layouts" / f"paper_{paper.data['layout']}.typ"
    pdf = typeset(source, {"paper": json.dumps(content, ensure_ascii=False, default=str)}, fonts=fonts, stamp=_STAMP)
    texts = [_compact(text) for text in page_texts(pdf)]
    if len(texts) > MAX_PAGES or len(pdf) > MAX_BYTES:
        raise SampleError(f"{paper.name}.pdf has {len(texts)} pages and {len(pdf)} bytes, more than {MAX_PAGES} or {MAX_BYTES}")
    values = {ref: _placed(paper.name, ref, value, quote, near, texts) for ref, value, quote, near in _values(paper.data)}
    fields = {ref.partition(".")[0] for ref in values}
    truth = {
        "file": f"{paper.name}.pdf", "language": paper.data["language"], "layout": paper.data["layout"], "pages": len(texts),
        "values": values, "absent": [name for name in paper.data["absent"] if _not_there(paper.name, name, fields)],
        "traps": list(paper.data["traps"]),
    }  # fmt: skip
    return pdf, truth


def _not_there(paper: str, name: str, fields: set[str]) -> bool:
    if name in fields:
        raise SampleError(f"{paper}: {name} is said to be absent and has a value")
    return True


def _placed(paper: str, ref: str, value: str, quote: str, near: str, texts: Sequence[str]) -> dict[str, Any]:
    """The value with the first page that prints its words, or those of its caption."""
    pages = [number for number, text in enumerate(texts, 1) if _compact(near or quote) in text]
    if not pages or _compact(quote) not in texts[pages[0] - 1]:
        raise SampleError(f"{paper}.pdf: {ref}: {quote!r} is not printed{' by its caption' if near else ''}")
    return {"value": value, "page": pages[0], "quote": quote}


def _compact(text: str) -> str:
    """Without spaces and hyphens: how a line was broken does not count."""
    return re.sub(r"[\s\u00ad\u0002\u2010\ufffe\uffff-]", "", text).casefold()


def _unmarked(sentence: str) -> str:
    return _MARKED.sub("", sentence, count=1)


def _plain_abstract(data: Mapping[str, Any]) -> dict[str, str]:
    return {"heading": data["abstract"]["heading"], "text": " ".join(map(_unmarked, data["abstract"]["sentences"]))}


def _sections(data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The sections as the layouts take them: paragraphs of text, and tables where they are named."""
    number = 0
    for section in data["sections"]:
        numbered = section.get("numbered", True)
        number += numbered
        items: list[Any] = [" ".join(map(_unmarked, paragraph)) for paragraph in section["paragraphs"]]
        for table in section.get("tables", ()):
            items.insert(table.get("behind", 1), {"groups": [], **table})
        yield {"number": str(number) if numbered else "", "heading": section["heading"], "items": items}


def _values(data: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Reference, value, printed words, and the words near which they stand, of everything that the paper says."""
    yield "paper_title", data["title"], data["title"], ""
    for number, (name, _) in enumerate(data["authors"], 1):
        yield f"authors.{number}", name, name, ""
    for ref, (value, quote) in data["facts"].items():
        yield ref, value, quote, ""
    yield from _marked("abstract", [data["abstract"]["sentences"]], whole=True)
    for section in data["sections"]:
        yield from _marked(section.get("field", ""), section["paragraphs"], whole=section.get("field") in _WHOLE)
        for table in section.get("tables", ()):
            if "field" in table:
                yield from _cells(table, data["language"])


def _marked(field: str, paragraphs: Sequence[Sequence[str]], *, whole: bool) -> Iterator[tuple[str, str, str, str]]:
    for sentence in (sentence for paragraph in paragraphs for sentence in paragraph):
        match = _MARKED.match(sentence)
        if match:
            yield match[1], _unmarked(sentence), _unmarked(sentence), ""
    if whole:
        text = " ".join(_unmarked(sentence) for paragraph in paragraphs for sentence in paragraph)
        yield field, text, text, ""


def _cells(table: Mapping[str, Any], language: str) -> Iterator[tuple[str, str, str, str]]:
    caption = table["caption"]
    if "caption_value" in table:
        yield f"{table['field']}_caption", table["caption_value"], table["caption_value"], ""
    heads = [head for head, count in table.get("groups", [["", len(table["columns"])]]) for _ in range(count)]
    for row in table["rows"]:
        label = _CITATION.sub("", row[0])
        for above, head, cell in zip(heads[1:], table["columns"][1:], row[1:], strict=True):
            if re.fullmatch(r"-?[\d.,]+\s?%?", cell) and head not in table.get("not", ()):
                figure = cell.rstrip("% \u00a0")
                value = figure.replace(",", ".") if language in ("de", "fr") else figure.replace(",", "")
                yield f"{table['field']}.{label}{CELL}{f'{above} {head}'.strip()}", value, cell, caption


_HEAD = """# Sample papers

Every paper, person, institution, data set and figure in this folder is invented. The documents look like papers, and what they say is
known: each PDF has a truth file in the form of `../README.md`.

`lindqvist_two_readers_en.pdf` is the one to try first: two columns, the stamp of an archive along the edge, a table of results.

Made by `python scripts/make_samples.py`, from `scripts/samples/papers/`.

- `authors.1` is the first author; `results.ROW · COLUMN` is a cell of the main table, of percentages `result_rates`.
- A sentence that is a value is whole, and short enough to be quoted. `absent` are fields that the paper does not have.
"""


def readme(truths: Sequence[tuple[Paper, dict[str, Any]]]) -> str:
    """The Markdown text of the folder, one section a paper."""
    parts = [_HEAD]
    for paper, truth in truths:
        absent = ", ".join(f"`{ref}`" for ref in truth["absent"]) or "nothing"
        parts.append(
            f"## {truth['file']}\n\n{paper.data['about']}. Layout `{truth['layout']}`, {truth['pages']} pages, "
            f"{len(truth['values'])} values. Absent: {absent}.\n"
        )
        parts.append("".join(f"- {trap}\n" for trap in truth["traps"]))
    return "\n".join(parts)
