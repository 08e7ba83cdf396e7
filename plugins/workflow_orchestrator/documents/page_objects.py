"""What is drawn on a page besides its words: where its pictures stand. Straight from pdfium, because a page can hold thousands of objects.

Runs only inside the reading process.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

_DEEPEST = 4  # forms within forms
Sides = tuple[float, float, float, float]


def pictures(page: Any) -> Iterator[Sides]:
    """Left, bottom, right and top of each picture of a page, those in forms included, in the space in which it is drawn."""
    import pypdfium2.raw as pdfium

    yield from _pictures(page.raw, pdfium.FPDFPage_CountObjects, pdfium.FPDFPage_GetObject, _DEEPEST)


def _pictures(holder: Any, count: Any, member: Any, levels: int) -> Iterator[Sides]:
    import pypdfium2.raw as pdfium

    kind_of = pdfium.FPDFPageObj_GetType
    for index in range(count(holder)):
        drawn = member(holder, index)
        kind = kind_of(drawn)
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            left, bottom, right, top = (ctypes.c_float() for _ in range(4))
            if pdfium.FPDFPageObj_GetBounds(drawn, left, bottom, right, top):
                yield left.value, bottom.value, right.value, top.value
        elif kind == pdfium.FPDF_PAGEOBJ_FORM and levels > 1:
            yield from _pictures(drawn, pdfium.FPDFFormObj_CountObjects, pdfium.FPDFFormObj_GetObject, levels - 1)
