"""Who may do what: operator actions need an operator's token, and reads a token if there is one for them."""

from __future__ import annotations

from collections.abc import Mapping

from flask import g, request

from api.http.client_address import address_of
from api.http.problems import ApiProblem
from api.operator_tokens import digest, name_of
from api.services import services

READER = "reader"


def operators_only() -> None:
    """Check the operator's token, before a blueprint looks at anything else of the request; raises ApiProblem.

    A preflight, which never carries one, passes.
    """
    if request.method == "OPTIONS":
        return
    tokens = services().operator_tokens.current()
    if not tokens:
        raise ApiProblem("operator-disabled", "Start the service with OPERATOR_TOKEN to manage dead letters over HTTP.")
    g.operator = _owner(tokens)
    if g.operator is None:
        raise ApiProblem("operator-only", "Send an operator's token as Authorization: Bearer ….")


def readers_only() -> None:
    """Check likewise, where ``READ_TOKEN`` is set, that a request has this token or an operator's."""
    parts = services()
    token = parts.settings.read_token
    if token is None or request.method == "OPTIONS":
        return
    if _owner({**parts.operator_tokens.current(), digest(token.get_secret_value()): READER}) is None:
        raise ApiProblem("reader-only", "Send the token for reading as Authorization: Bearer ….")


def operator() -> str:
    """Return the name of the token that this request's operator has, for the audit line."""
    return str(g.operator)


def _owner(tokens: Mapping[bytes, str]) -> str | None:
    """Return whose token the request has; a wrong one is a failed login, none at all is not."""
    given = request.headers.get("Authorization")
    if not given:
        return None
    name = name_of(given, tokens)
    services().logins.note(address_of(request.environ), right=name is not None, forgives=name != READER)
    return name
