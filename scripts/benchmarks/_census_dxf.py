# SPDX-License-Identifier: GPL-2.0-or-later
"""DXF in against the bare reading of ezdxf, in one run: ``figures(folder, store, scale)`` for the census benchmark.

The sheets are those of the large demo city (tiny, or Qidong's size). Ours reads, finds the code page and takes every
entity apart into geometry, text and attributes; writing into the store is not in it.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from scripts.benchmarks.importcomponents import figure
from scripts.demo_city.dxf_sheets import SYMBOLS, write_sheets
from scripts.demo_city.large import write_large_city
from scripts.demo_city.sizes import SIZES

BAR = 1.5  # times ezdxf's own reading, at most
_ROUNDS = 3
_SEED = 2014


def figures(folder: Path, store: Path, scale: str) -> list[dict[str, Any]]:
    """Read every sheet both ways, in turn, and compare; ``store`` is not used.

    Returns
    -------
    list of dict
        As ``importcomponents.figure`` makes them; the best of three rounds each.
    """
    import ezdxf

    from digital_citymgmt_plugin.storage.dxf import read_drawing

    size = SIZES["qidong" if scale in ("qidong", "qingdao") else "tiny"]
    write_large_city(size, folder / "city", _SEED)
    drawn = write_sheets(folder / "city" / "base_map.gpkg", folder / "dxf", 2)
    paths = sorted(str(path) for path in (folder / "dxf").rglob("*.dxf"))
    read_drawing(paths[0])  # what is imported late is imported now
    bare, ours, symbols = [], [], 0
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        for path in paths:
            ezdxf.readfile(path)
        bare.append(time.perf_counter() - start)
        start = time.perf_counter()
        symbols = sum(_count(read_drawing(path).entities) for path in paths)
        ours.append(time.perf_counter() - start)
    ratio, large = min(ours) / min(bare), scale in ("qidong", "qingdao")
    return [
        figure(f"census: dxf, bare ezdxf on {len(paths)} sheets", min(bare), "s"),
        figure("census: dxf, ours", min(ours), "s"),
        figure("census: dxf, ours / bare ezdxf", ratio, "ratio", f"<= {BAR}", ratio <= BAR if large else None),
        figure(
            "census: dxf, component symbols lost", float(drawn["symbols"] - symbols), "rows", "= 0",
            drawn["symbols"] == symbols,
        ),
    ]  # fmt: skip


def _count(entities: dict[str, Any]) -> int:
    """Count the symbols of components: gates of walls are drawn as blocks, too."""
    return int(((entities["entity"] == "INSERT") & (entities["block"] != SYMBOLS["围墙门"].block)).sum())
