/* SPDX-License-Identifier: MIT */
/* What the tests of the configuration share: a text is taken, or refused with a place and a phrase.
 */
#ifndef TESTS_UNIT_CONFIG_RIG_H
#define TESTS_UNIT_CONFIG_RIG_H

#include "config/config.h"
#include "tests/unit/suite.h"

#include <errno.h>

static struct config_errors errors;

/* gives what the text says. */
static inline struct config *parse(const char *yaml)
{
    struct config *config = NULL;
    int failure = config_parse(bytes_of(yaml, strlen(yaml)), &config, &errors);
    ck_assert_msg(failure == 0, "%u:%u: %s", errors.at[0].line, errors.at[0].column,
                  errors.at[0].text);
    return config;
}

/* The text is refused; its first error stands at that place and holds that phrase. */
static inline void refuses(const char *yaml, unsigned line, unsigned column, const char *phrase)
{
    struct config *config = NULL;
    ck_assert_msg(config_parse(bytes_of(yaml, strlen(yaml)), &config, &errors) == -EINVAL,
                  "taken: %s", yaml);
    ck_assert_ptr_null(config);
    ck_assert_msg(errors.at[0].line == line && errors.at[0].column == column &&
                      strstr(errors.at[0].text, phrase) != NULL,
                  "%s\nsays %u:%u: %s", yaml, errors.at[0].line, errors.at[0].column,
                  errors.at[0].text);
}

/* gives what --show-config prints. */
static inline char *print(const struct config *config)
{
    char *text = NULL;
    size_t n;
    FILE *to = open_memstream(&text, &n);
    config_print(config, to);
    fclose(to);
    return text;
}

#endif
