"""The OpenAPI 3.1 document, generated from the routes and the types of the contract."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from types import UnionType
from typing import Any, TypeVar, get_args

import msgspec
from flask import Flask
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.routing import Rule

from api.http.contract import (
    MAX_HISTORY_PAGE,
    MAX_IDS_PER_QUERY,
    MAX_PREVIEW,
    MAX_QUERY_LENGTH,
    MAX_REASON_LENGTH,
    Problem,
)
from api.http.origins import PROBES, SAFE
from api.http.parameters import DEFAULT_PAGE

_WITHOUT_NUL = "^[^\\x00]*$"
_LINES = {"type": "string", "pattern": "^[^\\x00\\r\\n]+(\\r?\\n[^\\x00\\r\\n]+)*\\n?$"}
_REF = "#/components/schemas/{name}"
_CONVERTERS = {"uuid": {"type": "string", "format": "uuid"}}
_PARAMETERS: dict[str, dict[str, Any]] = {
    "id": {
        "description": f"A string's id; may be repeated, up to {MAX_IDS_PER_QUERY} times.",
        "schema": {"type": "array", "items": {"type": "string", "format": "uuid"}, "maxItems": MAX_IDS_PER_QUERY},
    },
    "limit": {
        "description": f"Strings per page; {DEFAULT_PAGE} by default.",
        "schema": {"type": "integer", "minimum": 1, "maximum": MAX_HISTORY_PAGE},
    },
    "cursor": {
        "description": "`next_cursor` of the page before.",
        "schema": {"type": "string", "pattern": "^[1-9][0-9]{0,17}$"},
    },
    "q": {
        "description": "What the strings must contain, case-sensitive.",
        "schema": {"type": "string", "maxLength": MAX_QUERY_LENGTH, "pattern": _WITHOUT_NUL},
    },
    "preview": {
        "description": "The most characters of each text; longer ones are cut and marked `truncated`. Whole texts by"
        " default.",
        "schema": {"type": "integer", "minimum": 0, "maximum": MAX_PREVIEW},
    },
    "format": {
        "description": "The kind of file; ndjson by default.",
        "schema": {"type": "string", "enum": ["ndjson", "csv"]},
    },
    "reason": {
        "description": "Why, for the log.",
        "required": True,
        "schema": {"type": "string", "minLength": 1, "maxLength": MAX_REASON_LENGTH, "pattern": _WITHOUT_NUL},
    },
    "Idempotency-Key": {
        "in": "header",
        "description": "Repeating a request under the same key stores nothing twice; the same key with another body is"
        " refused.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    },
}
V = TypeVar("V", bound=Callable[..., Any])


class Operation(msgspec.Struct, frozen=True):
    """A decorator that notes what the document says about a view, in addition to its docstring."""

    summary: str
    responses: Mapping[int, Any]
    body: Mapping[str, Any] = {}
    parameters: Sequence[str] = ()
    refusals: Sequence[int] = ()

    def __call__(self, view: V) -> V:
        """Return the view with the note attached."""
        view.operation = self  # type: ignore[attr-defined]
        return view


_TOKENS = {"operator": "An operator's token.", "reader": "The token for reading, if there is one."}


def build(app: Flask) -> dict[str, Any]:
    """Return the document of the application's described views."""
    described: list[tuple[Rule, Any]] = [(rule, app.view_functions[rule.endpoint]) for rule in app.url_map.iter_rules()]
    described = [(rule, view) for rule, view in described if hasattr(view, "operation")]
    schemas, components = _schemas([view.operation for _, view in described])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ix-dummies",
            "version": "1",
            "summary": "Strings, stored in PostgreSQL exactly once.",
            "description": "Every path answers with and without a slash at its end, and never redirects.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": _paths(described, schemas),
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {
                name: {"type": "http", "scheme": "bearer", "description": whose} for name, whose in _TOKENS.items()
            },
        },
    }


def _schemas(operations: Sequence[Operation]) -> tuple[dict[Any, Any], dict[str, Any]]:
    types = {Problem}
    for operation in operations:
        for type_ in (*operation.responses.values(), *operation.body.values()):
            types.update(_types_in(type_))
    ordered = sorted(types, key=lambda type_: type_.__name__)
    schemas, components = msgspec.json.schema_components(ordered, ref_template=_REF)
    return dict(zip(ordered, schemas, strict=True)), components


def _types_in(type_: Any) -> tuple[Any, ...]:
    """Return the types of a request or response body: one for each media type, one of several, one, or none."""
    if isinstance(type_, Mapping):
        return tuple(type_.values())
    if isinstance(type_, UnionType):
        return get_args(type_)
    return () if type_ is None else (type_,)


def _schema(type_: Any, schemas: Mapping[Any, Any]) -> Any:
    if isinstance(type_, UnionType):
        return {"anyOf": [schemas[part] for part in get_args(type_)]}
    return schemas[type_]


def _paths(described: Sequence[tuple[Rule, Any]], schemas: Mapping[Any, Any]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for rule, view in sorted(described, key=lambda pair: pair[0].rule):
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        method = next(iter((rule.methods or set()) - {"HEAD", "OPTIONS"})).lower()
        paths.setdefault(path, {})[method] = _operation(rule, view, schemas)
    return paths


def _operation(rule: Rule, view: Any, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    operation: Operation = view.operation
    made: dict[str, Any] = {
        "operationId": view.__name__,
        "summary": operation.summary,
        "description": " ".join(view.__doc__.split()),
        "parameters": [*_path_parameters(rule), *map(_parameter, operation.parameters)],
        "responses": _responses(operation, [*operation.refusals, *_of_any(rule)], schemas),
    }
    if HTTPStatus.FORBIDDEN in operation.refusals:
        made["security"] = [{"operator": []}]
    elif HTTPStatus.UNAUTHORIZED in operation.refusals:
        made["security"] = [{}, {"reader": []}, {"operator": []}]
    if operation.body:
        content = {
            media: {"schema": _LINES if media == "text/plain" else _schema(type_, schemas)}
            for media, type_ in operation.body.items()
        }
        made["requestBody"] = {"required": True, "content": content}
    return made


def _of_any(rule: Rule) -> list[int]:
    """Return the statuses with which any view's request may be refused: for its page or name, or as one too many."""
    known = [] if rule.rule in PROBES else [421, 429]
    return known if SAFE & (rule.methods or set()) - {"OPTIONS"} else [403, *known]


def _responses(operation: Operation, refusals: Sequence[int], schemas: Mapping[Any, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, type_ in operation.responses.items():
        responses[str(status)] = {"description": HTTP_STATUS_CODES[status]}
        if type_ is not None:
            media = type_ if isinstance(type_, Mapping) else {"application/json": type_}
            responses[str(status)]["content"] = {
                name: {"schema": _schema(each, schemas)} for name, each in media.items()
            }
    for status in sorted({*refusals}):
        content = {"application/problem+json": {"schema": schemas[Problem]}}
        responses[str(status)] = {"description": HTTP_STATUS_CODES[status], "content": content}
    return responses


def _path_parameters(rule: Rule) -> list[dict[str, Any]]:
    found = re.findall(r"<(?:(\w+):)?(\w+)>", rule.rule)
    return [
        {"name": name, "in": "path", "required": True, "schema": _CONVERTERS[converter]} for converter, name in found
    ]


def _parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, **_PARAMETERS[name]}
