// What programs do with dockerode: each step throws when hull answers otherwise than docker.
// usage: node scenario.js SOCKET, in a folder with node_modules/dockerode
'use strict';
const assert = require('assert');
const { PassThrough } = require('stream');
const Docker = require(require.resolve('dockerode', { paths: [process.cwd()] }));
const docker = new Docker({ socketPath: process.argv[2] });
const quiet = { Image: 'busybox', HostConfig: { NetworkMode: 'none' } };

const collector = () => {
  const stream = new PassThrough();
  const parts = [];
  stream.on('data', (part) => parts.push(part));
  stream.text = () => Buffer.concat(parts).toString();
  return stream;
};
const end = (stream) => new Promise((resolve, reject) => {
  stream.once('end', resolve).once('close', resolve).once('error', reject);
});
const refused = async (status, promise) => {
  const error = await promise.then(() => null, (reason) => reason);
  assert(error, `expected ${status}`);
  assert.strictEqual(error.statusCode, status, String(error));
};

const steps = {
  async run() {
    const out = collector();
    const err = collector();
    const [result, container] = await docker.run(
      'busybox', ['sh', '-c', 'echo o; echo e >&2; exit 3'], [out, err],
      { Tty: false, HostConfig: { NetworkMode: 'none' } });
    assert.strictEqual(result.StatusCode, 3);
    assert.deepStrictEqual([out.text(), err.text()], ['o\n', 'e\n']);
    await container.remove();
  },

  async attach() {
    const container = await docker.createContainer({
      ...quiet, Cmd: ['sh', '-c', 'read a; echo "got $a"; cat'],
      OpenStdin: true, StdinOnce: true, AttachStdin: true });
    const stream = await container.attach({
      stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
    const out = collector();
    container.modem.demuxStream(stream, out, collector());
    await container.start();
    stream.write('hello\nmore\n');
    stream.end();
    await Promise.all([end(stream), container.wait()]);
    assert.strictEqual(out.text(), 'got hello\nmore\n');
    await container.remove();
  },

  async exec(container) {
    const exec = await container.exec({
      Cmd: ['sh', '-c', 'cat; echo e >&2; exit 5'], AttachStdin: true, AttachStdout: true,
      AttachStderr: true });
    const stream = await exec.start({ hijack: true, stdin: true });
    const out = collector();
    const err = collector();
    container.modem.demuxStream(stream, out, err);
    stream.write('in');
    stream.end();
    await end(stream);
    assert.deepStrictEqual([out.text(), err.text()], ['in', 'e\n']);
    assert.strictEqual((await exec.inspect()).ExitCode, 5);
  },

  async logs() {
    const container = await docker.createContainer({
      ...quiet, Cmd: ['sh', '-c', 'echo one; sleep 0.2; echo two'] });
    await container.start();
    const stream = await container.logs({ follow: true, stdout: true, stderr: true });
    const out = collector();
    container.modem.demuxStream(stream, out, collector());
    await end(stream);
    assert.strictEqual(out.text(), 'one\ntwo\n');
    const whole = await container.logs({ stdout: true, tail: 1 });
    assert.strictEqual(whole.subarray(8).toString(), 'two\n');
    await container.remove({ force: true });
  },

  async events(container) {
    const stream = await docker.getEvents({ filters: { event: ['pause', 'unpause'] } });
    const seen = [];
    const both = new Promise((resolve) => {
      stream.on('data', (line) => {
        for (const text of line.toString().split('\n').filter(Boolean))
          seen.push(JSON.parse(text).Action);
        if (seen.length === 2) resolve();
      });
    });
    await container.pause();
    await container.unpause();
    await both;
    stream.destroy();
    assert.deepStrictEqual(seen, ['pause', 'unpause']);
  },

  async archive(container) {
    const tar = collector();
    const from = await container.getArchive({ path: '/etc/passwd' });
    from.pipe(tar);
    await end(tar);
    assert(tar.text().includes('root:x:0:0'));
    const again = await container.getArchive({ path: '/etc/passwd' });
    await container.putArchive(again, { path: '/tmp' });
    const info = await container.infoArchive({ path: '/tmp/passwd' });
    assert.strictEqual(info.statusCode || 200, 200);
    await refused(404, container.getArchive({ path: '/nope' }));
  },

  async stats(container) {
    const once = await container.stats({ stream: false });
    assert(once.memory_stats.usage > 0 && once.pids_stats.current >= 1);
    const stream = await container.stats({ stream: true });
    const line = await new Promise((resolve) => stream.once('data', resolve));
    assert.strictEqual(JSON.parse(line).id, container.id);
    stream.destroy();
  },

  async life(container) {
    await container.rename({ name: 'js-renamed' });
    assert.strictEqual((await docker.getContainer('js-renamed').inspect()).Id, container.id);
    await container.update({ Memory: 64 << 20, MemorySwap: 64 << 20 });
    assert.strictEqual((await container.inspect()).HostConfig.Memory, 64 << 20);
    assert.strictEqual((await container.top()).Processes.length, 1);
    await container.restart({ t: 0 });
    const listed = await docker.listContainers({ filters: { name: ['js-renamed'] } });
    assert.strictEqual(listed[0].State, 'running');
    await refused(409, docker.createContainer({ ...quiet, name: 'js-renamed' }));
    const waiting = container.wait();
    await container.kill();
    assert.strictEqual((await waiting).StatusCode, 137);
  },

  // What compose does: a network, a volume, two services of which one waits for the other.
  async project() {
    const labels = { 'com.docker.compose.project': 'js' };
    const network = await docker.createNetwork({ Name: 'js-net', Labels: labels });
    const volume = await docker.createVolume({ Name: 'js-volume', Labels: labels });
    const start = async (name, cmd, more) => {
      const container = await docker.createContainer({
        name, Image: 'busybox', Cmd: cmd, Labels: labels, ...more,
        HostConfig: { NetworkMode: 'js-net', Binds: ['js-volume:/data'] },
        NetworkingConfig: { EndpointsConfig: { 'js-net': { Aliases: [name + '-alias'] } } } });
      await container.start();
      return container;
    };
    const store = await start('js-store', ['sh', '-c', 'echo kept > /data/value; ' +
      'touch /ready; exec httpd -f -h /data'],
      { Healthcheck: { Test: ['CMD', 'test', '-e', '/ready'], Interval: 2e8, Retries: 50 } });
    while ((await store.inspect()).State.Health.Status !== 'healthy')
      await new Promise((resolve) => setTimeout(resolve, 50));
    const asker = await start('js-asker', ['sh', '-c',
      'wget -qO- http://js-store-alias/value; cat /data/value']);
    assert.strictEqual((await asker.wait()).StatusCode, 0);
    const said = await asker.logs({ stdout: true });
    assert.strictEqual(said.toString().match(/kept/g).length, 2);
    const members = (await network.inspect()).Containers;
    assert(Object.keys(members).includes(store.id));
    const all = await docker.listContainers({ all: true, filters: { label: [
      'com.docker.compose.project=js'] } });
    assert.strictEqual(all.length, 2);
    await refused(409, volume.remove());
    for (const container of [asker, store])
      await container.remove({ force: true });
    await network.remove();
    await volume.remove();
  },

  async images() {
    const image = docker.getImage('busybox');
    await image.tag({ repo: 'js-tagged', tag: '1' });
    assert((await image.inspect()).RepoTags.includes('js-tagged:1'));
    assert((await image.history()).length > 0);
    const saved = collector();
    (await docker.getImage('js-tagged:1').get()).pipe(saved);
    await end(saved);
    await docker.getImage('js-tagged:1').remove();
    await refused(404, docker.getImage('js-tagged:1').inspect());
  },
};

(async () => {
  const container = await docker.createContainer({ ...quiet, Cmd: ['sleep', '300'] });
  await container.start();
  try {
    for (const [name, step] of Object.entries(steps)) {
      await step(container);
      console.log('ok', name);
    }
  } finally {
    await container.remove({ force: true }).catch(() => {});
  }
  process.exit(0); // dockerode keeps the connection of a HEAD
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
