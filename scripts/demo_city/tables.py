# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables and columns that the small and the large demo cities are written with."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from scripts.demo_city.components import BY_CODE, Components

Array = Any


def write_table(path: Path, columns: dict[str, Any], encoding: str = "utf-8-sig") -> None:
    """Write a table as CSV, unless told otherwise in UTF-8 with the mark that Excel needs."""
    with path.open("w", encoding=encoding, newline="") as handle:
        writer = csv.writer(handle, lineterminator="\r\n")
        writer.writerow(columns)
        writer.writerows(zip(*(np.asarray(column, dtype=object).tolist() for column in columns.values())))


def census_columns(found: Components) -> dict[str, Any]:
    """Return the columns of a census table; names of ten letters at most, as a shapefile holds them."""
    return {
        "SRC_ID": found.source_id,
        "CLASS": found.code,
        "NAME": np.array([BY_CODE[c].name for c in found.code], object),
        "DEPTCODE1": np.array([BY_CODE[c].manager for c in found.code], object),
        "OWNER": np.array([BY_CODE[c].owner for c in found.code], object),
        "STATE": found.state,
        "ORDATE": found.first_on,
        "DATASOURCE": found.data_source,
        "NOTE": found.note,
    }


def water_class(width: Array) -> Array:
    """Return the class of waters by their width in metres."""
    return np.where(width > 18.0, "河流", "渠").astype(object)
