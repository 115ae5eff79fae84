# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeps a request from writing over what it reads, and from writing two things to one file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import Layer, Request
from digital_citymgmt_plugin.core.same_file import same_file, written_twice
from digital_citymgmt_plugin.storage.formats import split_uri

_WRITTEN = ("output", "mended", "rejects", "report")
_READ = ("mapping", "profile", "input")  # texts that may name a file


def check_outputs(request: Request) -> None:
    """Refuse a request one of whose outputs is one of its inputs, or another of its outputs.

    Raises
    ------
    InputRefused
        ``output.is_input``, ``output.twice``.
    """
    paths = [str(getattr(request, name)) for name in _WRITTEN if getattr(request, name, None)]
    paths += request.files_beside()
    twice = written_twice(paths)
    if twice is not None:
        raise InputRefused("output.twice", file=twice)
    for path in paths:
        for source in _inputs(request):
            if same_file(path, source):
                raise InputRefused("output.is_input", file=path)


def _inputs(request: Request) -> Iterator[str]:
    for field in fields(request):
        value: Any = getattr(request, field.name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Layer):
                yield split_uri(item.path, None)[0]
            elif field.name in _READ and isinstance(item, str) and item:
                yield item
