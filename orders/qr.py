"""QR codes as pictures: they are drawn in `common/qr.py`, for coupons as well."""

from __future__ import annotations

from common.qr import data_uri, png, svg

__all__ = ["data_uri", "png", "svg"]
