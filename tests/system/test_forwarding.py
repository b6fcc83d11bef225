"""Who may pass through a host on which hull turned on forwarding."""
import json
import os
import signal
import socket
import struct
import subprocess
import sys

import pytest

from engine import program
from lan import BEHIND, BEHIND6, HOST, HOST6, HostEngine, Lan, NEAR, NEAR6, Server, until

IPV4 = "ipv4/ip_forward"
IPV6 = "ipv6/conf/all/forwarding"


@pytest.fixture(scope="module")
def lan():
    made = Lan()
    yield made
    made.end()


@pytest.fixture
def start(lan):
    """Starts daemons on the host, and stops them."""
    engines = []
    lan.reset()

    def go(*flags):
        made = HostEngine(lan.host, *flags)
        engines.append(made)
        made.load_busybox()
        return made

    yield go
    for made in engines:
        if made.process.poll() is not None:
            made.start()
        made.clear()
        made.stop()


@pytest.fixture(scope="module")
def served(lan, tmp_path_factory):
    servers = [Server(lan.near, tmp_path_factory.mktemp("near")),
               Server(lan.behind, tmp_path_factory.mktemp("behind"), 81)]
    yield
    for server in servers:
        server.end()


def test_only_containers_are_forwarded(lan, start, served):
    engine = start()
    assert lan.host.read(IPV4) == "0"
    engine.web("web", "-p", "8080:80")
    assert lan.host.read(IPV4) == "1"
    assert lan.host.read(IPV6) == "0"
    # Out, and in, by both interfaces.
    assert engine.asks("web", NEAR, 80) == HOST
    assert engine.asks("web", BEHIND, 81) == "203.0.113.1"
    until(lambda: lan.near.peer(HOST, 8080) == NEAR)
    assert lan.behind.peer(HOST, 8080) == BEHIND
    # The host is no router for its neighbours.
    assert not lan.near.reaches(BEHIND, 81) and not lan.behind.reaches(NEAR, 80)
    # The administrator may let them pass; a rule for one direction is a rule for one direction.
    lan.host.run("nft add rule inet %s admin ct state established accept" % engine.table())
    lan.host.run("nft add rule inet %s admin iifname eth0 oifname eth1 accept" % engine.table())
    assert lan.near.peer(BEHIND, 81) == NEAR
    assert not lan.behind.reaches(NEAR, 80)
    lan.host.run("nft flush chain inet %s admin" % engine.table())
    # It is known after a crash, also with no container left.
    engine.kill()
    engine.start()
    assert not lan.near.reaches(BEHIND, 81)
    engine.clear()
    engine.kill()
    engine.start()
    assert engine.table() and not lan.near.reaches(BEHIND, 81)
    # At the end all is as it was. (What was left is looked at in the background.)
    until(lambda: "support/firewall" in engine.hull("debug", "plugins").stdout)
    engine.process.terminate()
    engine.process.wait(30)
    assert lan.host.read(IPV4) == "0" and not engine.table()


def test_ipv6_goes_both_ways(lan, start, served):
    engine = start()
    engine.hull("network", "create", "--ipv6", "--subnet", "fd00:77::/64", "six")
    assert lan.host.read(IPV6) == "1"
    engine.web("web", "--network", "six", "-p", "[::]:8080:80")
    assert engine.asks("web", NEAR6, 80) == HOST6
    until(lambda: lan.near.peer(HOST6, 8080) == NEAR6)
    assert not lan.near.reaches(BEHIND6, 81) and not lan.behind.reaches(NEAR6, 80)
    address = engine.address6("web", "six")
    assert lan.host.reaches(address)
    assert not lan.near.reaches(address)  # its default route is the host


def test_a_router_that_was_one_before_stays_one(lan, start, served):
    lan.host.write(IPV4, 1)
    engine = start()
    engine.web("web", "-p", "8080:80")
    until(lambda: lan.near.reaches(HOST, 8080))
    assert lan.near.peer(BEHIND, 81) == NEAR
    engine.clear()
    engine.process.terminate()
    engine.process.wait(30)
    assert lan.host.read(IPV4) == "1"


def test_options(lan, start, served):
    engine = start("--ip-forward-no-drop")
    engine.web("web")
    assert lan.host.read(IPV4) == "1"
    assert lan.near.peer(BEHIND, 81) == NEAR
    engine.clear()
    engine.process.terminate()
    engine.process.wait(30)
    lan.host.write(IPV4, 0)
    engine.flags = ("--ip-forward=false",)
    engine.start()
    made = engine.hull("create", "--name", "web", "-p", "8080:80", "busybox", "sleep", "60")
    assert "IPv4 forwarding is disabled. Networking will not work." in made.stderr
    assert "IPv4 forwarding is disabled" not in engine.hull("create", "--network", "host",
                                                            "busybox").stderr
    engine.hull("start", "web")
    assert lan.host.read(IPV4) == "0"
    assert "WARNING: IPv4 forwarding is disabled" in "".join(
        engine.hull("info", "-f", "{{json .Warnings}}").stdout)
    assert "forwarding is disabled" in engine.log()


def mark_packets(lan, value):
    """What the neighbour sends to the host, or through it, has the mark VALUE from now on."""
    lan.host.run("nft delete table inet marks", check=False)
    lan.host.run("nft add table inet marks")
    lan.host.run("nft add chain inet marks first { type filter hook prerouting priority -310 \\; }")
    lan.host.run("nft add rule inet marks first ip saddr %s meta mark set %s" % (NEAR, value))


def test_marked_packets_pass(lan, start, served):
    engine = start("--bridge-accept-fwmark=0x12/0xff")
    engine.web("web")
    address = engine.address("web")
    until(lambda: lan.host.reaches(address))
    try:
        assert not lan.near.reaches(address)
        mark_packets(lan, "0x13")
        assert not lan.near.reaches(address)
        # Only what the mask has counts.
        mark_packets(lan, "0x712")
        until(lambda: lan.near.peer(address, 80) == NEAR)
        # Also when the rules are put back after a flush, and after a restart.
        lan.host.run("nft flush table inet " + engine.table())
        until(lambda: lan.near.peer(address, 80) == NEAR)
        until(lambda: "0x00000012" in lan.host.run(
            "nft list chain inet %s inward" % engine.table()))
        engine.kill()
        engine.flags = ()
        engine.start()
        engine.hull("ps")
        until(lambda: not lan.near.reaches(address))
    finally:
        lan.host.run("nft delete table inet marks", check=False)


@pytest.mark.parametrize("value", ["x", "1/", "/1", "-1", "4294967296", "1/2", "0/0", "1 ", "1/1/1"])
def test_marks_that_are_none(value):
    refused = subprocess.run(
        [program("hulld"), "--root", "/nonexistent/hull", "--bridge-accept-fwmark=" + value],
        capture_output=True, text=True, timeout=20, check=False)
    assert refused.returncode != 0
    assert 'bridge-accept-fwmark: "%s"' % value in refused.stderr


def test_direct_routing(lan, start, served):
    # What dockerd's file may say of its rules, and is so in any case.
    engine = start("--allow-direct-routing", "--iptables", "--ip6tables=true",
                   "--userland-proxy=false")
    engine.web("web", "-p", "127.0.0.1:8080:80")
    address = engine.address("web")
    until(lambda: lan.near.peer(address, 80) == NEAR)
    said = engine.hull("network", "explain", "lan", "web:80").stdout
    assert "passes" in said and "allow-direct-routing" in said
    # Published ports alone.
    engine.hull("exec", "-d", "web", "httpd", "-f", "-p", "81", "-h", "/www")
    until(lambda: lan.host.reaches(address, 81))
    assert not lan.near.reaches(address, 81)
    assert "0 packets received" in lan.near.run("busybox ping -c 1 -W 1 " + address, check=False)
    assert engine.asks("web", NEAR, 80) == HOST
    # The same containers without it: as ever.
    engine.process.terminate()
    engine.process.wait(30)
    engine.flags = ()
    engine.start()
    engine.hull("ps")
    until(lambda: not lan.near.reaches(address, 80))
    assert "guard" in engine.hull("network", "explain", "lan", "web:80").stdout


@pytest.mark.parametrize("flag, says", [
    ("--iptables=false", "iptables: can't be off"), ("--ip6tables=false", "ip6tables: can't be off"),
    ("--userland-proxy-path=/bin/true", "userland-proxy-path: there is no proxy")])
def test_what_can_not_be_configured(flag, says):
    done = subprocess.run([program("hulld"), flag], capture_output=True, text=True, check=False,
                          timeout=20)
    assert done.returncode == 1 and says in done.stderr


def test_bridges_that_come_later_are_for_others_to_guard(lan, start, served):
    """Another engine's containers, whose rules are elsewhere, still get out."""
    lan.host.run("ip link add old0 type bridge && ip addr add 10.99.1.1/24 dev old0 && "
                 "ip link set old0 up")
    engine = start()
    engine.web("web")
    lan.host.run("ip link add new0 type bridge && ip addr add 10.99.2.1/24 dev new0 && "
                 "ip link set new0 up")
    lan.host.run("nft add table ip t && nft add chain ip t p \"{ type nat hook postrouting "
                 "priority 100; }\" && nft add rule ip t p ip saddr 10.99.0.0/16 masquerade")
    for bridge, address, passes in (("old0", "10.99.1.2", False), ("new0", "10.99.2.2", True)):
        lan.host.run("ip link add v%s type veth peer name w%s && ip link set v%s master %s up && "
                     "ip link set w%s netns %s" % (bridge, bridge, bridge, bridge, bridge,
                                                   lan.switch.name))
        lan.switch.run("ip addr add %s/24 dev w%s && ip link set w%s up && ip route replace "
                       "default via %s1" % (address, bridge, bridge, address[:-1]))
        assert lan.switch.reaches(NEAR, 80, interface=address) == passes
    # Somebody counts on forwarding: it stays on, and so does the barrier.
    engine.clear()
    engine.process.terminate()
    engine.process.wait(30)
    assert lan.host.read(IPV4) == "1"
    assert not lan.near.reaches(BEHIND, 81)
    lan.host.run("ip link del new0; ip link del old0; nft delete table ip t")
    lan.switch.run("ip route del default")


def test_containers_of_cni_are_containers(lan, start, served, tmp_path):
    """ptp makes no bridge: what it makes is known by its group."""
    if not os.path.exists("/usr/lib/cni/ptp"):
        pytest.skip("containernetworking-plugins is not installed")
    (tmp_path / "p.conflist").write_text(json.dumps({
        "cniVersion": "1.0.0", "name": "p", "plugins": [
            {"type": "ptp", "ipMasq": True,
             "ipam": {"type": "host-local", "dataDir": str(tmp_path / "leases"),
                      "ranges": [[{"subnet": "10.99.3.0/24"}]],
                      "routes": [{"dst": "0.0.0.0/0"}]}}]}))
    engine = start()
    engine.web("web")
    engine.hull("network", "create", "-d", "cni", "-o", "conf=%s/p.conflist" % tmp_path, "pp")
    engine.hull("run", "-d", "--name", "guest", "--network", "pp", "busybox", "sleep", "60")
    assert engine.asks("guest", NEAR, 80) == HOST
    assert not lan.near.reaches(BEHIND, 81)


@pytest.mark.parametrize("point", ["network_forwarding_recorded", "network_forwarding_on"])
def test_a_daemon_killed_in_between(lan, start, served, point):
    engine = start()
    engine.kill()
    os.environ["HULL_FAILPOINT"] = point
    try:
        engine.start()
    finally:
        del os.environ["HULL_FAILPOINT"]
    engine.hull("run", "-d", "--name", "web", "busybox", "sleep", "60", check=False)
    assert engine.process.wait(10) == -signal.SIGKILL
    assert not lan.near.reaches(BEHIND, 81)
    engine.start()
    assert not lan.near.reaches(BEHIND, 81)
    engine.hull("start", "web")
    assert lan.host.read(IPV4) == "1" and not lan.near.reaches(BEHIND, 81)
    assert engine.asks("web", NEAR, 80) == HOST


# --- router advertisements ----------------------------------------------------------------------

def advertise():
    """Say, on eth0 of this namespace, that here is a router and the prefix 2001:db8:bad::/64."""
    prefix = socket.inet_pton(socket.AF_INET6, "2001:db8:bad::")
    message = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + \
        struct.pack("!BBBBIII", 3, 4, 64, 0xc0, 3600, 3600, 0) + prefix
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as out:
        out.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        out.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        out.sendto(message, ("ff02::1", 0, 0, socket.if_nametoindex("eth0")))


def advertise_from(netns):
    subprocess.run(["nsenter", "--net=" + netns, sys.executable, __file__], check=True, timeout=20)


def test_a_host_goes_on_hearing_its_router(lan, start):
    routes = "ip -6 route show default proto ra"
    lan.host.write("ipv6/conf/eth0/accept_ra", 1)
    advertise_from("/run/netns/" + lan.near.name)
    until(lambda: "dev eth0" in lan.host.run(routes))
    engine = start()
    engine.hull("network", "create", "--ipv6", "six")
    assert lan.host.read(IPV6) == "1"
    assert lan.host.read("ipv6/conf/eth0/accept_ra") == "2"
    assert lan.host.read("ipv6/conf/eth1/accept_ra") == "1"
    assert "dev eth0" in lan.host.run(routes)
    engine.hull("network", "rm", "six")
    engine.process.terminate()
    engine.process.wait(30)
    assert lan.host.read(IPV6) == "0"
    assert lan.host.read("ipv6/conf/eth0/accept_ra") == "1"


def test_containers_are_no_routers(lan, start):
    """Neither the host nor another container believes what a container advertises."""
    engine = start()
    engine.hull("network", "create", "--ipv6", "--subnet", "fd00:77::/64", "six")
    for name in ("liar", "victim"):
        engine.hull("run", "-d", "--name", name, "--network", "six", "busybox", "sleep", "600")
    pid = engine.hull("inspect", "-f", "{{.State.Pid}}", "liar").stdout.strip()
    advertise_from("/proc/%s/ns/net" % pid)
    # What was advertised would be there by the time a ping has come back.
    engine.hull("exec", "liar", "ping", "-c1", "-w3", "fd00:77::1")
    assert "bad" not in engine.hull("exec", "victim", "ip", "-6", "addr").stdout
    assert "bad" not in engine.hull("exec", "victim", "ip", "-6", "route").stdout
    assert "bad" not in lan.host.run("ip -6 addr show type bridge")
    assert not [line for line in lan.host.run("ip -6 route").splitlines()
                if "dev hull" in line and ("bad" in line or "proto ra" in line)]


if __name__ == "__main__":
    advertise()
