// SPDX-License-Identifier: MIT
// Dead letters: what is chosen is done, and it is said how much of it was.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {closeBrowser, event, look, openBrowser, picture, says, stage,
    textsOf} from './stage.mjs';

before(openBrowser);
after(closeBrowser);

test('dead letters are replayed and purged, after asking', async (t) => {
    const {collector, upstream} = await stage(t);

    await collector.post([event('a', 'poison', '21.40'), event('b', 'k'),
        event('c', 'poison'), event('d', 'poison')]);
    const page = await look(t, collector.url);

    await says(page, '#letters tbody tr:nth-child(3) .reason', /^HTTP 422/);
    assert.deepEqual(await textsOf(page, '#letters .id'), ['1', '3', '4']);
    assert.equal(await page.locator('#letters .fold').first().innerText(),
        '21.40');
    await picture(page, 'letters', {fullPage: true});
    // A key too many does nothing.
    await page.locator('#purge').press('Enter');
    await says(page, '#ask-title', /^Purge all dead letters\?$/);
    await picture(page, 'confirm');
    await page.keyboard.press('Enter');
    await page.locator('#ask').waitFor({state: 'hidden'});
    await page.locator('#purge').press('Enter');
    await page.keyboard.press('Escape');
    await page.locator('#ask').waitFor({state: 'hidden'});
    assert.match((await collector.ask('GET', 'dead-letters'))[1], /"id":4/);
    // One of them.
    upstream.poison = false;
    await page.locator('#letters tbody tr').nth(1).getByRole('checkbox')
        .press('Space');
    await says(page, '#replay', /^Replay 1 chosen$/);
    await page.locator('#replay').click();
    await says(page, '#ask-title', /^Replay 1 dead letter\?$/);
    await page.locator('#ask-yes').click();
    await says(page, '#letters-note', /^1 replayed; 3$/);
    await says(page, '#events tbody tr .device', /^c$/);
    const [, text] = await collector.ask('GET', 'dead-letters');
    const left = JSON.parse(text).dead_letters;

    assert.deepEqual(left.filter(({replayed_as: as}) => as === null)
        .map(({id}) => id), [1, 4]);
    await page.locator('#purge').click();
    await page.locator('#ask-yes').click();
    await says(page, '#letters-empty', /^None\.$/);
    assert.equal(await page.locator('#purge').isVisible(), false);
    assert.match((await collector.ask('GET', 'dead-letters'))[1],
        /"dead_letters":\[\]/);
});

function letter(id) {
    return {id, device_id: 'a', kind: 'k', ts: 1, at: 1, status: 422,
        reason: 'no', attempts: 2, replayed_as: null};
}

// More than one request may name.
function serveLetters(page) {
    const letters = Array.from({length: 250}, (_, i) => letter(i + 1));

    return page.route('**/dead-letters?limit=*', (route) =>
        route.fulfill({json: {next: null, dead_letters: letters}}));
}

async function chooseAll(page) {
    await says(page, '#letters tbody tr:nth-child(250)', /./);
    await page.evaluate(() => document.querySelectorAll('#letters input')
        .forEach((box) => box.click()));
}

test('as many letters as are chosen are purged', async (t) => {
    const {collector} = await stage(t);
    const page = await look(t, collector.url, {before: serveLetters});
    const asked = [];

    await page.route('**/dead-letters?ids=*', (route) => {
        const {searchParams} = new URL(route.request().url());
        const {length} = searchParams.get('ids').split(',');

        asked.push(length);
        route.fulfill({json: {purged: length}});
    });
    await chooseAll(page);
    await page.locator('#purge').click();
    await says(page, '#ask-yes', /^Purge 250$/);
    await page.locator('#ask-yes').click();
    await says(page, '#letters-note', /^250 purged; 250$/);
    await says(page, '#spoken', /^250 dead letters purged\.$/);
    assert.deepEqual(asked, [200, 50]);
});

test('what was done before a failure is told with it', async (t) => {
    const {collector} = await stage(t);
    const page = await look(t, collector.url, {before: serveLetters});
    const answers = [
        {json: {purged: 200}},
        {status: 503, json: {error: 'busy', purged: 7}},
        {status: 503, json: {error: 'busy'}},
    ];

    await page.route('**/dead-letters?ids=*', (route) =>
        route.fulfill(answers.shift()));
    await chooseAll(page);
    await page.locator('#purge').click();
    await page.locator('#ask-yes').click();
    await says(page, '#ask-error', /^Only 207 were purged: busy\.$/);
    await page.locator('#ask-yes').click();
    await says(page, '#ask-error', /^It was not done: busy\.$/);
});

// So many letters, read as a collector has them read.
function serveMany(page, count) {
    return page.route('**/dead-letters?*', (route) => {
        const {searchParams} = new URL(route.request().url());
        const after = Number(searchParams.get('after') ?? 0);
        const limit = Number(searchParams.get('limit'));
        const end = Math.min(after + limit, count);
        const rows = Array.from({length: Math.max(0, end - after)},
            (_, i) => letter(after + i + 1));

        route.fulfill({json: {dead_letters: rows,
            next: end < count ? end : null}});
    });
}

test('the newest dead letter is reached, and how many there are', async (t) => {
    const {collector} = await stage(t);

    // With others between them: a row of refusals is taken for an outage.
    await collector.post(Array.from({length: 104}, (_, i) =>
        event('a', i % 2 === 0 ? 'poison' : 'k')));
    const page = await look(t, collector.url);

    await says(page, '#letters-note', /^the oldest 50 of 52$/);
    assert.equal(await page.locator('#letters tbody tr').count(), 50);
    await page.locator('#letters-more').press('Enter');
    await says(page, '#letters-note', /^52$/);
    assert.deepEqual(await textsOf(page, '#letters .id'),
        Array.from({length: 52}, (_, i) => String(2 * i + 1)));
    assert.equal(await page.locator('#letters-more').isVisible(), false);
});

test('all dead letters are reached, however many there are', async (t) => {
    const {collector} = await stage(t);
    const stats = JSON.parse((await collector.ask('GET', 'stats'))[1]);
    const page = await look(t, collector.url, {before: async (opened) => {
        stats.store.dead_letters = 2500;
        await opened.route('**/stats', (route) => route.fulfill({json: stats}));
        await serveMany(opened, 2500);
    }});
    const click = async (name, note) => {
        await page.locator(`#letters-${name}`).click();
        await says(page, '#letters-note', note);
    };
    const isVisible = (name) => page.locator(`#letters-${name}`).isVisible();

    await says(page, '#letters-note', /^the oldest 50 of 2,500$/);
    assert.equal(await isVisible('first'), false);
    await click('more', /^the oldest 200 of 2,500$/);
    await click('more', /^the oldest 800 of 2,500$/);
    await click('more', /^the oldest 2,000 of 2,500$/);
    await click('more', /^1,500 of 2,500, from id 1001 on$/);
    await picture(page, 'letters-many');
    assert.equal(await page.locator('#letters tbody tr').count(), 1500);
    assert.equal(await page.locator('#letters .id').last().innerText(), '2500');
    assert.equal(await isVisible('more'), false);
    assert.equal(await isVisible('first'), true);
    // All that are shown go.
    stats.store.dead_letters = 900;
    await page.unroute('**/dead-letters?*');
    await serveMany(page, 900);
    await says(page, '#letters-note', /^the oldest 50 of 900$/);
    assert.equal(await page.locator('#letters .id').first().innerText(), '1');
    assert.equal(await isVisible('first'), false);
    await click('more', /^the oldest 200 of 900$/);
    await page.locator('#letters-first').dispatchEvent('click');
    await says(page, '#letters-note', /^the oldest 50 of 900$/);
});
