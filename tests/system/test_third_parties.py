"""Plugins of others that are slow, dead or wrong: who asked them hears of it, and nobody else."""
import http.client
import json
import os
import socket
import threading
import time

import pytest
from test_drivers import POOL, asks, fails, plugged, remote, settings  # noqa: F401, fixtures too
from test_drivers import GET, sh


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=5)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class Pings:
    """How long the daemon takes to answer others meanwhile, in milliseconds."""

    def __init__(self, engine):
        self.engine, self.times, self.over = engine, [], threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.over.wait(0.01):
            begin = time.monotonic()
            client = UnixConnection(self.engine.sock)
            client.request("GET", "/_ping")
            assert client.getresponse().read() == b"OK"
            client.close()
            self.times.append((time.monotonic() - begin) * 1000)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *ignored):
        self.over.set()
        self.thread.join()

    def median(self):
        return sorted(self.times)[len(self.times) // 2]


def links():
    return sorted(line.split()[0] for line in sh("ip -br link").split("\n")
                  if line.startswith(("rv", "rc")))


@pytest.mark.parametrize("method,mode,says", [
    ("CreateEndpoint", "hang", "no answer within 2 s"),
    ("Join", "drip", "no answer within 2 s"),
    ("Join", "flood", "it is too long"),
    ("Join", "endless", "too many headers"),
    ("CreateEndpoint", "junk", "cannot understand its answer"),
    ("Join", '{"InterfaceName":{"SrcName":"nosuch0","DstPrefix":"eth"}}', "nosuch0"),
    ("Join", '{"InterfaceName":{"SrcName":"../x"}}', '"../x" makes no sense'),
    ("Join", '{"InterfaceName":{"SrcName":"lo"}}', '"lo" makes no sense'),
    ("CreateEndpoint", '{"Interface":{"Address":"192.0.2.9/24"}}', "it changed the address"),
])
def test_one_that_is_wrong_fails_its_own_call(plugged, remote, method, mode, says):
    name = remote.create("-d", "toy", *POOL)
    before = links()
    plugged.plugin.mode("NetworkDriver.%s %s" % (method, mode))
    with Pings(plugged) as pings:
        said = fails(plugged, "run", "--rm", "--network", name, "busybox", "true")
    assert "toy" in said and says in said
    # On a busy machine a single answer may take its time; half of them do not.
    assert pings.median() < 50, pings.times
    plugged.plugin.mode("")
    ends = [call["EndpointID"] for call in plugged.plugin.calls("CreateEndpoint")[-1:]]
    assert [call["EndpointID"] for call in plugged.plugin.calls("DeleteEndpoint")[-1:]] == ends
    assert links() == before
    assert "eth0" in plugged.hull("run", "--rm", "--network", name, "busybox", "ip", "addr").stdout


def test_the_interface_of_another_container_is_not_given_twice(plugged, remote):
    name = remote.create("-d", "toy", *POOL)
    web = remote.web(name)
    taken = "rc" + settings(plugged, web, name)["EndpointID"][-8:]
    plugged.plugin.mode('NetworkDriver.Join {"InterfaceName":{"SrcName":"%s"}}' % taken)
    said = fails(plugged, "run", "--rm", "--network", name, "busybox", "true")
    assert "network driver toy" in said and taken in said
    plugged.plugin.mode("")
    assert "works" in asks(plugged, remote.web(name), settings(plugged, web, name)["IPAddress"])


def test_containers_live_on_while_their_plugin_is_dead(plugged, remote):
    name = remote.create("-d", "toy", *POOL)
    one, two, three = remote.web(name), remote.web(name), remote.web(name)
    at = settings(plugged, two, name)["IPAddress"]
    end = [settings(plugged, box, name)["EndpointID"] for box in (one, three)]
    plugged.plugin.kill()
    assert "works" in asks(plugged, one, at)
    # It goes without its plugin, at once, and others may come back with its name.
    begin = time.monotonic()
    plugged.hull("rm", "-f", three)
    assert time.monotonic() - begin < 5
    plugged.plugin.start()
    assert "works" in asks(plugged, one, at)
    plugged.hull("rm", "-f", one)
    assert plugged.plugin.calls("DeleteEndpoint")[-1]["EndpointID"] == end[0]
    # The plugin hears of the one that it missed when the next one comes.
    other = remote.web(name)
    for method in ("Leave", "DeleteEndpoint"):
        told = [call["EndpointID"] for call in plugged.plugin.calls(method)]
        assert told.count(end[1]) == 1
    assert "works" in asks(plugged, other, at)
    assert "rv" + end[1][-8:] not in sh("ip -br link")


def test_one_that_hangs_keeps_no_container_from_being_removed(plugged, remote):
    name = remote.create("-d", "toy", *POOL)
    web, _ = remote.web(name), remote.web(name)
    end = settings(plugged, web, name)["EndpointID"]
    plugged.plugin.mode("NetworkDriver.Leave hang")
    begin = time.monotonic()
    plugged.hull("rm", "-f", web)
    assert time.monotonic() - begin < 5  # the limit of these tests is 1.5 s
    assert end not in [call["EndpointID"] for call in plugged.plugin.calls("DeleteEndpoint")]
    plugged.plugin.mode("")
    # A daemon that starts again tells it too.
    plugged.kill()
    plugged.start()
    deadline = time.monotonic() + 10
    while end not in [call["EndpointID"] for call in plugged.plugin.calls("DeleteEndpoint")]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_network_goes_with_what_its_plugin_was_not_told(plugged, remote):
    name = remote.create("-d", "toy", *POOL)
    web = remote.web(name)
    plugged.plugin.kill()
    plugged.hull("rm", "-f", web)
    begin = time.monotonic()
    plugged.hull("network", "rm", name)
    assert time.monotonic() - begin < 5
    plugged.plugin.start()
    plugged.kill()
    plugged.start()
    assert name not in plugged.hull("network", "ls").stdout


def test_an_ipam_plugin_that_forgets_is_told_again(plugged, remote):
    plugged.plugin.mode('IpamDriver.GetCapabilities {"RequiresRequestReplay":true,'
                        '"RequiresMACAddress":true}')
    name = remote.create("--ipam-driver", "toy", "--ipam-opt", "rack=7", "--subnet",
                         "10.97.8.0/24", "--aux-address", "router=10.97.8.9")
    plugged.plugin.mode("")
    web = remote.web(name)
    at = settings(plugged, web, name)["IPAddress"]
    pool = plugged.plugin.calls("RequestPool")[-1]
    assert (pool["Pool"], pool["Options"], pool["V6"]) == ("10.97.8.0/24", {"rack": "7"}, False)
    first = plugged.plugin.calls("RequestAddress")[-3:]
    assert first[0]["Options"] == {"RequestAddressType": "com.docker.network.gateway"}
    assert first[1]["Address"] == "10.97.8.9"
    mac = first[2]["Options"]["com.docker.network.endpoint.macaddress"]
    assert mac == settings(plugged, web, name)["MacAddress"]

    # Both start anew, and the plugin remembers nothing.
    plugged.kill()
    plugged.plugin.kill()
    plugged.plugin.start()
    plugged.start()
    other = remote.web(name)
    assert plugged.plugin.calls("RequestPool")[-1] == pool
    again = plugged.plugin.calls("RequestAddress")[-4:]
    assert [call["Address"] for call in again] == ["10.97.8.1", "10.97.8.9", at, ""]
    assert again[0]["Options"] == first[0]["Options"]
    assert again[2]["Options"] == first[2]["Options"]
    assert "works" in asks(plugged, other, at)
    assert settings(plugged, other, name)["IPAddress"] not in (at, "10.97.8.1", "10.97.8.9")
    plugged.hull("rm", "-f", web, other)
    assert sorted(call["Address"] for call in plugged.plugin.calls("ReleaseAddress")[-2:])[0] == at


def heard(plugged, since):
    """What the plugin was asked since then: methods with what they were about."""
    with open(plugged.plugin.base + ".log") as file:
        calls = [json.loads(line) for line in file][since:]
    return [(call["method"].split(".")[1], call["body"].get("Address", call["body"].get("PoolID")))
            for call in calls if "Release" in call["method"] or "Request" in call["method"] or
            "DeleteNetwork" in call["method"]]


def count_calls(plugged):
    with open(plugged.plugin.base + ".log") as file:
        return len(file.readlines())


@pytest.mark.parametrize("away,told", [
    ("killed", "by what comes next"), ("killed", "by a start"), ("stopped", "by what comes next"),
    ("hanging", "by a start")])
def test_what_an_ipam_plugin_missed_is_told_later(plugged, remote, away, told):
    subnet = "10.98.%d.0/24" % (20 + 2 * ("killed stopped hanging".split().index(away)) +
                                (told == "by a start"))
    pool, base = "pool-" + subnet, subnet[:-4]
    name = remote.create("-d", "toy", "--ipam-driver", "toy", "--subnet", subnet,
                         "--aux-address", "router=" + base + "9")
    web = remote.web(name)
    assert settings(plugged, web, name)["IPAddress"] == base + "2"
    if away == "hanging":
        plugged.plugin.mode("IpamDriver.ReleaseAddress hang")
    else:
        plugged.plugin.kill()
    if away == "stopped":  # in order: nothing is left of it
        os.unlink(plugged.plugin.base + ".sock")
    plugged.hull("rm", "-f", web)
    plugged.hull("network", "rm", name)
    since = count_calls(plugged)
    if away == "hanging":
        plugged.plugin.mode("")
    else:
        plugged.plugin.start()
    owed = [("ReleaseAddress", base + "2"), ("ReleaseAddress", base + "1"),
            ("ReleaseAddress", base + "9"), ("ReleasePool", pool)]
    if told == "by a start":
        plugged.kill()
        plugged.start()
        plugged.hull("network", "ls")
        deadline = time.monotonic() + 10
        while ("ReleasePool", pool) not in heard(plugged, since):
            assert time.monotonic() < deadline, heard(plugged, since)
            time.sleep(0.02)
        assert [call for call in heard(plugged, since) if call[0] != "DeleteNetwork"] == owed
    # Once, and before anything new is asked for.
    again = remote.create("--ipam-driver", "toy", "--subnet", subnet)
    asked = [call for call in heard(plugged, since) if call[0] != "DeleteNetwork"]
    assert asked == owed + [("RequestPool", None), ("RequestAddress", "")]
    assert settings(plugged, remote.web(again), again)["IPAddress"] == base + "2"
    if away != "hanging":
        assert ("DeleteNetwork", None) in heard(plugged, since)


def test_what_a_plugin_gives_again_is_not_owed_any_more(plugged, remote):
    """One that has forgotten all gives an address to somebody else before it hears of the release."""
    name = remote.create("--ipam-driver", "toy", "--subnet", "10.98.30.0/24")
    web, other = remote.web(name), remote.web(name)
    plugged.plugin.mode("IpamDriver.ReleaseAddress hang")
    plugged.hull("rm", "-f", web)
    since = count_calls(plugged)
    # It still does not hear, and gives the address as if it were free.
    with open(plugged.plugin.base + ".mode", "w") as file:
        file.write('IpamDriver.ReleaseAddress hang\nIpamDriver.RequestAddress '
                   '{"Address":"10.98.30.2/24"}')
    box = remote.web(name)
    assert settings(plugged, box, name)["IPAddress"] == "10.98.30.2"
    plugged.plugin.mode("")
    plugged.kill()
    plugged.start()
    plugged.hull("rm", "-f", other)
    assert [call for call in heard(plugged, since) if call[0].startswith("Rel")] == [
        ("ReleaseAddress", "10.98.30.2"), ("ReleaseAddress", "10.98.30.3")]


@pytest.mark.parametrize("method,answer,says", [
    ("RequestAddress", '{"Address":"192.0.2.1/24"}', "is no address in 10.97.9.0/24"),
    ("RequestAddress", "junk", "cannot understand its answer"),
    ("RequestPool", '{"PoolID":"p","Pool":"fd00::/64"}', "is no IPv4 subnet"),
    ("RequestPool", '{"Pool":"10.97.9.0/24"}', "it has no PoolID"),
    ("RequestPool", "hang", "no answer within 2 s"),
])
def test_an_ipam_plugin_that_lies_makes_no_network(plugged, method, answer, says):
    plugged.plugin.mode("IpamDriver.%s %s" % (method, answer))
    with Pings(plugged) as pings:
        said = fails(plugged, "network", "create", "--ipam-driver", "toy", "--subnet",
                     "10.97.9.0/24", "drvno")
    assert "toy" in said and says in said
    assert not pings.times or pings.median() < 50, pings.times
    plugged.plugin.mode("")
    # All that it gave was given back.
    plugged.hull("network", "create", "--ipam-driver", "toy", "--subnet", "10.97.9.0/24", "drvno")
    plugged.hull("network", "rm", "drvno")


ROUTES = [{"Destination": "198.51.100.0/24", "RouteType": 0, "NextHop": "10.97.0.9"},
          {"Destination": "2001:db8:7::/64", "RouteType": 0, "NextHop": "fd00:97::9"},
          {"Destination": "203.0.113.0/24", "RouteType": 1}]


@pytest.mark.parametrize("names,inside", [({"DstPrefix": "net"}, "net0"), ({"DstName": "up7"}, "up7"),
                                          ({}, "eth0")])
def test_what_join_says_is_done(plugged, remote, names, inside):
    answer = {"InterfaceName": names, "Gateway": "10.97.0.1", "GatewayIPv6": "fd00:97::1",
              "StaticRoutes": ROUTES}
    name = remote.create("-d", "toy", *POOL, "--ipv6", "--subnet", "fd00:97::/64", "-o",
                         "join=" + json.dumps(answer))
    said = plugged.hull("run", "--rm", "--network", name, "busybox", "sh", "-c",
                        "ip route; ip -6 route").stdout.split("\n")
    lines = [line.strip() for line in said]
    for wanted in ("default via 10.97.0.1 dev " + inside,
                   "198.51.100.0/24 via 10.97.0.9 dev " + inside, "203.0.113.0/24 dev " + inside,
                   "default via fd00:97::1 dev " + inside,
                   "2001:db8:7::/64 via fd00:97::9 dev " + inside):
        assert any(line.startswith(wanted) for line in lines), (wanted, lines)


def test_a_plugin_may_want_no_other_way_out(plugged, remote):
    """As with dockerd: what it gives as a gateway is one, and without one there is none."""
    for gateway, found in ("10.97.0.1", True), ("", False):
        name = remote.create("-d", "toy", *POOL, "-o", "join=" + json.dumps(
            {"Gateway": gateway, "DisableGatewayService": True}))
        said = plugged.hull("run", "--rm", "--network", name, "busybox", "ip", "route").stdout
        assert ("default via 10.97.0.1 dev eth0" in said) == found and "10.97.0.0/24" in said
        assert ("default" in said) == found
        plugged.hull("network", "rm", name)


# --- ports, and the way out --------------------------------------------------------------------------

PORTS = ("-p", "18351:80", "-p", "127.0.0.1:18352-18353:90/udp", "-p", "99", "--expose", "77",
         "--expose", "50-51/udp")
EXPOSED = [(6, 77), (6, 80), (6, 99), (17, 50), (17, 51), (17, 90)]
PORTMAP = [(6, 80, "", 18351, 18351), (6, 99, "", 0, 0), (17, 90, "127.0.0.1", 18352, 18353)]


def told_of_ports(options):
    """As dockerd sends them; the order is of no meaning there."""
    exposed = sorted((port["Proto"], port["Port"])
                     for port in options.pop("com.docker.network.endpoint.exposedports"))
    ports = sorted((port["Proto"], port["Port"], port["HostIP"], port["HostPort"],
                    port["HostPortEnd"]) for port in options.pop("com.docker.network.portmap"))
    return exposed, ports


def test_ports_are_the_plugins_when_it_has_the_gateway(plugged, remote):
    info = {"com.docker.network.endpoint.macaddress": "02:42:01:02:03:04",
            "com.docker.network.portmap": [
                {"Proto": 6, "IP": "10.97.0.2", "Port": 99, "HostIP": "", "HostPort": 32999,
                 "HostPortEnd": 32999},
                {"Proto": 17, "Port": 90, "HostIP": "127.0.0.1", "HostPort": 18353},
                {"Proto": 6, "Port": 4, "HostPort": 4}]}
    name = remote.create("-d", "toy", *POOL, "-o", "join=" + json.dumps({"Gateway": "10.97.0.1"}),
                         "-o", "info=" + json.dumps(info))
    web = remote.web(name, *PORTS)
    end = {"NetworkID": plugged.plugin.calls("CreateNetwork")[-1]["NetworkID"],
           "EndpointID": settings(plugged, web, name)["EndpointID"]}
    for method in ("CreateEndpoint", "Join", "ProgramExternalConnectivity"):
        told = plugged.plugin.calls(method)[-1]
        assert {key: told[key] for key in end} == end
        assert told_of_ports(told["Options"]) == (EXPOSED, PORTMAP), method
        assert told["Options"] == {}
    assert plugged.plugin.calls("EndpointOperInfo")[-1] == end
    # What it chose itself, and nothing that nobody asked for.
    shown = json.loads(plugged.hull("inspect", web).stdout)[0]["NetworkSettings"]["Ports"]
    assert shown == {"50/udp": None, "51/udp": None, "77/tcp": None,
                     "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "18351"}],
                     "90/udp": [{"HostIp": "127.0.0.1", "HostPort": "18353"}],
                     "99/tcp": [{"HostIp": "0.0.0.0", "HostPort": "32999"}]}
    plugged.hull("rm", "-f", web)
    for method in ("RevokeExternalConnectivity", "Leave", "DeleteEndpoint"):
        assert plugged.plugin.calls(method)[-1] == end
    # One that nobody tells of is not shown as published.
    bare = remote.create("-d", "toy", "--subnet", "10.95.0.0/24", "-o", "join=" + json.dumps(
        {"Gateway": "10.95.0.1"}))
    web = remote.web(bare, "-p", "99")
    shown = json.loads(plugged.hull("inspect", web).stdout)[0]["NetworkSettings"]["Ports"]
    assert shown.get("99/tcp") is None
    # Information of any form harms nobody.
    for mode in ("fail", "missing", '{"Value":{"com.docker.network.portmap":7}}', '{"Value":[]}'):
        plugged.plugin.mode("NetworkDriver.EndpointOperInfo " + mode)
        plugged.hull("run", "--rm", "--network", bare, "-p", "99", "busybox", "true")
    plugged.plugin.mode("")


def test_a_network_without_a_gateway_has_a_way_out(plugged, remote):
    """The bridge that dockerd makes for this is called docker_gwbridge."""
    name = remote.create("-d", "toy", *POOL)
    try:
        before = len(plugged.plugin.calls("ProgramExternalConnectivity"))
        web, other = remote.web(name, "-p", "18354:80"), remote.web(name)
        assert "works" in sh(GET + "http://127.0.0.1:18354/")
        assert len(plugged.plugin.calls("ProgramExternalConnectivity")) == before
        # It is nobody's network: it isn't shown, has no names, and nobody meets anybody there.
        shown = json.loads(plugged.hull("inspect", web).stdout)[0]["NetworkSettings"]
        assert list(shown["Networks"]) == [name]
        assert shown["Ports"]["80/tcp"][0] == {"HostIp": "0.0.0.0", "HostPort": "18354"}
        members = json.loads(plugged.hull("network", "inspect", "docker_gwbridge").stdout)[0]
        assert members["Options"]["com.docker.network.bridge.enable_icc"] == "false"
        at = [end["IPv4Address"].split("/")[0] for end in members["Containers"].values()
              if end["Name"] == web][0]
        assert "default via %s dev eth1" % members["IPAM"]["Config"][0]["Gateway"] in plugged.hull(
            "exec", other, "ip", "route").stdout
        assert "works" not in asks(plugged, other, at, 1)
        assert plugged.hull("exec", other, "nslookup", web + ".docker_gwbridge",
                            check=False).returncode != 0
        assert "works" in asks(plugged, other, settings(plugged, web, name)["IPAddress"])
        # It is there again after a restart of either, and gone with the container.
        plugged.kill()
        plugged.start()
        assert "works" in sh(GET + "http://127.0.0.1:18354/")
        plugged.hull("restart", "-t", "0", web)
        assert "works" in sh(GET + "http://127.0.0.1:18354/")
        # A network with a gateway takes over.
        wide = remote.create()
        plugged.hull("network", "connect", wide, web)
        assert "dev eth2" in plugged.hull("exec", web, "ip", "route", "show", "default").stdout
        assert "works" in sh(GET + "http://127.0.0.1:18354/")
        plugged.hull("network", "disconnect", wide, web)
        assert "dev eth1" in plugged.hull("exec", web, "ip", "route", "show", "default").stdout
        assert "works" in sh(GET + "http://127.0.0.1:18354/")
        # An internal one has none.
        inner = remote.create("-d", "toy", "--internal", "--subnet", "10.95.0.0/24")
        assert "default" not in plugged.hull("run", "--rm", "--network", inner, "busybox", "ip",
                                             "route").stdout
    finally:
        for box in remote.boxes:
            plugged.hull("rm", "-f", box, check=False)
        plugged.hull("network", "rm", "docker_gwbridge")
    assert "works" not in sh("curl -s -m 1 http://127.0.0.1:18354/", check=False)


def test_a_way_out_comes_with_a_connect_and_goes_with_a_disconnect(plugged, remote):
    name = remote.create("-d", "toy", *POOL)
    inner = remote.create("-d", "toy", "--internal", "--subnet", "10.95.0.0/24")

    def state():
        listed = plugged.hull("network", "ls", "-q", "-f", "name=docker_gwbridge").stdout.split()
        members = [end["Name"] for network in listed for end in
                   json.loads(plugged.hull("network", "inspect", network).stdout)[0]
                   ["Containers"].values()]
        return ("default" in plugged.hull("exec", web, "ip", "route").stdout,
                web in members, set(json.loads(plugged.hull("inspect", web).stdout)[0]
                                     ["NetworkSettings"]["Networks"]))

    try:
        web = remote.web(inner, "-p", "18355:80")
        assert state() == (False, False, {inner})
        for again in (False, True):
            plugged.hull("network", "connect", name, web)
            assert state() == (True, True, {inner, name})
            assert "works" in sh(GET + "http://127.0.0.1:18355/")
            if again:
                plugged.kill()
                plugged.start()
                assert "works" in sh(GET + "http://127.0.0.1:18355/")
            plugged.hull("network", "disconnect", name, web)
            assert state() == (False, False, {inner})
            assert "works" not in sh("curl -s -m 1 http://127.0.0.1:18355/", check=False)
        # A second network that wants it keeps it.
        second = remote.create("-d", "toy", "--subnet", "10.96.0.0/24")
        plugged.hull("network", "connect", name, web)
        plugged.hull("network", "connect", second, web)
        plugged.hull("network", "disconnect", name, web)
        assert state() == (True, True, {inner, second})
        assert "works" in sh(GET + "http://127.0.0.1:18355/")
        # Nothing of it is left by a connect that fails.
        plugged.hull("network", "disconnect", second, web)
        plugged.plugin.mode("NetworkDriver.Join fail")
        assert plugged.hull("network", "connect", name, web, check=False).returncode != 0
        plugged.plugin.mode("")
        assert state() == (False, False, {inner})
    finally:
        for box in remote.boxes:
            plugged.hull("rm", "-f", box, check=False)
        plugged.hull("network", "rm", "docker_gwbridge", check=False)


@pytest.mark.parametrize("answer,says", [
    ({"StaticRoutes": [{"Destination": "here", "RouteType": 1}]}, '"here" makes no sense'),
    ({"StaticRoutes": [{"Destination": "192.0.2.0/24", "RouteType": 2}]}, 'RouteType "2"'),
    ({"StaticRoutes": [{"Destination": "192.0.2.0/24", "RouteType": 0, "NextHop": "fd00::1"}]},
     'NextHop "fd00::1"'),
    ({"Gateway": "nowhere"}, 'Gateway "nowhere"'),
    ({"InterfaceName": {"DstName": "a/b"}}, 'DstName "a/b"'),
])
def test_what_join_says_wrongly_is_named(plugged, remote, answer, says):
    name = remote.create("-d", "toy", *POOL, "-o", "join=" + json.dumps(answer))
    before = links()
    said = fails(plugged, "run", "--rm", "--network", name, "busybox", "true")
    assert 'plugin "toy": NetworkDriver.Join' in said and says in said
    assert links() == before


def test_a_global_scope_is_shown(plugged, remote):
    plugged.plugin.mode('NetworkDriver.GetCapabilities {"Scope":"global"}')
    name = remote.create("-d", "toy", *POOL)
    plugged.plugin.mode("")
    listed = plugged.hull("network", "ls", "--format", "{{.Name}} {{.Scope}}").stdout
    assert name + " global" in listed.split("\n")
