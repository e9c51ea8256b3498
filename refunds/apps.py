from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RefundsConfig(AppConfig):
    name = "refunds"
    verbose_name = _("refunds")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the checks of the photos' storage run."""
        from refunds import checks  # noqa: F401
