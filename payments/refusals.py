"""Every "no" that paying can say; of the order itself they stand in orders/refusals.py."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from common.refusals import Refusal


class PaymentDeclined(Refusal):
    """The gateway said no."""

    code = "payment_declined"
    status = 402
    title = _("The payment was declined.")


class WrongAmount(Refusal):
    """Another amount arrived than was asked for; it goes back by itself."""

    code = "wrong_amount"
    title = _("Another amount arrived than was asked for. It is being returned.")


class PaymentCodeInvalid(Refusal):
    """Unknown, used, ended or expired: the answer is the same, so that it tells nothing."""

    code = "payment_code_invalid"
    status = 422
    title = _("This payment code can't be paid with. Ask the buyer for a new one.")


class TooManyGuesses(Refusal):
    """A till that sends codes which were never issued has to wait."""

    code = "too_many_guesses"
    status = 429
    title = _("Too many unknown payment codes came from here. Wait a few minutes.")


class PinRequired(Refusal):
    """The buyer has to say the PIN for a code that may pay this."""

    code = "pin_required"
    title = _("The buyer has to enter the PIN and show a new code.")


class PinWrong(Refusal):
    """Not the PIN; after some tries it rests for a while."""

    code = "pin_wrong"
    status = 422
    title = _("This is not the PIN.")


class PinLocked(Refusal):
    """Too many wrong PINs."""

    code = "pin_locked"
    status = 429
    title = _("Too many wrong PINs. Try again later.")


class ProofNeeded(Refusal):
    """Who is signed in has to prove once more who they are; a key of the API can't."""

    code = "proof_needed"
    status = 403
    title = _("Show once more who you are.")


class ReferenceVoid(Refusal):
    """The till gave this sale up before it had happened; it never will."""

    code = "reference_void"
    title = _("This sale was given up. Begin a new one.")


class TopUpLimit(Refusal):
    """More than a wallet may take a day."""

    code = "top_up_limit"
    title = _("This is more than can be added to a wallet in a day.")


class CallbackRefused(Refusal):
    """Not a message of that gateway, or not signed by it."""

    code = "callback_refused"
    status = 400
    title = _("This message is not signed by the gateway.")
