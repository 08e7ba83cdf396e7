"""How much personal data is found before a text leaves the machine, and what is taken for it wrongly.

    benchmarks/run personal_data                  all parts; the real documents when ../shared/data is there
    benchmarks/run personal_data --show 20        the first 20 misses and false hits of each part

Three parts: planted     lines of the project's own, English, German and French, with lookalikes beside them (personal_data_set.py)
             generated   values of the library Faker in 16 locales behind plain words: nobody of the project chose their forms
             real        press releases, factsheets and papers: each hit was judged by eye and is known by its hash

An item is found if it is marked from its first to its last character as its kind. The exit code is 1 below the goals. The last line
is JSON.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "plugins"))

from personal_data_set import Line, lines  # noqa: E402 - found through the line above

from workflow_orchestrator.compliance.personal_data import find_personal_data  # noqa: E402

GOAL_RECALL, GOAL_PRECISION = 0.91, 0.99
SHARED = Path(os.environ.get("GENAI_PLATFORM_SHARED", ROOT.parent / "shared")) / "data"
JUDGED = HERE / "personal_data_judged.json"
"""sha256 of what a person saw to be contact data, by document: the addresses and numbers themselves do not belong into a repository."""
_WORDS = {
    "en": {"phone": "Phone", "email": "Write to", "iban": "IBAN", "card": "Card", "national_id": "ID number",
           "birth_date": "Date of birth", "ip_address": "IP address"},
    "de": {"phone": "Telefon", "email": "Mail an", "iban": "Konto", "card": "Kreditkarte", "national_id": "Versicherungsnummer",
           "birth_date": "Geburtsdatum", "ip_address": "IP-Adresse"},
    "fr": {"phone": "Tél.", "email": "Écrire à", "iban": "Compte", "card": "Carte", "national_id": "Numéro national",
           "birth_date": "Né le", "ip_address": "Adresse IP"},
}  # fmt: skip
_LOCALES = {
    "en_GB": "en", "en_US": "en", "en_IE": "en", "de_DE": "de", "de_AT": "de", "de_CH": "de", "fr_FR": "fr", "fr_CH": "fr",
    "fr_BE": "fr", "es_ES": "en", "it_IT": "en", "nl_NL": "en", "pl_PL": "en", "sv_SE": "en", "fi_FI": "en", "pt_PT": "en",
}  # fmt: skip


@dataclass
class Score:
    """Counts of one part; `by` are found and planted items by kind or language."""

    planted: int = 0
    found: int = 0
    false: int = 0
    by: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    shown: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.found / self.planted if self.planted else 1.0

    @property
    def precision(self) -> float:
        hits = self.found + self.false
        return self.found / hits if hits else 1.0

    def take(self, line: Line) -> None:
        hits = {(hit.kind.name.lower(), hit.start, hit.end) for hit in find_personal_data(line.text)}
        for item in line.items:
            found = item in hits
            self.planted += 1
            self.found += found
            for name in (item[0], line.language):
                self.by[name][0] += found
                self.by[name][1] += 1
            if not found:
                self.shown.append(f"missed {item[0]}: {line.text}")
        for kind, start, end in sorted(hits - set(line.items)):
            self.false += 1
            self.shown.append(f"false {kind} {line.text[start:end]!r}: {line.text}")

    def to_json(self) -> dict[str, Any]:
        by = {name: f"{found}/{planted}" for name, (found, planted) in sorted(self.by.items())}
        numbers = {"planted": self.planted, "found": self.found, "false": self.false}
        return {**numbers, "recall": round(self.recall, 4), "precision": round(self.precision, 4), "by": by}


def planted() -> Score:
    """The project's own set."""
    score = Score()
    for line in lines():
        score.take(line)
    return score


def generated(each: int = 10) -> Score:
    """Values of Faker, `each` per locale and kind, with a fixed seed."""
    from faker import Faker

    score = Score()
    for locale, language in _LOCALES.items():
        fake = Faker(locale)
        fake.seed_instance(7)
        written = "%d/%m/%Y" if language != "de" else "%d.%m.%Y"
        makers = {
            "phone": fake.phone_number, "email": fake.email, "iban": fake.iban, "card": fake.credit_card_number,
            "national_id": fake.ssn, "birth_date": lambda: fake.date_of_birth().strftime(written), "ip_address": fake.ipv4,  # noqa: B023
        }  # fmt: skip
        for kind, make in makers.items():
            for _ in range(each):
                before, words = _WORDS[language][kind], make()
                score.take(Line(language, f"{before} {words}", ((kind, len(before) + 1, len(before) + 1 + len(words)),)))
    return score


def texts() -> Iterator[tuple[str, str]]:
    """Name and text of each real document, as it would be sent."""
    from workflow_orchestrator.documents import read_document
    from workflow_orchestrator.errors import DocumentError
    from workflow_orchestrator.extraction.model import document_text

    for folder in ("earnings", "factsheets", "papers"):
        for path in sorted((SHARED / folder).glob("*.pdf")):
            try:
                yield f"{folder}/{path.name}", document_text(read_document(path.read_bytes()))
            except DocumentError as error:
                print(f"  {path.name} is left out: {error.message[:80]}", file=sys.stderr)


def real(*, judge: bool = False) -> dict[str, Any]:
    """Hits in real documents, against those that a person judged; with `judge`, prints what is new and keeps it as judged."""
    judged: dict[str, list[str]] = json.loads(JUDGED.read_text()) if JUDGED.exists() else {}
    result: dict[str, Any] = {"documents": 0, "lines": 0, "hits": 0, "false": 0, "missed": 0, "seconds_per_100_000_characters": 0.0}
    characters, seconds = 0, 0.0
    for name, text in texts():
        clock = time.process_time()
        found = find_personal_data(text)
        seconds += time.process_time() - clock
        characters += len(text)
        words = {hashlib.sha256(text[hit.start : hit.end].encode()).hexdigest(): text[hit.start : hit.end] for hit in found}
        known = set(judged.get(name, ()))
        if judge:
            for digest in words.keys() - known:
                print(f"  {name}: {words[digest]}")
            judged[name] = sorted(words)
        result["documents"] += 1
        result["lines"] += text.count("\n") + 1
        result["hits"] += len(words)
        result["false"] += len(words.keys() - known) if not judge else 0
        result["missed"] += len(known - words.keys()) if not judge else 0
    if judge:
        JUDGED.write_text(json.dumps(judged, indent=2) + "\n")
    result["seconds_per_100_000_characters"] = round(seconds / max(characters, 1) * 100_000, 2)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print so many misses and false hits of each part")
    parser.add_argument("--judge", action="store_true", help="print every new hit in the real documents and keep it as judged")
    options = parser.parse_args()
    parts: dict[str, Any] = {}
    good = True
    for name, score in (("planted", planted()), ("generated", generated())):
        parts[name] = score.to_json()
        good &= score.recall >= GOAL_RECALL and score.precision >= GOAL_PRECISION
        print(f"{name}: recall {score.recall:.3f} ({score.found} of {score.planted}), {score.false} false hits")
        print("   " + "  ".join(f"{kind} {counts}" for kind, counts in parts[name]["by"].items()))
        print("".join(f"   {line}\n" for line in score.shown[: options.show]), end="")
    if SHARED.is_dir():
        found = parts["real"] = real(judge=options.judge)
        good &= found["false"] == 0 and found["missed"] == 0
        print(f"real: {found['hits']} hits in {found['lines']} lines of {found['documents']} documents, {found['false']} of them false, "
              f"{found['missed']} missed that an earlier version found")  # fmt: skip
    print(json.dumps(parts))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
