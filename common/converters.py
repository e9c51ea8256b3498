"""Pieces of addresses: what does not look like one never reaches a view or the database."""

from __future__ import annotations

from uuid import UUID

from django.urls import register_converter


class TokenConverter:
    """An unguessable word of an address, as `common.ids.new_token` makes them."""

    regex = "[A-Za-z0-9_-]{16,32}"

    def to_python(self, value: str) -> str:
        """The token itself."""
        return value

    def to_url(self, value: str) -> str:
        """The token itself."""
        return value


class DigitsConverter(TokenConverter):
    """The 16 digits of an item's code."""

    regex = "[0-9]{16}"


class HexConverter:
    """A UUID without dashes."""

    regex = "[0-9a-f]{32}"

    def to_python(self, value: str) -> UUID:
        """The id."""
        return UUID(hex=value)

    def to_url(self, value: UUID) -> str:
        """Its 32 digits."""
        return value.hex


register_converter(TokenConverter, "token")
register_converter(DigitsConverter, "digits")
register_converter(HexConverter, "hex")
