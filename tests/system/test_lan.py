"""Neighbours and containers that cheat, and other programs' rules on the same host."""
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

import pytest

from lan import (BEHIND, BEHIND6, HOST, HOST6, HostEngine, NEAR, NEAR6, Namespace, SERVE, Server,
                 served, until)


@pytest.fixture(scope="module")
def lan(tmp_path_factory):
    yield from served(tmp_path_factory.mktemp("near"))


@pytest.fixture(scope="module")
def engine(lan):
    made = HostEngine(lan.host)
    made.load_busybox()
    made.hull("network", "create", "--ipv6", "--subnet", "10.70.1.0/24", "--subnet",
              "fd00:70:1::/64", "front")
    made.web("web", "--network", "front", "-p", "8080:80", "-p", "127.0.0.1:8081:80", "-p",
             "5353:5353/udp")
    made.hull("run", "-d", "--name", "liar", "--cap-add", "NET_ADMIN", "--network", "front",
              "busybox", "sleep", "600")
    until(lambda: lan.near.reaches(HOST, 8080))
    yield made
    made.clear()
    made.stop()
    assert "hull" not in lan.host.run("nft list tables")


SEND = """
import socket, sys
source, target, port = sys.argv[1:]
six = ":" in source
with socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM) as out:
    # IPV6_TRANSPARENT, IP_TRANSPARENT: an address that is nobody's here.
    out.setsockopt(*((socket.IPPROTO_IPV6, 75, 1) if six else (socket.IPPROTO_IP, 19, 1)))
    out.bind((source, 0))
    out.sendto(b"x", (target, int(port)))
"""


def send(netns, source, target, port):
    """A datagram from SOURCE, which the namespace need not have."""
    subprocess.run(["nsenter", "--net=" + netns, sys.executable, "-c", SEND, source, target,
                    str(port)], check=True, timeout=20)


@pytest.fixture
def forwarded(lan):
    """Counts datagrams that the host forwards."""
    lan.host.run("nft add table inet probe; nft add chain inet probe f \"{ type filter hook "
                 "forward priority 200; }\"; nft add rule inet probe f udp dport { 53, 5353 } "
                 "counter")
    yield lambda: int(re.search(r"packets (\d+)",
                                lan.host.run("nft list table inet probe")).group(1))
    lan.host.run("nft delete table inet probe")


@pytest.mark.parametrize("honest, forged, target", [
    (NEAR, "10.70.1.200", HOST), ("2001:db8:1::2", "fd00:70:1::200", HOST6)])
def test_a_neighbour_with_the_address_of_a_container(lan, engine, forwarded, honest, forged,
                                                     target):
    send("/run/netns/" + lan.near.name, honest, target, 5353)
    until(lambda: forwarded() == 1)
    send("/run/netns/" + lan.near.name, forged, target, 5353)
    send("/run/netns/" + lan.near.name, honest, target, 5353)  # has come: so would the other
    until(lambda: forwarded() >= 2)
    assert forwarded() == 2


@pytest.mark.parametrize("family, forged, target", [
    ("-4", "198.51.100.3", NEAR), ("-4", "10.201.0.9", NEAR),
    ("-6", "2001:db8:1::3", "2001:db8:1::2")])
def test_a_container_with_the_address_of_somebody_else(lan, engine, forwarded, family, forged,
                                                       target):
    pid = engine.hull("inspect", "-f", "{{.State.Pid}}", "liar").stdout.strip()

    def datagram(source):
        send("/proc/%s/ns/net" % pid, source, target, 53)

    own = engine.address("liar", "front") if family == "-4" else engine.address6("liar", "front")
    datagram(own)
    until(lambda: forwarded() == 1)
    datagram(forged)
    datagram(own)
    until(lambda: forwarded() >= 2)
    assert forwarded() == 2


def test_ports_on_loopback_are_for_the_host_alone(lan, engine):
    assert lan.host.reaches("127.0.0.1", 8081)
    assert not lan.near.reaches(HOST, 8081)
    lan.near.run("sysctl -qw net.ipv4.conf.eth0.route_localnet=1; ip addr del 127.0.0.1/8 dev lo; "
                 "ip route add 127.0.0.1/32 via %s src %s" % (HOST, NEAR))
    try:
        assert not lan.near.reaches("127.0.0.1", 8081) and not lan.near.reaches("127.0.0.1", 8080)
    finally:
        lan.near.run("ip route del 127.0.0.1/32 via %s; ip addr add 127.0.0.1/8 dev lo" % HOST)
    # Nor does a container get at the host's own loopback.
    server = Server(lan.host, engine.root, 8090)
    try:
        until(lambda: lan.host.reaches("127.0.0.1", 8090))
        engine.hull("exec", "liar", "ip", "route", "add", "127.0.0.9/32", "via", "10.70.1.1",
                    check=False)
        assert engine.asks("liar", "127.0.0.9", 8090, seconds=1) is None
        assert engine.asks("liar", "127.0.0.9", 8081, seconds=1) is None
    finally:
        server.end()


BRIDGED6 = "bridge/bridge-nf-call-ip6tables"


@pytest.fixture
def bridged6(lan):
    """Sets whether frames within a bridge are shown to the packet filter."""
    if "no" in lan.host.run("[ -e /proc/sys/net/%s ] || echo no" % BRIDGED6):
        yield lambda value: value == 0
        return
    before = lan.host.read(BRIDGED6)
    yield lambda value: lan.host.write(BRIDGED6, value) or True
    lan.host.write(BRIDGED6, before)


# An IPv6 datagram in a frame made by hand: to what Linux itself would never send there.
FRAME = """
import socket, struct, sys
interface, mac, source, target, port = sys.argv[1:]
ends = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, target)
def datagram(check):
    return struct.pack("!HHHH", 4000, int(port), 10, check) + b"xx"
summed = ends + struct.pack("!II", 10, 17) + datagram(0)
total = sum(struct.unpack("!%dH" % (len(summed) // 2), summed))
while total >> 16:
    total = (total & 0xffff) + (total >> 16)
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
    out.bind((interface, 0))
    out.send(bytes.fromhex(mac.replace(":", "")) + out.getsockname()[4] + b"\\x86\\xdd" +
             struct.pack("!IHBB", 6 << 28, 10, 17, 64) + ends + datagram(~total & 0xffff))
"""


def frame(netns, mac, source, target, port):
    subprocess.run(["nsenter", "--net=" + netns, sys.executable, "-c", FRAME, "eth0", mac, source,
                    target, str(port)], check=True, timeout=20)


def test_ports_on_the_loopback_of_ipv6(lan, engine, forwarded, bridged6):
    def start(name, *flags):
        return engine.hull("run", "-d", "--name", name, "--network", "front", *flags, "busybox",
                           "sh", "-c", SERVE % 80, check=False)

    def said(target):
        return json.loads(engine.hull("network", "explain", "--format", "json", "host",
                                      target).stdout)["Verdict"]

    try:
        assert bridged6(0)
        assert start("six1", "-p", "[::1]:8083:80", "-p", "[::1]:5354:5353/udp").returncode == 0
        until(lambda: lan.host.reaches("::1", 8083))
        # As from the bridge's address; ports on all addresses are reached by it, too.
        assert lan.host.peer("::1", 8083) == "fd00:70:1::1" and lan.host.reaches("::1", 8080)
        assert (said("[::1]:8083"), said("[::1]:8080")) == ("passes", "passes")
        # What listens on the host itself answers itself.
        server = Server(lan.host, engine.root, 8092)
        try:
            until(lambda: lan.host.peer("::1", 8092) == "::1")
        finally:
            server.end()
        # For the host alone, whatever neighbours and containers send.
        assert not lan.near.reaches(HOST6, 8083) and not lan.host.reaches(HOST6, 8083)
        bridge = engine.hull("network", "inspect", "-f", "hull-{{slice .Id 0 10}}",
                             "front").stdout.strip()
        container = "/proc/%s/ns/net" % engine.hull("inspect", "-f", "{{.State.Pid}}",
                                                    "liar").stdout.strip()
        for netns, side, source in (
                ("/run/netns/" + lan.near.name, "eth0", NEAR6),
                (container, bridge, engine.address6("liar", "front"))):
            before = forwarded()
            mac = re.search("link/ether (.{17})", lan.host.run("ip link show " + side)).group(1)
            frame(netns, mac, source, "::1", 5354)
            frame(netns, mac, source, "::1", 5353)
            frame(netns, mac, source, HOST6, 5353)  # the published one: it has come
            until(lambda: forwarded() > before)
            assert forwarded() == before + 1
        # Where the kernel has no way back, that is said, and clients go on to 127.0.0.1 at once.
        if bridged6(1):
            failed = start("six2", "-p", "[::1]:8084:80")
            assert failed.returncode == 125 and \
                "can't publish port 80/tcp on ::1: while net.bridge.bridge-nf-call-ip6tables is " \
                "on" in failed.stderr
            assert (said("[::1]:8083"), said("[::1]:8080")) == ("host", "host")
            engine.hull("rm", "-f", "six1")  # the table is written anew
            assert "curl: (7)" in lan.host.run("curl -gsS -m 2 http://[::1]:8080/ 2>&1", False)
            assert lan.host.reaches("localhost", 8080)
    finally:
        engine.hull("rm", "-f", "six1", "six2", check=False)


RAW = """
import socket, sys
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
    out.bind(("eth0", 0))
    for frame in sys.argv[1:]:
        out.send(bytes.fromhex(frame))
"""


def octets(mac):
    return bytes.fromhex(mac.replace(":", ""))


def arp_reply(mac, claimed, to_mac, to):
    """CLAIMED is at MAC, says MAC to TO."""
    return octets(to_mac) + octets(mac) + struct.pack("!HHHBBH", 0x806, 1, 0x800, 6, 4, 2) + \
        octets(mac) + socket.inet_aton(claimed) + octets(to_mac) + socket.inet_aton(to)


def checksum(data, more=0):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data)) + more
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return struct.pack("!H", ~total & 0xffff)


def advertisement(mac, claimed, to_mac, to):
    """The same by neighbour discovery, override and all."""
    ends = b"".join(socket.inet_pton(socket.AF_INET6, one) for one in (claimed, to))
    body = struct.pack("!BBHI", 136, 0, 0, 0x60000000) + ends[:16] + b"\2\1" + octets(mac)
    body = body[:2] + checksum(ends + body, len(body) + 58) + body[4:]
    return octets(to_mac) + octets(mac) + struct.pack("!HIHBB", 0x86dd, 6 << 28, len(body), 58,
                                                      255) + ends + body


def test_no_container_takes_the_place_of_another_one(lan, engine):
    """Towards the host and what is behind it: whatever is said by ARP, neighbour discovery and the
    source of frames."""
    pid = engine.hull("inspect", "-f", "{{.State.Pid}}", "liar").stdout.strip()
    bridge = engine.hull("network", "inspect", "-f", "hull-{{slice .Id 0 10}}",
                         "front").stdout.strip()

    def endpoint(name):
        return json.loads(engine.hull("inspect", name).stdout)[0]["NetworkSettings"]["Networks"][
            "front"]

    def say(*frames):
        subprocess.run(["nsenter", "--net=/proc/%s/ns/net" % pid, sys.executable, "-c", RAW,
                        *(frame.hex() for frame in frames)], check=True, timeout=20)

    host_mac = re.search("link/ether (.{17})", lan.host.run("ip link show " + bridge)).group(1)
    web, liar = endpoint("web"), endpoint("liar")
    assert lan.near.peer(HOST, 8080) == NEAR and lan.near.peer(HOST6, 8080) == NEAR6
    assert engine.asks("web", NEAR) == HOST and engine.asks("web", NEAR6) == HOST6
    # "I have web's address", to the host; "I have the host's address", to web.
    say(arp_reply(liar["MacAddress"], web["IPAddress"], host_mac, "10.70.1.1"),
        advertisement(liar["MacAddress"], web["GlobalIPv6Address"], host_mac, "fd00:70:1::1"),
        arp_reply(liar["MacAddress"], "10.70.1.1", web["MacAddress"], web["IPAddress"]),
        advertisement(liar["MacAddress"], "fd00:70:1::1", web["MacAddress"],
                      web["GlobalIPv6Address"]))
    assert lan.near.peer(HOST, 8080) == NEAR and lan.near.peer(HOST6, 8080) == NEAR6
    assert engine.asks("web", NEAR) == HOST and engine.asks("web", NEAR6) == HOST6
    # "I am web", to the bridge.
    say(arp_reply(web["MacAddress"], "10.70.1.250", host_mac, "10.70.1.1"))
    assert lan.near.peer(HOST, 8080) == NEAR and lan.near.peer(HOST6, 8080) == NEAR6
    # All of it goes with the container.
    engine.hull("run", "--rm", "--network", "front", "--ip", "10.70.1.77", "--ip6",
                "fd00:70:1::77", "busybox", "true")
    known = "ip neigh show dev %s; bridge fdb show br %s" % (bridge, bridge)
    left = lan.host.run(known)
    assert web["IPAddress"] in left and web["MacAddress"] in left
    assert "10.70.1.77" not in left and "::77" not in left
    until(lambda: "02:42:0a:46:01:4d" not in lan.host.run(known))  # with its interface


HEAR = """
import socket
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as heard:
    heard.bind(("eth0", 3))
    print("ready", flush=True)
    frame = b""
    while frame[12:14] != b"\\x88\\xb5":
        frame = heard.recv(65536)
        print(frame.hex(), flush=True)
"""


class Within:
    """The network namespace of a container, from outside."""

    def __init__(self, engine, name):
        shown = json.loads(engine.hull("inspect", name).stdout)[0]
        endpoint = shown["NetworkSettings"]["Networks"]["front"]
        self.netns = "/proc/%d/ns/net" % shown["State"]["Pid"]
        self.mac = endpoint["MacAddress"]
        self.ip, self.ip6 = endpoint["IPAddress"], endpoint["GlobalIPv6Address"]

    def python(self, program, *args, **options):
        return subprocess.Popen(["nsenter", "--net=" + self.netns, sys.executable, "-c", program,
                                 *args], stdout=subprocess.PIPE, text=True, **options)


def arrived(sender, receiver, frames):
    """Those of FRAMES that get from one container to the other one."""
    last = octets(receiver.mac) + octets(sender.mac) + b"\x88\xb5"
    with receiver.python(HEAR) as ear:
        try:
            assert ear.stdout.readline() == "ready\n"
            with sender.python(RAW, *(frame.hex() for frame in [*frames.values(), last])) as mouth:
                assert mouth.wait(timeout=20) == 0
            heard = ear.communicate(timeout=20)[0].split()
        finally:
            ear.kill()
    return {name for name, frame in frames.items()
            if any(one.endswith(frame[18 if frame[12] == 0x81 else 14:].hex()) for one in heard)}


def service(mac, to_mac, source, target, protocol, head):
    """What only a router or a DHCP server says: HEAD and what is left of 64 bytes."""
    body = head + bytes(64 - len(head))
    if "." in source:
        ends = socket.inet_aton(source) + socket.inet_aton(target)
        head = struct.pack("!BBHHHBBH", 0x45, 0, 84, 0, 0, 64, protocol, 0) + ends
        return octets(to_mac) + octets(mac) + b"\x08\0" + head[:10] + checksum(head) + ends + body
    ends = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, target)
    return octets(to_mac) + octets(mac) + struct.pack("!HIHBB", 0x86dd, 6 << 28, 64, protocol,
                                                      255) + ends + body


def retyped(frame, mac, code):
    """An advertisement as a solicitation, or an ARP reply of another kind of hardware."""
    at = 14 if frame[12:14] == b"\x08\x06" else 54
    return frame[:6] + octets(mac) + frame[12:at] + code + frame[at + len(code):]


def tagged(frame, times):
    """With priority tags, which a receiver takes off."""
    return frame[:12] + b"\x81\0\0\0" * times + frame[12:]


def test_no_container_claims_what_another_one_has(lan, engine):
    """From container to container: by frames of the container's own making."""
    for name in ("mate", "sneak"):
        engine.hull("run", "-d", "--name", name, "--network", "front", "busybox", "sleep", "600")
    web, mate, sneak, liar = (Within(engine, name) for name in ("web", "mate", "sneak", "liar"))
    table = engine.table()

    def claims(who, ip, ip6):
        arp = arp_reply(who.mac, ip, mate.mac, mate.ip)
        said = advertisement(who.mac, ip6, mate.mac, mate.ip6)
        return {"arp": arp, "wire": retyped(arp, who.mac, b"\0\6"), "tagged": tagged(arp, 1),
                "advertised": said, "asked": retyped(advertisement(
                    who.mac, mate.ip6, mate.mac, mate.ip6).replace(
                        socket.inet_pton(socket.AF_INET6, mate.ip6),
                        socket.inet_pton(socket.AF_INET6, ip6), 1), who.mac, b"\x87")}

    def services(who):
        return {"router": service(who.mac, mate.mac, "fe80::1", "ff02::1", 58, b"\x86\0"),
                "redirect6": service(who.mac, mate.mac, "fe80::1", mate.ip6, 58, b"\x89\0"),
                "redirect": service(who.mac, mate.mac, who.ip, mate.ip, 1, b"\5\1"),
                "dhcp": service(who.mac, mate.mac, who.ip, mate.ip, 17, b"\0\x43\0\x44\0\x40"),
                "dhcp6": service(who.mac, mate.mac, who.ip6, mate.ip6, 17,
                                 b"\2\x23\2\x22\0\x40"),
                "twice": tagged(arp_reply(who.mac, web.ip, mate.mac, mate.ip), 2)}

    def check():
        for who in (sneak, liar):  # without and with CAP_NET_ADMIN
            own = claims(who, who.ip, who.ip6)
            assert arrived(who, mate, own) == set(own)
            free = claims(who, "10.70.1.199", "fd00:70:1::199")
            assert arrived(who, mate, free) == set(free)
            assert arrived(who, mate, claims(who, web.ip, web.ip6)) == set()
            assert arrived(who, mate, claims(who, "10.70.1.1", "fd00:70:1::1")) == set()
        assert arrived(sneak, mate, services(sneak)) == set()
        assert arrived(liar, mate, services(liar)) == set(services(liar))

    try:
        check()
        # What is not forged is not touched: an address of somebody who is gone is free.
        lan.host.run("nft delete table bridge " + table)
        until(lambda: "frames" in lan.host.run("nft list tables; nft list chain bridge %s frames"
                                               % table, False))
        check()
        engine.kill()
        engine.start()
        check()
        peer = engine.hull("exec", "sneak", "cat", "/sys/class/net/eth0/iflink").stdout.strip()
        port = re.search("(?m)^%s: (veth[0-9a-f]+)@" % peer, lan.host.run("ip -o link")).group(1)
        assert port in lan.host.run("nft list table bridge " + table)
        engine.hull("rm", "-f", "sneak")
        assert port not in lan.host.run("nft list table bridge " + table)
        free = claims(liar, sneak.ip, sneak.ip6)
        assert arrived(liar, mate, free) == set(free)
    finally:
        engine.hull("rm", "-f", "mate", "sneak", check=False)


def test_a_container_may_change_its_mac(lan, engine):
    """With CAP_NET_ADMIN, as with docker: the host follows."""
    mac = "02:0a:0b:0c:0d:0e"
    engine.web("mover", "--cap-add", "NET_ADMIN", "--network", "front", "-p", "8090:80")
    try:
        assert lan.near.peer(HOST, 8090) == NEAR
        engine.hull("exec", "mover", "sh", "-c",
                    "ip link set eth0 address %s && ping -c 1 -W 5 10.70.1.1" % mac)
        until(lambda: lan.near.peer(HOST, 8090) == NEAR)
        assert mac in lan.host.run("ip neigh show to " + engine.address("mover", "front"))
    finally:
        engine.hull("rm", "-f", "mover", check=False)


def test_a_network_without_ipv4(lan, engine):
    answer = engine.hull("network", "create", "--ipv4=false", "six", check=False)
    assert answer.returncode == 1 and "IPv4 or IPv6 must be enabled" in answer.stderr
    answer = engine.hull("network", "create", "--ipv4=false", "--ipv6", "--subnet", "10.70.6.0/24",
                         "six", check=False)
    assert answer.returncode == 1 and "10.70.6.0/24: IPv4 has not been enabled" in answer.stderr
    engine.hull("network", "create", "--ipv4=false", "--ipv6", "--subnet", "fd00:70:6::/64", "six")
    try:
        shown = json.loads(engine.hull("network", "inspect", "six").stdout)[0]
        assert (shown["EnableIPv4"], shown["EnableIPv6"]) == (False, True)
        assert [one["Subnet"] for one in shown["IPAM"]["Config"]] == ["fd00:70:6::/64"]
        engine.web("alone", "--network", "six", "-p", "8086:80")
        shown = json.loads(engine.hull("inspect", "alone").stdout)[0]["NetworkSettings"]
        assert shown["Ports"] == {"80/tcp": [{"HostIp": "::", "HostPort": "8086"}]}
        assert shown["Networks"]["six"]["IPAddress"] == ""
        inside = engine.hull("exec", "alone", "ip", "-4", "addr", "show", "eth0").stdout
        assert "inet " not in inside
        until(lambda: lan.near.peer(HOST6, 8086) == NEAR6)
        assert not lan.near.reaches(HOST, 8086)
        assert engine.asks("alone", NEAR6) == HOST6
        # By name, from one that is in a network of each kind: each gives it its own default route.
        engine.hull("network", "create", "--subnet", "10.70.7.0/24", "f")
        engine.hull("create", "--name", "both", "--network", "f", "busybox", "sleep", "600")
        engine.hull("network", "connect", "six", "both")
        engine.hull("start", "both")
        until(lambda: engine.asks("both", "alone") == engine.address6("both", "six"))
        assert engine.asks("both", NEAR) == HOST and engine.asks("both", NEAR6) == HOST6
        engine.hull("network", "disconnect", "six", "both")
        assert engine.asks("both", NEAR) == HOST and engine.asks("both", NEAR6, seconds=1) is None
        engine.hull("network", "connect", "--ip6", "fd00:70:6::42", "six", "both")
        assert engine.address6("both", "six") == "fd00:70:6::42"
        until(lambda: engine.asks("both", NEAR6) == HOST6)
        answer = engine.hull("network", "connect", "--ip", "10.70.6.9", "six", "web", check=False)
        assert answer.returncode == 1, answer
        assert "no configured subnet contains IP address 10.70.6.9" in answer.stderr
    finally:
        engine.hull("rm", "-f", "alone", "both", check=False)
        engine.hull("network", "rm", "f", check=False)
        assert engine.hull("network", "rm", "six").stdout == "six\n"


def test_ipv6_where_the_gateway_has_none(lan, engine):
    """The default route and the ports of IPv6 go by another network than those of IPv4."""
    engine.hull("network", "create", "--subnet", "10.70.8.0/24", "four")
    engine.hull("network", "create", "--ipv6", "--subnet", "10.70.9.0/24", "--subnet",
                "fd00:70:9::/64", "--label", "mixed", "both")

    def seen(*gateways):
        routes = engine.hull("exec", "mixed", "sh", "-c", "ip route; ip -6 route").stdout
        assert ["via %s " % gateway in routes for gateway in gateways] == [True] * len(gateways)
        assert routes.count("default") == len(gateways), routes
        ports = engine.hull("inspect", "-f", "{{json .NetworkSettings.Ports}}", "mixed").stdout
        assert ('"::"' in ports) == (len(gateways) == 2), ports

    try:
        engine.web("mixed", "--network", "name=four,gw-priority=1", "--network", "both", "-p",
                   "8087:80")
        for _ in range(2):
            seen("10.70.8.1", "fd00:70:9::1")
            until(lambda: lan.near.peer(HOST6, 8087) == NEAR6)
            until(lambda: lan.near.peer(HOST, 8087) == NEAR)
            engine.hull("network", "disconnect", "both", "mixed")
            seen("10.70.8.1")
            until(lambda: lan.near.peer(HOST, 8087) == NEAR)
            assert not lan.near.reaches(HOST6, 8087)
            engine.hull("network", "connect", "both", "mixed")
        seen("10.70.8.1", "fd00:70:9::1")
        engine.hull("network", "disconnect", "four", "mixed")
        seen("10.70.9.1", "fd00:70:9::1")
        engine.hull("network", "connect", "--gw-priority", "1", "four", "mixed")
        seen("10.70.8.1", "fd00:70:9::1")
    finally:
        engine.hull("rm", "-f", "mixed", check=False)
        engine.hull("network", "rm", "four", "both")


def test_ipv6_on_the_default_bridge(lan):
    made = HostEngine(lan.behind, "--ipv6", "--bip6", "fd00:70:8::7/64", "--fixed-cidr-v6",
                      "fd00:70:8::100/120")
    try:
        made.load_busybox()
        shown = json.loads(made.hull("network", "inspect", "bridge").stdout)[0]
        assert shown["EnableIPv4"] and shown["EnableIPv6"]
        assert shown["IPAM"]["Config"][1] == {"Subnet": "fd00:70:8::/64", "Gateway": "fd00:70:8::7",
                                              "IPRange": "fd00:70:8::100/120"}
        made.web("web", "-p", "8080:80")
        until(lambda: lan.host.peer(BEHIND6, 8080) == "2001:db8:2::1")
        shown = json.loads(made.hull("inspect", "web").stdout)[0]["NetworkSettings"]
        assert shown["GlobalIPv6Address"].startswith("fd00:70:8::1")
        assert shown["IPv6Gateway"] == "fd00:70:8::7" and shown["IPAddress"]
        server = Server(lan.host, made.root, 8095)
        try:
            until(lambda: made.asks("web", "2001:db8:2::1", 8095) == BEHIND6)
        finally:
            server.end()
        # Without: the same network goes back to IPv4 alone.
        made.kill()
        made.flags = ()
        made.start()
        shown = json.loads(made.hull("network", "inspect", "bridge").stdout)[0]
        assert not shown["EnableIPv6"] and len(shown["IPAM"]["Config"]) == 1
        made.hull("restart", "-t", "0", "web")
        until(lambda: lan.host.peer(BEHIND, 8080) == "203.0.113.1")
        shown = json.loads(made.hull("inspect", "web").stdout)[0]["NetworkSettings"]
        assert shown["GlobalIPv6Address"] == ""
    finally:
        made.clear()
        made.stop()


# --- other programs' rules ----------------------------------------------------------------------

def test_a_flush_is_mended_in_one_transaction(lan, engine):
    table = engine.table()
    watch = subprocess.Popen(["nsenter", "--net=/run/netns/" + lan.host.name, "nft", "monitor"],
                             stdout=subprocess.PIPE, text=True)
    try:
        time.sleep(0.2)  # there is nothing that says that it watches
        began = time.monotonic()
        lan.host.run("nft flush ruleset")
        until(lambda: engine.table() and "drop" in lan.host.run("nft list chain inet %s inward"
                                                                % engine.table(), False))
        took = time.monotonic() - began
        assert lan.near.peer(HOST, 8080) == NEAR
        assert not lan.near.reaches(engine.address("web", "front"))
    finally:
        watch.send_signal(signal.SIGINT)
        changes = watch.communicate(timeout=10)[0]
    assert took < 1
    # What each generation of the rules has added, from "new generation" to "new generation".
    generations = [part for part in re.split(r"# new generation .*\n", changes)
                   if "add table inet %s" % table in part]
    assert len(generations) == 1
    assert "add chain inet %s forward" % table in generations[0]
    assert "add rule inet %s inward drop" % table in generations[0]
    assert "8080" in generations[0]


UFW = """*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw-user-forward - [0:0]
-A FORWARD -j ufw-user-forward
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
COMMIT
"""
FIREWALLD = """table inet firewalld { }
delete table inet firewalld
table inet firewalld {
    chain filter_FORWARD {
        type filter hook forward priority filter + 10; policy accept;
        ct state { established, related } accept
        ct status dnat accept
    }
}
"""


def test_restarts_of_a_firewall(lan, engine, tmp_path):
    """firewalld replaces its own table; ufw writes iptables anew, with a policy of drop."""
    table = engine.table()
    before = lan.host.run("nft -s list table inet " + table)
    (tmp_path / "firewalld").write_text(FIREWALLD)
    (tmp_path / "ufw").write_text(UFW)
    for _ in range(3):
        lan.host.run("nft -f %s/firewalld" % tmp_path)
        lan.host.run("iptables -F && iptables -X && iptables -P FORWARD ACCEPT")
        assert lan.near.peer(HOST, 8080) == NEAR
    try:
        # The host's firewall decides first: what it drops is dropped, and explain says who.
        lan.host.run("iptables-restore < %s/ufw" % tmp_path)
        assert not lan.near.reaches(HOST, 8080)
        said = engine.hull("network", "explain", "host:8080").stdout
        assert "chain FORWARD of table ip filter drops what its own rules do not accept" in said
        # ufw route allow …
        lan.host.run("iptables -A ufw-user-forward -o %s -j ACCEPT"
                     % engine.hull("network", "inspect", "-f", "hull-{{slice .Id 0 10}}",
                                   "front").stdout.strip())
        assert lan.near.peer(HOST, 8080) == NEAR
    finally:
        lan.host.run("iptables -P FORWARD ACCEPT; iptables -P INPUT ACCEPT; iptables -F; "
                     "iptables -X; nft delete table inet firewalld")
    assert lan.host.run("nft -s list table inet " + table) == before


@pytest.fixture
def dockerd(lan, tmp_path):
    """Docker's daemon on the same host, with all its rules."""
    if shutil.which("dockerd") is None:
        pytest.skip("dockerd is not installed")
    bridge = "dck%d" % (os.getpid() % 100000)
    lan.host.run("ip link add %s type bridge && ip addr add 10.70.200.1/24 dev %s && "
                 "ip link set %s up" % (bridge, bridge, bridge))
    log = open(str(tmp_path / "log"), "w")
    process = subprocess.Popen(
        ["nsenter", "--net=/run/netns/" + lan.host.name, "dockerd", "--data-root",
         str(tmp_path / "data"), "--exec-root", str(tmp_path / "exec"), "--pidfile",
         str(tmp_path / "pid"), "-H", "unix://%s/sock" % tmp_path, "--bridge", bridge,
         "--storage-driver", "vfs"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        until(lambda: (tmp_path / "sock").exists() and
              "DOCKER-USER" in lan.host.run("iptables -S FORWARD"), 30)
        yield bridge
    finally:
        process.terminate()
        process.wait(30)
        log.close()
        lan.host.run("ip link del %s; iptables -F; iptables -X; iptables -t nat -F; "
                     "iptables -t nat -X; iptables -P FORWARD ACCEPT" % bridge, check=False)


def test_beside_docker(lan, engine, dockerd):
    guest = Namespace("guest")
    try:
        lan.host.run("ip link add vguest type veth peer name eth0 netns %s && ip link set vguest "
                     "master %s up" % (guest.name, dockerd))
        guest.address("eth0", "10.70.200.2/24")
        guest.run("ip route add default via 10.70.200.1")
        # Docker's containers get out, past our rules; ours are reached, and get out, past docker's.
        until(lambda: guest.peer(NEAR, 80, seconds=2) == HOST, 20)  # when it has all its rules
        assert lan.near.peer(HOST, 8080) == NEAR
        assert engine.asks("web", NEAR) == HOST
        # And neither gets at the other's.
        assert not guest.reaches(engine.address("web", "front"))
        assert engine.asks("liar", "10.70.200.2", seconds=1) is None
        assert not lan.near.reaches(BEHIND)
    finally:
        guest.end()


def test_beside_a_policy_of_drop(lan, engine):
    """As ufw's, or docker's where it has turned forwarding on: what README says lets through."""
    rules = ["FORWARD -i hull+ -j ACCEPT", "FORWARD -o hull+ -j ACCEPT"]
    lan.host.run("iptables -P FORWARD DROP")
    try:
        assert not lan.near.reaches(HOST, 8080)
        assert "chain FORWARD of table ip filter" in engine.hull(
            "network", "explain", "lan", "host:8080").stdout
        for rule in rules:
            lan.host.run("iptables -I " + rule)
        assert lan.near.peer(HOST, 8080, seconds=2) == NEAR
        assert engine.asks("web", NEAR) == HOST
        assert not lan.near.reaches(HOST, 8081)
    finally:
        for rule in rules:
            lan.host.run("iptables -D " + rule, check=False)
        lan.host.run("iptables -P FORWARD ACCEPT")


@pytest.mark.parametrize("older", [True, False])
def test_beside_a_bridge_with_the_same_subnet(lan, engine, older):
    """Frames that stay within a bridge are those of its own network, whose subnet another engine
    has, too; the kernel shows them to the packet filter when somebody has asked it to."""
    filtered = "bridge/bridge-nf-call-iptables"
    try:
        before = lan.host.read(filtered)
    except AssertionError:
        pytest.skip("this kernel has no br_netfilter")
    guests = [Namespace("guest"), Namespace("guest")]
    other = ["ip link add other0 type bridge", "ip link set other0 up",
             "ip addr add 10.70.9.1/24 dev other0"]
    try:
        lan.host.write(filtered, 1)
        if older:
            lan.host.run(" && ".join(other))
        engine.hull("network", "create", "--subnet", "10.70.9.0/24", "twice")
        if not older:
            lan.host.run(" && ".join(other))
        for number, guest in enumerate(guests, 2):
            port = "%s%d" % ("late" if older else "early", number)  # the last ones go in their time
            lan.host.run("ip link add %s type veth peer name eth0 netns %s && ip link set %s "
                         "master other0 up" % (port, guest.name, port))
            guest.address("eth0", "10.70.9.%d/24" % number)
        engine.web("twin", "--network", "twice")
        engine.hull("run", "-d", "--name", "asker", "--network", "twice", "busybox", "sleep", "60")
        own = engine.address("asker", "twice")
        until(lambda: engine.asks("asker", "twin") == own, 20)
        server = Server(guests[0], engine.root)
        try:
            until(lambda: guests[1].peer("10.70.9.2", seconds=2) == "10.70.9.3", 20)
        finally:
            server.end()
    finally:
        lan.host.write(filtered, before)
        engine.hull("rm", "-f", "twin", "asker", check=False)
        engine.hull("network", "rm", "twice", check=False)
        lan.host.run("ip link del other0", check=False)
        for guest in guests:
            guest.end()


NETAVARK = "/usr/lib/podman/netavark"


def test_beside_podman(lan, engine, tmp_path):
    """What podman's own tool makes of a network and a published port."""
    if not os.path.exists(NETAVARK):
        pytest.skip("podman's netavark is not installed")
    network = {"name": "podman", "id": "0" * 64, "driver": "bridge",
               "network_interface": "podman0", "internal": False, "ipv6_enabled": False,
               "dns_enabled": False, "ipam_options": {"driver": "host-local"},
               "subnets": [{"subnet": "10.70.100.0/24", "gateway": "10.70.100.1"}]}
    (tmp_path / "config").write_text(json.dumps({
        "container_id": "1" * 64, "container_name": "guest", "network_info": {"podman": network},
        "networks": {"podman": {"static_ips": ["10.70.100.2"], "interface_name": "eth0"}},
        "port_mappings": [{"container_port": 80, "host_ip": "", "host_port": 8090,
                           "protocol": "tcp", "range": 1}]}))
    guest = Namespace("guest")
    netavark = "%s --config %s %%s /run/netns/%s < %s/config" % (NETAVARK, tmp_path, guest.name,
                                                                  tmp_path)
    lan.host.run(netavark % "setup")
    server = Server(guest, tmp_path)
    try:
        until(lambda: lan.near.peer(HOST, 8090) == NEAR)
        assert guest.peer(NEAR, 80, seconds=2) == HOST
        assert lan.near.peer(HOST, 8080) == NEAR and engine.asks("web", NEAR) == HOST
        assert not guest.reaches(engine.address("web", "front"))
        assert not lan.near.reaches(BEHIND)
    finally:
        server.end()
        lan.host.run(netavark % "teardown")
        guest.end()
