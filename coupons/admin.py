"""Staff's view of campaigns and coupons; campaigns that the platform pays for are made here."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _, gettext_lazy
from unfold.widgets import INPUT_CLASSES, UnfoldAdminSelectMultipleWidget, UnfoldAdminSelectWidget

from common import actors
from common.admin import ReadOnlyAdmin, ReadOnlyInline, reasoned_action
from common.forms import add_refusal
from common.refusals import InvalidInput
from coupons.flows.change_campaign import change_campaign
from coupons.flows.make_campaign import make_campaign
from coupons.forms import CampaignForm
from coupons.models import Campaign, CampaignState, ClaimLink, Coupon, FundedBy, Holding, ShareOffer
from merchants.models import Merchant


def _pause(campaign: Campaign, reason: str) -> object:
    return change_campaign(campaign.merchant, campaign.pk, CampaignState.PAUSED)


def _resume(campaign: Campaign, reason: str) -> object:
    return change_campaign(campaign.merchant, campaign.pk, CampaignState.ACTIVE)


def _close(campaign: Campaign, reason: str) -> object:
    return change_campaign(campaign.merchant, campaign.pk, CampaignState.CLOSED)


def _dressed(form: forms.Form) -> forms.Form:
    """The form's controls in the admin's clothes."""
    for field in form.fields.values():
        if isinstance(field, forms.MultipleChoiceField):
            field.widget = UnfoldAdminSelectMultipleWidget(choices=field.choices)
        elif isinstance(field, forms.ChoiceField):
            field.widget = UnfoldAdminSelectWidget(choices=field.choices)
        else:
            field.widget.attrs["class"] = " ".join(INPUT_CLASSES)
    return form


class MerchantForm(forms.Form):
    """Whose coupons they will be: amounts are in that shop's currency."""

    merchant = forms.SlugField(
        label=gettext_lazy("Merchant"), help_text=gettext_lazy("The word of its address, as in /s/….")
    )

    def clean_merchant(self) -> Merchant:
        """The merchant itself."""
        found = Merchant.objects.filter(slug=self.cleaned_data["merchant"]).first()
        if found is None:
            raise forms.ValidationError(_("There is no such merchant."), code="unknown")
        return found


class StaffCampaignForm(CampaignForm):
    """A campaign of a merchant's, which the platform may pay for."""

    funded_by = forms.ChoiceField(
        label=gettext_lazy("Paid by"),
        choices=FundedBy.choices,
        initial=FundedBy.PLATFORM,
        help_text=gettext_lazy(
            "What the platform pays for needs a budget: so much is set aside at once, and what is left of it"
            " comes back when the campaign is closed."
        ),
    )

    field_order = (
        *("name", "kind", "amount", "percent", "cap", "minimum_spend", "products", "starts_at", "ends_at"),
        *("total_quota", "per_buyer_limit", "funded_by", "budget", "daily_budget"),
    )

    def __init__(self, merchant: Merchant, *args: Any, **kwargs: Any) -> None:
        super().__init__(merchant, *args, **kwargs)
        self.order_fields(self.field_order)


class HoldingInline(ReadOnlyInline):
    """Who has had a coupon."""

    model = Holding
    fields = ("person", "number", "limit", "how", "since")
    show_change_link = False


class ShareOfferInline(ReadOnlyInline):
    """How often it was offered to somebody."""

    model = ShareOffer
    fields = ("giver", "created_at", "expires_at", "taken_at", "withdrawn_at")
    show_change_link = False


class ClaimLinkInline(ReadOnlyInline):
    """The links by which a campaign gives its coupons out."""

    model = ClaimLink
    fields = ("name", "claimed_count", "created_at", "ended_at")
    show_change_link = False


@admin.register(Campaign)
class CampaignAdmin(ReadOnlyAdmin):
    """Campaigns of all merchants."""

    list_display = (
        "name",
        "merchant",
        "state",
        "funded_by",
        "issued_count",
        "total_quota",
        "spent_minor",
        "ends_at",
    )
    list_filter = ("state", "funded_by", "kind")
    list_select_related = ("merchant",)
    search_fields = ("=id", "name", "=merchant__slug")
    ordering = ("-id",)
    inlines: ClassVar[Any] = (ClaimLinkInline,)
    actions: ClassVar[Any] = (
        reasoned_action(_pause, name="pause_campaign", description=gettext_lazy("Pause")),
        reasoned_action(_resume, name="resume_campaign", description=gettext_lazy("Resume")),
        reasoned_action(_close, name="close_campaign", description=gettext_lazy("Close for good")),
    )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether this person may make campaigns, with the platform's money, too."""
        return bool(request.user.has_perm("coupons.add_campaign"))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """First whose campaign, then the campaign; made by the flow that the dashboard's form calls."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        whose = MerchantForm(request.GET if "merchant" in request.GET else None)
        if not whose.is_valid():
            return self._ask(request, whose, "get")
        merchant = whose.cleaned_data["merchant"]
        form = StaffCampaignForm(merchant, request.POST if request.method == "POST" else None)
        made = _make(form, request) if form.is_bound and form.is_valid() else None
        if made is None:
            return self._ask(request, form, "post", merchant)
        messages.success(request, _("“%(name)s” is made.") % {"name": made.name})
        return redirect("admin:coupons_campaign_change", made.pk)

    def _ask(
        self, request: HttpRequest, form: forms.Form, method: str, merchant: Merchant | None = None
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("New campaign"),
            "opts": self.model._meta,
            "media": self.media,
            "form": _dressed(form),
            "method": method,
            "merchant": merchant,
        }
        status = 422 if form.is_bound and method == "post" else 200
        return TemplateResponse(request, "coupons/admin_campaign_new.html", context, status=status)


def _make(form: StaffCampaignForm, request: HttpRequest) -> Campaign | None:
    try:
        with actors.acting_as(f"person:{UUID(str(request.user.pk)).hex}"):
            return make_campaign(form.ask())
    except InvalidInput as refused:
        add_refusal(form, refused, form.field_of)
        return None


@admin.register(Coupon)
class CouponAdmin(ReadOnlyAdmin):
    """Coupons of all campaigns."""

    list_display = ("public_id", "campaign", "merchant", "owner", "state", "issued_at", "used_at")
    list_filter = ("state",)
    list_select_related = ("campaign", "merchant", "owner")
    search_fields = ("=id", "=campaign__id", "=owner__phone", "=payment_id")
    ordering = ("-id",)
    inlines: ClassVar[Any] = (HoldingInline, ShareOfferInline)
