"""The address of the store: that of a MongoDB database, or the path of a folder."""

import os
import re
from pathlib import Path

from dotenv import dotenv_values

from runs.errors import UserError

RECORDS = Path(__file__).parent.resolve() / "_local" / "records"
SCHEMES = ("mongodb://", "mongodb+srv://")
EXPECTED = "expected mongodb://[user:password@]host[:port]/database[?options]"


def store_url() -> str:
    """Where to record and to read: MONGO_URL, or the folder ``runs/_local/records`` if that is unset or empty.

    MONGO_URL is taken from the environment, else from a file ``.env`` in the working directory. Raises UserError
    if it is no MongoDB address.
    """
    url = os.environ.get("MONGO_URL") or _from_env_file()
    if not url:
        return str(RECORDS)
    if not is_mongo_url(url):
        raise UserError(f"MONGO_URL={shown(url)} is no address of a MongoDB database: {EXPECTED}")
    return url


def is_mongo_url(url: str) -> bool:
    """Whether this is the address of a MongoDB database, good or bad, and not that of a folder."""
    return url.startswith(SCHEMES)


def shown(url: str) -> str:
    """The address as messages may show it: without user, password and options."""
    return re.sub(r"//.*@", "//***@", url).split("?")[0]


def folder_at(url: str) -> Path:
    """The folder at this address. Raises UserError if it is no absolute path."""
    folder = Path(url)
    if "://" in url or not folder.is_absolute():
        raise UserError(f"{shown(url)} is no place for records: {EXPECTED}, or the absolute path of a folder")
    return folder


def _from_env_file() -> str | None:
    path = Path.cwd() / ".env"
    try:
        return dotenv_values(path, interpolate=False).get("MONGO_URL")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
