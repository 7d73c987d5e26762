"""Addresses of MongoDB and faults of it: one line, the advice that fits the cause, and no password."""

import re
import warnings

import pytest
from bson.errors import InvalidDocument
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    DuplicateKeyError,
    InvalidName,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WriteError,
)

from runs.errors import UserError
from runs.mongo import database
from runs.mongo_faults import ADVICE, one_line_faults

URL = "mongodb://me:secret@host/db"


def said_of(error: Exception) -> str:
    """The one line that such a fault ends in."""
    with pytest.raises(UserError) as refusal, one_line_faults(URL):
        raise error
    said = str(refusal.value)
    assert said.startswith("mongodb://***@host/db") and "secret" not in said and "\n" not in said
    return said


# --- addresses

HINT = "special characters in user and password as %-codes (@ as %40, / as %2F, : as %3A, % as %25)"


@pytest.mark.parametrize("password", ["p@ss", "p/ss", "1/2", "p?ss", "1?2", "1?a=b", "p%ss", "p:ss", "a/b@c", "/", "@"])
def test_a_password_with_unescaped_characters_gets_the_hint_and_is_not_shown(password: str) -> None:
    with pytest.raises(UserError) as refusal:
        database(f"mongodb://me:{password}@localhost:9/db")
    assert str(refusal.value) == (
        "MONGO_URL cannot be parsed: expected mongodb://[user:password@]host[:port]/database[?options], " + HINT
    )


@pytest.mark.parametrize("password", ["p%40ss", "p%2Fss", "p#ss", "p[ss", "p%3Ass"])
def test_a_password_that_the_driver_reads_right_is_taken(password: str) -> None:
    assert database(f"mongodb://me:{password}@localhost:9/db").name == "db"


def test_an_address_that_is_wrong_elsewhere_gets_no_hint_about_passwords() -> None:
    with pytest.raises(UserError) as refusal:
        database("mongodb://localhost:99999/db")
    assert "cannot be parsed" in str(refusal.value) and "%-codes" not in str(refusal.value)


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("db?foo=1", "its options, after the ?, are not understood"),
        ("db?connectTimeoutMS=abc", "its options, after the ?, are not understood"),
        ("db?minPoolSize=5&maxPoolSize=1", "its options, after the ?, are not understood"),
        ("db?tls=true&tlsCAFile=/no/such/file", "the file of tlsCAFile: No such file or directory"),
        ("db?tls=true&tlsCertificateKeyFile=%2Fno", "the file of tlsCertificateKeyFile: No such file or directory"),
        ("db?directConnection=true&loadBalanced=true", "its options, after the ?, are not understood"),
        ("d" * 64, "longer than MongoDB's limit of 63 bytes"),
        ("d\x00b", "names no database"),
    ],
)
def test_the_rest_of_an_address_is_refused_for_what_is_wrong_with_it(end: str, said: str) -> None:
    with warnings.catch_warnings(), pytest.raises(UserError) as refusal:
        warnings.simplefilter("error")
        database(f"mongodb://me:secret@localhost:9/{end}")
    assert said in str(refusal.value) and "secret" not in str(refusal.value)


# --- faults


@pytest.mark.parametrize(
    ("code", "mend"),
    [
        (18, "the user and password that the server knows, special characters"),
        (8000, "the user and password"),
        (13, "a user who may write there"),
        (14031, "free disk space"),
        (12501, "raise its quota"),
        (10107, "name all hosts and replicaSet"),
        (13435, "name all hosts and replicaSet"),
        (85, "drop that index"),
        (50, "overloaded"),
        (73, "another name"),
        (10334, "16 MB"),
        (59, "expected MongoDB 4.2"),
    ],
)
def test_each_code_of_the_server_has_its_own_advice(code: int, mend: str) -> None:
    said = said_of(OperationFailure("x", code, {"errmsg": "the server's words", "code": code}))
    assert "refuses: the server's words; " in said and mend in said and ADVICE[code] in said


def test_a_code_without_advice_is_named() -> None:
    assert said_of(OperationFailure("x", 4711, {"errmsg": "odd"})).endswith(
        "see the server's log (its error code is 4711)"
    )
    assert said_of(OperationFailure("odd")).endswith("(its error code is unknown)")


def test_the_code_of_one_write_among_many_is_found() -> None:
    faults = {"writeErrors": [{"index": 0, "code": 14031, "errmsg": "no space left"}]}
    assert "refuses: no space left; free disk space" in said_of(BulkWriteError(faults))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ServerSelectionTimeoutError("host:9: refused, Timeout: 3s, Topology"), "host:9: refused; start MongoDB there"),
        (AutoReconnect("host:9: SSL handshake failed (configured timeouts: x)"), "set tls and tlsCAFile in MONGO_URL"),
        (NotPrimaryError("not primary", {"errmsg": "not primary"}), "refuses: not primary; it takes no writes now"),
        (ConfigurationError("The DNS query name does not exist"), "query name does not exist; expected mongodb://"),
        (WriteError("too large", 10334), "16 MB"),
        (DuplicateKeyError("twice", 11000), "error code is 11000"),
        (InvalidName("of a collection"), "of a collection"),
        (InvalidDocument("cannot encode"), "cannot encode"),
        (PyMongoError("of any other class"), "of any other class"),
        (FileNotFoundError(2, "No such file", "/key.pem"), "the file of an option: No such file"),
        (UnicodeError("label too long"), "label too long; expected mongodb://"),
    ],
)
def test_errors_of_every_class_of_the_driver_end_in_one_line(error: Exception, said: str) -> None:
    assert said in said_of(error)


def test_a_reason_is_one_short_line_without_control_characters() -> None:
    long = "no primary\n\x1b[31m" + "topology description " * 50
    said = said_of(OperationFailure(long, 1, {"errmsg": long}))
    assert len(said) < 350 and said.isprintable() and "no primary" in said


@pytest.mark.parametrize("text", ["Could not find user me@db", "me:secret is not known", "'secret' refused"])
def test_what_the_server_says_about_user_and_password_is_not_repeated(text: str) -> None:
    words = re.findall(r"\w+", said_of(OperationFailure(text, 18, {"errmsg": text})))
    assert not {"me", "secret"} & set(words)
