// SPDX-License-Identifier: MIT
// Dead letters: what the upstream refused for good, and what may be done about
// them, after asking.
import {ask, get} from './api.mjs';
import {confirm, withdraw} from './dialogs.mjs';
import {byId, cell, list, make, makeFold, makeRow, say, sayFold, set,
    show} from './dom.mjs';
import {now} from './now.mjs';
import {speak} from './speech.mjs';
import {count, moment, plural, utc} from './words.mjs';

// Letters at first, in one answer, and in the table; ids in one request.
const COUNT_FIRST = 50;
const PAGE_MAX = 1000;
const ROWS_MAX = 2000;
const IDS_MAX = 200;

// How long it is said what was done.
const DONE_MS = 10000;

let letters = [];
let chosen = new Set();
let countMax = COUNT_FIRST;
// The table begins behind the letter with that id.
let from = 0;
let kept = 0;
let done = {text: '', at: -Infinity};
let wake = () => {};

function makeLetterRow(letter) {
    const row = makeRow([['pick'], ['id', 'th'], ['time'], ['device'],
        ['kind'], ['reason'], ['payload'], ['attempts']]);
    const box = make('input', {
        type: 'checkbox',
        'aria-label': `Choose dead letter ${letter.id}`,
    });

    box.addEventListener('change', () => {
        if (box.checked)
            chosen.add(letter.id);
        else
            chosen.delete(letter.id);
        sayActions();
    });
    cell(row, 'pick').append(box);
    say(cell(row, 'id'), String(letter.id));
    say(cell(row, 'device'), letter.device_id);
    say(cell(row, 'kind'), letter.kind);
    cell(row, 'payload').append(makeFold());
    sayFold(row.querySelector('.fold'), letter.payload ?? '');
    set(cell(row, 'time'), 'title', utc(letter.at));
    return row;
}

function fillLetterRow(row, letter) {
    row.querySelector('input').checked = chosen.has(letter.id);
    say(cell(row, 'time'), moment(letter.at, now()));
    say(cell(row, 'reason'), letter.replayed_as === null ? letter.reason
        : `replayed as ${letter.replayed_as}; ${letter.reason}`);
    say(cell(row, 'attempts'), count(letter.attempts));
}

function sayActions() {
    const words = chosen.size > 0 ? `${count(chosen.size)} chosen` : 'all';

    say(byId('replay'), `Replay ${words}`);
    say(byId('purge'), `Purge ${words}`);
    show(byId('replay'), letters.length > 0);
    show(byId('purge'), letters.length > 0);
}

function noteOf(next) {
    const notes = [];

    if (performance.now() - done.at < DONE_MS)
        notes.push(done.text);
    if (from > 0)
        notes.push(`${count(letters.length)} of ${count(kept)}, from id ${
            letters[0].id} on`);
    else if (letters.length > 0)
        notes.push(next !== null ? `the oldest ${count(letters.length)} of ${
            count(kept)}` : count(letters.length));
    return notes.join('; ');
}

function drawLetters(next) {
    list(byId('letters').tBodies[0], letters, (letter) => letter.id,
        makeLetterRow, fillLetterRow);
    say(byId('letters-note'), noteOf(next));
    say(byId('letters-empty'), 'None.');
    show(byId('letters-empty'), letters.length === 0);
    show(byId('letters-more'), next !== null);
    show(byId('letters-first'), from > 0);
    sayActions();
}

// As many as are shown, in as few answers as that takes.
async function readLetters() {
    const rows = [];
    let next = from;

    do {
        const limit = Math.min(countMax - rows.length, PAGE_MAX);
        const answer = await get('/dead-letters', {limit, after: next});

        rows.push(...answer.dead_letters);
        next = answer.next;
    } while (next !== null && rows.length < countMax);
    return {rows, next};
}

export async function lookAtLetters(stats) {
    const {rows, next} = await readLetters();

    if (rows.length === 0 && from > 0) {
        showFirst(); /* those behind it were purged */
        return;
    }
    kept = stats.store.dead_letters;
    letters = rows;
    chosen = new Set(letters.map((letter) => letter.id)
        .filter((id) => chosen.has(id)));
    drawLetters(next);
}

// Ids of another file are those of other letters.
export function forgetLetters() {
    withdraw();
    letters = [];
    from = 0;
    chosen.clear();
    drawLetters(null);
}

function showFirst() {
    from = 0;
    countMax = COUNT_FIRST;
    wake();
}

// More each time, until the table is full: then the first of them make room.
function showMore() {
    if (countMax < ROWS_MAX)
        countMax = Math.min(countMax * 4, ROWS_MAX);
    else
        from = letters.at(-1 - PAGE_MAX)?.id ?? from;
    wake();
}

// What each request names: nothing when it is all of them.
function partsOf(ids) {
    const parts = [];

    for (let i = 0; i < ids.length; i += IDS_MAX)
        parts.push({ids: ids.slice(i, i + IDS_MAX).join(',')});
    return parts.length > 0 ? parts : [{}];
}

// In as many requests as it takes; how many it was done to. One that fails may
// have done some of it, and those before it have.
async function actOn({method, path, participle}, ids) {
    let total = 0;

    try {
        for (const part of partsOf(ids))
            total += (await ask(method, path, part))[participle];
    } catch (failure) {
        total += failure.answer?.[participle] ?? 0;
        if (total > 0) {
            failure.done = `Only ${count(total)} ${
                total === 1 ? 'was' : 'were'} ${participle}`;
            wake();
        }
        throw failure;
    }
    return total;
}

function offer(action) {
    const {verb, participle, text, danger} = action;
    const ids = [...chosen].sort((a, b) => a - b);
    const which = ids.length > 0 ? plural(ids.length, 'dead letter')
        : 'all dead letters';
    const seen = ids.length > 0 ? '' : ` There were ${count(kept)} just now.`;

    confirm({
        title: `${verb} ${which}?`,
        text: text + seen,
        yes: `${verb} ${ids.length > 0 ? count(ids.length) : 'all'}`,
        danger,
        act: async () => {
            const number = await actOn(action, ids);

            chosen.clear();
            done = {text: `${count(number)} ${participle}`,
                at: performance.now()};
            speak(`${plural(number, 'dead letter')} ${participle}.`);
            wake();
        },
    });
}

export function startLetters(poke) {
    wake = poke;
    byId('replay').addEventListener('click', () => offer({
        verb: 'Replay',
        method: 'POST',
        path: '/dead-letters/replay',
        participle: 'replayed',
        text: 'They are appended again as new events, and sent again.',
        danger: false,
    }));
    byId('purge').addEventListener('click', () => offer({
        verb: 'Purge',
        method: 'DELETE',
        path: '/dead-letters',
        participle: 'purged',
        text: 'They are deleted, and can\'t be had back.',
        danger: true,
    }));
    byId('letters-more').addEventListener('click', showMore);
    byId('letters-first').addEventListener('click', showFirst);
}
