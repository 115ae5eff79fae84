# SPDX-License-Identifier: GPL-2.0-or-later
"""A redraw done again on the grids as somebody else left them."""

from __future__ import annotations

from copy import copy
from typing import Any

from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.core.requests_redraw import RebaseRedraw
from digital_citymgmt_plugin.services.redraw.communities import know_communities
from digital_citymgmt_plugin.services.redraw.opening import told
from digital_citymgmt_plugin.services.redraw.replaying import replay
from digital_citymgmt_plugin.services.redraw.session import keep
from digital_citymgmt_plugin.services.redraw.watching import need_session, stand_anew


def rebase_redraw(context: Context, request: RebaseRedraw) -> dict[str, Any]:
    """Do the edits of a session again on the present grids; answers as ``open_redraw`` does.

    An edit that no longer fits is left out and listed in ``conflicts`` with the sentence that refuses it. Edits that
    had been taken back are gone. When the user stops it, the session is as it was before.

    Raises
    ------
    InputRefused
        ``redraw.no_session``; ``redraw.no_grids``.
    """
    store, before = context.need_store(), need_session(context, request.session)
    entries = before.entries()
    session = copy(before)  # whose cells, steps and names are made anew
    stand_anew(session, store)
    know_communities(session, store, entries)
    result = replay(session, entries, context.cancel.check)
    answer = {**told(context, session), **result}
    answer["counts"].update(conflicts=len(result["conflicts"]), edits=result["steps"])
    context.cancel.check()
    keep(store, session)
    return answer
