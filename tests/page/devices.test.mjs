// SPDX-License-Identifier: MIT
// More devices than the table takes: it says so, and what its order is worth.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {closeBrowser, look, openBrowser, picture, says, stage, textsOf} from
    './stage.mjs';

before(openBrowser);
after(closeBrowser);

const SEEN = 3001;
const LIMIT = 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

// Only the last one, which is in no first answer, is silent.
function serveDevices(page, now) {
    const all = Array.from({length: SEEN}, (_, i) => ({id: i + 1,
        device_id: `pump-${i + 1}`, label: null,
        last_seen_at: i + 1 === SEEN ? now - 2 * DAY_MS : now}));

    return page.route('**/devices?*', (route) => {
        const {searchParams} = new URL(route.request().url());
        const before = Number(searchParams.get('seen_before') ?? Infinity);
        const found = all.filter(({last_seen_at: at}) => at < before);

        assert.equal(searchParams.get('limit'), String(LIMIT));
        route.fulfill({json: {devices: found.slice(0, LIMIT),
            next: found.length > LIMIT ? LIMIT : null}});
    });
}

test('it says among which devices it has sorted', async (t) => {
    const {collector} = await stage(t);
    const stats = JSON.parse((await collector.ask('GET', 'stats'))[1]);
    const page = await look(t, collector.url, {before: async (opened) => {
        stats.store.devices_seen = SEEN;
        await opened.route('**/stats', (route) => route.fulfill({json: stats}));
        await serveDevices(opened, Date.now());
    }});

    await says(page, '#devices-note', new RegExp('^the first 1,000 of 3,001, ' +
        'sorted among themselves: “Silent for” looks at all$'));
    await picture(page, 'devices-many', {fullPage: true});
    await page.locator('#silent').selectOption('86400000');
    await says(page, '#devices-note', /^1$/);
    assert.deepEqual(await textsOf(page, '#devices .device'), [`pump-${SEEN}`]);
    await page.unroute('**/devices?*');
    await serveDevices(page, Date.now() - 3 * DAY_MS);
    await page.locator('#silent').selectOption('3600000');
    await says(page, '#devices-note',
        /^the first 1,000 of these, sorted among themselves$/);
});
