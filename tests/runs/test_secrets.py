"""Secrets of an address: whatever is wrong with it or with its server, no command and no log repeats them."""

import contextlib
import io
import logging
import os
import re
from collections.abc import Callable
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pymongo.errors import OperationFailure

from analysis.compare.__main__ import main as compare
from analysis.report.__main__ import main as report
from experiments.stability import main as stability
from experiments.sweep import main as sweep
from runs.errors import report_user_errors
from runs.export import main as export
from runs.mongo import database
from runs.mongo_faults import one_line_faults
from runs.query import main as query

SECRET = "Hunter2-Q"  # in no message by chance
HOST = "127.0.0.1:9"  # nobody listens there

COMMANDS: dict[str, Callable[[], int]] = {
    "query": lambda: query([]),
    "export": lambda: export(["1", "/nowhere/at/all"]),
    "report": lambda: report(["digits"]),
    "compare": lambda: compare(["1", "2"]),
    "sweep": lambda: sweep(["digits", "--dry-run"]),
    "stability": lambda: stability(["with", "steps=1"]),
}

# an address with the secret in each of its places, well-formed or not, and what hypothesis makes of its pieces
WELL_FORMED = [
    f"mongodb://{SECRET}:pass@{HOST}/db",
    f"mongodb://me:{SECRET}@{HOST}/db",
    f"mongodb://me:{SECRET}@{HOST}/db?appname=x",
    f"mongodb://me:pass@{HOST}/db?retryWrites=false&appname={SECRET}",
]
MALFORMED = [
    f"user:{SECRET}@host/db",
    f"mongodb:/user:{SECRET}@host/db",
    f"mongodb://{SECRET}",
    f"mongodb://me:{SECRET}",
    f"mongodb://me:a/{SECRET}@host/db",
    f"mongodb://me:1/{SECRET}@host/db",
    f"mongodb://me:1/{SECRET}?x=y@host/db",
    f"mongodb://a@me:1/{SECRET}?x=y@host/db",
    f"mongodb://me@{SECRET}@host/db",
    f"mongodb://host/db/{SECRET}",
    f"mongodb://host/db.{SECRET}",
    f"mongodb://host/db#{SECRET}",
    f"mongodb://host/db%00{SECRET}",
    f"mongodb://host/db?{SECRET}",
    f"mongodb://host/db?{SECRET}=1&{SECRET}=2",
    f"mongodb://host/db?tls=true&tlsCAFile=/{SECRET}",
    f"mongodb://host/db?ssl=true&tls={SECRET}",
    f"mongodb://host/db?readPreference={SECRET}",
    f"mongodb://host/?{SECRET}",
    f"mongodb://host:{SECRET}/db",
    f"mongodb://host:1:{SECRET}/db",
    f"mongodb://[{SECRET}]/db",
    f"mongodb://host%{SECRET}/db",
    f"MongoDB://me:{SECRET}@host/db",
    f"//me:{SECRET}@host/db",
    f"/me:{SECRET}@host/db",
    f"http://{SECRET}@host/db",
]
PIECES = ["mongodb", "://", ":/", "/", "@", ":", "?", "&", "=", "#", "%", "%40", ".", ",", "[", "]", ";", "1", "db"]
PIECES += [" ", "tlsCAFile=", "authSource=", "\n", "\x1b", "é", "me"]


def said(command: Callable[[], int], url: str) -> tuple[int, str]:
    """Status of a command with this MONGO_URL, and all that it says: its output and what is logged."""
    out, log = io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    try:
        with (
            patch.dict(os.environ, MONGO_URL=url),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(out),
        ):
            status = report_user_errors(command)
    finally:
        logging.getLogger().removeHandler(handler)
    return status, out.getvalue() + log.getvalue()


@pytest.mark.parametrize("url", MALFORMED)
def test_nothing_of_a_malformed_address_is_shown(url: str) -> None:
    text = complaint(url)
    assert text.startswith("error: MONGO_URL") and text.isprintable()
    assert SECRET.lower() not in text.lower() and "host/" not in text.replace("host[:port]/", "")


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_shows_anything_of_a_malformed_address(name: str) -> None:
    for url in (MALFORMED[0], MALFORMED[1], MALFORMED[2], f"mongodb://host/db?tls=true&tlsCAFile=/{SECRET}"):
        status, text = said(COMMANDS[name], url)
        assert (status, text.count("\n")) == (2, 1) and "MONGO_URL" in text
        assert SECRET.lower() not in text.lower()


@pytest.mark.parametrize("name", COMMANDS)
def test_of_a_well_formed_address_the_host_is_shown_and_no_secret(name: str) -> None:
    for url in WELL_FORMED if name == "query" else WELL_FORMED[-1:]:
        status, text = said(COMMANDS[name], url)
        assert (status, text.count("\n")) == (2, 1)
        assert f"mongodb://***@{HOST}/db cannot be reached" in text and SECRET not in text


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=8), st.data())
def test_no_piece_of_an_address_that_cannot_be_parsed_is_shown(pieces: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(pieces)))
    start = data.draw(st.sampled_from(["", "mongodb://", "mongodb://me:", "mongodb://me@host/", "mongodb+srv://"]))
    url = "".join([start, *pieces[:at], SECRET, *pieces[at:]]).replace("\0", "")
    text = complaint(url)
    if text and not shown_as_host_or_name(url):
        assert SECRET.lower() not in text.lower(), url
        assert text.isprintable()


def complaint(url: str) -> str:
    """What is said about an address before anything is sent there."""
    status, text = said(lambda: query_without_asking(url), url)
    return text.removesuffix("\n") if status else ""


def query_without_asking(url: str) -> int:
    from runs.addresses import store_url
    from runs.observers import observer_for

    observer_for(store_url())
    return 0


def shown_as_host_or_name(url: str) -> bool:
    """Whether the secret is where a host or the database's name is: nothing else can be known of it."""
    hosts_and_name = url.partition("://")[2].partition("?")[0].rpartition("@")[2]
    return re.fullmatch(r"[\w.:,%\[\]-]+(/[\w-]+)?", hosts_and_name) is not None and SECRET in hosts_and_name


@given(
    st.text(min_size=1, alphabet=st.characters(codec="ascii", exclude_categories=["C"], exclude_characters="@/:?%")),
    st.sampled_from(["user {} is not known", "'{}'@db", "{}", "no:{}:such"]),
)
@example("p+q", "{}")
def test_what_a_server_says_of_a_password_is_not_repeated(tail: str, text: str) -> None:
    url = f"mongodb://me:{SECRET}{tail}@host/db"
    with contextlib.suppress(Exception):
        database(url)
    words = text.format(SECRET + tail)
    with pytest.raises(Exception, match=r"host/db") as refusal, one_line_faults(url):
        raise OperationFailure(words, 18, {"errmsg": words})
    assert SECRET not in str(refusal.value)
