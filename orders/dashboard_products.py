"""The dashboard's pages of products."""

from __future__ import annotations

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from common.ids import parse_public_id
from common.paging import page_of
from merchants.dashboard import DashboardRequest, attempt, dashboard, found, may, page, place_of, sent_to
from orders import dashboard_queries as reads
from orders.dashboard_forms import NewProductForm, ProductForm, StockForm
from orders.flows.archive_product import archive_product
from orders.flows.create_product import create_product
from orders.flows.set_stock import set_stock
from orders.flows.update_product import ProductWish, update_product
from orders.models import Product


@dashboard("products:read")
@require_safe
def product_list(request: DashboardRequest) -> HttpResponseBase:
    """What is sold, with its price and stock; `?archived=1` what was."""
    archived = request.GET.get("archived") == "1"
    products = page_of(reads.all_products_of(request.merchant, archived=archived), place_of(request))
    context = {"page": products, "archived": archived}
    return page(request, "orders/dashboard_products.html", context, nav="products")


@dashboard("products:write")
def product_new(request: DashboardRequest) -> HttpResponseBase:
    """Something new to sell."""
    form = NewProductForm(request.merchant.currency, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        told = form.cleaned_data
        product = create_product(
            request.merchant,
            name=told["name"],
            price=told["price"],
            currency=request.merchant.currency,
            redeem_by=told["redeem_by"],
            stock=told["stock"],
            image=told["image"],
        )
        messages.success(request, _("“%(name)s” can be sold now.") % {"name": product.name})
        return redirect("dashboard_products")
    status = 422 if form.is_bound else 200
    return page(request, "orders/dashboard_product_new.html", {"form": form}, nav="products", status=status)


def _product(request: DashboardRequest, product_id: str) -> Product:
    product: Product = found(reads.product_of(request.merchant, parse_public_id("prd", product_id)))
    return product


@dashboard("products:read")
def product_edit(request: DashboardRequest, product_id: str) -> HttpResponseBase:
    """One product: what it is, how many there are, and the end of it."""
    product = _product(request, product_id)
    form = ProductForm(product.currency, initial=_as_form(product))
    return _draw(request, product, form, StockForm(initial={"stock": product.stock}))


@dashboard("products:write")
@sent_to("dashboard_product", "product_id")
def product_save(request: DashboardRequest, product_id: str) -> HttpResponseBase:
    """Change what it is; orders that were placed keep theirs."""
    product = _product(request, product_id)
    form = ProductForm(product.currency, request.POST)
    if not form.is_valid():
        return _draw(request, product, form, StockForm(initial={"stock": product.stock}), status=422)
    told = form.cleaned_data
    wish = ProductWish(told["name"], told["price"], told["redeem_by"], told["image"])
    update_product(request.merchant, product.pk, wish)
    messages.success(request, _("Saved. Orders placed before keep their price."))
    return redirect("dashboard_product", product.public_id)


@dashboard("products:write")
@sent_to("dashboard_product", "product_id")
def product_stock(request: DashboardRequest, product_id: str) -> HttpResponseBase:
    """Say how many there are."""
    product = _product(request, product_id)
    form = StockForm(request.POST)
    if not form.is_valid():
        shown = ProductForm(product.currency, initial=_as_form(product))
        return _draw(request, product, shown, form, status=422)
    set_stock(request.merchant, product.pk, form.cleaned_data["stock"])
    messages.success(request, _("The stock was set."))
    return redirect("dashboard_product", product.public_id)


@dashboard("products:write")
@sent_to("dashboard_product", "product_id")
def product_archive(request: DashboardRequest, product_id: str) -> HttpResponseBase:
    """Sell it no longer, or again."""
    product = _product(request, product_id)
    restore = request.POST.get("restore") == "1"
    return attempt(
        request,
        lambda: archive_product(request.merchant, product.pk, restore=restore),
        back=reverse("dashboard_product", args=[product.public_id]),
        done=_("It can be ordered again.") if restore else _("It can't be ordered any more."),
    )


def _as_form(product: Product) -> dict[str, object]:
    return {
        "name": product.name,
        "price": product.price_minor,
        "redeem_by": product.redeem_by,
        "image": product.image,
    }


def _draw(
    request: DashboardRequest, product: Product, form: ProductForm, stock_form: StockForm, status: int = 200
) -> HttpResponseBase:
    context = {
        "product": product,
        "form": form,
        "stock_form": stock_form,
        "may_write": may(request, "products:write"),
    }
    return page(request, "orders/dashboard_product.html", context, nav="products", status=status)
