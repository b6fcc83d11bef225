"""Answers of network and IPAM plugins that are wrong in ways that a program can be: each fails its own
call with the plugin's name, nobody else waits, and nothing is left. And such as are odd, but right."""
import json

import pytest
from test_drivers import POOL, fails, plugged, remote, settings  # noqa: F401, fixtures too
from test_drivers import sh
from test_third_parties import Pings, links

WRONG = [("redirect", "it answered with status 302"), ("early", "unexpected EOF"), ("huge", "too long"),
         ("twice", "it says twice how long it is")]
RIGHT = ["pieces", "old", "chunks", "late"]
LARGE = "1" + "0" * 400


def leaves_nothing(plugged, name, before):
    """What was made for the call that failed is undone, and the next one works."""
    plugged.plugin.mode("")
    ends = [call["EndpointID"] for call in plugged.plugin.calls("CreateEndpoint")[-1:]]
    assert [call["EndpointID"] for call in plugged.plugin.calls("DeleteEndpoint")[-1:]] == ends
    assert links() == before
    assert not json.loads(plugged.hull("network", "inspect", name).stdout)[0]["Containers"]
    assert "eth0" in plugged.hull("run", "--rm", "--network", name, "busybox", "ip", "addr").stdout


@pytest.mark.parametrize("method,mode,says", [
    *[("Join", mode, says) for mode, says in WRONG],
    ("CreateEndpoint", '{"Interface":[]}', "Interface"),
    ("CreateEndpoint", '{"Interface":{"MacAddress":"02:42"}}', '"02:42" makes no sense'),
    ("CreateEndpoint", '{"Interface":{"MacAddress":7}}', "MacAddress"),
    ("CreateEndpoint", '[' * 5000, "cannot understand"),
    ("CreateEndpoint", '"Err"', "cannot understand"),
    ("CreateEndpoint", '{"Err":{"a":1}}', "cannot understand"),
    ("CreateEndpoint", '{"Err":"' + "x" * 100000 + '"}', "xxxx"),
    ("Join", '{"InterfaceName":{"SrcName":"a/b"}}', '"a/b" makes no sense'),
    ("Join", '{"InterfaceName":{"SrcName":".."}}', '".." makes no sense'),
    ("Join", '{"InterfaceName":{"SrcName":"sixteen-letters-"}}', "makes no sense"),
    ("Join", '{"InterfaceName":{"SrcName":"x\\u0000y"}}', ""),
    ("Join", '{"InterfaceName":{"SrcName":"rv0"},"StaticRoutes":[{"Destination":"192.0.2.0/24",'
             '"RouteType":%s}]}' % LARGE, "RouteType"),
    ("Join", '{"InterfaceName":{"SrcName":"rv0"},"StaticRoutes":{"a":1}}', "StaticRoutes"),
    ("Join", '{"InterfaceName":{"SrcName":"rv0"},"Gateway":["10.97.0.1"]}', "Gateway"),
])
def test_a_driver_that_lies(plugged, remote, method, mode, says):
    name = remote.create("-d", "toy", *POOL)
    before = links()
    plugged.plugin.mode("NetworkDriver.%s %s" % (method, mode))
    with Pings(plugged) as pings:
        said = fails(plugged, "run", "--rm", "--network", name, "busybox", "true")
    assert "toy" in said and says in said and len(said) < 8192
    assert not pings.times or pings.median() < 50, pings.times
    leaves_nothing(plugged, name, before)


@pytest.mark.parametrize("mode,says", WRONG)
def test_a_network_that_may_have_been_made_is_deleted(plugged, mode, says):
    plugged.plugin.mode("NetworkDriver.CreateNetwork " + mode)
    said = fails(plugged, "network", "create", "-d", "toy", *POOL, "drvlie")
    assert 'plugin "toy": NetworkDriver.CreateNetwork' in said and says in said
    plugged.plugin.mode("")
    told = plugged.plugin.calls("CreateNetwork")[-1]["NetworkID"]
    assert plugged.plugin.calls("DeleteNetwork")[-1]["NetworkID"] == told
    assert "rp" + told[:8] not in sh("ip -br link")


@pytest.mark.parametrize("answer,says", [
    ({"Gateway": "8.8.8.8"}, "network driver toy"),  # the kernel has no way there
    ({"StaticRoutes": [{"Destination": "198.51.100.0/24", "RouteType": 0,
                        "NextHop": "203.0.113.9"}]}, "network driver toy"),
    # As with dockerd, what is said twice is wrong.
    ({"StaticRoutes": [{"Destination": "198.51.100.0/24", "RouteType": 1}] * 2}, "File exists"),
])
def test_what_the_kernel_will_not_have_is_the_plugins(plugged, remote, answer, says):
    name = remote.create("-d", "toy", *POOL, "-o", "join=" + json.dumps(answer))
    before = links()
    said = fails(plugged, "run", "--rm", "--network", name, "busybox", "true")
    assert says in said and "network driver toy: failed to configure interface" in said
    assert links() == before


@pytest.mark.parametrize("way", RIGHT)
def test_an_answer_in_a_way_of_its_own_counts(plugged, remote, way):
    plugged.plugin.mode("\n".join("%s %s" % (method, way) for method in (
        "Plugin.Activate", "NetworkDriver.CreateNetwork", "NetworkDriver.CreateEndpoint",
        "NetworkDriver.Join", "NetworkDriver.Leave", "IpamDriver.RequestPool",
        "IpamDriver.RequestAddress")))
    name = remote.create("-d", "toy", "--ipam-driver", "toy", "--subnet", "10.98.40.0/24")
    web = remote.web(name)
    assert settings(plugged, web, name)["IPAddress"] == "10.98.40.2"
    plugged.hull("rm", "-f", web)
    plugged.hull("network", "rm", name)


def test_what_comes_after_an_answer_is_nobodys(plugged, remote):
    plugged.plugin.mode("NetworkDriver.Join longer")
    name = remote.create("-d", "toy", *POOL)
    remote.web(name)


@pytest.mark.parametrize("method,mode,says", [
    *[("RequestAddress", mode, says) for mode, says in WRONG],
    ("RequestPool", '{"PoolID":7,"Pool":"10.98.41.0/24"}', "PoolID"),
    ("RequestPool", '{"PoolID":"p","Pool":"10.98.41.0/33"}', "is no IPv4 subnet"),
    ("RequestPool", '{"PoolID":"p","Pool":"10.98.41.0/24","Data":{"com.docker.network.gateway":'
                    '"../x"}}', '"../x" is no address'),
    ("RequestPool", '{"PoolID":"p","Pool":"10.98.41.0/24","Data":{"com.docker.network.gateway":'
                    '"192.0.2.1/24"}}', '"192.0.2.1/24" is no address in'),
    ("RequestPool", '{"PoolID":"p","Pool":"10.98.41.0/24","Data":[]}', "Data"),
    ("RequestAddress", '{"Address":"10.98.41.1/%s"}' % LARGE, "is no address"),
    ("RequestAddress", '{"Address":{"a":1}}', "Address"),
    ("RequestAddress", '{"Address":"10.98.41.0/24"}', "10.98.41.0"),
    ("RequestAddress", '{"Address":"10.98.41.255/24"}', "10.98.41.255"),
    ("GetDefaultAddressSpaces", '{"LocalDefaultAddressSpace":[]}', "LocalDefaultAddressSpace"),
    ("GetCapabilities", '{"RequiresMACAddress":"yes"}', "RequiresMACAddress"),
])
def test_an_ipam_driver_that_lies(plugged, method, mode, says):
    plugged.plugin.mode("IpamDriver.%s %s" % (method, mode))
    said = fails(plugged, "network", "create", "--ipam-driver", "toy", "--subnet", "10.98.41.0/24",
                 "drvlie")
    assert "toy" in said and says in said
    plugged.plugin.mode("")
    assert "drvlie" not in plugged.hull("network", "ls").stdout
    # All that it gave was given back: the same is to be had.
    plugged.hull("network", "create", "--ipam-driver", "toy", "--subnet", "10.98.41.0/24", "drvlie")
    plugged.hull("network", "rm", "drvlie")


def test_an_address_that_somebody_has_is_not_given_twice(plugged, remote):
    name = remote.create("--ipam-driver", "toy", "--subnet", "10.98.42.0/24")
    remote.web(name)
    plugged.plugin.mode('IpamDriver.RequestAddress {"Address":"10.98.42.2/24"}')
    said = fails(plugged, "run", "--rm", "--network", name, "busybox", "true")
    assert 'plugin "toy": IpamDriver.RequestAddress' in said and "10.98.42.2" in said
