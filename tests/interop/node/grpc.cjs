// grpc.cjs - a real gRPC server and client: unary calls and the three kinds of streams.
//
//   node grpc.cjs serve PORT
//   node grpc.cjs call HOST:PORT [CA-FILE NAME]
const assert = require('assert');
const fs = require('fs');
const path = require('path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const { Echo } = grpc.loadPackageDefinition(loader.loadSync(path.join(__dirname, '..', 'echo.proto'))).forge;

function serve(port) {
    const server = new grpc.Server({ 'grpc.max_receive_message_length': 16 << 20 });
    server.addService(Echo.service, {
        Once(call, done) {
            if (call.request.text === 'fail')
                return done({ code: grpc.status.FAILED_PRECONDITION, details: 'as asked: 100% "odd"' });
            if (call.request.text === 'wait')
                return call.on('cancelled', () => fs.writeSync(1, 'cancelled\n'));
            const trailer = new grpc.Metadata();
            trailer.set('x-trailer', 'behind');
            const head = new grpc.Metadata();
            head.set('x-head', String(call.metadata.get('x-sent')));
            call.sendMetadata(head);
            done(null, { text: call.request.text.toUpperCase(), number: call.request.number + 1, data: call.request.data }, trailer);
        },
        Count(call) {
            for (let i = 0; i < call.request.number; i++)
                call.write({ text: call.request.text, number: i });
            call.end();
        },
        Join(call, done) {
            let text = '', number = 0;
            call.on('data', (word) => { text += word.text; number += word.data.length; });
            call.on('end', () => done(null, { text, number }));
        },
        Chat(call) {
            call.on('data', (word) => call.write({ text: word.text.toUpperCase(), number: word.number + 1 }));
            call.on('end', () => call.end());
        },
    });
    server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), (error) => {
        assert.ifError(error);
        console.log('up');
    });
}

function once(client, request, metadata = new grpc.Metadata(), options = {}) {
    return new Promise((resolve, reject) => {
        const got = {};
        const call = client.Once(request, metadata, options, (error, answer) => {
            got.answer = answer;
            if (error)
                reject(error);
        });
        call.on('metadata', (head) => { got.head = head; });
        call.on('status', (status) => { got.status = status; if (status.code === 0) resolve(got); });
    });
}

async function unary(client) {
    const metadata = new grpc.Metadata();
    metadata.set('x-sent', 'yes');
    metadata.set('x-bytes-bin', Buffer.from([0, 1, 255]));
    const { answer, head, status } = await once(client, { text: 'word', number: 41 }, metadata);
    assert.deepStrictEqual([answer.text, answer.number], ['WORD', 42]);
    assert.deepStrictEqual(head.get('x-head'), ['yes']);
    assert.deepStrictEqual(status.metadata.get('x-trailer'), ['behind']);
    const big = Buffer.alloc(3 << 20, 'b');
    assert.strictEqual(Buffer.compare((await once(client, { text: 'big', data: big })).answer.data, big), 0);
    const all = await Promise.all(Array.from({ length: 150 }, (_, i) => once(client, { text: 'many', number: i })));
    all.forEach(({ answer: a }, i) => assert.strictEqual(a.number, i + 1));
}

async function failures(client) {
    const failed = await once(client, { text: 'fail' }).catch((error) => error);
    assert.strictEqual(failed.code, grpc.status.FAILED_PRECONDITION);
    assert.strictEqual(failed.details, 'as asked: 100% "odd"');
    const late = await once(client, { text: 'wait' }, undefined, { deadline: Date.now() + 500 }).catch((error) => error);
    assert.strictEqual(late.code, grpc.status.DEADLINE_EXCEEDED);
}

function serverStream(client) {
    return new Promise((resolve, reject) => {
        const call = client.Count({ text: 'n', number: 500 });
        let n = 0;
        call.on('data', (word) => assert.strictEqual(word.number, n++));
        call.on('error', reject);
        call.on('end', () => { assert.strictEqual(n, 500); resolve(); });
    });
}

function clientStream(client) {
    return new Promise((resolve, reject) => {
        const call = client.Join((error, answer) => {
            if (error)
                return reject(error);
            assert.strictEqual(answer.text, 'a'.repeat(200));
            assert.strictEqual(answer.number, 200 * 20000);
            resolve();
        });
        for (let i = 0; i < 200; i++)
            call.write({ text: 'a', data: Buffer.alloc(20000) });
        call.end();
    });
}

function bothStreams(client) {
    return new Promise((resolve, reject) => {
        const call = client.Chat();
        let n = 0;
        call.on('error', reject);
        call.on('end', () => { assert.strictEqual(n, 50); resolve(); });
        // The next word only when the last one has come back: nothing may be held until the other side ends.
        call.on('data', (word) => {
            assert.deepStrictEqual([word.text, word.number], [`WORD ${n}`, n + 1]);
            n++;
            if (n === 50)
                call.end();
            else
                call.write({ text: `word ${n}`, number: n });
        });
        call.write({ text: 'word 0', number: 0 });
    });
}

async function call(address, ca, name) {
    const credentials = ca ? grpc.credentials.createSsl(fs.readFileSync(ca)) : grpc.credentials.createInsecure();
    const client = new Echo(address, credentials, {
        'grpc.max_receive_message_length': 16 << 20,
        ...(name ? { 'grpc.ssl_target_name_override': name, 'grpc.default_authority': name } : {}),
    });
    for (const step of [unary, failures, serverStream, clientStream, bothStreams]) {
        await step(client);
        console.log(`${step.name} done`);
    }
    client.close();
}

const [, , verb, ...rest] = process.argv;
if (verb === 'serve')
    serve(...rest);
else
    call(...rest).catch((error) => { console.error(error); process.exit(1); });
