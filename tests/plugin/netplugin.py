#!/usr/bin/python3
"""A network and IPAM driver by Docker's plugin protocol, for tests: a bridge per network and a
veth pair per container, made with ip(8).

    netplugin.py FOLDER [NAME]      serves FOLDER/NAME.sock, and comes back when it listens

It goes to the background; FOLDER/NAME.pid has its process, FOLDER/NAME.log each call and answer,
a line of JSON. What FOLDER/NAME.mode says ("NetworkDriver.Join hang") is done to that method:
hang, die, lie (an answer of the wrong type), junk (no JSON), fail (an error of its own),
missing (404), or JSON to answer with. It ends by itself after some minutes.
"""
import http.server
import ipaddress
import json
import os
import signal
import socketserver
import subprocess
import sys
import threading
import time

FOLDER, NAME = sys.argv[1], (sys.argv[2:] or ["toy"])[0]
BASE = os.path.join(FOLDER, NAME)
LOCK = threading.Lock()
NETWORKS, POOLS = {}, {}


def ip(*args, check=True):
    subprocess.run(["ip", *args], check=check, capture_output=True)


def network_create(body):
    bridge = "rp" + body["NetworkID"][:8]
    ip("link", "del", bridge, check=False)
    ip("link", "add", bridge, "type", "bridge")
    for data in body["IPv4Data"]:
        if data.get("Gateway"):
            ip("addr", "add", data["Gateway"], "dev", bridge)
    ip("link", "set", bridge, "up")
    NETWORKS[body["NetworkID"]] = bridge
    return {}


def network_delete(body):
    ip("link", "del", "rp" + body["NetworkID"][:8], check=False)
    NETWORKS.pop(body["NetworkID"], None)
    return {}


def endpoint_names(body):
    return "rv" + body["EndpointID"][-8:], "rc" + body["EndpointID"][-8:]


def endpoint_create(body):
    host, inner = endpoint_names(body)
    ip("link", "add", host, "type", "veth", "peer", "name", inner)
    ip("link", "set", host, "master", NETWORKS[body["NetworkID"]], "up")
    # Only what was left open may be answered.
    return {} if body["Interface"]["MacAddress"] else {"Interface": {"MacAddress":
                                                                     "02:42:0a:0a:0a:0a"[:15] +
                                                                     body["EndpointID"][-2:]}}


def endpoint_delete(body):
    ip("link", "del", endpoint_names(body)[0], check=False)
    return {}


def endpoint_join(body):
    assert os.path.exists(body["SandboxKey"]), body["SandboxKey"]
    return {"InterfaceName": {"SrcName": endpoint_names(body)[1], "DstPrefix": "eth"},
            "Gateway": "", "StaticRoutes": [{"Destination": "192.0.2.0/24", "RouteType": 1}]}


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


METHODS = {
    "Plugin.Activate": lambda body: {"Implements": ["NetworkDriver", "IpamDriver"]},
    "NetworkDriver.GetCapabilities": lambda body: {"Scope": "local", "ConnectivityScope": "local"},
    "NetworkDriver.CreateNetwork": network_create,
    "NetworkDriver.DeleteNetwork": network_delete,
    "NetworkDriver.CreateEndpoint": endpoint_create,
    "NetworkDriver.DeleteEndpoint": endpoint_delete,
    "NetworkDriver.Join": endpoint_join,
    "NetworkDriver.Leave": lambda body: {},
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


def mode_of(method):
    try:
        with open(BASE + ".mode") as file:
            found, what = file.read().strip().split(" ", 1)
            return what if found == method else None
    except (OSError, ValueError):
        return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, data):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def special(self, method, mode):
        if mode == "hang":
            time.sleep(100)
        elif mode == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        elif mode == "fail":
            self.answer(500, json.dumps({"Err": "it does not like %s" % method}).encode())
        elif mode == "missing":
            self.answer(404, b"404 page not found\n")
        else:
            lies = {"lie": b'{"InterfaceName":7,"Interface":7,"Scope":7,"Pool":7,"Address":7}',
                    "junk": b"<html>"}
            self.answer(200, lies.get(mode, mode.encode()))

    def do_POST(self):
        method = self.path[1:]
        text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.loads(text or b"{}")
        mode = mode_of(method)
        if mode is not None:
            self.log_call(method, body, mode)
            return self.special(method, mode)
        try:
            with LOCK:
                done = 200, METHODS[method](body)
        except Exception as error:  # pylint: disable=broad-except
            done = 500, {"Err": "%s: %r" % (method, error), "Error": "%r" % error}
        self.log_call(method, body, done[1])
        return self.answer(done[0], json.dumps(done[1]).encode())

    def log_call(self, method, body, answer):
        with LOCK, open(BASE + ".log", "a") as file:
            file.write(json.dumps({"method": method, "body": body, "answer": answer}) + "\n")

    def log_message(self, *args):
        pass

    def address_string(self):
        return "unix"


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


def main():
    if os.path.exists(BASE + ".sock"):
        os.unlink(BASE + ".sock")
    server = Server(BASE + ".sock", Handler)
    pid = os.fork()
    if pid > 0:
        with open(BASE + ".pid", "w") as file:
            file.write(str(pid))
        return
    os.setsid()
    null = os.open("/dev/null", os.O_RDWR)
    for fd in range(3):
        os.dup2(null, fd)
    signal.alarm(300)
    server.serve_forever()


main()
