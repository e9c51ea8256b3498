"""Which providers of call records there are."""

from __future__ import annotations

from orders.gateways.alibaba import Alibaba
from orders.gateways.asterisk import Asterisk
from orders.gateways.base import Provider
from orders.gateways.kamailio import Kamailio
from orders.gateways.twilio import Twilio

_PROVIDERS: dict[str, Provider] = {
    provider.name: provider for provider in (Kamailio(), Asterisk(), Twilio(), Alibaba())
}


def names() -> list[str]:
    """What a feed's `kind` may be."""
    return list(_PROVIDERS)


def feed(name: str) -> Provider:
    """The provider of that name; `KeyError` for an unknown one."""
    return _PROVIDERS[name]
