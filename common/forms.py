"""Fields and helpers of forms that several apps' pages need."""

from __future__ import annotations

from typing import Any

from babel.numbers import get_currency_precision, get_currency_symbol
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language, gettext_lazy as _

from common.money import MAX_AMOUNT_MINOR, NotAnAmount, parse_minor, typed_minor
from common.refusals import InvalidInput


class AmountField(forms.CharField):
    """A price as people type it ("12.50"); cleans to minor units of `currency`."""

    widget = forms.TextInput
    default_error_messages = {  # noqa: RUF012 - the base class declares it so
        "not_a_number": _("Digits with a point, such as 12.50."),
        "too_many_decimals": _("This currency has no such small change."),
        "too_small": _("This is too little."),
        "too_large": _("This is too much."),
    }

    def __init__(
        self, currency: str, *, min_minor: int = 1, max_minor: int = MAX_AMOUNT_MINOR, **kwargs: Any
    ) -> None:
        kwargs.setdefault("max_length", 20)
        # before the base class, which asks for widget_attrs
        self.currency, self.min_minor, self.max_minor = currency, min_minor, max_minor
        super().__init__(**kwargs)
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    @property
    def symbol(self) -> str:
        """The currency's sign in the active language."""
        locale = (get_language() or "en").replace("-", "_")
        return str(get_currency_symbol(self.currency, locale=locale))

    def prepare_value(self, value: Any) -> Any:
        """Minor units as they are typed; what was typed stays as it is."""
        return typed_minor(value, self.currency) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        """Minor units; None where nothing was typed and nothing is required."""
        text = super().clean(value)
        if not text:
            return None
        try:
            amount = parse_minor(text, self.currency)
        except NotAnAmount as error:
            raise ValidationError(self.error_messages[error.code], code=error.code) from error
        if amount < self.min_minor:
            raise ValidationError(self.error_messages["too_small"], code="too_small")
        if amount > self.max_minor:
            raise ValidationError(self.error_messages["too_large"], code="too_large")
        return amount

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """A placeholder with as many decimals as the currency has."""
        precision = get_currency_precision(self.currency)
        return {**super().widget_attrs(widget), "placeholder": "0." + "0" * precision if precision else "0"}


def add_refusal(form: forms.BaseForm, refused: InvalidInput, names: dict[str, str] | None = None) -> None:
    """Put what a flow found wrong beside the form's fields; `names` maps the flow's to the form's."""
    for problem in refused.problems:
        name = (names or {}).get(problem.field, problem.field)
        form.add_error(name if name in form.fields else None, str(problem.detail))
