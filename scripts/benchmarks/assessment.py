# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts and indicators of a city's cases: read, by department and month against pandas, and changes of period.

CPU seconds of one process, so that what else the machine does counts little. The store is made as ``cases.py`` makes it
(minutes at full size), or is the one that ``ASSESSMENT_STORE`` names: only read.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from digital_citymgmt_plugin.core.assessment.counts import COUNTS, known_counts
from digital_citymgmt_plugin.core.assessment.expressions import counts_in, sum_of
from digital_citymgmt_plugin.core.assessment.facts import Known
from digital_citymgmt_plugin.core.assessment.question import Question
from digital_citymgmt_plugin.core.assessment.tally import Combinations, packed_bits
from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.services.assessment.panel import Counted, Panel, panel_of
from digital_citymgmt_plugin.services.assessment.sides import period_side
from digital_citymgmt_plugin.services.assessment.views import HEAVY, View
from digital_citymgmt_plugin.storage.files import CityFiles
from digital_citymgmt_plugin.storage.gpkg import GpkgStore
from digital_citymgmt_plugin.storage.projections import Projected
from scripts.benchmarks import _assessment_peer as peer
from scripts.benchmarks._versions import versions
from scripts.benchmarks.importcomponents import figure, peak_memory

SIZES = {"tiny": "tiny", "demo": "small", "qidong": "qidong", "qingdao": "qingdao"}
LARGE = 100_000
_ALL, _TIMES, _PERIOD, _FACTOR = 5.0, 12, 0.3, 5.0


class _Never:
    """Nobody stops a benchmark."""

    def check(self) -> None:
        """Go on."""


def _quiet(_fraction: float, _code: str, **_values: Any) -> None:
    """Say nothing of progress."""


def make_store(folder: Path, scale: str) -> Path:
    """Make a city with its cases and their log."""
    from scripts.benchmarks._city import make
    from scripts.benchmarks.cases import ground_of, run
    from scripts.demo_city.case_files import write_cases
    from scripts.demo_city.case_scale import CASES

    make(folder, scale)
    write_cases(*ground_of(folder), CASES[SIZES[scale]], 2014, folder / "all")
    run(folder, folder / "all")
    return folder / "city.gpkg"


def cpu(work: Any) -> tuple[float, Any]:
    """Return the CPU seconds of a piece of work, and what it gives."""
    began = time.process_time()
    found = work()
    return time.process_time() - began, found


def indicators(panel: Panel, store: GpkgStore, question: Question) -> tuple[Counted, dict[str, Any]]:
    """Count by department and month, and divide: every indicator of the profile in every cell."""
    counted = panel.counts(question)
    values = {}
    for item in store.profile().indicators:
        if all(name in COUNTS for name in counts_in(item.numerator, item.denominator or item.numerator)):
            above = sum_of(item.numerator, counted.counts).astype(float)
            below = sum_of(item.denominator, counted.counts) if item.denominator else np.ones_like(above)
            values[item.code] = np.divide(above, below, out=np.full(above.shape, np.nan), where=below != 0)
    return counted, values


def judged_and_summed(panel: Panel, codes: list[str]) -> dict[str, Any]:
    """Judge all cases anew for some counts, and sum by department and month: what pandas is asked for."""
    known = Known(panel.held.base.known.cases, panel.held.latest)
    counts = known_counts(known, codes)
    plain = [code for code in codes if code not in HEAVY]
    bits = packed_bits(counts, plain, len(panel.fids))
    heavy = {code: counts[code] for code in codes if code in HEAVY}
    view = panel.view()
    side, place = panel.side("department", view)
    months, when = period_side("month", view.day("filed"))
    group = place.astype(np.int64) * len(months) + when
    every = np.arange(len(group))
    return Combinations(plain, bits, heavy).sums(every, group, len(side.codes) * len(months), codes)


def check(counted: Counted, frame: Any) -> int:
    """Compare with pandas, cell by cell; returns the number of cells."""
    cells = 0
    for (dept, month), row in frame.iterrows():
        place = counted.codes.index(dept), counted.codes2.index(str(month)[:7])
        for code in frame.columns:
            if int(row[code]) != int(counted.counts[code][place]):
                raise SystemExit(f"{code} of {dept} in {month}: pandas {row[code]}, ours {counted.counts[code][place]}")
            cells += 1
    return cells


def periods(panel: Panel) -> tuple[list[float], list[float]]:
    """Return the CPU seconds of changes of period: with one cut-off, and with the period's end as cut-off."""
    last = str(panel.held.latest.astype("datetime64[M]"))
    same, moved = [], []
    for number in range(_TIMES):
        month = np.datetime64(last, "M") - number
        first, end = str(month.astype("datetime64[D]")), str((month + 1).astype("datetime64[D]") - 1)
        for by in ("department", "street", "grid"):
            for basis in ("filed", "flow"):
                question = Question(by, "", basis, first, end)
                same.append(cpu(lambda question=question: panel.counts(question))[0])
        question = Question("department", "", "flow", first, end, end)
        moved.append(cpu(lambda question=question: panel.counts(question))[0])
    return same, moved


def measure(path: Path) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Measure one store."""
    store = GpkgStore(str(path), program="benchmark", clock=lambda: datetime.now(timezone.utc))
    context = Context(CityFiles(str(path)), Projected(), _quiet, _Never(), store.clock, store)
    reading, panel = cpu(lambda: panel_of(context))
    held, size = panel.held, len(panel.fids)
    large, million = size >= LARGE, size >= 1_000_000
    question = Question("department", "month")
    first, _ = cpu(lambda: indicators(panel, store, question))
    again, (counted, values) = cpu(lambda: indicators(panel, store, question))
    anew, _ = cpu(lambda: View(held.latest, held.zone, held.base.known.cases))
    theirs, frame = peer.timed(panel)
    cells = check(counted, frame)
    plain, sums = cpu(lambda: judged_and_summed(panel, list(frame.columns)))
    for code, found in sums.items():
        if int(found.sum()) != int(counted.counts[code].sum()):
            raise SystemExit(f"{code}: {found.sum()} and {counted.counts[code].sum()}")
    same, moved = periods(panel)
    opened, fids = cpu(lambda: panel.cases(question, "closed_on_time", counted.codes[0], counted.codes2[0]))
    log = held.log
    arrays = [*held.data.values(), *(getattr(log, name) for name in log.__dataclass_fields__ if name != "people")]
    bytes_each = sum(values.nbytes for values in (*arrays, *log.people.values())) / max(1, size)
    ratio = theirs / plain
    figures = [
        figure("assessment: cases and log read, all judged", reading, "CPU s"),
        figure("assessment: columns in memory, of a case", bytes_each, "bytes"),
        figure("assessment: all indicators by department and month, first", first, "CPU s", f"<= {_ALL:g} CPU s",
               first <= _ALL if million else None),
        figure("assessment: the same again", again, "CPU s"),
        figure("assessment: all cases judged anew, all counts", anew, "CPU s"),
        figure("assessment: pandas groupby.apply, 23 counts", theirs, "CPU s"),
        figure("assessment: these 23 judged anew and summed by ours", plain, "CPU s"),
        figure("assessment: pandas / ours", ratio, "ratio", f">= {_FACTOR:g}",
               ratio >= _FACTOR if large else None),
        figure("assessment: change of period, slowest", max(same), "CPU s", f"<= {_PERIOD:g} CPU s",
               max(same) <= _PERIOD if large else None),
        figure("assessment: change of period and cut-off, slowest", max(moved), "CPU s"),
        figure("assessment: change of period and cut-off, median", float(np.median(moved)), "CPU s"),
        figure("assessment: cases of a number", opened, "CPU s"),
    ]  # fmt: skip
    peak = peak_memory(os.getpid())
    if peak is not None:
        figures.append(figure("assessment: peak memory, pandas with it", peak, "MB"))
    sizes = {
        "cases": size, "events": store.count("case_event"), "indicators": len(values), "cells as pandas": cells,
        "cases of a number": len(fids),
        "components": sum(store.count(f"component_{kind}") for kind in ("point", "line", "area")),
    }  # fmt: skip
    store.close()
    return figures, sizes


def main() -> None:
    """Run and write the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", default="demo")
    parser.add_argument("--json", type=Path, required=True)
    arguments = parser.parse_args()
    given = os.environ.get("ASSESSMENT_STORE")
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(given) if given else make_store(Path(scratch), arguments.scale)
        figures, sizes = measure(path)
    for each in figures:
        each["value"] = float(each["value"])
    found = {"figures": figures, "versions": versions(), "sizes": sizes}
    arguments.json.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
