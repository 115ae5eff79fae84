# SPDX-License-Identifier: GPL-2.0-or-later
"""DXF of release 2000 (AC1015) as text in GBK: what stands around the entities of a sheet, and the entities.

Written as a stream by ourselves: the entities of a sheet are strings of fixed form, so that a city of 2 million of them
takes the memory of one chunk. ezdxf, which keeps each entity as an object, is the reader of the tests instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from scripts.demo_city.dxf_symbols import LAYERS, SYMBOLS, Shape

MODEL, PAPER = "1F", "1B"  # handles of the block records that own the entities
FIRST = 0x1000  # handle of the first entity
_HEIGHT = 2.0  # of texts, m: 2 mm on paper
_Box = tuple[float, float, float, float]


def encoded(text: str) -> bytes:
    r"""Return text in GBK; a sign that GBK lacks is written as AutoCAD does (\U+XXXX)."""
    try:
        return text.encode("gbk")
    except UnicodeEncodeError:
        return "".join(sign if _in_gbk(sign) else _escaped(sign) for sign in text).encode("gbk")


def _escaped(sign: str) -> str:
    """Return a sign by its code, in two halves where four digits do not hold it."""
    units = sign.encode("utf-16-be").hex().upper()
    return "".join(f"\\U+{units[at : at + 4]}" for at in range(0, len(units), 4))


def _in_gbk(sign: str) -> bool:
    try:
        sign.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True


def _xdata(code: str | None) -> str:
    return f"1001\nSOUTH\n1000\n{code}\n" if code else ""


def _entity(kind: str, handle: int, layer: str, sub: str) -> str:
    return f"0\n{kind}\n5\n{handle:X}\n330\n{MODEL}\n100\nAcDbEntity\n8\n{layer}\n100\n{sub}\n"


def polyline(handle: int, layer: str, xy: Sequence[Any], closed: bool, code: str | None) -> str:
    """Return a lightweight polyline; of a ring ``xy`` leaves the last vertex, which is the first, out."""
    vertices = "".join([f"10\n{x:.3f}\n20\n{y:.3f}\n" for x, y in xy])
    head = _entity("LWPOLYLINE", handle, layer, "AcDbPolyline")
    return f"{head}90\n{len(xy)}\n70\n{int(closed)}\n43\n0.0\n{vertices}{_xdata(code)}"


def insert(handle: int, layer: str, block: str, x: float, y: float, angle: float, code: str | None) -> str:
    """Return a block reference; ``angle`` in degrees."""
    head = _entity("INSERT", handle, layer, "AcDbBlockReference")
    return f"{head}2\n{block}\n10\n{x:.3f}\n20\n{y:.3f}\n30\n0.0\n50\n{angle:.1f}\n{_xdata(code)}"


def text(
    handle: int, layer: str, words: str, x: float, y: float, code: str | None = None, height: float = _HEIGHT
) -> str:
    """Return one line of text, centred on its place."""
    one_line = " ".join(words.split())
    head = _entity("TEXT", handle, layer, "AcDbText")
    return (
        f"{head}10\n{x:.3f}\n20\n{y:.3f}\n30\n0.0\n40\n{height}\n1\n{one_line}\n7\nHZ\n72\n1\n11\n{x:.3f}\n21\n{y:.3f}\n"
        f"31\n0.0\n100\nAcDbText\n73\n2\n{_xdata(code)}"
    )


def before(box: _Box, last: int) -> bytes:
    """Return what stands before the entities: header, tables, blocks. ``last`` is the highest handle given."""
    west, south, east, north = box
    header = (
        "0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1015\n9\n$DWGCODEPAGE\n3\nANSI_936\n"
        f"9\n$INSBASE\n10\n0.0\n20\n0.0\n30\n0.0\n9\n$EXTMIN\n10\n{west}\n20\n{south}\n30\n0.0\n"
        f"9\n$EXTMAX\n10\n{east}\n20\n{north}\n30\n0.0\n9\n$LUNITS\n70\n2\n9\n$INSUNITS\n70\n6\n"
        f"9\n$USERR1\n40\n1000.0\n9\n$HANDSEED\n5\n{last + 1:X}\n0\nENDSEC\n0\nSECTION\n2\nCLASSES\n0\nENDSEC\n"
    )
    return encoded(header + _tables(box) + _blocks() + "0\nSECTION\n2\nENTITIES\n")


AFTER = encoded(
    "0\nENDSEC\n0\nSECTION\n2\nOBJECTS\n0\nDICTIONARY\n5\nC\n330\n0\n100\nAcDbDictionary\n281\n1\n3\nACAD_GROUP\n350\nD\n"
    "0\nDICTIONARY\n5\nD\n330\nC\n100\nAcDbDictionary\n281\n1\n0\nENDSEC\n0\nEOF\n"
)


def _table(name: str, handle: str, entries: Iterable[str], sub: str = "") -> str:
    listed = list(entries)
    head = f"0\nTABLE\n2\n{name}\n5\n{handle}\n330\n0\n100\nAcDbSymbolTable\n70\n{len(listed)}\n{sub}"
    return head + "".join(listed) + "0\nENDTAB\n"


def _record(kind: str, handle: str, owner: str, sub: str, name: str, rest: str = "", group: int = 5) -> str:
    return f"0\n{kind}\n{group}\n{handle}\n330\n{owner}\n100\nAcDbSymbolTableRecord\n100\n{sub}\n2\n{name}\n{rest}"


def _block_handles() -> dict[str, int]:
    """Return for each block the first of its handles: record, begin, end, then its shapes."""
    handles, at = {}, 0x100
    for symbol in SYMBOLS.values():
        if symbol.block not in handles:
            handles[symbol.block] = at
            at += 3 + len(symbol.shapes)
    return handles


def _tables(box: _Box) -> str:
    x, y, high = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, box[3] - box[1]
    view = (
        f"70\n0\n10\n0.0\n20\n0.0\n11\n1.0\n21\n1.0\n12\n{x}\n22\n{y}\n13\n0.0\n23\n0.0\n14\n10.0\n24\n10.0\n15\n10.0\n"
        f"25\n10.0\n16\n0.0\n26\n0.0\n36\n1.0\n17\n0.0\n27\n0.0\n37\n0.0\n40\n{high}\n41\n1.34\n42\n50.0\n43\n0.0\n"
        "44\n0.0\n50\n0.0\n51\n0.0\n71\n0\n72\n100\n73\n1\n74\n3\n75\n0\n76\n0\n77\n0\n78\n0\n"
    )
    lines = [
        _record(
            "LTYPE", f"{handle:X}", "5", "AcDbLinetypeTableRecord", name, f"70\n0\n3\n{words}\n72\n65\n73\n0\n40\n0.0\n"
        )
        for handle, name, words in ((0x14, "ByBlock", ""), (0x15, "ByLayer", ""), (0x16, "Continuous", "Solid line"))
    ]
    layers = [
        _record("LAYER", f"{0x40 + row:X}", "2", "AcDbLayerTableRecord", name, f"70\n0\n62\n{colour}\n6\nContinuous\n")
        for row, (name, colour) in enumerate({"0": 7, **LAYERS}.items())
    ]
    style = "70\n0\n40\n0.0\n41\n{wide}\n50\n0.0\n71\n0\n42\n2.0\n3\n{font}\n4\n{big}\n"
    styles = [
        _record("STYLE", "11", "3", "AcDbTextStyleTableRecord", "Standard", style.format(wide=1.0, font="txt", big="")),
        _record("STYLE", "17", "3", "AcDbTextStyleTableRecord", "HZ",
                style.format(wide=0.8, font="rs.shx", big="hztxt.shx")),
    ]  # fmt: skip
    apps = [_record("APPID", handle, "9", "AcDbRegAppTableRecord", name, "70\n0\n") for handle, name in
            (("12", "ACAD"), ("18", "SOUTH"))]  # fmt: skip
    records = [
        _record("BLOCK_RECORD", handle, "1", "AcDbBlockTableRecord", name)
        for handle, name in (
            (MODEL, "*Model_Space"), (PAPER, "*Paper_Space"),
            *((f"{handle:X}", name) for name, handle in _block_handles().items()),
        )
    ]  # fmt: skip
    dimension = _record("DIMSTYLE", "27", "A", "AcDbDimStyleTableRecord", "Standard", "70\n0\n", 105)
    return (
        "0\nSECTION\n2\nTABLES\n"
        + _table("VPORT", "8", [_record("VPORT", "29", "8", "AcDbViewportTableRecord", "*Active", view)])
        + _table("LTYPE", "5", lines) + _table("LAYER", "2", layers) + _table("STYLE", "3", styles)
        + _table("VIEW", "6", []) + _table("UCS", "7", []) + _table("APPID", "9", apps)
        + _table("DIMSTYLE", "A", [dimension], "100\nAcDbDimStyleTable\n71\n0\n") + _table("BLOCK_RECORD", "1", records)
        + "0\nENDSEC\n"
    )  # fmt: skip


def _blocks() -> str:
    parts = [
        "0\nSECTION\n2\nBLOCKS\n",
        _block("*Model_Space", MODEL, "20", "21"),
        _block("*Paper_Space", PAPER, "1C", "1D"),
    ]
    shapes = {symbol.block: symbol.shapes for symbol in SYMBOLS.values()}
    for name, handle in _block_handles().items():
        inside = "".join(_shape(handle + 3 + row, f"{handle:X}", shape) for row, shape in enumerate(shapes[name]))
        parts.append(_block(name, f"{handle:X}", f"{handle + 1:X}", f"{handle + 2:X}", inside))
    return "".join([*parts, "0\nENDSEC\n"])


def _block(name: str, owner: str, begin: str, end: str, inside: str = "") -> str:
    return (
        f"0\nBLOCK\n5\n{begin}\n330\n{owner}\n100\nAcDbEntity\n8\n0\n100\nAcDbBlockBegin\n2\n{name}\n70\n0\n10\n0.0\n"
        f"20\n0.0\n30\n0.0\n3\n{name}\n1\n\n{inside}0\nENDBLK\n5\n{end}\n330\n{owner}\n100\nAcDbEntity\n8\n0\n100\n"
        "AcDbBlockEnd\n"
    )


def _shape(handle: int, owner: str, shape: Shape) -> str:
    kind, at = shape
    head = f"5\n{handle:X}\n330\n{owner}\n100\nAcDbEntity\n8\n0\n"
    if kind == "circle":
        return f"0\nCIRCLE\n{head}100\nAcDbCircle\n10\n{at[0]}\n20\n{at[1]}\n30\n0.0\n40\n{at[2]}\n"
    if kind == "line":
        return f"0\nLINE\n{head}100\nAcDbLine\n10\n{at[0]}\n20\n{at[1]}\n30\n0.0\n11\n{at[2]}\n21\n{at[3]}\n31\n0.0\n"
    xy = "".join(f"10\n{x}\n20\n{y}\n" for x, y in zip(at[::2], at[1::2]))
    return f"0\nLWPOLYLINE\n{head}100\nAcDbPolyline\n90\n{len(at) // 2}\n70\n1\n43\n0.0\n{xy}"
