"""How people sign in: what allauth asks the house about phones, invitations and where to go next."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _, gettext_lazy

from common import phones
from common.secrets import seal, unseal
from merchants import sms
from merchants.models import Person

LANGUAGE_KEPT_SECONDS = 365 * 24 * 3600


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """E-mail and password for people at work, phone and code (or password) for buyers."""

    error_messages = {  # noqa: RUF012 - the base class declares it so
        **DefaultAccountAdapter.error_messages,
        "unknown_login": gettext_lazy("Enter an e-mail address or a phone number."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Work accounts are made by invitation; a buyer's by the first code sent to the phone."""
        return bool(request.session.get("account_verified_email"))

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """The first page after signing in without a `next`: one's work, or one's wallet."""
        person = request.user
        if isinstance(person, Person) and person.memberships.exists():
            return "/dashboard/"
        if isinstance(person, Person) and person.is_staff:
            return "/admin/"
        return str(settings.LOGIN_REDIRECT_URL)

    def post_login(self, request: HttpRequest, user: Person, **kwargs: Any) -> HttpResponse:
        """From here on in the language that the person chose."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if user.language:
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME, user.language, max_age=LANGUAGE_KEPT_SECONDS, samesite="Lax"
            )
        return response

    # --- phones ------------------------------------------------------------------

    def clean_phone(self, phone: str) -> str:
        """Any spelling, read in the project's region, as E.164."""
        return phones.to_e164(phone, settings.PHONE_REGION) or str(super().clean_phone(phone))

    def phone_form_field(self, **kwargs: Any) -> Any:
        """A field that reads any spelling of a phone."""
        from merchants.sign_in import PhoneField

        return PhoneField(**kwargs)

    def get_user_by_phone(self, phone: str) -> Person | None:
        """Whoever has this number, verified or not: a code proves it either way."""
        return Person.objects.filter(phone=phone).first()

    def get_phone(self, user: Person) -> tuple[str, bool] | None:
        """The number and whether a code has proved it."""
        return (user.phone, user.phone_verified) if user.phone else None

    def set_phone(self, user: Person, phone: str, verified: bool) -> None:
        """Give a person a number."""
        user.phone, user.phone_verified = phone, verified
        user.save(update_fields=["phone", "phone_verified"])

    def set_phone_verified(self, user: Person, phone: str) -> None:
        """A code sent to the number came back."""
        if user.phone == phone and not user.phone_verified:
            self.set_phone(user, phone, verified=True)

    def send_verification_code_sms(self, user: Person, phone: str, code: str, **kwargs: Any) -> None:
        """The text with the code; the code stands in the first words, where notifications show it."""
        text = _("%(code)s is your Livetill code. Nobody from Livetill will ever ask you for it.")
        sms.send(phone, text % {"code": code})


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors lie sealed in the database: whoever reads it can make no codes of them."""

    def encrypt(self, text: str) -> str:
        """What is stored of a secret."""
        return seal(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret."""
        return unseal(encrypted_text.encode()).decode()
