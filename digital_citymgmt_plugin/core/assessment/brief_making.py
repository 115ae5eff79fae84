# SPDX-License-Identifier: GPL-2.0-or-later
"""Make a brief of a run: the names that sentences may ask for, the tables, the charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.assessment.brief import BARS, LINE, MAP, Chart, Marks, Table, clean, locked, written
from digital_citymgmt_plugin.core.assessment.brief_texts import Item, Said, Text, fill
from digital_citymgmt_plugin.core.assessment.classes import breaks
from digital_citymgmt_plugin.core.assessment.compare import count_change, top_risers
from digital_citymgmt_plugin.core.assessment.evaluation import Evaluation
from digital_citymgmt_plugin.core.assessment.expressions import counts_in, parse_counts, sum_of
from digital_citymgmt_plugin.core.assessment.schemes import Term
from digital_citymgmt_plugin.core.assessment.scores import Scores, half_up, ranking_term
from digital_citymgmt_plugin.core.assessment.shown import figures_by_column

BEFORE, YEAR = "before", "year"
MOST_ROWS = 60  # of a table on paper; all of them are in the workbook
MOST_TERMS = 5  # columns of indicators on paper
MOST_NAMED = 3  # first and last of the ranking
MOST_BARS = 30
PERIODS = ("day", "week", "month", "quarter", "year")


@dataclass(frozen=True)
class Earlier:
    """An earlier period under the same scheme; ``days``: of this period and of that one."""

    evaluation: Evaluation
    period: str
    days: tuple[int, int]


@dataclass
class Teller:
    """Answers the names that sentences ask for, out of a run and the periods before it.

    ``said``: words of the run (``said_of``). ``words``: heads of tables (``brief.…``).
    """

    run: Evaluation
    said: Mapping[str, Any]
    words: Mapping[str, str]
    plain: Mapping[str, str]  # place, kind, scheme, by, period, cut_off …
    texts: Sequence[Text]
    known: frozenset[str]  # indicators of the profile
    earlier: Mapping[str, Earlier] = field(default_factory=dict)
    marks: Marks = field(default_factory=Marks)

    # -- names ----------------------------------------------------------------------------------------------------

    def look(self, name: str) -> Said:
        """Return what stands for a name, None where this run has no such value; KeyError for a name there is not."""
        if name in self.plain:
            return clean(self.plain[name])
        head, _, rest = name.partition(".")
        if head in (BEFORE, YEAR):
            return self._of_earlier(head, rest)
        if head == "change":
            kind, _, what = rest.partition(".")
            return self._change(kind, what)
        if head == "name":
            return self.said["counts"].get(rest) or self.said["indicators"].get(rest) or self._unknown(rest)
        if head in ("best", "worst", "risers") and rest == "names":
            return "、".join(str(item["name"]) for item in self.lists()[head]) or None
        if head == "total":
            return self._total(rest)
        return self._value(self.run, name, self.plain.get("period", ""))

    def _unknown(self, code: str) -> Said:
        if code not in self.known:
            raise KeyError(code)
        return None

    def _value(self, evaluation: Evaluation, name: str, period: str) -> Said:
        head, _, code = name.partition(".")
        if head == "count":
            if code not in evaluation.totals:
                if code not in self.said["counts"]:
                    raise KeyError(name)
                return None
            what = f"{period} {self.said['counts'].get(code, code)}"
            return self.marks.of(str(evaluation.totals[code]), what, [evaluation.number_id(code)])
        if head == "rate":
            term = next((one for one in evaluation.scheme.terms if one.code == code), None)
            return self._unknown(code) if term is None else self.rate(evaluation, term, period)
        raise KeyError(name)

    def _of_earlier(self, kind: str, rest: str) -> Said:
        found = self.earlier.get(kind)
        if found is None:
            if rest != "period":
                self._value(self.run, rest, "")  # tells a name that there is not
            return None
        return found.period if rest == "period" else self._value(found.evaluation, rest, found.period)

    def _total(self, rest: str) -> Said:
        total, scheme = self.run.total, self.run.scheme
        if rest == "grade":
            grade = total.grade[0] if total.grade else ""
            return f"（{clean(grade)}）" if grade else ""
        if rest != "composite":
            raise KeyError(rest)
        text = written(float(total.composite[0]), scheme.decimals) if scheme.weighted else None
        if text is None:
            return None
        codes = dict.fromkeys(code for code in scheme.counts if code in self.run.counts)
        return self.marks.of(text, self.words["composite"], [self.run.number_id(code) for code in codes])

    def rate(self, evaluation: Evaluation, term: Term, period: str, row: int | None = None) -> Said:
        """Return an indicator as printed, with the texts of its numerator and denominator."""
        scores = evaluation.total if row is None else evaluation.scores
        text = self.shown(evaluation, scores, term, row or 0)
        if text is None:
            return None
        key = None if row is None else evaluation.rows[row].code
        item = term.indicator
        numbers = [evaluation.number_id(one, key) for one in (item.numerator, item.denominator) if one]
        return self.marks.of(text, f"{period} {self.indicator(term)}", numbers)

    def shown(self, evaluation: Evaluation, scores: Scores, term: Term, row: int) -> Said:
        """Return an indicator's value as printed."""
        digits = evaluation.scheme.decimals if term.indicator.denominator else 0
        value = float(half_up(scores.values[term.code].value[row : row + 1], digits)[0])
        return written(value, digits, "%" if term.indicator.unit == "%" else "")

    def indicator(self, term: Term) -> str:
        """Return the name of an indicator."""
        return clean(self.said["indicators"].get(term.code, term.indicator.name))

    # -- changes --------------------------------------------------------------------------------------------------

    def word(self, code: str, item: Item) -> str:
        """Return a wording of the texts, "" where the city took it out."""
        text = next((one for one in self.texts if one.code == code), None)
        return (fill(text, self.look, item) or "") if text is not None else ""

    def _change(self, kind: str, what: str) -> Said:
        if kind not in (BEFORE, YEAR):
            raise KeyError(kind)
        found = self.earlier.get(kind)
        head, _, code = what.partition(".")
        if head == "rate":
            term = next((one for one in self.run.scheme.terms if one.code == code), None)
            return self._unknown(code) if term is None else self.rate_change(kind, term)
        if head != "count" or (code not in self.run.totals and code not in self.said["counts"]):
            raise KeyError(what)
        if found is None or code not in self.run.totals or code not in found.evaluation.totals:
            return None
        now, then = self.run.totals[code], found.evaluation.totals[code]
        if now == then:
            return self.word("word_same", {})
        numbers = [self.run.number_id(code), found.evaluation.number_id(code)]
        name = f"{self.said['counts'].get(code, code)} {self.words['change']}"
        item = {"n": self.marks.of(str(abs(now - then)), name, numbers), "percent": None}
        if then:
            percent = written(float(half_up([100.0 * abs(now - then) / then], 2)[0]), 2, "%")
            item["percent"] = self.marks.of(str(percent), name, numbers)
        if not then:
            return self.word("word_more_from_none", item)
        return self.word("word_more" if now > then else "word_fewer", item)

    def rate_change(self, kind: str, term: Term) -> Said:
        """Return by how much a rate changed, in points, as the printed rates let one reckon."""
        found = self.earlier.get(kind)
        if found is None or term.code not in found.evaluation.total.values:
            return None
        digits = self.run.scheme.decimals
        pair = [one.total.values[term.code].value[0] for one in (self.run, found.evaluation)]
        now, then = (float(value) for value in half_up(pair, digits))
        if now != now or then != then or not term.indicator.denominator:
            return None
        change = float(half_up([now - then], digits)[0])
        if not change:
            return self.word("word_same", {})
        item = term.indicator
        numbers = [
            one.number_id(part) for one in (self.run, found.evaluation) for part in (item.numerator, item.denominator)
        ]
        name = f"{self.indicator(term)} {self.words['change']}"
        text = self.marks.of(f"{abs(change):.{digits}f}", name, numbers)
        return self.word("word_up" if change > 0 else "word_down", {"n": text})

    # -- lists ----------------------------------------------------------------------------------------------------

    def lists(self) -> dict[str, list[dict[str, Said]]]:
        """Return what sentences are repeated for."""
        terms: list[dict[str, Said]] = []
        before = self.earlier.get(BEFORE)
        for term in self.run.scheme.terms:
            item = term.indicator
            terms.append({
                "name": self.indicator(term), "value": self.rate(self.run, term, self.plain["period"]),
                "above": self._sum(item.numerator), "below": self._sum(item.denominator),
                "above_name": self._sum_name(item.numerator), "below_name": self._sum_name(item.denominator),
                "before": self.rate(before.evaluation, term, before.period) if before else None,
                "before_change": self.rate_change(BEFORE, term),
            })  # fmt: skip
        ranked = [row for row in self.order() if self.run.scores.rank[row] > 0]
        best, worst = ranked[:MOST_NAMED], ranked[MOST_NAMED:][-MOST_NAMED:]
        return {
            "terms": terms, "risers": self._risers(),
            "best": [self._ranked(row) for row in best], "worst": [self._ranked(row) for row in worst],
        }  # fmt: skip

    def _sum(self, expression: str) -> Said:
        if not expression or any(code not in self.run.totals for code in counts_in(expression)):
            return None
        totals = {code: np.array([value]) for code, value in self.run.totals.items()}
        value = int(sum_of(expression, totals)[0])
        return self.marks.of(str(value), str(self._sum_name(expression)), [self.run.number_id(expression)])

    def _sum_name(self, expression: str) -> Said:
        if not expression:
            return None
        text = ""
        for sign, code in parse_counts(expression):
            text += ("－" if sign < 0 else "＋" if text else "") + str(self.said["counts"].get(code, code))
        return text

    def _ranked(self, row: int) -> dict[str, Said]:
        evaluation = self.run
        text = ""
        if evaluation.scheme.weighted:
            text = f"（{written(float(evaluation.scores.composite[row]), evaluation.scheme.decimals) or '–'}）"
        elif (term := ranking_term(evaluation.scheme)) is not None:
            text = f"（{self.shown(evaluation, evaluation.scores, term, row) or '–'}）"
        name = clean(evaluation.rows[row].name or evaluation.rows[row].code)
        numbers = [evaluation.number_id("*", evaluation.rows[row].code)]
        rank = str(int(evaluation.scores.rank[row]))
        if text:
            text = f"（{self.marks.of(text[1:-1], name + ' ' + self.words['score'], numbers)}）"
        return {
            "name": name, "rank": self.marks.of(rank, f"{name} {self.words['rank']}", numbers), "score": text,
        }  # fmt: skip

    def _risers(self) -> list[dict[str, Said]]:
        before = self.earlier.get(BEFORE)
        measure = self.measure()
        if before is None or measure not in before.evaluation.counts:
            return []
        then = self.by_code(before.evaluation, measure)
        rows = [row for row in self.run.rows if row.code]
        now = {row.code: int(value) for row, value in zip(self.run.rows, self.run.counts[measure])}
        pair = [now[row.code] for row in rows], [then.get(row.code, 0) for row in rows]
        change = count_change(*pair, *before.days)
        found: list[dict[str, Said]] = []
        for at in top_risers(change, *before.days, limit=5).tolist():
            name, code = clean(rows[at].name or rows[at].code), rows[at].code
            ids = [self.run.number_id(measure, code), before.evaluation.number_id(measure, code)]
            count = f"{name} {self.said['counts'].get(measure, measure)}"
            found.append({
                "name": name, "now": self.marks.of(str(pair[0][at]), count, ids[:1]),
                "before": self.marks.of(str(pair[1][at]), f"{count} {before.period}", ids[1:]),
                "more": self.marks.of(str(pair[0][at] - pair[1][at]), f"{count} {self.words['change']}", ids),
            })  # fmt: skip
        return found

    def measure(self) -> str:
        """The count that periods are compared by."""
        return "filed" if "filed" in self.run.counts else next(iter(self.run.counts))

    @staticmethod
    def by_code(evaluation: Evaluation, count: str) -> dict[str, int]:
        """Return a count by the code of its row."""
        return {row.code: int(value) for row, value in zip(evaluation.rows, evaluation.counts[count])}

    def order(self) -> list[int]:
        """Return the rows by rank, those without one last."""
        rank = self.run.scores.rank
        return sorted(range(len(self.run.rows)), key=lambda row: (rank[row] <= 0, int(rank[row]), row))

    # -- tables ---------------------------------------------------------------------------------------------------

    def ranking(self) -> Table:
        """Return the table of the rows by rank, as much as a page holds."""
        run, words = self.run, self.words
        terms = sorted(run.scheme.terms, key=lambda term: not term.counted)[:MOST_TERMS]
        head = [words["rank"], str(self.said["by"])]
        if run.scheme.weighted:
            head += [words["composite"], words["grade"]]
        head += [self.indicator(term) for term in terms]
        rows = []
        for row in self.order()[:MOST_ROWS]:
            rank = int(run.scores.rank[row])
            name = clean(run.rows[row].name or run.rows[row].code or words["nowhere"])
            mark = self.marks.of(str(rank) if rank else "–", name, [run.number_id("*", run.rows[row].code)])
            rows.append([mark, name, *self._cells(run.scores, row, terms)])
        rows.append(["", clean(str(self.said["total"])), *self._cells(run.total, 0, terms)])
        notes = []
        if len(run.rows) > MOST_ROWS or len(terms) < len(run.scheme.terms):
            notes.append(words["table_cut"].replace("{rows}", str(min(len(run.rows), MOST_ROWS)))
                         .replace("{all}", str(len(run.rows))))  # fmt: skip
        return Table(words["ranking"], tuple(head), tuple(map(tuple, rows)), 2, tuple(notes))

    def _cells(self, scores: Scores, row: int, terms: Sequence[Term]) -> list[str]:
        run, found = self.run, []
        if run.scheme.weighted:
            found.append(locked(written(float(scores.composite[row]), run.scheme.decimals) or "–"))
            found.append(clean(scores.grade[row]) if scores.grade else "")
        return found + [locked(self.shown(run, scores, term, row) or "–") for term in terms]

    def changes(self) -> tuple[tuple[Any, ...], ...]:
        """Return the counts by row now, in the period before and a year before, and the texts that name them."""
        measure, sides = self.measure(), [self.earlier.get(kind) for kind in (BEFORE, YEAR)]
        then = [self.by_code(side.evaluation, measure) if side else None for side in sides]
        found = []
        for row, now in zip(self.run.rows, self.run.counts[measure].tolist()):
            ids = [side.evaluation.number_id(measure, row.code) if side else "" for side in sides]
            earlier = [held.get(row.code, 0) if held is not None else None for held in then]
            found.append((row.code, clean(row.name), now, *earlier, self.run.number_id(measure, row.code), *ids))
        return tuple(found)

    # -- charts ---------------------------------------------------------------------------------------------------

    def charts(self, shapes: Mapping[str, Any] | None) -> dict[str, Chart]:
        """Return bars by row, a line by period where the run has columns of periods, and a map of areas."""
        run = self.run
        title, unit, values = self._figure()
        digits = run.scheme.decimals
        rows = [row for row in self.order() if run.rows[row].code and values[row] is not None]
        kept = rows[:MOST_BARS]
        names = tuple(clean(run.rows[row].name or run.rows[row].code) for row in kept)
        found: dict[str, Chart] = {}
        if kept:
            note = self.words["bars_cut"].replace("{rows}", str(MOST_BARS)) if len(rows) > MOST_BARS else ""
            found["bars"] = Chart(BARS, title, names, tuple(values[row] for row in kept), digits, unit, note)
        if run.selection.by2 in PERIODS and len(run.columns) > 1:
            found.update(self._line())
        if shapes:
            there = [row for row in range(len(run.rows)) if shapes.get(run.rows[row].code) is not None]
            figures = tuple(values[row] for row in there)
            names = tuple(clean(run.rows[row].name or run.rows[row].code) for row in there)
            edges = tuple(breaks(figures))
            if edges:
                found["map"] = Chart(
                    MAP, title, names, figures, digits, unit, self.words["map_note"],
                    tuple(shapes[run.rows[row].code] for row in there), edges, self.words["no_value"],
                )  # fmt: skip
        return found

    def _figure(self) -> tuple[str, str, list[float | None]]:
        """Return what charts and map show: the composite, else the indicator of the ranking."""
        run = self.run
        if run.scheme.weighted:
            return self.words["composite"], "", _listed(run.scores.composite)
        term = ranking_term(run.scheme)
        if term is None:
            counts = run.counts[self.measure()]
            return str(self.said["counts"].get(self.measure())), "", [float(value) for value in counts.tolist()]
        values = half_up(run.scores.values[term.code].value, run.scheme.decimals)
        return self.indicator(term), "%" if term.indicator.unit == "%" else "", _listed(values)

    def _line(self) -> dict[str, Chart]:
        run = self.run
        term = next((term for term in run.scheme.terms if term.indicator.unit == "%"), None)
        if term is None:
            return {}
        values = figures_by_column(run.to_payload(), term.code)
        kept = [at for at, column in enumerate(run.columns) if column.code and at < len(values)]
        labels = tuple(clean(run.columns[at].name or run.columns[at].code) for at in kept)
        points = tuple(values[at] for at in kept)
        return {"series": Chart(LINE, self.indicator(term), labels, points, run.scheme.decimals, "%")} if kept else {}


def _listed(values: Any) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]
