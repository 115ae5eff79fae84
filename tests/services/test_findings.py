# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings in a workbook."""

from __future__ import annotations

import pytest

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import request_from_params
from digital_citymgmt_plugin.core.requests_analyst import WriteFindings
from digital_citymgmt_plugin.services.findings import write_findings


class Files:
    def write_workbook(self, path, sheets):
        self.written = path, sheets


class Context:
    def __init__(self):
        self.files = Files()


def test_numbers_stay_numbers_and_definitions_stand_below():
    context = Context()
    request = WriteFindings(["哪里"], ["序号", "p"], [[1, 0.01], [2, None]], ["基数"], "a.xlsx")
    assert write_findings(context, request)["counts"] == {"rows": 2}
    path, (sheet,) = context.files.written
    assert path == "a.xlsx" and list(sheet.rows) == [(1, 0.01), (2, None)] and sheet.notes == ("基数",)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (WriteFindings(header=["a"], rows=[[1]], output="a.csv"), "findings.file"),
        (WriteFindings(header=["a"], output="a.xlsx"), "findings.empty"),
        (WriteFindings(header=["a"], rows=[[1], [1, 2]], output="a.xlsx"), "findings.rows"),
    ],
)
def test_what_is_no_table_is_refused(request_, code):
    with pytest.raises(InputRefused) as refused:
        write_findings(Context(), request_)
    assert refused.value.code == code


def test_a_table_comes_through_the_pipe():
    params = {"header": ["a", "b"], "rows": [["x", 1.5]], "output": "a.xlsx"}
    assert request_from_params("write_findings", params).rows == [["x", 1.5]]
