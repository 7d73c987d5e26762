"""Reading what was recorded, alike from a folder and from MongoDB."""

from runs.addresses import folder_at, is_mongo_url
from runs.database_store import MongoStore
from runs.folder_store import FolderStore
from runs.records import RunRecord, RunStore, Trace

__all__ = ["FolderStore", "MongoStore", "RunRecord", "RunStore", "Trace", "open_store"]


def open_store(url: str) -> RunStore:
    """The store at this address: that of a MongoDB database, or the path of a folder (empty if it is not there).

    Raises UserError if the address cannot be parsed, is a relative path, or that of a file.
    """
    return MongoStore(url) if is_mongo_url(url) else FolderStore(folder_at(url))
