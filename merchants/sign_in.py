"""The forms of signing in: one field that takes an e-mail address or a phone in any spelling."""

from __future__ import annotations

from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.fields import PhoneField as BasePhoneField
from allauth.account.forms import LoginForm as BaseLoginForm, RequestLoginCodeForm
from allauth.account.internal.userkit import filter_users_by_email
from allauth.core import context, ratelimit
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from common import phones
from merchants.models import Person


class PhoneField(BasePhoneField):  # type: ignore[misc]
    """A phone in any spelling of the project's region; cleans to E.164."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs["validators"] = []
        super().__init__(**kwargs)

    def clean(self, value: Any) -> str:
        """E.164, or a `ValidationError` for what is no phone."""
        text = str(forms.CharField.clean(self, value))
        if not text:
            return text
        number = phones.to_e164(text, settings.PHONE_REGION)
        if number is None:
            raise ValidationError(_("Enter a valid phone number."), code="invalid_phone")
        return number


def read_login(text: str) -> tuple[str, str]:
    """`("email", address)` or `("phone", E.164)`; anything else is a `ValidationError`."""
    text = text.strip()
    if "@" in text:
        validate_email(text)
        return "email", text.lower()
    number = phones.to_e164(text, settings.PHONE_REGION)
    if number is None:
        raise get_adapter().validation_error("unknown_login")
    return "phone", number


def person_of_phone(phone: str) -> Person:
    """Whoever has the number, or somebody new: asking for a code is how a buyer begins."""
    found = Person.objects.filter(phone=phone).first()
    if found:
        return found
    try:
        with transaction.atomic():
            return Person.objects.create_user(phone=phone)
    except IntegrityError:  # two first codes at once
        return Person.objects.get(phone=phone)


def _login_field() -> forms.CharField:
    widget = forms.TextInput(
        attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
    )
    return forms.CharField(label=_("Phone or e-mail"), max_length=254, widget=widget)


class LoginForm(BaseLoginForm):  # type: ignore[misc]
    """Phone or e-mail, and a password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = _login_field()
        self.fields["password"].help_text = ""
        self.fields["password"].widget.attrs.pop("placeholder", None)
        self.order_fields(["login", "password"])

    def clean_login(self) -> str:
        """The address in lower case, or the phone in E.164."""
        return read_login(self.cleaned_data["login"])[1]


class RequestCodeForm(RequestLoginCodeForm):  # type: ignore[misc]
    """Phone or e-mail; a phone that is new here gets its account now. Programs may name the field
    `phone` or `email` as well."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("email", "phone"):
            self.fields.pop(name, None)
        self.fields["login"] = _login_field()

    def add_prefix(self, field_name: str) -> str:
        """Reads `login` from whichever of its names was sent."""
        if field_name == "login" and self.is_bound and "login" not in self.data:
            field_name = next((name for name in ("phone", "email") if self.data.get(name)), field_name)
        return str(super().add_prefix(field_name))

    def clean_login(self) -> str:
        """Finds (or makes) who is meant, within the limits of rate."""
        method, login = read_login(self.cleaned_data["login"])
        if not ratelimit.consume(context.request, action="request_login_code", key=login):
            raise get_adapter().validation_error("rate_limited")
        if method == "phone":
            self._user = person_of_phone(login)
        else:
            self._user = self._person_of_email(login)
        self.cleaned_data[method] = login
        return login

    @staticmethod
    def _person_of_email(email: str) -> Any:
        users = filter_users_by_email(email, is_active=True, prefer_verified=True, for_login=True)
        if not users and not app_settings.PREVENT_ENUMERATION:
            raise get_adapter().validation_error("unknown_email")
        return users[0] if users else None
