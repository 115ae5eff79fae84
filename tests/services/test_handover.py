# SPDX-License-Identifier: GPL-2.0-or-later
"""Packages of cases: who gets what, digests, receipts read back, what contradicts; hostile archives."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import openpyxl
import pytest

from digital_citymgmt_plugin.bridge.messages import SENTENCES
from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.core.requests import UndoOperation
from digital_citymgmt_plugin.core.requests_slips import ListPackages, PackCases, ReadReceipt
from digital_citymgmt_plugin.services.handover import list_packages, pack_cases, read_receipt
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.undoing import undo_operation
from tests.services.test_dispatch import add
from tests.support import Watcher


@pytest.fixture
def desk(town, tmp_path):
    town.fids, _ = add(town, 12)
    town.words = replace(town.context, sentences=SENTENCES)
    town.out = tmp_path / "out"
    town.out.mkdir()
    return town


def rows_of(desk, **columns):
    """The receipt of the one package, accepted at noon."""
    read = desk.store.read("package_case", ["package_uuid", "case_fid", "digest"], [], ["fid"])
    numbers = desk.store.read("case_record", ["fid", "case_no"], [])
    called = dict(zip(numbers["fid"].tolist(), numbers["case_no"].tolist()))
    return [
        {"package": package, "case_no": called[fid], "digest": mark, "state": "已接收", "at": "2026-01-14 12:00",
         **columns}
        for package, fid, mark in zip(*(read[name].tolist() for name in read))
    ]  # fmt: skip


def receipt(desk, rows, name="receipt.json"):
    path = desk.out / name
    path.write_text(json.dumps({"package": "", "cases": rows}), encoding="utf-8")
    return str(path)


def test_each_department_gets_its_cases_and_the_manifest_ties(desk):
    told = pack_cases(desk.words, PackCases(str(desk.out), cases=desk.fids.tolist()))
    assert told["counts"] == {"packages": 3, "cases": 12, "unknown": 0, "without_slip": 0}
    for package in told["packages"]:
        with zipfile.ZipFile(package["path"]) as inside:
            manifest = json.loads(inside.read("manifest.json"))
            names = {one["name"] for one in manifest["files"]}
            assert names == {"cases.xlsx", "cases.csv", "cases.gpkg", "receipt.xlsx"}
            for one in manifest["files"]:
                assert hashlib.sha256(inside.read(one["name"])).hexdigest() == one["sha256"]
            assert manifest["cases"] == package["cases"] == 4 and len(manifest["digests"]) == 4
    listed = list_packages(desk.words, ListPackages())["packages"]
    assert len(listed) == 3 and all(one["states"] == {"packed": 4} for one in listed)
    undo_operation(desk.context, UndoOperation(told["operation"]))
    assert not list_packages(desk.words, ListPackages())["packages"] and not desk.store.count("package_case")


def test_packages_that_were_looked_at_first_are_written_when_they_are_confirmed(desk):
    """A preview writes no package: its rows must not be kept without the files."""
    looked = replace(desk.words, preview=True)
    assert pack_cases(looked, PackCases(str(desk.out), cases=desk.fids.tolist()))["files_wait"]
    assert not list(desk.out.iterdir())
    assert not pack_cases(desk.words, PackCases(str(desk.out), cases=desk.fids.tolist()))["files_wait"]
    assert len(list(desk.out.iterdir())) == 3


def test_a_folder_for_a_named_receiver_takes_slips_along_and_is_not_written_over(desk, tmp_path):
    slips = tmp_path / "slips"
    slips.mkdir()
    (slips / "A0001.pdf").write_bytes(b"%PDF")
    request = PackCases(str(desk.out), chosen="A0001,A0002", receiver="../城管 局", zipped=False, slips=str(slips))
    told = pack_cases(desk.words, request)
    place = Path(told["packages"][0]["path"])
    assert place.parent == desk.out and (place / "slips" / "A0001.pdf").is_file()
    assert told["counts"]["without_slip"] == 1
    again = Path(pack_cases(desk.words, request)["packages"][0]["path"])
    assert again.name == f"{place.name}_2" and (place / "manifest.json").is_file()


def test_a_second_zip_of_the_day_stands_beside_the_first_and_a_stopped_run_leaves_no_file(desk):
    first, second = (
        Path(pack_cases(desk.words, PackCases(str(desk.out), chosen=number, receiver="甲"))["packages"][0]["path"])
        for number in ("A0001", "A0002")
    )
    assert second.stem == f"{first.stem}_2" and first.is_file() and second.is_file()
    before, packed = sorted(desk.out.iterdir()), desk.store.count("package")
    stopped = replace(desk.words, cancel=Watcher(cancel_at=2))
    with pytest.raises(Cancelled):
        pack_cases(stopped, PackCases(str(desk.out), cases=desk.fids.tolist()))
    assert sorted(desk.out.iterdir()) == before and desk.store.count("package") == packed


def test_a_receipt_is_read_back_and_taken_back(desk):
    pack_cases(desk.words, PackCases(str(desk.out), cases=desk.fids.tolist(), receiver="甲"))
    rows = rows_of(desk)
    rows[0]["state"], rows[1]["state"], rows[2]["state"] = "拒收", "answered", ""
    told = read_receipt(desk.words, ReadReceipt(receipt(desk, rows)))
    assert told["counts"] == {"rows": 11, "accepted": 9, "refused": 1, "answered": 1, "rejected": 0, "changed": 11}
    note = json.loads(desk.store.read("package_case", ["note"], [("state", "=", "refused")])["note"][0])
    assert note["at"] == "2026-01-14T04:00:00.000Z"
    again = read_receipt(desk.words, ReadReceipt(receipt(desk, rows)))
    assert again["operation"] is None and again["counts"]["changed"] == 0
    undo_operation(desk.context, UndoOperation(told["operation"]))
    assert desk.store.count("package_case", [("state", "=", "packed")]) == 12


@pytest.mark.parametrize("name", ["letter.xlsx", "letter.pdf", "plan.dwg"])
def test_a_file_that_is_no_receipt_is_told_what_a_receipt_is(desk, name):
    """What a map layer may be (SHP, GPKG, …) is no advice to one who wants to read a receipt."""
    path = desk.out / name
    path.write_bytes(b"nothing")
    with pytest.raises(InputRefused) as refused:
        read_receipt(desk.words, ReadReceipt(str(path)))
    assert (refused.value.code, refused.value.values) == ("receipt.format", {"file": str(path)})


def test_the_workbook_that_came_along_can_be_filled_in(desk):
    told = pack_cases(desk.words, PackCases(str(desk.out), chosen="A0001,A0002", receiver="甲", zipped=False))
    path = Path(told["packages"][0]["path"]) / "receipt.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book.active
    sheet["D2"], sheet["E2"], sheet["F2"] = "已接收", "2026-04-01 08:30", "=1+1"
    book.save(path)
    back = read_receipt(desk.words, ReadReceipt(str(path.parent)))
    assert back["counts"]["accepted"] + back["counts"]["rejected"] == 1


def test_what_contradicts_is_listed_and_nothing_of_it_is_taken(desk, tmp_path):
    pack_cases(desk.words, PackCases(str(desk.out), cases=desk.fids.tolist(), receiver="甲"))
    with desk.store.action("move_cases") as action:
        action.update("case_record", desk.fids[[0]], {"stage": objects(["closed"])})
    rows = rows_of(desk)
    rows[1]["digest"] = "0" * 64
    rows[2]["case_no"] = "'; DROP TABLE package; --"
    rows[3]["package"] = "none"
    rows[4]["state"] = "perhaps"
    rows[5]["at"] = "someday"
    rows.append(dict(rows[6]))
    rows[7]["at"] = "2199-01-01 08:00"
    path = tmp_path / "conflicts.xlsx"
    told = read_receipt(desk.words, ReadReceipt(receipt(desk, rows), rejects=str(path)))
    assert told["reasons"] == {
        "receipt.changed": 1, "receipt.checksum": 1, "receipt.unknown_case": 1, "receipt.unknown_package": 1,
        "receipt.no_state": 1, "receipt.no_time": 1, "receipt.future": 1, "receipt.twice": 1,
    }  # fmt: skip
    assert told["counts"]["accepted"] == 6 and told["counts"]["rejected"] == 7
    assert openpyxl.load_workbook(path).active.max_row == 9


def _zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for facts, content in members:
            archive.writestr(facts, content)
    return str(path)


def test_hostile_archives_are_refused(desk, tmp_path):
    link = zipfile.ZipInfo("receipt.json")
    link.external_attr = 0o120777 << 16
    bomb = b"[" + b" " * (80 << 20)
    cases = {
        "path": [("../receipt.json", b"{}")], "absolute": [("/etc/receipt.json", b"{}")],
        "drive": [("C:\\receipt.json", b"{}")], "back": [("a\\..\\..\\receipt.json", b"{}")],
        "link": [(link, b"/etc/passwd")], "bomb": [("receipt.json", bomb)],
        "twice": [("a/receipt.json", b"{}"), ("b/receipt.json", b"{}")], "none": [("other.txt", b"x")],
        "nonsense": [("receipt.json", b"not json")], "deep": [("receipt.json", b"[" * 100_000)],
        "shape": [("receipt.json", b'{"cases": [1]}')],
    }  # fmt: skip
    for name, members in cases.items():
        with pytest.raises(InputRefused) as refused:
            read_receipt(desk.words, ReadReceipt(_zip(tmp_path / f"{name}.zip", members)))
        assert refused.value.code.startswith("receipt."), name
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04 nothing")
    for path in (str(broken), str(tmp_path / "none.zip"), str(tmp_path)):
        with pytest.raises(InputRefused):
            read_receipt(desk.words, ReadReceipt(path))


def test_a_receipt_in_a_zip_is_read(desk, tmp_path):
    pack_cases(desk.words, PackCases(str(desk.out), cases=desk.fids.tolist(), receiver="甲"))
    text = json.dumps({"package": "", "cases": rows_of(desk)})
    told = read_receipt(desk.words, ReadReceipt(_zip(tmp_path / "back.zip", [("back/receipt.json", text)])))
    assert told["counts"]["accepted"] == 12


def test_the_number_of_a_row_is_the_one_that_a_spreadsheet_shows(desk):
    told = pack_cases(desk.words, PackCases(str(desk.out), cases=desk.fids.tolist(), receiver="甲", zipped=False))
    path = Path(told["packages"][0]["path"]) / "receipt.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book.active
    sheet["D6"], sheet["E6"] = "perhaps", "2026-04-01 08:30"  # rows 2 to 5 are not filled in
    sheet.insert_rows(4)
    book.save(path)
    back = read_receipt(desk.words, ReadReceipt(str(path)))
    assert [(one["row"], one["code"]) for one in back["conflicts"]] == [(7, "receipt.no_state")]


def test_a_receipt_of_more_than_five_hundred_packages_is_taken_whole(desk):
    size = 600
    marks = [f"{number:064x}" for number in range(size)]
    with desk.store.action("pack_cases") as action:
        names = [f"p{number:04}" for number in range(size)]
        action.insert("package", {"uuid": objects(names), "direction": objects(["out"] * size)})
        action.insert("package_case", {
            "package_uuid": objects(names), "case_fid": objects([int(desk.fids[0])] * size), "digest": objects(marks),
            "state": objects(["packed"] * size),
        })  # fmt: skip
    rows = [
        {"package": name, "case_no": "A0000", "digest": mark, "state": "已接收", "at": "2026-01-14 12:00"}
        for name, mark in zip(names, marks)
    ]
    told = read_receipt(desk.words, ReadReceipt(receipt(desk, rows)))
    assert told["counts"]["rejected"] == 0 and told["counts"]["accepted"] == size


def test_conflicts_beyond_those_listed_are_counted(desk):
    pack_cases(desk.words, PackCases(str(desk.out), cases=desk.fids.tolist(), receiver="甲"))
    rows = [dict(rows_of(desk)[0], case_no=f"X{number}") for number in range(1_200)]
    told = read_receipt(desk.words, ReadReceipt(receipt(desk, rows)))
    assert len(told["conflicts"]) == 1_000 and told["conflicts"][0]["row"] == 1
    assert told["notes"] == [{"code": "note.receipt_listed", "values": {"count": 200, "listed": 1_000}}]


def test_the_day_in_the_name_of_a_package_is_the_citys(desk):
    desk.store.clock = lambda: datetime(2026, 4, 1, 17, 30, tzinfo=timezone.utc)
    told = pack_cases(desk.words, PackCases(str(desk.out), chosen="A0001", receiver="甲"))
    assert Path(told["packages"][0]["path"]).name == "甲_2026-04-02.zip"
