/* SPDX-License-Identifier: MIT */
/* httpdnsctl providers --presets: the built-in providers. Asks nobody. */
#include "config/presets.h"
#include "control/command.h"
#include "resolver/jsonv.h"

#include <stdio.h>
#include <stdlib.h>

static const char *filter_of(const struct preset *p)
{
    return p->filter != NULL ? p->filter : "-";
}

static void print_table(void)
{
    static const char form[] = "%-24s %-7s %-9s %-34s %-50s %s\n";
    printf(form, "ID", "DNSSEC", "ECS", "FILTER", "URL", "LOGS");
    for (size_t i = 0; preset_at(i) != NULL; i++) {
        const struct preset *p = preset_at(i);
        printf(form, p->id, p->dnssec, p->ecs, filter_of(p), p->url, p->logging);
    }
}

static void put_preset(struct jsonv_builder *b, const struct preset *p)
{
    jsonv_begin_object(b, NULL);
    jsonv_put_string(b, "id", p->id);
    jsonv_put_string(b, "name", p->title);
    jsonv_put_string(b, "url", p->url);
    jsonv_put_string(b, "dnssec", p->dnssec);
    jsonv_put_string(b, "ecs", p->ecs);
    jsonv_put_string(b, "filter", p->filter);
    jsonv_put_bool(b, "filtering", p->filtering);
    jsonv_put_string(b, "logging", p->logging);
    jsonv_begin_array(b, "addresses");
    for (size_t i = 0; p->addresses[i] != NULL; i++) {
        jsonv_put_string(b, NULL, p->addresses[i]);
    }
    jsonv_end(b);
    jsonv_end(b);
}

static int print_json(void)
{
    struct jsonv_builder *b = jsonv_build();
    if (b == NULL) {
        return COMMAND_NO_REPLY;
    }
    jsonv_begin_array(b, "presets");
    for (size_t i = 0; preset_at(i) != NULL; i++) {
        put_preset(b, preset_at(i));
    }
    jsonv_end(b);
    char *text = jsonv_finish(b, true);
    if (text == NULL) {
        return COMMAND_NO_REPLY;
    }
    puts(text);
    free(text);
    return COMMAND_OK;
}

int command_presets(const struct command_options *options)
{
    if (options->json) {
        return print_json();
    }
    print_table();
    return COMMAND_OK;
}
