"""Options of bridge networks and of endpoints in them, by what packets do."""
import json

import pytest

from lan import BEHIND, FAR6, HOST, HOST6, HostEngine, NEAR, NEAR6, served, until

BRIDGE = "com.docker.network.bridge."


@pytest.fixture(scope="module")
def lan(tmp_path_factory):
    yield from served(tmp_path_factory.mktemp("near"))


@pytest.fixture(scope="module")
def host(lan, tmp_path_factory):
    config = tmp_path_factory.mktemp("config") / "hulld.json"
    config.write_text(json.dumps({"default-network-opts": {
        "bridge": {"com.docker.network.driver.mtu": "1400"}, "macvlan": {"parent": "eth0"}}}))
    made = HostEngine(lan.host, "--config-file", str(config))
    made.load_busybox()
    # One that nothing is said about, and asks the others.
    made.hull("run", "-d", "--name", "stranger", "busybox", "sleep", "600")
    yield made
    made.clear()
    made.stop()


@pytest.fixture
def engine(host):
    yield host
    for name in host.hull("ps", "-aq", "--filter", "label=t").stdout.split():
        host.hull("rm", "-f", name, check=False)
    host.hull("network", "prune", "-f")


def create(engine, name, *flags, **options):
    pairs = ["%s=%s" % (key if key.startswith("com.") else BRIDGE + key, value)
             for key, value in options.pop("opts", {}).items()]
    return engine.hull("network", "create", *flags, *(x for p in pairs for x in ("-o", p)), name,
                       **options)


def web(engine, name, network, *flags):
    engine.web(name, "--label", "t", "--network", network, *flags)
    address = engine.address(name, network)
    until(lambda: engine.place.reaches(address) or engine.asks(name, "127.0.0.1"))
    return address


def ports(engine, name):
    return json.loads(engine.hull("inspect", "-f", "{{json .NetworkSettings.Ports}}", name).stdout)


def inside(engine, name, *command):
    return engine.hull("exec", name, *command).stdout


def test_nat_is_reached_by_ports_of_the_host_alone(lan, engine):
    create(engine, "nn", "--ipv6", "--subnet", "10.90.1.0/24", "--subnet", "fd00:90:1::/64",
           opts={"gateway_mode_ipv4": "nat", "gateway_mode_ipv6": "nat"})
    address = web(engine, "web", "nn", "-p", "8080:80")
    address6 = engine.address6("web", "nn")
    assert ports(engine, "web") == {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"},
                                               {"HostIp": "::", "HostPort": "8080"}]}
    assert lan.near.peer(HOST, 8080) == NEAR and lan.near.peer(HOST6, 8080) == NEAR6
    assert not lan.near.reaches(address) and not lan.near.reaches(address6)
    assert lan.host.reaches("127.0.0.1", 8080)
    assert lan.host.reaches("localhost", 8080)
    assert engine.asks("web", NEAR) == HOST and engine.asks("web", NEAR6) == HOST6
    assert engine.asks("stranger", address) is None


def test_a_chosen_port_is_the_same_in_both_families(lan, engine):
    create(engine, "nn", "--ipv6", "--subnet", "fd00:90:1::/64")
    web(engine, "web", "nn", "-p", "80")
    first, second = ports(engine, "web")["80/tcp"]
    assert first["HostPort"] == second["HostPort"]
    assert lan.near.reaches(HOST, int(first["HostPort"]))
    assert lan.near.reaches(HOST6, int(first["HostPort"]))


def test_routed_is_reached_straight_at_published_ports(lan, engine):
    create(engine, "rr", "--ipv6", "--subnet", "10.90.2.0/24", "--subnet", "fd00:90:2::/64",
           opts={"gateway_mode_ipv4": "routed", "gateway_mode_ipv6": "routed"})
    address = web(engine, "web", "rr", "-p", "80")
    address6 = engine.address6("web", "rr")
    assert ports(engine, "web") == {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": ""},
                                               {"HostIp": "::", "HostPort": ""}]}
    assert lan.near.peer(address) == NEAR and lan.near.peer(address6) == NEAR6
    lan.near.run("busybox ping -c1 -W1 %s && busybox ping -c1 -W1 %s" % (address, address6))
    # Its own address outside, and other networks reach it straight, too.
    assert engine.asks("web", NEAR) == address and engine.asks("web", NEAR6) == address6
    assert engine.asks("stranger", address) is not None
    engine.web("shut", "--label", "t", "--network", "rr")
    until(lambda: lan.host.reaches(engine.address("shut", "rr")))
    assert not lan.near.reaches(engine.address("shut", "rr"))
    assert not lan.near.reaches(engine.address6("shut", "rr"))
    engine.hull("rm", "-f", "web")
    # Whoever gets the address now is as shut as the other.
    engine.web("next", "--label", "t", "--network", "rr", "--ip", address)
    until(lambda: lan.host.reaches(address))
    assert not lan.near.reaches(address)


def test_families_have_modes_of_their_own(lan, engine):
    create(engine, "mm", "--ipv6", "--subnet", "10.90.3.0/24", "--subnet", "fd00:90:3::/64",
           opts={"gateway_mode_ipv6": "routed"})
    address = web(engine, "web", "mm", "-p", "8080:80")
    assert ports(engine, "web")["80/tcp"] == [{"HostIp": "0.0.0.0", "HostPort": "8080"},
                                              {"HostIp": "::", "HostPort": ""}]
    assert lan.near.peer(HOST, 8080) == NEAR and not lan.near.reaches(HOST6, 8080)
    assert not lan.near.reaches(address) and lan.near.reaches(engine.address6("web", "mm"))


def test_unprotected_is_reached_at_all_ports(lan, engine):
    create(engine, "uu", "--subnet", "10.90.4.0/24", opts={"gateway_mode_ipv4": "nat-unprotected"})
    address = web(engine, "web", "uu", "-p", "8080:81")
    assert lan.near.peer(address) == NEAR
    assert engine.asks("stranger", address) is None
    assert engine.asks("web", NEAR) == HOST


def test_isolated_has_no_host(lan, engine):
    failed = create(engine, "ii", opts={"gateway_mode_ipv4": "isolated"}, check=False)
    assert "gateway mode 'isolated' can only be used for an internal network" in failed.stderr
    create(engine, "ii", "--internal", "--subnet", "10.90.5.0/24",
           opts={"gateway_mode_ipv4": "isolated", "name": "iso0"})
    address = web(engine, "web", "ii")
    assert "inet " not in lan.host.run("ip addr show dev iso0")
    assert not lan.host.reaches(address) and not lan.near.reaches(address)
    engine.hull("run", "-d", "--name", "peer", "--label", "t", "--network", "ii", "busybox",
                "sleep", "60")
    assert engine.asks("peer", address) is not None
    # A network that is only internal has the host in it.
    create(engine, "jj", "--internal", "--subnet", "10.90.6.0/24")
    address = web(engine, "two", "jj", "-p", "8081:80")
    assert lan.host.reaches(address)
    assert not lan.near.reaches(HOST, 8081) and not lan.near.reaches(address)
    assert engine.asks("two", NEAR) is None and engine.asks("stranger", address) is None


def test_inhibit_leaves_the_gateway_to_somebody_else(lan, engine):
    create(engine, "hh", "--subnet", "10.90.7.0/24", "--gateway", "10.90.7.1",
           opts={"inhibit_ipv4": "true", "name": "inh0"})
    web(engine, "web", "hh")
    assert "inet " not in lan.host.run("ip addr show dev inh0")
    assert "default via 10.90.7.1" in inside(engine, "web", "ip", "route")
    assert engine.asks("web", NEAR) is None
    lan.host.run("ip addr add 10.90.7.1/24 dev inh0")
    assert engine.asks("web", NEAR) == HOST


def test_trusted_interfaces_reach_published_ports_straight(lan, engine):
    create(engine, "tt", "--subnet", "10.90.8.0/24", opts={"trusted_host_interfaces": "eth1:eth9"})
    address = web(engine, "web", "tt", "-p", "127.0.0.1:8080:80")
    assert lan.behind.peer(address) == BEHIND
    assert not lan.near.reaches(address)
    assert not lan.behind.reaches("203.0.113.1", 8080)
    engine.web("shut", "--label", "t", "--network", "tt")
    until(lambda: lan.host.reaches(engine.address("shut", "tt")))
    assert not lan.behind.reaches(engine.address("shut", "tt"))


def test_host_binding(lan, engine):
    create(engine, "bb", opts={"host_binding_ipv4": "127.0.0.1"})
    web(engine, "web", "bb", "-p", "8080:80")
    assert ports(engine, "web")["80/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": "8080"}]
    assert lan.host.reaches("127.0.0.1", 8080) and not lan.near.reaches(HOST, 8080)
    web(engine, "two", "bb", "-p", "198.51.100.1:8081:80")
    assert lan.near.reaches(HOST, 8081) and not lan.host.reaches("127.0.0.1", 8081)


def test_icc_masquerade_mtu_prefix(lan, engine):
    create(engine, "cc", "--subnet", "10.90.9.0/24",
           opts={"enable_icc": "false", "enable_ip_masquerade": "0",
                 "com.docker.network.driver.mtu": "1300",
                 "com.docker.network.container_iface_prefix": "net"})
    address = web(engine, "web", "cc")
    web(engine, "two", "cc")
    assert engine.asks("two", address) is None
    assert engine.asks("web", NEAR) == address
    assert inside(engine, "web", "cat", "/sys/class/net/net0/mtu") == "1300\n"
    create(engine, "dd")
    engine.hull("network", "connect", "dd", "web")
    assert inside(engine, "web", "cat", "/sys/class/net/eth0/mtu") == "1400\n"  # by default


def test_what_goes_out_comes_from_the_address_asked_for(lan, engine):
    other, other6 = "198.51.100.9", "2001:db8:1::9"
    lan.host.address("eth0", other + "/24", other6 + "/64")
    try:
        create(engine, "ss", "--ipv6", "--subnet", "10.90.14.0/24", "--subnet", "fd00:90:14::/64",
               opts={"com.docker.network.host_ipv4": other, "com.docker.network.host_ipv6": other6})
        create(engine, "uu", "--subnet", "10.90.15.0/24")
        address = web(engine, "web", "ss", "-p", "8080:80")
        web(engine, "two", "uu")
        for _ in ("an element", "the whole table"):
            assert engine.asks("web", NEAR) == other and engine.asks("web", NEAR6) == other6
            assert engine.asks("two", NEAR) == HOST
            assert lan.near.peer(HOST, 8080) == NEAR and lan.host.reaches(address)
            lan.host.run("nft flush ruleset")
            until(lambda: "source4" in lan.host.run("nft list ruleset"))
        said = engine.hull("network", "explain", "web", NEAR + ":80").stdout
        assert "seen from there it comes from 198.51.100.9 (host_ipv4)" in said
        engine.hull("rm", "-f", "web")
        engine.hull("network", "rm", "ss")
        assert other not in lan.host.run("nft list ruleset")
        assert other6 not in lan.host.run("nft list ruleset")
    finally:
        lan.host.run("ip addr del %s/24 dev eth0; ip addr del %s/64 dev eth0" % (other, other6))


def test_what_is_wrong_is_named(engine):
    for option, value, says in (
            ("gateway_mode_ipv4", "bridged", "unknown gateway mode bridged"),
            ("enable_icc", "maybe", "failed to parse %senable_icc value: maybe" % BRIDGE),
            ("host_binding_ipv4", "localhost", "host_binding_ipv4 value: localhost"),
            ("trusted_host_interfaces", "eth0:a b", "trusted_host_interfaces"),
            ("com.docker.network.container_iface_prefix", "longer-prefix", "at most 11"),
            ("com.docker.network.driver.mtu", "fast", "mtu: fast is not an MTU"),
            ("com.docker.network.host_ipv4", "2001:db8::1", "host_ipv4 value: 2001:db8::1"),
            ("com.docker.network.host_ipv6", "::", "it is an IPv6 address of this host"),
            ("com.docker.network.host_ipv5", "1.2.3.4", "host_ipv5 is not known")):
        failed = create(engine, "ww", opts={option: value}, check=False)
        assert failed.returncode != 0 and says in failed.stderr, (option, failed.stderr)
    assert "ww" not in engine.hull("network", "ls").stdout


def test_endpoint_options(lan, engine):
    create(engine, "ee", "--ipv6", "--subnet", "fd00:90:10::/64")
    create(engine, "ff")
    sysctls = "net.ipv4.conf.IFNAME.log_martians=1,net.ipv6.conf.IFNAME.hop_limit=33"
    engine.hull("run", "-d", "--name", "cc", "--label", "t", "--network",
                "name=ee,driver-opt=com.docker.network.endpoint.ifname=front0,\"driver-opt="
                "com.docker.network.endpoint.sysctls=%s\"" % sysctls, "busybox", "sleep", "60")
    assert inside(engine, "cc", "cat", "/proc/sys/net/ipv4/conf/front0/log_martians") == "1\n"
    assert inside(engine, "cc", "cat", "/proc/sys/net/ipv6/conf/front0/hop_limit") == "33\n"
    inside(engine, "cc", "ping", "-c1", "-W2", "fd00:90:10::1")
    connect = ("network", "connect", "--driver-opt")
    for option, says in (
            ("ifname=front0", "has an interface front0 already"),
            ("ifname=a/b", "can't be the name of an interface"),
            ("sysctls=net.ipv4.ip_forward=1", "not of the form"),
            ("sysctls=net.ipv4.conf.eth1.log_martians=1", "not of the form"),
            ("sysctls=net.ipv4.conf.IFNAME.../all/x=1", "not of the form"),
            ("sysctls=net.ipv4.conf.IFNAME.no_such=1", "No such file or directory"),
            ("color=red", "endpoint.color is not known to bridge networks")):
        failed = engine.hull(*connect, "com.docker.network.endpoint." + option, "ff", "cc",
                             check=False)
        assert failed.returncode != 0 and says in failed.stderr, (option, failed.stderr)
    assert sorted(inside(engine, "cc", "ls", "/sys/class/net").split()) == ["front0", "lo"]
    engine.hull(*connect, "com.docker.network.endpoint.ifname=back0", "ff", "cc")
    assert "back0" in inside(engine, "cc", "ls", "/sys/class/net")
    engine.hull("network", "disconnect", "ff", "cc")
    assert "back0" not in inside(engine, "cc", "ls", "/sys/class/net")


def test_ranges_and_addresses_of_others(engine):
    create(engine, "aa", "--subnet", "10.90.11.0/24", "--ip-range", "10.90.11.8/29",
           "--gateway", "10.90.11.254", "--aux-address", "router=10.90.11.8",
           "--aux-address", "printer=10.90.11.9")
    got = []
    for number in range(3):
        engine.hull("run", "-d", "--name", "a%d" % number, "--label", "t", "--network", "aa",
                    "busybox", "sleep", "60")
        got.append(engine.address("a%d" % number, "aa"))
    assert got == ["10.90.11.10", "10.90.11.11", "10.90.11.12"]
    failed = engine.hull("run", "--rm", "--network", "aa", "--ip", "10.90.11.9", "busybox",
                         check=False)
    assert "Address already in use" in failed.stderr
    inside(engine, "a0", "ping", "-c1", "-W2", "10.90.11.254")
    failed = create(engine, "xx", "--subnet", "10.90.12.0/24", "--ip-range", "10.90.13.0/29",
                    check=False)
    assert "10.90.13.0/29" in failed.stderr


def test_macvlan_containers_are_peers(lan, engine):
    engine.hull("network", "create", "-d", "macvlan", "--ipv6", "--subnet", "198.51.100.0/24",
                "--subnet", "2001:db8:1::/64", "--gateway", "198.51.100.2", "--gateway",
                "2001:db8:1::2", "mm")
    engine.web("web", "--label", "t", "--network", "mm", "--ip", "198.51.100.77", "--ip6",
               "2001:db8:1::77")
    until(lambda: lan.near.peer("198.51.100.77") == NEAR)
    assert lan.far.reaches("198.51.100.77")
    until(lambda: lan.near.reaches("2001:db8:1::77"))
    assert lan.far.peer("2001:db8:1::77") == FAR6
    assert engine.asks("web", NEAR) == "198.51.100.77"
    engine.hull("rm", "-f", "web")
