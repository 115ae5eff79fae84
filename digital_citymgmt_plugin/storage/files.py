# SPDX-License-Identifier: GPL-2.0-or-later
"""The port ``Files``: which module reads or writes which file. Everything from outside is untrusted."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from digital_citymgmt_plugin.core.assessment.brief import Brief
from digital_citymgmt_plugin.core.assessment.evaluation import Evaluation
from digital_citymgmt_plugin.core.basemap.drawing import Drawing
from digital_citymgmt_plugin.core.basemap.themes import Cass
from digital_citymgmt_plugin.core.cases.slips import Sheet as Slip
from digital_citymgmt_plugin.core.census.check_pack import Rule
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.keepers import EvidenceKeeper
from digital_citymgmt_plugin.core.platform_profile import Platform
from digital_citymgmt_plugin.core.ports import Buckets, Columns, PhotoFacts, PhotoKeeper, RejectList, Sheet, Source
from digital_citymgmt_plugin.core.profile import Profile
from digital_citymgmt_plugin.core.same_file import beside
from digital_citymgmt_plugin.storage import (
    assessment_book,
    brief_files,
    buckets,
    documents,
    drawing_files,
    dxf,
    evidence,
    formats,
    gpx,
    handover,
    photos,
    platform_out,
    profile_workbook,
    profile_write,
    profiles,
    score_schemes,
    tables,
    vector_out,
    vectors,
    word,
    word_template,
    workbooks,
)
from digital_citymgmt_plugin.storage.whole_texts import WholeTexts


class CityFiles:
    """Files in and out.

    Parameters
    ----------
    store_path : str, optional
        The city store that this process holds open; it is never opened here a second time, since closing a second
        handle drops the process's locks on it (design decision 1). May be set later.

    Notes
    -----
    ``notes`` holds what the last writing has to say (code and values); a source has ``notes`` of its own.
    """

    def __init__(self, store_path: str | None = None) -> None:
        self.store_path = store_path
        self.notes: list[tuple[str, dict[str, Any]]] = []

    def _not_the_store(self, path: str) -> None:
        store = Path(self.store_path) if self.store_path else None
        if store is not None and store.exists() and Path(path).exists() and store.samefile(path):
            raise InputRefused("input.is_store", file=path)

    def layers(self, path: str) -> tuple[str, ...]:
        """Name the layers or sheets of a file; a text table has one, named as the file."""
        path, _ = formats.split_uri(path, None)
        self._not_the_store(path)
        kind = formats.check_file(path)
        if kind in formats.TEXT:
            return (tables.stem_of(path),)
        if kind == formats.GPX:
            return gpx.LAYERS
        return workbooks.sheets(path) if kind in formats.BOOK else vectors.layers(path)

    def open_source(self, path: str, *, layer: str | None = None, encoding: str | None = None) -> Source:
        """Open a vector layer or a table.

        ``path`` may be written as QGIS does (``file.gpkg|layername=x``). ``layer`` may be left out when the file holds
        one. ``encoding`` overrides what is found by evidence, and is refused when the bytes say otherwise.

        Raises
        ------
        InputRefused
            see ``storage/formats.py``, ``tables.py``, ``workbooks.py`` and ``vectors.py``.
        """
        path, layer = formats.split_uri(path, layer or None)
        self._not_the_store(path)
        kind = formats.check_file(path)
        source: Source
        if kind in formats.TEXT:
            source = tables.CsvSource(path, layer, encoding)
        elif kind == formats.GPX:
            source = gpx.GpxSource(path, layer)
        elif kind in formats.BOOK:
            source = workbooks.XlsxSource(path, layer)
        else:
            source = vectors.VectorSource(path, kind, layer, encoding)
        return WholeTexts(source, path)

    def beside(self, path: str, tail: str, suffix: str = "") -> str:
        """Return the name of a file that is written beside another.

        A file of that name that nobody named is written over only with the one it stands beside.

        Raises
        ------
        InputRefused
            ``output.beside``.
        """
        found = Path(beside(path, tail, suffix))
        if found.is_file() and not Path(path).exists():
            raise InputRefused("output.beside", file=str(found), other=path)
        return str(found)

    def read_drawing(self, path: str, encoding: str | None = None) -> Drawing:
        """Read a DXF; see ``dxf.read_drawing``."""
        self._not_the_store(path)
        return dxf.read_drawing(path, encoding)

    def drawing_files(self, path: str) -> tuple[list[str], list[str]]:
        """List what a folder holds of the base map but the open store itself; see ``drawing_files.find``."""
        if Path(path).is_file():
            self._not_the_store(path)
        found, closed = drawing_files.find(path)
        # To open the store a second time, even for its digest, would drop this process's locks on it.
        store = Path(self.store_path) if self.store_path else None
        if store is not None and store.exists():
            found = [one for one in found if not store.samefile(one)]
        if not found and not closed:
            raise InputRefused("basemap.folder_empty", file=path)
        return found, closed

    def digest(self, path: str) -> str:
        """Return the SHA-256 of a file; see ``drawing_files.digest``."""
        self._not_the_store(path)
        return drawing_files.digest(path)

    def cass(self) -> Cass:
        """Return the tables of CASS; see ``profiles.cass_tables``."""
        return profiles.cass_tables()

    def rejects(self, path: str | None, fields: Sequence[str], sentences: Mapping[str, str]) -> RejectList:
        """Start a reject list; headings from ``rejects.row``, ``rejects.reason``, ``rejects.sentence`` when given."""
        if path is not None:
            self._not_the_store(path)
        return documents.Rejects(path, fields, sentences)

    def write_layer(
        self,
        path: str,
        layer: str,
        columns: Columns,
        crs: str | None,
        geometry: str | None,
        *,
        spatial_index: bool = True,
    ) -> None:
        """Write a new layer or table; see ``vector_out.write_layer``."""
        self._not_the_store(path)
        self.notes = vector_out.write_layer(path, layer, columns, crs, geometry, spatial_index=spatial_index)

    def write_layers(
        self, path: str, layers: Mapping[str, Columns], crs: str | None, geometries: Mapping[str, str]
    ) -> None:
        """Write a GeoPackage of several layers; see ``vector_out.write_layers``."""
        self._not_the_store(path)
        vector_out.write_layers(path, layers, crs, geometries)

    def read_profile(self, path: str) -> Profile:
        """Read a city profile; see ``profile_workbook.read_profile``."""
        self._not_the_store(path)
        return profile_workbook.read_profile(path)

    def write_profile(self, path: str, profile: Profile) -> None:
        """Write a city profile as a workbook; see ``profile_write.write_profile_workbook``."""
        self._not_the_store(path)
        profile_write.write_profile_workbook(profile, path)

    def mistaken_schemes(self) -> dict[str, Any]:
        """Return public schemes with their mistakes; see ``score_schemes``."""
        return score_schemes.mistaken_scores()

    def builtin_profile(self, edition: str) -> Profile:
        """Return a built-in profile; see ``profiles.builtin_profile``."""
        return profiles.builtin_profile(edition)

    def platforms(self, path: str | None = None) -> list[Platform]:
        """Return the profiles of platforms; see ``platform_out.platforms``."""
        if path:
            self._not_the_store(path)
        return platform_out.platforms(path)

    def write_platform_file(self, path: str, platform: Platform, columns: Columns, crs: str) -> None:
        """Write unit grids as a platform wants them; see ``platform_out``."""
        platform_out.write_platform_file(path, platform, columns, crs)

    def check_rules(self) -> list[Rule]:
        """Return the rule pack of the checks; see ``profiles.check_rules``."""
        return profiles.check_rules()

    def buckets(self, kind: Any, count: int) -> Buckets:
        """Set up a place for records of a numpy type; see ``storage.buckets``."""
        return buckets.DiskBuckets(kind, count)

    def write_rows(self, path: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Write a CSV or TSV as its rows come; see ``documents.write_csv``."""
        self._not_the_store(path)
        documents.write_csv(path, header, rows)

    def photos_in(self, folder: str) -> Iterator[tuple[str, int]]:
        """Yield path and size of each photo under a folder; see ``photos.photos_in``."""
        return photos.photos_in(folder)

    def read_photo(self, path: str) -> PhotoFacts:
        """Read what a photo says of itself; see ``photos.read_photo``."""
        return photos.read_photo(path)

    def evidence(self, path: str) -> dict[str, Any]:
        """Return name, bytes and digest of a file that proves something; see ``evidence.read_evidence``."""
        return evidence.read_evidence(path, self.store_path)

    def evidence_folder(self) -> EvidenceKeeper:
        """Return the folder of evidence of the city store; see ``evidence.EvidenceFolder``."""
        return evidence.EvidenceFolder(self.store_path or "city.gpkg")

    def photo_folder(self) -> PhotoKeeper:
        """Return the photo folder of the city store; see ``photos.PhotoFolder``."""
        return photos.PhotoFolder(self.store_path or "city.gpkg")

    def write_workbook(self, path: str, sheets: Sequence[Sheet]) -> None:
        """Write a workbook; see ``documents.write_workbook``."""
        self._not_the_store(path)
        self.notes = documents.write_workbook(path, sheets)

    def fill_word(self, template: str, values: Mapping[str, Any], images: Mapping[str, Any], path: str) -> None:
        """Fill a city's Word template; see ``storage.word_template``."""
        self._not_the_store(path)
        word_template.render_docx(template, values, images, path)

    def write_assessment_book(self, path: str, evaluation: Evaluation, said: Mapping[str, Any]) -> None:
        """Write an evaluation with formulas that are alive; see ``storage.assessment_book``."""
        self._not_the_store(path)
        assessment_book.write_assessment_book(path, evaluation, said)

    def write_brief(
        self, brief: Brief, evaluation: Evaluation, said: Mapping[str, Any], document: str, workbook: str, template: str
    ) -> list[tuple[str, dict[str, Any]]]:
        """Write a brief as Word, workbook or both ('' not), all or none; see ``storage.brief_files``."""
        for path in filter(None, (document, workbook)):
            self._not_the_store(path)
        return brief_files.write_brief(
            brief, evaluation, said, document=document, workbook=workbook, template=template
        )

    def brief_texts(self) -> list[dict[str, str]]:
        """Return the sentences of briefs as the plugin has them."""
        return brief_files.builtin_texts()

    def write_slip(
        self, path: str, slip: Slip, words: Mapping[str, str], picture: str, template: str = ""
    ) -> dict[str, int]:
        """Write a slip as a Word file; see ``storage.word``."""
        self._not_the_store(path)
        store = Path(self.store_path or "")
        photos = str(store.with_name(f"{store.stem}_photos"))
        if template:
            return word.fill_slip(template, path, slip, picture, photos)
        return word.write_slip(path, slip, words, picture, photos)

    def write_package(self, path: str, manifest: Mapping[str, Any], fill: Callable[[str], None]) -> tuple[str, str]:
        """Write a package that is handed over; see ``storage.handover``."""
        return handover.write_package(path, manifest, fill)

    def remove_package(self, path: str) -> None:
        """Take away a package that was written just now."""
        handover.remove_package(path)

    def copy_named(self, folder: str, target: str, stems: Sequence[str], endings: Sequence[str]) -> int:
        """Copy files of some names and endings into a new folder; returns how many names were found."""
        return handover.copy_named(folder, target, stems, endings)

    @contextlib.contextmanager

    def receipt(self, path: str) -> Iterator[str | list[dict[str, Any]]]:
        """Find the receipt of a file, zip or folder: its rows when it is JSON, else the path of its table."""
        self._not_the_store(path)
        with tempfile.TemporaryDirectory(prefix="dcm_receipt_") as folder:
            found = handover.receipt_file(path, folder)
            yield handover.read_receipt(found) if found.lower().endswith(".json") else found
