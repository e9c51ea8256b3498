"""People, merchants, members, apps, keys and webhook endpoints: who may do what."""

from merchants.models.keys import Key
from merchants.models.merchants import App, Invitation, Member, Merchant
from merchants.models.people import Person
from merchants.models.webhooks import DeliveryState, WebhookAttempt, WebhookDelivery, WebhookEndpoint

__all__ = [
    "App",
    "DeliveryState",
    "Invitation",
    "Key",
    "Member",
    "Merchant",
    "Person",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
]
