# SPDX-License-Identifier: GPL-2.0-or-later
"""The profile of the demo city: a base edition with the city's own departments, as JSON that ``CreateStore`` takes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

FILE = "departments.csv"
_CODE, _NAME = "部门编码", "部门名称"


def write_demo_profile(data: Path, edition: str, path: Path) -> str | None:
    """Write the profile of the city whose files are in ``data``; return its path.

    The departments stand on top of those of the edition, which classes and filing standard name.

    Parameters
    ----------
    data : Path
        Folder of the demo city; its ``departments.csv`` has code and name.
    edition : str
        2007, 2013 or 2026.
    path : Path
        Where to write (.json).

    Returns
    -------
    str or None
        None when the folder has no list of departments: the edition's own are taken then.
    """
    source = data / FILE
    if not source.is_file():
        return None
    with source.open(encoding="utf-8-sig", newline="") as file:
        rows = [{"code": row[_CODE], "name": row[_NAME]} for row in csv.DictReader(file)]
    content = {"settings": {"base": edition}, "departments": rows}
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return str(path)
