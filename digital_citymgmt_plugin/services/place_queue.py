# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases that wait for a place, and what may be proposed for one of them; nothing is written."""

from __future__ import annotations

from typing import Any

import shapely

from digital_citymgmt_plugin.core.cases.placing import BY_HAND
from digital_citymgmt_plugin.core.cases.whereabouts import readings_of
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM, Columns, Condition, Context, Store
from digital_citymgmt_plugin.core.requests_intake import PlaceQueue, SuggestPlaces
from digital_citymgmt_plugin.services.gazetteer import gazetteer_of

KINDS = ("nowhere", "coarse", "unsure")
COLUMNS = (
    "fid", "case_no", "address", "description", "stated_area", "grid_code", "community_code", "place_method",
    "place_score",
)  # fmt: skip
_TOLD = ("address", "description", "grid_code", "community_code", GEOM)
_MOST = 1_000
_LISTED = 12  # proposals for one case


def place_queue(context: Context, request: PlaceQueue) -> dict[str, Any]:
    """List cases that wait for a place, page by page in the order of entry.

    Returns
    -------
    dict
        ``rows``: one dictionary of ``COLUMNS`` a case; ``last``: fid to go on from, None at the end; ``counts`` of all
        three kinds with the first page.

    Raises
    ------
    InputRefused
        ``place.queue`` for an unknown kind.
    """
    if request.which not in KINDS:
        raise InputRefused("place.queue", value=request.which, known=", ".join(KINDS))
    store = context.need_store()
    limit = max(1, min(request.limit, _MOST))
    wheres = {kind: _where(kind, request.below) for kind in KINDS}
    where = [*wheres[request.which], ("fid", ">", request.after)]
    rows: list[dict[str, Any]] = []
    for part in store.chunks("case_record", COLUMNS, where, size=limit):
        rows = [dict(zip(COLUMNS, row)) for row in zip(*(part[name].tolist() for name in COLUMNS))]
        break
    counted = wheres.items() if request.counts and not request.after else ()
    return {
        "rows": rows, "last": rows[-1]["fid"] if len(rows) == limit else None,
        "counts": {kind: store.count("case_record", one) for kind, one in counted},
    }  # fmt: skip


def _where(which: str, below: float) -> list[Condition]:
    if which == "unsure":
        return [(GEOM, "not null", None), ("place_score", "<", below), ("place_method", "!=", BY_HAND)]
    known = "not null" if which == "coarse" else "is null"
    return [(GEOM, "is null", None), ("community_code", known, None)]


def suggest_places(context: Context, request: SuggestPlaces) -> dict[str, Any]:
    """Return what may be meant by the address of a case or by a text.

    Returns
    -------
    dict
        ``places``: dictionaries of ``x``, ``y`` (CRS of the store), ``method``, ``score`` and ``by`` (the names that
        were found), the surest first; each with its ``distance`` in metres from where the case is, else from its unit
        grid or community (0 inside, None where nothing is known), and ``from`` says which; ``text``: what was read.
        With a case and a text the text alone is read.

    Raises
    ------
    InputRefused
        ``case.unknown``.
    """
    store = context.need_store()
    texts, community = [request.text] if request.text else [], None
    since, known = "", None
    if request.case is not None:
        row = store.read("case_record", _TOLD, [("fid", "=", int(request.case))])
        if not len(row["address"]):
            raise InputRefused("case.unknown", value=request.case)
        texts = texts or [str(row[name][0]) for name in ("address", "description") if row[name][0]]
        community = row["community_code"][0]
        since, known = _known(store, row)
    gazetteer = gazetteer_of(context)
    places: list[dict[str, Any]] = []
    for text in texts:
        for one in readings_of(gazetteer, text, community):
            spots = [one.xy] if one.xy is not None else one.several
            for x, y in spots:
                place = {"x": round(x, 3), "y": round(y, 3), "method": one.method, "score": one.score, "by": one.by}
                place["distance"] = None if known is None else round(float(known.distance(shapely.Point(x, y))), 1)
                if not any(other["x"] == place["x"] and other["y"] == place["y"] for other in places):
                    places.append(place)
    places.sort(key=lambda place: -place["score"])
    return {"places": places[:_LISTED], "from": since, "text": "\n".join(texts)}


def _known(store: Store, row: Columns) -> tuple[str, Any]:
    """Return what is known of where a case is: its place, else its unit grid or community; "" and None for nothing."""
    if row[GEOM][0] is not None:
        return "case", row[GEOM][0]
    now: dict[str, Condition] = {"unit_grid": ("status", "=", "current"), "admin_area": ("valid_to", "is null", None)}
    for since, table, column in (("grid", "unit_grid", "grid_code"), ("community", "admin_area", "community_code")):
        code = row[column][0]
        if not code:
            continue
        shapes = store.read(table, [GEOM], [("code", "=", code), now[table]])[GEOM]
        if len(shapes) and shapes[0] is not None:
            return since, shapes[0]
    return "", None
