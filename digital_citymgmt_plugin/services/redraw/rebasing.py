# SPDX-License-Identifier: GPL-2.0-or-later
"""A redraw done again on the grids as somebody else left them."""

from __future__ import annotations

from typing import Any

from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.core.requests_redraw import RebaseRedraw
from digital_citymgmt_plugin.services.redraw.communities import know_communities
from digital_citymgmt_plugin.services.redraw.opening import told
from digital_citymgmt_plugin.services.redraw.replaying import replay
from digital_citymgmt_plugin.services.redraw.watching import need_session, stand_anew


def rebase_redraw(context: Context, request: RebaseRedraw) -> dict[str, Any]:
    """Do the edits of a session again on the present grids; answers as ``open_redraw`` does.

    An edit that no longer fits is left out and listed in ``conflicts`` with the sentence that refuses it. Edits that
    had been taken back are gone.

    Raises
    ------
    InputRefused
        ``redraw.no_session``; ``redraw.no_grids``.
    """
    session = need_session(context, request.session)
    entries = session.entries()
    stand_anew(session, context.need_store())
    know_communities(session, context.need_store(), entries)
    result = replay(session, entries)
    answer = {**told(context, session), **result}
    answer["counts"].update(conflicts=len(result["conflicts"]), edits=result["steps"])
    return answer
