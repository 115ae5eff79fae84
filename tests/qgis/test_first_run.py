# SPDX-License-Identifier: GPL-2.0-or-later
"""The wizard with an engine that answers from a table: what it shows, what it waits for, where a refusal leads."""

from __future__ import annotations

import time

import pytest
from qgis.core import QgsCoordinateReferenceSystem, QgsSymbol, QgsVectorLayer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QWizard

from digital_citymgmt_plugin.algorithms.draftgrids import DRAFT_STYLE
from digital_citymgmt_plugin.core import guesses
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.gui.docks.city_controller import _selection_words
from digital_citymgmt_plugin.gui.wizard.new_city import NewCityWizard
from tests.qgis.window import FakePool

NEXT = QWizard.WizardButton.NextButton


def entry(role=guesses.COMMUNITIES, **more):
    found = {
        "path": "/data/社区.shp", "layer": "社区", "role": role, "code_field": "BM", "name_field": "MC",
        "why": "guess.by_codes", "rows": 1234, "geometry": "Polygon", "crs": "EPSG:4550", "crs_why": "guess.crs_file",
        "encoding": "GBK", "encoding_evidence": "encoding.content", "fields": ["BM", "MC"], "mapping": {}, "x": "",
        "y": "", "faults": {}, "error": None, "box": None,
    }  # fmt: skip
    return {**found, **more}


CITY = {
    "county_code": "320681", "county_name": "启东市", "edition": "2013", "crs": "EPSG:4550",
    "crs_why": "guess.crs_file", "profile": "",
}  # fmt: skip
DONE = {"counts": {"read": 9, "accepted": 8, "rejected": 1, "inserted": 8}, "reasons": {"reject.duplicate_code": 1}}


class Bench:
    def __init__(self, tmp_path, **answers):
        self.pool = FakePool({"survey_files": {"files": [entry()], "city": CITY}, **answers})
        self.wizard = NewCityWizard(self.pool)
        self.wizard.show()
        self.store = tmp_path / "city.gpkg"

    def wait(self, what, seconds=60.0):
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, "waited in vain"
            QTest.qWait(10)

    def add(self, *paths):
        self.wizard.files_page.add_files(list(paths or ["/data/社区.shp"]))
        self.wait(lambda: not self.wizard.files_page.busy)

    def go_to_check(self):
        self.wizard.next()
        self.wizard.city_page.path.setFilePath(str(self.store))
        self.wizard.next()
        assert self.wizard.currentPage() is self.wizard.check_page


@pytest.fixture
def make(tmp_path, qgis_app):
    made = []

    def one(**answers):
        made.append(Bench(tmp_path, **answers))
        return made[-1]

    yield one
    for bench in made:
        bench.pool.gate.set()
        bench.wizard.shut()
        bench.wizard.deleteLater()


def test_nothing_but_one_layer_is_asked_for(make):
    bench = make()
    assert not bench.wizard.button(NEXT).isEnabled()
    bench.add()
    assert bench.wizard.button(NEXT).isEnabled()
    table = bench.wizard.files_page.table
    assert [table.item(0, column).text().replace(",", "") for column in range(3)] == ["社区.shp", "Communities", "1234"]
    bench.go_to_check()
    request = bench.wizard.plan().store
    assert (request.county_code, request.edition, request.crs) == ("320681", "2013", "EPSG:4550")


def test_a_file_is_not_listed_twice_and_can_be_removed(make):
    bench = make()
    bench.add()
    bench.add()
    assert len(bench.wizard.state.entries) == 1
    QTest.mouseClick(bench.wizard.files_page.remove_button, Qt.MouseButton.LeftButton)
    assert bench.wizard.state.entries == [] and not bench.wizard.button(NEXT).isEnabled()


def test_what_a_removed_file_told_of_the_city_goes_with_it(make):
    cases = entry(guesses.CASES, path="/data/c.csv", layer="c", tells={"county_code": "110108"})
    areas = entry(tells=CITY)
    bench = make(survey_files={"files": [cases, areas], "city": CITY})
    bench.add("/data/c.csv", "/data/社区.shp")
    assert bench.wizard.state.city["county_code"] == "320681"
    bench.wizard.state.remove(1)
    assert bench.wizard.state.city == {"county_code": "110108"}
    bench.wizard.state.remove(0)
    assert bench.wizard.state.city == {}


def test_the_parts_of_a_shapefile_are_listed_once(make):
    state = make().wizard.state
    paths = ["/data/社区.shp", "/data/社区.dbf", "/data/社区.shx", "/data/table.dbf"]
    assert state.fresh(paths) == ["/data/社区.shp", "/data/table.dbf"]
    state.take({"files": [entry(path="/data/社区.dbf")], "city": {}})
    state.take({"files": [entry()], "city": {}})
    assert [item.found["path"] for item in state.entries] == ["/data/社区.shp"]
    assert state.fresh(["/data/社区.dbf"]) == []


@pytest.mark.parametrize(
    "found",
    [
        entry(error={"code": "input.empty_file", "values": {"file": "x"}}),
        entry(guesses.OTHER),
        entry(crs="", crs_why="guess.crs_unknown"),
        entry(guesses.GRIDS, geometry=None, crs=""),
        entry(guesses.CASES, geometry=None, mapping={}),
        entry(guesses.COMPONENTS, code_field="", mapping={}),
    ],
    ids=["broken", "left out", "no CRS", "grids without shapes", "cases without number", "components without class"],
)
def test_what_cannot_be_taken_keeps_the_next_page_away_and_says_why(make, found):
    bench = make(survey_files={"files": [found], "city": CITY})
    bench.add()
    assert not bench.wizard.button(NEXT).isEnabled()
    assert bench.wizard.files_page.said.text()


def test_a_log_without_a_table_of_cases_is_not_left_out_without_a_word(make):
    table = {"geometry": None, "crs": "", "mapping": {"case_no": "n"}}
    files = [entry(), entry(guesses.EVENTS, path="/data/log.csv", layer="log", **table)]
    bench = make(survey_files={"files": files, "city": CITY})
    bench.add()
    assert not bench.wizard.button(NEXT).isEnabled() and "log.csv" in bench.wizard.files_page.said.text()
    bench.pool.answers["survey_files"] = {"files": [entry(guesses.CASES, path="/data/c.csv", **table)], "city": CITY}
    bench.add()
    assert bench.wizard.button(NEXT).isEnabled() and not bench.wizard.files_page.said.text()


def test_a_guess_can_be_changed(make):
    bench = make()
    bench.add()
    page = bench.wizard.files_page
    page.role.setCurrentIndex(page.role.findData(guesses.GRIDS))
    page.crs.setCrs(QgsCoordinateReferenceSystem("EPSG:4549"))
    page.encoding.setCurrentIndex(page.encoding.findData("Big5"))
    page.code_field.setCurrentIndex(0)
    part = bench.wizard.state.entries[0].part()
    assert (part.role, part.code_field) == (guesses.GRIDS, "")
    assert (part.input.crs, part.input.encoding) == ("EPSG:4549", "Big5")


def test_without_any_clue_the_county_code_is_provisional(make):
    bench = make(survey_files={"files": [entry(code_field="")], "city": dict.fromkeys(CITY, "")})
    bench.add()
    bench.wizard.next()
    assert bench.wizard.city_page.county_code.text() == "000000"
    assert not bench.wizard.button(NEXT).isEnabled(), "a CRS is wanted"


def test_a_file_that_is_there_is_refused_on_the_page(make):
    bench = make()
    bench.add()
    bench.store.write_bytes(b"mine")
    bench.wizard.next()
    bench.wizard.city_page.path.setFilePath(str(bench.store))
    assert not bench.wizard.button(NEXT).isEnabled()


def test_a_refusal_leads_back_with_its_reason_and_nothing_is_left(make):
    bench = make(create_store=InputRefused("input.crs_not_metric", crs="EPSG:4490"))
    bench.add()
    bench.go_to_check()
    bench.wizard.next()
    bench.wait(lambda: bool(bench.wizard.check_page.said.text()))
    assert bench.wizard.currentPage() is bench.wizard.check_page
    assert "EPSG:4490" in bench.wizard.check_page.said.text()
    assert list(bench.store.parent.iterdir()) == []


def test_esc_stops_what_runs_and_closes_only_then(make):
    bench = make(create_store={}, import_areas=DONE)
    bench.add()
    bench.go_to_check()
    bench.pool.gate.clear()
    bench.wizard.next()
    bench.wait(lambda: bench.wizard.link.busy)
    QTest.keyClick(bench.wizard, Qt.Key.Key_Escape)
    assert bench.wizard.isVisible()
    bench.wait(lambda: not bench.wizard.link.busy)
    # The link is free a moment before the window has heard of it.
    bench.wait(lambda: bench.wizard.currentPage() is bench.wizard.check_page)
    assert list(bench.store.parent.iterdir()) == []
    QTest.keyClick(bench.wizard, Qt.Key.Key_Escape)
    assert not bench.wizard.isVisible()


def test_the_summary_tells_counts_and_reasons_and_the_city_is_handed_over(make):
    def created(request):
        with open(request.path, "wb") as file:  # noqa: PTH123  (stands in for the engine)
            file.write(b"store")
        return {"counts": {}}

    bench = make(create_store=created, import_areas=DONE)
    opened = []
    bench.wizard.built.connect(opened.append)
    bench.add()
    bench.go_to_check()
    bench.wizard.next()
    bench.wait(lambda: bench.wizard.run_page.done)
    table = bench.wizard.run_page.table
    assert [table.item(1, column).text() for column in (2, 3, 4)] == ["9", "8", "1"]
    assert ": 1" in table.item(1, 5).text() and "{" not in table.item(1, 5).text()
    assert opened == [str(bench.store)] and bench.store.is_file()
    bench.wizard.run_page.save(str(bench.store.with_suffix(".csv")))
    assert bench.store.with_suffix(".csv").is_file()


def test_mnemonics_of_each_page_are_different(make):
    bench = make()
    wizard = bench.wizard
    page = wizard.files_page
    labels = [label.text() for label in page.findChildren(type(page.why)) if "&" in label.text()]
    labels += [button.text() for button in (page.add_button, page.layers_button, page.remove_button, page.stop_button)]
    labels += [wizard.buttonText(NEXT), wizard.buttonText(QWizard.WizardButton.BackButton)]
    letters = [text[text.index("&") + 1].lower() for text in labels if "&" in text]
    assert len(set(letters)) == len(letters)


def test_one_object_is_no_objects():
    assert _selection_words(1, 1, True) == "1 object is selected."
    assert _selection_words(1, 1, False) == "1 object is selected. It has no place on the map."
    assert _selection_words(2, 2, True) == "2 objects are selected."


def test_a_draft_is_drawn_as_dashed_outlines(qgis_app):
    layer = QgsVectorLayer("Polygon?crs=EPSG:4550", "draft", "memory")
    DRAFT_STYLE.postProcessLayer(layer, None, None)
    symbol = layer.renderer().symbol()
    assert isinstance(symbol, QgsSymbol)
    properties = symbol.symbolLayer(0).properties()
    assert (properties["style"], properties["outline_style"]) == ("no", "dash")
