# SPDX-License-Identifier: GPL-2.0-or-later
"""Draft grids in the menu: a preview of one community, then the whole city in the background."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsFeedback, QgsMapLayer, QgsProject
from qgis.PyQt.QtCore import QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QFileDialog, QWidget

from digital_citymgmt_plugin.bridge import draft_layers
from digital_citymgmt_plugin.bridge.messages import sentence, templates
from digital_citymgmt_plugin.bridge.plural import counted
from digital_citymgmt_plugin.bridge.sources import crs_text
from digital_citymgmt_plugin.core.draft_guesses import Offers, layer_offers, store_offers
from digital_citymgmt_plugin.core.errors import Cancelled, CityError
from digital_citymgmt_plugin.core.requests_draft import DraftGrids, DraftSources, KeepWeights
from digital_citymgmt_plugin.gui.desk import Desk
from digital_citymgmt_plugin.gui.dialogs.draft_grids import DraftGridsDialog
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.draft_preview import CellsOnMap
from digital_citymgmt_plugin.gui.draft_request import (
    draft_request,
    joined,
    locked_offers,
    made_by,
    middle,
    project_layers,
)
from digital_citymgmt_plugin.gui.engine_link import OnProgress
from digital_citymgmt_plugin.gui.map_view import show_extent, shown_extent
from digital_citymgmt_plugin.gui.menu_actions import OneWindow
from digital_citymgmt_plugin.gui.models.draft import tr

CODE_FIELDS = ("code", "area_code", "bgcode", "代码", "社区代码", "编码")


class DraftActions(OneWindow, Desk):
    """What the menu entry does. Signal ``drafted``: the layer of a new draft."""

    drafted = pyqtSignal(object)
    dialog: DraftGridsDialog | None

    def __init__(self, controller: CityController, window: QWidget) -> None:
        super().__init__(controller, window)
        self.on_map = CellsOnMap(controller.iface.mapCanvas())
        self._sources: dict[str, Any] = {}
        self._weights: dict[str, float] = {}  # those that the profile keeps
        self._drafting = False
        self._offering = QTimer(self)  # layers come and go by the dozen
        self._offering.setSingleShot(True)
        self._offering.setInterval(300)
        self._offering.timeout.connect(self._offer_again)
        project = QgsProject.instance()
        self._layers_changed = (project.layersAdded, project.layersRemoved)
        for signal in self._layers_changed:
            signal.connect(self._wait_for_layers)
        self._folder = tempfile.TemporaryDirectory(prefix="dcm-draft-", ignore_cleanup_errors=True)
        self._number = 0
        controller.link.progressed.connect(self._on_progress)
        controller.link.busy_changed.connect(self._on_busy)
        controller.store_opened.connect(lambda _path: self.close_dialog())

    # -- the window ---------------------------------------------------------------------------------------------

    def show(self) -> None:
        """Ask the store what there is and open the window."""
        if self.raised():
            self._offer_again()
        elif self.has_store():
            self.ask(tr("Looking at what there is to draft from"), DraftSources(), self._open)

    def _open(self, answer: dict[str, Any]) -> None:
        self._sources = answer
        kept = {str(one["code"]): float(one.get("weight", 1.0)) for one in answer["classes"]}
        self._weights = {code: weight for code, weight in kept.items() if weight != 1.0}
        dialog = DraftGridsDialog(self._offers(), answer["classes"], self.dock)
        dialog.target_page.output_edit.setText(self._free_name())
        dialog.preview_asked.connect(self.look)
        dialog.draft_asked.connect(self.draft)
        dialog.cancel_asked.connect(self.controller.link.cancel)
        dialog.output_asked.connect(self._ask_output)
        dialog.layer_page.areas_changed.connect(self._areas_changed)
        dialog.layer_page.changed.connect(self._allow)
        self.open(dialog)
        self._areas_changed(fields=True)
        self._allow()
        self.look()

    def _offers(self) -> Offers:
        found = self._sources
        offers = store_offers(found["lines"], found["areas"], found["counts"])
        return joined(offers, layer_offers(project_layers()), locked_offers())

    def _wait_for_layers(self, *_layers: Any) -> None:
        if self.dialog is not None:
            self._offering.start()

    def _offer_again(self) -> None:
        """Offer the layers that came to the project or went from it while the window is open."""
        if self.dialog is not None:
            self.dialog.layer_page.offer(self._offers())
            self._allow()

    def _free_name(self) -> str:
        base, number = Path(self.path), 1
        while base.with_name(f"{base.stem}-{tr('draft')}{number}.gpkg").exists():
            number += 1
        return str(base.with_name(f"{base.stem}-{tr('draft')}{number}.gpkg"))

    def _ask_output(self) -> None:
        if self.dialog is not None:
            edit = self.dialog.target_page.output_edit
            path, _ = QFileDialog.getSaveFileName(self.dialog, tr("File of the draft"), edit.text(), "*.gpkg")
            if path:
                edit.setText(path if path.lower().endswith(".gpkg") else f"{path}.gpkg")

    def _allow(self) -> None:
        """Allow what can be asked: a load where there are components, one draft of the city at a time."""
        dialog = self.dialog
        if dialog is not None:
            dialog.target_page.allow_load("components" in dialog.layer_page.others())
            dialog.draft_button.setEnabled(dialog.layer_page.areas() is not None and not self._drafting)

    def _areas_changed(self, *, fields: bool = False) -> None:
        """Offer the communities of the areas chosen, and the fields of their layer."""
        dialog = self.dialog
        offer = dialog.layer_page.areas() if dialog is not None else None
        if dialog is None or offer is None:
            if dialog is not None:
                dialog.show_communities([])
            return
        page = dialog.layer_page
        layer = QgsProject.instance().mapLayer(offer.source) if offer.source else None
        names = [field.name() for field in layer.fields()] if layer is not None else ["code"]
        if fields or [page.field_box.itemText(at) for at in range(page.field_box.count())] != names:
            page.show_fields(names, next((name for name in names if name.lower() in CODE_FIELDS), ""))
        if layer is not None:
            found = [(code, code, box) for code, box in draft_layers.codes_in(layer, page.code_field() or "")]
            seen = shown_extent(self.controller.iface.mapCanvas(), layer.crs())
        elif offer.source:  # the layer has just gone: what there is is offered again in a moment
            found, seen = [], []
        else:
            listed = self._sources.get("communities") or []
            found = [(one["code"], f"{one['name']} {one['code']}", one["box"]) for one in listed]
            seen = shown_extent(self.controller.iface.mapCanvas(), self.crs())
        dialog.show_communities(found, middle([box for _code, _words, box in found], seen))

    # -- asking the engine --------------------------------------------------------------------------------------

    def _send(
        self, words: str, output: str, only: str | None, done: Callable[[DraftGrids, dict[str, Any]], None],
        failed: Callable[[Exception], None],
    ) -> None:  # fmt: skip
        path = self.path
        assert self.dialog is not None  # noqa: S101  (asked from it)
        try:
            request, written = draft_request(self.dialog, path, crs_text(self.crs()), output, only)
        except CityError as error:
            failed(error)
            return

        def work(on_progress: OnProgress, is_cancelled: Any) -> dict[str, Any]:
            feedback = QgsFeedback()
            for item in written.values():
                if is_cancelled():
                    raise Cancelled
                item.layer(feedback)
            try:
                lease = self.controller.session.pool.hold(path)
                return dict(lease.call(
                    request, on_progress=on_progress, is_cancelled=is_cancelled, sentences=templates()
                ))  # fmt: skip
            finally:
                for item in written.values():
                    if item.export is not None:
                        Path(item.export.path).unlink(missing_ok=True)

        def answered(answer: dict[str, Any]) -> None:
            if path == self.path:
                done(request, answer)

        self.controller.link.ask(words, work, answered, failed)

    def look(self) -> None:
        """Draft the chosen community and show it."""
        dialog = self.dialog
        if dialog is None:
            return
        if dialog.layer_page.areas() is None:
            dialog.show_problem(tr("There are no communities to draft in: import areas first."))
            return
        if not dialog.community()[0]:
            dialog.show_problem(tr("The field has no codes of areas: choose another field or another layer."))
            return
        # A preview under way is of what nobody wants to see any more: it is stopped, not waited for.
        self.controller.link.forget(tr("Drafting one community"))
        self._number += 1
        code, box = dialog.community()
        output = str(Path(self._folder.name) / f"preview{self._number}.gpkg")
        self._send(
            tr("Drafting one community"), output, code,
            lambda request, answer: self._seen(box, request, answer), self._not_seen,
        )  # fmt: skip

    def _seen(self, box: list[float], request: DraftGrids, answer: dict[str, Any]) -> None:
        cells, crs = self._cells(answer)
        Path(request.output).unlink(missing_ok=True)
        if self.dialog is not None:
            made = made_by(request, answer)
            self.on_map.show(cells, made, crs)
            show_extent(self.controller.iface.mapCanvas(), box, self._area_crs())
            words = tr("Preview: {name}").format(name=self.dialog.community_box.currentText())
            self.dialog.show_cells(cells, made, words)

    def _not_seen(self, error: Exception) -> None:
        if self.dialog is not None:
            self.on_map.clear()
            self.dialog.show_problem(sentence(error))

    def _area_crs(self) -> Any:
        offer = self.dialog.layer_page.areas() if self.dialog is not None else None
        layer = QgsProject.instance().mapLayer(offer.source) if offer is not None and offer.source else None
        return layer.crs() if isinstance(layer, QgsMapLayer) else self.crs()

    @staticmethod
    def _cells(answer: dict[str, Any]) -> tuple[list[dict[str, Any]], Any]:
        layer = draft_layers.open_draft(str(answer["output"]), "preview")
        return draft_layers.cells_of(layer), draft_layers.crs_of(layer)

    def draft(self) -> None:
        """Draft all communities in the background and load the draft."""
        dialog = self.dialog
        if dialog is None or dialog.layer_page.areas() is None:
            return
        output = self._output(dialog.target_page.output_edit.text())
        if not output:
            dialog.show_problem(tr("Choose where the draft is written."))
            return
        dialog.target_page.output_edit.setText(output)
        self._drafting = True
        self._allow()
        self._keep_weights(dialog.weight_page.weights() or {})
        self._send(tr("Drafting unit grids"), output, None, self._drafted, self._not_drafted)

    def _keep_weights(self, weights: dict[str, float]) -> None:
        """Keep what components count in the city's profile: the next draft begins with it."""
        if weights != self._weights:
            self._weights = dict(weights)
            self.ask(tr("Keeping what components count"), KeepWeights(self._weights), lambda _answer: None)

    def _output(self, text: str) -> str:
        """Return the file to write: a GeoPackage beside the store unless another folder is named; "" for no folder.

        A file that is there is never written over: it may be a draft that somebody walked.
        """
        if not text.strip():
            return ""
        file = Path(self.path).parent / text.strip()  # an absolute path stays as it is
        if file.suffix.lower() != ".gpkg":
            file = file.with_name(f"{file.name}.gpkg")
        if not file.parent.is_dir():
            return ""
        return str(file) if not file.exists() else self._free_name()

    def _drafted(self, request: DraftGrids, answer: dict[str, Any]) -> None:
        made = made_by(request, answer)
        kept = {name: value for name, value in made.items() if name != "notes"}
        try:
            layer = draft_layers.add_draft(str(answer["output"]), Path(str(answer["output"])).stem, kept)
        except CityError as error:
            self._not_drafted(error)
            return
        self.on_map.clear()
        self._drafting = False
        self._allow()
        if self.dialog is not None:
            self.dialog.target_page.output_edit.setText(self._free_name())
            self.dialog.show_cells(draft_layers.cells_of(layer), made, tr("Draft: {name}").format(name=layer.name()))
        words = tr(
            "{count} [cell was|cells were] drafted: look at the doubtful ones in the list, then adopt the draft."
        )
        self.controller.messages.show(counted(words, count=answer["counts"].get("cells", 0)), Qgis.MessageLevel.Success)
        self.drafted.emit(layer)

    def _not_drafted(self, error: Exception) -> None:
        self._drafting = False
        self._allow()
        if self.dialog is not None:
            self.dialog.show_problem(sentence(error))
        else:
            self.controller.messages.show_error(error)

    def _on_progress(self, fraction: float, message: str, values: dict[str, Any]) -> None:
        if self.dialog is not None:
            self.dialog.show_busy(self.controller.messages.text(message, values) if message else "", fraction)

    def _on_busy(self, busy: bool, words: str) -> None:
        if self.dialog is not None and busy:
            self.dialog.show_busy(f"{words}…", 0.0)
        elif self.dialog is not None:
            self.dialog.show_idle()
        if not busy:
            QTimer.singleShot(0, self._idle)

    def _idle(self) -> None:
        """Begin afresh when nothing runs: what waited when the user stopped the engine never answers."""
        if not self.controller.link.busy:
            self._drafting = False
            self._allow()

    # -- ending -------------------------------------------------------------------------------------------------

    def left(self) -> None:
        """Take the preview away and end the one that is under way; a draft of the whole city goes on."""
        self.on_map.clear()
        self.controller.link.forget(tr("Drafting one community"))

    def shut(self) -> None:
        """End: close the window, leave nothing on the map or on the disk."""
        self._offering.stop()
        for signal in self._layers_changed:
            signal.disconnect(self._wait_for_layers)
        self.close_dialog()
        self.on_map.clear()
        self._folder.cleanup()
        super().shut()
