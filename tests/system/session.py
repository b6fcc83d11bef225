"""A long session at the command line, as data, and how what it prints is made comparable.

Each row is a command line and options:
  input         what standard input holds
  input_file    the same, from a file in @DIR
  status_only   the two print facts about themselves; the exit status must agree
  sort          the order of the lines says nothing
  mask          what stands for something that is never the same twice
@DIR stands for a folder of the session's own, @START for the time when the session
began, @NOW for the time of the line, @NET for three
bytes of a subnet.

Below the rows: what is made alike in the output, and the differences that are meant to be.
"""
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time

from images import tar_of

ABOUT = [
    ("version", {"status_only": True}),
    ("version --format {{.Server.Os}}/{{.Server.Arch}}", {}),
    ("version --format {{.Bogus}}", {"status_only": True}),
    ("version extra", {}),
    ("info", {"status_only": True}),
    ("info --format '{{.OSType}} {{.NCPU}} {{.MemTotal}} {{.Containers}} {{.Images}}'", {}),
    ("system info -f {{.Swarm.LocalNodeState}}", {}),
    ("bogus", {}),
    ("container bogus", {}),
    ("--bogus ps", {}),
]

IMAGES = [
    ("images", {}),
    ("images -q --no-trunc", {}),
    ("images -a --digests", {}),
    ("images --format {{.Repository}}:{{.Tag}}", {}),
    ("images --format 'table {{.Repository}}\\t{{.ID}}\\t{{.Size}}'", {}),
    ("images --filter dangling=true -q", {}),
    ("images --filter reference=busy*:* --format {{.Repository}}", {}),
    ("images --filter bogus=1", {}),
    ("images --filter bogus", {}),
    ("images a b", {}),
    ("image ls nope", {}),
    ("image inspect --format {{.Os}}/{{.Architecture}} busybox", {}),
    ("image inspect -f '{{json .Config.Cmd}} {{len .RootFS.Layers}}' busybox:latest", {}),
    ("image inspect nope", {}),
    ("image inspect -f {{.Id}} nope busybox", {}),
    ("history --format {{.Size}}|{{.Comment}} busybox", {}),
    ("history -H=false --no-trunc busybox", {}),
    ("history -q busybox", {}),
    ("history nope", {}),
    ("tag busybox session:two", {}),
    ("tag busybox 'Bad Name'", {}),
    ("tag nope:1 session:three", {}),
    ("tag one", {}),
    ("images session", {}),
    ("rmi session:nope session:two", {}),
    ("rmi nope", {}),
    ("rmi -f nope", {}),
    ("save -o @DIR/saved.tar busybox", {}),
    ("save nope", {}),
    ("save -o @DIR/no/such/folder.tar busybox", {}),
    ("load -i @DIR/saved.tar", {}),
    ("load -q -i @DIR/saved.tar", {}),
    ("load -i @DIR/nope.tar", {}),
    ("load", {"input": ""}),
    ("load -i @DIR/garbage", {}),
    ("import @DIR/files.tar session:imported", {}),
    ("import -c 'ENV A=1' -m told - session:imported2", {"input_file": "files.tar"}),
    ("image inspect -f '{{.Config.Env}} {{.Comment}}' session:imported2", {}),
    ("rmi session:imported session:imported2", {}),
    ("image prune -f", {"status_only": True}),
]

RUNS = [
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
    ("run --rm --network none --restart sometimes busybox true", {}),
    ("run --rm --network none --pull never nope true", {}),
    ("run --rm --network none --pull bogus busybox true", {}),
    ("run -it --rm --network none busybox true", {}),
    ("run --rm --network none -t busybox tty", {}),
    ("run --rm --network none -w /tmp -e A=1 -u 1000:1000 -h hname busybox sh -c "
     "'pwd; echo $A; id -u; hostname'", {}),
    ("run --rm --network none --read-only --tmpfs /t busybox touch /x", {}),
    ("run --rm --network none --entrypoint '' busybox echo e", {}),
    ("run --rm --network none -a stdout busybox sh -c 'echo o; echo e >&2'", {}),
    ("run --rm --network none --mount type=bind,src=/nope/nope,dst=/x busybox true", {}),
    ("run --rm --network none --mount type=bogus,dst=/x busybox true", {}),
    ("run --rm --network none -v @DIR:/d:ro busybox sh -c 'cat /d/hello; touch /d/x'", {}),
    ("run --rm --network none --cap-add BOGUS busybox true", {}),
    ("run --rm --network none -u nobody busybox true", {}),
    ("run --rm --network none --memory lots busybox", {}),
    ("run --rm --network none --cpus 1000 busybox true", {"status_only": True}),
    ("run --rm --network none --ulimit bogus=1 busybox true", {}),
    ("run --rm --ulimit nofile=5:3 busybox true", {}),
    ("run --rm --ulimit nofile=x busybox true", {}),
    ("run --rm --network none --ulimit nofile=77:99 busybox sh -c 'ulimit -n; ulimit -Hn'", {}),
    ("run --rm --network none --env-file @DIR/nope busybox true", {}),
    ("run --rm --network none --env-file @DIR/vars busybox sh -c 'echo $V1 $V2'", {}),
    ("create --env-file @DIR/vars-mark --label-file @DIR/vars-mark --name marks busybox", {}),
    ("inspect -f '{{json .Config.Env}} {{json .Config.Labels}}' marks", {}),
    ("rm marks", {}),
    *(("create --%s-file @DIR/%s busybox" % (kind, file), {}) for kind in ("env", "label")
      for file in ("vars-tab", "vars-space", "vars-bytes", "vars-nameless", "folder")),
    ("run --rm --network none --cidfile @DIR/cid busybox true", {}),
    ("run --rm --network none --cidfile @DIR/cid busybox true", {}),
    ("run --rm --network none --init busybox sh -c 'ps -o comm | sed -n 2p'", {"status_only": True}),
    ("run --rm --network none --sysctl net.ipv4.ip_forward=1 busybox cat "
     "/proc/sys/net/ipv4/ip_forward", {}),
    ("run --rm --network none --cap-drop ALL --cap-add CHOWN busybox grep CapEff /proc/self/status",
     {}),
    ("run --rm --network none --security-opt bogus=1 busybox true", {}),
    ("run --rm --network none --label-file @DIR/vars --add-host a:1.2.3.4 busybox grep 1.2.3.4 "
     "/etc/hosts", {}),
    ("run --rm --network nonet busybox true", {}),
    ("run -e", {}),
    ("create", {}),
    ("create --name cr1 --network none -l a=b busybox true", {}),
    ("create --name cr1 --network none busybox true", {}),
    ("create --name cr1 --network none --pull bogus busybox true", {}),
    ("create --cidfile @DIR/cid busybox true", {}),
    ("create --pull never nope", {}),
    ("run -d --name web --network none -l a=b --expose 7000 busybox sleep 1000", {}),
    ("run --name ex1 --network none busybox sh -c 'echo said; echo again; exit 3'", {}),
]

LISTS = [
    ("ps", {}),
    ("ps -a", {}),
    ("ps -a -q", {}),
    ("ps -aq --no-trunc", {}),
    ("ps -l", {}),
    ("ps -n 2 --format {{.Names}}", {}),
    ("ps -a -s --filter name=cr1 --format {{.Size}}", {}),
    ("ps -a --format json", {}),
    ("ps -a --format '{{json .Names}}'", {}),
    ("ps -a --format 'table {{.Names}}\\t{{.Image}}\\t{{.Command}}'", {}),
    ("ps -a --format '{{upper .Names}} {{lower .Image}} {{title .Names}}'", {}),
    ("ps -a --format '{{pad .Names 1 2}}|{{truncate .Command 4}}|{{len .Names}}'", {}),
    ("ps -a --format '{{join (split .Image \"u\") \"-\"}} {{printf \"%5s|%-5s|%q\" .Names .Names "
     ".Names}}'", {}),
    ("ps -a --format '{{if eq .Names \"web\"}}w{{else if and (ne .Names \"ex1\") (not false)}}c"
     "{{else}}e{{end}}'", {}),
    ("ps -a --format '{{with .Labels}}{{.}}{{else}}none{{end}} {{println .State}}'", {}),
    ("ps -a --format '{{.Bogus}}'", {}),
    ("ps -f name=nosuch --format '{{.Bogus}}'", {}),
    ("ps -a --format 'table {{.Bogus.More}}'", {}),
    ("ps -a --format '{{.ID.Bogus}}'", {}),
    ("ps -a --format '{{.Label}}'", {}),
    ("ps -aq --format '{{.Names}}'", {}),
    ("ps -a --format 'table {{.ID}}\\t{{.Label \"a.b_c-d\"}}'", {}),
    ("images --format '{{.Bogus}}'", {}),
    ("images nosuch --format 'table {{.Bogus}}'", {}),
    ("network ls --format '{{.Bogus}}'", {}),
    ("network ls --format 'table {{.Name}}\\t{{.Label \"a\"}}'", {}),
    ("volume ls --format 'table {{.Name}}\\t{{.Label \"a\"}}'", {}),
    ("history --format '{{.Bogus}}' busybox", {}),
    ("history --format json busybox", {}),
    ("system df --format '{{.Bogus}}'", {}),
    ("network rm", {}),
    ("network rm --bogus", {}),
    ("create --mount 'type=volume,tar\"get=/x' busybox", {}),
    ("create --device '' busybox", {}),
    ("create --mac-address zz busybox", {}),
    ("ps -a --format '{{.Names'", {}),
    ("ps -a --format '{{bogus .Names}}'", {}),
    ("ps -a --filter name=ex1 --format '{{.Names}} {{.Status}} {{.Label \"a\"}}'", {}),
    ("ps -a --filter label=a=b -q", {}),
    ("ps -a --filter status=exited --filter exited=3 --format {{.Names}}", {}),
    ("ps -a --filter status=bogus", {}),
    ("ps -a --filter ancestor=busybox --format {{.Names}}", {}),
    ("ps -a --filter before=ex1 --format {{.Names}}", {}),
    ("ps -a --filter since=nope", {}),
    ("ps -a --filter network=none --format {{.Networks}}", {}),
    ("ps --bogus", {}),
    ("ps -Z", {}),
    ("ps extra", {}),
    ("ps --filter bogus=1", {}),
    ("ps -n x", {}),
]

CONTAINERS = [
    ("inspect -f '{{.State.Status}} {{.HostConfig.NetworkMode}} {{json .Config.Cmd}}' web", {}),
    ("inspect --type container -f '{{.Name}}{{range .Config.Env}} {{.}}{{end}}' web", {}),
    ("inspect -f '{{range $k, $v := .Config.Labels}}{{$k}}={{$v}};{{end}}{{index .Args 0}}' web", {}),
    ("inspect -s -f {{.SizeRw}} web", {}),
    ("inspect --type bogus web", {}),
    ("inspect --type image web", {}),
    ("inspect -f '{{.Bogus}}' web", {}),
    ("inspect -f '{{.State.Bogus.More}}' web", {}),
    ("inspect -f '{{index .Args 5}}' web", {}),
    ("inspect -f '{{index .Config.Labels \"x\"}}|{{.Config.Labels.x}}|{{.Config.Labels.a}}' web", {}),
    ("inspect -f '{{.State' web", {}),
    ("inspect nope", {}),
    ("inspect", {}),
    ("container inspect nope", {}),
    ("stats --no-stream --format {{.Name}}|{{.PIDs}} web", {}),
    ("stats --no-stream --no-trunc --format '{{.Container}} {{.ID}}' web", {}),
    ("stats --no-stream nope", {}),
    ("stats -a --no-stream --format 'table {{.Name}}\\t{{.PIDs}}'", {"sort": True}),
    ("logs ex1", {}),
    ("logs --tail 0 ex1", {}),
    ("logs -n 1 ex1", {}),
    ("logs -t ex1", {}),
    ("logs --details --since 1h -f ex1", {}),
    ("logs --since 0s --until 0s ex1", {"status_only": True}),
    ("logs --until 1h ex1", {}),
    ("logs --tail x ex1", {}),
    ("logs --tail", {}),
    ("logs --since bogus ex1", {}),
    ("logs --until bogus ex1", {}),
    ("logs nope", {}),
    ("exec web sh -c 'echo o; echo e >&2; exit 4'", {}),
    ("exec -i web cat", {"input": "in\n"}),
    ("exec -d web true", {}),
    ("exec -e X=1 -w /tmp -u 1000 web sh -c 'echo $X; pwd; id -u'", {}),
    ("exec --env-file @DIR/vars web sh -c 'echo $V1'", {}),
    ("exec --env-file @DIR/vars-tab web true", {}),
    ("exec -t web tty", {"status_only": True}),
    ("exec -it web true", {}),
    ("exec web nosuch", {}),
    ("exec web /etc", {}),
    ("exec -w /nope web true", {}),
    ("exec -u nobody web true", {}),
    ("exec web", {}),
    ("exec nope true", {}),
    ("exec ex1 true", {}),
    ("top web", {"status_only": True}),
    ("top web -o pid,comm", {"mask": r"\d+"}),
    ("top web -o comm", {}),
    ("top ex1", {}),
    ("top nope", {}),
    ("port web", {}),
    ("port web 99", {}),
    ("port web 7000/tcp", {}),
    ("port nope", {}),
    ("port", {}),
    ("exec web sh -c 'echo new > /new; rm /www/index.html; mkdir -p /a/b'", {}),
    ("diff web", {"sort": True}),
    ("diff cr1", {}),
    ("diff nope", {}),
    ("rename cr1 cr2", {}),
    ("rename cr2 web", {}),
    ("rename cr2 cr2", {}),
    ("rename nope x", {}),
    ("rename a", {}),
]

FILES = [
    ("cp web:/etc/passwd @DIR/passwd", {}),
    ("cp @DIR/hello web:/tmp", {}),
    ("cp -q @DIR/hello web:/tmp/again", {}),
    ("cp -a @DIR/folder web:/tmp/folder", {}),
    ("exec web sh -c 'cat /tmp/hello /tmp/again /tmp/folder/in'", {}),
    ("cp web:/tmp/folder/. @DIR/back", {}),
    ("cp -L web:/bin/sh @DIR/sh", {}),
    ("cp web:/etc/group -", {"status_only": True}),
    ("cp - web:/tmp", {"input_file": "files.tar"}),
    ("cp - web:/tmp/nope", {"input_file": "files.tar"}),
    ("cp web:/nope @DIR/x", {}),
    ("cp @DIR/nope web:/tmp", {}),
    ("cp @DIR/hello web:/nope/nope/x", {}),
    ("cp @DIR/folder web:/etc/passwd", {}),
    ("cp web:/etc @DIR/hello", {}),
    ("cp @DIR/hello web:/tmp/nope/", {}),
    ("cp web:/a web:/b", {}),
    ("cp a b", {}),
    ("cp nope:/a @DIR", {}),
    ("cp web:/etc/passwd", {}),
    ("export -o @DIR/exported.tar ex1", {}),
    ("export -o @DIR/no/such/folder.tar ex1", {}),
    ("export -o @DIR ex1", {}),
    ("export nope", {}),
    ("commit -m why -a me -c 'CMD [\"x\"]' ex1 session:made", {}),
    ("image inspect -f '{{.Comment}} {{.Author}} {{.Config.Cmd}}' session:made", {}),
    ("commit nope", {}),
    ("commit ex1 Bad:Name", {}),
    ("rmi session:made", {"status_only": True}),
]

LIVES = [
    ("pause web", {}),
    ("pause web", {}),
    ("ps --format {{.Status}}", {}),
    ("exec web true", {}),
    ("attach web", {}),
    ("unpause web", {}),
    ("unpause web", {}),
    ("pause ex1", {}),
    ("update --memory 64m --memory-swap 128m web", {}),
    ("inspect -f '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}}' web", {}),
    ("update --cpu-shares 512 --pids-limit 50 --restart on-failure:3 web", {}),
    ("inspect -f '{{.HostConfig.CpuShares}} {{.HostConfig.PidsLimit}} "
     "{{.HostConfig.RestartPolicy}}' web", {}),
    ("update --cpuset-cpus 0 --cpus 0.5 web", {}),
    ("update --restart sometimes web", {}),
    ("update --memory 1 web", {}),
    ("update --memory 64m nope", {}),
    ("update web", {}),
    ("kill -s HUP web", {}),
    ("kill -s BOGUS web", {}),
    ("kill ex1", {}),
    ("kill nope", {}),
    ("kill -z x", {}),
    ("wait ex1", {}),
    ("wait ex1 nope", {}),
    ("attach ex1", {}),
    ("attach nope", {}),
    ("attach web ex1", {}),
    ("rm web", {}),
    ("stop -t 0 web", {}),
    ("stop web ex1", {}),
    ("stop -t x web", {}),
    ("stop nope", {}),
    ("start web", {}),
    ("start web", {}),
    ("start nope web", {}),
    ("start -a ex1", {}),
    ("start -a web ex1", {}),
    ("restart -t 0 web", {}),
    ("restart nope", {}),
    ("events --since @START --until @NOW --filter container=ex1 --filter event=die "
     "--format '{{.Type}} {{.Action}} {{index .Actor.Attributes \"exitCode\"}}'", {}),
    ("events --since @START --until @NOW --filter container=cr2 --filter type=container", {}),
    ("events --since @START --until @NOW -f event=bogus", {}),
    ("events --since bogus --until 0s", {}),
    ("events --since @START --until @NOW --format '{{.Bogus' -f container=ex1", {}),
    ("events --since @START --until @NOW --format '{{.Bogus}}' -f container=ex1", {}),
    ("events --since @START --until @NOW --format '{{.Actor.Bogus}}' -f container=ex1", {}),
    ("events --since @START --until @NOW --format '{{.Type}} {{.Action}} {{len .Actor.ID}}' -f container=cr2 "
     "-f event=create -f event=destroy", {}),
]

VOLUMES = [
    ("volume create vv --label a=b", {}),
    ("volume create vv", {}),
    ("volume create 'bad name'", {}),
    ("volume create a b", {}),
    ("volume ls", {}),
    ("volume ls -q -f name=v", {}),
    ("volume ls --filter label=a=b --format json", {"mask": r'"Mountpoint":"[^"]*"'}),
    ("volume ls -f bogus=1", {}),
    ("volume ls --format {{.Name}}|{{.Driver}}|{{.Labels}}", {}),
    ("volume inspect -f {{.Scope}} vv", {}),
    ("volume inspect -f '{{json .Labels}} {{.Options}}' vv", {}),
    ("volume inspect nope", {}),
    ("run --rm --network none -v vv:/k busybox sh -c 'echo kept > /k/f'", {}),
    ("run --rm --network none -v vv:/k busybox cat /k/f", {}),
    ("create --name vu --network none -v vv:/k busybox true", {}),
    ("ps -a --filter volume=vv --format '{{.Names}} {{.Mounts}} {{.LocalVolumes}}'", {}),
    ("volume rm vv", {}),
    ("volume prune -f", {}),
    ("rm -v vu", {}),
    ("volume rm vv", {}),
    ("volume rm nope", {}),
    ("volume rm -f nope", {}),
    ("volume prune", {"input": "n\n"}),
]

NETWORKS = [
    ("network create --subnet @NET.0/24 --label a=b sn", {}),
    ("network create sn", {}),
    ("network create -d nope sx", {}),
    ("network create --subnet bogus sx", {}),
    ("network create", {}),
    ("network ls --format {{.Driver}} --filter driver=null", {}),
    ("network ls --filter name=sn --no-trunc", {}),
    ("network ls -f label=a=b --format '{{.Name}} {{.Scope}} {{.IPv6}} {{.Internal}} {{.Labels}}'",
     {}),
    ("network ls -q -f type=custom", {}),
    ("network ls -f bogus=1", {}),
    ("network inspect -f {{.Name}} none", {}),
    ("network inspect -f '{{range .IPAM.Config}}{{.Subnet}}{{end}} {{.Driver}}' sn", {}),
    ("network inspect nope", {}),
    ("run -d --name net1 --network sn --ip @NET.9 --network-alias al busybox sleep 1000", {}),
    ("run --rm --network sn busybox ping -c 2 -W 10 al", {"status_only": True}),
    ("run --rm --network sn --ip 10.9.9.9 busybox true", {}),
    ("network disconnect sn net1", {}),
    ("network disconnect sn net1", {}),
    ("network connect --ip @NET.10 --alias al2 sn net1", {}),
    ("network connect sn net1", {}),
    ("network connect nope net1", {}),
    ("network connect sn nope", {}),
    ("inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' net1", {}),
    ("network rm sn", {}),
    ("rm -f net1", {}),
    ("network rm sn nope", {}),
    ("network rm -f nope", {}),
    ("network rm bridge", {}),
    ("network prune -f", {}),
    ("run -d --name pub -p 127.0.0.1::80 -p 127.0.0.1::53/udp busybox sleep 1000", {}),
    ("port pub", {"sort": True}),
    ("port pub 80", {}),
    ("port pub 80/udp", {}),
    ("ps --format {{.Ports}}", {}),
    ("rm -f pub", {}),
]

CLEANING = [
    ("system df --format {{.Type}}", {}),
    ("system df", {"status_only": True}),
    ("system df -v", {"status_only": True}),
    ("system df --format json", {"status_only": True}),
    ("rm nope", {}),
    ("rm -f web ex1 cr2", {}),
    ("rm -f nope", {}),
    ("rm", {}),
    ("container prune -f", {}),
    ("container prune", {"input": "n\n"}),
    ("container prune -f --filter bogus=1", {}),
    ("image prune", {"input": "n\n"}),
    ("network prune", {"input": ""}),
    ("system prune", {"input": "n\n"}),
    ("system prune -a --volumes --filter label=a=b", {"input": "n\n"}),
    ("system prune --volumes --filter until=1h", {}),
    ("system prune -f", {"status_only": True}),
    ("ps -a", {}),
]

# Formats, filters and refusals of everything that is listed.
FORMATS = [
    ("create --name fx --label a=b --cap-add net_admin --cap-drop chown --cap-drop kill busybox echo one", {}),
    ("inspect -f '{{json .HostConfig.CapAdd}} {{json .HostConfig.CapDrop}}' fx", {}),
    ("inspect -f '{{json .HostConfig.Dns}} {{json .HostConfig.Devices}} {{json .Config.Volumes}}' fx", {}),
    ("volume create --label c=d fv", {}),
    ("network create --label e=f fn", {}),
    ("ps -a --filter name=fx --format json", {}),
    ("ps -a --filter label=a=b --format '{{json .Names}}'", {}),
    ("ps -a --filter label=a=c -q", {}),
    ("ps -a --filter status=created --format '{{.Names}}'", {}),
    ("ps --format '{{.Names'", {}),
    ("volume ls --format 'table {{.Name}}\\t{{.Driver}}'", {}),
    ("volume ls --filter label=c=d -q", {}),
    ("volume ls --no-trunc", {}),
    ("volume ls --bogus", {}),
    ("volume inspect -f '{{json .Labels}}' fv", {}),
    ("network ls --filter name=fn --format '{{.Name}} {{.Driver}} {{.Scope}} {{.Labels}}'", {}),
    ("network ls --filter type=bogus", {}),
    ("network ls --bogus", {}),
    ("network inspect -v -f '{{.Name}} {{json .Labels}}' fn", {}),
    ("network connect --driver-opt a fn fx", {}),
    ("network connect --alias a,b fn fx", {}),
    ("network disconnect fn fx", {}),
    ("images --filter reference=busybox --format 'table {{.Repository}}\\t{{.Tag}}'", {}),
    ("images --bogus", {}),
    ("history --format json busybox", {}),
    ("history --format 'table {{.CreatedBy}}\\t{{.Comment}}' busybox", {}),
    ("history --bogus busybox", {}),
    ("system df --format '{{.Type}}: {{.Active}}'", {}),
    ("system df --bogus", {}),
    ("info --bogus", {}),
    ("version --bogus", {}),
    ("events --bogus", {}),
    ("events --since bogus --until 0", {}),
    ("stats --bogus", {}),
    ("stats --no-stream --format '{{.Name}}|{{.PIDs}}' fx", {}),
    ("logs --bogus fx", {}),
    ("logs --tail x fx", {}),
    ("logs --since bogus fx", {}),
    ("cp --bogus a b", {}),
    ("cp fx:/none -", {}),
    ("exec --bogus fx true", {}),
    ("run --cpus x busybox", {}),
    ("run --memory x busybox", {}),
    ("run --ulimit bogus busybox", {}),
    ("run --publish bogus busybox", {}),
    ("run --mount type=bogus,target=/x busybox", {}),
    ("run --env-file /none busybox", {}),
    ("create --health-interval x busybox", {}),
    ("create --log-opt x busybox", {}),
    ("create --name '-bad' busybox", {}),
    ("update --memory x fx", {}),
    ("stop -t x fx", {}),
    ("rm --bogus fx", {}),
    ("rmi --bogus busybox", {}),
    ("save --bogus busybox", {}),
    ("load --bogus", {}),
    ("import --bogus -", {}),
    ("commit --bogus fx", {}),
    ("rename fx", {}),
    ("rename fx fx", {}),
    ("wait", {}),
    ("port fx", {}),
    ("port fx 80", {}),
    ("diff fx extra", {}),
    ("export fx extra", {}),
    ("volume rm", {}),
    ("container prune --bogus", {}),
    ("rm fx", {}),
    ("volume rm fv", {}),
    ("network rm fn", {}),
]

SESSION = (ABOUT + FORMATS + IMAGES + RUNS + LISTS + CONTAINERS + FILES + LIVES + VOLUMES + NETWORKS +
           CLEANING)

RULES = [
    (r"^time=\S+ level=error msg=\"(Can't (add file|close tar)|error waiting for).*\n", ""),
    (r"\b[0-9a-f]{64}\b", "ID64"),
    (r"\b[0-9a-f]{12}\b", "ID12"),
    (r"\bhull\b", "docker"),
    (r"\b(Less than a second|About an? \w+|\d+ (second|minute|hour|month)s?)( ago)?\b", "TIME"),
    (r"\d{4}-\d\d-\d\d[T ][\d:.]+( \+0000 UTC|Z|[+-]\d\d:\d\d)", "DATE"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"\S*/(docker-import-|\.docker_temp_)\d+", r"TEMPORARY"),
    (r"TIME( *)(?=  )", "TIME  "),
    (r" {2,}", "  "),
    (r" +$", ""),
]

# The differences that are meant to be, by the lines they show at. A line that stands here and
# agrees is a fault as well.
#
# Between hull and the docker CLI, in front of the same daemon:
CLIENT_DIFFERENCES = [
    ("a slip of the pen in this CLI: \"SRun\"", ["images a b", "volume create a b"]),
    ("the types of a swarm and of managed plugins are not offered", ["inspect --type bogus web"]),
    ("the engine has no build cache to prune", ["system prune", "system prune -a --volumes --filter label=a=b"]),
]
# Between hulld and dockerd, behind the same CLI. What hulld says is what an engine of 28 says, where
# nothing else is told.
ENGINE_DIFFERENCES = [
    ("words of the engine 20.10 that later engines have changed", [
        "images --filter bogus=1", "ps --filter bogus=1", "volume ls -f bogus=1",
        "network ls -f bogus=1", "container prune -f --filter bogus=1",
        "run --rm --network none busybox nosuch", "run --rm --network none busybox /etc",
        "run --rm --network nonet busybox true",
        "run --rm --network sn --ip 10.9.9.9 busybox true",
        "ps -a --filter status=bogus", "ps -a --filter since=nope",
        "exec web nosuch", "exec web /etc", "exec -w /nope web true", "exec ex1 true",
        "top ex1", "pause ex1", "update --restart sometimes web",
        "kill -s BOGUS web", "kill ex1", "kill nope", "rm web", "network rm sn",
        "network create --subnet bogus sx"]),
    ("the archive's fault is said before the answer begins, and in what it lies",
     ["load", "load -i @DIR/garbage"]),
    ("a table without process ids is printed, not refused", ["top web -o comm"]),
]
# More of them behind a CLI that knows the API of both engines, and speaks with each in its own.
NEW_CLI_DIFFERENCES = [
    ("dockerd's API is older: named volumes are pruned, too", ["volume prune"]),
    ("the CLI itself says more to a daemon of an older API",
     ["image inspect nope", "image inspect -f {{.Id}} nope busybox", "inspect --type image web"]),
]


def stage(folder):
    """The files that the rows name."""
    def write(name, data):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)

    os.makedirs(os.path.join(folder, "folder"))
    os.makedirs(os.path.join(folder, "back"))
    write("hello", b"hello\n")
    write("folder/in", b"inside\n")
    write("vars", b"V1=one\nV2=two\n")
    write("vars-mark", b"\xef\xbb\xbfV1=one\n \xc2\xa0 V2=a\tb \n#V3=x\nNOSUCH\n")
    write("vars-tab", b"V\t1=one\n")
    write("vars-space", b"V1 =one\n")
    write("vars-bytes", b"V1=one\nV2=\xff\n")
    write("vars-nameless", b"=one\n")
    write("garbage", b"no tar" * 500)
    write("files.tar", tar_of({"etc/": None, "etc/x": (b"y\n", 0o644)}))


def normal(text, folder, options):
    text = text.replace(folder, "DIR")
    for pattern, new in RULES:
        text = re.sub(pattern, new, text, flags=re.M)
    if "mask" in options:
        text = re.sub(options["mask"], "N", text)
    return "\n".join(sorted(text.split("\n"))) if options.get("sort") else text


class Client:
    """A command line in front of a daemon."""

    def __init__(self, program, host, net="10.213.7"):
        self.program, self.host, self.net = program, host, net

    def call(self, *args, data=b""):
        env = {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")}
        return subprocess.run([self.program, "-H", self.host, *args], env=env, input=data,
                              capture_output=True, check=False, timeout=60)

    def run(self, line, options, folder="/nowhere", start="0"):
        line = line.replace("@START", start).replace("@NOW", "%.9f" % time.time())
        line = line.replace("@NET", self.net)
        args = [word.replace("@DIR", folder) for word in shlex.split(line)]
        data = options.get("input", "").encode()
        if "input_file" in options:
            with open(os.path.join(folder, options["input_file"]), "rb") as file:
                data = file.read()
        done = self.call(*args, data=data)
        out = [normal(stream.decode(errors="replace").replace(self.net, "NET"), folder, options)
               for stream in (done.stdout, done.stderr)]
        return {"status": done.returncode,
                "output": "" if options.get("status_only") else out[0] + "--\n" + out[1]}

    def session(self):
        """What each row gives; and nothing is left of it."""
        folder = tempfile.mkdtemp(prefix="hull-session-")
        stage(folder)
        start = "%.9f" % time.time()
        try:
            return [self.run(line, options, folder, start) for line, options in SESSION]
        finally:
            shutil.rmtree(folder)
            self.clean()

    def clean(self):
        for line in ("rm -f cr1 cr2 web ex1 vu net1 pub", "volume rm vv", "network rm sn",
                     "rmi session:two session:made session:imported session:imported2"):
            self.call(*line.split())


def compare(ours, theirs, meant):
    """Where two sessions differ though no table says so, or agree though one does."""
    allowed = {line for _, lines in meant for line in lines}
    faults = ["%s: is in the table of differences, not in the session" % line
              for line in allowed - {line for line, _ in SESSION}]
    for (line, _), a, b in zip(SESSION, ours, theirs):
        if a != b and line not in allowed:
            faults.append("$ %s\n[%d]: %s\n[%d]: %s" % (line, a["status"], a["output"],
                                                      b["status"], b["output"]))
    for line in allowed:
        same = [a == b for (row, _), a, b in zip(SESSION, ours, theirs) if row == line]
        if same and all(same):
            faults.append("$ %s\nagrees, though the table says it does not" % line)
    return faults
