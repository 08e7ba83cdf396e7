"""Schemes of identifiers: what their form is, how they are found in print, and how they are written.

    scheme   form                                             check digit     kept as
    arxiv    YYMM.NNNNN since 2015, YYMM.NNNN since 2007,     -               2407.10671v4, the version as printed
             archive/YYMMNNN before
    doi      10.prefix/suffix (ISO 26324)                     -               10.1145/1542476.1542528
    orcid    four groups of four (ISO/IEC 27729)              ISO 7064 11-2   0000-0002-1825-0097
    isbn, issn, cusip, figi, lei, sedol                       of the scheme   without spaces

A field of kind `identifier` names one of them. An ISIN has a kind of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_MONTH = "(?:0[1-9]|1[0-2])"
# Archives and subject classes of the old form, up to March 2007: "hep-th/9901001", "math.GT/0309136". Since then year, month and a number,
# which has four digits up to 2014 and five since (arXiv, "Understanding the arXiv identifier").
_ARXIV = (
    rf"(?:(?:07(?:0[4-9]|1[0-2])|(?:0[89]|1[0-4]){_MONTH})\.\d{{4}}|(?:1[5-9]|[2-8]\d){_MONTH}\.\d{{5}}|"
    rf"[a-z-]+(?:\.[A-Z]{{2}})?/(?:9[1-9]|0[0-7]){_MONTH}\d{{3}})(?:v[1-9]\d?)?"
)


@dataclass(frozen=True, slots=True)
class Scheme:
    """One scheme.

    `printed` finds it in running text, `text` being its only group; `form` is what the identifier itself looks like. `checked`
    says that a check digit tells a slip.
    """

    name: str
    printed: re.Pattern[str]
    form: re.Pattern[str]
    is_valid: Callable[[str], bool]
    checked: bool

    def read(self, words: str) -> str | None:
        """The identifier that printed words are, in the form in which it is kept, or `None`."""
        found = self.printed.fullmatch(words.strip())
        text = _kept(self.name, found["text"] if found else words.strip())
        return text if self.form.fullmatch(text) and self.is_valid(text) else None

    def find(self, words: str) -> Iterator[str]:
        """The printed words of each identifier in a text, as they stand there."""
        for match in self.printed.finditer(words):
            text = match[0].rstrip(".,;:")
            while text.endswith(")") and text.count(")") > text.count("("):
                text = text[:-1].rstrip(".,;:")
            if self.read(text):
                yield text


def _kept(name: str, text: str) -> str:
    if name in ("arxiv", "doi"):
        return text
    compact = re.sub(r"[\s\u00a0]", "", text)
    if name == "orcid":
        digits = compact.replace("-", "")
        return "-".join(digits[start : start + 4] for start in range(0, 16, 4)) if len(digits) == 16 else compact
    return compact.upper()


def _sound(_: str) -> bool:
    return True


def _with_stdnum(module: str) -> Callable[[str], bool]:
    def is_valid(text: str) -> bool:
        from importlib import import_module

        return bool(import_module(f"stdnum.{module}").is_valid(text.replace("-", "") if module == "isni" else text))

    return is_valid


def _scheme(name: str, form: str, *, before: str = "", module: str = "") -> Scheme:
    """`before` is what may or must stand in front of it in print; what belongs to the form follows at once."""
    return Scheme(
        name, re.compile(rf"(?<![\w./-]){before}(?P<text>{form})(?!\w)", re.IGNORECASE if name == "doi" else 0),
        re.compile(form), _with_stdnum(module) if module else _sound, bool(module),
    )  # fmt: skip


SCHEMES: dict[str, Scheme] = {
    scheme.name: scheme
    for scheme in (
        # The bare form of arXiv is a number like any other, so that only words with its name are one.
        _scheme("arxiv", _ARXIV, before=r"(?:(?:https?://)?arxiv\.org/(?:abs|pdf)/|[aA]r[xX]iv:\s?)"),
        _scheme("doi", r"10\.\d{4,9}/[^\s\"<>]*[^\s\"<>.,;:]", before=r"(?:(?:https?://)?(?:dx\.)?doi\.org/|doi:?\s?)?"),
        _scheme("orcid", r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]", before=r"(?:(?:https?://)?orcid\.org/)?", module="isni"),
        _scheme("isbn", r"97[89][- ]?(?:\d[- ]?){9}\d", before=r"(?:ISBN:?\s?)?", module="isbn"),
        _scheme("issn", r"\d{4}-\d{3}[\dX]", before=r"(?:e?ISSN:?\s?)", module="issn"),
        _scheme("cusip", r"[0-9A-Z*@#]{8}\d", module="cusip"),
        _scheme("figi", r"(?!BS|BM|GG|GB|GH|KY|VG)[B-DF-HJ-NP-TV-Z]{2}G[B-DF-HJ-NP-TV-Z0-9]{8}\d", module="figi"),
        _scheme("lei", r"[0-9A-Z]{18}\d{2}", module="lei"),
        _scheme("sedol", r"[0-9B-DF-HJ-NP-TV-Z]{6}\d", module="gb.sedol"),
    )
}
