# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the algorithms share: the provider, a small city on disk, a feedback that listens."""

from __future__ import annotations

import json
from pathlib import Path

from qgis.core import QgsProcessingFeedback

STORE = {
    "EDITION": "2013",
    "COUNTY_CODE": "320681",
    "COUNTY_NAME": "启东市",
    "CRS": "EPSG:4549",
}


class Listener(QgsProcessingFeedback):
    """Keeps what is said."""

    def __init__(self):
        super().__init__(False)
        self.said = []
        self.shares = []
        self.progressChanged.connect(self.shares.append)

    def pushInfo(self, info):
        self.said.append(info)

    def pushWarning(self, warning):
        self.said.append(warning)

    def reportError(self, error, fatalError=False):
        self.said.append(error)

    def setProgressText(self, text):
        self.said.append(text)


def square(x, y, size):
    return [[[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]]


def write_geojson(path: Path, features, crs="EPSG:4549"):
    """Write (geometry type, coordinates, properties) as GeoJSON."""
    made = [
        {"type": "Feature", "geometry": {"type": kind, "coordinates": where} if kind else None, "properties": values}
        for kind, where, values in features
    ]
    name = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:{crs.replace(':', '::')}"}}
    text = {"type": "FeatureCollection", "crs": {"type": "name", "properties": name["properties"]}, "features": made}
    path.write_text(json.dumps(text, ensure_ascii=False), encoding="utf-8")
    return str(path)


def two_communities(folder: Path):
    """Write two communities side by side, 400 m each."""
    return write_geojson(
        folder / "社区 边界.geojson",
        [
            ("Polygon", square(500000, 3520000, 400), {"code": "320681100001", "name": "紫薇社区"}),
            ("Polygon", square(500400, 3520000, 400), {"code": "320681100002", "name": "O'Neil; 社区"}),
        ],
    )
