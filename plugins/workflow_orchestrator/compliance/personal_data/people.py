"""Names of people, as a hint for whoever releases: nothing is masked or stopped by it.

No form tells a person from a fund, so a name counts only where words beside it say that it is one: a title before it ("Dr Anna Weber"),
a role ("Portfolio manager: Anna Weber", "Anna Weber, CFA"), or what only a person does ("Anna Weber joined the team in 2011"). Who stands
alone in a list is not seen. Names that the document gives in a field of the schema are meant to be said, and are no finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflow_orchestrator.documents import Document
    from workflow_orchestrator.values import Value

_MOST = 8  # names in one warning
# Latin Extended-A has both cases side by side; behind a first letter either will do.
_UPPER, _LOWER = "A-ZÀ-ÖØ-ÞŁŚŠŞŽŹŻČĆĐĞİŘŤ", "a-zß-öø-ÿ\u0101-\u017f"
_WORD = rf"[{_UPPER}](?:[{_LOWER}]+|[{_LOWER}]*['\u2019][{_UPPER}][{_LOWER}]+)(?:-[{_UPPER}][{_LOWER}]+)*"
_FIRST = rf"(?:{_WORD}|[{_UPPER}]\.(?:-?[{_UPPER}]\.)?)"
_PARTICLE = (
    r"(?:(?:van|von|vom|zu|zur|de|der|den|du|di|da|del|della|dos|le|la|ter|ten|bin|al|el|af) ){0,2}(?:d['\u2019])?"
)
_NAME = rf"(?:{_FIRST} ){{1,2}}{_PARTICLE}{_WORD}(?![\w\u2019'-])"
_SURNAME = rf"(?:{_FIRST} ){{0,2}}{_PARTICLE}{_WORD}(?![\w\u2019'-])"
_GAP = r"[ \u00a0]{0,8}[:\u2013-]?[ \u00a0]{0,8}\n?[ \u00a0]{0,8}"
_TITLE = (
    r"(?:(?<!\d )M\.(?= )|Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Dame|Herrn?|Frau|Mme|Mlle|Monsieur|Madame|Professor|Doktor|Docteur|Pr)\.?"
    r"(?: (?:Dr|Prof|med|rer|pol|oec|phil|h\.c)\.?){0,3}"
)
_ROLE = (
    r"(?i:(?:(?:lead|senior|co|deputy|named|current|head)[ -]?)?(?:fund|portfolio|investment) managers?(?: names?)?(?: ?\(s\))?"
    r"|managed by|fund manager since|authors?|contacts?(?: person| presse)?|(?:media|press) contacts?|investor relations|analysts?"
    r"|chief (?:executive|financial|investment|operating) officer|chief investment strategist|(?:co-)?head of [a-z &]{3,24}"
    r"|(?:co-)?(?:fonds|portfolio)manager(?:in|innen)?|fondsmanagement|verwaltet von|gemanagt von|ansprechpartner(?:in)?|autor(?:in|en)?"
    r"|vorstand(?:svorsitzende[rn]?)?|geschäftsführer(?:in)?|geschäftsführung"
    r"|(?:co-)?gérante?s?(?: de portefeuille| du fonds| financiers?)?|gérée? par|auteure?s?|interlocut(?:eur|rice)|directeur général"
    r"|président(?:e)? du (?:directoire|conseil)|responsable de la gestion)"
)
_LETTERS = r"(?:CFA|CAIA|CIIA|CEFA|FRM|CIA|FCA|ACA|MBA|PhD|Ph\.D\.|MSc|M\.D\.)"
_DOES = (
    r"(?:joined (?:the|us|in)|has (?:managed|been (?:managing|with))|have managed|began (?:his|her) career|is (?:a|the) (?:senior )?"
    r"(?:fund|portfolio|investment) manager|was born|holds a(?:n)? (?:degree|MBA|BA|BSc|MSc|PhD|master)|graduated|read [a-z]+ at"
    r"|gehört seit|ist seit \d{4}|hat [\wäöüß ]{3,40} studiert|studierte|stieß|verantwortet|managt|begann (?:seine|ihre)"
    r"|a rejoint|est diplômée?|gère (?:le fonds|depuis)|a débuté|est titulaire)"
)
_SEARCHES = (
    re.compile(rf"(?<!\w){_TITLE} (?P<name>{_SURNAME})"),
    re.compile(
        rf"(?<!\w){_ROLE}(?!\w){_GAP}(?P<name>{_NAME}(?:\*{{0,3}}(?:, | & | and | und | et |\n){_NAME}){{0,4}})"
    ),
    re.compile(rf"(?<!\w)(?P<name>{_NAME}),? {_LETTERS}(?!\w)"),
    re.compile(rf"(?<!\w)(?P<name>{_NAME}) {_DOES}(?!\w)"),
)
_BEHIND_NAME = re.compile(r" (?:Over|Since|Seit|Depuis|Joined|Has|Is|Hat|Ist|Est)\Z")
_APART = re.compile(r"\*{0,3}(?:, | & | and | und | et |\n)")
# A word that makes words with capitals a company, a product, a place or a heading.
_NOBODY = re.compile(
    r"(?i:\b(?:fund\w*|fonds|trust|sicav|plc|ltd|limited|llp|llc|inc|corp\w*|gmbh|ag|kg|se|sa|sas|nv|bv|co|company|group|holdings?|bank\w*"
    r"|banque|capital|assets?|management|managers?|invest\w*|partners?|securities|services?|service|advis\w*|solutions?|research|centres?|center"
    r"|index|equit\w+|bonds?|credit|markets?|global|world|europe\w*|asia\w*|america\w*|united|kingdom|states|street|road|square|avenue"
    r"|strasse|straße|platz|rue|place|document\w*|prospectus|disclosure|factsheet|report|information|date|team|office\w*|relations|media|press"
    r"|telephone|phone|email|e-mail|fax|tel|website|chief|head|senior|director\w*|officer|board|committee|department|client\w*|class|share\w*"
    r"|performance|strategy|objective|benchmark|currency|net|total|annual|quarter\w*|computing|university|universität|université|institute"
    r"|gesellschaft|verwaltung\w*|société|gestion|kapital\w*|anlage\w*|depot\w*|vermögens\w*|risk|fee|price|size|value|name|since|type"
    r"|vertrieb|deutschland|österreich|schweiz|france|luxemb\w+|ireland|italia|españa"
    r"|over|under|with|from|about|and|und|et|since|seit|depuis"
    r"|january|february|march|april|june|july|august|september|october|november|december|januar|februar|märz|juni|juli|oktober|dezember"
    r"|janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre|pepper)\b)"
)
_NO_NAME = re.compile(
    r"\A(?:The|This|Our|Your|Any|All|For|Not|No|If|New|What|How|When|Who|We|It|Der|Die|Das|Den|Dem|Ein|Eine|Kein\w*|Wir|Ihr|Le|La|Les|Un|Une"
    r"|Votre|Notre|Il|Elle|Er|Sie|He|She|They"
    # A title is no part of the name; the search for titles finds who has one.
    r"|Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Dame|Herrn?|Frau|Mme|Mlle|Monsieur|Madame|Professor|Doktor|Docteur|Pr)\b"
)
# What stands behind a name that is a company's: "Julius Baer AG".
_FIRM_BEHIND = re.compile(
    r"\A,? ?(?:(?:&|and|und|et) (?:Co|Partners?|Cie|Sons|Söhne|Fils)\b|AG|SE|SA|S\.A|N\.?V|plc|PLC|Ltd|Limited|LLC|LLP|Inc|Corp"
    r"|GmbH|KG|Group|Bank|Capital|Asset|Investment|Funds?|Fonds|Index|Trust|Management|Partners)\b"
)


@dataclass(frozen=True, slots=True)
class Person:
    """A name in the text that was given in: from `start` to before `end`, in characters."""

    name: str
    start: int
    end: int


def find_people(text: str) -> tuple[Person, ...]:
    """The names that words beside them call people's, in order and without overlaps."""
    found: dict[int, Person] = {}
    for number, search in enumerate(_SEARCHES):
        for match in search.finditer(text):
            for start, words in _single(match["name"], match.start("name")):
                person = _person(text, start, words, alone=number == 0)
                if person is not None:
                    found.setdefault(start, person)
    kept: list[Person] = []
    for person in sorted(found.values(), key=lambda one: (one.start, -one.end)):
        if not kept or person.start >= kept[-1].end:
            kept.append(person)
    return tuple(kept)


def _person(text: str, start: int, words: str, *, alone: bool) -> Person | None:
    """The person whom words name, if they do; one word is enough only behind a title (`alone`)."""
    name = _BEHIND_NAME.sub("", words)
    end = start + len(name)
    if (" " not in name and not alone) or _NOBODY.search(name) or _NO_NAME.match(name):
        return None
    return None if _FIRM_BEHIND.match(text[end : end + 24]) else Person(name, start, end)


def people_warnings(document: Document, values: Iterable[Value]) -> list[str]:
    """One line that names who is named where in the document beside the values of its text fields; none, no line."""
    from workflow_orchestrator.extraction.fold import fold, has_words
    from workflow_orchestrator.extraction.model import document_text
    from workflow_orchestrator.values import Kind

    allowed = [fold(str(value.value)) for value in values if value.kind is Kind.TEXT]
    named: dict[str, list[int]] = {}
    for page in document.pages:
        for person in find_people(document_text(document, [page.number])):
            if not any(has_words(words, fold(person.name)) for words in allowed):
                pages = named.setdefault(" ".join(person.name.split()), [])
                pages += [page.number] if page.number not in pages else []
    if not named:
        return []
    told = [
        f"{name} (page{'s' if len(pages) > 1 else ''} {', '.join(map(str, pages))})" for name, pages in named.items()
    ]
    more = f" and {len(told) - _MOST} more" if len(told) > _MOST else ""
    return [
        f"it names people in no field of the schema: {'; '.join(told[:_MOST])}{more}; look whether the video may name them"
    ]


def _single(names: str, start: int) -> Iterator[tuple[int, str]]:
    """Each name of a list of names, with its place."""
    at = 0
    for gap in (*_APART.finditer(names), None):
        end = gap.start() if gap else len(names)
        yield start + at, names[at:end]
        at = gap.end() if gap else end
