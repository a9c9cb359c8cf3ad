// SPDX-License-Identifier: MIT
// A text of which nothing is hidden, as collectorctl shows it. A name that
// turns the direction of what follows, or has a letter that is not seen, would
// be read as another one.

// Controls; what turns the direction or ends a line; letters and spaces that
// are not seen.
const HIDDEN = new RegExp('[\\0-\\x1f\\x7f-\\x9f\\xad\\u061c\\u180e' +
    '\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2064\\u2066-\\u2069\\u3164' +
    '\\ufeff\\u{e0000}-\\u{e007f}]', 'gu');

const SHORT = {'\n': '\\n', '\r': '\\r', '\t': '\\t'};

function hex(code, digits) {
    return code.toString(16).padStart(digits, '0');
}

function escape(character) {
    const code = character.codePointAt(0);

    if (character in SHORT)
        return SHORT[character];
    if (code < 0x80)
        return `\\x${hex(code, 2)}`;
    return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

export function visible(text) {
    return text.replace(HIDDEN, escape);
}
