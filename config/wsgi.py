"""What the web server calls."""

from __future__ import annotations

import os

from config.processes import end_with_parent

end_with_parent()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.wsgi import get_wsgi_application  # noqa: E402

import config.celery  # noqa: E402, F401 - makes its app the one that shared tasks belong to
from config.chunked import sized  # noqa: E402

application = sized(get_wsgi_application())
