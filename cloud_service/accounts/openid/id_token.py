"""Whether an ID token can be trusted (OpenID Connect Core 1.0 section 3.1.3.7)."""

import hmac
from typing import Any

from joserfc import jwt
from joserfc.errors import ClaimError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from cloud_service.accounts.openid.errors import NotAdmittedError

# Signatures by the provider's private key alone. With `none` nobody has signed; with HS256 whoever knows the secret, or
# takes the public key for one (RFC 8725 2.1).
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
CLOCK_SKEW_SECONDS = 60
_LONGEST_SUBJECT = 255  # ASCII characters: OpenID Connect Core 2


class UnknownKeyError(NotAdmittedError):
    """The token is signed with a key that is not among those at hand."""


def check_id_token(token: str, keys: KeySet, *, issuer: str, client_id: str, nonce: str) -> dict[str, Any]:
    """The claims of an ID token.

    Args:
        token: compact JWS.
        keys: the provider's.
        issuer: who must have made it.
        client_id: for whom.
        nonce: for which log-in.

    Raises:
        UnknownKeyError: it is signed with another key than these.
        NotAdmittedError: it is not signed, by somebody else, for somebody else or for another log-in, or has expired.
    """
    try:
        claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        jwt.JWTClaimsRegistry(
            leeway=CLOCK_SKEW_SECONDS,
            iss={"essential": True, "value": issuer},
            sub={"essential": True},
            aud={"essential": True, "value": client_id},
            exp={"essential": True},
            iat={"essential": True},
        ).validate(claims)
    except InvalidKeyIdError as error:
        raise UnknownKeyError(*_untrusted("unknown key")) from error
    except ClaimError as error:
        raise NotAdmittedError(*_untrusted(f"{error.error}: {error.claim}")) from error
    except JoseError as error:
        raise NotAdmittedError(*_untrusted(error.error)) from error
    _check_party(claims, client_id)
    told = claims.get("nonce")
    if not isinstance(told, str) or not hmac.compare_digest(told.encode(), nonce.encode()):
        raise NotAdmittedError(*_untrusted("wrong nonce"))
    subject = claims["sub"]
    if len(subject) > _LONGEST_SUBJECT or not (subject.isascii() and subject.isprintable()):
        raise NotAdmittedError(*_untrusted("subject no name"))
    return claims


def _check_party(claims: dict[str, Any], client_id: str) -> None:
    """A token for several must say whom it was made for, and that must be us (steps 4 and 5)."""
    party = claims.get("azp")
    is_shared = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (party is None and is_shared) or (party is not None and party != client_id):
        raise NotAdmittedError(*_untrusted("wrong authorised party"))


def _untrusted(reason: str) -> tuple[str, str]:
    return f"What the provider says of this log-in cannot be trusted ({reason}). Try it again.", reason
