// http.cjs - Node's own HTTP/1.1 and HTTP/2 servers and clients.
//
//   node http.cjs serve1 PORT | serve2 PORT
//   node http.cjs call1 URL [CA-FILE NAME] | call2 URL [CA-FILE NAME]
const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const http2 = require('http2');
const https = require('https');

function digest(data) {
    return crypto.createHash('sha256').update(data).digest('hex');
}

// What both servers do: /sum hashes the body, /big sends 4 MiB, /trailers sends some, /slow trickles, /hints hints first.
async function answer(request, response) {
    const url = request.url.split('?')[0];
    if (url === '/big') {
        response.end(Buffer.alloc(4 << 20, 'big '));
    } else if (url === '/trailers') {
        response.writeHead(200, { trailer: 'x-sum' });
        response.write('body');
        response.addTrailers({ 'x-sum': '7' });
        response.end();
    } else if (url === '/slow') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        for (let i = 0; i < 5; i++) {
            response.write(`data: ${i}\n\n`);
            await new Promise((done) => setTimeout(done, 50));
        }
        response.end();
    } else if (url === '/hints') {
        response.writeEarlyHints({ link: '</a.css>; rel=preload' });
        response.end('hinted');
    } else if (url === '/none') {
        response.writeHead(204).end();
    } else {
        const hash = crypto.createHash('sha256');
        for await (const piece of request)
            hash.update(piece);
        response.setHeader('x-method', request.method);
        response.end(hash.digest('hex'));
    }
}

function serve(server, port) {
    server.on('checkContinue', (request, response) => { response.writeContinue(); answer(request, response); });
    server.keepAliveTimeout = 1000;
    server.listen(Number(port), '127.0.0.1', () => console.log('up'));
}

// ---- HTTP/1.1 ----

function ask1(base, options, path, body) {
    return new Promise((resolve, reject) => {
        const url = new URL(path, base);
        const library = url.protocol === 'https:' ? https : http;
        const request = library.request(url, { method: body ? 'POST' : 'GET', ...options }, (response) => {
            const pieces = [];
            response.on('data', (piece) => pieces.push(piece));
            response.on('error', reject);
            response.on('end', () => resolve({ response, body: Buffer.concat(pieces), hints: request.hints }));
        });
        request.on('information', (info) => { request.hints = info; });
        request.on('continue', () => { request.continued = true; });
        request.on('error', reject);
        if (options.expect) {
            request.setHeader('expect', '100-continue');
            request.on('continue', () => request.end(body));
            request.flushHeaders();
        } else {
            request.end(body);
        }
    });
}

async function call1(base, ca, name) {
    const agentOptions = { keepAlive: true, maxSockets: 8, ...(ca ? { ca: fs.readFileSync(ca), servername: name } : {}) };
    const agent = ca ? new https.Agent(agentOptions) : new http.Agent(agentOptions);
    const options = { agent, ...(name ? { headers: { host: name } } : {}) };
    for (const size of [1, 1000, 1 << 16, 5 << 20]) {
        const data = crypto.randomBytes(size);
        assert.strictEqual((await ask1(base, options, '/sum', data)).body.toString(), digest(data));
    }
    const chunked = { ...options, headers: { ...options.headers, 'transfer-encoding': 'chunked' } };
    assert.strictEqual((await ask1(base, chunked, '/sum', Buffer.from('abc'))).body.toString(), digest('abc'));
    assert.strictEqual((await ask1(base, { ...options, expect: true }, '/sum', Buffer.from('abc'))).body.toString(), digest('abc'));
    assert.strictEqual((await ask1(base, options, '/big')).body.length, 4 << 20);
    assert.strictEqual((await ask1(base, options, '/none')).response.statusCode, 204);
    assert.strictEqual((await ask1(base, { ...options, method: 'HEAD' }, '/big')).body.length, 0);
    const trailers = await ask1(base, { ...options, headers: { ...options.headers, te: 'trailers' } }, '/trailers');
    assert.deepStrictEqual([trailers.body.toString(), trailers.response.trailers['x-sum']], ['body', '7']);
    const hinted = await ask1(base, options, '/hints');
    assert.deepStrictEqual([hinted.body.toString(), hinted.hints.headers.link], ['hinted', '</a.css>; rel=preload']);
    assert.strictEqual((await ask1(base, options, '/slow')).body.toString().split('\n\n').length, 6);
    const many = await Promise.all(Array.from({ length: 300 }, (_, i) => ask1(base, options, '/sum', Buffer.from(`${i}`))));
    many.forEach(({ body }, i) => assert.strictEqual(body.toString(), digest(`${i}`)));
    agent.destroy();
    console.log('done');
}

// ---- HTTP/2 ----

function ask2(session, headers, body, trailers) {
    return new Promise((resolve, reject) => {
        const options = { endStream: !body, waitForTrailers: !!trailers };
        const stream = session.request({ ':method': body ? 'POST' : 'GET', ...headers }, options);
        const pieces = [], got = { hints: [] };
        stream.on('headers', (info) => got.hints.push(info));
        stream.on('response', (head) => { got.head = head; });
        stream.on('trailers', (fields) => { got.trailers = fields; });
        stream.on('wantTrailers', () => stream.sendTrailers(trailers));
        stream.on('data', (piece) => pieces.push(piece));
        stream.on('error', reject);
        stream.on('end', () => { got.body = Buffer.concat(pieces); resolve(got); });
        if (body)
            stream.end(body);
    });
}

async function call2(base, ca, name) {
    const session = http2.connect(base, ca ? { ca: fs.readFileSync(ca), servername: name } : {});
    const host = name ? { ':authority': name } : {};
    for (const size of [1, 1 << 16, 5 << 20]) {
        const data = crypto.randomBytes(size);
        assert.strictEqual((await ask2(session, { ...host, ':path': '/sum' }, data)).body.toString(), digest(data));
    }
    assert.strictEqual((await ask2(session, { ...host, ':path': '/sum' }, Buffer.from('abc'), { 'x-t': '1' })).body.toString(), digest('abc'));
    assert.strictEqual((await ask2(session, { ...host, ':path': '/big' })).body.length, 4 << 20);
    assert.strictEqual((await ask2(session, { ...host, ':path': '/none' })).head[':status'], 204);
    assert.strictEqual((await ask2(session, { ...host, ':path': '/big', ':method': 'HEAD' })).body.length, 0);
    const trailers = await ask2(session, { ...host, ':path': '/trailers', te: 'trailers' });
    assert.deepStrictEqual([trailers.body.toString(), trailers.trailers['x-sum']], ['body', '7']);
    const hinted = await ask2(session, { ...host, ':path': '/hints' });
    assert.deepStrictEqual([hinted.hints[0][':status'], hinted.hints[0].link], [103, '</a.css>; rel=preload']);
    assert.strictEqual((await ask2(session, { ...host, ':path': '/slow' })).body.toString().split('\n\n').length, 6);
    const many = await Promise.all(Array.from({ length: 300 }, (_, i) => ask2(session, { ...host, ':path': '/sum' }, Buffer.from(`${i}`))));
    many.forEach(({ body }, i) => assert.strictEqual(body.toString(), digest(`${i}`)));
    const big = await Promise.all(Array.from({ length: 6 }, () => ask2(session, { ...host, ':path': '/big' })));
    big.forEach(({ body }) => assert.strictEqual(body.length, 4 << 20));
    await new Promise((done) => session.close(done));
    console.log('done');
}

const [, , verb, ...rest] = process.argv;
const verbs = {
    serve1: (port) => serve(http.createServer(answer), port),
    // By default Node refuses streams of a session that holds more than 10 MB.
    serve2: (port) => serve(http2.createServer({ maxSessionMemory: 100 }, answer), port),
    call1, call2,
};
Promise.resolve(verbs[verb](...rest)).catch((error) => { console.error(error); process.exit(1); });
