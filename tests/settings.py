"""The product's settings, with what only tests may change: cheap passwords, mail in memory, own files."""

import os
import tempfile
from pathlib import Path

from config import settings as product

vars().update({name: value for name, value in vars(product).items() if name.isupper()})

# scrypt is slow on purpose; tests make hundreds of people.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
MEDIA_ROOT = Path(tempfile.mkdtemp(prefix="keel-test-files-"))

DATABASES = {"default": dict(product.DATABASES["default"])}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, since threads must see one database; its own, so that two runs at once do not meet.
    name = f"keel-test-{os.getpid()}.sqlite3"
    DATABASES["default"]["TEST"] = {"NAME": str(Path(tempfile.gettempdir()) / name)}
