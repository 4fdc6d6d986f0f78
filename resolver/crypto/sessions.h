/* SPDX-License-Identifier: MIT */
/* TLS sessions that can be resumed by the next connection, on OpenSSL. */
#ifndef RESOLVER_CRYPTO_SESSIONS_H
#define RESOLVER_CRYPTO_SESSIONS_H

/* Before its first connection. OpenSSL forbids that a session be resumed whose connection ended
 * without a farewell, as most do that are given up: whoever keeps the sessions of this SSL_CTX is
 * handed copies, which hear nothing of that. And TLS 1.2 gets tickets, without which only the very
 * machine that it spoke to would know it again. Uses the context's app data. */
void sessions_make_resumable(void *ssl_ctx);

#endif
