// SPDX-License-Identifier: MIT
// Another file in the place of the one that the page has looked at: nothing is
// shown of the one that is gone, whichever ids the two have in common.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {setTimeout as delay} from 'node:timers/promises';
import {closeBrowser, counter, event, openBrowser, says, stage, textsOf,
    WAIT_MS, withClock} from './stage.mjs';

before(openBrowser);
after(closeBrowser);

function filesOf(directory) {
    return fs.readdirSync(directory).map((name) => path.join(directory, name));
}

// Post events that are refused, and wait until they are.
async function bury(collector, device, count) {
    const end = Date.now() + WAIT_MS;
    let dead = -1;

    await collector.post(
        Array.from({length: count}, () => event(device, 'poison')));
    while (dead !== count && Date.now() < end) {
        dead = JSON.parse((await collector.ask('GET', 'stats'))[1]).ledger.dead;
        await delay(20);
    }
    assert.equal(dead, count);
}

test('another file is shown from its beginning', async (t) => {
    const {collector, directory} = await stage(t);

    await bury(collector, 'old', 3);
    const page = await withClock(t, collector);
    const asked = counter(page, '/history');

    await says(page, '#letters tbody tr:nth-child(3) .device', /^old$/);
    await page.locator('#letters input').first().click();
    await says(page, '#replay', /^Replay 1 chosen$/);
    await page.locator('#pause').click();
    await page.run(0); /* the look that follows */
    await page.locator('#purge').click();
    await collector.stop();
    filesOf(directory).forEach((name) => fs.rmSync(name));
    await collector.start();
    await bury(collector, 'new', 5);
    await page.run(2000);
    await says(page, '#letters tbody tr:nth-child(5) .device', /^new$/);
    assert.deepEqual(await textsOf(page, '#events .device'),
        Array(5).fill('new'));
    assert.deepEqual(await textsOf(page, '#devices .device'), ['new']);
    assert.deepEqual(await textsOf(page, '#letters .device'),
        Array(5).fill('new'));
    await says(page, '#replay', /^Replay all$/);
    assert.equal(await page.locator('#ask').isVisible(), false);
    // No rate is told from a figure of the one and a figure of the other.
    assert.equal(await page.locator('#rate-in').innerText(), '–');
    assert.match(asked.at(-1).url(), /\/history$/);
});

test('a copy from before is shown as it is', async (t) => {
    const {collector, directory} = await stage(t);
    const copies = path.join(directory, 'copies');

    await collector.post([event('kept', 'k')]);
    await collector.stop();
    const files = filesOf(directory);

    fs.mkdirSync(copies);
    files.forEach((name) => fs.copyFileSync(name,
        path.join(copies, path.basename(name))));
    await collector.start();
    await collector.post([event('lost', 'k')]);
    const page = await withClock(t, collector);

    assert.deepEqual(await textsOf(page, '#events .device'), ['lost', 'kept']);
    await collector.stop();
    files.forEach((name) => fs.copyFileSync(
        path.join(copies, path.basename(name)), name));
    await collector.start();
    await page.run(2000);
    await says(page, '#events tbody .device', /^kept$/);
    assert.equal(await page.locator('#events tbody tr').count(), 1);
});
