"""hull and docker's CLI before one daemon: they refuse the same in the same words, and with the
same status. Most of these lines end before the daemon is asked."""
import re
import shlex
import subprocess

import pytest

from test_session import MODEL

RUN = """
--label ''
--label =x
--label 'a b=x'
-e ''
-e =x
--sysctl a=1
--sysctl net.ipv4.ip_forward
--sysctl kernel.foo=1
--shm-size -1
--memory -1
--memory-reservation -1
--blkio-weight-device /dev/null
--blkio-weight-device null:100
--blkio-weight-device :100
--blkio-weight-device /dev/null:x
--blkio-weight-device /dev/null:5
--device-read-bps null:1mb
--device-read-bps /dev/null:-1
--device-write-iops /dev/null:x
--device-cgroup-rule x
--device-cgroup-rule 'c 1:3 rwz'
--device-cgroup-rule ''
--link a:b:c
--link ''
--add-host x
--add-host x:y
--dns x
--dns-search 'a b'
--expose x
--expose 80-70
--attach x
--platform bogus
--gpus x=y
--gpus device=a,device=b
--restart on-failure:x
--health-retries -1
--health-interval -1s
-p 1.2.3:80:80
-v /tmp:/x:ro:rw
-v /tmp:b
-v /tmp:/
--mount type=bind,src=/tmp,dst=x
--mount type=image,src=nope,dst=/x
--volumes-from ''
--volumes-from nope:what
--link :x
--uts host --hostname x
--network container:nope --hostname x
--network container:nope -p 80:80
--network container:nope --expose 80
--network container:nope --dns 1.1.1.1
--network container:nope --add-host a:1.1.1.1
"""
OTHERS = """
run -d -a stdout busybox true
volume create --label ''
network create --label =x none-such
network ls --format raw
network ls -q --format raw
network ls --format '{{.Name}} {{.CreatedAt}}'
network inspect -f json bridge none
network inspect -f json none-such
network inspect -f '{{json .IPAM}}' bridge
volume ls --format raw
images --format raw
images -q --format raw
images --digests --format raw
ps -a --format raw
ps -a -s --format raw
inspect -f json shown
version --format '{{.Bogus}}'
version --format '{{'
version --format '{{.Server.Bogus}}'
version --format '{{.Client.Version.X}}'
info --format '{{.Bogus}}'
info --format '{{.Driver.X}}'
info --format '{{.NCPU.X}}'
info --format '{{.ClientInfo.Context}}'
system df -v --format '{{.Bogus}}'
system df -v --format '{{len .Images}} {{range .Images}}{{.Repository}} {{.ID}} {{.Size}}{{end}}'
system df -v --format '{{json .Images}}'
"""
# What JSON leaves out is there in templates, and the names of Go's structs are known.
TEMPLATES = """
{{.ID}} {{.Name}}
{{.Id}} {{.Name}}
{{.State.Health}} {{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}
{{.State.Health.Status}}
{{.Config.ExposedPorts}} {{json .Config.ExposedPorts}} {{len .Config.ExposedPorts}}
{{json .Config.Healthcheck}} {{.Config.StopTimeout}} {{.Config.StopSignal}} {{.Config.Shell}}
{{.HostConfig.Init}} {{.HostConfig.Tmpfs}} {{.HostConfig.Mounts}} {{.HostConfig.StorageOpt}}
{{range .HostConfig.Mounts}}x{{end}}{{with .State.Health}}y{{end}}
{{.HostConfig.CPUShares}} {{.HostConfig.NanoCPUs}} {{.HostConfig.DNS}}
{{.HostConfig.CpuShares}}
{{.SizeRw}} {{.Platform}} {{.Config.Bogus}}
{{range .NetworkSettings.Networks}}{{.IPAMConfig}} {{.GwPriority}}{{end}}
"""
LINES = (["run --rm %s busybox true" % line for line in RUN.split("\n") if line]
         + [line for line in OTHERS.split("\n") if line])


def said(engine, client, line):
    command = engine.command(*shlex.split(line), client=client)
    if client == "docker":
        command[0] = MODEL
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, timeout=30)
    shown = re.sub(r'"CreatedSince":"[^"]*"', "", done.stdout)  # the one comes later
    return done.returncode, shown, done.stderr.replace("hull", "docker")


@pytest.mark.skipif(not MODEL, reason="no docker CLI of the version that hull is modelled on")
def test_refusals_and_templates(engine):
    engine.hull("create", "--name", "shown", "busybox")
    untagged = engine.hull("commit", "shown").stdout.strip()
    lines = LINES + ["inspect -f '%s' shown" % line for line in TEMPLATES.split("\n") if line]
    lines += ["image inspect -f '{{.ID}} {{.Config.ExposedPorts}} {{.Config.StopSignal}}' busybox",
              "network inspect -f '{{.ID}} {{.Peers}}' bridge"]
    different = []
    for line in lines:
        hull, docker = said(engine, "hull", line), said(engine, "docker", line)
        if hull != docker:
            different.append("%s:\n%s\n%s" % (line, hull, docker))
    engine.hull("rm", "shown")
    engine.hull("rmi", untagged)
    assert not different, "\n".join(different)


def test_names_of_a_host_are_given(engine):
    """On the host's network a container has a name of its own when it asks for one."""
    shown = engine.hull("run", "--rm", "--network", "host", "--hostname", "own", "busybox",
                        "hostname")
    assert shown.stdout == "own\n"
    shown = engine.hull("run", "--rm", "--network", "host", "-p", "80:80", "--add-host",
                        "v6=[::1]", "busybox", "grep", "v6", "/etc/hosts")
    assert shown.stdout == "::1\tv6\n"
    assert "Published ports are discarded when using host network mode" in shown.stderr
    shown = engine.hull("run", "--rm", "--oom-kill-disable", "busybox", "true")
    assert shown.stderr.count("OOM killer is disabled") <= 1
