# SPDX-License-Identifier: GPL-2.0-or-later
"""An evaluation in a file: workbook with formulas that are alive, CSV, or a layer with the shapes of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from types import MappingProxyType
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.assessment.evaluation import Evaluation, evaluation_from_payload
from digital_citymgmt_plugin.core.assessment.question import parted
from digital_citymgmt_plugin.core.assessment.scores import half_up
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM, Columns, Context
from digital_citymgmt_plugin.core.requests_assessment import ExportEvaluation, OpenRun
from digital_citymgmt_plugin.services.assessment.evaluate import make_evaluation, said_of
from digital_citymgmt_plugin.services.assessment.groups import shapes_of
from digital_citymgmt_plugin.services.assessment.runs import open_run
from digital_citymgmt_plugin.services.intake import objects

ENDINGS = (".xlsx", ".csv", ".gpkg")
PLACED = ("county", "street", "community", "grid", "beat")
# Words of the workbook where the caller gives none.
BOOK: Mapping[str, str] = MappingProxyType(
    {
        "table": "评价表", "counts": "统计数", "scheme": "评价方案", "code": "代码", "number": "查询编号",
        "rank": "名次", "composite": "综合得分", "grade": "等级", "score": "得分", "indicator": "指标",
        "above": "分子", "below": "分母", "unit": "单位", "rule": "计分方法", "weight": "权重",
        "better": "优劣方向", "source": "来源", "sum": "权重合计",
        "band": "分段", "from": "起（含）", "below_end": "止（不含）",
    }
)  # fmt: skip


def export_evaluation(context: Context, request: ExportEvaluation) -> dict[str, Any]:
    """Write a table into a file, evaluated now or as it was kept; nothing is written into the store.

    Returns
    -------
    dict
        ``counts`` (rows, cases), ``output``.

    Raises
    ------
    InputRefused
        ``assess.output``; errors as ``evaluate``, as ``open_run`` where a kept table is meant.
    """
    kind = PurePath(request.output).suffix.lower()
    if kind not in ENDINGS:
        raise InputRefused("assess.output", file=request.output, known=", ".join(ENDINGS))
    context.progress(0.1, "progress.counting")
    if request.run:
        kept = open_run(context, OpenRun(request.run))
        evaluation, said = evaluation_from_payload(kept["evaluation"]), dict(kept["said"])
    else:
        evaluation = make_evaluation(context, request)
        said = said_of(context, evaluation)
    context.cancel.check()
    context.progress(0.8, "progress.writing")
    said["book"] = book_words(context)
    if kind == ".xlsx":
        context.files.write_assessment_book(request.output, evaluation, said)
    else:
        write_columns(context, request.output, evaluation, said)
    return {
        "counts": {"rows": len(evaluation.rows), "cases": evaluation.totals.get("reported", 0)},
        "operation": None,
        "tables": [],
        "notes": [],
        "output": request.output,
    }


def book_words(context: Context) -> dict[str, str]:
    """Return the words of the workbook in the user's language."""
    return {word: (context.sentences or {}).get(f"book.{word}", chinese) for word, chinese in BOOK.items()}


def write_columns(context: Context, path: str, evaluation: Evaluation, said: Mapping[str, Any]) -> None:
    """Write the rows as a table, or as a layer where they have a place: what has no value is empty."""
    scheme, scores = evaluation.scheme, evaluation.scores
    layer = PurePath(path).suffix.lower() != ".csv"
    words = said["book"]
    columns: Columns = {
        "code": objects(row.code for row in evaluation.rows), "name": objects(row.name for row in evaluation.rows)
    }  # fmt: skip
    captions = {"code": words["code"], "name": str(said["by"]), "rank": words["rank"], "grade": words["grade"]}
    if scores.rank.any():
        columns["rank"] = scores.rank
    if scheme.weighted:
        columns["composite"], captions["composite"] = scores.composite, words["composite"]
        columns["grade"] = objects(scores.grade)
    for term in scheme.terms:
        name = said["indicators"].get(term.code, term.code)
        columns[term.code] = half_up(scores.values[term.code].value, scheme.decimals)
        captions[term.code] = f"{name}(%)" if term.indicator.unit == "%" else name
        if term.rule:
            columns[f"{term.code}_score"] = scores.terms[term.code]
            captions[f"{term.code}_score"] = f"{name} {words['score']}"
    for code, column in evaluation.counts.items():
        columns.setdefault(code, column)
        captions.setdefault(code, said["counts"].get(code, code))
    by = evaluation.selection.by
    if not layer:
        texts = {_heading(name, captions): objects(_cells(values)) for name, values in columns.items()}
        context.files.write_layer(path, "assessment", texts, None, None)
        return
    crs = None
    if parted(by)[0] in PLACED:
        store = context.need_store()
        shapes = shapes_of(store, by) or {}
        columns[GEOM] = objects(shapes.get(row.code) for row in evaluation.rows)
        crs = store.meta()["crs"]
    context.files.write_layer(path, "assessment", columns, crs, "MultiPolygon" if crs else None)


def _cells(values: Any) -> list[Any]:
    if values.dtype.kind != "f":
        return list(values.tolist())
    return [None if np.isnan(value) else value for value in values.tolist()]


def _heading(name: str, captions: Mapping[str, str]) -> str:
    """Return the heading of a column; where two are called alike, with its code."""
    caption = captions[name]
    return f"{caption} ({name})" if list(captions.values()).count(caption) > 1 else caption
