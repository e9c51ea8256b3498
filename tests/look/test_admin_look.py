"""What we changed of the admin's library stays small and is noticed when the library moves on."""

from __future__ import annotations

from pathlib import Path

import unfold
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.urls import reverse
from unfold.sites import UnfoldAdminSite

from payments.models import Payment
from tests.cast import Cast, make_paid_order, make_staff, signed_in

THEIRS = "x-bind:style=\"'width: ' + changeListWidth + 'px'\""
OURS = "x-bind:style=\"{width: changeListWidth + 'px'}\""


def test_the_list_of_actions_differs_by_one_attribute() -> None:
    library = Path(unfold.__file__).parent / "templates" / "admin" / "actions.html"
    ours = Path(settings.BASE_DIR) / "templates" / "admin" / "actions.html"
    assert ours.read_text().split("\n", 1)[1] == library.read_text().replace(THEIRS, OURS)


def test_the_admin_writes_no_style_for_its_colours(db: None) -> None:
    assert isinstance(admin.site, UnfoldAdminSite)
    request = RequestFactory().get("/admin/")
    request.user = AnonymousUser()
    context = admin.site.each_context(request)
    assert context["colors"] is None
    assert context["styles"] == ["/static/css/admin.css"]


def test_amounts_are_shown_with_their_currency(cast: Cast) -> None:
    staff = signed_in(make_staff())
    order = make_paid_order(cast.merchant, cast.buyer, cast.code_product).order
    payment = Payment.objects.get(order=order)
    for address in (
        reverse("admin:orders_order_changelist"),
        reverse("admin:orders_order_change", args=[order.pk]),
        reverse("admin:payments_payment_changelist"),
        reverse("admin:payments_payment_change", args=[payment.pk]),
    ):
        page = staff.get(address).content.decode()
        assert "CN¥60.00" in page
        assert "6000" not in page
