#!/usr/bin/python3
"""A network and IPAM driver by Docker's plugin protocol, for tests: a bridge per network and a
veth pair per container, made with ip(8).

    netplugin.py FOLDER [NAME]      see pluginserver.py
"""
import ipaddress
import json
import os
import subprocess
import sys

import pluginserver

FOLDER, NAME = sys.argv[1], (sys.argv[2:] or ["toy"])[0]
# JOINS: what the option "join" of a network adds to the answer; INFOS: the option "info".
POOLS, JOINS, INFOS = {}, {}, {}


def ip(*args, check=True):
    subprocess.run(["ip", *args], check=check, capture_output=True)


def network_create(body):
    bridge = "rp" + body["NetworkID"][:8]
    ip("link", "del", bridge, check=False)
    ip("link", "add", bridge, "type", "bridge")
    JOINS[body["NetworkID"]] = json.loads(
        body["Options"]["com.docker.network.generic"].get("join", "{}"))
    INFOS[body["NetworkID"]] = body["Options"]["com.docker.network.generic"].get("info", "{}")
    for data in body["IPv4Data"] + (body["IPv6Data"] or []):
        if data.get("Gateway"):
            ip("addr", "add", data["Gateway"], "dev", bridge)
    ip("link", "set", bridge, "up")
    return {}


def network_delete(body):
    ip("link", "del", "rp" + body["NetworkID"][:8], check=False)
    return {}


def endpoint_names(body):
    return "rv" + body["EndpointID"][-8:], "rc" + body["EndpointID"][-8:]


def endpoint_create(body):
    host, inner = endpoint_names(body)
    ip("link", "add", host, "type", "veth", "peer", "name", inner)
    ip("link", "set", host, "master", "rp" + body["NetworkID"][:8], "up")
    # Only what was left open may be answered.
    return {} if body["Interface"]["MacAddress"] else {"Interface": {"MacAddress":
                                                                     "02:42:0a:0a:0a:0a"[:15] +
                                                                     body["EndpointID"][-2:]}}


def endpoint_delete(body):
    ip("link", "del", endpoint_names(body)[0], check=False)
    return {}


def endpoint_join(body):
    assert os.path.exists(body["SandboxKey"]), body["SandboxKey"]
    name = {"SrcName": endpoint_names(body)[1], "DstPrefix": "eth"}
    added = dict(JOINS.get(body["NetworkID"], {}))
    name.update(added.pop("InterfaceName", {}))
    return {"InterfaceName": name, "Gateway": "",
            "StaticRoutes": [{"Destination": "192.0.2.0/24", "RouteType": 1}], **added}


def pool_request(body):
    pool = body["Pool"] or "10.98.0.0/24"
    key = "pool-" + pool
    POOLS[key] = set()
    return {"PoolID": key, "Pool": pool, "Data": {}}


def pool_release(body):
    del POOLS[body["PoolID"]]
    return {}


def address_request(body):
    pool = POOLS[body["PoolID"]]
    net = ipaddress.ip_network(body["PoolID"][len("pool-"):])
    for address in map(str, net.hosts()):
        if address not in pool and body["Address"] in ("", address):
            pool.add(address)
            return {"Address": "%s/%d" % (address, net.prefixlen)}
    raise ValueError("no address is free")


def address_release(body):
    POOLS[body["PoolID"]].remove(body["Address"])
    return {}


def endpoint_info(body):
    """What its network's option "info" says, if there is one."""
    return {"Value": json.loads(INFOS.get(body["NetworkID"], "{}"))}


METHODS = {
    "Plugin.Activate": lambda body: {"Implements": ["NetworkDriver", "IpamDriver"]},
    "NetworkDriver.GetCapabilities": lambda body: {"Scope": "local", "ConnectivityScope": "local"},
    "NetworkDriver.CreateNetwork": network_create,
    "NetworkDriver.DeleteNetwork": network_delete,
    "NetworkDriver.CreateEndpoint": endpoint_create,
    "NetworkDriver.DeleteEndpoint": endpoint_delete,
    "NetworkDriver.Join": endpoint_join,
    "NetworkDriver.Leave": lambda body: {},
    "NetworkDriver.EndpointOperInfo": endpoint_info,
    "NetworkDriver.ProgramExternalConnectivity": lambda body: {},
    "NetworkDriver.RevokeExternalConnectivity": lambda body: {},
    "IpamDriver.GetCapabilities": lambda body: {},
    "IpamDriver.GetDefaultAddressSpaces": lambda body: {"LocalDefaultAddressSpace": "here",
                                                        "GlobalDefaultAddressSpace": "there"},
    "IpamDriver.RequestPool": pool_request,
    "IpamDriver.ReleasePool": pool_release,
    "IpamDriver.RequestAddress": address_request,
    "IpamDriver.ReleaseAddress": address_release,
}

pluginserver.serve(FOLDER, NAME, METHODS)
