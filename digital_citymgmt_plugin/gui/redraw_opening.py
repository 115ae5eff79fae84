# SPDX-License-Identifier: GPL-2.0-or-later
"""Beginning a redraw: from the settings of the window to the request, with the population layer written out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from qgis.core import QgsFeedback, QgsProcessingContext, QgsProject

from digital_citymgmt_plugin.bridge.sources import Prepared, prepare
from digital_citymgmt_plugin.core.errors import Cancelled, CityError
from digital_citymgmt_plugin.core.requests_redraw import OpenRedraw
from digital_citymgmt_plugin.gui.desk import Desk, OnAnswer
from digital_citymgmt_plugin.gui.engine_link import OnProgress
from digital_citymgmt_plugin.gui.models.redraw import tr


def open_session(
    desk: Desk, settings: Mapping[str, Any], begin: Mapping[str, Any], done: OnAnswer,
    failed: Callable[[Exception], None],
) -> None:  # fmt: skip
    """Ask the engine to begin a redraw.

    Parameters
    ----------
    settings : mapping
        Of ``RedrawSettings.values``: ``people_layer`` is the id of a layer of the project.
    begin : mapping
        ``scenario`` or ``edits`` of ``OpenRedraw``.
    """
    values, path = dict(settings), desk.path
    people = str(values.pop("people_layer", "") or "")
    prepared: Prepared | None = None
    if QgsProject.instance().mapLayer(people) is None:  # none is wished, or it has gone
        values.pop("population_field", None)
    else:
        context = QgsProcessingContext()
        context.setProject(QgsProject.instance())
        try:
            prepared = prepare(people, context, store_path=path)
        except CityError as error:
            failed(error)
            return
        values["population"] = prepared.plain
    request = OpenRedraw(**values, **begin)

    def work(on_progress: OnProgress, is_cancelled: Callable[[], bool]) -> dict[str, Any]:
        try:
            if prepared is not None and not is_cancelled():
                prepared.layer(QgsFeedback())
            if is_cancelled():
                raise Cancelled
            lease = desk.controller.session.pool.hold(path)
            return dict(lease.call(request, on_progress=on_progress, is_cancelled=is_cancelled))
        finally:
            if prepared is not None and prepared.export is not None:
                Path(prepared.export.path).unlink(missing_ok=True)

    def told(then: Callable[[Any], None]) -> Callable[[Any], None]:
        """Return what tells it only while the same store is open."""
        return lambda said: then(said) if path == desk.path else None

    desk.controller.link.ask(tr("Reading the grids"), work, told(done), told(failed))
