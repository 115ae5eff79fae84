# SPDX-License-Identifier: GPL-2.0-or-later
"""Words after a number: one way to write and choose their form, without QGIS.

A text holds both forms as ``{count} [change|changes]``; the number in the field before the brackets says which. A
translation into a language without such forms, as Chinese, has no brackets.
"""

from __future__ import annotations

import re
from typing import Any

_FORMS = re.compile(r"\[([^\[\]|]*)\|([^\[\]|]*)\]")
_FIELD = re.compile(r"\{(\w+)\}")


def counted(words: str, **values: Any) -> str:
    """Return a text with its values, and with the form of each word that its number asks for.

    Parameters
    ----------
    words : str
        Translated already, with ``{fields}`` and ``[one|many]``.
    **values
        By field; numbers may be written as the user writes them.
    """

    def form(found: re.Match[str]) -> str:
        before = _FIELD.findall(words[: found.start()])
        return found[1] if before and str(values.get(before[-1])) == "1" else found[2]

    return _FORMS.sub(form, words).format(**values)
