"""Writes the README of the sample folder from the sheets themselves, so that it cannot fall behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from samples.hostile import USER_PASSWORD, Case
from samples.sheet import Sheet

DEMO = "aldermoor_global_equity_en"

_HEAD = """# Sample fund factsheets

Every fund, company, index and figure in this folder is invented. The documents look like factsheets, and what they say
is known: each PDF has a truth file with every value, its page and its printed words.

`{demo}.pdf` is the one to try first: English, two pages, with everything a sheet can have.

Made by `python scripts/make_samples.py`; `--check` tells whether the committed files are still what the script makes.
The bytes depend on the pinned versions of typst, pikepdf and Pillow and on the fonts in `include/themes/house/fonts`.

## Truth files

- `values`: `field` or `field.key` → `value` (ASCII minus, point, no thousands, printed decimals kept; amounts in full;
  dates ISO), `page` from 1, `quote` (the words on the page).
- `performance_data.*` is cumulative, `performance_annualised.*` is per annum.
- `absent`: what the document does not give: a field, or a `field.key` that it prints as n/a, dash or blank.
- `traps`: what a careless reader gets wrong.

The months are drawn first and rounded as printed; everything else is compounded from them. So the grid closes to the
year to date, the years to the calendar table, the last month to the 1 month figure, and the price to the total return.
"""

_HOSTILE = """## hostile/

Small files that a reader must refuse or distrust, listed for programs in `cases.json`.
The password of the locked one is `{password}`.
"""


def readme(samples: Sequence[tuple[Sheet, dict[str, Any]]], cases: Sequence[Case]) -> str:
    """The Markdown text: how to read the truth, one section a sample, one row a hostile file."""
    parts = [_HEAD.format(demo=DEMO), "## The samples\n"]
    for sheet, truth in samples:
        absent = ", ".join(f"`{ref}`" for ref in truth["absent"]) or "nothing"
        pages = len(sheet.pages)
        parts.append(
            f"### {sheet.name}.pdf\n\n{sheet.about}. Layout `{sheet.layout}`, {pages} page{'s' * (pages > 1)}, "
            f"{len(truth['values'])} values. Absent: {absent}.\n"
        )
        parts.append("".join(f"- {trap}\n" for trap in sheet.traps))
    parts.append(_HOSTILE.format(password=USER_PASSWORD))
    rows = [f"| `{case.file}` | {case.what} | {case.pages or 'cannot be opened'} |\n" for case in cases]
    parts.append("| file | what | pages |\n|---|---|---|\n" + "".join(rows))
    return "\n".join(parts)
