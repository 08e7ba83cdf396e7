"""Refuses pages whose form XObjects draw themselves, or each other so often that no reader comes to an end.

A form is a piece of page that is drawn by name, and may draw other forms. pdfium follows them until its memory ends: 761 bytes of a
form that draws itself took two GiB and nine seconds. So the forms are counted first, without being drawn.

Runs only inside the reading process.
"""

from __future__ import annotations

import re
from typing import Any

from workflow_orchestrator.errors import DamagedDocumentError, DocumentLimitError

_DRAWN = re.compile(rb"/([^\s/()<>\[\]{}%]+)\s+Do\b")
_MOST_DRAWINGS = 100_000  # of forms on one page; the busiest real page measured has 32
_DEEPEST = (
    28  # forms within forms; PDF readers of the time of PDF 1.7 gave up at this depth (ISO 32000-1, annex C, on q)
)


class FormTree:
    """Counts how many forms each page draws, forms within forms included."""

    def __init__(self) -> None:
        self._known: dict[int, int] = {}

    def check(self, page: Any, number: int) -> None:
        """Raises:
        DamagedDocumentError: a form draws itself, or forms lie too deep within each other.
        DocumentLimitError: the page draws too many forms.
        """
        drawings = self._below(page, number, ())
        if drawings > _MOST_DRAWINGS:
            raise DocumentLimitError(
                f"page {number} draws {drawings} forms and the limit is {_MOST_DRAWINGS}",
                limit="forms",
                value=drawings,
                maximum=_MOST_DRAWINGS,
            )

    def _below(self, holder: Any, number: int, path: tuple[int, ...]) -> int:
        """How many forms a page or a form draws, itself not counted."""
        forms = _forms(holder)
        if not forms:
            return 0
        drawn = _DRAWN.findall(_content(holder))
        total = 0
        for name, (identity, form) in forms.items():
            times = sum(word == name for word in drawn)
            if times:
                total += times * (1 + self._known_below(identity, form, number, path))
        return total

    def _known_below(self, identity: int, form: Any, number: int, path: tuple[int, ...]) -> int:
        if identity in path:
            raise DamagedDocumentError(f"page {number} draws a form that draws itself; it is broken or made to harm")
        if len(path) >= _DEEPEST:
            raise DamagedDocumentError(f"page {number} draws forms within forms, more than {_DEEPEST} deep")
        if identity not in self._known:
            self._known[identity] = self._below(form, number, (*path, identity))
        return self._known[identity]


def _forms(holder: Any) -> dict[bytes, tuple[int, Any]]:
    """The forms among the resources of a page or form, by name, each with the number of its object."""
    try:
        resources = holder.get("/Resources")
        objects = resources.get_object().get("/XObject") if resources is not None else None
        named: Any = objects.get_object() if objects is not None else {}
        found = {}
        for name in named:
            form = named[name].get_object()
            if form.get("/Subtype") == "/Form":
                found[name[1:].encode()] = (getattr(named.raw_get(name), "idnum", id(form)), form)
        return found
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - what is broken here is found, and named, when the page is read
        return {}


def _content(holder: Any) -> bytes:
    try:
        if hasattr(holder, "get_contents"):
            contents = holder.get_contents()
            return bytes(contents.get_data()) if contents is not None else b""
        return bytes(holder.get_data())
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - see above
        return b""
