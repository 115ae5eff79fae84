# SPDX-License-Identifier: GPL-2.0-or-later
"""Write a small table that a window shows to a workbook or text file, by QGIS's own writer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from qgis.core import QgsFeature, QgsProject, QgsVectorFileWriter, QgsVectorLayer

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.spreadsheets import guarded_text

DRIVERS = {".xlsx": "XLSX", ".ods": "ODS", ".csv": "CSV"}


def write_table(path: str, header: Sequence[str], rows: Sequence[tuple[str | int, ...]]) -> None:
    """Write lines of words and counts under their headings; text that a spreadsheet would run stays text.

    Raises
    ------
    InputRefused
        ``file.not_written`` with file and reason; also for an ending that is none of xlsx, ods, csv.
    """
    driver = DRIVERS.get(Path(path).suffix.lower())
    if driver is None:
        raise InputRefused("file.not_written", file=path, reason=", ".join(DRIVERS))
    # The headings are the fields' own names: only newer versions of QGIS can give others to the file alone.
    kinds = ["integer" if rows and isinstance(value, int) else "string" for value in (rows[0] if rows else header)]
    fields = "&".join(f"field={quote(name, safe='')}:{kind}" for name, kind in zip(header, kinds))
    layer = QgsVectorLayer(f"None?{fields}", "table", "memory")
    features = []
    for row in rows:
        feature = QgsFeature(layer.fields())
        # A file's or a person's name may be a formula; QGIS writes it into CSV as it is, elsewhere as text.
        feature.setAttributes([guarded_text(value) if driver == "CSV" and isinstance(value, str) else value
                               for value in row])  # fmt: skip
        features.append(feature)
    layer.dataProvider().addFeatures(features)
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = driver
    options.fileEncoding = "UTF-8"
    options.attributes = list(range(len(header)))
    if driver == "CSV":
        options.layerOptions = ["WRITE_BOM=YES"]  # spreadsheets take a file without it for the local code page
    answer = QgsVectorFileWriter.writeAsVectorFormatV3(layer, path, QgsProject.instance().transformContext(), options)
    if answer[0] != QgsVectorFileWriter.WriterError.NoError:
        raise InputRefused("file.not_written", file=path, reason=str(answer[1]))
