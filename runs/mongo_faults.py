"""What MongoDB or its driver complains about, in one line that never shows a password, with what helps against it."""

import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote_plus

from bson.errors import BSONError
from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
)

from runs.addresses import EXPECTED, mongo_parts, shown, without_secrets
from runs.errors import UserError

CODES = "special characters in user and password as %-codes (@ as %40, / as %2F, : as %3A, % as %25)"
OPTIONS = "its options, after the ?, are not understood; see the options of MongoDB connection strings"

FILE_OPTIONS = ("tlsCAFile", "tlsCertificateKeyFile", "tlsCRLFile")
LONGEST_CAUSE = 200  # characters of a reason; the driver adds hundreds about its view of the servers

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


@contextmanager
def one_line_faults(url: str) -> Iterator[None]:
    """Turn what MongoDB or its driver complains about into a UserError with the advice that fits its cause."""
    try:
        yield
    except (PyMongoError, BSONError, OSError, UnicodeError) as error:  # UnicodeError: a host that no name server has
        raise UserError(f"{shown(url)}{_complaint(error, url)}") from None


def cause(error: Exception, url: str) -> str:
    """Why MongoDB or its driver did not do what it was asked, in their own words: the first reason, in one line."""
    if isinstance(error, OSError):
        return f"the file of {_option_of(error.filename, url)}: {error.strerror or type(error).__name__}"
    details = error.details if isinstance(error, OperationFailure | NotPrimaryError) else None
    given = [*details.get("writeErrors", []), details] if isinstance(details, dict) else []
    text = next((str(fault["errmsg"]) for fault in given if fault.get("errmsg")), str(error))
    first = re.split(r" \(configured timeouts|, Timeout:", without_secrets(text, url))[0]
    return textwrap.shorten("".join(c if c.isprintable() else " " for c in first), LONGEST_CAUSE, placeholder=" …")


def _complaint(error: Exception, url: str) -> str:
    """What follows the address."""
    said = cause(error, url)
    match error:
        case OperationFailure():
            return f" refuses: {said}; {advice(error)}"
        case NotPrimaryError():
            return f" refuses: {said}; {ADVICE[NOT_PRIMARY]}"
        case ConnectionFailure():
            encrypted = "SSL" in said or "certificate" in said
            mend = "set tls and tlsCAFile in MONGO_URL as the server expects" if encrypted else "start MongoDB there"
            return f" cannot be reached: {said}; {mend}, or unset MONGO_URL to use a folder"
        case ConfigurationError() | UnicodeError():  # an unknown host, options that contradict each other
            return f": {said}; {EXPECTED}"
    return f": {said}"


def advice(error: OperationFailure) -> str:
    """What to do about an operation that the server refused, by the first code that it gave."""
    codes = [error.code, *(fault.get("code") for fault in (error.details or {}).get("writeErrors", []))]
    known = [ADVICE[code] for code in codes if code in ADVICE]
    code = next((code for code in reversed(codes) if code is not None), None)
    return known[0] if known else f"see the server's log (its error code is {'unknown' if code is None else code})"


def _option_of(path: object, url: str) -> str:
    """The option that names this file, for the path itself is no part of what messages may show."""
    options = (mongo_parts(url) or {"options": ""})["options"]
    named = dict(option.partition("=")[::2] for option in re.split("[&;]", options))
    return next((name for name in FILE_OPTIONS if name in named and unquote_plus(named[name]) == path), "an option")
