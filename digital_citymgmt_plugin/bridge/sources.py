# SPDX-License-Identifier: GPL-2.0-or-later
"""From the value of a Processing parameter to a file that the engine can read.

A plain file (with a layer name) goes to the engine as it is, read by evidence: code page, header, formulas. All that
only QGIS knows (filter, edits not saved, joins, virtual fields, selection, memory and database layers, layers of the
store that is worked on) is first written to a temporary GeoPackage, in the worker thread.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransformContext,
    QgsFeatureRequest,
    QgsFeatureSink,
    QgsFeedback,
    QgsFields,
    QgsProcessingContext,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingUtils,
    QgsProperty,
    QgsProviderRegistry,
    QgsVectorFileWriter,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
)

from digital_citymgmt_plugin.bridge.engine_pool import normalised
from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.core.requests import Layer

FILE_OPTIONS = {"layername", "layerid", "geometrytype", "subset", "option", "uniquegeometrytype"}


@dataclass(frozen=True)
class Prepared:
    """An input made ready in the main thread; ``layer()`` gives what the engine reads, in the worker thread."""

    plain: Layer
    name: str  # as the user knows it
    export: Export | None = None
    origin: str | None = None  # the file that an export is made from

    def layer(self, feedback: QgsFeedback | None = None) -> Layer:
        """Return the file and layer, written first where that is needed."""
        if self.export is not None:
            self.export.write(feedback)
        return self.plain


@dataclass(frozen=True)
class Export:
    """A snapshot of a layer, safe to read in another thread, and the file it is to be written to."""

    source: QgsVectorLayerFeatureSource
    request: QgsFeatureRequest
    fields: QgsFields
    geometry: Any  # QgsWkbTypes.Type, Qgis.WkbType since 3.30
    crs: QgsCoordinateReferenceSystem
    count: int
    path: str
    layer: str  # its name in the file
    name: str
    transform: QgsCoordinateTransformContext

    def write(self, feedback: QgsFeedback | None = None) -> None:
        """Write the snapshot.

        Raises
        ------
        InputRefused
            ``input.export_failed``.
        Cancelled
            The user stopped it.
        """
        options = QgsVectorFileWriter.SaveVectorOptions()
        options.driverName = "GPKG"
        options.layerName = self.layer
        # A field of the input may be called fid, with any values.
        options.layerOptions = ["FID=dcm_row", "SPATIAL_INDEX=NO"]
        sink = QgsVectorFileWriter.create(self.path, self.fields, self.geometry, self.crs, self.transform, options)
        if sink.hasError() != QgsVectorFileWriter.WriterError.NoError:
            raise InputRefused("input.export_failed", layer=self.name, reason=sink.errorMessage())
        for number, feature in enumerate(self.source.getFeatures(self.request)):
            if feedback is not None and number % 1000 == 0:
                if feedback.isCanceled():
                    raise Cancelled
                feedback.setProgress(10.0 * number / max(1, self.count))
            if not sink.addFeature(feature, QgsFeatureSink.Flag.FastInsert):
                raise InputRefused("input.export_failed", layer=self.name, reason=sink.errorMessage())
        if not sink.flushBuffer():
            raise InputRefused("input.export_failed", layer=self.name, reason=sink.errorMessage())
        del sink  # closes the file


def prepare(
    value: Any,
    context: QgsProcessingContext,
    *,
    store_path: str | None = None,
    encoding: str | None = None,
    crs: str | None = None,
    sheet: str | None = None,
) -> Prepared:
    """Find out what a parameter's value is. In the main thread: it looks at the project's layers.

    Parameters
    ----------
    value
        Path, ``path|layername=x``, layer id or name, ``QgsVectorLayer``, feature source definition, property.
    context : QgsProcessingContext
        Its project's layers are known by id and name.
    store_path : str, optional
        The store worked on: its own layers are read through QGIS.
    encoding, crs, sheet : str, optional
        What the user states about the file; ``crs`` wins over what the layer says.

    Raises
    ------
    InputRefused
        ``input.none``, ``input.folder``, ``input.no_file`` (no such file or layer), ``input.not_vector``,
        ``input.not_loaded``.
    """
    limits: dict[str, Any] = {}
    if isinstance(value, QgsProcessingFeatureSourceDefinition):
        limits = {
            "selected": value.selectedFeaturesOnly,
            "limit": max(0, value.featureLimit),  # -1: all
            "filter": getattr(value, "filterExpression", ""),
        }
        value = value.source
    if isinstance(value, QgsProperty):
        value = value.valueAsString(context.expressionContext(), "")[0]
    if value is None or value == "":
        raise InputRefused("input.none")
    if isinstance(value, QgsVectorLayer):
        layer: Any = value
    else:
        text = os.fspath(value) if isinstance(value, (str, os.PathLike)) else str(value)
        # GDAL would take the first file that it can read in there.
        if Path(text).is_dir() and Path(text).suffix.lower() != ".gdb":
            raise InputRefused("input.folder", file=text)
        layer = QgsProcessingUtils.mapLayerFromString(text, context, False)
        if layer is None or _loaded_on_the_way(layer, text, context):
            return _from_path(text, context, limits, store_path, encoding, crs, sheet)
    if not isinstance(layer, QgsVectorLayer):
        raise InputRefused("input.not_vector", layer=layer.name())
    return _from_layer(layer, context, limits, store_path, encoding, crs, sheet)


def _from_path(
    text: str,
    context: QgsProcessingContext,
    limits: Mapping[str, Any],
    store_path: str | None,
    encoding: str | None,
    crs: str | None,
    sheet: str | None,
) -> Prepared:
    """Make an input of a path that is no layer of the project."""
    path, options = split_path(text)
    if not Path(path).is_file():
        raise InputRefused("input.no_file", file=text)
    name = Path(path).name
    special = any(limits.values()) or set(options) - {"layername"} or _same_file(path, store_path)
    if not special:
        found = Layer(os.path.abspath(path), sheet or options.get("layername"), encoding, crs)  # noqa: PTH100
        return Prepared(found, name)
    layer = QgsVectorLayer(text, name, "ogr")
    if not layer.isValid():
        raise InputRefused("input.not_loaded", file=text)
    # Keep it with the context: the snapshot does not hold the layer's connection.
    context.temporaryLayerStore().addMapLayer(layer)
    return _export(layer, context, limits, crs)


def _from_layer(
    layer: QgsVectorLayer,
    context: QgsProcessingContext,
    limits: Mapping[str, Any],
    store_path: str | None,
    encoding: str | None,
    crs: str | None,
    sheet: str | None,
) -> Prepared:
    """Make an input of a layer of the project."""
    if not layer.isValid():
        raise InputRefused("input.not_loaded", file=layer.name())
    parts = _plain_file(layer, sheet)
    if parts is None or any(limits.values()) or _same_file(parts[0], store_path):
        return _export(layer, context, limits, crs)
    path, name = parts
    stated = crs
    if stated is None and layer.crs().isValid() and layer.crs() != layer.dataProvider().crs():
        stated = crs_text(layer.crs())
    return Prepared(Layer(path, sheet or name, encoding, stated), layer.name())


def _loaded_on_the_way(layer: QgsVectorLayer, text: str, context: QgsProcessingContext) -> bool:
    """Tell whether QGIS loaded a file, its first sheet and in its own way, only to check the parameters."""
    project = context.project()
    known = project is not None and project.mapLayer(layer.id()) is not None
    return not known and Path(split_path(text)[0]).is_file()


def _plain_file(layer: QgsVectorLayer, sheet: str | None = None) -> tuple[str, str | None] | None:
    """Return path and layer name if the file alone says all that the layer says."""
    if layer.providerType() != "ogr" or layer.subsetString() or layer.isEditable() or layer.vectorJoins():
        return None
    if layer.fields().count() != layer.dataProvider().fields().count():  # virtual fields
        return None
    parts = QgsProviderRegistry.instance().decodeUri("ogr", layer.source())
    path = str(parts.get("path") or "")
    name = parts.get("layerName") or None
    unusual = {"layerId", "subset", "openOptions", "databaseName", "authcfg", "vsiPrefix", "vsiSuffix"}
    if any(parts.get(key) for key in unusual) or not Path(path).is_file():
        return None
    if name is None and sheet is None and len(layer.dataProvider().subLayers()) > 1:
        return None  # QGIS took the first of several layers; the engine would ask
    return os.path.abspath(path), name  # noqa: PTH100


def _export(
    layer: QgsVectorLayer, context: QgsProcessingContext, limits: Mapping[str, Any], crs: str | None
) -> Prepared:
    request = QgsFeatureRequest()
    count = layer.featureCount()
    if limits.get("filter"):
        request.setFilterExpression(str(limits["filter"]))
        request.setExpressionContext(context.expressionContext())
    if limits.get("selected"):
        ids = layer.selectedFeatureIds()
        request.setFilterFids(ids)
        count = len(ids)
    if limits.get("limit"):
        request.setLimit(int(limits["limit"]))
    file, inner = _names(layer)
    path = QgsProcessingUtils.generateTempFilename(f"{file}.gpkg")
    export = Export(
        source=QgsVectorLayerFeatureSource(layer),
        request=request,
        fields=QgsFields(layer.fields()),
        geometry=layer.wkbType(),
        crs=QgsCoordinateReferenceSystem(layer.crs()),
        count=count,
        path=path,
        layer=inner,
        name=layer.name(),
        transform=context.transformContext(),
    )
    origin = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source()).get("path")
    return Prepared(Layer(path, inner, None, crs), layer.name(), export, str(origin) if origin else None)


def _names(layer: QgsVectorLayer) -> tuple[str, str]:
    """Return file (without ending) and layer name of the temporary file: those of the layer's own file, else its name.

    The engine knows rows again by these, and messages show them: a selection of a file is rows of that file, and two
    memory layers are two sources.
    """
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    path = PurePath(str(parts.get("path") or ""))
    if layer.providerType() != "ogr" or not path.stem:
        name = re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", layer.name()).strip(". ")[:60] or "layer"
        return name, name
    file = path.with_suffix("").stem if path.suffix.lower() in (".gz", ".zip") else path.stem
    return file, str(parts.get("layerName") or "") or file


def split_path(text: str) -> tuple[str, dict[str, str]]:
    """Split ``path|layername=x|subset=…`` into the path and its options; a ``|`` in a file name stays."""
    if Path(text).is_file():
        return text, {}
    parts = text.split("|")
    options: dict[str, str] = {}
    while len(parts) > 1:
        key, mark, rest = parts[-1].partition("=")
        if not mark or key.lower() not in FILE_OPTIONS:
            break
        options[key.lower()] = rest
        parts.pop()
    return "|".join(parts), options


def crs_text(crs: QgsCoordinateReferenceSystem) -> str | None:
    """Return a CRS as the engine takes it: ``EPSG:4549``, WKT where there is no authority's code, None for none."""
    if not crs.isValid():
        return None
    authid = crs.authid()
    if authid and not authid.upper().startswith("USER:"):
        return str(authid)
    return str(crs.toWkt(QgsCoordinateReferenceSystem.WktVariant.WKT_PREFERRED))


def _same_file(path: str, store_path: str | None) -> bool:
    return bool(store_path) and normalised(path) == normalised(str(store_path))
