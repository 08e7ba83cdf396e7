"""The mark of machine-made media: a finished video says of itself, for programs and for people, what a machine made of it.

Regulation (EU) 2024/1689 Art. 50(2) asks for a mark in a machine-readable format. It is an XMP packet in the `uuid` box that Adobe
gave XMP in MP4 files, with IPTC's properties: Digital Source Type (a term of http://cv.iptc.org/newscodes/digitalsourcetype/) and, where
a language model wrote the words, AI System Used (IPTC Photo Metadata 2025.1). It is not signed: whoever wants to can take it out;
a signed statement beside it is made by `credentials.py`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.sax.saxutils import escape

XMP_BOX = UUID("be7acfcb-97a9-42e8-9c71-999491e3afac").bytes
TERMS = "http://cv.iptc.org/newscodes/digitalsourcetype/"
# The terms that stand for media made, or partly made, by an algorithm; a provider may use a narrower one than ours.
SYNTHETIC = ("compositeSynthetic", "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "algorithmicMedia")

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_DC = "http://purl.org/dc/elements/1.1/"
_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Mark:
    """What a file says of its origin. `source_type` is IPTC's term, `ai_system` the language model that wrote words of it, or nothing."""

    source_type: str
    description: str
    ai_system: str = ""

    @classmethod
    def of(cls, voice: str, writer: str) -> Mark:
        """The mark of a video of this project: its voice is always synthetic, its slides are drawn from the document's values.

        Args:
            voice: the name of the voice.
            writer: `template`, or the language model that wrote the sentences (`Script.writer`).
        """
        ai = "" if writer == "template" else writer
        words = f"The sentences were written by the language model {ai}." if ai else "The sentences come from templates."
        # IPTC's term for a composite of which at least one part is synthetic: here the voice, at least.
        return cls("compositeSynthetic", f"Made by a machine. The voice is synthetic ({voice}). {words}", ai)

    def to_json(self) -> dict[str, str]:
        return {"source_type": self.source_type, "description": self.description, "ai_system": self.ai_system}

    def to_xmp(self) -> bytes:
        """The XMP packet."""
        system = f"<Iptc4xmpExt:AISystemUsed>{_xml(self.ai_system)}</Iptc4xmpExt:AISystemUsed>\n" if self.ai_system else ""
        return (
            '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
            f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}"><rdf:Description rdf:about=""'
            f' xmlns:dc="{_DC}" xmlns:Iptc4xmpExt="{_EXT}">\n'
            f"<Iptc4xmpExt:DigitalSourceType>{TERMS}{_xml(self.source_type)}</Iptc4xmpExt:DigitalSourceType>\n{system}"
            f'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{_xml(self.description)}</rdf:li></rdf:Alt></dc:description>\n'
            '</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end="r"?>'
        ).encode()


def append_mark(path: Path, mark: Mark) -> None:
    """Writes the mark behind everything else of an MP4 file, so that no offset in it changes."""
    packet = mark.to_xmp()
    with path.open("ab") as file:
        file.write(struct.pack(">I4s16s", 8 + 16 + len(packet), b"uuid", XMP_BOX) + packet)


def mark_in(packet: bytes) -> Mark | None:
    """The mark that an XMP packet has; `None` where it has no source type that stands for media made by an algorithm, or is no XML.

    The packet may come from a provider outside the house: no entity is resolved, and nothing is fetched.
    """
    from lxml import etree

    if len(packet) > _LARGEST:
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(packet.strip(b"\x00 \r\n\t"), parser)
    except etree.XMLSyntaxError:
        return None
    term = _text(root, "DigitalSourceType").removeprefix("https://").removeprefix("http://")
    name = term.removeprefix(TERMS.removeprefix("http://"))
    if name not in SYNTHETIC:
        return None
    said = [node.text or "" for node in root.iterfind(f".//{{{_DC}}}description//{{{_RDF}}}li")]
    return Mark(name, " ".join(" ".join(said).split()), _text(root, "AISystemUsed"))


def _text(root: Any, name: str) -> str:
    """A property of IPTC's extension, written as an element or, as XMP allows too, as an attribute."""
    found = [node.text or node.get(f"{{{_RDF}}}resource") or "" for node in root.iter(f"{{{_EXT}}}{name}")]
    found += [node.get(f"{{{_EXT}}}{name}") or "" for node in root.iter(f"{{{_RDF}}}Description")]
    return next((text.strip() for text in found if text.strip()), "")


def _xml(text: str) -> str:
    """Text for XML, without the control characters that XML cannot hold."""
    return escape("".join(sign for sign in text if sign >= " " and sign not in "\ufffe\uffff" and not 0xD800 <= ord(sign) <= 0xDFFF))
