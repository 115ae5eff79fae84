# SPDX-License-Identifier: GPL-2.0-or-later
"""Charts and the map of a brief as PNG, drawn with Pillow: no QGIS and no matplotlib where the engine runs.

Drawn at twice the size and made smaller, so that edges are smooth (``docs/adr/0021``).
"""

from __future__ import annotations

import io
from typing import Any

from digital_citymgmt_plugin.core.assessment.brief import BARS, LINE, Chart, written
from digital_citymgmt_plugin.core.assessment.classes import class_of
from digital_citymgmt_plugin.storage.fonts import font

WIDE = 1600  # pixels of a finished picture: 250 dots per inch at 160 mm
_TWICE = 2
_INK, _GREY, _LIGHT, _BAR, _NONE = (34, 40, 49), (110, 118, 129), (226, 230, 235), (59, 111, 160), (235, 235, 235)
RAMP = ((239, 243, 255), (189, 215, 231), (107, 174, 214), (49, 130, 189), (8, 81, 156))
_BAR_HIGH, _TEXT, _SMALL = 40, 26, 22
_MOST_VERTICES = 400_000  # of a map that is drawn as it is; above, shapes are drawn simpler


def draw(chart: Chart) -> bytes | None:
    """Return a picture as PNG; None where the system has no font with Chinese letters."""
    if font(_TEXT) is None:
        return None
    made = {BARS: _bars, LINE: _line}.get(chart.kind, _map)(chart)
    image = made.resize((made.width // _TWICE, made.height // _TWICE), _resampling())
    out = io.BytesIO()
    image.save(out, "PNG", optimize=False)
    return out.getvalue()


def _resampling() -> Any:
    from PIL import Image

    return Image.Resampling.LANCZOS


class _Board:
    """A white board measured in pixels of the finished picture."""

    def __init__(self, wide: int, high: int) -> None:
        from PIL import Image, ImageDraw

        self.image = Image.new("RGB", (wide * _TWICE, high * _TWICE), "white")
        self.pen = ImageDraw.Draw(self.image)

    def text(self, x: float, y: float, text: str, size: int = _TEXT, fill: Any = _INK, anchor: str = "lm") -> None:
        self.pen.text((x * _TWICE, y * _TWICE), text, font=font(size * _TWICE), fill=fill, anchor=anchor)

    def box(self, x0: float, y0: float, x1: float, y1: float, fill: Any, outline: Any = None) -> None:
        self.pen.rectangle([x0 * _TWICE, y0 * _TWICE, x1 * _TWICE, y1 * _TWICE], fill=fill, outline=outline)

    def line(self, points: list[tuple[float, float]], fill: Any, width: int = 1) -> None:
        self.pen.line([(x * _TWICE, y * _TWICE) for x, y in points], fill=fill, width=width * _TWICE, joint="curve")


def text_wide(text: str, size: int = _TEXT) -> float:
    """Return how wide a text is, in pixels of the finished picture."""
    return float(font(size * _TWICE).getlength(text)) / _TWICE


def fitted(text: str, room: float, size: int = _TEXT) -> str:
    """Return a text that is no wider than ``room``: cut with an ellipsis where it would be."""
    if text_wide(text, size) <= room:
        return text
    while text and text_wide(f"{text}…", size) > room:
        text = text[:-1]
    return f"{text}…"


def _bars(chart: Chart) -> Any:
    top, left = 60, min(max([text_wide(label) for label in chart.labels] or [0]) + 20, WIDE * 0.42)
    board = _Board(WIDE, top + _BAR_HIGH * len(chart.labels) + (50 if chart.note else 20))
    board.text(10, 28, fitted(f"{chart.title}{f'（{chart.unit}）' if chart.unit else ''}", WIDE - 20, 30), 30)
    known = [value for value in chart.values if value is not None]
    largest = max([abs(value) for value in known] or [0]) or 1.0
    room = WIDE - left - 170
    for place, (label, value) in enumerate(zip(chart.labels, chart.values)):
        y = top + place * _BAR_HIGH + _BAR_HIGH / 2
        board.text(left - 12, y, fitted(label, left - 20), anchor="rm")
        if value is not None:
            end = left + room * max(value, 0.0) / largest
            board.box(left, y - 12, max(end, left + 1), y + 12, _BAR)
            board.text(end + 10, y, written(value, chart.digits) or "", _SMALL)
    board.line([(left, top), (left, top + _BAR_HIGH * len(chart.labels))], _GREY)
    if chart.note:
        board.text(10, board.image.height / _TWICE - 24, fitted(chart.note, WIDE - 20, _SMALL), _SMALL, _GREY)
    return board.image


def _line(chart: Chart) -> Any:
    high, left, right, top, bottom = 620, 130, WIDE - 50, 80, 540
    board = _Board(WIDE, high)
    board.text(10, 28, fitted(f"{chart.title}{f'（{chart.unit}）' if chart.unit else ''}", WIDE - 20, 30), 30)
    known = [value for value in chart.values if value is not None]
    low, large = min([0.0, *known]), max(known or [1.0])
    span = (large - low) or 1.0
    for step in range(5):
        tick, y = low + span * step / 4, bottom - (bottom - top) * step / 4
        board.line([(left, y), (right, y)], _LIGHT)
        board.text(left - 12, y, written(tick, chart.digits) or "", _SMALL, _GREY, "rm")
    gap = (right - left) / max(len(chart.values), 1)
    skip = max(1, -(-int(max([text_wide(label, _SMALL) for label in chart.labels] or [1]) + 24) // int(gap or 1)))
    part: list[tuple[float, float]] = []
    for place, (label, value) in enumerate(zip(chart.labels, chart.values)):
        x = left + gap * (place + 0.5)
        if place % skip == 0:
            board.text(x, bottom + 30, label, _SMALL, _GREY, "mm")
        if value is None:  # a gap of the line, not a zero
            if len(part) > 1:
                board.line(part, _BAR, 3)
            part = []
            continue
        y = bottom - (bottom - top) * (value - low) / span
        part.append((x, y))
        board.box(x - 5, y - 5, x + 5, y + 5, _BAR)
        if skip == 1:
            board.text(x, y - 22, written(value, chart.digits) or "", _SMALL, anchor="mm")
    if len(part) > 1:
        board.line(part, _BAR, 3)
    return board.image


def _map(chart: Chart) -> Any:
    import numpy as np
    import shapely

    shapes = np.array(chart.shapes, dtype=object)
    x0, y0, x1, y1 = shapely.total_bounds(shapes)
    wide, high = max(x1 - x0, 1e-9), max(y1 - y0, 1e-9)
    room_wide, room_high, top = 1200, 1100, 70
    scale = min(room_wide / wide, room_high / high)
    if int(shapely.get_num_coordinates(shapes).sum()) > _MOST_VERTICES:
        shapes = shapely.simplify(shapes, 0.5 / scale)  # half a pixel
    tall = int(max(high * scale, 420)) + top + 60
    board = _Board(WIDE, tall)
    board.text(10, 28, fitted(f"{chart.title}{f'（{chart.unit}）' if chart.unit else ''}", WIDE - 20, 30), 30)
    left = 20 + (room_wide - wide * scale) / 2
    classes = [class_of(value, chart.edges) for value in chart.values]
    thin = 1 if len(shapes) > 300 else 2
    # What lies in a hole of another comes after it.
    for row in np.argsort(-shapely.area(shapes), kind="stable").tolist():
        shape, number = shapes[row], classes[row]
        _area(board, shape, RAMP[_shade(number, len(chart.edges) - 1)] if number >= 0 else _NONE,
              lambda x, y: (left + (x - x0) * scale, top + (y1 - y) * scale), thin)  # fmt: skip
    if len(chart.labels) <= 40:
        _names(board, chart, shapes, lambda x, y: (left + (x - x0) * scale, top + (y1 - y) * scale))
    y = top + 20
    for number in range(len(chart.edges) - 1):
        board.box(1270, y, 1310, y + 28, RAMP[_shade(number, len(chart.edges) - 1)], _GREY)
        low, large = (written(edge, chart.digits) for edge in chart.edges[number : number + 2])
        board.text(1324, y + 14, f"{large}" if low == large else f"{low} – {large}", _SMALL)
        y += 42
    if -1 in classes:
        board.box(1270, y, 1310, y + 28, _NONE, _GREY)
        board.text(1324, y + 14, chart.nothing, _SMALL)
    board.text(10, tall - 26, fitted(chart.note, WIDE - 20, _SMALL), _SMALL, _GREY)
    return board.image


def _shade(number: int, count: int) -> int:
    """Return the colour of a class: light for the least, dark for the largest, however many there are."""
    return len(RAMP) - 1 if count <= 1 else round(number * (len(RAMP) - 1) / (count - 1))


def _area(board: _Board, shape: Any, fill: Any, place: Any, thin: int) -> None:
    for part in getattr(shape, "geoms", [shape]):
        if part.geom_type != "Polygon" or part.is_empty:
            continue
        rings = [part.exterior, *part.interiors]
        for number, ring in enumerate(rings):
            points = [(x * _TWICE, y * _TWICE) for x, y in (place(*c[:2]) for c in ring.coords)]
            # Holes are painted white; what lies in them is smaller and painted later.
            board.pen.polygon(points, fill=fill if number == 0 else "white")
            board.pen.line(points, fill=(120, 130, 140), width=thin)


def _names(board: _Board, chart: Chart, shapes: Any, place: Any) -> None:
    import shapely

    taken: list[tuple[float, float, float, float]] = []
    for shape, name in zip(shapes.tolist(), chart.labels):
        if shape is None or shape.is_empty:
            continue
        point = shapely.point_on_surface(shape)
        x, y = place(point.x, point.y)
        text = fitted(name, 200, _SMALL)
        half = text_wide(text, _SMALL) / 2
        box = (x - half, y - 14, x + half, y + 14)
        if any(box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in taken):
            continue  # a name over another one can be read by nobody; the table has them all
        taken.append(box)
        board.pen.text(
            (x * _TWICE, y * _TWICE), text, font=font(_SMALL * _TWICE), fill=_INK, anchor="mm",
            stroke_width=2 * _TWICE, stroke_fill="white",
        )  # fmt: skip
