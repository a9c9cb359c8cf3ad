// SPDX-License-Identifier: MIT
// Whatever a device, an upstream or a file says is text.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {closeBrowser, event, look, openBrowser, picture, says, stage,
    textsOf} from './stage.mjs';

before(openBrowser);
after(closeBrowser);

const MARKUP = '<img src=x onerror=alert(1)><script>alert(2)</script>' +
    '<b onclick="alert(3)">&lt;javascript:alert(4)</b>"\'`${alert(5)}\u202E';

// As everything but a payload shows it: with nothing hidden.
const SHOWN = MARKUP.replace('\u202E', '\\u202e');

// Nothing of it became an element.
async function assertNoElements(page) {
    assert.deepEqual(await page.evaluate(() =>
        [...document.querySelectorAll(
            'img, iframe, object, embed, base, [onclick], [onerror]')]
            .map((node) => node.outerHTML)), []);
    assert.equal(await page.locator('script').count(), 1);
}

test('markup in what was posted is text', async (t) => {
    const {collector} = await stage(t);
    const short = MARKUP.slice(0, 120);

    await collector.post([
        event(MARKUP, short, JSON.stringify({[MARKUP]: MARKUP})),
        event(MARKUP, `poison${short}`, JSON.stringify(MARKUP)),
    ]);
    const page = await look(t, collector.url);

    await says(page, '#letters tbody tr .reason', /./);
    await says(page, '#devices tbody tr .device', /./);
    assert.equal(await page.locator('#events .device').first().textContent(),
        SHOWN);
    assert.equal(await page.locator('#letters .device').textContent(), SHOWN);
    assert.equal(await page.locator('#devices .device').textContent(), SHOWN);
    assert.equal(await page.locator('#events .kind').nth(1).textContent(),
        SHOWN);
    await page.locator('#events .fold').nth(1).click();
    assert.equal(await page.locator('#events .fold').nth(1).textContent(),
        JSON.stringify({[MARKUP]: MARKUP}));
    await page.locator('#events .device button').first().click();
    assert.equal(await page.locator('#filter-device').inputValue(), MARKUP);
    await assertNoElements(page);
});

// Every text of every answer, also of those that only a file that somebody else
// wrote could hold.
const ANSWERS = {
    '/healthz': {ok: false, reasons: [MARKUP], warnings: [`2${MARKUP}`]},
    '/stats': {
        store: {collector_id: MARKUP, backlog_max: 9, file_size: 1, size_max: 2,
            full_in_ms: 7, dead_letters: 1, devices_seen: 1},
        ledger: {accepted: 9, delivered: 1, dead: 1, dropped: 0, pending: 7},
        uploader: {sink: MARKUP, healthy: false, failures_in_a_row: 3,
            failures: 3, last_error: MARKUP, last_success_at: 1,
            retry_in_ms: 5000, failing_since: 1, in_flight_ms: 0,
            throttled_ms: 0},
    },
    '/history': {step_ms: 5000, samples: [[1, 1, 0, 0, 0, 1],
        [5001, 9, 1, 1, 0, 7]]},
    '/events': {events: [{id: 9, device_id: MARKUP, kind: MARKUP,
        payload: {a: MARKUP}, ts: 9e18, fate: MARKUP, uploaded_at: null}],
    next: null},
    '/devices': {devices: [{id: 1, device_id: MARKUP, label: MARKUP,
        last_seen_at: 1}], next: null},
    '/dead-letters': {dead_letters: [{id: 3, device_id: MARKUP, kind: MARKUP,
        payload: MARKUP, ts: 1, at: 1, status: 422, reason: MARKUP,
        attempts: 2, replayed_as: null}], next: null},
    '/runs': {runs: [{id: 1, started_at: 1, finished_at: 2, event_count: 1,
        status: MARKUP, error: MARKUP, first_id: 1, last_id: 1, attempts: 1}],
    next: null},
};

test('markup in any field of any answer is text', async (t) => {
    const {collector} = await stage(t);
    const page = await look(t, collector.url, {
        before: async (opened) => {
            for (const [route, json] of Object.entries(ANSWERS))
                await opened.route((url) => url.pathname === route, (each) =>
                    each.fulfill({status: route === '/healthz' ? 503 : 200,
                        body: JSON.stringify(json)}));
        },
    });

    await says(page, '#runs .reason', /./);
    await says(page, '#letters .reason', /./);
    for (const selector of ['#reasons li', '#collector', '#events .device',
        '#events .kind', '#devices .link', '#devices .label',
        '#letters .device',
        '#letters .kind', '#letters .reason', '#runs .reason'])
        assert.deepEqual(await page.locator(selector).allTextContents(),
            [SHOWN], selector);
    for (const selector of ['#uploader-note', '#uploader-error',
        '#events .fate', '#runs .status', '#warnings', '#spoken'])
        assert.ok((await page.locator(selector).first().textContent())
            .includes(SHOWN), selector);
    assert.deepEqual(await textsOf(page, '#events .fold'),
        [JSON.stringify({a: MARKUP})]);
    await assertNoElements(page);
    await picture(page, 'hostile', {fullPage: true});
    await page.setViewportSize({width: 360, height: 780});
    assert.ok(await page.evaluate(() =>
        document.documentElement.scrollWidth <= innerWidth));
    await picture(page, 'hostile-narrow', {fullPage: true});
});

test('a refusal is text as well', async (t) => {
    const {collector} = await stage(t);
    const page = await look(t, collector.url, {
        before: (opened) => opened.route('**/devices?*', (route) =>
            route.fulfill({status: 500, json: {error: MARKUP}})),
    });

    await page.waitForFunction((shown) =>
        document.querySelector('#devices-note').textContent === shown, SHOWN);
    await assertNoElements(page);
});
