"""The peer without a queue: Flask inserts each string, with SQLAlchemy, while the request waits.

    export DATABASE_URL=postgresql://…  (a role that may create a table)
    python -m granian --interface wsgi --factory benchmarks.peers.insert_in_request.app:create_app
    python -m flask --app benchmarks.peers.insert_in_request.app run

In its favour: a pool of 16 connections that are kept (SQLAlchemy keeps 5 by default), no check of a connection before
use, no row read back after its insert, no log line per request.
What it does not promise, and ours does: while PostgreSQL is unavailable or slow, so is this API, and strings are
refused; a client that repeats a request stores its string twice.
"""

from __future__ import annotations

import logging
import os
from datetime import datetime
from uuid import UUID, uuid4

from flask import Flask, request
from flask.typing import ResponseReturnValue
from sqlalchemy import create_engine, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

TABLE = "insert_in_request"
CONNECTIONS = 16  # per process; two API processes and Flask's own server stay below PostgreSQL's default of 100
CREATE_LOCK = 1


class Base(DeclarativeBase):
    """The declarative base."""


class Dummy(Base):
    """A stored string."""

    __tablename__ = TABLE

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    text: Mapped[str]
    stored_at: Mapped[datetime | None] = mapped_column(server_default=text("clock_timestamp()"))


def create_app() -> Flask:
    """Return the peer's API."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    url = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg2://", 1)
    engine = create_engine(url, pool_size=CONNECTIONS, max_overflow=0)
    with engine.begin() as connection:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({CREATE_LOCK})"))  # several processes start together
        Base.metadata.create_all(connection)
    engine.dispose()
    session_of = sessionmaker(engine, expire_on_commit=False)
    api = Flask("insert_in_request")

    @api.post("/")
    def submit() -> ResponseReturnValue:
        with session_of() as session:
            row = Dummy(id=uuid4(), text=request.get_json()["text"])
            session.add(row)
            session.commit()
        return {"id": str(row.id)}, 201

    return api
