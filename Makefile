# Every task is one command. `make help` lists them; the first one that needs it sets everything up.
PYTHON ?= python3
export PYTHON
export VIRTUAL_ENV := $(CURDIR)/.venv
export PATH := $(VIRTUAL_ENV)/bin:$(PATH)
export CMAKE_BUILD_PARALLEL_LEVEL ?= $(shell nproc 2>/dev/null || echo 2)
cpp_files = $(shell find scalar_cpp tensor_cpp bindings bench tests -name '*.hpp' -o -name '*.cpp')

.PHONY: help setup build test quick compare torch peers lint format tidy ops golden stubs clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

setup: .venv/.ready  ## virtual environment and packages (Debian's too, when root)

build: build/release/build.ninja  ## the C++ libraries, their tests, and the Python package
	@cmake --build --preset release

test: build  ## everything: C++, sanitizers, Python, mutants
	@python tests/run.py

quick: build  ## the tests of an edit-build-test loop
	@python tests/run.py --quick

compare: build/release/build.ninja torch  ## the engines side by side: gradients first, then times, charts and a report page
	@cmake --build --preset release --target trigrad_engines
	@trigrad bench compare --suite quick

torch: .venv/.ready  ## PyTorch (optional) into the virtual environment
	@bash .ci/torch

peers: .venv/.ready  ## micrograd, autograd, forgeNN, JAX, CppAD, ADOL-C: more engines to compare with
	@bash .ci/peers

lint: build  ## ruff, mypy, clang-format; changes nothing
	ruff check
	ruff format --check
	clang-format --dry-run --Werror $(cpp_files)
	mypy

format: setup  ## let ruff and clang-format rewrite the sources
	ruff check --fix --quiet
	ruff format
	clang-format -i $(cpp_files)

tidy: build/dev/build.ninja  ## clang-tidy over tensor_cpp/src and bindings/src (slow)
	pip install --quiet --only-binary :all: clang-tidy==23.1.4
	ls tensor_cpp/src/*.cpp bindings/src/*.cpp | xargs -n 4 -P $(CMAKE_BUILD_PARALLEL_LEVEL) clang-tidy --quiet -p build/dev

ops: build  ## docs/ops.json and docs/ops.md from the op list
	python docs/make_ops.py

golden: ops torch  ## tests/golden from PyTorch 2.13 (after a change of the list)
	python -m tests.conformance.record
	python -m tests.golden.regenerate

stubs: build  ## bindings/trigrad/_core/*.pyi from the extension
	python bindings/make_stubs.py

clean:  ## remove what was built; keeps .venv
	rm -rf build .pytest_cache .mypy_cache .ruff_cache

.venv/.ready: pyproject.toml .ci/setup
	@bash .ci/setup

# A preset is configured once; after that Ninja itself notices changed CMake files and new sources.
build/%/build.ninja: .venv/.ready
	@cmake --preset $* -DPython_EXECUTABLE=$(VIRTUAL_ENV)/bin/python >/dev/null
	@touch $@
