// What a test suite does with testcontainers: containers that are ready when their log, a port, a
// page or their health check says so, a network of their own, files in and out, commands, restarts.
'use strict';
const assert = require('assert');
const http = require('http');
const { GenericContainer, Network, Wait } = require(
  require.resolve('testcontainers', { paths: [process.cwd()] }));

// httpd goes to the background when it listens: the line is no promise, but true.
const PAGES = 'httpd -p 8080 -h /www && echo ready to serve; exec sleep 1000';

const get = (host, port, path) => new Promise((resolve, reject) => {
  http.get({ host, port, path, agent: false }, (answer) => {
    let text = '';
    answer.on('data', (part) => { text += part; }).on('end', () => resolve(text));
  }).on('error', reject);
});

const busybox = (...command) => new GenericContainer('busybox:latest').withCommand(command);

const serving = () => busybox('sh', '-c', PAGES).withExposedPorts(8080);

const waits = [
  ['a line of the log', Wait.forLogMessage('ready to serve')],
  ['a port', Wait.forListeningPorts()],
  ['a page', Wait.forHttp('/index.html', 8080).forStatusCode(200)],
  ['a command', Wait.forSuccessfulCommand('wget -qO- http://127.0.0.1:8080/')],
  ['all of them', Wait.forAll([Wait.forLogMessage('ready'), Wait.forListeningPorts()])],
];

const steps = {
  async waits() {
    for (const [name, strategy] of waits) {
      const container = await serving().withWaitStrategy(strategy).start();
      const page = await get(container.getHost(), container.getMappedPort(8080), '/');
      assert(page.includes('it works'), name);
      await container.stop();
    }
  },
  async health() {
    const container = await busybox('sleep', '1000')
      .withHealthCheck({ test: ['CMD-SHELL', 'true'], interval: 1000, retries: 2, timeout: 900 })
      .withWaitStrategy(Wait.forHealthCheck()).start();
    await container.stop();
    const short = await busybox('sh', '-c', 'exit 0')
      .withWaitStrategy(Wait.forOneShotStartup()).start();
    await short.stop();
  },
  async failing() {
    await assert.rejects(busybox('sh', '-c', 'exit 3')
      .withWaitStrategy(Wait.forOneShotStartup()).start());
    await assert.rejects(busybox('sleep', '1000').withStartupTimeout(300)
      .withWaitStrategy(Wait.forLogMessage('never')).start());
  },
  async files() {
    const container = await busybox('sleep', '1000').withEnvironment({ COLOUR: 'blue' })
      .withCopyContentToContainer([{ content: 'copied', target: '/www/copied', mode: 0o640 }])
      .withCopyFilesToContainer([{ source: __filename, target: '/tmp/scenario.js' }])
      .withTmpFs({ '/scratch': 'rw,size=1m' }).withWorkingDir('/www').withUser('root')
      .withLabels({ purpose: 'files' }).start();
    const ran = await container.exec(['sh', '-c', 'echo $COLOUR; cat copied; stat -c %a copied']);
    assert.deepStrictEqual([ran.exitCode, ran.output], [0, 'blue\ncopied640\n']);
    assert.strictEqual((await container.exec(['sh', '-c', 'exit 7'])).exitCode, 7);
    assert((await container.exec(['wc', '-c', '/tmp/scenario.js'])).output.startsWith(
      String(require('fs').statSync(__filename).size)));
    const lines = [];
    for await (const part of await container.copyArchiveFromContainer('/www/copied')) {
      lines.push(part);
    }
    assert(Buffer.concat(lines).toString().includes('copied'));
    assert.strictEqual(container.getLabels().purpose, 'files');
    await container.stop();
  },
  async network() {
    const network = await new Network().start();
    const server = await serving().withNetwork(network).withNetworkAliases('server')
      .withWaitStrategy(Wait.forListeningPorts()).start();
    const client = await busybox('sleep', '1000').withNetwork(network).start();
    const page = await client.exec(['wget', '-qO-', 'http://server:8080/']);
    assert(page.exitCode === 0 && page.output.includes('it works'), page.output);
    assert(server.getIpAddress(network.getName()).includes('.'));
    await Promise.all([client.stop(), server.stop()]);
    await network.stop();
  },
  async restart() {
    const container = await serving().withWaitStrategy(Wait.forListeningPorts()).start();
    await container.restart({ timeout: 1 });
    const page = await get(container.getHost(), container.getMappedPort(8080), '/');
    assert(page.includes('it works'));
    const log = [];
    for await (const part of await container.logs({ tail: 1 })) {
      log.push(part.toString());
      break;
    }
    assert(log.join('').includes('ready to serve'));
    await container.stop({ remove: true, removeVolumes: true });
  },
};

// testcontainers lets node end while it waits for a log alone: something has to keep node going.
setInterval(() => {}, 1000);

(async () => {
  for (const name of Object.keys(steps)) {
    await steps[name]();
    console.log(name);
  }
  process.exit(0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
