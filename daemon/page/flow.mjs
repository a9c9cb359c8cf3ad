// SPDX-License-Identifier: MIT
// The two charts: the backlog, and what comes in and goes out.
import {makeChart} from './chart.mjs';
import {byId} from './dom.mjs';
import {now} from './now.mjs';
import {backlogSince, gapMs, lookAtSamples, ratesSince} from './samples.mjs';

const backlogChart = makeChart(byId('chart-backlog'),
    byId('chart-backlog-text'), [['pending', 'pending', true]]);
const rateChart = makeChart(byId('chart-rate'), byId('chart-rate-text'),
    [['in', 'in', false], ['out', 'out', false]]);

// The backlog as it is, which no sample has yet.
let latest = [];

function span() {
    return Number(document.querySelector('input[name=span]:checked').value);
}

export function drawFlow() {
    const end = now();
    const from = end - span();

    backlogChart.draw([...backlogSince(from), ...latest], end, span(), gapMs());
    rateChart.draw(ratesSince(from), end, span(), gapMs());
}

export function followBacklog({ledger}) {
    latest = [[now(), ledger.pending]];
    drawFlow();
}

export async function lookAtFlow() {
    await lookAtSamples();
    drawFlow();
}

for (const choice of document.querySelectorAll('input[name=span]'))
    choice.addEventListener('change', drawFlow);
new ResizeObserver(drawFlow).observe(byId('chart-backlog'));
