// SPDX-License-Identifier: MIT
// Everybody can use it: by keyboard, by ear, in either theme, on a small
// screen, and without anything that moves.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {closeBrowser, event, look, openBrowser, picture, says,
    stage} from './stage.mjs';

before(openBrowser);
after(closeBrowser);

// With something in each part of it, and not well.
async function fill(t) {
    const {collector, upstream} = await stage(t);

    await collector.post([event('pump-1', 'poison', '{"celsius":21.40}'),
        event('D'.repeat(256), 'K'.repeat(128), '1'),
        event('L'.repeat(256), `poison${'P'.repeat(100)}`, '1'),
        '{"device_id":"long-silent","kind":"k","ts":1000}',
        ...Array.from({length: 30}, (_, i) => event(`pump-${i % 9}`,
            'temperature',
            `{"celsius":${i}.50,"sensor":"${'n'.repeat(90)}"}`))]);
    return {collector, upstream};
}

async function lookFilled(t, options) {
    const {collector, upstream} = await fill(t);
    const page = await look(t, collector.url, options);

    await says(page, '#letters tbody tr:nth-child(2) .device', /^L+$/);
    await says(page, '#runs tbody tr .status', /./);
    return {page, upstream, collector};
}

test('all of it is reached by keyboard, in its order, and seen', async (t) => {
    const {page} = await lookFilled(t, {reducedMotion: 'reduce'});

    await page.locator('#pause').press('Enter'); /* no row is added */
    const expected = await page.evaluate(() => {
        const all = [...document.querySelectorAll(
            'a[href], button, input, select, [tabindex="0"]')];

        return all.filter((node) => node.checkVisibility() && !node.disabled &&
            !(node.type === 'radio' && !node.checked)).length;
    });
    const seen = [];

    await page.locator('.skip').focus();
    for (let i = 0; i < expected; i++) {
        if (i > 0)
            await page.keyboard.press('Tab');
        seen.push(await page.evaluate(() => {
            const node = document.activeElement;
            const shown =
                node.type === 'radio' ? node.nextElementSibling : node;
            const style = getComputedStyle(shown);
            const box = shown.getBoundingClientRect();

            node.reached = (node.reached ?? 0) + 1;
            return {
                name: (node.id || node.textContent).slice(0, 60),
                first: node.reached === 1,
                outlined: style.outlineStyle !== 'none' &&
                    parseFloat(style.outlineWidth) >= 2,
                inView: box.bottom > 0 && box.top < innerHeight &&
                    box.width > 0,
                place: [...document.querySelectorAll('*')].indexOf(node),
            };
        }));
    }
    for (const each of seen)
        assert.ok(each.first && each.outlined && each.inView,
            JSON.stringify(each));
    const places = seen.map(({place}) => place);

    assert.deepEqual(places, places.toSorted?.((a, b) => a - b) ??
        [...places].sort((a, b) => a - b));
    // The first one skips the rest.
    assert.equal(seen[0].name, 'Skip to the content');
});

test('a dialog keeps the focus, and gives it back', async (t) => {
    const {page} = await lookFilled(t);

    await page.locator('#purge').press('Enter');
    await says(page, '#ask-title', /Purge/);
    for (let i = 0; i < 5; i++) {
        await page.keyboard.press('Tab');
        assert.ok(await page.evaluate(() =>
            document.activeElement === document.body ||
            document.activeElement.closest('#ask') !== null));
    }
    await page.keyboard.press('Escape');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'purge');
});

// What assistive technology is told, as the browser works it out.
async function tree(page) {
    const session = await page.context().newCDPSession(page);
    const {nodes} = await session.send('Accessibility.getFullAXTree');

    return nodes.filter(({ignored}) => !ignored).map((node) => ({
        role: node.role?.value,
        name: node.name?.value ?? '',
        id: node.backendDOMNodeId,
    }));
}

test('everything has a name, and its place', async (t) => {
    const {page} = await lookFilled(t);
    const nodes = await tree(page);
    const named = new Set(['button', 'link', 'textbox', 'searchbox', 'combobox',
        'checkbox', 'radio', 'table', 'image', 'img', 'region', 'navigation',
        'search', 'group', 'heading', 'rowheader', 'columnheader']);

    for (const {role, name} of nodes.filter(({role: each}) => named.has(each)))
        assert.notEqual(name.trim(), '', role);
    const roles = nodes.map(({role}) => role);

    for (const [role, number] of [['banner', 1], ['main', 1], ['navigation', 1],
        ['contentinfo', 1], ['search', 1], ['table', 4]])
        assert.equal(roles.filter((each) => each === role).length, number,
            role);
    const page1 = await page.evaluate(() => {
        const all = (selector) => [...document.querySelectorAll(selector)];
        const ids = all('[id]').map(({id}) => id);

        return {
            language: document.documentElement.lang,
            headings: all('h1, h2, h3, h4').filter((node) =>
                node.checkVisibility()).map(({tagName}) => tagName),
            doubles: ids.filter((id, i) => ids.indexOf(id) !== i),
            captions: all('table').every((node) =>
                node.caption?.textContent.trim() !== ''),
            scopes: all('th').every(({scope}) =>
                scope === 'col' || scope === 'row'),
            live: all('[aria-live]').map(({id}) => id),
            broken: all('[aria-labelledby], [aria-describedby]').flatMap(
                (node) => `${node.getAttribute('aria-labelledby') ?? ''} ${
                    node.getAttribute('aria-describedby') ?? ''}`.trim()
                    .split(/ +/)).filter((id) => !ids.includes(id)),
            links: all('a[href^="#"]').every((node) =>
                document.getElementById(node.hash.slice(1)) !== null),
        };
    });

    assert.deepEqual(page1, {
        language: 'en',
        headings: ['H1', ...Array(page1.headings.length - 1).fill('H2')],
        doubles: [],
        captions: true,
        scopes: true,
        live: ['spoken'],
        broken: [],
        links: true,
    });
});

// The least contrast of the texts that are seen (WCAG 2.2, 1.4.3), and of the
// edges of what can be used (1.4.11).
function contrasts() {
    const parse = (text) => {
        const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);

        return {r, g, b, a};
    };
    const light = ({r, g, b}) => [r, g, b].map((value) => value / 255)
        .map((value) => value <= 0.04045 ? value / 12.92
            : ((value + 0.055) / 1.055) ** 2.4)
        .reduce((sum, value, i) =>
            sum + value * [0.2126, 0.7152, 0.0722][i], 0);
    const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) /
        (Math.min(light(a), light(b)) + 0.05);
    const ground = (node) => {
        for (; node !== null; node = node.parentElement) {
            const color = parse(getComputedStyle(node).backgroundColor);

            if (color.a === 1)
                return color;
            if (color.a > 0)
                throw new Error('a ground that lets something through');
        }
        throw new Error('no ground');
    };
    const found = [];

    for (const node of document.querySelectorAll('body *')) {
        const style = getComputedStyle(node);
        const own = [...node.childNodes].some((child) =>
            child.nodeType === 3 && child.data.trim() !== '');

        if (!node.checkVisibility() || node.closest('dialog:not([open])'))
            continue;
        if (own && !node.closest('.unseen, .skip'))
            found.push([ratio(parse(node.closest('svg') ? style.fill
                : style.color), ground(node)), 4.5, node.textContent]);
        if (node.matches('input:not([type=radio], [type=checkbox]), select, ' +
            'button:not(.link, .fold, .sort)'))
            found.push([Math.max(ratio(parse(style.borderTopColor),
                ground(node.parentElement)), ratio(ground(node),
                ground(node.parentElement))), 3, `edge of ${node.id}`]);
        if (node.matches('.curve, .key'))
            found.push([ratio(parse(node.closest('svg') ? style.stroke
                : style.color), ground(node)), 3, `curve ${
                node.getAttribute('class')}`]);
    }
    return found.map(([value, least, text]) =>
        ({value: Math.round(value * 100) / 100, least,
            text: text.slice(0, 60)}));
}

for (const colorScheme of ['light', 'dark'])
    test(`it can be read in the ${colorScheme}`, async (t) => {
        const {page, upstream, collector} = await lookFilled(t, {colorScheme});
        const check = async (state) => {
            const found = await page.evaluate(contrasts);
            const poor = found.filter(({value, least}) => value < least);

            assert.ok(found.length > 50);
            assert.deepEqual(poor, [], state);
        };

        await check('with a warning');
        upstream.status = 503;
        await collector.post([event('a', 'k')]);
        await says(page, '#health-title', /^Unhealthy$/);
        await check('unhealthy');
        await page.locator('#purge').click();
        await check('with a dialog');
        await page.keyboard.press('Escape');
        await collector.stop();
        await says(page, '#gone-text', /Nobody/);
        await check('gone');
        await collector.start();
    });

test('a theme can be chosen, and is forgotten', async (t) => {
    const {page} = await lookFilled(t);
    const ground = () => page.evaluate(() =>
        getComputedStyle(document.body).backgroundColor);
    const light = await ground();

    await page.locator('#theme').click();
    assert.equal(await ground(), light);
    await page.locator('#theme').click();
    assert.notEqual(await ground(), light);
    await says(page, '#theme', /^Theme: dark$/);
    await page.reload();
    await says(page, '#theme', /^Theme: system$/);
    assert.equal(await ground(), light);
});

for (const width of [360, 768])
    test(`it fits ${width} px`, async (t) => {
        const {page} = await lookFilled(t,
            {viewport: {width, height: 780}, hasTouch: true});
        const wide = () => page.evaluate(() =>
            [...document.querySelectorAll('body *')].filter((node) =>
                node.checkVisibility() &&
                !node.closest('.unseen, .skip, thead') &&
                node.getBoundingClientRect().right > innerWidth + 0.5)
                .map((node) => node.outerHTML.slice(0, 80)));

        assert.deepEqual(await wide(), []);
        assert.ok(await page.evaluate(() =>
            document.documentElement.scrollWidth <= innerWidth));
        for (const id of ['events', 'devices', 'letters', 'runs'])
            assert.ok(await page.evaluate((each) => {
                const {scrollWidth, clientWidth} =
                    document.getElementById(`${each}-scroll`);

                return scrollWidth <= clientWidth;
            }, id), id);
        // A day is not torn apart.
        assert.ok(await page.evaluate(() => {
            const range = document.createRange();

            range.selectNodeContents(document.querySelector('#devices .time'));
            return new Set([...range.getClientRects()].map(({top}) => top))
                .size <= 2;
        }));
        // A finger hits what it is meant for (WCAG 2.2, 2.5.8).
        assert.deepEqual(await page.evaluate(() =>
            [...document.querySelectorAll('button, select, input')]
                .filter((node) => node.checkVisibility() &&
                    node.type !== 'checkbox' && node.type !== 'radio' &&
                    node.getBoundingClientRect().height < 24)
                .map((node) => node.outerHTML)), []);
        // Also with the longest that there may be.
        await page.locator('#events .fold').first().click();
        assert.deepEqual(await wide(), []);
        await picture(page, `narrow-${width}`, {fullPage: true});
        await page.locator('#purge').click();
        assert.deepEqual(await wide(), []);
        await picture(page, `narrow-${width}-confirm`);
    });

test('nothing moves for those who want that', async (t) => {
    const moving = () => [...document.querySelectorAll('*')].filter((node) => {
        const style = getComputedStyle(node);

        return style.transitionDuration !== '0s' ||
            style.animationName !== 'none' || style.scrollBehavior === 'smooth';
    }).length;
    const {page} = await lookFilled(t, {reducedMotion: 'reduce'});

    assert.equal(await page.evaluate(moving), 0);
    await page.emulateMedia({reducedMotion: 'no-preference'});
    assert.notEqual(await page.evaluate(moving), 0);
});

// What has the focus, and is not seen for what lies on top of it.
function covered() {
    const {left, top, width, height} =
        document.activeElement.getBoundingClientRect();
    const at = document.elementFromPoint(left + Math.min(width / 2, 20),
        top + Math.min(height / 2, 20));

    return at !== null && at.closest('#gone') !== null &&
        !document.activeElement.closest('#gone')
        ? document.activeElement.outerHTML.slice(0, 80) : null;
}

test('what is old is said to be, and covers nothing', async (t) => {
    const {page, collector} = await lookFilled(t,
        {reducedMotion: 'reduce', viewport: {width: 360, height: 780}});
    const {height} = page.viewportSize();

    await page.locator('#pause').press('Enter');
    await page.locator('#events .link').nth(5).focus();
    await page.evaluate(() =>
        scrollBy(0, document.activeElement.getBoundingClientRect().top));
    await collector.stop();
    await says(page, '#gone-text', /Nobody/);
    await page.waitForFunction(() =>
        document.documentElement.style.scrollPaddingTop !== '');
    assert.equal(await page.evaluate(covered), null);
    const box = await page.locator('#gone').boundingBox();

    assert.equal(box.y, 0);
    assert.ok(box.height < height / 3);
    assert.ok(await page.evaluate(() => scrollY) > height);
    for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({colorScheme});
        await picture(page, `gone-narrow-${colorScheme}`);
    }
    for (const key of ['Shift+Tab', 'Tab']) {
        for (let i = 0; i < 12; i++) {
            await page.keyboard.press(key);
            assert.equal(await page.evaluate(covered), null);
        }
    }
    await collector.start();
});
