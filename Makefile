# Two commands set everything up: `make demo` and `make test`. PYTHON=... chooses the interpreter.

# uv trusts the certificates that this system trusts, as pip does.
export UV_SYSTEM_CERTS = 1

# The tests start offramp a thousand times, and each start compiles all of it where no byte code is kept.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test equivalence lint format docs site bench clean

help:
	@echo "make demo         set up and check examples/dags"
	@echo "make test         set up and run every check and test, on every Python 3.10 to 3.13 found"
	@echo "make equivalence  run every scene of every DAG of tests/equivalence in real Airflow and of its flow in real Prefect,"
	@echo "                  and compare the front ends on everything"
	@echo "make docs         write the pages that are made of notes and code anew"
	@echo "make site         build the documentation into site/ and look at it"
	@echo "make format       let ruff lay out the code"
	@echo "make bench        measure the speed against ruff"

demo: .venv/offramp.stamp
	@.venv/bin/offramp check examples/dags; code=$$?; \
	if [ $$code -eq 1 ]; then echo "(exit code 1: there are findings, as there should be)"; \
	else echo "offramp check ended with exit code $$code, not 1" >&2; exit 2; fi

test: .venv/test.stamp lint
	.venv/bin/python -m pytest -q -n auto -rs --cov --cov-report=term:skip-covered
	.venv/bin/python -m pytest -q -m equivalence tests/equivalence
	sh scripts/other_pythons.sh

equivalence: .venv/test.stamp
	.venv/bin/python -m pytest -q -m equivalence tests/equivalence --everything
	.venv/bin/python -m pytest -q -n auto -m everything tests/agreement --everything
	@git log -1 --format='commit %h'
	@cd tests/equivalence/environments; grep -E '^(apache-airflow|apache-airflow-providers-dbt-cloud|prefect|prefect-dbt)==' *.txt

lint: .venv/test.stamp
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

format: .venv/test.stamp
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

docs: .venv/test.stamp
	.venv/bin/offramp docs --readme README.md
	.venv/bin/python scripts/reference.py

site: .venv/test.stamp
	.venv/bin/python -m mkdocs build --strict
	.venv/bin/python -m pytest -q -rs tests/docs

bench: .venv/test.stamp
	.venv/bin/python scripts/bench.py
	.venv/bin/python scripts/bench_gate.py
	.venv/bin/python scripts/bench_tree.py
	.venv/bin/python scripts/bench_project.py

.venv/offramp.stamp: pyproject.toml scripts/make_venv.sh
	sh scripts/make_venv.sh .venv "$(PYTHON)"
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/test.stamp: .venv/offramp.stamp
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[docs,test]'
	@touch $@

clean:
	rm -rf .venv .cache
