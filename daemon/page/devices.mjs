// SPDX-License-Identifier: MIT
// Devices, and for how long each has been silent: counted on between two looks.
import {get} from './api.mjs';
import {byId, cell, list, make, makeRow, say, set, show} from './dom.mjs';
import {showDevice} from './events.mjs';
import {now} from './now.mjs';
import {count, duration, moment, utc} from './words.mjs';

const COUNT_MAX = 1000;

// Suggestions for the filter of events.
const KNOWN_MAX = 200;

let devices = [];
let sort = {by: 'silent', down: true};
let wake = () => {};

function silentMs(device) {
    return Math.max(0, now() - device.last_seen_at);
}

function compare(a, b) {
    const order = sort.by === 'silent'
        ? b.last_seen_at - a.last_seen_at
        : a.device_id.localeCompare(b.device_id, 'en', {numeric: true});

    return (sort.down ? -order : order) || a.id - b.id;
}

function makeDeviceRow(device) {
    const row = makeRow([['device', 'th'], ['silent'], ['time']]);
    const button = make('button', {
        type: 'button',
        class: 'link',
        title: 'Its events',
    });

    say(button, device.device_id);
    button.addEventListener('click', () => showDevice(device.device_id));
    cell(row, 'device').append(button, make('span', {class: 'soft label'}));
    return row;
}

function fillDeviceRow(row, device) {
    say(cell(row, 'label'), device.label ?? '');
    say(cell(row, 'silent'), duration(silentMs(device)));
    say(cell(row, 'time'), moment(device.last_seen_at, now()));
    set(cell(row, 'time'), 'title', utc(device.last_seen_at));
}

function sayHeads() {
    for (const button of document.querySelectorAll('#devices .sort'))
        set(button.parentNode, 'aria-sort', button.dataset.sort !== sort.by
            ? null : sort.down ? 'descending' : 'ascending');
}

function drawDevices() {
    devices.sort(compare);
    list(byId('devices').tBodies[0], devices, (device) => device.id,
        makeDeviceRow, fillDeviceRow);
    sayHeads();
    say(byId('devices-empty'), byId('silent').value === '0'
        ? 'No devices yet.' : 'None has been silent for so long.');
    show(byId('devices-empty'), devices.length === 0);
}

// With more than in one answer, that has the first by their ids, and the order
// of the table is one among these.
function noteOf(silent, more, stats) {
    const number = count(devices.length);

    if (!more)
        return number;
    return silent > 0 ? `the first ${number} of these, sorted among themselves`
        : `the first ${number} of ${count(stats.store.devices_seen)}, sorted ` +
            'among themselves: “Silent for” looks at all';
}

export async function lookAtDevices(stats) {
    const silent = Number(byId('silent').value);
    const answer = await get('/devices', {
        limit: COUNT_MAX,
        seen_before: silent > 0 ? Math.floor(now()) - silent : 0,
    });

    devices = answer.devices;
    say(byId('devices-note'), noteOf(silent, answer.next !== null, stats));
    list(byId('known-devices'), devices.slice(0, KNOWN_MAX),
        (device) => device.id, () => make('option'),
        (option, device) => set(option, 'value', device.device_id));
    drawDevices();
}

export function forgetDevices() {
    devices = [];
    drawDevices();
}

// A second later.
export function tickDevices() {
    for (const device of devices.keys())
        fillDeviceRow(byId('devices').tBodies[0].rows[device], devices[device]);
}

export function startDevices(poke) {
    wake = poke;
    byId('silent').addEventListener('change', () => wake());
    for (const button of document.querySelectorAll('#devices .sort'))
        button.addEventListener('click', () => {
            const by = button.dataset.sort;

            sort = {by, down: sort.by === by ? !sort.down : by === 'silent'};
            drawDevices();
        });
}
