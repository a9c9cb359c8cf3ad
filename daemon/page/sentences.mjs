// SPDX-License-Identifier: MIT
// What /healthz says, in its words, but that a moment is told as everywhere on
// the page: where the browser is. As it was sent it is the moment's own title.
import {list, make, say, show} from './dom.mjs';
import {now} from './now.mjs';
import {visible} from './visible.mjs';
import {moment} from './words.mjs';

const UTC = /\b(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)\b/;

// Each second one looks like a moment, and may be none that a calendar has.
function partOf(text, i) {
    const at = i % 2 === 1 ? Date.parse(text) : NaN;

    return Number.isNaN(at) ? {text} : {text: moment(at, now()), utc: text};
}

function partsOf(sentence) {
    return sentence.split(UTC).map(partOf);
}

function makePart({text, utc}) {
    const part = utc === undefined ? make('span')
        : make('time', {datetime: utc, title: utc});

    say(part, text);
    return part;
}

// One as a text, to be read aloud.
export function spoken(sentence) {
    return partsOf(sentence).map(({text}) => text).join('');
}

function fillSentence(node, sentence) {
    if (node.textContent !== visible(spoken(sentence)))
        node.replaceChildren(...partsOf(sentence).map(makePart));
}

export function sentences(parent, texts) {
    list(parent, texts, (text) => text, () => make('li'), fillSentence);
    show(parent, texts.length > 0);
}
