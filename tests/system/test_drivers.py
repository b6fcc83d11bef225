"""Networks of the other drivers, with the host's neighbours as namespaces on a wire."""
import json
import os
import subprocess

import pytest

TAG = os.getpid() % 10000


def sh(command, check=True):
    return subprocess.run(command, shell=True, check=check, capture_output=True, text=True).stdout


def settings(engine, name, network):
    found = json.loads(engine.hull("inspect", name).stdout)[0]["NetworkSettings"]
    return found["Networks"][network]


def asks(engine, name, address, seconds=3):
    """What the container NAME gets from the page at ADDRESS."""
    return engine.hull("exec", name, "sh", "-c", "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | "
                       "nc -w %d %s 80" % (seconds, address), check=False).stdout


def fails(engine, *args):
    done = engine.hull(*args, check=False)
    assert done.returncode != 0, done.stdout
    return done.stderr


@pytest.fixture
def nets(engine):
    """Makes networks, and removes them with their containers."""
    class Nets:
        names, boxes = [], []

        def create(self, *flags):
            name = "drv%d-%d" % (TAG, len(self.names))
            engine.hull("network", "create", *flags, name)
            self.names.append(name)
            return name

        def web(self, network, *flags):
            name = "drvweb%d-%d" % (TAG, len(self.boxes))
            engine.hull("run", "-d", "--name", name, "--network", network, *flags, "busybox",
                        "busybox", "httpd", "-f", "-h", "/www")
            self.boxes.append(name)
            return name

    made = Nets()
    made.names, made.boxes = [], []
    yield made
    for name in made.boxes:
        engine.hull("rm", "-f", name, check=False)
    for name in made.names:
        engine.hull("network", "rm", name, check=False)


@pytest.fixture
def lan():
    """A neighbour in 10.97.0.0/24, on the wire whose end here has no address."""
    class Lan:
        wire, name = "dl%d" % TAG, "hulldl%d" % TAG

        def run(self, command, check=True):
            return sh("ip netns exec %s sh -c '%s'" % (self.name, command), check)

    made = Lan()
    sh("ip netns add %s" % made.name)
    sh("ip link add %s type veth peer name eth0 netns %s" % (made.wire, made.name))
    sh("ip link set %s up" % made.wire)
    made.run("ip addr add 10.97.0.1/24 dev eth0; ip link set eth0 up; mkdir -p /tmp")
    yield made
    sh("ip link del %s" % made.wire, check=False)
    sh("ip netns del %s" % made.name)


POOL = ("--subnet", "10.97.0.0/24", "--gateway", "10.97.0.1")


def test_macvlan_makes_a_container_a_peer_of_the_neighbours(engine, nets, lan):
    name = nets.create("-d", "macvlan", "-o", "parent=" + lan.wire, *POOL)
    web = nets.web(name, "--ip", "10.97.0.20")
    found = settings(engine, web, name)
    assert (found["IPAddress"], found["Gateway"]) == ("10.97.0.20", "10.97.0.1")
    assert found["MacAddress"] == "02:42:0a:61:00:14"
    assert "works" in lan.run("curl -s -m 3 http://10.97.0.20/")
    assert "02:42:0a:61:00:14" in lan.run("ip neigh show 10.97.0.20")
    assert "default via 10.97.0.1 dev eth0" in engine.hull("exec", web, "ip", "route").stdout
    other = nets.web(name)
    at = settings(engine, other, name)["IPAddress"]
    assert "works" in asks(engine, web, at)
    # The address is free again, and the neighbour finds whoever has it next.
    engine.hull("rm", "-f", web)
    again = nets.web(name, "--ip", "10.97.0.20")
    assert "works" in lan.run("ip neigh flush dev eth0; curl -s -m 3 http://10.97.0.20/")
    assert settings(engine, again, name)["MacAddress"] == "02:42:0a:61:00:14"


@pytest.mark.parametrize("mode", ["private", "vepa"])
def test_macvlan_modes_keep_siblings_apart(engine, nets, lan, mode):
    name = nets.create("-d", "macvlan", "-o", "parent=" + lan.wire, "-o", "macvlan_mode=" + mode,
                       *POOL)
    one, two = nets.web(name), nets.web(name)
    at = settings(engine, two, name)["IPAddress"]
    assert "works" in lan.run("curl -s -m 3 http://%s/" % at)
    assert "works" not in asks(engine, one, at, 1)


def test_macvlan_passthru_is_for_one(engine, nets, lan):
    mac = sh("cat /sys/class/net/%s/address" % lan.wire).strip()
    name = nets.create("-d", "macvlan", "-o", "parent=" + lan.wire, "-o", "macvlan_mode=passthru",
                       *POOL)
    assert "in use by the network " + name in fails(
        engine, "network", "create", "-d", "macvlan", "-o", "parent=" + lan.wire, "drvno")
    web = nets.web(name)
    assert settings(engine, web, name)["MacAddress"] == mac
    assert "works" in lan.run("curl -s -m 3 http://%s/" % settings(engine, web, name)["IPAddress"])
    second = fails(engine, "run", "--rm", "--network", name, "busybox", "true")
    assert "parent %s is in use" % lan.wire in second


def test_macvlan_without_a_parent_ends_here(engine, nets):
    name = nets.create("-d", "macvlan", "--internal", *POOL)
    before = sh("ip -br link")
    one, two = nets.web(name), nets.web(name)
    at = settings(engine, two, name)["IPAddress"]
    assert "works" in asks(engine, one, at)
    assert "default" not in engine.hull("exec", one, "ip", "route").stdout
    assert "hm-" in before
    engine.hull("rm", "-f", one, two)
    engine.hull("network", "rm", name)
    assert "hm-" not in sh("ip -br link") and "hp-" not in sh("ip -br link")


def test_what_macvlan_refuses(engine, lan):
    def create(*flags):
        return fails(engine, "network", "create", *flags, "drvno")

    assert "there is no interface nosuch0" in create("-d", "macvlan", "-o", "parent=nosuch0")
    assert "there is no interface nosuch0 to make nosuch0.7 on" in create(
        "-d", "macvlan", "-o", "parent=nosuch0.7")
    assert "loopback interface is not a valid macvlan parent link" in create(
        "-d", "macvlan", "-o", "parent=lo")
    assert "macvlan mode 'loud' is not valid" in create(
        "-d", "macvlan", "-o", "parent=" + lan.wire, "-o", "macvlan_mode=loud")
    assert "option colour is not known" in create(
        "-d", "macvlan", "-o", "parent=" + lan.wire, "-o", "colour=red")
    assert "network driver ipvlan" in create("-d", "ipvlan", "-o", "parent=" + lan.wire)
    assert "drvno" not in engine.hull("network", "ls").stdout


def test_vlan_parents_are_made_and_removed(engine, nets, lan):
    probe = subprocess.run(["ip", "link", "add", "link", lan.wire, "name", lan.wire + ".9", "type",
                            "vlan", "id", "9"], check=False, capture_output=True, text=True)
    parent = lan.wire + ".50"
    if probe.returncode != 0:
        assert "this kernel has no VLANs" in fails(
            engine, "network", "create", "-d", "macvlan", "-o", "parent=" + parent, "drvno")
        pytest.skip("this kernel has no VLANs: only the refusal was tested")
    lan.run("ip link add link eth0 name eth0.50 type vlan id 50; ip addr flush dev eth0; "
            "ip addr add 10.97.0.1/24 dev eth0.50; ip link set eth0.50 up")
    name = nets.create("-d", "macvlan", "-o", "parent=" + parent, *POOL)
    web = nets.web(name)
    assert "works" in lan.run("curl -s -m 3 http://%s/" % settings(engine, web, name)["IPAddress"])
    engine.hull("rm", "-f", web)
    engine.hull("network", "rm", name)
    assert parent not in sh("ip -br link") and lan.wire + ".9" in sh("ip -br link")
