"""The way back for a forgotten PIN: only for who has just proved who they are, in this session."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from allauth.account.models import EmailAddress

from common import clock
from common.models import AuditEntry
from common.refusals import InvalidInput, InvalidState
from merchants import sms
from merchants.models import Person
from merchants.proof import PROVED_FOR
from payments.flows.reset_pin import reset_pin
from payments.flows.set_pin import set_pin
from payments.models import BuyerPin
from payments.pins import check_pin
from payments.refusals import PaymentCodeInvalid, PinLocked, PinWrong, ProofNeeded
from tests.cast import PASSWORD, Cast, make_buyer, signed_in
from tests.pages_buyer.conftest import text_of
from tests.pages_dashboard.conftest import errors
from tests.pages_till_buyer.conftest import Client, ask, collect, digits

PIN, OTHER = "135790", "246813"
FORGOTTEN = "/me/pay/pin/forgotten"
TO_PROVE = "/accounts/prove?next=%2Fme%2Fpay%2Fpin%2Fforgotten"


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The last text to each phone."""
    sent: dict[str, str] = {}
    monkeypatch.setattr(sms, "send", sent.__setitem__)
    return sent


@pytest.fixture
def kept(cast: Cast) -> BuyerPin:
    """The buyer's PIN, with limits of their own and wrong tries."""
    set_pin(cast.buyer, PIN)
    BuyerPin.objects.filter(person=cast.buyer).update(ask_above_minor=123, ask_after_uses=2, wrong_count=3)
    return BuyerPin.objects.get(person=cast.buyer)


def send(client: Client, pin: str = OTHER, again: str = OTHER) -> Any:
    return client.post(FORGOTTEN, {"pin": pin, "again": again})


def by_password(client: Client, password: str = PASSWORD) -> Any:
    page = client.get("/accounts/reauthenticate/", {"next": FORGOTTEN})
    assert page.status_code == 200
    return client.post("/accounts/reauthenticate/", {"password": password, "next": FORGOTTEN})


def by_code(client: Client, person: Person, texts: dict[str, str]) -> Any:
    """Signed out, and in again by the code that came to the phone."""
    away = client.post("/accounts/prove", {"next": FORGOTTEN})
    assert away["Location"] == "/accounts/login/code/?next=%2Fme%2Fpay%2Fpin%2Fforgotten"
    assert client.get("/me/").status_code == 302, "the session has ended"
    client.post("/accounts/login/code/", {"login": person.phone, "next": FORGOTTEN})
    code = re.search(r"\d{6}", texts[person.phone or ""])
    assert code
    return client.post("/accounts/login/code/confirm/", {"code": code[0], "next": FORGOTTEN})


def holds(person: Person, pin: str) -> bool:
    try:
        return check_pin(person, pin) is not None
    except PinWrong:
        return False


def test_an_open_session_is_not_enough(cast: Cast, buyer: Client, kept: BuyerPin) -> None:
    assert buyer.get(FORGOTTEN)["Location"] == TO_PROVE
    assert send(buyer)["Location"] == TO_PROVE
    assert holds(cast.buyer, PIN)
    page = buyer.get(TO_PROVE)
    assert "Sign in anew with a code" in text_of(page)
    assert "/accounts/reauthenticate/?next=%2Fme%2Fpay%2Fpin%2Fforgotten" in page.content.decode()
    assert f'href="{FORGOTTEN}"' in buyer.get("/me/pay/pin").content.decode()


def test_by_the_password(cast: Cast, buyer: Client, kept: BuyerPin) -> None:
    assert by_password(buyer)["Location"] == FORGOTTEN
    assert "set a new PIN in place of the forgotten one" in text_of(buyer.get(FORGOTTEN))
    assert send(buyer)["Location"] == "/me/pay/pin"
    assert "Your new PIN is set." in text_of(buyer.get("/me/pay/pin"))
    now = BuyerPin.objects.get(person=cast.buyer)
    assert (now.wrong_count, now.ask_above_minor, now.ask_after_uses) == (0, 123, 2)
    assert holds(cast.buyer, OTHER)
    assert not holds(cast.buyer, PIN)
    entry = AuditEntry.objects.get(verb="pin.reset", subject=f"person:{cast.buyer.pk.hex}")
    assert OTHER not in str(entry.detail)


def test_by_a_code_to_the_phone(cast: Cast, buyer: Client, kept: BuyerPin, texts: dict[str, str]) -> None:
    assert by_code(buyer, cast.buyer, texts)["Location"] == FORGOTTEN
    assert send(buyer)["Location"] == "/me/pay/pin"
    assert holds(cast.buyer, OTHER)


def test_a_wrong_password_proves_nothing(cast: Cast, buyer: Client, kept: BuyerPin) -> None:
    assert by_password(buyer, "a-wrong-password").status_code == 200
    assert send(buyer)["Location"] == TO_PROVE
    assert holds(cast.buyer, PIN)


def test_it_counts_for_five_minutes(cast: Cast, buyer: Client, kept: BuyerPin) -> None:
    by_password(buyer)
    with clock.moved(PROVED_FOR + timedelta(seconds=1)):
        assert buyer.get(FORGOTTEN)["Location"] == TO_PROVE
        assert send(buyer)["Location"] == TO_PROVE
    assert holds(cast.buyer, PIN)


def test_a_sign_in_of_some_time_ago_does_not_count(cast: Cast, kept: BuyerPin) -> None:
    client = Client()
    client.post("/accounts/login/", {"login": cast.buyer.phone, "password": PASSWORD})
    assert client.get(FORGOTTEN).status_code == 200
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time() - 301}]
    session.save()
    assert client.get(FORGOTTEN)["Location"] == TO_PROVE


def test_another_browsers_proof_does_not_count(cast: Cast, buyer: Client, kept: BuyerPin) -> None:
    by_password(buyer)
    assert signed_in(cast.buyer).get(FORGOTTEN)["Location"] == TO_PROVE


def test_somebody_elses_proof_sets_somebody_elses_pin(
    cast: Cast, buyer: Client, kept: BuyerPin, texts: dict[str, str]
) -> None:
    """Whoever signs in anew as another person meets that person's page."""
    set_pin(cast.second_buyer, PIN)
    assert by_code(buyer, cast.second_buyer, texts)["Location"] == FORGOTTEN
    send(buyer)
    assert holds(cast.buyer, PIN)
    assert holds(cast.second_buyer, OTHER)


def test_a_token_alone_never_does_it(cast: Cast, kept: BuyerPin) -> None:
    put = cast.buyer_key.put("me/pin", {"pin": OTHER})
    assert (put.status, put.fields) == (422, {"old_pin": "required"})
    for path in (FORGOTTEN, "/accounts/prove"):
        assert cast.buyer_key.call("POST", path, {"pin": OTHER, "again": OTHER}).status == 302
    assert holds(cast.buyer, PIN)


def test_nobody_is_sent_to_sign_in(db: None) -> None:
    assert Client().get(FORGOTTEN)["Location"].startswith("/accounts/login")
    assert Client().get("/accounts/prove")["Location"].startswith("/accounts/login")


def test_a_locked_pin_works_again_and_a_shown_code_ends(cast: Cast, buyer: Client, kept: BuyerPin) -> None:
    shown = ask(buyer)
    for _try in range(2):  # with the three before
        holds(cast.buyer, OTHER)
    with pytest.raises(PinLocked):
        check_pin(cast.buyer, PIN)
    by_password(buyer)
    send(buyer)
    assert holds(cast.buyer, OTHER)
    with pytest.raises(PaymentCodeInvalid):
        collect(cast, digits(shown), 100)


@pytest.mark.parametrize(
    ("pin", "again", "where"), [("12345", "12345", "pin"), ("111111", "111111", "pin"), (OTHER, PIN, "again")]
)
def test_what_is_no_pin(cast: Cast, buyer: Client, kept: BuyerPin, pin: str, again: str, where: str) -> None:
    by_password(buyer)
    answer = send(buyer, pin, again)
    assert answer.status_code == 422
    assert where in errors(answer)
    assert holds(cast.buyer, PIN)


def test_without_a_pin_one_sets_the_first(buyer: Client) -> None:
    assert buyer.get(FORGOTTEN)["Location"] == "/me/pay/pin"


def test_the_flow_itself_wants_the_proof(cast: Cast, kept: BuyerPin) -> None:
    for proved in (None, clock.now() - PROVED_FOR):
        with pytest.raises(ProofNeeded):
            reset_pin(cast.buyer, OTHER, proved)
    with pytest.raises(InvalidInput):
        reset_pin(cast.buyer, "12", clock.now())
    with pytest.raises(InvalidState):
        reset_pin(cast.second_buyer, OTHER, clock.now())


def test_a_password_set_in_an_open_session_proves_nothing(cast: Cast, texts: dict[str, str]) -> None:
    """Else an open session could make itself a proof; who has just signed in by a code may set one."""
    phone_only = make_buyer()
    phone_only.set_unusable_password()
    phone_only.save(update_fields=["password"])
    client = signed_in(phone_only)
    new = {"password1": "a-new-password-now", "password2": "a-new-password-now"}
    for answer in (client.get("/accounts/password/set/"), client.post("/accounts/password/set/", new)):
        assert answer["Location"] == "/accounts/prove?next=%2Faccounts%2Fpassword%2Fset%2F"
    assert not Person.objects.get(pk=phone_only.pk).has_usable_password()
    assert "Say the password" not in text_of(client.get("/accounts/prove"))
    by_code(client, phone_only, texts)
    assert client.post("/accounts/password/set/", new).status_code == 302
    assert Person.objects.get(pk=phone_only.pk).check_password("a-new-password-now")


@pytest.mark.parametrize(
    "page", ["/accounts/email/", "/accounts/2fa/totp/activate/", "/accounts/2fa/recovery-codes/generate/"]
)
def test_nothing_that_could_prove_more_is_set_in_an_open_session(
    cast: Cast, texts: dict[str, str], page: str
) -> None:
    """An address or an app of their own would let whoever holds the session make themselves a proof."""
    phone_only = make_buyer()
    phone_only.set_unusable_password()
    phone_only.save(update_fields=["password"])
    client = signed_in(phone_only)
    own = {"action_add": "", "email": "thief@example.com", "code": "123456"}
    for answer in (client.get(page), client.post(page, own)):
        assert answer["Location"] == f"/accounts/prove?{urlencode({'next': page})}"
    assert not EmailAddress.objects.filter(user=phone_only).exists()
    by_code(client, phone_only, texts)
    assert not str(client.get(page).headers.get("Location", "")).startswith("/accounts/prove")


@pytest.mark.parametrize("next_", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_only_addresses_of_ours_are_gone_on_to(buyer: Client, next_: str) -> None:
    assert buyer.post("/accounts/prove", {"next": next_})["Location"] == "/accounts/login/code/?next=%2F"
