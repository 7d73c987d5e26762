"""A MongoDB server small enough for tests: sockets and the wire protocol are real, mongomock answers the queries.

It knows the commands that sacred's MongoObserver, GridFS and the project's own store send, and runs in a process of
its own, which may be killed at any moment and started again on the same journal of writes.

Message formats: MongoDB Wire Protocol, OP_MSG (2013), and OP_QUERY (2004) with OP_REPLY (1) for a driver's greeting.
"""

import os
import socket
import socketserver
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import bson
import mongomock
from pymongo.errors import DuplicateKeyError, PyMongoError

Document = dict[str, Any]
Written = tuple[int, int, Any]  # documents matched, modified, id of one that was not there

HEADER = struct.Struct("<iiii")  # length, request id, response to, operation code
OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
WRITES = ("insert", "update", "createIndexes")


class MongoServer:
    """A server process. Its address stays the same when it is started again."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._port = 0
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def url(self, database: str) -> str:
        return f"mongodb://127.0.0.1:{self._port}/{database}"

    def start(self) -> None:
        command = [sys.executable, __file__, str(self._journal), str(self._port)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline())

    def kill(self) -> None:
        """As ``kill -9`` does."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


class Engine:
    """Databases in memory; every write is in the journal before it is answered."""

    def __init__(self, journal: Path) -> None:
        self._client: Any = mongomock.MongoClient()
        self._lock = threading.Lock()
        self._journal = journal.open("a+b")
        self._journal.seek(0)
        for command in bson.decode_file_iter(self._journal):
            self._answer(command)

    def execute(self, command: Document) -> Document:
        name = next(iter(command))
        with self._lock:
            try:
                if name in WRITES:
                    _name_inserted_documents(command)
                    self._journal.write(bson.encode(command))
                    self._journal.flush()
                return {**self._answer(command), "ok": 1.0}
            except Exception as error:  # a server tells its client and lives on
                return {"ok": 0.0, "errmsg": f"{type(error).__name__}: {error}", "code": 8}

    def _answer(self, command: Document) -> Document:
        name, target = next(iter(command.items()))
        collection = self._client[command["$db"]][str(target)]
        match name:
            case "hello" | "ismaster":
                return _greeting()
            case "createIndexes":
                for index in command["indexes"]:
                    collection.create_index(list(index["key"].items()))
                return {}
            case "listIndexes":
                indexes = collection.index_information().items()
                return _cursor(command, [{"name": key, "key": dict(index["key"])} for key, index in indexes])
            case "find":
                return _cursor(command, _find(collection, command))
            case "aggregate":
                return _cursor(command, list(collection.aggregate(command["pipeline"])))
            case "insert":
                return _each(command["documents"], lambda document: _insert(collection, document))
            case "update":
                return _each(command["updates"], lambda update: _update(collection, update))
        raise NotImplementedError(f"no such command: {name}")


def _name_inserted_documents(command: Document) -> None:
    """Choose ids before the journal sees the command: read again, it must give the same documents."""
    for update in command.get("updates", []):
        if update.get("upsert") and "_id" not in update["q"]:
            update["u"].setdefault("$setOnInsert", {})["_id"] = bson.ObjectId()


def _find(collection: Any, command: Document) -> list[Document]:
    found = collection.find(command.get("filter", {}), command.get("projection"))
    if "sort" in command:
        found = found.sort(list(command["sort"].items()))
    return list(found.skip(command.get("skip", 0)).limit(abs(command.get("limit", 0))))


def _insert(collection: Any, document: Document) -> Written:
    collection.insert_one(document)
    return 1, 0, None


def _update(collection: Any, update: Document) -> Written:
    result = collection.update_one(update["q"], update["u"], upsert=update.get("upsert", False))
    if result.upserted_id is not None:
        return 1, 0, result.upserted_id
    return result.matched_count, result.modified_count, None


def _each(items: list[Document], write: Callable[[Document], Written]) -> Document:
    """The common reply to several writes of one command."""
    reply: Document = {"n": 0, "nModified": 0, "upserted": [], "writeErrors": []}
    for index, item in enumerate(items):
        try:
            matched, modified, upserted = write(item)
        except PyMongoError as error:
            code = 11000 if isinstance(error, DuplicateKeyError) else 9
            reply["writeErrors"].append({"index": index, "code": code, "errmsg": str(error)})
            continue
        reply["n"] += matched
        reply["nModified"] += modified
        if upserted is not None:
            reply["upserted"].append({"index": index, "_id": upserted})
    return {name: value for name, value in reply.items() if value != []}


def _cursor(command: Document, documents: list[Document]) -> Document:
    """All documents at once: no test reads more than one message holds (48 MB)."""
    namespace = f"{command['$db']}.{next(iter(command.values()))}"
    return {"cursor": {"id": bson.Int64(0), "ns": namespace, "firstBatch": documents}}


def _greeting() -> Document:
    return {
        "helloOk": True,
        "ismaster": True,
        "isWritablePrimary": True,
        "maxBsonObjectSize": 16 * 1024 * 1024,
        "maxMessageSizeBytes": 48_000_000,
        "maxWriteBatchSize": 100_000,
        "localTime": datetime.now(),
        "minWireVersion": 0,
        "maxWireVersion": 21,  # as MongoDB 7
        "readOnly": False,
    }


class Connection(socketserver.BaseRequestHandler):
    """One client's messages, answered in turn."""

    server: "Server"

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while True:
                length, request, _, operation = HEADER.unpack(self._receive(HEADER.size))
                message = self._receive(length - HEADER.size)
                if operation == OP_QUERY:
                    self._send(
                        request, OP_REPLY, struct.pack("<iqii", 8, 0, 0, 1) + bson.encode({**_greeting(), "ok": 1.0})
                    )
                elif operation == OP_MSG:
                    self._send(request, OP_MSG, bytes(5) + bson.encode(self.server.engine.execute(_command(message))))
                else:
                    return
        except OSError:  # the client has gone
            return

    def _receive(self, size: int) -> bytes:
        received = bytearray()
        while len(received) < size:
            part = self.request.recv(min(size - len(received), 1 << 20))
            if not part:
                raise ConnectionError
            received += part
        return bytes(received)

    def _send(self, request: int, operation: int, body: bytes) -> None:
        self.request.sendall(HEADER.pack(HEADER.size + len(body), 0, request, operation) + body)


def _command(message: bytes) -> Document:
    """The command of an OP_MSG: its body, and the document sequences that belong to it."""
    command: Document = {}
    for kind, section in _sections(message):
        if kind == 0:
            command = {**bson.decode(section), **command}
        else:
            end = section.index(0, 4)
            command[section[4:end].decode()] = bson.decode_all(section[end + 1 :])
    return command


def _sections(message: bytes) -> Iterator[tuple[int, bytes]]:
    at = 4  # after the flags
    while at < len(message):
        size = struct.unpack_from("<i", message, at + 1)[0]
        yield message[at], message[at + 1 : at + 1 + size]
        at += 1 + size


class Server(socketserver.ThreadingTCPServer):
    """Listens on this machine only."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, journal: Path, port: int) -> None:
        self.engine = Engine(journal)
        super().__init__(("127.0.0.1", port), Connection)


def _leave_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    server = Server(Path(sys.argv[1]), int(sys.argv[2]))
    print(server.server_address[1], flush=True)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    server.serve_forever()
