# SPDX-License-Identifier: GPL-2.0-or-later
"""Print layouts from the templates in ``resources/layouts``: grid map A3, census sheets A4, case map A4.

A template holds the places of the items; what stands in them comes from here, by their ids, so that one template serves
every city, language and version of QGIS. Sheets are printed in the light look whatever the canvas shows.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qgis.core import (
    Qgis,
    QgsExpressionContextUtils,
    QgsFeatureRequest,
    QgsLayoutExporter,
    QgsLayoutItemMap,
    QgsLayoutItemPicture,
    QgsLayoutItemScaleBar,
    QgsMapLayer,
    QgsPrintLayout,
    QgsProject,
    QgsReadWriteContext,
    QgsRectangle,
    QgsRenderContext,
    QgsScaleBarSettings,
    QgsUnitTypes,
    QgsVectorLayer,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QCoreApplication, QLocale, QSize
from qgis.PyQt.QtXml import QDomDocument

from digital_citymgmt_plugin.bridge import layers, looks, sheets
from digital_citymgmt_plugin.bridge.legends import count_rows, fill_legend, fit_legend, set_letters
from digital_citymgmt_plugin.bridge.styles import set_text, text_format
from digital_citymgmt_plugin.core.errors import InputRefused

FOLDER = Path(__file__).resolve().parents[1] / "resources" / "layouts"
NORTH = FOLDER.parent / "symbols" / "north.svg"
FINDING_PARTS = " · "  # between the parts of the name of findings: question, denominator, cases
SHEET_SCALE = 3_000  # 500 m on 167 mm
AREAS = ("admin_area/community", "admin_area/street", "admin_area/county")


@dataclass(frozen=True)
class Template:
    """One template: its file, what the map shows, what its pages go over, sizes of its texts in points."""

    file: str
    title: str
    shows: tuple[str, ...]  # table/part, top to bottom
    by: str = ""  # "", "community" or "sheet"
    letters: float = 1.0


TEMPLATES = {
    "grids": Template("grid_map_a3", "Unit grid map (A3)", ("unit_grid/current", *AREAS)),
    "grids_by_community": Template(
        "grid_map_a3", "Unit grid maps by community (A3)", ("unit_grid/current", *AREAS), "community"
    ),
    "census": Template(
        "census_sheet_a4",
        "Census sheets of 500 m (A4)",
        ("unit_grid/current", "component_point/", "component_line/", "component_area/", *AREAS),
        "sheet",
        0.65,
    ),
    "cases": Template("case_map_a4", "Case map (A4)", ("case_record/", "unit_grid/current", *AREAS), "", 0.9),
}
_SIZES = {"title": 18.0, "subtitle": 9.0, "number": 8.0, "counts": 9.0}  # points; others 7.5


def tr(text: str) -> str:
    """Translate a text of a sheet."""
    return QCoreApplication.translate("Layouts", text)


def new_layout(
    project: QgsProject, store: str, key: str, city: str, extent: QgsRectangle | None = None,
    above: Sequence[QgsVectorLayer] = (), title: str = "",
) -> QgsPrintLayout:  # fmt: skip
    """Add a layout made from a template to the project.

    Parameters
    ----------
    project : QgsProject
        Shows the store's layers already.
    store : str
        The city store.
    key : str
        One of ``TEMPLATES``.
    city : str
        Name of the city, for the title.
    extent : QgsRectangle, optional
        What the map shows, in the project's CRS; the whole city when not given. Layouts over communities or sheets
        take their extents from these.
    above : sequence of QgsVectorLayer
        Findings, shown over the city's areas in the place of the template's own layers, and in the legend.
    title : str
        In the place of the template's, under the name of the city.

    Returns
    -------
    QgsPrintLayout
        Owned by the project's layout manager.

    Raises
    ------
    InputRefused
        ``layout.nothing_to_show``: the store has no communities (or grids) to make pages of.
    """
    template = TEMPLATES[key]
    if above:
        template = replace(template, title=title or template.title, shows=AREAS)
    layout = QgsPrintLayout(project)
    document = QDomDocument()
    document.setContent((FOLDER / f"{template.file}.qpt").read_text(encoding="utf-8"))
    layout.loadFromTemplate(document, QgsReadWriteContext())
    manager = project.layoutManager()
    layout.setName(_free_name(manager, f"{city} {tr(template.title)}"))
    found = [layer for layer in (_find(store, one, project) for one in template.shows) if layer is not None]
    shown = [*above, *found]
    if above and extent is None:  # the city, not what was found: a case far off would shrink it to a dot
        extent = QgsRectangle()
        for layer in found:
            extent.combineExtentWith(layer.extent())
        extent.scale(1.04)
    sheet = layout.itemById("map")
    _set_map(sheet, project, tr(template.title), shown, extent)
    coverage = _set_pages(layout, template, store, project)
    _set_texts(layout, template, project, store, city, coverage)
    if above:
        layout.itemById("title").setText(f"{city} {title}".strip())
        layout.itemById("legend").setWrapString(FINDING_PARTS)  # long names of layers would make its letters small
    _set_legend(layout, template, shown, store, project)
    set_scale_bar(layout.itemById("scale bar"), sheet)
    set_north_arrow(layout.itemById("north arrow"), sheet)
    if not manager.addLayout(layout):
        raise InputRefused("layout.nothing_to_show", layout=tr(template.title))
    return layout


def _free_name(manager: Any, name: str) -> str:
    taken = {one.name() for one in manager.layouts()}
    return next(one for one in (name, *(f"{name} {n}" for n in range(2, len(taken) + 3))) if one not in taken)


def _find(store: str, name: str, project: QgsProject) -> QgsVectorLayer | None:
    table, _, part = name.partition("/")
    return layers.find_layer(store, table, part, project)


def _set_map(
    sheet: QgsLayoutItemMap, project: QgsProject, name: str, shown: list[QgsVectorLayer], extent: QgsRectangle | None
) -> None:
    """Show the layers, other visible layers of the project under them, in the light look."""
    ours = {layer.id() for layer in project.mapLayers().values() if layer.customProperty(layers.TABLE)}
    ours |= {layer.id() for layer in shown}
    others = [layer for layer in project.layerTreeRoot().checkedLayers() if layer.id() not in ours]
    wanted: list[QgsMapLayer] = [*shown, *others]
    sheet.setCrs(project.crs())
    # A theme and not a list of layers: the legend follows it, too, and so does what the user changes in the light look.
    sheet.setFollowVisibilityPreset(True)
    sheet.setFollowVisibilityPresetName(looks.print_theme(project, name, wanted))
    box = QgsRectangle() if extent is None else QgsRectangle(extent)
    if box.isNull():
        # The areas first: a case whose coordinates were mistyped would shrink the city to a dot.
        areas = [
            layer
            for layer in shown
            if layer.geometryType() == QgsWkbTypes.GeometryType.PolygonGeometry and layer.featureCount()
        ]
        for layer in areas or shown:
            if layer.featureCount():
                box.combineExtentWith(layer.extent())
        box.scale(1.04)
    if not box.isEmpty():
        sheet.zoomToExtent(box)


def _set_pages(layout: QgsPrintLayout, template: Template, store: str, project: QgsProject) -> QgsVectorLayer | None:
    """Let the pages go over communities or census sheets; returns the layer that they go over."""
    if not template.by:
        return None
    communities = layers.find_layer(store, "admin_area", "community", project)
    sheet = layout.itemById("map")
    if template.by == "community":
        coverage, name = communities, "name"
    else:
        coverage, name = _sheets(store, project), "number"
    if coverage is None or not count_rows(coverage):
        raise InputRefused("layout.nothing_to_show", layout=tr(template.title))
    atlas = layout.atlas()
    atlas.setCoverageLayer(coverage)
    atlas.setPageNameExpression(f'"{name}"')
    atlas.setFilenameExpression(f"'{template.file}_' || \"{'code' if template.by == 'community' else name}\"")
    atlas.setSortFeatures(template.by == "community")
    atlas.setSortExpression('"code"')
    atlas.setEnabled(True)
    sheet.setAtlasDriven(True)
    if template.by == "sheet":
        sheet.setAtlasScalingMode(QgsLayoutItemMap.AtlasScalingMode.Fixed)
        sheet.setScale(SHEET_SCALE)
        lines = text_format(5.5)
        lines.buffer().setEnabled(False)
        sheet.grids().grid(0).setAnnotationTextFormat(lines)
    else:
        sheet.setAtlasScalingMode(QgsLayoutItemMap.AtlasScalingMode.Auto)
        sheet.setAtlasMargin(0.08)
    return coverage


def _sheets(store: str, project: QgsProject) -> QgsVectorLayer | None:
    """Return the layer of census sheets of the city, made when the project has none."""
    for layer in project.mapLayers().values():
        if layer.customProperty(layers.PART) == "sheets" and layer.customProperty(layers.STORE) == Path(store).name:
            return layer
    for table, part in (("admin_area", "community"), ("unit_grid", "current"), ("admin_area", "county")):
        source = layers.find_layer(store, table, part, project)
        if source is None:
            continue
        places = sheets.find_sheets(feature.geometry() for feature in source.getFeatures())
        if places:
            made = sheets.sheet_layer(places, source.crs(), tr("Census sheets 500 m"))
            made.setCustomProperty(layers.STORE, Path(store).name)
            made.setCustomProperty(layers.PART, "sheets")
            # Not in the layer tree: it is there for the pages.
            project.addMapLayer(made, False)
            return made
    return None


def _set_texts(
    layout: QgsPrintLayout,
    template: Template,
    project: QgsProject,
    store: str,
    city: str,
    coverage: QgsVectorLayer | None,
) -> None:
    crs = project.crs()
    of_page = {"community": '[% "name" %]', "sheet": '[% "number" %]'}.get(template.by, "")
    heading = {
        "grid_map_a3": tr("{city} {place} unit grids"),
        "census_sheet_a4": tr("{city} census sheet {place}"),
        "case_map_a4": tr("{city} {place} cases"),
    }[template.file]
    texts = {
        "title": " ".join(heading.format(city=city, place=of_page).split()),
        "subtitle": tr("Scale 1:{scale}").format(scale="[% round(map_get(item_variables('map'), 'map_scale'), -2) %]"),
        "source": tr("Source: {file}. Reference system: {crs} ({name}).").format(
            file=Path(store).name, crs=crs.authid(), name=crs.description()
        ),
        "date": tr("Printed on {day}").format(day="[% format_date(now(), 'yyyy-MM-dd') %]"),
        "counts": _counts(layout, template, store, project),
        "survey": tr("Crew ____________   Surveyed on ____________   Checked by ____________"),
        **{key: f'[% "{key}" %]' for key in ("number", *sheets.NEIGHBOURS)},
    }
    for name, text in texts.items():
        item = layout.itemById(name)
        if item is None:
            continue
        style = text_format(_SIZES.get(name, 7.5))
        style.buffer().setEnabled(False)
        set_text(item, style)
        item.setText(text if coverage is not None or name not in sheets.NEIGHBOURS else "")


def _counts(layout: QgsPrintLayout, template: Template, store: str, project: QgsProject) -> str:
    """Return the numbers of what the sheet is about; on pages of communities the number of their unit grids."""
    lines = []
    grids = layers.find_layer(store, "unit_grid", "current", project)
    if template.by == "community" and grids is not None:
        request = QgsFeatureRequest().setSubsetOfAttributes(["community_code"], grids.fields())
        request.setFlags(QgsFeatureRequest.Flag.NoGeometry)
        found = Counter(str(feature["community_code"]) for feature in grids.getFeatures(request))
        # As a variable of the layout: one text serves all pages, and another number can be put there by hand.
        QgsExpressionContextUtils.setLayoutVariable(layout, "dcm_grids", json.dumps(found))
        number = '[% coalesce(map_get(json_to_map(@dcm_grids), "code"), 0) %]'
        return tr("{name}: {number}").format(name=grids.name(), number=number)
    for table, part in (("admin_area", "community"), ("unit_grid", "current"), ("case_record", "")):
        layer = layers.find_layer(store, table, part, project)
        if layer is not None:
            number = QLocale().toString(count_rows(layer))
            lines.append(tr("{name}: {number}").format(name=layer.name(), number=number))
    return "\n".join(lines)


def _set_legend(
    layout: QgsPrintLayout, template: Template, shown: list[QgsVectorLayer], store: str, project: QgsProject
) -> None:
    item = layout.itemById("legend")
    item.setTitle(tr("Legend"))
    item.setLinkedMap(layout.itemById("map"))
    set_letters(item, template.letters)
    given = layers.read_given(layers.find_layer(store, "class", project=project))
    fill_legend(item, shown, given.majors, counts=not template.by)
    if not template.by:
        place = item.sizeWithUnits()
        fit_legend(item, place.width(), place.height(), template.letters)
    # What the page does not show stays out of its legend.
    item.setLegendFilterByMapEnabled(bool(template.by))


def set_scale_bar(item: QgsLayoutItemScaleBar, sheet: QgsLayoutItemMap) -> None:
    """Let a scale bar in metres choose a round length of 40 to 60 mm, at whatever scale the page has."""
    item.setStyle("Single Box")
    item.setLinkedMap(sheet)
    item.setUnits(Qgis.DistanceUnit.Meters if hasattr(Qgis, "DistanceUnit") else QgsUnitTypes.DistanceMeters)
    item.setUnitLabel(tr("m"))
    item.setNumberOfSegments(4)
    item.setNumberOfSegmentsLeft(0)
    modes = getattr(Qgis, "ScaleBarSegmentSizeMode", QgsScaleBarSettings)
    item.setSegmentSizeMode(modes.FitWidth if hasattr(modes, "FitWidth") else modes.SegmentSizeFitWidth)
    item.setMinimumBarWidth(40)
    item.setMaximumBarWidth(60)
    style = text_format(8)
    style.buffer().setEnabled(False)
    item.setTextFormat(style)
    item.update()


def set_north_arrow(item: QgsLayoutItemPicture, sheet: QgsLayoutItemMap) -> None:
    """Let a picture be the north arrow of a map; inside the project, so that it names no folder of this machine."""
    item.setPicturePath("base64:" + base64.b64encode(NORTH.read_bytes()).decode())
    item.setLinkedMap(sheet)


def export(layout: QgsPrintLayout, path: str, dpi: float = 150, *, texts: bool = False) -> list[str]:
    """Write a layout to PDF (all pages in one file) or pictures (one per page), by the ending of ``path``.

    Returns the files written.

    Raises
    ------
    InputRefused
        ``file.not_written``.
    """
    atlas = layout.atlas()
    many = atlas.enabled() and atlas.updateFeatures() > 0
    if path.lower().endswith(".pdf"):
        settings = QgsLayoutExporter.PdfExportSettings()
        settings.dpi = dpi
        settings.appendGeoreference = False
        if texts:  # that can be searched and copied, where they are outlines else
            settings.textRenderFormat = QgsRenderContext.TextRenderFormat.TextFormatAlwaysText
        if many:
            result, reason = QgsLayoutExporter.exportToPdf(atlas, path, settings)
        else:
            result, reason = QgsLayoutExporter(layout).exportToPdf(path, settings), ""
        if result != QgsLayoutExporter.ExportResult.Success:
            raise InputRefused("file.not_written", file=path, reason=reason or tr("the sheet could not be printed"))
        return [path]
    if not many:
        return [_picture(layout, path, dpi)]
    target, written = Path(path), []
    atlas.beginRender()
    try:
        for page in range(atlas.count()):
            atlas.seekTo(page)
            atlas.refreshCurrentFeature()
            name = f"{target.stem}_{page + 1:04d}{target.suffix}"
            written.append(_picture(layout, str(target.with_name(name)), dpi))
    finally:
        atlas.endRender()
    return written


def _picture(layout: QgsPrintLayout, path: str, dpi: float) -> str:
    # exportToImage() would try to write georeferencing into the picture, which GDAL cannot do for PNG.
    image = QgsLayoutExporter(layout).renderPageToImage(0, QSize(), dpi)
    if image.isNull() or not image.save(path):
        raise InputRefused("file.not_written", file=path, reason=tr("the sheet could not be printed"))
    return path
