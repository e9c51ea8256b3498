"""Forms of paying and topping up. Each carries the id of the payment that it will make, signed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.core import signing
from django.utils.translation import gettext_lazy as _

from common import ids
from merchants.models import Person
from payments.checkout_coupon import Chosen
from payments.coupon_choice import NO_COUPON, opened_choice
from payments.gateways.base import gateway, names
from payments.models.payments import WALLET

_SALT = "payments.forms"
_WORDS = 200


def sealed_id(person: Person, subject: str) -> str:
    """A new payment's id for this person and this purpose; a form sent twice pays once."""
    return signing.dumps([ids.new_id().hex, person.pk.hex, subject], salt=_SALT)


def opened_id(sealed: str, person: Person, subject: str) -> UUID | None:
    """The id sealed for exactly this person and purpose; None for anything else."""
    try:
        payment, owner, purpose = signing.loads(sealed[:_WORDS], salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return UUID(hex=payment) if (owner, purpose) == (person.pk.hex, subject) else None


def scenario_choices() -> list[tuple[str, Any]]:
    """What the gateways can be asked to play, while `DEBUG`; otherwise nothing."""
    if not settings.DEBUG:
        return []
    return [choice for name in names() for choice in gateway(name).scenarios.items()]


class OnceForm(forms.Form):
    """A form that makes one payment, however often it is sent."""

    payment = forms.CharField(widget=forms.HiddenInput, required=False)
    scenario = forms.ChoiceField(label=_("What the sandbox shall do"), required=False)

    def __init__(self, *args: Any, person: Person, subject: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person, self.subject = person, subject
        choices = scenario_choices()
        if choices:
            scenario = self.fields["scenario"]
            assert isinstance(scenario, forms.ChoiceField)
            scenario.choices = [("", _("Settle at once")), *choices]
        else:
            del self.fields["scenario"]

    def clean_payment(self) -> UUID:
        """The id that this form was drawn with; a new one where it is not ours."""
        return opened_id(self.cleaned_data["payment"], self.person, self.subject) or ids.new_id()

    def once(self) -> str:
        """A fresh id for the next drawing of this form."""
        return sealed_id(self.person, self.subject)


class PayForm(OnceForm):
    """From where to pay, less which coupon, and whether the shop may keep the payer as a customer.

    `choose` is sent by a page that offered coupons: there, none is an answer and silence is not.
    """

    choose = forms.BooleanField(required=False, widget=forms.HiddenInput)
    coupon = forms.CharField(required=False, max_length=_WORDS)

    source = forms.ChoiceField(
        error_messages={"required": _("Choose how to pay."), "invalid_choice": _("Choose how to pay.")}
    )
    consent = forms.BooleanField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        source = self.fields["source"]
        assert isinstance(source, forms.ChoiceField)
        source.choices = [(name, name) for name in (WALLET, *names())]

    def clean_coupon(self) -> Chosen | None:
        """The coupon with what was shown to be paid with it; None for paying without one."""
        said = str(self.cleaned_data["coupon"])
        if said == NO_COUPON or not (said or self.cleaned_data["choose"]):
            return None
        chosen = opened_choice(said)
        if chosen is None:
            raise forms.ValidationError(_("Choose a coupon, or to pay without one."))
        return chosen
