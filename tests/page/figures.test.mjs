// SPDX-License-Identifier: MIT
// What the figures and the curves say of answers that a collector gives once in
// a long time.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {closeBrowser, event, openBrowser, says, stage, withClock} from
    './stage.mjs';

before(openBrowser);
after(closeBrowser);

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

// Have /stats say something else; the next look is over then.
async function withStats(page, collector) {
    const stats = JSON.parse((await collector.ask('GET', 'stats'))[1]);

    page.answer = async (part, changes) => {
        const json = {...stats, [part]: {...stats[part], ...changes}};

        await page.unroute('**/stats');
        await page.route('**/stats', (route) => route.fulfill({json}));
        await page.run(2000);
    };
}

function stateOf(page, selector) {
    return page.locator(selector).getAttribute('data-state');
}

test('what hardly ever comes is said as well', async (t) => {
    const {collector} = await stage(t);
    const page = await withClock(t, collector);

    await withStats(page, collector);
    await page.answer('uploader',
        {healthy: false, in_flight_ms: 10 * MINUTE});
    await says(page, '#uploader', /^Stuck$/);
    await says(page, '#uploader-note', /^to webhook; for 10 min$/);
    assert.equal(await stateOf(page, '#uploader'), 'ill');
    await page.answer('uploader',
        {throttled_ms: MINUTE, retry_in_ms: 40 * SECOND});
    await says(page, '#uploader', /^Resting for its rate$/);
    await says(page, '#uploader-note', /^to webhook; next batch in 40 s$/);
    assert.equal(await stateOf(page, '#uploader'), null);
    await page.answer('uploader', {throttled_ms: MINUTE, retry_in_ms: 0});
    await says(page, '#uploader', /^Idle$/);
    await page.answer('ledger', {accepted: 7, pending: 7});
    await says(page, '#uploader', /^Delivering$/);
    // A warning when it is full in less than four hours.
    await page.answer('store', {full_in_ms: 4 * HOUR - 1});
    await says(page, '#full', /^3 h 59 min$/);
    assert.equal(await stateOf(page, '#full'), 'warned');
    await page.answer('store', {full_in_ms: 4 * HOUR});
    await says(page, '#full', /^4 h$/);
    assert.equal(await stateOf(page, '#full'), null);
});

// Samples of so many seconds ago each, by a clock that is five hours ahead of
// the page's: they follow all that it has.
async function giveHistory(page, ages) {
    const end = await page.evaluate(() => Date.now()) + 5 * HOUR;
    const samples = ages.map((age, i) =>
        [end - age * SECOND, i, i, 0, 0, i]);

    await page.route('**/history*', (route) =>
        route.fulfill({json: {step_ms: 5000, samples}}));
    await page.run(5000); /* from here on they are due */
    await page.run(2000);
    await says(page, '#chart-backlog-text', new RegExp(
        `at most ${ages.length - 1} in`));
}

// In how many pieces it is.
async function piecesOf(page, selector) {
    const path = await page.locator(selector).getAttribute('d');

    return path.split('M').length - 1;
}

test('curves have holes, and a clock that may be hours off', async (t) => {
    const {collector} = await stage(t);

    await collector.post([event('a', 'k')]);
    const page = await withClock(t, collector);

    await says(page, '#devices tbody .silent', /^\d+ s$|^\d+ min/);
    // 15 s without a sample are none, and 16 s are one.
    await giveHistory(page, [46, 41, 25, 10, 5, 0]);
    for (const curve of ['backlog .curve.pending', 'backlog .area', 'rate .in',
        'rate .out'])
        assert.equal(await piecesOf(page, `#chart-${curve}`), 2, curve);
    // With the curves comes the collector's clock, which tells silence.
    await page.run(1000);
    await says(page, '#devices tbody .silent', /^5 h/);
});
