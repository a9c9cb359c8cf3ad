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
