"""Where things are kept, and what is said when they cannot be."""

import os
from pathlib import Path

import pytest

from runs.addresses import check_local_folder, local_folder, reports_folder, shown, store_url, why_not_writable
from runs.errors import UserError
from runs.reruns import reruns_folder

ROOT = Path(__file__).parents[2]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of one's own, and no variables."""
    for name in ("MONGO_URL", "GAN_STABILITY_LOCAL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def places() -> list[str]:
    return [str(local_folder()), store_url(), str(reruns_folder()), str(reports_folder())]


def test_all_is_kept_in_the_repository_when_nothing_is_said(here: Path) -> None:
    local = ROOT / "runs" / "_local"
    assert places() == [
        str(p) for p in (local, local / "records", local / "reproducibility", ROOT / "runs" / "reports")
    ]


@pytest.mark.parametrize("how", ["environment", "file", "relative", "home"])
def test_one_variable_places_all_that_is_made(here: Path, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = here / "mine"
    monkeypatch.setenv("HOME", str(here))
    if how == "file":
        (here / ".env").write_text(f"GAN_STABILITY_LOCAL={mine}\r\n", newline="")
    else:
        said = {"environment": str(mine), "relative": "mine", "home": "~/mine"}[how]
        monkeypatch.setenv("GAN_STABILITY_LOCAL", said)
    assert places() == [str(mine), *(str(mine / name) for name in ("records", "reproducibility", "reports"))]


def test_a_database_for_the_records_leaves_the_rest_in_its_place(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_STABILITY_LOCAL", str(here))
    monkeypatch.setenv("MONGO_URL", "mongodb://host/db")
    assert places()[:2] == [str(here), "mongodb://host/db"]


def test_checking_a_folder_makes_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_STABILITY_LOCAL", str(here / "a" / "b"))
    check_local_folder()
    assert list(here.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_said_with_the_variable_that_places_it(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "file").write_text("")
    monkeypatch.setenv("GAN_STABILITY_LOCAL", str(here / "file" / "mine"))
    with pytest.raises(UserError, match=r"file/mine, for .* cannot be written: .* export GAN_STABILITY_LOCAL=/path"):
        check_local_folder()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_someone_else_is_not_writable(here: Path) -> None:
    here.chmod(0o500)
    assert why_not_writable(here / "mine") == "Permission denied"
    here.chmod(0o700)


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("mongodb://me:secret@host/db?authSource=admin", "mongodb://***@host/db"),
        ("mongodb+srv://me:s%40cret@host/db", "mongodb+srv://***@host/db"),
        ("mongodb://a:1,b.example.org:2,[::1]:3/db?replicaSet=x", "mongodb://a:1,b.example.org:2,[::1]:3/db"),
        ("mongodb://%2Ftmp%2Fmongodb.sock/db", "mongodb://%2Ftmp%2Fmongodb.sock/db"),
        ("mongodb://host/db", "mongodb://host/db"),
        ("/some/folder", "/some/folder"),
        ("mongodb+srv://me:se@cret@host/db", "MONGO_URL"),
        ("mongo://me:se/cret@host", "MONGO_URL"),
        ("user:secret@host/db", "MONGO_URL"),
        ("mongodb:/user:secret@host/db", "MONGO_URL"),
        ("/mongodb://user:secret@host/db", "MONGO_URL"),
        ("mongodb://secret", "MONGO_URL"),
        ("mongodb://secret/", "MONGO_URL"),
        ("mongodb://me:12/34@host/db", "MONGO_URL"),
        ("mongodb://me:12/34?5=6@host/db", "MONGO_URL"),
        ("mongodb://host/db#secret", "MONGO_URL"),
        ("mongodb://host:secret/db", "MONGO_URL"),
    ],
)
def test_an_address_is_shown_without_its_secrets_and_not_at_all_where_they_may_be_anywhere(url: str, safe: str) -> None:
    assert shown(url) == safe
