"""Addresses of stores as they are given on a command line, and the records that lie there."""

from pathlib import Path

from runs.addresses import is_mongo_url, shown, store_url
from runs.contents.content import Contents
from runs.contents.in_database import DatabaseContents
from runs.contents.in_folder import FolderContents
from runs.errors import UserError


def contents_at(url: str) -> Contents:
    """The records of the store at this address: that of a MongoDB database, or the absolute path of a folder."""
    return DatabaseContents(url) if is_mongo_url(url) else FolderContents(Path(url))


def given_address(text: str) -> str:
    """The address of a store as other functions take it.

    A path may be relative, or begin with ~; the word MONGO_URL stands for what that variable holds.

    Raises UserError if it is neither an address of MongoDB nor a path that can be that of a folder.
    """
    if text == "MONGO_URL":
        text = store_url()
        if not is_mongo_url(text):
            raise UserError("MONGO_URL is not set, neither in the environment nor in .env; set it, or give an address")
    if is_mongo_url(text):
        return text
    folder = Path.cwd() / Path(text).expanduser()
    if not text or "://" in text or ("@" in text and not folder.exists()):  # "@": an address that lacks its beginning
        raise UserError("FROM and TO: expected mongodb://[user:password@]host[:port]/database, or the path of a folder")
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{shown(text)} is no store: expected a folder of records, found a file")
    return str(folder)


def check_has_records(url: str) -> None:
    """Raise UserError if this is a folder that holds no records."""
    if is_mongo_url(url) or FolderContents(Path(url)).ids():
        return
    refuse_folder_around_records(url)
    raise UserError(f"{shown(url)}: " + ("it holds no records" if Path(url).exists() else "there is no such folder"))


def refuse_folder_around_records(url: str) -> None:
    """Raise UserError if this is a folder that holds no records itself, but its folder ``records`` does."""
    inside = Path(url) / "records"
    if not is_mongo_url(url) and not FolderContents(Path(url)).ids() and FolderContents(inside).ids():
        raise UserError(f"{shown(url)} holds no records itself; give {shown(str(inside))}, where they are")
