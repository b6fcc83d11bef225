// What a test suite does with testcontainers: a container that is ready when its log says so, a
// mapped port that answers, a command in it, files copied both ways.
'use strict';
const assert = require('assert');
const http = require('http');
const { GenericContainer, Wait } = require(
  require.resolve('testcontainers', { paths: [process.cwd()] }));

const get = (host, port) => new Promise((resolve, reject) => {
  http.get({ host, port, agent: false }, (answer) => {
    let text = '';
    answer.on('data', (part) => { text += part; }).on('end', () => resolve(text));
  }).on('error', reject);
});

(async () => {
  const container = await new GenericContainer('busybox:latest')
    .withCommand(['sh', '-c', 'echo ready to serve; exec httpd -f -p 8080 -h /www'])
    .withExposedPorts(8080)
    .withEnvironment({ COLOUR: 'blue' })
    .withCopyContentToContainer([{ content: 'copied', target: '/www/copied' }])
    .withWaitStrategy(Wait.forAll([Wait.forLogMessage('ready to serve'),
      Wait.forListeningPorts()]))
    .start();
  try {
    assert((await get(container.getHost(), container.getMappedPort(8080))).includes('it works'));
    const ran = await container.exec(['sh', '-c', 'echo $COLOUR; cat /www/copied']);
    assert.deepStrictEqual([ran.exitCode, ran.output], [0, 'blue\ncopied']);
    await container.restart();
    console.log('ok');
  } finally {
    await container.stop();
  }
  process.exit(0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
