# SPDX-License-Identifier: GPL-2.0-or-later
"""``python -m digital_citymgmt_plugin.engine``: serve requests on stdin and stdout until stdin ends."""

from __future__ import annotations

import gc
import logging
import os
import sys

from digital_citymgmt_plugin.engine.pipe import Pipe
from digital_citymgmt_plugin.engine.start import greeting, lacking, packages_error, refuse_all


def main() -> int:
    """Run the engine; stdout is kept for the pipe alone, whatever a library prints goes to stderr."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    pipe = Pipe(sys.stdin.buffer, out)
    pipe.send(greeting())
    if lacking():  # an old shapely imports well and fails in the middle of an action
        refuse_all(pipe, packages_error())
        return 1
    try:
        # Late: numpy and shapely take longer to import than all the rest, and whoever started us is waiting.
        from digital_citymgmt_plugin.engine.loop import Engine
    except ImportError as error:
        logging.getLogger(__name__).exception("a package is missing")
        refuse_all(pipe, packages_error(error))
        return 1
    # Rows come as tuples by the hundred thousand and are no cycles: looking for some among them again and again took
    # three quarters of the time of turning rows into columns.
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)
    engine = Engine(pipe)
    try:
        engine.run()
    finally:
        engine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
