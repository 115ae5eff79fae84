# SPDX-License-Identifier: GPL-2.0-or-later
"""What the *Beats* dock does: paints unit grids, draws the beats on the map, asks for drafts, saves."""

from __future__ import annotations

from typing import Any

from qgis.core import Qgis, QgsGeometry

from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.bridge.plural import counted
from digital_citymgmt_plugin.core.errors import Cancelled, CityError
from digital_citymgmt_plugin.core.requests_beats import DraftBeats, ExportBeats, ListBeats, SaveBeats
from digital_citymgmt_plugin.gui.desk import Desk
from digital_citymgmt_plugin.gui.dialogs.question import ask_text
from digital_citymgmt_plugin.gui.docks.beat_dock import MIX, BeatDock, colours_of
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.map_tools.beats_on_map import BeatsOnMap
from digital_citymgmt_plugin.gui.map_tools.brush import Brush, GridIndex
from digital_citymgmt_plugin.gui.map_tools.keys import Keys
from digital_citymgmt_plugin.gui.models.beats import NONE, BeatPaint, read_mix, summary_words, tr


class BeatController(Desk):
    """Wires the dock to the brush, the map and the engine."""

    dock: BeatDock
    WATCHED = frozenset(("beat", "beat_member", "unit_grid"))

    def __init__(self, controller: CityController, dock: BeatDock) -> None:
        super().__init__(controller, dock)
        canvas = controller.iface.mapCanvas()
        self.paint: BeatPaint | None = None
        self.grids: GridIndex | None = None
        self.on_map = BeatsOnMap(canvas)
        self.brush = Brush(canvas)
        self.keys = Keys(canvas, self._pressed)
        self.erasing = False
        self.drafting = False
        self._stroke = False  # whether the stroke under way has changed something: it goes on from there
        self.brush.painted.connect(self.painted)
        self.brush.lifted.connect(self._lifted)
        self.brush.picked.connect(self._picked)
        self.brush.deactivated.connect(self._put_down)
        dock.paint_button.clicked.connect(lambda on=False: self.take_brush(on=on, erase=False))
        dock.erase_button.clicked.connect(lambda on=False: self.take_brush(on=on, erase=True))
        dock.new_button.clicked.connect(lambda _=False: self.add())
        dock.lock_button.clicked.connect(lambda _=False: self.lock())
        dock.name_button.clicked.connect(lambda _=False: self.ask_name())
        dock.undo_button.clicked.connect(lambda _=False: self.step(back=True))
        dock.redo_button.clicked.connect(lambda _=False: self.step(back=False))
        dock.draft_button.clicked.connect(lambda _=False: self.draft())
        dock.stop_button.clicked.connect(lambda _=False: self.controller.link.cancel())
        dock.save_button.clicked.connect(lambda _=False: self.save())
        dock.discard_button.clicked.connect(lambda _=False: self.discard())
        dock.import_button.clicked.connect(lambda _=False: self.controller.start_step("importbeats"))
        dock.export_button.clicked.connect(lambda _=False: self.ask_export())
        dock.reload_button.clicked.connect(lambda _=False: self.reload())
        dock.weight_box.currentIndexChanged.connect(lambda _=0: self.weigh())
        dock.mix_edit.editingFinished.connect(self.weigh)
        dock.chosen.connect(lambda _code: self._allow())
        dock.visibilityChanged.connect(lambda shown=False: self._seen_again() if shown else self._hide())
        controller.unwritten.tellers.append(self.would_lose)
        self.watch()

    # -- reading ------------------------------------------------------------------------------------------------

    def reload(self) -> None:
        """Read grids and beats; strokes that are not saved are done again where the grids are still there."""
        self.ask(tr("Reading beats"), ListBeats(shapes=True), self._read)

    def _read(self, answer: dict[str, Any]) -> None:
        kept = self.paint.changed() if self.paint is not None else {}
        names = self.paint.names_changed() if self.paint is not None else {}
        locked = self.paint.locked if self.paint is not None else set[str]()
        paint = BeatPaint(answer)
        shapes = []
        for text in answer["grids"]["shape"]:
            shape = QgsGeometry()
            shape.fromWkb(bytes.fromhex(text))
            shapes.append(shape)
        self.paint, self.grids = paint, GridIndex(shapes, self.crs())
        self.brush.grids = self.grids
        paint.replace(kept)
        paint.names.update(names)
        paint.locked = locked & set(paint.codes)
        if paint.codes:
            self.dock.count_box.setValue(len(paint.codes))
            self.dock.current_box.setChecked(True)
        self.weigh()

    def _opened(self, path: str) -> None:
        self.paint = self.grids = self.brush.grids = None
        self.drafting = False  # its answer comes to nobody when another store is open by then
        self._put_down()
        self.on_map.clear()
        super()._opened(path)

    def _seen_again(self) -> None:
        if self.paint is not None:
            self.show()

    def _hide(self) -> None:
        self.on_map.clear()
        if self.controller.iface.mapCanvas().mapTool() is self.brush:
            self.controller.iface.mapCanvas().unsetMapTool(self.brush)

    # -- showing ------------------------------------------------------------------------------------------------

    def weigh(self) -> None:
        """Let the load be made of what is chosen."""
        mixed = self.dock.weight_box.currentData() == MIX
        self.dock.mix_edit.setVisible(mixed)
        if self.paint is None:
            return
        try:
            self.paint.weigh(self.weights())
        except CityError as error:
            self.controller.messages.show_error(error)
            return
        self.show()

    def weights(self) -> dict[str, float]:
        """Return what the load is made of."""
        key = str(self.dock.weight_box.currentData())
        return read_mix(self.dock.mix_edit.text()) if key == MIX else {key: 1.0}

    def show(self) -> None:
        """Show table, bars and map as they are now."""
        if self.paint is None or self.grids is None:
            return
        table = self.paint.table()
        colours = colours_of([row["code"] for row in table])
        words = summary_words(self.paint, table)
        if not self.paint.grids:
            words = tr("There are no unit grids yet: draft and adopt some first.")
        self.dock.show_beats(table, colours, words, self.dock.code() or (table[0]["code"] if table else ""))
        if self.dock.isVisible():
            held = {code: [self.grids.shapes[row] for row in self.paint.members(code)] for code in colours}
            self.on_map.show(held, colours, self.crs())
        self._allow()

    def _allow(self) -> None:
        paint = self.paint
        self.dock.allow(
            there=paint is not None and bool(paint.grids), undo=paint is not None and paint.can_undo,
            redo=paint is not None and paint.can_redo,
            changed=paint is not None and bool(paint.changed() or paint.names_changed()), drafting=self.drafting,
        )  # fmt: skip

    # -- painting -----------------------------------------------------------------------------------------------

    def take_brush(self, *, on: bool, erase: bool) -> None:
        """Take the brush up, or put it down."""
        canvas = self.controller.iface.mapCanvas()
        if not on:
            canvas.unsetMapTool(self.brush)
            return
        canvas.setMapTool(self.brush)
        self.erasing = erase
        self.dock.paint_button.setChecked(not erase)
        self.dock.erase_button.setChecked(erase)
        self.keys.watch(True)

    def _put_down(self) -> None:
        self.keys.watch(False)
        self.dock.paint_button.setChecked(False)
        self.dock.erase_button.setChecked(False)

    def painted(self, rows: list[int]) -> None:
        """Give the grids under the brush to the chosen beat."""
        beat = NONE if self.erasing else self.dock.code()
        if self.paint is None or self.drafting or not (beat or self.erasing):
            return
        before = {self.paint.beat[row] for row in rows}
        if self.paint.paint([self.paint.grids[row] for row in rows], beat, joined=self._stroke):
            self._stroke = True
            self.show()
        elif (before | {beat}) & self.paint.locked and before != {beat}:
            self.controller.messages.show(tr("The beat is locked."), Qgis.MessageLevel.Info)

    def _lifted(self) -> None:
        self._stroke = False

    def _picked(self, row: int) -> None:
        if self.paint is not None and self.paint.beat[row]:
            self.dock.choose(self.paint.beat[row])

    def _pressed(self, said: str) -> bool:
        if said in ("undo", "redo"):
            self.step(back=said == "undo")
            return True
        if said == "cancel":
            self.take_brush(on=False, erase=self.erasing)
            return True
        return False

    def step(self, *, back: bool) -> None:
        """Take the last stroke back, or do it again."""
        if self.paint is not None and not self.drafting and (self.paint.undo() if back else self.paint.redo()):
            self.show()

    def add(self) -> None:
        """Begin a new beat and paint with it."""
        if self.paint is not None:
            code = self.paint.add()
            self.show()
            self.dock.choose(code)
            self.take_brush(on=True, erase=False)

    def lock(self) -> None:
        """Lock the chosen beat, or unlock it."""
        if self.paint is not None and self.dock.code():
            self.paint.locked ^= {self.dock.code()}
            self.show()

    def ask_name(self) -> None:
        """Ask for the name of the chosen beat."""
        code = self.dock.code()
        if self.paint is None or not code:
            return
        paint, words = self.paint, tr("Name of beat {code}:").format(code=code)

        def named(name: str) -> None:
            paint.names[code] = name.strip()
            if paint is self.paint:  # the beats may have been read again meanwhile
                self.show()

        ask_text(self.dock, tr("Beats"), words, paint.names.get(code, ""), named).open()

    # -- drafting and writing -----------------------------------------------------------------------------------

    def draft(self) -> None:
        """Ask for a draft; it is a stroke like any other, and nothing is written."""
        if self.paint is None or self.drafting:
            return
        paint, dock = self.paint, self.dock
        today = dock.current_box.isChecked() or bool(paint.locked)
        moves = dock.moves_box.value()
        try:
            request = DraftBeats(
                dock.count_box.value(), weights=self.weights(), members=paint.all_members() if today else None,
                moves=moves if today and moves >= 0 else None, locked=sorted(self._held(paint.locked)) or None,
            )  # fmt: skip
        except CityError as error:
            self.controller.messages.show_error(error)
            return
        self.drafting = True
        self._allow()
        self.ask(tr("Dividing unit grids into beats"), request, self._drafted, failed=self._failed)

    def _held(self, codes: set[str]) -> set[str]:
        """Return which of some beats have a grid."""
        return codes & set(self.paint.beat) if self.paint is not None else set()

    def _drafted(self, answer: dict[str, Any]) -> None:
        self.drafting = False
        if self.paint is not None:
            self.paint.replace(answer["members"])
            self.paint.codes = sorted({*self.paint.beat} - {NONE})
        self.show()
        words = " ".join(sentence(note["code"], note["values"]) for note in answer.get("notes") or [])
        self.controller.messages.show(words, Qgis.MessageLevel.Info)

    def _failed(self, error: Exception) -> None:
        self.drafting = False
        self._allow()
        if not isinstance(error, Cancelled):
            self.controller.messages.show_error(error)

    def save(self) -> None:
        """Write what was painted, after its counts were seen."""
        if self.paint is not None:
            request = SaveBeats(self.paint.changed(), self.paint.names_changed() or None)
            self.write(request, self._saved)

    def _saved(self, _answer: dict[str, Any]) -> None:
        if self.paint is not None:  # what is in the store is no stroke any more
            self.paint.saved, self.paint.saved_names = list(self.paint.beat), dict(self.paint.names)
        self.reload()

    def would_lose(self) -> str:
        """Return what is lost when the store is let go; "" when nothing is."""
        count = len({**self.paint.changed(), **self.paint.names_changed()}) if self.paint is not None else 0
        return (
            counted(tr("Beats: {count} [change that is|changes that are] not applied."), count=count) if count else ""
        )

    def discard(self) -> None:
        """Go back to the beats of the store: a stroke like any other."""
        if self.paint is not None:
            self.paint.replace(dict(zip(self.paint.grids, self.paint.saved)))
            self.paint.names = dict(self.paint.saved_names)
            self.paint.codes = sorted(self.paint.names)
            self.show()

    def ask_export(self) -> None:
        """Ask where the table is to be written, and write it."""
        if self.paint is None:
            return
        path = self.ask_file(tr("Export beats"), f"{tr('Beats')}.xlsx", "Excel (*.xlsx)")
        if path:
            self.export(ExportBeats(path, self.paint.all_members(), self.paint.names, self.weights()))

    def shut(self) -> None:
        """End: take brush and drawing off the map."""
        self._hide()
        self.keys.watch(False)
        super().shut()
