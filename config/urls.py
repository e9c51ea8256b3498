"""Addresses. Each app brings its own: pages in `urls.py`, the API in `api_urls.py` or as it likes."""

from __future__ import annotations

from allauth.account.views import email, password_set
from allauth.mfa.recovery_codes.views import generate_recovery_codes
from allauth.mfa.totp.views import activate_totp
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

import coupons.urls
import customers.urls
import desk.urls
import merchants.urls
import orders.urls
import payments.urls
import refunds.urls
from common.api import UnknownRouteView
from config import health
from desk.pages_problems import problem_list
from merchants.proof import proof_required, prove

# First what is asked for most: addresses are tried one after the other.
api_urlpatterns = [
    *orders.urls.api_urlpatterns,
    *payments.urls.api_urlpatterns,
    *coupons.urls.api_urlpatterns,
    *merchants.urls.api_urlpatterns,
    *refunds.urls.api_urlpatterns,
    *customers.urls.api_urlpatterns,
    *desk.urls.api_urlpatterns,
]

urlpatterns = [
    path("api/v1/", include(api_urlpatterns)),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("admin/", admin.site.urls),
    # what was set in an open session must not prove anything that the session alone does not
    path("accounts/email/", proof_required(email)),
    path("accounts/password/set/", proof_required(password_set)),
    path("accounts/2fa/totp/activate/", proof_required(activate_totp)),
    path("accounts/2fa/recovery-codes/generate/", proof_required(generate_recovery_codes)),
    path("accounts/prove", prove, name="prove"),
    path("accounts/", include("allauth.urls")),
    path("", include("desk.look.urls")),
    # the house's own, floor by floor, from here on
    path("", include(coupons.urls.page_urlpatterns)),
    path("", include("coupons.urls_claim")),
    path("", include(orders.urls.page_urlpatterns)),
    path("", include(payments.urls.page_urlpatterns)),
    path("", include(refunds.urls.page_urlpatterns)),
    path("", include(desk.urls.page_urlpatterns)),
    path("dashboard", RedirectView.as_view(pattern_name="dashboard")),
    path("dashboard/", include("merchants.dashboard_urls")),
    path("dashboard/", include("coupons.dashboard_urls")),
    path("dashboard/", include("orders.dashboard_urls")),
    path("dashboard/", include("payments.dashboard_urls")),
    path("dashboard/", include("refunds.dashboard_urls")),
    path("dashboard/", include("customers.dashboard_urls")),
    path("dashboard/", include("desk.dashboard_urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("api/problems", problem_list, name="problems"),
    re_path(r"^api(/.*)?$", UnknownRouteView.as_view()),
]
