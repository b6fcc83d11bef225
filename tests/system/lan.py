"""A host of its own, in a network namespace, on a LAN with two neighbours and with a second one
behind it: nothing of the machine's own network is touched.

    near ---+
            +--- (switch) --- eth0 HOST eth1 --- behind
    far  ---+

LAN: 198.51.100.0/24 and 2001:db8:1::/64, HOST is .1, near .2, far .3.
Behind: 203.0.113.0/24 and 2001:db8:2::/64, HOST is .1, behind .2.
"""
import os
import re
import subprocess
import time

from engine import Engine

HOST = "198.51.100.1"
NEAR = "198.51.100.2"
FAR = "198.51.100.3"
BEHIND = "203.0.113.2"
HOST6 = "2001:db8:1::1"
NEAR6 = "2001:db8:1::2"
FAR6 = "2001:db8:1::3"
BEHIND6 = "2001:db8:2::2"

# A page that says who asks.
SERVE = ("mkdir -p /www/cgi-bin; printf '#!/bin/sh\\necho; echo peer=$REMOTE_ADDR\\n' "
         "> /www/cgi-bin/peer; chmod +x /www/cgi-bin/peer; exec httpd -f -p %d -h /www")


def sh(command, check=True):
    done = subprocess.run(command, shell=True, check=False, capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0 or not check, "%s: %s" % (command, done.stderr)
    return done.stdout


def who(page):
    """The address in an answer of the page, None when it is no answer."""
    found = re.search(r"peer=\[?(?:::ffff:)?([0-9a-f.:]+)", page)
    return found.group(1) if found else None


class Namespace:
    """A network namespace with a name."""

    count = 0

    def __init__(self, kind):
        Namespace.count += 1
        self.name = "hull-%s-%d-%d" % (kind, os.getpid(), Namespace.count)
        sh("ip netns add %s && ip -n %s link set lo up" % (self.name, self.name))

    def run(self, command, check=True):
        # Not "ip netns exec", which hides /sys and so the control groups.
        return sh("nsenter --net=/run/netns/%s sh -c '%s'" % (self.name, command), check)

    def write(self, path, value):
        self.run("echo %s > /proc/sys/net/%s" % (value, path))

    def read(self, path):
        return self.run("cat /proc/sys/net/%s" % path).strip()

    def address(self, interface, *addresses):
        self.run("ip link set %s up" % interface)
        for address in addresses:
            self.run("ip addr add %s dev %s %s" % (address, interface,
                                                   "nodad" if ":" in address else ""))

    def peer(self, address, port=80, seconds=0.3, interface=None):
        """Whom the server at ADDRESS:PORT sees asking; None when there is no answer."""
        host = "[%s]" % address if ":" in address else address
        return who(self.run("curl -gs -m %s %s http://%s:%d/cgi-bin/peer"
                            % (seconds, "--interface " + interface if interface else "", host,
                               port), check=False))

    def reaches(self, address, port=80, **options):
        return self.peer(address, port, **options) is not None

    def end(self):
        sh("ip netns del %s" % self.name, check=False)


class Server:
    """The page of SERVE on port 80 (or another) of a namespace."""

    def __init__(self, place, folder, port=80):
        script = SERVE.replace("/www", "%s/www%d" % (folder, port)) \
            .replace("-p %d", "-p %d" % port).replace("exec httpd", "exec busybox httpd")
        self.process = subprocess.Popen(
            ["nsenter", "--net=/run/netns/" + place.name, "sh", "-c", script],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end(self):
        self.process.kill()
        self.process.wait()


class HostEngine(Engine):
    """A daemon on the host of a Lan."""

    def __init__(self, place, *flags):
        self.place = place
        super().__init__(*flags, bridge="hull0",
                         within=["nsenter", "--net=/run/netns/" + place.name])

    def ports(self):
        return self.place.run("ip -o link show type veth master hull0 2>/dev/null",
                              check=False).splitlines()

    def web(self, name, *flags, port=80):
        self.hull("run", "-d", "--name", name, *flags, "busybox", "sh", "-c", SERVE % port)

    def asks(self, name, address, port=80, seconds=2):
        """Whom the server at ADDRESS:PORT sees when the container NAME asks."""
        line = "printf 'GET /cgi-bin/peer HTTP/1.0\\r\\n\\r\\n' | nc -w %d %s %d"
        return who(self.hull("exec", name, "sh", "-c", line % (seconds, address, port),
                             check=False).stdout)

    def address(self, name, network="bridge"):
        return self.hull("inspect", "-f", '{{(index .NetworkSettings.Networks "%s").IPAddress}}'
                         % network, name).stdout.strip()

    def address6(self, name, network):
        return self.hull("inspect", "-f",
                         '{{(index .NetworkSettings.Networks "%s").GlobalIPv6Address}}'
                         % network, name).stdout.strip()

    def clear(self):
        """Remove containers and networks."""
        names = self.hull("ps", "-aq").stdout.split()
        if names:
            self.hull("rm", "-f", *names, check=False)
        self.hull("network", "prune", "-f")

    def table(self):
        names = self.place.run("nft list tables inet", check=False).splitlines()
        found = [line.split()[2] for line in names if line.split()[2].startswith("hull")]
        return found[0] if found else None


class Lan:
    def __init__(self):
        self.switch = Namespace("switch")
        self.host, self.near, self.far, self.behind = (Namespace(kind) for kind in
                                                       ("host", "near", "far", "behind"))
        for place in (self.host, self.near, self.far, self.behind):
            place.write("ipv6/conf/default/accept_dad", 0)
        self.switch.run("ip link add br0 type bridge && ip link set br0 up")
        for number, place in enumerate((self.host, self.near, self.far)):
            port = "p%d" % number
            self.switch.run("ip link add %s type veth peer name eth0 netns %s && "
                            "ip link set %s master br0 up" % (port, place.name, port))
        self.host.run("ip link add eth1 type veth peer name eth0 netns " + self.behind.name)
        self.host.address("eth0", HOST + "/24", HOST6 + "/64")
        self.host.address("eth1", "203.0.113.1/24", "2001:db8:2::1/64")
        self.near.address("eth0", NEAR + "/24", NEAR6 + "/64")
        self.far.address("eth0", FAR + "/24", FAR6 + "/64")
        self.behind.address("eth0", BEHIND + "/24", BEHIND6 + "/64")
        for place in (self.near, self.far):
            place.run("ip route add default via %s; ip -6 route add default via %s"
                      % (HOST, HOST6))
        self.behind.run("ip route add default via 203.0.113.1; "
                        "ip -6 route add default via 2001:db8:2::1")
        # What a namespace takes over from the machine it is made on.
        self.reset()
        for name in ("all", "default", "eth0", "eth1"):
            self.host.write("ipv4/conf/%s/rp_filter" % name, 0)

    def reset(self):
        """The host is no router."""
        self.host.write("ipv4/ip_forward", 0)
        self.host.write("ipv6/conf/all/forwarding", 0)

    def end(self):
        for place in (self.host, self.near, self.far, self.behind, self.switch):
            place.end()


def until(condition, seconds=5):
    """Wait for what another process does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def served(folder):
    """For a fixture: a Lan whose near neighbour serves what is in FOLDER."""
    made = Lan()
    server = Server(made.near, folder)
    yield made
    server.end()
    made.end()
