# make produce    set everything up, then turn media/samples/hello.txt into a finished video
# make test       set everything up, then run the tests
# make check      ruff and mypy
PYTHON ?= python3.11
SCRIPT ?= media/samples/hello.txt
ARGS ?=
# Whole files go to a process for each core, in their order: what a file's tests share is made once.
SIDE_BY_SIDE ?= -n auto --dist loadfile --no-loadscope-reorder
BIN := .venv/bin
READY := .venv/ready

.PHONY: produce test check clean

produce: $(READY)
	$(BIN)/flow run produce --script $(SCRIPT) $(ARGS)

test: $(READY)
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(ARGS)

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(READY): pyproject.toml configs/requirements.lock docker/system-libraries
	sh docker/system-libraries
	$(PYTHON) -m venv .venv || python3 -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c configs/requirements.lock "setuptools<82" wheel
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c configs/requirements.lock -e ".[dev]"
	touch $@

clean:
	rm -rf .venv build *.egg-info
