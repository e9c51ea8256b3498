"""Builds one SVG sprite out of Tabler's icon nodes: `icon_sprite.py nodes.json names.txt > sprite.svg`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.sax.saxutils import quoteattr

Node = tuple[str, dict[str, str]]


def wanted(text: str) -> list[str]:
    """The names in the list, comments left out, in order and once each."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return sorted({name for line in lines for name in line.split()})


def symbol(name: str, nodes: list[Node]) -> str:
    """One icon as a symbol on the 24 × 24 grid."""
    parts = []
    for tag, attributes in nodes:
        written = " ".join(f"{key}={quoteattr(value)}" for key, value in attributes.items())
        parts.append(f"<{tag} {written}/>")
    return f'<symbol id="{name}" viewBox="0 0 24 24">{"".join(parts)}</symbol>'


def main(nodes_path: str, names_path: str) -> None:
    """Writes the sprite to stdout; names that Tabler does not have end it with an error."""
    nodes: dict[str, list[Node]] = json.loads(Path(nodes_path).read_text())
    names = wanted(Path(names_path).read_text())
    unknown = [name for name in names if name not in nodes]
    if unknown:
        sys.exit(f"Tabler has no icon named: {' '.join(unknown)}")
    symbols = "\n".join(symbol(name, nodes[name]) for name in names)
    sys.stdout.write(f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n')


if __name__ == "__main__":
    main(*sys.argv[1:])
