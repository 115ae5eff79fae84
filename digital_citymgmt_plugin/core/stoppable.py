# SPDX-License-Identifier: GPL-2.0-or-later
"""Long computations that ask nobody whether to go on: done beside, while this thread asks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 0.1  # s: how often is asked

T = TypeVar("T")


def stoppable(work: Callable[[], T], check: Callable[[], None] | None) -> T:
    """Return what ``work`` returns, asking ``check`` ten times a second meanwhile.

    For calls of GEOS and numpy that take seconds at the size of a city and cannot be told to end: they let other
    threads run. A user who stops has the answer at once; what runs ends by itself, unheard.

    Parameters
    ----------
    work : callable
        Must change nothing that anybody sees when it is given up: no store, no file, none of the caller's arrays.
    check : callable, optional
        Raises when the user wants to stop (``core.ports.Cancel.check``). None: ``work`` is just done.

    Raises
    ------
    Cancelled
        What ``check`` raises; and whatever ``work`` raises.
    """
    if check is None:
        return work()
    check()
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # raised again where it is waited for
            errors.append(error)

    beside = threading.Thread(target=run, name="stoppable", daemon=True)
    beside.start()
    while beside.is_alive():
        beside.join(PATIENCE)
        check()
    if errors:
        raise errors[0]
    return results[0]
