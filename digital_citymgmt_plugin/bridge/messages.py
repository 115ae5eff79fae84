# SPDX-License-Identifier: GPL-2.0-or-later
"""From a code and values to one sentence in the user's language (errors, reject reasons, progress, counts).

The sentences stand in ``resources/i18n/sentences.tsv``: code, English, Chinese. Without Qt they come out in English,
so that scripts can use this module, too. See docs/adr/0001-sentences-in-bridge.md.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from digital_citymgmt_plugin.core.errors import CityError

CONTEXT = "Messages"
FILE = Path(__file__).resolve().parents[1] / "resources" / "i18n" / "sentences.tsv"
UNKNOWN = "message.unknown"

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")


def read_sentences(path: Path = FILE) -> dict[str, tuple[str, str]]:
    """Return code → (English, Chinese); lines that are empty or start with ``#`` are passed over."""
    found: dict[str, tuple[str, str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            code, english, chinese = (part.strip() for part in line.split("\t"))
            found[code] = (english, chinese)
    return found


SENTENCES: dict[str, str] = {code: english for code, (english, _) in read_sentences().items()}


def template(code: str) -> str | None:
    """Return the sentence of a code, with its ``{fields}``, in the user's language; None when there is none."""
    english = SENTENCES.get(code)
    return None if english is None else _translate(code, english)


def templates(prefix: str = "") -> dict[str, str]:
    """Return all sentences in the user's language whose code starts with ``prefix`` (the engine's reject lists)."""
    return {code: _translate(code, english) for code, english in SENTENCES.items() if code.startswith(prefix)}


def sentence(error: BaseException | str, values: Mapping[str, Any] | None = None) -> str:
    """Return one sentence for an error or a code; never raises and never shows a traceback.

    A code without a sentence gives a calm general one that names the code. An error with ``faults`` (a broken profile)
    gives one line for each of them.
    """
    if isinstance(error, CityError):
        faults = error.values.get("faults")
        if isinstance(faults, list) and len(faults) > 1:
            return _lines(faults, error.values.get("in_all"))
        code, values = error.code, error.values
    elif isinstance(error, BaseException):
        code, values = "action.fault", {"reason": f"{type(error).__name__}: {error}".splitlines()[0]}
    else:
        code = error
    found = template(code)
    if found is None:
        found = template(UNKNOWN) or "{code}: {details}"
        details = ", ".join(f"{key} = {_text(value)}" for key, value in (values or {}).items())
        values = {"code": code, "details": details}
    return fill(found, values or {})


def _lines(faults: list[Any], count: Any) -> str:
    """Return the sentences of several faults, one a line; ``count`` says how many there are in all."""
    told = [sentence(str(fault.get("code")), fault.get("values") or {}) for fault in faults]
    if isinstance(count, int) and count > len(told):
        told.append(sentence("profile.and_more", {"count": count - len(told)}))
    return "\n".join(told)


def fill(text: str, values: Mapping[str, Any]) -> str:
    """Put values into the ``{fields}`` of a sentence; a field without a value shows as ``?``."""
    return _Filler().vformat(text, (), {key: _text(value) for key, value in values.items()})


class _Filler(string.Formatter):
    """Fields are plain names: no attributes, indexes or format specifications, whatever a value holds."""

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> tuple[Any, str]:
        return kwargs.get(field_name, "?"), field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        return str(value)


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, str) and f"operation.{value}" in SENTENCES:  # an action is named as users know it
        return template(f"operation.{value}") or value
    if isinstance(value, str) and value.startswith("because.") and value in SENTENCES:  # a reason within a sentence
        return template(value) or value
    if isinstance(value, str) and _MOMENT.fullmatch(value):  # of the log, in UTC: told by the user's own clock
        moment = datetime.fromisoformat(value[:19]).replace(tzinfo=timezone.utc)
        return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, (list, tuple, set)):
        return ", ".join(_text(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_text(item)}" for key, item in value.items())
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value)


def _translate(code: str, english: str) -> str:
    try:
        from qgis.PyQt.QtCore import QCoreApplication
    except ImportError:  # a script without QGIS
        return english
    # The code tells apart what English says by one word and Chinese by several (``scripts/build_ts.py``).
    return QCoreApplication.translate(CONTEXT, english, code)
