"""Finds fonts whose digits read as other digits than they are drawn: a text layer that lies, which both readers would believe.

A font says twice what a code means: its encoding names the glyph that is drawn ("three"), its `/ToUnicode` table the character that
is read ("9"). Where both name a digit they must name the same one. Fonts that are addressed by glyph numbers (Type 0), or that are
embedded and name nothing, say it only once: there is nothing to compare.

Runs only inside the reading process.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_NAMES = {f"/{name}": str(n) for n, name in enumerate("zero one two three four five six seven eight nine".split())}
_SIMPLE = frozenset({"/Type1", "/TrueType", "/MMType1", "/Type3"})
_BLOCK = re.compile(rb"beginbf(char|range)(.*?)endbf", re.DOTALL)
_PAIR = re.compile(rb"<([0-9A-Fa-f]{2})>\s*<([0-9A-Fa-f]{4})>")
_RANGE = re.compile(rb"<([0-9A-Fa-f]{2})>\s*<([0-9A-Fa-f]{2})>\s*<([0-9A-Fa-f]{4})>")
_MOST_FORMS = 200  # looked into for each page


class DigitFonts:
    """Judges the fonts of a document's pages, each once."""

    def __init__(self) -> None:
        self._known: dict[int, bool] = {}

    def lying(self, page: Any) -> str | None:
        """Why the figures of a page cannot be believed, or `None`."""
        for name, font in _fonts(page):
            key = getattr(getattr(font, "indirect_reference", None), "idnum", None) or id(font)
            if key not in self._known:
                self._known[key] = _lies(font)
            if self._known[key]:
                return f"its font {name} draws other digits than it reads as"
        return None


def _fonts(page: Any) -> Iterator[tuple[str, Any]]:
    """Name and dictionary of each font of a page and of the forms within it."""
    holders, met = [page], set[int]()
    while holders and len(met) < _MOST_FORMS:
        holder = holders.pop()
        resources = _resolved(holder, "/Resources")
        if resources is None or id(resources) in met:
            continue
        met.add(id(resources))
        for name, font in (_resolved(resources, "/Font") or {}).items():
            yield str(font.get_object().get("/BaseFont", name)), font.get_object()
        for form in (_resolved(resources, "/XObject") or {}).values():
            if form.get_object().get("/Subtype") == "/Form":
                holders.append(form.get_object())


def _resolved(holder: Any, key: str) -> Any:
    found = holder.get(key)
    return None if found is None else found.get_object()


def _lies(font: Any) -> bool:
    if font.get("/Subtype") not in _SIMPLE or "/ToUnicode" not in font:
        return False
    drawn = _drawn(font)
    return bool(drawn) and any(drawn.get(code, digit) != digit for code, digit in _read(font).items())


def _drawn(font: Any) -> dict[int, str]:
    """The digit that each code draws, where the font's encoding names one."""
    encoding = _resolved(font, "/Encoding")
    descriptor = _resolved(font, "/FontDescriptor") or {}
    embedded = (
        any(key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3")) or font["/Subtype"] == "/Type3"
    )
    named = isinstance(encoding, str) or (hasattr(encoding, "get") and "/BaseEncoding" in encoding)
    # Every encoding that has a name has the digits where ASCII has them, and so has a font of the reader's own.
    drawn = {48 + n: str(n) for n in range(10)} if named or not embedded else {}
    code = 0
    for item in (_resolved(encoding, "/Differences") or ()) if hasattr(encoding, "get") else ():
        if isinstance(item, int):
            code = item
            continue
        drawn.pop(code, None)
        if str(item) in _NAMES:
            drawn[code] = _NAMES[str(item)]
        code += 1
    return drawn


def _read(font: Any) -> dict[int, str]:
    """The digit that each code reads as, where the font's table of characters has one."""
    table, found = _resolved(font, "/ToUnicode"), dict[int, int]()
    if not hasattr(table, "get_data"):
        return {}
    for kind, block in _BLOCK.findall(table.get_data()):
        if kind == b"char":
            found.update((int(code, 16), int(char, 16)) for code, char in _PAIR.findall(block))
        else:
            for first, last, char in _RANGE.findall(block):
                span = range(int(first, 16), int(last, 16) + 1)
                found.update((code, int(char, 16) + code - span.start) for code in span)
    return {code: chr(char) for code, char in found.items() if 48 <= char <= 57}
