"""A pen for PowerPoint: draws text, cards and pictures in the points of a 1920 by 1080 slide; `office_charts` adds charts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from workflow_orchestrator.rendering.theme import Theme

# A 16:9 slide of PowerPoint is 12,192,000 EMU wide; a size of 2 pixels on a 1920 wide slide is one point of type.
_EMU = 12_192_000 / 1920
_TITLE_ONLY = 5  # the layout of the default template that has a title and nothing else
_DECORATIVE = "{C183D7F6-B498-43B3-948B-1728B52AA6E4}"
_DECORATIVE_SPACE = "http://schemas.microsoft.com/office/drawing/2017/decorative"
_LOCALES = {"en": "en-GB", "de": "de-DE", "fr": "fr-FR"}


class Pen:
    """Holds the presentation, the colours of the theme and the language of the text."""

    def __init__(self, theme: Theme, language: str) -> None:
        from pptx import Presentation

        self.presentation: Any = Presentation()
        self.presentation.slide_width, self.presentation.slide_height = emu(1920), emu(1080)
        self.theme, self._locale = theme, _LOCALES[language]
        self._brand()

    def _brand(self) -> None:
        """Puts the theme's colours and font into the master, so that what a person adds later looks the same."""
        from lxml import etree

        colours = self.theme.colours
        master = self.presentation.slide_master.part
        part = next(rel.target_part for rel in master.rels.values() if rel.reltype.endswith("/theme"))
        root = etree.fromstring(part.blob)
        space = {"a": "http://schemas.openxmlformats.org/drawingml/2006/main"}
        slots = {
            "dk1": "ink", "lt1": "card", "dk2": "muted", "lt2": "background", "accent1": "accent",
            "accent2": "negative", "accent3": "night", "accent4": "on_night_accent", "accent5": "muted",
            "accent6": "line",
        }
        for slot, name in slots.items():
            for element in root.findall(f".//a:clrScheme/a:{slot}", space):
                for child in list(element):
                    element.remove(child)
                etree.SubElement(element, f"{{{space['a']}}}srgbClr", val=colours[name][1:].upper())
        for font in root.findall(".//a:fontScheme//a:latin", space):
            font.set("typeface", self.theme.fonts["office"])
        part._blob = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)

    def slide(self) -> Any:
        return self.presentation.slides.add_slide(self.presentation.slide_layouts[_TITLE_ONLY])

    def colour(self, name: str) -> Any:
        """A colour of the theme by its name, or a colour as `#RRGGBB`."""
        from pptx.dml.color import RGBColor

        code = name if name.startswith("#") else self.theme.colours[name]
        return RGBColor(*(int(code[at : at + 2], 16) for at in (1, 3, 5)))  # type: ignore[no-untyped-call]

    def background(self, slide: Any, colour: str) -> None:
        fill = slide.background.fill
        fill.solid()
        fill.fore_color.rgb = self.colour(colour)

    def title(
        self, slide: Any, left: float, top: float, width: float, height: float, text: str, size: float, colour: str
    ) -> None:
        """Fills the title placeholder, which the outline and screen readers take for the slide's name."""
        shape = slide.shapes.title
        shape.left, shape.top, shape.width, shape.height = (emu(v) for v in (left, top, width, height))
        self.fill(shape.text_frame, [text], size, colour, bold=True)
        shape.text_frame.paragraphs[0].line_spacing = 0.95

    def text(
        self, slide: Any, left: float, top: float, width: float, height: float, text: str, size: float, colour: str,
        *, bold: bool = False, align: str = "left", middle: bool = False, name: str = "",
    ) -> None:
        """A box of text without margins."""
        shape = slide.shapes.add_textbox(*(emu(v) for v in (left, top, width, height)))
        shape.name = name or shape.name
        self.fill(shape.text_frame, [text], size, colour, bold=bold, align=align, middle=middle)

    def paragraphs(
        self, slide: Any, left: float, top: float, width: float, height: float, lines: Sequence[str], size: float,
        *, bullets: bool,
    ) -> None:
        """Paragraphs in the middle of a box, as a list if they are several."""
        shape = slide.shapes.add_textbox(*(emu(v) for v in (left, top, width, height)))
        shape.name = "Text"
        self.fill(shape.text_frame, lines, size, "ink", middle=True, gap=size * 0.25, bullets=bullets)

    def fill(
        self, frame: Any, lines: Sequence[str], size: float, colour: str, *, bold: bool = False, align: str = "left",
        middle: bool = False, gap: float = 0, bullets: bool = False,
    ) -> None:
        """Fills a frame of text, a paragraph for each line."""
        from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
        from pptx.util import Pt

        frame.word_wrap = True
        frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
        frame.vertical_anchor = MSO_ANCHOR.MIDDLE if middle else MSO_ANCHOR.TOP
        for index, line in enumerate(lines):
            paragraph = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
            paragraph.alignment = {"left": PP_ALIGN.LEFT, "right": PP_ALIGN.RIGHT, "center": PP_ALIGN.CENTER}[align]
            paragraph.space_after = Pt(gap)
            if bullets:
                _bullet(paragraph)
            run = paragraph.add_run()
            run.text = line
            self.font(run.font, size, colour, bold=bold)
            run._r.get_or_add_rPr().set("lang", self._locale)

    def font(self, font: Any, size: float, colour: str, *, bold: bool = False) -> None:
        """Sets a font to the theme's face."""
        from pptx.util import Pt

        font.size, font.bold, font.name = Pt(round(size / 2, 1)), bold, self.theme.fonts["office"]
        font.color.rgb = self.colour(colour)

    def page_number(
        self, slide: Any, left: float, top: float, width: float, height: float, number: int, total: int, colour: str
    ) -> None:
        """A field, so that it stays right when a person moves or adds slides."""
        from lxml import etree
        from pptx.oxml.ns import qn

        self.text(slide, left, top, width, height, f" / {total}", 20, colour, align="right", name="Slide number")
        run = slide.shapes[-1].text_frame.paragraphs[0].runs[0]._r
        field = etree.Element(qn("a:fld"), id="{6E1B2A44-9D0B-4C5E-8B7E-1B7C3A5D9F10}", type="slidenum")
        field.append(_copy(run.get_or_add_rPr()))
        etree.SubElement(field, qn("a:t")).text = str(number)
        run.addprevious(field)

    def rectangle(self, slide: Any, left: float, top: float, width: float, height: float, colour: str) -> None:
        """A decorative rectangle, which screen readers pass over."""
        from pptx.enum.shapes import MSO_SHAPE

        shape = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, *(emu(v) for v in (left, top, width, height)))
        shape.fill.solid()
        shape.fill.fore_color.rgb = self.colour(colour)
        shape.line.fill.background()
        shape.shadow.inherit = False
        _decorative(shape)

    def card(
        self, slide: Any, left: float, top: float, width: float, height: float, *, fill: str = "card",
        words: str = "", size: float = 0, colour: str = "ink",
    ) -> Any:
        """A panel with round corners, with words in its middle or as a mere background."""
        from pptx.enum.shapes import MSO_SHAPE
        from pptx.util import Pt

        shape = slide.shapes.add_shape(MSO_SHAPE.ROUNDED_RECTANGLE, *(emu(v) for v in (left, top, width, height)))
        shape.adjustments[0] = min(0.5, self.theme.layout["corner"] / min(width, height))
        shape.fill.solid()
        shape.fill.fore_color.rgb = self.colour(fill)
        if self.theme.layout["cards"] == "framed":
            shape.line.color.rgb = self.colour("line")
            shape.line.width = Pt(0.75)
        else:
            shape.line.fill.background()
        shape.shadow.inherit = False
        if words:
            self.fill(shape.text_frame, [words], size, colour, bold=True, align="center", middle=True)
        else:
            _decorative(shape)
        return shape

    def picture(self, slide: Any, left: float, top: float, height: float, png: bytes, text: str) -> None:
        """A picture with its alternative text, as high as given."""
        import io

        shape = slide.shapes.add_picture(io.BytesIO(png), emu(left), emu(top), height=emu(height))
        self.describe(shape, text, "Logo")

    def describe(self, shape: Any, text: str, name: str) -> None:
        """The alternative text of a shape."""
        properties = shape._element.xpath(".//p:cNvPr")[0]
        properties.set("descr", text)
        properties.set("name", name)

    def notes(self, slide: Any, text: str) -> None:
        slide.notes_slide.notes_text_frame.text = text

    def properties(self, title: str, author: str) -> None:
        core = self.presentation.core_properties
        core.title, core.author, core.last_modified_by = title, author, author
        core.subject = core.keywords = core.comments = ""
        core.language = self._locale
        # The clock is overwritten again when the archive is packed; python-pptx writes its own otherwise.
        core.created = core.modified = datetime(2000, 1, 1)  # noqa: DTZ001 - the format takes naive UTC


def emu(value: float) -> Any:
    """A length of the slide, in pixels, as PowerPoint counts."""
    from pptx.util import Emu

    return Emu(round(value * _EMU))


def _copy(element: Any) -> Any:
    from copy import deepcopy

    return deepcopy(element)


def _bullet(paragraph: Any) -> None:
    from lxml import etree
    from pptx.oxml.ns import qn

    properties = paragraph._p.get_or_add_pPr()
    properties.set("marL", "230000")
    properties.set("indent", "-230000")
    etree.SubElement(properties, qn("a:buFont"), typeface="Arial")
    etree.SubElement(properties, qn("a:buChar"), char="•")


def _decorative(shape: Any) -> None:
    from lxml import etree
    from pptx.oxml.ns import qn

    properties = shape._element.xpath(".//p:cNvPr")[0]
    extension = etree.SubElement(etree.SubElement(properties, qn("a:extLst")), qn("a:ext"), uri=_DECORATIVE)
    etree.SubElement(extension, f"{{{_DECORATIVE_SPACE}}}decorative", val="1")
