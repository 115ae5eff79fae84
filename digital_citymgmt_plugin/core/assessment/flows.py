# SPDX-License-Identifier: GPL-2.0-or-later
"""By which moment a case belongs to a period: of its filing, of its report, or, in a flow, of each count's own.

A flow counts what happened in a period: cases closed in it among the closed ones, and so on. 应结案 of a flow are the
cases disposed of in it and those whose target passed in it while they were in disposal: it may be more than was filed.
"""

from __future__ import annotations

import numpy as np

from digital_citymgmt_plugin.core.assessment.counts import OWED, VOIDED
from digital_citymgmt_plugin.core.assessment.facts import NAT, Known, Moments
from digital_citymgmt_plugin.core.cases.stages import DISPATCH, FEEDBACK

NO_DAY = np.iinfo(np.int32).min  # of a case without the moment


def basis_moments(known: Known, basis: str) -> Moments:
    """Return when cases were filed (where not, reported), or when reported; else the first that is known of them."""
    moment = known.at("reported_at")
    moment = np.where(np.isnat(moment), first_at(known), moment)
    if basis != "filed":
        return moment
    filed = known.at("filed_at")
    return np.where(np.isnat(filed), moment, filed)


def first_at(known: Known) -> Moments:
    """Return the first moment known of each case."""
    result = np.full(len(known.cases), NAT)
    for name in known.cases.times:
        result = np.fmin(result, known.at(name))
    return result


def flow_moments(known: Known, name: str) -> Moments:
    """Return the moments by which a flow counts: of a step, ``OWED`` or ``VOIDED``.

    A step that a case is past and of which no moment is known has the next one that is.
    """
    if name == VOIDED:
        log = known.cases.log
        told = np.full(len(known.cases), NAT) if log is None else log.void_at
        return np.where(np.isnat(told), _last(known), told)
    if name == OWED:
        disposed = _reached(known, "disposed_at")
        return np.where(known.rank >= FEEDBACK, disposed, np.where(known.rank >= DISPATCH, known.cases.due, NAT))
    return _reached(known, name)


def _last(known: Known) -> Moments:
    result = np.full(len(known.cases), NAT)
    for name in known.cases.times:
        result = np.fmax(result, known.at(name))
    return result


def _reached(known: Known, name: str) -> Moments:
    names = list(known.cases.times)
    moment = known.at(name)
    for later in names[names.index(name) + 1 :]:
        moment = np.where(np.isnat(moment), known.at(later), moment)
    return moment
