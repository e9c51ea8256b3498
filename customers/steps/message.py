"""Step: send the customer a message, by e-mail, SMS or a webhook of the merchant's own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings as project
from django.utils import translation
from django.utils.translation import gettext as _, gettext_lazy

from common import clock
from common.fields import moment_out
from common.refusals import FieldProblem, InvalidInput
from common.secrets import unseal
from customers.gateways import messages
from customers.steps.base import Job, StepFailed, StepImpossible, StepKind, register, text_of
from merchants.gateways.endpoints import MAX_URL_LENGTH, Letter, may_call

CHANNELS = ("email", "sms", "webhook")
PLACEHOLDERS = ("name", "merchant", "order")
TEXT_LENGTH, SUBJECT_LENGTH = 1000, 150
_BRACED = re.compile(r"\{([^{}]*)\}")


@register
class MessageStep(StepKind):
    """`{channel, text, subject? (email), url (webhook)}`; texts take {name}, {merchant}, {order}."""

    name = "message"
    label = gettext_lazy("Welcome message")
    help = gettext_lazy("Sends an e-mail, a text message or a webhook to greet the customer.")
    talks = True
    fields = frozenset({"channel", "text", "subject", "url"})

    def check(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        channel = settings.get("channel")
        if channel not in CHANNELS:
            raise InvalidInput(FieldProblem("channel", "invalid", _("There is no such channel.")))
        kept = {"channel": channel, "text": _template(settings, "text", TEXT_LENGTH)}
        if channel == "email":
            kept["subject"] = _template(settings, "subject", SUBJECT_LENGTH, required=False)
        if channel == "webhook":
            kept["url"] = _address(text_of(settings, "url", MAX_URL_LENGTH))
        return kept

    def talk(self, job: Job) -> None:
        try:
            _SENDERS[job.step.settings["channel"]](job)
        except messages.NotSent as error:
            raise StepFailed(str(error)) from error

    def apply(self, job: Job) -> dict[str, Any]:
        return {"channel": job.step.settings["channel"]}


def _template(settings: Mapping[str, Any], name: str, longest: int, *, required: bool = True) -> str:
    text = text_of(settings, name, longest, required=required)
    strange = sorted(set(_BRACED.findall(text)) - set(PLACEHOLDERS))
    if strange:
        known = ", ".join("{" + word + "}" for word in PLACEHOLDERS)
        raise InvalidInput(
            FieldProblem(
                name, "unknown_placeholder", _("Only these can be filled in: %(known)s.") % {"known": known}
            )
        )
    return text


def _address(url: str) -> str:
    if not may_call(url):
        raise InvalidInput(FieldProblem("url", "invalid", _("An https address is expected.")))
    return url


def fill_in(text: str, job: Job) -> str:
    """The text with its placeholders filled in, once: what is filled in is not looked at again."""
    person = job.customer.person
    words = {
        "name": (person.name if person else "") or _("dear customer"),
        "merchant": job.merchant.name,
        "order": job.order.number,
    }
    return _BRACED.sub(lambda found: words.get(found[1], found[0]), text)


def _by_email(job: Job) -> None:
    person = job.customer.person
    if person is None or not person.email:
        raise StepImpossible("no_email")
    with translation.override(person.language or project.LANGUAGE_CODE):
        subject = fill_in(job.step.settings["subject"], job) or job.merchant.name
        text = fill_in(job.step.settings["text"], job)
    messages.send_email(person.email, " ".join(subject.split()), text, key=job.run.public_id)


def _by_sms(job: Job) -> None:
    person = job.customer.person
    if person is None or not person.phone:
        raise StepImpossible("no_phone")
    with translation.override(person.language or project.LANGUAGE_CODE):
        messages.send_text(person.phone, fill_in(job.step.settings["text"], job))


def _by_webhook(job: Job) -> None:
    if job.step.secret_sealed is None:
        raise StepImpossible("no_secret")
    body = {
        "type": "conversion.message",
        "timestamp": moment_out(job.run.run.at),
        "data": {
            "id": job.customer.public_id,
            "order": job.order.public_id,
            "text": fill_in(job.step.settings["text"], job),
        },
    }
    letter = Letter(
        url=job.step.settings["url"],
        message_id=job.run.public_id,
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        secret=unseal(bytes(job.step.secret_sealed)).decode(),
        at=clock.now(),
    )
    messages.send_webhook(letter)


_SENDERS: dict[str, Callable[[Job], None]] = {"email": _by_email, "sms": _by_sms, "webhook": _by_webhook}
