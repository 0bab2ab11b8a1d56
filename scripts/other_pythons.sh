#!/bin/sh
# Runs the tests on every other CPython 3.10 to 3.13 that is on PATH or installed by pyenv, but for those that run
# other programs in environments of their own (Airflow, Prefect, pre-commit, two flake8s, a built wheel, Node, a
# browser), and for those that compare front ends with each other.
set -eu

here=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
for version in 3.10 3.11 3.12 3.13; do
    [ "$version" = "$here" ] && continue
    for candidate in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python; do
        if "$candidate" -c 'import ssl' 2>/dev/null; then
            environment=.cache/python$version
            echo "tests on Python $version"
            .venv/bin/python -m uv venv --quiet --allow-existing --python "$candidate" "$environment"
            .venv/bin/python -m uv pip install --quiet --python "$environment/bin/python" --editable '.[test]'
            "$environment/bin/python" -m pytest -q -n auto --ignore=tests/equivalence --ignore=tests/precommit --ignore=tests/editors \
                --ignore=tests/frontends/test_flake8_plugin.py --ignore=tests/frontends/test_packaging.py
            break
        fi
    done
done
