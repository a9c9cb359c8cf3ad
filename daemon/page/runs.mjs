// SPDX-License-Identifier: MIT
// Upload runs: what was settled together, and outages with their reason.
import {get} from './api.mjs';
import {byId, cell, list, makeRow, say, set, show} from './dom.mjs';
import {now} from './now.mjs';
import {count, moment, took, utc} from './words.mjs';

// Runs at first, and in one answer.
const COUNT_FIRST = 25;
const COUNT_MAX = 1000;

const GLYPHS = {success: '✓', dead: '✕', dropped: '↓', error: '!'};

let countMax = COUNT_FIRST;

function makeRunRow() {
    return makeRow([['id', 'th'], ['status'], ['events'], ['ids'], ['time'],
        ['took'], ['attempts'], ['reason']]);
}

function idsOf(run) {
    if (!run.first_id || !run.last_id)
        return '';
    return run.first_id === run.last_id ? String(run.first_id)
        : `${run.first_id} – ${run.last_id}`;
}

function fillRunRow(row, run) {
    const finished = run.finished_at ?? 0;

    set(cell(row, 'status'), 'data-fate', run.status);
    say(cell(row, 'id'), String(run.id));
    say(cell(row, 'status'), `${GLYPHS[run.status] ?? ''} ${run.status}`);
    say(cell(row, 'events'), count(run.event_count));
    say(cell(row, 'ids'), idsOf(run));
    say(cell(row, 'time'), finished > 0 ? moment(finished, now()) : '');
    set(cell(row, 'time'), 'title', finished > 0 ? utc(finished) : null);
    say(cell(row, 'took'),
        finished > 0 ? took(finished - run.started_at) : '');
    say(cell(row, 'attempts'), count(run.attempts ?? 0));
    say(cell(row, 'reason'), run.error ?? '');
}

export async function lookAtRuns() {
    const status = byId('runs-status').value;
    const {runs, next} = await get('/runs', {status, limit: countMax});

    list(byId('runs').tBodies[0], runs, (run) => run.id, makeRunRow,
        fillRunRow);
    say(byId('runs-note'), runs.length === 0 ? '' : next !== null
        ? `the latest ${count(runs.length)}` : count(runs.length));
    say(byId('runs-empty'), status === ''
        ? 'Nothing was sent yet.' : 'No run has that status.');
    show(byId('runs-empty'), runs.length === 0);
    show(byId('runs-more'), next !== null && countMax < COUNT_MAX);
}

export function startRuns(poke) {
    byId('runs-status').addEventListener('change', () => {
        countMax = COUNT_FIRST;
        poke();
    });
    byId('runs-more').addEventListener('click', () => {
        countMax = Math.min(countMax * 4, COUNT_MAX);
        poke();
    });
}
