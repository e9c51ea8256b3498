"""The API of webhook endpoints: every good answer and every no."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project

from common.models import AuditEntry
from merchants.flows.add_endpoint import MAX_ENDPOINTS
from merchants.gateways.endpoints import may_call
from merchants.models import Merchant, WebhookEndpoint
from merchants.webhook_bodies import EVENTS
from tests.merchants.cast import Caller, a_person, an_app, caller

URL = "https://shop.example/hook"
GOOD = {"url": URL, "events": ["order.paid"]}


def test_add_list_delete(merchant: Merchant, till: Caller) -> None:
    """The secret is shown once; the list is newest first; deleting twice is 404."""
    answer = till.post("webhook-endpoints", {"url": URL, "events": ["order.paid", "*", "order.paid"]})
    added = answer.json()
    assert answer.status_code == 201
    assert set(added) == {"id", "url", "events", "secret", "created_at", "stopped_at"}
    assert added["id"].startswith("whe_")
    assert added["secret"].startswith("whsec_")
    assert added["events"] == ["order.paid", "*"]
    till.post("webhook-endpoints", GOOD)
    listed = till.get("webhook-endpoints").json()
    assert [row["events"] for row in listed["results"]] == [["order.paid"], ["order.paid", "*"]]
    assert all("secret" not in row for row in listed["results"])
    assert added["secret"].encode() not in bytes(
        WebhookEndpoint.objects.get(url=URL, events__len=2).secret_sealed
    )
    gone = till.delete(f"webhook-endpoints/{added['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert till.delete(f"webhook-endpoints/{added['id']}").status_code == 404
    assert len(till.get("webhook-endpoints").json()["results"]) == 1
    verbs = AuditEntry.objects.filter(merchant_id=merchant.pk).order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["webhook_endpoint.add", "webhook_endpoint.add", "webhook_endpoint.delete"]


def test_pages(till: Caller) -> None:
    """Cursors lead through the list."""
    for _ in range(3):
        till.post("webhook-endpoints", GOOD)
    first = till.get("webhook-endpoints?limit=2").json()
    assert len(first["results"]) == 2
    rest = till.get(first["next"].split("/api/v1/")[1]).json()
    assert len(rest["results"]) == 1
    assert till.get("webhook-endpoints?limit=0").status_code == 422


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": URL}, "events"),
        ({"url": URL, "events": []}, "events"),
        ({"url": URL, "events": "order.paid"}, "events"),
        ({"url": URL, "events": {"a": 1}}, "events"),
        ({"url": URL, "events": [1]}, "events.0"),
        ({"url": URL, "events": [None]}, "events.0"),
        ({"url": URL, "events": ["order.paid", "order.imagined"]}, "events.1"),
        ({"url": URL, "events": ["x" * 61]}, "events.0"),
        ({"url": URL, "events": ["order.paid"] * 51}, "events"),
        ({"url": None, "events": ["*"]}, "url"),
        ({"url": 5, "events": ["*"]}, "url"),
        ({"url": [URL], "events": ["*"]}, "url"),
        ({"url": "", "events": ["*"]}, "url"),
        ({"url": "shop.example/hook", "events": ["*"]}, "url"),
        ({"url": "http://shop.example/hook", "events": ["*"]}, "url"),
        ({"url": "ftp://shop.example/hook", "events": ["*"]}, "url"),
        ({"url": "javascript:alert(1)", "events": ["*"]}, "url"),
        ({"url": "https://", "events": ["*"]}, "url"),
        ({"url": "https://user:pass@shop.example/", "events": ["*"]}, "url"),
        ({"url": "https://127.0.0.1/hook", "events": ["*"]}, "url"),
        ({"url": "https://localhost/hook", "events": ["*"]}, "url"),
        ({"url": "https://[::1]/hook", "events": ["*"]}, "url"),
        ({"url": "https://shop.example:99999/", "events": ["*"]}, "url"),
        ({"url": "https://shop.example:x/", "events": ["*"]}, "url"),
        ({"url": "https://sh op.example/", "events": ["*"]}, "url"),
        ({"url": "https://shop.example/\n", "events": ["order.paid"]}, None),
        ({"url": "https://shop.example/\u0000", "events": ["*"]}, "url"),
        ({"url": "https://" + "a" * 500, "events": ["*"]}, "url"),
        ({"url": "https://例子.example/", "events": ["*"]}, "url"),
    ],
)
def test_bad_input(till: Caller, body: dict[str, Any], field: str | None) -> None:
    """422 names the field; white space around an address is nothing bad."""
    answer = till.post("webhook-endpoints", body)
    if field is None:
        assert answer.status_code == 201
        return
    assert answer.status_code == 422, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert field in [error["field"] for error in answer.json()["errors"]]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"url": NaN}'])
def test_unreadable_input(till: Caller, body: bytes) -> None:
    """What is not JSON is 400; never a 500."""
    assert till.post("webhook-endpoints", body).status_code in (400, 422)


@pytest.mark.parametrize("body", [[], "x", 1, None, True])
def test_json_that_is_no_object(till: Caller, body: object) -> None:
    """422."""
    assert till.post("webhook-endpoints", body).status_code == 422


@pytest.mark.parametrize("name", ["whe_x", "whe_" + "0" * 32, "ord_" + "0" * 32, "%00", "é"])
def test_unknown_endpoint(till: Caller, name: str) -> None:
    """404, whatever the id looks like."""
    assert till.delete(f"webhook-endpoints/{name}").status_code == 404


def test_the_stranger_sees_nothing(till: Caller, stranger: Caller) -> None:
    """Another merchant's endpoint is not there."""
    added = till.post("webhook-endpoints", GOOD).json()
    assert stranger.get("webhook-endpoints").json()["results"] == []
    assert stranger.delete(f"webhook-endpoints/{added['id']}").status_code == 404
    assert len(till.get("webhook-endpoints").json()["results"]) == 1


def test_a_bound(till: Caller) -> None:
    """Twenty at most; a deleted one makes room."""
    added = [till.post("webhook-endpoints", GOOD).json() for _ in range(MAX_ENDPOINTS)]
    refused = till.post("webhook-endpoints", GOOD)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_endpoints")
    till.delete(f"webhook-endpoints/{added[0]['id']}")
    assert till.post("webhook-endpoints", GOOD).status_code == 201


def test_idempotency_key(merchant: Merchant, till: Caller) -> None:
    """The same answer, secret and all; one endpoint."""
    first = till.post("webhook-endpoints", GOOD, Idempotency_Key="abc")
    again = till.post("webhook-endpoints", GOOD, Idempotency_Key="abc")
    assert again.content == first.content
    assert WebhookEndpoint.objects.filter(merchant=merchant).count() == 1


def test_keys_told_apart(merchant: Merchant, till: Caller) -> None:
    """None or unknown 401, wrong kind or scope 403, revoked 401."""
    assert_no(Caller(None), 401)
    assert_no(Caller("mk_" + "x" * 43), 401)
    assert_no(Caller("nonsense"), 401)
    assert_no(caller(an_app(merchant)), 403)
    assert_no(caller(a_person()), 403)
    reader = caller(merchant, ["webhooks:read"])
    assert reader.get("webhook-endpoints").status_code == 200
    assert reader.post("webhook-endpoints", GOOD).status_code == 403
    assert reader.delete("webhook-endpoints/whe_" + "0" * 32).status_code == 403
    writer = caller(merchant, ["webhooks:write"])
    assert writer.get("webhook-endpoints").status_code == 403
    assert writer.post("webhook-endpoints", GOOD).status_code == 201


def assert_no(who: Caller, status: int) -> None:
    """Each method is refused with this status."""
    for answer in (
        who.get("webhook-endpoints"),
        who.post("webhook-endpoints", GOOD),
        who.delete("webhook-endpoints/whe_" + "0" * 32),
    ):
        assert answer.status_code == status, answer.content
        assert ("WWW-Authenticate" in answer) is (status == 401)


def test_other_methods(till: Caller) -> None:
    """405 says what is there."""
    answer = till.get("webhook-endpoints/whe_" + "0" * 32)
    assert (answer.status_code, answer["Allow"]) == (405, "DELETE")


@pytest.mark.parametrize(
    ("url", "in_development", "in_production"),
    [
        ("https://shop.example/hook", True, True),
        ("https://shop.example./", True, True),
        ("https://192.0.2.7:8443/a?b=c", True, True),
        ("http://shop.example/hook", True, False),
        ("http://127.0.0.1:9000/", True, False),
        ("http://localhost:9000/", True, False),
        ("https://a.localhost/", True, False),
        ("https://0.0.0.0/", True, False),
        ("http://[::1]:9000/", True, False),
        ("http://under_score:9000/", True, False),
        ("https://-/", False, False),
        ("https://a..b/", False, False),
        ("https://a:0/", False, False),
        ("//shop.example/", False, False),
        ("", False, False),
    ],
)
def test_what_may_be_called(settings: Any, url: str, in_development: bool, in_production: bool) -> None:
    """This machine and plain http only while DEBUG."""
    settings.DEBUG = True
    assert may_call(url) is in_development
    settings.DEBUG = False
    assert may_call(url) is in_production


def test_one_list_of_events() -> None:
    """Subscriptions, table and docs name the same events."""
    from config.subscriptions import SUBSCRIPTIONS

    subscribed = {name for name, consumers in SUBSCRIPTIONS.items() if "webhooks" in consumers}
    assert subscribed == set(EVENTS)
    written = Path(project.BASE_DIR, "docs", "webhooks.md").read_text()
    for name, told in EVENTS.items():
        row = next(line for line in written.splitlines() if line.startswith(f"| `{name}` "))
        assert told.when in row
        assert all(f"`{fact}`" in row for fact in told.facts)


def test_the_document_describes_it(client: Any) -> None:
    """The OpenAPI document names the routes, their answers and examples."""
    document = json.loads(client.get("/api/schema/?format=json").content)
    routes = document["paths"]
    post = routes["/api/v1/webhook-endpoints"]["post"]
    assert {"201", "401", "403", "409", "422"} <= set(post["responses"])
    assert "examples" in post["requestBody"]["content"]["application/json"]
    assert {"204", "404"} <= set(routes["/api/v1/webhook-endpoints/{endpoint_id}"]["delete"]["responses"])
