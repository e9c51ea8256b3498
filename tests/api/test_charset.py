"""Whatever charset a request claims: what is sent is UTF-8, and no claim is answered with a 500."""

from __future__ import annotations

import pytest
from django.test.client import encode_multipart

from tests.cast import Cast

pytestmark = pytest.mark.django_db

FORM = encode_multipart("x", {"reason": "Torn.", "item_code": "1", "login": "a", "password": "b"})
REQUESTS = [
    ("GET", "orders?q=%41", b"", "text/plain"),
    ("POST", "orders", b'{"lines": []}', "application/json"),
    ("POST", "me/refunds", FORM, "multipart/form-data; boundary=x"),
    ("POST", "/accounts/login/", b"login=%41&password=b", "application/x-www-form-urlencoded"),
    ("POST", "/accounts/login/", FORM, "multipart/form-data; boundary=x"),
]


@pytest.mark.parametrize("charset", ["hex", "base64", "utf-7", "utf-16", "rot13", "nonsense"])
@pytest.mark.parametrize(("method", "path", "body", "kind"), REQUESTS)
def test_no_claim_is_our_fault(
    cast: Cast, method: str, path: str, body: bytes, kind: str, charset: str
) -> None:
    caller = cast.buyer_key if path.startswith("me/") else cast.owner_key
    answer = caller.call(method, path, body, content_type=f"{kind}; charset={charset}")
    assert answer.status < 500
