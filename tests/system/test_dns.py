"""Names inside user-defined networks, asked for from inside containers."""
import http.client
import json
import os
import random
import socket
import struct
import subprocess
import threading
import time

import pytest

import dnsclient
from dnsclient import A, AAAA, MX, PTR, inside
from engine import Engine

TAG = os.getpid() % 10000


def sh(command):
    return subprocess.run(command, shell=True, check=True, capture_output=True, text=True).stdout


def pid_of(engine, name):
    return int(engine.hull("inspect", "-f", "{{.State.Pid}}", name).stdout)


def address_of(engine, name, network):
    found = json.loads(engine.hull("inspect", name).stdout)[0]
    return found["NetworkSettings"]["Networks"][network]["IPAddress"]


def ask(engine, container, name, kind=A, **how):
    return inside(pid_of(engine, container),
                  "print(json.dumps(ask(%r, %d, **%r)))" % (name, kind, how))


def records(engine, container, name, kind=A, **how):
    return sorted(ask(engine, container, name, kind, **how)["records"])


class World:
    """Networks and containers of one test."""

    def __init__(self, engine):
        self.engine, self.names, self.nets = engine, [], []

    def net(self, *flags):
        name = "net%d-%d" % (TAG, len(self.nets))
        self.engine.hull("network", "create", *flags, name)
        self.nets.append(name)
        return name

    def run(self, *flags, command=("sleep", "1000")):
        name = "dns%d-%d" % (TAG, len(self.names))
        self.engine.hull("run", "-d", "--name", name, *flags, "busybox", *command)
        self.names.append(name)
        return name

    def end(self):
        for name in self.names:
            self.engine.hull("rm", "-f", name, check=False)
        for name in self.nets:
            self.engine.hull("network", "rm", name, check=False)


@pytest.fixture
def world(engine):
    made = World(engine)
    yield made
    made.end()


class Upstream:
    """A name server of the host, at the address of a network's gateway. Its answers are made by
    a function from question and its number to a list of datagrams."""

    def __init__(self, address, answer):
        self.answer, self.seen, self.ports, self.idents = answer, [], set(), set()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for sock in (self.udp, self.tcp):
            sock.bind((address, 53))
        self.tcp.listen()
        self.threads = [threading.Thread(target=self.serve_udp, daemon=True),
                        threading.Thread(target=self.serve_tcp, daemon=True)]
        for thread in self.threads:
            thread.start()

    def take(self, data, tcp):
        name, _ = dnsclient.read_name(data, 12)
        self.seen.append(name)
        self.idents.add(data[:2])
        return self.answer(name, data, tcp)

    def serve_udp(self):
        while True:
            data, peer = self.udp.recvfrom(4096)
            if not data:
                return
            self.ports.add(peer[1])
            for reply in self.take(data, False):
                self.udp.sendto(reply, peer)

    def serve_tcp(self):
        while True:
            try:
                conn, _ = self.tcp.accept()
            except OSError:
                return
            with conn:
                size = struct.unpack(">H", dnsclient.read_all(conn, 2))[0]
                for reply in self.take(dnsclient.read_all(conn, size), True):
                    conn.sendall(struct.pack(">H", len(reply)) + reply)

    def end(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as knock:
            knock.sendto(b"", self.udp.getsockname())
        self.tcp.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(5)
        self.udp.close()
        self.tcp.close()


def answering(data, *addresses, code=0, ttl=60, flags=0x8180):
    """An answer to the question DATA."""
    end = dnsclient.read_name(data, 12)[1] + 4
    body = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", A, 1, ttl, 4) + socket.inet_aton(address)
                    for address in addresses)
    return (data[:2] + struct.pack(">HHHHH", flags | code, 1, len(addresses), 0, 0) +
            data[12:end] + body)


def plain(name, data, _tcp):
    if "nosuch" in name:
        return [answering(data, code=3)]
    return [answering(data, "192.0.2.7")]


@pytest.fixture
def upstream(engine, world):
    """A network with a name server at its gateway, and a container which asks that."""
    servers = []

    def start(answer=plain, flags=(), servers_first=()):
        second = len(servers)
        gateway = "10.%d.%d.1" % (240 + second, TAG % 250)
        net = world.net("--subnet", "10.%d.%d.0/24" % (240 + second, TAG % 250), *flags)
        dns = [flag for server in (*servers_first, gateway) for flag in ("--dns", server)]
        name = world.run("--network", net, *dns)
        servers.append(Upstream(gateway, answer))
        return name, servers[-1]

    yield start
    for server in servers:
        server.end()


# -- names ----------------------------------------------------------------------------------------


def test_a_container_has_its_names_in_its_networks(engine, world):
    net, other = world.net(), world.net()
    one = world.run("--network", net, "--network-alias", "Web", "--hostname", "hosty")
    two = world.run("--network", net)
    far = world.run("--network", other, "--network-alias", "web")
    address = address_of(engine, one, net)
    ident = json.loads(engine.hull("inspect", one).stdout)[0]["Id"]
    for name in (one, "web", "WEB", one + "." + net, "web." + net, ident[:12], "hosty"):
        assert records(engine, two, name) == [address], name
    backwards = ".".join(reversed(address.split("."))) + ".in-addr.arpa"
    assert records(engine, two, backwards, PTR) == [one + "." + net]
    assert records(engine, two, two) == [address_of(engine, two, net)]
    assert records(engine, far, "web") == [address_of(engine, far, other)]
    assert records(engine, far, one) == []
    # As programs ask: by resolv.conf.
    assert address in engine.hull("exec", two, "nslookup", "web").stdout
    assert engine.hull("exec", two, "ping", "-c1", "-W2", one).returncode == 0
    # None of the host's, none on the default bridge.
    bare = world.run()
    assert engine.hull("exec", bare, "ping", "-c1", "-W1", one, check=False).returncode != 0
    assert "127.0.0.11" not in engine.hull("exec", bare, "cat", "/etc/resolv.conf").stdout


def test_all_containers_of_one_alias_take_turns(engine, world):
    net = world.net()
    names = [world.run("--network", net, "--network-alias", "web") for _ in range(3)]
    first = inside(pid_of(engine, names[0]),
                   "print(json.dumps([ask('web')['records'][0] for _ in range(30)]))")
    addresses = [address_of(engine, name, net) for name in names]
    assert [first.count(address) for address in addresses] == [10, 10, 10]
    assert records(engine, names[1], "web", tcp=True) == sorted(addresses)
    engine.hull("stop", "-t", "0", names[0])
    assert records(engine, names[1], "web") == sorted(addresses[1:])


def test_names_come_and_go_with_their_containers(engine, world):
    net = world.net()
    asker = world.run("--network", net)
    name = world.run("--network", net)
    pid = pid_of(engine, asker)
    for _ in range(3):
        assert records(engine, asker, name) == [address_of(engine, name, net)]
        engine.hull("kill", name)
        engine.hull("wait", name)
        assert inside(pid, "print(json.dumps(ask(%r)['records']))" % name) == []
        engine.hull("start", name)
    engine.hull("rename", name, name + "new")
    world.names.append(name + "new")
    assert records(engine, asker, name) == []
    assert records(engine, asker, name + "new") == [address_of(engine, name + "new", net)]


# All names from one socket, with many questions under way; prints {name: addresses}.
MANY = """
found, waiting = {}, list(%r)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.settimeout(5)
    sock.connect((ADDRESS, 53))
    while waiting:
        some, waiting = waiting[:40], waiting[40:]
        for name in some:
            sock.send(question(name))
        for name in some:
            answer = read_answer(sock.recv(4096))
            found[answer['name']] = answer['records']
print(json.dumps(found))
"""


def test_a_thousand_names_are_known_at_once_and_gone_at_once(engine, world):
    net = world.net("--internal")
    pid = pid_of(engine, world.run("--network", net))
    for turn in range(5):
        names = ["n%d%s" % (number, "x" * (number % 7)) for number in
                 range(turn * 200, turn * 200 + 200)]
        aliases = [word for name in names for word in ("--network-alias", name)]
        short = world.run("--network", net, *aliases)
        address = address_of(engine, short, net)
        assert inside(pid, MANY % names) == {name: [address] for name in names}
        engine.hull("stop", "-t", "0", short)
        assert inside(pid, MANY % names) == {name: [] for name in names}


def test_a_link_is_a_name_for_one_container_alone(engine, world):
    net = world.net()
    one = world.run("--network", net)
    two = world.run("--network", net, "--link", one + ":db")
    assert records(engine, two, "db") == [address_of(engine, one, net)]
    assert records(engine, one, "db") == []


def test_both_families(engine, world, upstream):
    name, server = upstream()
    found = ask(engine, name, name, AAAA)
    assert (found["code"], found["records"]) == (0, [])
    found = ask(engine, name, name, MX)
    assert (found["code"], found["records"]) == (0, [])
    assert server.seen == []
    net = world.net("--ipv6", "--subnet", "fd00:%x::/64" % TAG)
    six = world.run("--network", net)
    address = json.loads(engine.hull("inspect", six).stdout)[0]["NetworkSettings"]["Networks"][
        net]["GlobalIPv6Address"]
    assert records(engine, six, six, AAAA) == [address]
    backwards = ".".join(reversed(
        socket.inet_pton(socket.AF_INET6, address).hex())) + ".ip6.arpa"
    assert records(engine, six, backwards, PTR) == [six + "." + net]


# -- other servers --------------------------------------------------------------------------------


def test_what_is_not_known_is_passed_on_and_kept(engine, upstream):
    name, server = upstream()
    for how in ({}, {"tcp": True}, {"edns": 4096}):
        assert records(engine, name, "some.example", **how) == ["192.0.2.7"]
    assert server.seen.count("some.example") <= 3
    before = len(server.seen)
    assert ask(engine, name, "some.example")["ttl"] <= 60
    assert len(server.seen) == before
    # "No such name" is not kept.
    assert [ask(engine, name, "nosuch.example")["code"] for _ in range(2)] == [3, 3]
    assert server.seen.count("nosuch.example") == 2
    # Number and port are new ones each time.
    inside(pid_of(engine, name),
           "print(json.dumps([ask('nosuch%d' % i)['code'] for i in range(40)]))")
    assert len(server.ports) > 35 and len(server.idents) > 35


def test_forged_answers_do_not_count(engine, upstream):
    def forge(name, data, _tcp):
        other = dnsclient.question("other.example", ident=struct.unpack(">H", data[:2])[0])
        wrong = bytes([data[0] ^ 1]) + data[1:]
        return [answering(wrong, "203.0.113.1"), answering(other, "203.0.113.2"),
                answering(data, "203.0.113.3")[:-3], data, b"", b"x" * 30,
                answering(data, "192.0.2.9")]

    name, _server = upstream(forge)
    assert records(engine, name, "some.example") == ["192.0.2.9"]


def test_a_server_that_fails_does_not_hold_up(engine, upstream):
    # Nobody is at the first address; the second one refuses; the third one answers.
    name, server = upstream(servers_first=["192.0.2.254", "127.0.0.1"])
    start = time.monotonic()
    assert records(engine, name, "some.example") == ["192.0.2.7"]
    assert time.monotonic() - start < 3
    # The one that answered is asked first now.
    assert inside(pid_of(engine, name), """
import time
start = time.monotonic()
for i in range(10):
    assert ask('n%d.example' % i)['records'] == ['192.0.2.7']
print(json.dumps(time.monotonic() - start))""") < 1
    server.answer = lambda _name, data, _tcp: [answering(data, code=2)]
    assert ask(engine, name, "failing.example")["code"] == 2


def test_servers_that_are_dead_are_waited_for_beside_each_other(engine, upstream):
    """Nobody is at three addresses, by UDP or by TCP: what the fourth one says comes soon."""
    name, server = upstream(servers_first=["192.0.2.%d" % i for i in (251, 252, 253)])
    for how in ({"tcp": True}, {}):
        assert inside(pid_of(engine, name), """
import time
start = time.monotonic()
assert ask('some%d.example', **%r)['records'] == ['192.0.2.7']
print(json.dumps(time.monotonic() - start))""" % (len(how), how)) < 3
    # None of them, and one that fails: that is told, and not after the sum of all waits.
    server.answer = lambda _name, data, _tcp: [answering(data, code=2)]
    start = time.monotonic()
    assert ask(engine, name, "none.example", tcp=True)["code"] == 2
    assert time.monotonic() - start < 5.5


LOOP = b"\xc0\x2a\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x63"


@pytest.mark.parametrize("lie", ["loop", "forward", "counts", "cut", "huge", "slow", "question",
                                 "silent"])
def test_an_upstream_that_misbehaves_is_passed_over(engine, upstream, world, lie):
    """The first server lies; the second one is at the next address of the same host."""
    def head(data, answers=1):
        end = dnsclient.read_name(data, 12)[1] + 4
        return data[:2] + struct.pack(">HHHHH", 0x8180, 1, answers, 0, 0) + data[12:end]

    def lies(name, data, tcp):
        if name.startswith("known"):
            return [answering(data, "192.0.2.7")]
        if lie == "slow":
            time.sleep(1)
        whole = answering(data, "203.0.113.9")
        # A name that points to itself, or behind itself; records that are not there; half a record.
        return {"loop": [head(data) + struct.pack(">H", 0xc000 | len(head(data))) + LOOP[2:]],
                "forward": [head(data) + b"\xff\xff" + LOOP[2:]], "counts": [head(data, 65535)],
                "cut": [whole[:-2]], "huge": [whole + b"\0" * 8000] if not tcp else [b"x"],
                "slow": [whole], "question": [whole.replace(b"example", b"exampla")],
                "silent": []}[lie]

    name, _liar = upstream(lies)
    gateway = _liar.udp.getsockname()[0]
    good = gateway[:-1] + "254"
    device = [line.split()[1] for line in sh("ip -o -4 addr").splitlines() if gateway + "/" in line]
    sh("ip addr add %s/32 dev %s" % (good, device[0]))
    second = Upstream(good, plain)
    try:
        box = world.run("--network", world.nets[-1], "--dns", gateway, "--dns", good)
        start = time.monotonic()
        assert records(engine, box, "some.example") == ["192.0.2.7"], lie
        if lie != "slow":  # it is heard by TCP: that wait is the first one's
            assert records(engine, box, "other.example", tcp=True) == ["192.0.2.7"]
        assert time.monotonic() - start < 6
        assert "some.example" in second.seen
        # It is no failure of the container's other questions.
        assert records(engine, box, "known.example") == ["192.0.2.7"]
        assert records(engine, box, box) == [address_of(engine, box, world.nets[-1])]
    finally:
        second.end()


def test_an_answer_too_large_for_udp_comes_by_tcp(engine, upstream):
    def large(_name, data, tcp):
        if not tcp:
            return [answering(data, flags=0x8380)]
        return [answering(data, *("10.9.%d.%d" % (i // 200, i % 200) for i in range(3000)))]

    name, _server = upstream(large)
    assert ask(engine, name, "large.example")["cut"]
    assert len(records(engine, name, "large.example", tcp=True)) == 3000


def test_nothing_leaves_an_internal_network(engine, upstream):
    name, server = upstream(flags=("--internal",))
    assert records(engine, name, name) != []
    for how in ({}, {"tcp": True}):
        assert ask(engine, name, "secret.example", **how)["code"] == 2
        assert ask(engine, name, "1.2.0.192.in-addr.arpa", PTR, **how)["code"] == 2
    assert server.seen == []


# -- the container's own port 53 ------------------------------------------------------------------


def test_a_container_serves_on_port_53_itself(engine, world):
    net = world.net()
    server, client = (world.run("--network", net) for _ in range(2))
    address = address_of(engine, server, net)
    found = inside(pid_of(engine, server), """
import socket, threading
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
    udp.bind(("0.0.0.0", 53))
    tcp.bind(("0.0.0.0", 53))
    tcp.listen()
    def serve():
        data, peer = udp.recvfrom(512)
        udp.sendto(data[:2] + b'\\x81\\x83' + data[4:], peer)
    thread = threading.Thread(target=serve)
    thread.start()
    ours = [ask(%r, tcp=tcp)['records'] for tcp in (False, True)]
    mine = ask('mine.example', server=%r)['code']
    thread.join()
print(json.dumps([ours, mine]))""" % (client, address))
    assert found == [[[address_of(engine, client, net)]] * 2, 3]


# -- resolv.conf and hosts ------------------------------------------------------------------------


def test_resolv_conf_is_as_docker_writes_it(engine, world):
    net = world.net()
    own = world.run("--network", net, "--dns", "192.0.2.1", "--dns", "fd00::1", "--dns-search",
                    "example.com", "--dns-option", "timeout:1")
    lines = engine.hull("exec", own, "cat", "/etc/resolv.conf").stdout.splitlines()
    assert [line for line in lines if line and line[0] != "#"] == [
        "nameserver 127.0.0.11", "search example.com", "options timeout:1 ndots:0"]
    assert "# ExtServers: [192.0.2.1 fd00::1]" in lines
    assert "# Overrides: [nameservers search options]" in lines
    bare = world.run("--dns", "192.0.2.1", "--dns-option", "ndots:2", "--dns-search", ".")
    lines = engine.hull("exec", bare, "cat", "/etc/resolv.conf").stdout.splitlines()
    assert [line for line in lines if line and line[0] != "#"] == [
        "nameserver 192.0.2.1", "options ndots:2"]


def test_what_the_daemon_is_told_counts_for_all():
    own = Engine("--dns", "192.0.2.53", "--dns-search", "corp.example", "--dns-opt", "rotate",
                 bridge="htc%d" % TAG)
    world = World(own)
    try:
        own.load_busybox()
        for flags, first in ((("--network", world.net()), "127.0.0.11"), ((), "192.0.2.53")):
            text = own.hull("exec", world.run(*flags), "cat", "/etc/resolv.conf").stdout
            assert "\nnameserver %s\nsearch corp.example\noptions rotate" % first in text
            assert ("# ExtServers: [192.0.2.53]" in text) == (first == "127.0.0.11")
        world.end()
    finally:
        own.stop()


def test_a_search_domain_is_tried(engine, upstream, world):
    name, server = upstream()
    found = world.run("--network", world.nets[-1], "--dns", server.udp.getsockname()[0],
                      "--dns-search", "corp.example")
    server.answer = lambda name, data, _tcp: [
        answering(data, "192.0.2.8") if name == "intra.corp.example" else answering(data, code=3)]
    assert "192.0.2.8" in engine.hull("exec", found, "ping", "-c1", "-W1", "intra",
                                      check=False).stdout
    assert engine.hull("exec", found, "ping", "-c1", "-W2", name).returncode == 0


def test_host_gateway_is_the_bridge(engine, world):
    name = world.run("--add-host", "host.docker.internal:host-gateway", "--add-host", "six:fd00::9",
                     "--network", world.net())
    gateway = json.loads(engine.hull("network", "inspect", "bridge").stdout)[0]["IPAM"]["Config"][
        0]["Gateway"]
    hosts = engine.hull("exec", name, "cat", "/etc/hosts").stdout
    assert gateway + "\thost.docker.internal\n" in hosts
    assert "fd00::9\tsix\n" in hosts


class Socket(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def create(engine, **body):
    conn = Socket(engine.sock)
    conn.request("POST", "/v1.43/containers/create", json.dumps({"Image": "busybox", **body}),
                 {"Content-Type": "application/json"})
    answer = conn.getresponse()
    text = answer.read().decode()
    conn.close()
    if answer.status == 201:
        engine.hull("rm", "-f", json.loads(text)["Id"])
    return answer.status


def test_no_line_gets_into_the_files_of_a_container(engine, world):
    net = world.net()
    evil = "a\n203.0.113.6 example.com"
    host = {"NetworkMode": net}
    assert create(engine, HostConfig=host) == 201
    for field, values in {"Dns": [evil, "1.2.3.4\nnameserver 6.6.6.6", "1.2.3.4 #", ""],
                          "DnsSearch": [evil, "a b", "a\tb", ""],
                          "DnsOptions": [evil, "a b", ""],
                          "ExtraHosts": [evil, "a:1.2.3.4\nb", "a b:1.2.3.4", "a:1.2.3.4 b", ":1",
                                         "a:host-gateway\n", "a#:1.2.3.4"]}.items():
        for value in values:
            assert create(engine, HostConfig={**host, field: [value]}) == 400, (field, value)
    for value in (evil, "a b", "-a", "", "a\0b", "\u00e9", "x" * 300):
        assert create(engine, Hostname=value, HostConfig=host) == 400 or value == "", value
        for field in ("Aliases", "Links"):
            assert create(engine, HostConfig=host, NetworkingConfig={
                "EndpointsConfig": {net: {field: [value]}}}) == 400, (field, value)
    assert create(engine, Domainname=evil, HostConfig=host) == 400


# -- hostile packets, restarts --------------------------------------------------------------------

HOSTILE = """
import random, socket, struct
random.seed(%d)
def mutations():
    good = question('some.example', edns=4096, ident=1)
    for i in range(100):
        yield bytes(random.randrange(256) for _ in range(random.randrange(80)))
    for i in range(120):
        data = bytearray(good)
        for _ in range(random.randrange(1, 6)):
            data[random.randrange(len(data))] = random.randrange(256)
        yield bytes(data)
    for i in range(len(good)):
        yield good[:i]
    for pointer in (0, 12, 13, 0xfff, 0x3fff):
        yield good[:12] + struct.pack('>H', 0xc000 | pointer) + good[-15:]
    for count in (0, 2, 255, 65535):
        for at in (4, 6, 8, 10):
            yield good[:at] + struct.pack('>H', count) + good[at + 2:]
    for labels in (126, 127, 128, 200):
        yield good[:12] + b'\\1a' * labels + b'\\0' + struct.pack('>HH', 1, 1)
    for opcode in range(1, 16):
        yield good[:2] + struct.pack('>H', opcode << 11) + good[4:]
    for kind in (0, 41, 250, 251, 252, 255, 65535):
        yield question('a', kind)
    yield good + b'x' * 1000
    yield b'x' * 60000
packets = list(mutations())
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    for packet in packets:
        sock.sendto(packet, (ADDRESS, 53))
    sock.setblocking(False)
for i, packet in enumerate(packets[::8]):
    with socket.create_connection((ADDRESS, 53), timeout=5) as sock:
        size = len(packet) + (0, 0, 1, 40000)[i %% 4]
        sock.sendall(struct.pack('>H', min(size, 65535)) + packet[:65535])
        if i %% 3:
            sock.shutdown(socket.SHUT_WR)
            sock.settimeout(5)
            try:
                sock.recv(70000)
            except OSError:
                pass
idle = []
for i in range(40): # more connections than one container has
    sock = socket.socket()
    sock.settimeout(1)
    try:
        sock.connect((ADDRESS, 53))
        idle.append(sock)
    except OSError:
        break
assert ask(%r)['records'] == [%r]
print(json.dumps(len(packets)))
"""


def test_hostile_packets_do_not_stop_the_service(engine, world):
    net = world.net("--internal")
    name = world.run("--network", net)
    address = address_of(engine, name, net)
    count = inside(pid_of(engine, name), HOSTILE % (random.randrange(1 << 30), name, address))
    assert count > 300
    assert records(engine, name, name) == [address]
    assert records(engine, name, name, tcp=True) == [address]
    assert engine.process.poll() is None


def test_a_flood_of_questions_is_bounded(engine, upstream):
    """Questions that nobody answers: names of containers are found all the while."""
    name, server = upstream(lambda _name, _data, _tcp: [])
    found = inside(pid_of(engine, name), """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.settimeout(2)
    refused = 0
    for i in range(1, 501):
        sock.sendto(question('n%%d.example' %% i), (ADDRESS, 53))
        while i %% 50 == 0 and refused < i - 64:
            refused += read_answer(sock.recv(4096))['code'] == 2
    known = ask(%r)['records']
print(json.dumps([refused, known]))""" % name)
    assert found[0] == 436 and len(found[1]) == 1
    deadline = time.monotonic() + 5
    while not server.seen and time.monotonic() < deadline:
        time.sleep(0.02)
    assert 0 < len(set(server.seen)) <= 64


def test_names_are_found_at_once_after_a_restart(own_engine):
    world = World(own_engine)
    net = world.net()
    one, two = (world.run("--network", net, "--dns", "192.0.2.1") for _ in range(2))
    address, pid = address_of(own_engine, one, net), pid_of(own_engine, two)
    for _ in range(2):
        own_engine.kill()
        # What is asked while nobody is there is answered when the next daemon comes.
        waiting = []
        thread = threading.Thread(target=lambda: waiting.append(inside(
            pid, "print(json.dumps(ask(%r)['records']))" % one)))
        thread.start()
        time.sleep(0.4)
        own_engine.start()
        thread.join(10)
        assert waiting == [[address]]
        assert inside(pid, "print(json.dumps(ask(%r)['records']))" % one) == [address]
        assert inside(pid, "print(json.dumps(ask(%r, tcp=True)['records']))" % one) == [address]
    own_engine.hull("kill", one)
    own_engine.hull("wait", one)
    assert inside(pid, "print(json.dumps(ask(%r + '.%s')['records']))" % (one, net)) == []
    world.end()
