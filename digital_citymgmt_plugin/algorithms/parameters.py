# SPDX-License-Identifier: GPL-2.0-or-later
"""Parameters that several algorithms have, declared once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingParameterCrs,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)
from qgis.PyQt.QtCore import QCoreApplication

from digital_citymgmt_plugin.core.requests import SHIFTS

ANY = QgsProcessing.SourceType.TypeVector
GEOMETRY = QgsProcessing.SourceType.TypeVectorAnyGeometry
POLYGON = QgsProcessing.SourceType.TypeVectorPolygon
WORKBOOK_OR_TEXT = "Excel (*.xlsx);;CSV (*.csv)"
GEOPACKAGE = "GeoPackage (*.gpkg)"
_CHOICES = "digital_citymgmt_plugin.gui.choice_widget.ChoiceWidget"


def tr(text: str) -> str:
    """Translate a text of the algorithms."""
    return QCoreApplication.translate("Algorithms", text)


def store() -> tuple[Any, str]:
    """Return the store to work on and its help."""
    definition = QgsProcessingParameterFile("STORE", tr("City store"), fileFilter=GEOPACKAGE)
    return definition, tr("The GeoPackage of the city, made with \u201cNew city store\u201d.")


def source(name: str, title: str, kind: Any = ANY, *, optional: bool = False) -> Any:
    """Return an input: a layer of the project or a file."""
    return QgsProcessingParameterFeatureSource(name, title, [kind], optional=optional)


def source_help() -> str:
    """Return the help of an input."""
    return tr(
        "A layer of the project, or a file: SHP, GPKG, GeoJSON, GPX, CSV (also .gz) or XLSX; "
        "file.gpkg|layername=name names a layer or sheet."
    )


def choice(name: str, title: str, words: tuple[str, ...], default: str | None = None) -> Any:
    """Return a choice whose values are plain words, the same in every language."""
    made = QgsProcessingParameterEnum(name, title, list(words), False, default, False, True)
    made.setMetadata({"widget_wrapper": {"class": _CHOICES}})  # shown in the user's language
    return made


def text(name: str, title: str, *, default: str | None = None, optional: bool = False, lines: bool = False) -> Any:
    """Return a text."""
    return QgsProcessingParameterString(name, title, default, lines, optional)


def number(name: str, title: str, default: float | None, least: float) -> Any:
    """Return a number that may be left empty."""
    kind = QgsProcessingParameterNumber.Type.Double
    return QgsProcessingParameterNumber(name, title, kind, default, True, least)


def shift() -> tuple[Any, str]:
    """Return the shift of coordinates and its help."""
    definition = choice("SHIFT", tr("Shift of online maps"), SHIFTS, "none")
    return definition, tr(
        "Coordinates taken from online maps are shifted by some 500 m: gcj02 (AMap, Tencent and others) or bd09 "
        "(Baidu) puts them back to WGS 84. Nothing in a file tells, so it is done only when said here."
    )


def grids_on() -> tuple[Any, str]:
    """Return the parameter of the day whose unit grids rows are made of, and its help; ``rows_of`` reads it."""
    return QgsProcessingParameterDateTime(
        "GRIDS_ON", tr("Unit grids of the day"), QgsProcessingParameterDateTime.Type.Date, None, True
    ), tr(
        "Rows by grid, community or street on the unit grids as they were on this day: tables of before and after a "
        "redraw can be compared. Empty: as they are now."
    )


def rows_of(given: Any) -> str:
    """Return what rows are (parameter BY), with the day whose unit grids they are of, if one was given."""
    by, day = given.choice("BY"), given.date("GRIDS_ON")
    return f"{by}@{day}" if day else by


def crs(name: str = "CRS", *, optional: bool = True) -> Any:
    """Return a CRS."""
    return QgsProcessingParameterCrs(name, tr("Coordinate reference system"), None, optional)


def crs_help() -> str:
    """Return the help of a CRS that states what a file is in."""
    return tr("What the coordinates are in, where the file states none or states it wrongly.")


def encoding() -> tuple[Any, str]:
    """Return the code page of a file and its help."""
    definition = QgsProcessingParameterString("ENCODING", tr("Code page"), None, False, True)
    return definition, tr("UTF-8, GB18030, Big5 \u2026; empty: found by evidence, and said.")


def rejects() -> tuple[Any, str]:
    """Return the reject list and its help."""
    definition = QgsProcessingParameterFileDestination(
        "REJECTS", tr("Reject list"), WORKBOOK_OR_TEXT, None, True, False
    )
    return definition, tr("Every row that was not taken, with its reason: mend it there and feed the file back in.")


MAPPING_EXAMPLE = (
    '{"name": "x", "fields": {"class_code": {"column": "TYPE", "values": {"STORM": "0103"}, "required": true}, '
    '"name": "LABEL", "state": {"const": "完好"}}, "x": "lon", "y": "lat", "crs": "EPSG:4326", '
    '"null_values": ["-"]}'
)


def mapping(fields: Iterable[str]) -> tuple[Any, str]:
    """Return the mapping of columns and its help, which lists the fields that a mapping can fill."""
    definition = QgsProcessingParameterString("MAPPING", tr("Mapping of columns"), None, True, True)
    words = tr("The name of a saved mapping, a JSON file or JSON text; empty: guessed from the names of the columns.")
    more = tr(
        "“name” saves it in the store. A field takes a column, a column with a table of values (others are "
        "rejected unless there is a “default”), or a constant."
    )
    return definition, " ".join((words, more, tr("Fields:"), ", ".join(fields) + ".", tr("Example:"), MAPPING_EXAMPLE))


def add_input(algorithm: Any, title: str, fields: Iterable[str]) -> None:
    """Declare what every import of objects begins with: store, input, mapping."""
    algorithm.add(*store())
    algorithm.add(source("INPUT", title), source_help())
    algorithm.add(*mapping(fields))


def add_file_options(algorithm: Any) -> None:
    """Declare what every import of objects ends with: reject list, code page, coordinate reference system."""
    algorithm.add(*rejects())
    algorithm.add(*encoding(), advanced=True)
    algorithm.add(crs(), crs_help(), advanced=True)
