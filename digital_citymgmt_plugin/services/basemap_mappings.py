# SPDX-License-Identifier: GPL-2.0-or-later
"""The mappings of layers that a city keeps: named, proposed for a drawing, and taken together for candidates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from digital_citymgmt_plugin.core.basemap.themes import BaseMapping, mapping_from_text
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Context, Store

KIND = "basemap"


def base_mapping(context: Context, given: str | None) -> BaseMapping:
    """Return a mapping of layers: JSON, or the name of one that the store keeps.

    Raises
    ------
    InputRefused
        ``mapping.unknown_name`` or what ``mapping_from_text`` says.
    """
    text = (given or "").strip()
    if not text or text.startswith("{"):
        return mapping_from_text(text)
    found = _kept(context.need_store())
    if text not in found:
        raise InputRefused("mapping.unknown_name", name=text, known=", ".join(sorted(found)) or "–")
    return mapping_from_text(found[text])


def candidate_mapping(context: Context, given: str | None) -> BaseMapping:
    """Return what is said of symbols: by the mapping given, else by all that the store keeps, the newest first heard.

    Without this, candidates looked for in the window would know nothing of what was said when the drawing came in, and
    open ones made with a mapping would be taken away again.
    """
    if (given or "").strip():
        return base_mapping(context, given)
    parts: dict[str, dict[str, Any]] = {"layers": {}, "blocks": {}, "codes": {}}
    for mapping in kept_mappings(context.need_store()).values():
        for part, table in parts.items():
            table.update(getattr(mapping, part))
    return BaseMapping("", **parts)


def kept_mappings(store: Store) -> dict[str, BaseMapping]:
    """Return the mappings that the store keeps, the one written last at the end; what cannot be read is left out."""
    found = {}
    for name, text in _kept(store).items():
        try:
            found[name] = mapping_from_text(text)
        except InputRefused:
            continue
    return found


def suggested_mapping(kept: dict[str, BaseMapping], unknown: Iterable[str]) -> str | None:
    """Return the kept mapping that says most of layers nobody knows, None when none says anything."""
    wanted = set(unknown)
    said = {name: len(wanted & set(mapping.layers)) for name, mapping in kept.items()}
    best = max(said, key=lambda name: said[name], default=None)
    return best if best is not None and said[best] else None


def mapping_data(mapping: BaseMapping) -> dict[str, Any]:
    """Return a mapping as the JSON that it came as, with every entry spelt out."""
    parts = {part: {key: dict(entry) for key, entry in getattr(mapping, part).items()}
             for part in ("layers", "blocks", "codes")}  # fmt: skip
    return {"name": mapping.name, **parts}


def _kept(store: Store) -> dict[str, str]:
    rows = store.read("mapping", ["name", "payload", "updated_at"], [("kind", "=", KIND)])
    found = sorted(zip(*(rows[key].tolist() for key in ("updated_at", "name", "payload"))), key=str)
    return {str(name): str(payload) for _, name, payload in found}
