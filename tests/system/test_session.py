"""One long session at the command line, with hull and with the docker CLI: against the same daemon
both must end with the same status and print the same, but for ids, times and the program's name.

With HULL_TEST_DOCKER_HOST set, hull is held against docker in front of that daemon too.
"""
import os
import re
import shutil
import subprocess

import pytest

# (arguments, options); input is what standard input holds. What follows a "#" is compared by status
# only: the two print different facts about themselves.
SESSION = [
    ("version", {"status_only": True}),
    ("info", {"status_only": True}),
    ("ps", {}),
    ("ps -a -q", {}),
    ("images", {}),
    ("images -q --no-trunc", {}),
    ("images --format {{.Repository}}:{{.Tag}}", {}),
    ("image ls nope", {}),
    ("image inspect --format {{.Os}}/{{.Architecture}} busybox", {}),
    ("image inspect nope", {}),
    ("history --format {{.Size}}|{{.Comment}} busybox", {}),
    ("tag busybox session:two", {}),
    ("images session", {}),
    ("tag nope:1 session:three", {}),
    ("run --rm --network none busybox echo hi", {}),
    ("run --rm --network none -i busybox cat", {"input": "x\n"}),
    ("run --rm --network none busybox sh -c 'exit 42'", {}),
    ("run --rm --network none busybox sh -c 'echo out; echo err >&2'", {}),
    ("run --rm --network none busybox nosuch", {}),
    ("run --rm --network none busybox /etc", {}),
    ("run --rm --network none busybox sh -c 'kill -9 $$'", {"status_only": True}),
    ("run --rm --bogus busybox", {}),
    ("run", {}),
    ("run --rm --network none -m 1 busybox true", {}),
    ("run --rm --network none --name 'bad name' busybox true", {}),
    ("run --rm -p 99999:80 busybox true", {}),
    ("run --rm --restart always busybox true", {}),
    ("run --rm --network none --pull never nope true", {}),
    ("run -it --rm --network none busybox true", {}),
    ("run --rm --network none -t busybox tty", {}),
    ("run --rm --network none -w /tmp -e A=1 -u 1000:1000 -h hname busybox sh -c "
     "'pwd; echo $A; id -u; hostname'", {}),
    ("run --rm --network none --read-only --tmpfs /t busybox touch /x", {}),
    ("run --rm --network none --entrypoint '' busybox echo e", {}),
    ("run --rm --network none -a stdout busybox sh -c 'echo o; echo e >&2'", {}),
    ("run --rm --network none --mount type=bind,src=/nope/nope,dst=/x busybox true", {}),
    ("run --rm --network none --cap-add BOGUS busybox true", {}),
    ("create --name cr1 --network none -l a=b busybox true", {}),
    ("run -d --name web --network none -l a=b --expose 7000 busybox sleep 1000", {}),
    ("run --name ex1 --network none busybox sh -c 'echo said; exit 3'", {}),
    ("ps", {}),
    ("ps -a", {}),
    ("ps -a --format json", {}),
    ("ps -a --filter name=ex1 --format '{{.Names}} {{.Status}} {{.Label \"a\"}}'", {}),
    ("ps -a --filter label=a=b -q", {}),
    ("ps --bogus", {}),
    ("ps extra", {}),
    ("ps --filter bogus=1", {}),
    ("inspect -f '{{.State.Status}} {{.HostConfig.NetworkMode}} {{json .Config.Cmd}}' web", {}),
    ("inspect --type container -f '{{.Name}}{{range .Config.Env}} {{.}}{{end}}' web", {}),
    ("inspect nope", {}),
    ("container inspect nope", {}),
    ("logs ex1", {}),
    ("logs --tail 0 ex1", {}),
    ("logs nope", {}),
    ("exec web sh -c 'echo o; echo e >&2; exit 4'", {}),
    ("exec -i web cat", {"input": "in\n"}),
    ("exec -d web true", {}),
    ("exec -e X=1 -w /tmp -u 1000 web sh -c 'echo $X; pwd; id -u'", {}),
    ("exec nope true", {}),
    ("exec ex1 true", {}),
    ("top web", {"status_only": True}),
    ("stats --no-stream --format {{.Name}}|{{.PIDs}} web", {}),
    ("port web", {}),
    ("port web 99", {}),
    ("diff cr1", {}),
    ("rename cr1 cr2", {}),
    ("rename cr2 web", {}),
    ("pause web", {}),
    ("ps --format {{.Status}}", {"status_only": True}),
    ("unpause web", {}),
    ("unpause web", {}),
    ("pause ex1", {}),
    ("kill -s HUP web", {}),
    ("kill ex1", {}),
    ("kill nope", {}),
    ("wait ex1", {}),
    ("attach ex1", {}),
    ("rm web", {}),
    ("stop -t 1 web", {}),
    ("stop nope", {}),
    ("start web", {}),
    ("start nope", {}),
    ("start -a ex1", {}),
    ("restart -t 0 web", {}),
    ("update --memory 64m --memory-swap 128m web", {}),
    ("export nope", {}),
    ("volume create vv --label a=b", {}),
    ("volume ls", {}),
    ("volume ls --format {{.Name}}|{{.Driver}}|{{.Labels}}", {}),
    ("volume inspect -f {{.Scope}} vv", {}),
    ("volume inspect nope", {}),
    ("run --rm --network none -v vv:/k busybox sh -c 'echo kept > /k/f'", {}),
    ("run --rm --network none -v vv:/k busybox cat /k/f", {}),
    ("volume rm vv", {}),
    ("volume rm nope", {}),
    ("volume prune -f", {}),
    ("network ls --format {{.Driver}} --filter driver=null", {}),
    ("network inspect -f {{.Name}} none", {}),
    ("network inspect nope", {}),
    ("network rm nope", {}),
    ("network rm bridge", {}),
    ("system df --format {{.Type}}", {}),
    ("rmi session:two", {}),
    ("rmi nope", {}),
    ("save nope", {}),
    ("rm nope", {}),
    ("rm -f web ex1 cr2", {}),
    ("rm -f nope", {}),
    ("container prune -f", {}),
    ("bogus", {}),
    ("container bogus", {}),
    ("tag one", {}),
    ("rename a", {}),
    ("rm", {}),
    ("kill -z x", {}),
    ("run --memory lots busybox", {}),
    ("run -e", {}),
    ("logs --tail", {}),
]

RULES = [
    (r"\b[0-9a-f]{64}\b", "ID64"),
    (r"\b[0-9a-f]{12}\b", "ID12"),
    (r"\bhull\b", "docker"),
    (r"\b(Less than a second|About an? \w+|\d+ (second|minute|hour)s?)( ago)?\b", "TIME"),
    (r"\d{4}-\d\d-\d\d[T ][\d:.]+( \+0000 UTC|Z)", "DATE"),
    (r"TIME( *)(?=  )", "TIME  "),
    (r" {2,}", "  "),
    (r" +$", ""),
]


def normal(text):
    for pattern, new in RULES:
        text = re.sub(pattern, new, text, flags=re.M)
    return text


def words(line):
    import shlex
    return shlex.split(line)


class Client:
    """A command line in front of a daemon."""

    def __init__(self, program, host):
        self.program, self.host = program, host

    def run(self, line, options):
        env = {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")}
        done = subprocess.run([self.program, "-H", self.host, *words(line)], env=env, text=True,
                              input=options.get("input", ""), capture_output=True, check=False,
                              timeout=60, errors="replace")
        out = "" if options.get("status_only") else normal(done.stdout) + "--\n" + normal(done.stderr)
        return {"status": done.returncode, "output": out}


def session(client):
    return [client.run(line, options) for line, options in SESSION]


def clean(client):
    subprocess.run([client.program, "-H", client.host, "rm", "-f", "cr1", "cr2", "web", "ex1"],
                   capture_output=True, check=False)
    subprocess.run([client.program, "-H", client.host, "volume", "rm", "vv"], capture_output=True,
                   check=False)


def docker_cli():
    """The docker CLI of 28, whose texts are the model; an older one differs in its words."""
    for folder in ["/usr/local/bin"] + os.environ["PATH"].split(":") + ["/usr/bin"]:
        path = os.path.join(folder, "docker")
        if os.access(path, os.X_OK):
            done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
            if re.search(r"version 2[89]\.", done.stdout):
                return path
    return None


def compare(ours, theirs):
    faults = []
    for (line, _), a, b in zip(SESSION, ours, theirs):
        if a != b:
            faults.append("$ %s\nhull   [%d]: %s\ndocker [%d]: %s" % (
                line, a["status"], a["output"], b["status"], b["output"]))
    return faults


@pytest.fixture(scope="module")
def model():
    path = docker_cli()
    if path is None:
        pytest.skip("no docker CLI of version 28")
    return path


def test_hull_and_docker_in_front_of_hulld(engine, model):
    host = "unix://" + engine.sock
    hull = Client(engine.command("version")[0], host)
    docker = Client(model, host)
    ours = session(hull)
    clean(hull)
    theirs = session(docker)
    clean(docker)
    faults = compare(ours, theirs)
    assert not faults, "%d of %d differ\n\n%s" % (len(faults), len(SESSION), "\n".join(faults))


def test_hull_and_docker_in_front_of_dockerd(engine, model):
    host = os.environ.get("HULL_TEST_DOCKER_HOST")
    if not host:
        pytest.skip("HULL_TEST_DOCKER_HOST names no daemon to compare with")
    hull = Client(engine.command("version")[0], host)
    docker = Client(model, host)
    archive = os.path.join(engine.root, "load.tar")
    engine.load_busybox()
    subprocess.run([hull.program, "-H", host, "load", "-i", archive], check=True)
    ours = session(hull)
    clean(hull)
    theirs = session(docker)
    clean(docker)
    faults = compare(ours, theirs)
    assert not faults, "%d of %d differ\n\n%s" % (len(faults), len(SESSION), "\n".join(faults))


def test_an_unmodified_session_works(engine):
    """The statuses, without a docker CLI to compare with."""
    hull = Client(engine.command("version")[0], "unix://" + engine.sock)
    assert hull.run("run --rm --network none busybox true", {})["status"] == 0
    assert hull.run("run --rm --network none busybox false", {})["status"] == 1
    assert hull.run("run --rm --network none busybox nosuch", {})["status"] == 127
    assert hull.run("run --rm --bogus busybox", {})["status"] == 125
