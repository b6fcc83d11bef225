"""commit: what a container wrote becomes an image that runs, and says what docker's says."""
import json

import pytest


@pytest.fixture
def written(engine):
    """A container that added, removed and linked files."""
    engine.hull("run", "--name", "written", "--network", "none", "-e", "A=b", "busybox", "sh", "-c",
                "echo hi >/new; rm /www/index.html; mkdir -p /d/e; ln -s x /d/l; chown 7:8 /new")
    yield "written"
    engine.hull("rm", "-f", "written")


def config(engine, name):
    return json.loads(engine.hull("image", "inspect", name).stdout)[0]


CHANGES = ['CMD ["cat","/new"]', 'ENV X=y Z="a b"', "EXPOSE 80", "LABEL k=v", "WORKDIR /d",
           "USER me", "VOLUME /v", "ENTRYPOINT []", "HEALTHCHECK CMD true", "ONBUILD RUN x"]


@pytest.mark.parametrize("client", ["hull", "docker"])
def test_commit(engine, client, written):
    flags = [word for change in CHANGES for word in ("-c", change)]
    done = engine.run(client, "commit", "-a", "Me", "-m", "said", *flags, written, "made:one")
    try:
        made, base = config(engine, "made:one"), config(engine, "busybox")
        assert done.stdout.strip() == made["Id"]
        assert (made["Author"], made["Comment"], made["Parent"]) == ("Me", "said", base["Id"])
        layers = made["RootFS"]["Layers"]
        assert layers[:-1] == base["RootFS"]["Layers"] and len(layers) == 2
        assert made["Config"] == {
            "User": "me", "ExposedPorts": {"80/tcp": {}},
            "Env": ["A=b", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                    "X=y", "Z=a b"],
            "Cmd": ["cat", "/new"], "Healthcheck": {"Test": ["CMD-SHELL", "true"]},
            "Volumes": {"/v": {}}, "WorkingDir": "/d", "Entrypoint": None,
            "OnBuild": ["RUN x"], "Labels": {"k": "v"}}
        assert engine.hull("run", "--rm", "--network", "none", "made:one").stdout == "hi\n"
        seen = engine.hull("run", "--rm", "--network", "none", "-u", "0", "made:one", "sh", "-c",
                           "stat -c %u:%g /new; readlink l; ls -A /www; ls -d e").stdout
        assert seen == "7:8\nx\ne\n"
        history = engine.hull("history", "-q", "--no-trunc", "made:one").stdout.split()
        assert history == [made["Id"], base["Id"]]
        # saved and loaded it is the same image
        engine.hull("save", "-o", engine.root + "/made.tar", "made:one")
        engine.hull("rmi", "made:one")
        engine.hull("load", "-i", engine.root + "/made.tar")
        assert config(engine, "made:one")["Id"] == made["Id"]
    finally:
        engine.hull("rmi", "made:one", check=False)


def test_nothing_written(engine):
    """A layer without a file is none; the container was frozen and goes on."""
    engine.hull("run", "-d", "--name", "idle", "--network", "none", "busybox", "sleep", "600")
    try:
        engine.hull("commit", "idle", "made:empty")
        made = config(engine, "made:empty")
        assert made["RootFS"]["Layers"] == config(engine, "busybox")["RootFS"]["Layers"]
        state = engine.hull("inspect", "-f", "{{.State.Status}}", "idle").stdout.strip()
        assert state == "running"
        actions = engine.hull("events", "--since", "60s", "--until", "0s", "-f", "container=idle",
                              "--format", "{{.Action}}").stdout.split()
        assert actions[-3:] == ["pause", "commit", "unpause"]
        engine.hull("commit", "--pause=false", "idle")
        for words, text in ((["-c", "RUN x", "idle"], "RUN is not a valid change command"),
                            (["idle", "BAD"], "must be lowercase"),
                            (["nope"], "No such container: nope")):
            done = engine.hull("commit", *words, check=False)
            assert done.returncode == 1 and text in done.stderr
    finally:
        engine.hull("rm", "-f", "idle")
        engine.hull("image", "prune", "-f")
        engine.hull("rmi", "made:empty", check=False)


def test_failure_leaves_nothing(engine, written):
    before = engine.hull("images", "-aq", "--no-trunc").stdout
    done = engine.hull("commit", "-c", "EXPOSE bogus/x/y", written, "made:bad", check=False)
    assert done.returncode == 1
    assert engine.hull("images", "-aq", "--no-trunc").stdout == before


def test_sizes(engine, written):
    """The virtual size is that of the image and of what was written on top."""
    image = config(engine, "busybox")["Size"]
    shown = json.loads(engine.hull("inspect", "-s", written).stdout)[0]
    assert shown["SizeRw"] > 0 and shown["SizeRootFs"] == image + shown["SizeRw"]
    for client in ("hull", "docker"):
        size = engine.run(client, "ps", "-as", "--filter", "name=written", "--format",
                          "{{.Size}}").stdout
        assert size.strip() == "%dB (virtual 1.98MB)" % shown["SizeRw"]


def test_absent_lists(engine, written):
    """What is null in JSON shows in a template as docker's own types show it."""
    wanted = engine.docker("inspect", "-f", "{{.HostConfig.Binds}} {{.HostConfig.PortBindings}} "
                           "{{.Config.Entrypoint}} {{json .HostConfig.Binds}}", written).stdout
    shown = engine.hull("inspect", "-f", "{{.HostConfig.Binds}} {{.HostConfig.PortBindings}} "
                        "{{.Config.Entrypoint}} {{json .HostConfig.Binds}}", written).stdout
    assert shown == wanted
