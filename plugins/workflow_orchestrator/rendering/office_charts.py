"""Native charts and tables for PowerPoint, which a person goes on to edit with their own data sheets.

The labels are the deck's words, never a number format, and no axis carries numbers: the only numbers on a slide are the
figures of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from workflow_orchestrator.rendering.deck import MISSING, Figure
from workflow_orchestrator.rendering.office import Pen, emu

Box = tuple[float, float, float, float]  # left, top, width, height

_NO_STYLE = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"  # PowerPoint's "No Style, No Grid"


class ChartPen(Pen):
    """A pen that also draws charts and tables."""

    def columns(self, slide: Any, box: Box, figures: Sequence[Figure]) -> Any:
        """A column chart with one column per figure, labelled with the figure's own words."""
        from pptx.enum.chart import XL_CHART_TYPE

        return self._bars(slide, XL_CHART_TYPE.COLUMN_CLUSTERED, box, figures, 28 if len(figures) <= 7 else 22)

    def rows(self, slide: Any, box: Box, figures: Sequence[Figure], reach: Decimal | None = None) -> Any:
        """A bar chart with the first figure on top; `reach` is what its longest possible bar stands for."""
        from pptx.enum.chart import XL_CHART_TYPE

        shape = self._bars(slide, XL_CHART_TYPE.BAR_CLUSTERED, box, figures, 24)
        shape.chart.category_axis.reverse_order = True
        if reach is not None:
            shape.chart.value_axis.maximum_scale = float(reach)
        return shape

    def bridge(self, slide: Any, box: Box, figures: Sequence[Figure], hidden: str) -> Any:
        """Columns that begin where the one before ended: on a series without colour, which `hidden` names.

        Columns pile up from zero to both sides, so what of a bar lies under zero is a series of its own.
        """
        from pptx.enum.chart import XL_CHART_TYPE

        parts = [_parts(figure) for figure in figures]
        named = slide.shapes.title.text_frame.text
        series = [(name, [part[at] for part in parts]) for at, name in enumerate((hidden, named, named))]
        series.append((hidden, [0.0] * len(parts)))  # stands on top of the others and carries the labels
        chart = self._chart(slide, XL_CHART_TYPE.COLUMN_STACKED, box, [figure.label for figure in figures], series)
        plot = chart.chart.plots[0]
        plot.gap_width, plot.overlap = 60, 100
        for unseen in plot.series[0], plot.series[3]:
            unseen.format.fill.background()
        for index, figure in enumerate(figures):
            for own in plot.series[1], plot.series[2]:
                self._colour(own.points[index], "ink" if figure.total else "negative" if figure.negative else "accent")
            self._label(plot.series[3].points[index], figure, 20, inside=True)
        self._axes(chart.chart, 22)
        return chart

    def lines(self, slide: Any, box: Box, figures: Sequence[Figure], columns: Sequence[str]) -> Any:
        """A line for each column through the figures of its rows; a missing figure interrupts it. The figures stand elsewhere."""
        from pptx.enum.chart import XL_CHART_TYPE, XL_MARKER_STYLE, XL_TICK_LABEL_POSITION
        from pptx.enum.dml import MSO_LINE
        from pptx.util import Pt

        names = columns or (slide.shapes.title.text_frame.text,)
        series = [
            (name, [_number(figure.amount) for figure in figures[at :: len(names)]]) for at, name in enumerate(names)
        ]
        labels = [figure.label for figure in figures[:: len(names)]]
        shape = self._chart(slide, XL_CHART_TYPE.LINE_MARKERS, box, labels, series)
        for index, line in enumerate(shape.chart.plots[0].series):
            colour = "accent" if index == 0 else "muted"
            line.smooth = False
            line.format.line.color.rgb = self.colour(colour)
            line.format.line.width = Pt(2.5)
            if index:
                line.format.line.dash_style = MSO_LINE.DASH
            line.marker.style, line.marker.size = XL_MARKER_STYLE.CIRCLE, 8
            line.marker.format.fill.solid()
            line.marker.format.fill.fore_color.rgb = self.colour(colour)
        self._axes(shape.chart, 20)
        shape.chart.category_axis.tick_label_position = XL_TICK_LABEL_POSITION.NONE
        return shape

    def slices(self, slide: Any, box: Box, figures: Sequence[Figure]) -> Any:
        """One bar in slices, each with its own colour; what is missing to the whole stays open."""
        from pptx.enum.chart import XL_CHART_TYPE

        series = [(figure.label, [_number(figure.amount)]) for figure in figures]
        shape = self._chart(slide, XL_CHART_TYPE.BAR_STACKED, box, [""], series)
        plot = shape.chart.plots[0]
        plot.gap_width, plot.overlap = 0, 100
        for own, colour in zip(plot.series, self.theme.series, strict=False):
            own.format.fill.solid()
            own.format.fill.fore_color.rgb = self.colour(colour)
            own.format.line.color.rgb = self.colour("card")
        self._axes(shape.chart, 20)
        shape.chart.value_axis.minimum_scale = 0
        shape.chart.value_axis.maximum_scale = max(100.0, sum(float(figure.amount or 0) for figure in figures))
        shape.chart.category_axis.visible = False
        return shape

    def table(
        self, slide: Any, box: Box, cells: Sequence[Sequence[tuple[str, str]]], widths: Sequence[float], size: float,
        *, header: bool, align: str = "right",
    ) -> Any:
        """A table of words with the name of their colour; the first column is set flush left, the others as `align` says."""
        left, top, width, height = box
        shape = slide.shapes.add_table(len(cells), len(widths), *(emu(value) for value in (left, top, width, height)))
        table = shape.table
        shape._element.graphic.graphicData.tbl.tblPr.find(f"{{{_A}}}tableStyleId").text = _NO_STYLE
        table.first_row, table.horz_banding, table.first_col = header, False, True
        for column, wide in zip(table.columns, widths, strict=True):
            column.width = emu(wide)
        for number, (row, words) in enumerate(zip(table.rows, cells, strict=True)):
            row.height = emu(height / len(cells))
            for at, (cell, (text, colour)) in enumerate(zip(row.cells, words, strict=True)):
                bold = at > 0 or (header and number == 0)
                self.fill(cell.text_frame, [text], size, colour, bold=bold, align="left" if at == 0 else align, middle=True)
                cell.margin_left = cell.margin_right = emu(6)
                cell.margin_top = cell.margin_bottom = 0
                _middle(cell)
                self._rule(cell)
        return shape

    def curve(self, slide: Any, box: Box, points: Sequence[Decimal], text: str) -> None:
        """A line that carries no figure: a shape and no chart, so that no data sheet holds what the document does not print."""
        from pptx.util import Pt

        left, top, width, height = box
        low, high = min(points), max(points)
        span = float(high - low) or 1.0
        drawn = [
            (left + width * index / (len(points) - 1), top + height * float(high - point) / span)
            for index, point in enumerate(points)
        ]
        builder = slide.shapes.build_freeform(emu(drawn[0][0]), emu(drawn[0][1]))
        builder.add_line_segments([(emu(x), emu(y)) for x, y in drawn[1:]], close=False)
        shape = builder.convert_to_shape()
        shape.fill.background()
        shape.line.color.rgb = self.colour("accent")
        shape.line.width = Pt(2.5)
        shape.shadow.inherit = False
        self.describe(shape, text, text)

    def _bars(self, slide: Any, kind: Any, box: Box, figures: Sequence[Figure], size: float) -> Any:
        numbers = [_number(figure.amount) for figure in figures]
        shape = self._chart(
            slide, kind, box, [figure.label for figure in figures], [(slide.shapes.title.text_frame.text, numbers)]
        )
        plot = shape.chart.plots[0]
        plot.gap_width = 60
        plot.series[0].invert_if_negative = False
        for index, figure in enumerate(figures):
            point = plot.series[0].points[index]
            self._colour(point, "negative" if figure.negative else "accent")
            self._label(point, figure, size)
        self._axes(shape.chart, size)
        return shape

    def _chart(
        self, slide: Any, kind: Any, box: Box, labels: Sequence[str], series: Sequence[tuple[str, Sequence[float | None]]]
    ) -> Any:
        from pptx.chart.data import CategoryChartData

        data: Any = CategoryChartData()  # type: ignore[no-untyped-call]
        data.categories = labels
        for name, numbers in series:
            data.add_series(name, numbers)
        shape = slide.shapes.add_chart(kind, *(emu(value) for value in box), data)
        shape.chart.has_legend = shape.chart.has_title = False
        return shape

    def _colour(self, point: Any, colour: str) -> None:
        point.format.fill.solid()
        point.format.fill.fore_color.rgb = self.colour(colour)

    def _label(self, point: Any, figure: Figure, size: float, *, inside: bool = False) -> None:
        from pptx.enum.chart import XL_LABEL_POSITION

        frame = point.data_label.text_frame
        frame.text = figure.text
        colour = "negative" if figure.negative else "muted" if figure.text == MISSING else "ink"
        self.font(frame.paragraphs[0].runs[0].font, size, colour, bold=True)
        point.data_label.position = XL_LABEL_POSITION.INSIDE_BASE if inside else XL_LABEL_POSITION.OUTSIDE_END

    def _axes(self, chart: Any, size: float) -> None:
        from pptx.enum.chart import XL_TICK_LABEL_POSITION, XL_TICK_MARK

        chart.value_axis.visible = False
        chart.value_axis.has_major_gridlines = False
        axis = chart.category_axis
        axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
        axis.major_tick_mark = XL_TICK_MARK.NONE
        axis.has_major_gridlines = False
        axis.format.line.color.rgb = self.colour("muted")
        self.font(axis.tick_labels.font, size - 2, "muted")

    def _rule(self, cell: Any) -> None:
        """A hairline under a cell. python-pptx has no borders of its own."""
        from lxml import etree

        properties = cell._tc.get_or_add_tcPr()
        line = etree.SubElement(properties, f"{{{_A}}}lnB", w="9525")
        fill = etree.SubElement(line, f"{{{_A}}}solidFill")
        etree.SubElement(fill, f"{{{_A}}}srgbClr", val=self.theme.colours["line"][1:].upper())


_A = "http://schemas.openxmlformats.org/drawingml/2006/main"


def _number(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


def _parts(figure: Figure) -> tuple[float, float, float]:
    """A bar of a bridge as what lies under it, what of it stands above zero, and what hangs under zero."""
    base, amount = figure.base or Decimal(0), figure.amount or Decimal(0)
    low, high = sorted((base, base + amount))
    if low >= 0:
        return float(low), float(high - low), 0.0
    if high <= 0:
        return float(high), 0.0, float(low - high)
    return 0.0, float(high), float(low)


def _middle(cell: Any) -> None:
    from pptx.enum.text import MSO_ANCHOR

    cell.vertical_anchor = MSO_ANCHOR.MIDDLE
