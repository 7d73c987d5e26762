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

from tests import real_mongo as real_mongo_server
from tests.mongo_server import MongoServer
from tests.project import let_children_hear

# threads that wait for each other sleep, here and in processes started here: two that spin on a core which other tests
# use as well take thirty times as long; read when torch is imported
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# how long an example takes says what else the machine is doing, and nothing of the code
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


# files that take a minute or more, for they start processes that train: begun last, one would keep a core alone
LONGEST = (
    "test_sweep.py",
    "test_cluster.py",
    "test_interrupting.py",
    "test_pipeline.py",
    "test_extending.py",
    "test_unlabelled.py",
)


def pytest_configure() -> None:
    let_children_hear()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, all others in their order."""
    place = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONGEST)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which MongoDB the tests were run with, and what the tests with Ray took."""
    terminalreporter.write_line(f"MongoDB servers: {real_mongo_server.described()}")
    found = [one for of_kind in terminalreporter.stats.values() for one in of_kind]
    with_ray = [one for one in found if isinstance(one, pytest.TestReport) and "ray" in one.keywords]
    if with_ray:
        seconds = sum(one.duration for one in with_ray)
        terminalreporter.write_line(f"Ray clusters: {len({one.nodeid for one in with_ray})} tests, {seconds:.0f} s")


@pytest.fixture(scope="session")
def mongo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MongoServer]:
    """A small MongoDB server on this machine, one for all tests: use a database of your own."""
    with MongoServer(tmp_path_factory.mktemp("mongo") / "journal") as server:
        yield server


@pytest.fixture(scope="session")
def real_mongo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a MongoDB server that is not of our making: use a database of your own."""
    address = os.environ.get("TEST_MONGO_URL")
    if address:
        yield address
    elif real_mongo_server.is_installed():
        with real_mongo_server.secantusdb(tmp_path_factory.mktemp("secantusdb")) as started:
            yield started
    else:
        pytest.skip(real_mongo_server.NONE)


@pytest.fixture
def real_database(real_mongo: str) -> Iterator[str]:
    """The address of an empty database there, removed afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    yield real_mongo_server.in_database(real_mongo, name)
    with MongoClient[dict[str, object]](real_mongo) as client:
        client.drop_database(name)


@pytest.fixture(params=["folder", "mongodb", pytest.param("real mongodb", marks=pytest.mark.mongodb)])
def store_url_of_kind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty store, of each kind in turn."""
    if request.param == "folder":
        yield str(tmp_path / "records")
    elif request.param == "mongodb":
        yield request.getfixturevalue("mongo_server").url(f"test_{uuid.uuid4().hex}")
    else:
        yield request.getfixturevalue("real_database")
