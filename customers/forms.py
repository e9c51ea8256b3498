"""Forms of the dashboard's pages of customers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.flows.erase_customer import REASON_LENGTH
from customers.models import Tag
from customers.models.customers import NOTE_LENGTH
from customers.queries import MAX_SEARCH, CustomerFilter
from merchants.models import Member
from orders.words import CHANNELS, channel_label


class CustomerListForm(forms.Form):
    """What the list of customers is narrowed to."""

    q = forms.CharField(
        label=_("Search"),
        max_length=MAX_SEARCH,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Phone, name or tag")}),
    )
    tag = forms.ChoiceField(label=_("Tag"), required=False)
    channel = forms.ChoiceField(label=_("Came by"), required=False)

    def __init__(self, tags: Iterable[Tag], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self, "tag", [("", _("All")), *((tag.name, tag.name) for tag in tags)])
        channels = [(word, channel_label(word)) for word in CHANNELS if word]
        _choose(self, "channel", [("", _("All")), *channels])

    def narrowed(self) -> CustomerFilter:
        """The filter of a valid form."""
        told = self.cleaned_data
        return CustomerFilter(q=told["q"].strip(), tag=told["tag"], channel=told["channel"])


def _choose(form: forms.Form, name: str, choices: Sequence[tuple[Any, Any]]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = list(choices)


class NoteForm(forms.Form):
    """Something to write down."""

    text = forms.CharField(
        label=_("New note"), max_length=NOTE_LENGTH, widget=forms.Textarea(attrs={"rows": 3})
    )


class TagsForm(forms.Form):
    """A customer's tags, with commas between them."""

    tags = forms.CharField(
        label=_("Tags"),
        max_length=2000,
        required=False,
        help_text=_("With commas between them, for example: regular, tea."),
    )

    def names(self) -> list[str]:
        """The names, whichever comma was typed."""
        parts = self.cleaned_data["tags"].replace("，", ",").replace("、", ",").split(",")
        return [part.strip() for part in parts if part.strip()]


class AssignForm(forms.Form):
    """Who looks after a customer."""

    member = forms.ChoiceField(label=_("Looked after by"), required=False)

    def __init__(self, members: Iterable[Member], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self, "member", [("", _("Nobody")), *((str(one.pk), str(one.person)) for one in members)])

    def member_id(self) -> int | None:
        """The chosen member."""
        chosen = self.cleaned_data["member"]
        return int(chosen) if chosen else None


class EraseForm(forms.Form):
    """Erasing wants a reason, and the customer's own number (or id) typed once more."""

    reason = forms.CharField(label=_("Why"), max_length=REASON_LENGTH)
    typed = forms.CharField(
        label=_("Type it once more"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )

    def __init__(self, expected: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = expected
        self.fields["typed"].help_text = _("Type %(expected)s to confirm.") % {"expected": expected}

    def clean_typed(self) -> str:
        """Blanks and hyphens don't matter."""
        typed: str = self.cleaned_data["typed"]
        if _bare(typed) != _bare(self.expected):
            raise forms.ValidationError(_("This is not what stands there."), code="mistyped")
        return typed


def _bare(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum() or sign == "+").lower()
