#!/bin/sh
# make_venv.sh DIRECTORY [PYTHON]: a virtual environment made with PYTHON or the newest Python >= 3.10 on PATH.
set -eu

directory=$1
python=${2:-}

fits() {
    "$1" -c 'import ssl, sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null
}

if [ -z "$python" ]; then
    for candidate in python3.14 python3.13 python3.12 python3.11 python3.10 python3 python; do
        if fits "$candidate"; then
            python=$candidate
            break
        fi
    done
fi
if [ -z "$python" ] || ! fits "$python"; then
    echo "offramp needs Python 3.10 or newer with ssl and venv${python:+, which $python is not}: install one, or name one with PYTHON=/path/to/python3" >&2
    exit 2
fi

if "$python" -c 'import ensurepip' 2>/dev/null; then
    "$python" -m venv --clear "$directory"
else
    # Debian's Python leaves ensurepip to a package of its own.
    "$python" -m venv --clear --without-pip "$directory"
    "$python" "$(dirname "$0")/bootstrap.py" "$directory/bin/python"
fi
