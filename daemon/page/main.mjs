// SPDX-License-Identifier: MIT
// One look after another, each when the last one is done: the health and the
// figures each time, the rest when the figures say that it has changed, or when
// it is due.
import {Failure, get, hasToken, reach, useToken} from './api.mjs';
import {forgetDevices, lookAtDevices, startDevices,
    tickDevices} from './devices.mjs';
import {askForToken, isAskingForToken, startDialogs} from './dialogs.mjs';
import {byId, say, show} from './dom.mjs';
import {forgetEvents, lookAtEvents, startEvents} from './events.mjs';
import {forgetFigures, showFigures, tickFigures} from './figures.mjs';
import {drawFlow, followBacklog, lookAtFlow} from './flow.mjs';
import {forgetHealth, lookAtHealth} from './health.mjs';
import {forgetLetters, lookAtLetters, startLetters} from './letters.mjs';
import {failed, found, isGone, lost, restMs, sayLink} from './link.mjs';
import {lookAtRuns, startRuns} from './runs.mjs';
import {forgetSamples} from './samples.mjs';
import {startTheme} from './theme.mjs';
import {zone} from './words.mjs';

// What is looked at beside the figures: how often at least, and what of the
// figures has it looked at sooner.
const PARTS = [
    {look: lookAtFlow, note: null, everyMs: 5000, sign: () => ''},
    {look: lookAtEvents, note: 'events-note', everyMs: 0, sign: () => ''},
    {look: lookAtDevices, note: 'devices-note', everyMs: 10000,
        sign: ({store}) => store.devices_seen},
    {look: lookAtLetters, note: 'letters-note', everyMs: 30000,
        sign: ({store, ledger}) => `${store.dead_letters} ${ledger.dead}`},
    {look: lookAtRuns, note: 'runs-note', everyMs: 30000,
        sign: ({ledger, uploader}) => [ledger.accepted - ledger.pending,
            uploader.failures, uploader.failures_in_a_row].join(' ')},
].map((part) => ({...part, at: -Infinity, signed: null}));

let poked = false;
let endRest = () => {};
// What is kept, and the health too, is for those who have a token.
let locked = false;
let closed = false;
// Whose the last figures were, and how much of it there was.
let file = null;

// Have the next look come at once, and look at everything.
function poke() {
    for (const part of PARTS)
        part.at = -Infinity;
    poked = true;
    endRest();
}

function rest() {
    return new Promise((resolve) => {
        const timer = setTimeout(resolve, poked ? 0 : restMs());

        endRest = () => {
            clearTimeout(timer);
            resolve();
        };
    });
}

function lock(failure) {
    if (failure.isOutdated()) {
        poked = true;
        return;
    }
    show(byId('locked'), true);
    if ((!locked || hasToken()) && !isAskingForToken())
        askForToken(hasToken()
            ? `Another token is needed: ${failure.message}.`
            : 'This collector shows what it keeps to those who have a token.');
    locked = true;
    useToken(null);
    show(byId('token'), false);
}

function unlock() {
    locked = false;
    show(byId('locked'), false);
    show(byId('token'), hasToken());
}

// Whether somebody is to blame for it who can be told apart from the network.
function isRefusal(failure) {
    return failure instanceof Failure &&
        (failure.status === 401 || failure.status === 403);
}

function isAnother({collectorId, accepted}) {
    return file !== null &&
        (collectorId !== file.collectorId || accepted < file.accepted);
}

// A damaged file was put aside, or somebody has put another one there, maybe a
// copy from before: ids begin anew, and what is remembered by them is wrong.
function noticeAnother({store, ledger}) {
    const next = {collectorId: store.collector_id, accepted: ledger.accepted};

    if (isAnother(next)) {
        forgetFigures();
        forgetSamples();
        forgetEvents();
        forgetDevices();
        forgetLetters();
        poke();
    }
    file = next;
}

async function lookAtStats() {
    const stats = await get('/stats');

    noticeAnother(stats);
    showFigures(stats);
    return stats;
}

// One that is busy is no reason to hold up the others.
async function lookAtPart(part, stats) {
    const sign = part.sign(stats);

    if (performance.now() - part.at < part.everyMs && sign === part.signed)
        return;
    try {
        part.at = performance.now();
        await part.look(stats);
        part.signed = sign;
    } catch (failure) {
        if (isRefusal(failure) || failure.status === 0 ||
            !(failure instanceof Failure))
            throw failure;
        part.at = -Infinity;
        if (part.note !== null)
            say(byId(part.note), failure.message);
    }
}

// The health may be as closed as the rest.
async function lookAtHealthIfOpen() {
    if (closed && !hasToken()) {
        await reach();
        return;
    }
    try {
        await lookAtHealth();
        closed = false;
    } catch (failure) {
        if (!(failure instanceof Failure))
            forgetHealth('this page has failed');
        if (!isRefusal(failure))
            throw failure;
        closed = true;
        forgetHealth('it is told to those who have a token');
    }
}

// Nobody is asked again and again for what he refuses: that would look like
// somebody who tries tokens.
async function lookAtAll() {
    const health = lookAtHealthIfOpen();

    if (locked && !hasToken()) {
        await health;
        return;
    }
    const figures = lookAtStats();

    await Promise.allSettled([health, figures]);
    await health;
    const stats = await figures;

    unlock();
    followBacklog(stats);
    // One after the other: what a collector can be asked at a time is little,
    // and others ask too.
    for (const part of PARTS)
        await lookAtPart(part, stats);
}

async function lookOnce() {
    try {
        await lookAtAll();
        found();
    } catch (failure) {
        if (isRefusal(failure)) {
            found();
            lock(failure);
            return;
        }
        if (failure instanceof Failure) {
            lost(failure.message);
            forgetHealth('nobody answers');
            return;
        }
        console.error(failure);
        failed(failure.message);
    }
}

async function run() {
    for (;;) {
        poked = false;
        await lookOnce();
        await rest();
    }
}

function tick() {
    if (document.hidden)
        return;
    sayLink();
    say(byId('zone'), zone(Date.now()));
    if (isGone())
        return;
    tickFigures();
    tickDevices();
    drawFlow();
}

startTheme();
startDialogs(poke);
startEvents(poke);
startDevices(poke);
startLetters(poke);
startRuns(poke);
byId('gone-retry').addEventListener('click', poke);
byId('locked-enter').addEventListener('click', () =>
    askForToken('It is sent to this collector, and to nobody else.'));
byId('token').addEventListener('click', () => {
    useToken(null);
    location.reload(); /* with all that it let see */
});
document.addEventListener('visibilitychange', () => {
    if (!document.hidden)
        poke();
});
window.addEventListener('online', poke);
setInterval(tick, 1000);
tick();
run();
