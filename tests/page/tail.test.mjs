// SPDX-License-Identifier: MIT
// The tail of events: each is there once, none between two is missing, and what
// became of it is said also when it is no longer kept.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {closeBrowser, event, look, openBrowser, says, stage, textsOf} from
    './stage.mjs';

before(openBrowser);
after(closeBrowser);

test('older events are there when they are asked for', async (t) => {
    const {collector} = await stage(t);
    const many = Array.from({length: 350}, (_, i) =>
        event(`d-${i % 3}`, 'k', String(i)));

    await collector.post(many);
    const page = await look(t, collector.url);

    await says(page, '#events tbody tr:nth-child(100) .id', /^251$/);
    for (let i = 0; i < 3; i++) {
        const rows = await page.locator('#events tbody tr').count();

        await page.locator('#events-older').click();
        await page.waitForFunction((known) => document.querySelectorAll(
            '#events tbody tr').length > known, rows);
    }
    assert.equal(await page.locator('#events-older').isVisible(), false);
    assert.deepEqual(await textsOf(page, '#events .id'),
        Array.from({length: 350}, (_, i) => String(350 - i)));
});

// Ids of events that were asked for one by one, in each look.
function idsAskedFor(page) {
    const looks = [[]];

    page.on('request', (request) => {
        const {pathname} = new URL(request.url());

        if (pathname === '/stats')
            looks.push([]);
        if (/^\/events\/\d+$/.test(pathname))
            looks.at(-1).push(pathname);
    });
    return looks;
}

async function fatesAre(page, expected) {
    await page.waitForFunction((text) =>
        [...document.querySelectorAll('#events .fate')]
            .map((fate) => fate.innerText).join() === text,
    expected.join(), {polling: 50}).catch(async (error) => {
        throw new Error((await textsOf(page, '#events .fate')).join(),
            {cause: error});
    });
}

test('what is no longer kept has its fate, a few a look', async (t) => {
    const {collector, upstream} = await stage(t,
        ['-max-backlog', '50', '-overflow', 'drop-oldest']);
    const post = (count) => collector.post(
        Array.from({length: count}, () => event('a', 'k')));

    upstream.status = 503;
    await post(40);
    const page = await look(t, collector.url);
    const looks = idsAskedFor(page);

    await fatesAre(page, Array(40).fill('○ pending'));
    await post(20);
    await fatesAre(page, [...Array(50).fill('○ pending'),
        ...Array(10).fill('↓ dropped')]);
    assert.deepEqual(looks.map((ids) => ids.length).filter(Boolean), [8, 2]);
    upstream.status = 200;
    await fatesAre(page, [...Array(50).fill('✓ delivered'),
        ...Array(10).fill('↓ dropped')]);
    assert.equal(looks.flat().length, 10);
});

// Requests for older events, which are answered when the test says so.
async function holdOlder(page) {
    const held = [];

    await page.route((url) => url.pathname === '/events' &&
        url.searchParams.get('order') === 'newest' &&
        url.searchParams.has('before'), (route) => held.push(route));
    return held;
}

test('rows that come meanwhile leave no gap before the older', async (t) => {
    const {collector} = await stage(t);
    const post = (count) => collector.post(
        Array.from({length: count}, () => event('a', 'k')));
    const button = () => page.locator('#events-older');

    await post(350);
    const page = await look(t, collector.url);

    await says(page, '#events tbody tr:nth-child(100) .id', /^251$/);
    await button().click();
    await says(page, '#events tbody tr:nth-child(200) .id', /^151$/);
    const held = await holdOlder(page);

    await button().press('Enter');
    await button().press('Enter');
    assert.equal(await button().getAttribute('aria-disabled'), 'true');
    await post(50);
    await says(page, '#events tbody tr:nth-child(200) .id', /^201$/);
    assert.equal(held.length, 1);
    await held[0].continue();
    await page.waitForFunction(() =>
        document.activeElement.matches('#events-older:not([aria-disabled])'));
    assert.equal(await page.locator('#events tbody tr').count(), 200);
    await page.unrouteAll();
    await button().press('Enter');
    await says(page, '#events tbody tr:nth-child(300)', /./);
    assert.deepEqual(await textsOf(page, '#events .id'),
        Array.from({length: 300}, (_, i) => String(400 - i)));
});

test('half a surrogate pair in a filter fits nothing', async (t) => {
    const {collector} = await stage(t);

    await collector.post([event('a', 'k')]);
    const page = await look(t, collector.url);

    await says(page, '#events tbody tr .device', /^a$/);
    await page.locator('#filter-text').evaluate((field) => {
        field.value = 'x\ud83d';
        field.dispatchEvent(new Event('input', {bubbles: true}));
    });
    await says(page, '#events-empty', /^No event fits the filter\.$/);
    await says(page, '#pulse', /^live$/);
});

test('a filter that is refused is not said to fit nothing', async (t) => {
    const {collector} = await stage(t);

    await collector.post([event('a', 'k')]);
    const page = await look(t, collector.url);

    await says(page, '#events tbody tr .device', /^a$/);
    await page.locator('#filter-text').fill('é'.repeat(200));
    await says(page, '#events-note', /^text: expected at most 256 bytes$/);
    assert.equal(await page.locator('#events-empty').isVisible(), false);
    assert.equal(await page.locator('#events tbody tr').count(), 0);
    await page.locator('#filter-text').fill('é');
    await says(page, '#events-empty', /^No event fits the filter\.$/);
    assert.equal(await page.locator('#events-note').isVisible(), false);
});
