# `make demo` and `make test` need python 3.11 or later and a network to the package registry, nothing else.
PYTHON ?= python3
BIN := .venv/bin
EXTRAS := tests/training/test_loggers.py tests/losses/test_ap_large_set.py tests/examples/test_ray_predict.py \
	tests/data/formats/test_cvat.py::test_datumaro_opens_it \
	tests/data/formats/test_labelstudio.py::test_the_validator_of_label_studio_accepts_it \
	tests/serve/test_labelstudio_routes.py::test_the_sdk_of_label_studio_takes_every_prediction \
	tests/crf/test_dense_crf.py::test_numbers_are_those_of_pydensecrf_on_photographs

.PHONY: install demo test lint style types check stress label-studio extras docs clean

install: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -r requirements.lock -e .
	$(BIN)/python -m compileall -q src  # else each process of the tests may do it anew
	touch $@

demo: install
	$(BIN)/weldon demo

test: install
	$(BIN)/python -m pytest -m "not gpu" -n 2 --dist loadfile --no-loadscope-reorder

lint: style types

style: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/python docs/house.py

types: install
	$(BIN)/mypy

check: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow and not gpu and not data" -n 2 --dist loadfile --no-loadscope-reorder

stress: install
	OMP_NUM_THREADS=1 PYTHONPATH=tests $(BIN)/python -m stress

label-studio: install  # a real server, kept apart since it pins other versions of our dependencies
	test -x .venv-label-studio/bin/label-studio || $(PYTHON) -m venv .venv-label-studio
	.venv-label-studio/bin/python -m pip install --quiet --disable-pip-version-check "label-studio==1.23.0"
	WELDON_LABEL_STUDIO=.venv-label-studio/bin/label-studio $(BIN)/python -m pytest tests/data/test_labelstudio_server.py tests/serve/test_labelstudio_routes.py

extras:  # packages that are too large, or too old, to be installed for everybody; with them the tests that skip elsewhere
	test -x .venv-extras/bin/python || $(PYTHON) -m venv .venv-extras
	.venv-extras/bin/python -m pip install --quiet --disable-pip-version-check uv
	.venv-extras/bin/uv pip install --quiet --compile-bytecode --python .venv-extras/bin/python -c requirements.lock \
		-e '.[dev,large,mlflow,ray,wandb]' 'moto[s3]>=5.1' flask flask-cors datumaro label-studio-sdk pydensecrf2
	OMP_NUM_THREADS=1 WELDON_LARGE=1 WELDON_LABEL_STUDIO_SDK=$(CURDIR)/.venv-extras/bin/python \
		.venv-extras/bin/python -m pytest $(EXTRAS)

docs: install
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

clean:
	rm -rf .venv .venv-extras .venv-label-studio runs site build dist
