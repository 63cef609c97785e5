"""A TCP proxy that makes a bad link: it stands where a peer dials, and passes bytes to the target until told otherwise.

    proxy = FaultProxy(("10.77.0.1", 7600))       # listens on 127.0.0.1; proxy.port
    proxy.up.set(delay_s=0.2, jitter_s=0.1)       # from the one who dials to the target
    proxy.down.set(drop=True)                     # the other way: bytes vanish, the connection stays
    proxy.reset_all(); proxy.refuse(); proxy.black_hole(); proxy.heal(); proxy.close()

Faults hold for connections that exist and for new ones, and take effect before the call returns. It accepts before it
knows whether the target does: a target that cannot be reached shows as a reset. Any thread may call it.
"""

import asyncio
import collections
import contextlib
import random
import socket
import struct
import threading

CHUNK = 16384
QUEUE_MAX = 1 << 20  # Bytes of one direction of one connection that are delayed at a time; then it reads no more.
CALL_S = 20.0


class Faults:
    """What is wrong with one direction. Counts over all connections: `received` bytes, `passed` on, `dropped`."""

    def __init__(self, call, seed):
        self._call, self._draw = call, random.Random(seed)
        self.received = self.passed = self.dropped = 0
        self.changed = asyncio.Event()
        self._apply({})

    def set(self, **faults):
        """These faults and no others. An unknown one is a TypeError.

        delay_s, jitter_s   each piece arrives so much later, plus up to `jitter_s` by chance; their order stays
        bytes_per_s         no more than that pass per second
        drop                what arrives vanishes
        hold                nothing is read nor passed on, until it is over: then all of it
        reset_after         after so many more bytes of a connection, each side is reset
        truncate_after      after so many more bytes of a connection, the stream ends, in the middle of whatever it is
        """
        self._call(self._apply, faults)

    def _apply(self, faults, *, allowed=("delay_s", "jitter_s", "bytes_per_s", "drop", "hold", "reset_after",
                                         "truncate_after")):
        if not set(faults) <= set(allowed):
            raise TypeError(f"no such faults: {sorted(set(faults) - set(allowed))}")
        if any(value is not None and value < 0 for value in faults.values()):
            raise ValueError(f"below 0: {faults}")
        self.delay_s, self.jitter_s = faults.get("delay_s", 0.0), faults.get("jitter_s", 0.0)
        self.bytes_per_s = faults.get("bytes_per_s")
        self.drop, self.hold = faults.get("drop", False), faults.get("hold", False)
        self.reset_after, self.truncate_after = faults.get("reset_after"), faults.get("truncate_after")
        self.version = getattr(self, "version", 0) + 1
        self.changed.set()
        self.changed = asyncio.Event()

    def lateness(self):
        return self.delay_s + self._draw.uniform(0.0, self.jitter_s)

    async def let_go(self):
        while self.hold:
            await self.changed.wait()


class Stream:
    """One direction of one connection: a reader fills a queue, a writer empties it when the pieces are due."""

    def __init__(self, faults, source, sink):
        self._faults, self._source, self._sink = faults, source, sink
        self._queue, self._queued, self._moved = collections.deque(), 0, asyncio.Event()
        self._due, self._budget = 0.0, (None, None)
        self._ended = False  # The writer has: what is still read goes nowhere.

    async def read(self):
        loop = asyncio.get_running_loop()
        while True:
            await self._faults.let_go()
            data = await loop.sock_recv(self._source, CHUNK)
            self._faults.received += len(data)
            self._due = max(self._due, loop.time() + self._faults.lateness())
            self._queue.append((self._due, data))
            self._queued += len(data)
            self._moved.set()
            if not data:
                return
            if self._ended:
                self._faults.dropped += self._queued
                self._queue.clear()
                self._queued = 0
            while self._queued > QUEUE_MAX:
                self._moved.clear()
                await self._moved.wait()

    async def write(self):
        """Returns when the stream has ended; raises ConnectionResetError for a reset that is a fault."""
        loop = asyncio.get_running_loop()
        while True:
            while not self._queue:
                self._moved.clear()
                await self._moved.wait()
            due, data = self._queue[0]
            while loop.time() < due and self._faults.delay_s:  # Without a delay, what was delayed goes at once.
                await self._nap(due - loop.time())
            await self._faults.let_go()
            self._queue.popleft()
            self._queued -= len(data)
            self._moved.set()
            if not data or not await self._pass_on(data):
                self._ended = True
                self._moved.set()
                self._sink.shutdown(socket.SHUT_WR)
                return

    async def _nap(self, seconds):
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._faults.changed.wait(), seconds)

    async def _pass_on(self, data):
        """Returns whether the stream goes on."""
        faults, loop = self._faults, asyncio.get_running_loop()
        while data:
            if faults.drop:
                faults.dropped += len(data)
                return True
            left, rate = self._left(), faults.bytes_per_s
            if left == 0:
                break
            size = min(len(data), max(1, rate // 20) if rate else len(data), len(data) if left is None else left)
            await loop.sock_sendall(self._sink, data[:size])
            faults.passed += size
            data = data[size:]
            self._budget = (self._budget[0], None if left is None else left - size)
            if rate:
                await asyncio.sleep(size / rate)
            await faults.let_go()
        if self._left() != 0:
            return True
        if faults.reset_after is not None:
            raise ConnectionResetError("a fault of the proxy")
        return False

    def _left(self):
        """How many bytes may still pass before the connection breaks; None for all."""
        faults = self._faults
        if self._budget[0] != faults.version:
            limit = faults.reset_after if faults.reset_after is not None else faults.truncate_after
            self._budget = (faults.version, limit)
        return self._budget[1]


class Connection:
    """A dialling peer and the target. Ends with both directions, or with a reset of either side."""

    def __init__(self, client):
        self.client, self.server = client, None
        self.task = None

    def close(self, reset):
        for side in filter(None, (self.client, self.server)):
            if reset:
                with contextlib.suppress(OSError):
                    side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            side.close()


class FaultProxy:
    """See above. `listen(port)` and `dial()` put its ends elsewhere, for example into the network of a host: they make
    a listening socket (port 0: any), and one to dial the target with. Both are called in the proxy's own thread."""

    def __init__(self, target, listen=None, dial=None, seed=1):
        self._target, self._dial = target, dial or (lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        self._listen = listen or (lambda port: socket.create_server(("127.0.0.1", port)))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy", daemon=True)
        self._thread.start()
        self.connections = 0  # Accepted, ever.
        self.up, self.down = self._call(lambda: (Faults(self._call, f"{seed}/up"), Faults(self._call, f"{seed}/down")))
        self._live, self._hole, self._door, self._accepting = set(), False, None, None
        self.host, self.port = "", 0
        self._call(self._open)

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def open_connections(self):
        return self._call(lambda: len(self._live))

    def both(self, **faults):
        """The same faults in each direction; see Faults.set."""
        self.up.set(**faults)
        self.down.set(**faults)

    def reset_all(self):
        """Every connection is reset, on both sides; new ones are taken."""
        self._end(lambda c: True)

    def refuse(self):
        """Who dials is refused, until heal(). Connections that exist stay."""
        self._call(self._shut)

    def black_hole(self):
        """Who dials is taken, and never hears or reaches anybody, until heal(). Connections that exist stay."""
        self._hole = True

    def heal(self):
        """No faults from now on. What was held goes on; what was dropped stays lost; who fell into the black hole is
        reset."""
        self.both()
        self._hole = False
        self._end(lambda c: c.server is None)
        self._call(self._open)

    def close(self):
        """Ends it, and every connection with a reset. May be called again."""
        if not self._loop.is_closed():
            self._call(self._shut)
            self.reset_all()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    # -- in the loop's thread -----------------------------------------------------------------------------------------

    def _call(self, function, *words):
        """Runs it there; returns what it returns, or raises what it raises."""
        async def run():
            return function(*words)
        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(CALL_S)

    def _end(self, which):
        """Resets these connections; returns when they are gone."""
        async def run():
            tasks = [c.task for c in self._live if which(c)]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        asyncio.run_coroutine_threadsafe(run(), self._loop).result(CALL_S)

    def _open(self):
        if self._door is None:
            self._door = self._listen(self.port)
            self._door.setblocking(False)
            self.host, self.port = self._door.getsockname()
            self._accepting = self._loop.create_task(self._accept(self._door))

    def _shut(self):
        if self._door is not None:
            self._accepting.cancel()
            self._loop.remove_reader(self._door)
            self._door.close()
            self._door = None

    async def _accept(self, door):
        while True:
            client, _ = await self._loop.sock_accept(door)
            self.connections += 1
            connection = Connection(client)
            connection.task = self._loop.create_task(self._carry(connection))
            self._live.add(connection)

    async def _carry(self, connection):
        reset = True
        try:
            if self._hole:
                await asyncio.Event().wait()
            server = self._dial()
            connection.server = server
            server.setblocking(False)
            for side in (connection.client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.sock_connect(server, self._target)
            await self._both_ways(connection)
            reset = False
        except OSError:
            pass  # One side is gone, or a fault wants it so: the other side hears of it.
        finally:
            connection.close(reset)
            self._live.discard(connection)

    async def _both_ways(self, connection):
        streams = (Stream(self.up, connection.client, connection.server),
                   Stream(self.down, connection.server, connection.client))
        tasks = [self._loop.create_task(work()) for s in streams for work in (s.read, s.write)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
