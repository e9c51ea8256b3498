#!/bin/sh
# Pins every dependency with hashes, from the short hand-written .in files; for every Python we run on.
set -eu
python=.venv/bin/python
uv=$(command -v uv || true)
if [ -z "$uv" ]; then
    "$python" -m pip install --quiet uv
    uv=.venv/bin/uv
fi
for set in requirements requirements-dev; do
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
        --python "$python" "$set.in" -o "$set.txt" "$@"
done
