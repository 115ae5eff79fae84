# SPDX-License-Identifier: GPL-2.0-or-later
"""What the demo city's sheets draw as blocks: layer and SOUTH code of each symbol after the habit of CASS, its shape.

Codes of six digits are those that CASS gives the symbol, as far as they could be confirmed from a public list; where it
has none, the code begins with L (a local one, as surveyors enter them into their work file). The shapes are ours, drawn
in metres at 1:1000 (1 mm on paper is 1 m).
"""

from __future__ import annotations

from dataclasses import dataclass

Shape = tuple[str, tuple[float, ...]]  # circle (x, y, radius), line (x, y, x, y), ring (x, y, x, y, …)


@dataclass(frozen=True)
class Symbol:
    """A point symbol: its block, CASS layer, SOUTH code and shape."""

    kind: str
    layer: str
    code: str
    shapes: tuple[Shape, ...]

    @property
    def block(self) -> str:
        """Return the name of the block."""
        return f"GC{self.code}"


def _circle(radius: float) -> Shape:
    return "circle", (0.0, 0.0, radius)


def _line(*ends: float) -> Shape:
    return "line", ends


def _box(wide: float, high: float) -> Shape:
    x, y = wide / 2.0, high / 2.0
    return "ring", (-x, -y, x, -y, x, y, -x, y)


_COVER = (_circle(1.0),)
_CROSS = (_line(-1.0, 0.0, 1.0, 0.0), _line(0.0, -1.0, 0.0, 1.0))
_POLE = (_circle(0.5), _line(0.0, 0.0, 0.0, 2.0))
_SIGN = (_line(0.0, 0.0, 0.0, 1.6), ("ring", (-0.7, 1.6, 0.7, 1.6, 0.7, 2.6, -0.7, 2.6)))
_TREE = (_circle(0.6), _line(-0.9, 0.0, 0.9, 0.0), _line(0.0, -0.9, 0.0, 0.9))

SYMBOLS = {
    symbol.kind: symbol
    for symbol in (
        Symbol("上水检修井", "GXYZ", "174100", (*_COVER, *_CROSS)),
        Symbol("污水检修井", "GXYZ", "174200", (*_COVER, _CROSS[0])),
        Symbol("雨水检修井", "GXYZ", "174200", (*_COVER, _CROSS[0])),
        Symbol("雨水箅子", "GXYZ", "175102", (_box(1.6, 0.8), _line(-0.8, 0.0, 0.8, 0.0))),
        Symbol("电力检修井", "GXYZ", "174700", (*_COVER, _line(-0.5, 0.6, 0.3, 0.0), _line(0.3, 0.0, -0.4, -0.6))),
        Symbol("电信检修井", "GXYZ", "174601", (*_COVER, _line(-0.7, -0.7, 0.7, 0.7))),
        Symbol("电视检修井", "GXYZ", "L17470", (*_COVER, _line(-0.7, 0.7, 0.7, -0.7))),
        Symbol("燃气检修井", "GXYZ", "174400", (*_COVER, _circle(0.4))),
        Symbol("消火栓", "GXYZ", "175200", (_circle(0.6), _line(0.0, 0.6, 0.0, 1.6), _line(-0.6, 1.6, 0.6, 1.6))),
        Symbol("不明检修井", "GXYZ", "174900", (*_COVER, _circle(0.1))),
        Symbol("通讯交接箱", "GXYZ", "171900", (_box(1.6, 1.0), _line(-0.8, -0.5, 0.8, 0.5))),
        Symbol("电力设施", "GXYZ", "171801", (_box(1.6, 1.2),)),
        Symbol("电杆", "GXYZ", "171300", (_circle(0.5),)),
        Symbol("通信杆", "GXYZ", "L17131", (_circle(0.5), _line(-0.5, 0.0, 0.5, 0.0))),
        Symbol("公交站牌", "DLSS", "L16561", _SIGN),
        Symbol("旗杆", "DLDW", "156400", (_circle(0.3), _line(0.0, 0.0, 0.0, 2.4), _line(0.0, 2.4, 0.9, 2.0))),
        Symbol("路灯", "DLDW", "155210", (*_POLE, _line(-0.6, 2.0, 0.6, 2.0))),
        Symbol("景观灯", "DLDW", "155221", (*_POLE, _circle(0.9))),
        Symbol("电话亭", "DLDW", "L15561", (_box(1.0, 1.0), _line(-0.5, 0.0, 0.5, 0.0))),
        Symbol("邮筒", "DLDW", "L15562", (_circle(0.4), _line(0.0, 0.4, 0.0, 1.2))),
        Symbol("高压线铁塔", "GXYZ", "171502", (_box(2.0, 2.0), _line(-1.0, -1.0, 1.0, 1.0))),
        Symbol("变压器", "GXYZ", "171600", (_circle(0.6), ("circle", (0.0, 0.8, 0.6)))),
        Symbol("监控器", "DLDW", "L15563", (*_POLE, _line(0.0, 2.0, 0.9, 1.6))),
        Symbol("岗亭", "DLDW", "155600", (_box(1.4, 1.4),)),
        Symbol("交通标志", "DLSS", "165603", _SIGN),
        Symbol("路名牌", "DLSS", "L16562", _SIGN),
        Symbol("交通信号灯", "DLSS", "L16563", (*_POLE, ("circle", (0.0, 2.4, 0.4)))),
        Symbol("公共厕所", "DLDW", "158800", (_box(2.0, 1.4), *_CROSS)),
        Symbol("垃圾箱", "DLDW", "155500", (_box(1.0, 0.8),)),
        Symbol("气象站", "DLDW", "154100", (_circle(0.4), _line(0.0, 0.4, 0.0, 2.0), _line(0.0, 2.0, 0.8, 1.6))),
        Symbol("古树名木", "ZBTZ", "L21380", (*_TREE, _circle(1.2))),
        Symbol("行道树", "ZBTZ", "213702", (_circle(0.5),)),
        Symbol("独立树", "ZBTZ", "213801", _TREE),
        Symbol("雕塑", "DLDW", "156302", (_box(1.0, 1.0), _circle(0.5))),
        Symbol("围墙门", "JMD", "143601", (_line(-1.5, 0.0, -1.5, 0.8), _line(1.5, 0.0, 1.5, 0.8))),
    )
}

# CASS layers and their colours (AutoCAD numbers), as the layer table of CASS has them.
LAYERS = {
    "KZD": 1, "GCD": 1, "JMD": 6, "YZH": 2, "DLDW": 14, "DLSS": 4, "GXYZ": 2, "SXSS": 5, "JJ": 2, "DGX": 2, "DMTZ": 14,
    "ZBTZ": 3, "TK": 4, "ZDH": 1, "ASSIST": 7,
}  # fmt: skip
