"""The port of a cell lets nobody in without a certificate of the cell, and nothing that comes to it does harm."""

import contextlib
import datetime
import os
import pathlib
import shutil
import socket
import ssl
import struct
import subprocess
import time
import unittest

from harness import BIN, DEADLINE_S, NodeTest, SharedNodeTest, base_config, eventually, read_bytes

DIRECT, HEARTBEAT = 2, 6  # Operations of BASP, the protocol of CAF.


def header(operation, payload, source, destination, flags=0):
    """The 32 bytes before every BASP message."""
    return struct.pack(">BBBBIQQQ", operation, 0, 0, flags, payload, 0, source, destination)


def rss_mib(pid):
    for line in read_bytes(f"/proc/{pid}/status").decode().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0


def connections(node, process=None):
    """How many connections of the node's port it holds, or a client's process does."""
    port, of = f":{node.port:04X}", process or node.process
    rows = [line.split() for line in read_bytes("/proc/net/tcp").decode().splitlines()[1:]]
    inodes = {row[9] for row in rows if (row[1].endswith(port) or row[2].endswith(port)) and row[3] == "01"}
    held = set()
    for fd in pathlib.Path(f"/proc/{of.pid}/fd").glob("*"):
        with contextlib.suppress(OSError):
            held.add(os.readlink(fd))
    return sum(f"socket:[{inode}]" in held for inode in inodes)


class Cell:
    """An authority made by the openssl program, not by us."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "10",
                     "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=another cell")

    def openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.directory, check=True, capture_output=True)

    def issue(self, subject, authority=None, begins=-1, days=2):
        """A certificate and key, signed by this authority or by the files CERT and KEY."""
        certificate, key = authority or (self.directory / "ca.pem", self.directory / "ca.key")
        begin = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=begins)
        stamp = lambda t: t.strftime("%Y%m%d%H%M%SZ")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "one.key",
                     "-out", "one.csr", "-subj", subject)
        (self.directory / "index").write_text("")
        (self.directory / "serial").write_text("01")
        (self.directory / "ca.conf").write_text(
            "[ca]\ndefault_ca=x\n[x]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=any\n"
            "unique_subject=no\n[any]\ncommonName=optional\norganizationalUnitName=optional\n")
        self.openssl("ca", "-batch", "-config", "ca.conf", "-cert", str(certificate), "-keyfile", str(key), "-in",
                     "one.csr", "-out", "one.pem", "-notext", "-startdate", stamp(begin), "-enddate",
                     stamp(begin + datetime.timedelta(days=days)))
        return self.directory / "one.pem", self.directory / "one.key"


class TlsTest(SharedNodeTest):
    def setUp(self):
        self.pid = self.n.process.pid
        self.tls = self.n.data / "tls"
        self.own = (self.tls / "client/client.pem", self.tls / "client/client.key")
        self.authority = (self.tls / "ca.pem", self.tls / "ca.key")

    def tearDown(self):
        """Whatever a test did: the same process goes on and answers."""
        self.assertIsNone(self.n.process.poll())
        self.assertEqual(self.n.process.pid, self.pid)
        self.assertEqual(self.n.wait(self.n.run("true"))["state"], "succeeded")

    def other_cell(self):
        directory = self.n.directory / f"cell-{self.id()}"
        directory.mkdir(exist_ok=True)
        return Cell(directory)

    def knock(self, data=b""):
        """A TCP connection that has sent these bytes."""
        s = socket.create_connection(("127.0.0.1", self.n.port), timeout=DEADLINE_S)
        self.addCleanup(s.close)
        with contextlib.suppress(OSError):  # It may have hung up already.
            s.sendall(data)
        return s

    def hung_up(self, s):
        """Waits until the other side has closed; returns all it said."""
        said = b""
        with contextlib.suppress(ConnectionError):
            while piece := s.recv(65536):
                said += piece
        return said

    def s_client(self, *options, certificate=None):
        """What `openssl s_client` says of the node; it sends nothing and waits until it is hung up on."""
        shown = ["-cert", str(certificate[0]), "-key", str(certificate[1])] if certificate else []
        done = subprocess.run(["openssl", "s_client", "-connect", self.n.address, "-CAfile", str(self.authority[0]),
                               "-ign_eof", *shown, *options], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=DEADLINE_S, check=False)
        return (done.stdout + done.stderr).decode(errors="replace")

    def trusted(self):
        """A TLS connection with a client certificate of the cell."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(self.authority[0])
        context.load_cert_chain(*self.own)
        return context.wrap_socket(self.knock())


class NoCertificate(TlsTest):
    def test_no_certificate(self):
        self.assertIn("certificate required", self.s_client())

    def test_another_cells_certificate(self):
        said = self.s_client(certificate=self.other_cell().issue("/OU=client/CN=me"))
        self.assertIn("alert unknown ca", said)

    def test_one_that_expired_and_one_that_is_not_yet_good(self):
        cell = self.other_cell()
        said = self.s_client(certificate=cell.issue("/OU=client/CN=me", self.authority, begins=-3, days=1))
        self.assertIn("certificate expired", said)
        said = self.s_client(certificate=cell.issue("/OU=client/CN=me", self.authority, begins=1))
        self.assertIn("alert bad certificate", said)

    def test_one_of_the_cell_that_names_nobody(self):
        for subject in ("/CN=me", "/OU=king/CN=me", "/OU=client"):
            said = self.s_client(certificate=self.other_cell().issue(subject, self.authority))
            self.assertIn("alert", said, subject)

    def test_an_older_protocol(self):
        self.assertIn("alert protocol version", self.s_client("-tls1_2", certificate=self.own))

    def test_our_own_is_let_in(self):
        """So that what the others show is a refusal."""
        with self.trusted() as s:
            self.assertEqual(s.version(), "TLSv1.3")
            self.assertEqual(len(s.recv(32)), 32)  # BASP's first word.

    def test_the_client_says_why(self):
        cell = self.other_cell()
        for times, words in [
                ({"begins": -3, "days": 1}, "has expired"), ({"begins": 1}, "is not valid before")]:
            certificate, key = cell.issue("/OU=client/CN=me", self.authority, **times)
            place = cell.directory / "mine"
            place.mkdir(exist_ok=True)
            shutil.copy(self.authority[0], place / "ca.pem")
            shutil.copy(certificate, place / "client.pem")
            shutil.copy(key, place / "client.key")
            (place / "client.key").chmod(0o600)
            answer = self.fabric("--tls", place, "lanes")
            self.assertEqual(answer.returncode, 5, answer)
            self.assertIn(words, answer.stderr)

    def fabric(self, *words, env=None):
        return subprocess.run([str(BIN / "fabric"), "--node", self.n.address, *map(str, words)], env=env,
                              capture_output=True, text=True, timeout=DEADLINE_S, check=False)

    def test_where_a_client_looks(self):
        home = self.n.directory / "home"
        (home / ".config/fabric").mkdir(parents=True)
        plain = {"PATH": os.environ["PATH"], "HOME": str(home)}
        answer = self.fabric("lanes", env=plain)
        if not pathlib.Path("/var/lib/fabric/tls/client").exists():
            self.assertEqual(answer.returncode, 3, answer)
            self.assertIn(f"no client certificate in {home}/.config/fabric/tls, /var/lib/fabric/tls/client",
                          answer.stderr)
        for env, options in [({"FABRIC_TLS": str(self.n.data)}, []), ({"FABRIC_TLS": str(self.tls)}, []),
                             ({"FABRIC_TLS": str(self.tls / "client")}, []),
                             ({"FABRIC_TLS": "/nowhere"}, ["--tls", self.n.data])]:
            answer = self.fabric(*options, "lanes", env={**plain, **env})
            self.assertEqual(answer.returncode, 0, (env, answer))
        self.assertEqual(self.fabric("lanes", env={**plain, "FABRIC_TLS": "/nowhere"}).returncode, 3)
        shutil.copytree(self.tls / "client", home / ".config/fabric/tls")
        self.assertEqual(self.fabric("lanes", env=plain).returncode, 0)
        (home / ".config/fabric/tls/client.key").chmod(0o644)
        answer = self.fabric("lanes", env=plain)
        self.assertEqual(answer.returncode, 2, answer)
        self.assertIn("chmod 0600", answer.stderr)

    def test_somebody_else_who_answers_is_not_believed(self):
        """Neither another cell's scheduler nor, which would be worse, a client of this one."""
        for certificate, words in [(self.other_cell().issue("/OU=scheduler/CN=s"), "certificate is refused"),
                                   (self.own, "certificate is refused")]:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            with socket.create_server(("127.0.0.1", 0)) as listener:
                client = subprocess.Popen(
                    [BIN / "fabric", "--node", f"127.0.0.1:{listener.getsockname()[1]}", "--tls", self.tls, "lanes"],
                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                with contextlib.suppress(ssl.SSLError, OSError):
                    context.wrap_socket(listener.accept()[0], server_side=True)
                _, said = client.communicate(timeout=DEADLINE_S)
            self.assertEqual(client.returncode, 5, said)
            self.assertIn(words, said)


class NoTls(TlsTest):
    def test_what_is_no_tls_is_hung_up_on_and_cuts_nobody_else(self):
        """CAF's own module ends the connection of a bystander for each of these."""
        follower = self.n.background("events", "--follow", "--after", "999999")
        self.addCleanup(follower.communicate)
        self.addCleanup(follower.kill)
        eventually(lambda: connections(self.n) == 1, "the follower is connected")
        for data in (b"GET / HTTP/1.0\r\n\r\n" * 3, os.urandom(4096), b"\x16\x03\x01\xff\xff" + os.urandom(600),
                     b"\x15\x03\x03\x00\x02\x02\x28", header(DIRECT, 0xFFFFFFFF, 0, 1)):
            self.hung_up(self.knock(data))
        job = self.n.run("true")
        eventually(lambda: connections(self.n) == 1, "only the follower is connected")
        self.assertIsNone(follower.poll())
        self.assertEqual(self.n.wait(job)["state"], "succeeded")
        self.assertIsNone(follower.poll())

    def test_a_length_of_4_gib_costs_no_memory(self):
        before = rss_mib(self.pid)
        for _ in range(20):
            self.hung_up(self.knock(header(DIRECT, 0xFFFFFFFF, 0, 1)))
        self.assertLess(rss_mib(self.pid) - before, 32)

    def test_forged_messages_reach_no_actor(self):
        """As CAF without TLS would deliver them, to its own servers (1, 2) and to every actor."""
        for first in range(1, 1001, 50):
            frames = b"".join(header(DIRECT, 0, 1, n, flags) for n in range(first, first + 50) for flags in (0, 1))
            self.hung_up(self.knock(frames))

    def test_silent_connections_are_ended(self):
        """Those that say nothing, and those that stop in the middle of a handshake."""
        begun = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        begun.check_hostname, begun.verify_mode = False, ssl.CERT_NONE
        to, hello = ssl.MemoryBIO(), ssl.MemoryBIO()
        with contextlib.suppress(ssl.SSLWantReadError):
            begun.wrap_bio(to, hello).do_handshake()
        first_words = hello.read()
        started = time.monotonic()
        silent = [self.knock(first_words if n % 2 else b"") for n in range(200)]
        self.assertEqual(self.n.wait(self.n.run("true"))["state"], "succeeded")  # Others get in meanwhile.
        for s in silent:
            self.hung_up(s)
        self.assertLess(time.monotonic() - started, DEADLINE_S)
        eventually(lambda: connections(self.n) == 0, "all are closed")

    def test_more_silent_connections_than_may_be_end_the_oldest(self):
        many = [self.knock() for _ in range(300)]
        self.hung_up(many[0])
        self.assertEqual(self.n.wait(self.n.run("true"))["state"], "succeeded")
        for s in many:
            s.close()
        eventually(lambda: connections(self.n) == 0, "all are closed")


class Trusted(TlsTest):
    """With a certificate, but not as a client of ours."""

    def test_one_that_says_nothing_is_ended(self):
        with self.trusted() as s:
            self.hung_up(s)

    def test_a_length_of_4_gib_ends_the_connection(self):
        before = rss_mib(self.pid)
        with self.trusted() as s:
            s.sendall(header(DIRECT, 0xFFFFFFFF, 0, 1))
            self.hung_up(s)
        self.assertLess(rss_mib(self.pid) - before, 32)

    def test_nonsense_ends_the_connection(self):
        with self.trusted() as s:
            s.sendall(b"\xff" * 64)
            self.hung_up(s)


class Files(NodeTest):
    def test_a_first_start_makes_private_files(self):
        n = self.node()
        tls = n.data / "tls"
        for path, mode in [(tls, 0o700), (tls / "client", 0o700), (tls / "ca.key", 0o600), (tls / "node.key", 0o600),
                           (tls / "client/client.key", 0o600)]:
            self.assertEqual(path.stat().st_mode & 0o777, mode, path)
        said = subprocess.run(["openssl", "x509", "-in", tls / "node.pem", "-noout", "-text"], capture_output=True,
                              text=True, check=True).stdout
        for words in ("OU = scheduler, CN = n1", "DNS:n1", "TLS Web Server Authentication, TLS Web Client"):
            self.assertIn(words, said)
        subprocess.run(["openssl", "verify", "-CAfile", tls / "ca.pem", "-purpose", "sslserver", tls / "node.pem"],
                       check=True, capture_output=True)
        before = (tls / "ca.pem").read_bytes(), (tls / "node.pem").read_bytes()
        n.detach_and_start()
        self.assertEqual(before, ((tls / "ca.pem").read_bytes(), (tls / "node.pem").read_bytes()))

    def test_files_that_go_away_harm_no_running_node(self):
        """CAF's own module reads them at every connection, and aborts."""
        n = self.node()
        n.tls.unlink()
        shutil.copytree(n.data / "tls/client", n.tls)
        shutil.rmtree(n.data / "tls")
        for _ in range(3):
            self.assertEqual(n.wait(n.run("true"))["state"], "succeeded")
        self.assertIsNone(n.process.poll())

    def test_a_client_that_is_connected_needs_its_files_no_more(self):
        n = self.node()
        job = n.run(n.gate("a"))
        n.started(job)
        mine = n.directory / "mine"
        shutil.copytree(n.data / "tls/client", mine)
        waiting = subprocess.Popen([BIN / "fabric", "--node", n.address, "--tls", mine, "wait", str(job)],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        eventually(lambda: connections(n, waiting) == 1, "it is connected")
        self.assertEqual(n.wait(n.run("true"))["state"], "succeeded")  # By then it has shaken hands, too.
        shutil.rmtree(mine)
        n.detach_and_start()  # It has to connect anew.
        eventually(lambda: connections(n, waiting) == 1, "it is connected again")
        n.open_gate("a")
        out, err = waiting.communicate(timeout=DEADLINE_S)
        self.assertEqual(waiting.returncode, 0, out + err)

    def test_a_key_that_others_can_read_stops_the_start(self):
        n = self.node()
        n.drain()
        (n.data / "tls/node.key").chmod(0o644)
        code, said = n.refuses_to_start()
        self.assertEqual(code, 2, said)
        self.assertIn("node.key has mode 0644", said)

    def test_certificates_in_a_place_of_their_own(self):
        n = self.node(start=False)
        place = n.directory / "certificates"
        n.config["node"]["tls"] = str(place)
        n.start()
        self.assertTrue((place / "ca.key").exists())
        n.tls.unlink()
        n.tls.symlink_to(place / "client")
        self.assertEqual(n.wait(n.run("true"))["state"], "succeeded")
        n.good("ca", "show", "--config", n.config_file)


class Authority(NodeTest):
    def test_issue_show_and_revoke(self):
        n = self.node()
        ca = lambda *words: n.good("ca", *words, "--data", n.data)
        made = ca("issue", "w1", "--out", n.directory / "w1")[0]
        self.assertEqual((made["role"], made["name"]), ("node", "w1"))
        self.assertEqual(sorted(p.name for p in (n.directory / "w1").iterdir()), ["ca.pem", "node.key", "node.pem"])
        self.assertEqual((n.directory / "w1").stat().st_mode & 0o777, 0o700)
        self.assertEqual((n.directory / "w1/node.key").stat().st_mode & 0o777, 0o600)
        mine = n.directory / "me"
        ca("issue", "--client", "me", "--out", mine)
        n.tls.unlink()
        n.tls.symlink_to(mine)
        n.good("lanes")
        listed = ca("show")[0]
        self.assertEqual([(c["role"], c["name"], c["state"]) for c in listed["issued"]],
                         [("scheduler", "n1", "good"), ("node", "w1", "good"), ("client", "me", "good"),
                          ("client", "n1", "good")])
        self.assertEqual(ca("revoke", "me")[0]["revoked"], 1)
        answer = n.fabric("lanes")
        self.assertEqual(answer.code, 5, answer)
        self.assertIn("revoked", answer.err)
        self.assertEqual({c["name"]: c["state"] for c in ca("show")[0]["issued"]}["me"], "revoked")
        ca("issue", "--client", "me", "--out", n.directory / "again")
        n.tls.unlink()
        n.tls.symlink_to(n.directory / "again")
        n.good("lanes")

    def test_what_cannot_be_done_is_refused(self):
        n = self.node()
        (n.directory / "there").mkdir()
        for words, code, named in [
                (("issue", "w1", "--out", n.directory / "there"), 5, "there"),
                (("issue", "w 1", "--out", n.directory / "x"), 5, "is no name"),
                (("issue", "w1", "--out", n.directory / "no/such"), 5, "no/such"),
                (("revoke", "nobody"), 4, "nobody")]:
            answer = n.fabric("ca", *words, "--data", n.data)
            self.assertEqual(answer.code, code, answer)
            self.assertIn(named, answer.err)
        answer = n.fabric("ca", "show", "--data", n.directory)
        self.assertEqual(answer.code, 4, answer)
        self.assertIn("--data", answer.err)

    def test_another_certificate_is_taken_up_by_a_running_node(self):
        n = self.node()
        tls = n.data / "tls"
        seen = lambda: ssl.get_server_certificate(("127.0.0.1", n.port))
        (tls / "node.pem").write_text("damaged")
        n.signal(1)  # SIGHUP
        eventually(lambda: "issued" in n.log() and "damaged" not in (tls / "node.pem").read_text(), "it is renewed")
        n.good("lanes")
        with contextlib.suppress(ssl.SSLError):
            self.assertEqual(seen().strip(), (tls / "node.pem").read_text().strip())

    def test_the_doctor_looks_at_them(self):
        n = self.node()
        look = lambda: {f["name"]: f for f in
                        n.fabric("doctor", "--config", n.config_file, "--data", n.data).lines[0]["findings"]}
        found = look()
        for name in ("authority of the cell", "certificate of the node", "certificate of the command line"):
            self.assertEqual(found[name]["health"], "ok", found[name])
        (n.data / "tls/node.key").chmod(0o640)
        found = look()
        self.assertEqual(found["certificate of the node"]["health"], "bad")
        self.assertIn("0640", found["certificate of the node"]["what"])


class Joining(NodeTest):
    """A node that joins shows a certificate of its own name."""

    def worker(self, scheduler, name):
        base = base_config()
        return self.node(start=False, base={"node": {**base["node"], "name": name, "join": [scheduler.address]},
                                            "classes": base["classes"]})

    def joined(self, scheduler):
        return {n["node"] for n in scheduler.good("nodes")[0]["nodes"] if n.get("workers")}

    def test_with_one(self):
        scheduler = self.node()
        worker = self.worker(scheduler, "w1")
        scheduler.admit(worker)
        worker.start()
        eventually(lambda: {"n1", "w1"} <= self.joined(scheduler), "it has joined")

    def test_without_one_or_with_anothers(self):
        scheduler = self.node()
        code, said = self.worker(scheduler, "w1").refuses_to_start()
        self.assertEqual(code, 2, said)
        self.assertIn("fabric ca issue w1", said)
        other = self.worker(scheduler, "w2")
        scheduler.admit(other)
        other.config["node"]["name"] = "w1"
        code, said = other.refuses_to_start()
        self.assertEqual(code, 2, said)
        self.assertIn("is for node w2, and this is node w1", said)

    def test_one_of_another_cell_or_revoked_stays_outside(self):
        scheduler, stranger = self.node(), self.node({"node": {"name": "n2"}})
        foreign, revoked = self.worker(scheduler, "w1"), self.worker(scheduler, "w2")
        stranger.admit(foreign)
        scheduler.admit(revoked)
        scheduler.good("ca", "revoke", "w2", "--data", scheduler.data)
        for worker, words in [(foreign, "certificate is refused"), (revoked, "revoked")]:
            worker.launch()
            eventually(lambda: words in worker.log(), "it is told why")
        self.assertEqual(self.joined(scheduler), {"n1"})


class Listening(NodeTest):
    def test_beyond_loopback_where_it_is_named(self):
        n = self.node(start=False)
        n.config["node"]["listen"] = f"0.0.0.0:{n.port}"
        n.start()
        own = socket.gethostbyname(socket.gethostname())
        with socket.create_connection((own, n.port)):
            pass
        n.good("lanes")

    def test_by_default_only_on_loopback(self):
        n = self.node()
        addresses = {line.split()[1] for line in read_bytes("/proc/net/tcp").decode().splitlines()[1:]
                     if line.split()[1].endswith(f":{n.port:04X}") and line.split()[3] == "0A"}
        self.assertEqual(addresses, {f"0100007F:{n.port:04X}"})


if __name__ == "__main__":
    unittest.main()
