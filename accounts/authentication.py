"""Bearer tokens of the API."""

from datetime import timedelta

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, ApiTokenUse, User
from ledger import clock

# A token's use is noted at most this often, so that reads stay cheap.
NOTED_EVERY = timedelta(minutes=1)


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer keel_…`; the token is stored hashed, with scopes and an end."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The service account and its token; None when no bearer token is sent."""
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        if len(parts) != 2:
            raise AuthenticationFailed("Send the header as 'Authorization: Bearer <token>'.")
        secret = parts[1].decode("ascii", "replace")
        token = (
            ApiToken.objects.select_related("user", "user__answers_for_it", "use")
            .filter(secret_hash=ApiToken.hash_of(secret))
            .first()
        )
        if token is None or not token.is_live or not token.user.is_active:
            raise AuthenticationFailed("This token is unknown, revoked or past its end.")
        _note_use(token)
        # The policy table asks the user for its token.
        token.user.token = token
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Makes the answer to a stranger 401 instead of 403."""
        return 'Bearer realm="Keel"'


def _note_use(token: ApiToken) -> None:
    use: ApiTokenUse | None = getattr(token, "use", None)
    if use is None or use.last_used_at < clock.now() - NOTED_EVERY:
        ApiTokenUse.objects.update_or_create(token=token, defaults={"last_used_at": clock.now()})
