# SPDX-License-Identifier: GPL-2.0-or-later
"""Photos of a folder matched to components and copied into the city's folder; what finds no other half is listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.cases.times import zone_of
from digital_citymgmt_plugin.core.census import TABLES
from digital_citymgmt_plugin.core.census import photo_match as match
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Action, Context, PhotoKeeper, Sheet, Store
from digital_citymgmt_plugin.core.requests import ImportPhotos
from digital_citymgmt_plugin.services.intake import base_name, objects
from digital_citymgmt_plugin.services.photo_rows import Components, Photo, read_components

_GONE = "移除"  # a component that is no more needs no photo
_WHY = {-1: "photos.no_component", -2: "photos.two_near", -3: "photos.several"}
_TOLD = 1_000  # orphans of each kind in the answer; the workbook has all
_PHOTO = ("object_uuid", "path", "sha256", "taken_at", "lon", "lat", "source_name", "bytes", "width", "height", "look",
          "matched_by")  # fmt: skip


def import_photos(context: Context, request: ImportPhotos) -> dict[str, Any]:
    """Match photos by file name (listed name, code, source id), else by the place in their EXIF, and copy them.

    Photos are copied as ``<code>_<n>`` into the folder ``<store>_photos`` beside the store, checked by SHA-256, all or
    none of them. A photo that a component has already is not taken twice; the same photo twice in the folder is taken
    once. The photo count of a component is never below the number of its photos.

    Returns
    -------
    dict
        Counts ``photos`` = ``by_name`` + ``by_code`` + ``by_source`` + ``by_place`` + ``photo_unchanged`` +
        ``photo_twice`` + ``photo_orphans`` + ``photo_unreadable``; ``component_orphans`` (of these
        ``photos_listed_missing``: a listed photo is not there). ``photo_orphans`` and ``component_orphans`` list at
        most 1,000 each; ``output`` has all.

    Raises
    ------
    InputRefused
        ``photos.no_folder``, ``photos.none``, ``photos.too_many``, ``output.failed``.
    """
    store = context.need_store()
    if not 0 <= request.tolerance <= 1_000:
        raise InputRefused("request.parameters", method=request.method, field="tolerance")
    components = read_components(context, store, request.field)
    found, lost = _read(context, request.folder)
    _match(context, store, request, components, found)
    counts, orphans = _sort(store, components, found)
    counts["photo_unreadable"] = len(lost)
    orphans += [(path, code, values) for path, code, values in lost]
    result: dict[str, Any] = {"operation": None, "tables": [], "notes": [], "output": request.output}
    keeper = context.files.photo_folder()
    good = False
    taken = [photo for photo in found if photo.name == "take"]
    try:
        if taken:
            with store.action("import_photos", folder=base_name(request.folder)) as action:
                _write(context, store, action, keeper, components, taken)
                context.cancel.check()
                action.counts.update(counts)
                result["operation"] = action.operation_uuid
                if not context.preview:
                    keeper.keep()
        good = True
    finally:
        keeper.close(good=good)
    lacking = _lacking(store, keeper, components, taken)
    counts["component_orphans"] = len(lacking)
    counts["photos_listed_missing"] = sum(reason == "photos.listed_missing" for *_, reason in lacking)
    result["counts"] = {"photos": len(found) + len(lost), **counts}
    result["reasons"] = dict(Counter(code for _, code, _ in orphans))
    result["photo_orphans"] = [[path, code] for path, code, _ in orphans[:_TOLD]]
    result["component_orphans"] = [list(row) for row in lacking[:_TOLD]]
    if result["operation"]:
        result["tables"] = ["photo", *TABLES, "component_change"]
    result["files_wait"] = bool(taken) and context.preview  # rows alone must not be kept: their files are not there
    if request.output and not context.preview:
        _write_orphans(context, request.output, orphans, lacking)
    return result


def _read(context: Context, folder: str) -> tuple[list[Photo], list[tuple[str, str, dict[str, Any]]]]:
    listed = list(context.files.photos_in(folder))
    if not listed:
        raise InputRefused("photos.none", folder=folder)
    found, lost = [], []
    for at, (path, _) in enumerate(listed):
        context.cancel.check()
        context.progress(0.6 * at / len(listed), "progress.looking", file=path.replace("\\", "/").rsplit("/", 1)[-1])
        try:
            found.append(Photo(path, context.files.read_photo(path)))
        except InputRefused as error:
            lost.append((path, error.code, dict(error.values)))
    return found, lost


def _match(context: Context, store: Store, request: ImportPhotos, components: Components, found: list[Photo]) -> None:
    known = components.known()
    for photo in found:
        hit = match.match_name(photo.path, known)
        if hit is not None:
            photo.row, photo.by = hit
        elif match.is_ambiguous(photo.path, known):
            photo.row = -3
    open_ones = [photo for photo in found if photo.row < 0 and photo.facts.lon is not None]
    if not open_ones or request.tolerance <= 0 or not components.fid:
        return
    given = np.array([shapely.Point(photo.facts.lon, photo.facts.lat) for photo in open_ones], dtype=object)
    moved = context.projections.transform(given, "EPSG:4326", store.meta()["crs"])
    places = np.array([(p.x, p.y) if p is not None and not p.is_empty else (np.nan, np.nan) for p in moved])
    there = np.concatenate(components.places).astype(float)
    gone = np.array([state == _GONE for state in components.state])
    there[gone] = np.nan
    for photo, row in zip(open_ones, match.nearest(places, there, request.tolerance)):
        if row != -1:  # a name that several bear is told as such when the place says nothing
            photo.row, photo.by = row, "place" if row >= 0 else ""


def _sort(
    store: Store, components: Components, found: list[Photo]
) -> tuple[dict[str, int], list[tuple[str, str, dict[str, Any]]]]:
    """Tell new photos from those that are there, twice or nobody's; marks what is to be taken."""
    held = store.read("photo", ["object_uuid", "sha256"])
    there = set(zip(held["object_uuid"].tolist(), held["sha256"].tolist()))
    counts = dict.fromkeys(
        ("by_name", "by_code", "by_source", "by_place", "photo_unchanged", "photo_twice", "photo_orphans"), 0
    )
    orphans: list[tuple[str, str, dict[str, Any]]] = []
    seen: dict[str, int] = {}
    for photo in found:
        if photo.row < 0:
            counts["photo_orphans"] += 1
            orphans.append((photo.path, _WHY[photo.row], {}))
        elif (components.uuid[photo.row], photo.facts.sha256) in there:
            counts["photo_unchanged"] += 1
            seen.setdefault(photo.facts.sha256, photo.row)
        elif photo.facts.sha256 in seen:
            counts["photo_twice"] += 1
            orphans.append((photo.path, "photos.twice", {}))
        else:
            seen[photo.facts.sha256] = photo.row
            counts[f"by_{photo.by}"] += 1
            photo.name = "take"
    return counts, orphans


def _write(
    context: Context, store: Store, action: Action, keeper: PhotoKeeper, components: Components, taken: list[Photo]
) -> None:
    zone = zone_of(store.meta().get("time_zone") or "Asia/Shanghai")
    latest = context.clock() + timedelta(days=1)
    names = set(store.read("photo", ["path"])["path"].tolist())
    rows: list[tuple[Any, ...]] = []
    for at, photo in enumerate(taken):
        context.cancel.check()
        context.progress(0.6 + 0.35 * at / len(taken), "progress.saving")
        facts = photo.facts
        base = match.folder_name(components.code[photo.row], components.uuid[photo.row])
        photo.name = keeper.name_for(base, facts.ending, facts.sha256, names)
        names.add(photo.name)
        if not context.preview:
            keeper.take(photo.path, photo.name, facts.sha256)
        source = photo.path.replace("\\", "/").rsplit("/", 1)[-1]
        by = "name" if photo.by == "source" else photo.by
        rows.append(
            (
                components.uuid[photo.row], photo.name, facts.sha256, _utc(facts.taken, zone, latest), facts.lon,
                facts.lat, source, facts.bytes, facts.width, facts.height, facts.look, by,
            )
        )  # fmt: skip
    action.insert("photo", {name: objects(values) for name, values in zip(_PHOTO, zip(*rows))})
    held = Counter(store.read("photo", ["object_uuid"])["object_uuid"].tolist())
    for table in TABLES:
        touched = sorted({photo.row for photo in taken if components.table[photo.row] == table})
        wanted = [(row, max(components.count[row], held[components.uuid[row]])) for row in touched]
        changed = [(components.fid[row], count) for row, count in wanted if count != components.count[row]]
        if changed:
            fids = np.array([fid for fid, _ in changed], dtype=np.int64)
            action.update(table, fids, {"photo_count": objects(count for _, count in changed)})


def _utc(taken: str | None, zone: Any, latest: datetime) -> str | None:
    """Return a camera's clock, which is the city's, in UTC; None for a moment that is still to come."""
    if taken is None:
        return None
    moment = datetime.fromisoformat(taken).replace(tzinfo=zone).astimezone(timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z") if moment <= latest else None


def _lacking(
    store: Store, keeper: PhotoKeeper, components: Components, taken: list[Photo]
) -> list[tuple[str, Any, str, str, int, str]]:
    """List components whose listed photo is not there, or that count photos and have none: the second kind of orphans.

    Each as table, code, uuid, listed names, count, reason.
    """
    held = store.read("photo", ["object_uuid", "path", "source_name"])
    names: dict[str, set[str]] = {}
    for uuid, source in zip(held["object_uuid"].tolist(), held["source_name"].tolist()):
        names.setdefault(str(uuid), set()).add(match.plain_name(str(source or "")))
    for photo in taken:  # a preview has thrown their rows away
        names.setdefault(components.uuid[photo.row], set()).add(match.plain_name(photo.path))
    new = {photo.name for photo in taken}  # their files are there, or come when a preview is confirmed
    pairs = zip(held["path"].tolist(), held["object_uuid"].tolist())
    files = {path: uuid for path, uuid in pairs if path not in new}
    gone = {str(files[name]) for name in keeper.missing([str(path) for path in files])}
    result = []
    for row, uuid in enumerate(components.uuid):
        if components.state[row] == _GONE:
            continue
        has = names.get(uuid, set())
        listed = [name for name in components.listed.get(row, ()) if name not in has]
        reason = "photos.listed_missing" if listed else "photos.file_missing" if uuid in gone else ""
        if not reason and components.count[row] > 0 and not has:
            reason = "photos.counted_none"
        if reason:
            code, count = components.code[row], components.count[row]
            result.append((components.table[row], code, uuid, ", ".join(listed), count, reason))
    return result


def _write_orphans(
    context: Context,
    path: str,
    orphans: Iterable[tuple[str, str, dict[str, Any]]],
    lacking: Iterable[tuple[str, Any, str, str, int, str]],
) -> None:
    words = context.sentences or {}

    def say(code: str, values: dict[str, Any]) -> str:
        text = words.get(code, code)
        for name, value in values.items():
            text = text.replace("{" + name + "}", str(value))
        return text

    sheets = [
        Sheet("photos", ("photo", "reason", "sentence"), ([file, code, say(code, v)] for file, code, v in orphans)),
        Sheet(
            "components", ("table", "code", "uuid", "listed", "photo_count", "reason", "sentence"),
            ([*row, say(row[-1], {})] for row in lacking),
        ),
    ]  # fmt: skip
    context.files.write_workbook(path, sheets)
