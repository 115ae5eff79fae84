# SPDX-License-Identifier: GPL-2.0-or-later
"""Find a font with Chinese letters among those of the system, by the names of their files."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

# In the order in which they are wanted: what Windows has, then macOS, then what Linux distributions bring.
NAMES = (
    "msyh.ttc", "msyh.ttf", "Deng.ttf", "simhei.ttf", "simsun.ttc", "PingFang.ttc", "Hiragino Sans GB.ttc",
    "STHeiti Medium.ttc", "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "NotoSansSC-Regular.otf",
    "SourceHanSansCN-Regular.otf", "SourceHanSansSC-Regular.otf", "wqy-microhei.ttc", "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf", "DroidSansFallback.ttf", "NotoSerifCJK-Regular.ttc", "uming.ttc", "ukai.ttc",
)  # fmt: skip
_DEEP = 5  # folders below a font folder


def folders() -> list[Path]:
    """Return where the system keeps fonts."""
    home = Path.home()
    if sys.platform == "win32":
        return [Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts",
                home / "AppData" / "Local" / "Microsoft" / "Windows" / "Fonts"]  # fmt: skip
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts"]
    return [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".local" / "share" / "fonts",
            home / ".fonts"]  # fmt: skip


@cache
def chinese_font() -> tuple[str, int] | None:
    """Return path and place within the file (of a collection) of a font with Chinese letters; None without one."""
    wanted = {name.lower(): place for place, name in enumerate(NAMES)}
    found: dict[int, str] = {}
    for folder in folders():
        for root, inner, names in os.walk(folder):
            if len(Path(root).relative_to(folder).parts) >= _DEEP:
                inner.clear()
            for name in names:
                place = wanted.get(name.lower())
                if place is not None:
                    found.setdefault(place, str(Path(root) / name))
    for _, path in sorted(found.items()):
        place = _simplified(path)
        if place is not None:
            return path, place
    return None


def _simplified(path: str) -> int | None:
    """Return which font of a collection has the letters as they are written in China; None for a broken file."""
    from PIL import ImageFont

    first = None
    for place in range(10):
        try:
            family = str(ImageFont.truetype(path, 12, index=place).getname()[0])
        except (OSError, ValueError):
            break
        first = place if first is None else first
        if family.endswith((" SC", " CN", " GB")):
            return place
    return first


def font(size: int) -> Any:
    """Return the font in a size in pixels; None without one."""
    from PIL import ImageFont

    held = chinese_font()
    return ImageFont.truetype(held[0], size, index=held[1]) if held is not None else None
