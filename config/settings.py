"""Settings, all of them, read from the environment and `.env` (`.env.example` explains each)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_HASHES
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

from config import embedded, environment, logs

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY or not (DEBUG or (len(SECRET_KEY) >= 32 and len(set(SECRET_KEY)) >= 8)):
    raise ImproperlyConfigured(
        "SECRET_KEY is missing or weak: set it to at least 32 random characters, for example from"
        " `openssl rand -base64 48`. Whoever knows it can sign in as anybody."
    )
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / ".var"))).absolute()
HOST = env.str("HOST", default="127.0.0.1")
PORT = env.int("PORT", default=8000)
_SERVED_AT = "" if "PORT" in os.environ else environment.served_at(VAR_DIR)
BASE_URL = env.str("BASE_URL", default=_SERVED_AT or f"http://127.0.0.1:{PORT}").rstrip("/")
_OWN_HOST = urlsplit(BASE_URL).hostname or "127.0.0.1"
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]", _OWN_HOST])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[BASE_URL])
WEB_WORKERS = env.int("WEB_WORKERS", default=min(2, os.cpu_count() or 1))
WEB_THREADS = env.int("WEB_THREADS", default=8)

# --- apps, floor by floor (HOUSE: imports run downwards only) -----------------

HOUSE_APPS = [
    "common",
    "ledger",
    "merchants",
    "coupons",
    "orders",
    "payments",
    "refunds",
    "customers",
    "desk",
]
INSTALLED_APPS = [
    "config.staff.StaffConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_fsm",
    "django_htmx",
    "django_prometheus",
    "csp",
    *HOUSE_APPS,
]

MIDDLEWARE = [
    "config.middleware.RequestLog",
    "config.middleware.Outage",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.pages.Session",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "config.pages.Csrf",
    "config.pages.Authentication",
    "config.pages.Messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.pages.ContentSecurity",
    "config.pages.Htmx",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- database, broker, cache ----------------------------------------------------

DATABASE_URL = env.str("DATABASE_URL", default="")
_DATABASE: dict[str, Any] = env.db("DATABASE_URL") if DATABASE_URL else {}
if not DATABASE_URL:
    _cluster = embedded.lasting(VAR_DIR)
    _DATABASE = {**_cluster.database(), "EMBEDDED": _cluster}
# A process that was stopped with a lock in its hands holds up others for so long and no longer.
_DATABASE["OPTIONS"] = {
    "connect_timeout": 5,
    "options": "-c lock_timeout=30s -c idle_in_transaction_session_timeout=120s",
    **_DATABASE.get("OPTIONS", {}),
}
DATABASES: dict[str, Any] = {
    "default": {
        **_DATABASE,
        "ENGINE": "config.postgres",
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=600),
        "CONN_HEALTH_CHECKS": True,
    }
}

BROKER_URL = env.str("BROKER_URL", default="")
BROKER_PREFIX = env.str("BROKER_PREFIX", default="livetill")
BROKER_DIR = VAR_DIR / "broker"
CELERY_BROKER_URL = BROKER_URL or "filesystem://localhost//"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {}
if not BROKER_URL:
    CELERY_BROKER_TRANSPORT = "config.broker:Transport"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIR),
        "data_folder_out": str(BROKER_DIR),
        "control_folder": str(BROKER_DIR / "control"),
        "polling_interval": 0.05,
    }
elif BROKER_URL.startswith(("redis", "rediss", "unix")):
    # The longest task ends at its time limit; what a killed worker held comes back soon after.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 600,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "global_keyprefix": f"{BROKER_PREFIX}:",
    }
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = f"{BROKER_PREFIX}-backlog"  # the queues stand in config/celery.py
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_TIME_LIMIT = 300
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_POOL = "config.pool:WorkerPool"
CELERY_WORKER_ENABLE_REMOTE_CONTROL = bool(BROKER_URL)
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat")
CELERY_BEAT_MAX_LOOP_INTERVAL = 1

CACHES = {"default": env.cache("CACHE_URL", default="locmemcache://")}
if CACHES["default"]["BACKEND"].endswith("LocMemCache"):
    # Counters of attempts to sign in are kept here: Django's 300 entries are flushed by as many strangers.
    CACHES["default"].setdefault("OPTIONS", {}).setdefault("MAX_ENTRIES", 100_000)

# --- people ----------------------------------------------------------------------

AUTH_USER_MODEL = "merchants.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/me/"
LOGOUT_REDIRECT_URL = "/"
PASSWORD_RESET_TIMEOUT = 3600
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
PHONE_REGION = env.str("PHONE_REGION", default="CN")
SMS_SENDER = env.str("SMS_SENDER", default="merchants.sms.DevelopmentSender")
EMAIL_CONFIG = env.email("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Livetill <till@localhost>")

ACCOUNT_ADAPTER = "merchants.adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "merchants.sign_in.LoginForm",
    "request_login_code": "merchants.sign_in.RequestCodeForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email", "phone"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Livetill: "
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 3
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 5 * 60
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "dashed": False, "length": 6}
# Wide for an address (a shop's till, an office, a test), narrow for what is tried on one account.
ACCOUNT_RATE_LIMITS = {
    "login": "600/m/ip",
    "login_failed": "300/m/ip,10/5m/key",
    "request_login_code": ("300/m/ip," if DEBUG else "10/m/ip,60/h/ip,")
    + env.str("CODES_PER_PHONE", default="60/m" if DEBUG else "3/m")
    + "/key"
    + ("" if DEBUG else ",10/h/key"),
    "reset_password": "60/m/ip,3/m/key",
    "reset_password_from_key": "60/m/ip",
    "signup": "60/m/ip",
}
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if env.bool("BEHIND_PROXY", default=False) else 0
MFA_ADAPTER = "merchants.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Livetill"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an invitation has proved the address

# --- language, time ----------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.str("TIME_ZONE", default="Asia/Shanghai")
USE_TZ = True
USE_I18N = True

# --- static files, browser security -------------------------------------------------

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles"
_STATIC_STORAGE = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
    if DEBUG
    else "whitenoise.storage.CompressedManifestStaticFilesStorage"
)
_PHOTO_BUCKET = env.str("PHOTO_STORAGE_S3_BUCKET", default="")
_PHOTOS_IN_BUCKET = {
    "BACKEND": "storages.backends.s3.S3Storage",
    "OPTIONS": {
        "bucket_name": _PHOTO_BUCKET,
        "endpoint_url": env.str("PHOTO_STORAGE_S3_ENDPOINT", default="") or None,
        "region_name": env.str("PHOTO_STORAGE_S3_REGION", default="") or None,
        "default_acl": "private",
        "querystring_auth": True,
        "file_overwrite": True,
    },
}
_PHOTOS_IN_FOLDER = {
    "BACKEND": "django.core.files.storage.FileSystemStorage",
    "OPTIONS": {
        "location": VAR_DIR / "photos",
        "file_permissions_mode": 0o600,
        "directory_permissions_mode": 0o700,
        "allow_overwrite": True,
    },
}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _STATIC_STORAGE},
    "photos": _PHOTOS_IN_BUCKET if _PHOTO_BUCKET else _PHOTOS_IN_FOLDER,
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG

_HTTPS = not DEBUG and BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _HTTPS
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=_HTTPS)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000 if _HTTPS else 0)
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
)
SESSION_COOKIE_HTTPONLY = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Origins whose pictures of products browsers may load, such as https://img.example; see orders/pictures.py.
IMAGE_SOURCES = env.list("IMAGE_SOURCES", default=[])
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", *IMAGE_SOURCES],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

# The admin's library is Alpine, which evaluates its attributes, and brings these few inline styles.
# Strictest that works: no inline script, nothing from elsewhere, styles by their hashes; a browser test
# holds it to that (tests/start/test_admin_policy.py). Pages of our own have the policy above.
ADMIN_CONTENT_SECURITY_POLICY = {
    **CONTENT_SECURITY_POLICY["DIRECTIVES"],
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [
        SELF,
        UNSAFE_HASHES,
        "'sha256-hdJRihFSmKSgv4j3+Ta9U7wbNreGPCYUXj75YWkP0is='",  # <style> of its page skeleton
        "'sha256-bsV5JivYxvGywDAZ22EZJKBFip65Ng9xoJVLbBg7bdo='",  # <style> that its htmx adds
        "'sha256-qYKkU7EofkVsEss99tX5zBhWPZ8G52q0LYh78i/kJVs='",  # style="…" of lists
        "'sha256-PeSS2ec5Ny5jOwzc+R+N0CclkULZlXzdCS97/ASodb4='",
        "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",  # style=""
    ],
}

# --- logs -------------------------------------------------------------------------------

# What a scraper of /metrics brings as bearer token; without DEBUG and without a token the page is not there.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
LOGGING = logs.configure(debug=DEBUG, level=env.str("LOG_LEVEL", default="INFO"))

# --- staff's look -----------------------------------------------------------------------

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Livetill",
    "SITE_HEADER": "Livetill",
    "SITE_SUBHEADER": _("Staff"),
    "SITE_ICON": lambda _request: static("img/mark.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("img/mark.svg")}
    ],
    "STYLES": [lambda _request: static("css/admin.css")],
    "SHOW_LANGUAGES": True,
    "SIDEBAR": {"show_search": True, "show_all_applications": True},
}

# --- API ------------------------------------------------------------------------------

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Livetill",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "DESCRIPTION": (BASE_DIR / "docs" / "api.md").read_text(encoding="utf-8"),
    "ENUM_NAME_OVERRIDES": {
        "OrderState": "orders.models.OrderState",
        "ItemState": "orders.models.ItemState",
        "PaymentState": "payments.models.PaymentState",
        "RedeemBy": "orders.models.RedeemBy",
        "CallMatch": "orders.models.CallState",
        "CallReason": "orders.models.CallReason",
        "CallKind": "orders.models.calls.CallRecord.Kind",
        "NumberState": "orders.call_serializers.NUMBER_STATES",
    },
    "SERVERS": [{"url": BASE_URL}],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.api_examples.add_examples",
    ],
}

# --- the till ---------------------------------------------------------------------------

SUBSCRIPTIONS = "config.subscriptions"
CURRENCIES = env.list("CURRENCIES", default=["CNY"])
# Play money makes money: the sandbox is a gateway only while DEBUG, or where somebody says so.
_SANDBOX = {"sandbox": "payments.gateways.sandbox.client.SandboxGateway"}
_SAID = env.str("SANDBOX_GATEWAY", default="")
GATEWAYS = _SANDBOX if (env.bool("SANDBOX_GATEWAY") if _SAID else DEBUG) else {}
DEFAULT_GATEWAY = env.str("DEFAULT_GATEWAY", default="sandbox" if GATEWAYS else "")
SANDBOX_CALLBACK_SECRET = env.str("SANDBOX_CALLBACK_SECRET", default="")
SHOP_ORDERS_PER_MINUTE = env.int("SHOP_ORDERS_PER_MINUTE", default=60)
CALLBACKS_PER_SECOND = env.int("CALLBACKS_PER_SECOND", default=200)
# Whether a merchant's feed of calls may lead to this machine itself (a telephony server beside the till).
LOCAL_FEEDS = env.bool("LOCAL_FEEDS", default=DEBUG)
TOP_UP_DAILY_LIMIT_MINOR = env.int("TOP_UP_DAILY_LIMIT_MINOR", default=10_000_000_000)

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
