"""How much personal data is found before a text leaves the machine, what is taken for it wrongly, and which pages stay.

    benchmarks/run personal_data                  all parts; the real documents when ../shared/data is there
    benchmarks/run personal_data --show 20        the first 20 misses and false hits of each part

planted     lines of the project's own, English, German and French, with lookalikes beside them (personal_data_set.py)
generated   values of the library Faker in 16 locales behind plain words: nobody of the project chose their forms
names       lines with names of people, a hint for the reviewer that stops nothing
real        press releases, factsheets and papers: each hit was judged by eye and is known by its hash
pages       factsheets whose values a person read: what a model would be sent, and whether a page with a value was kept back

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

from extraction_truth import load  # noqa: E402 - found through the line above
from personal_data_set import NAMES, NO_NAMES, Line, lines  # noqa: E402

from workflow_orchestrator.compliance.personal_data import find_people, find_personal_data  # noqa: E402
from workflow_orchestrator.documents import Document, read_document  # noqa: E402
from workflow_orchestrator.errors import DocumentError  # noqa: E402
from workflow_orchestrator.extraction.model import document_text  # noqa: E402
from workflow_orchestrator.extraction.pages import needed_pages  # noqa: E402
from workflow_orchestrator.fields import FieldSet  # noqa: E402

GOAL_RECALL, GOAL_PRECISION, GOAL_FALSE = 0.91, 0.99, 0
GOAL_NAMES = 0.8  # a hint for the reviewer
SHARED = Path(os.environ.get("GENAI_PLATFORM_SHARED", ROOT.parent / "shared")) / "data"
FIELDS = FieldSet.from_json(json.loads((ROOT / "dags/fund_factsheet_video/schema.json").read_text(encoding="utf-8")))
REQUIRED = tuple(spec.name for spec in FIELDS.values() if spec.required)
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
    """Counts of one part; `by` are found and planted items by kind, form or language. `clean` lines hold nothing that is personal."""

    planted: int = 0
    found: int = 0
    false: int = 0
    clean: int = 0
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
        self.clean += not line.items
        for place, item in enumerate(line.items):
            found = item in hits
            self.planted += 1
            self.found += found
            for name in {item[0], line.language, *line.makers[place : place + 1]}:
                self.by[name][0] += found
                self.by[name][1] += 1
            if not found:
                self.shown.append(f"missed {item[0]}: {line.text}")
        for kind, start, end in sorted(hits - set(line.items)):
            self.false += 1
            self.shown.append(f"false {kind} {line.text[start:end]!r}: {line.text}")

    def to_json(self) -> dict[str, Any]:
        by = {name: f"{found}/{planted}" for name, (found, planted) in sorted(self.by.items())}
        numbers = {"planted": self.planted, "found": self.found, "false": self.false, "clean_lines": self.clean}
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


def names() -> Score:
    """Lines with names of people, and lines with capitals that name nobody."""
    score = Score()
    for language in NAMES:
        for text, wanted in (*NAMES[language], *((text, ()) for text in NO_NAMES[language])):
            found = [person.name for person in find_people(text)]
            score.clean += not wanted
            for name in wanted:
                score.planted += 1
                score.found += name in found
                score.by[language][0] += name in found
                score.by[language][1] += 1
                if name not in found:
                    score.shown.append(f"missed name {name}: {text}")
            for name in found:
                if name not in wanted:
                    score.false += 1
                    score.shown.append(f"false name {name!r}: {text}")
    return score


def documents() -> Iterator[tuple[str, Document]]:
    """Name and pages of each real document that can be read."""
    for folder in ("earnings", "factsheets", "papers"):
        for path in sorted((SHARED / folder).glob("*.pdf")):
            try:
                yield f"{folder}/{path.name}", read_document(path.read_bytes())
            except DocumentError as error:
                print(f"  {path.name} is left out: {error.message[:80]}", file=sys.stderr)


def pages() -> dict[str, Any]:
    """What of the factsheets with known values a model would be sent, and which pages with a value it would not."""
    result: dict[str, Any] = {"documents": 0, "pages": 0, "pages_kept_back": 0, "with_a_value": 0, "lost": []}
    characters = sent = 0
    for path, truth in _factsheets():
        document = read_document(path.read_bytes())
        chosen = needed_pages(document, FIELDS, REQUIRED)
        wanted = {one.page for one in load(truth).expected if one.value is not None and not one.graphic}
        result["documents"] += 1
        result["pages"] += len(document.pages)
        result["pages_kept_back"] += len(chosen.kept_back)
        result["with_a_value"] += len(wanted)
        result["lost"] += [f"{path.name} page {number}" for number in sorted(wanted - set(chosen.sent))]
        characters += len(document_text(document))
        sent += len(document_text(document, chosen.sent))
    recall = 1 - len(result["lost"]) / max(result["with_a_value"], 1)
    return {**result, "recall": round(recall, 4), "characters_kept_back": round(1 - sent / max(characters, 1), 4)}


def _factsheets() -> Iterator[tuple[Path, Path]]:
    """The project's own documents, and those of ../shared/data, each with its truth."""
    for folder in (ROOT / "include/samples", HERE / "holdout", HERE / "holdout_2", HERE / "layouts", SHARED / "factsheets"):
        for path in sorted(folder.glob("*.pdf")):
            places = (path.with_suffix(".truth.json"), folder / "truth" / f"{path.stem}.json", SHARED / "truth" / f"{path.stem}.json")
            truth = next((place for place in places if place.exists()), None)
            if truth is not None:
                yield path, truth


def real(*, judge: bool = False) -> dict[str, Any]:
    """Hits in real documents, against those that a person judged; with `judge`, prints what is new and keeps it as judged."""
    judged: dict[str, list[str]] = json.loads(JUDGED.read_text()) if JUDGED.exists() else {}
    result: dict[str, Any] = {"documents": 0, "lines": 0, "hits": 0, "names": 0, "false": 0, "missed": 0}
    characters, seconds = 0, 0.0
    for name, document in documents():
        text = document_text(document)
        clock = time.process_time()
        spans = [(hit.start, hit.end) for hit in find_personal_data(text)]
        seconds += time.process_time() - clock
        people = [(person.start, person.end) for person in find_people(text)]
        characters += len(text)
        words = {hashlib.sha256(text[start:end].encode()).hexdigest(): text[start:end] for start, end in (*spans, *people)}
        known = set(judged.get(name, ()))
        if judge:
            for digest in words.keys() - known:
                print(f"  {name}: {words[digest]}")
            judged[name] = sorted(words)
        result["documents"] += 1
        result["lines"] += text.count("\n") + 1
        result["hits"] += len({text[start:end] for start, end in spans})
        result["names"] += len({text[start:end] for start, end in people})
        result["false"] += len(words.keys() - known) if not judge else 0
        result["missed"] += len(known - words.keys()) if not judge else 0
    if judge:
        JUDGED.write_text(json.dumps(judged, indent=2) + "\n")
    return {**result, "seconds_per_100_000_characters": round(seconds / max(characters, 1) * 100_000, 2)}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print so many misses and false hits of each part")
    parser.add_argument("--judge", action="store_true", help="print every new hit in the real documents and keep it as judged")
    options = parser.parse_args()
    parts: dict[str, Any] = {}
    good = True
    for name, score in (("planted", planted()), ("generated", generated()), ("names", names())):
        parts[name] = score.to_json()
        good &= score.recall >= (GOAL_NAMES if name == "names" else GOAL_RECALL)
        good &= score.precision >= GOAL_PRECISION if name == "generated" else score.false <= GOAL_FALSE
        print(f"{name}: recall {score.recall:.3f} ({score.found} of {score.planted}), {score.false} false hits"
              + (f", {score.clean} of the lines hold nothing" if score.clean else ""))  # fmt: skip
        print("   " + "  ".join(f"{kind} {counts}" for kind, counts in parts[name]["by"].items()))
        print("".join(f"   {line}\n" for line in score.shown[: options.show]), end="")
    if SHARED.is_dir():
        found = parts["real"] = real(judge=options.judge)
        good &= found["false"] == 0 and found["missed"] == 0
        print(f"real: {found['hits']} hits and {found['names']} names in {found['lines']} lines of {found['documents']} documents, "
              f"{found['false']} of them false, {found['missed']} missed that an earlier version found")  # fmt: skip
    told = parts["pages"] = pages()
    good &= not told["lost"]
    print(f"pages: {told['pages_kept_back']} of {told['pages']} pages of {told['documents']} factsheets are kept back, "
          f"{told['characters_kept_back']:.1%} of the characters; recall of the {told['with_a_value']} pages with a value "
          f"{told['recall']:.3f}" + "".join(f"\n   lost: {line}" for line in told["lost"]))  # fmt: skip
    print(json.dumps(parts))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
