# SPDX-License-Identifier: GPL-2.0-or-later
"""What all algorithms share: reading parameters, asking the engine, telling counts, refusing in one sentence."""

from __future__ import annotations

import html
import logging
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from qgis.core import (
    Qgis,
    QgsMessageLog,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QCoreApplication, QDateTime, Qt
from qgis.PyQt.QtGui import QIcon

from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.bridge.engine_pool import normalised
from digital_citymgmt_plugin.bridge.engines import LOG_TAG, pool
from digital_citymgmt_plugin.bridge.events import tell_store_changed
from digital_citymgmt_plugin.bridge.feedback import cancel_of, progress_to
from digital_citymgmt_plugin.bridge.messages import fill, sentence, template, templates
from digital_citymgmt_plugin.core.errors import CityError, InputRefused
from digital_citymgmt_plugin.core.requests import ListOperations, Request

log = logging.getLogger(__name__)

# Bulk writes whose counts can be seen before anything is written.
PREVIEWED = frozenset(
    (
        "importareas", "adoptgrids", "importcomponents", "importplaces", "importtracks", "assigncodes", "importcases",
        "linkcases", "undooperation", "findduplicates", "mergeduplicates", "importphotos", "importbasemap",
        "makecandidates", "decidecandidates", "checkgrids", "renumbergrids",
        "importbeats", "importfilingstandard", "placecases", "packcases", "readreceipt",
        "recomputedue",
        "drawrecheck", "readrecheck",
    )
)  # fmt: skip
# Asks whether to write: (title, result of the preview, whether the run was cancelled); waits in the worker thread.
Confirm = Callable[[str, Mapping[str, Any], Callable[[], bool]], bool]
ICONS = Path(__file__).resolve().parents[1] / "resources" / "icons"


def tr(text: str) -> str:
    """Translate a text of the algorithms."""
    return QCoreApplication.translate("Algorithms", text)


def icon(name: str) -> QIcon:
    """Return one of the plugin's icons."""
    return QIcon(str(ICONS / f"{name}.svg"))


class CityAlgorithm(QgsProcessingAlgorithm):
    """Base of the algorithms.

    A subclass says who it is, declares its parameters, and builds the request in ``request``; the rest is here.
    """

    ID: ClassVar[str] = ""
    ICON: ClassVar[str] = "city"
    GROUP: ClassVar[str] = ""  # city | areas | components | cases
    COUNTS: ClassVar[tuple[str, ...]] = ()  # counts of the result that become number outputs, in capitals
    INPUTS: ClassVar[tuple[str, ...]] = ()  # parameters that take any layer or file
    STORE: ClassVar[str] = "STORE"
    WRITES: ClassVar[bool] = False  # whether it changes an open store: then it is said when there was nothing to change
    OPENS_STORE: ClassVar[bool] = True  # False: the engine is given the path but is not to open it

    def __init__(self) -> None:
        super().__init__()
        self._given: Given | None = None
        self._request: Request | None = None
        self._to_load: dict[str, Any] = {}
        self._refused: CityError | None = None
        self._preview = False
        # Set by a window that opens the dialog; runs of the toolbox, of models and scripts do not ask.
        self.confirm: Confirm | None = None

    # -- who it is ----------------------------------------------------------------------------------------------

    def createInstance(self) -> CityAlgorithm:
        made = type(self)()
        made.confirm = self.confirm
        return made

    def name(self) -> str:
        return self.ID

    def displayName(self) -> str:
        """Return the title, translated."""
        raise NotImplementedError

    def what(self) -> str:
        """Tell what it does, translated."""
        raise NotImplementedError

    def limits(self) -> str:
        """Tell what it does not do, and what it refuses, translated."""
        raise NotImplementedError

    def groupId(self) -> str:
        return self.GROUP

    def group(self) -> str:
        return {
            "city": tr("City store"),
            "areas": tr("Areas and unit grids"),
            "components": tr("Components"),
            "cases": tr("Cases and assessment"),
        }[self.GROUP]

    def icon(self) -> QIcon:
        return icon(self.ICON)

    def shortDescription(self) -> str:
        return self.what().split("\n")[0]

    def shortHelpString(self) -> str:
        """Compose the help from what, the parameters' and outputs' own texts, and limits."""
        parts = [f"<p>{html.escape(line)}</p>" for line in self.what().split("\n")]
        inputs = [(d.name(), d.description(), d.help()) for d in self.parameterDefinitions()]
        parts.append(f"<h3>{html.escape(tr('Parameters'))}</h3>")
        for name, title, words in inputs:
            text = f": {html.escape(words)}" if words else ""
            parts.append(f"<p><b>{html.escape(title)}</b> [{name}]{text}</p>")
        outputs = [d for d in self.outputDefinitions() if not self.parameterDefinition(d.name())]
        if outputs:
            parts.append(f"<h3>{html.escape(tr('Outputs'))}</h3>")
            lines = [f"{html.escape(d.description())} [{d.name()}]" for d in outputs]
            parts.append(f"<p>{'<br>'.join(lines)}</p>")
        parts.append(f"<h3>{html.escape(tr('Limits'))}</h3>")
        parts += [f"<p>{html.escape(line)}</p>" for line in self.limits().split("\n")]
        return "\n".join(parts)

    # -- parameters ---------------------------------------------------------------------------------------------

    def add(self, definition: QgsProcessingParameterDefinition, words: str = "", *, advanced: bool = False) -> None:
        """Declare a parameter with its help."""
        if words:
            definition.setHelp(words)
        if advanced:
            definition.setFlags(definition.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
        self.addParameter(definition)

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare the parameters and the counts."""
        self.declare()
        if self.ID in PREVIEWED:
            self.add(
                QgsProcessingParameterBoolean("PREVIEW", tr("Preview only"), False),
                tr("Only says the counts: everything is done and thrown away, nothing is written."),
                advanced=True,
            )
        for name in self.COUNTS:
            self.addOutput(QgsProcessingOutputNumber(self.output_name(name), count_title(name)))

    def output_name(self, count: str) -> str:
        """Return the output of a count: its name in capitals, with ``_COUNT`` where a parameter has that name."""
        name = count.upper()
        return f"{name}_COUNT" if self.parameterDefinition(name) is not None else name

    def declare(self) -> None:
        """Declare the parameters."""
        raise NotImplementedError

    def checkParameterValues(self, parameters: dict[str, Any], context: QgsProcessingContext) -> tuple[bool, str]:
        """Check as QGIS does, except that inputs may be files that QGIS cannot load itself (CSV.GZ, wrong code page).

        Whether they are there and what is wrong with them is told by ``prepareAlgorithm`` and the engine, in one
        sentence that names the file.
        """
        shown = dict(parameters)
        stand_in = QgsVectorLayer("NoGeometry?field=a:string", "input", "memory")
        for name in self.INPUTS:
            value = shown.get(name)
            if isinstance(value, (list, tuple)):
                shown[name] = [stand_in for _ in value] if value else value
            elif value not in (None, ""):
                shown[name] = stand_in
        refusal = self._first_refusal(shown)
        if shown.get(self.STORE) and isinstance(self.parameterDefinition(self.STORE), QgsProcessingParameterFile):
            shown[self.STORE] = "store.gpkg"  # what is wrong with the real one is told in one sentence later
        if refusal is not None:
            return False, sentence(refusal)
        return super().checkParameterValues(shown, context)

    def _first_refusal(self, parameters: dict[str, Any]) -> InputRefused | None:
        """Find an empty parameter that is needed, a number too small, no date, or a word not offered."""
        optional = QgsProcessingParameterDefinition.Flag.FlagOptional
        for definition in self.parameterDefinitions():
            value = parameters.get(definition.name())
            title = definition.description()
            empty = value is None or value == "" or value == []
            if empty and not definition.flags() & optional and definition.defaultValue() in (None, ""):
                return InputRefused("parameter.missing", parameter=title)
            if isinstance(definition, QgsProcessingParameterNumber) and below(value, definition.minimum()):
                return InputRefused("parameter.number", parameter=title, value=value, least=definition.minimum())
            if empty or not isinstance(value, str):
                continue
            if isinstance(definition, QgsProcessingParameterDateTime):
                if not QDateTime.fromString(value, Qt.DateFormat.ISODate).isValid():
                    return InputRefused("parameter.date", parameter=title, value=value)
                continue
            if not isinstance(definition, QgsProcessingParameterEnum):
                continue
            if value not in definition.options():
                known = ", ".join(definition.options())
                return InputRefused("parameter.choice", parameter=title, value=value, known=known)
        return None

    def request(self, given: Given) -> Request:
        """Build the request from the parameters; may raise ``InputRefused``."""
        raise NotImplementedError

    # -- running ------------------------------------------------------------------------------------------------

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        """Read the parameters, in the main thread. A refusal is kept for ``processAlgorithm``.

        What is raised here reaches a script only as "There were errors executing the algorithm".
        """
        self._refused = None
        try:
            self._given = Given(self, parameters, context)
            self._preview = self.ID in PREVIEWED and self.parameterAsBool(parameters, "PREVIEW", context)
            self._request = self.request(self._given)
            self._given.check_outputs()
            self._to_load = dict(context.layersToLoadOnCompletion())
        except CityError as error:
            self._refused = error
        return True

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Ask the engine and wait for it, in the worker thread."""
        try:
            if self._refused is not None:
                raise self._refused
            found = self._run(feedback)
            # A run in the background has a context of its own, whose layers replace those noted in prepareAlgorithm.
            for path, details in self._to_load.items():
                if path in found.values():
                    context.addLayerToLoadOnCompletion(path, details)
            return found
        except CityError as error:
            # Its text alone: a handler that keeps records would keep the frames and their layers with the error.
            log.info("%s: %s", self.ID, str(error))
            raise QgsProcessingException(sentence(error)) from error
        except QgsProcessingException:
            raise
        except Exception as error:
            QgsMessageLog.logMessage(traceback.format_exc(), LOG_TAG, Qgis.MessageLevel.Critical)
            raise QgsProcessingException(sentence(error)) from error
        finally:
            if self._given is not None:
                self._given.clean()

    def _run(self, feedback: QgsProcessingFeedback) -> dict[str, Any]:
        given, request = self._given, self._request
        if given is None or request is None:
            raise RuntimeError("processAlgorithm before prepareAlgorithm")
        for item in given.prepared:
            if item.export is not None:
                feedback.pushInfo(sentence("input.read_through_qgis", {"layer": item.name}))
            item.layer(feedback)
        with pool().lease(given.store, open_store=self.OPENS_STORE) as engine:
            asks = self.confirm is not None and self.ID in PREVIEWED and not self._preview
            if asks:
                result = self._confirmed(engine, request, feedback)
            else:
                result = self._call(engine, request, feedback, "drop" if self._preview else None)
        if given.store is not None and isinstance(result.get("tables"), list) and result["tables"]:
            tell_store_changed(normalised(given.store), result["tables"])
        tell_result(result, feedback)
        self.tell(result, feedback)
        if asks and result.get("preview"):
            feedback.pushInfo(sentence("result.discarded"))
        elif self._preview:
            feedback.pushInfo(sentence("result.preview"))
        elif self.WRITES and not result.get("operation") and not result.get("writes_file"):
            feedback.pushInfo(sentence("result.nothing"))
        return self.outputs(result, given)

    def _call(
        self, engine: Any, request: Request, feedback: QgsProcessingFeedback, preview: str | None
    ) -> dict[str, Any]:
        return dict(
            engine.call(
                request, on_progress=progress_to(feedback), is_cancelled=cancel_of(feedback), sentences=templates(),
                preview=preview,
            )
        )  # fmt: skip

    def _confirmed(self, engine: Any, request: Request, feedback: QgsProcessingFeedback) -> dict[str, Any]:
        """Do it without keeping it, ask, do it again, and keep it if it comes to what was shown; else ask anew.

        Nothing is held while the question stands, which may be long: QGIS gives up saving edits of the store's layers
        after seconds. The second time it is held for no longer than the counts take to be compared. The action is
        done once more when there is a reject list to write. Returns the preview's result when refused.
        """
        if self.confirm is None:
            raise RuntimeError("nobody to ask")
        seen = self._call(engine, request, feedback, "drop")
        shown = seen
        while seen.get("writes", True):
            feedback.setProgressText(sentence("result.asks"))
            if not self.confirm(self.displayName(), shown, cancel_of(feedback)):
                return seen
            again = self._call(engine, request, feedback, "hold")
            if comes_to_the_same(again, seen):
                break
            # Any other request ends the holding, so that others can write at once.
            engine.call(ListOperations())
            feedback.pushWarning(sentence("result.counts_changed"))
            seen = again
            shown = {**again, "notes": [{"code": "result.counts_changed"}, *(again.get("notes") or [])]}
        # Also when there is nothing to write: the list of what was rejected is written all the same.
        result = self._call(engine, request, feedback, None)
        if not comes_to_the_same(result, seen):  # changed in the moment between
            feedback.pushWarning(sentence("result.counts_changed"))
        return result

    def tell(self, result: dict[str, Any], feedback: QgsProcessingFeedback) -> None:
        """Write to the log what only this algorithm has to say."""

    def outputs(self, result: dict[str, Any], given: Given) -> dict[str, Any]:
        """Return the outputs: the counts in capitals, the files, the operation."""
        counts = result.get("counts") or {}
        found: dict[str, Any] = {self.output_name(name): 0 for name in self.COUNTS}
        found.update({self.output_name(name): value for name, value in counts.items()})
        found.update(given.files)
        if not result.get("rejects"):  # nothing was rejected: no list was written
            found.pop("REJECTS", None)
        if result.get("operation"):
            found["OPERATION"] = result["operation"]
        return found


def below(value: Any, least: float) -> bool:
    """Tell whether a value is a number smaller than ``least``; what is no number is for QGIS to judge."""
    try:
        return not float(value) >= least
    except (TypeError, ValueError):
        return False


def comes_to_the_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two results have the same counts, by table and by reason, too: what the question shows."""
    return all((one.get(name) or {}) == (other.get(name) or {}) for name in ("counts", "reasons", "by_table"))


def count_title(name: str) -> str:
    """Return the words for a count, its own name where there are none."""
    return template(f"count.{name}") or name.replace("_", " ")


def tell_result(result: dict[str, Any], feedback: QgsProcessingFeedback) -> None:
    """Write what came out to the log, in the user's language."""
    for name, value in (result.get("counts") or {}).items():
        feedback.pushInfo(f"{count_title(name)}: {value}")
    if result.get("encoding"):
        evidence = str(result.get("encoding_evidence") or "–")
        values = {"encoding": result["encoding"], "evidence": template(evidence) or evidence}
        feedback.pushInfo(sentence("input.encoding_found", values))
    for code, count in sorted((result.get("reasons") or {}).items(), key=lambda item: -item[1]):
        # The row's own values are in the reject list; here the sentence stands for all of them.
        words = fill(template(code) or code, {}).replace("?", "…")
        feedback.pushWarning(sentence("result.reason", {"count": count, "reason": words}))
    if result.get("rejects"):
        feedback.pushWarning(sentence("result.rejects_in", {"path": result["rejects"]}))
    notes = [sentence(str(note.get("code")), note.get("values") or {}) for note in result.get("notes") or []]
    for words in dict.fromkeys(notes):  # each once
        feedback.pushInfo(words)
    for line in (result.get("table") or {}).get("formulas") or []:
        feedback.pushInfo(str(line))
