// SPDX-License-Identifier: MIT
// Numbers, times and sizes as they are read.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const whole = new Intl.NumberFormat('en', {maximumFractionDigits: 0});
const tenths = new Intl.NumberFormat('en', {maximumFractionDigits: 1});

export function count(number) {
    return whole.format(number);
}

export function rate(number) {
    return number < 100 ? tenths.format(number) : whole.format(number);
}

export function plural(number, noun) {
    return `${count(number)} ${noun}${number === 1 ? '' : 's'}`;
}

export function size(bytes) {
    const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
    let i = 0;

    while (bytes >= 1024 && i < units.length - 1) {
        bytes /= 1024;
        i++;
    }
    return `${i > 0 && bytes < 100 ? tenths.format(bytes) : whole.format(bytes)
    } ${units[i]}`;
}

function two(ms, large, largeWord, small, smallWord) {
    const rest = Math.floor((ms % large) / small);

    return `${count(Math.floor(ms / large))} ${largeWord}` +
        (rest > 0 ? ` ${rest} ${smallWord}` : '');
}

// In one unit or two, without those that say nothing any more.
export function duration(ms) {
    if (ms < SECOND)
        return '0 s';
    if (ms < MINUTE)
        return `${Math.floor(ms / SECOND)} s`;
    if (ms < 10 * MINUTE)
        return two(ms, MINUTE, 'min', SECOND, 's');
    if (ms < HOUR)
        return `${Math.floor(ms / MINUTE)} min`;
    if (ms < DAY)
        return two(ms, HOUR, 'h', MINUTE, 'min');
    return two(ms, DAY, 'd', HOUR, 'h');
}

// What took so long: also when it was short.
export function took(ms) {
    return ms < SECOND ? `${Math.max(0, ms)} ms` : duration(ms);
}

function pad(number, digits = 2) {
    return String(number).padStart(digits, '0');
}

function dayOf(date) {
    return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-` +
        pad(date.getDate());
}

export function clock(at) {
    const date = new Date(at);

    return `${pad(date.getHours())}:${pad(date.getMinutes())}:` +
        pad(date.getSeconds());
}

// A moment, where the browser is: with its day unless that is today's.
export function moment(at, now) {
    const date = new Date(at);

    if (Number.isNaN(date.getTime()))
        return String(at); /* beyond what a date can be */
    return dayOf(date) === dayOf(new Date(now))
        ? clock(at) : `${dayOf(date)} ${clock(at)}`;
}

// The same moment for whoever compares it with a log.
export function utc(at) {
    const date = new Date(at);

    return Number.isNaN(date.getTime()) ? String(at) : date.toISOString();
}

// Where the browser is: by name, and how far ahead of UTC it is then.
export function zone(at) {
    const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const ahead = -new Date(at).getTimezoneOffset();
    const hours = pad(Math.floor(Math.abs(ahead) / 60));
    const minutes = pad(Math.abs(ahead) % 60);

    return name === 'UTC' ? name
        : `${name} (UTC${ahead < 0 ? '−' : '+'}${hours}:${minutes})`;
}
