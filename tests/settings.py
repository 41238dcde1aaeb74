"""The product's settings, with what only tests may change: cheap passwords, mail in memory, own files."""

import tempfile
from pathlib import Path

from config import settings as product

vars().update({name: value for name, value in vars(product).items() if name.isupper()})

# Gone with the process. Its own, so that two runs at once do not meet.
_folder = tempfile.TemporaryDirectory(prefix="keel-test-")
FOLDER = Path(_folder.name)

# scrypt is slow on purpose; tests make hundreds of people.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
MEDIA_ROOT = FOLDER / "files"
STATIC_ROOT = FOLDER / "static"
STATIC_ROOT.mkdir()

DATABASES = {"default": dict(product.DATABASES["default"])}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, since threads must see one database. What a crash of the machine would lose may be lost.
    DATABASES["default"]["TEST"] = {"NAME": str(FOLDER / "test.sqlite3")}
    _options = DATABASES["default"]["OPTIONS"]
    DATABASES["default"]["OPTIONS"] = _options | {
        "init_command": _options["init_command"].replace("synchronous=NORMAL", "synchronous=OFF")
    }
