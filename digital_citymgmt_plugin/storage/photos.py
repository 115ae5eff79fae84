# SPDX-License-Identifier: GPL-2.0-or-later
"""Photos of a census: what a file says of itself, and the city's photo folder. Every file is untrusted.

Files are bounded before they are decoded; a name never leads out of the city's folder, because names inside are made of
codes. A copy is checked by its digest and takes its place by renaming, so an import that breaks off leaves nothing;
what a killed one left goes when the store is opened again (``tidy``).
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import math
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from digital_citymgmt_plugin.core.census.photo_match import ENDINGS
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import PhotoFacts

MOST_BYTES = 64 << 20
MOST_PIXELS = 150_000_000  # a camera of 2026 makes 100 million at most
MOST_FILES = 500_000
_FORMATS = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png", "WEBP": ".webp"}
_LEFT = ".dcm_photos_"
_COMING = "coming.json"  # the names that an import is about to give: no photo has that ending
_WHEN = re.compile(r"(\d{4})[:\-/](\d{2})[:\-/](\d{2})[ T](\d{2}):(\d{2}):(\d{2})")
_GPS, _EXIF, _TAKEN, _TAKEN_ALSO = 0x8825, 0x8769, 0x9003, 0x0132


def photos_in(folder: str) -> Iterator[tuple[str, int]]:
    """Yield path and size of each photo under a folder, by name; links are not followed.

    Raises
    ------
    InputRefused
        ``photos.no_folder``, ``photos.too_many``, ``input.unreadable`` (a folder that may not be looked into).
    """
    if not Path(folder).is_dir():
        raise InputRefused("photos.no_folder", folder=folder)
    seen = 0

    def refuse(error: OSError) -> None:
        raise InputRefused("input.unreadable", file=error.filename or folder, detail=error.strerror or str(error))

    for base, folders, names in os.walk(folder, onerror=refuse, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(base) / name
            if not name.lower().endswith(ENDINGS) or path.is_symlink() or not path.is_file():
                continue
            seen += 1
            if seen > MOST_FILES:
                raise InputRefused("photos.too_many", folder=folder, most=MOST_FILES)
            try:
                size = path.stat().st_size
            except OSError:  # what cannot be read is told by ``read_photo``
                size = 0
            yield str(path), size


def read_photo(path: str) -> PhotoFacts:
    """Read a photo: digest, size, look, and what its EXIF says of time and place (None where it lies or is silent).

    Raises
    ------
    InputRefused
        ``photos.too_large`` (bytes or pixels), ``photos.unreadable`` (no photo, cut off), ``photos.empty``.
    """
    from PIL import Image

    name = Path(path).name
    try:
        size = Path(path).stat().st_size
        if size == 0:
            raise InputRefused("photos.empty", file=name)
        if size > MOST_BYTES:
            raise InputRefused("photos.too_large", file=name)
        digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns below its own limit, ours is lower
            with Image.open(path, formats=("JPEG", "PNG", "WEBP")) as image:
                width, height = image.size
                if width * height > MOST_PIXELS:
                    raise InputRefused("photos.too_large", file=name)
                ending = _FORMATS[str(image.format)]
                taken, place = _exif(image)
                image.draft("L", (64, 64))  # a JPEG is decoded at an eighth of its size
                look = _look(image)
    except InputRefused:
        raise
    except Image.DecompressionBombError as error:
        raise InputRefused("photos.too_large", file=name) from error
    except Exception as error:  # Pillow raises nearly anything on a broken file
        raise InputRefused("photos.unreadable", file=name, detail=f"{type(error).__name__}: {error}"[:200]) from error
    return PhotoFacts(digest, size, width, height, look, taken, *place, ending)


def _look(image: Any) -> str:
    """Return a difference hash of 64 bits as hex: which of two neighbours of an 8 × 9 picture is the brighter."""
    small = image.convert("L").resize((9, 8))
    cells = list(small.tobytes())
    bits = 0
    for row in range(8):
        for column in range(8):
            at = 9 * row + column
            bits = bits << 1 | (cells[at] > cells[at + 1])
    return f"{bits:016x}"


def _exif(image: Any) -> tuple[str | None, tuple[float | None, float | None]]:
    try:
        exif = image.getexif()
        inner = exif.get_ifd(_EXIF)
        taken = _moment(inner.get(_TAKEN) or exif.get(_TAKEN_ALSO))
        place = _place(exif.get_ifd(_GPS))
    except Exception:  # an EXIF block that cannot be read says nothing; the photo is one all the same
        return None, (None, None)
    return taken, place


def _moment(value: Any) -> str | None:
    """Return a camera's clock as ``YYYY-MM-DD HH:MM:SS`` (local, no zone), None for what is no moment."""
    import datetime

    found = _WHEN.match(value.strip()) if isinstance(value, str) and len(value) < 64 else None
    try:
        moment = datetime.datetime(*(int(part) for part in found.groups())) if found else None  # type: ignore[arg-type]
    except ValueError:
        return None
    return moment.isoformat(" ") if moment is not None and moment.year >= 1990 else None


def _place(gps: Any) -> tuple[float | None, float | None]:
    """Return longitude and latitude in degrees (WGS 84), None for what can be no place; 0, 0 is a camera without."""
    latitude, longitude = _angle(gps.get(2), gps.get(1), "S"), _angle(gps.get(4), gps.get(3), "W")
    if latitude is None or longitude is None or not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return None, None
    return (None, None) if abs(latitude) < 1e-6 and abs(longitude) < 1e-6 else (longitude, latitude)


def _angle(parts: Any, side: Any, minus: str) -> float | None:
    if not isinstance(parts, (tuple, list)) or not 1 <= len(parts) <= 3:
        return None
    numbers = [float(part) for part in parts]
    if any(not math.isfinite(part) or part < 0 for part in numbers):
        return None
    angle: float = sum(part / 60**power for power, part in enumerate(numbers))
    side = side.decode("ascii", "ignore") if isinstance(side, bytes) else str(side or "")
    return -angle if side.strip("\0 ").upper() == minus else angle


class PhotoFolder:
    """The photo folder of a city store: ``<store>_photos`` beside it. New files stand aside until ``keep``.

    Raises
    ------
    InputRefused
        ``output.failed`` where it cannot be written; nothing stays behind.
    """

    def __init__(self, store_path: str) -> None:
        store = Path(store_path)
        self.path = store.with_name(f"{store.stem}_photos")
        self._aside: Path | None = None
        self._made = False
        self._waiting: dict[str, str] = {}  # name → digest
        self._kept: list[Path] = []

    def name_for(self, base: str, ending: str, digest: str, taken: set[str]) -> str:
        """Return the next free name ``<base>_<n>``; one that is there with the same content is used again."""
        number = 1
        while True:
            stem = f"{base}_{number}"
            others = [self.path / (stem + other) for other in _FORMATS.values() if other != ending]
            free = not any(stem + other in taken for other in _FORMATS.values()) and not any(map(Path.exists, others))
            there = self.path / (stem + ending)
            if free and (not there.exists() or self._digest(there) == digest):
                return there.name
            number += 1

    def take(self, source: str, name: str, digest: str) -> None:
        """Copy a file aside under the name it is to have, and check the copy."""
        if Path(name).name != name or name.startswith("."):
            raise InputRefused("photos.bad_name", file=name)
        try:
            if self._aside is None:
                self._made = not self.path.exists()
                self.path.mkdir(exist_ok=True)
                self._aside = Path(tempfile.mkdtemp(prefix=_LEFT, dir=self.path))
            shutil.copyfile(source, self._aside / name)
            if self._digest(self._aside / name) != digest:
                raise InputRefused("photos.changed", file=Path(source).name)
            with (self._aside / name).open("rb+") as file:  # its row survives a power cut: so must it
                os.fsync(file.fileno())
        except OSError as error:
            raise InputRefused("output.failed", file=name, detail=error.strerror or str(error)) from error
        self._waiting[name] = digest

    def keep(self) -> None:
        """Move all that was taken to its place; call last inside the action.

        The names are written down before: a kill between the moving and the commit leaves files that no row names.
        """
        try:
            fresh = [name for name in self._waiting if not (self.path / name).exists()]
            if self._aside is None or not fresh:
                return
            with (self._aside / _COMING).open("w", encoding="utf-8") as file:
                json.dump(fresh, file)
                file.flush()
                os.fsync(file.fileno())
            for name in fresh:
                (self._aside / name).rename(self.path / name)
                self._kept.append(self.path / name)
        except OSError as error:
            raise InputRefused("output.failed", file=str(self.path), detail=error.strerror or str(error)) from error

    def close(self, *, good: bool) -> None:
        """Remove what stood aside; what was kept, too, unless all went well."""
        if not good:
            for path in self._kept:
                with contextlib.suppress(OSError):
                    path.unlink()
        if self._aside is not None:
            shutil.rmtree(self._aside, ignore_errors=True)
            self._aside = None
        if self._made and not good:
            with contextlib.suppress(OSError):  # not empty: someone else's files
                self.path.rmdir()
        self._made = False
        self._waiting.clear()
        self._kept.clear()

    def tidy(self, held: Callable[[], set[str]]) -> None:
        """Remove what a killed import left: its copies, and the files it had moved that no row names.

        Call when the store is opened, by the one who may write it. ``held`` names the files of all photo rows, and is
        asked only if something was left.
        """
        left = [path for path in self.path.glob(f"{_LEFT}*") if path.is_dir() and not path.is_symlink()]
        for folder in left:
            names: list[Any] = []
            with contextlib.suppress(OSError, ValueError):
                names = json.loads((folder / _COMING).read_text(encoding="utf-8"))
            known = held() if names else set()
            for name in names if isinstance(names, list) else []:
                inside = isinstance(name, str) and Path(name).name == name and name.lower().endswith(ENDINGS)
                if inside and name not in known:
                    with contextlib.suppress(OSError):
                        (self.path / name).unlink()
            shutil.rmtree(folder, ignore_errors=True)
        if left:
            with contextlib.suppress(OSError):  # made by that import, if nothing is in it
                self.path.rmdir()

    def missing(self, names: list[str]) -> list[str]:
        """Return which of these files are not in the folder."""
        try:
            there = {entry.name for entry in os.scandir(self.path)} if self.path.is_dir() else set()
        except OSError:
            there = set()
        return [name for name in names if name not in there]

    @staticmethod
    def _digest(path: Path) -> str:
        found = hashlib.sha256()
        try:
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    found.update(block)
        except OSError:
            return ""
        return found.hexdigest()


def small_photo(path: str, longest: int = 1_400) -> bytes:
    """Return a photo as a JPEG with sides of at most ``longest`` pixels, upright, without its EXIF.

    Raises
    ------
    InputRefused
        As ``read_photo``.
    """
    from PIL import Image, ImageOps

    name = Path(path).name
    try:
        if Path(path).stat().st_size > MOST_BYTES:
            raise InputRefused("photos.too_large", file=name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=("JPEG", "PNG", "WEBP")) as image:
                if image.size[0] * image.size[1] > MOST_PIXELS:
                    raise InputRefused("photos.too_large", file=name)
                image.draft("RGB", (longest, longest))
                upright = ImageOps.exif_transpose(image).convert("RGB")
                upright.thumbnail((longest, longest))
                made = io.BytesIO()
                upright.save(made, "JPEG", quality=85)
    except InputRefused:
        raise
    except Image.DecompressionBombError as error:
        raise InputRefused("photos.too_large", file=name) from error
    except Exception as error:  # Pillow raises nearly anything on a broken file
        raise InputRefused("photos.unreadable", file=name, detail=f"{type(error).__name__}: {error}"[:200]) from error
    return made.getvalue()
