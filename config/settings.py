"""All settings of Keel, read from the environment and refused loudly when they make no sense.

README.md has the table of the variables. Demo mode (DEMO=1) is the only place with a known key,
known accounts and plain HTTP; outside it everything is secure by default.
"""

import contextlib
import logging
import os
import secrets
import zoneinfo
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from portfolio.money import CURRENCIES

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if (BASE_DIR / ".env").is_file():
    environ.Env.read_env(BASE_DIR / ".env")


def required(name: str, demo: str) -> str:
    """The variable's value; only the demo has a default."""
    value: str = env.str(name, default="") or (demo if DEMO else "")
    if not value:
        raise ImproperlyConfigured(f"Set {name}. Only DEMO=1 has a default for it.")
    return value


def yes_or_no(name: str, default: bool) -> bool:
    """A switch. Raises ImproperlyConfigured for anything but 1, true, yes, on and 0, false, no, off."""
    value = env.str(name, default="").strip().lower()
    if value not in {"", "1", "true", "yes", "on", "0", "false", "no", "off"}:
        raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")
    return value in {"1", "true", "yes", "on"} if value else default


def whole_number(name: str, default: int, lowest: int, highest: int) -> int:
    """A whole number within bounds. Raises ImproperlyConfigured otherwise."""
    value = env.str(name, default="").strip() or str(default)
    if not value.isdecimal() or not lowest <= int(value) <= highest:
        raise ImproperlyConfigured(
            f"{name} must be a whole number between {lowest} and {highest}, not {value!r}."
        )
    return int(value)


def folder(name: str, default: Path) -> Path:
    """A folder that is made when it is missing. Raises ImproperlyConfigured when that can't be done."""
    path = Path(env.str(name, default="") or default).absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name} must be a folder that can be written to, not {path}: {error}."
        ) from error
    return path


def kept_secret(path: Path) -> str:
    """A secret that is made up at the first start and kept: each process and each restart reads the same."""
    if not path.exists():
        mine = path.with_name(f"{path.name}.{os.getpid()}")
        mine.touch(mode=0o600)
        mine.write_text(secrets.token_urlsafe(12))
        # Of two processes that start at once one wins, and nobody ever reads half a secret.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(mine)
        mine.unlink()
    return path.read_text()


DEMO: bool = yes_or_no("DEMO", default=False)
DEBUG: bool = yes_or_no("DEBUG", default=False)
HOST: str = env.str("HOST", default="127.0.0.1")
PORT: int = whole_number("PORT", 8000, 1, 65535)
DATA_DIR = folder("DATA_DIR", BASE_DIR / "data")
DEMO_PASSWORD: str = env.str("DEMO_PASSWORD", default="")

# A known key is fine for made-up data and fatal in production, so only the demo supplies one.
SECRET_KEY = required("SECRET_KEY", demo="only-for-the-demo-" + "0" * 50)
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"] if DEMO else [])
BASE_URL = required("BASE_URL", demo=f"http://127.0.0.1:{PORT}").rstrip("/")
HTTPS = BASE_URL.startswith("https://")

if urlsplit(BASE_URL).scheme not in {"http", "https"} or not urlsplit(BASE_URL).hostname:
    raise ImproperlyConfigured(
        f"BASE_URL must be an address such as https://keel.example.com, not {BASE_URL!r}."
    )
if not DEMO:
    if DEBUG:
        raise ImproperlyConfigured("DEBUG shows internals to anyone; it works in demo mode only.")
    if DEMO_PASSWORD:
        raise ImproperlyConfigured(
            "DEMO_PASSWORD is set without DEMO=1; outside the demo there are no known accounts."
        )
    if (
        len(SECRET_KEY) < 50
        or len(set(SECRET_KEY)) < 16
        or SECRET_KEY.startswith(("only-for-the-demo", "django-insecure"))
    ):
        raise ImproperlyConfigured("SECRET_KEY must be at least 50 random characters.")
    if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts that serve Keel; '*' is refused.")
    if not HTTPS:
        raise ImproperlyConfigured("BASE_URL must begin with https:// outside demo mode.")

if DEMO and not DEMO_PASSWORD:
    DEMO_PASSWORD = kept_secret(DATA_DIR / "demo-password")
if DEMO and len(DEMO_PASSWORD) < 12:
    raise ImproperlyConfigured("DEMO_PASSWORD must have at least 12 characters.")

CSRF_TRUSTED_ORIGINS = [BASE_URL]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-gb"
TIME_ZONE: str = env.str("TIME_ZONE", default="UTC")
try:
    zoneinfo.ZoneInfo(TIME_ZONE)
except (ValueError, zoneinfo.ZoneInfoNotFoundError, IsADirectoryError) as error:
    raise ImproperlyConfigured(
        f"TIME_ZONE must be a name such as Europe/Zurich, not {TIME_ZONE!r}."
    ) from error
USE_TZ = True

# The house, from the roof down; architecture.md says who may import whom.
INSTALLED_APPS = [
    "dashboards",
    "governance",
    "assurance",
    "scoring",
    "portfolio",
    "accounts",
    "ledger",
    "config.apps.ConfigApp",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "axes",
    "csp",
    "django_filters",
    "django_htmx",
    "django_structlog",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.health",
    "django_structlog.middlewares.RequestMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.middleware.read_as_of",
    "config.middleware.keep_attempts",
    "config.middleware.DomainErrors",
    "config.middleware.nudge_workers",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.frame",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# Database ------------------------------------------------------------------------------------

DATABASE_URL: str = env.str("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'keel.sqlite3'}")
if urlsplit(DATABASE_URL).scheme not in {"sqlite", "postgres", "postgresql"} or not urlsplit(
    DATABASE_URL
).path.strip("/"):
    raise ImproperlyConfigured("DATABASE_URL must be sqlite:///path or postgres://user@host/name.")
_database: dict[str, Any] = env.db_url_config(DATABASE_URL)
if _database["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE takes the write lock first, so that two writers wait for one another instead of failing.
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # Without recursive_triggers, INSERT OR REPLACE takes a fact away past its delete trigger.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; "
        "PRAGMA recursive_triggers=ON; PRAGMA cache_size=-65536;",
    }
    _database["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
else:
    _database.setdefault("OPTIONS", {})
    _database["CONN_HEALTH_CHECKS"] = True
_database["CONN_MAX_AGE"] = whole_number("CONN_MAX_AGE", 600, 0, 86400)
DATABASES = {"default": _database}
if migration_url := env.str("MIGRATION_DATABASE_URL", default=""):
    # The owner of the tables migrates; the role that serves may only insert and select facts.
    if _database["ENGINE"] != "django.db.backends.postgresql" or not migration_url.startswith("postgres"):
        raise ImproperlyConfigured(
            "MIGRATION_DATABASE_URL is for PostgreSQL: set both addresses to it, or only one."
        )
    DATABASES["migration"] = env.db_url_config(migration_url) | {"TEST": {"MIRROR": "default"}}

# Jobs ----------------------------------------------------------------------------------------

REDIS_URL: str = env.str("REDIS_URL", default="")
if REDIS_URL and (urlsplit(REDIS_URL).scheme not in {"redis", "rediss"} or not urlsplit(REDIS_URL).hostname):
    raise ImproperlyConfigured("REDIS_URL must be redis://host:port/number or rediss://host:port/number.")
# A cache in each process and none in Redis: pages must work while Redis is away.
CACHES: dict[str, Any] = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# Processes -----------------------------------------------------------------------------------

WEB_WORKERS: int = whole_number("WEB_WORKERS", 1 if _database["ENGINE"].endswith("sqlite3") else 2, 1, 64)
WEB_THREADS: int = whole_number("WEB_THREADS", 8, 1, 128)
WORKER_CONCURRENCY: int = whole_number("WORKER_CONCURRENCY", 2, 1, 64)

# Accounts ------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = None
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_FORM_FIELD = "login"
AXES_VERBOSE = False

# Hardening -----------------------------------------------------------------------------------

# A proxy of ours stands in front: it ends TLS and gives each request its number.
TRUST_PROXY = yes_or_no("TRUST_PROXY", default=False)
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
if HTTPS:
    SESSION_COOKIE_NAME = "__Host-keel-session"
    CSRF_COOKIE_NAME = "__Host-keel-csrf"
    SECURE_HSTS_SECONDS = 2 * 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_SSL_REDIRECT = yes_or_no("SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    if TRUST_PROXY:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        # The hash is that of the empty string: Plotly adds an empty sheet and fills it by script.
        "style-src": [SELF, "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 2**20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10000

# Files ---------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default="") or BASE_DIR / "staticfiles")
_libraries = BASE_DIR / "node_modules"
STATICFILES_DIRS: list[Any] = [BASE_DIR / "static"] + [
    (prefix, str(_libraries / folder))
    for prefix, folder in (
        ("tabler/css", "@tabler/core/dist/css"),
        ("plotly", "plotly.js-cartesian-dist-min"),
    )
    if (_libraries / folder).is_dir()
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or yes_or_no("PLAIN_STATIC", default=False)
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
# Pictures and fonts are compressed already; source maps are for the rare look into a library.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["gif", "ico", "jpg", "map", "png", "ttf", "webp", "woff", "woff2"]
MEDIA_ROOT = folder("STORAGE_DIR", DATA_DIR / "files")

# Mail ----------------------------------------------------------------------------------------

# The people of the demo do not exist, so that their mail goes nowhere.
EMAIL_URL = required("EMAIL_URL", demo="dummymail://")
if urlsplit(EMAIL_URL).scheme not in environ.Env.EMAIL_SCHEMES:
    raise ImproperlyConfigured(
        "EMAIL_URL must be smtp+tls://user:password@host:587, smtp://host:25 or dummymail://."
    )
vars().update(environ.Env.email_url_config(EMAIL_URL))
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default=f"Keel <keel@{urlsplit(BASE_URL).hostname}>")
if "@" not in parseaddr(DEFAULT_FROM_EMAIL)[1]:
    raise ImproperlyConfigured(f"DEFAULT_FROM_EMAIL must hold an address, not {DEFAULT_FROM_EMAIL!r}.")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# API -----------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    # A view that names no action for a route is closed.
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "accounts.authorization.TableAllows",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser", "rest_framework.parsers.MultiPartParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "config.pagination.Pages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_VERSIONING_CLASS": None,
    "EXCEPTION_HANDLER": "config.problems.as_problem",
    "PAGE_SIZE": 50,
    "COERCE_DECIMAL_TO_STRING": True,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Keel",
    "DESCRIPTION": "Propose, score, fund and track AI initiatives.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": [
        "rest_framework.permissions.IsAuthenticated",
        "accounts.authorization.TableAllows",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
}

# The organisation ----------------------------------------------------------------------------

BASE_CURRENCY: str = env.str("BASE_CURRENCY", default="USD")
FISCAL_YEAR_START_MONTH: int = whole_number("FISCAL_YEAR_START_MONTH", 1, 1, 12)
REGISTER_IS_OPEN: bool = yes_or_no("REGISTER_IS_OPEN", default=True)
# Whether rules that keep duties apart forbid, or ask for a reason: see accounts/segregation.py.
SEGREGATION: str = env.str("SEGREGATION", default="").strip().lower() or "strict"
if SEGREGATION not in {"strict", "recorded"}:
    raise ImproperlyConfigured(f"SEGREGATION must be strict or recorded, not {SEGREGATION!r}.")
if BASE_CURRENCY not in CURRENCIES:
    raise ImproperlyConfigured(f"BASE_CURRENCY must be an ISO 4217 code such as EUR, not {BASE_CURRENCY!r}.")

# The ledger ----------------------------------------------------------------------------------

LEDGER_KEY_FILE = Path(env.str("LEDGER_KEY_FILE", default="") or DATA_DIR / "ledger-key.pem")
LEDGER_PUBLISH_TO: list[str] = env.list(
    "LEDGER_PUBLISH_TO", default=[f"file:{DATA_DIR / 'ledger-heads'}"] if DEMO else []
)
for _place in LEDGER_PUBLISH_TO:
    _parts = urlsplit(_place)
    _shapes = {
        "file": _parts.path.startswith("/"),
        "mailto": "@" in _parts.path,
        "https": bool(_parts.hostname),
    }
    if not _shapes.get(_parts.scheme):
        raise ImproperlyConfigured(
            "LEDGER_PUBLISH_TO must hold file:/folder, mailto:name@example.com or https://host/path, "
            f"not {_place!r}."
        )

# Logs ----------------------------------------------------------------------------------------

LOG_LEVEL: str = env.str("LOG_LEVEL", default="INFO").upper()
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:
    raise ImproperlyConfigured(
        f"LOG_LEVEL must be DEBUG, INFO, WARNING, ERROR or CRITICAL, not {LOG_LEVEL!r}."
    )
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logs.formatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # The line of the request says as much.
        "django.request": {"level": "ERROR"},
        "django.server": {"handlers": ["console"], "level": LOG_LEVEL, "propagate": False},
    },
}
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = TRUST_PROXY
# A refusal is an ordinary answer.
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = logging.INFO
