# SPDX-License-Identifier: GPL-2.0-or-later
"""What somebody else did to the grids since a redraw began; what became of its own writing."""

from __future__ import annotations

from typing import Any

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.edit import Coverage
from digital_citymgmt_plugin.core.grids.figures import Rows
from digital_citymgmt_plugin.core.ports import GEOM, Context, Store
from digital_citymgmt_plugin.services.redraw.log import last_operation
from digital_citymgmt_plugin.services.redraw.session import GRIDS, Session, find, read_base, read_grids

_NAMED = 10  # codes that a sentence names


def need_session(context: Context, name: str) -> Session:
    """Return a session that stands on the grids as they are after its own edits were written.

    Whether a writing that was only looked at has been confirmed is found in the log.
    """
    store = context.need_store()
    session = find(store, name)
    if session.applied is not None:
        (operation, uuids), session.applied = session.applied, None
        if store.logged(operation) is not None:
            stand_anew(session, store, session.written(uuids))
    return session


def stand_anew(session: Session, store: Store, held: dict[str, Rows] | None = None) -> None:
    """Let a session begin again on the grids as they are now, without any edits.

    ``held``: what lies in them, where these are the cells that the session itself has written.
    """
    session.moment, session.last_operation = store.moment(), last_operation(store)
    base = read_base(store)
    coverage = Coverage(base["uuid"].tolist(), base[GEOM], base["community_code"].tolist())
    session.restart(base, coverage, held)


def changes(session: Session, store: Store) -> dict[str, Any] | None:
    """Return what somebody changed of the grids since they were read: the values of ``redraw.changed``, or None."""
    moment = store.moment()
    if moment == session.moment:
        return None
    now = read_grids(store, GRIDS)
    before, after = (set(zip(*(columns[name].tolist() for name in GRIDS))) for columns in (session.base, now))
    if before == after:
        session.moment = moment
        return None
    codes = sorted({str(row[2]) for row in before ^ after})
    where = [("fid", ">", session.last_operation)]
    found = store.read("operation", ["uuid", "kind", "at", "done_by"], where, ["fid"])
    told: dict[str, Any] = {"done_by": "?", "at": "?", "kind": "?"}
    for row in reversed(range(len(found["uuid"]))):
        if any(True for _ in store.written(found["uuid"][row], ("unit_grid",))):
            told = {name: found[name][row] or "?" for name in ("done_by", "at", "kind")}
            break
    names = ", ".join(codes[:_NAMED]) + (" …" if len(codes) > _NAMED else "")
    return {"count": len(codes), "codes": names, **told}


def refuse_changes(session: Session, store: Store) -> None:
    """Refuse to write over what somebody else did.

    Raises
    ------
    InputRefused
        ``redraw.changed``: which grids, by whom, when.
    """
    found = changes(session, store)
    if found is not None:
        raise InputRefused("redraw.changed", **found)
