"""Addresses of paying."""

from __future__ import annotations

from django.urls import path

import common.converters  # noqa: F401 - <token:…>
from payments import api, api_till, pages_code, views
from payments.code_pictures import payment_code_picture
from payments.gateways.sandbox import views as sandbox
from payments.pages_pin_forgotten import pin_forgotten

api_urlpatterns = [
    path("live-codes/<str:token>/pay", api.PayView.as_view()),
    path("till/collect", api_till.CollectView.as_view()),
    path("payments", api.PaymentsView.as_view()),
    path("payments/<str:payment_id>", api.PaymentView.as_view()),
    path("balance", api.BalanceView.as_view()),
    path("payments/<str:payment_id>/reverse", api_till.ReverseView.as_view()),
    path("me/pin", api_till.PinView.as_view()),
    path("me/payment-codes", api_till.PaymentCodesView.as_view()),
    path("me/top-ups", api.TopUpsView.as_view()),
    path("live-codes/<str:token>", api.LiveCodeView.as_view()),
    path("gateways/<str:name>/callback", api.CallbackView.as_view()),
]

page_urlpatterns = [
    path("pay/<token:token>", views.pay, name="pay"),
    path("pay/<token:token>/state", views.pay_state, name="pay_state"),
    path("pay/<token:token>/go", views.pay_go, name="pay_go"),
    path("me/pay", pages_code.pay_at_till, name="my_pay"),
    path("me/pay/state", pages_code.code_state, name="my_pay_state"),
    path("me/pay/receipts/<str:payment_id>", pages_code.till_receipt, name="my_till_receipt"),
    path("me/pay/pin", pages_code.pin, name="my_pin"),
    path("me/pay/pin/forgotten", pin_forgotten, name="my_pin_forgotten"),
    path("me/pay/pin/limits", pages_code.pin_limits, name="my_pin_limits"),
    path("payment-code/<str:token>/<slug:kind>", payment_code_picture, name="payment_code_picture"),
    path("sandbox/checkout/<hex:charge>", sandbox.checkout, name="sandbox_checkout"),
]
