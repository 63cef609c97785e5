"""Each fault of the proxy bites, and ends when it is told to. The target is an echo in a thread."""

import contextlib
import socket
import threading
import time
import unittest

from fault_proxy import FaultProxy
from harness import DEADLINE_S, eventually

SHORT_S = 0.15  # For what must not come.


class Echo:
    """A server that sends back what it gets; `received` and `ends` are what it saw of all its connections."""

    def __init__(self):
        self._door = socket.create_server(("127.0.0.1", 0))
        self.address = self._door.getsockname()
        self.received, self.ends = b"", []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self._door.accept()[0],), daemon=True).start()

    def _serve(self, peer):
        with peer:
            try:
                while data := peer.recv(65536):
                    self.received += data
                    peer.sendall(data)
                self.ends.append("closed")
            except OSError:
                self.ends.append("reset")

    def close(self):
        with contextlib.suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()


class Proxied(unittest.TestCase):
    def setUp(self):
        self.echo = Echo()
        self.addCleanup(self.echo.close)
        self.proxy = FaultProxy(self.echo.address)
        self.addCleanup(self.proxy.close)

    def dial(self):
        peer = socket.create_connection((self.proxy.host, self.proxy.port), timeout=DEADLINE_S)
        self.addCleanup(peer.close)
        return peer

    def talk(self, peer, data):
        """Sends it and returns what comes back of that length."""
        peer.sendall(data)
        return self.take(peer, len(data))

    def take(self, peer, size):
        found = b""
        while len(found) < size and (data := peer.recv(65536)):
            found += data
        return found

    def assert_silent(self, peer):
        peer.settimeout(SHORT_S)
        with self.assertRaises(TimeoutError):
            peer.recv(1)
        peer.settimeout(DEADLINE_S)

    def assert_reset(self, peer):
        with self.assertRaises(ConnectionResetError):
            while peer.recv(65536):
                pass

    def test_without_faults_bytes_pass_and_are_counted(self):
        peer, data = self.dial(), bytes(range(256)) * 4096
        sender = threading.Thread(target=peer.sendall, args=(data,))
        sender.start()
        self.assertEqual(self.take(peer, len(data)), data)
        sender.join()
        eventually(lambda: (self.proxy.up.passed, self.proxy.down.passed) == (len(data), len(data)), "all is counted")
        self.assertEqual((self.proxy.connections, self.proxy.open_connections()), (1, 1))
        peer.shutdown(socket.SHUT_WR)
        self.assertEqual(peer.recv(1), b"")
        eventually(lambda: self.proxy.open_connections() == 0 and self.echo.ends == ["closed"], "a quiet end")

    def test_a_delay_with_jitter_makes_bytes_late_and_keeps_their_order(self):
        self.proxy.up.set(delay_s=0.1, jitter_s=0.05)
        peer, began = self.dial(), time.monotonic()
        for n in range(20):
            peer.sendall(bytes([n]))
        self.assertEqual(self.take(peer, 20), bytes(range(20)))
        self.assertGreaterEqual(time.monotonic() - began, 0.1)
        self.proxy.up.set(delay_s=1000)
        peer.sendall(b"x")
        self.assert_silent(peer)
        self.proxy.heal()
        self.assertEqual(peer.recv(1), b"x")

    def test_what_is_dropped_one_way_stays_lost_and_the_other_way_is_whole(self):
        peer = self.dial()
        self.assertEqual(self.talk(peer, b"before"), b"before")
        self.proxy.down.set(drop=True)
        peer.sendall(b"question")
        eventually(lambda: self.echo.received == b"beforequestion" and self.proxy.down.dropped == 8, "it has arrived")
        self.assert_silent(peer)
        self.proxy.heal()
        self.assertEqual(self.talk(peer, b"after"), b"after")

    def test_held_bytes_arrive_later_and_whole(self):
        peer = self.dial()
        self.talk(peer, b"x")
        self.proxy.up.set(hold=True)
        peer.sendall(b"patience")
        self.assert_silent(peer)
        self.assertEqual(self.echo.received, b"x")
        self.proxy.heal()
        self.assertEqual(self.take(peer, 8), b"patience")

    def test_a_held_direction_reads_no_more_so_that_the_sender_is_stuck(self):
        peer = self.dial()
        self.talk(peer, b"x")
        self.proxy.up.set(hold=True)
        peer.settimeout(SHORT_S)
        with self.assertRaises(TimeoutError):
            peer.sendall(bytes(64 << 20))
        self.assertLess(self.proxy.up.received, 1 << 20)

    def test_a_throttle_holds_the_rate(self):
        self.proxy.down.set(bytes_per_s=100_000)
        peer, began = self.dial(), time.monotonic()
        self.assertEqual(len(self.talk(peer, bytes(30_000))), 30_000)
        self.assertGreaterEqual(time.monotonic() - began, 0.25)

    def test_a_reset_after_some_bytes_lets_exactly_these_pass(self):
        peer = self.dial()
        self.proxy.up.set(reset_after=5)
        peer.sendall(b"123456789")
        self.assert_reset(peer)
        eventually(lambda: self.echo.ends == ["reset"], "the target was reset")
        self.assertEqual(self.echo.received, b"12345")
        self.proxy.heal()
        self.assertEqual(self.talk(self.dial(), b"again"), b"again")

    def test_a_truncated_stream_ends_in_the_middle(self):
        peer = self.dial()
        self.proxy.down.set(truncate_after=5)
        peer.sendall(b"123456789")
        self.assertEqual(self.take(peer, 9), b"12345")
        self.assertEqual(peer.recv(1), b"")
        peer.sendall(bytes(2 << 20))  # Goes nowhere, and is not kept.
        peer.close()
        eventually(lambda: self.proxy.open_connections() == 0, "the connection is gone")

    def test_a_limit_counts_anew_for_each_connection(self):
        self.proxy.up.set(reset_after=3)
        for _ in range(2):
            peer = self.dial()
            peer.sendall(b"abcdef")
            self.assert_reset(peer)
        eventually(lambda: self.echo.received == b"abcabc", "three bytes of each")

    def test_all_connections_can_be_reset_at_once(self):
        peers = [self.dial() for _ in range(3)]
        for peer in peers:
            self.talk(peer, b"x")
        self.proxy.reset_all()
        for peer in peers:
            self.assert_reset(peer)
        eventually(lambda: self.echo.ends == ["reset"] * 3, "the target was reset three times")
        self.assertEqual(self.talk(self.dial(), b"x"), b"x")

    def test_who_dials_can_be_refused_while_others_go_on(self):
        peer = self.dial()
        self.talk(peer, b"x")
        self.proxy.refuse()
        with self.assertRaises(ConnectionRefusedError):
            self.dial()
        self.assertEqual(self.talk(peer, b"still"), b"still")
        self.proxy.heal()
        self.assertEqual(self.talk(self.dial(), b"x"), b"x")

    def test_a_black_hole_takes_everything_and_answers_nothing(self):
        self.proxy.black_hole()
        peer = self.dial()
        peer.sendall(b"hello?")
        self.assert_silent(peer)
        self.assertEqual(self.echo.received, b"")
        self.proxy.heal()
        self.assert_reset(peer)
        self.assertEqual(self.talk(self.dial(), b"x"), b"x")

    def test_a_target_that_is_not_there_shows_as_a_reset(self):
        self.echo.close()
        with self.assertRaises(ConnectionResetError):  # Perhaps while it still connects.
            peer = self.dial()
            while peer.recv(65536):
                pass
        eventually(lambda: self.proxy.open_connections() == 0, "nothing is left")

    def test_faults_that_there_are_not_are_an_error(self):
        with self.assertRaises(TypeError):
            self.proxy.up.set(explode=True)
        with self.assertRaises(ValueError):
            self.proxy.up.set(delay_s=-1)


if __name__ == "__main__":
    unittest.main()
