// SPDX-License-Identifier: MIT
// Whether anybody answers, and this page can show it: since when not, and when
// it is tried again.
import {byId, say, set, show} from './dom.mjs';
import {clock, duration} from './words.mjs';

// Rests between two looks: while all is well, while nobody looks at the page,
// and the longest while nobody answers.
const LOOK_MS = 2000;
const HIDDEN_MS = 30000;
const GONE_MS_MAX = 16000;

// Between the notice and what has the focus: its outline.
const ROOM_PX = 12;

// What is said of each trouble: a heading, a word beside the clock, and a
// beginning.
const TROUBLES = {
    silence: ['No connection', 'not connected', 'Nobody has answered'],
    fault: ['A fault of this page', 'at fault', 'This page has failed'],
};

let goneSince = null;
let trouble = null;
let failures = 0;
let reason = '';
let nextAt = 0;
let goodAt = null;

export function found() {
    goneSince = null;
    failures = 0;
    goodAt = Date.now();
    sayLink();
}

function fail(next, words) {
    if (goneSince === null || trouble !== next)
        goneSince = Date.now();
    trouble = next;
    failures++;
    reason = words;
    sayLink();
}

export function lost(words) {
    fail('silence', words);
}

// Somebody has answered, and this page can't make sense of it.
export function failed(words) {
    fail('fault', words);
}

export function isGone() {
    return goneSince !== null;
}

// How long to rest now.
export function restMs() {
    const ms = document.hidden ? HIDDEN_MS : failures === 0
        ? LOOK_MS : Math.min(GONE_MS_MAX, 1000 * 2 ** (failures - 1));

    nextAt = Date.now() + ms;
    sayLink();
    return ms;
}

export function sayLink() {
    const pulse = byId('pulse');
    const age = goodAt === null ? 0 : Date.now() - goodAt;

    show(byId('gone'), goneSince !== null);
    set(pulse, 'data-state', goneSince !== null ? 'ill' : 'well');
    if (goneSince === null) {
        say(pulse, goodAt === null ? 'connecting' : age > 2 * LOOK_MS
            ? `as of ${clock(goodAt)}` : 'live');
        return;
    }
    const wait = Math.max(0, nextAt - Date.now());
    const [heading, word, beginning] = TROUBLES[trouble];

    say(pulse, word);
    say(byId('gone-title'), heading);
    say(byId('gone-text'), `${beginning} since ${clock(goneSince)}, ` +
        `for ${duration(Date.now() - goneSince)}: ${reason}. ` +
        (wait > 0 ? `Next try in ${duration(wait + 999)}. ` : 'Trying now. ') +
        (goodAt !== null ? `All below is as of ${clock(goodAt)}.` : ''));
}

// The notice stays in sight, and takes no place from what has the focus.
function makeRoom() {
    const height = byId('gone').offsetHeight;
    const focused = document.activeElement;
    const bottom = focused.getBoundingClientRect().bottom;

    document.documentElement.style.scrollPaddingTop =
        height > 0 ? `${height + ROOM_PX}px` : '';
    if (bottom > 0 && bottom <= height && !byId('gone').contains(focused))
        focused.scrollIntoView({block: 'nearest'});
}

new ResizeObserver(makeRoom).observe(byId('gone'));
