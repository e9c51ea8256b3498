"""Writing down something about a customer."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from common import audit, clock, locking
from common.refusals import FieldProblem, InvalidInput
from customers.flows.lock_customer import lock_customer
from customers.models import CustomerNote
from customers.models.customers import NOTE_LENGTH
from merchants.models import Merchant, Person


def add_note(merchant: Merchant, customer_id: UUID, author: Person, text: str) -> CustomerNote:
    """Add a note; the audit trail says that, not what was written. Raises `NotFound`, `InvalidInput`."""
    text = text.strip()
    if not 0 < len(text) <= NOTE_LENGTH or "\x00" in text:
        raise InvalidInput(
            FieldProblem("text", "invalid", _("A note has 1 to %(most)d characters.") % {"most": NOTE_LENGTH})
        )
    with locking.transaction():
        customer = lock_customer(merchant, customer_id)
        note = CustomerNote(customer=customer, author=author, text=text, at=clock.now())
        note.save(force_insert=True)
        audit.record("customer.note", customer.public_id, merchant_id=merchant.pk, note=str(note.pk))
        return note
