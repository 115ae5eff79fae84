# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures: real engines, through the client and by the bare pipe."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from digital_citymgmt_plugin.bridge.engine_client import EngineClient
from tests.engine.small_city import make_small_city
from tests.kill.bench import add_inputs
from tests.kill.stages import Stages
from tests.kill.town import make_town

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def client(tmp_path):
    """Make clients of the real engine; all are closed at the end."""
    made = []

    def make(**options):
        options.setdefault("log_path", str(tmp_path / f"engine-{len(made)}.log"))
        made.append(EngineClient(sys.executable, **options))
        return made[-1]

    yield make
    for one in made:
        one.close(timeout=2)


class Bare:
    """An engine at the other end of two bare pipes."""

    def __init__(self, log: Path, how: tuple[str, ...] = ("-m", "digital_citymgmt_plugin.engine")) -> None:
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        with log.open("ab") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, *how],
                env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr,
            )  # fmt: skip
        self.hello = self.receive()["hello"]

    def send(self, line: bytes) -> None:
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def ask(self, number, method, params=None, **more) -> None:
        message = {"id": number, "method": method, "params": {} if params is None else params, **more}
        self.send(json.dumps(message).encode())

    def receive(self) -> dict:
        line = self.process.stdout.readline()
        assert line, f"the engine ended: {self.process.poll()}"
        return json.loads(line)

    def answer(self, number) -> dict:
        """Return the answer to a request, past its progress."""
        while True:
            message = self.receive()
            if message.get("id") == number and "progress" not in message:
                return message

    def end(self, seconds=10) -> int:
        self.process.stdin.close()
        return self.process.wait(seconds)


@pytest.fixture
def bare_without(tmp_path):
    """Start engines whose interpreter cannot import a package."""
    made = []

    def start(package=None):
        code = f"import sys; sys.modules[{package!r}] = None; from digital_citymgmt_plugin.engine.__main__ import main"
        how = () if package is None else (("-c", f"{code}; sys.exit(main())"),)
        made.append(Bare(tmp_path / "bare.log", *how))
        return made[-1]

    yield start
    for engine in made:
        engine.process.kill()
        engine.process.wait()
        engine.process.stdout.close()


@pytest.fixture
def bare(bare_without):
    return bare_without()


@pytest.fixture
def city(tmp_path):
    return make_small_city(tmp_path / "城市 一.gpkg")


@pytest.fixture(scope="session")
def stages(tmp_path_factory):
    """Give the store before each action (see tests/kill/stages.py)."""
    town = make_town(tmp_path_factory.mktemp("town"))
    add_inputs(town, symbols=500, photos=60)
    return Stages(town, tmp_path_factory.mktemp("stages"))
