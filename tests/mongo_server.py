"""A MongoDB server small enough for tests: sockets and the wire protocol are real, mongomock answers the queries.

It knows the commands that sacred's MongoObserver, GridFS and the project's own stores send, and runs in a process of
its own, which may be killed at any moment and started again on the same journal of writes. It can be told to misbehave
as servers and networks do.

Message formats: MongoDB Wire Protocol, OP_MSG (2013), and OP_QUERY (2004) with OP_REPLY (1) for a driver's greeting.
"""

import json
import os
import socket
import socketserver
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
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
WRITES = ("insert", "update", "delete", "createIndexes")


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What is wrong with a server from now on."""

    delay: float = 0.0  # seconds before each command is carried out, greetings included
    mute: bool = False  # nothing is answered, nothing is done
    lost_answers: int = 0  # so many writes are done, and their connection dies before they are answered
    cut_off: int = 0  # so many writes are not done, and their connection dies
    refusal: tuple[int, str] | None = None  # code and words in answer to every write


NOT_PRIMARY = Faults(refusal=(10107, "not primary"))
DISK_FULL = Faults(refusal=(14031, "No space left on device"))


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

    def misbehave(self, faults: Faults) -> None:
        """Have these faults from now on, instead of those before."""
        assert self._process is not None and self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(faults)) + "\n")
        self._process.stdin.flush()
        self._process.stdout.readline()

    def come_back_empty(self) -> None:
        """As a server whose disk was replaced."""
        self.kill()
        self._journal.unlink()
        self.start()

    def kill(self) -> None:
        """As ``kill -9`` does."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


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
            case "hello" | "ismaster" | "ping":
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
            case "delete":
                return _each(command["deletes"], lambda delete: _delete(collection, delete))
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


def _delete(collection: Any, delete: Document) -> Written:
    found = collection.delete_one(delete["q"]) if delete["limit"] else collection.delete_many(delete["q"])
    return found.deleted_count, 0, None


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
                if self.server.faults.mute:
                    continue
                time.sleep(self.server.faults.delay)
                if operation == OP_QUERY:
                    body = struct.pack("<iqii", 8, 0, 0, 1) + bson.encode({**_greeting(), "ok": 1.0})
                    self._send(request, OP_REPLY, body)
                elif operation == OP_MSG:
                    self._send(request, OP_MSG, bytes(5) + bson.encode(self._answer(_command(message))))
                else:
                    return
        except OSError:  # the client has gone
            return

    def _answer(self, command: Document) -> Document:
        faults, is_write = self.server.faults, next(iter(command)) in WRITES
        if is_write and faults.refusal:
            return {"ok": 0.0, "code": faults.refusal[0], "errmsg": faults.refusal[1]}
        if is_write and faults.cut_off:
            self.server.faults = replace(faults, cut_off=faults.cut_off - 1)
            raise ConnectionError
        answer = self.server.engine.execute(command)
        if is_write and faults.lost_answers:
            self.server.faults = replace(faults, lost_answers=faults.lost_answers - 1)
            raise ConnectionError
        return answer

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
        self.faults = Faults()
        super().__init__(("127.0.0.1", port), Connection)


def _obey(server: Server) -> None:
    """Take faults from the parent, and leave with it."""
    for line in sys.stdin:
        server.faults = Faults(**json.loads(line))
        print("done", flush=True)
    os._exit(0)


if __name__ == "__main__":
    server = Server(Path(sys.argv[1]), int(sys.argv[2]))
    print(server.server_address[1], flush=True)
    threading.Thread(target=_obey, args=(server,), daemon=True).start()
    server.serve_forever()
