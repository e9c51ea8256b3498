"""The project's addresses with the style guide, which is otherwise there only while `DEBUG`."""

from __future__ import annotations

from django.urls import path

from config.urls import urlpatterns as project
from desk.look import views

urlpatterns = [
    path("styleguide", views.styleguide),
    path("styleguide/live", views.live_sample),
    path("styleguide/error/<int:code>", views.broken),
    path("styleguide/<slug:frame>", views.styleguide),
    *project,
]
