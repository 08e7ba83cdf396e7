"""A pen for PowerPoint: draws text, cards and native charts in the points of a 1920 by 1080 slide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from workflow_orchestrator.rendering.deck import Figure
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
        self.presentation.slide_width, self.presentation.slide_height = _emu(1920), _emu(1080)
        self._theme, self._locale = theme, _LOCALES[language]
        self._brand()

    def _brand(self) -> None:
        """Puts the theme's colours and font into the master, so that what a person adds later looks the same."""
        from lxml import etree

        colours = self._theme.colours
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
            font.set("typeface", self._theme.fonts["office"])
        part._blob = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)

    def slide(self) -> Any:
        return self.presentation.slides.add_slide(self.presentation.slide_layouts[_TITLE_ONLY])

    def colour(self, name: str) -> Any:
        from pptx.dml.color import RGBColor

        code = self._theme.colours[name]
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
        shape.left, shape.top, shape.width, shape.height = (_emu(v) for v in (left, top, width, height))
        self._fill(shape.text_frame, [text], size, colour, bold=True)
        shape.text_frame.paragraphs[0].line_spacing = 0.95

    def text(
        self, slide: Any, left: float, top: float, width: float, height: float, text: str, size: float, colour: str,
        *, bold: bool = False, align: str = "left", middle: bool = False, name: str = "",
    ) -> None:
        """A box of text without margins."""
        shape = slide.shapes.add_textbox(*(_emu(v) for v in (left, top, width, height)))
        shape.name = name or shape.name
        self._fill(shape.text_frame, [text], size, colour, bold=bold, align=align, middle=middle)

    def paragraphs(
        self, slide: Any, left: float, top: float, width: float, height: float, lines: Sequence[str], size: float,
        *, bullets: bool,
    ) -> None:
        """Paragraphs in the middle of a box, as a list if they are several."""
        shape = slide.shapes.add_textbox(*(_emu(v) for v in (left, top, width, height)))
        shape.name = "Text"
        self._fill(shape.text_frame, lines, size, "ink", middle=True, gap=size * 0.25, bullets=bullets)

    def _fill(
        self, frame: Any, lines: Sequence[str], size: float, colour: str, *, bold: bool = False, align: str = "left",
        middle: bool = False, gap: float = 0, bullets: bool = False,
    ) -> None:
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
            self._font(run.font, size, colour, bold=bold)
            run._r.get_or_add_rPr().set("lang", self._locale)

    def _font(self, font: Any, size: float, colour: str, *, bold: bool = False) -> None:
        from pptx.util import Pt

        font.size, font.bold, font.name = Pt(round(size / 2, 1)), bold, self._theme.fonts["office"]
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

        shape = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, *(_emu(v) for v in (left, top, width, height)))
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

        shape = slide.shapes.add_shape(MSO_SHAPE.ROUNDED_RECTANGLE, *(_emu(v) for v in (left, top, width, height)))
        shape.adjustments[0] = min(0.5, 14 / min(width, height))
        shape.fill.solid()
        shape.fill.fore_color.rgb = self.colour(fill)
        shape.line.color.rgb = self.colour("line")
        shape.line.width = Pt(0.75)
        shape.shadow.inherit = False
        if words:
            self._fill(shape.text_frame, [words], size, colour, bold=True, align="center", middle=True)
        else:
            _decorative(shape)
        return shape

    def columns(
        self, slide: Any, left: float, top: float, width: float, height: float, figures: Sequence[Figure]
    ) -> Any:
        """A column chart with one column per figure, labelled with the figure's own words."""
        from pptx.enum.chart import XL_CHART_TYPE

        box = (left, top, width, height)
        return self._chart(slide, XL_CHART_TYPE.COLUMN_CLUSTERED, box, figures, 28 if len(figures) <= 7 else 22)

    def rows(
        self, slide: Any, left: float, top: float, width: float, height: float, figures: Sequence[Figure]
    ) -> Any:
        """A bar chart with the first figure on top."""
        from pptx.enum.chart import XL_CHART_TYPE

        shape = self._chart(slide, XL_CHART_TYPE.BAR_CLUSTERED, (left, top, width, height), figures, 24)
        shape.chart.category_axis.reverse_order = True
        return shape

    def _chart(
        self, slide: Any, kind: Any, box: tuple[float, float, float, float], figures: Sequence[Figure], size: float
    ) -> Any:
        from pptx.chart.data import CategoryChartData
        from pptx.enum.chart import XL_LABEL_POSITION, XL_TICK_LABEL_POSITION, XL_TICK_MARK

        data: Any = CategoryChartData()  # type: ignore[no-untyped-call]
        data.categories = [figure.label for figure in figures]
        data.add_series(slide.shapes.title.text_frame.text, [float(figure.amount or 0) for figure in figures])
        shape = slide.shapes.add_chart(kind, *(_emu(v) for v in box), data)
        chart = shape.chart
        chart.has_legend = chart.has_title = False
        plot = chart.plots[0]
        plot.gap_width = 60
        series = plot.series[0]
        series.invert_if_negative = False
        for index, figure in enumerate(figures):
            negative = figure.amount is not None and figure.amount < 0
            point = series.points[index]
            point.format.fill.solid()
            point.format.fill.fore_color.rgb = self.colour("negative" if negative else "accent")
            frame = point.data_label.text_frame
            frame.text = figure.text
            self._font(frame.paragraphs[0].runs[0].font, size, "negative" if negative else "ink", bold=True)
            point.data_label.position = XL_LABEL_POSITION.OUTSIDE_END
        # No axis carries numbers: the only numbers on a slide are the figures of the document.
        chart.value_axis.visible = False
        chart.value_axis.has_major_gridlines = False
        axis = chart.category_axis
        axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
        axis.major_tick_mark = XL_TICK_MARK.NONE
        axis.has_major_gridlines = False
        axis.format.line.color.rgb = self.colour("muted")
        self._font(axis.tick_labels.font, size - 2, "muted")
        return shape

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


def _emu(value: float) -> Any:
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
