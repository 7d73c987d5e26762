"""Where things are: the store, a MongoDB database or a folder, the folder for all that is made here, a Ray cluster."""

import os
import re
import tempfile
from pathlib import Path
from urllib.parse import unquote_plus

from dotenv import dotenv_values

from runs.errors import UserError

HERE = Path(__file__).parent.resolve()
LOCAL_VARIABLE = "GAN_STABILITY_LOCAL"
DATA_VARIABLE = "GAN_STABILITY_DATA"
SCHEMES = ("mongodb://", "mongodb+srv://")
EXPECTED = "expected mongodb://[user:password@]host[:port]/database[?options]"

_HOST = r"(?:(?:\[[0-9A-Fa-f:.%]+\]|[\w.-]+)(?::[0-9]{1,5})?|%2[Ff][\w.%-]+\.sock)"
# no "@" behind the hosts: then it would be a "/" or "?" of the password that seems to end them
_MONGO_ADDRESS = re.compile(
    rf"(?P<scheme>mongodb(?:\+srv)?://)(?:(?P<user>[^@/?]*)@)?(?P<hosts>{_HOST}(?:,{_HOST})*)"
    r"(?:/(?P<name>[^?@]*))?(?:\?(?P<options>[^@]*))?"
)

_RAY_ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.%]+\]|[\w.-]+):(?P<port>[0-9]{1,5})")


def local_folder() -> Path:
    """Where checkpoints, cached networks and records go: GAN_STABILITY_LOCAL, or ``runs/_local`` if it is unset.

    Both variables are taken from the environment, else from a file ``.env`` in the working directory.
    """
    chosen = _setting(LOCAL_VARIABLE)
    return _absolute(chosen) if chosen else HERE / "_local"


def data_folder() -> Path:
    """Where data sets' own files are looked for: GAN_STABILITY_DATA, or ``data`` in the local folder if it is unset."""
    chosen = _setting(DATA_VARIABLE)
    return _absolute(chosen) if chosen else local_folder() / "data"


def reports_folder() -> Path:
    """Where reports go unless a command is told: ``runs/reports``, or a folder of GAN_STABILITY_LOCAL if that is set.

    Who names a place of his own may not be able to write into this clone.
    """
    chosen = _setting(LOCAL_VARIABLE)
    return (_absolute(chosen) if chosen else HERE) / "reports"


def check_local_folder() -> None:
    """Make sure that the local folder, which also a sweep that records to MongoDB needs, can be written; makes nothing.

    Raises UserError if it cannot.
    """
    folder = local_folder()
    fault = why_not_writable(folder)
    if fault:
        raise UserError(
            f"{folder}, for checkpoints and cached networks, cannot be written: {fault};"
            f" name a folder of your own: export {LOCAL_VARIABLE}=/path/of/a/folder"
        )


def why_not_writable(folder: Path) -> str | None:
    """What keeps a folder from being written to, or from being made; None if nothing does. Leaves nothing behind."""
    there = next(place for place in (folder, *folder.parents) if os.path.lexists(place))
    try:
        with tempfile.TemporaryFile(dir=there):
            return None
    except OSError as error:
        return error.strerror or type(error).__name__


def store_url() -> str:
    """Where to record and to read: MONGO_URL, or ``records`` in the local folder if that is unset or empty.

    Raises UserError if MONGO_URL is no MongoDB address.
    """
    url = _setting("MONGO_URL")
    if not url:
        return str(local_folder() / "records")
    if not is_mongo_url(url):
        raise UserError(f"MONGO_URL is no address of a MongoDB database: {EXPECTED}")
    return url


def ray_address() -> str | None:
    """``host:port`` of the head of a Ray cluster: RAY_ADDRESS; None if that is unset or empty.

    Raises UserError if it is no such address.
    """
    address = _setting("RAY_ADDRESS")
    if not address:
        return None
    found = _RAY_ADDRESS.fullmatch(address)
    if found is None or not 0 < int(found["port"]) < 2**16:
        raise UserError(
            "RAY_ADDRESS is no address of a Ray cluster: expected the host:port of its head, such as 10.0.0.1:6379"
            " (no ray:// and no http://); without it this machine alone is used"
        )
    return address


def is_mongo_url(url: str) -> bool:
    """Whether this is the address of a MongoDB database, good or bad, and not that of a folder."""
    return url.startswith(SCHEMES)


def mongo_parts(url: str) -> dict[str, str] | None:
    """Scheme, user (with password), hosts, name of the database and options of a MongoDB address; "" for one not given.

    None where it is malformed: what seems to be a host may then be a secret.
    """
    match = _MONGO_ADDRESS.fullmatch(url)
    if match is None:
        return None
    parts = match.groupdict(default="")
    return {**parts, "name": unquote_plus(parts["name"])}


def is_database_name(name: str) -> bool:
    """Whether this may stand in messages as the name of a database: only letters, digits, ``_`` and ``-``."""
    return re.fullmatch(r"[\w-]+", name) is not None


def shown(url: str) -> str:
    """The address as messages may show it: the path of a folder, or hosts and database of a well-formed address.

    Nothing of a malformed one is shown: what stands where a host should be may be the password.
    """
    parts = mongo_parts(url)
    if parts and is_database_name(parts["name"]):
        return f"{parts['scheme']}{'***@' if parts['user'] else ''}{parts['hosts']}/{parts['name']}"
    return url if Path(url).is_absolute() and "://" not in url else "MONGO_URL"


def without_secrets(text: str, url: str) -> str:
    """A text of the driver or the server, ``***`` in it for words from the address's user, password and options."""
    parts = mongo_parts(url) or {"user": "", "options": ""}
    options = [option.partition("=")[2] for option in re.split("[&;]", parts["options"])]
    values = [*parts["user"].split(":"), *(value for value in options if _may_be_secret(value))]
    spelled = {spelling for value in values for spelling in (value, unquote_plus(value)) if spelling}
    for secret in sorted(spelled, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "***", text)
    return text


def folder_at(url: str) -> Path:
    """The folder at this address. Raises UserError if it is no absolute path."""
    folder = Path(url)
    if "://" in url or not folder.is_absolute():
        raise UserError(f"MONGO_URL is no place for records: {EXPECTED}, or the absolute path of a folder")
    return folder


def _may_be_secret(option: str) -> bool:
    return option not in ("true", "false") and not option.isdecimal()


def _absolute(path: str) -> Path:
    return Path.cwd() / Path(path).expanduser()


def _setting(name: str) -> str | None:
    value = os.environ.get(name) or _from_env_file(name)
    if value and re.search(r"[\x00-\x1f\x7f-\x9f]", value):
        raise UserError(f"{name} holds a control character; expected plain text")
    return value


def _from_env_file(name: str) -> str | None:
    path = Path.cwd() / ".env"
    try:
        return dotenv_values(path, interpolate=False).get(name)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
