#!/usr/bin/env python3
"""Draws the dashboards from what StatsD heard of real runs, for docs/: the same panels and sums as in Grafana, drawn here.

    scripts/make_dashboard_pictures.py heard.log docs/dashboard_grafana.png
    scripts/make_dashboard_pictures.py heard.log docs/dashboard_cloudwatch.png --cloudwatch      only what goes there

A line of `heard.log` is the seconds since the epoch, a space, and the datagram as Airflow sent it (with tags). Needs Chromium.
"""

from __future__ import annotations

import html
import re
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "plugins"), str(ROOT / "scripts" / "lib")]

from chromium_here import ensure_chromium  # noqa: E402 - behind the path

from workflow_orchestrator.observability.dashboards import ROWS, Panel  # noqa: E402
from workflow_orchestrator.observability.names import WORKFLOW_NAME  # noqa: E402

COLOURS = ("#7eb26d", "#eab839", "#6ed0e0", "#ef843c", "#e24d42", "#1f78c1", "#ba43a9", "#705da0", "#508642", "#cca300")
_COLUMNS = 24
WIDTH, COLUMN, HEIGHT = 1600, 1600 / _COLUMNS, 190
_LINE = re.compile(r"(?P<at>[\d.]+) (?:airflow\.)?(?P<name>[^,:]+)(?P<tags>(?:,[^,=]+=[^,:]*)*):(?P<value>-?[\d.e+-]+)\|(?P<type>\w+)")


@dataclass(frozen=True)
class Heard:
    """One number as it was sent."""

    at: float
    name: str
    tags: dict[str, str]
    value: float


def read(path: Path) -> list[Heard]:
    """The numbers of a log; what is no line of StatsD with tags is left out."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        match = _LINE.fullmatch(line.strip())
        if match:
            tags = dict(tag.split("=", 1) for tag in match["tags"].split(",") if tag)
            found.append(Heard(float(match["at"]), match["name"], tags, float(match["value"])))
    return found


def of(panel: Panel, heard: list[Heard]) -> dict[str, list[Heard]]:
    """The numbers of a panel, by its tags."""
    name = re.escape(panel.metric.name).replace(re.escape(WORKFLOW_NAME), ".+")
    groups: dict[str, list[Heard]] = defaultdict(list)
    for one in heard:
        if re.fullmatch(name, one.name) and set(panel.metric.tags) & set(one.tags) >= set(panel.by):
            groups[" · ".join(one.tags[tag] for tag in panel.by) or "all"].append(one)
    return dict(sorted(groups.items()))


def value(panel: Panel, numbers: list[Heard]) -> float:
    """A group summed up as its panel says."""
    # StatsD's timers are milliseconds, whatever Prometheus keeps.
    scale = 0.001 if panel.metric.kind == "timer" and panel.unit == "s" else 1.0
    values = [one.value * scale for one in numbers]
    if panel.shown == "last":
        return max(numbers, key=lambda one: one.at).value
    if panel.shown == "share":
        good = sum(one.value for one in numbers if one.tags.get("outcome") != "failed")
        return good / sum(values)
    if panel.shown == "median":
        return statistics.median(values)
    if panel.shown == "slow":
        return sorted(values)[min(len(values) - 1, round(0.95 * (len(values) - 1)))]
    return sum(values)


def shown(panel: Panel, number: float) -> str:
    """A number with its unit, as Grafana writes it."""
    if panel.unit == "percentunit":
        return f"{number:.0%}"
    if panel.unit in ("s", "ms"):
        seconds = number / 1000 if panel.unit == "ms" else number
        if seconds < 1:
            return f"{seconds * 1000:.0f} ms"
        return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
    return f"{number:,.0f}"


def bars(panel: Panel, groups: dict[str, list[Heard]], width: float) -> str:
    """Lengths beside names."""
    rows = sorted(((value(panel, numbers), name) for name, numbers in groups.items()), reverse=True)[:6]
    most = max((number for number, _ in rows), default=0) or 1
    parts = []
    for index, (number, name) in enumerate(rows):
        y = 8 + index * 24
        length = max(2.0, (width - 250) * number / most)
        parts.append(f'<text x="0" y="{y + 13}" class="n">{html.escape(name[:24])}</text>')
        parts.append(f'<rect x="165" y="{y}" width="{length:.0f}" height="16" fill="{COLOURS[index % 10]}"/>')
        parts.append(f'<text x="{171 + length:.0f}" y="{y + 13}" class="v">{shown(panel, number)}</text>')
    return f'<svg width="{width:.0f}" height="{HEIGHT - 40}">{"".join(parts)}</svg>'


def figures(panel: Panel, groups: dict[str, list[Heard]]) -> str:
    """Large figures with their names."""
    cells = []
    for name, numbers in list(groups.items())[:6]:
        number = value(panel, numbers)
        colour = "#7eb26d" if panel.unit != "percentunit" or number >= 0.99 else "#eab839" if number >= 0.9 else "#e24d42"
        cells.append(f'<div class="stat"><b style="color:{colour}">{shown(panel, number)}</b><i>{html.escape(name)}</i></div>')
    return f'<div class="stats">{"".join(cells)}</div>'


def body(panel: Panel, heard: list[Heard], width: float) -> str:
    """The picture of a panel."""
    groups = of(panel, heard)
    if not groups:
        return '<div class="none">–</div>'
    single = panel.shown in ("sum", "share", "last")
    return figures(panel, groups) if single and (panel.wide < 8 or panel.unit == "percentunit") else bars(panel, groups, width)


def rows_of(which: str) -> dict[str, tuple[Panel, ...]]:
    """The panels of a dashboard, by row."""
    if which == "grafana":
        return ROWS
    return {"CloudWatch": tuple(replace(panel, wide=8) for row in ROWS.values() for panel in row if panel.metric.cloudwatch)}


def page(heard: list[Heard], rows_of_panels: dict[str, tuple[Panel, ...]]) -> str:
    """The whole dashboard."""
    first, last = (datetime.fromtimestamp(at, UTC) for at in (min(one.at for one in heard), max(one.at for one in heard)))
    rows = []
    for title, panels in rows_of_panels.items():
        cells = "".join(
            f'<section style="width:{panel.wide * COLUMN - 34:.0f}px"><h3>{html.escape(panel.title)}</h3>'
            f"{body(panel, heard, panel.wide * COLUMN - 34)}</section>"
            for panel in panels
        )
        rows.append(f"<h2>{html.escape(title)}</h2><div class=row>{cells}</div>")
    style = (
        "body{margin:0;padding:16px;width:1600px;background:#111217;color:#ccccdc;font:13px 'DejaVu Sans',sans-serif}"
        "h1{font-size:19px;margin:0 0 4px}h2{font-size:15px;margin:16px 0 6px;color:#fff}h3{font-size:13px;margin:0 0 6px;color:#fff}"
        f".row{{display:flex;flex-wrap:wrap;gap:8px}}section{{height:{HEIGHT}px;padding:8px 12px}}"
        "section{background:#181b1f;border:1px solid #2c3235}"
        ".stats{display:flex;flex-wrap:wrap;gap:10px 18px}.stat b{display:block;font-size:27px}.stat i{font-style:normal;font-size:11px}"
        ".n{fill:#ccccdc;font-size:11px}.v{fill:#fff;font-size:11px}.none{color:#777;font-size:26px}p{margin:0 0 6px;color:#8e8e8e}"
    )
    says = f"{len(heard):,} numbers of real runs, {first:%Y-%m-%d %H:%M} to {last:%H:%M} UTC; drawn by scripts/make_dashboard_pictures.py"
    return f"<!doctype html><meta charset=utf-8><style>{style}</style><h1>genai-platform</h1><p>{says}</p>{''.join(rows)}"


def tall(rows_of_panels: dict[str, tuple[Panel, ...]]) -> int:
    """How high the page is: as many rows of panels as each part needs."""
    rows = 0
    for panels in rows_of_panels.values():
        x = _COLUMNS
        for panel in panels:
            rows += x + panel.wide > _COLUMNS
            x = panel.wide if x + panel.wide > _COLUMNS else x + panel.wide
    return 90 + len(rows_of_panels) * 42 + rows * (HEIGHT + 26)


def main(arguments: list[str]) -> int:
    """Draws one picture."""
    panels = rows_of("cloudwatch" if "--cloudwatch" in arguments else "grafana")
    arguments = [argument for argument in arguments if argument != "--cloudwatch"]
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    heard = read(Path(arguments[0]))
    if not heard:
        print(f"{arguments[0]} holds no number with tags", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        path.write_text(page(heard, panels), encoding="utf-8")
        command = [
            ensure_chromium(), "--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={WIDTH + 48},{tall(panels)}",
            f"--screenshot={Path(arguments[1]).absolute()}", path.as_uri(),
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
