"""Fixtures of all tests: the stores that a test may record to."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient

from tests.mongo_server import MongoServer


@pytest.fixture(scope="session")
def mongo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MongoServer]:
    """A small MongoDB server on this machine, one for all tests: use a database of your own."""
    with MongoServer(tmp_path_factory.mktemp("mongo") / "journal") as server:
        yield server


@pytest.fixture(params=["folder", "mongodb", pytest.param("real mongodb", marks=pytest.mark.mongodb)])
def store_url_of_kind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty store, of each kind in turn."""
    name = f"test_{uuid.uuid4().hex}"
    if request.param == "folder":
        yield str(tmp_path / "records")
    elif request.param == "mongodb":
        yield request.getfixturevalue("mongo_server").url(name)
    else:
        address = os.environ.get("TEST_MONGO_URL")
        if not address:
            pytest.skip("TEST_MONGO_URL names no MongoDB server")
        yield f"{address.rstrip('/')}/{name}"
        with MongoClient[dict[str, object]](address) as client:
            client.drop_database(name)
