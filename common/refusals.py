"""Every "no" has a name. Flows raise a `Refusal`; the edges turn it into a problem or a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Refusal(Exception):
    """A named refusal: `code` is a stable word of the API, `title` is for people, `status` is HTTP's."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    title: ClassVar[str | Promise] = _("This was refused.")

    def __init__(self, detail: str | Promise = "", *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.headers = dict(headers or {})


class FieldProblem:
    """One thing wrong with one field of the input."""

    __slots__ = ("code", "detail", "field")

    def __init__(self, field: str, code: str, detail: str | Promise) -> None:
        self.field, self.code, self.detail = field, code, detail


class InvalidInput(Refusal):
    """Input that is JSON but does not fit, with the fields that are wrong."""

    code = "invalid"
    status = 422
    title = _("Something in the request does not fit.")

    def __init__(self, *problems: FieldProblem) -> None:
        super().__init__()
        self.problems = problems


class NotFound(Refusal):
    """Not there, or not this caller's: the answer is the same."""

    code = "not_found"
    status = 404
    title = _("There is no such thing here.")


class InvalidState(Refusal):
    """A verb that the state forbids."""

    code = "invalid_state"
    status = 409
    title = _("The present state does not allow this.")
