# SPDX-License-Identifier: GPL-2.0-or-later
"""Every named count as one small function of what is known of cases; their table with names is in ``counts.py``.

Source of most: the statistics collector of one vendor (``vendor``). Where the text leaves a choice, this is done here:

* A void case counts as reported, as filed when it had been filed, and as one of the three kinds of void; in nothing
  else, so that a case voided after dispatch is not owed for ever.
* The stage that the table says holds from the case's latest known time on; before that, the times alone tell.
* A parked case has the stage it had before, is not in disposal, and its clock stands still: it is not overdue.
* On time is what the source states; else the moment of disposal (of closing where none is known) against the target;
  no target is on time. An open case is overdue once the cut-off is past its target. Cases for which the source states
  timeliness but left it blank are in ``timeliness_missing`` and neither on time nor late. Seen from before its
  disposal, a case that went on later is judged by the clock alone: what was stated of it came later.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.facts import OTHERS, Bools, Known, LogFacts
from digital_citymgmt_plugin.core.cases.stages import (
    CHECK,
    CLOSED,
    COLLECTION,
    DISPATCH,
    DISPOSAL,
    FEEDBACK,
    FILING,
)

Ints = NDArray[np.int64]


def _log(known: Known) -> LogFacts:
    if known.cases.log is None:
        raise ValueError("a count of the log was asked of cases without one")
    return known.cases.log


def _public(known: Known) -> Bools:
    source = known.cases.source
    return np.zeros(len(known.cases), dtype=bool) if source is None else source == OTHERS


def _whole(values: NDArray[Any] | None, known: Known, rows: Bools) -> Ints:
    if values is None:
        return np.zeros(len(known.cases), dtype=np.int64)
    return np.where(rows, np.nan_to_num(values), 0).astype(np.int64)


# -- reporting and filing ---------------------------------------------------------------------------------------------


def reported(known: Known) -> Bools:
    """Cases reported, each once; cases disposed of by their finder are counted apart."""
    return known.there


def self_disposed(known: Known) -> Bools:
    """Cases that the reporter disposed of, without a dispatch."""
    return known.alive & _log(known).self_disposed


def reported_not_self(known: Known) -> Bools:
    """Cases reported, less those that the reporter disposed of."""
    return known.there & ~self_disposed(known)


def valid_reported(known: Known) -> Bools:
    """Reported cases past filing that were not voided."""
    return known.alive & (known.rank >= DISPATCH)


def public_valid_reported(known: Known) -> Bools:
    """Of these, cases from the public and other sources than collectors."""
    return valid_reported(known) & _public(known)


def accepted(known: Known) -> Bools:
    """Cases past acceptance, voided later or not."""
    return known.there & (np.where(known.void, known.void_rank, known.rank) >= FILING)


def to_be_checked_before_filing(known: Known) -> Bools:
    """Cases from the public and other sources than collectors."""
    return known.there & _public(known)


def checked_before_filing(known: Known) -> Bools:
    """Of these, cases with a verification."""
    return to_be_checked_before_filing(known) & (_log(known).verified_at <= known.cut_off)


def checked_before_filing_on_time(known: Known) -> Bools:
    """Of these, verified within the limit of working minutes (setting ``verify_minutes``)."""
    return checked_before_filing(known) & known.within("verify")


def filed(known: Known) -> Bools:
    """Cases past filing."""
    return known.there & (known.rank >= DISPATCH)


def public_filed(known: Known) -> Bools:
    """Of these, cases from the public and other sources than collectors."""
    return filed(known) & _public(known)


def filed_on_time(known: Known) -> Bools:
    """Cases whose last filing came within the limit from their acceptance (setting ``filing_minutes``)."""
    return filed(known) & known.within("filing")


def filed_accurately(known: Known) -> Bools:
    """Filed less those voided after filing."""
    return filed(known) & ~known.void


# -- dispatch and disposal --------------------------------------------------------------------------------------------


def dispatched(known: Known) -> Bools:
    """Cases past dispatch."""
    return known.alive & (known.rank >= DISPOSAL)


def dispatched_on_time(known: Known) -> Bools:
    """Cases whose last dispatch came within the limit from their filing (setting ``dispatch_minutes``)."""
    return dispatched(known) & known.within("dispatch")


def dispatched_accurately(known: Known) -> Bools:
    """Dispatched less those sent back for rework."""
    return dispatched(known) & ~reworked(known)


def returned(known: Known) -> Bools:
    """Cases returned at least once."""
    found: Bools = return_times(known) > 0
    return found


def return_times(known: Known) -> Ints:
    """How often cases were returned."""
    return _whole(known.cases.returns, known, known.alive)


def disposed(known: Known) -> Bools:
    """Cases past disposal."""
    return known.alive & (known.rank >= FEEDBACK)


def ever_disposed(known: Known) -> Bools:
    """Cases disposed of at least once, sent back since or not."""
    return known.alive & ((_log(known).disposals > 0) | (known.rank >= FEEDBACK))


def disposed_on_time(known: Known) -> Bools:
    """Cases whose last disposal ended by the deadline moved by extensions."""
    return disposed(known) & known.on_time


def disposed_late(known: Known) -> Bools:
    """Cases whose last disposal ended past the deadline."""
    return disposed(known) & known.late


def in_disposal(known: Known) -> Bools:
    """Cases in disposal now."""
    return known.alive & known.stands(DISPOSAL) & ~known.parked


def in_disposal_on_time(known: Known) -> Bools:
    """Cases in disposal now, deadline not passed."""
    return in_disposal(known) & known.on_time


def in_disposal_late(known: Known) -> Bools:
    """Cases in disposal now, deadline passed."""
    return in_disposal(known) & known.late


def to_be_checked_after_disposal(known: Known) -> Bools:
    """Cases whose disposal was fed back, so that a check is due or done."""
    return known.alive & (known.rank >= CHECK)


def checked_after_disposal_on_time(known: Known) -> Bools:
    """Of these, checked within the limit of working minutes (setting ``check_minutes``)."""
    return to_be_checked_after_disposal(known) & ~np.isnat(known.at("checked_at")) & known.within("check")


# -- closing: 应结案 in its known definitions -------------------------------------------------------------------


def to_be_closed(known: Known) -> Bools:
    """Cases disposed, and cases still in disposal after their deadline."""
    return disposed(known) | in_disposal_late(known)


def to_be_closed_not_parked(known: Known) -> Bools:
    """To be closed less the cases parked now."""
    return to_be_closed(known) & ~known.parked


def to_be_closed_by_target(known: Known) -> Bools:
    """Cases closed, and filed cases whose deadline has passed, parked ones left out."""
    return closed(known) | (filed(known) & ~known.void & known.late & ~known.parked)


def to_be_closed_handled(known: Known) -> Bools:
    """Cases disposed of alone: what is late and not yet disposed of is not owed."""
    return disposed(known)


def to_be_closed_filed(known: Known) -> Bools:
    """All cases filed and not voided."""
    return filed_accurately(known)


def closed(known: Known) -> Bools:
    """Cases closed."""
    return known.alive & known.stands(CLOSED)


def closed_on_time(known: Known) -> Bools:
    """Cases closed that were disposed on time: disposal counts, not closing."""
    return closed(known) & known.on_time


def closed_late(known: Known) -> Bools:
    """Cases closed that were disposed late."""
    return closed(known) & known.late


# -- rework, extension, parking ---------------------------------------------------------------------------------------


def reworked(known: Known) -> Bools:
    """Cases sent back for rework at least once."""
    return known.alive & (known.cases.reworks > 0)


def rework_times(known: Known) -> Ints:
    """How often cases were sent back for rework."""
    return _whole(known.cases.reworks, known, reworked(known))


def reworked_same_department(known: Known) -> Bools:
    """Cases that one department disposed of again after they were sent back or dispatched again."""
    return known.alive & (_log(known).cycles > 0)


def rework_cycles(known: Known) -> Ints:
    """How often one department disposed of a case again after it was sent back or dispatched again."""
    return _whole(_log(known).cycles, known, known.alive)


def extended(known: Known) -> Bools:
    """Cases with an extension in force that the disposing department asked for."""
    return known.alive & (known.cases.extensions > 0)


def extension_times(known: Known) -> Ints:
    """How many extensions are in force."""
    return _whole(known.cases.extensions, known, known.alive)


def extension_hours(known: Known) -> Ints:
    """Hours of these extensions on the clock of their unit, each case rounded; of none without an amount."""
    return _whole(np.rint(_log(known).extension_hours), known, known.alive)


def overtime_times(known: Known) -> Ints:
    """Hundredths of (time used less limit) / limit of cases closed late; each case rounded to two decimals."""
    used, limit = known.cases.minutes.get("used"), known.cases.minutes.get("limit")
    if used is None or limit is None:
        return np.zeros(len(known.cases), dtype=np.int64)
    rows = closed_late(known) & np.isfinite(used) & (limit > 0)
    share = np.zeros(len(known.cases))
    share[rows] = (used[rows].astype(np.float64) - limit[rows]) / limit[rows]
    hundredths: Ints = np.rint(np.maximum(share, 0) * 100).astype(np.int64)
    return hundredths


def parked(known: Known) -> Bools:
    """Cases parked now."""
    return known.parked


def ever_parked(known: Known) -> Bools:
    """Cases that were ever parked."""
    return known.alive & (_log(known).ever_parked | known.parked)


# -- void, and the rest -----------------------------------------------------------------------------------------------


def not_accepted(known: Known) -> Bools:
    """Cases voided at acceptance."""
    early: Bools = known.void_rank <= COLLECTION
    return known.void & early


def not_filed(known: Known) -> Bools:
    """Cases voided at filing."""
    here: Bools = known.void_rank == FILING
    return known.void & here


def voided(known: Known) -> Bools:
    """Cases voided at any other stage."""
    return known.void & (known.void_rank > FILING)


def pending(known: Known) -> Bools:
    """Cases reported, neither closed nor voided."""
    return known.alive & ~closed(known)


def on_time(known: Known) -> Bools:
    """Cases not voided that were disposed of (open ones: are at the cut-off) within the target, or without one."""
    return known.alive & known.on_time


def overdue(known: Known) -> Bools:
    """Cases not voided that were disposed of (open ones: are at the cut-off) past the target."""
    return known.alive & known.late


def timeliness_missing(known: Known) -> Bools:
    """The source states timeliness, but not for these cases."""
    return known.alive & known.missing


def exempt(known: Known) -> Bools:
    """Cases of which an appeal was granted."""
    return known.alive & _log(known).exempt
