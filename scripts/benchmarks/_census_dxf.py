# SPDX-License-Identifier: GPL-2.0-or-later
"""DXF in against the bare reading of ezdxf, in one run: ``figures(folder)`` for the census benchmark."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

BAR = 1.5  # times ezdxf's own reading, at most
_ROUNDS = 3


def figures(folder: str | Path) -> dict[str, Any]:
    """Read every DXF of a folder both ways, in turn, and compare.

    Returns
    -------
    dict
        ``files``, ``entities``, ``bare_s`` and ``ours_s`` (the best of three rounds), ``ratio``, ``bar``, ``holds``.
    """
    import ezdxf

    from digital_citymgmt_plugin.storage.dxf import read_drawing

    paths = sorted(str(path) for path in Path(folder).rglob("*") if path.suffix.lower() == ".dxf")
    if not paths:
        raise SystemExit(f"{folder}: no DXF")
    read_drawing(paths[0])  # what is imported late is imported now
    bare, ours, entities = [], [], 0
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        for path in paths:
            ezdxf.readfile(path)
        bare.append(time.perf_counter() - start)
        start = time.perf_counter()
        entities = sum(len(read_drawing(path)) for path in paths)
        ours.append(time.perf_counter() - start)
    ratio = min(ours) / min(bare)
    return {
        "files": len(paths), "entities": entities, "bare_s": round(min(bare), 3), "ours_s": round(min(ours), 3),
        "ratio": round(ratio, 2), "bar": BAR, "holds": ratio <= BAR,
    }  # fmt: skip
