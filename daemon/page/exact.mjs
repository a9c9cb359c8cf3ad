// SPDX-License-Identifier: MIT
// JSON whose payloads stay as they were sent. JavaScript's numbers have no 25
// digits, know no 21.40 beside 21.4, and its objects have each key once; so a
// payload is cut out of the answer's text before that is read.

// Where the string ends that begins at a quote.
function endOfString(text, at) {
    for (at++; at < text.length && text[at] !== '"'; at++) {
        if (text[at] === '\\')
            at++;
    }
    return at + 1;
}

// Where the value ends that begins here: at the comma, or the end of what it
// stands in.
function endOfValue(text, at) {
    for (let depth = 0; at < text.length;) {
        const letter = text[at];

        if (letter === '"') {
            at = endOfString(text, at);
            continue;
        }
        if (depth === 0 && (letter === ',' || letter === '}' || letter === ']'))
            break;
        if (letter === '{' || letter === '[')
            depth++;
        else if (letter === '}' || letter === ']')
            depth--;
        at++;
    }
    return at;
}

const NAME = '"payload"';

// How deep a row of {"events":[{…}]} is.
const DEPTH = 3;

// The payload that begins here, as where it begins and ends; null for none.
// Our own answers have no white space around the colon.
function payloadAt(text, at, depth) {
    const begin = at + NAME.length + 1;

    if (depth !== DEPTH || !text.startsWith(`${NAME}:`, at) ||
        (text[at - 1] !== '{' && text[at - 1] !== ','))
        return null;
    return [begin, endOfValue(text, begin)];
}

// The same text with each payload as a string, of what stood there.
export function quotePayloads(text) {
    const parts = [];
    let depth = 0;
    let from = 0;

    for (let at = 0; at < text.length; at++) {
        const letter = text[at];

        if (letter === '{' || letter === '[')
            depth++;
        else if (letter === '}' || letter === ']')
            depth--;
        else if (letter === '"') {
            const payload = payloadAt(text, at, depth);

            if (payload !== null) {
                const [begin, end] = payload;

                parts.push(text.slice(from, begin),
                    JSON.stringify(text.slice(begin, end)));
                from = end;
            }
            at = (payload?.[1] ?? endOfString(text, at)) - 1;
        }
    }
    parts.push(text.slice(from));
    return parts.join('');
}

// As JSON.parse(), but that rows have their payloads as text.
export function parse(text) {
    return JSON.parse(quotePayloads(text));
}
