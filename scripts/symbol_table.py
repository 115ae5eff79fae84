# SPDX-License-Identifier: GPL-2.0-or-later
"""Draw the table of symbols for the user's page: every symbol with the names of its classes, by major class.

``bash scripts/headless.sh .venv/bin/python scripts/symbol_table.py [--edition 2026] [--out FILE]``.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
WIDE, HIGH, COLUMNS, HEAD = 215, 34, 5, 30


def main() -> int:
    """Draw; 0 when the picture is written."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--edition", default="2026")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "user" / "img" / "symbols.png")
    options = parser.parse_args()
    from qgis.core import QgsApplication
    from qgis.PyQt.QtCore import QRectF, Qt
    from qgis.PyQt.QtGui import QColor, QImage, QPainter

    application = QgsApplication([], True)
    application.initQgis()
    from digital_citymgmt_plugin.bridge import palette, styles, symbols

    groups: dict[str, dict[str, list[str]]] = {}
    profile = ROOT / "digital_citymgmt_plugin" / "resources" / "profiles" / f"classes_{options.edition}.csv"
    with profile.open(encoding="utf-8", newline="") as source:
        for row in csv.DictReader(source):
            if row["kind"] == "component":
                heading = f"{row['major_code']} {row['major_name']}"
                symbol = symbols.symbol_of(row["name"], row["major_code"])
                groups.setdefault(heading, {}).setdefault(symbol, []).append(row["name"])
    rows = sum(1 + -(-len(group) // COLUMNS) for group in groups.values())
    image = QImage(WIDE * COLUMNS, rows * HIGH, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    font = styles.text_format(9).font()
    look, top = palette.LIGHT, 0
    for heading, group in groups.items():
        font.setPixelSize(16)
        painter.setFont(font)
        painter.drawText(QRectF(8, top, 600, HIGH), Qt.AlignmentFlag.AlignVCenter, heading)
        top += HIGH
        font.setPixelSize(12)
        painter.setFont(font)
        for place, (symbol, names) in enumerate(group.items()):
            x, y = place % COLUMNS * WIDE, top + place // COLUMNS * HIGH
            color = QColor(symbols.colour(heading[:2], look))
            picture, _ = QgsApplication.svgCache().svgAsImage(
                symbols.svg(symbol), 28.0, color, QColor(look.mark), 1.0, 1.0
            )
            painter.drawImage(x + 6, y + 3, picture)
            words = names[0] + (f" 等 {len(names)} 类" if len(names) > 1 else "")
            painter.drawText(QRectF(x + 40, y, WIDE - 42, HIGH), Qt.AlignmentFlag.AlignVCenter, words)
        top += -(-len(group) // COLUMNS) * HIGH
    painter.end()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    # A few colours: a fifth of the bytes.
    few = image.convertToFormat(QImage.Format.Format_Indexed8, Qt.ImageConversionFlag.AvoidDither)
    return 0 if few.save(str(options.out)) else 1


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)
