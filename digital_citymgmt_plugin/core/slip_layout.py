# SPDX-License-Identifier: GPL-2.0-or-later
"""A city's own print layout (``.qpt``) for slips: read as if it were hostile, and only what is known kept of it.

QGIS would evaluate expressions (some read files), load HTML and pictures from any address, and resolve SVG markers. So
nothing is looked for that is bad: elements and kinds of items that are known to be harmless are kept, all others are
dropped and told. No document type and no entities: they are how XML reads files and fills memory.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder, tostring  # of a tree made here: no parser of its
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from digital_citymgmt_plugin.core.errors import InputRefused

MOST_BYTES = 4 << 20  # with pictures that are embedded
# Numbers of the kinds of items (QgsLayoutItemRegistry.ItemType), which files name them by.
PAGE, MAP, PICTURE, LABEL, SHAPE, POLYGON, POLYLINE, SCALE_BAR, GROUP = (
    "65638", "65639", "65640", "65641", "65643", "65644", "65645", "65646", "65637",
)  # fmt: skip
KINDS = {
    MAP: "map", PICTURE: "picture", LABEL: "label", SHAPE: "shape", POLYGON: "polygon", POLYLINE: "polyline",
    SCALE_BAR: "scale bar", GROUP: "group",
}  # fmt: skip
_KEPT = {
    "Layout", "PageCollection", "LayoutItem", "LayoutItemGroup", "FrameColor", "BackgroundColor", "Extent", "symbol",
    "layer", "Option", "prop", "text-style", "families", "family", "text-buffer", "LabelFont", "FontColor", "nodes",
    "node", "divisionLineSymbol", "subdivisionLineSymbol", "fillSymbol1", "fillSymbol2", "lineSymbol", "ComposerItem",
    "LayoutItemGroupElement", "ComposerItemGroupElement", "strokeColor", "fillColor", "fillColor2", "textColor",
}  # fmt: skip
_PLAIN = {"fill": "SimpleFill", "line": "SimpleLine", "marker": "SimpleMarker"}  # draw without files and expressions
_PROPERTIES = {"dataDefinedProperties", "data_defined_properties", "dd_properties"}
_MM = {"mm": 1.0, "cm": 10.0, "in": 25.4, "pt": 25.4 / 72, "pc": 25.4 / 6, "px": 25.4 / 72}
_MOST_MM, _MOST_ITEMS, _MOST_PAGES, _MOST_ELEMENTS, _DEEPEST = 2_000.0, 300, 20, 40_000, 60
# Attributes whose numbers decide how much is drawn.
_BOUNDS = {"fontSize": 400.0, "numSegments": 50.0, "numSegmentsLeft": 50.0, "multilineHeight": 20.0}
_PAGE_NUMBER = re.compile(r"(\[%\s*@layout_(?:page|numpages)\s*%\])")  # the only expressions that are evaluated
_NAME = re.compile(r"\{\{\s*([a-z_]+)\s*\}\}")


@dataclass
class SlipLayout:
    """What was kept of a template.

    ``pictures``: name and address of each picture item by the mark that stands in its ``file`` now: the caller decodes
    what it may and puts the path of that (``with_pictures``);
    ``told``: codes and values of sentences on what was dropped.
    """

    xml: str
    pictures: dict[str, tuple[str, str]] = field(default_factory=dict)
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


def without_expressions(text: str) -> str:
    """Return a text for a label of a layout: what QGIS would evaluate is parted, page numbers are not."""
    parts = _PAGE_NUMBER.split(text)
    return "".join(part if at % 2 else part.replace("[%", "[ %") for at, part in enumerate(parts))


def names_in(text: str) -> list[str]:
    """Return the names in double braces of a label."""
    return _NAME.findall(text)


def filled(text: str, values: dict[str, Any]) -> str:
    """Put values for the names in double braces that are known; a value is text, whatever it looks like."""

    def value(found: re.Match[str]) -> str:
        known = values.get(found[1])
        return str(known).replace("[%", "[ %") if isinstance(known, str) else found[0]

    return without_expressions(_NAME.sub(value, text))


def with_pictures(layout: SlipLayout, paths: dict[str, str]) -> str:
    """Return a template's XML with paths for the marks of its pictures, none for those that are not there."""
    xml = layout.xml
    for mark in layout.pictures:
        xml = xml.replace(f'file="{mark}"', f"file={quoteattr(paths.get(mark, ''), {chr(34): '&quot;'})}")
    return xml


def read_layout(data: bytes, file: str) -> SlipLayout:
    """Read a template; ``file``: its name, for sentences.

    Raises
    ------
    InputRefused
        ``qpt.large``, ``qpt.hostile`` (document type, entities), ``qpt.unreadable``,
        ``qpt.no_layout`` (another root, no page, sizes that no paper has).
    """
    if len(data) > MOST_BYTES:
        raise InputRefused("qpt.large", file=file, most=MOST_BYTES >> 20)
    root = _parsed(data, file)
    if root.tag != "Layout":
        raise InputRefused("qpt.no_layout", file=file, what=f"<{root.tag[:40]}>")
    cleaned = _Cleaner(file)
    return cleaned.clean(root)


def _parsed(data: bytes, file: str) -> Element:
    parser = expat.ParserCreate()
    builder = TreeBuilder()
    seen, depth = 0, 0

    def refuse(*_: Any) -> int:
        raise InputRefused("qpt.hostile", file=file)

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal seen, depth
        seen, depth = seen + 1, depth + 1
        if seen > _MOST_ELEMENTS or depth > _DEEPEST:
            raise InputRefused("qpt.large", file=file, most=MOST_BYTES >> 20)
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = parser.ExternalEntityRefHandler = refuse
    parser.ProcessingInstructionHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(data, True)
        return builder.close()
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise InputRefused("qpt.unreadable", file=file, detail=str(error)[:200]) from error


class _Cleaner:
    def __init__(self, file: str) -> None:
        self.file = file
        self.found = SlipLayout("")

    def tell(self, code: str, **values: Any) -> None:
        told = (f"qpt.{code}", values)
        if told not in self.found.told and len(self.found.told) < 50:
            self.found.told.append(told)

    def refuse(self, what: str) -> InputRefused:
        return InputRefused("qpt.no_layout", file=self.file, what=what[:80])

    def clean(self, root: Element) -> SlipLayout:
        root.attrib = {"units": "mm", "printResolution": "300", "name": "", "worldFileMap": ""}
        pages = 0
        for child in list(root):
            if child.tag == "PageCollection":
                pages += self.pages(child)
            elif child.tag != "LayoutItem" or not self.item(child):
                if child.tag == "LayoutMultiFrame":
                    self.tell("kind", item=_named(child))
                root.remove(child)
        if not 0 < pages <= _MOST_PAGES or len(root) > _MOST_ITEMS:
            raise self.refuse(f"{pages} pages, {len(root)} items")
        self.found.xml = tostring(root, encoding="unicode")
        return self.found

    def pages(self, collection: Element) -> int:
        count = 0
        for child in list(collection):
            if child.tag == "LayoutItem" and child.get("type") == PAGE:
                self.sizes(child)
                self.children(child, _named(child))
                wide, high = self.size(child.get("size"))
                if min(wide, high) < 50:
                    raise self.refuse(f"{wide:g} x {high:g} mm")
                count += 1
            elif child.tag == "symbol":
                self.symbol(child, "")
            else:
                collection.remove(child)
        return count

    def item(self, item: Element) -> bool:
        """Clean an item; returns whether it stays."""
        kind, name = item.get("type", ""), _named(item)
        if kind not in KINDS:
            self.tell("kind", item=name)
            return False
        self.sizes(item)
        if any(list(one) for one in item.iter("Option") if one.get("name") == "properties"):
            self.tell("expression", item=name)
        if kind == PICTURE:
            mark = f"dcm-picture-{len(self.found.pictures)}"
            self.found.pictures[mark] = (name, item.get("file", ""))
            item.set("file", mark)
        if kind == LABEL:
            text = item.get("labelText", "")
            if without_expressions(text) != text:
                self.tell("evaluated", item=name)
            item.set("labelText", without_expressions(text))
            if item.get("htmlState", "0") != "0":
                self.tell("html", item=name)
            item.set("htmlState", "0")
            item.set("labelMode", "0")
        for end in ("start", "end"):  # of a line: a marker of an SVG file
            if item.get(f"{end}MarkerFile"):
                self.tell("symbol", item=name)
            if kind == POLYLINE and item.get(f"{end}MarkerMode") == "2":
                item.set(f"{end}MarkerMode", "0")
            item.attrib.pop(f"{end}MarkerFile", None)
        self.children(item, name)
        return True

    def children(self, element: Element, name: str) -> None:
        for child in list(element):
            if child.tag not in _KEPT or child.tag == "LayoutItem":
                element.remove(child)
            elif child.tag == "symbol":
                self.symbol(child, name)
            else:
                self.bound(child)
                self.children(child, name)

    def symbol(self, symbol: Element, name: str) -> None:
        """Keep layers of a symbol that draw by themselves, plain ones for others: no files, fonts, expressions."""
        plain = _PLAIN.get(symbol.get("type", ""), "SimpleFill")
        for child in list(symbol):
            if child.tag != "layer":
                symbol.remove(child)
                continue
            if child.get("class") != plain:
                self.tell("symbol", item=name)
                child.attrib, child[:] = {"class": plain, "enabled": "1", "pass": "0", "locked": "0"}, []
            for one in list(child):
                if one.tag not in ("Option", "prop"):
                    child.remove(one)
        if not len(symbol):
            symbol.append(Element("layer", {"class": plain, "enabled": "1", "pass": "0", "locked": "0"}))

    def sizes(self, item: Element) -> None:
        # Pages stand one below the other, so that a position may be as far down as they all are.
        for name, most in (("size", _MOST_MM), ("position", 50_000.0), ("positionOnPage", 50_000.0)):
            if item.get(name) is not None:
                self.size(item.get(name), most)
        self.bound(item)

    def size(self, text: str | None, most: float = _MOST_MM) -> tuple[float, float]:
        """Read a size or position; both numbers in mm."""
        parts = (text or "").split(",")
        try:
            unit = _MM[parts[2].strip() if len(parts) > 2 else "mm"]
            first, second = float(parts[0]) * unit, float(parts[1]) * unit
        except (IndexError, KeyError, ValueError) as error:
            raise self.refuse(text or "-") from error
        if not (math.isfinite(first) and math.isfinite(second)) or max(abs(first), abs(second)) > most:
            raise self.refuse(text or "-")
        return first, second

    def bound(self, element: Element) -> None:
        for name, most in _BOUNDS.items():
            value = element.get(name)
            if value is None:
                continue
            try:
                fits = 0 <= float(value) <= most
            except ValueError:
                fits = False
            if not fits:
                raise self.refuse(f"{name} {value}")


def _named(item: Element) -> str:
    return (item.get("id") or KINDS.get(item.get("type", ""), "") or item.get("type", "") or item.tag)[:60]
