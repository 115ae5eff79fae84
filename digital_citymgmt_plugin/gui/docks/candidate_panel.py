# SPDX-License-Identifier: GPL-2.0-or-later
"""The *Candidates* dock: symbols of the base map that may be components, decided one by one or in bulk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QCoreApplication, QLocale, Qt
from qgis.PyQt.QtWidgets import QComboBox, QSplitter, QVBoxLayout, QWidget

from digital_citymgmt_plugin.bridge.captions import value_captions
from digital_citymgmt_plugin.bridge.plural import counted
from digital_citymgmt_plugin.core.class_search import key_from_dict
from digital_citymgmt_plugin.core.requests import ListClasses
from digital_citymgmt_plugin.core.requests_desk import ListCandidates
from digital_citymgmt_plugin.gui.desk import Desk, request_of
from digital_citymgmt_plugin.gui.dialogs.class_picker import ClassDialog
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.docks.parts import (
    Buttons,
    Scrolled,
    allow,
    button,
    chosen_rows,
    fit_columns,
    in_tab_order,
    plain_label,
    rows_view,
    select_rows,
)
from digital_citymgmt_plugin.gui.models.pages import PagedModel

NAME = "DcmCandidatePanel"
STATES = ("open", "confirmed", "rejected", "merged")
PAGE = 500


def tr(text: str) -> str:
    """Translate a text of the panel."""
    return QCoreApplication.translate("CandidatePanel", text)


def state_words(state: str) -> str:
    """Return the word of a state."""
    return value_captions("candidate", "state").get(state, state)


class CandidatePanel(QgsDockWidget):
    """The dock's widgets, by name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Candidates"), parent)
        self.setObjectName(NAME)
        words = [state_words(state) for state in STATES]
        self.classes = PagedModel([tr("Class"), *words], _class_cells, None, self, range(1, 1 + len(words)))
        self.candidates = PagedModel(
            [tr("Class"), tr("State"), tr("Layer"), tr("Block"), tr("Drawing"), tr("Handle")], _cells, None, self
        )
        self.class_view = rows_view(tr("Classes with the number of candidates"))
        self.class_view.setModel(self.classes)
        self.view = rows_view(tr("Candidates: press Enter to show one on the map"))
        self.view.setModel(self.candidates)
        self.state_box = QComboBox()
        self.state_box.setAccessibleName(tr("State of the candidates"))
        for state in STATES:
            self.state_box.addItem(state_words(state), state)
        self.summary, self.label = plain_label(), plain_label()
        splitter = QSplitter(Qt.Orientation.Vertical)
        for view in (self.class_view, self.view):
            view.model().modelReset.connect(lambda view=view: fit_columns(view))
            fit_columns(view)
        splitter.addWidget(self.class_view)
        splitter.addWidget(self.view)
        splitter.setStretchFactor(1, 2)
        self.body = body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(self.state_box)
        layout.addWidget(self.summary)
        layout.addWidget(splitter, 1)
        layout.addWidget(self.label)
        layout.addWidget(self._buttons())
        self.setWidget(Scrolled(body))
        in_tab_order(self.state_box, self.class_view, self.view, *self.decide_buttons.values(), self.make_button)
        self.show_no_store()

    def _buttons(self) -> Buttons:
        self.decide_buttons = {
            "confirm": button(tr("&Confirm…"), tr("Make components of the selected candidates"), "confirm_candidates"),
            "confirm_as": button(
                tr("Confirm &as…"), tr("Choose another class for the selected candidates and confirm them"),
                "confirm_candidates_as",
            ),
            "confirm_class": button(
                tr("Confirm whole class…"), tr("Confirm all open candidates of the selected class"), "confirm_class"
            ),
            "confirm_class_as": button(
                tr("Confirm whole class as…"),
                tr("Choose another class for all open candidates of the selected class and confirm them"),
                "confirm_class_as",
            ),
            "reject": button(tr("&Reject…"), tr("The selected candidates are no components"), "reject_candidates"),
            "reject_class": button(
                tr("Reject whole class…"), tr("Reject all open candidates of the selected class"), "reject_class"
            ),
            "merge": button(tr("&Merge…"), tr("The selected candidates are one object"), "merge_candidates"),
            "reopen": button(tr("Re&open…"), tr("Decide on the selected candidates anew"), "reopen_candidates"),
        }  # fmt: skip
        self.make_button = button(
            tr("Find in base map…"), tr("Look for candidates among the symbols of the base map"), "make_candidates"
        )
        return Buttons(*self.decide_buttons.values(), self.make_button)

    def show_no_store(self) -> None:
        """Say that nothing is open."""
        self.classes.fill([], False)
        self.candidates.fill([], False)
        self.summary.setText(tr("Open a city store first."))
        self.label.clear()
        allow(self.body, False)

    def show_groups(self, groups: Sequence[Sequence[Any]], names: Mapping[str, str]) -> None:
        """Show the classes with their counts; those that were selected stay so."""
        kept = set(self.chosen_classes())
        found: dict[str, dict[str, Any]] = {}
        for code, state, count in groups:
            code = str(code or "")
            zero = {"class_code": code, "name": names.get(code, ""), **dict.fromkeys(STATES, 0)}
            found.setdefault(code, zero)[str(state)] = int(count)
        lines = sorted(found.values(), key=lambda one: (-one["open"], one["class_code"]))
        self.classes.fill([{"fid": at, **line} for at, line in enumerate(lines)], False)
        select_rows(self.class_view, [at for at, line in enumerate(lines) if line["class_code"] in kept])
        allow(self.body, True)

    def chosen_classes(self) -> list[str]:
        """Return the classes that are selected; none means all."""
        return [str(self.classes.rows[row]["class_code"]) for row in chosen_rows(self.class_view)]

    def open_of(self, code: str) -> int:
        """Return how many candidates of a class are open."""
        return next((int(row["open"]) for row in self.classes.rows if row["class_code"] == code), 0)

    def chosen(self) -> list[Mapping[str, Any]]:
        """Return the candidates that are selected."""
        return [self.candidates.rows[row] for row in chosen_rows(self.view)]


def _class_cells(row: Mapping[str, Any]) -> list[str]:
    number = QLocale().toString
    return [f"{row['class_code']} {row['name']}".strip(), *(number(row[state]) for state in STATES)]


def _cells(row: Mapping[str, Any]) -> list[str]:
    texts = [f"{row['class_code'] or ''} {row.get('class_name') or ''}".strip(), state_words(str(row["state"])),
             row["layer"], row["block"], row["drawing"], row["handle"]]  # fmt: skip
    return ["" if text is None else str(text) for text in texts]


class CandidateController(Desk):
    """Wires the panel to the engine and the map."""

    dock: CandidatePanel
    WATCHED = frozenset({"candidate"})

    def __init__(self, controller: CityController, dock: CandidatePanel) -> None:
        super().__init__(controller, dock)
        self.picker: ClassDialog | None = None
        controller.store_opened.connect(lambda _path: self.shut_picker())
        dock.state_box.currentIndexChanged.connect(lambda _=0: self.reload())
        dock.class_view.selectionModel().selectionChanged.connect(lambda *_: self._list())
        dock.candidates.wanted.connect(self._next_page)
        for signal in (dock.view.activated, dock.view.clicked):
            signal.connect(lambda index: self.show_row(index.row()))
        for name, made in dock.decide_buttons.items():
            made.clicked.connect(lambda _=False, name=name: self.decide(name))
        dock.make_button.clicked.connect(lambda _=False: self.make())
        self.watch()

    def _request(self, **more: Any) -> ListCandidates:
        return ListCandidates(classes=self.dock.chosen_classes(), state=self.dock.state_box.currentData(), **more)

    def reload(self) -> None:
        """Ask for the counts and the first page."""
        if self.path:
            self.ask(tr("Counting candidates"), ListCandidates(limit=1), self._counted)
            self._list()

    def _counted(self, answer: dict[str, Any]) -> None:
        before = self.dock.class_view.selectionModel().blockSignals(True)
        self.dock.show_groups(answer["groups"], answer["names"])
        self.dock.class_view.selectionModel().blockSignals(before)

    def _list(self) -> None:
        if not self.path:
            return
        asked = self._request(limit=PAGE)

        def listed(answer: dict[str, Any]) -> None:
            if asked == self._request(limit=PAGE):
                self.dock.candidates.fill(answer["candidates"], bool(answer["more"]))
                words = tr("{count} [candidate is|candidates are] listed.")
                self.dock.summary.setText(counted(words, count=QLocale().toString(int(answer["counts"]["candidates"]))))

        self.ask(tr("Reading candidates"), asked, listed)

    def _next_page(self, after: int) -> None:
        asked = self._request(limit=PAGE, after=after)

        def came(answer: dict[str, Any]) -> None:
            if asked == self._request(limit=PAGE, after=after):
                self.dock.candidates.append(answer["candidates"], bool(answer["more"]))

        self.ask(tr("Reading candidates"), asked, came)

    def show_row(self, row: int) -> None:
        """Go to where a candidate is."""
        if not self.show_point(self.dock.candidates.rows[row]):
            self.dock.label.setText(tr("It has no place on the map."))

    def make(self) -> None:
        """Look for candidates in the base map."""
        self._write("make_candidates")

    def decide(self, decision: str) -> None:
        """Decide on the selected candidates, or on all open ones of the selected class; the counts come before."""
        verb, *more = decision.split("_")
        if "class" in more:
            classes = self.dock.chosen_classes()
            if len(classes) != 1:
                self.dock.label.setText(tr("Select one class first."))
                return
            asked, count = {"class_code": classes[0]}, self.dock.open_of(classes[0])
        else:
            chosen = self.dock.chosen()
            if len(chosen) < (2 if verb == "merge" else 1):
                self.dock.label.setText(tr("Select candidates first."))
                return
            asked, count = {"candidates": ",".join(str(item["uuid"]) for item in chosen)}, len(chosen)
        if "as" in more:
            self._ask_class(count, lambda code: self._decide(verb, as_class=code, **asked))
        else:
            self._decide(verb, **asked)

    def _ask_class(self, count: int, then: Callable[[str], None]) -> None:
        """Open the search for a class; what is picked there goes on."""

        def listed(answer: dict[str, Any]) -> None:
            keys = [key_from_dict(row) for row in answer.get("classes") or []]
            words = tr("Choose the class of {count} [candidate|candidates]: Enter or a double click.")
            dialog = ClassDialog(
                keys, bool(answer.get("pinyin")), self.dock, title=tr("Class of the candidates"),
                said=counted(words, count=QLocale().toString(count)),
            )  # fmt: skip
            dialog.picked.connect(lambda _kind, code: then(code))
            dialog.finished.connect(lambda _answer: self._picked(dialog))
            self.shut_picker()
            self.picker = dialog
            dialog.open()

        self.ask(tr("Reading the classes"), ListClasses("component"), listed)

    def _picked(self, dialog: ClassDialog) -> None:
        if self.picker is dialog:
            self.picker = None
        dialog.deleteLater()

    def shut_picker(self) -> None:
        """Close the search for a class that stands open."""
        if self.picker is not None:
            self.picker.reject()

    def shut(self) -> None:
        """End: close what stands open."""
        self.shut_picker()
        super().shut()

    def _decide(self, decision: str, **values: Any) -> None:
        self._write("decide_candidates", decision=decision, **values)

    def _write(self, method: str, **values: Any) -> None:
        request = request_of(method, **values)
        if request is None:
            self.dock.label.setText(tr("This version cannot do that yet."))
        else:
            self.write(request)
