"""The language switch, the mark for browsers that ask by themselves, and the style guide while `DEBUG`."""

from __future__ import annotations

from django.conf import settings
from django.templatetags.static import static
from django.urls import URLPattern, path
from django.utils.functional import lazy
from django.views.generic import RedirectView
from django.views.i18n import set_language

from desk.look import views

mark = lazy(static, str)("img/mark.svg")

urlpatterns: list[URLPattern] = [
    path("language", set_language, name="set_language"),
    path("favicon.ico", RedirectView.as_view(url=mark)),
]

if settings.DEBUG:
    urlpatterns += [
        path("styleguide", views.styleguide, name="styleguide"),
        path("styleguide/live", views.live_sample),
        path("styleguide/error/<int:code>", views.broken),
        path("styleguide/<slug:frame>", views.styleguide),
    ]
