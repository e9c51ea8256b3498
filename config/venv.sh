#!/bin/sh
# Makes .venv and installs the given hash-locked requirement files into it, once for their contents.
# Usage: config/venv.sh NAME FILE…   (NAME: which set of requirements; kept in .venv/installed-NAME)
# Needs Python 3.11 or newer (PYTHON=… chooses one); takes uv where it is present.
set -eu

name=$1
shift
python=.venv/bin/python
mark=".venv/installed-$name"

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3.14 python3; do
        if new_enough "$candidate"; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    echo "Python 3.11 or newer is needed and was not found; PYTHON=/path/to/python chooses one." >&2
    exit 1
}

fingerprint() {
    # Where the environment stands counts too: a copied or moved one would not work.
    { pwd; "$python" -V; cat "$@"; } | cksum
}

if ! new_enough "$python"; then
    rm -rf .venv
    found=$(find_python)
    echo "Making .venv with $("$found" -V)"
    if command -v uv >/dev/null 2>&1; then
        "$found" -m venv --without-pip .venv
    elif ! "$found" -m venv .venv; then
        rm -rf .venv
        echo "Python's venv module is incomplete; on Debian: apt-get install python3-venv" >&2
        exit 1
    fi
fi

if [ "$(cat "$mark" 2>/dev/null)" = "$(fingerprint "$@")" ]; then
    exit 0
fi

echo "Installing $(cat "$@" | grep -c '==') packages"
arguments=""
for file in "$@"; do arguments="$arguments -r $file"; done
# What is imported is compiled then; compiling all of it now would take longer than the rest of a start.
pip_options="--quiet --disable-pip-version-check --no-compile --require-hashes"
# shellcheck disable=SC2086 # the files are ours and have plain names
if command -v uv >/dev/null 2>&1 &&
    uv pip install --quiet --python "$python" --require-hashes $arguments; then
    :
elif "$python" -m pip --version >/dev/null 2>&1; then
    "$python" -m pip install $pip_options $arguments
else
    "$python" -m ensurepip >/dev/null 2>&1 || { echo "pip is missing; on Debian: apt-get install python3-venv" >&2; exit 1; }
    "$python" -m pip install $pip_options $arguments
fi
fingerprint "$@" >"$mark"
