"""What CNI plugins are told beyond ADD and DEL: by a plugin that writes down each call."""
import json
import os
import signal
import time

from test_drivers import cni, cni_engine, fails  # noqa: F401, both are fixtures

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
