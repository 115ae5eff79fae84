# SPDX-License-Identifier: GPL-2.0-or-later
"""The *Beats* dock: painting with the brush on a real canvas, strokes undone, locked beats, drafts, saving."""

from __future__ import annotations

import pytest
from qgis.core import QgsCoordinateReferenceSystem, QgsGeometry, QgsPointXY, QgsRectangle
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QMessageBox

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.gui.docks.beat_controller import BeatController
from digital_citymgmt_plugin.gui.docks.beat_dock import BeatDock
from digital_citymgmt_plugin.gui.models.beats import BeatPaint, read_mix, row_words, summary_words
from tests.qgis.dock_bench import DockBench
from tests.qgis.make_city import CRS
from tests.qgis.test_issue_dock import city  # noqa: F401  (a fixture)

pytestmark = pytest.mark.qgis

X, Y, SIDE = 500_000.0, 3_520_000.0, 100.0
GRIDS = [f"g{number}" for number in range(8)]  # two rows of four


def listed():
    """What the engine answers: eight squares of 100 m, the western four in beat 001, the others in 002."""
    shapes = []
    for at in range(8):
        west, south = X + SIDE * (at % 4), Y + SIDE * (at // 4)
        box = QgsGeometry.fromRect(QgsRectangle(west, south, west + SIDE, south + SIDE))
        shapes.append(bytes(box.asWkb()).hex())
    edges = [[at, at + 1] for at in range(8) if at % 4 < 3] + [[at, at + 4] for at in range(4)]
    return {
        "grids": {
            "code": GRIDS, "community": ["c"] * 8, "beat": ["001" if at % 4 < 2 else "002" for at in range(8)],
            "area": [1e4] * 8, "components": [10.0] * 8, "cases": [1.0] * 8, "road": [100.0] * 8, "shape": shapes,
        },
        "edges": edges, "bridges": [], "beats": [{"code": "001", "name": "西片"}, {"code": "002", "name": ""}],
        "next": "003", "counts": {}, "tables": [], "notes": [],
    }  # fmt: skip


class Bench(DockBench):
    def __init__(self, city):  # noqa: F811
        def draft(request):
            members = {code: "001" if at < 4 else "002" for at, code in enumerate(GRIDS)}
            return {"members": members, "counts": {}, "tables": [], "notes": [
                {"code": "beats.even", "values": {"uneven": "0.0", "moved": 4}}]}  # fmt: skip

        super().__init__(city, {
            "list_beats": listed(), "draft_beats": draft, "export_beats": {"counts": {}, "tables": [], "notes": []},
            "save_beats": {"counts": {"grids_moved": 1}, "tables": ["beat", "beat_member"], "notes": [], "writes": True,
                           "operation": "o"},
        })  # fmt: skip
        self.dock = BeatDock(self.iface.window)
        self.desk = self.add(self.dock, BeatController)


@pytest.fixture
def bench(city):  # noqa: F811
    made = Bench(city)
    made.open()
    made.dock.show()
    made.desk.reload()
    made.wait(lambda: made.desk.paint is not None)
    canvas = made.iface.mapCanvas()
    canvas.setDestinationCrs(QgsCoordinateReferenceSystem(CRS))
    canvas.resize(440, 240)
    canvas.setExtent(QgsRectangle(X - 20, Y - 20, X + 420, Y + 220))
    yield made
    made.close()


def pixel(bench, grid):
    """Where a grid is on the canvas."""
    canvas = bench.iface.mapCanvas()
    at = GRIDS.index(grid)
    place = QgsPointXY(X + SIDE * (at % 4) + SIDE / 2, Y + SIDE * (at // 4) + SIDE / 2)
    point = canvas.getCoordinateTransform().transform(place)
    return QPoint(round(point.x()), round(point.y()))


def beats(bench):
    return dict(zip(bench.desk.paint.grids, bench.desk.paint.beat))


def test_shown_with_figures_bars_and_map(bench):
    assert bench.dock.codes == ["001", "002"] and "0.0" in bench.dock.summary.text()
    assert [code for code, share, _ in bench.dock.bars.bars if share == pytest.approx(1)] == ["001", "002"]
    assert set(bench.desk.on_map._bands) == {"001", "002"}
    bench.dock.hide()
    assert not bench.desk.on_map._bands


def test_painted_by_dragging_undone_as_a_whole_and_saved(bench):
    bench.dock.choose("001")
    bench.dock.paint_button.click()
    view = bench.iface.mapCanvas().viewport()
    assert bench.iface.mapCanvas().mapTool() is bench.desk.brush
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=pixel(bench, "g2"))
    QTest.mouseMove(view, pixel(bench, "g3"))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=pixel(bench, "g3"))
    assert beats(bench)["g2"] == "001"
    bench.desk._lifted()
    painted = [code for code, beat in beats(bench).items() if beat == "001"]
    assert bench.dock.save_button.isEnabled() and "▲" in row_words(bench.desk.paint.table()[0])[3]
    bench.dock.undo_button.click()
    assert [code for code, beat in beats(bench).items() if beat == "001"] == ["g0", "g1", "g4", "g5"]
    bench.dock.redo_button.click()
    assert [code for code, beat in beats(bench).items() if beat == "001"] == painted
    QTest.mouseClick(view, Qt.MouseButton.RightButton, pos=pixel(bench, "g7"))
    assert bench.dock.code() == "002"
    bench.dock.save_button.click()
    bench.wait(lambda: bench.desk.preview is not None)
    assert bench.pool.last("save_beats").members["g2"] == "001"
    bench.desk.preview.accept()


def test_beats_that_are_not_saved_are_asked_for_and_a_draft_under_way_ends_with_its_store(bench):
    assert not bench.controller.unwritten.words()
    bench.desk.paint.paint([GRIDS[0]], "002")
    bench.desk.show()
    assert bench.controller.unwritten.words() == ["Beats: 1 change that is not applied."]
    bench.desk.drafting = True  # its answer will come to nobody
    bench.controller.close_store()
    bench.controller.unwritten.box.button(QMessageBox.StandardButton.Yes).click()
    assert not bench.controller.path and not bench.desk.drafting


def test_locked_beats_neither_give_nor_take(bench):
    bench.dock.choose("002")
    bench.dock.lock_button.click()
    bench.dock.choose("001")
    bench.desk.painted([2])
    assert beats(bench)["g2"] == "002"
    bench.dock.lock_button.click()
    bench.desk.painted([2])
    assert beats(bench)["g2"] == "002"


def test_a_draft_is_one_stroke_and_a_new_beat_gets_the_next_code(bench):
    bench.dock.moves_box.setValue(4)
    bench.dock.draft_button.click()
    assert bench.dock.stop_button.isEnabled() and not bench.dock.save_button.isEnabled()
    bench.wait(lambda: not bench.desk.drafting)
    assert bench.pool.last("draft_beats").moves == 4 and bench.pool.last("draft_beats").members["g0"] == "001"
    assert beats(bench)["g2"] == "001" and bench.dock.save_button.isEnabled()
    bench.dock.undo_button.click()
    assert beats(bench)["g2"] == "002"
    bench.dock.new_button.click()
    assert bench.dock.code() == "003"
    bench.desk.painted([0])
    bench.desk._lifted()
    bench.dock.erase_button.click()
    bench.desk.painted([7])
    assert beats(bench)["g0"] == "003" and beats(bench)["g7"] == ""
    assert "1" in bench.dock.summary.text()
    bench.dock.discard_button.click()
    assert not bench.desk.paint.changed()


def test_a_mix_is_read_in_chinese_and_refused_with_a_sentence():
    assert read_mix("部件=2，案件=1") == {"components": 2.0, "cases": 1.0}
    with pytest.raises(InputRefused):
        read_mix("人口=1")
    paint = BeatPaint(listed())
    paint.weigh({"area": 1.0, "cases": 1.0})
    assert paint.loads == pytest.approx([12.5] * 8)
    paint.paint(["g0", "g7"], "002")
    rows = paint.table()
    assert [row["pieces"] for row in rows] == [1, 2]
    assert "2" in summary_words(paint, rows)
