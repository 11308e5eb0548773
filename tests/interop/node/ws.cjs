// ws.cjs - a real WebSocket server and client (the package ws).
//
//   node ws.cjs serve PORT
//   node ws.cjs call URL [CA-FILE NAME]
const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const { WebSocket, WebSocketServer } = require('ws');

function serve(port) {
    const server = new WebSocketServer({ port: Number(port), host: '127.0.0.1', perMessageDeflate: true, maxPayload: 64 << 20,
        handleProtocols: (offered) => (offered.has('chat') ? 'chat' : false) });
    server.on('listening', () => console.log('up'));
    server.on('connection', (socket, request) => {
        socket.on('message', (data, isBinary) => {
            if (!isBinary && data.toString() === 'who')
                socket.send(JSON.stringify(request.headers));
            else if (!isBinary && data.toString() === 'bye')
                socket.close(4001, 'as asked');
            else
                socket.send(data, { binary: isBinary });
        });
    });
}

function next(socket, event) {
    return new Promise((resolve, reject) => {
        socket.once(event, (...what) => resolve(what));
        socket.once('error', reject);
    });
}

// Messages may come several at a time: they are kept until somebody asks.
function listen(socket) {
    const kept = [], waiting = [];
    socket.on('message', (...what) => (waiting.length > 0 ? waiting.shift()(what) : kept.push(what)));
    return () => (kept.length > 0 ? Promise.resolve(kept.shift()) : new Promise((resolve) => waiting.push(resolve)));
}

async function talk(url, options) {
    const socket = new WebSocket(url, ['chat'], options);
    const message = listen(socket);
    await next(socket, 'open');
    assert.strictEqual(socket.protocol, 'chat');
    for (const size of [0, 1, 125, 126, 65535, 65536, 1 << 20]) {
        const data = crypto.randomBytes(size);
        socket.send(data);
        const [got, isBinary] = await message();
        assert.ok(isBinary && Buffer.compare(got, data) === 0, `${size} bytes`);
    }
    for (let i = 0; i < 100; i++)
        socket.send(`text ${i}`);
    for (let i = 0; i < 100; i++)
        assert.strictEqual((await message())[0].toString(), `text ${i}`);
    socket.ping('there?');
    assert.strictEqual((await next(socket, 'pong'))[0].toString(), 'there?');
    socket.send('who');
    const headers = JSON.parse((await message())[0].toString());
    assert.strictEqual(headers['x-forwarded-for'], '127.0.0.1');
    socket.send('bye');
    const [code, reason] = await next(socket, 'close');
    assert.deepStrictEqual([code, reason.toString()], [4001, 'as asked']);
}

async function call(url, ca, name) {
    const options = ca ? { ca: fs.readFileSync(ca), servername: name, headers: { host: name } } : {};
    await talk(url, { ...options, perMessageDeflate: false });
    await talk(url, { ...options, perMessageDeflate: true });
    await Promise.all(Array.from({ length: 4 }, () => talk(url, options)));
    console.log('done');
}

const [, , verb, ...rest] = process.argv;
if (verb === 'serve')
    serve(...rest);
else
    call(...rest).catch((error) => { console.error(error); process.exit(1); });
