"""The subject's process: python -m lstm_checks.worker FD, the channel being descriptor FD."""

import socket
import sys

from lstm_checks.worker.host import Host
from lstm_checks.worker.wire import pack, unpack


def serve(host: Host) -> None:
    """Answer requests until the judge hangs up."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    sys.argv = ["lstm"]  # a subject that reads its arguments finds none of the kit's

    def read(count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            part = channel.recv(min(count - len(data), 1 << 20))
            if not part:
                raise SystemExit  # the judge has hung up
            data += part
        return bytes(data)

    while True:
        request = unpack(read)
        channel.sendall(pack(host.answer(request)))


if __name__ == "__main__":
    serve(Host())
