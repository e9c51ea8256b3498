from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from common import lookups


class CommonConfig(AppConfig):
    name = "common"
    verbose_name = _("system")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Lookups of the house are known before anything is asked."""
        lookups.register()
