"""What has no place in a narration whatever its figures are: markup, addresses, instructions, leaks of a prompt, slides that say nothing.

A text of the document can carry all of these into an answer of a model, or into a quotation. The lists find the phrases that they know;
they do not replace the fence around the document's words, nor the person who releases.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from workflow_orchestrator.compliance.model import Notice
from workflow_orchestrator.script.guard import Finding
from workflow_orchestrator.script.model import Script, Segment

_MARKUP = re.compile(
    r"</?[A-Za-z!][^<>]*>|&(?:[a-z]{2,8}|#\w+);|\*\*|__|`|~~|^\s*#{1,6}\s|^\s*(?:[-*+•]|\d+[.)])\s+(?=\w)|\[[^\]]*\]\([^)]*\)|\{[^}]*\}|[{}]"
)
# Paths, options of programs, calls of a typesetter. Slides and film take them for words; a viewer would not.
_CODE = re.compile(r"(?<![\w/])/(?:[\w.-]+/)+[\w.-]+|\b[A-Za-z_]\w{2,}=[A-Za-z/]|#\w+[\[(]")
_ADDRESS = re.compile(
    r"\b(?:https?|ftp|mailto)\s?:|\bwww\s?\.|\S+@\S+\.\w|"
    r"\b[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|info|biz|io|eu|de|fr|lu|ch|uk|at|be|ie|example)\b(?!\.\w)|"
    r"\b(?:at|arobase|ät)\s+[\w-]+\s+(?:dot|punkt|point)\s+(?:com|org|net|info|eu|de|fr|lu|ch|uk|at|be|ie)\b",
    re.IGNORECASE,
)
_INSTRUCTION = re.compile(
    # Orders about orders, in the form of a command.
    r"\b(?:ignor\w*|disregard|forget|override|bypass|missacht\w*|vergiss|vergessen sie|umgeh\w*|oublie[rz]?|outrepasse[rz]?|"
    r"ne tiens pas compte|ne tenez pas compte)\b.{0,60}"
    r"\b(?:instruction\w*|rules?|prompts?|guidelines?|anweisung\w*|regeln?|vorgaben?|règles?|consignes?)\b|"
    # Somebody is spoken to who is no viewer.
    r"(?:^|[.!?]\s+)(?:system|assistant|user|assistent|système|utilisateur)\s?[:,]|"
    r"\b(?:note to|hinweis an|note pour|à l'attention de)\b.{0,12}\b(?:AI|model|assistant|KI|modell|IA|modèle)\b|"
    r"\b(?:you are now|du bist (?:jetzt|nun)|sie sind (?:jetzt|nun)|tu es désormais|vous êtes désormais|act as an?)\b|"
    # The viewer, the warnings and the release are spoken about.
    r"\b(?:do not|don't|never) mention\b|\berwähne\w*\b.{0,50}\bnicht\b|\bne mentionne[zr]? pas\b|"
    r"\b(?:skip|omit|drop|leave out|remove)\b.{0,20}\b(?:warnings?|disclaimers?|notices?)\b|"
    r"\b(?:lass|lassen sie|entferne|streiche)\b.{0,20}\b(?:warnung\w*|hinweise?)\b|"
    r"\b(?:omet|omets|omettez|supprime[zr]?|retire[zr]?)\b.{0,20}\bavertissements?\b|"
    r"\b(?:as|wie|comme)\b.{0,6}\b(?:the document|das dokument|le document|demande le document)\b.{0,20}"
    r"(?:\b(?:asks?|demands?|says|verlangt|fordert|demande)\b|,)|\bcomme le demande le document\b|"
    r"\b(?:mark|approve|markiere|genehmige|approuve|marque)\b.{0,10}\b(?:this|dieses?|ce|cette)\b.{0,10}"
    r"\b(?:script|video|skript|vidéo)\b",
    re.IGNORECASE,
)
_LEAK = re.compile(
    r"\b(?:as an? (?:AI|language model|assistant)|als (?:KI|sprachmodell)\b|en tant qu(?:e|')\s?(?:modèle|IA|assistant)|language model|"
    r"sprachmodell|modèle de langage)|\bJSON\b|\b(?:system[- ]?prompt|prompt système|prompt)\b|"
    r"\b(?:my|meine|mes) (?:instructions|anweisungen|consignes)\b|\bI (?:cannot|can't|can not) help\b|"
    r"\bkann ich (?:leider )?nicht helfen\b|\bje ne peux pas vous aider\b|\bdata[- ](?:fence|zaun)\b|\bbalise data\b|"
    r"^(?:sure|certainly|of course|gerne|natürlich|bien sûr|certainement)\s?[!,.]|"
    r"\bhere (?:is|are) the (?:json|sentences?|answer|script)\b|\bhier (?:ist|sind) (?:das|die) (?:sätze|antwort|skript)\b|"
    r"\bvoici (?:les phrases|la réponse|le script)\b|\b(?:TODO|FIXME|TBD|lorem ipsum)\b|\[[^\]]*\]|\b[a-z]+_[a-z_]+\b",
    re.IGNORECASE,
)
_KINDS = (
    (_MARKUP, "is markup; write plain words"),
    (_CODE, "is code or a path; write plain words"),
    (_INSTRUCTION, "is an instruction to a program or an editor, not narration"),
    (_LEAK, "speaks about the task instead of the document"),
)
# Letters of another alphabet that look like ours, and ours in disguise: they hide a word from every list.
_OTHER_ALPHABET = re.compile(r"[\u0400-\u052f]|[A-Za-zÀ-ɏ][\u0370-\u03ff]|[\u0370-\u03ff][A-Za-zÀ-ɏ]")
_INVISIBLE = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
_HARMLESS = frozenset("\u00ad\n\t")  # a soft hyphen shows nothing, line ends and tabs are spaces


def stray(script: Script, approved: Sequence[Notice] = ()) -> Iterator[Finding]:
    """Texts that hold what no narration holds, and places that say nothing."""
    known = {text for notice in approved for text in (notice.shown, notice.spoken, notice.short)}
    if not script.segments:
        yield Finding("segments", "", "are missing: the script says nothing")
    for part in ("title", "subject", "kicker", "footer", "source"):
        yield from _judge(part, getattr(script, part))
    for segment in script.segments:
        yield from _of_slide(segment, known)
    for ref, label in script.labels.items():
        yield from _judge(f"label of {ref}", label)


def _of_slide(segment: Segment, known: set[str]) -> Iterator[Finding]:
    yield from _silent(f"{segment.id}.heading", segment.heading)
    yield from _judge(f"{segment.id}.heading", segment.heading)
    if not segment.sentences:
        yield Finding(segment.id, segment.id, "has no sentence")
    for place, point in enumerate(segment.points):
        if point not in known:
            yield from _judge(f"{segment.id}.points[{place}]", point)
    for place, sentence in enumerate(segment.sentences):
        for side in ("shown", "spoken"):
            text, where = getattr(sentence, side), f"{segment.id}.sentences[{place}].{side}"
            yield from _silent(where, text)
            if text not in known:
                yield from _judge(where, text)


def is_order(text: str) -> bool:
    """Whether a text is an instruction to a program, whoever wrote it."""
    return _INSTRUCTION.search(text) is not None


def _disguised(text: str) -> str:
    """The first letter that is another one in fancy dress, or struck through; ligatures of printed text are in order."""
    for character in "" if text.isascii() else unicodedata.normalize("NFC", text):
        plain = unicodedata.normalize("NFKC", character)
        fancy = character.isalpha() and ord(character) >= 0x2000 and not "\ufb00" <= character <= "\ufb06" and plain != character
        if fancy or unicodedata.category(character) in {"Mn", "Me"}:
            return character
    return ""


def _silent(where: str, text: str) -> Iterator[Finding]:
    if not any(character.isalnum() for character in text):
        yield Finding(where, text, "says nothing")


def _judge(where: str, text: str) -> Iterator[Finding]:
    hidden = [c for c in text if unicodedata.category(c) in _INVISIBLE and c not in _HARMLESS]
    if hidden:
        yield Finding(where, f"U+{ord(hidden[0]):04X}", "cannot be seen or heard; leave it out")
    other = _OTHER_ALPHABET.search(text)
    if letter := other[0] if other else _disguised(text):
        yield Finding(where, letter, "is of another alphabet, or a letter in disguise; write plain letters")
    if match := _ADDRESS.search(text):
        yield Finding(where, match[0], "is an address; a voice does not read one out")
    for pattern, why in _KINDS:
        if match := pattern.search(text):
            yield Finding(where, match[0].strip(), why)
