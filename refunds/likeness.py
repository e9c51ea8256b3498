"""Whether two photos show the same: a hash of what is in a picture, not of its bytes.

The picture is made grey and 32 × 32 small; of its discrete cosine transform the 64 slowest waves
are kept (the mean apart), and each bit says whether its wave is stronger than the middle one. Saving
again, shrinking or brightening a photo changes few of them. Whole numbers only: the same everywhere.
"""

from __future__ import annotations

from math import cos, pi
from statistics import median_low

from PIL import Image

SIDE = 32
BITS = 64
ALIKE_BITS = 8
"""Photos whose hashes differ in at most so many of the 64 bits count as the same photo."""

FLAT = 0
"""The hash of every picture of one colour: it says nothing of what is in it."""

_SCALE = 1 << 12
_ALL_BITS = (1 << BITS) - 1
# Waves in the order of a diagonal walk away from the corner; (0, 0), the mean brightness, is left out.
_WAVES = sorted(
    ((x, y) for x in range(SIDE) for y in range(SIDE) if x or y), key=lambda wave: (wave[0] + wave[1], wave)
)[:BITS]
_HIGHEST = max(max(wave) for wave in _WAVES) + 1
_COSINES = [
    [round(_SCALE * cos(pi * wave * (2 * place + 1) / (2 * SIDE))) for place in range(SIDE)]
    for wave in range(_HIGHEST)
]


def perceptual_hash(image: Image.Image) -> int:
    """64 bits as a signed number, so that it fits a BIGINT column."""
    small = image.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX).tobytes()
    rows = [_transformed(small[start : start + SIDE]) for start in range(0, SIDE * SIDE, SIDE)]
    columns = [_transformed([row[x] for row in rows]) for x in range(_HIGHEST)]
    strengths = [columns[x][y] for x, y in _WAVES]
    middle = median_low(strengths)
    bits = sum((strength > middle) << place for place, strength in enumerate(strengths))
    return bits - (1 << BITS) if bits >> (BITS - 1) else bits


def distance(a: int, b: int) -> int:
    """In how many bits, of 64, two perceptual hashes differ."""
    return ((a ^ b) & _ALL_BITS).bit_count()


def _transformed(values: bytes | list[int]) -> list[int]:
    """The slowest waves of a row or column (DCT-II, scaled)."""
    return [sum(value * factor for value, factor in zip(values, wave, strict=True)) for wave in _COSINES]
