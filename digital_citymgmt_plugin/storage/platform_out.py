# SPDX-License-Identifier: GPL-2.0-or-later
"""Files for other platforms: the built-in profiles, a GeoJSON as RFC 7946 has it, a shapefile in a code page."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused, ProfileError
from digital_citymgmt_plugin.core.platform_profile import GEOJSON, Platform, platform_from_dict
from digital_citymgmt_plugin.core.ports import GEOM, Columns
from digital_citymgmt_plugin.storage.formats import ending
from digital_citymgmt_plugin.storage.plain_paths import plain_output
from digital_citymgmt_plugin.storage.profiles import FOLDER
from digital_citymgmt_plugin.storage.replacing import replacing
from digital_citymgmt_plugin.storage.vector_out import crs_definition, typed

_ENDINGS = {"geojson": (".geojson", ".json"), "shp": (".shp",)}
_MOST = 1_000_000  # bytes of a profile of one's own


def platforms(path: str | None = None) -> list[Platform]:
    """Return the built-in profiles, and those of a JSON file in front of them.

    Raises
    ------
    InputRefused, ProfileError
        ``input.missing``; ``handover.profile``.
    """
    found = [platform_from_dict(one) for one in json.loads((FOLDER / "grid_platforms.json").read_text("utf-8"))]
    if not path:
        return found
    file = Path(path)
    if not file.is_file() or file.stat().st_size > _MOST:
        raise InputRefused("handover.no_profile_file", file=path)
    try:
        own = json.loads(file.read_text("utf-8-sig"))
        own = own if isinstance(own, list) else [own]
        return [*(platform_from_dict(one) for one in own), *found]
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ProfileError("handover.profile", value=file.name, entry=str(error)) from error


def write_platform_file(path: str, platform: Platform, columns: Columns, crs: str) -> None:
    """Write the file of a platform, whole or not at all.

    Raises
    ------
    InputRefused
        ``handover.ending``, ``output.failed``, ``output.no_folder``, ``output.in_use``.
    """
    if ending(path) not in _ENDINGS[platform.format]:
        raise InputRefused("handover.ending", file=path, wanted=_ENDINGS[platform.format][0])
    if platform.format == GEOJSON:
        _write_geojson(path, platform, columns)
    else:
        _write_shp(path, platform, columns, crs)


def _write_geojson(path: str, platform: Platform, columns: Columns) -> None:
    names = [name for name in columns if name != GEOM]
    # Outer rings run against the clock, as RFC 7946 wants.
    shapes = shapely.orient_polygons(columns[GEOM]) if hasattr(shapely, "orient_polygons") else columns[GEOM]
    rows = zip(*(columns[name].tolist() for name in names))
    features = []
    for shape, values in zip(shapes, rows):
        geometry = None if shape is None or shape.is_empty else _coordinates(shape, platform.decimals)
        properties = dict(zip(names, (_plain(value) for value in values)))
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, separators=(",", ":"))
    with replacing(path) as hidden:
        Path(hidden).write_text(text, encoding="utf-8")


def _coordinates(shape: Any, decimals: int) -> dict[str, Any]:
    def rings(polygon: Any) -> list[list[list[float]]]:
        around = [polygon.exterior, *polygon.interiors]
        return [np.round(shapely.get_coordinates(ring), decimals).tolist() for ring in around]

    if shape.geom_type == "Polygon":
        return {"type": "Polygon", "coordinates": rings(shape)}
    return {"type": "MultiPolygon", "coordinates": [rings(part) for part in shape.geoms]}


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return None if value != value else value


def _write_shp(path: str, platform: Platform, columns: Columns, crs: str) -> None:
    import pyogrio.errors
    import pyogrio.raw

    names = [name for name in columns if name != GEOM]
    made = [typed(columns[name], True) for name in names]
    with replacing(path) as hidden, plain_output(hidden) as temporary, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            pyogrio.raw.write(
                temporary, shapely.to_wkb(columns[GEOM]), [one[0] for one in made], names,
                field_mask=[one[1] for one in made], driver="ESRI Shapefile", geometry_type="Polygon",
                crs=crs_definition(crs), encoding=platform.encoding, nan_as_null=True,
            )  # fmt: skip
        except (
            pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError,
            pyogrio.errors.FieldError, pyogrio.errors.GeometryError, pyogrio.errors.CRSError, RuntimeError, ValueError,
        ) as error:  # fmt: skip
            raise InputRefused("output.failed", file=path, detail=str(error)) from error
