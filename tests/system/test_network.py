"""Containers in networks, seen from the host, from themselves, and from a neighbour on the wire."""
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

TAG = os.getpid() % 10000


def sh(command, check=True):
    return subprocess.run(command, shell=True, check=check, capture_output=True, text=True).stdout


def fetch(port, host="127.0.0.1", timeout=3):
    with urllib.request.urlopen("http://%s:%d/" % (host, port), timeout=timeout) as answer:
        return answer.read().decode()


def asking(address, port):
    """A command for a container that fetches a page."""
    return ["sh", "-c", "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 2 %s %d" % (address, port)]


def free_port():
    with socket.socket() as found:
        found.bind(("0.0.0.0", 0))
        return found.getsockname()[1]


def settings(engine, name):
    return json.loads(engine.hull("inspect", name).stdout)[0]["NetworkSettings"]


@pytest.fixture
def web(engine):
    """Starts web servers with the flags given, and removes them."""
    names = []

    def start(*flags):
        name = "web%d-%d" % (TAG, len(names))
        engine.hull("run", "-d", "--name", name, *flags, "busybox", "busybox", "httpd", "-f", "-h",
                    "/www")
        names.append(name)
        engine.await_listener(name)
        return name

    yield start
    for name in names:
        engine.hull("rm", "-f", name, check=False)


class Neighbour:
    """A network namespace that is connected to the host by a wire."""

    count = 0

    def __init__(self):
        # The kernel takes the wire of the one before away in its own time: a new name each.
        Neighbour.count += 1
        tag = "%d%c" % (TAG, ord("a") + Neighbour.count)
        self.name = "hullnb" + tag
        self.host = "198.51.100.1"
        sh("ip netns add %s" % self.name)
        sh("ip link add hnb%s type veth peer name eth0 netns %s" % (tag, self.name))
        sh("ip addr add %s/24 dev hnb%s && ip link set hnb%s up" % (self.host, tag, tag))
        self.run("ip addr add 198.51.100.2/24 dev eth0; ip link set eth0 up; "
                 "ip route add default via %s" % self.host)

    def run(self, command, check=True):
        return sh("ip netns exec %s sh -c '%s'" % (self.name, command), check)

    def reaches(self, address, port):
        return "works" in self.run("curl -s -m 1 http://%s:%d/" % (address, port), check=False)

    def end(self):
        sh("ip link del hnb%s" % self.name[len("hullnb"):], check=False)
        sh("ip netns del %s" % self.name)


@pytest.fixture
def neighbour():
    made = Neighbour()
    yield made
    made.end()


def test_a_published_port_is_reached(engine, web, neighbour):
    port = free_port()
    name = web("-p", "%d:80" % port)
    assert "works" in fetch(port)
    assert neighbour.reaches(neighbour.host, port)
    seen = settings(engine, name)
    assert seen["Ports"] == {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": str(port)}]}
    assert engine.hull("port", name).stdout == "80/tcp -> 0.0.0.0:%d\n" % port
    # From itself and from a sibling, through the host.
    for command in (["exec", name], ["run", "--rm", "busybox"]):
        assert "works" in engine.hull(*command, *asking(seen["Gateway"], port)).stdout


def test_what_is_not_published_is_not_reached(engine, web, neighbour):
    port = free_port()
    name = web("-p", "127.0.0.1:%d:80" % port)
    address = settings(engine, name)["IPAddress"]
    assert "works" in fetch(port)
    assert "works" in fetch(80, address)
    assert not neighbour.reaches(neighbour.host, port)
    neighbour.run("ip route add %s/32 via %s" % (address, neighbour.host))
    assert not neighbour.reaches(address, 80)
    neighbour.run("sysctl -qw net.ipv4.conf.eth0.route_localnet=1; "
                  "ip route add 127.0.0.1/32 via %s src 198.51.100.2" % neighbour.host)
    assert not neighbour.reaches("127.0.0.1", port)


def test_a_taken_port_is_told_as_docker_tells_it(engine, web):
    port = free_port()
    web("-p", "%d:80" % port)
    done = engine.hull("run", "-d", "--name", "taken%d" % TAG, "-p", "%d:80" % port, "busybox",
                       check=False)
    assert done.returncode == 125
    assert ("failed to set up container networking: driver failed programming external "
            "connectivity on endpoint taken%d (" % TAG) in done.stderr
    assert ("Bind for 0.0.0.0:%d failed: port is already allocated" % port) in done.stderr
    engine.hull("rm", "taken%d" % TAG)
    # A program of the host has it.
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))
        other.listen()
        done = engine.hull("run", "--rm", "-p", "%d:80" % other.getsockname()[1], "busybox",
                           check=False)
        assert "port is already allocated" in done.stderr
    # And the host can't take what is published.
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError):
            other.bind(("0.0.0.0", port))
            other.listen()


def test_chosen_ports_and_ranges(engine, web):
    name = web("-P", "--expose", "80")
    port = int(settings(engine, name)["Ports"]["80/tcp"][0]["HostPort"])
    assert "works" in fetch(port)
    first = free_port()
    name = web("-p", "%d-%d:80" % (first, first + 5))
    chosen = int(settings(engine, name)["Ports"]["80/tcp"][0]["HostPort"])
    assert first <= chosen <= first + 5 and "works" in fetch(chosen)


def test_ports_work_while_the_daemon_does_not(own_engine):
    port = free_port()
    own_engine.hull("run", "-d", "--name", "web", "-p", "%d:80" % port, "busybox", "busybox", "httpd",
                    "-f", "-h", "/www")
    own_engine.await_listener("web")
    own_engine.kill()
    assert "works" in fetch(port)
    table = [line.split()[2] for line in sh("nft list tables").splitlines()
             if line.startswith("table inet hull")]
    own_engine.start()
    assert "works" in fetch(port)
    assert settings(own_engine, "web")["Ports"]["80/tcp"][0]["HostPort"] == str(port)
    done = own_engine.hull("run", "--rm", "-p", "%d:80" % port, "busybox", check=False)
    assert "port is already allocated" in done.stderr
    # Somebody flushes the rules: they come back.
    assert table
    for name in table:
        if own_engine.bridge in sh("nft list table inet %s" % name):
            sh("nft delete table inet %s" % name)
    deadline = time.monotonic() + 5
    while True:
        try:
            assert "works" in fetch(port, timeout=1)
            break
        except (urllib.error.URLError, OSError):
            assert time.monotonic() < deadline


def table_of(engine):
    """The engine's own table, found by its bridge."""
    names = [line.split()[2] for line in sh("nft list tables inet").splitlines()]
    return next(name for name in names if name.startswith("hull") and '"%s"' % engine.bridge in
                sh("nft list table inet %s" % name, check=False))


def test_the_source_address_is_the_true_one(engine, neighbour):
    port = free_port()
    name = "source%d" % TAG
    engine.hull("run", "-d", "--name", name, "-p", "%d:80" % port, "busybox", "busybox", "httpd",
                "-f", "-vv", "-h", "/www")
    try:
        engine.await_listener(name)
        assert neighbour.reaches(neighbour.host, port)
        engine.hull("stop", "-t", "0", name)  # all it wrote is in its log now
        logs = engine.hull("logs", name)
        assert "198.51.100.2" in logs.stdout + logs.stderr
    finally:
        engine.hull("rm", "-f", name, check=False)


def test_what_the_administrator_drops_stays_dropped(own_engine, neighbour):
    port = free_port()
    own_engine.hull("run", "-d", "--name", "web", "-p", "%d:80" % port, "busybox", "busybox",
                    "httpd", "-f", "-h", "/www")
    own_engine.await_listener("web")
    assert neighbour.reaches(neighbour.host, port)
    table = table_of(own_engine)
    sh("nft add rule inet %s admin ip saddr 198.51.100.2 drop" % table)
    assert not neighbour.reaches(neighbour.host, port)
    assert "works" in fetch(port)
    # The daemon writes its table anew when it starts: the rule is not its to remove.
    own_engine.kill()
    own_engine.start()
    assert "198.51.100.2 drop" in sh("nft list chain inet %s admin" % table)
    assert not neighbour.reaches(neighbour.host, port)
    sh("nft flush chain inet %s admin" % table)
    assert neighbour.reaches(neighbour.host, port)


def test_nothing_is_left(own_engine):
    def rules():
        return [name for name in sh("nft list tables").split()
                if name.startswith("hull") and own_engine.bridge in
                sh("nft list table inet " + name, check=False)]

    own_engine.hull("run", "--rm", "-p", "%d:80" % free_port(), "busybox", "true")
    assert rules()
    assert own_engine.bridge in os.listdir("/sys/class/net")
    own_engine.process.terminate()
    own_engine.process.wait(30)
    assert not rules()
    assert own_engine.bridge not in os.listdir("/sys/class/net")
    own_engine.start()


def test_the_namespace_of_a_container_has_a_path(engine, web):
    settings = json.loads(engine.hull("inspect", web()).stdout)[0]["NetworkSettings"]
    links = subprocess.run(["nsenter", "--net=" + settings["SandboxKey"], "ip", "-o", "addr"],
                           capture_output=True, text=True, check=True, timeout=20).stdout
    assert settings["Networks"]["bridge"]["IPAddress"] + "/" in links
    engine.hull("create", "--name", "keyless", "busybox")
    settings = json.loads(engine.hull("inspect", "keyless").stdout)[0]["NetworkSettings"]
    engine.hull("rm", "keyless")
    assert settings["SandboxKey"] == ""


def test_inside(engine):
    done = engine.hull("run", "--rm", "busybox", "sh", "-c", "ip addr; ip route").stdout
    assert "inet6 fe80" not in done
    assert "default via" in done and "eth0" in done
    done = engine.hull("run", "--rm", "--network", "none", "busybox", "ip", "addr").stdout
    assert "127.0.0.1" in done and "eth0" not in done
    done = engine.hull("run", "--rm", "--network", "host", "busybox", "ip", "addr").stdout
    assert engine.bridge in done
    done = engine.hull("run", "--rm", "--network", "nope", "busybox", check=False)
    assert "network nope not found" in done.stderr


def test_networks_are_apart(engine, web):
    one, two = "one%d" % TAG, "two%d" % TAG
    engine.hull("network", "create", one)
    engine.hull("network", "create", "--internal", two)
    try:
        assert one in engine.hull("network", "ls").stdout
        address = settings(engine, web())["IPAddress"]
        assert "works" in engine.hull("run", "--rm", "busybox", *asking(address, 80)).stdout
        for network in (one, two):
            done = engine.hull("run", "--rm", "--network", network, "busybox",
                               *asking(address, 80), check=False)
            assert "works" not in done.stdout
        done = engine.hull("network", "rm", "bridge", check=False)
        assert "bridge is a pre-defined network and cannot be removed" in done.stderr
    finally:
        engine.hull("network", "rm", one, two)
    assert one not in engine.hull("network", "ls").stdout


def test_the_default_bridge_has_room_for_thousands(engine):
    engine.hull("network", "create", "room")
    try:
        sizes = [engine.hull("network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}",
                             name).stdout.strip().split("/")[1] for name in ("bridge", "room")]
    finally:
        engine.hull("network", "rm", "room")
    assert sizes == ["20", "24"]
