# SPDX-License-Identifier: GPL-2.0-or-later
"""Small helpers of the tests of vector files."""

from __future__ import annotations

import numpy as np
import pytest

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.storage.files import CityFiles


def rows_of(source, size=20_000):
    result = []
    for chunk in source.chunks(size):
        names = list(chunk)
        result += [dict(zip(names, values)) for values in zip(*(chunk[name] for name in names))]
    source.close()
    return result


def refused(path, **options):
    with pytest.raises(InputRefused) as caught:
        rows_of(CityFiles().open_source(str(path), **options))
    return caught.value


def obj(values):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
