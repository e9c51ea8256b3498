"""What holds for every route of the API (SURFACE, "API conventions"): keys, problems, limits of rate."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache

from merchants.models import Key
from merchants.scopes import BY_KIND
from tests.cast import Answer, Caller, Cast, key_of, key_row

DEEP = b"[" * 100_000


def assert_problem(answer: Answer, status: int, code: str) -> None:
    """RFC 9457, whole: each member there, of its type, and the media type."""
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    kinds = {name: type(value) for name, value in answer.body.items() if name != "errors"}
    assert kinds == {"type": str, "title": str, "status": int, "detail": str, "code": str}
    assert (answer.body["status"], answer.body["code"]) == (status, code)
    assert answer.body["title"]
    assert answer.body["detail"]
    assert "{" not in answer.body["title"], "a place that nobody filled in"
    for error in answer.body.get("errors", ()):
        assert error.keys() == {"field", "code", "detail"}


# --- keys ---------------------------------------------------------------------------


@pytest.mark.parametrize("key", [None, "mk_nobody", "", "mk_\x00", "mk_é", "xx_", "bt_" + "x" * 50_000])
def test_no_or_unknown_key_is_401(db: None, key: str | None) -> None:
    answer = Caller(key).get("orders")
    assert_problem(answer, 401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["Basic eDp5", "Bearer", "Bearer ", "mk_naked", "Token abc"])
def test_another_way_to_authenticate_is_401(db: None, header: str) -> None:
    answer = Caller().call("GET", "orders", headers={"Authorization": header})
    assert_problem(answer, 401, "unauthenticated")


def test_the_scheme_is_read_in_any_case(cast: Cast) -> None:
    assert (
        Caller().call("GET", "orders", headers={"Authorization": f"bearer {cast.owner_key.key}"}).status
        == 200
    )


def test_a_revoked_key_is_401(cast: Cast) -> None:
    row = key_row(cast.owner_key)
    Key.objects.filter(pk=row.pk).update(revoked_at=row.created_at)
    assert_problem(cast.owner_key.get("orders"), 401, "unauthenticated")


def test_a_buyer_who_was_shut_out_is_401(cast: Cast) -> None:
    cast.buyer.is_active = False
    cast.buyer.save(update_fields=["is_active"])
    assert_problem(cast.buyer_key.get("me"), 401, "unauthenticated")


def test_the_wrong_kind_of_key_is_403(cast: Cast) -> None:
    for caller in (cast.buyer_key, cast.app_key):
        assert_problem(caller.get("orders"), 403, "forbidden")
        assert_problem(caller.post("orders", {}), 403, "forbidden")
    for caller in (cast.owner_key, cast.app_key):
        assert_problem(caller.get("me"), 403, "forbidden")


def test_a_scope_that_lacks_is_403_and_one_that_is_there_suffices(cast: Cast) -> None:
    reader = Caller(key_of(cast.merchant, ["orders:read"]))
    assert reader.get("orders").status == 200
    assert_problem(reader.get("products"), 403, "forbidden")
    assert_problem(reader.post("orders", {"lines": []}), 403, "forbidden")
    order = cast.paid_order()
    assert_problem(reader.post(f"orders/{order['id']}/redeem", {}), 403, "forbidden")
    till = Caller(key_of(cast.merchant, ["orders:redeem"]))
    assert_problem(till.get(f"orders/{order['id']}"), 403, "forbidden")
    assert till.post(f"orders/{order['id']}/redeem", {}).status == 200


def test_a_key_without_any_scope_may_nothing(cast: Cast) -> None:
    for path in ("orders", "products", "payments", "balance"):
        assert_problem(Caller(key_of(cast.merchant, [])).get(path), 403, "forbidden")
    for path in ("me", "me/orders"):
        assert_problem(Caller(key_of(cast.buyer, [])).get(path), 403, "forbidden")


def test_keys_are_kept_as_hashes(cast: Cast) -> None:
    secrets = [caller.key for caller in (cast.owner_key, cast.buyer_key, cast.app_key)]
    rows = Key.objects.all()
    for secret in filter(None, secrets):
        for row in rows:
            kept = {name: str(value) for name, value in vars(row).items()}
            assert secret not in kept.values()
            assert len(row.hint) <= 8


def test_every_kind_of_key_has_its_scopes(cast: Cast) -> None:
    for caller in (cast.owner_key, cast.buyer_key, cast.app_key):
        row = key_row(caller)
        assert row.scopes == list(BY_KIND[row.kind])


# --- addresses and methods ------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1",
        "/api/v1/",
        "/api/v2/orders",
        "orders/",
        "products/",
        "me/",
        "orders/x/cancel/",
        "nothing",
        "orders//",
        "%00",
        "%ff",
        "/api/v1/ORDERS",
        "orders;x=1",
        "../v1/orders",
    ],
)
def test_an_unknown_route_is_a_problem_and_no_redirect(cast: Cast, path: str) -> None:
    for caller in (cast.nobody, cast.owner_key):
        assert_problem(caller.get(path), 404, "not_found")
        assert_problem(caller.post(path, {}), 404, "not_found")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO"])
def test_another_method_is_405_with_those_that_are_allowed(cast: Cast, method: str) -> None:
    answer = cast.owner_key.call(method, "orders")
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, POST"
    answer = cast.owner_key.call(method, f"orders/{cast.order()['id']}/cancel")
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST"


def test_head_is_get_without_a_body(cast: Cast) -> None:
    answer = cast.owner_key.call("HEAD", "orders")
    assert (answer.status, answer.content) == (200, b"")


@pytest.mark.parametrize("path", ["orders/%00", "payments/%00", "orders/%ff", "orders/ord_", "orders/pay_x"])
def test_odd_ids_are_just_not_there(cast: Cast, path: str) -> None:
    assert_problem(cast.owner_key.get(path), 404, "not_found")


def test_a_nul_in_a_query_is_malformed(cast: Cast) -> None:
    for name in ("q", "cursor", "limit", "state", "created_after", "whatever"):
        assert_problem(cast.owner_key.get("orders", **{name: "a\x00b"}), 400, "malformed")


# --- bodies ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"}",
        b"nonsense",
        b"NaN",
        b'{"lines": NaN}',
        b'{"note": Infinity}',
        b"\xff\xfe\x00",
        b"'x'",
        b"\xef\xbb\xbf{}",
        DEEP,
        b'{"a":' * 50000,
        b"1" * 5000,
        b'{"lines": [,]}',
        b'{"a": 1,}',
        b"{} {}",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_what_is_not_json_is_400(cast: Cast, body: bytes) -> None:
    assert_problem(cast.owner_key.post("orders", body), 400, "malformed")
    assert_problem(cast.owner_key.once("a", "orders", body), 400, "malformed")


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"1", b"true", b'[{"lines": []}]'])
def test_json_that_is_no_object_is_422(cast: Cast, body: bytes) -> None:
    answer = cast.owner_key.post("orders", body)
    assert_problem(answer, 422, "invalid")
    assert answer.fields == {"": "invalid"}


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "",
    ],
)
def test_another_content_type_is_415(cast: Cast, content_type: str) -> None:
    answer = cast.owner_key.call("POST", "orders", b"lines=1", content_type=content_type)
    assert_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("charset", ["nope", "rot13", "base64", "idna", "unicode_escape", "x" * 999, ""])
def test_an_odd_charset_is_never_a_500(cast: Cast, charset: str) -> None:
    kind = f"application/json; charset={charset}"
    answer = cast.owner_key.call("POST", "orders", b'{"lines": []}', content_type=kind)
    assert answer.status in (400, 415, 422), answer


def test_a_huge_body_is_413(cast: Cast) -> None:
    body = b'{"note": "' + b"x" * 6_000_000 + b'"}'
    assert_problem(cast.owner_key.post("orders", body), 413, "too_large")
    assert_problem(cast.owner_key.once("a", "orders", body), 413, "too_large")
    assert_problem(cast.nobody.post("gateways/sandbox/callback", body), 413, "too_large")


def test_lone_surrogates_never_break_an_answer(cast: Cast) -> None:
    """They are JSON, and some refusals repeat what they were given."""
    product = {"name": "x", "price": 1, "currency": "CNY", "redeem_by": "\ud800"}
    assert_problem(cast.owner_key.post("products", product), 422, "invalid")
    for name in ("name", "currency", "image"):
        answer = cast.owner_key.post("products", {**product, "redeem_by": "code", name: "a\ud800b"})
        assert_problem(answer, 422, "invalid")
    assert_problem(cast.owner_key.post("orders", {"\ud800": 1, "lines": []}), 422, "invalid")
    assert_problem(
        cast.owner_key.post("orders", {"lines": [{"product": "\ud800", "quantity": 1}]}), 422, "invalid"
    )
    assert_problem(
        cast.buyer_key.post("live-codes/x/pay", {"source": "\ud800", "consent": True}), 422, "invalid"
    )


def test_a_500_tells_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a bug is met all the same, the answer is a problem without a word of the code."""

    def broken(*_args: Any, **_named: Any) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr("orders.queries.products_of", broken)
    answer = cast.owner_key.get("products")
    assert_problem(answer, 500, "internal")
    assert b"hunter2" not in answer.content
    assert b"Traceback" not in answer.content


# --- limits of rate -----------------------------------------------------------------------


def test_too_many_requests_are_429_with_retry_after(cast: Cast) -> None:
    slow = Caller(key_of(cast.merchant, requests_per_second=1))
    answers = [slow.get("balance") for _ in range(25)]
    refused = [answer for answer in answers if answer.status == 429]
    assert refused, "25 requests at once at a rate of 1 a second"
    for answer in refused:
        assert_problem(answer, 429, "too_many_requests")
        assert 1 <= int(answer.headers["Retry-After"]) <= 10
    assert answers[0].status == 200


def test_the_rate_is_each_keys_own(cast: Cast) -> None:
    slow = Caller(key_of(cast.merchant, requests_per_second=1))
    while slow.get("balance").status != 429:
        pass
    assert cast.owner_key.get("balance").status == 200


def test_a_429_is_not_remembered(cast: Cast) -> None:
    cache.clear()
    slow = Caller(key_of(cast.merchant, requests_per_second=1))
    lines = [{"product": cast.code_product.public_id, "quantity": 1}]
    while slow.get("balance").status != 429:
        pass
    assert slow.once("a", "orders", {"lines": lines}).status == 429
    cache.clear()
    assert slow.once("a", "orders", {"lines": lines}).status == 201


# --- form of what comes back ------------------------------------------------------------


def test_times_are_rfc_3339_in_utc_and_money_is_whole(cast: Cast) -> None:
    order = cast.paid_order()
    for name in ("placed_at", "expires_at", "paid_at", "redeem_until"):
        assert order[name].endswith("Z"), order[name]
        assert "T" in order[name]
    assert type(order["amount"]) is int
    assert order["currency"] == "CNY"


def test_ids_carry_their_prefix(cast: Cast) -> None:
    order = cast.order()
    assert order["id"].startswith("ord_")
    assert {item["id"][:4] for item in order["items"]} == {"itm_"}
    assert cast.pay(cast.buyer_key, order).body["id"].startswith("pay_")
    assert cast.owner_key.get("products").body["results"][0]["id"].startswith("prd_")


def test_a_request_id_is_echoed_or_made(cast: Cast) -> None:
    answer = cast.owner_key.call("GET", "balance", headers={"X-Request-ID": "abcdefgh-1234"})
    assert answer.headers["X-Request-ID"] == "abcdefgh-1234"
    answer = cast.owner_key.call("GET", "balance", headers={"X-Request-ID": "no <good> id"})
    assert answer.headers["X-Request-ID"] not in ("", "no <good> id")
