// SPDX-License-Identifier: MIT
// The tail of events, and those before it. New ones come on top; what is open,
// focused or selected stays as it is.
import {Failure, get} from './api.mjs';
import {byId, cell, list, make, makeFold, makeRow, say, sayFold, set,
    show} from './dom.mjs';
import {now} from './now.mjs';
import {count, moment, utc} from './words.mjs';

// Rows of the tail, and with those that were asked for.
const TAIL_MAX = 200;
const ROWS_MAX = 2000;

// Events in one answer.
const PAGE = 100;

// Events that are asked for by their ids in one look: each is a request.
const GONE_MAX = 8;

// What is typed is taken when nothing more came for so long.
const TYPING_MS = 300;

const GLYPHS = {
    pending: '○',
    delivered: '✓',
    dead: '✕',
    dropped: '↓',
    settled: '·',
};

let rows = [];
let rowsMax = TAIL_MAX;
// All ids up to here were looked at.
let seen = 0;
// Where the events before them go on; null at the first one.
let older = null;
let skipped = false;
let paused = false;
// Whether there was an answer to the filter that is.
let answered = false;
// Answers to a filter that is no more are thrown away.
let generation = 0;
let ledger = {accepted: 0, pending: 0};
let wake = () => {};

function filter() {
    return {
        device_id: byId('filter-device').value,
        kind: byId('filter-kind').value,
        text: byId('filter-text').value,
    };
}

function isFiltered() {
    return Object.values(filter()).some((value) => value !== '');
}

function makeEventRow(event) {
    const row = makeRow([['id', 'th'], ['time'], ['device'], ['kind'],
        ['payload'], ['fate']]);
    const device = make('button', {type: 'button', class: 'link'});

    say(cell(row, 'id'), String(event.id));
    say(cell(row, 'kind'), event.kind);
    say(device, event.device_id);
    set(device, 'title', 'Only this device');
    device.addEventListener('click', () => showDevice(event.device_id));
    cell(row, 'device').append(device);
    cell(row, 'payload').append(makeFold());
    sayFold(row.querySelector('.fold'), event.payload ?? '');
    set(cell(row, 'time'), 'title', utc(event.ts));
    return row;
}

function fillEventRow(row, event) {
    const fate = cell(row, 'fate');

    say(cell(row, 'time'), moment(event.ts, now()));
    set(fate, 'data-fate', event.fate);
    say(fate, `${GLYPHS[event.fate] ?? ''} ${event.fate}`);
}

function sayNote() {
    const waiting = Math.max(0, ledger.accepted - seen);

    if (paused)
        say(byId('events-note'), waiting > 0
            ? `paused, ${count(waiting)} since` : 'paused');
    else
        say(byId('events-note'), skipped
            ? 'more than can be shown: some are left out' : '');
    say(byId('events-empty'), isFiltered()
        ? 'No event fits the filter.' : 'No events yet.');
    show(byId('events-empty'), rows.length === 0 && answered);
    show(byId('events-older'), older !== null && rows.length < ROWS_MAX);
    say(byId('events-older'), rows.length > 0 || !isFiltered()
        ? 'Older events' : 'Look further back');
}

function drawEvents() {
    list(byId('events').tBodies[0], rows, (event) => event.id, makeEventRow,
        fillEventRow);
    sayNote();
}

// Those on top of what is there.
async function lookAtNew() {
    const mine = generation;
    const searched = ledger.accepted;
    const first = seen === 0;
    const {events, next} = await get('/events',
        {...filter(), order: 'newest', after: seen, limit: PAGE});

    if (mine !== generation || paused)
        return;
    answered = true;
    if (first)
        older = next;
    else
        skipped = next !== null;
    seen = Math.max(seen, searched, events[0]?.id ?? 0);
    rows = [...events, ...rows];
    if (rows.length > rowsMax) {
        rows = rows.slice(0, rowsMax);
        older = rows.at(-1).id;
    }
}

// What is neither in an answer nor behind its end is no longer kept: it was
// settled, and how is yet to be asked.
function settle(event, fates, lastId) {
    if (fates.has(event.id))
        return {...event, fate: fates.get(event.id)};
    return event.id <= lastId
        ? {...event, fate: 'settled', isGone: true} : event;
}

// What has become of those that were pending.
async function lookAtFates() {
    const mine = generation;
    const settled = ledger.accepted - ledger.pending;
    const pending = rows.filter((event) =>
        event.fate === 'pending' && event.id <= settled);

    if (pending.length === 0)
        return;
    const {events, next} = await get('/events', {
        ...filter(),
        after: pending.at(-1).id - 1,
        before: pending[0].id + 1,
        limit: TAIL_MAX,
    });
    const asked = new Set(pending.map((event) => event.id));
    const fates = new Map(events.map((event) => [event.id, event.fate]));

    if (mine === generation)
        rows = rows.map((event) => asked.has(event.id)
            ? settle(event, fates, next ?? Infinity) : event);
}

// The fate of one that is no longer kept, as far as it is known.
async function fateOf(id) {
    try {
        return (await get(`/events/${id}`)).fate;
    } catch (failure) {
        if (failure instanceof Failure && failure.status === 404)
            return 'settled'; /* it was in another file */
        throw failure;
    }
}

// A few in each look.
async function lookAtGone() {
    const mine = generation;
    const gone = rows.filter((event) => event.isGone).slice(0, GONE_MAX);

    for (const {id} of gone) {
        const fate = await fateOf(id);

        if (mine !== generation)
            return;
        rows = rows.map((event) => event.id === id
            ? {...event, fate, isGone: false} : event);
    }
    if (gone.length > 0)
        drawEvents();
}

export async function lookAtEvents(stats) {
    ledger = stats.ledger;
    try {
        if (!paused && (ledger.accepted > seen || seen === 0))
            await lookAtNew();
        await lookAtFates();
    } catch (failure) {
        if (failure.status === 400)
            drawEvents(); /* rows of the filter before are none of this one */
        throw failure;
    }
    drawEvents();
    await lookAtGone();
}

// New ones may come meanwhile and push out the rows that these follow.
async function lookAtOlder() {
    const mine = generation;
    const from = older;
    const {events, next} = await get('/events',
        {...filter(), order: 'newest', before: from, limit: PAGE});

    if (mine !== generation || older !== from)
        return;
    rows = [...rows, ...events];
    rowsMax = Math.max(rowsMax, Math.min(rows.length, ROWS_MAX));
    older = next;
    drawEvents();
}

// One at a time. The button stays enabled, as it would lose the focus.
async function takeOlder() {
    const button = byId('events-older');

    if (button.ariaDisabled === 'true')
        return;
    set(button, 'aria-disabled', 'true');
    try {
        await lookAtOlder();
    } catch (failure) {
        say(byId('events-note'), failure.message);
    } finally {
        set(button, 'aria-disabled', null);
    }
}

function resetEvents() {
    generation++;
    rows = [];
    rowsMax = TAIL_MAX;
    seen = 0;
    older = null;
    skipped = false;
    answered = false;
}

function refilter() {
    show(byId('filter-clear'), isFiltered());
    resetEvents();
    setPaused(false);
}

function setPaused(value) {
    paused = value;
    set(byId('pause'), 'aria-pressed', String(value));
    say(byId('pause'), value ? 'Go on' : 'Pause');
    sayNote();
    wake();
}

export function forgetEvents() {
    resetEvents();
    drawEvents();
    setPaused(false);
}

// From anywhere on the page.
export function showDevice(deviceId) {
    byId('filter-device').value = deviceId;
    refilter();
    byId('events-title').scrollIntoView({block: 'nearest'});
}

// poke() has the next look come at once.
export function startEvents(poke) {
    let timer;

    wake = poke;
    byId('filter').addEventListener('submit', (event) => {
        event.preventDefault();
        refilter();
    });
    byId('filter').addEventListener('reset', () => setTimeout(refilter));
    byId('filter').addEventListener('input', () => {
        clearTimeout(timer);
        timer = setTimeout(refilter, TYPING_MS);
    });
    byId('pause').addEventListener('click', () => setPaused(!paused));
    byId('events-older').addEventListener('click', takeOlder);
}
