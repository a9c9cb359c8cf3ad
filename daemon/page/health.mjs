// SPDX-License-Identifier: MIT
// Whether it is well, and if not, why: what /healthz says, in its words.
import {ask} from './api.mjs';
import {byId, say, set} from './dom.mjs';
import {sentences, spoken} from './sentences.mjs';
import {speak} from './speech.mjs';

// [glyph, heading, the tab's title] of each state.
const STATES = {
    well: ['✓', 'Healthy', '✓ collectord'],
    warned: ['!', 'Healthy, with a warning', '! collectord'],
    ill: ['✕', 'Unhealthy', '✕ collectord'],
    unknown: ['?', 'Health is not known', '? collectord'],
};

let state = null;

function enter(next, reasons) {
    const [glyph, heading, title] = STATES[next];

    if (state === next)
        return;
    if (state !== null || next !== 'well')
        speak([heading, ...reasons.map(spoken)].join('. '));
    state = next;
    set(byId('health'), 'data-state', next);
    say(byId('health-glyph'), glyph);
    say(byId('health-title'), heading);
    document.title = title;
}

function stateOf(health) {
    if (!health.ok)
        return 'ill';
    return health.warnings.length > 0 ? 'warned' : 'well';
}

export async function lookAtHealth() {
    const health = await ask('GET', '/healthz', {}, 503);

    if (typeof health.ok !== 'boolean')
        return; /* 503 of a daemon that is about to stop */
    enter(stateOf(health), health.reasons);
    sentences(byId('reasons'), health.reasons);
    sentences(byId('warnings'), health.warnings);
}

// Nobody answers, or not to us: what was said last may be no longer so.
export function forgetHealth(reason) {
    enter('unknown', [reason]);
    sentences(byId('reasons'), [reason]);
    sentences(byId('warnings'), []);
}
