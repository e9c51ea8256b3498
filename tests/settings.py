"""Settings of the tests: the project's, on a PostgreSQL that goes away with the test run.

With `DATABASE_URL` set the tests use that server instead (a database `test_…` is made there).
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import uuid

os.environ["SECRET_KEY"] = "of-the-tests-only-2b6f0c1d9e8a7f5b4c3d"
os.environ["DEBUG"] = "0"
os.environ["SANDBOX_GATEWAY"] = "1"
os.environ["SHOP_ORDERS_PER_MINUTE"] = "100000"
os.environ["LOCAL_FEEDS"] = "1"
os.environ["BASE_URL"] = "http://testserver"
os.environ.setdefault("LOG_LEVEL", "WARNING")
os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="livetill-test-var-")
_mine = os.getpid()


def _take_away(folder: str) -> None:
    if os.getpid() == _mine:
        shutil.rmtree(folder, ignore_errors=True)


atexit.register(_take_away, os.environ["VAR_DIR"])

from config import embedded  # noqa: E402
from config.settings import *  # noqa: E402, F403
from config.settings import DATABASE_URL, DATABASES  # noqa: E402

# One server for all workers of a run, another for every other run.
TEST_RUN = os.environ.setdefault("PYTEST_XDIST_TESTRUNUID", uuid.uuid4().hex)
if not DATABASE_URL:
    EMBEDDED = embedded.throwaway(TEST_RUN)
    DATABASES["default"] |= {**EMBEDDED.database(), "EMBEDDED": EMBEDDED}

CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT = "memory"
CELERY_BROKER_TRANSPORT_OPTIONS = {}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "photos": STORAGES["photos"],  # noqa: F405
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True
