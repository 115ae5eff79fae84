# SPDX-License-Identifier: GPL-2.0-or-later
"""A styled project file of a city with relative paths, and its map as a picture: title, legend, scale, north arrow."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsLayoutExporter,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemPicture,
    QgsLayoutItemScaleBar,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsPrintLayout,
    QgsProject,
    QgsRectangle,
    QgsReferencedRectangle,
    QgsUnitTypes,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QCoreApplication, QSize
from qgis.PyQt.QtGui import QColor

from digital_citymgmt_plugin.bridge import layers, layouts
from digital_citymgmt_plugin.bridge.legends import fill_legend, fit_legend
from digital_citymgmt_plugin.bridge.styles import set_text, text_format
from digital_citymgmt_plugin.core.errors import InputRefused

LAYOUT = "dcm-overview"
PAGE = (420.0, 297.0)  # A3 across, mm
MM = (
    QgsUnitTypes.LayoutUnit.LayoutMillimeters if hasattr(QgsUnitTypes, "LayoutUnit") else QgsUnitTypes.LayoutMillimeters
)


def tr(text: str) -> str:
    """Translate a text of the map sheet."""
    return QCoreApplication.translate("Project", text)


def extent_of(found: Sequence[QgsVectorLayer]) -> QgsRectangle:
    """Return what the map shows: the unit grids, else the communities, else whatever has places."""
    for table in ("unit_grid", "admin_area", "component_point", "case_record"):
        box = QgsRectangle()
        for layer in found:
            if layer.customProperty(layers.TABLE) == table and layer.featureCount() != 0:
                box.combineExtentWith(layer.extent())
        if not box.isNull() and not box.isEmpty():
            return box
    return QgsRectangle()


def write_project(store: str, path: str, city: str, crs: str) -> QgsProject:
    """Write a project with a store's layers and the overview sheet.

    Parameters
    ----------
    store : str
        The GeoPackage; beside the project or below it, so that relative paths stay short.
    path : str
        ``.qgz`` or ``.qgs``; replaced when it is there.
    city : str
        Name of the group and title of the sheet.
    crs : str
        The store's CRS, e.g. ``EPSG:4549``.

    Raises
    ------
    InputRefused
        ``file.not_written`` when the project cannot be saved.
    """
    project = QgsProject()
    project.setFilePathStorage(Qgis.FilePathType.Relative)
    project.setFileName(path)
    project.setTitle(city)
    project.setCrs(QgsCoordinateReferenceSystem(crs))
    project.setEllipsoid(project.crs().ellipsoidAcronym() or "NONE")
    found = layers.load_store(store, city, project)
    box = extent_of(found)
    if not box.isEmpty():
        box.scale(1.05)
        project.viewSettings().setDefaultViewExtent(QgsReferencedRectangle(box, project.crs()))
    layout = build_layout(project, city, box)
    project.layoutManager().addLayout(layout)
    if not project.write(path):
        raise InputRefused("file.not_written", file=path, reason=project.error())
    return project


def render_map(project: QgsProject, path: str, dpi: float = 150) -> None:
    """Draw the overview sheet of a project to a picture (PNG by ending).

    Raises
    ------
    InputRefused
        ``file.not_written`` when there is no sheet or the file cannot be written.
    """
    layout = project.layoutManager().layoutByName(LAYOUT)
    if layout is None:
        raise InputRefused("file.not_written", file=path, reason=LAYOUT)
    # exportToImage() would try to write georeferencing into the picture, which GDAL cannot do for PNG.
    image = QgsLayoutExporter(layout).renderPageToImage(0, QSize(), dpi)
    if image.isNull() or not image.save(path):
        raise InputRefused("file.not_written", file=path, reason=tr("the picture could not be drawn or saved"))


def build_layout(project: QgsProject, title: str, box: QgsRectangle) -> QgsPrintLayout:
    """Lay out the overview sheet: A3 across, map at the left, legend at the right."""
    layout = QgsPrintLayout(project)
    layout.initializeDefaults()
    layout.setName(LAYOUT)
    layout.pageCollection().page(0).setPageSize(QgsLayoutSize(*PAGE, MM))
    sheet = _map(layout, project, box)
    heading = _text(layout, tr("{city}: unit grids, components and cases").format(city=title), 20, (15, 8, 320, 14))
    heading.setId("title")
    _legend(layout, project, sheet)
    _scale_bar(layout, sheet)
    _north(layout, sheet)
    crs = project.crs()
    note = tr("Reference system: {crs} ({name}). Made with the Digital city management plugin for QGIS.").format(
        crs=crs.authid(), name=crs.description()
    )
    _text(layout, note, 8, (15, 285, 390, 8))
    return layout


def _map(layout: QgsPrintLayout, project: QgsProject, box: QgsRectangle) -> QgsLayoutItemMap:
    item = QgsLayoutItemMap(layout)
    item.setId("map")
    item.attemptMove(QgsLayoutPoint(15, 24, MM))
    item.attemptResize(QgsLayoutSize(312, 258, MM))
    item.setFrameEnabled(True)
    item.setBackgroundColor(QColor("#ffffff"))
    item.setCrs(project.crs())
    if not box.isEmpty():
        # zoomToExtent() keeps the shape of the extent before; of an empty one QGIS 3.22 makes NaN.
        item.setExtent(QgsRectangle(0, 0, 312, 258))
        item.zoomToExtent(box)
    layout.addLayoutItem(item)
    return item


def _text(
    layout: QgsPrintLayout, text: str, size: float, place: tuple[float, float, float, float]
) -> QgsLayoutItemLabel:
    item = QgsLayoutItemLabel(layout)
    item.setText(text)
    style = text_format(size)
    style.buffer().setEnabled(False)
    set_text(item, style)
    item.attemptMove(QgsLayoutPoint(place[0], place[1], MM))
    item.attemptResize(QgsLayoutSize(place[2], place[3], MM))
    layout.addLayoutItem(item)
    return item


def _legend(layout: QgsPrintLayout, project: QgsProject, sheet: QgsLayoutItemMap) -> None:
    """Build the legend of the layers that hold something, with the numbers of objects."""
    item = QgsLayoutItemLegend(layout)
    item.setId("legend")
    item.setTitle(tr("Legend"))
    item.setLinkedMap(sheet)
    by_spec = {
        (layer.customProperty(layers.TABLE), layers.part_of(layer)): layer for layer in project.mapLayers().values()
    }
    wanted = [by_spec[key] for key in ((spec.table, spec.part) for spec in layers.SPECS) if key in by_spec]
    given = layers.read_given(by_spec.get(("class", "")))
    fill_legend(item, wanted, given.majors)
    fit_legend(item, 80, 258)
    item.attemptMove(QgsLayoutPoint(332, 24, MM))
    layout.addLayoutItem(item)


def _scale_bar(layout: QgsPrintLayout, sheet: QgsLayoutItemMap) -> None:
    item = QgsLayoutItemScaleBar(layout)
    item.setId("scale bar")
    layouts.set_scale_bar(item, sheet)
    item.setBackgroundEnabled(True)
    item.setBackgroundColor(QColor(255, 255, 255, 210))
    item.update()
    item.attemptMove(QgsLayoutPoint(18, 264, MM))
    layout.addLayoutItem(item)


def _north(layout: QgsPrintLayout, sheet: QgsLayoutItemMap) -> None:
    item = QgsLayoutItemPicture(layout)
    item.setId("north arrow")
    layouts.set_north_arrow(item, sheet)
    item.attemptMove(QgsLayoutPoint(308, 27, MM))
    item.attemptResize(QgsLayoutSize(16, 22, MM))
    layout.addLayoutItem(item)
