"""Which share of planted script faults is caught, by kind, and how many good scripts are refused.

    benchmarks/run script_guard
    benchmarks/run script_guard --good 20 --missed 40

A script is judged as the write step judges it: the guard and its neighbours (`script.review`), then the compliance packs and the house
style. What becomes of it:

    refused   it cannot go on
    person    a rule found something in its words, or could not decide, and asks the person who releases
    named     nothing but a warning quotes the very sentence to that person: it rests on no value of the document
    model     nothing was found; it goes to a person because a model wrote it, as every such script does
    passed    the sentence file's own words: nothing was found

Rules that ask for a person whatever is said (the age of the document, the key information document) count nowhere. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "plugins"))
sys.path.insert(0, str(HERE))

from planted_scripts import SCOPE, Case, faulty_cases, fields, good_cases, packs  # noqa: E402 - found through the lines above

from workflow_orchestrator.compliance import check_compliance  # noqa: E402
from workflow_orchestrator.compliance.model import Outcome  # noqa: E402
from workflow_orchestrator.script.review import review  # noqa: E402
from workflow_orchestrator.script.style import UNBACKED, style_results  # noqa: E402

NUMBERS = (
    "unbound digits", "number words", "fractions and multiples", "ordinals", "roman numerals", "split over segments",
    "figure changed afterwards", "wrong unit", "wrong period",
)  # fmt: skip
WORDING, PROMISE, PARAPHRASE = "missing required wording", "prohibited promise", "paraphrased promise"
GOAL_FALSE = 0.01


@cache
def of_a_model() -> frozenset[str]:
    """The rules that look at nothing but who wrote the script."""
    return frozenset(rule.id for pack in packs() for rule in pack.rules if rule.trigger["kind"] == "written_by_model")


@dataclass(frozen=True)
class Judged:
    """What became of one script. `refused` and `person` are the findings, compliance names its rules; `named` are the sentences that a
    warning quotes, `seconds` is processor time.
    """

    case: Case
    refused: tuple[str, ...]
    person: tuple[str, ...]
    named: tuple[str, ...]
    seconds: float


def judge(case: Case) -> Judged:
    """One script through everything that the write step asks."""
    started = time.process_time()
    refused = [str(f) for f in review(case.script, case.values, fields(), case.notices, narration=case.narration)]
    if refused:
        # As in the write step: compliance reads only what the review lets through.
        return Judged(case, tuple(refused), (), (), time.process_time() - started)
    report = check_compliance(case.script, case.values, fields(), packs(), language=case.language, **SCOPE)
    told = [(result.rule, result.outcome, result.message) for result in report.results]
    refused += [f"{rule}: {message}" for rule, outcome, message in told if outcome is Outcome.BLOCK]
    person = [f"{r}: {m}" for r, outcome, m in told if outcome is Outcome.NEEDS_APPROVAL and r not in of_a_model()]
    style = style_results(case.script, case.values, fields(), case.notices, case.narration, SCOPE["audience"])
    named = tuple(result.words for result in style if result.rule == UNBACKED)
    return Judged(case, tuple(refused), tuple(person), named, time.process_time() - started)


def main() -> int:
    """Prints the table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--good", type=int, default=10, help="good scripts for each sample and language")
    parser.add_argument("--missed", type=int, default=0, help="print so many that passed")
    parser.add_argument("--language", choices=("en", "de", "fr"), help="only this one")
    options = parser.parse_args()

    faulty = [judge(case) for case in faulty_cases() if options.language in (None, case.language)]
    good = [judge(case) for case in good_cases(options.good) if options.language in (None, case.language)]
    base = _usual(good)
    figures = _print_faulty(faulty, base)
    wrong = [item for item in good if item.refused]
    share = len(wrong) / len(good)
    asked = sum(bool(_own(item, base)) for item in good)
    print(f"\n{len(good)} good scripts: refused {len(wrong)} ({share:.2%}), to a person by a finding of its own {asked}")
    by_model = sum(item.case.script.writer != "template" for item in good)
    print(f"{by_model} of them go to a person in any case, because a model wrote them. Goal for false blocks: {GOAL_FALSE:.0%}")
    _print_times((*faulty, *good))
    for item in [i for i in faulty if not i.refused and not _own(i, base)][: options.missed]:
        print(f"passed: {item.case.language} {item.case.kind}: {item.case.what}")
    for item in wrong[: options.missed]:
        print(f"refused: {item.case.language} {item.case.what}: {'; '.join(item.refused)[:300]}")
    for item in [i for i in good if _own(i, base)][: options.missed]:
        print(f"person: {item.case.language} {item.case.what}: {'; '.join(_own(item, base))[:300]}")
    print(json.dumps({"faulty": len(faulty), "good": len(good), "false_blocks": share, "asked": asked, "kinds": figures}))
    return 0


def _usual(good: Iterable[Judged]) -> dict[str, frozenset[str]]:
    """The rules by which the sentence files' own scripts go to a person, by language: they say nothing of a fault."""
    found: dict[str, set[str]] = defaultdict(set)
    for item in good:
        if item.case.script.writer == "template":
            found[item.case.language].update(finding.partition(":")[0] for finding in item.person)
    return {language: frozenset(rules) for language, rules in found.items()}


def _own(item: Judged, usual: dict[str, frozenset[str]]) -> tuple[str, ...]:
    return tuple(finding for finding in item.person if finding.partition(":")[0] not in usual[item.case.language])


def _way(item: Judged, usual: dict[str, frozenset[str]]) -> str:
    if item.refused:
        return "refused"
    if _own(item, usual):
        return "person"
    if item.case.what in item.named:
        return "named"
    return "passed" if item.case.script.writer == "template" else "model"


def _print_times(items: Iterable[Judged]) -> None:
    times = sorted(1000 * item.seconds for item in items)
    middle, most = times[len(times) // 2], times[len(times) * 99 // 100]
    print(f"Processor time of a script: {middle:.0f} ms in the middle, {most:.0f} ms for 99 of 100, at most {times[-1]:.0f} ms")


def _print_faulty(faulty: list[Judged], usual: dict[str, frozenset[str]]) -> dict[str, dict[str, float]]:
    kinds = dict.fromkeys(item.case.kind for item in faulty)
    figures: dict[str, dict[str, float]] = {}
    print(f"{len(faulty)} faulty scripts\n{'kind':30} planted  refused  person  named  model  passed   found in the words")
    for kind in kinds:
        items = [item for item in faulty if item.case.kind == kind]
        ways = [_way(item, usual) for item in items]
        count = {way: ways.count(way) for way in ("refused", "person", "named", "model", "passed")}
        caught = (count["refused"] + count["person"]) / len(items)
        print(f"{kind:30} {len(items):7}  {count['refused']:7}  {count['person']:6}  {count['named']:5}  {count['model']:5}  "
              f"{count['passed']:6}  {caught:7.2%}")
        figures[kind] = {"planted": len(items), **count, "caught": round(caught, 4)}
    numbers = [item for item in faulty if item.case.kind in NUMBERS]
    print(f"{'all faults of numbers':30} {len(numbers):7}  {sum(bool(i.refused) for i in numbers):7}   goal: all refused")
    return figures


if __name__ == "__main__":
    sys.exit(main())
