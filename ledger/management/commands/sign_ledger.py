"""`manage.py sign_ledger`: sign the head now and publish it, as the job does each day."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ledger import signing, tasks
from ledger.models import HeadPublication, SignedHead


class Command(BaseCommand):
    """Sign and publish, then print the public key that auditors keep."""

    help = "Sign the head of the ledger, publish it, and print the public key."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what the daily job does."""
        try:
            tasks.sign_head()
            key = signing.signing_key(settings.LEDGER_KEY_FILE)
        except signing.NoSigningKey as error:
            raise CommandError(str(error)) from error
        newest = SignedHead.objects.order_by("-seq").first()
        waiting = HeadPublication.objects.filter(published_at=None).count()
        self.stdout.write(signing.public_pem(key), ending="")
        self.stdout.write(
            f"Signed through record {newest.seq if newest else 0}; {waiting} publications wait."
        )
