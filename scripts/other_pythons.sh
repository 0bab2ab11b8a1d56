#!/bin/sh
# Runs the tests of what depends on Python (reading, knowing, finding, fixing, showing, the gate) on every other CPython
# 3.10 to 3.13 that is on PATH or installed by pyenv.
set -eu

tests="tests/converting tests/dags tests/finding tests/fixing tests/gate tests/knowledge tests/output tests/reading tests/shell
    tests/traps tests/test_engine.py tests/test_notes_examples.py tests/test_record.py tests/test_settings.py"
here=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
for version in 3.10 3.11 3.12 3.13; do
    [ "$version" = "$here" ] && continue
    for candidate in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python; do
        if "$candidate" -c 'import ssl' 2>/dev/null; then
            environment=.cache/python$version
            echo "tests on Python $version"
            .venv/bin/python -m uv venv --quiet --allow-existing --python "$candidate" "$environment"
            .venv/bin/python -m uv pip install --quiet --python "$environment/bin/python" --editable '.[test]'
            "$environment/bin/python" -m pytest -q -n auto $tests
            break
        fi
    done
done
