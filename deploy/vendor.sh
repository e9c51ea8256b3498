#!/usr/bin/env bash
# Fetches what static/vendor/ and tests/vendor/ hold, again, from npm: pinned versions, built files and
# licences only, no source maps. Run it after changing a version here or a name in deploy/icons.txt.
set -euo pipefail
cd "$(dirname "$0")/.."

TABLER=1.6.1 ICONS=3.51.0 HTMX=2.0.11 ECHARTS=6.1.0 GEIST=5.3.0 GEIST_MONO=5.3.0 AXE=4.14.1
# barcode-detector fetches the wasm of exactly this zxing-wasm; static/js/counter.js says where it lies.
DETECTOR=3.2.2 ZXING=3.1.3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fetch() { # package, version, folder
    (cd "$work" && npm pack --silent "$1@$2" >"$3.name" && mkdir "$3" &&
        tar xzf "$(tail -n 1 "$3.name")" -C "$3" --strip-components=1)
}

place() { # target folder, file...
    local target=$1
    shift
    rm -rf "$target"
    mkdir -p "$target"
    cp "$@" "$target/"
    chmod 644 "$target"/*
    find "$target" \( -name '*.js' -o -name '*.css' \) -exec sed -i -E \
        -e 's,/\*# sourceMappingURL=[^*]*\*/,,' -e 's,^//# sourceMappingURL=.*$,,' {} +
}

fetch @tabler/core "$TABLER" tabler
fetch @tabler/icons "$ICONS" icons
fetch htmx.org "$HTMX" htmx
fetch echarts "$ECHARTS" echarts
fetch @fontsource-variable/geist "$GEIST" geist
fetch @fontsource-variable/geist-mono "$GEIST_MONO" geist-mono
fetch axe-core "$AXE" axe
fetch barcode-detector "$DETECTOR" detector
fetch zxing-wasm "$ZXING" zxing

find static/vendor -mindepth 1 -maxdepth 1 -type d -exec rm -rf {} +
place "static/vendor/tabler-$TABLER" "$work"/tabler/dist/css/tabler.min.css "$work"/tabler/dist/js/tabler.min.js
# The package carries no licence file; the licence is named in its package.json and in each file's head.
sed "s/^Copyright.*/Copyright (c) 2018-2026 The Tabler Authors, codecalm.net/" "$work"/icons/LICENSE \
    >"static/vendor/tabler-$TABLER/LICENSE"
place "static/vendor/htmx-$HTMX" "$work"/htmx/dist/htmx.min.js "$work"/htmx/LICENSE
place "static/vendor/echarts-$ECHARTS" "$work"/echarts/dist/echarts.common.min.js "$work"/echarts/{LICENSE,NOTICE}
place "static/vendor/geist-$GEIST" "$work"/geist/files/geist-latin{,-ext}-wght-normal.woff2 \
    "$work"/geist-mono/files/geist-mono-latin-wght-normal.woff2 "$work"/geist/LICENSE
place "static/vendor/barcode-detector-$DETECTOR" "$work"/detector/dist/iife/ponyfill.js "$work"/detector/LICENSE
place "static/vendor/zxing-wasm-$ZXING" "$work"/zxing/dist/reader/zxing_reader.wasm "$work"/zxing/LICENSE
# The wasm holds zxing-cpp, under the Apache licence, whose text stands at the head of ECharts' file.
sed '/END OF TERMS AND CONDITIONS/q' "$work"/echarts/LICENSE >"static/vendor/zxing-wasm-$ZXING/LICENSE-zxing-cpp"
place "static/vendor/tabler-icons-$ICONS" "$work"/icons/LICENSE
python3 deploy/icon_sprite.py "$work"/icons/tabler-nodes-outline.json deploy/icons.txt \
    >"static/vendor/tabler-icons-$ICONS/sprite.svg"
place "tests/vendor/axe-core-$AXE" "$work"/axe/axe.min.js "$work"/axe/LICENSE

cat >static/vendor/README.md <<EOF
# What others made

Copied by \`deploy/vendor.sh\` from npm, unchanged but for the source-map comments; nothing is fetched at run time.

| name | version | licence | package | what is used |
| --- | --- | --- | --- | --- |
| Tabler | $TABLER | MIT | @tabler/core | \`tabler.min.css\`, \`tabler.min.js\` (with Bootstrap's and Popper's parts) |
| Tabler Icons | $ICONS | MIT | @tabler/icons | the icons named in \`deploy/icons.txt\`, as one sprite |
| htmx | $HTMX | 0BSD | htmx.org | \`htmx.min.js\` |
| Apache ECharts | $ECHARTS | Apache-2.0 | echarts | \`echarts.common.min.js\` |
| barcode-detector | $DETECTOR | MIT | barcode-detector | \`ponyfill.js\`: reads codes from the camera where the browser has no detector |
| zxing-wasm | $ZXING | MIT; zxing-cpp within: Apache-2.0 | zxing-wasm | \`zxing_reader.wasm\`, what barcode-detector runs |
| Geist, Geist Mono | $GEIST, $GEIST_MONO | OFL-1.1 | @fontsource-variable/geist, -mono | Latin subsets, variable weight |

Tests alone use axe-core $AXE (MPL-2.0, package axe-core) from \`tests/vendor/\`.
EOF
