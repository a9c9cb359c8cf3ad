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

// More than one request may name.
function serveLetters(page) {
    const letters = Array.from({length: 250}, (_, i) => ({id: i + 1,
        device_id: 'a', kind: 'k', ts: 1, at: 1, status: 422, reason: 'no',
        attempts: 2, replayed_as: null}));

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
