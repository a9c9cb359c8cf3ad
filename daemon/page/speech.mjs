// SPDX-License-Identifier: MIT
// What a screen reader says by itself: a change of health, and what became of
// something that was asked for. Never what merely goes on.
import {byId, say} from './dom.mjs';

export function speak(text) {
    say(byId('spoken'), text);
}
