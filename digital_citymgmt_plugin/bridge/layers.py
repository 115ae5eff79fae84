# SPDX-License-Identifier: GPL-2.0-or-later
"""The store's layers in the project: load, find, refresh, take away.

Layers are told by the custom properties ``dcm/store``, ``dcm/table`` and ``dcm/part``, never by name. The store is read
through QGIS's own provider alone (decision 1) and its layers are read-only (decision 13).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from qgis.core import (
    QgsEditorWidgetSetup,
    QgsFeatureRequest,
    QgsLayerTreeGroup,
    QgsLayerTreeLayer,
    QgsMapLayer,
    QgsProject,
    QgsProviderRegistry,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QCoreApplication

from digital_citymgmt_plugin.bridge import base_styles, styles
from digital_citymgmt_plugin.bridge.captions import FLAGS, column_caption, value_captions
from digital_citymgmt_plugin.bridge.ground import note_ground
from digital_citymgmt_plugin.bridge.palette import LIGHT, LOOKS, Look
from digital_citymgmt_plugin.bridge.styles import ComponentClass, Given

STORE = "dcm/store"
TABLE = "dcm/table"
PART = "dcm/part"
LOOK = "dcm/look"  # on the group

Style = Callable[[QgsVectorLayer, Given], None]


@dataclass(frozen=True)
class LayerSpec:
    """One layer of the store: its table, the rows it shows, its look and from which scale on."""

    table: str
    title: str
    style: Style | None = None
    part: str = ""
    subset: str = ""  # the provider's filter; our own constants only
    visible_from: float = 0.0  # draw only at scales larger than 1:visible_from when the layer is big
    geometry: str = ""  # of a table of mixed geometries: which of them
    group: str = ""  # key of the group inside the city's that it stands in


def _areas(level: str) -> str:
    return f'"level" = \'{level}\' AND "valid_to" IS NULL'


BASE = "base map"  # the group of the base map, below everything else
# Top to bottom, as they stand in the layer tree.
SPECS = (
    LayerSpec("check_issue", "Open issues", styles.style_issues, "open", "\"state\" = 'open'", visible_from=25_000),
    LayerSpec(
        "candidate", "Component candidates", base_styles.style_candidates, "open", "\"state\" = 'open'",
        visible_from=10_000,
    ),
    LayerSpec("case_record", "Cases", styles.style_cases, visible_from=25_000),
    LayerSpec("unit_grid", "Unit grids", styles.style_grid, "current", "\"status\" = 'current'"),
    LayerSpec("component_point", "Components (points)", styles.style_points, visible_from=10_000),
    LayerSpec("component_line", "Components (lines)", styles.style_lines, visible_from=10_000),
    LayerSpec("component_area", "Components (areas)", styles.style_polygons, visible_from=10_000),
    LayerSpec("camera", "Cameras", styles.style_cameras, visible_from=10_000),
    LayerSpec("place", "Places", styles.style_places, "points", visible_from=10_000, geometry="Point"),
    LayerSpec("place", "Places (lines)", styles.style_places, "lines", visible_from=25_000, geometry="LineString"),
    LayerSpec("place", "Places (areas)", styles.style_places, "areas", visible_from=25_000, geometry="Polygon"),
    LayerSpec("track_point", "Tracks", styles.style_tracks, visible_from=5_000),
    LayerSpec("sheet", "Sheets", styles.style_sheets),
    LayerSpec("admin_area", "Communities", styles.style_community, "community", _areas("community")),
    LayerSpec("admin_area", "Streets", styles.style_street, "street", _areas("street")),
    LayerSpec("admin_area", "Counties", styles.style_county, "county", _areas("county")),
    LayerSpec("base_text", "Lettering", base_styles.style_base_text, visible_from=2_500, group=BASE),
    LayerSpec("base_point", "Map symbols", base_styles.style_base, visible_from=5_000, group=BASE),
    LayerSpec("base_line", "Map lines", base_styles.style_base, visible_from=10_000, group=BASE),
    LayerSpec("base_area", "Map areas", base_styles.style_base, visible_from=10_000, group=BASE),
)  # fmt: skip
TABLES = (
    LayerSpec("class", "Classes"),
    LayerSpec("department", "Departments"),
    LayerSpec("operation", "Actions"),
)
# Layers with more rows than this are drawn from ``visible_from`` on only.
BIG = 50_000
# Health item → part of its table, where a table is shown as several layers.
PART_OF_ITEM = {
    "counties": "county",
    "streets": "street",
    "communities": "community",
    "grids": "current",
    "issues": "open",
}


def tr(text: str) -> str:
    """Translate a layer's title."""
    return QCoreApplication.translate("Layers", text)


def same_file(first: str, second: str) -> bool:
    """Tell whether two paths mean one file, without opening it."""
    return bool(first) and bool(second) and Path(first).resolve() == Path(second).resolve()


def path_of(layer: QgsMapLayer) -> str:
    """Return the store that a layer of ours reads, "" for other layers.

    From its source: a project that is moved takes its relative paths with it. ``dcm/store`` is the file's name only.
    """
    if not layer.customProperty(TABLE):
        return ""
    return str(QgsProviderRegistry.instance().decodeUri("ogr", layer.source()).get("path") or "")


def part_of(layer: QgsMapLayer) -> str:
    """Return which part of its table a layer shows, "" for all; a project gives an empty property back as NULL."""
    return str(layer.customProperty(PART) or "")


def store_group(path: str, project: QgsProject | None = None) -> QgsLayerTreeGroup | None:
    """Find the group that holds a store's layers."""
    root = (project or QgsProject.instance()).layerTreeRoot()
    for group in root.findGroups(True):
        kept = str(group.customProperty(STORE, "") or "")
        inside = [path_of(node.layer()) for node in group.findLayers() if node.layer() is not None]
        if kept and (any(same_file(one, path) for one in inside) or (not inside and kept == Path(path).name)):
            return group
    return None


def store_layers(path: str, project: QgsProject | None = None) -> list[QgsVectorLayer]:
    """List a store's layers, wherever the user has put them."""
    return [
        layer for layer in (project or QgsProject.instance()).mapLayers().values() if same_file(path_of(layer), path)
    ]


def stores_in(project: QgsProject | None = None) -> list[str]:
    """List the stores that a project shows."""
    paths = (path_of(layer) for layer in (project or QgsProject.instance()).mapLayers().values())
    return sorted({path for path in paths if path})


def find_layer(path: str, table: str, part: str = "", project: QgsProject | None = None) -> QgsVectorLayer | None:
    """Find the layer of a table (and part of it, when the table is shown as several layers)."""
    found = [layer for layer in store_layers(path, project) if layer.customProperty(TABLE) == table]
    exact = [layer for layer in found if not part or part_of(layer) == part]
    return (exact or found or [None])[0]


def open_layer(path: str, spec: LayerSpec, given: Given | None = None) -> QgsVectorLayer | None:
    """Open, caption, style and lock one layer; None when the store has no such table."""
    options = QgsVectorLayer.LayerOptions()
    options.loadDefaultStyle = False
    source = f"{path}|layername={spec.table}"
    if spec.geometry:
        source += f"|geometrytype={spec.geometry}"
    if spec.subset:
        # In the source and not by setSubsetString(): that opens the file for writing and turns it into WAL mode,
        # which the layers opened before, without locks, can then not read.
        source += f"|subset={spec.subset}"
    layer = QgsVectorLayer(source, tr(spec.title), "ogr", options)
    if not layer.isValid():
        return None
    layer.setCustomProperty(STORE, Path(path).name)
    layer.setCustomProperty(TABLE, spec.table)
    layer.setCustomProperty(PART, spec.part)
    set_captions(layer, spec.table)
    if spec.style is not None:
        spec.style(layer, given or Given())
        limit_scale(layer, spec)
    layer.setReadOnly(True)
    return layer


def spec_of(layer: QgsMapLayer) -> LayerSpec | None:
    """Return what a layer of ours is one of, None for tables and other layers."""
    table, part = layer.customProperty(TABLE), part_of(layer)
    return next((spec for spec in SPECS if spec.table == table and spec.part == part), None)


def set_captions(layer: QgsVectorLayer, table: str) -> None:
    """Give the columns their captions and the coded ones their value maps."""
    for index, field in enumerate(layer.fields()):
        caption = column_caption(table, field.name())
        if caption:
            layer.setFieldAlias(index, caption)
        values = value_captions(table, field.name())
        if field.name() in FLAGS:
            values = {"1": tr("Yes"), "0": tr("No")}
        if values:
            pairs = [{text: value} for value, text in values.items()]
            layer.setEditorWidgetSetup(index, QgsEditorWidgetSetup("ValueMap", {"map": pairs}))
    display = next((name for name in ("name", "case_no", "code") if layer.fields().lookupField(name) >= 0), "")
    if display:
        layer.setDisplayExpression(f'"{display}"')


def limit_scale(layer: QgsVectorLayer, spec: LayerSpec) -> None:
    """Keep a big layer from being drawn as a whole: that takes minutes and shows a blot."""
    big = bool(spec.visible_from) and layer.featureCount() > BIG
    layer.setScaleBasedVisibility(big)
    if big:
        layer.setMinimumScale(spec.visible_from)
        layer.setMaximumScale(0)


def read_given(classes: QgsVectorLayer | None, look: Look = LIGHT) -> Given:
    """Read the classes of components in use, and their major classes' names, from the store's class table."""
    if classes is None:
        return Given(look=look)
    fields = classes.fields()
    wanted = ["kind", "code", "name", "major_code", "major_name", "geometry", "enabled"]
    if any(fields.lookupField(name) < 0 for name in wanted):
        return Given(look=look)
    if fields.lookupField("symbol") >= 0:  # not before schema 3
        wanted.append("symbol")
    request = QgsFeatureRequest().setSubsetOfAttributes(wanted, fields)
    majors: dict[str, str] = {}
    found: dict[str, ComponentClass] = {}
    for feature in classes.getFeatures(request):
        code, name, major, words, geometry = (
            str(feature[column] or "") for column in ("code", "name", "major_code", "major_name", "geometry")
        )
        # ``not NULL`` of a column that is empty is no answer, so it is asked for 0.
        if feature["kind"] != "component" or not code or feature["enabled"] == 0:
            continue
        symbol = str(feature["symbol"] or "") if "symbol" in wanted else ""
        found[code] = ComponentClass(code, name, major, geometry, symbol)
        if major:
            majors.setdefault(major, words)
    return Given(majors, tuple(found[code] for code in sorted(found)), look)


def _relate_classes(layer: QgsVectorLayer, classes: QgsVectorLayer) -> None:
    """Show class codes with the name from the store's class table."""
    index = layer.fields().lookupField("class_code")
    if index < 0 or classes.fields().lookupField("code") < 0:
        return
    config = {
        "Layer": classes.id(),
        "LayerName": classes.name(),
        "Key": "code",
        "Value": "name",
        "AllowNull": True,
        "OrderByValue": False,
        "FilterExpression": "\"kind\" = 'component'" if layer.customProperty(TABLE) != "case_record" else "",
    }
    layer.setEditorWidgetSetup(index, QgsEditorWidgetSetup("ValueRelation", config))


def load_steps(path: str, city: str, project: QgsProject | None = None) -> Iterator[str]:
    """Load a store's layers into a group named by the city, one layer per step.

    The caller lets the event loop run between the steps, so that the window never waits for more than one layer.
    Layers that are there already are kept; yields the table just done.
    """
    project = project or QgsProject.instance()
    group = store_group(path, project)
    if group is None:
        group = project.layerTreeRoot().insertGroup(0, city)
        group.setCustomProperty(STORE, Path(path).name)
    group.setName(city)
    titles = {BASE: tr("Base map"), "tables": tr("Tables")}
    inner = {key: _inner_group(group, key, title) for key, title in titles.items()}
    tables = inner["tables"]
    for spec in TABLES:
        _add(path, spec, tables, project, Given())
        yield spec.table
    classes = find_layer(path, "class", project=project)
    given = read_given(classes, LOOKS.get(str(group.customProperty(LOOK, "") or ""), LIGHT))
    for position, spec in enumerate(SPECS):
        parent = inner[spec.group] if spec.group else group
        layer = _add(path, spec, parent, project, given, -1 if spec.group else position)
        if layer is not None and classes is not None:
            _relate_classes(layer, classes)
        yield spec.table
    show_ground(path, project)


def _inner_group(group: QgsLayerTreeGroup, key: str, title: str) -> QgsLayerTreeGroup:
    """Return a group inside the city's, made when it is not there."""
    found = next((child for child in group.findGroups() if child.customProperty(PART) == key), None)
    if found is None:
        found = group.addGroup(title)
        found.setCustomProperty(PART, key)
        found.setExpanded(False)
    return found


def _add(
    path: str,
    spec: LayerSpec,
    group: QgsLayerTreeGroup,
    project: QgsProject,
    given: Given,
    position: int = -1,
) -> QgsVectorLayer | None:
    """Add one layer to its group, unless it is there."""
    for layer in store_layers(path, project):
        if layer.customProperty(TABLE) == spec.table and part_of(layer) == spec.part:
            return layer
    layer = open_layer(path, spec, given)
    if layer is None:
        return None
    project.addMapLayer(layer, False)
    node = QgsLayerTreeLayer(layer)
    node.setExpanded(False)
    group.insertChildNode(position, node)
    return layer


def load_store(path: str, city: str, project: QgsProject | None = None) -> list[QgsVectorLayer]:
    """Load all layers at once (scripts and tests; the dock goes step by step)."""
    for _ in load_steps(path, city, project):
        pass
    return store_layers(path, project)


def refresh_store(path: str, tables: list[str] | None = None, project: QgsProject | None = None) -> int:
    """Show what the engine has written: re-read the layers of these tables (None: all); returns how many there were.

    Needed after the engine has opened a store whose layers were there before, too: QGIS had opened them without locks,
    and so they cannot read a file in WAL mode until they are opened anew.
    """
    count = 0
    for layer in store_layers(path, project):
        table = layer.customProperty(TABLE)
        if tables and table not in tables:
            continue
        provider = layer.dataProvider()
        if provider is None:
            continue
        provider.reloadData()
        layer.updateExtents(True)
        spec = spec_of(layer)
        if spec is not None:
            limit_scale(layer, spec)
        layer.triggerRepaint()
        count += 1
    if tables and "class" in tables:
        restyle(path, project)
    if not tables or any(table.startswith("base_") for table in tables):
        show_ground(path, project)
    return count


def show_ground(path: str, project: QgsProject | None = None) -> None:
    """Open or fill the ground of a store's areas; see ``ground``."""
    there = store_layers(path, project)
    base = [layer for layer in there if str(layer.customProperty(TABLE)).startswith("base_")]
    areas = [layer for layer in there if layer.customProperty(TABLE) == "admin_area"]
    note_ground(project or QgsProject.instance(), base, areas)


def reload_store(path: str, project: QgsProject | None = None) -> int:
    """Open the data of every layer of a store anew, those added by hand, too; returns how many there were.

    Needed when an engine has opened the store: layers opened before read it without locks (see docs/traps.md).
    """
    count = 0
    for layer in (project or QgsProject.instance()).mapLayers().values():
        provider = layer.dataProvider() if isinstance(layer, QgsVectorLayer) else None
        if provider is None or provider.name() != "ogr":
            continue
        if same_file(layer.source().split("|", 1)[0], path):
            provider.reloadData()
            count += 1
    return count


def restyle(path: str, project: QgsProject | None = None) -> None:
    """Draw the components anew by the class table; needed when its classes have changed."""
    group = store_group(path, project)
    look = str(group.customProperty(LOOK, "") or "") if group is not None else ""
    given = read_given(find_layer(path, "class", project=project), LOOKS.get(look, LIGHT))
    for layer in store_layers(path, project):
        spec = spec_of(layer)
        if spec is not None and spec.style is not None and spec.table.startswith("component_"):
            spec.style(layer, given)
            layer.triggerRepaint()


def remove_store(path: str, project: QgsProject | None = None) -> None:
    """Take a store's layers and group out of the project, so that nothing holds its file."""
    project = project or QgsProject.instance()
    project.removeMapLayers([layer.id() for layer in store_layers(path, project)])
    group = store_group(path, project)
    if group is not None and not any(isinstance(node.layer(), QgsMapLayer) for node in group.findLayers()):
        group.parent().removeChildNode(group)


def select(layer: QgsVectorLayer, fids: list[int]) -> None:
    """Select rows by their key; a GeoPackage layer's feature ids are the table's ``fid``."""
    layer.selectByIds(fids)
