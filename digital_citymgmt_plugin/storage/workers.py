# SPDX-License-Identifier: GPL-2.0-or-later
"""Run a function on many things in other processes: the results are those of one process, only sooner."""

from __future__ import annotations

import logging
import multiprocessing
import multiprocessing.connection
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, TimeoutError
from concurrent.futures.process import BrokenProcessPool
from typing import Any

FEW = 8  # things: for fewer, starting processes takes longer than they save
MOST = 8  # processes: each holds numpy, shapely and its things in memory
PATIENCE = 0.2  # s: how long a result is waited for before asking whether the user wants to stop

_log = logging.getLogger(__name__)


class Workers:
    """Processes that are started when there is work and end with it.

    Parameters
    ----------
    processes : int, optional
        How many; default the number of processors, at most 8. With 1 all work is done here.
    """

    def __init__(self, processes: int | None = None) -> None:
        self.processes = processes or min(os.cpu_count() or 1, MOST)

    def __call__(self, function: Callable[[Any], Any], things: list[Any], check: Callable[[], None]) -> Iterator[Any]:
        """Yield the results in the order of the things.

        Parameters
        ----------
        function : callable
            A function of a module, so that other processes find it by its name.
        things : list
            What can be pickled.
        check : callable
            Called several times a second; raises when the user wants to stop. What runs then ends by itself unheard.
        """
        done = 0
        if self.processes > 1 and len(things) >= FEW:
            try:
                for result in self._spread(function, things, check):
                    yield result
                    done += 1
            except (BrokenProcessPool, OSError):  # a worker was killed, or none may be started: go on alone
                _log.warning("worker processes are gone; the rest is done in this process", exc_info=True)
        for thing in things[done:]:
            check()
            yield function(thing)

    def _spread(self, function: Callable[[Any], Any], things: list[Any], check: Callable[[], None]) -> Iterator[Any]:
        # Never fork: the engine has threads, and Windows and macOS spawn anyway.
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(min(self.processes, len(things)), mp_context=context, initializer=_end_with_parent)
        try:
            waiting = [pool.submit(function, thing) for thing in things]
            for future in waiting:
                yield _result(future, check)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _end_with_parent() -> None:
    """End this worker when its engine is killed: nobody would tell it, it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


def _result(future: Future[Any], check: Callable[[], None]) -> Any:
    while True:
        check()
        try:
            return future.result(timeout=PATIENCE)
        except TimeoutError:
            if future.done():  # the function's own TimeoutError
                raise
