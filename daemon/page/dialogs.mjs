// SPDX-License-Identifier: MIT
// The two questions that this page asks: whether it is meant, and for a token.
import {useToken} from './api.mjs';
import {byId, say, show} from './dom.mjs';

let action = null;
let entered = () => {};

// Ask before something is done that can't be taken back. The dialog stays until
// it was done, and says why it was not. A failure of act() says as `done` what
// was done before it, if anything was.
export function confirm({title, text, yes, danger, act}) {
    action = act;
    say(byId('ask-title'), title);
    say(byId('ask-text'), text);
    say(byId('ask-error'), '');
    say(byId('ask-yes'), yes);
    byId('ask-yes').className = danger ? 'danger' : '';
    show(byId('ask-token'), false);
    byId('ask').showModal();
    byId('ask-no').focus(); /* a key too many does nothing */
}

// There is no longer what it was asked about.
export function withdraw() {
    byId('ask').close();
}

async function doIt() {
    byId('ask-yes').disabled = true;
    say(byId('ask-error'), '');
    try {
        await action();
        byId('ask').close();
    } catch (failure) {
        say(byId('ask-error'),
            `${failure.done ?? 'It was not done'}: ${failure.message}.`);
        show(byId('ask-token'),
            failure.status === 401 || failure.status === 403);
    } finally {
        byId('ask-yes').disabled = false;
    }
}

// Ask for a token, and say why.
export function askForToken(reason) {
    say(byId('login-text'), reason);
    say(byId('login-error'), '');
    if (!byId('login').open)
        byId('login').showModal();
    byId('login-token').focus();
}

export function isAskingForToken() {
    return byId('login').open;
}

function takeToken() {
    const field = byId('login-token');

    if (!useToken(field.value.trim())) {
        say(byId('login-error'),
            'A token has 16 to 256 letters, digits and any of -._~+/=');
        field.focus();
        return;
    }
    field.value = '';
    byId('login').close();
    entered();
}

// onToken() is called when there is another one.
export function startDialogs(onToken) {
    entered = onToken;
    byId('ask-form').addEventListener('submit', (event) => {
        event.preventDefault();
        doIt();
    });
    byId('ask-no').addEventListener('click', () => byId('ask').close());
    byId('ask-token').addEventListener('click', () => {
        byId('ask').close();
        askForToken('This takes a token of scope admin.');
    });
    byId('login-form').addEventListener('submit', (event) => {
        event.preventDefault();
        takeToken();
    });
    byId('login-no').addEventListener('click', () => byId('login').close());
    byId('login').addEventListener('close', () => {
        byId('login-token').value = '';
    });
}
