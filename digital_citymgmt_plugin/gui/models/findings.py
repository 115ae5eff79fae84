# SPDX-License-Identifier: GPL-2.0-or-later
"""Questions of the analyst, what answers them, and answers as table, chart and periods. Nothing of the window here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication

from digital_citymgmt_plugin.core.requests import REQUESTS

_MOST_BARS = 24
_HOURS = 24


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("AnalystDock", text)


@dataclass(frozen=True)
class Way:
    """One way to answer a question.

    ``method``: the request; ``fixed``: what of it the question decides; ``asks``: fields that the dock offers;
    ``layer``: of the file that the request writes, "" for an answer without a map; ``key``: the layer's field that
    tells the rows.
    """

    code: str
    method: str
    asks: tuple[str, ...]
    layer: str = ""
    key: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)


# In the order in which an analyst asks. A question whose request this version has not is not offered.
WAYS = (
    Way("where", "scan_clusters", ("by", "exposure", "period", "radius", "simulations"), "clusters", "number"),
    Way(
        "new", "scan_clusters", ("by", "exposure", "period", "radius", "simulations"), "clusters", "number",
        {"prospective": True},
    ),
    Way("when", "rhythm", ("hours", "chosen")),
    Way("density", "density", ("every", "reach"), "density", "period"),
    Way("watched", "watcher_bias", ("by",), "watchers", "code"),
)  # fmt: skip


def ways() -> list[Way]:
    """Return what this version can answer."""
    return [way for way in WAYS if way.method in REQUESTS]


def question_words(code: str) -> str:
    """Return a question as it is asked."""
    return {
        "where": tr("Where is it worse than chance?"), "new": tr("What is new?"), "when": tr("When does it happen?"),
        "density": tr("Where does it crowd, period by period?"), "watched": tr("Where do only we look?"),
    }[code]  # fmt: skip


def question_tip(code: str) -> str:
    """Return how a question is answered."""
    return {
        "where": tr("Space-time scan (Kulldorff): clusters with dates, tested against simulated cities"),
        "new": tr("Space-time scan of clusters that last to the end of the period"),
        "when": tr("Cases by weekday and hour, and when a patrol would meet most of them"),
        "density": tr("Density of cases on hexagons, in one scale for all periods"),
        "watched": tr("Cases found by collectors against those reported by citizens"),
    }[code]  # fmt: skip


def exposure_words(name: str) -> str:
    """Return what cases are held against: the denominator, as legend and layer name it."""
    return {
        "even": tr("every cell alike"), "area": tr("per area"), "road_km": tr("per road kilometre"),
        "components": tr("per component"),
    }[name]  # fmt: skip


@dataclass(frozen=True)
class Findings:
    """An answer as it is shown.

    ``keys``: by row, value of the way's key field. ``bars``: row that each bar stands for, −1 for none. ``spans``: by
    row or period (words, first day, last day); ``marks``: classes of the layer (value, words); ``breaks``: bounds of a
    graduated layer.
    """

    header: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    numbers: frozenset[int] = frozenset()
    keys: tuple[Any, ...] = ()
    chart: str = ""
    labels: tuple[str, ...] = ()
    values: tuple[float | None, ...] = ()
    spans: tuple[tuple[str, str, str], ...] = ()
    marks: tuple[tuple[str, str], ...] = ()
    breaks: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()
    hint: str = ""

    def texts(self) -> list[list[str]]:
        """Return the rows as they are written on the screen."""
        return [[text_of(value) for value in row] for row in self.rows]


def text_of(value: Any) -> str:
    """Return a value as text: – for none, no more digits than are meant."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "✓" if value else ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def findings_of(way: Way, answer: Mapping[str, Any]) -> Findings:
    """Return the answer to a question as it is shown."""
    reader = {"scan_clusters": _clusters, "rhythm": _rhythm, "density": _density, "watcher_bias": _watchers}
    return reader[way.method](answer)


def _clusters(answer: Mapping[str, Any]) -> Findings:
    listed: Sequence[Mapping[str, Any]] = answer["clusters"]
    header = (
        tr("No."), tr("Certain"), tr("Cases"), tr("Expected"), tr("From"), tr("To"), tr("p"), tr("Ratio"), tr("Cells"),
    )  # fmt: skip
    rows = tuple(
        (
            one["number"], bool(one["certain"]), one["cases"], float(one["expected"]), one["from"], one["to"],
            float(one["p"]), _quotient(one), len(one["cells"]),
        )
        for one in listed
    )  # fmt: skip
    certain = sum(bool(one["certain"]) for one in listed)
    words = tr("{certain} of {count} clusters are more than chance.") if listed else tr("No cluster was found.")
    return Findings(
        header, rows, frozenset({0, 2, 3, 6, 7, 8}), tuple(one["number"] for one in listed),
        tr("Cases of the clusters"), tuple(str(one["number"]) for one in listed[:_MOST_BARS]),
        tuple(float(one["cases"]) for one in listed[:_MOST_BARS]),
        tuple((str(one["number"]), str(one["from"]), str(one["to"])) for one in listed),
        (("1", tr("more than chance")), ("0", tr("may be chance"))), (), tuple(answer.get("remarks") or ()),
        words.replace("{certain}", str(certain)).replace("{count}", str(len(listed))),
    )  # fmt: skip


def _quotient(one: Mapping[str, Any]) -> float | None:
    """Return how many times as many cases as expected there are."""
    return float(one["cases"]) / float(one["expected"]) if one["expected"] else None


def weekdays() -> tuple[str, ...]:
    """Return the weekdays, from Monday."""
    return (tr("Mon"), tr("Tue"), tr("Wed"), tr("Thu"), tr("Fri"), tr("Sat"), tr("Sun"))


def _rhythm(answer: Mapping[str, Any]) -> Findings:
    table: Sequence[Sequence[int]] = answer["table"]
    rows = []
    for hour in range(_HOURS):
        counts = [int(day[hour]) for day in table]
        rows.append((f"{hour:02d}:00", *counts, sum(counts)))
    best = next((one for one in answer["windows"] if one["certain"]), None)
    words = tr("No hours stand out: what differs may be chance.")
    if best is not None:
        days = "、".join(weekdays()[day] for day in best["weekdays"])
        words = tr("Most cases: {days}, {start}:00 to {end}:00; {share} % of all, {lift} times an even spread.")
        for name, value in (
            ("days", days), ("start", best["start"]), ("end", best["end"]), ("share", f"{100 * best['share']:.0f}"),
            ("lift", f"{best['lift']:.1f}"),
        ):  # fmt: skip
            words = words.replace(f"{{{name}}}", str(value))
    return Findings(
        (tr("Hour"), *weekdays(), tr("Total")), tuple(rows), frozenset(range(1, 9)), tuple(range(_HOURS)),
        tr("Cases by hour"), tuple(f"{hour:02d}" for hour in range(_HOURS)), tuple(float(row[-1]) for row in rows),
        notes=tuple(answer.get("remarks") or ()), hint=words,
    )  # fmt: skip


def _density(answer: Mapping[str, Any]) -> Findings:
    periods: Sequence[Mapping[str, Any]] = answer["periods"]
    rows = tuple((one["from"], one["to"], one["days"], float(one["highest"]), one["cases"]) for one in periods)
    header = (tr("From"), tr("To"), tr("Days"), tr("Highest density"), tr("Cases"))
    return Findings(
        header, rows, frozenset({2, 3, 4}), tuple(one["period"] for one in periods), tr("Cases by period"),
        tuple(str(one["from"]) for one in periods), tuple(float(one["cases"]) for one in periods),
        tuple((str(one["period"]), str(one["from"]), str(one["to"])) for one in periods), (),
        tuple(float(one) for one in answer["breaks"]), tuple(answer.get("remarks") or ()),
        tr("{count} periods in one scale. Choose one: the map shows it.").replace("{count}", str(len(rows))),
    )  # fmt: skip


def kind_words(kind: str) -> str:
    """Return what is said of a cell whose cases somebody sees."""
    return {
        "ours_only": tr("only collectors"), "ours": tr("collectors more"), "even": tr("like the city"),
        "theirs": tr("citizens more"), "small": tr("too few to judge"), "none": tr("patrols, no cases"),
    }.get(kind, kind)  # fmt: skip


def _watchers(answer: Mapping[str, Any]) -> Findings:
    at = {name: place for place, name in enumerate(answer["columns"])}
    found = sorted(answer["rows"], key=lambda row: -(int(row[at["collector"]]) + int(row[at["citizen"]])))
    header = (tr("Code"), tr("Name"), tr("Collectors"), tr("Citizens"), tr("Share of collectors %"), tr("Judgement"))
    rows = tuple(
        (
            row[at["code"]], row[at["name"]], row[at["collector"]], row[at["citizen"]],
            None if row[at["share"]] is None else round(100 * float(row[at["share"]]), 1),
            kind_words(str(row[at["kind"]])),
        )
        for row in found
    )  # fmt: skip
    kinds = ("ours_only", "ours", "even", "theirs", "small", "none")
    only = sum(str(row[at["kind"]]) == "ours_only" for row in found)
    return Findings(
        header, rows, frozenset({2, 3, 4}), tuple(row[at["code"]] for row in found), tr("Share of collectors"),
        tuple(str(row[1] or row[0]) for row in rows[:_MOST_BARS]), tuple(row[4] for row in rows[:_MOST_BARS]),
        marks=tuple((kind, kind_words(kind)) for kind in kinds), notes=tuple(answer.get("remarks") or ()),
        hint=tr("In {count} cells nobody but us reports.").replace("{count}", str(only)),
    )  # fmt: skip
