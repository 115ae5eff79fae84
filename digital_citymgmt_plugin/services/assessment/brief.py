# SPDX-License-Identifier: GPL-2.0-or-later
"""Write a brief of one kept run: Word, workbook, or both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import PurePath
from types import MappingProxyType
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.assessment.brief import Brief, clean, noted, renumbered
from digital_citymgmt_plugin.core.assessment.brief_making import BEFORE, YEAR, Earlier, Teller
from digital_citymgmt_plugin.core.assessment.brief_texts import COLUMNS, Text, fill, read_texts, sections
from digital_citymgmt_plugin.core.assessment.compare import Period, other_period
from digital_citymgmt_plugin.core.assessment.evaluation import Evaluation, evaluate_counts, evaluation_from_payload
from digital_citymgmt_plugin.core.assessment.periods import whole
from digital_citymgmt_plugin.core.assessment.question import parted
from digital_citymgmt_plugin.core.cases.times import from_text, to_local, to_text
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.core.requests_assessment import BriefPeriod, FreezeRun, ListRuns, OpenRun, WriteBrief
from digital_citymgmt_plugin.services.assessment.compare import _days, _shifted
from digital_citymgmt_plugin.services.assessment.exporting import PLACED, book_words
from digital_citymgmt_plugin.services.assessment.groups import shapes_of
from digital_citymgmt_plugin.services.assessment.runs import freeze_run, list_runs, open_run
from digital_citymgmt_plugin.services.assessment.tallies import tally
from digital_citymgmt_plugin.services.intake import objects

KINDS = ("week", "month", "quarter", "year", "other")
NONE = "-"  # not compared
# Words of tables and sheets where the caller gives none.
WORDS: Mapping[str, str] = MappingProxyType(
    {
        "rank": "名次", "composite": "综合得分", "grade": "等级", "score": "得分", "change": "变化",
        "ranking": "评价排名",
        "nowhere": "（未定）", "no_value": "无数值", "code": "代码", "now": "本期", "before": "上期",
        "year": "上年同期",
        "sheet": "简报", "changes": "环比同比", "charts": "图表", "numbers": "数字出处", "mark": "序号",
        "what": "数字含义", "value": "数值", "number": "查询编号", "texts_sheet": "文字",
        "table_cut": "本表列出 {rows} 行（共 {all} 行）和主要指标，全部行与指标见工作簿。",
        "bars_cut": "仅列出前 {rows} 名", "map_note": "区域边界为成文时的边界，数值取自存档。",
        "no_before": "上期没有案件，未作环比。", "no_year": "上年同期没有案件，未作同比。",
    }
)  # fmt: skip


def write_brief(context: Context, request: WriteBrief) -> dict[str, Any]:
    """Write a brief of a kept run; nothing is written into the store.

    All numbers are those of the run; those of earlier periods come from kept runs too, or are counted from the log as
    long after their end as the run was after its own, under the run's scheme, and say so by their texts.

    Returns
    -------
    dict
        ``counts`` (rows, numbers), ``outputs`` (files), ``run``, ``sections`` (headings and sentences, numbers with
        their marks in brackets).

    Raises
    ------
    InputRefused
        ``brief.output``, ``brief.kind_unknown``, ``brief.texts``, ``brief.each``, ``brief.text_name``,
        ``brief.no_runs``, ``brief.run_differs``; those of ``open_run``, of the template (``template.…``) and of files.
    """
    _check(request)
    # A brief is Chinese whatever language QGIS speaks: its sentences and its template are, and so are its readers.
    chinese = replace(context, sentences=None)
    kept = open_run(chinese, OpenRun(request.run or _newest(context)))
    run, said = evaluation_from_payload(kept["evaluation"]), dict(kept["said"])
    texts = _texts(context, request.texts)
    context.progress(0.1, "progress.counting")
    notes: list[str] = []
    earlier = _earlier(chinese, request, run, WORDS, notes)
    context.cancel.check()
    known = frozenset(item.code for item in context.need_store().profile().indicators)
    teller = Teller(run, said, WORDS, _plain(run, said, kept["run"], request, texts), texts, known, earlier)
    context.progress(0.6, "progress.counting")
    shapes = shapes_of(context.need_store(), run.selection.by) if parted(run.selection.by)[0] in PLACED else None
    brief = _brief(teller, said, WORDS, texts, shapes, notes)
    context.cancel.check()
    context.progress(0.7, "progress.writing")
    said["book"] = book_words(chinese)
    said_notes = context.files.write_brief(brief, run, said, request.document, request.workbook, request.template)
    return {
        "counts": {"rows": len(run.rows), "numbers": len(brief.figures)}, "operation": None, "tables": [],
        "notes": [{"code": code, "values": values} for code, values in said_notes],
        "outputs": [one for one in (request.document, request.workbook) if one],
        "run": kept["run"], "sections": [[head, [noted(text) for text in lines]] for head, lines in brief.sections],
    }  # fmt: skip


def brief_period(context: Context, request: BriefPeriod) -> dict[str, Any]:
    """Keep the evaluation of a period and write its brief; when the brief fails, nothing is kept.

    Returns
    -------
    dict
        As ``write_brief``, with the ``operation`` that kept the run.

    Raises
    ------
    InputRefused
        ``brief.days`` where a day is missing; those of ``freeze_run`` and ``write_brief``.
    """
    _check(request)
    if not (request.from_date and request.to_date):
        raise InputRefused("brief.days")
    asked = {field: getattr(request, field) for field in ("by", "scheme", "from_date", "to_date", "cut_off")}
    brief = {field: getattr(request, field) for field in WriteBrief.__dataclass_fields__ if field != "method"}
    written: dict[str, Any] = {}

    def write(uuid: str) -> None:
        written.update(write_brief(context, WriteBrief(**{**brief, "run": uuid})))

    kept = freeze_run(context, FreezeRun(**asked, name=request.run), write)
    return {**written, "operation": kept["operation"], "tables": kept["tables"]}


def _check(request: WriteBrief) -> None:
    for path, ending in ((request.document, ".docx"), (request.workbook, ".xlsx")):
        if path and PurePath(path).suffix.lower() != ending:
            raise InputRefused("brief.output", file=path, ending=ending)
    if not request.document and not request.workbook:
        raise InputRefused("brief.output", file="", ending=".docx, .xlsx")
    if request.kind and request.kind not in KINDS:
        raise InputRefused("brief.kind_unknown", value=request.kind, known=", ".join(KINDS))


def _newest(context: Context) -> str:
    runs = list_runs(context, ListRuns())["runs"]
    if not runs:
        raise InputRefused("brief.no_runs")
    return str(runs[0]["uuid"])


def _texts(context: Context, path: str) -> tuple[Text, ...]:
    """Return the sentences: of a file (in a workbook those of the sheet that has the columns), or the plugin's."""
    if not path:
        return read_texts(context.files.brief_texts(), "")
    layers = context.files.layers(path)
    wanted = WORDS["texts_sheet"] if WORDS["texts_sheet"] in layers else layers[0]
    source = context.files.open_source(path, layer=wanted)
    try:
        rows: list[dict[str, str]] = []
        for columns in source.chunks():
            there = [name for name in COLUMNS if name in columns]
            for values in zip(*(columns[name].tolist() for name in there)):
                rows.append({name: "" if value is None else str(value) for name, value in zip(there, values)})
            if len(rows) > 10_000:
                break
    finally:
        source.close()
    return read_texts(rows, path)


def _plain(
    run: Evaluation, said: Mapping[str, Any], told: Mapping[str, Any], request: WriteBrief, texts: tuple[Text, ...]
) -> dict[str, str]:
    first, last = run.period
    step = whole(date.fromisoformat(first), date.fromisoformat(last)) if first and last else ""
    chosen = run.selection
    moment = str(to_local(from_text(objects([chosen.cut_off])), chosen.zone)[0]).replace("T", " ")[:16]
    by_code = {text.code: text.text for text in texts}
    kind = request.kind or step or "other"
    return {
        "place": run.place.get("county_name", ""), "kind": by_code.get(f"kind_{kind}", ""), "period": said["period"],
        "period_short": f"{first} – {last}" if first and last else said["period"], "cut_off": moment,
        "scheme": run.scheme.name, "by": str(said["by"]), "run": told["name"], "digest": told["digest"],
        "program": told["program"], "made_at": run.place.get("made_at", "")[:10], "rows": str(len(run.rows)),
    }  # fmt: skip


def _earlier(
    context: Context, request: WriteBrief, run: Evaluation, words: Mapping[str, str], notes: list[str]
) -> dict[str, Earlier]:
    """Return the periods that the run is compared with."""
    first, last = run.period
    found: dict[str, Earlier] = {}
    if not first or not last:
        return found
    period = Period(date.fromisoformat(first), date.fromisoformat(last))
    zone = run.selection.zone
    at = from_text(objects([run.selection.cut_off]))[0]
    for kind, asked in ((BEFORE, request.before), (YEAR, request.year)):
        if asked == NONE:
            continue
        other = other_period(period, kind)
        if asked:
            held = open_run(context, OpenRun(asked))
            evaluation = evaluation_from_payload(held["evaluation"])
            chosen = evaluation.selection
            same = (chosen.by, chosen.basis, chosen.where, evaluation.scheme.code, evaluation.without) == (
                run.selection.by, run.selection.basis, run.selection.where, run.scheme.code, run.without
            )  # fmt: skip
            if not same or not all(evaluation.period):
                raise InputRefused("brief.run_differs", value=held["run"]["name"])
            other = Period(*(date.fromisoformat(day) for day in evaluation.period))
        else:
            evaluation = _counted(context, run, other, _shifted(at, period, other, zone))
        if not any(evaluation.totals.values()):
            notes.append(words[f"no_{kind}"])
            continue
        then = from_text(objects([evaluation.selection.cut_off]))[0]
        days = _days(period, at, zone), _days(other, then, zone)
        found[kind] = Earlier(evaluation, f"{other.first} – {other.last}", days)
    return found


def _counted(context: Context, run: Evaluation, other: Period, at: np.datetime64) -> Evaluation:
    moment = str(to_text(np.array([at]))[0])
    chosen = replace(run.selection, by2="", from_date=str(other.first), to_date=str(other.last), cut_off=moment)
    made = tally(context, chosen)
    evaluation = evaluate_counts(
        run.object, replace(chosen, cut_off=made.cut_off), run.scheme, made.rows, made.counts, exempt=made.exempt
    )
    return evaluation.without_exempt() if run.without else evaluation


def _brief(
    teller: Teller, said: Mapping[str, Any], words: Mapping[str, str], texts: tuple[Text, ...],
    shapes: Mapping[str, Any] | None, notes: list[str],
) -> Brief:  # fmt: skip
    said_sections = sections(texts, teller.look, teller.lists())
    single = {text.code: fill(text, teller.look) or "" for text in texts if text.code in ("title", "subtitle", "sign")}
    table = teller.ranking()
    made = Brief(
        {"title": "", "subtitle": "", "sign": "", **teller.plain, **single},
        said_sections, {"ranking": table}, tuple(teller.marks.figures), teller.charts(shapes),
        tuple(clean(line) for line in said["formulas"]),
        (*(clean(line) for line in said["notes"]), *notes, f"SHA-256 {teller.plain['digest']}"),
        tuple((text.code, text.section, text.each, text.text) for text in texts), words, teller.changes(),
    )  # fmt: skip
    return renumbered(made)
