"""Who may do what: operator actions need an operator's token, and reads a token if there is one for them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from hmac import compare_digest

from flask import g, request

from api.http.client_address import address_of
from api.http.problems import ApiProblem
from api.operator_tokens import digest, name_of
from api.services import services


def operators_only() -> None:
    """Check the operator's token, before a blueprint looks at anything else of the request; raises ApiProblem.

    A preflight, which never carries one, passes.
    """
    if request.method == "OPTIONS":
        return
    tokens = services().operator_tokens.current()
    if not tokens:
        raise ApiProblem("operator-disabled", "Start the service with OPERATOR_TOKEN to manage dead letters over HTTP.")
    token = _token()
    g.operator = _log_in(token, tokens) if token else None
    if g.operator is None:
        raise ApiProblem("operator-only", "Send an operator's token as Authorization: Bearer ….")


def readers_only() -> None:
    """Check likewise, where ``READ_TOKEN`` is set, that a request has this token or an operator's."""
    if may_read() or request.method == "OPTIONS":
        return
    token = _token()
    if not token or _log_in(token, services().operator_tokens.current()) is None:
        raise ApiProblem("reader-only", "Send the token for reading as Authorization: Bearer ….")


def may_read() -> bool:
    """Return whether everyone may read, or the request has ``READ_TOKEN``.

    Not a login: failed logins never lock out readers at the same address. Operators' tokens are not checked.
    """
    wanted, given = services().settings.read_token, digest(_token())
    return wanted is None or any(compare_digest(digest(each), given) for each in wanted.get_secret_value().split(" "))


def sees_reasons() -> bool:
    """Return ``may_read``, for a response that omits a part instead of being refused.

    It still reveals whether a token is right, so an unknown one is a failed login.
    """
    if may_read():
        return True
    token = _token()
    if token and name_of(token, services().operator_tokens.current()) is None:
        with suppress(ApiProblem):  # the address has to wait: it has been counted
            services().logins.note(address_of(request.environ), right=False)
    return False


def operator() -> str:
    """Return the name of the token that this request's operator has, for the audit line."""
    return str(g.operator)


def _token() -> str:
    """Return the request's token; empty if it has none, or credentials of another kind, which are a proxy's."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _log_in(token: str, tokens: Mapping[bytes, str]) -> str | None:
    """Return whose token it is; a wrong one is a failed login."""
    name = name_of(token, tokens)
    services().logins.note(address_of(request.environ), right=name is not None)
    return name
