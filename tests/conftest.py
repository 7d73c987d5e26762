"""For all tests: the stores that a test may record to, what hypothesis may complain about, how threads wait,
and which files come first.
"""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pymongo import MongoClient

from tests.mongo_server import MongoServer

# threads that wait for each other sleep, here and in processes started here: two that spin on a core which other tests
# use as well take thirty times as long; read when torch is imported
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# how long an example takes says what else the machine is doing, and nothing of the code
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


# files that take a minute or more, for they start processes that train: begun last, one would keep a core alone
LONGEST = ("test_sweep.py", "test_pipeline.py", "test_extending.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, all others in their order."""
    place = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONGEST)))


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
