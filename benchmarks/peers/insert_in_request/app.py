"""The peer without a queue: Flask inserts each string, with SQLAlchemy, while the request waits.

    export DATABASE_URL=postgresql://…  (a role that may create a table)
    python -m granian --interface wsgi --factory benchmarks.peers.insert_in_request.app:create_app
    python -m flask --app benchmarks.peers.insert_in_request.app run

What is done in its favour: connections enough for its threads and never more waits than needed for one (SQLAlchemy's
own default is 5 that are kept), no check of a connection before it is used, no object read back after its insert, no
line logged for a request.
What it does not promise, and ours does: while PostgreSQL is away or slow, so is it, and the strings are refused; a
client that repeats a request stores its string twice.
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
CONNECTIONS = 16  # two API processes and Flask's own server then leave PostgreSQL's default of 100 some for others
CREATE_LOCK = 1


class Base(DeclarativeBase):
    """What SQLAlchemy knows of the tables."""


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
        connection.execute(text(f"SELECT pg_advisory_xact_lock({CREATE_LOCK})"))  # several processes start at once
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
