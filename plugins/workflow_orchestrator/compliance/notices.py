"""Chooses the warnings that a video needs: by place, audience, language and what the document holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workflow_orchestrator.compliance.model import Notice, Pack, Placement, Rule
from workflow_orchestrator.compliance.periods import matching
from workflow_orchestrator.script.phrases import Phrase, parse, tidy
from workflow_orchestrator.values import Kind, ValueSet

# A warning may name a company or a currency; a figure in it would escape the checks on figures.
_NAMES = frozenset({Kind.TEXT, Kind.CURRENCY})


def notices(
    packs: Sequence[Pack], *, language: str, jurisdictions: Sequence[str], audience: str, values: ValueSet
) -> tuple[Notice, ...]:
    """The notices in the order of the packs. Two rules that ask for the same words give one notice.

    A rule whose wording needs a value that the document lacks gives none here; `check_compliance` reports it.
    """
    found: dict[str, Notice] = {}
    for rule in notice_rules(packs, language=language, jurisdictions=tuple(jurisdictions), audience=audience):
        if not is_due(rule, tuple(jurisdictions), values):
            continue
        notice = filled(rule, language, values)
        if notice is not None:
            found.setdefault(notice.shown, notice)
    return tuple(found.values())


def notice_rules(
    packs: Sequence[Pack], *, language: str, jurisdictions: tuple[str, ...], audience: str
) -> Iterator[Rule]:
    """The rules of kind `notice` that concern this video."""
    for pack in packs:
        for rule in pack.rules:
            concerned = rule.concerns(language=language, jurisdictions=jurisdictions, audience=audience)
            if rule.check["kind"] == "notice" and concerned:
                yield rule


def is_due(rule: Rule, jurisdictions: tuple[str, ...], values: ValueSet) -> bool:
    """Whether the case of the rule arises with these values.

    When the currency of the document is not known, the warning about exchange rates is due.
    """
    trigger = rule.trigger
    match trigger["kind"]:
        case "figures":
            return any(matching(values, ref) for ref in trigger["figures"])
        case "value":
            return any(
                str(value.value).casefold() in {word.casefold() for word in trigger["value"]["is"]}
                for value in matching(values, trigger["value"]["field"])
            )
        case "foreign_currency":
            currency = values.get("currency")
            home = trigger["foreign_currency"]
            return currency is None or any(
                currency.value not in home[place] for place in jurisdictions if place in home
            )
    return True


def filled(rule: Rule, language: str, values: ValueSet) -> Notice | None:
    """The notice in its first wording whose values are there."""
    for text in rule.wording.get(language, ()):
        words = _fill(parse(text), values)
        if words is not None:
            short = rule.short.get(language, "")
            return Notice(rule.id, words, words, rule.citation, Placement(rule.check["place"]), short)
    return None


def _fill(phrase: Phrase, values: ValueSet) -> str | None:
    parts = []
    for part in phrase.parts:
        if isinstance(part, str):
            parts.append(part)
            continue
        value = values.get(part.ref)
        if value is None or value.kind not in _NAMES:
            return None
        parts.append(str(value.value))
    return tidy("".join(parts))
