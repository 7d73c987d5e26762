"""MongoDB: its address, and a client that gives up soon."""

import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from runs.addresses import EXPECTED, is_database_name, mongo_parts, shown
from runs.errors import UserError
from runs.mongo_faults import CODES, OPTIONS, cause, one_line_faults

Document = dict[str, Any]

# milliseconds. The driver's own 30 s would hold the start of a sweep, and the end of every run, for minutes
SELECTION_TIMEOUT = 3_000
SOCKET_TIMEOUT = 30_000

LONGEST_NAME = 63  # bytes of a database's name, by MongoDB

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
    with one_line_faults(url), _silent_driver():
        try:
            client: MongoClient[Document] = MongoClient(
                url,
                serverSelectionTimeoutMS=SELECTION_TIMEOUT,
                connectTimeoutMS=SELECTION_TIMEOUT,
                socketTimeoutMS=SOCKET_TIMEOUT,
            )
        except (ValueError, TypeError):  # of options that do not go together
            raise UserError(f"{shown(url)}: {OPTIONS}") from None
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


def _database_name(url: str) -> str:
    parts = mongo_parts(url)
    # without "+srv": the rest can be read without asking a name server
    plain = url.replace("mongodb+srv://", "mongodb://", 1)
    if parts is None or not _parses(plain.partition("?")[0], url):
        hint = f", {CODES}" if "@" in url else ""
        raise UserError(f"MONGO_URL cannot be parsed: {EXPECTED}{hint}")
    name = parts["name"]
    if not is_database_name(name):
        raise UserError(f"MONGO_URL names no database: {EXPECTED}, its name in letters, digits, _ and - alone")
    if len(name.encode()) > LONGEST_NAME:
        raise UserError(f"MONGO_URL: the database's name is longer than MongoDB's limit of {LONGEST_NAME} bytes")
    if not _parses(plain, url):
        raise UserError(f"MONGO_URL: {OPTIONS}")
    return name


def _parses(address: str, url: str) -> bool:
    """Whether the driver understands it. Its own words quote parts of an address, which may be the password."""
    with _silent_driver():
        try:
            parse_uri(address)
        except OSError as error:  # options name files
            raise UserError(f"MONGO_URL: {cause(error, url)}") from None
        except (PyMongoError, ValueError, TypeError):
            return False
    return True


@contextmanager
def _silent_driver() -> Iterator[None]:
    """Its warnings quote names of options, which may be anything."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
