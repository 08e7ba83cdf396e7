"""Writes the answer to the request of a write step as a scripted model does: plain sentences around the places that are offered.

It knows no document. The slides with the places that they show, the meaning of each place and the language stand in the request. The
sentences are those of a careful writer: a figure under an accounting standard before the adjusted one, and where the reconciliation is;
title, authors and licence of a paper; a risk on its scale; an expectation as the company's own; limitations.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_LANGUAGES = {"English": "en", "German": "de", "French": "fr"}
_SLIDE = re.compile(r"^(?P<id>\w+) \((?P<kind>\w+) slide, headed (?P<heading>'.*?'|\".*?\")\) shows (?P<shows>.*)$", re.MULTILINE)
_VALUE = re.compile(r"^\{(?P<ref>[^{}]+)\} = (?P<title>[^:]*): (?P<shown>.*)$", re.MULTILINE)
_PLACE = re.compile(r"\{([^{}]+)\}")
_REFUSED = re.compile(r"^  (?P<slide>\w+)\.sentences\[(?P<number>\d+)\]", re.MULTILINE)
_ADJUSTED = ("non_gaap_", "adjusted_")
_LITTLE = ("ly", "ment", "ing", "ed", "ous", "which", "through", "ces", "ant", "eux", "weise", "lich")  # ends of words that name nothing
_MOST = 3  # figures that are told of one slide

_SAID = {
    "en": {
        "about": "This video is about {0}.", "authors": "Its authors are {0}.", "others": "{0} and others", "and": " and ",
        "figure": "{0} is {1}.", "dated": "These figures are as at {0}.",
        "keyed": "{0}, {1}: {2}.", "first": "The largest entry is {0}, with {1}.",
        "range": "The lowest of these figures is {0}, and the highest is {1}.",
        "scale": "The risk indicator is {0}.", "stated": "The risk level is stated as {0}.",
        "both": "{0} is {1} as reported; adjusted, a measure outside of the accounting standards, it is {2}.",
        "reconciled": "The reconciliation is in the company's report.",
        "expected": "The company itself expects between {0} and {1}.",
        "bridge": "From {0} as reported, the reconciliation leads to {1} as adjusted.",
        "no_licence": "The paper states no licence that could be read.",
        "licence": "The paper is published under the licence {0}.",
        "quote": "The document says this in its own words:", "text": "The slide sums up what the document says on this.",
        "limits": "The paper names limitations, and its results should be read with them.",
        "no_limits": "No section on limitations was found in the paper.",
        "topic": "The authors write about this: {0}.", "table": "The table shows the figures as they are printed.",
        "plain": "These are the facts that the document prints.",
    },
    "de": {
        "about": "In diesem Video geht es um {0}.", "authors": "Geschrieben haben das {0}.", "others": "{0} und andere", "and": " und ",
        "figure": "{0}: {1}.", "dated": "Stand der Angaben ist der {0}.",
        "keyed": "{0}, {1}: {2}.", "first": "Der größte Posten ist {0} mit {1}.",
        "range": "Der niedrigste dieser Werte ist {0}, der höchste {1}.",
        "scale": "Der Risikoindikator steht bei {0}.", "stated": "Als Risiko wird {0} angegeben.",
        "both": "{0}: wie berichtet {1}; bereinigt, außerhalb der Rechnungslegung, {2}.",
        "reconciled": "Die Überleitung steht im Bericht des Unternehmens.",
        "expected": "Das Unternehmen selbst erwartet zwischen {0} und {1}.",
        "bridge": "Von {0} wie berichtet führt die Überleitung zu {1} bereinigt.",
        "no_licence": "Eine Lizenz nennt die Arbeit nicht.",
        "licence": "Die Arbeit steht unter der Lizenz {0}.",
        "quote": "Das Dokument sagt es mit diesen Worten:", "text": "Die Folie fasst zusammen, was das Dokument dazu sagt.",
        "limits": "Die Arbeit nennt Grenzen, mit denen die Ergebnisse zu lesen sind.",
        "no_limits": "Einen Abschnitt über Einschränkungen hat die Arbeit nicht.",
        "topic": "Die Autoren schreiben darüber: {0}.", "table": "Die Tabelle zeigt die Werte, wie sie gedruckt sind.",
        "plain": "Das sind die Angaben des Dokuments.",
    },
    "fr": {
        "about": "Cette vidéo porte sur {0}.", "authors": "Les auteurs sont {0}.", "others": "{0} et d'autres", "and": " et ",
        "figure": "{0} : {1}.", "dated": "Ces chiffres sont au {0}.",
        "keyed": "{0}, {1} : {2}.", "first": "La première ligne est {0}, avec {1}.",
        "range": "Le plus bas de ces chiffres est {0}, et le plus haut est {1}.",
        "scale": "L'indicateur de risque est à {0}.", "stated": "Le risque est indiqué comme {0}.",
        "both": "{0} : publié, {1} ; ajusté, hors des normes comptables, {2}.",
        "reconciled": "Le rapprochement figure dans le rapport de la société.",
        "expected": "La société elle-même attend entre {0} et {1}.",
        "bridge": "De {0} publié, le rapprochement mène à {1} ajusté.",
        "no_licence": "L'article n'indique aucune licence lisible.",
        "licence": "L'article est publié sous la licence {0}.",
        "quote": "Le document le dit avec ces mots :", "text": "La diapositive résume ce que dit le document.",
        "limits": "L'article nomme ses limites, et les résultats se lisent avec elles.",
        "no_limits": "Aucune section sur les limites n'a été trouvée dans l'article.",
        "topic": "Les auteurs écrivent à ce sujet : {0}.", "table": "Le tableau montre les chiffres tels qu'ils sont imprimés.",
        "plain": "Ce sont les données que le document imprime.",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Slide:
    """A slide that the request asks sentences for: its places, and those of its heading."""

    id: str
    kind: str
    heads: tuple[str, ...]
    shows: tuple[str, ...]


@dataclass(frozen=True)
class Task:
    """What a request asks for. `meanings` are the titles of the places and what will be shown there; `may_quote` says whether a
    paragraph may be placed.
    """

    language: str
    slides: tuple[Slide, ...]
    meanings: dict[str, tuple[str, str]]
    may_quote: bool

    @classmethod
    def of(cls, system: str, user: str) -> Task:
        """The task of a request's two messages."""
        named = re.search(r"Write in (\w+)", system)
        slides = tuple(
            Slide(one["id"], one["kind"], tuple(_PLACE.findall(one["heading"])), tuple(_PLACE.findall(one["shows"])))
            for one in _SLIDE.finditer(user)
        )
        meanings = {one["ref"]: (one["title"], one["shown"]) for one in _VALUE.finditer(user)}
        return cls(_LANGUAGES[named[1] if named else "English"], slides, meanings, "Do not place" not in user)


def write(task: Task, refused: str = "") -> list[dict[str, object]]:
    """The segments of an answer.

    Args:
        task: what is asked for.
        refused: why an answer was refused; the sentences that it names are said in the plainest words.
    """
    faults = {(one["slide"], int(one["number"])) for one in _REFUSED.finditer(refused)}
    writer = _Writer(task)
    segments: list[dict[str, object]] = []
    for slide in task.slides:
        # What is spoken before the sentences of a slide counts as a sentence of it, so a number may name a later one.
        named = [number for name, number in faults if name == slide.id]
        sentences = [text for number, text in enumerate(writer.sentences(slide)) if number not in named]
        segments.append({"id": slide.id, "sentences": sentences or [writer.say("plain")]})
    return segments


class _Writer:
    def __init__(self, task: Task) -> None:
        self._task = task
        self._said = _SAID[task.language]

    def say(self, name: str, *words: str) -> str:
        """A sentence of the list with words in it; braces of places stay as they are."""
        text = self._said[name]
        for number, word in enumerate(words):
            text = text.replace(f"{{{number}}}", word)
        return text

    def sentences(self, slide: Slide) -> list[str]:
        """What is said of a slide."""
        said = list(self._sentences(slide))
        return said or [self.say("plain")]

    def _sentences(self, slide: Slide) -> Iterator[str]:
        shows = [ref for ref in slide.shows if ref in self._task.meanings]
        if slide.kind == "title":
            yield from self._opening(slide)
        elif slide.id.startswith("limits"):
            yield self.say("no_limits" if slide.id.endswith("not_found") else "limits")
        elif slide.id.startswith("licence") and not shows:
            yield self.say("no_licence")
        elif any(ref.startswith(_ADJUSTED) for ref in shows):
            yield from self._adjusted(slide.kind, shows)
        elif any(ref.split(".")[0].endswith("_low") for ref in shows):
            yield from self._expected(shows)
        elif slide.kind == "scale":
            yield self.say("scale", f"{{{shows[0]}:scale}}")
        elif slide.kind == "text":
            yield from self._text(shows)
        elif slide.kind in ("bars", "returns", "growth", "holdings", "allocation", "table"):
            yield from self._list(slide, shows)
        else:
            yield from self._figures(shows)

    def _opening(self, slide: Slide) -> Iterator[str]:
        for ref in slide.heads[:1]:
            yield self.say("about", f"{{{ref}}}")
        authors = [f"{{{ref}}}" for ref in self._task.meanings if ref.startswith("authors.")]
        if len(authors) > 3:
            yield self.say("authors", self.say("others", authors[0]))
        elif authors:
            yield self.say("authors", self._said["and"].join([", ".join(authors[:-1]), authors[-1]] if len(authors) > 1 else authors))

    def _adjusted(self, kind: str, shows: Sequence[str]) -> Iterator[str]:
        adjusted = [ref for ref in shows if ref.startswith(_ADJUSTED)]
        plain = [ref for ref in shows if not ref.startswith(_ADJUSTED)]
        if kind in ("bars", "bridge"):
            yield self.say("bridge", f"{{{shows[0]}}}", f"{{{shows[-1]}}}")
        elif plain:
            yield self.say("both", self._task.meanings[plain[0]][0].split(", ")[0], f"{{{plain[0]}}}", f"{{{adjusted[0]}}}")
        yield self.say("reconciled")

    def _expected(self, shows: Sequence[str]) -> Iterator[str]:
        for low in shows:
            high = low.replace("_low", "_high")
            if "_low" in low and high in shows:
                yield self.say("expected", f"{{{low}}}", f"{{{high}}}")

    def _text(self, shows: Sequence[str]) -> Iterator[str]:
        paragraphs = [ref for ref in shows if len(self._task.meanings[ref][1].split()) > 6]
        if not paragraphs:
            yield self.say("text")
        elif self._task.may_quote:
            yield self.say("quote")
            yield f"{{{paragraphs[0]}}}"
        else:
            yield self.say("topic", self._topic(self._task.meanings[paragraphs[0]][1]))

    def _topic(self, text: str) -> str:
        """The words of a paragraph that the document's paragraphs say most: what it is about, in no sentence of the document's."""
        pattern = r"(?<![\w-])[a-zäöüßéèêàâîôûç]{6,}(?![\w-])"
        said = Counter(word for _, words in self._task.meanings.values() for word in re.findall(pattern, words))
        own = [word for word in dict.fromkeys(re.findall(pattern, text)) if not word.endswith(_LITTLE)]
        words = sorted(own, key=lambda word: -said[word])[:3]
        return ", ".join(word for word in own if word in words)

    def _list(self, slide: Slide, shows: Sequence[str]) -> Iterator[str]:
        fields = list(dict.fromkeys(ref.split(".")[0] for ref in shows))
        if slide.kind == "table":
            yield self.say("table")
        elif slide.kind in ("holdings", "allocation"):
            yield self.say("first", f"{{{fields[0]}.first:key}}", f"{{{fields[0]}.first}}")
        elif re.fullmatch(r"\d{4}(?:-\d\d)?", shows[0].partition(".")[2]):
            yield self.say("range", f"{{{fields[0]}.lowest}}", f"{{{fields[0]}.highest}}")
        else:
            yield from self._figures(shows)

    def _figures(self, shows: Sequence[str]) -> Iterator[str]:
        if any(self._task.meanings[ref][1].rstrip().endswith("%") for ref in shows) and "as_of_date" in self._task.meanings:
            yield self.say("dated", "{as_of_date}")
        told = [ref for ref in shows if any(character.isdigit() for character in self._task.meanings[ref][1])]
        for ref in told[:_MOST]:
            title = self._task.meanings[ref][0]
            key = ref.partition(".")[2]
            head = title.split(", ")[0]
            if re.search(r"\d", head):
                continue
            yield self.say("keyed", head, f"{{{ref}:key}}", f"{{{ref}}}") if key else self.say("figure", head, f"{{{ref}}}")
        for ref in shows:
            if ref == "risk_level":
                yield self.say("stated", f"{{{ref}}}")
            elif ref == "licence":
                yield self.say("licence", f"{{{ref}}}")
