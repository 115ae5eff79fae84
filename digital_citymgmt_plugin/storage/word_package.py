# SPDX-License-Identifier: GPL-2.0-or-later
"""A foreign Word file looked through before anything opens it: what a reader would run, load or follow is refused.

The parts are parsed, not searched: what is written with character references is seen as Word sees it.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from digital_citymgmt_plugin.core.errors import InputRefused

MOST_FILE, MOST_PART, MOST_ALL, MOST_MEMBERS = 20 << 20, 8 << 20, 100 << 20, 2_000  # bytes
FIELDS = frozenset(
    ("PAGE", "NUMPAGES", "SECTIONPAGES", "SECTION", "DATE", "TIME", "TOC", "REF", "PAGEREF", "SEQ", "STYLEREF")
)
_BRACES = re.compile(r"\{[{%#]")
# What docxtpl would make markup of by searching through the text, and pieces of markup as values.
_DOCXTPL = re.compile(r"\{[%{]\s*(?:[prt][cr]?\s+)?(vm|hm|colspan|cellbg)\b|\{\{(r|p|tr|tc)\s")
_KINDS = ("vbaproject", "vbadata", "activex", "oleobject", "embeddings/", "attachedtoolbars", "afchunk")
_ELEMENTS = frozenset(("altChunk", "object", "control", "subDoc", "OLEObject", "mailMerge", "attachedTemplate"))


def checked(path: str) -> bytes:
    """Return a file's bytes after a look at all that is in it.

    Raises
    ------
    InputRefused
        ``template.unreadable``, ``template.large``, ``template.hostile``.
    """
    if Path(path).suffix.lower() != ".docx":
        raise InputRefused("template.unreadable", file=path, detail=Path(path).suffix or "?")
    try:
        if Path(path).stat().st_size > MOST_FILE:
            raise InputRefused("template.large", file=path)
        data = Path(path).read_bytes()
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_members(path, archive)
    except InputRefused:
        raise
    except OSError as error:
        raise InputRefused("template.unreadable", file=path, detail=error.strerror or f"{error}") from error
    except Exception as error:  # zipfile and its decoders raise what they like on a damaged file
        detail = f"{type(error).__name__}: {error}"[:200]
        raise InputRefused("template.unreadable", file=path, detail=detail) from error
    return data


def _check_members(path: str, archive: zipfile.ZipFile) -> None:
    facts = archive.infolist()
    names = [one.filename.lower() for one in facts]
    if len(facts) > MOST_MEMBERS or sum(one.file_size for one in facts) > MOST_ALL:
        raise InputRefused("template.large", file=path)
    if len(set(names)) < len(names):  # two of a name: one may be looked at, the other one filled
        raise InputRefused("template.hostile", file=path, what="zip")
    for one, name in zip(facts, names):
        if any(kind in name for kind in _KINDS):
            raise InputRefused("template.hostile", file=path, what=one.filename[:120])
        if not name.endswith((".xml", ".rels")):
            continue
        if one.file_size > MOST_PART:
            raise InputRefused("template.large", file=path)
        with archive.open(one) as stream:  # what the entry says of its size may be untrue
            data = stream.read(MOST_PART + 1)
        if len(data) > MOST_PART:
            raise InputRefused("template.large", file=path)
        for what in _faults(name, data):
            raise InputRefused("template.hostile", file=path, what=f"{one.filename[:120]}: {what[:80]}")


def _faults(name: str, data: bytes) -> Iterator[str]:
    """Yield what a part of a template must not have."""
    text = data.decode("utf-8-sig", "replace")
    head = re.match(r"\s*<\?xml[^>]*encoding\s*=\s*[\"']([^\"']+)", text)
    if "\ufffd" in text or (head and head[1].lower() not in ("utf-8", "us-ascii")):
        yield "encoding"
        return
    # No entities, and nothing that a parser leaves out.
    if re.search(r"<!\s*(DOCTYPE|ENTITY|\[CDATA)|<!--|<\?(?!xml\s)", text, re.IGNORECASE):
        yield "DOCTYPE, comment"
        return
    root = ElementTree.fromstring(data)  # noqa: S314  (no entities: see above)
    if name.endswith(".rels"):
        yield from _links(root)
    elif name.startswith(("word/", "docprops/")):
        for element in root.iter():
            if _local(element.tag) in _ELEMENTS:
                yield _local(element.tag)
            if any(_BRACES.search(value) for value in element.attrib.values()):
                yield "{{ … }} in markup"
        yield from (f"field {one}" for one in _fields(root) if one.upper() not in FIELDS)
        found = _DOCXTPL.search("".join(root.itertext()))
        if found:
            yield found[0]


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _links(root: ElementTree.Element) -> Iterator[str]:
    """Yield links that lead out of the file, but for those that a reader clicks on."""
    for element in root.iter():
        facts = {_local(key).lower(): value for key, value in element.attrib.items()}
        if facts.get("targetmode", "").strip().lower() == "external" and not facts.get("type", "").endswith(
            "/hyperlink"
        ):
            yield facts.get("target", "External")


def _fields(root: ElementTree.Element) -> Iterator[str]:
    """Yield the first word of each field of a part; its code may be cut into many runs."""
    code: list[str] = []
    for element in root.iter():
        name = _local(element.tag)
        if name in ("instrText", "delInstrText"):
            code.append(element.text or "")
        elif name == "fldChar" and code:
            yield _first("".join(code))
            code = []
        elif name == "fldSimple":
            yield from (_first(value) for key, value in element.attrib.items() if _local(key) == "instr")
    if code:
        yield _first("".join(code))


def _first(code: str) -> str:
    return (code.split() or ["?"])[0]
