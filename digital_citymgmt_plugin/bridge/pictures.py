# SPDX-License-Identifier: GPL-2.0-or-later
"""Photos of a city's folder, decoded small. They come from outside: only plain kinds, and never more than fits."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtCore import QBuffer, QByteArray, QIODevice, Qt
from qgis.PyQt.QtGui import QImage, QImageReader

from digital_citymgmt_plugin.core.same_file import kept_inside

_KINDS = ("jpeg", "jpg", "png", "webp")  # an SVG, for one, may name other files
_PIXELS, _BYTES = 150_000_000, 64 << 20  # of a photo; as storage.photos has it


def small_photo(folder: str, name: str, side: int) -> QImage | None:
    """Decode a photo into one of at most ``side`` pixels a side; None when it is none of the folder's, or too large."""
    path = kept_inside(folder, name)
    try:
        if path is None or Path(path).stat().st_size > _BYTES:
            return None
    except OSError:  # it went meanwhile
        return None
    return _read(QImageReader(path), side)


def decoded(data: bytes, side: int) -> QImage | None:
    """Decode a picture from memory; as ``small_photo``."""
    if len(data) > _BYTES:
        return None
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    return _read(QImageReader(buffer), side)


def _read(reader: QImageReader, side: int) -> QImage | None:
    reader.setAutoTransform(True)
    size = reader.size()
    kind = bytes(reader.format()).decode("ascii", "replace").lower()
    if kind not in _KINDS or not size.isValid() or size.width() * size.height() > _PIXELS:
        return None
    if max(size.width(), size.height()) > side:
        reader.setScaledSize(size.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio))
    image = reader.read()
    return None if image.isNull() else image
