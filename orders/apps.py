from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    name = "orders"
    verbose_name = _("orders")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the floor below which products a merchant has."""
        from coupons import goods
        from orders.dashboard_queries import goods_to_choose
        from orders.queries import product_names

        goods.register(product_names)
        goods.register_shelf(goods_to_choose)
