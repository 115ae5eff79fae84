# SPDX-License-Identifier: GPL-2.0-or-later
"""The workbook of an evaluation: its formulas, computed anew by LibreOffice, give our values in every cell."""

from __future__ import annotations

import numpy as np
import pytest

from digital_citymgmt_plugin.core.assessment.evaluation import Row, Selection, evaluate_counts
from digital_citymgmt_plugin.core.assessment.schemes import Band, Scheme, Term
from digital_citymgmt_plugin.core.assessment.scores import half_up
from digital_citymgmt_plugin.core.profile import Indicator
from digital_citymgmt_plugin.storage.assessment_book import TOP, write_assessment_book
from tests import office as libreoffice

office = libreoffice.office

CODES = ("filed", "closed", "closed_on_time", "to_be_closed", "reworked", "voided")
BANDS = (Band(0, 10, 100), Band(10, 50, 75.5), Band(50, None, 0))
GRADES = (Band(90, None, grade="优"), Band(60, 90, grade="=合格"), Band(0, 60, grade="差"))


def indicator(code, above, below, unit="%", direction="higher"):
    return Indicator(code, f"名{code}", above, below, unit, direction, "", "")


def terms(weights):
    made = (
        (indicator("rate", "closed", "to_be_closed"), "rate", ()),
        (indicator("inverse", "reworked", "filed - voided", direction="lower"), "inverse", ()),
        (indicator("count", "filed", "", "件", "lower"), "bands", BANDS),
        (indicator("share", "closed_on_time", "to_be_closed", "", "higher"), "rate", ()),
        (indicator("shown", "closed_on_time + voided", "filed"), "", ()),
    )
    return tuple(Term(item, rule, weight, bands) for (item, rule, bands), weight in zip(made, weights))


def drawn(seed, rows, kind="area", **scheme):
    rng = np.random.default_rng(seed)
    counts = {code: rng.integers(0, 60, rows) for code in CODES}
    for code in ("filed", "to_be_closed"):
        counts[code][rng.random(rows) < 0.2] = 0
    counts["voided"] = np.minimum(counts["voided"], counts["filed"])
    listed = [Row(f"=3206814{at:02}", ["=1+1", "+86", "@x", "<b>汇龙</b>", "惠萍"][at % 5]) for at in range(rows)]
    if kind != "area":  # some have no case at all
        for column in counts.values():
            column[1::4] = 0
    if rows:
        listed[-1] = Row("", "未定")
    selection = Selection("street", from_date="2019-04-08", to_date="2019-04-14", cut_off="2019-04-15T00:00:00.000Z")
    return evaluate_counts(kind, selection, Scheme("s", "方案", "area", **scheme), listed, counts)


WORDS = {
    word: word
    for word in (
        "table", "counts", "scheme", "code", "number", "rank", "composite", "grade", "score", "indicator", "above",
        "below", "unit", "rule", "weight", "better", "source", "sum", "band", "from", "below_end",
    )
}  # fmt: skip
SAID = {
    "by": "街道", "counts": {"filed": "立案数"}, "indicators": {"rate": "结案率"}, "formulas": ["=evil()"],
    "notes": ["n"], "total": "合计", "book": WORDS,
}  # fmt: skip
CASES = {
    "weighted": lambda: drawn(1, 25, terms=terms((0.3, 0.2, 0.4, 0.1, 0)), grades=GRADES),
    "weights of 0.7": lambda: drawn(2, 12, terms=terms((0.3, 0.1, 0.2, 0.1, 0)), grades=GRADES, zero="zero"),
    "full": lambda: drawn(3, 12, terms=terms((0.3, 0.3, 0.2, 0.2, 0)), zero="full", decimals=1),
    "departments": lambda: drawn(6, 13, "department", terms=terms((0.3, 0.3, 0.2, 0.2, 0)), grades=GRADES, zero="full"),
    "plain": lambda: drawn(4, 30, terms=tuple(Term(term.indicator, "") for term in terms((0,) * 5))),
    "empty": lambda: drawn(5, 0, terms=terms((0.3, 0.2, 0.4, 0.1, 0)), grades=GRADES),
}


@pytest.mark.parametrize("name", CASES)
def test_libreoffice_computes_our_values(name, office, tmp_path):
    evaluation = CASES[name]()
    path = tmp_path / "book.xlsx"
    write_assessment_book(str(path), evaluation, SAID)
    table, counts, scheme = office(path)
    digits, rows = evaluation.scheme.decimals, len(evaluation.rows)
    weighted = evaluation.scheme.weighted
    names = counts[1][2:-1]
    for at in range(rows + 1):
        scores, place = (evaluation.total, 0) if at == rows else (evaluation.scores, at)
        cells, numbers = table[TOP - 1 + at], counts[TOP - 1 + at]
        for code, cell in zip(names, numbers[2:]):
            assert cell == (evaluation.totals[code] if at == rows else evaluation.counts[code][at])
        assert numbers[-1 if numbers[-1] else -2].startswith("*|")
        expected = [] if not weighted else [value(scores.composite[place]), scores.grade[place] or None]
        for term in evaluation.scheme.terms:
            expected.append(value(half_up(scores.values[term.code].value[place], digits)))
            if term.rule:
                expected.append(value(scores.terms[term.code][place]))
        found = [cell or None if isinstance(cell, str) else cell for cell in cells[3 : 3 + len(expected)]]
        for ours, cell in zip(expected, found):
            if isinstance(ours, float):
                assert float(half_up(cell, digits)) == ours, (at, expected, found)
            else:
                assert cell == ours, (at, expected, found)
        rank = int(scores.rank[place])
        assert (cells[0] or None) == (rank or None), (at, rank, cells)
        if at < rows:
            assert (cells[1] or "", cells[2]) == (evaluation.rows[at].code, evaluation.rows[at].name)
    if weighted:
        total = next(row[6] for row in scheme if row[0] == "sum")
        assert total == pytest.approx(sum(term.weight for term in evaluation.scheme.terms))


def value(number):
    return "–" if np.isnan(number) else float(number)


def test_text_of_the_city_is_no_formula(tmp_path):
    from openpyxl import load_workbook

    path = tmp_path / "book.xlsx"
    write_assessment_book(str(path), CASES["weighted"](), SAID)
    sheets = load_workbook(path).worksheets
    assert sheets[0].cell(TOP, 2).data_type == "s" and sheets[0].cell(TOP, 3).data_type == "s"
    formulas = [cell.value for sheet in sheets for row in sheet.rows for cell in row if cell.data_type == "f"]
    assert formulas and not [text for text in formulas if "evil" in text or text == "=1+1"]
