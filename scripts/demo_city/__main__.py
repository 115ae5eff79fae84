# SPDX-License-Identifier: GPL-2.0-or-later
"""Write a demo city: ``python -m scripts.demo_city --out DIR [--size demo|qidong|qingdao] [--seed 2014] …``."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from scripts.demo_city.config import SCALES
from scripts.demo_city.sizes import SIZES


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.demo_city", description="Write a demo city.")
    parser.add_argument("--out", type=Path, required=True, help="folder; it is made, its files are replaced")
    parser.add_argument("--seed", type=int, default=2014)
    parser.add_argument("--size", choices=["demo", *SIZES], default="demo", help="demo is the small city of --scale")
    parser.add_argument("--scale", choices=sorted(SCALES), default="small")
    parser.add_argument("--communities", nargs="+", metavar="CODE", help="write these communities only (size demo)")
    parser.add_argument("--dxf", action="store_true", help="also the base map as 1:1000 sheets in DXF, in OUT/dxf")
    options = parser.parse_args(arguments)
    if options.size != "demo" and options.communities:
        parser.error("--communities goes with --size demo only")
    start = time.perf_counter()
    text = _demo(options) if options.size == "demo" else _large(options)
    if options.dxf:
        from scripts.demo_city.dxf_sheets import write_sheets

        counts = write_sheets(options.out / "base_map.gpkg", options.out / "dxf", 2)
        text += ", DXF: " + ", ".join(f"{count} {name}" for name, count in counts.items())
    print(f"{options.out}: {text}, {time.perf_counter() - start:.1f} s")
    return 0


def _demo(options: argparse.Namespace) -> str:
    from scripts.demo_city.city import build_city, cut
    from scripts.demo_city.write import write_city

    city = build_city(SCALES[options.scale], options.seed)
    if options.communities:
        city = cut(city, options.communities)
    paths = write_city(city, options.out)
    size = sum(path.stat().st_size for path in paths)
    return (
        f"{len(city.areas.code)} communities, {len(city.base.buildings.geometry)} buildings, "
        f"{len(city.components.geometry)} components of {len(set(city.components.code))} classes, "
        f"{len(city.cases.truth['case_no'])} cases, {len(city.cases.events['序号'])} log rows; "
        f"{len(paths)} files, {size / 1e6:.2f} MB"
    )


def _large(options: argparse.Namespace) -> str:
    from scripts.demo_city.large import write_large_city

    rows = write_large_city(SIZES[options.size], options.out, options.seed)
    return ", ".join(f"{count} {name.rpartition('|')[2]}" for name, count in sorted(rows.items()))


if __name__ == "__main__":
    raise SystemExit(main())
