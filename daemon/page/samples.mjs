// SPDX-License-Identifier: MIT
// The curve of the ledger: what the daemon remembers of the last hour, and what
// this page has seen of it before the daemon was started anew.
import {get} from './api.mjs';
import {heard} from './now.mjs';

// An hour and what a restart leaves over.
const COUNT_MAX = 1000;

// Columns of a sample.
const AT = 0;
const ACCEPTED = 1;
const DELIVERED = 2;
const PENDING = 5;

// With nothing new for so long all of it is asked for: its clock may have been
// set back.
const STALE_MS = 30000;

let samples = [];
let stepMs = 5000;
let freshAt = 0;

function lastSampleAt() {
    return samples.at(-1)?.[AT] ?? 0;
}

function take(fresh) {
    const last = fresh.at(-1)?.[AT];

    if (last === undefined)
        return;
    freshAt = Date.now();
    heard(last);
    // With another clock all of them have moved, and come again.
    if (last < lastSampleAt())
        samples = [];
    const known = lastSampleAt();

    samples.push(...fresh.filter(([at]) => at > known));
    samples = samples.slice(-COUNT_MAX);
}

export async function lookAtSamples() {
    const after = Date.now() - freshAt < STALE_MS ? lastSampleAt() : 0;
    const answer = await get('/history', {after});

    stepMs = answer.step_ms;
    take(answer.samples);
}

function since(from) {
    return samples.filter((sample) => sample[AT] >= from - stepMs);
}

// [at, pending] each.
export function backlogSince(from) {
    return since(from).map((sample) => [sample[AT], sample[PENDING]]);
}

// [at, in a second, out a second] each.
export function ratesSince(from) {
    const chosen = since(from);

    return chosen.slice(1).map((sample, i) => {
        const before = chosen[i];
        const seconds = (sample[AT] - before[AT]) / 1000;
        const each = (column) =>
            Math.max(0, sample[column] - before[column]) / seconds;

        return [sample[AT], each(ACCEPTED), each(DELIVERED)];
    });
}

// A curve has a hole where more time than that has passed between two samples.
export function gapMs() {
    return stepMs * 3;
}

export function forgetSamples() {
    samples = [];
}
