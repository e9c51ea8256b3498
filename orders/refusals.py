"""Every "no" that ordering, cancelling and redeeming can say."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from common.refusals import Refusal


class OutOfStock(Refusal):
    """Fewer are left than were asked for."""

    code = "out_of_stock"
    title = _("There are not that many left.")


class TooManyOrders(Refusal):
    """Too many orders from one address of somebody not signed in."""

    code = "too_many_requests"
    status = 429
    title = _("Too many orders from here. Sign in, or try again in a minute.")


class MerchantClosed(Refusal):
    """The merchant may not take orders at present."""

    code = "merchant_closed"
    title = _("This shop takes no orders at present.")


class AlreadyPaid(Refusal):
    """Somebody has paid it."""

    code = "already_paid"
    title = _("This order is paid already.")


class Cancelled(Refusal):
    """The merchant took the order back."""

    code = "cancelled"
    title = _("This order was cancelled.")


class Expired(Refusal):
    """The time to pay, or to redeem, has passed."""

    code = "expired"
    title = _("The time for this order has passed.")


class NotPaid(Refusal):
    """Nothing can be redeemed before it is paid."""

    code = "not_paid"
    title = _("This order is not paid.")


class AlreadyRedeemed(Refusal):
    """It was redeemed before."""

    code = "already_redeemed"
    title = _("This was redeemed already.")


class Refunded(Refusal):
    """Its money went back to the buyer."""

    code = "refunded"
    title = _("The money for this went back to the buyer.")


class UnknownCode(Refusal):
    """No item of this order has that code."""

    code = "unknown_code"
    status = 404
    title = _("No item of this order has that code.")


class Held(Refusal):
    """Somebody has to decide about it first: the buyer objected, or asked for the money back."""

    code = "held"
    title = _("This is held until somebody has decided about it.")


class NumberExists(Refusal):
    """The number is in the merchant's pool already."""

    code = "number_exists"
    title = _("This number is in the pool already.")


class NotRedeemed(Refusal):
    """There is no redemption that could be taken back, or that was not the buyer's."""

    code = "not_redeemed"
    title = _("Nothing of this is redeemed.")


class UndoTooLate(Refusal):
    """The merchant's time to undo a redemption has passed."""

    code = "undo_too_late"
    title = _("It is too late to undo this redemption.")


class MerchantShort(Refusal):
    """The money left the merchant's account before the redemption was undone."""

    code = "merchant_short"
    title = _("There is not enough money on the shop's account to undo this.")


class ObjectionTooLate(Refusal):
    """The buyer waited too long to object."""

    code = "objection_too_late"
    title = _("It is too late to object to this redemption.")


class AlreadyObjected(Refusal):
    """An objection of the buyer waits for the merchant."""

    code = "already_objected"
    title = _("You have objected already. The shop decides.")


class AlreadyDecided(Refusal):
    """The objection was decided, once and for all."""

    code = "already_decided"
    title = _("This was decided already.")


class TooManyFeeds(Refusal):
    """A merchant has as many feeds as anybody may have."""

    code = "too_many_feeds"
    title = _("There are as many feeds as a shop can have. End one first.")


class PushNotSigned(Refusal):
    """What came at a feed's address is not signed by its provider."""

    code = "bad_signature"
    status = 403
    title = _("This message is not signed by the feed's provider.")


class PushNotRead(Refusal):
    """Signed well, and nothing in it that can be read."""

    code = "unreadable"
    status = 422
    title = _("Nothing in this message can be read.")
