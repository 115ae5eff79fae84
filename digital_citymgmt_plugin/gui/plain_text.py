# SPDX-License-Identifier: GPL-2.0-or-later
"""Text from files shown as it is: Qt and QGIS read what looks like HTML as HTML, and fetch the pictures it names."""

from __future__ import annotations

from html import escape


def as_html(text: str) -> str:
    """Return text for a place that shows HTML (QGIS's message bar)."""
    return escape(text, quote=False)


def as_tip(text: str) -> str:
    """Return text for a tool tip, which is HTML as soon as there is a tag in it."""
    return f"<qt>{as_html(text)}</qt>" if "<" in text else text


def as_label(text: str) -> str:
    """Return text for a button or an action, where one & makes the next letter a key."""
    return text.replace("&", "&&")
