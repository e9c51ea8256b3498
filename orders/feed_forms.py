"""The form of a feed: what its provider asks for, with the secrets never shown again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.flows.add_feed import MAX_SECONDS, MAX_SETTING, FeedAsk
from orders.gateways.base import Feed, Provider, Setting
from orders.models import PhoneFeed, Trust

_PREFIX = "setting-"


class FeedForm(forms.Form):
    """A new feed of a provider, or changes to one."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("What your people know it by, for example “Front desk”.")
    )
    trust = forms.TypedChoiceField(
        label=_("How sure its callers' numbers are"),
        choices=Trust.choices,
        coerce=int,
        widget=forms.RadioSelect,
        help_text=_(
            "Where the provider says nothing itself. “Known trunk”: your server takes calls from your carrier"
            " alone. The rules of calls say how sure a caller must be."
        ),
    )

    def __init__(self, provider: Provider, feed: PhoneFeed | None = None, data: Any = None) -> None:
        self.provider, self.feed = provider, feed
        super().__init__(data, initial=self._stored())
        if isinstance(provider, Feed):
            self.fields["poll_seconds"] = _pace()
        for setting in provider.settings:
            self.fields[_PREFIX + setting.name] = self._field(setting)

    def _stored(self) -> dict[str, Any]:
        told: dict[str, Any] = {_PREFIX + one.name: one.default for one in self.provider.settings}
        if self.feed is None:
            return {**told, "name": str(self.provider.label), "trust": self.provider.trust, "poll_seconds": 5}
        told |= {_PREFIX + name: value for name, value in self.feed.settings.items()}
        feed = self.feed
        return {**told, "name": feed.name, "trust": feed.trust, "poll_seconds": feed.poll_seconds}

    def _field(self, setting: Setting) -> forms.CharField | forms.ChoiceField:
        if setting.choices:
            choices = [(choice, choice) for choice in setting.choices]
            return forms.ChoiceField(label=str(setting.label), choices=choices, help_text=str(setting.hint))
        keeps = setting.is_secret and self.feed is not None
        kept = _("Stored, and not shown. Leave it empty to keep it.") if keeps else ""
        widget = forms.PasswordInput if setting.is_secret else forms.TextInput
        attrs = {"autocomplete": "new-password" if setting.is_secret else "off", "spellcheck": "false"}
        return forms.CharField(
            label=str(setting.label),
            max_length=MAX_SETTING,
            required=setting.is_required and not keeps,
            help_text=str(kept or setting.hint),
            widget=widget(attrs=attrs),
        )

    @property
    def settings_fields(self) -> list[forms.BoundField]:
        """The fields that everybody has to fill in, or may."""
        return [self[_PREFIX + one.name] for one in self.provider.settings if not _is_usual(one)]

    @property
    def usual_fields(self) -> list[forms.BoundField]:
        """The fields that most leave as they are."""
        return [self[_PREFIX + one.name] for one in self.provider.settings if _is_usual(one)]

    @property
    def has_unusual(self) -> bool:
        """Whether one of those was refused, or is another than usual."""
        usual = {_PREFIX + one.name: one.default for one in self.provider.settings if _is_usual(one)}
        return any(name in self.errors or self[name].value() != default for name, default in usual.items())

    def ask(self) -> FeedAsk:
        """What a valid form asks for."""
        told = self.cleaned_data
        return FeedAsk(
            kind=self.provider.name,
            name=told["name"],
            settings={one.name: told[_PREFIX + one.name] for one in self.provider.settings},
            trust=told["trust"],
            poll_seconds=told.get("poll_seconds") or 5,
        )

    def of_flow(self) -> dict[str, str]:
        """The flow's names of fields → this form's."""
        return {f"settings.{one.name}": _PREFIX + one.name for one in self.provider.settings}


def _is_usual(setting: Setting) -> bool:
    return bool(setting.default) and not setting.is_required and not setting.is_secret


def _pace() -> forms.IntegerField:
    return forms.IntegerField(
        label=_("Seconds between polls"),
        min_value=1,
        max_value=MAX_SECONDS,
        help_text=_("An order is redeemed at most this long after the call was written down."),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
