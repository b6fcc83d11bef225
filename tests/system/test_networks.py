"""Containers that exist join networks and leave them; several networks in one container."""
import json
import os
import re
import socket
import subprocess
import time
import urllib.request

import pytest

from engine import Engine


def inspect(engine, name):
    return json.loads(engine.hull("inspect", name).stdout)[0]


def networks_of(engine, name):
    return inspect(engine, name)["NetworkSettings"]["Networks"]


def inside(engine, name, *command, check=True):
    return engine.hull("exec", name, *command, check=check)


def interfaces(engine, name):
    return sorted(n for n in inside(engine, name, "ls", "/sys/class/net").stdout.split()
                  if n.startswith("eth"))


def default_route(engine, name):
    lines = inside(engine, name, "ip", "route").stdout.splitlines()
    return [line.split()[2] for line in lines if line.startswith("default")]


def members(engine, network):
    found = json.loads(engine.hull("network", "inspect", network).stdout)[0]
    return {c["Name"]: c["IPv4Address"] for c in found["Containers"].values()}


def fails(engine, *command):
    done = engine.hull(*command, check=False)
    assert done.returncode != 0, command
    return done.stderr


@pytest.fixture
def nets(engine):
    """Networks a, b, c with known subnets; containers of the test are removed."""
    names = ["net-a", "net-b", "net-c"]
    for number, name in enumerate(names):
        engine.hull("network", "create", "--subnet", "10.211.%d.0/24" % number, name)
    yield names
    for name in engine.hull("ps", "-aq").stdout.split():
        engine.hull("rm", "-f", name, check=False)
    for name in names:
        engine.hull("network", "rm", name, check=False)


def run(engine, name, *flags, command=("sleep", "600")):
    engine.hull("run", "-d", "--name", name, *flags, "busybox", *command)


def test_connect_and_disconnect_a_running_container(engine, nets):
    run(engine, "one")
    run(engine, "two", "--network", "net-a")
    assert fails(engine, "network", "connect", "net-a", "two").count(
        "endpoint with name two already exists in network net-a")
    assert "No such container: nobody" in fails(engine, "network", "connect", "net-a", "nobody")
    assert "network nowhere not found" in fails(engine, "network", "connect", "nowhere", "one")
    identity = inspect(engine, "one")["Id"]
    assert "container %s is not connected to network net-a" % identity in fails(
        engine, "network", "disconnect", "net-a", "one")

    engine.hull("network", "connect", "--ip", "10.211.0.77", "--alias", "front", "net-a", "one")
    found = networks_of(engine, "one")
    assert list(found) == ["bridge", "net-a"]
    assert found["net-a"]["IPAddress"] == "10.211.0.77"
    assert found["net-a"]["Aliases"] == ["front"]
    assert members(engine, "net-a")["one"] == "10.211.0.77/24"
    assert interfaces(engine, "one") == ["eth0", "eth1"]
    assert default_route(engine, "one") == [found["bridge"]["Gateway"]]
    # Names work both ways, at once.
    inside(engine, "two", "ping", "-c1", "-w3", "front")
    inside(engine, "one", "ping", "-c1", "-w3", "two")
    assert "10.211.0.77" in inside(engine, "one", "cat", "/etc/hosts").stdout
    assert "127.0.0.11" in inside(engine, "one", "cat", "/etc/resolv.conf").stdout

    engine.hull("network", "disconnect", "net-a", "one")
    assert interfaces(engine, "one") == ["eth0"]
    assert list(networks_of(engine, "one")) == ["bridge"]
    assert "one" not in members(engine, "net-a")
    assert inside(engine, "two", "nslookup", "front", check=False).returncode != 0
    assert "10.211.0.77" not in inside(engine, "one", "cat", "/etc/hosts").stdout
    assert "127.0.0.11" not in inside(engine, "one", "cat", "/etc/resolv.conf").stdout
    # The address is free again.
    engine.hull("network", "connect", "--ip", "10.211.0.77", "net-a", "one")
    assert interfaces(engine, "one") == ["eth0", "eth2"]


def test_ipv6_comes_with_a_later_network(engine, nets):
    run(engine, "one", "--network", "net-a")
    engine.hull("network", "create", "--ipv6", "--subnet", "fd00:211::/64", "net-six")
    try:
        engine.hull("network", "connect", "--ip6", "fd00:211::9", "net-six", "one")
        assert networks_of(engine, "one")["net-six"]["GlobalIPv6Address"] == "fd00:211::9"
        assert "fd00:211::9" in inside(engine, "one", "ip", "addr", "show", "eth1").stdout
        assert "inet6" not in inside(engine, "one", "ip", "addr", "show", "eth0").stdout
    finally:
        engine.hull("rm", "-f", "one", check=False)
        engine.hull("network", "rm", "net-six")


def test_modes_that_share_are_refused(engine, nets):
    run(engine, "one")
    run(engine, "guest", "--network", "container:one")
    run(engine, "hosted", "--network", "host")
    run(engine, "alone", "--network", "none")
    shared = "container sharing network namespace with another container or host cannot be " \
             "connected to any other network"
    assert shared in fails(engine, "network", "connect", "net-a", "guest")
    assert shared in fails(engine, "network", "connect", "net-a", "hosted")
    host = "container cannot be disconnected from host network or connected to host network"
    assert host in fails(engine, "network", "connect", "host", "one")
    assert host in fails(engine, "network", "disconnect", "host", "hosted")
    assert "networks in private (none) mode" in fails(engine, "network", "connect", "net-a",
                                                      "alone")
    engine.hull("network", "disconnect", "none", "alone")
    engine.hull("network", "connect", "net-a", "alone")
    assert list(networks_of(engine, "alone")) == ["net-a"]
    assert default_route(engine, "alone") == ["10.211.0.1"]


def test_stopped_containers_keep_what_they_are_told(engine, nets):
    engine.hull("create", "--name", "later", "--network", "net-a", "busybox", "sleep", "600")
    engine.hull("network", "connect", "--ip", "10.211.1.9", "--gw-priority", "5", "net-b", "later")
    engine.hull("network", "connect", "net-c", "later")
    engine.hull("network", "disconnect", "net-a", "later")
    identity = inspect(engine, "later")["Id"]
    assert "container %s is not connected to the network net-a" % identity in fails(
        engine, "network", "disconnect", "net-a", "later")
    engine.hull("start", "later")
    found = networks_of(engine, "later")
    assert sorted(found) == ["net-b", "net-c"]
    assert found["net-b"]["IPAddress"] == "10.211.1.9"
    assert default_route(engine, "later") == ["10.211.1.1"]
    engine.hull("network", "disconnect", "net-b", "later")
    assert default_route(engine, "later") == ["10.211.2.1"]
    engine.hull("restart", "-t", "0", "later")
    assert list(networks_of(engine, "later")) == ["net-c"]


def test_a_name_that_begins_an_id(engine, nets):
    """A network may have a name that the id of another begins with: the name counts."""
    long = nets[0]
    id_ = engine.hull("network", "inspect", "-f", "{{.Id}}", long).stdout.strip()
    try:
        engine.hull("network", "create", id_[:1])
        engine.hull("create", "--name", "both", "--network", id_[:1], "busybox", "sleep", "600")
        engine.hull("network", "connect", long, "both")
        assert sorted(networks_of(engine, "both")) == sorted([id_[:1], long])
        engine.hull("network", "disconnect", long, "both")
        assert list(networks_of(engine, "both")) == [id_[:1]]
        engine.hull("network", "connect", id_[:12], "both")
        assert sorted(networks_of(engine, "both")) == sorted([id_[:1], long])
    finally:
        engine.hull("rm", "-f", "both", check=False)
        engine.hull("network", "rm", id_[:1], check=False)


def test_a_stopped_container_shows_which_networks_it_is_in(engine, nets):
    one, two = nets[:2]
    name = one + "-box"

    def shown():
        found = json.loads(engine.hull("inspect", name).stdout)[0]["NetworkSettings"]["Networks"]
        return {key: (value["NetworkID"], value["IPAddress"]) for key, value in found.items()}

    try:
        engine.hull("run", "-d", "--name", name, "--network", one, "busybox", "sleep", "600")
        engine.hull("network", "connect", two, name)
        ids = {net: engine.hull("network", "inspect", "-f", "{{.Id}}", net).stdout.strip()
               for net in (one, two)}
        assert {key: value[0] for key, value in shown().items()} == ids
        engine.hull("stop", "-t", "0", name)
        assert shown() == {net: (ids[net], "") for net in ids}
        listed = engine.hull("ps", "-a", "--filter", "network=" + ids[two], "--format",
                             "{{.Names}}").stdout
        assert listed == name + "\n"
        # Another network of the name is another one.
        engine.hull("network", "rm", two)
        engine.hull("network", "create", two)
        engine.hull("start", name)
        assert shown()[two][0] not in ids.values()
    finally:
        engine.hull("rm", "-f", name, check=False)


def test_a_container_in_no_network(engine, nets):
    engine.hull("create", "--name", "lonely", "--network", "net-a", "busybox", "sleep", "600")
    engine.hull("network", "disconnect", "net-a", "lonely")
    engine.hull("start", "lonely")
    assert networks_of(engine, "lonely") == {} and interfaces(engine, "lonely") == []
    inside(engine, "lonely", "ping", "-c1", "-w3", "127.0.0.1")
    engine.hull("network", "connect", "net-a", "lonely")
    assert default_route(engine, "lonely") == ["10.211.0.1"]


def test_several_networks_from_the_start(engine, nets):
    engine.docker("run", "-d", "--name", "multi", "--network", "net-a", "--network",
                  "name=net-b,alias=bee,ip=10.211.1.50,mac-address=02:42:aa:bb:cc:dd,"
                  "gw-priority=3", "busybox", "sleep", "600")
    found = networks_of(engine, "multi")
    assert found["net-b"]["IPAddress"] == "10.211.1.50"
    assert found["net-b"]["MacAddress"] == "02:42:aa:bb:cc:dd"
    assert found["net-b"]["GwPriority"] == 3
    assert default_route(engine, "multi") == ["10.211.1.1"]
    engine.hull("network", "connect", "--gw-priority", "9", "net-c", "multi")
    assert default_route(engine, "multi") == ["10.211.2.1"]
    assert interfaces(engine, "multi") == ["eth0", "eth1", "eth2"]


def fetch(port):
    return urllib.request.urlopen("http://127.0.0.1:%s/" % port, timeout=5).read()


def test_published_ports_follow_the_gateway(engine, nets):
    run(engine, "web", "-p", "127.0.0.1::80", "--network", "net-a",
        command=("httpd", "-f", "-h", "/www"))

    def port():
        return inspect(engine, "web")["NetworkSettings"]["Ports"]["80/tcp"][0]["HostPort"]
    first = port()
    assert b"works" in fetch(first)
    engine.hull("network", "connect", "--gw-priority", "1", "net-b", "web")
    assert port() == first and b"works" in fetch(first)
    engine.hull("network", "disconnect", "net-b", "web")
    assert port() == first and b"works" in fetch(first)
    engine.hull("network", "disconnect", "net-a", "web")
    assert not inspect(engine, "web")["NetworkSettings"]["Ports"].get("80/tcp")
    with pytest.raises(OSError):
        fetch(first)
    engine.hull("network", "connect", "net-c", "web")
    assert b"works" in fetch(port())


def test_a_connect_that_fails_leaves_nothing(engine, nets):
    run(engine, "one")
    run(engine, "two", "--network", "net-a", "--ip", "10.211.0.20")
    before = inside(engine, "one", "ip", "addr").stdout
    fails(engine, "network", "connect", "--ip", "10.211.0.20", "net-a", "one")
    fails(engine, "network", "connect", "--ip", "10.99.0.20", "net-a", "one")
    assert inside(engine, "one", "ip", "addr").stdout == before
    assert list(networks_of(engine, "one")) == ["bridge"]
    assert list(members(engine, "net-a")) == ["two"]


@pytest.mark.parametrize("running", [True, False])
def test_events(engine, nets, running):
    """As docker: one that does not run tells only of networks that it is taken out of."""
    if running:
        run(engine, "one")
    else:
        engine.hull("create", "--name", "one", "busybox", "true")
    since = str(time.time())
    engine.hull("network", "connect", "net-a", "one")
    engine.hull("network", "disconnect", "net-a", "one")
    seen = engine.hull("events", "--since", since, "--until", str(time.time()), "--filter",
                       "type=network", "--format", "{{.Action}} {{.Actor.Attributes.name}}").stdout
    wanted = ["connect net-a", "disconnect net-a"] if running else ["disconnect net-a"]
    assert seen.split("\n")[:len(wanted)] == wanted


# What a real engine answered.
REFUSED = {
    "--subnet 10.211.0.0/25": "Pool overlaps with other one on this address space",
    "--subnet 10.212.0.0/24 --gateway 10.213.0.1": "no matching subnet for gateway 10.213.0.1",
    "--subnet 10.212.0.0/33": "invalid",
    "--subnet bogus": "bogus",
    "--subnet 10.212.0.0/24 --ip-range 10.213.0.0/25": "no matching subnet for range",
    "--subnet 10.212.0.0/24 --aux-address h=10.213.0.5": "no matching subnet for aux",
    "-d nosuch": "nosuch",
    "-o com.docker.network.bridge.enable_icc=maybe":
        "failed to parse com.docker.network.bridge.enable_icc value: maybe",
    "-o com.docker.network.driver.mtu=abc": "com.docker.network.driver.mtu",
}


@pytest.mark.parametrize("flags", REFUSED)
def test_a_network_that_can_not_be(engine, nets, flags):
    assert REFUSED[flags] in fails(engine, "network", "create", *flags.split(), "net-d")
    assert "net-d" not in engine.hull("network", "ls").stdout
    # Nothing of it is left: the subnet is free.
    engine.hull("network", "create", "--subnet", "10.212.0.0/24", "net-d")
    engine.hull("network", "rm", "net-d")


# The command line would say it first: from the daemon itself, as docker's says it.
IPAM_REFUSED = [
    ({"Gateway": "10.213.0.1"}, "invalid network config:\ninvalid gateway 10.213.0.1: parent subnet "
                                "10.212.0.0/24 doesn't contain this address"),
    ({"Gateway": "fd00::1"}, "invalid gateway fd00::1: parent subnet is an IPv4 block"),
    ({"Gateway": "dummy"}, "invalid gateway dummy: invalid address"),
    ({"IPRange": "10.212.0.0/16"}, "invalid ip-range 10.212.0.0/16: CIDR block is bigger than its "
                                   "parent subnet 10.212.0.0/24"),
    ({"IPRange": "10.213.0.0/25"}, "invalid ip-range 10.213.0.0/25: parent subnet 10.212.0.0/24 "
                                   "doesn't contain ip-range"),
    ({"IPRange": "fd00::/80"}, "invalid ip-range fd00::/80: parent subnet is an IPv4 block"),
    ({"AuxiliaryAddresses": {"r": "10.213.0.9"}}, "invalid auxiliary address r: parent subnet"),
    ({"AuxiliaryAddresses": {"r": "10.212.0.1"}},
     "failed to allocate secondary ip address (r:10.212.0.1): Address already in use"),
]


def posted(engine, path, body=None):
    """Status and message of a request that no command line makes."""
    data = [] if body is None else ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
    done = subprocess.run(["curl", "-s", "-m", "20", "--unix-socket", engine.sock, "-X", "POST",
                           "-w", "\\n%{http_code}", *data, "http://hull" + path],
                          capture_output=True, text=True, check=True)
    answer, status = done.stdout.rsplit("\n", 1)
    return int(status), json.loads(answer)["message"]


@pytest.mark.parametrize("config,text", IPAM_REFUSED, ids=lambda value: str(value)[:40])
def test_addresses_that_can_not_be(engine, nets, config, text):
    status, message = posted(engine, "/networks/create", {
        "Name": "net-e", "IPAM": {"Config": [{"Subnet": "10.212.0.0/24", **config}]}})
    assert status == (403 if "already" in text else 400) and text in message, message
    assert "net-e" not in engine.hull("network", "ls").stdout


@pytest.mark.parametrize("verb", ["connect", "disconnect"])
def test_nobody_is_named(engine, nets, verb):
    status, message = posted(engine, "/networks/net-a/" + verb)
    assert status == 400 and 'invalid name or ID supplied: ""' in message, message


def test_pools_of_one_family_leave_the_other_one_alone():
    """default-address-pools with IPv4 only: a network with IPv6 is chosen one all the same."""
    other = Engine("--default-address-pool", "base=10.209.8.0/24,size=28",
                   bridge="htn%d" % (os.getpid() % 100000))
    try:
        other.hull("network", "create", "--ipv6", "both")
        shown = other.hull("network", "inspect", "-f",
                           "{{range .IPAM.Config}}{{.Subnet}} {{end}}{{json .IPAM.Options}}",
                           "both").stdout
        assert re.fullmatch(r"10\.209\.8\.\d+/28 fd[0-9a-f:]+/64 {}\n", shown), shown
        other.hull("network", "rm", "both")
    finally:
        other.stop()


def test_filters(engine, nets):
    def listed(*filters):
        flags = [word for one in filters for word in ("--filter", one)]
        return set(engine.hull("network", "ls", *flags, "--format", "{{.Name}}").stdout.split())

    engine.hull("network", "create", "--label", "tier=back", "--internal", "net-l")
    try:
        run(engine, "one", "--network", "net-a")
        assert {"net-b", "net-c", "net-l"} <= listed("dangling=true")
        assert not {"net-a", "bridge", "host", "none"} & listed("dangling=true")
        assert {"net-a", "bridge", "host", "none"} <= listed("dangling=false")
        assert listed("driver=host") == {"host"} and listed("driver=null") == {"none"}
        assert listed("label=tier") == listed("label=tier=back") == {"net-l"}
        assert not listed("label=tier=front") and not listed("scope=global")
        assert listed("name=^net-[ab]$") == {"net-a", "net-b"}
        assert listed("name=net-a", "name=net-b") == {"net-a", "net-b"}
        assert listed("type=builtin") == {"bridge", "host", "none"}
        assert not listed("type=custom") & {"bridge", "host", "none"}
        ident = engine.hull("network", "inspect", "-f", "{{.Id}}", "net-c").stdout.strip()
        assert listed("id=" + ident[:8]) == {"net-c"}
        for bad, said in (("type=bad", "invalid filter: 'type'='bad'"), ("until=1h", "until"),
                          ("dangling=maybe", "dangling"), ("nosuch=1", "nosuch")):
            assert said in fails(engine, "network", "ls", "--filter", bad)
        # What is in use stays, what is younger or labelled otherwise, too.
        assert "net-" not in engine.hull("network", "prune", "-f", "--filter", "until=1h").stdout
        pruned = engine.hull("network", "prune", "-f", "--filter", "label!=tier").stdout
        assert "net-b" in pruned and "net-a" not in pruned and "net-l" not in pruned
        pruned = engine.hull("network", "prune", "-f", "--filter", "label=tier=back").stdout
        assert "net-l" in pruned
        seen = engine.hull("events", "--since", "30s", "--until", "0s", "-f", "type=network",
                           "-f", "event=prune", "--format", "{{json .Actor.Attributes}}").stdout
        assert seen.splitlines()[-1] == '{"reclaimed":"0"}'
    finally:
        engine.hull("network", "rm", "net-l", check=False)


def test_connected_networks_survive_a_killed_daemon(engine, nets):
    run(engine, "one")
    run(engine, "two", "--network", "net-a")
    engine.hull("network", "connect", "--alias", "front", "net-a", "one")
    engine.kill()
    engine.start()
    assert list(networks_of(engine, "one")) == ["bridge", "net-a"]
    inside(engine, "two", "ping", "-c1", "-w3", "front")
    engine.hull("network", "disconnect", "net-a", "one")
    assert interfaces(engine, "one") == ["eth0"]


@pytest.mark.parametrize("delay", [0.0, 0.004, 0.008, 0.015, 0.03])
def test_a_daemon_killed_while_connecting(engine, nets, delay):
    """Done or not: the container's interfaces, its document and the network's agree afterwards."""
    run(engine, "one")
    client = subprocess.Popen(engine.command("network", "connect", "net-a", "one"),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(delay)
    engine.kill()
    client.wait(20)
    engine.start()
    joined = "net-a" in networks_of(engine, "one")
    assert interfaces(engine, "one") == (["eth0", "eth1"] if joined else ["eth0"])
    assert ("one" in members(engine, "net-a")) == joined
    if not joined:
        engine.hull("network", "connect", "net-a", "one")
    engine.hull("network", "disconnect", "net-a", "one")
    engine.hull("network", "rm", "net-a")


def test_a_daemon_killed_between_create_and_rm(engine):
    engine.hull("network", "create", "short")
    engine.kill()
    engine.start()
    client = subprocess.Popen(engine.command("network", "rm", "short"),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.005)
    engine.kill()
    client.wait(20)
    engine.start()
    engine.hull("network", "rm", "short", check=False)
    assert "short" not in engine.hull("network", "ls").stdout
    engine.hull("network", "create", "short")
    engine.hull("network", "rm", "short")


def test_daemons_side_by_side_choose_other_subnets(engine):
    """Also when they choose at the same instant, before either has a route to what it has chosen."""
    other = Engine(bridge="htn%d" % (os.getpid() % 100000))
    try:
        commands = [one.command("network", "create", "side%d" % number)
                    for number in range(6) for one in (engine, other)]
        made = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
                for command in commands]
        assert [one.wait(30) for one in made] == [0] * len(made)
        chosen = [one.hull("network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}",
                           "side%d" % number).stdout.strip()
                  for number in range(6) for one in (engine, other)]
        assert len(set(chosen)) == len(commands), chosen
    finally:
        for one in engine, other:
            one.hull("network", "rm", *("side%d" % number for number in range(6)), check=False)
        other.stop()


def test_a_daemon_that_hangs_holds_up_no_other_one(engine):
    """Nor does whoever else has taken the name under which daemons wait for each other."""
    name = "\0hull/address-pools"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as taken:
        deadline = time.monotonic() + 10
        while True:  # a daemon of somebody else may have it just now
            try:
                taken.bind(name)
                break
            except OSError:
                assert time.monotonic() < deadline
        began = time.monotonic()
        engine.hull("network", "create", "side")
        assert time.monotonic() - began < 1.9  # it does not listen
        engine.hull("network", "rm", "side")
        taken.listen()
        began = time.monotonic()
        engine.hull("network", "create", "side")
        assert 1.9 < time.monotonic() - began < 15
        engine.hull("network", "rm", "side")
