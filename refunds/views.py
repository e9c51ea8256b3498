"""Photos of defects, for whoever holds an address that is still open."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from common.refusals import NotFound
from refunds import photo_store
from refunds.models import Photo
from refunds.photo_links import ANYBODY


@require_safe
def photo(request: HttpRequest, token: str) -> HttpResponse:
    """The photo behind a signed address; nobody else keeps it."""
    try:
        found = Photo.objects.filter(pk=photo_store.check(token, {ANYBODY})).first()
        shown = photo_store.read(found.name) if found else None
    except NotFound:
        shown = None
    if shown is None:
        raise Http404
    headers = {"Cache-Control": "private, no-store", "Content-Disposition": "inline"}
    return HttpResponse(shown, content_type="image/jpeg", headers=headers)
