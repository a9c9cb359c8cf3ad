// SPDX-License-Identifier: MIT
// Runs: what went wrong is found behind all that was delivered after it.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {closeBrowser, event, look, openBrowser, picture, says, stage,
    textsOf} from './stage.mjs';

before(openBrowser);
after(closeBrowser);

async function statusesAre(page, status) {
    await page.waitForFunction((text) => {
        const rows = [...document.querySelectorAll('#runs tbody .status')];

        return rows.length > 0 &&
            rows.every((each) => each.innerText === text);
    }, status);
}

test('runs are chosen by their status, by keyboard', async (t) => {
    const {collector} = await stage(t, ['-upload-batch', '1']);

    await collector.post([event('a', 'poison'),
        ...Array.from({length: 26}, () => event('b', 'k'))]);
    const page = await look(t, collector.url);
    const choice = page.getByRole('combobox', {name: 'Status'});

    await says(page, '#runs-note', /^the latest 25$/);
    await statusesAre(page, '✓ success');
    await choice.press('d');
    assert.equal(await choice.inputValue(), 'dead');
    await statusesAre(page, '✕ dead');
    await says(page, '#runs-note', /^1$/);
    assert.deepEqual(await textsOf(page, '#runs .ids'), ['1']);
    assert.deepEqual(await textsOf(page, '#runs .reason'), ['HTTP 422']);
    await picture(page, 'runs', {fullPage: true});
    for (const status of ['dropped', 'error']) {
        await choice.press('ArrowDown');
        assert.equal(await choice.inputValue(), status);
        await says(page, '#runs-empty', /^No run has that status\.$/);
    }
    await choice.selectOption('success');
    await says(page, '#runs-note', /^the latest 25$/);
    await page.locator('#runs-more').click();
    await says(page, '#runs-note', /^26$/);
    await statusesAre(page, '✓ success');
});
