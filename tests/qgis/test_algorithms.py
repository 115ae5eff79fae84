# SPDX-License-Identifier: GPL-2.0-or-later
"""The provider and its algorithms, as Processing sees them and against the real engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from qgis.core import (
    QgsApplication,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingOutputNumber,
    QgsProcessingParameterDefinition,
    QgsProject,
    QgsVectorLayer,
)

from digital_citymgmt_plugin.algorithms.assess import AssessAlgorithm
from digital_citymgmt_plugin.algorithms.createstore import CreateStoreAlgorithm
from digital_citymgmt_plugin.algorithms.draftgrids import DraftGridsAlgorithm
from digital_citymgmt_plugin.algorithms.importcases import ImportCasesAlgorithm
from digital_citymgmt_plugin.algorithms.importcomponents import ImportComponentsAlgorithm
from digital_citymgmt_plugin.algorithms.parameters import MAPPING_EXAMPLE
from digital_citymgmt_plugin.algorithms.provider import ALGORITHMS, DcmProvider
from digital_citymgmt_plugin.bridge.engines import pool
from digital_citymgmt_plugin.bridge.events import store_events
from digital_citymgmt_plugin.core.census.fields import FIELDS
from digital_citymgmt_plugin.core.mapping import mapping_from_text
from tests.qgis.algorithms_help import STORE, Listener, two_communities

pytestmark = pytest.mark.qgis

# design, section 4: what scripts rely on
CONTRACT = {
    "createstore": {"STORE", "EDITION", "COUNTY_CODE", "COUNTY_NAME", "CRS", "PROFILE"},
    "upgradestore": {"STORE"},
    "verifystore": {"STORE", "REPAIR", "OUTPUT"},
    "checkcomponents": {"STORE", "RULES", "SCOPE", "SHEET", "OUTPUT"},
    "checkgrids": {
        "STORE", "RULES", "INPUT", "CODE_FIELD", "COMMUNITY_FIELD", "BUILDINGS", "COMPOUNDS", "FEATURES", "REPAIR",
        "OUTPUT", "MENDED", "PREVIEW",
    },
    "backupstore": {"STORE", "OUTPUT"},
    "exportaudit": {"STORE", "FROM", "TO", "KIND", "OUTPUT"},
    "undooperation": {"STORE", "OPERATION", "DEPENDENTS", "PREVIEW"},
    "exportprofile": {"STORE", "OUTPUT"},
    "importfilingstandard": {"STORE", "INPUT", "MAPPING", "REPLACE_ALL", "AT_ONCE", "REJECTS", "PREVIEW"},
    "importprofile": {"STORE", "INPUT", "PREVIEW", "OUTPUT"},
    "importareas": {"STORE", "INPUT", "LEVEL", "CODE_FIELD", "NAME_FIELD", "PREVIEW"},
    "importbasemap": {"STORE", "INPUT", "MAPPING", "ENCODING", "CRS", "OUTPUT", "PREVIEW"},
    "draftgrids": {
        "AREAS", "BARRIERS", "RANK_FIELD", "BUILDINGS", "COMPOUNDS", "COMPONENTS", "LOAD_FIELD", "LOAD_WEIGHTS",
        "LOCKED", "COMPOUND_CLASSES", "TARGET_AREA", "TARGET_LOAD", "BAND", "CRS", "SEED", "OUTPUT",
    },
    "adoptgrids": {"STORE", "INPUT", "CODE_FIELD", "POLICY"},
    "draftbeats": {
        "STORE", "COUNT", "WEIGHT", "WEIGHTS", "START_FROM_CURRENT", "MOVES", "DAYS", "TOLERANCE", "LOCKED", "SEED",
        "OUTPUT",
    },
    "importbeats": {"STORE", "INPUT", "CODE_FIELD", "NAME_FIELD", "GRID_FIELD", "REJECTS", "PREVIEW"},
    "importcomponents": {"STORE", "INPUT", "MAPPING", "CLASS_FIELD", "CLASS", "ENCODING", "CRS", "REJECTS"},
    "importphotos": {"STORE", "FOLDER", "FIELD", "TOLERANCE", "OUTPUT"},
    "importplaces": {"STORE", "INPUT", "KIND", "MAPPING", "SHIFT", "ENCODING", "CRS", "REJECTS"},
    "importtracks": {
        "STORE", "INPUT", "KIND", "MAPPING", "CARRIER", "MAX_SPEED", "GAP", "STAY_RADIUS", "STAY_TIME", "FAR", "SHIFT",
        "ENCODING", "CRS", "REJECTS",
    },
    "changenotice": {"STORE", "OPERATION", "OUTPUT"},
    "exportgrids": {"STORE", "PLATFORM", "PROFILE", "DAY", "CHECK", "OUTPUT", "REPORT"},
    "gridson": {"STORE", "DAY", "OUTPUT"},
    "renumbergrids": {"STORE", "COMMUNITIES", "REASON", "OUTPUT", "PREVIEW"},
    "restate": {
        "STORE", "INPUT", "CODE_FIELD", "FIELDS", "FROM_DAY", "TO_DAY", "CASES", "SINCE", "UNTIL", "COMPONENTS",
        "DECIMALS", "OUTPUT", "REJECTS",
    },
    "assigncodes": {"STORE", "ORDER"},
    "makecandidates": {"STORE", "MAPPING", "PREVIEW"},
    "decidecandidates": {"STORE", "DECISION", "CLASS", "SHEET", "DRAWING", "DISTANCE", "CANDIDATES", "PREVIEW"},
    "findduplicates": {"STORE", "TOLERANCE", "OUTPUT"},
    "mergeduplicates": {"STORE", "TOLERANCE", "REASON", "LEAST_SCORE", "PAIRS", "OUTPUT"},
    "importcases": {"STORE", "INPUT", "MAPPING", "SHEET", "SHIFT", "ENCODING", "CRS", "REJECTS", "REPORT"},
    "placecases": {"STORE", "LEAST", "AGAIN"},
    "recomputedue": {"STORE", "ENDED"},
    "linkcases": {"STORE", "TOLERANCE"},
    "writeslips": {"STORE", "KIND", "CASES", "FORMAT", "TEMPLATE", "OUTPUT"},
    "packcases": {"STORE", "CASES", "RECEIVER", "SLIPS", "ZIP", "OUTPUT"},
    "readreceipt": {"STORE", "INPUT", "REJECTS"},
    "exportcases": {"STORE", "SAMPLE", "SHEET", "MAPPING", "CASES", "OUTPUT", "REPORT"},
    "assess": {"STORE", "BY", "FROM", "TO", "SCHEME", "OUTPUT"},
    "compareperiods": {"STORE", "MEASURE", "KIND", "BY", "FROM", "TO", "CUT_OFF", "OUTPUT"},
    "drawrecheck": {"STORE", "COUNT", "BY", "BY2", "NUMBER", "LEAST", "SEED", "FROM", "TO", "CUT_OFF", "OUTPUT"},
    "readrecheck": {"STORE", "INPUT", "REJECTS"},
    "collectorsheets": {"STORE", "FROM", "TO", "REACH", "OUTPUT"},
    "writebrief": {"STORE", "FROM", "TO", "RUN", "KIND", "BEFORE", "YEAR", "TEMPLATE", "TEXTS", "OUTPUT", "WORKBOOK"},
    "hotspots": {
        "STORE", "BY", "FROM", "TO", "CLASSES", "SOURCE", "DENOMINATOR", "NEIGHBOURS", "METRES", "PERMUTATIONS", "SEED",
        "OUTPUT",
    },
    "scanclusters": {
        "STORE", "BY", "FROM", "TO", "CLASSES", "SOURCE", "MODEL", "EXPOSURE", "PERIOD", "PROSPECTIVE", "RADIUS",
        "SIMULATIONS", "OUTPUT",
    },
    "casedensity": {"STORE", "FROM", "TO", "CLASSES", "SOURCE", "REACH", "EVERY", "CLIP", "OUTPUT"},
}  # fmt: skip


@pytest.fixture
def provider(qgis_app, qgis_processing):
    """Register the provider for one test and end its engines afterwards."""
    registry = QgsApplication.processingRegistry()
    made = DcmProvider()
    assert registry.addProvider(made)
    yield made
    registry.removeProvider(made)
    pool().shutdown(2)


@pytest.fixture
def run(provider):
    """Run an algorithm as a script does."""
    import processing

    def call(name, parameters, feedback=None):
        return processing.run(f"dcm:{name}", parameters, feedback=feedback or Listener())

    return call


@pytest.fixture
def city(run, chinese_path):
    """Make an empty city store in a folder with a Chinese name."""
    path = str(chinese_path / "城市.gpkg")
    run("createstore", {"STORE": path, **STORE})
    return path


def _rows(city, table):
    # In a frame of its own: QGIS never lets go of an exception raised in processAlgorithm, nor of the frames below it,
    # and a layer that lives until the interpreter ends crashes it.
    return QgsVectorLayer(f"{city}|layername={table}", table, "ogr").featureCount()


def test_the_provider_has_the_algorithms_of_the_contract(provider):
    assert provider.id() == "dcm"
    assert {algorithm.name() for algorithm in provider.algorithms()} == set(CONTRACT)


@pytest.mark.parametrize("name", sorted(CONTRACT))
def test_parameters_have_the_names_of_the_contract(provider, name):
    found = {definition.name() for definition in provider.algorithm(name).parameterDefinitions()}
    assert CONTRACT[name] <= found
    assert all(word == word.upper() for word in found)


@pytest.mark.parametrize("kind", ALGORITHMS, ids=lambda kind: kind.ID)
def test_every_algorithm_says_what_it_does_takes_gives_and_does_not_do(provider, kind):
    algorithm = provider.algorithm(kind.ID)
    words = algorithm.shortHelpString()
    assert "Limits" in words and len(words) > 300
    for definition in [*algorithm.parameterDefinitions(), *algorithm.outputDefinitions()]:
        assert f"[{definition.name()}]" in words
    assert algorithm.displayName() and algorithm.group() and not algorithm.icon().isNull()


@pytest.mark.parametrize("kind", ALGORITHMS, ids=lambda kind: kind.ID)
def test_counts_are_number_outputs_and_no_output_has_the_name_of_an_input(provider, kind):
    algorithm = provider.algorithm(kind.ID)
    numbers = {d.name() for d in algorithm.outputDefinitions() if isinstance(d, QgsProcessingOutputNumber)}
    assert len(numbers) == len(kind.COUNTS)
    assert not numbers & {d.name() for d in algorithm.parameterDefinitions()}


@pytest.mark.parametrize("kind", ALGORITHMS, ids=lambda kind: kind.ID)
def test_choices_are_plain_words_in_any_language(provider, kind):
    for definition in provider.algorithm(kind.ID).parameterDefinitions():
        if definition.type() == "enum":
            assert definition.usesStaticStrings(), definition.name()


def test_a_new_store_is_made_in_a_folder_with_a_chinese_name(city):
    assert Path(city).read_bytes()[:15] == b"SQLite format 3"


def test_an_existing_store_is_never_overwritten(run, city):
    before = Path(city).read_bytes()
    with pytest.raises(QgsProcessingException):
        run("createstore", {"STORE": city, **STORE})
    assert Path(city).read_bytes() == before


def test_areas_come_in_from_a_path_and_a_second_time_nothing_changes(run, city, chinese_path):
    parameters = {
        "STORE": city,
        "INPUT": two_communities(chinese_path),
        "LEVEL": "community",
        "CODE_FIELD": "code",
        "NAME_FIELD": "name",
    }
    first = run("importareas", parameters)
    assert (first["READ"], first["ACCEPTED"], first["REJECTED"]) == (2, 2, 0)
    assert first["INSERTED"] == 2
    second = run("importareas", parameters)
    assert (second["INSERTED"], second["UNCHANGED"]) == (0, 2)


def test_an_action_tells_those_who_listen_which_tables_changed(run, city, chinese_path, qtbot):
    source = two_communities(chinese_path)
    with qtbot.waitSignal(store_events().store_changed, timeout=5000) as heard:
        run(
            "importareas",
            {"STORE": city, "INPUT": source, "LEVEL": "community", "CODE_FIELD": "code", "NAME_FIELD": "name"},
        )
    path, tables = heard.args
    assert Path(path).samefile(city)
    assert "admin_area" in tables


def test_progress_and_counts_are_told(run, city, chinese_path):
    listener = Listener()
    source = two_communities(chinese_path)
    run(
        "importareas",
        {"STORE": city, "INPUT": source, "LEVEL": "community", "CODE_FIELD": "code", "NAME_FIELD": "name"},
        listener,
    )
    assert any("2" in line for line in listener.said)
    assert not any("Traceback" in line for line in listener.said)


@pytest.mark.parametrize(
    ("store", "words"),
    [
        ("/no/such/folder/city.gpkg", "/no/such/folder/city.gpkg"),
        ("postgresql://user:secret@host/db", "database"),
        ("", "City store"),
    ],
    ids=["missing", "database", "empty"],
)
def test_a_store_that_is_none_is_refused_in_one_sentence(run, store, words):
    with pytest.raises(QgsProcessingException) as caught:
        run("verifystore", {"STORE": store})
    text = str(caught.value)
    assert words in text
    assert "secret" not in text and "Traceback" not in text


def test_a_text_file_is_no_store_and_stays_as_it_is(run, chinese_path):
    path = chinese_path / "文本.gpkg"
    path.write_text("no store at all", encoding="utf-8")
    with pytest.raises(QgsProcessingException) as caught:
        run("assigncodes", {"STORE": str(path)})
    assert "文本.gpkg" in str(caught.value)
    assert path.read_text(encoding="utf-8") == "no store at all"


def test_an_input_that_is_not_there_is_named(run, city):
    with pytest.raises(QgsProcessingException) as caught:
        run(
            "importareas",
            {"STORE": city, "INPUT": "/没有/此文件.shp", "LEVEL": "community", "CODE_FIELD": "a", "NAME_FIELD": "b"},
        )
    assert "/没有/此文件.shp" in str(caught.value)


def test_a_field_that_is_not_there_is_named(run, city, chinese_path):
    source = two_communities(chinese_path)
    with pytest.raises(QgsProcessingException) as caught:
        run(
            "importareas",
            {"STORE": city, "INPUT": source, "LEVEL": "community", "CODE_FIELD": "编号", "NAME_FIELD": "name"},
        )
    assert "编号" in str(caught.value)


def test_a_word_that_is_none_of_the_choice_is_told_with_the_choice(run, city):
    with pytest.raises(QgsProcessingException) as caught:
        run("assigncodes", {"STORE": city, "ORDER": "random"})
    assert "random" in str(caught.value) and "place, import" in str(caught.value)


def test_cancel_before_the_start_changes_nothing(run, city, chinese_path):
    listener = Listener()
    listener.cancel()
    source = two_communities(chinese_path)
    with pytest.raises(QgsProcessingException):
        run(
            "importareas",
            {"STORE": city, "INPUT": source, "LEVEL": "community", "CODE_FIELD": "code", "NAME_FIELD": "name"},
            listener,
        )
    assert run("verifystore", {"STORE": city})
    assert _rows(city, "admin_area") == 0


def test_an_algorithm_runs_in_a_background_thread_as_the_toolbox_does(provider, city, chinese_path, qtbot):
    from qgis.core import QgsProcessingAlgRunnerTask

    algorithm = provider.algorithm("importareas").create()
    context, listener = QgsProcessingContext(), Listener()
    context.setProject(QgsProject.instance())
    layer = QgsVectorLayer(two_communities(chinese_path), "社区", "ogr")
    QgsProject.instance().addMapLayer(layer)
    parameters = {"STORE": city, "INPUT": layer.id(), "LEVEL": "community", "CODE_FIELD": "code", "NAME_FIELD": "name"}
    task = QgsProcessingAlgRunnerTask(algorithm, parameters, context, listener)
    with qtbot.waitSignal(task.executed, timeout=30000) as done:
        QgsApplication.taskManager().addTask(task)
    succeeded, results = done.args
    QgsProject.instance().removeMapLayer(layer.id())
    assert succeeded, listener.said
    assert results["INSERTED"] == 2


def test_optional_parameters_are_marked(provider):
    optional = QgsProcessingParameterDefinition.Flag.FlagOptional
    asked = {"importcomponents": {"STORE", "INPUT", "PREVIEW"}, "assess": {"STORE", "BY", "BY2", "BASIS"}}
    for name, needed in asked.items():
        found = {d.name() for d in provider.algorithm(name).parameterDefinitions() if not d.flags() & optional}
        assert found == needed


def test_files_that_are_not_always_written_are_not_asked_for_by_themselves(provider):
    """Processing's window makes a temporary file for each other output, and calls it an error when it is not there."""
    for name in ("checkgrids", "findduplicates", "mergeduplicates"):
        for made in provider.algorithm(name).destinationParameterDefinitions():
            assert not made.createByDefault(), (name, made.name())


def test_every_edition_is_offered_and_its_default_is_one_of_them(qgis_app):
    algorithm = CreateStoreAlgorithm().create()  # owns its definitions
    edition = algorithm.parameterDefinition("EDITION")
    assert edition.options() == ["2007", "2013", "2026"]
    assert edition.defaultValue() in edition.options()


def test_an_output_is_not_written_over_the_file_behind_a_filtered_input(run, chinese_path):
    source = two_communities(chinese_path)
    before = Path(source).read_bytes()
    roads = Path(source).with_name("路.geojson")
    roads.write_bytes(before)
    with pytest.raises(QgsProcessingException) as caught:
        run("draftgrids", {"AREAS": f"{source}|subset=code IS NOT NULL", "BARRIERS": [str(roads)], "OUTPUT": source})
    assert Path(source).name in str(caught.value)
    assert Path(source).read_bytes() == before


def test_a_number_below_its_least_is_refused_in_a_sentence(qgis_app):
    ok, words = DraftGridsAlgorithm().create().checkParameterValues(
        {"AREAS": "a.gpkg", "BARRIERS": ["b.gpkg"], "TARGET_AREA": -5, "OUTPUT": "o.gpkg"}, QgsProcessingContext()
    )
    assert not ok and "-5" in words and "100" in words


def test_what_is_no_date_is_refused_in_a_sentence(qgis_app):
    given = {"STORE": "s.gpkg", "BY": "street", "FROM": "yesterday"}
    ok, words = AssessAlgorithm().create().checkParameterValues(given, QgsProcessingContext())
    assert not ok and "yesterday" in words and "2024-01-31" in words
    assert AssessAlgorithm().create().checkParameterValues({**given, "FROM": "2024-01-31"}, QgsProcessingContext())[0]


def test_the_help_of_an_import_shows_how_a_mapping_is_written(qgis_app):
    for kind, field in ((ImportComponentsAlgorithm, "class_code"), (ImportCasesAlgorithm, "reported_at")):
        words = kind().create().shortHelpString()
        assert field in words and "fields" in words
    data = json.loads(MAPPING_EXAMPLE)
    assert set(data["fields"]) <= set(FIELDS) and mapping_from_text(MAPPING_EXAMPLE, FIELDS).x == "lon"


def test_doubles_are_looked_for_and_merged_where_there_are_none(run, city, chinese_path):
    output = str(chinese_path / "重复.gpkg")
    found = run("findduplicates", {"STORE": city, "TOLERANCE": 1.5, "OUTPUT": output})
    assert found["PAIRS"] == 0 and Path(output).exists()
    assert run("mergeduplicates", {"STORE": city, "REASON": "near", "LEAST_SCORE": 0})["PAIRS_COUNT"] == 0
    with pytest.raises(QgsProcessingException, match="nobody"):
        run("mergeduplicates", {"STORE": city, "PAIRS": "nobody>none\n"})
