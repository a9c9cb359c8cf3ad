// SPDX-License-Identifier: MIT
// Curves over time, in SVG: drawn once, and then only moved.
import {make, say, set} from './dom.mjs';
import {clock, count, duration, rate} from './words.mjs';

const HEIGHT = 150;
const LEFT = 46;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 22;

// As its own name space says, which stands in no text of ours.
function draw(svg, name, attributes) {
    const node = document.createElementNS(svg.namespaceURI, name);

    for (const [key, value] of Object.entries(attributes))
        node.setAttribute(key, value);
    svg.append(node);
    return node;
}

// The next of 1, 2, 5, 10, 20 …, so that lines stand at round figures.
function roundUp(value) {
    const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));

    return [1, 2, 5, 10].find((step) => step * power >= value) * power;
}

function makeAxes(svg) {
    const marks = [0, 0.5, 1].map((share) => ({
        share,
        line: draw(svg, 'line', {class: 'grid'}),
        text: draw(svg, 'text', {class: 'tick', 'text-anchor': 'end'}),
    }));
    const times = ['start', 'middle', 'end'].map((anchor, i) => ({
        share: i / 2,
        text: draw(svg, 'text', {class: 'tick', 'text-anchor': anchor}),
    }));

    return {marks, times};
}

function drawAxes({marks, times}, {width, top, span}) {
    const bottom = HEIGHT - BOTTOM;

    for (const {share, line, text} of marks) {
        const y = bottom - share * (bottom - TOP);

        for (const [name, value] of Object.entries(
            {x1: LEFT, x2: width - RIGHT, y1: y, y2: y}))
            set(line, name, value);
        set(text, 'x', LEFT - 6);
        set(text, 'y', y + 4);
        say(text, top < 2 && share === 0.5 ? '' : short(top * share));
    }
    for (const {share, text} of times) {
        set(text, 'x', LEFT + share * (width - LEFT - RIGHT));
        set(text, 'y', HEIGHT - 5);
        say(text, share === 1 ? 'now' : `−${duration(span * (1 - share))}`);
    }
}

// In the room of a tick.
function short(value) {
    if (value >= 1e6)
        return `${rate(value / 1e6)} M`;
    return value >= 1e4 ? `${rate(value / 1e3)} k` : rate(value);
}

// A path through the points, in pieces where there was none for long.
function pathOf(points, column, place, gapMs) {
    let path = '';
    let before = -Infinity;

    for (const point of points) {
        const [x, y] = place(point[0], point[column]);

        path += `${point[0] - before > gapMs ? 'M' : 'L'}${x.toFixed(1)} ` +
            y.toFixed(1);
        before = point[0];
    }
    return path;
}

// The area below the pieces of a path.
function areaOf(path, bottom) {
    return path.split('M').filter((piece) => piece !== '').map((piece) => {
        const [first] = piece.split(/[ L]/);
        const last = piece.split('L').at(-1).split(' ')[0];

        return `M${piece}L${last} ${bottom}L${first} ${bottom}Z`;
    }).join('');
}

function nearest(points, at) {
    return points.reduce((best, point) =>
        Math.abs(point[0] - at) < Math.abs(best[0] - at) ? point : best);
}

// A chart of curves, [class, word, filled] each. Its draw() takes points of
// [at, value of the first curve, …].
export function makeChart(svg, caption, curves) {
    const axes = makeAxes(svg);
    const lines = curves.map(([name, , filled]) => ({
        area: filled ? draw(svg, 'path', {class: `area ${name}`}) : null,
        line: draw(svg, 'path', {class: `curve ${name}`}),
    }));
    const cursor = draw(svg, 'line', {class: 'cursor', hidden: ''});
    const legend = curves.map(([name, word]) => {
        const value = make('span');

        caption.append(make('i', {class: `key ${name}`}),
            `${word} `, value, ' ');
        return value;
    });
    const when = make('span', {class: 'soft'});
    let last = null;
    let pointed = null;

    caption.append(when);

    // The values of now, or of where somebody points at.
    function sayValues() {
        const {points, span, end} = last;

        if (points.length === 0) {
            legend.forEach((value) => say(value, '–'));
            say(when, '');
            return;
        }
        const point = pointed === null ? points.at(-1) : nearest(points,
            end - span * (1 - pointed));

        legend.forEach((value, i) => say(value, rate(point[i + 1])));
        say(when, pointed === null
            ? `at most ${legend.map((_, i) => count(Math.max(...points.map(
                (each) => each[i + 1])))).join(' and ')} in ${duration(span)}`
            : `at ${clock(point[0])}`);
    }

    svg.addEventListener('pointermove', (event) => {
        const width = svg.clientWidth - LEFT - RIGHT;

        pointed = Math.min(1, Math.max(0, (event.offsetX - LEFT) / width));
        const x = LEFT + pointed * width;

        for (const [name, value] of Object.entries(
            {x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM}))
            set(cursor, name, value);
        cursor.removeAttribute('hidden');
        if (last !== null)
            sayValues();
    });
    svg.addEventListener('pointerleave', () => {
        pointed = null;
        cursor.setAttribute('hidden', '');
        if (last !== null)
            sayValues();
    });

    return {
        draw(points, end, span, gapMs) {
            const width = svg.clientWidth;
            const bottom = HEIGHT - BOTTOM;
            const values = points.flatMap((point) => point.slice(1));
            const top = roundUp(Math.max(1, ...values));
            const place = (at, value) => [
                LEFT + (1 - (end - at) / span) * (width - LEFT - RIGHT),
                bottom - value / top * (bottom - TOP),
            ];
            const seen = points.filter(([at]) => at >= end - span);

            last = {points: seen, span, end};
            set(svg, 'viewBox', `0 0 ${width} ${HEIGHT}`);
            drawAxes(axes, {width, top, span});
            lines.forEach(({area, line}, i) => {
                const path = pathOf(seen, i + 1, place, gapMs);

                set(line, 'd', path);
                if (area !== null)
                    set(area, 'd', areaOf(path, bottom));
            });
            sayValues();
        },
    };
}
