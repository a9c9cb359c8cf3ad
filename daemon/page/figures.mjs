// SPDX-License-Identifier: MIT
// The figures at the top: what /stats says, what changes in a second, and the
// retry that is counted down between two answers.
import {byId, say, set, show} from './dom.mjs';
import {now} from './now.mjs';
import {count, duration, moment, plural, rate, size} from './words.mjs';

// Over how long a rate is taken, so that it does not flicker.
const RATE_MS = 10000;

// Sooner than that, somebody should know: as the alert of that name has it.
const FULL_SOON_MS = 4 * 60 * 60 * 1000;

let looks = [];
let stats = null;
let statsAt = 0;

// In a second, over the last looks; null while there is but one.
function rateOf(name) {
    const first = looks[0];
    const last = looks.at(-1);

    if (last === undefined || last.at - first.at < 1000)
        return null;
    return Math.max(0, last.ledger[name] - first.ledger[name]) /
        ((last.at - first.at) / 1000);
}

function remember(ledger) {
    const at = performance.now();

    looks.push({at, ledger});
    looks = looks.filter((look) => look.at > at - RATE_MS - 1000);
}

function sayBar(id, share) {
    const bar = byId(id);

    show(bar.parentNode, share !== null);
    if (share !== null)
        bar.style.width = `${Math.min(100, share * 100).toFixed(1)}%`;
}

function sayBacklog({store, ledger}) {
    say(byId('backlog'), count(ledger.pending));
    say(byId('backlog-note'), store.backlog_max > 0
        ? `of ${count(store.backlog_max)}` : 'no limit');
    sayBar('backlog-bar',
        store.backlog_max > 0 ? ledger.pending / store.backlog_max : null);
}

function sayRate(id, number, note) {
    say(byId(id), number === null ? '–' : `${rate(number)}/s`);
    say(byId(`${id}-note`), note);
}

function sayRates({ledger}) {
    const dead = ledger.dead > 0 ? `, ${count(ledger.dead)} dead` : '';
    const dropped =
        ledger.dropped > 0 ? `, ${count(ledger.dropped)} dropped` : '';

    sayRate('rate-in', rateOf('accepted'),
        `${count(ledger.accepted)} accepted`);
    sayRate('rate-out', rateOf('delivered'),
        `${count(ledger.delivered)} delivered${dead}${dropped}`);
}

function sayRoom({store}) {
    const filling = store.full_in_ms > 0;

    say(byId('full'), filling ? duration(store.full_in_ms) : 'not filling');
    set(byId('full'), 'data-state',
        filling && store.full_in_ms < FULL_SOON_MS ? 'warned' : null);
    say(byId('full-note'), size(store.file_size) + (store.size_max > 0
        ? ` of ${size(store.size_max)}` : ', no limit'));
    sayBar('full-bar',
        store.size_max > 0 ? store.file_size / store.size_max : null);
}

function sayLedger({ledger}) {
    say(byId('ledger'), `${count(ledger.accepted)} accepted = ` +
        `${count(ledger.delivered)} delivered + ${count(ledger.dead)} dead + ` +
        `${count(ledger.dropped)} dropped + ${count(ledger.pending)} pending`);
}

// What the uploader does right now, and what goes with it.
function uploaderWords({uploader, ledger}, passedMs) {
    const retryMs = uploader.retry_in_ms - passedMs;

    if (uploader.failures_in_a_row > 0) {
        const next = retryMs > 0
            ? `next attempt in ${duration(retryMs + 999)}` : 'trying now';

        return ['Failing', `${next}; ` +
            `${plural(uploader.failures_in_a_row, 'failure')} in a row since ` +
            moment(uploader.failing_since, now())];
    }
    if (!uploader.healthy)
        return ['Stuck', `for ${duration(uploader.in_flight_ms + passedMs)}`];
    if (uploader.throttled_ms > 0 && retryMs > 0)
        return ['Resting for its rate', `next batch in ${
            duration(retryMs + 999)}`];
    const last = uploader.last_success_at > 0
        ? `last success ${moment(uploader.last_success_at, now())}`
        : 'nothing delivered yet';

    return [ledger.pending > 0 ? 'Delivering' : 'Idle', last];
}

function sayUploader() {
    const {uploader} = stats;
    const [state, note] = uploaderWords(stats, performance.now() - statsAt);

    say(byId('uploader'), state);
    set(byId('uploader'), 'data-state',
        state === 'Failing' || state === 'Stuck' ? 'ill' : null);
    say(byId('uploader-note'), `to ${uploader.sink}; ${note}`);
    say(byId('uploader-error'), uploader.last_error !== undefined &&
        uploader.failures_in_a_row > 0
        ? `Last error: ${uploader.last_error}` : '');
}

export function showFigures(answer) {
    stats = answer;
    statsAt = performance.now();
    remember(stats.ledger);
    say(byId('collector'), stats.store.collector_id);
    sayBacklog(stats);
    sayRates(stats);
    sayRoom(stats);
    sayLedger(stats);
    sayUploader();
}

export function forgetFigures() {
    looks = [];
}

// A second later.
export function tickFigures() {
    if (stats !== null)
        sayUploader();
}
