"""Signing in: by password, by code, with a second step, without telling who has an account."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from merchants.models import Member, Merchant, Person

PASSWORD = "wood-fire-tea"
PHONE = "+8613800138000"
pytestmark = pytest.mark.django_db


class Post:
    """A sender that keeps what it was given."""

    sent: list[tuple[str, str]] = []  # noqa: RUF012 - emptied by the fixture

    def send(self, phone: str, text: str) -> None:
        Post.sent.append((phone, text))


@pytest.fixture(autouse=True)
def _quiet(settings: Settings) -> Iterator[None]:
    settings.SMS_SENDER = f"{__name__}.Post"
    Post.sent.clear()
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def buyer() -> Person:
    return Person.objects.create_user(phone=PHONE, password=PASSWORD)


@pytest.fixture
def worker() -> Person:
    person = Person.objects.create_user(f"{uuid4().hex[:8]}@example.com", PASSWORD)
    shop = Merchant.objects.create(slug=uuid4().hex[:12], name="Teahouse")
    Member.objects.create(merchant=shop, person=person, role="owner")
    return person


def sign_in(client: Client, login: str, password: str = PASSWORD, **more: str) -> Any:
    return client.post("/accounts/login/", {"login": login, "password": password, **more})


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.mark.parametrize("spelling", ["13800138000", "138 0013 8000", "+86 138-0013-8000", "008613800138000"])
def test_a_buyer_signs_in_by_phone_in_any_spelling(client: Client, buyer: Person, spelling: str) -> None:
    assert sign_in(client, spelling).headers["Location"] == "/me/"
    assert is_in(client)


def test_a_worker_signs_in_by_mail_and_lands_at_work(client: Client, worker: Person) -> None:
    assert sign_in(client, f" {str(worker.email).upper()} ").headers["Location"] == "/dashboard/"


def test_next_is_kept(client: Client, buyer: Person) -> None:
    assert sign_in(client, PHONE, next="/pay/abc").headers["Location"] == "/pay/abc"


def test_next_leads_nowhere_else(client: Client, buyer: Person) -> None:
    assert sign_in(client, PHONE, next="https://evil.example/").headers["Location"] == "/me/"


def test_staff_come_to_the_admin_by_the_same_page(client: Client) -> None:
    Person.objects.create_superuser("staff@example.com", PASSWORD)
    to = client.get("/admin/", follow=True).redirect_chain[-1][0]
    assert to.startswith("/accounts/login/?next=")
    assert sign_in(client, "staff@example.com").headers["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("login", ["nonsense", "12", "a@", "+86 138", "\0", "x" * 300])
def test_what_is_neither_phone_nor_mail_is_said_kindly(client: Client, login: str) -> None:
    answer = sign_in(client, login)
    assert answer.status_code == 200
    assert "id_login_error" in answer.content.decode()


# --- by code -----------------------------------------------------------------------


def ask(client: Client, **fields: str) -> Any:
    return client.post("/accounts/login/code/", fields)


def last_code() -> str:
    found = re.search(r"\b\d{6}\b", Post.sent[-1][1])
    assert found
    return found[0]


@pytest.mark.parametrize("field", ["login", "phone"])
def test_a_code_signs_a_known_buyer_in(client: Client, buyer: Person, field: str) -> None:
    ask(client, **{field: "138 0013 8000"}, next="/me/orders")
    assert Post.sent[-1][0] == PHONE
    answer = client.post("/accounts/login/code/confirm/", {"code": last_code(), "next": "/me/orders"})
    assert answer.headers["Location"] == "/me/orders"
    buyer.refresh_from_db()
    assert buyer.phone_verified


def test_a_new_phone_gets_its_account_with_the_first_code(client: Client) -> None:
    known = ask(Client(), login=Person.objects.create_user(phone=PHONE).phone or "")
    fresh = ask(client, login="139 1234 5678")
    assert (fresh.status_code, fresh.headers["Location"]) == (known.status_code, known.headers["Location"])
    client.post("/accounts/login/code/confirm/", {"code": last_code()})
    person = Person.objects.get(phone="+8613912345678")
    assert client.session["_auth_user_id"] == str(person.pk)
    assert not person.has_usable_password()


def test_three_wrong_codes_end_the_attempt(client: Client, buyer: Person) -> None:
    ask(client, login=PHONE)
    right = last_code()
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    for _ in range(3):
        client.post("/accounts/login/code/confirm/", {"code": wrong})
    client.post("/accounts/login/code/confirm/", {"code": right})
    assert not is_in(client)


def test_a_code_by_mail(client: Client, worker: Person) -> None:
    ask(client, login=str(worker.email))
    code = re.findall(r"\b\d{6}\b", str(mail.outbox[-1].body))[0]
    assert client.post("/accounts/login/code/confirm/", {"code": code}).headers["Location"] == "/dashboard/"


def test_an_unknown_mail_gets_the_same_answer_and_no_message(client: Client, worker: Person) -> None:
    known, unknown = ask(Client(), login=str(worker.email)), ask(client, login="nobody@example.com")
    assert (unknown.status_code, unknown.headers["Location"]) == (
        known.status_code,
        known.headers["Location"],
    )
    assert [message.to for message in mail.outbox] == [[worker.email]]
    assert not Person.objects.filter(email="nobody@example.com").exists()


# --- limits --------------------------------------------------------------------------


def test_dozens_of_sign_ins_from_one_address_are_fine(buyer: Person) -> None:
    assert [sign_in(Client(), PHONE).status_code for _ in range(60)] == [302] * 60


def test_ten_failures_close_one_account_and_no_other(buyer: Person, worker: Person) -> None:
    answers = [sign_in(Client(), PHONE, "wrong").content.decode() for _ in range(11)]
    assert ["Too many" in answer for answer in answers] == [False] * 10 + [True]
    assert "Too many" in sign_in(Client(), "138 0013 8000").content.decode()
    assert sign_in(Client(), str(worker.email)).status_code == 302


def test_codes_to_one_phone_are_limited(buyer: Person) -> None:
    for _ in range(5):
        ask(Client(), login=PHONE)
    assert len(Post.sent) == 3


# --- the rest ---------------------------------------------------------------------------


def test_signing_out_is_a_post(client: Client, buyer: Person) -> None:
    sign_in(client, PHONE)
    assert client.get("/accounts/logout/").status_code == 200
    assert is_in(client)
    assert client.post("/accounts/logout/").headers["Location"] == "/"
    assert not is_in(client)


def test_a_forgotten_password_is_replaced_by_mail(client: Client, worker: Person) -> None:
    client.post("/accounts/password/reset/", {"email": str(worker.email)})
    link = re.findall(r"https?://testserver(\S+)", str(mail.outbox[-1].body))[0]
    form = client.get(link, follow=True)
    client.post(form.request["PATH_INFO"], {"password1": "another-good-one", "password2": "another-good-one"})
    assert sign_in(Client(), str(worker.email), "another-good-one").status_code == 302


def test_work_accounts_are_made_by_invitation_only(client: Client) -> None:
    answer = client.post("/accounts/signup/", {"email": "me@example.com", "password1": PASSWORD})
    assert not Person.objects.filter(email="me@example.com").exists()
    assert "invitation" in answer.content.decode()


def test_the_second_step_stands_between_password_and_session(client: Client, worker: Person) -> None:
    from allauth.mfa.totp.internal import auth

    secret = auth.generate_totp_secret()
    auth.TOTP.activate(worker, secret)
    assert sign_in(client, str(worker.email)).headers["Location"] == "/accounts/2fa/authenticate/"
    assert not is_in(client)
    code = auth.format_hotp_value(auth.hotp_value(secret, next(iter(auth.yield_hotp_counters_from_time()))))
    assert client.post("/accounts/2fa/authenticate/", {"code": code}).headers["Location"] == "/dashboard/"


def test_the_development_sender_keeps_messages_only_while_debug(settings: Settings, tmp_path: Path) -> None:
    from merchants import sms

    settings.VAR_DIR = tmp_path
    settings.SMS_SENDER = "merchants.sms.DevelopmentSender"
    sms.send(PHONE, "123456 secret")
    assert not (tmp_path / "sms.log").exists()
    settings.DEBUG = True
    for number in range(sms.KEPT_MESSAGES + 3):
        sms.send(PHONE, f"{number:06} is your code")
    lines = [json.loads(line) for line in (tmp_path / "sms.log").read_text().splitlines()]
    assert len(lines) == sms.KEPT_MESSAGES
    assert lines[-1] == {"at": lines[-1]["at"], "phone": PHONE, "text": "000502 is your code"}
    assert (tmp_path / "sms.log").stat().st_mode & 0o77 == 0
