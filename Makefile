# SPDX-License-Identifier: GPL-2.0-or-later
# Every target sets up first; scripts/setup.sh is quick when all is there and says what it does.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PY := .venv/bin/python
OUT ?= build/demo
ONLY ?=
SCALE ?= demo
SIZE ?= qidong
JSON ?=

.PHONY: help setup demo city test lint soak bench package qgis i18n clean

help: ## this list
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 12

setup: ## Debian packages and the Python environment .venv
	@bash scripts/setup.sh

demo: setup ## the main job on the demo city: city.gpkg, city.qgz, map.png, summary.xlsx in OUT (build/demo)
	@bash scripts/headless.sh $(PY) scripts/run_demo.py --out "$(OUT)"

city: setup ## a demo city of SIZE=demo|qidong|qingdao as input files in OUT (build/city_SIZE), DXF=1 with DXF sheets: docs/demo-city.md
	@$(PY) -m scripts.demo_city --size "$(SIZE)" --out "$(if $(filter build/demo,$(OUT)),build/city_$(SIZE),$(OUT))" $(if $(DXF),--dxf)

lint: setup ## ruff and mypy
	$(PY) -m ruff check .
	$(PY) -m mypy

test: lint ## all tests (30 minutes at most on 2 cores)
	@bash scripts/run_tests.sh

soak: setup ## the long runs, by hand: ONLY=fuzz FUZZ_SECONDS=300 for the readers alone, ONLY=redraw REDRAW_STORE=file
	@ONLY="$(ONLY)" FUZZ_SECONDS="$(FUZZ_SECONDS)" FUZZ_SEED="$(FUZZ_SEED)" REDRAW_EDITS="$(REDRAW_EDITS)" \
		REDRAW_SEED="$(REDRAW_SEED)" REDRAW_STORE="$(REDRAW_STORE)" REDRAW_SCALE="$(REDRAW_SCALE)" \
		REDRAW_SECONDS="$(REDRAW_SECONDS)" bash scripts/soak.sh

bench: setup ## benchmarks against peers: ONLY=name SCALE=demo|qidong|qingdao JSON=file
	@bash scripts/headless.sh $(PY) scripts/bench.py --scale "$(SCALE)" $(if $(ONLY),--only "$(ONLY)") $(if $(JSON),--json "$(JSON)")

package: setup ## dist/digital_citymgmt_plugin-<version>.zip for "Install from ZIP"
	@$(PY) scripts/package.py

qgis: package ## the built package in a profile of its own, in the real desktop, with the demo city
	@bash scripts/run_qgis.sh

i18n: setup ## translations: collect the texts shown and compile them
	@$(PY) scripts/build_ts.py

clean: ## remove everything built (not .venv)
	rm -rf build dist
