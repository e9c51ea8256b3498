"""Refunds on a buyer's own pages: asked for, followed, put before the staff; the reputation in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from common import clock
from merchants.models import Person
from orders.flows.redeem_order import redeem_order
from orders.models import Item
from payments.queries import wallet_of
from refunds.deciding import Rule
from refunds.flows.decide_refund import approve_refund, reject_refund
from refunds.flows.escalate_refund import settle_escalation
from refunds.models import Refund, RefundState
from refunds.standing import adjust
from refunds.words import SAID
from tests.cast import WALLET_MINOR, Cast, make_order, make_paid_order, signed_in, together
from tests.pages_buyer.conftest import field_of, text_of
from tests.refunds.pictures import label, saved
from tests.refunds.stage import a_photo, carry_out, rules, trust

PAGES = ("/refund", "/me/refunds", "/me/reputation")


def bought(cast: Cast, payer: Person | None = None) -> Item:
    """A unit that the buyer has paid."""
    return make_paid_order(cast.merchant, payer or cast.buyer, cast.code_product).items[0]


def form_for(client: Client, code: str, photos: Sequence[bytes] | None = None, **more: Any) -> dict[str, Any]:
    """What the page's form sends."""
    photos = [a_photo()] if photos is None else photos
    files = [SimpleUploadedFile(f"{n}.jpg", one, "image/jpeg") for n, one in enumerate(photos)]
    once = field_of(client.get("/refund"), "refund")
    return {"refund": once, "item_code": code, "photo": files, "reason": "It is torn.", **more}


def ask(client: Client, code: str, photos: Sequence[bytes] | None = None, **more: Any) -> Any:
    return client.post("/refund", form_for(client, code, photos, **more))


def asked(cast: Cast, client: Client) -> Refund:
    """A refund that waits for the shop."""
    assert ask(client, bought(cast).code).status_code == 302
    refund = Refund.objects.filter(buyer=cast.buyer).order_by("-pk").first()
    assert refund is not None
    return refund


def error_of(page: Any, field: str) -> str:
    """What stands by a field."""
    found = re.search(rf'id="id_{field}_error">(.*?)</div>', page.content.decode(), re.S)
    return re.sub(r"<[^>]+>", "", found[1]).strip() if found else ""


@pytest.mark.parametrize("address", PAGES)
def test_nobody_is_sent_to_sign_in_and_back(db: None, nobody: Client, address: str) -> None:
    answer = nobody.get(address)
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={address}")


@pytest.mark.parametrize("address", PAGES)
def test_opens_for_whoever_is_signed_in(cast: Cast, buyer: Client, address: str) -> None:
    page = buyer.get(address)
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    assert "unsafe-inline" not in page["Content-Security-Policy"]


def test_the_camera_is_for_the_form_alone(cast: Cast, buyer: Client) -> None:
    assert "'wasm-unsafe-eval'" in buyer.get("/refund")["Content-Security-Policy"]
    assert "wasm" not in buyer.get("/me/refunds")["Content-Security-Policy"]


class TestAsking:
    def test_the_address_fills_the_code_in_and_names_the_item(self, cast: Cast, buyer: Client) -> None:
        unit = bought(cast)
        page = buyer.get(f"/refund?code={unit.code}")
        assert f'value="{unit.code}"' in page.content.decode()
        assert unit.product_name in text_of(page)
        assert "What happens next" in text_of(page)
        stranger = signed_in(cast.second_buyer).get(f"/refund?code={unit.code}")
        assert unit.product_name not in text_of(stranger)

    def test_good_reputation_has_it_approved_at_once(self, cast: Cast, buyer: Client, agrees: None) -> None:
        trust(cast.buyer)
        answer = ask(buyer, bought(cast).code)
        refund = Refund.objects.get(buyer=cast.buyer)
        assert (answer.status_code, answer["Location"]) == (302, f"/me/refunds/{refund.public_id}")
        assert refund.state == RefundState.APPROVED
        assert str(SAID[RefundState.APPROVED]) in text_of(buyer.get(answer["Location"]))
        carry_out()
        assert str(SAID[RefundState.REFUNDED]) in text_of(buyer.get(answer["Location"]))
        assert wallet_of(cast.buyer, "CNY") == WALLET_MINOR

    def test_otherwise_the_shop_is_asked(self, cast: Cast, buyer: Client) -> None:
        refund = asked(cast, buyer)
        text = text_of(buyer.get(f"/me/refunds/{refund.public_id}"))
        assert "With the shop" in text
        assert "The shop decides" in text
        assert "The reputation is below what the shop asks for." in text

    def test_by_a_picture_of_the_code(self, cast: Cast, buyer: Client) -> None:
        unit = bought(cast)
        picture = SimpleUploadedFile("code.png", saved(label(unit.code, "qr"), "PNG"), "image/png")
        assert ask(buyer, "", code_photo=picture).status_code == 302
        assert Refund.objects.get(buyer=cast.buyer).item == unit

    def test_a_picture_without_a_code_is_refused_by_its_field(self, cast: Cast, buyer: Client) -> None:
        picture = SimpleUploadedFile("code.jpg", a_photo(), "image/jpeg")
        page = ask(buyer, "", code_photo=picture)
        assert page.status_code == 422
        assert error_of(page, "code_photo") == "No item&#x27;s code can be read in this picture."

    def test_everything_that_is_wrong_is_said_at_once(self, cast: Cast, buyer: Client) -> None:
        page = ask(buyer, " ", [], reason="")
        assert page.status_code == 422
        assert all(error_of(page, name) for name in ("item_code", "photo", "reason"))

    @pytest.mark.parametrize(
        ("photos", "more", "field"),
        [
            ([b"<svg/>"], {}, "photo"),
            ([a_photo(1)[:200]], {}, "photo"),
            ([a_photo(n) for n in range(6)], {}, "photo"),
            ([a_photo(1)], {"reason": "x" * 501}, "reason"),
            ([a_photo(1)], {"reason": "\x00"}, "reason"),
        ],
    )
    def test_what_was_typed_stays(
        self, cast: Cast, buyer: Client, photos: list[bytes], more: dict[str, str], field: str
    ) -> None:
        unit = bought(cast)
        page = ask(buyer, unit.code, photos, **more)
        assert page.status_code == 422
        assert error_of(page, field)
        assert f'value="{unit.code}"' in page.content.decode()
        assert more or "It is torn." in text_of(page)
        assert "choose the pictures once more" in text_of(page)
        assert not Refund.objects.filter(buyer=cast.buyer).exists()

    @pytest.mark.parametrize("code", ["nonsense", "12", "\x00", "0" * 16, "😀" * 100])
    def test_a_code_that_is_none_is_refused_by_its_field(self, cast: Cast, buyer: Client, code: str) -> None:
        page = ask(buyer, code)
        assert page.status_code == 422
        assert error_of(page, "item_code")

    def test_others_codes_and_unpaid_ones_are_unknown(self, cast: Cast, buyer: Client) -> None:
        unpaid = make_order(cast.merchant, cast.code_product, buyer=cast.buyer).items[0]
        for code in (bought(cast, cast.second_buyer).code, unpaid.code):
            page = ask(buyer, code)
            assert (page.status_code, error_of(page, "item_code")) == (
                422,
                "None of your items has that code.",
            )

    def test_too_late_says_so(self, cast: Cast, buyer: Client) -> None:
        code = bought(cast).code
        with clock.moved(timedelta(days=16)):
            page = ask(signed_in(cast.buyer), code)
        assert page.status_code == 409
        assert error_of(page, "item_code")

    def test_a_second_time_leads_to_the_first(self, cast: Cast, buyer: Client) -> None:
        refund = asked(cast, buyer)
        page = ask(buyer, refund.item.code)
        assert page.status_code == 409
        assert error_of(page, "item_code")
        assert f'href="/me/refunds/{refund.public_id}"' in page.content.decode()
        opened = buyer.get(f"/refund?code={refund.item.code}").content.decode()
        assert f'href="/me/refunds/{refund.public_id}"' in opened

    def test_the_same_form_sent_twice_is_one_refund(self, cast: Cast, buyer: Client) -> None:
        form, photo = form_for(buyer, bought(cast).code), a_photo()
        sent = [{**form, "photo": SimpleUploadedFile("1.jpg", photo, "image/jpeg")} for _tap in range(2)]
        first, second = (buyer.post("/refund", one)["Location"] for one in sent)
        assert first == second
        assert Refund.objects.filter(buyer=cast.buyer).count() == 1

    def test_another_buyers_form_names_no_refund(self, cast: Cast, buyer: Client) -> None:
        mine = form_for(buyer, bought(cast).code)
        assert buyer.post("/refund", mine).status_code == 302
        theirs = signed_in(cast.second_buyer)
        code = bought(cast, cast.second_buyer).code
        assert ask(theirs, code, refund=mine["refund"]).status_code == 302
        for person in (cast.buyer, cast.second_buyer):
            assert Refund.objects.filter(buyer=person).count() == 1

    @pytest.mark.races
    def test_the_same_form_sent_at_one_moment_keeps_its_photos(self, committed: None, cast: Cast) -> None:
        unit = bought(cast)
        form, photo = form_for(signed_in(cast.buyer), unit.code), a_photo()
        browsers = [signed_in(cast.buyer) for _ in range(4)]

        def send(number: int) -> Any:
            one = {**form, "photo": SimpleUploadedFile("1.jpg", photo, "image/jpeg")}
            return browsers[number].post("/refund", one)

        together(send, 4)
        refund = Refund.objects.get(item=unit)
        page = browsers[0].get(f"/me/refunds/{refund.public_id}").content.decode()
        shown = re.findall(r'<img src="(/refund-photo/[^"]+)"', page)
        assert [browsers[0].get(address).status_code for address in shown] == [200]


class TestFollowing:
    def test_none_yet_leads_to_the_form(self, cast: Cast, buyer: Client) -> None:
        page = buyer.get("/me/refunds")
        assert "No refunds yet" in text_of(page)
        assert 'href="/refund"' in page.content.decode()

    def test_the_list_is_paged_and_ones_own(self, cast: Cast, buyer: Client) -> None:
        for _number in range(21):
            asked(cast, buyer)
        first = buyer.get("/me/refunds").content.decode()
        assert first.count('href="/me/refunds/rfd_') == 20
        older = re.search(r'href="([^"]+)" rel="next"', first)
        assert older
        second = buyer.get("/me/refunds" + older[1].replace("&amp;", "&")).content.decode()
        assert second.count('href="/me/refunds/rfd_') == 1
        assert "No refunds yet" in text_of(signed_in(cast.second_buyer).get("/me/refunds"))
        assert buyer.get("/me/refunds?cursor=x").status_code == 404

    def test_photos_come_from_this_site_for_some_minutes(self, cast: Cast, buyer: Client) -> None:
        assert ask(buyer, bought(cast).code, [a_photo(), a_photo()]).status_code == 302
        page = buyer.get(f"/me/refunds/{Refund.objects.get(buyer=cast.buyer).public_id}").content.decode()
        shown = re.findall(r'<img src="(/refund-photo/[^"]+)" alt="Photo \d of 2"', page)
        assert [buyer.get(address)["Content-Type"] for address in shown] == ["image/jpeg"] * 2

    def test_nobody_elses(self, cast: Cast, buyer: Client) -> None:
        refund, stranger = asked(cast, buyer), signed_in(cast.second_buyer)
        for part in ("", "/state"):
            assert stranger.get(f"/me/refunds/{refund.public_id}{part}").status_code == 404
        assert stranger.post(f"/me/refunds/{refund.public_id}/escalate").status_code == 404
        for nothing in ("rfd_" + "0" * 32, "x", refund.pk.hex):
            assert buyer.get(f"/me/refunds/{nothing}").status_code == 404

    def test_the_part_that_changes_says_so_and_asks_until_the_end(self, cast: Cast, buyer: Client) -> None:
        refund = asked(cast, buyer)
        address = f"/me/refunds/{refund.public_id}/state"
        waiting = buyer.get(address).content.decode()
        assert 'data-live-state="waiting_for_merchant"' in waiting
        assert 'hx-trigger="every 10s, live:now"' in waiting
        approve_refund(cast.merchant, refund.pk)
        assert 'hx-trigger="every 2s, live:now"' in buyer.get(address).content.decode()
        carry_out()
        ended = buyer.get(address).content.decode()
        assert f'data-live-announce="{SAID[RefundState.REFUNDED]}"' in ended
        assert 'hx-trigger="live:now"' in ended

    def test_silence_is_told_as_such(self, cast: Cast, buyer: Client) -> None:
        rules(cast.merchant, deadline_hours=2)
        refund = asked(cast, buyer)
        with clock.moved(timedelta(hours=3)):
            carry_out()
        assert "the shop did not answer in time" in text_of(buyer.get(f"/me/refunds/{refund.public_id}"))

    def test_every_rule_has_its_words_on_the_page(self, cast: Cast, buyer: Client) -> None:
        refund = asked(cast, buyer)
        for rule in (*Rule, "of_later"):
            Refund.objects.filter(pk=refund.pk).update(rule=rule)
            assert buyer.get(f"/me/refunds/{refund.public_id}").status_code == 200

    def test_what_others_wrote_is_escaped(self, cast: Cast, buyer: Client) -> None:
        refund = asked(cast, buyer)
        reject_refund(cast.merchant, refund.pk, "<b>No</b>")
        page = buyer.get(f"/me/refunds/{refund.public_id}").content.decode()
        assert "&lt;b&gt;No&lt;/b&gt;" in page
        assert "<b>No</b>" not in page


class TestEscalating:
    def test_once_and_the_staff_have_the_last_word(self, cast: Cast, buyer: Client) -> None:
        refund = asked(cast, buyer)
        address = f"/me/refunds/{refund.public_id}"
        button = f'action="{address}/escalate"'
        assert button not in buyer.get(address).content.decode()
        reject_refund(cast.merchant, refund.pk, "Worn.")
        rejected = buyer.get(address)
        assert "Worn." in text_of(rejected)
        assert button in rejected.content.decode()
        assert buyer.post(f"{address}/escalate")["Location"] == address
        escalated = buyer.get(address)
        assert "With the staff" in text_of(escalated)
        assert button not in escalated.content.decode()
        settle_escalation(refund.pk, gives=False, reason="It was worn out.")
        ended = buyer.get(address)
        assert "It was worn out." in text_of(ended)
        assert button not in ended.content.decode()
        assert "decided about this refund already" in text_of(buyer.post(f"{address}/escalate", follow=True))

    def test_won(self, cast: Cast, buyer: Client, agrees: None) -> None:
        refund = asked(cast, buyer)
        reject_refund(cast.merchant, refund.pk, "Worn.")
        buyer.post(f"/me/refunds/{refund.public_id}/escalate")
        settle_escalation(refund.pk, gives=True, reason="The photos show it.")
        carry_out()
        text = text_of(buyer.get(f"/me/refunds/{refund.public_id}"))
        assert "The staff said yes" in text
        assert "The money went back" in text
        assert wallet_of(cast.buyer, "CNY") == WALLET_MINOR

    def test_what_was_not_rejected_can_not_be(self, cast: Cast, buyer: Client) -> None:
        refund = asked(cast, buyer)
        assert buyer.post(f"/me/refunds/{refund.public_id}/escalate").status_code == 302
        assert Refund.objects.get(pk=refund.pk).state == RefundState.WAITING


class TestReputation:
    def test_everybody_begins_at_the_same(self, cast: Cast, buyer: Client) -> None:
        text = text_of(buyer.get("/me/reputation"))
        assert "50 / 100" in text
        assert "The shop decides about refunds" in text
        assert "From 60 on" in text

    def test_what_it_comes_from_is_told(self, cast: Cast, buyer: Client) -> None:
        adjust(cast.buyer, 30, "Long a good customer.", decays=False)
        rules(cast.merchant, threshold=101)
        reject_refund(cast.merchant, asked(cast, buyer).pk, "Worn.")
        text = text_of(buyer.get("/me/reputation"))
        assert "Refunds are approved at once" in text
        assert "Adjusted by staff" in text
        assert "Long a good customer." in text
        assert "Refund rejected by the shop" in text
        assert "+30" in text

    def test_of_many_the_earlier_are_summed_up(self, cast: Cast, buyer: Client) -> None:
        for number in range(53):
            adjust(cast.buyer, 1, f"Thing {number}.", decays=False)
        text = text_of(buyer.get("/me/reputation"))
        assert "3 earlier things" in text
        assert "100 / 100" in text


class TestOrderPage:
    def test_leads_to_the_form_for_each_unit(self, cast: Cast, buyer: Client) -> None:
        placed = make_paid_order(cast.merchant, cast.buyer, cast.code_product, cast.none_product)
        page = buyer.get(f"/o/{placed.order.page_token}").content.decode()
        for unit in placed.items:
            assert f'href="/refund?code={unit.code}"' in page

    def test_not_for_others_nor_before_it_is_paid(self, cast: Cast, buyer: Client) -> None:
        placed = make_paid_order(cast.merchant, cast.buyer, cast.code_product)
        stranger = signed_in(cast.second_buyer)
        assert "/refund?code=" not in stranger.get(f"/o/{placed.order.page_token}").content.decode()
        unpaid = make_order(cast.merchant, cast.code_product).order
        assert "/refund?code=" not in buyer.get(f"/o/{unpaid.page_token}").content.decode()

    def test_not_when_the_time_is_over_or_the_shop_never_does(self, cast: Cast, buyer: Client) -> None:
        placed = make_paid_order(cast.merchant, cast.buyer, cast.code_product)
        redeem_order(cast.merchant, placed.order.pk)
        address = f"/o/{placed.order.page_token}"
        assert "/refund?code=" in buyer.get(address).content.decode()
        with clock.moved(timedelta(days=16)):
            assert "/refund?code=" not in signed_in(cast.buyer).get(address).content.decode()
        rules(cast.merchant, refunds_redeemed="never")
        assert "/refund?code=" not in buyer.get(address).content.decode()

    def test_tells_what_was_asked_and_changes_with_it(self, cast: Cast, buyer: Client) -> None:
        refund = asked(cast, buyer)
        address = f"/o/{refund.order.page_token}"
        before = buyer.get(f"{address}/state").content.decode()
        assert f'href="/me/refunds/{refund.public_id}"' in before
        assert "/refund?code=" not in before
        reject_refund(cast.merchant, refund.pk, "Worn.")
        after = buyer.get(f"{address}/state").content.decode()
        states = [re.search(r'data-live-state="([^"]+)"', page) for page in (before, after)]
        assert states[0]
        assert states[1]
        assert states[0][1] != states[1][1]

    def test_the_menu_leads_to_refunds_and_reputation(self, cast: Cast, buyer: Client) -> None:
        assert 'href="/me/refunds"' in buyer.get("/me/orders").content.decode()
        account = buyer.get("/me/account").content.decode()
        assert 'href="/me/refunds"' in account
        assert 'href="/me/reputation"' in account
