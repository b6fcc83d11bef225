"""What CNI plugins are told beyond ADD and DEL: by a plugin that writes down each call."""
import json
import os
import signal
import time

from test_drivers import cni, cni_engine, fails, needs_cni, pool, sh  # noqa: F401, also fixtures

# Each call is a line: command, container, namespace, then what it got on standard input.
NOTES = r'''in=$(tr -d '\n')
echo "$CNI_COMMAND|${CNI_CONTAINERID-none}|${CNI_NETNS-none}|%(name)s|$in" >>%(log)s
what=$(cat %(log)s.$CNI_COMMAND.%(name)s 2>/dev/null) && { eval "$what"; }
case $CNI_COMMAND in ADD) echo '{"ips":[{"address":"10.93.0.2/24"}]}';; esac
exit 0
'''


class Notes:
    def __init__(self, engine, *names):
        self.log = "%s/notes%d" % (engine.folder, time.monotonic_ns())
        for name in names:
            engine.script(name, NOTES % {"name": name, "log": self.log})

    def lines(self, *commands):
        if not os.path.exists(self.log):
            return []
        with open(self.log) as file:
            found = [line.rstrip("\n").split("|", 4) for line in file]
        return [line for line in found if line[0] in commands or not commands]

    def answer(self, command, name, shell):
        with open("%s.%s.%s" % (self.log, command, name), "w") as file:
            file.write(shell)

    def wait(self, command, count=1):
        deadline = time.monotonic() + 10
        while len(self.lines(command)) < count:
            assert time.monotonic() < deadline, self.lines()
            time.sleep(0.02)
        return self.lines(command)


def test_the_verbs_and_capabilities_of_1_1_0(cni_engine, cni):
    notes = Notes(cni_engine, "one", "two")
    takes = {"capabilities": {"aliases": True, "bandwidth": True, "ips": True}}
    cni_engine.conf("verbs", {"type": "one", **takes}, {"type": "two"}, version="0.4.0",
                    cniVersions=["0.4.0", "1.1.0", "9.9.9"])
    network = cni.create("-d", "cni", "-o", "conf=verbs")
    # STATUS is of no container.
    assert [line[:4] for line in notes.lines()] == [["STATUS", "none", "none", "one"],
                                                    ["STATUS", "none", "none", "two"]]
    assert json.loads(notes.lines()[0][4])["cniVersion"] == "1.1.0"

    kept = cni_engine.hull("run", "-d", "--network", "name=%s,alias=db,driver-opt="
                           "bandwidth.ingressRate=1000000" % network, "busybox", "sleep",
                           "1000").stdout.strip()
    given = [json.loads(line[4]) for line in notes.lines("ADD")]
    assert given[0]["runtimeConfig"]["bandwidth"] == {"ingressRate": 1000000}
    assert "db" in given[0]["runtimeConfig"]["aliases"] and "runtimeConfig" not in given[1]
    gone = cni_engine.hull("run", "-d", "--network", network, "busybox", "sleep",
                           "1000").stdout.strip()
    for opt, says in [("colour=red", "option colour is not known"),
                      ("bandwidth.egressRate=lots", '"lots" is no number of bits')]:
        assert says in fails(cni_engine, "run", "--rm", "--network",
                             "name=%s,driver-opt=%s" % (network, opt), "busybox", "true")

    # A daemon that comes back: who ended meanwhile is deleted, even if the plugin could not do it
    # at first; who runs is checked; the plugins hear who is left.
    pids = {box: json.loads(cni_engine.hull("inspect", box).stdout)[0]["State"]["Pid"]
            for box in (kept, gone)}
    notes.answer("DEL", "two", "echo not now >&2; exit 1")
    cni_engine.kill()
    os.kill(pids[gone], signal.SIGKILL)
    deadline = time.monotonic() + 10
    while os.path.exists("/proc/%d" % pids[gone]):  # who is not dead yet is found alive
        assert time.monotonic() < deadline
        time.sleep(0.01)
    cni_engine.start()
    ends = notes.wait("GC", 2)
    left = [{"containerID": kept, "ifname": "eth0"}]
    assert [json.loads(line[4])["cni.dev/valid-attachments"] for line in ends] == [left, left]
    assert [line[1:3] for line in notes.lines("CHECK")] == [
        [kept, "/proc/%d/ns/net" % pids[kept]]] * 2
    assert [line[3] for line in notes.lines("DEL") if line[1] == gone][:2] == ["two", "one"]
    assert {json.loads(line[4])["prevResult"]["ips"][0]["address"]
            for line in notes.lines("DEL", "CHECK")} == {"10.93.0.2/24"}

    # Once it can, it is made up for at the next start.
    notes.answer("DEL", "two", ":")
    cni_engine.kill()
    cni_engine.start()
    ends = notes.wait("GC", 4)
    assert [line[3] for line in notes.lines("DEL") if line[1] == gone][-2:] == ["two", "one"]
    count = len(notes.lines("DEL"))
    assert [json.loads(line[4])["cni.dev/valid-attachments"] for line in ends] == [left] * 4
    cni_engine.hull("rm", "-f", kept, gone)
    assert [line[1] for line in notes.lines("DEL")][count:] == [kept] * 2


def test_what_is_off_is_not_asked_for(cni_engine, cni):
    notes = Notes(cni_engine, "off")
    cni_engine.conf("off", {"type": "off"}, version="1.1.0", disableCheck=True, disableGC=True)
    marker = Notes(cni_engine, "on")
    cni_engine.conf("on", {"type": "on"}, version="1.1.0")
    network, other = cni.create("-d", "cni", "-o", "conf=off"), cni.create("-d", "cni", "-o",
                                                                           "conf=on")
    for name in (network, other):
        cni.boxes.append("cnioff" + name)
        cni_engine.hull("run", "-d", "--name", "cnioff" + name, "--network", name, "busybox",
                        "sleep", "1000")
    cni_engine.kill()
    cni_engine.start()
    marker.wait("GC")
    cni_engine.hull("rm", "-f", "cnioff" + network)
    assert [line[0] for line in notes.lines()] == ["STATUS", "ADD", "DEL"]
    assert [line[0] for line in marker.lines()] == ["STATUS", "ADD", "CHECK", "GC"]


def test_one_that_is_not_ready_makes_no_network(cni_engine):
    notes = Notes(cni_engine, "busy")
    cni_engine.conf("busy", {"type": "busy"}, version="1.1.0")
    notes.answer("STATUS", "busy", 'echo \'{"code":50,"msg":"no addresses","details":"yet"}\'; '
                                   'exit 1')
    said = fails(cni_engine, "network", "create", "-d", "cni", "-o", "conf=busy", "cnibusy")
    assert 'cni plugin "busy": STATUS: no addresses: yet (code 50)' in said
    assert "cnibusy" not in cni_engine.hull("network", "ls").stdout


def test_a_chain_that_breaks_is_deleted_whole_and_backwards(cni_engine, cni):
    notes = Notes(cni_engine, "one", "two", "three")
    cni_engine.conf("chain", *({"type": name} for name in ("one", "two", "three")))
    network = cni.create("-d", "cni", "-o", "conf=chain")
    notes.answer("ADD", "two", "kill -9 $$")
    notes.answer("DEL", "two", "kill -9 $$")
    said = fails(cni_engine, "run", "--rm", "--network", network, "busybox", "true")
    assert 'cni plugin "two": ADD: it was killed by signal 9' in said
    calls = [(line[0], line[3]) for line in notes.lines()]
    assert calls[:5] == [("ADD", "one"), ("ADD", "two"), ("DEL", "three"), ("DEL", "two"),
                         ("DEL", "one")]
    # It is remembered until it can be deleted: with the network at the latest.
    notes.answer("DEL", "two", ":")
    cni_engine.hull("network", "rm", network)
    assert [(line[0], line[3]) for line in notes.lines()][-3:] == [
        ("DEL", "three"), ("DEL", "two"), ("DEL", "one")]


# --- what a user wishes for, and what plugins say of names -------------------------------------------


def test_wishes_are_passed_to_plugins_that_take_them(cni_engine, cni):
    notes = Notes(cni_engine, "takes")
    names = ("dns", "ipRanges", "mac", "ips", "bandwidth", "portMappings", "infinibandGUID",
             "deviceID", "aliases", "cgroupPath", "nobodyKnows")
    cni_engine.conf("takes", {"type": "takes", "capabilities": {name: True for name in names}},
                    version="1.1.0")
    network = cni.create("-d", "cni", "-o", "conf=takes", "--subnet", "10.93.0.0/24", "--gateway",
                         "10.93.0.7", "--ip-range", "10.93.0.128/25", "--ipv6", "--subnet",
                         "fd00:93::/64")
    shown = json.loads(cni_engine.hull("network", "inspect", network).stdout)[0]["IPAM"]["Config"]
    assert [pool["Subnet"] for pool in shown] == ["10.93.0.0/24", "fd00:93::/64"]
    wishes = ["infinibandGUID=c2:11:22:33:44:55:66:77", "deviceID=0000:00:1f.6",
              "bandwidth.ingressRate=8000000", "bandwidth.ingressBurst=1000000"]
    cni_engine.hull("run", "--rm", "--network", ",".join(
        ["name=" + network, "ip=10.93.0.9", "mac-address=02:42:00:00:00:07", "alias=db"] +
        ["driver-opt=" + wish for wish in wishes]), "-p", "18240:80/udp", "--dns", "192.0.2.3",
                    "--dns-search", "corp.example", "--dns-option", "timeout:1", "busybox", "true")
    wanted = {"dns": {"servers": ["192.0.2.3"], "searches": ["corp.example"],
                      "options": ["timeout:1"]},
              "ipRanges": [[{"subnet": "10.93.0.0/24", "rangeStart": "10.93.0.128",
                             "gateway": "10.93.0.7"}], [{"subnet": "fd00:93::/64"}]],
              "mac": "02:42:00:00:00:07", "ips": ["10.93.0.9"],
              "bandwidth": {"ingressRate": 8000000, "ingressBurst": 1000000},
              "portMappings": [{"hostPort": 18240, "containerPort": 80, "protocol": "udp",
                                "hostIP": ""}],
              "infinibandGUID": "c2:11:22:33:44:55:66:77", "deviceID": "0000:00:1f.6"}
    # DEL gets what ADD got.
    for line in notes.lines("ADD", "DEL"):
        given = json.loads(line[4])["runtimeConfig"]
        assert "db" in given.pop("aliases") and given == wanted, line[0]
    # Nothing was wished for, nothing is passed.
    cni_engine.hull("network", "rm", network)
    network = cni.create("-d", "cni", "-o", "conf=takes")
    cni_engine.hull("run", "--rm", "--network", network, "busybox", "true")
    assert list(json.loads(notes.lines("ADD")[-1][4])["runtimeConfig"]) == ["aliases"]


def test_wishes_that_no_plugin_takes_are_refused_by_name(cni_engine, cni):
    Notes(cni_engine, "deaf")
    cni_engine.conf("deaf", {"type": "deaf"}, version="1.1.0")
    said = fails(cni_engine, "network", "create", "-d", "cni", "-o", "conf=deaf", "--subnet",
                 "10.93.0.0/24", "cnideaf")
    assert "capability ipRanges" in said and "10.93.0.0/24" in said
    network = cni.create("-d", "cni", "-o", "conf=deaf")
    for flags, says in [
            (["name=%s,ip=10.93.0.9" % network], "the address 10.93.0.9"),
            (["name=%s,mac-address=02:42:00:00:00:07" % network], "the MAC address 02:42"),
            (["name=%s,driver-opt=infinibandGUID=c2:11" % network], "the capability infinibandGUID"),
            (["name=%s,driver-opt=deviceID=7" % network], "the capability deviceID"),
            (["name=%s,driver-opt=bandwidth.egressRate=7" % network], "the capability bandwidth"),
            ([network, "-p", "18240:80"], "the capability portMappings")]:
        said = fails(cni_engine, "run", "--rm", "--network", *flags, "busybox", "true")
        assert says in said and network in said, said
    # Names are in resolv.conf, whoever takes them.
    said = cni_engine.hull("run", "--rm", "--network", network, "--dns-search", "corp.example",
                           "busybox", "cat", "/etc/resolv.conf").stdout
    assert "search corp.example" in said
    Notes(cni_engine, "range")
    cni_engine.conf("range", {"type": "range", "capabilities": {"ipRanges": True}})
    for flags, says in [(["--subnet", "10.93.0.0/24", "--aux-address", "a=10.93.0.3"],
                         "auxiliary address a=10.93.0.3"),
                        (["--subnet", "10.93.0.0/24", "--ipam-driver", "toy"], "IPAM")]:
        assert says in fails(cni_engine, "network", "create", "-d", "cni", "-o", "conf=range",
                             *flags, "cnideaf")
    assert "cnideaf" not in cni_engine.hull("network", "ls").stdout


def resolv(engine, *flags):
    text = engine.hull("run", "--rm", *flags, "busybox", "cat", "/etc/resolv.conf").stdout
    return [line for line in text.splitlines() if line.startswith(("nameserver", "search",
                                                                   "options", "# ExtServers"))]


def test_names_that_a_result_tells_of_are_used(cni_engine, cni):
    notes = Notes(cni_engine, "named")
    cni_engine.conf("named", {"type": "named"})
    network = cni.create("-d", "cni", "-o", "conf=named")
    notes.answer("ADD", "named", "echo '%s'; exit 0" % json.dumps(
        {"cniVersion": "1.0.0", "ips": [{"address": "10.93.0.2/24"}], "dns": {
            "nameservers": ["192.0.2.53", "fd00::53"], "domain": "own.example",
            "search": ["one.example", "own.example"], "options": ["attempts:1"]}}))
    assert resolv(cni_engine, "--network", network) == [
        "nameserver 127.0.0.11", "search own.example one.example", "options attempts:1 ndots:0",
        "# ExtServers: [192.0.2.53 fd00::53]"]
    # A user's word counts more.
    assert resolv(cni_engine, "--network", network, "--dns", "192.0.2.9", "--dns-search",
                  "mine.example", "--dns-option", "ndots:3") == [
        "nameserver 127.0.0.11", "search mine.example", "options ndots:3",
        "# ExtServers: [192.0.2.9]"]
    # It comes and goes with the network.
    box = "cninamed%d" % os.getpid()
    cni.boxes.append(box)
    cni_engine.hull("run", "-d", "--name", box, "busybox", "sleep", "1000")

    def now():
        return cni_engine.hull("exec", box, "cat", "/etc/resolv.conf").stdout

    assert "own.example" not in now()
    cni_engine.hull("network", "connect", network, box)
    assert "search own.example one.example" in now()
    cni_engine.kill()
    cni_engine.start()
    cni_engine.hull("network", "connect", cni.create(), box)
    assert "search own.example one.example" in now()
    cni_engine.hull("network", "disconnect", network, box)
    assert "own.example" not in now()
    # What would be a line of its own, or is no address, is no result.
    for dns, says in [({"nameservers": ["192.0.2.1\nnameserver 6.6.6.6"]}, "is no address"),
                      ({"nameservers": ["here"]}, '"here" is no address'),
                      ({"nameservers": "192.0.2.1"}, "nameservers: a list is expected"),
                      ({"search": ["a b"]}, '"a b" is no word'),
                      ({"domain": "a\nb"}, "is no name"), ({"options": [7]}, "is no word"),
                      (["x"], "dns: an object is expected")]:
        notes.answer("ADD", "named", "printf %%s '%s'; exit 0" % json.dumps(
            {"ips": [{"address": "10.93.0.2/24"}], "dns": dns}))
        said = fails(cni_engine, "run", "--rm", "--network", network, "busybox", "true")
        assert 'cni plugin "named": ADD: its result makes no sense' in said and says in said


@needs_cni
def test_bandwidth_and_the_names_of_debians_plugins(cni_engine, cni):
    """bridge says what is in its configuration, bandwidth sets a rate that the kernel has then."""
    cni_engine.conf("speed", {"type": "bridge", "bridge": cni_engine.cni_bridge, "isGateway": True,
                              "ipam": pool(cni_engine), "dns": {"nameservers": ["192.0.2.77"],
                                                                "search": ["debian.example"]}},
                    {"type": "bandwidth", "capabilities": {"bandwidth": True}})
    network = cni.create("-d", "cni", "-o", "conf=speed")
    box = cni.web("name=%s,driver-opt=bandwidth.ingressRate=8000000,driver-opt="
                  "bandwidth.ingressBurst=800000" % network)
    assert "rate 8Mbit" in sh("tc qdisc show | grep tbf")
    text = cni_engine.hull("exec", box, "cat", "/etc/resolv.conf").stdout
    assert "search debian.example" in text and "# ExtServers: [192.0.2.77]" in text
    cni_engine.hull("rm", "-f", box)
    assert cni_engine.leases() == []


def test_a_single_configuration_is_a_list_of_one(cni_engine, cni):
    """A .conf file, found by its name in the folder; what is broken beside it is no obstacle."""
    notes = Notes(cni_engine, "single")
    with open(cni_engine.folder + "/00-broken.conflist", "w") as file:
        file.write("{")
    with open(cni_engine.folder + "/10-single.conf", "w") as file:
        json.dump({"cniVersion": "0.4.0", "name": "lone", "type": "single", "own": {"a": [1]}}, file)
    cni_engine.script("where", 'echo "$CNI_PATH" >%s/where; cat >/dev/null; echo "{}"\n' %
                      cni_engine.folder)
    for conf in ("lone", cni_engine.folder + "/10-single.conf"):
        network = cni.create("-d", "cni", "-o", "conf=" + conf)
        cni_engine.hull("run", "--rm", "--network", network, "busybox", "true")
        given = json.loads(notes.lines("ADD")[-1][4])
        assert (given["name"], given["type"], given["own"]) == ("lone", "single", {"a": [1]})
    cni_engine.conf("where", {"type": "where"})
    cni_engine.hull("run", "--rm", "--network", cni.create("-d", "cni", "-o", "conf=where"),
                    "busybox", "true")
    with open(cni_engine.folder + "/where") as file:
        assert file.read().split(":")[-1].strip() == cni_engine.folder + "/bin"
