// SPDX-License-Identifier: MIT
// What time it is for the collector. A box that was set up without a network
// may be hours off, and "silent for" has to be told by its own clock.

// Below that, the two agree: its samples are that old at most, and answers take
// a while.
const AGREE_MS = 15000;

let ahead = 0;

// It said that it was so late, a moment ago.
export function heard(at) {
    const difference = at - Date.now();

    if (Math.abs(difference) < AGREE_MS)
        ahead = 0;
    else if (difference > ahead || Math.abs(difference - ahead) > AGREE_MS)
        ahead = difference;
}

export function now() {
    return Date.now() + ahead;
}
