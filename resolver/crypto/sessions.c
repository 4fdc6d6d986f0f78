/* SPDX-License-Identifier: MIT */
#include "resolver/crypto/sessions.h"

#include <string.h>

#include <openssl/ssl.h>

typedef int keeper(SSL *ssl, SSL_SESSION *session);

_Static_assert(sizeof(keeper *) == sizeof(void *), "a function fits the app data");

static keeper *keeper_of(const SSL_CTX *context)
{
    const void *data = SSL_CTX_get_app_data(context);
    keeper *keep;
    memcpy(&keep, &data, sizeof keep);
    return keep;
}

/* What the keeper takes is his; what OpenSSL offers stays its own. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
    SSL_SESSION *copy = SSL_SESSION_dup(session);
    if (copy != NULL && keeper_of(SSL_get_SSL_CTX(ssl))(ssl, copy) == 0) {
        SSL_SESSION_free(copy);
    }
    return 0;
}

void sessions_make_resumable(void *ssl_ctx)
{
    keeper *keep = SSL_CTX_sess_get_new_cb(ssl_ctx);
    void *data;
    SSL_CTX_clear_options(ssl_ctx, SSL_OP_NO_TICKET);
    memcpy(&data, &keep, sizeof data);
    if (keep != NULL && SSL_CTX_set_app_data((SSL_CTX *)ssl_ctx, data) == 1) {
        SSL_CTX_sess_set_new_cb(ssl_ctx, on_session);
    }
}
