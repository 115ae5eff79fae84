# SPDX-License-Identifier: GPL-2.0-or-later
"""An evaluation as a workbook whose formulas are alive: counts, weights and bands are cells, all else follows.

Three sheets: the table (values, scores, composite, grade, rank: formulas), the counts (numbers, with the text that
names each number) and the scheme. Rows have the same place on the first two, so that a formula reads like its
definition. Values are rounded half up, as ``core.assessment.scores.half_up`` does: 1e-9 of a unit of the last digit is
rounded away first. Text of the city stays text, whatever it begins with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from digital_citymgmt_plugin.core.assessment.evaluation import Evaluation
from digital_citymgmt_plugin.core.assessment.expressions import counts_in, parse_counts
from digital_citymgmt_plugin.core.assessment.schemes import AREA, BANDS, FULL, INVERSE, LEAVE_OUT, Band, Term
from digital_citymgmt_plugin.core.assessment.scores import ranking_term, used_counts
from digital_citymgmt_plugin.storage.documents import BookWriter, sheet_name
from digital_citymgmt_plugin.storage.replacing import replacing

TOP = 4  # first row of the figures on the first two sheets
NOTHING = '"–"'


class _Formula(str):
    """Text that a cell computes; any other text stays text."""


class _Figure(_Formula):
    """A formula whose result is shown with the digits of the scheme."""


def write_assessment_book(path: str, evaluation: Evaluation, said: Mapping[str, Any]) -> None:
    """Write an evaluation as a workbook.

    Parameters
    ----------
    path : str
        XLSX; written whole or not at all.
    evaluation : Evaluation
    said : mapping
        Its words: ``by``, ``counts``, ``indicators``, ``formulas``, ``notes``, ``total``, and ``book``: the words of
        the workbook by code (``book.…`` of the sentences).

    Raises
    ------
    InputRefused
        ``output.no_folder``, ``output.failed``.
    """
    writer = BookWriter()
    try:
        with replacing(path) as temporary:
            _Book(writer, evaluation, said).write()
            writer.save(temporary)
    except BaseException:
        writer.discard()
        raise


class _Book:
    def __init__(self, writer: BookWriter, evaluation: Evaluation, said: Mapping[str, Any]) -> None:
        self.writer, self.evaluation, self.said = writer, evaluation, said
        self.words: Mapping[str, str] = said["book"]
        self.terms = evaluation.scheme.terms
        self.used = used_counts(evaluation.scheme, evaluation.counts)
        # First what the formulas use, then all other counts that were made.
        self.counts = [*dict.fromkeys([*self.used, *evaluation.counts])]
        self.bottom = TOP + len(evaluation.rows)  # the row of the total
        self.table_name = sheet_name(self.words["table"])
        self.count_name = sheet_name(self.words["counts"], [self.table_name])
        self.scheme_name = sheet_name(self.words["scheme"], [self.table_name, self.count_name])
        self.bands: dict[str, int] = {}  # term → row of its first band on the scheme's sheet
        self.grades = 0
        self.scheme_rows = self._scheme_rows()

    def write(self) -> None:
        """Write the three sheets."""
        evaluation = self.evaluation
        first, last = (text or "…" for text in evaluation.period)
        title = f"{evaluation.scheme.name} · {self.said['by']}"
        days = f"{first} – {last}" if any(evaluation.period) else ""
        head, widths = self._table_head()
        rows = [self._table_row(at) for at in range(len(evaluation.rows) + 1)]
        notes = [*self.said["formulas"], *self.said["notes"], f"SHA-256 {evaluation.digest}"]
        self._sheet(self.table_name, [[title], [days], head, *rows, [], *([note] for note in notes)], widths, TOP)
        names = [self.said["counts"].get(code, code) for code in self.counts]
        head = [self.words["code"], self.said["by"], *names, self.words["number"]]
        codes = ["", "", *self.counts, ""]
        rows = [self._count_row(at) for at in range(len(evaluation.rows) + 1)]
        self._sheet(self.count_name, [[title], codes, head, *rows], [14, 18, *[10] * len(names), 60], TOP)
        self._sheet(self.scheme_name, self.scheme_rows, [26, 22, 26, 26, 10, 14, 10, 10, 40], 0)

    def _sheet(self, name: str, rows: Sequence[Sequence[Any]], widths: Sequence[int], top: int) -> None:
        from openpyxl.utils import get_column_letter

        sheet = self.writer.book.create_sheet(name)
        for number, width in enumerate(widths, 1):
            sheet.column_dimensions[get_column_letter(number)].width = width
        if top:
            sheet.freeze_panes = f"D{top}" if name == self.table_name else f"C{top}"
        for number, row in enumerate(rows, 1):
            head = number == top - 1 if top else number == 1
            sheet.append([self._cell(sheet, value, head) for value in row])

    def _cell(self, sheet: Any, value: Any, head: bool) -> Any:
        from openpyxl.cell import WriteOnlyCell

        if head and isinstance(value, str):
            return self.writer._styled(sheet, value, self.writer._bold, head=True)
        if isinstance(value, _Formula):
            cell = WriteOnlyCell(sheet, str(value))
            digits = self.evaluation.scheme.decimals
            if isinstance(value, _Figure):
                cell.number_format = f"0.{'0' * digits}" if digits else "0"
            return cell
        return self.writer.cell(sheet, value)

    # -- counts -------------------------------------------------------------------------------------------------

    def _count_row(self, at: int) -> list[Any]:
        evaluation = self.evaluation
        if at == len(evaluation.rows):
            last = self.bottom - 1
            sums: list[Any] = [
                _Formula(f"=SUM({_letter(3 + n)}{TOP}:{_letter(3 + n)}{last})") if evaluation.rows else 0
                for n in range(len(self.counts))
            ]
            return ["", self.said["total"], *sums, evaluation.number_id("*")]
        row = evaluation.rows[at]
        figures = [int(evaluation.counts[code][at]) for code in self.counts]
        return [row.code, row.name, *figures, evaluation.number_id("*", row.code)]

    def _sum(self, text: str, line: int) -> str:
        """Return a sum of counts as a formula of a row."""
        parts: list[str] = []
        for sign, code in parse_counts(text):
            cell = f"'{self.count_name}'!{_letter(3 + self.counts.index(code))}{line}"
            parts.append(f"{'-' if sign < 0 else '+' if parts else ''}{cell}")
        return f"({''.join(parts)})" if len(parts) > 1 else "".join(parts)

    # -- the table ----------------------------------------------------------------------------------------------

    def _table_head(self) -> tuple[list[str], list[int]]:
        head = [self.words["rank"], self.words["code"], self.said["by"]]
        widths = [8, 14, 18]
        if self.evaluation.scheme.weighted:
            head += [self.words["composite"], self.words["grade"]]
            widths += [12, 10]
        for term in self.terms:
            name = self.said["indicators"].get(term.code, term.code)
            head.append(f"{name}(%)" if term.indicator.unit == "%" else name)
            widths.append(12)
            if term.rule:
                head.append(f"{name} · {self.words['score']}")
                widths.append(12)
        return head, widths

    def _columns(self) -> list[tuple[int, int]]:
        """Return for each term the column of its value and of its score (0 without one)."""
        at, found = 6 if self.evaluation.scheme.weighted else 4, []
        for term in self.terms:
            found.append((at, at + 1 if term.rule else 0))
            at += 2 if term.rule else 1
        return found

    def _table_row(self, at: int) -> list[Any]:
        evaluation, line = self.evaluation, TOP + at
        total = at == len(evaluation.rows)
        code, name = ("", self.said["total"]) if total else (evaluation.rows[at].code, evaluation.rows[at].name)
        places = self._columns()
        row: list[Any] = [self._rank(line) if code else "", code, name]
        if evaluation.scheme.weighted:
            row += [self._composite(line, places), self._grade(line)]
        for term in self.terms:
            kind = _Figure if term.indicator.denominator else _Formula
            row.append(kind(f"={self._value(term, line)}"))
            if term.rule:
                row.append(_Figure(f"={self._score(term, line)}"))
        return row

    def _made(self, term: Term) -> bool:
        """Tell whether all counts of a term were made; without one it has no value in any row."""
        return all(code in self.evaluation.counts for code in _used(term))

    def _exact(self, term: Term, line: int) -> str:
        indicator = term.indicator
        above = self._sum(indicator.numerator, line)
        if not indicator.denominator:
            return above
        return f"{'100*' if indicator.unit == '%' else ''}{above}/{self._sum(indicator.denominator, line)}"

    def _there(self, term: Term, line: int, value: str, otherwise: str = NOTHING) -> str:
        """Return a formula that is ``otherwise`` where there is no value."""
        if not term.indicator.denominator:
            return value
        return f"IF({self._sum(term.indicator.denominator, line)}<=0,{otherwise},{value})"

    def _rounded(self, value: str) -> str:
        digits = self.evaluation.scheme.decimals
        return f"ROUND(ROUND({value},{digits + 9}),{digits})"

    def _value(self, term: Term, line: int) -> str:
        if not self._made(term):
            return NOTHING
        exact = self._exact(term, line)
        return self._there(term, line, self._rounded(exact) if term.indicator.denominator else exact)

    def _score(self, term: Term, line: int) -> str:
        """Return the score, unrounded: the composite is made of it; the cell shows it rounded."""
        zero = self.evaluation.scheme.zero
        otherwise = NOTHING if zero == LEAVE_OUT else "100" if zero == FULL else "0"
        if not self._made(term):
            return otherwise
        exact = self._exact(term, line)
        share = exact if term.indicator.unit == "%" or not term.indicator.denominator else f"100*{exact}"
        if term.rule == BANDS:
            points = self._banded(exact, self.bands[term.code], term.bands, NOTHING)
        else:
            points = f"MAX(0,MIN(100,{f'100-{share}' if term.rule == INVERSE else share}))"
        return self._there(term, line, points, otherwise)

    def _banded(self, value: str, first: int, bands: Sequence[Band], result: str) -> str:
        """Return the score or the grade of the band that a value lies in, out of the cells of the scheme's sheet."""
        for at, band in reversed(list(enumerate(bands, first))):
            sheet = f"'{self.scheme_name}'!"
            inside = f"{value}>={sheet}E{at}"
            if band.stop is not None:
                inside = f"AND({inside},{value}<{sheet}F{at})"
            result = f"IF({inside},{sheet}G{at},{result})"
        return result

    def _composite(self, line: int, places: Sequence[tuple[int, int]]) -> _Figure:
        above, below = [], []
        for at, (term, (_value, score)) in enumerate(zip(self.terms, places)):
            if term.counted:
                cell, weight = f"{_letter(score)}{line}", f"'{self.scheme_name}'!$G${3 + at}"
                above.append(f"IF(ISNUMBER({cell}),{weight}*{cell},0)")
                below.append(f"IF(ISNUMBER({cell}),{weight},0)")
        points, whole = "+".join(above), "+".join(below)
        nothing = f"{whole}=0"
        if self.evaluation.object != AREA:  # whoever had no case has no composite, see ``scores.compute``
            last = _letter(2 + len(self.used))
            nothing = f"OR({nothing},SUM('{self.count_name}'!C{line}:{last}{line})=0)"
        return _Figure(f"=IF({nothing},{NOTHING},{self._rounded(f'({points})/({whole})')})")

    def _grade(self, line: int) -> _Formula:
        cell, empty = f"D{line}", '""'
        grade = self._banded(cell, self.grades, self.evaluation.scheme.grades, empty)
        return _Formula(f"=IF(ISNUMBER({cell}),{grade},{empty})")

    def _rank(self, line: int) -> Any:
        """Return the rank among the rows that have a code; those without one stand last and take no part."""
        ranked = sum(bool(row.code) for row in self.evaluation.rows)
        term = ranking_term(self.evaluation.scheme)
        if term is None and not self.evaluation.scheme.weighted:
            return ""
        column, falling = "D", 0
        if term is not None:
            column = _letter(self._columns()[self.terms.index(term)][0])
            falling = 0 if term.better == "higher" else 1
        cell = f"{column}{line}"
        return _Formula(
            f'=IF(ISNUMBER({cell}),RANK({cell},{column}${TOP}:{column}${TOP + ranked - 1},{falling}),"")'
        )

    # -- the scheme ---------------------------------------------------------------------------------------------

    def _scheme_rows(self) -> list[list[Any]]:
        words, scheme = self.words, self.evaluation.scheme
        rows: list[list[Any]] = [
            [
                words["code"], words["indicator"], words["above"], words["below"], words["unit"], words["rule"],
                words["weight"], words["better"], words["source"],
            ],
            [],
        ]  # fmt: skip
        for term in self.terms:
            item = term.indicator
            rows.append(
                [
                    item.code, self.said["indicators"].get(item.code, item.name), item.numerator, item.denominator,
                    item.unit, term.rule, term.weight if term.rule else None, term.better, item.source,
                ]
            )  # fmt: skip
        if scheme.weighted:
            rows.append([words["sum"], "", "", "", "", "", _Formula(f"=SUM(G3:G{len(rows)})")])
        rows += [[], [words["band"], words["indicator"], "", "", words["from"], words["below_end"], words["score"]]]
        for term in self.terms:
            self.bands[term.code] = len(rows) + 1
            rows += [["", term.code, "", "", band.start, band.stop, band.score] for band in term.bands]
        rows += [[], [words["grade"], "", "", "", words["from"], words["below_end"], words["grade"]]]
        self.grades = len(rows) + 1
        rows += [["", "", "", "", band.start, band.stop, band.grade] for band in scheme.grades]
        notes = (scheme.name, scheme.note, scheme.source, scheme.confidence)
        rows += [[], *([text] for text in notes if text)]
        return rows


def _used(term: Term) -> tuple[str, ...]:
    return counts_in(term.indicator.numerator, term.indicator.denominator)


def _letter(number: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(number))
