"""The API of campaigns and coupons: parse, one call, render."""

from __future__ import annotations

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common import docs
from common.api import found_or_404
from common.ids import parse_public_id
from common.refusals import FieldProblem, InvalidInput
from coupons import queries, serializers
from coupons.flows.arm_coupon import arm_coupon
from coupons.flows.change_campaign import change_campaign
from coupons.flows.issue_coupon import issue_coupon
from coupons.flows.make_campaign import make_campaign
from coupons.flows.put_back_coupon import put_back_coupon
from coupons.models import CampaignState, FundedBy
from coupons.refusals import PlatformOnly
from merchants.api_base import BuyerView, MerchantView
from merchants.flows.find_or_make_buyer import find_or_make_buyer


class CampaignsView(MerchantView):
    """The merchant's campaigns."""

    read_scope, write_scope = "coupons:read", "coupons:write"

    @extend_schema(
        operation_id="list_campaigns",
        parameters=[docs.LIMIT, docs.CURSOR],
        responses=docs.answers(200, docs.page("CampaignPage", serializers.CampaignOut), 422),
    )
    def get(self, request: Request) -> Response:
        """List campaigns, newest first."""
        return self.page(queries.campaigns_of(self.merchant), serializers.campaign_out)

    @extend_schema(
        operation_id="make_campaign",
        parameters=[docs.IDEMPOTENCY_KEY],
        request=serializers.CampaignIn,
        responses=docs.answers(201, serializers.CampaignOut, 409, 415, 422),
    )
    def post(self, request: Request) -> Response:
        """Make a campaign. What the platform pays for is made by its staff (403)."""
        asked = self.read(serializers.CampaignIn)
        if asked["funded_by"] == FundedBy.PLATFORM:
            raise PlatformOnly
        campaign = make_campaign(serializers.campaign_ask(self.merchant, asked))
        return Response(serializers.campaign_out(campaign), status=201)


class CampaignView(MerchantView):
    """One campaign."""

    read_scope = "coupons:read"

    @extend_schema(operation_id="get_campaign", responses=docs.answers(200, serializers.CampaignOut, 404))
    def get(self, request: Request, campaign_id: str) -> Response:
        """One campaign."""
        campaign = found_or_404(queries.campaign_of(self.merchant, parse_public_id("cmp", campaign_id)))
        return Response(serializers.campaign_out(campaign))


class IssueView(MerchantView):
    """Giving a coupon."""

    write_scope = "coupons:write"

    @extend_schema(
        operation_id="issue_coupon",
        parameters=[docs.IDEMPOTENCY_KEY],
        request=serializers.IssueIn,
        responses=docs.answers(201, serializers.CouponOut, 404, 409, 415, 422),
    )
    def post(self, request: Request, campaign_id: str) -> Response:
        """Give one buyer a coupon of this campaign."""
        campaign = found_or_404(queries.campaign_of(self.merchant, parse_public_id("cmp", campaign_id)))
        asked = self.read(serializers.IssueIn, merchant=self.merchant)
        coupon = issue_coupon(campaign.pk, find_or_make_buyer(asked["buyer_phone"]))
        return Response(serializers.coupon_out(coupon), status=201)


class PauseView(MerchantView):
    """Pausing a campaign."""

    write_scope = "coupons:write"

    @extend_schema(
        operation_id="pause_campaign",
        parameters=[docs.IDEMPOTENCY_KEY],
        request=None,
        responses=docs.answers(200, serializers.CampaignOut, 404, 409, 422),
    )
    def post(self, request: Request, campaign_id: str) -> Response:
        """Issue no more for now; its coupons wait."""
        wanted = found_or_404(parse_public_id("cmp", campaign_id))
        return Response(
            serializers.campaign_out(change_campaign(self.merchant, wanted, CampaignState.PAUSED))
        )


class ResumeView(MerchantView):
    """Resuming a campaign."""

    write_scope = "coupons:write"

    @extend_schema(
        operation_id="resume_campaign",
        parameters=[docs.IDEMPOTENCY_KEY],
        request=None,
        responses=docs.answers(200, serializers.CampaignOut, 404, 409, 422),
    )
    def post(self, request: Request, campaign_id: str) -> Response:
        """Go on after a pause."""
        wanted = found_or_404(parse_public_id("cmp", campaign_id))
        return Response(
            serializers.campaign_out(change_campaign(self.merchant, wanted, CampaignState.ACTIVE))
        )


class CouponsView(MerchantView):
    """What the merchant has issued."""

    read_scope = "coupons:read"

    @extend_schema(
        operation_id="list_coupons",
        parameters=[docs.LIMIT, docs.CURSOR, OpenApiParameter("campaign", OpenApiTypes.STR)],
        responses=docs.answers(200, docs.page("CouponPage", serializers.CouponOut), 422),
    )
    def get(self, request: Request) -> Response:
        """List issued coupons, newest first."""
        named = request.query_params.get("campaign")
        campaign = None
        if named is not None:
            campaign = queries.campaign_of(self.merchant, parse_public_id("cmp", named))
            if campaign is None:
                raise InvalidInput(FieldProblem("campaign", "unknown", _("There is no such thing.")))
        return self.page(queries.coupons_of(self.merchant, campaign), serializers.coupon_out)


class MyCouponsView(BuyerView):
    """The buyer's coupons."""

    read_scope = "me:read"

    @extend_schema(
        operation_id="list_my_coupons",
        parameters=[docs.LIMIT, docs.CURSOR],
        responses=docs.answers(200, docs.page("MyCouponPage", serializers.MyCouponOut), 422),
    )
    def get(self, request: Request) -> Response:
        """List one's coupons, newest first."""
        return self.page(queries.coupons_owned_by(self.buyer), serializers.my_coupon_out)


class UseCouponView(BuyerView):
    """Arming a coupon."""

    write_scope = "pay"

    @extend_schema(
        operation_id="use_my_coupon",
        parameters=[docs.IDEMPOTENCY_KEY],
        request=None,
        responses=docs.answers(200, serializers.MyCouponOut, 404, 409, 422),
    )
    def post(self, request: Request, coupon_id: str) -> Response:
        """Set it for the next payment code; another one that was set goes back."""
        coupon = arm_coupon(self.buyer, found_or_404(parse_public_id("cpn", coupon_id)))
        return Response(serializers.my_coupon_out(coupon))


class PutBackCouponView(BuyerView):
    """Putting a coupon back."""

    write_scope = "pay"

    @extend_schema(
        operation_id="put_back_my_coupon",
        parameters=[docs.IDEMPOTENCY_KEY],
        request=None,
        responses=docs.answers(200, serializers.MyCouponOut, 404, 409, 422),
    )
    def post(self, request: Request, coupon_id: str) -> Response:
        """Take it back from the next payment; one that is not set stays as it is."""
        coupon = put_back_coupon(self.buyer, found_or_404(parse_public_id("cpn", coupon_id)))
        return Response(serializers.my_coupon_out(coupon))
