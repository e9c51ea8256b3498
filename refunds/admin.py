"""Staff's view of refunds and reputation: rows are read, verbs run with a reason, a score is adjusted."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from common import actors, audit, clock, locking
from common.admin import MAX_REASON_LENGTH, ReadOnlyAdmin, reasoned_action
from merchants.admin import PersonAdmin
from merchants.models import Person
from refunds import deciding, reputation_rules
from refunds.flows.escalate_refund import settle_escalation
from refunds.flows.retry_refund import retry_refund
from refunds.models import Refund, ReputationEvent
from refunds.photo_links import path_to
from refunds.reputation_rules import explain, points_text, score
from refunds.standing import adjust, score_of, weighed

MOST_POINTS = 100
FADES, LASTS = "fades", "lasts"


def _for_the_buyer(refund: Refund, reason: str) -> object:
    return settle_escalation(refund.pk, gives=True, reason=reason)


def _for_the_shop(refund: Refund, reason: str) -> object:
    return settle_escalation(refund.pk, gives=False, reason=reason)


def _again(refund: Refund, reason: str) -> object:
    return retry_refund(refund.pk, reason)


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    """Refunds of all merchants; staff decide about those that were put before them."""

    list_display = ("public_id", "merchant", "state", "amount_minor", "rule", "was_escalated", "created_at")
    list_filter = ("state", "was_escalated", "is_automatic")
    list_select_related = ("merchant",)
    search_fields = ("=id", "=order__number", "=item__code", "=merchant__slug", "=buyer__phone")
    search_help_text = gettext_lazy("A whole id, order number, item code, phone number, or a shop's address")
    ordering = ("-id",)
    fields = (
        *("state", "merchant", "order", "item", "buyer", "score_now", "amount_minor", "reason", "pictures"),
        *("rules", "decision", "is_automatic", "was_escalated", "answer", "decided_by", "failure_code"),
        *("back", "created_at", "decide_by", "decided_at", "refunded_at", "run_at"),
    )
    readonly_fields = ("score_now", "pictures", "rules")
    actions: ClassVar[Any] = (
        reasoned_action(
            _for_the_buyer,
            name="decide_for_buyer",
            description=gettext_lazy("Decide for the buyer"),
            audited_by_flow=True,
        ),
        reasoned_action(
            _for_the_shop,
            name="decide_for_shop",
            description=gettext_lazy("Decide for the shop"),
            audited_by_flow=True,
        ),
        reasoned_action(
            _again, name="try_again", description=gettext_lazy("Try again"), audited_by_flow=True
        ),
    )

    @admin.display(description=gettext_lazy("reputation now"))
    def score_now(self, refund: Refund) -> int:
        """The buyer's score at this moment; the one that counted stands in the decision."""
        return score_of(refund.buyer_id, clock.now())

    @admin.display(description=gettext_lazy("photos"))
    def pictures(self, refund: Refund) -> SafeString:
        """The photos of the defect; each opens large."""
        photos = [(path_to(photo), photo.width, photo.height) for photo in refund.photos.all()]
        return format_html_join(
            " ",
            '<a href="{0}" target="_blank" rel="noopener"><img src="{0}" width="320" alt="{1}"></a>',
            [(address, f"{width} × {height}") for address, width, height in photos],
        )

    @admin.display(description=gettext_lazy("what decided"))
    def rules(self, refund: Refund) -> SafeString:
        """Every rule that held, the one that decided first."""
        held = refund.decision.get("rules", [refund.rule])
        lines = format_html_join("", "<li>{}</li>", [(deciding.WORDS.get(rule, rule),) for rule in held])
        return format_html("<ol>{}</ol>", lines)


# --- reputation --------------------------------------------------------------------------------


class WhoseForm(forms.Form):
    """Whose reputation."""

    who = forms.CharField(
        label=gettext_lazy("Buyer"),
        max_length=254,
        help_text=gettext_lazy("The whole phone number with its +, the e-mail address, or the id."),
        widget=UnfoldAdminTextInputWidget,
    )

    def clean_who(self) -> Person:
        """The person."""
        text: str = self.cleaned_data["who"].replace(" ", "")
        named = Q(phone=text) | Q(email__iexact=text)
        with suppress(ValueError):
            named |= Q(pk=UUID(text))
        found = Person.objects.filter(named).first()
        if found is None:
            raise forms.ValidationError(_("There is nobody like that."), code="unknown")
        return found


class AdjustForm(forms.Form):
    """How far staff move somebody's reputation, for how long, and why."""

    weight = forms.IntegerField(
        label=gettext_lazy("Points"),
        min_value=-MOST_POINTS,
        max_value=MOST_POINTS,
        help_text=gettext_lazy("−100 to 100, added to what the buyer has."),
        widget=UnfoldAdminIntegerFieldWidget,
    )
    lasts = forms.ChoiceField(
        label=gettext_lazy("For how long"),
        choices=[
            (FADES, gettext_lazy("It fades as other events do: half after 180 days")),
            (LASTS, gettext_lazy("It lasts")),
        ],
        widget=UnfoldAdminSelectWidget,
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=MAX_REASON_LENGTH,
        help_text=gettext_lazy("The buyer reads it. Kept with your name in the audit trail."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )

    def clean_weight(self) -> int:
        """What moves nothing is no adjustment."""
        weight: int = self.cleaned_data["weight"]
        if not weight:
            raise forms.ValidationError(_("Say how many points."), code="none")
        return weight


@admin.register(ReputationEvent)
class ReputationEventAdmin(ReadOnlyAdmin):
    """What counts towards reputations: read, and added to by an adjustment; never changed."""

    list_display = ("at", "buyer", "what", "weight", "decays", "subject", "reason", "actor")
    list_filter = ("kind",)
    list_select_related = ("buyer",)
    search_fields = ("=buyer__phone", "=buyer__email", "=subject")
    search_help_text = gettext_lazy("A whole phone number, e-mail address, or what it is about")
    ordering = ("-id",)
    fields = ("at", "buyer", "what", "weight", "decays", "subject", "reason", "actor")
    readonly_fields = ("what",)

    @admin.display(description=gettext_lazy("what happened"), ordering="kind")
    def what(self, event: ReputationEvent) -> str:
        """The kind in words; one of later by its own."""
        return str(reputation_rules.WORDS.get(event.kind, event.kind))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether this person may adjust reputations."""
        return may_adjust(request)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """First whose, then how far: beside everything that the score is made of."""
        if not may_adjust(request):
            raise PermissionDenied
        whose = WhoseForm(request.GET if "who" in request.GET else None)
        if not whose.is_valid():
            return self._ask(request, whose, "get")
        buyer = whose.cleaned_data["who"]
        form = AdjustForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            _adjust(request, buyer, form.cleaned_data)
            return redirect(request.get_full_path())
        return self._ask(request, form, "post", buyer)

    def _ask(
        self, request: HttpRequest, form: forms.Form, method: str, buyer: Person | None = None
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Adjust a reputation"),
            "opts": self.model._meta,
            "media": self.media,
            "form": form,
            "method": method,
            "buyer": buyer,
            **(_standing(buyer) if buyer else {}),
        }
        status = 422 if form.is_bound and method == "post" else 200
        return TemplateResponse(request, "refunds/admin_adjust.html", context, status=status)


def may_adjust(request: HttpRequest) -> bool:
    """Whether this person may adjust reputations."""
    return bool(request.user.has_perm("refunds.add_reputationevent"))


def _standing(buyer: Person) -> dict[str, Any]:
    """A buyer's score now, and what it is made of."""
    events, moment = weighed(buyer.pk), clock.now()
    lines = [
        (line, points_text(line.event.weight * 100), points_text(line.now_hundredths))
        for line in explain(events, moment)
    ]
    return {"score": score(events, moment), "lines": lines}


def _adjust(request: HttpRequest, buyer: Person, told: dict[str, Any]) -> None:
    lasts = told["lasts"] == LASTS
    with actors.acting_as(f"person:{UUID(str(request.user.pk)).hex}"), locking.transaction():
        detail = {"reason": told["reason"], "weight": told["weight"], "lasts": lasts}
        audit.record("staff.adjust_reputation", f"person:{buyer.pk.hex}", **detail)
        adjust(buyer, told["weight"], told["reason"], decays=not lasts)
    messages.success(request, _("The reputation is adjusted."))


# The person's own page has the way there; the app below knows nothing of reputations.
admin.site.unregister(Person)


@admin.register(Person)
class BuyerAdmin(PersonAdmin):
    """Everybody who signs in, with the way to adjust a reputation."""

    @admin.action(description=gettext_lazy("Adjust the reputation"), permissions=["adjust"])
    def adjust_reputation(self, request: HttpRequest, people: QuerySet[Person]) -> HttpResponse | None:
        """Lead to the page that asks how far and why; one person at a time."""
        chosen = list(people[:2])
        if len(chosen) != 1:
            messages.error(request, _("One person at a time."))
            return None
        address = reverse("admin:refunds_reputationevent_add")
        return redirect(f"{address}?{urlencode({'who': chosen[0].pk})}")

    actions: ClassVar[Any] = (*PersonAdmin.actions, "adjust_reputation")

    def has_adjust_permission(self, request: HttpRequest) -> bool:
        """Whether this person may adjust reputations."""
        return may_adjust(request)
