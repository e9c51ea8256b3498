"""Forms of the dashboard's pages of the shop itself."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from merchants.flows.create_key import MAX_NAME_LENGTH
from merchants.flows.update_settings import BOUNDS
from merchants.models import Merchant
from merchants.models.merchants import Role, Unredeemed
from merchants.scopes import MERCHANT_SCOPES
from merchants.webhook_bodies import ANY, EVENTS

MINUTE_SECONDS, HOUR_SECONDS = 60, 3600

SCOPES: dict[str, str | Promise] = {
    "products:read": _("See products"),
    "products:write": _("Add and change products"),
    "orders:read": _("See orders"),
    "orders:write": _("Place and cancel orders"),
    "orders:redeem": _("Redeem orders"),
    "payments:read": _("See payments"),
    "balance:read": _("See the balance"),
    "refunds:read": _("See refunds"),
    "refunds:write": _("Decide refunds"),
    "customers:read": _("See customers"),
    "webhooks:read": _("See webhook endpoints"),
    "webhooks:write": _("Add and delete webhook endpoints"),
}


def _scope_choices() -> list[tuple[str, str]]:
    return [(scope, f"{SCOPES[scope]} · {scope}" if scope in SCOPES else scope) for scope in MERCHANT_SCOPES]


class OpenShopForm(forms.Form):
    """A shop to be opened."""

    name = forms.CharField(label=_("Shop's name"), max_length=120, help_text=_("As buyers see it."))
    slug = forms.CharField(
        label=pgettext_lazy("shop", "Address"),
        max_length=60,
        help_text=_("Small letters, digits and hyphens. It stays as it is once the shop is open."),
        widget=forms.TextInput(
            attrs={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}
        ),
    )
    currency = forms.ChoiceField(
        label=_("Currency"), help_text=_("All prices are in it. It stays as it is once the shop is open.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        currency = self.fields["currency"]
        assert isinstance(currency, forms.ChoiceField)
        currency.choices = [(code, code) for code in settings.CURRENCIES]

    def clean_slug(self) -> str:
        """Capitals are read as small letters."""
        slug: str = self.cleaned_data["slug"].strip().lower()
        return slug


class InviteForm(forms.Form):
    """Whom to ask to work here."""

    email = forms.EmailField(
        label=_("E-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.CASHIER)


class JoinForm(forms.Form):
    """Somebody invited who has no account yet."""

    name = forms.CharField(
        label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    password = forms.CharField(
        label=_("Choose a password"),
        max_length=200,
        strip=False,
        help_text=_("At least 8 characters."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class KeyForm(forms.Form):
    """A key for a program."""

    name = forms.CharField(
        label=_("Name"),
        max_length=MAX_NAME_LENGTH,
        help_text=_("Which program uses it, for example “Web shop”."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=_scope_choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Give it only what the program needs."),
    )


class EndpointForm(forms.Form):
    """An address that hears of events."""

    url = forms.URLField(
        label=_("Address"),
        max_length=500,
        assume_scheme="https",
        help_text=_("An https address of yours. Each message to it is signed."),
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
    chosen = forms.MultipleChoiceField(
        label=_("Events"),
        required=False,
        choices=[(name, name) for name in EVENTS],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("With none chosen it is told of all of them, those added later too."),
    )

    def events(self) -> list[str]:
        """The chosen events, or all."""
        return self.cleaned_data["chosen"] or [ANY]


def _text(name: str, label: Any, **kwargs: Any) -> forms.CharField:
    most = Merchant._meta.get_field(name).max_length  # type: ignore[union-attr]
    return forms.CharField(label=label, max_length=most, **kwargs)


def _number(name: str, unit_seconds: int, label: Any, help_text: Any) -> forms.IntegerField:
    least, most = BOUNDS[name]
    return forms.IntegerField(
        label=label,
        min_value=least // unit_seconds,
        max_value=most // unit_seconds,
        help_text=help_text,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )


class SettingsForm(forms.Form):
    """What a shop decides about itself, in the units that people think in."""

    OF_SETTING: ClassVar = {
        "pay_within_seconds": "pay_within_minutes",
        "holding_seconds": "holding_hours",
        "undo_within_seconds": "undo_within_minutes",
    }
    """The form's name of a setting that is kept in seconds."""
    _SECONDS: ClassVar = {
        "pay_within_minutes": MINUTE_SECONDS,
        "holding_hours": HOUR_SECONDS,
        "undo_within_minutes": MINUTE_SECONDS,
    }

    name = _text("name", _("Shop's name"))
    region = forms.CharField(
        label=_("Region of phone numbers"),
        min_length=2,
        max_length=2,
        help_text=_(
            "Two letters, such as CN. Phones typed without a country code are read as this region's."
        ),
    )
    pay_within_minutes = _number(
        "pay_within_seconds",
        MINUTE_SECONDS,
        _("Minutes to pay an order"),
        _("1 to 43,200 (30 days). After that the order expires, and what it held of the stock goes back."),
    )
    redeem_within_days = _number(
        "redeem_within_days", 1, _("Days to redeem"), _("1 to 3,650, counted from the payment.")
    )
    holding_hours = _number(
        "holding_seconds",
        HOUR_SECONDS,
        _("Hours that money is held for what needs no redemption"),
        _("0 to 8,760 (a year). After that it becomes available by itself."),
    )
    undo_within_minutes = _number(
        "undo_within_seconds",
        MINUTE_SECONDS,
        _("Minutes in which a redemption can be undone"),
        _("0 to 10,080 (7 days). At the counter, for a code that was scanned by mistake; 0: never."),
    )
    unredeemed = forms.ChoiceField(
        label=_("What was paid and not redeemed in time"),
        choices=Unredeemed.choices,
        widget=forms.RadioSelect,
        help_text=_("Buyers read it before they pay. Orders that are paid already keep what was said then."),
    )
    contact_name = _text("contact_name", _("Name on the contact card"), required=False)
    contact_phone = _text("contact_phone", _("Phone on the contact card"), required=False)
    contact_note = _text("contact_note", _("A line for the contact card"), required=False)

    def __init__(self, merchant: Merchant, data: Any = None) -> None:
        initial = {name: getattr(merchant, name, None) for name in self.base_fields}
        initial["pay_within_minutes"] = merchant.pay_within_seconds // MINUTE_SECONDS
        initial["undo_within_minutes"] = merchant.undo_within_seconds // MINUTE_SECONDS
        initial["holding_hours"] = merchant.holding_seconds // HOUR_SECONDS
        super().__init__(data, initial=initial)

    def clean_region(self) -> str:
        """In capitals."""
        return str(self.cleaned_data["region"]).strip().upper()

    def changes(self) -> dict[str, object]:
        """The settings that were changed, as they are kept: one in odd seconds stays if nobody touched it."""
        settings_of = {own: setting for setting, own in self.OF_SETTING.items()}
        return {
            settings_of.get(name, name): self.cleaned_data[name] * self._SECONDS.get(name, 1)
            for name in self.changed_data
        }

    def times(self) -> list[forms.BoundField]:
        """The fields of times."""
        return [self[name] for name in ("pay_within_minutes", "redeem_within_days", "holding_hours")]

    def redemption(self) -> list[forms.BoundField]:
        """The fields of what may follow, or not follow, a redemption."""
        return [self[name] for name in ("undo_within_minutes", "unredeemed")]

    def card(self) -> list[forms.BoundField]:
        """The fields of the contact card."""
        return [self[name] for name in ("contact_name", "contact_phone", "contact_note")]
