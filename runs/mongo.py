"""MongoDB: its address, a client that gives up soon, and faults in one line that never shows a password."""

import re
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import ConfigurationError, ConnectionFailure, OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

from runs.addresses import EXPECTED, shown
from runs.errors import UserError

Document = dict[str, Any]

# milliseconds. The driver's own 30 s would hold the start of a sweep, and the end of every run, for minutes
SELECTION_TIMEOUT = 3_000
SOCKET_TIMEOUT = 30_000

METRICS_INDEX = ("run_id", "name")
RUNS_INDEXES = (
    ("config.study", "config.arm", "config.seed"),
    ("config.arm", "config.seed"),
    ("config.seed",),
    ("meta.cell_key",),
    ("status",),
)


def database(url: str) -> Database[Document]:
    """The database at this address; nothing is sent to it yet.

    Its connections are closed when the last collection of it is forgotten. Raises UserError if the address cannot be
    parsed or names no database.
    """
    name = _database_name(url)
    with one_line_faults(url):
        client: MongoClient[Document] = MongoClient(
            url,
            serverSelectionTimeoutMS=SELECTION_TIMEOUT,
            connectTimeoutMS=SELECTION_TIMEOUT,
            socketTimeoutMS=SOCKET_TIMEOUT,
        )
    named = client[name]
    weakref.finalize(named, client.close)
    return named


def create_indexes(url: str) -> None:
    """Create the indexes that queries use. Raises UserError if the database is away or not writable."""
    runs = database(url)
    with one_line_faults(url):
        runs["metrics"].create_index([(field, 1) for field in METRICS_INDEX])
        for fields in RUNS_INDEXES:
            runs["runs"].create_index([(field, 1) for field in fields])


@contextmanager
def one_line_faults(url: str) -> Iterator[None]:
    """Turn what MongoDB or its driver complains about into a UserError."""
    try:
        yield
    except ConnectionFailure as error:
        cause = re.split(r" \(configured timeouts|, Timeout:", str(error))[0]
        raise UserError(
            f"{shown(url)} cannot be reached: {cause}; start MongoDB there, or unset MONGO_URL to use a folder"
        ) from None
    except OperationFailure as error:
        cause = (error.details or {}).get("errmsg", str(error))
        raise UserError(f"{shown(url)} refuses: {cause}; give MONGO_URL a user who may write there") from None
    except ConfigurationError as error:  # an unknown host of mongodb+srv, options that contradict each other
        raise UserError(f"{shown(url)}: {error}; {EXPECTED}") from None
    except PyMongoError as error:
        raise UserError(f"{shown(url)}: {error}") from None


def _database_name(url: str) -> str:
    try:
        # without "+srv": the name can be read without asking a name server
        parsed = parse_uri(url.replace("mongodb+srv://", "mongodb://", 1))
    except (PyMongoError, ValueError):  # their texts quote parts of the address, which may be the password
        scheme = url.split("//")[0]
        raise UserError(
            f"MONGO_URL={scheme}//… cannot be parsed: {EXPECTED}, special characters in user and password as %-codes"
        ) from None
    if not parsed["database"] or parsed["collection"]:
        raise UserError(f"{shown(url)} names no database: {EXPECTED}, the name of a database without dots")
    return parsed["database"]
