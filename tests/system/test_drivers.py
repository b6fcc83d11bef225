"""Networks of the other drivers, with the host's neighbours as namespaces on a wire."""
import glob
import json
import os
import shutil
import subprocess
import tempfile
import time

import pytest

from engine import Engine
from plugins import PluginProcess

TAG = os.getpid() % 10000


# A server that has just been started may not listen yet.
GET = "curl -s -m 5 --retry 8 --retry-connrefused --retry-delay 1 "


def sh(command, check=True):
    return subprocess.run(command, shell=True, check=check, capture_output=True, text=True).stdout


def settings(engine, name, network):
    found = json.loads(engine.hull("inspect", name).stdout)[0]["NetworkSettings"]
    return found["Networks"][network]


def asks(engine, name, address, seconds=0):
    """What the container NAME gets from the page at ADDRESS: with SECONDS at once, or nothing; else
    as soon as somebody serves there."""
    once = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w %d %s 80" % (seconds or 3, address)
    again = "for i in $(seq 40); do %s | grep works && break; sleep 0.1; done" % once
    return engine.hull("exec", name, "sh", "-c", once if seconds else again, check=False).stdout


def fails(engine, *args):
    done = engine.hull(*args, check=False)
    assert done.returncode != 0, done.stdout
    return done.stderr


def networks_of(engine):
    """Makes networks, and removes them with their containers."""
    class Nets:
        def __init__(self):
            self.names, self.boxes = [], []

        def create(self, *flags):
            name = "drv%d-%d" % (TAG, len(self.names))
            engine.hull("network", "create", *flags, name)
            self.names.append(name)
            return name

        def web(self, network, *flags):
            name = "drvweb%d-%d" % (TAG, len(self.boxes))
            self.boxes.append(name)
            engine.hull("run", "-d", "--name", name, "--network", network, *flags, "busybox",
                        "busybox", "httpd", "-f", "-h", "/www")
            engine.await_listener(name)
            return name

    made = Nets()
    yield made
    for name in made.boxes:
        engine.hull("rm", "-f", name, check=False)
    for name in made.names:
        engine.hull("network", "rm", name, check=False)


@pytest.fixture
def nets(engine):
    yield from networks_of(engine)


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
    assert "works" in lan.run(GET + "http://10.97.0.20/")
    assert "02:42:0a:61:00:14" in lan.run("ip neigh show 10.97.0.20")
    assert "default via 10.97.0.1 dev eth0" in engine.hull("exec", web, "ip", "route").stdout
    other = nets.web(name)
    at = settings(engine, other, name)["IPAddress"]
    assert "works" in asks(engine, web, at)
    # The address is free again, and the neighbour finds whoever has it next.
    engine.hull("rm", "-f", web)
    nets.web(name, "--ip", "10.97.0.20")
    assert "works" in lan.run("ip neigh flush dev eth0; " + GET + "http://10.97.0.20/")


@pytest.mark.parametrize("mode", ["private", "vepa"])
def test_macvlan_modes_keep_siblings_apart(engine, nets, lan, mode):
    name = nets.create("-d", "macvlan", "-o", "parent=" + lan.wire, "-o", "macvlan_mode=" + mode,
                       *POOL)
    one, two = nets.web(name), nets.web(name)
    at = settings(engine, two, name)["IPAddress"]
    assert "works" in lan.run(GET + "http://%s/" % at)
    assert "works" not in asks(engine, one, at, 1)


def test_macvlan_passthru_is_for_one(engine, nets, lan):
    mac = sh("cat /sys/class/net/%s/address" % lan.wire).strip()
    name = nets.create("-d", "macvlan", "-o", "parent=" + lan.wire, "-o", "macvlan_mode=passthru",
                       *POOL)
    assert "in use by the network " + name in fails(
        engine, "network", "create", "-d", "macvlan", "-o", "parent=" + lan.wire, "drvno")
    web = nets.web(name)
    assert settings(engine, web, name)["MacAddress"] == mac
    assert "works" in lan.run(GET + "http://%s/" % settings(engine, web, name)["IPAddress"])
    # The parent is free again when its container has gone.
    engine.hull("restart", "-t", "0", web)
    assert settings(engine, web, name)["MacAddress"] == mac
    second = fails(engine, "run", "--rm", "--network", name, "busybox", "true")
    assert "parent %s is in use" % lan.wire in second


def test_macvlan_of_ipv6_alone(engine, nets, lan):
    lan.run("ip addr add fd00:97::1/64 dev eth0 nodad")
    name = nets.create("-d", "macvlan", "-o", "parent=" + lan.wire, "--ipv4=false", "--ipv6",
                       "--subnet", "fd00:97::/64", "--gateway", "fd00:97::1")
    web, other = nets.web(name, "--ip6", "fd00:97::20"), nets.web(name)
    found = settings(engine, web, name)
    assert (found["IPAddress"], found["GlobalIPv6Address"]) == ("", "fd00:97::20")
    assert found["IPv6Gateway"] == "fd00:97::1" and len(found["MacAddress"]) == 17
    assert "works" in lan.run(GET + "-g http://[fd00:97::20]/")
    assert "works" in asks(engine, other, "fd00:97::20")
    assert "inet " not in engine.hull("exec", web, "ip", "-4", "addr", "show", "eth0").stdout
    assert "default via fd00:97::1" in engine.hull("exec", web, "ip", "-6", "route").stdout


def test_macvlan_without_a_parent_ends_here(engine, nets):
    name = nets.create("-d", "macvlan", "--internal", *POOL)
    # Others on this host may have such pairs, too.
    own = engine.hull("network", "inspect", "-f", "{{.Id}}", name).stdout[:10]
    before = sh("ip -br link")
    one, two = nets.web(name), nets.web(name)
    at = settings(engine, two, name)["IPAddress"]
    assert "works" in asks(engine, one, at)
    assert "default" not in engine.hull("exec", one, "ip", "route").stdout
    assert "hm-" + own in before
    engine.hull("rm", "-f", one, two)
    engine.hull("network", "rm", name)
    assert own not in sh("ip -br link")


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
    assert "works" in lan.run(GET + "http://%s/" % settings(engine, web, name)["IPAddress"])
    engine.hull("rm", "-f", web)
    engine.hull("network", "rm", name)
    assert parent not in sh("ip -br link") and lan.wire + ".9" in sh("ip -br link")


# --- plugins of others -----------------------------------------------------------------------------


class Plugin(PluginProcess):
    program, interfaces = "netplugin.py", ("NetworkDriver", "IpamDriver")

    killed = False

    def kill(self):
        with open(self.base + ".pid") as file:
            sh("kill -9 " + file.read(), check=False)
        self.killed = True

    def start(self):
        super().start()
        self.killed = False


@pytest.fixture(scope="module")
def plugged():
    """A daemon that looks for plugins in a folder of its own, with the plugin toy."""
    folder = tempfile.mkdtemp(prefix="hullpl-")
    made = Engine("--plugin-opt", "network/remote:plugin-sockets=" + folder,
                  "--plugin-opt", "network/remote:plugin-specs=" + folder + "/specs",
                  "--plugin-opt", "network/remote:plugin-retry-ms=300",
                  "--plugin-opt", "network/remote:plugin-timeout-ms=1500",
                  bridge="htp%d" % (os.getpid() % 100000))
    made.load_busybox()
    made.plugin = Plugin(folder, "toy")
    yield made
    made.stop()
    made.plugin.kill()
    # One that was killed leaves its bridges.
    for call in made.plugin.calls("CreateNetwork"):
        sh("ip link del rp" + call["NetworkID"][:8], check=False)
    shutil.rmtree(folder)


@pytest.fixture
def remote(plugged):
    yield from networks_of(plugged)
    plugged.plugin.mode("")
    if plugged.plugin.killed:  # by a test that has failed: not by those that come after it, too
        plugged.plugin.start()


def test_a_remote_driver_carries_traffic(plugged, remote):
    name = remote.create("-d", "toy", "-o", "colour=red", *POOL)
    one, two = remote.web(name, "-p", "18093:80"), remote.web(name)
    found = settings(plugged, two, name)
    assert found["IPAddress"].startswith("10.97.0.")
    assert "works" in asks(plugged, one, found["IPAddress"])
    assert "192.0.2.0/24 dev eth0" in plugged.hull("exec", one, "ip", "route").stdout
    told = plugged.plugin.calls("CreateNetwork")[-1]
    assert told["Options"]["com.docker.network.generic"] == {"colour": "red"}
    assert told["IPv4Data"] == [{"AddressSpace": "LocalDefault", "Gateway": "10.97.0.1/24",
                                 "Pool": "10.97.0.0/24"}]
    assert plugged.plugin.calls("CreateEndpoint")[-2]["Options"][
        "com.docker.network.portmap"] == [{"Proto": 6, "IP": "", "Port": 80, "HostIP": "",
                                           "HostPort": 18093, "HostPortEnd": 18093}]
    plugged.hull("rm", "-f", one, two)
    ends = [call["EndpointID"] for call in plugged.plugin.calls("CreateEndpoint")[-2:]]
    for method in ("Leave", "DeleteEndpoint"):
        assert [call["EndpointID"] for call in plugged.plugin.calls(method)[-2:]] == ends
    plugged.hull("network", "rm", name)
    assert plugged.plugin.calls("DeleteNetwork")[-1]["NetworkID"] == told["NetworkID"]
    assert "rp" + told["NetworkID"][:8] not in sh("ip -br link")


def test_a_remote_ipam_hands_out_addresses(plugged, remote):
    name = remote.create("--ipam-driver", "toy", "--subnet", "10.98.7.0/24")
    shown = json.loads(plugged.hull("network", "inspect", name).stdout)[0]
    assert shown["IPAM"]["Driver"] == "toy"
    assert shown["IPAM"]["Config"] == [{"Subnet": "10.98.7.0/24", "Gateway": "10.98.7.1"}]
    one, two = remote.web(name), remote.web(name)
    assert settings(plugged, one, name)["IPAddress"] == "10.98.7.2"
    assert "works" in asks(plugged, one, settings(plugged, two, name)["IPAddress"])
    plugged.hull("rm", "-f", one)
    assert plugged.plugin.calls("ReleaseAddress")[-1]["Address"] == "10.98.7.2"
    plugged.hull("rm", "-f", two)
    plugged.hull("network", "rm", name)
    assert plugged.plugin.calls("ReleasePool")[-1]["PoolID"] == "pool-10.98.7.0/24"


@pytest.mark.parametrize("mode, says", [
    ("hang", "no answer within 2 s"), ("lie", "cannot understand its answer"),
    ("junk", "cannot understand its answer"), ("fail", "it does not like NetworkDriver.Join"),
    ('{"InterfaceName":{"SrcName":"../x"}}', 'SrcName "../x" makes no sense'),
    ('{"InterfaceName":{"SrcName":"nosuch0"}}', "failed to move interface nosuch0")])
def test_one_that_hangs_or_lies_fails_its_own_call(plugged, remote, mode, says):
    name = remote.create("-d", "toy", *POOL)
    plugged.plugin.mode("NetworkDriver.Join " + mode)
    with subprocess.Popen(plugged.command("run", "--rm", "--network", name, "busybox", "true"),
                          stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as slow:
        # Nobody else waits.
        assert plugged.hull("run", "--rm", "busybox", "echo", "hi", timeout=20).stdout == "hi\n"
        said = slow.communicate(timeout=20)[1]
    assert slow.returncode == 125 or slow.returncode == 1
    assert "toy" in said and says in said
    ends = [call["EndpointID"] for call in plugged.plugin.calls("CreateEndpoint")[-1:]]
    assert [call["EndpointID"] for call in plugged.plugin.calls("DeleteEndpoint")[-1:]] == ends
    plugged.plugin.mode("")
    assert "works" in asks(plugged, remote.web(name),
                           settings(plugged, remote.web(name), name)["IPAddress"])


def test_one_that_died_is_named_and_back_when_it_is_started(plugged, remote):
    name = remote.create("-d", "toy", *POOL)
    plugged.plugin.mode("NetworkDriver.CreateEndpoint die")
    said = fails(plugged, "run", "--rm", "--network", name, "busybox", "true")
    assert 'plugin "toy": NetworkDriver.CreateEndpoint: it closed the connection' in said
    plugged.plugin.mode("")
    said = fails(plugged, "run", "--rm", "--network", name, "busybox", "true")
    assert 'plugin "toy"' in said and "is the plugin running?" in said
    # What is left can be removed without it.
    plugged.hull("network", "rm", name)
    plugged.plugin.start()
    assert "eth0" in plugged.hull("run", "--rm", "--network", remote.create("-d", "toy", *POOL),
                                  "busybox", "ip", "addr").stdout


def test_names_of_drivers(plugged):
    said = fails(plugged, "network", "create", "-d", "nosuch", "drvno")
    assert 'plugin "nosuch" not found' in said
    assert "invalid plugin name" in fails(plugged, "network", "create", "-d", "../toy", "drvno")
    assert 'plugin "nosuch" not found' in fails(plugged, "network", "create", "--ipam-driver",
                                                "nosuch", "drvno")


def test_a_daemon_that_was_killed_tells_the_plugin_the_rest(plugged, remote):
    name = remote.create("-d", "toy", *POOL)
    web = remote.web(name)
    before = settings(plugged, web, name)["IPAddress"]
    plugged.kill()
    plugged.start()
    other = remote.web(name)
    assert len(plugged.plugin.calls("CreateNetwork")) == len(
        {call["NetworkID"] for call in plugged.plugin.calls("CreateNetwork")})
    assert "works" in asks(plugged, other, before)
    endpoint = settings(plugged, web, name)["EndpointID"]
    pid = json.loads(plugged.hull("inspect", web).stdout)[0]["State"]["Pid"]
    plugged.kill()
    os.kill(pid, 9)
    plugged.start()
    plugged.hull("rm", "-f", web)
    assert endpoint in [call["EndpointID"] for call in plugged.plugin.calls("DeleteEndpoint")]


# --- CNI -------------------------------------------------------------------------------------------

needs_cni = pytest.mark.skipif(not os.path.exists("/usr/lib/cni/bridge"),
                               reason="containernetworking-plugins is not installed")


@pytest.fixture(scope="module")
def cni_engine():
    """A daemon with a folder of CNI configurations and one of plugins of its own."""
    folder = tempfile.mkdtemp(prefix="hullcni-")
    os.mkdir(folder + "/bin")
    made = Engine("--plugin-opt", "network/cni:conf-dir=" + folder,
                  "--plugin-opt", "network/cni:plugin-path=/usr/lib/cni:" + folder + "/bin",
                  "--plugin-opt", "network/cni:plugin-timeout-ms=1500",
                  bridge="htc%d" % (os.getpid() % 100000))
    made.load_busybox()
    made.folder, made.cni_bridge = folder, "cb%d" % TAG

    def conf(name, *plugins, version="1.0.0", **more):
        with open("%s/%s.conflist" % (folder, name), "w") as file:
            json.dump({"cniVersion": version, "name": name, "plugins": plugins, **more}, file)

    def script(name, text):
        with open("%s/bin/%s" % (folder, name), "w") as file:
            file.write("#!/bin/sh\n" + text)
        os.chmod("%s/bin/%s" % (folder, name), 0o755)

    def leases():
        found = glob.glob(folder + "/ipam/*/10.*")
        return sorted(os.path.basename(path) for path in found)

    made.conf, made.script, made.leases = conf, script, leases
    clean = not rules("CNI-")
    yield made
    made.stop()
    if clean:
        remove_cni_chains()
    sh("ip link del %s" % made.cni_bridge, check=False)
    shutil.rmtree(folder)


@pytest.fixture
def cni(cni_engine):
    yield from networks_of(cni_engine)


def pool(engine, subnet="10.96.0.0/24"):
    return {"type": "host-local", "dataDir": engine.folder + "/ipam",
            "ranges": [[{"subnet": subnet}]], "routes": [{"dst": "0.0.0.0/0"}]}


def remove_cni_chains():
    """What portmap and firewall make once on a host, and never delete."""
    table, jumps = None, []
    for line in sh("iptables-save", check=False).split("\n"):
        table = line[1:] if line.startswith("*") else table
        if line.startswith("-A ") and " -j CNI-" in line and not line.startswith("-A CNI-"):
            jumps.append("iptables -t %s -D %s" % (table, line[3:]))
    for jump in jumps:
        sh(jump, check=False)
    for table, chains in (("nat", "DNAT MASQ SETMARK"), ("filter", "")):
        names = ["CNI-HOSTPORT-" + name for name in chains.split()] or ["CNI-FORWARD", "CNI-ADMIN"]
        for what in "FX":
            for name in names:
                sh("iptables -t %s -%s %s" % (table, what, name), check=False)


def rules(text):
    return text in sh("iptables-save 2>/dev/null", check=False)


@needs_cni
@pytest.mark.parametrize("version", ["0.3.1", "0.4.0", "1.0.0"])
def test_cni_bridge_and_portmap_carry_traffic(cni_engine, cni, version):
    name = "cni%s" % version.replace(".", "")
    cni_engine.conf(name, {"type": "bridge", "bridge": cni_engine.cni_bridge, "isGateway": True,
                           "ipMasq": True, "capabilities": {"ips": True, "mac": True},
                           "ipam": pool(cni_engine)},
                    {"type": "portmap", "capabilities": {"portMappings": True}, "snat": True},
                    # Debian's firewall plugin knows no 0.3.1.
                    *([{"type": "firewall", "backend": "iptables"}] if version > "0.3.1" else []),
                    {"type": "tuning", "sysctl": {"net.ipv4.conf.all.log_martians": "1"}},
                    version=version)
    network = cni.create("-d", "cni", "-o", "conf=" + name)
    port = 18200 + int(version.replace(".", "")) % 100
    web = cni.web(network, "-p", "%d:80" % port, "--ip", "10.96.0.77")
    found = settings(cni_engine, web, network)
    assert (found["IPAddress"], found["Gateway"]) == ("10.96.0.77", "10.96.0.1")
    assert "works" in sh(GET + "http://10.96.0.77/")
    assert "works" in sh(GET + "http://127.0.0.1:%d/" % port)
    assert "works" in asks(cni_engine, cni.web(network), "10.96.0.77")
    assert cni_engine.hull("exec", web, "cat",
                           "/proc/sys/net/ipv4/conf/all/log_martians").stdout == "1\n"
    assert rules("10.96.0.77") and "10.96.0.77" in cni_engine.leases()
    for box in cni.boxes:
        cni_engine.hull("rm", "-f", box)
    assert cni_engine.leases() == [] and not rules("10.96.0.")
    assert "works" not in sh("curl -s -m 1 http://127.0.0.1:%d/" % port, check=False)


@needs_cni
def test_cni_check_follows_add_when_it_is_wanted(cni_engine, cni):
    cni_engine.conf("checked", {"type": "seen"}, {"type": "bridge", "bridge": cni_engine.cni_bridge,
                                "ipam": pool(cni_engine)},
                    {"type": "tuning", "sysctl": {"net.ipv4.conf.all.log_martians": "1"}},
                    version="0.4.0")
    log = cni_engine.folder + "/seen"
    cni_engine.script("seen", "echo $CNI_COMMAND >>%s; cat >%s.in\n"
                              "[ $CNI_COMMAND = ADD ] && echo '{}'\n"
                              "[ $CNI_COMMAND != CHECK ] || [ ! -e %s.bad ]\n" % (log, log, log))
    network = cni.create("-d", "cni", "-o", "conf=checked", "-o", "check=true")
    cni_engine.hull("run", "--rm", "--network", network, "busybox", "true")
    with open(log) as file:
        assert file.read().split() == ["ADD", "CHECK", "DEL"]
    with open(log + ".in") as file:
        assert json.load(file)["prevResult"]["ips"][0]["address"].startswith("10.96.0.")
    with open(log + ".bad", "w"):
        said = fails(cni_engine, "run", "--rm", "--network", network, "busybox", "true")
    assert 'cni plugin "seen": CHECK: it failed with status 1' in said
    assert cni_engine.leases() == []


@needs_cni
@pytest.mark.parametrize("plugin", ["ptp", "macvlan"])
def test_other_cni_plugins_carry_traffic(cni_engine, cni, lan, plugin):
    own = {"ptp": {"ipMasq": True, "ipam": pool(cni_engine, "10.95.0.0/24")},
           "macvlan": {"master": lan.wire, "ipam": dict(pool(cni_engine, "10.97.0.0/24"),
                                                        routes=[])}}[plugin]
    cni_engine.conf("own-" + plugin, {"type": plugin, **own})
    network = cni.create("-d", "cni", "-o", "conf=%s/own-%s.conflist" % (cni_engine.folder, plugin))
    one, two = cni.web(network), cni.web(network)
    at = settings(cni_engine, two, network)["IPAddress"]
    assert "works" in asks(cni_engine, one, at)
    if plugin == "macvlan":
        assert "works" in lan.run(GET + "http://%s/" % at)
    cni_engine.hull("rm", "-f", one, two)
    assert cni_engine.leases() == []


@needs_cni
def test_cni_deletes_what_a_killed_daemon_added(cni_engine, cni):
    cni_engine.conf("killed", {"type": "bridge", "bridge": cni_engine.cni_bridge, "isGateway": True,
                               "ipMasq": True, "ipam": pool(cni_engine)},
                    {"type": "portmap", "capabilities": {"portMappings": True}})
    network = cni.create("-d", "cni", "-o", "conf=killed")
    web = cni.web(network, "-p", "18230:80")
    kept = cni.web(network)
    at = settings(cni_engine, kept, network)["IPAddress"]
    pid = json.loads(cni_engine.hull("inspect", web).stdout)[0]["State"]["Pid"]
    # Also one whose ADD was cut off: no result is known.
    cni_engine.script("slow", "touch %s/adding; exec sleep 20\n" % cni_engine.folder)
    cni_engine.conf("cut", {"type": "bridge", "bridge": cni_engine.cni_bridge,
                            "ipam": pool(cni_engine, "10.94.0.0/24")}, {"type": "slow"})
    cut = cni.create("-d", "cni", "-o", "conf=cut")
    with subprocess.Popen(cni_engine.command("run", "--rm", "--network", cut, "busybox", "true"),
                          stderr=subprocess.DEVNULL) as client:
        deadline = time.monotonic() + 5
        while not os.path.exists(cni_engine.folder + "/adding"):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert any(lease.startswith("10.94.") for lease in cni_engine.leases())
        cni_engine.kill()
        client.wait(10)
    cni_engine.script("slow", "cat >/dev/null\n")
    os.kill(pid, 9)
    cni_engine.start()
    cni_engine.hull("rm", "-f", web)
    assert "works" in sh(GET + "http://%s/" % at)
    assert cni_engine.leases() == [at] and not rules("18230")
    cni_engine.hull("rm", "-f", kept)
    assert cni_engine.leases() == [] and not rules("10.96.0.")


@needs_cni
def test_a_cni_plugin_that_fails_hangs_or_lies_is_named(cni_engine, cni):
    cni_engine.conf("odd", {"type": "bridge", "bridge": cni_engine.cni_bridge,
                            "ipam": pool(cni_engine)}, {"type": "odd"})
    cni_engine.script("odd", "cat\n")
    network = cni.create("-d", "cni", "-o", "conf=odd")
    for text, says in [
            ('echo \'{"code":7,"msg":"not this one","details":"why"}\'; exit 1',
             "not this one: why"),
            ("echo oops >&2; exit 3", "oops"), ("exit 4", "it failed with status 4"),
            ("kill -9 $$", "it was killed by signal 9"), ("sleep 30", "it did not end within 2 s"),
            ("echo not json", "its result makes no sense"), ("true", "its result makes no sense"),
            ('echo \'{"ips":[{"address":"x"}]}\'', '"x" is no address'),
            ("head -c 2000000 /dev/zero", "it wrote more than")]:
        cni_engine.script("odd", '[ "$CNI_COMMAND" = DEL ] && exit 0\n%s\n' % text)
        said = fails(cni_engine, "run", "--rm", "--network", network, "busybox", "true")
        assert 'cni plugin "odd": ADD: ' in said and says in said
        assert cni_engine.leases() == []
    # Its environment is its own.
    cni_engine.script("odd", "env >%s/env; cat >%s/in; echo '{}'\n" % (cni_engine.folder,
                                                                      cni_engine.folder))
    cni_engine.hull("run", "--rm", "--network", network, "busybox", "true")
    with open(cni_engine.folder + "/env") as file:
        names = {line.split("=")[0] for line in file} - {"PWD", "_", "SHLVL", "OLDPWD"}
    assert names == {"PATH", "CNI_COMMAND", "CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME",
                     "CNI_PATH"}
    with open(cni_engine.folder + "/in") as file:
        last = json.load(file)
    assert last["name"] == "odd" and last["prevResult"] == {}


@needs_cni
def test_what_cni_refuses(cni_engine, cni):
    def create(*flags):
        return fails(cni_engine, "network", "create", "-d", "cni", *flags, "drvno")

    bridge = {"type": "bridge", "bridge": cni_engine.cni_bridge, "ipam": pool(cni_engine)}
    cni_engine.conf("old", bridge, version="0.2.0")
    cni_engine.conf("evil", {"type": "../bin/sh"})
    cni_engine.conf("missing", {"type": "nosuch"})
    cni_engine.conf("plain", bridge)
    assert "no configuration in" in create()
    assert "conf: open /nosuch" in create("-o", "conf=/nosuch")
    assert "neither an absolute path" in create("-o", "conf=../x")
    assert 'cniVersion "0.2.0" is not supported' in create(
        "-o", "conf=%s/old.conflist" % cni_engine.folder)
    assert 'type "../bin/sh" is no name' in create(
        "-o", "conf=%s/evil.conflist" % cni_engine.folder)
    assert 'cni plugin "nosuch" not found in /usr/lib/cni, ' in create("-o", "conf=missing")
    assert "option colour is not known" in create("-o", "conf=plain", "-o", "colour=red")
    assert "hands out addresses itself" in create("-o", "conf=plain", "--subnet", "10.9.0.0/24")
    os.chmod(cni_engine.folder + "/plain.conflist", 0o666)
    assert "must belong to root" in create("-o", "conf=%s/plain.conflist" % cni_engine.folder)
    os.chmod(cni_engine.folder + "/plain.conflist", 0o644)
    os.chmod(cni_engine.folder + "/bin", 0o777)
    cni_engine.script("loose", "true\n")
    cni_engine.conf("loose", {"type": "loose"})
    assert "must belong to root" in create("-o", "conf=loose")
    os.chmod(cni_engine.folder + "/bin", 0o755)

    network = cni.create("-d", "cni", "-o", "conf=plain")
    run = ("run", "--rm", "--network", network)
    assert "the capability portMappings" in fails(cni_engine, *run, "-p", "18231:80", "busybox")
    assert "the capability ips" in fails(cni_engine, *run, "--ip", "10.96.0.9", "busybox")
