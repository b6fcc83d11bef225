"""Every flag of every command that hull has: help shows it as docker's does, and it works, or it is
refused by name. cli-flags.tsv has the commands and flags of docker's CLI, flagproofs.py what shows
that a flag works; a flag that is in neither table of it fails here."""
import json
import os
import re
import subprocess

import pytest

from engine import Engine, program
from flagproofs import CREATE, CREATE_REFUSABLE, MORE, REFUSED, REFUSED_LATER, SEEN
from test_session import MODEL

HERE = os.path.dirname(os.path.abspath(__file__))


def read_commands():
    """name → (arguments, other names, {flag: (letter, type, default)})"""
    commands = {}
    with open(HERE + "/cli-flags.tsv", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("#"):
                continue
            row = line.rstrip("\n").split("\t") + [""] * 5
            if row[0] == "command":
                flags = {}
                commands[row[1]] = (row[2], [name for name in row[3].split("|") if name], flags)
            else:
                flags[row[1]] = (row[2], row[3], row[4])
    return commands


COMMANDS = read_commands()


def help_of(name):
    done = subprocess.run([program("hull"), *name.split(), "--help"], capture_output=True,
                          text=True, check=True, timeout=20)
    return done.stdout


def flags_of(text):
    """{flag: (letter, type, default)} of the table that help prints."""
    rows = re.split(r"\n(?=  (?:-\w, |    )--)", text.split("\nOptions:")[1]) if "\nOptions:" in text \
        else []
    found = {}
    for row in rows:
        head = re.match(r"  (?:-(\w), |    )--([a-z0-9-]+)(?: ([a-z0-9-]+))?(?:\s|$)", row)
        if head:
            default = re.search(r'\(default "?([^")]*)"?\)$', " ".join(row.split()))
            found[head[2]] = (head[1] or "", head[3] or "", default[1] if default else "")
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_the_flags_of_docker(name):
    arguments, others, flags = COMMANDS[name]
    text = help_of(name)
    options = "\nOptions:" in text and name != "network rm"  # as in docker's
    usage = "Usage:  hull %s%s%s" % (name, " [OPTIONS]" if options else "",
                                     " " + arguments if arguments else "")
    assert text.splitlines()[0] == usage
    for other in others:
        assert flags_of(help_of(other)) == flags_of(text)
        assert "hull " + other in text.split("Aliases:")[1].split("Options:")[0]
    wanted = {flag: (letter, kind, default if kind not in ("", "uint16") else "")
              for flag, (letter, kind, default) in flags.items()
              if flag not in REFUSED.get(name, ())}
    shown = flags_of(text)
    assert set(shown) - set(wanted) == MORE.get(name, set())
    assert {flag: shown.get(flag) for flag in wanted} == wanted


def test_each_flag_has_a_proof_and_no_proof_is_left_over():
    flags = {(name, flag) for name in COMMANDS for flag in COMMANDS[name][2]}
    proofs = {(name, flag) for name in SEEN for flag in SEEN[name]}
    proofs |= {(name, flag) for name in ("run", "create") for flag in CREATE}
    proofs |= {(name, flag) for name in ("run", "create") for flag in CREATE_REFUSABLE}
    refused = {(name, flag) for name in REFUSED for flag in REFUSED[name]} | set(REFUSED_LATER)
    assert proofs | refused == flags
    assert not proofs & refused


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    engine = Engine(bridge="htf%d" % (os.getpid() % 100000))
    folder = tmp_path_factory.mktemp("flags")
    for name, text in (("file.txt", "content\n"), ("owned", "x"), ("env", "FROM=file\n")):
        (folder / name).write_text(text)
    (folder / "link").symlink_to("file.txt")
    try:
        engine.load_busybox()
        engine.hull("volume", "create", "vol")
        engine.hull("network", "create", "--ipv6", "--subnet", "10.213.4.0/24", "--subnet",
                    "fd00:213:4::/64", "net")
        engine.hull("run", "-d", "--name", "up", "busybox", "sleep", "1000")
        engine.hull("run", "--name", "down", "-v", "vol:/v", "busybox", "sh", "-c",
                    "echo one; echo two")
        yield World(engine, str(folder))
    finally:
        engine.stop()


class World:
    def __init__(self, engine, folder):
        self.engine, self.folder, self.number = engine, folder, 0

    def script(self, text):
        """What it prints, both streams together, and how it ended."""
        done = subprocess.run(
            ["sh", "-c", text], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False, timeout=40, stdin=subprocess.DEVNULL,
            env={**os.environ, "HULL_HOST": "unix://" + self.engine.sock, "DIR": self.folder,
                 "PATH": os.path.dirname(program("hull")) + ":" + os.environ["PATH"]})
        return done.stdout.rstrip("\n"), done.returncode

    def created(self, client, arguments):
        """What inspect shows of a container that CLIENT created."""
        done = subprocess.run([*client, "create", *arguments, "busybox"], capture_output=True,
                              text=True, check=False, timeout=20)
        assert done.returncode == 0, done.stderr
        cid = done.stdout.strip()
        shown = json.loads(self.engine.hull("inspect", cid).stdout)[0]
        self.engine.hull("rm", "-f", cid)
        return shown


def at(value, path):
    for step in path:
        value = value[step]
    return value


def fill(value, world):
    """VALUE with the folder and a number in it."""
    text = json.dumps(value).replace("$DIR", world.folder).replace("$N", str(world.number))
    return json.loads(text)


def arguments_of(flag, world):
    world.number += 1
    value, path, wanted, *more = fill(list(CREATE[flag]), world)
    given = ["--" + flag] if value is None else ["--%s=%s" % (flag, value)]
    return (more[0] if more else []) + given, path, wanted


@pytest.mark.parametrize("flag", CREATE)
def test_create(world, flag):
    arguments, path, wanted = arguments_of(flag, world)
    shown = world.created(world.engine.command(), arguments)
    if isinstance(wanted, str):
        wanted = wanted.replace("@NAME", shown["Name"])
    assert at(shown, path) == wanted


def comparable(shown):
    """Without what differs from one container to the next."""
    text = json.dumps(shown, sort_keys=True)
    for name in (shown["Id"], shown["Id"][:12], shown["Name"][1:]):
        text = text.replace(name, "@")
    return json.loads(re.sub(r'"(Created|LowerDir|UpperDir|MergedDir|WorkDir)": "[^"]*"', r'"\1": ""',
                             text))


@pytest.mark.skipif(not MODEL, reason="no docker CLI of version 28")
@pytest.mark.parametrize("flag", sorted(set(CREATE) - {"cidfile", "name"}))  # another value for each
def test_docker_creates_the_same(world, flag):
    both = []
    for client in (world.engine.command(), [MODEL, "-H", "unix://" + world.engine.sock]):
        arguments, _, _ = arguments_of(flag, world)
        both.append(comparable(world.created(client, arguments)))
    assert both[0] == both[1]


@pytest.mark.parametrize("flag", CREATE_REFUSABLE)
def test_create_works_or_says_why(world, flag):
    value, text = CREATE_REFUSABLE[flag]
    printed, status = world.script("hull create --%s %s busybox" % (flag, value))
    assert re.search(text, printed) or (status == 0 and len(printed) == 64)


@pytest.mark.parametrize("name,flag", [(name, flag) for name in SEEN for flag in SEEN[name]])
def test_seen(world, name, flag):
    text, wanted = SEEN[name][flag]
    printed, _ = world.script(text)
    assert re.search(wanted, printed), printed


@pytest.mark.parametrize("name,flag", [(name, flag) for name in REFUSED for flag in REFUSED[name]])
def test_refused_by_name(world, name, flag):
    printed, status = world.script("hull %s --%s=1 x" % (name, flag))
    assert status == 125 and printed.startswith("hull: --%s is not supported yet" % flag), printed


@pytest.mark.parametrize("name,flag", REFUSED_LATER)
def test_refused_by_the_daemon(world, name, flag):
    text, wanted = REFUSED_LATER[name, flag]
    printed, status = world.script(text)
    assert status in (1, 125) and re.search(wanted, printed), printed
