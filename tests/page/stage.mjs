// SPDX-License-Identifier: MIT
// A collector, an upstream that answers as told, and a browser that looks at
// both and takes note of what no page of ours may do. Everything that is waited
// for has one bound, WAIT_MS.
import {spawn} from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {chromium} from 'playwright-core';

export const WAIT_MS = 60000;

// What ends before the process does, whatever a test did.
const leftovers = new Set();

process.on('exit', () => {
    for (const child of leftovers)
        child.kill('SIGKILL');
});

// 200 or another status for all, and 422 for a batch with an event of the kind
// "poison".
export class Upstream {
    status = 200;
    poison = true;

    async start() {
        this.server = http.createServer((request, response) => {
            let body = '';

            request.on('data', (data) => body += data);
            request.on('end', () => {
                const refused = this.poison && body.includes('"kind":"poison');

                response.writeHead(
                    this.status === 200 && refused ? 422 : this.status);
                response.end();
            });
        });
        await new Promise((resolve) =>
            this.server.listen(0, '127.0.0.1', resolve));
        this.url = `http://127.0.0.1:${this.server.address().port}/ingest`;
    }

    stop() {
        this.server.closeAllConnections();
        this.server.close();
    }
}

export class Collector {
    port = 0;

    constructor(directory, upstream, options = []) {
        this.options = ['-db', path.join(directory, 'events.sqlite'),
            '-sink', 'webhook', '-webhook-url', upstream.url,
            '-upload-interval', '20ms', '-drain-timeout', '1s', ...options];
    }

    // On the port that it had before, if it had one.
    async start() {
        const child = spawn(process.env.COLLECTORD,
            ['-addr', `127.0.0.1:${this.port}`, ...this.options],
            {stdio: ['ignore', 'ignore', 'pipe']});

        this.child = child;
        leftovers.add(child);
        this.ended = new Promise((resolve) => child.once('exit', () => {
            leftovers.delete(child);
            resolve();
        }));
        this.port = await this.#portOf(child);
        this.url = `http://127.0.0.1:${this.port}/`;
    }

    #portOf(child) {
        let log = '';

        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error(log)), WAIT_MS);

            child.stderr.on('data', (data) => {
                log += data;
                const found = /listening on \S*:(\d+)/.exec(log);

                if (found !== null) {
                    clearTimeout(timer);
                    resolve(Number(found[1]));
                }
            });
        });
    }

    async stop() {
        this.child?.kill('SIGTERM');
        await this.ended;
    }

    async ask(method, route, body, token) {
        const answer = await fetch(new URL(route, this.url), {
            method,
            body,
            headers: token === undefined ? {}
                : {Authorization: `Bearer ${token}`},
        });

        return [answer.status, await answer.text()];
    }

    // Events as text, so that their payloads are these bytes.
    async post(events, token) {
        const [status, text] =
            await this.ask('POST', 'events', `[${events.join(',')}]`, token);

        if (status !== 200)
            throw new Error(`${status} ${text}`);
        return JSON.parse(text).ids;
    }
}

export function event(deviceId, kind, payload) {
    const rest = payload === undefined ? '' : `,"payload":${payload}`;

    return `{"device_id":${JSON.stringify(deviceId)},` +
        `"kind":${JSON.stringify(kind)}${rest}}`;
}

// A directory, an upstream and a collector, which all go when the test ends.
export async function stage(t, options = []) {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'page-'));
    const upstream = new Upstream();

    await upstream.start();
    const collector = new Collector(directory, upstream,
        typeof options === 'function' ? options(directory) : options);

    t.after(async () => {
        await collector.stop();
        upstream.stop();
        fs.rmSync(directory, {recursive: true});
    });
    await collector.start();
    return {collector, upstream, directory};
}

let browser = null;

export async function openBrowser() {
    browser = await chromium.launch({
        executablePath: process.env.CHROMIUM,
        args: process.getuid() === 0 ? ['--no-sandbox'] : [],
        timeout: WAIT_MS,
    });
}

export async function closeBrowser() {
    await browser?.close();
}

// What a browser says of an answer that is not 200, or of none: the tests ask
// for those.
const EXPECTED = /^Failed to load resource: /;

// A page that fails its test when it ends with anything on `faults`.
export async function look(t, url, {before = () => {}, ...options} = {}) {
    const context = await browser.newContext({
        viewport: {width: 1280, height: 900},
        colorScheme: 'light',
        ...options,
    });
    const page = await context.newPage();
    const origin = new URL(url).origin;

    page.setDefaultTimeout(WAIT_MS);
    page.faults = [];
    page.on('pageerror', (error) => page.faults.push(error.stack));
    page.on('console', (message) => {
        if (message.type() === 'error' && !EXPECTED.test(message.text()))
            page.faults.push(message.text());
    });
    page.on('dialog', (dialog) => {
        page.faults.push(`dialog: ${dialog.message()}`);
        dialog.dismiss();
    });
    page.on('request', (request) => {
        const asked = new URL(request.url());

        if (asked.origin !== origin && asked.protocol !== 'data:')
            page.faults.push(`asked ${request.url()}`);
    });
    await page.exposeFunction('__violated', (text) =>
        page.faults.push(`policy: ${text}`));
    await page.addInitScript(() =>
        document.addEventListener('securitypolicyviolation', (event) =>
            globalThis.__violated(
                `${event.violatedDirective} ${event.blockedURI}`)));
    t.after(async () => {
        const {faults} = page;

        await context.close();
        if (faults.length > 0)
            throw new Error(faults.join('\n'));
    });
    await before(page);
    await page.goto(url);
    return page;
}

// A picture to look at, in the directory that the tests run in.
export async function picture(page, name, options = {}) {
    await page.screenshot({path: `${name}.png`, animations: 'disabled',
        ...options});
}

// Wait until an element's text fits.
export async function says(page, selector, pattern) {
    await page.waitForFunction(([chosen, source]) => {
        const node = document.querySelector(chosen);

        return node !== null && node.checkVisibility() &&
            new RegExp(source).test(node.innerText);
    }, [selector, pattern.source], {polling: 50}).catch(async (error) => {
        throw new Error(`${selector} is not ${pattern}: ${
            await page.locator(selector).first().innerText({timeout: 100})
                .catch(() => 'it is not there')}`, {cause: error});
    });
}

export async function textsOf(page, selector) {
    return page.locator(selector).allInnerTexts();
}

// A page whose time is the test's: what would take minutes is over at once.
// Its run() lets so much of it pass, and waits for all that begins then.
export async function withClock(t, collector) {
    const page = await look(t, collector.url, {
        before: (opened) => opened.clock.install(),
    });
    let waiting = 0;

    page.on('request', () => waiting++);
    page.on('requestfinished', () => waiting--);
    page.on('requestfailed', () => waiting--);
    page.run = async (ms) => {
        await page.clock.runFor(ms);
        for (let idle = 0; idle < 5; idle++) {
            await delay(20);
            if (waiting > 0)
                idle = 0;
        }
    };
    await says(page, '#pulse', /^live$/);
    await page.clock.pauseAt(Date.now() + 10000);
    await page.run(0); /* a look, and from here on a rest */
    return page;
}

// How often a path was asked for from here on.
export function counter(page, pathname) {
    const requests = [];

    page.on('request', (request) => {
        if (new URL(request.url()).pathname === pathname)
            requests.push(request);
    });
    return requests;
}
