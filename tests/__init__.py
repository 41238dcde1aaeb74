"""The tests. Importing this package sets the environment that every test runs in, before Django loads."""

import os

# Whatever the shell says, tests run as the demo does, with a password that no file keeps and plain statics.
os.environ.update(
    DEMO="1",
    DEBUG="0",
    DEMO_PASSWORD="only for the tests",
    SECRET_KEY="only-for-the-tests-" + "0" * 50,
    PLAIN_STATIC="1",
    SSL_REDIRECT="0",
    # Playwright runs an event loop in the main thread; our own code is never async.
    DJANGO_ALLOW_ASYNC_UNSAFE="1",
)
for name, value in {"LOG_LEVEL": "ERROR", "OPENBLAS_NUM_THREADS": "1"}.items():
    os.environ.setdefault(name, value)
for name in ("ALLOWED_HOSTS", "BASE_URL", "PORT", "MIGRATION_DATABASE_URL", "EMAIL_URL", "TIME_ZONE"):
    os.environ.pop(name, None)
