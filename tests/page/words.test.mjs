// SPDX-License-Identifier: MIT
// The page's parts that need no browser.
import assert from 'node:assert/strict';
import path from 'node:path';
import {test} from 'node:test';

const load = (noun) => import(path.join(process.env.PAGE, `${noun}.mjs`));
const {parse, quotePayloads} = await load('exact');
const {heard, now} = await load('now');
const {spoken} = await load('sentences');
const {visible} = await load('visible');
const words = await load('words');

test('a payload is what stood there', () => {
    const row = (payload) =>
        '{"events":[{"id":1,"device_id":"\\"payload\\":9,","kind":"{[",' +
        `"payload":${payload},"ts":3}],"next":null}\n`;

    for (const payload of ['1', '21.40', '-0', '1e5', 'null', 'true', '""',
        '"\\""', '"\\\\"', '"}"', '"],"', '[]', '{}', '[[],[{}]]',
        '{"payload":1,"payload":{"a":"]}"}}',
        '["payload",{"payload":"\\\\\\""}]',
        '1234567890123456789012345', '"\\u2028é"']) {
        const {events: [event], next} = parse(row(payload));

        assert.deepEqual({...event, next}, {id: 1, device_id: '"payload":9,',
            kind: '{[', payload, ts: 3, next: null});
    }
});

test('what has no payload is as JSON has it', () => {
    for (const text of ['{"payload":{"payload":1.0}}', '[]', '"payload"',
        '{"a":[{"b":"payload"}]}', '{"a":[["payload",1]],"ok":true}', '1'])
        assert.equal(quotePayloads(text), text);
    assert.throws(() => parse('{"events":[{"payload":1'));
    assert.throws(() => parse('{"events":[{"payload":"'));
    assert.throws(() => parse(''));
});

test('durations have one unit or two', () => {
    const second = 1000;
    const minute = 60 * second;
    const hour = 60 * minute;

    for (const [ms, text] of [[0, '0 s'], [999, '0 s'], [second, '1 s'],
        [59 * second, '59 s'], [minute, '1 min'], [61 * second, '1 min 1 s'],
        [10 * minute + second, '10 min'], [hour, '1 h'],
        [hour + 5 * minute, '1 h 5 min'], [24 * hour, '1 d'],
        [49 * hour, '2 d 1 h'], [30000 * hour, '1,250 d']])
        assert.equal(words.duration(ms), text);
    assert.equal(words.took(7), '7 ms');
});

test('sizes and numbers are as they are read', () => {
    for (const [bytes, text] of [[0, '0 bytes'], [1023, '1,023 bytes'],
        [1024, '1 KiB'], [1536, '1.5 KiB'], [1024 ** 3, '1 GiB'],
        [500 * 1024 ** 2, '500 MiB']])
        assert.equal(words.size(bytes), text);
    assert.equal(words.count(50000), '50,000');
    assert.equal(words.rate(3.14159), '3.1');
    assert.equal(words.rate(314.15), '314');
    assert.equal(words.plural(1, 'event'), '1 event');
    assert.equal(words.plural(1200, 'event'), '1,200 events');
});

test('a time that no calendar has is still said', () => {
    assert.equal(words.moment(9e18, 0), '9000000000000000000');
    assert.equal(words.utc(9e18), '9000000000000000000');
    assert.equal(words.utc(0), '1970-01-01T00:00:00.000Z');
});

test('a moment in a sentence is told where the browser is', (t) => {
    const {TZ} = process.env;

    t.after(() => {
        if (TZ === undefined)
            delete process.env.TZ;
        else
            process.env.TZ = TZ;
    });
    for (const [name, told, zone] of [
        ['UTC', '1999-12-31 23:30:59', 'UTC'],
        ['Europe/London', '1999-12-31 23:30:59', 'Europe/London (UTC+00:00)'],
        ['America/St_Johns', '1999-12-31 20:00:59',
            'America/St_Johns (UTC−03:30)'],
        ['Asia/Tokyo', '2000-01-01 08:30:59', 'Asia/Tokyo (UTC+09:00)']]) {
        process.env.TZ = name;
        assert.equal(spoken('since 1999-12-31T23:30:59Z (1: ' +
            '1999-12-31T23:30:59.999Z, no)'),
        `since ${told} (1: ${told}, no)`);
        assert.equal(words.zone(Date.UTC(2000, 0, 1)), zone);
    }
    // What only looks like one, and what is part of something else.
    for (const text of ['2026-99-01T00:00:00Z', 'a2026-01-01T00:00:00Z',
        '2026-01-01', ''])
        assert.equal(spoken(text), text);
});

test('nothing in a name is hidden', () => {
    for (const [text, shown] of [['pump-1 é 漢 🙂', 'pump-1 é 漢 🙂'],
        ['a\u202Eb\u2066', 'a\\u202eb\\u2066'], ['\0\x1b[2J', '\\x00\\x1b[2J'],
        ['\n\r\t', '\\n\\r\\t'], ['\x7f\x9f', '\\x7f\\u009f'],
        ['\u00ad\u200b\ufeff', '\\u00ad\\u200b\\ufeff'],
        ['\u{e0041}', '\\U000e0041'], ['', '']])
        assert.equal(visible(text), shown);
});

test('it is as late as a collector says whose clock is far off', (t) => {
    const second = 1000;
    const hour = 3600 * second;

    t.mock.method(Date, 'now', () => 1e12);
    assert.equal(now(), 1e12);
    // [what was heard, what is held], each of them ahead of the browser.
    for (const [said, held] of [[14 * second, 0], [5 * hour, 5 * hour],
        [5 * hour - 14 * second, 5 * hour], /* a sample of before */
        [5 * hour + second, 5 * hour + second], [-2 * hour, -2 * hour],
        [-14 * second, 0], [-hour, -hour], [0, 0]]) {
        heard(1e12 + said);
        assert.equal(now() - 1e12, held, `heard ${said}`);
    }
});
