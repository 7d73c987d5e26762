"""MongoDB: its address, a client that gives up soon, and faults in one line that never shows a password."""

import re
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bson.errors import BSONError
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
)
from pymongo.uri_parser import parse_uri

from runs.addresses import EXPECTED, shown
from runs.errors import UserError

Document = dict[str, Any]

# milliseconds. The driver's own 30 s would hold the start of a sweep, and the end of every run, for minutes
SELECTION_TIMEOUT = 3_000
SOCKET_TIMEOUT = 30_000

LONGEST_NAME = 63  # bytes of a database's name, by MongoDB
CODES = "special characters in user and password as %-codes (@ as %40, / as %2F, : as %3A, % as %25)"
OPTIONS = "its options, after the ?, are not understood; see the options of MongoDB connection strings"

# what helps against what a server refuses, by its error codes (MongoDB's error_codes.yml; 8000 and 12501 are Atlas's)
NOT_PRIMARY = 10107
_WRONG_USER = f"give MONGO_URL the user and password that the server knows, {CODES}, and its authSource if that differs"
_NO_RIGHTS = "give MONGO_URL a user who may write there (role readWrite)"
_NO_SPACE = "free disk space on the server or raise its quota, then run the same command again"
_NO_PRIMARY = "it takes no writes now: name all hosts and replicaSet in MONGO_URL, or try again when it has a primary"
_OTHER_INDEX = "drop that index of the collections runs or metrics: one of other options has its name"
_BUSY = "it is overloaded: run the same command again, with fewer WORKERS"
ADVICE = {
    **dict.fromkeys((11, 18, 8000), _WRONG_USER),
    13: _NO_RIGHTS,
    **dict.fromkeys((12501, 14031), _NO_SPACE),
    **dict.fromkeys((NOT_PRIMARY, 189, 11602, 13435, 13436), _NO_PRIMARY),
    **dict.fromkeys((85, 86), _OTHER_INDEX),
    **dict.fromkeys((50, 202, 262, 24), _BUSY),
    73: "give the database in MONGO_URL another name",
    **dict.fromkeys((10334, 17419, 17420), "a document may take 16 MB: set trace_every or eval_every higher"),
    59: "it is too old or no MongoDB: expected MongoDB 4.2 or newer",
}

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


@contextmanager
def one_line_faults(url: str) -> Iterator[None]:
    """Turn what MongoDB or its driver complains about into a UserError with the advice that fits its cause."""
    try:
        yield
    except OperationFailure as error:
        raise UserError(f"{shown(url)} refuses: {_cause(error)}; {advice(error)}") from None
    except ConfigurationError as error:  # an unknown host of mongodb+srv, options that contradict each other
        raise UserError(f"{shown(url)}: {error}; {EXPECTED}") from None
    except NotPrimaryError as error:
        raise UserError(f"{shown(url)} refuses: {_cause(error)}; {ADVICE[NOT_PRIMARY]}") from None
    except ConnectionFailure as error:
        cause = re.split(r" \(configured timeouts|, Timeout:", str(error))[0]
        encrypted = "SSL" in cause or "certificate" in cause
        mend = "set tls and tlsCAFile in MONGO_URL as the server expects" if encrypted else "start MongoDB there"
        raise UserError(
            f"{shown(url)} cannot be reached: {cause}; {mend}, or unset MONGO_URL to use a folder"
        ) from None
    except (PyMongoError, BSONError) as error:
        raise UserError(f"{shown(url)}: {error}") from None
    except OSError as error:  # files that options name
        raise UserError(f"{shown(url)}: {error.filename or 'an option'}: {error.strerror or error}") from None


def advice(error: OperationFailure) -> str:
    """What to do about an operation that the server refused, by the first code that it gave."""
    codes = [error.code, *(fault.get("code") for fault in (error.details or {}).get("writeErrors", []))]
    known = [ADVICE[code] for code in codes if code in ADVICE]
    code = next((code for code in reversed(codes) if code is not None), None)
    return known[0] if known else f"see the server's log (its error code is {'unknown' if code is None else code})"


def _cause(error: OperationFailure | NotPrimaryError) -> str:
    details = error.details if isinstance(error.details, dict) else {}
    faults = [*details.get("writeErrors", []), details]
    return next((str(fault["errmsg"]) for fault in faults if fault.get("errmsg")), str(error))


def _database_name(url: str) -> str:
    # without "+srv": the name can be read without asking a name server
    plain = url.replace("mongodb+srv://", "mongodb://", 1)
    address, _, options = plain.partition("?")
    user_in_it = "@" in address
    behind_host = address.partition("//")[2].partition("/")[2] if user_in_it else options
    try:
        # the driver takes what comes after a "/" or "?" in a password for a database or an option
        parsed = None if "@" in behind_host else parse_uri(address)
    except (PyMongoError, ValueError):
        parsed = None
    if parsed is None:  # the driver's own words quote parts of the address, which may be the password
        hint = f", {CODES}" if "@" in url else ""
        raise UserError(f"MONGO_URL={url.split('//')[0]}//… cannot be parsed: {EXPECTED}{hint}")
    name = parsed["database"]
    if not name or parsed["collection"] or not name.isprintable():
        raise UserError(f"{shown(url)} names no database: {EXPECTED}, the name of a database without dots")
    if len(name.encode()) > LONGEST_NAME:
        raise UserError(f"{shown(url)}: the database's name is longer than MongoDB's limit of {LONGEST_NAME} bytes")
    with one_line_faults(url):  # options name files
        try:
            parse_uri(plain)
        except (PyMongoError, ValueError):
            raise UserError(f"{shown(url)}: {OPTIONS}") from None
    return name
