"""The page for authors of rules, `docs/rules.md`: every check with its formula and an example that the check itself has judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workflow_orchestrator.authoring.markdown import code, fenced, plain, table
from workflow_orchestrator.authoring.pages import MADE
from workflow_orchestrator.authoring.rules_reference import takes
from workflow_orchestrator.rules.examples import Example, examples
from workflow_orchestrator.rules.language import is_needed
from workflow_orchestrator.rules.registry import Check, checks

ABOUT = """# The checks that a rule may name

A rule of `rules.yaml` has a name of your choice, the `check` that it applies, and what the check takes: fields of your `schema.json`
and settings. Two keys go with every check: `severity` in place of the one that is named here, and `says`: what a breach means, in the
words of the people who read it; the figures follow.

```yaml
rules:
  ytd_fits_months:
    {check: months_compound_to_ytd, months: monthly_returns, ytd: ytd_performance, as_of: as_of_date, launch: launch_date,
     says: The monthly returns of the year do not give its year-to-date return}
```

## How figures are compared

A printed figure is not a number but all numbers that are printed so: `1.93` stands for anything from 1.925 to 1.935, `412.6 million` for
anything from 412.55 to 412.65 million. The formula of a check is evaluated at the ends of all its figures, which gives an interval, and
the rule is broken only if no number of that interval is printed as the figure that it is compared with. So no tolerance is chosen. Where
something else than rounding plays a part (days, two classes of shares), it is a setting of the check, with its default.

## What comes of a rule

- *Broken*: a finding names the fields, the computed interval and the printed words. `error` cannot be right and must be corrected,
  `needs_person` may be right and a person says so, `warning` is recorded and shown to who releases.
- *It holds*: the same is recorded, also where nothing is wrong.
- *Not applicable*: the document does not print what is needed, and the reason is recorded: a month that is missing, a dash or `n/a` in
  place of a figure, two currencies, a fund that is younger than the period. What is not printed breaks nothing.

A rule over fields with keys (periods, years, names) compares each key by itself.

The rows FX and ER are those of the project's table of checks for funds and companies. Each example below was judged by the check when
this page was made."""
GROUPS = (
    ("Returns", (".returns", ".periods", ".extremes")),
    ("Risk", (".risk",)),
    ("Holdings", (".holdings",)),
    ("Dates, share class and identifiers", (".dates", ".classes", ".identifiers", ".sections")),
    ("Figures of companies, and of any document", (".figures", ".earnings", ".quarters")),
    ("Licences, and figures of a text", (".licences", ".texts")),
)
PREVIOUS = "Against the release before"
PREVIOUS_ABOUT = """These compare with the values of the latest earlier day that a person released for the same; `previous:` of the
file says how that is found. Without one they do not apply."""


def rules_page() -> str:
    """The whole page."""
    return "\n\n".join([MADE, *_parts()]) + "\n"


def _parts() -> Iterator[str]:
    yield ABOUT
    # The examples stand in the order in which an author reads; checks, in that of who imported them first.
    shown, known = examples(), checks()
    ordered = [known[name] for name in shown]
    alone = [check for check in ordered if not check.against_previous]
    groups = [(title, "", [check for check in alone if _module(check).endswith(ends)]) for title, ends in GROUPS]
    groups.append((PREVIOUS, PREVIOUS_ABOUT, [check for check in ordered if check.against_previous]))
    yield table(("Row", "Checks"), _rows())
    for title, about, members in groups:
        yield f"## {title}"
        if about:
            yield about
        for check in members:
            yield from _section(check, shown[check.name])


def _module(check: Check) -> str:
    return check.evaluate.__module__


def _rows() -> Iterator[tuple[str, str]]:
    """The rows of the tables, each with the checks that it became."""
    by_row: dict[str, list[str]] = {}
    for name in examples():
        check = checks()[name]
        for row in check.basis.rows:
            by_row.setdefault(row, []).append(f"[{check.name}](#{check.name})")
    # FX before ER, as the tables stand.
    for row in sorted(by_row, key=lambda row: (row[:2] != "FX", row)):
        yield row, ", ".join(by_row[row])


def _section(check: Check, example: Example) -> Iterator[str]:
    rows = ", ".join(check.basis.rows)
    yield f"### {check.name}"
    yield f"{plain(check.says)}{f' {plain(check.more)}' if check.more else ''}"
    yield f"{f'{rows} · ' if rows else ''}{code(check.severity)} · {code(check.basis.formula)}"
    if check.basis.table:
        yield table(check.basis.table[0], check.basis.table[1:])
    yield table(
        ("Takes", "What", "Needed"),
        [
            (code(name), text, "yes" if is_needed(parameter) else "")
            for (name, parameter), text in zip(check.parameters.items(), takes(check), strict=True)
        ],
    )
    yield fenced(f"{{check: {check.name}, {_said(example.rule)}}}", "yaml")
    finding = example.outcome(broken=True).findings[0]
    yield "\n".join(
        [
            f"- Holds: {_printed(example.holds)}{_around(example)}",
            f"- Broken: {_printed(example.breaks) or _pages(example.pages_break)}",
            f"- Finding: “{plain(finding.message)}” (computed {code(finding.computed)}, printed {code(finding.printed)})",
        ]
    )


def _said(rule: Mapping[str, Any]) -> str:
    said = {key: f"[{', '.join(value)}]" if isinstance(value, list) else value for key, value in rule.items()}
    return ", ".join(f"{key}: {value}" for key, value in said.items())


_MOST_SHOWN = 6


def _printed(words: Mapping[str, str | None]) -> str:
    shown = [f"{code(ref)} {plain(text) if text is not None else 'not printed'}" for ref, text in words.items()]
    if len(shown) > _MOST_SHOWN:
        shown = [*shown[: _MOST_SHOWN - 2], "…", shown[-1]]
    return ", ".join(shown)


def _around(example: Example) -> str:
    """What else an example is made of."""
    said = f"; the release before: {_printed(example.before)}" if example.before else ""
    if example.pages != example.pages_break:
        said += f", {_pages(example.pages)}"
    return said + (f"; asked for: {_printed(example.asked)}" if example.asked else "")


def _pages(count: int) -> str:
    return "one page" if count == 1 else f"{count} pages"
