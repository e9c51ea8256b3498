"""What `manage.py check` asks of the photos' storage, so that a missing package is named at the start."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string

from refunds.photo_store import STORAGE


@register
def check_photo_storage(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The storage named "photos" is set and its class can be imported."""
    told: Any = settings.STORAGES.get(STORAGE)
    if told is None:
        return [Error(f'STORAGES has no "{STORAGE}": photos of refunds lie there.', id="refunds.E001")]
    try:
        import_string(told["BACKEND"])
    except ImportError as error:
        return [Error(f"The photos' storage can't be loaded: {error}", hint=_hint(told), id="refunds.E002")]
    return []


def _hint(told: Any) -> str:
    if str(told["BACKEND"]).startswith("storages."):
        return 'PHOTO_STORAGE_S3_BUCKET needs a package: pip install "django-storages[s3]".'
    return f"Is what {told['BACKEND']} comes from installed?"
