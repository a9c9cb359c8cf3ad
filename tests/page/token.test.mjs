// SPDX-License-Identifier: MIT
// With tokens, the page is open and shows nothing: it asks for one, keeps it in
// memory only, and says what one is for.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {closeBrowser, counter, event, look, openBrowser, picture, says,
    stage} from './stage.mjs';

before(openBrowser);
after(closeBrowser);

const INGEST = 'ingest-0123456789';
const READ = 'read-0123456789ab';
const ADMIN = 'admin-0123456789a';

function withTokens(...options) {
    return (directory) => {
        const file = path.join(directory, 'tokens');

        fs.writeFileSync(file,
            `ingest ${INGEST}\nread ${READ}\nadmin ${ADMIN}\n`, {mode: 0o600});
        return ['-auth-token-file', file, ...options];
    };
}

async function enter(page, token) {
    await page.locator('#login-token').fill(token);
    await page.locator('#login-token').press('Enter');
}

test('it asks for a token, and keeps it in memory only', async (t) => {
    const {collector} = await stage(t, withTokens());

    await collector.post([event('a', 'k')], INGEST);
    const page = await look(t, collector.url);
    const asked = counter(page, '/stats');

    await says(page, '#login-text', /to those who have a token/);
    await says(page, '#health-title', /^Healthy$/);
    assert.equal(await page.evaluate(() => document.activeElement.id),
        'login-token');
    await picture(page, 'token-light');
    await page.emulateMedia({colorScheme: 'dark'});
    await picture(page, 'token-dark');
    await enter(page, 'short');
    await says(page, '#login-error', /^A token has 16 to 256 letters/);
    await enter(page, 'wrong-0123456789a');
    await says(page, '#login-text', /the token is not known/);
    await enter(page, INGEST);
    await says(page, '#login-text', /this takes a token of scope read/);
    // Each was shown once, and none is asked for without one: whoever watches
    // for guesses has nothing to see.
    const known = asked.length;

    await page.keyboard.press('Escape');
    await says(page, '#locked', /A token is needed/);
    await page.waitForResponse('**/healthz');
    await page.waitForResponse('**/healthz');
    assert.equal(asked.length, known);
    assert.equal(await page.locator('#events tbody tr').count(), 0);
    await page.locator('#locked-enter').click();
    await enter(page, READ);
    await says(page, '#events tbody tr .device', /^a$/);
    assert.equal(await page.locator('#locked').isVisible(), false);
    assert.equal(await page.locator('#login-token').inputValue(), '');
    const kept = await page.evaluate(() => [document.cookie, location.href,
        JSON.stringify(localStorage), JSON.stringify(sessionStorage),
        document.documentElement.outerHTML].join(' '));

    assert.ok(!kept.includes(READ));
    assert.ok((await page.context().storageState()).cookies.length === 0);
    for (const request of asked)
        assert.ok(!request.url().includes('0123456789'));
    await page.locator('#token').click();
    await says(page, '#login-text', /to those who have a token/);
    assert.equal(await page.locator('#events tbody tr').count(), 0);
});

test('a token that may only read is told what is needed', async (t) => {
    const {collector} = await stage(t, withTokens());

    await collector.post([event('a', 'poison')], INGEST);
    const page = await look(t, collector.url);

    await says(page, '#login-text', /token/);
    await enter(page, READ);
    await says(page, '#letters tbody tr .device', /^a$/);
    await page.locator('#purge').click();
    await page.locator('#ask-yes').click();
    await says(page, '#ask-error',
        /^It was not done: this takes a token of scope admin\.$/);
    await picture(page, 'insufficient');
    await page.locator('#ask-token').click();
    await enter(page, ADMIN);
    await page.locator('#purge').click();
    await page.locator('#ask-yes').click();
    await says(page, '#letters-empty', /^None\.$/);
});

test('a token that is taken away is asked for again', async (t) => {
    const {collector, directory} = await stage(t, withTokens());
    const page = await look(t, collector.url);

    await says(page, '#login-text', /token/);
    await enter(page, READ);
    await says(page, '#events-empty', /^No events yet\.$/);
    fs.writeFileSync(path.join(directory, 'tokens'), `admin ${ADMIN}\n`);
    collector.child.kill('SIGHUP');
    await says(page, '#login-text', /Another token is needed: the token is/);
    await enter(page, ADMIN);
    await says(page, '#pulse', /^live$/);
    await page.locator('#locked').waitFor({state: 'hidden'});
});

test('a health that is closed is no outage', async (t) => {
    const {collector} = await stage(t, withTokens('-auth-health'));
    const page = await look(t, collector.url);
    const asked = counter(page, '/healthz');

    await says(page, '#login-text', /token/);
    await page.keyboard.press('Escape');
    await says(page, '#health-title', /^Health is not known$/);
    const known = asked.length;

    await page.waitForRequest((request) => request.method() === 'HEAD');
    await page.waitForRequest((request) => request.method() === 'HEAD');
    assert.equal(asked.length, known);
    assert.equal(await page.locator('#gone').isVisible(), false);
    await page.locator('#locked-enter').click();
    await enter(page, READ);
    await says(page, '#health-title', /^Healthy$/);
});
