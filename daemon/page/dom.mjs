// SPDX-License-Identifier: MIT
// The page's nodes. Whatever comes from outside becomes text, never markup: a
// payload as it was sent, and of all else nothing is hidden. A node that says
// the same already is left alone: with it stay the focus, what is selected, and
// where somebody has scrolled to.
import {visible} from './visible.mjs';

export function byId(id) {
    return document.getElementById(id);
}

function sayExactly(node, text) {
    if (node.textContent !== text)
        node.textContent = text;
}

export function say(node, text) {
    sayExactly(node, visible(text));
}

export function set(node, name, value) {
    if (value === null)
        node.removeAttribute(name);
    else if (node.getAttribute(name) !== String(value))
        node.setAttribute(name, value);
}

export function show(node, visible) {
    if (node.hidden === visible)
        node.hidden = !visible;
}

export function make(name, attributes = {}, children = []) {
    const node = document.createElement(name);

    for (const [key, value] of Object.entries(attributes))
        node.setAttribute(key, value);
    node.append(...children);
    return node;
}

// A table's row. The roles stay when a narrow screen shows it as blocks.
export function makeRow(cells) {
    const row = make('tr', {role: 'row'});

    for (const [name, kind] of cells)
        row.append(make(kind ?? 'td', {
            class: name,
            role: kind === 'th' ? 'rowheader' : 'cell',
            ...(kind === 'th' ? {scope: 'row'} : {}),
        }));
    return row;
}

// By its class.
export function cell(row, name) {
    return row.querySelector(`.${name}`);
}

const keyed = new WeakMap();

// Have a parent show these items in their order: one child for each key, which
// is kept for as long as there is an item with it.
export function list(parent, items, keyOf, makeChild, fill) {
    const children = keyed.get(parent) ?? new Map();
    const keys = new Set(items.map(keyOf));
    const focused = document.activeElement;
    let at;

    keyed.set(parent, children);
    for (const [key, child] of children) {
        if (!keys.has(key)) {
            child.remove();
            children.delete(key);
        }
    }
    at = parent.firstChild;
    for (const item of items) {
        const key = keyOf(item);
        let child = children.get(key);

        if (child === undefined) {
            child = makeChild(item);
            children.set(key, child);
        }
        if (child === at)
            at = at.nextSibling;
        else
            parent.insertBefore(child, at);
        fill(child, item);
    }
    // Who is moved loses it.
    if (focused !== document.activeElement && parent.contains(focused))
        focused.focus({preventScroll: true});
}

// Characters of a payload that a row shows while it is closed.
const SHORT_MAX = 240;

// A button with a text that may be long: pressed, it shows all of it.
export function makeFold() {
    const button = make('button', {
        type: 'button',
        class: 'fold',
        'aria-expanded': 'false',
    });

    button.addEventListener('click', () => {
        const selection = getSelection();

        if (!selection.isCollapsed && selection.containsNode(button, true))
            return; /* somebody copies some of it */
        set(button, 'aria-expanded',
            button.getAttribute('aria-expanded') !== 'true');
        sayFold(button, button.whole);
    });
    return button;
}

export function sayFold(button, text) {
    const open = button.getAttribute('aria-expanded') === 'true';

    button.whole = text;
    show(button, text !== '');
    sayExactly(button, open || text.length <= SHORT_MAX
        ? text : `${text.slice(0, SHORT_MAX)}…`);
}
