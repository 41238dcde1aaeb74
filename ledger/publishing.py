"""Keeping a signed head outside the database: in a folder, a mailbox, or at an address."""

from pathlib import Path
from urllib.parse import urlsplit

import requests
from django.core.mail import EmailMessage

from ledger import chain
from ledger.models import SignedHead
from ledger.selectors import head_row

TIMEOUT = 20


def publish(head: SignedHead, place: str) -> None:
    """Keep a signed head at a place; doing it twice keeps it once. Raises OSError when that fails.

    Places are `file:/folder`, `mailto:name@example.com` and `https://example.com/heads`.
    """
    text = chain.canonical(head_row(head)) + "\n"
    name = f"keel-head-{head.seq:012d}.json"
    parts = urlsplit(place)
    match parts.scheme:
        case "file":
            folder = Path(parts.path)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        case "mailto":
            message = EmailMessage(
                subject=f"Keel: signed head of the ledger, record {head.seq}",
                body="Keep this message: it shows later that the record up to here was not computed anew.\n",
                to=[parts.path],
                headers={"Message-ID": f"<ledger-head-{head.seq}@{head.key[:16]}>"},
            )
            message.attach(name, text, "application/json")
            message.send()
        case _:
            answer = requests.post(
                place,
                data=text.encode(),
                headers={"Content-Type": "application/json", "Idempotency-Key": f"keel-head-{head.seq}"},
                timeout=TIMEOUT,
                allow_redirects=False,
            )
            if not answer.ok:
                raise OSError(f"{parts.hostname} answered {answer.status_code}")
