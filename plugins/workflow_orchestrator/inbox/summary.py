"""What a scan or a batch has to tell: as the note on its page, as a message to a channel, and as a whole list.

    12 documents: 8 wait for a person, 2 finished, 1 in quarantine, 1 failed; cost USD 0.43

The note holds what needs somebody first and as many lines as the database takes; the list has all of it.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any, Literal

from workflow_orchestrator.inbox.result import DocumentResult, Standing
from workflow_orchestrator.literal import cell, plain

# In the order in which people want to hear of them.
SAYS: Mapping[Standing, tuple[str, str]] = {
    "waiting": ("waits for a person", "wait for a person"),
    "finished": ("finished", "finished"),
    "degraded": ("finished with parts missing", "finished with parts missing"),
    "had_before": ("had its video before", "had their video before"),
    "quarantined": ("in quarantine", "in quarantine"),
    "failed": ("failed", "failed"),
    "at_work": ("not yet through", "not yet through"),
    "not_started": ("not started, for want of time", "not started, for want of time"),
}
LINES_IN_A_MESSAGE = 50
# What a list is of, and what its time is called in the data.
Kind = Literal["scan", "batch"]
TIMES: Mapping[Kind, str] = {"scan": "scanned", "batch": "started"}
COLUMNS = ("document", "outcome", "error", "message", "asks", "cost_usd", "whole_cost_known", "run_id", "link")

Link = Callable[[DocumentResult], str]


@dataclass(frozen=True, slots=True)
class Line:
    """One document in a list: its name, what is said of it, and the address of its run, if it has one."""

    name: str
    says: str = ""
    address: str = ""

    def markdown(self) -> str:
        """As Markdown; what comes from outside shows as it is."""
        shown = f"[{plain(self.name)}]({self.address})" if self.address else plain(self.name)
        return f"{shown}: {plain(self.says)}" if self.says else shown

    def text(self) -> str:
        """As plain text, the address last."""
        told = f"{self.name}: {self.says}" if self.says else self.name
        return f"{told} {self.address}".rstrip()


@dataclass(frozen=True, slots=True)
class Summary:
    """One scan, or one batch, and what became of its documents.

    `put_aside` are the documents that the scan itself put into quarantine and `left_out` those it could not read, each as (name,
    reason); `failed_before` those whose run failed in an earlier night. `same` counts files with the bytes of another new one,
    `later` the new documents over the limit. `remark` says why nothing was looked for, if so.
    """

    workflow: str
    title: str
    when: str
    results: tuple[DocumentResult, ...] = ()
    put_aside: tuple[tuple[str, str], ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    failed_before: tuple[str, ...] = ()
    later: int = 0
    same: int = 0
    only_listed: bool = False
    remark: str = ""
    kind: Kind = "scan"

    @property
    def counts(self) -> dict[str, int]:
        """How many documents stand how."""
        counted = Counter(result.standing for result in self.results)
        return {standing: counted[standing] for standing in SAYS if counted[standing]}

    @property
    def cost_usd(self) -> Decimal:
        """What is known of the money that the documents cost, in US dollars."""
        return sum((result.cost_usd for result in self.results), Decimal(0))

    @property
    def news(self) -> bool:
        """Whether there is anything that somebody should hear of."""
        return bool(self.results or self.put_aside or self.left_out or self.failed_before or self.remark)

    def headline(self) -> str:
        """The scan in one sentence."""
        if self.remark:
            return self.remark
        total = len(self.results) + len(self.put_aside)
        if self.only_listed:
            would = _count(len(self.results), "document would get a run", "documents would get a run")
            return f"Only listed: {would}" + (f", {self.later} more over the limit" if self.later else "")
        if not total:
            return ("No new document" if self.kind == "scan" else "No document") + self._rest()
        counts = Counter(self.counts)
        counts["quarantined"] += len(self.put_aside)
        parts = [f"{counts[key]} {words[counts[key] != 1]}" for key, words in SAYS.items() if counts[key]]
        return f"{_count(total, 'document', 'documents')}: {', '.join(parts)}; {self._money()}{self._rest()}"

    def _money(self) -> str:
        unknown = sum(not result.priced for result in self.results)
        # Cents, and finer only where cents would say nothing.
        digits = 2 if self.cost_usd >= Decimal("0.1") else 4
        cost = f"cost USD {round(self.cost_usd, digits) if self.cost_usd else Decimal(0):f}"
        return f"{cost}, and {_count(unknown, 'run', 'runs')} of unknown price" if unknown else cost

    def _rest(self) -> str:
        said = []
        if self.later:
            said.append(f"{self.later} more over the limit of one scan")
        if self.same:
            said.append(_count(self.same, "file is a copy of another", "files are copies of others"))
        if self.failed_before:
            said.append(f"{len(self.failed_before)} failed before")
        if self.left_out:
            said.append(f"{len(self.left_out)} could not be read")
        return "".join(f"; {item}" for item in said)

    def note(self, link: Link, whole: str, limit: int) -> str:
        """Markdown for the page of the scan, at most `limit` characters.

        Args:
            link: the address of a document's run.
            whole: the address of the whole list.
            limit: what the database takes.
        """
        end = f"\n\n[The whole list]({whole})"
        note = f"**{self.headline()}**"
        lines = [f"- {line.markdown()}" for line in self.lines(link)]
        for number, line in enumerate(lines):
            left = len(lines) - number
            more = f"\n- … and {left} more"
            # Room is kept for saying that there are more, unless this is the last one.
            needed = len(line) + 2 + (len(more) if left > 1 else 0)
            if len(note) + needed + len(end) > limit:
                note += more
                break
            note += f"\n{line}" if number else f"\n\n{line}"
        return (note + end)[:limit]

    def message(self, link: Link, whole: str) -> tuple[str, str]:
        """Subject and plain text for a channel; the text has an address for each document that somebody should look at."""
        lines = [line.text() for line in self.lines(link)]
        more = len(lines) - LINES_IN_A_MESSAGE
        shown = lines[:LINES_IN_A_MESSAGE] + ([f"… and {more} more"] if more > 0 else [])
        text = "\n".join([self.headline(), "", *(f"- {line}" for line in shown), "", f"The whole list: {whole}"])
        return f"{self.title}: {self.headline()}", text

    def markdown(self, link: Link) -> str:
        """The whole list as a page."""
        lines = "\n".join(f"- {line.markdown()}" for line in self.lines(link)) or "Nothing to list."
        return f"# {self.title}, {self.kind} of {self.when}\n\n{self.headline()}\n\n{lines}\n"

    def to_json(self, link: Link) -> dict[str, Any]:
        """The whole list as data."""
        return {
            "workflow": self.workflow,
            TIMES[self.kind]: self.when,
            "says": self.headline(),
            "counts": self.counts,
            "cost_usd": str(self.cost_usd),
            "only_listed": self.only_listed,
            "documents": [{**result.to_json(), "link": link(result)} for result in self.results],
            "put_aside": [{"document": name, "reason": reason} for name, reason in self.put_aside],
            "left_out": [{"document": name, "reason": reason} for name, reason in self.left_out],
            "failed_before": list(self.failed_before),
            "over_the_limit": self.later,
            "copies": self.same,
        }

    def csv(self, link: Link) -> str:
        """The whole list as a table for a spreadsheet, as RFC 4180 has it; no cell of it is a formula."""
        table = io.StringIO()
        writer = csv.writer(table)
        writer.writerow(COLUMNS)
        for name, reason in self.put_aside:
            writer.writerow([cell(name), "quarantined", "", cell(reason), "", "0", "yes", "", ""])
        for name, reason in self.left_out:
            writer.writerow([cell(name), "left_out", "", cell(reason), "", "0", "yes", "", ""])
        for result in self.results:
            error = result.error or {}
            told = [str(error.get("error", "")), str(error.get("message", "")), " ".join(result.asks)]
            cost = [str(result.cost_usd), "yes" if result.priced else "no"]
            writer.writerow(
                [cell(result.document), result.standing, *map(cell, told), *cost, cell(result.run_id), link(result)]
            )
        return table.getvalue()

    def lines(self, link: Link) -> Iterator[Line]:
        """Every document; what needs somebody comes first."""
        order = {standing: position for position, standing in enumerate(SAYS)}
        for name, reason in self.put_aside:
            yield Line(name, f"in quarantine. {short(reason)}")
        for result in sorted(self.results, key=lambda item: order[item.standing]):
            yield Line(result.name) if self.only_listed else line_of(result, link)
        for name in self.failed_before:
            yield Line(name, "its run failed before; clear it, or scan with force")
        for name, reason in self.left_out:
            yield Line(name, f"left out. {short(reason)}" if self.kind == "scan" else short(reason))


def line_of(result: DocumentResult, link: Link) -> Line:
    """One document as a line."""
    says = SAYS[result.standing][0]
    if result.asks:
        says += f" ({', '.join(result.asks)})"
    if result.error and result.standing in ("failed", "quarantined"):
        says += f". {result.error.get('error')}: {short(str(result.error.get('message', '')))}"
    has_run = result.run_id and result.standing != "not_started"
    return Line(result.name, says, link(result) if has_run else "")


def short(reason: str, limit: int = 160) -> str:
    """The begin of a reason; the list of the run has all of it."""
    text = " ".join(reason.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def list_keys(workflow: str, when: str, kind: Kind = "scan") -> tuple[str, str, str]:
    """The keys of the list, as data, as a page and as a table; `when`, or the name of a batch, is made a file name."""
    folder = {"scan": "nightly", "batch": "batch"}[kind]
    stem = f"{folder}/{workflow}/{PurePosixPath(when.replace(':', '').replace(' ', '_')).name}"
    return f"{stem}.json", f"{stem}.md", f"{stem}.csv"


def results_from(data: Sequence[Mapping[str, Any]]) -> tuple[DocumentResult, ...]:
    """Results that travelled as JSON."""
    return tuple(DocumentResult.from_json(item) for item in data)
