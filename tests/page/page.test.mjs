// SPDX-License-Identifier: MIT
// What the page promises to whoever looks after a collector: that it says how
// it is, and why; shows what is kept exactly as it was sent, and as text, whatever
// it holds; and goes on by itself.
import assert from 'node:assert/strict';
import http from 'node:http';
import {after, before, test} from 'node:test';
import {closeBrowser, counter, event, look, openBrowser, picture, says, stage,
    textsOf, withClock} from './stage.mjs';

before(openBrowser);
after(closeBrowser);

// A site that is well: some devices, and one that is silent.
async function settle(collector) {
    const events = [];

    for (let i = 0; i < 40; i++)
        events.push(event(`pump-${i % 8 + 1}`, i % 3 === 0 ? 'pressure'
            : 'temperature', `{"celsius":${20 + i / 10}0,"sensor":"north"}`));
    await collector.post(events);
}

test('it says that all is well, and shows what is kept', async (t) => {
    const {collector} = await stage(t);

    await settle(collector);
    const page = await look(t, collector.url);

    await says(page, '#health-title', /^Healthy$/);
    await says(page, '#ledger', /^40 accepted = 40 delivered \+ 0 dead/);
    await says(page, '#backlog', /^0$/);
    await says(page, '#full', /^not filling$/);
    await says(page, '#uploader', /^Idle$/);
    await says(page, '#uploader-note', /^to webhook; last success \d\d:/);
    await says(page, '#events tbody tr .fate', /✓ delivered/);
    await says(page, '#runs tbody tr .status', /✓ success/);
    await says(page, '#letters-empty', /^None\.$/);
    assert.equal(await page.locator('#events tbody tr').count(), 40);
    assert.equal(await page.locator('#devices tbody tr').count(), 8);
    assert.match(await page.title(), /^✓ collectord$/);
    await picture(page, 'healthy-light', {fullPage: true});
    await page.emulateMedia({colorScheme: 'dark'});
    await picture(page, 'healthy-dark', {fullPage: true});
});

test('it says why it is not well, counts down, and recovers', async (t) => {
    const {collector, upstream} = await stage(t);

    upstream.status = 503;
    await settle(collector);
    const page = await look(t, collector.url);

    await says(page, '#health-title', /^Unhealthy$/);
    await says(page, '#reasons', /deliveries have failed since .*HTTP 503/);
    await says(page, '#spoken', /^Unhealthy\. deliveries have failed/);
    await says(page, '#uploader', /^Failing$/);
    await says(page, '#uploader-error', /^Last error: HTTP 503$/);
    await says(page, '#backlog', /^40$/);
    await says(page, '#chart-backlog-text', /pending 40/);
    await says(page, '#events .fate', /○ pending/);
    await says(page, '#runs .status', /! error/);
    assert.match(await page.title(), /^✕/);
    // Down to the attempt, whichever it is.
    await says(page, '#uploader-note', /next attempt in \d+ s/);
    const first = await page.locator('#uploader-note').innerText();

    await page.waitForFunction((text) =>
        document.querySelector('#uploader-note').innerText !== text, first);
    await picture(page, 'unhealthy-light');
    await page.emulateMedia({colorScheme: 'dark'});
    await picture(page, 'unhealthy-dark');
    upstream.status = 200;
    await says(page, '#health-title', /^Healthy$/);
    await says(page, '#spoken', /^Healthy$/);
    await says(page, '#events .fate', /✓ delivered/);
});

test('it has one clock, and names it', async (t) => {
    const {collector, upstream} = await stage(t);

    upstream.status = 503;
    await settle(collector);
    const page = await look(t, collector.url,
        {timezoneId: 'Australia/Eucla', colorScheme: 'dark'});

    await says(page, '#reasons', /have failed since \S+ \(\d+ in a row: HTTP/);
    await says(page, '#zone', /^Australia\/Eucla \(UTC\+08:45\)$/);
    await says(page, '#uploader-note', /since \d/);
    const time = page.locator('#reasons time');
    const exact = await time.getAttribute('datetime');
    const told = new Date(Date.parse(exact) + 8.75 * 3600 * 1000)
        .toISOString().slice(11, 19);

    assert.match(exact, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.equal(await time.getAttribute('title'), exact);
    for (const text of [await time.innerText(),
        await page.locator('#uploader-note').innerText()])
        assert.ok(text.endsWith(told), text);
    await says(page, '#spoken', new RegExp(`failed since .*${told} \\(`));
    await picture(page, 'clock', {fullPage: true});
});

test('payloads are shown as they were sent', async (t) => {
    const {collector} = await stage(t);
    const payloads = [
        '1234567890123456789012345', '21.40', '1E+2', '-0', '"text"', 'null',
        'true', '[1.0,[2.50,{}]]', '{"a":1,"a":1.0,"payload":{"a":"}\\""}}',
        '"\\u0041\\/ \\"payload\\":1"', '{"z":1,"a":[]}',
    ];

    await collector.post(payloads.map((payload) => event('a', 'k', payload)));
    const page = await look(t, collector.url);

    await says(page, '#events tbody tr .fold', /./);
    assert.deepEqual((await textsOf(page, '#events .fold')).reverse(),
        payloads);
});

test('what is long is shown when it is asked for, and stays so', async (t) => {
    const {collector} = await stage(t);
    const long = JSON.stringify(`${'x'.repeat(3000)} end`);

    await collector.post([event('a', 'k', long)]);
    const page = await look(t, collector.url);
    const fold = page.locator('#events .fold').first();

    await says(page, '#events .fold', /^"x+…$/);
    await fold.press('Enter');
    assert.equal(await fold.getAttribute('aria-expanded'), 'true');
    assert.equal(await fold.innerText(), long);
    await collector.post([event('b', 'k')]);
    await says(page, '#events tbody tr:nth-child(2) .fold', / end"$/);
    assert.equal(await page.evaluate(() => document.activeElement.whole), long);
    await fold.nth(0).press('Enter');
    assert.equal(await page.locator('#events .fold').nth(1)
        .getAttribute('aria-expanded'), 'false');
});

test('the tail follows, can be filtered, and pauses', async (t) => {
    const {collector} = await stage(t);

    await settle(collector);
    const page = await look(t, collector.url);

    await says(page, '#events tbody tr .id', /^40$/);
    await collector.post([event('new & 100%+', 'door', '"open"')]);
    await says(page, '#events tbody tr .device', /^new & 100%\+$/);
    await page.locator('#filter-device').fill('new & 100%+');
    await page.waitForFunction(() =>
        document.querySelectorAll('#events tbody tr').length === 1);
    await page.locator('#filter-clear').click();
    await says(page, '#events tbody tr:nth-child(41)', /./);
    await page.locator('#filter-kind').fill('pressure');
    await page.locator('#filter-text').fill('22.70');
    await page.waitForFunction(() =>
        document.querySelectorAll('#events tbody tr').length === 1);
    assert.deepEqual(await textsOf(page, '#events .id'), ['28']);
    // New ones that don't fit stay away, and one that fits comes.
    await collector.post([event('a', 'pressure', '1'),
        event('b', 'pressure', '"22.70"')]);
    await says(page, '#events tbody tr .device', /^b$/);
    assert.equal(await page.locator('#events tbody tr').count(), 2);
    await page.locator('#filter-text').fill('nowhere');
    await says(page, '#events-empty', /^No event fits the filter\.$/);
    await page.locator('#filter-clear').press('Enter');
    await says(page, '#events tbody tr:nth-child(43)', /./);
    await page.locator('#pause').click();
    await says(page, '#events-note', /^paused$/);
    await collector.post([event('late', 'k'), event('late', 'k')]);
    await says(page, '#events-note', /^paused, 2 since$/);
    assert.equal(await page.locator('#events tbody tr').count(), 43);
    await page.locator('#pause').click();
    await says(page, '#events tbody tr .device', /^late$/);
    // By a device, from either table.
    await page.locator('#devices .link', {hasText: 'pump-3'}).click();
    await page.waitForFunction(() =>
        document.querySelectorAll('#events tbody tr').length === 5);
    assert.equal(await page.locator('#filter-device').inputValue(), 'pump-3');
});

test('devices say how long they have been silent', async (t) => {
    const {collector} = await stage(t);
    const hour = 60 * 60 * 1000;

    await collector.post([
        `{"device_id":"old","kind":"k","ts":${Date.now() - 3 * hour - 90000}}`,
        event('b-10', 'k'), event('b-9', 'k'),
    ]);
    const page = await look(t, collector.url);

    await says(page, '#devices tbody tr .device', /^old$/);
    await says(page, '#devices tbody tr .silent', /^3 h 1 min$/);
    await page.locator('#devices [data-sort=device_id]').click();
    assert.deepEqual(await textsOf(page, '#devices .device'),
        ['b-9', 'b-10', 'old']);
    assert.equal(await page.locator('#devices th').first()
        .getAttribute('aria-sort'), 'ascending');
    await page.locator('#devices [data-sort=device_id]').press('Enter');
    assert.deepEqual(await textsOf(page, '#devices .device'),
        ['old', 'b-10', 'b-9']);
    await page.locator('#silent').selectOption('3600000');
    await page.waitForFunction(() =>
        document.querySelectorAll('#devices tbody tr').length === 1);
    await page.locator('#silent').selectOption('86400000');
    await says(page, '#devices-empty', /^None has been silent for so long\.$/);
});

test('it survives a restart, and says so meanwhile', async (t) => {
    const {collector} = await stage(t);

    await settle(collector);
    const page = await look(t, collector.url);

    await says(page, '#events tbody tr:nth-child(40)', /./);
    await says(page, '#pulse', /^live$/);
    await page.locator('#filter-kind').fill('pressure');
    await collector.stop();
    await says(page, '#gone-text', /^Nobody has answered since \d\d:\d\d:\d\d/);
    await says(page, '#gone-text', /Next try in \d+ s\..*as of \d\d:\d\d:\d\d/);
    await says(page, '#pulse', /^not connected$/);
    await says(page, '#health-title', /^Health is not known$/);
    await says(page, '#spoken', /^Health is not known/);
    assert.match(await page.title(), /^\?/);
    assert.ok(await page.locator('#events tbody tr').count() > 0);
    await picture(page, 'gone-light');
    await page.emulateMedia({colorScheme: 'dark'});
    await picture(page, 'gone-dark');
    await collector.start();
    await page.locator('#gone-retry').click();
    await says(page, '#health-title', /^Healthy$/);
    await says(page, '#pulse', /^live$/);
    assert.equal(await page.locator('#gone').isVisible(), false);
    await collector.post([event('after', 'pressure')]);
    await says(page, '#events tbody tr .device', /^after$/);
});

test('the next attempt is counted down between two answers', async (t) => {
    const {collector} = await stage(t);
    const page = await withClock(t, collector);
    const stats = JSON.parse((await collector.ask('GET', 'stats'))[1]);

    Object.assign(stats.uploader, {healthy: false, failures_in_a_row: 3,
        failing_since: 1, retry_in_ms: 40000, last_error: 'no'});
    await page.route('**/stats', (route) => route.fulfill({json: stats}));
    await page.run(2000);
    await says(page, '#uploader-note', /next attempt in 40 s;/);
    await page.route('**/*', (route) => route.abort());
    await page.run(1000);
    await says(page, '#uploader-note', /next attempt in 39 s;/);
});

test('it asks less often when nobody looks, or nobody answers', async (t) => {
    const {collector} = await stage(t);
    const page = await withClock(t, collector);
    const asked = counter(page, '/stats');
    const hide = (hidden) => page.evaluate((value) => {
        Object.defineProperty(document, 'hidden', {value, configurable: true});
        document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
    const restIs = async (ms) => {
        const known = asked.length;

        await page.run(ms - 1);
        assert.equal(asked.length, known, `sooner than after ${ms} ms`);
        await page.run(1);
        assert.equal(asked.length, known + 1, `later than after ${ms} ms`);
    };

    await restIs(2000);
    await hide(true);
    await restIs(2000); /* the one that had begun */
    await restIs(30000);
    await restIs(30000);
    const known = asked.length;

    await hide(false);
    await page.run(0); /* at once */
    assert.equal(asked.length, known + 1);
    await restIs(2000);
    await page.route('**/*', (route) => route.abort());
    await page.run(2000);
    await says(page, '#gone-text', /Nobody/);
    for (const ms of [1000, 2000, 4000, 8000, 16000, 16000])
        await restIs(ms);
    await says(page, '#gone-text', /for 47 s: .* Next try in 16 s/);
    const tried = asked.length;

    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    await page.run(0); /* at once */
    assert.equal(asked.length, tried + 1);
});

test('a proxy may put it below a path of its own', async (t) => {
    const {collector} = await stage(t);
    const proxy = http.createServer((request, response) => {
        if (!request.url.startsWith('/box/'))
            return response.writeHead(404).end();
        return request.pipe(http.request(collector.url, {
            method: request.method,
            path: request.url.slice('/box'.length),
            headers: request.headers,
        }, (answer) => {
            response.writeHead(answer.statusCode, answer.headers);
            answer.pipe(response);
        }));
    });

    await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    t.after(() => {
        proxy.closeAllConnections();
        proxy.close();
    });
    await collector.post([event('a', 'k')]);
    const page = await look(t,
        `http://127.0.0.1:${proxy.address().port}/box/`);

    await says(page, '#health-title', /^Healthy$/);
    await says(page, '#events tbody tr .device', /^a$/);
    await says(page, '#pulse', /^live$/);
});

test('a part that is busy says so, and holds up no other', async (t) => {
    const {collector} = await stage(t);
    const page = await look(t, collector.url, {
        before: (opened) => opened.route('**/devices?*', (route) =>
            route.fulfill({status: 503, json: {error: 'busy'}})),
    });

    await says(page, '#devices-note', /^busy$/);
    await collector.post([event('a', 'k')]);
    await says(page, '#events tbody tr .device', /^a$/);
    await says(page, '#pulse', /^live$/);
    await page.unroute('**/devices?*');
    await says(page, '#devices tbody tr .device', /^a$/);
    await says(page, '#devices-note', /^1$/);
});

// Of an answer that no collector gives.
test('a fault of the page is not taken for an outage', async (t) => {
    const {collector} = await stage(t);
    const page = await look(t, collector.url);

    await says(page, '#health-title', /^Healthy$/);
    await page.route('**/stats', (route) => route.fulfill({json: {}}));
    await says(page, '#gone-title', /^A fault of this page$/);
    await says(page, '#gone-text', /^This page has failed since .*undefined/);
    await says(page, '#pulse', /^at fault$/);
    assert.equal(await page.locator('#health-title').innerText(), 'Healthy');
    assert.match(page.faults.splice(0).join(), /^TypeError/);
    await page.route('**/healthz', (route) =>
        route.fulfill({json: {ok: true}}));
    await page.locator('#gone-retry').click();
    await says(page, '#health-title', /^Health is not known$/);
    await page.route('**/*', (route) => route.abort());
    await page.locator('#gone-retry').click();
    await says(page, '#gone-title', /^No connection$/);
    await page.unrouteAll();
    await page.locator('#gone-retry').click();
    await says(page, '#pulse', /^live$/);
    page.faults.length = 0;
});

test('nothing moves that has not changed', async (t) => {
    const {collector} = await stage(t);

    await settle(collector);
    const page = await look(t, collector.url);

    await says(page, '#events tbody tr:nth-child(40)', /./);
    await says(page, '#runs .status', /success/);
    await page.evaluate(() => {
        const range = document.createRange();

        range.selectNodeContents(document.querySelector('#events .kind'));
        getSelection().addRange(range);
        document.querySelector('#events .link').focus();
        document.querySelector('#events-scroll').scrollTop = 120;
    });
    await says(page, '#rate-in', /^0\/s$/);
    await page.evaluate(() => {
        globalThis.changed = [];
        new MutationObserver((records) => globalThis.changed.push(...records
            .map(({target}) => target.parentElement?.closest('[id], [class]'))
            .map((node) => `${node?.id} ${node?.getAttribute('class')}`)))
            .observe(document.querySelector('main'), {subtree: true,
                childList: true, characterData: true});
    });
    for (let i = 0; i < 3; i++)
        await page.waitForResponse('**/stats');
    // Time goes on, and that is all: silent for, and below the charts.
    const changed = await page.evaluate(() => globalThis.changed);

    assert.deepEqual(changed.filter((name) =>
        !/silent|soft|chart|tick|flow|device|key|figure/.test(name)), []);
    assert.equal(await page.evaluate(() => getSelection().toString()),
        await page.locator('#events .kind').first().innerText());
    assert.equal(await page.evaluate(() => document.activeElement.className),
        'link');
    // Rows that come push nothing away from under the eye.
    const top = () => page.evaluate(() => {
        const scroll = document.querySelector('#events-scroll');
        const box = scroll.getBoundingClientRect();

        return [...document.querySelectorAll('#events tbody .id')].find(
            (cell) => cell.getBoundingClientRect().top > box.top + 60)
            .innerText;
    });
    const seen = await top();

    await collector.post([event('n', 'k'), event('n', 'k')]);
    await says(page, '#events tbody tr .id', /^42$/);
    assert.equal(await top(), seen);
});
