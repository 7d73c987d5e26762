"""Whether anything like a Ray cluster answers at an address. Imports neither Ray nor torch."""

import socket

from runs.errors import UserError

_ANSWER_SECONDS = 4.0
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])  # gRPC's, with no settings
_SETTINGS = 4  # the kind of the frame that answers it


def refuse_unanswered(address: str) -> None:
    """Raise UserError, in seconds, if no Ray cluster answers at this ``host:port``. Ray would ask for two minutes."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_SECONDS) as connection:
            connection.sendall(_GREETING)
            answer = connection.recv(9)
    except OSError as error:
        raise UserError(_silence(address, error.strerror or str(error))) from None
    if answer[3:4] != bytes([_SETTINGS]):
        raise UserError(_silence(address, "something else listens"))


def _silence(address: str, reason: str) -> str:
    return (
        f"RAY_ADDRESS={address}: no Ray cluster answers there ({reason}); expected the host:port that"
        " `ray start --head` says; without RAY_ADDRESS this machine alone is used"
    )
