# SPDX-License-Identifier: GPL-2.0-or-later
"""An engine of a few lines that speaks the protocol and misbehaves on request (``DCM_FAKE`` and the parameters).

Requests are told apart by the store path of ``open_store``: echo, slow, crash, noise, huge, refuse, fault, deaf.
"""

import json
import os
import sys
import threading
import time
from pathlib import Path

from digital_citymgmt_plugin.core.version import PROTOCOL, VERSION

cancelled: set = set()
mode = os.environ.get("DCM_FAKE", "")
journal = os.environ.get("DCM_FAKE_JOURNAL")


def note(text):
    if journal:
        with Path(journal).open("a", encoding="utf-8") as file:
            file.write(f"{os.getpid()} {text}\n")


def say(message):
    sys.stdout.buffer.write(json.dumps(message, ensure_ascii=False).encode() + b"\n")
    sys.stdout.buffer.flush()


def fail(number, kind, code, values=None, **more):
    say({"id": number, "error": {"kind": kind, "code": code, "values": values or {}, **more}})


def slow(number):
    for step in range(200):
        if number in cancelled:
            return fail(number, "Cancelled", "action.cancelled")
        say({"id": number, "progress": step / 200, "message": "progress.reading", "values": {"file": "部件.shp"}})
        time.sleep(0.02)
    return say({"id": number, "result": {"slept": True}})


def serve(request):
    number = request["id"]
    path = request["params"].get("path", "")
    word = Path(path).name.split(".")[0]
    note(f"{request['method']} {word}")
    if word == "slow":
        slow(number)
    elif word == "crash":
        sys.stderr.write("Segmentation fault, so to say\n")
        sys.stderr.flush()
        os._exit(41)
    elif word == "noise":
        sys.stdout.buffer.write(b'Warning: a library prints\n\xff\xfe\n[1, 2]\n"text"\n{"id": 99999, "result": {}}\n\n')
        say({"id": number, "result": {"ok": True}})
    elif word == "huge":
        say({"id": number, "result": {"text": "网格" * 2_000_000}})
    elif word == "refuse":
        fail(number, "InputRefused", "input.no_crs", {"file": path, "layer": "社区"})
    elif word == "fault":
        fail(number, "Unknown", "", {}, traceback="Traceback (most recent call last):\n  …\nKeyError: 'grid'")
    else:
        say({"id": number, "result": {"request": request, "pid": os.getpid(), "meta": {}, "tables": {}}})


def main():
    if mode == "silent":
        time.sleep(60)
    if mode == "no_start":
        sys.exit("ModuleNotFoundError: No module named 'shapely'")
    version = "9.9.9" if mode == "version" else VERSION
    say({"hello": {"protocol": PROTOCOL, "version": version, "schema": 1, "pid": os.getpid(), "missing": ["openpyxl"]}})
    note("start")
    for line in sys.stdin.buffer:
        message = json.loads(line)
        if "cancel" in message:
            cancelled.add(message["cancel"])
        else:
            threading.Thread(target=serve, args=(message,), daemon=True).start()
    note("end")
    if mode == "deaf":
        time.sleep(60)


main()
