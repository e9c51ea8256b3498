"""Who works for two shops: a till collects for the shop that it shows, whichever was chosen since."""

from __future__ import annotations

from uuid import uuid4

import pytest

from merchants.models import Member
from merchants.models.merchants import Role
from payments.models import Payment, PaymentKind
from tests.cast import Cast, signed_in
from tests.pages_till.conftest import SCRIPT, TILL, Client, code_of, sold, word

pytestmark = pytest.mark.usefixtures("agrees")


@pytest.fixture
def between(cast: Cast) -> Client:
    """A cashier of the cast's shop who has switched to another one, in another window."""
    person = cast.member(Role.CASHIER)
    Member.objects.create(merchant=cast.other_merchant, person=person, role=Role.CASHIER)
    client = signed_in(person)
    assert (
        client.get(f"{TILL}?merchant={cast.other_merchant.slug}").context["merchant"] == cast.other_merchant
    )
    return client


def here(cast: Cast, path: str = "") -> str:
    return f"{TILL}{path}?merchant={cast.merchant.slug}"


def told(cast: Cast) -> dict[str, str]:
    return {"reference": str(uuid4()), "code": code_of(cast.buyer), "amount": "10.00"}


def test_every_address_of_the_page_names_its_shop(cast: Cast, cashier: Client) -> None:
    page = cashier.get(TILL).content.decode()
    for name in ("data-url", "action"):
        assert f'{name}="{here(cast)}"' in page
    assert f'name="merchant" value="{cast.merchant.slug}"' in page


def test_a_script_collects_for_the_shop_of_its_page_and_switches_nothing(cast: Cast, between: Client) -> None:
    answer = between.post(here(cast), given := told(cast), headers=SCRIPT)
    assert (answer.status_code, word(answer)) == (201, "paid")
    assert Payment.objects.get(till_reference=given["reference"]).merchant == cast.merchant
    path = f"/sales/{given['reference']}"
    assert word(between.get(here(cast, path), headers=SCRIPT)) == "paid"
    assert word(between.post(here(cast, f"{path}/give-up"), headers=SCRIPT)) == "reversed"
    assert between.get(TILL).context["merchant"] == cast.other_merchant


def test_without_a_script_the_sale_is_shown_in_its_shop(cast: Cast, between: Client) -> None:
    answer = between.post(here(cast), given := told(cast), follow=True)
    assert answer.status_code == 200
    assert answer.context["merchant"] == cast.merchant
    assert answer.context["payment"].till_reference == given["reference"]


def test_the_links_of_an_answer_lead_to_the_sales_shop(cast: Cast, between: Client) -> None:
    answer = between.post(here(cast), given := told(cast), headers=SCRIPT)
    sale = Payment.objects.get(till_reference=given["reference"])
    address = here(cast, f"/payments/{sale.public_id}")
    assert f'href="{address}"' in answer.content.decode()
    page = between.get(address)
    assert f'action="{here(cast, f"/payments/{sale.public_id}/reverse")}"' in page.content.decode()


def test_who_does_not_work_there_any_more_collects_nothing(cast: Cast, between: Client) -> None:
    Member.objects.filter(merchant=cast.merchant, role=Role.CASHIER).delete()
    answer = between.post(here(cast), told(cast), headers=SCRIPT)
    assert answer.status_code == 404
    assert 'id="till-sale"' not in answer.content.decode()
    shops = (cast.merchant, cast.other_merchant)
    assert not Payment.objects.filter(kind=PaymentKind.TILL, merchant__in=shops).exists()


def test_a_part_of_a_page_does_not_switch_shops(cast: Cast, between: Client) -> None:
    sold(between, cast.buyer)
    assert between.get(here(cast, "/items"), headers=SCRIPT).status_code == 200
    assert between.get(TILL).context["merchant"] == cast.other_merchant
    assert between.get(here(cast)).context["merchant"] == cast.merchant
    assert between.get(TILL).context["merchant"] == cast.merchant
