# SPDX-License-Identifier: GPL-2.0-or-later
"""Workbooks computed anew by LibreOffice: what a reader sees who opens them in a program that is not ours."""

from __future__ import annotations

import shutil
import subprocess

import pytest


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """Compute workbooks anew: returns sheets of cells as LibreOffice has them."""
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        pytest.skip("LibreOffice is not installed: the formulas cannot be computed by a program that is not ours")
    home = tmp_path_factory.mktemp("office")

    def compute(path):
        from openpyxl import load_workbook

        out = home / "out"
        command = [program, f"-env:UserInstallation=file://{home}/profile", "--headless", "--convert-to", "xlsx"]
        subprocess.run([*command, "--outdir", out, path], check=True, capture_output=True, timeout=240)
        return [[list(row) for row in sheet.values] for sheet in load_workbook(out / path.name, data_only=True)]

    return compute
