# SPDX-License-Identifier: GPL-2.0-or-later
"""The values given to one run, read from Processing's parameters."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qgis.core import QgsProcessingAlgorithm, QgsProcessingContext

from digital_citymgmt_plugin.bridge.engine_pool import normalised
from digital_citymgmt_plugin.bridge.sources import Prepared, crs_text, prepare
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import Layer
from digital_citymgmt_plugin.core.same_file import same_file, written_twice

DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class Given:
    """Reads parameters by name; empty is None.

    ``files`` collects the output files, ``prepared`` the inputs that must be written before the engine reads them.
    """

    def __init__(
        self, algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext
    ) -> None:
        self._algorithm = algorithm
        self._parameters = parameters
        self._context = context
        self.prepared: list[Prepared] = []
        self.files: dict[str, Any] = {}
        self.store: str | None = None

    def text(self, name: str) -> str | None:
        """Return a text, stripped."""
        return self._algorithm.parameterAsString(self._parameters, name, self._context).strip() or None

    def need(self, name: str) -> str:
        """Return a text that must be there; raises ``parameter.missing``."""
        value = self.text(name)
        if value is None:
            raise InputRefused("parameter.missing", parameter=self.title(name))
        return value

    def mapping(self, name: str) -> str | None:
        """Return a mapping: the content of a JSON file, else the text itself (JSON or the name of a saved one)."""
        value = self.text(name)
        if value is None or value.startswith("{") or not value.lower().endswith(".json"):
            return value
        try:
            content = Path(value).read_text(encoding="utf-8-sig").strip()
        except (OSError, ValueError) as error:
            raise InputRefused("mapping.not_read", file=value, reason=str(error)) from error
        if not content.startswith("{"):  # the engine would take it for a name
            raise InputRefused("mapping.wrong", entry=value)
        return content

    def title(self, name: str) -> str:
        """Return a parameter's name as the user reads it."""
        definition = self._algorithm.parameterDefinition(name)
        return definition.description() if definition is not None else name

    def path(self, name: str) -> str | None:
        """Return the absolute path of a file: the engine may have been started in another folder."""
        value = self.text(name)
        return None if value is None else os.path.abspath(value)  # noqa: PTH100

    def choice(self, name: str) -> str:
        """Return the word chosen."""
        return str(self._algorithm.parameterAsEnumString(self._parameters, name, self._context))

    def flag(self, name: str) -> bool:
        """Return whether a box is ticked."""
        return bool(self._algorithm.parameterAsBool(self._parameters, name, self._context))

    def fields(self, name: str) -> list[str]:
        """Return the names of several fields."""
        return [str(value) for value in self._algorithm.parameterAsStrings(self._parameters, name, self._context)]

    def number(self, name: str, least: float | None = None) -> float | None:
        """Return a number; raises ``parameter.number`` below ``least``."""
        if self._parameters.get(name) is None:
            definition = self._algorithm.parameterDefinition(name)
            if definition is None or definition.defaultValue() is None:
                return None
        value = float(self._algorithm.parameterAsDouble(self._parameters, name, self._context))
        if least is not None and not value >= least:
            raise InputRefused("parameter.number", parameter=self.title(name), value=value, least=least)
        return value

    def crs(self, name: str) -> str | None:
        """Return a CRS as the engine takes it; raises ``parameter.crs`` for one that QGIS does not know."""
        value = self._parameters.get(name)
        if value is None or value == "":
            return None
        crs = self._algorithm.parameterAsCrs(self._parameters, name, self._context)
        found = crs_text(crs)
        if found is None:
            raise InputRefused("parameter.crs", value=str(value))
        return found

    def date(self, name: str) -> str | None:
        """Return a date as ``YYYY-MM-DD``; raises ``parameter.date``."""
        value = self._parameters.get(name)
        if value is None or value == "":
            return None
        date = self._algorithm.parameterAsDateTime(self._parameters, name, self._context).date()
        if not date.isValid():
            raise InputRefused("parameter.date", parameter=self.title(name), value=str(value))
        return f"{date.year():04d}-{date.month():02d}-{date.day():02d}"

    def store_path(self, name: str = "STORE") -> str:
        """Return the store's path and remember it; raises ``store.…`` for what can be none."""
        text = self._algorithm.parameterAsFile(self._parameters, name, self._context)
        path = normalised(text)  # refuses databases and nothing
        self.store = os.path.abspath(text.strip())  # noqa: PTH100  (not resolved: as the user spelt it)
        self.files[name] = self.store
        return path

    def new_store_path(self, name: str = "STORE") -> str:
        """Return the path of a store to be made and remember it; raises ``store.…`` or ``parameter.no_folder``."""
        text = self._algorithm.parameterAsFileOutput(self._parameters, name, self._context)
        path = normalised(text)  # refuses databases and nothing
        self.store = self._output(name, text.strip())
        return path

    def need_crs(self, name: str) -> str:
        """Return a CRS that must be there."""
        found = self.crs(name)
        if found is None:
            raise InputRefused("parameter.missing", parameter=self.title(name))
        return found

    def layer(self, name: str, **stated: str | None) -> Layer | None:
        """Return an input layer or table, None when it is optional and empty."""
        value = self._parameters.get(name)
        if value is None or value == "":
            return None
        return self._prepare(value, stated)

    def need_layer(self, name: str, **stated: str | None) -> Layer:
        """Return an input layer or table that must be there."""
        found = self.layer(name, **stated)
        if found is None:
            raise InputRefused("parameter.missing", parameter=self.title(name))
        return found

    def layers(self, name: str) -> list[Layer]:
        """Return the layers of a list; a text may hold several, parted by ``;``."""
        value = self._parameters.get(name)
        if value is None or value == "":
            return []
        if isinstance(value, str) and not Path(value).is_file():
            value = [part for part in value.split(";") if part.strip()]
        items: Sequence[Any] = value if isinstance(value, (list, tuple)) else [value]
        return [self._prepare(item, {}) for item in items]

    def _prepare(self, value: Any, stated: dict[str, str | None]) -> Layer:
        item = prepare(value, self._context, store_path=self.store, **stated)
        self.prepared.append(item)
        return item.plain

    def output_layer(self, name: str) -> str | None:
        """Return the path of an output layer or table and let QGIS load it; raises as ``output_file``."""
        if self._parameters.get(name) in (None, ""):
            definition = self._algorithm.parameterDefinition(name)
            if definition is None or definition.defaultValue() is None:
                return None
        path = self._algorithm.parameterAsOutputLayer(self._parameters, name, self._context)
        return self._output(name, path)

    def need_output_layer(self, name: str) -> str:
        """Return the path of an output that must be there."""
        found = self.output_layer(name)
        if found is None:
            raise InputRefused("parameter.missing", parameter=self.title(name))
        return found

    def output_file(self, name: str) -> str | None:
        """Return the path of an output file; raises ``output.not_a_file`` or ``parameter.no_folder``."""
        return self._output(name, self._algorithm.parameterAsFileOutput(self._parameters, name, self._context))

    def output_folder(self, name: str) -> str:
        """Return the path of a folder to write to, which may not be there yet; raises as ``output_file``."""
        path = self._algorithm.parameterAsFileOutput(self._parameters, name, self._context)
        found = self._output(name, path)
        if found is None:
            raise InputRefused("parameter.missing", parameter=self.title(name))
        if Path(found).exists() and not Path(found).is_dir():
            raise InputRefused("output.no_folder", file=found, folder=found)
        return found

    def _output(self, name: str, path: str) -> str | None:
        if not path:
            return None
        if (
            re.match(r"(ogr|postgis|postgresql|spatialite|memory|dbname)\b.*[:=]", path)
            and not Path(path).parent.is_dir()
        ):
            raise InputRefused("output.not_a_file", output=path)
        full = Path(os.path.abspath(path))  # noqa: PTH100
        if not full.parent.is_dir():
            raise InputRefused("parameter.no_folder", folder=str(full.parent), parameter=self.title(name))
        self.files[name] = str(full)
        return str(full)

    def check_outputs(self) -> None:
        """Refuse an output that is another one, or the file of an input read through QGIS; the rest is the engine's.

        Raises
        ------
        InputRefused
            ``output.is_input``, ``output.twice``.
        """
        twice = written_twice([path for name, path in self.files.items() if name != "STORE"])
        if twice is not None:
            raise InputRefused("output.twice", file=twice)
        for item in self.prepared:
            for name, path in self.files.items():
                if name != "STORE" and item.origin is not None and same_file(str(path), item.origin):
                    raise InputRefused("output.is_input", file=str(path))

    def clean(self) -> None:
        """Delete the temporary files."""
        for item in self.prepared:
            if item.export is not None:
                with contextlib.suppress(OSError):
                    Path(item.export.path).unlink()
