"""Step: put a tag on the customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from customers.steps.base import Job, StepKind, register
from customers.tagging import add_tags, clean_name, find_or_make_tags


@register
class TagStep(StepKind):
    """`{tag}`: the tag's name."""

    name = "tag"
    label = _("Tag")
    help = _("Puts a tag on the customer.")
    fields = frozenset({"tag"})

    def check(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        return {"tag": clean_name(settings.get("tag"))}

    def apply(self, job: Job) -> dict[str, Any]:
        tags = find_or_make_tags(job.merchant, [job.step.settings["tag"]])
        add_tags(job.customer, tags)
        return {"tags": [str(tag.pk) for tag in tags]}
