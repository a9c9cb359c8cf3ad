// SPDX-License-Identifier: MIT
// What is asked of the daemon, and the token that goes with it: in this
// variable, and nowhere else.
import {parse} from './exact.mjs';

// How long an answer may take: longer than a search's deadline.
const WAIT_MS = 15000;

// What a header can carry, and the daemon takes.
const TOKEN = /^[-._~+/=A-Za-z0-9]{16,256}$/;

let token = null;

// Why there is no answer: its status, or 0 when nobody answers, and what it says
// beside the reason.
export class Failure extends Error {
    constructor(status, text, shown = null, answer = {}) {
        super(text);
        this.status = status;
        this.shown = shown;
        this.answer = answer;
    }

    // Whether somebody has entered another token meanwhile.
    isOutdated() {
        return this.shown !== token;
    }
}

export function hasToken() {
    return token !== null;
}

// Whether it can be one.
export function useToken(text) {
    if (text !== null && !TOKEN.test(text))
        return false;
    token = text;
    return true;
}

// What is typed or pasted may have half of a surrogate pair, which no URL can.
function encode(value) {
    return encodeURIComponent(String(value).toWellFormed());
}

function query(parameters) {
    const pairs = Object.entries(parameters)
        .filter(([, value]) => value !== null && value !== '' && value !== 0)
        .map(([name, value]) => `${name}=${encode(value)}`);

    return pairs.length > 0 ? `?${pairs.join('&')}` : '';
}

async function send(method, path) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), WAIT_MS);

    try {
        // Beside the page, wherever a proxy in front has put it.
        const answer = await fetch(`.${path}`, {
            method,
            headers: token !== null ? {Authorization: `Bearer ${token}`} : {},
            cache: 'no-store',
            credentials: 'omit',
            redirect: 'error',
            referrerPolicy: 'no-referrer',
            signal: abort.signal,
        });

        return [answer.status, await answer.text()];
    } catch {
        throw new Failure(0, abort.signal.aborted
            ? 'there was no answer in time' : 'there was no answer');
    } finally {
        clearTimeout(timer);
    }
}

function read(text) {
    try {
        return parse(text);
    } catch {
        throw new Failure(0, 'the answer is no JSON');
    }
}

// The object that a refusal is, or one without members.
function readRefusal(text) {
    try {
        return JSON.parse(text) ?? {};
    } catch {
        return {}; /* a proxy's own page */
    }
}

// An answer of 200, and of 503 where that is one: /healthz tells why.
export async function ask(method, path, parameters = {}, alsoTaken = 200) {
    const shown = token;
    const [status, text] = await send(method, path + query(parameters));

    if (status === 200 || status === alsoTaken)
        return read(text);
    const answer = readRefusal(text);

    throw new Failure(status, answer.error ?? `HTTP ${status}`, shown, answer);
}

export function get(path, parameters) {
    return ask('GET', path, parameters);
}

// Whether anybody is there: the page itself needs no token.
export async function reach() {
    await send('HEAD', '/');
}
