"""MongoDB: its address, and a client that gives up soon."""

import errno
import logging
import re
import socket
import time
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pymongo
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import PyMongoError, ServerSelectionTimeoutError
from pymongo.uri_parser import parse_uri

from runs.addresses import EXPECTED, is_database_name, mongo_parts, shown
from runs.errors import UserError
from runs.mongo_faults import CODES, OPTIONS, cause, one_line_faults

Document = dict[str, Any]

LOG = logging.getLogger(__name__)

# seconds: the first answer of a server in this process (it may be busy, or just starting), and later ones; how long
# one waits without being told; and how often it is asked
FIRST_ANSWER, LATER_ANSWERS = 15.0, 5.0
_SILENCE = 3.0
_SLICE = 0.5
SOCKET_TIMEOUT = 30.0

# the driver keeps only the text of an error
_UNKNOWN_NAME = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
_FINAL_CODES = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, *map(int, _UNKNOWN_NAME))
_FINAL = re.compile(rf"\[Errno ({'|'.join(map(str, _FINAL_CODES))})\]|'idna' codec failed")

_answered: set[str] = set()  # addresses

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
    """The database at this address. The first use of a collection waits for its server.

    That ends at once where nobody listens, and after FIRST_ANSWER or LATER_ANSWERS seconds where nobody answers. Its
    connections are closed when the last collection of it is forgotten. Raises UserError if the address cannot be
    parsed or names no database.
    """
    name = _database_name(url)
    with one_line_faults(url), _silent_driver():
        try:
            client: MongoClient[Document] = MongoClient(
                url,
                serverSelectionTimeoutMS=round(1000 * LATER_ANSWERS),
                connectTimeoutMS=round(1000 * FIRST_ANSWER),
                socketTimeoutMS=round(1000 * SOCKET_TIMEOUT),
            )
        except (ValueError, TypeError):  # of options that do not go together
            raise UserError(f"{shown(url)}: {OPTIONS}") from None
    named = _Awaited(client, name, url)
    weakref.finalize(named, client.close)
    return named


class _Awaited(Database[Document]):
    """A database whose server is waited for before a collection is used."""

    def __init__(self, client: MongoClient[Document], name: str, url: str) -> None:
        super().__init__(client, name)
        self._url = url
        self._is_there = False

    def __getitem__(self, name: str) -> Collection[Document]:
        if not self._is_there:
            _await_answer(self.client, self._url)
            self._is_there = True
        return super().__getitem__(name)


def _await_answer(client: MongoClient[Document], url: str) -> None:
    """Return when the server takes commands. Raises ConnectionFailure if it does not."""
    start, patience, said = time.monotonic(), LATER_ANSWERS if url in _answered else FIRST_ANSWER, False
    while True:
        try:
            with pymongo.timeout(_SLICE):
                _ = client.is_primary  # blocks until it is known
            _answered.add(url)
            return
        except ServerSelectionTimeoutError:
            waited = time.monotonic() - start
            if waited > patience or _is_refused(client):
                raise
            if waited > _SILENCE and not said:
                said = True
                LOG.warning("%s does not answer yet, waiting up to %.0f s", shown(url), patience)


def _is_refused(client: MongoClient[Document]) -> bool:
    """Whether every server has said no, or has no name that anyone knows: to wait is of no use."""
    errors = [str(server.error) for server in client.topology_description.server_descriptions().values()]
    return all(_FINAL.search(error) for error in errors)


def create_indexes(url: str) -> None:
    """Create the indexes that queries use. Raises UserError if the database is away or not writable."""
    runs = database(url)
    with one_line_faults(url):
        # GridFS would make its own when the first file is written, at a run's end
        runs["fs.files"].create_index([("filename", 1), ("uploadDate", 1)])
        runs["fs.chunks"].create_index([("files_id", 1), ("n", 1)], unique=True)
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
