// SPDX-License-Identifier: MIT
// Light or dark: as the system has it, or as somebody wants it for as long as
// the page is open.
import {byId, say, set} from './dom.mjs';

const THEMES = ['system', 'light', 'dark'];

export function startTheme() {
    let theme = 0;

    byId('theme').addEventListener('click', () => {
        theme = (theme + 1) % THEMES.length;
        set(document.documentElement, 'data-theme',
            theme === 0 ? null : THEMES[theme]);
        say(byId('theme'), `Theme: ${THEMES[theme]}`);
    });
}
