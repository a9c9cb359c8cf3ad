/* SPDX-License-Identifier: MIT */
/*
 * TLS that begins and gets no answer: libcurl reads certificates and keys, and
 * compares them, as soon as it is connected. So it is connected to ourselves,
 * and hung up on. Nobody else is spoken to.
 */
#include "webhook_probe.h"

#include "webhook_handle.h"

#include <collector/error.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* It never takes so long: nobody is waited for. */
#define TIMEOUT_MS 10000

/* How often it is looked whether there is somebody to hang up on. */
#define POLL_MS 10

/**
 * Listen on a name in the abstract namespace, which the system makes up.
 *
 * @param ret_name  As libcurl takes it: without its leading NUL.
 * @return The socket, or -1.
 */
static int
listen_to_ourselves(struct sockaddr_un *ret_name)
{
    const int listener =
        socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof(*ret_name);

    if (listener < 0)
        return -1;
    memset(ret_name, 0, sizeof(*ret_name));
    ret_name->sun_family = AF_UNIX;
    if (bind(listener, (struct sockaddr *)ret_name, sizeof(sa_family_t)) < 0 ||
        listen(listener, 1) < 0 ||
        getsockname(listener, (struct sockaddr *)ret_name, &size) < 0) {
        (void)close(listener); /* nothing came of it */
        return -1;
    }
    return listener;
}

static CURLcode
set_up(CURL *easy, const struct collector_webhook_options *options,
       const struct sockaddr_un *name, char *words)
{
    CURLcode code = collector__webhook_set_up(easy, options);

    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, words);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_URL, "https://127.0.0.1/");
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_PROXY, "");
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_ABSTRACT_UNIX_SOCKET,
                                name->sun_path + 1);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    return code;
}

/** Begin TLS with ourselves, and see how far it comes. */
static CURLcode
begin(CURLM *multi, CURL *easy, int listener)
{
    CURLcode code = CURLE_ABORTED_BY_CALLBACK;
    const CURLMsg *message;
    int running = 1;
    int left;
    int peer;

    if (curl_multi_add_handle(multi, easy) != CURLM_OK)
        return CURLE_OUT_OF_MEMORY;
    while (running > 0 && curl_multi_perform(multi, &running) == CURLM_OK) {
        peer = accept(listener, NULL, NULL);
        if (peer >= 0)
            (void)close(peer); /* nothing was to be read */
        if (running > 0)
            (void)curl_multi_poll(multi, NULL, 0, POLL_MS,
                                  NULL); /* a failure just looks up sooner */
    }
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE)
            code = message->data.result;
    }
    (void)curl_multi_remove_handle(multi, easy);
    return code;
}

/** Whether that is about the files; else it is about who does not answer. */
static int
judge(CURLcode code, const char *words, struct collector_problem *ret_problem)
{
    if (code == CURLE_OUT_OF_MEMORY)
        return COLLECTOR_ERR_NOMEM;
    if (code != CURLE_SSL_CERTPROBLEM && code != CURLE_SSL_CACERT_BADFILE)
        return COLLECTOR_OK;
    ret_problem->index = -1;
    (void)snprintf(ret_problem->text, sizeof(ret_problem->text), "%.*s",
                   (int)sizeof(ret_problem->text) - 1,
                   words[0] != '\0' ? words : curl_easy_strerror(code));
    return COLLECTOR_ERR_INVALID;
}

int
collector__webhook_probe(const struct collector_webhook_options *options,
                         struct collector_problem *ret_problem)
{
    char words[CURL_ERROR_SIZE] = "";
    struct sockaddr_un name;
    CURLcode code = CURLE_OUT_OF_MEMORY;
    CURLM *multi;
    CURL *easy;
    int listener;

    if (options->ca_file == NULL && options->certificate_file == NULL &&
        options->key_file == NULL)
        return COLLECTOR_OK;
    listener = listen_to_ourselves(&name);
    if (listener < 0) /* that may be forbidden: the first delivery will tell */
        return COLLECTOR_OK;
    collector__webhook_init_curl();
    multi = curl_multi_init();
    easy = curl_easy_init();
    if (multi != NULL && easy != NULL)
        code = set_up(easy, options, &name, words);
    if (code == CURLE_OK)
        code = begin(multi, easy, listener);
    curl_easy_cleanup(easy);
    if (multi != NULL)
        (void)curl_multi_cleanup(multi); /* it is empty */
    (void)close(listener);               /* nobody listens any more */
    return judge(code, words, ret_problem);
}
