"""What a buyer sends to have money back, read the same way for the API and for the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from common.refusals import FieldProblem, InvalidInput
from merchants.models import Person
from orders.item_codes import read_item_code
from refunds.cases import RefundAsk
from refunds.code_reading import read_item_codes
from refunds.flows.ask_refund import MAX_PHOTOS
from refunds.photos import MAX_BYTES, Picture, clean

MAX_REASON = 500
CODE_LENGTH = 40

Read = TypeVar("Read")


def asked_by(
    buyer: Person, sent: QueryDict, files: MultiValueDict[str, Any], refund_id: UUID | None
) -> RefundAsk:
    """What is asked for: `item_code` or `code_photo`, `photo` (one to five), `reason`.

    Raises `InvalidInput` with everything that is wrong, each problem under its field's name.
    """
    problems: list[FieldProblem] = []
    reason = _part(problems, lambda: _reason(sent))
    code = _part(problems, lambda: _code(sent, files))
    photos = _part(problems, lambda: _photos(files))
    if code is None or photos is None or reason is None:
        raise InvalidInput(*problems)
    return RefundAsk(buyer=buyer, code=code, photos=photos, reason=reason, id=refund_id)


def typed_code(text: str) -> str:
    """The item's digits in what was typed; what holds none, as it is and short."""
    return read_item_code(text) or text.replace("\x00", "").strip()[:CODE_LENGTH]


def _part(problems: list[FieldProblem], read: Callable[[], Read]) -> Read | None:
    try:
        return read()
    except InvalidInput as refused:
        problems.extend(refused.problems)
        return None


def _code(sent: QueryDict, files: MultiValueDict[str, Any]) -> str:
    typed, picture = typed_code(str(sent.get("item_code", ""))), files.get("code_photo")
    if typed:
        return typed
    if picture is None:
        raise InvalidInput(FieldProblem("item_code", "required", _("The item's code, or a picture of it.")))
    found = read_item_codes(_bytes_of(picture))
    if not found:
        text = _("No item's code can be read in this picture.")
        raise InvalidInput(FieldProblem("code_photo", "no_code_found", text))
    if len(found) > 1:
        text = _("Several items' codes are in this picture. Show just one.")
        raise InvalidInput(FieldProblem("code_photo", "several_codes", text))
    return found[0]


def _photos(files: MultiValueDict[str, Any]) -> list[Picture]:
    photos: list[Any] = files.getlist("photo")
    if not 1 <= len(photos) <= MAX_PHOTOS:
        text = _("One to %(most)d photos of what is wrong.") % {"most": MAX_PHOTOS}
        raise InvalidInput(FieldProblem("photo", "photos_needed" if not photos else "too_many", text))
    return [clean(_bytes_of(photo)) for photo in photos]


def _reason(sent: QueryDict) -> str:
    reason = str(sent.get("reason", "")).strip()
    if not reason or len(reason) > MAX_REASON or "\x00" in reason:
        text = _("What is wrong with it, in up to 500 characters.")
        raise InvalidInput(FieldProblem("reason", "invalid" if reason else "required", text))
    return reason


def _bytes_of(upload: Any) -> bytes:
    """An upload's bytes; of one that is too large, just enough to be refused as such."""
    return bytes(upload.read(MAX_BYTES + 1))
