"""What the history keeps of one run: facts that stay, and names that can be forgotten.

    history/fund_factsheet_video/000000042.json
       serial, previous      the entry's place, and the hash of the entry before it
       kind                  run | erasure
       facts                 how it went, without anybody's name and without anything of the document
       named                 run id, document, who asked, corrected, edited and released; null once it was erased

An entry's hash covers `facts`, and `facts` hold the hash of `named` with its salt. So names can be erased on somebody's demand and
the chain still proves that nothing else was touched, while nobody can guess a name from its hash.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.errors import HistoryError

FORMAT = 1
START = "0" * 64
"""What the first entry of a workflow has for `previous`."""

EntryKind = Literal["run", "erasure"]
_NAMED_HASH = "named_sha256"


@dataclass(frozen=True, slots=True)
class Link:
    """What the next entry needs to know of the one before it: its number, its hash, and how the last runs ended.

    `recent` has a letter for each of the last `WINDOW` runs, the newest last: 1 where it succeeded, 0 where it failed.
    """

    serial: int
    digest: str
    recent: str = ""


WINDOW = 50
"""Over how many runs a success rate goes that is no longer than a night's work and no shorter than an accident."""

FIRST = Link(0, START)
"""What the first entry of a workflow follows."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a workflow's history. `serial` counts from 1 without a gap."""

    workflow: str
    serial: int
    previous: str
    kind: EntryKind
    facts: Mapping[str, Any]
    named: Mapping[str, Any] | None

    def __post_init__(self) -> None:
        if self.serial < 1 or (self.serial == 1) != (self.previous == START):
            raise ValueError(f"entry {self.serial} follows {self.previous[:12]}")
        if self.kind not in get_args(EntryKind):
            raise ValueError(f"{self.kind!r} is no kind of entry")

    @property
    def digest(self) -> str:
        """The hash that the next entry names."""
        return sha256(to_bytes(self._sealed()))

    @property
    def link(self) -> Link:
        """What the entry after this one follows."""
        return Link(self.serial, self.digest, str(self.facts.get("recent", "")))

    @property
    def success_rate(self) -> float | None:
        """The share of the last `WINDOW` runs, this one among them, that did not fail; `None` where there is none."""
        recent = str(self.facts.get("recent", ""))
        return recent.count("1") / len(recent) if recent else None

    @property
    def names_hold(self) -> bool:
        """Whether the names are those of which the facts have the hash; true where they were erased."""
        return self.named is None or _hash_of(self.named) == self.facts.get(_NAMED_HASH)

    def _sealed(self) -> dict[str, Any]:
        return {
            "format": FORMAT, "workflow": self.workflow, "serial": self.serial, "previous": self.previous,
            "kind": self.kind, "facts": self.facts,
        }  # fmt: skip

    def to_bytes(self) -> bytes:
        """The file of the entry."""
        return to_bytes({**self._sealed(), "named": self.named})

    @classmethod
    def from_json(cls, data: Any) -> Entry:
        """The entry of a file.

        Raises:
            HistoryError: it is no entry, or one of a newer platform.
        """
        if isinstance(data, dict) and isinstance(data.get("format"), int) and data["format"] > FORMAT:
            raise HistoryError(
                f"entry {data.get('serial')} has format {data['format']}, this platform reads up to {FORMAT}; read it with the newer one"
            )
        try:
            if data["format"] != FORMAT:
                raise ValueError(f"format {data['format']!r}")
            return cls(
                str(data["workflow"]), int(data["serial"]), str(data["previous"]), data["kind"], dict(data["facts"]),
                None if data["named"] is None else dict(data["named"]),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError) as error:
            raise HistoryError(f"it is no entry of a history: {error}") from None

    @property
    def finished(self) -> datetime:
        """When it was written, by the clock of its writer."""
        return datetime.fromisoformat(self.facts["finished"])

    def says(self, key: str) -> Any:
        """A name or a fact; `None` where there is none, or it was erased."""
        named = self.named or {}
        return named[key] if key in named else self.facts.get(key)


def entry_of_run(manifest: Mapping[str, Any], digest: str, previous: Link) -> Entry:
    """The entry of a run, to stand after `previous`; `digest` is the SHA-256 of its manifest's bytes."""
    ended = "0" if manifest["outcome"] == "failed" else "1"
    facts = {**_facts(manifest, digest), "recent": (previous.recent + ended)[-WINDOW:]}
    return after(previous, manifest["workflow"]["name"], "run", facts, _named(manifest))


def after(previous: Link, workflow: str, kind: EntryKind, facts: Mapping[str, Any], named: Mapping[str, Any]) -> Entry:
    """An entry that follows another; its names get a salt of their own."""
    salted = {"salt": secrets.token_hex(16), **named}
    return Entry(workflow, previous.serial + 1, previous.digest, kind, {**facts, _NAMED_HASH: _hash_of(salted)}, salted)


def _hash_of(named: Mapping[str, Any]) -> str:
    return sha256(to_bytes(dict(named)))


def _facts(manifest: Mapping[str, Any], digest: str) -> dict[str, Any]:
    run, steps, usage = manifest["run"], manifest["steps"], manifest["usage"]
    error = manifest["error"]
    started = run.get("started") or _first_start(steps)
    return {
        "started": started,
        "finished": run["finished"],
        "seconds": None if started is None else round(_between(started, run["finished"]), 3),
        "outcome": manifest["outcome"],
        "error": error and {key: error[key] for key in ("step", "error") if key in error},
        "degraded": [{key: one[key] for key in ("step", "error")} for one in manifest["degraded"]],
        "run_type": run.get("type"),
        "mode": manifest["mode"]["name"],
        "models": sorted({call["model"] for call in _calls(steps) if call["provider"] != "offline"}),
        **{key: usage[key] for key in ("calls", "input_tokens", "output_tokens", "cost_usd")},
        "steps": [
            {**_place(step), "state": step["state"], "seconds": step["seconds"], "attempts": len(step["attempts"])} for step in steps
        ],
        "retries": retries_of(steps),
        "findings": findings_of(manifest),
        "waited_seconds": waited_of(manifest),
        "video_seconds": video_seconds_of(steps),
        "released": _released(manifest),
        "artifacts": len(manifest["artifacts"]),
        "definition": manifest["workflow"]["definition"],
        "platform": manifest["platform"],
        "manifest_sha256": digest,
    }


def _named(manifest: Mapping[str, Any]) -> dict[str, Any]:
    decisions = [*manifest["decisions"], *(one for item in manifest["items"] for one in item.get("decisions", ()))]
    source = manifest["source"] or {}
    corrections = (manifest["checks"]["validation"] or {}).get("corrections", ())
    return {
        "run_id": manifest["run"]["id"],
        "run_key": manifest["run"]["key"],
        "document": source.get("name"),
        "document_sha256": source.get("sha256"),
        "requested_by": manifest["run"].get("triggered_by"),
        "corrected_by": _each(one.get("by") for one in corrections),
        "edited_by": _each(one.get("by") for one in decisions if one["decision"] == "sent_back"),
        "released_by": _each(one.get("by") for one in decisions if one["decision"] == "approved" and not one.get("void")),
        "rejected_by": _each(one.get("by") for one in decisions if one["decision"] == "rejected"),
    }


def _each(names: Any) -> list[str]:
    return list(dict.fromkeys(str(name) for name in names if name))


def _place(step: Mapping[str, Any]) -> dict[str, Any]:
    within = {key: step[key] for key in ("map", "index") if key in step}
    return {"step": step["step"], "kind": step["kind"], **within}


def _calls(steps: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for step in steps:
        for attempt in step["attempts"]:
            yield from attempt["calls"]


def _first_start(steps: Sequence[Mapping[str, Any]]) -> str | None:
    starts = [attempt["started"] for step in steps for attempt in step["attempts"]]
    return min(starts, key=datetime.fromisoformat, default=None)


def _between(start: str, end: str) -> float:
    return max(0.0, (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())


def retries_of(steps: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How often which error was followed by another attempt of its step."""
    kinds = (
        (attempt["error"] or {}).get("error", "unknown") for step in steps for attempt in step["attempts"][:-1] if attempt["error"]
    )
    return dict(sorted(Counter(kinds).items()))


def findings_of(manifest: Mapping[str, Any]) -> dict[str, int]:
    """How often which rule found something: broken rules of the figures, and compliance rules that did not pass."""
    checks = manifest["checks"]
    found = [str(one.get("rule", "")) for one in (checks["validation"] or {}).get("findings", ())]
    for name in ("compliance", "compliance_slides", "compliance_video"):
        found += [one["rule"] for one in (checks[name] or {}).get("results", ()) if one["outcome"] != "pass"]
    return dict(sorted(Counter(found).items()))


def waited_of(manifest: Mapping[str, Any]) -> float | None:
    """Seconds from the first try of the release until it was decided; `None` where there was none."""
    approval = manifest["approval"]
    asked = [attempt["started"] for step in manifest["steps"] if step["kind"] == "approve" for attempt in step["attempts"]]
    if not approval or not asked:
        return None
    return round(_between(min(asked, key=datetime.fromisoformat), approval["at"]), 3)


def video_seconds_of(steps: Sequence[Mapping[str, Any]]) -> float:
    """Seconds of finished video."""
    films = [step["attempts"][-1]["facts"].get("seconds") for step in steps if step["kind"] == "video" and step["attempts"]]
    return round(sum(float(seconds) for seconds in films if isinstance(seconds, int | float)), 3)


def _released(manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    approval = manifest["approval"]
    if not approval:
        return None
    return {key: approval.get(key) for key in ("decision", "mode", "at", "content")}
