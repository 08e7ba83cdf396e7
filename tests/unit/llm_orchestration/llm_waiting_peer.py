"""A model server in a process of its own that answers nobody before as many requests wait as it was told.

Run as `python llm_waiting_peer.py N [SECONDS]`; it prints its port. When N wait, they are answered one after the other over
that many seconds. A request whose model is `now` is answered at once. A GET tells how many POSTs came and over how many
connections.
"""

from __future__ import annotations

import asyncio
import json
import sys

from llm_loopback import chat


class Peer:
    """Counts, and lets all waiting requests go together."""

    def __init__(self, wanted: int, seconds: float) -> None:
        self.wanted = wanted
        self.seconds = seconds
        self.waiting = 0
        self.requests = 0
        self.connections = 0
        self.all_here = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin1")
                length = next(
                    (
                        int(line.split(":")[1])
                        for line in head.lower().split("\r\n")
                        if line.startswith("content-length")
                    ),
                    0,
                )
                body = await reader.readexactly(length)
                await self._answer(head, body)
                content = self._told() if head.startswith("GET") else _counted(len(body))
                lines = f"HTTP/1.1 200 X\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
                writer.write(lines.encode() + content)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(self, head: str, body: bytes) -> None:
        if head.startswith("GET"):
            return
        self.requests += 1
        if json.loads(body)["model"] == "now":
            return
        self.waiting += 1
        place = self.waiting
        if place >= self.wanted:
            self.all_here.set()
        await self.all_here.wait()
        await asyncio.sleep(self.seconds * place / self.wanted)

    def _told(self) -> bytes:
        return json.dumps({"requests": self.requests, "connections": self.connections}).encode()


def _counted(sent: int) -> bytes:
    """An answer with a plausible count of tokens; a prompt that was cut would be refused."""
    answer = json.loads(chat().body)
    answer["usage"] = {"prompt_tokens": sent // 4, "completion_tokens": 20, "total_tokens": sent // 4 + 20}
    return json.dumps(answer).encode()


async def main(wanted: int, seconds: float) -> None:
    """Serves until it is ended."""
    server = await asyncio.start_server(Peer(wanted, seconds).serve, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 0.0))
