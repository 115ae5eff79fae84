# SPDX-License-Identifier: GPL-2.0-or-later
"""The exception tree: a code and values, no prose. ``bridge/messages.py`` turns a code into a sentence."""

from __future__ import annotations

from typing import Any


class CityError(Exception):
    """Anything that is told to the user in one sentence.

    Parameters
    ----------
    code : str
        Dotted key of the sentence, e.g. ``"input.no_crs"``; every code used has one (tested).
    **values
        What the sentence names: file, layer, field, row, value. JSON-serialisable.
    """

    def __init__(self, code: str, /, **values: Any) -> None:
        super().__init__(code, values)
        self.code = code
        self.values = values

    def __str__(self) -> str:
        return f"{self.code} {self.values}" if self.values else self.code


class InputRefused(CityError):
    """A whole input (file, layer, parameter) cannot be used."""


class StoreError(CityError):
    """The city store cannot be opened, read or written."""


class CodeError(CityError):
    """A code cannot be built, parsed or issued."""


class ProfileError(CityError):
    """The city profile is wrong or does not hold what is asked for."""


class EngineError(CityError):
    """The engine process could not be started, died or does not understand."""


class Cancelled(CityError):
    """The user stopped the action; nothing was changed."""

    def __init__(self) -> None:
        super().__init__("action.cancelled")
