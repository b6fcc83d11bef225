"""hull network explain: what it says of a packet is what happens to it."""
import json

import pytest

from lan import BEHIND, HOST, HOST6, HostEngine, Lan, NEAR, Server, until

BRIDGE = "com.docker.network.bridge."
NETWORKS = {
    "front": ("--ipv6", "--subnet", "10.80.1.0/24", "--subnet", "fd00:80:1::/64"),
    "quiet": ("--subnet", "10.80.2.0/24", "-o", BRIDGE + "enable_icc=false"),
    "inner": ("--subnet", "10.80.3.0/24", "--internal"),
    "alone": ("--subnet", "10.80.4.0/24", "--internal", "-o",
              BRIDGE + "gateway_mode_ipv4=isolated"),
    "routed": ("--subnet", "10.80.5.0/24", "-o", BRIDGE + "gateway_mode_ipv4=routed"),
    "trusting": ("--subnet", "10.80.6.0/24", "-o", BRIDGE + "trusted_host_interfaces=eth1"),
    "naked": ("--subnet", "10.80.7.0/24", "-o", BRIDGE + "gateway_mode_ipv4=nat-unprotected"),
    "peers": ("-d", "macvlan", "-o", "parent=eth0", "--subnet", "198.51.100.0/24"),
}
CONTAINERS = {
    "web": ("front", "-p", "8080:80", "-p", "127.0.0.1:8081:80"),
    "peer": ("front",),
    "other": ("bridge",),
    "mute1": ("quiet",),
    "mute2": ("quiet",),
    "kept": ("inner",),
    "hermit": ("alone",),
    "direct": ("routed", "-p", "80"),
    "friend": ("trusting", "-p", "127.0.0.1:8083:80"),
    "bare": ("naked",),
    "macv": ("peers", "--ip", "198.51.100.99"),
}


class World:
    """A host with containers in networks of all kinds, and its neighbours."""

    def __init__(self, folders):
        self.lan = Lan()
        self.servers = [Server(self.lan.near, folders.mktemp("near")),
                        Server(self.lan.behind, folders.mktemp("behind")),
                        Server(self.lan.host, folders.mktemp("host"), 9000)]
        self.engine = HostEngine(self.lan.host)
        self.engine.load_busybox()
        for name, flags in NETWORKS.items():
            self.engine.hull("network", "create", *flags, name)
        for name, (network, *flags) in CONTAINERS.items():
            self.engine.web(name, "--network", network, *flags)
        until(lambda: self.lan.host.reaches(self.at("bare")))

    def at(self, name):
        return self.engine.address(name, CONTAINERS[name][0])

    def explain(self, *question):
        done = self.engine.hull("network", "explain", *question, "--format", "json")
        return json.loads(done.stdout)

    def reaches(self, source, address, port):
        """What the packets do."""
        places = {"lan": self.lan.near, "host": self.lan.host, "lan:eth0": self.lan.near,
                  "lan:eth1": self.lan.behind, NEAR: self.lan.near, BEHIND: self.lan.behind}
        if source in places:
            return places[source].reaches(address, port)
        return self.engine.asks(source, address, port, seconds=1) is not None

    def end(self):
        self.engine.clear()
        self.engine.stop()
        for server in self.servers:
            server.end()
        self.lan.end()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory)
    yield made
    made.end()


# Who asks, for what, the verdict, who decides, a part of the reason, and where the packet goes: a
# container's name or an address, and a port. "host" is the host itself.
CASES = [
    ("lan", "host:8080", "passes", "inward", "published", HOST, 8080),
    (NEAR, "198.51.100.1:8080", "passes", "inward", "published", HOST, 8080),
    ("lan", "[2001:db8:1::1]:8080", "passes", "inward", "published", HOST6, 8080),
    ("lan", "web:80", "dropped", "guard", "gateway mode nat", "web", 80),
    ("lan:eth1", "web:80", "dropped", "guard", "gateway mode nat", "web", 80),
    ("lan", "host:8081", "host", "publish", "127.0.0.1 alone", HOST, 8081),
    ("lan", "host:8082", "host", "publish", "no container publishes port 8082/tcp", HOST, 8082),
    ("lan", "host:9000", "host", "publish", "a program of the host", HOST, 9000),
    ("host", "localhost:8081", "passes", "output", "every port", "127.0.0.1", 8081),
    ("host", "web:80", "passes", "output", "every port", "web", 80),
    ("host", "kept:80", "passes", "output", "every port", "kept", 80),
    ("host", "hermit:80", "dropped", "route", "no address in network alone", "hermit", 80),
    ("peer", "web:80", "passes", "bridge", "both are in network front", "web", 80),
    ("web", "web:80", "passes", "loopback", "own address", "web", 80),
    ("other", "web:80", "dropped", "inward", "networks bridge and front are apart", "web", 80),
    ("other", "host:8080", "passes", "inward", "published", HOST, 8080),
    ("web", "host:8080", "passes", "inward", "from network front", HOST, 8080),
    ("other", "198.51.100.2:80", "passes", "outward", "it comes from the host", NEAR, 80),
    ("direct", "198.51.100.2:80", "passes", "outward", "own address", NEAR, 80),
    ("mute1", "mute2:80", "dropped", "bridge", "enable_icc is false", "mute2", 80),
    ("kept", "198.51.100.2:80", "dropped", "route", "no gateway", NEAR, 80),
    ("other", "kept:80", "dropped", "inward", "network inner is internal", "kept", 80),
    ("lan", "direct:80", "passes", "inward", "gateway mode routed", "direct", 80),
    ("other", "direct:80", "passes", "inward", "gateway mode routed", "direct", 80),
    ("lan", "direct:81", "dropped", "inward", "port 81/tcp is not published", "direct", 81),
    ("lan", "bare:80", "passes", "inward", "nat-unprotected", "bare", 80),
    ("other", "bare:80", "dropped", "inward", "are apart", "bare", 80),
    ("lan:eth1", "friend:80", "passes", "inward", "eth1 is a trusted interface", "friend", 80),
    ("lan:eth0", "friend:80", "dropped", "guard", "gateway mode nat", "friend", 80),
    (BEHIND, "friend:80", "passes", "inward", "eth1 is a trusted interface", "friend", 80),
    ("lan", "203.0.113.2:80", "dropped", "forward", "for containers alone", BEHIND, 80),
    ("lan", "127.0.0.1:8081", "dropped", "kernel", "never comes in by a wire", None, 0),
    ("10.80.1.200", "host:8080", "dropped", "prerouting", "forgery", None, 0),
    ("front", "web:80", "passes", "bridge", "both are in network front", None, 0),
    ("front", "kept:80", "dropped", "inward", "internal", None, 0),
    ("lan", "macv:80", "unknown", "driver", "macvlan", None, 0),
    ("macv", "web:80", "unknown", "driver", "macvlan", None, 0),
]


@pytest.mark.parametrize("source, to, verdict, decides, why, address, port", CASES,
                         ids=["%s-%s" % case[:2] for case in CASES])
def test_what_is_said_is_what_happens(world, source, to, verdict, decides, why, address, port):
    said = world.explain(source, to)
    assert (said["Verdict"], said["Decides"]) == (verdict, decides), said
    assert why in said["Why"] and not said["Uncertain"], said
    assert said["Steps"][-1]["Result"] == verdict
    if address is None:
        return
    reached = world.reaches(source, world.at(address) if address in CONTAINERS else address, port)
    assert reached == (verdict == "passes" or port == 9000)


def test_rules_of_the_administrator(world):
    host, table = world.lan.host, world.engine.table()

    def rule(text):
        host.run("nft flush chain inet %s admin" % table)
        host.run("nft add rule inet %s admin %s" % (table, text))

    def drops(text, source, to, address, port, verdict="dropped"):
        rule(text)
        said = world.explain(source, to)
        assert (said["Verdict"], said["Decides"]) == (verdict, "admin"), said
        assert text.split(" counter")[0] in said["Why"] and not said["Uncertain"], said
        assert world.reaches(source, address, port) == (verdict == "passes")

    def ignores(text, source, to, address, port):
        rule(text)
        said = world.explain(source, to)
        assert said["Verdict"] == "passes" and said["Decides"] != "admin", said
        assert world.reaches(source, address, port)

    try:
        drops("ip saddr 198.51.100.0/24 drop", NEAR, "host:8080", HOST, 8080)
        # What the administrator sees is where the packet goes in the end.
        drops("tcp dport 80 ip daddr %s drop" % world.at("web"), "lan", "host:8080", HOST, 8080)
        drops("ip saddr 198.51.100.2-198.51.100.9 reject", NEAR, "host:8080", HOST, 8080)
        drops("iifname { \"eth0\", \"eth1\" } accept", "lan:eth0", "203.0.113.2:80", BEHIND, 80,
              verdict="passes")
        drops("tcp dport { 79-81, 443 } ct state new counter drop", "other", "198.51.100.2:80",
              NEAR, 80)
        ignores("tcp dport 8080 drop", "lan", "host:8080", HOST, 8080)
        ignores("iifname \"eth0\" ip saddr != 198.51.100.2 drop", NEAR, "host:8080", HOST, 8080)
        ignores("ct state established accept", NEAR, "host:8080", HOST, 8080)
        ignores("udp dport 80 drop", "lan", "host:8080", HOST, 8080)
        # What nobody here understands is said, not guessed.
        rule("meta mark 0x5 drop")
        said = world.explain("lan", "host:8080")
        assert said["Verdict"] == "passes" and said["Uncertain"]
        assert "meta mark 0x00000005 drop" in said["Steps"][-2]["Why"]
        # lan says no address, so that a rule about addresses may decide.
        rule("ip saddr 198.51.100.77 drop")
        assert world.explain("lan", "host:8080")["Uncertain"]
        assert not world.explain(NEAR, "host:8080")["Uncertain"]
    finally:
        host.run("nft flush chain inet %s admin" % table)


def test_tables_of_others(world):
    world.lan.host.run("nft add table ip strict; nft add chain ip strict passing \"{ type filter "
                       "hook forward priority 10; policy drop; }\"")
    try:
        said = world.explain("lan", "host:8080")
        assert said["Verdict"] == "passes" and said["Uncertain"]
        assert "chain passing of table ip strict" in said["Steps"][-1]["Why"]
        assert not world.lan.near.reaches(HOST, 8080)
    finally:
        world.lan.host.run("nft delete table ip strict")


def test_as_text(world):
    text = world.engine.hull("network", "explain", "web:80").stdout
    assert text == ("lan -> web:80: dropped, by guard\nneighbours reach containers of network "
                    "front by published ports of the host alone, not straight (gateway mode nat)\n")
    text = world.engine.hull("network", "explain", "lan", "host:8080").stdout
    assert text.startswith("lan -> host:8080: passes, by inward\nthe port is published\n\n"
                           "1. publish     rewritten  port 8080/tcp is published on ")
    assert "2. admin       continues  no rule of the administrator is about it\n" in text
    assert world.engine.hull("network", "explain", "--format", "{{.Verdict}}", "web:80").stdout == \
        "dropped\n"


def test_questions_that_are_none(world):
    for question, says in (
            (["nobody:80"], "nobody is no running container"),
            (["nobody", "web:80"], "nobody is no running container, no network and no address"),
            (["web"], "\"web\" is no destination"),
            (["web:http"], "invalid port specification"),
            (["web:80/icmp"], "invalid protocol: icmp"),
            (["web:0"], "invalid port specification")):
        done = world.engine.hull("network", "explain", *question, check=False)
        assert done.returncode == 1 and says in done.stderr, (question, done.stderr)
