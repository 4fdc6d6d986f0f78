/* SPDX-License-Identifier: MIT */
/* httpdnsctl judge: evidence in, a line each; a verdict out, a line each (doc/evidence.md). Needs
 * no daemon. Bounds: one line and one case at a time. */
#include "control/command.h"

#include "resolver/audit/evidence_json.h"
#include "resolver/audit/fingerprint.h"
#include "resolver/wire/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct replay {
    const char *file; /* as it is named in messages */
    uint64_t line;
    bool json;
    bool bad;    /* a line could not be read */
    bool unsaid; /* a verdict could not be written */
    const struct fingerprints *lists;
    struct evidence evidence;
};

static void mark(struct replay *r)
{
    if (r->evidence.kind != EVIDENCE_NAME) {
        return;
    }
    struct judge_case *c = &r->evidence.name;
    for (size_t m = 0; m < c->n_meetings; m++) {
        struct judge_meeting *meeting = &c->meetings[m];
        fingerprints_mark(r->lists, &meeting->local);
        for (size_t i = 0; i < meeting->n_controls; i++) {
            fingerprints_mark(r->lists, &meeting->controls[i]);
        }
    }
}

/* The writer's word for the case, as one word: it must not break the line, nor command a terminal.
 */
static void put_id(const char *id, char out[EVIDENCE_ID_MAX])
{
    size_t at = 0;
    while (id[at] != '\0') {
        size_t n = id[at] != ' ' ? text_character(id + at) : 0;
        out[at] = '_';
        memcpy(out + at, id + at, n);
        at += n > 0 ? n : 1;
    }
    out[at] = '\0';
}

/* "12 CONFIRMED P2 message HIJACK_BOGON 10.10.34.34": the id or the line's number first; "-" stands
 * for nothing, and "," joins families. */
static int print_words(const struct replay *r, const struct judgement *judgement)
{
    char families[JUDGE_FAMILIES_TEXT_MAX], artefact[ADDRESS_TEXT_MAX] = "-", id[EVIDENCE_ID_MAX];
    families_text(judgement->families, families);
    for (char *c = families; *c != '\0'; c++) {
        *c = *c == ' ' ? ',' : *c;
    }
    if (judgement->artefact.n != 0) {
        address_to_text(&judgement->artefact, artefact);
    }
    snprintf(id, sizeof id, "%llu", (unsigned long long)r->line);
    if (r->evidence.id[0] != '\0') {
        put_id(r->evidence.id, id);
    }
    const char *rule = rule_word(judgement->rule);
    return printf("%s %s %s %s %s %s\n", id, verdict_word(judgement->verdict), rule[0] ? rule : "-",
                  families[0] ? families : "-", finding_word(judgement->finding), artefact);
}

static int print_judgement(const struct replay *r, const struct judgement *judgement)
{
    if (!r->json) {
        return print_words(r, judgement);
    }
    char *text = evidence_write_judgement(judgement, r->line, r->evidence.id);
    int n = text != NULL ? puts(text) : -1;
    free(text);
    return n;
}

/* False when the output is at an end. */
static bool judge_line(struct replay *r, struct bytes line)
{
    char why[EVIDENCE_WHY_MAX];
    if (evidence_read(line, &r->evidence, why) < 0) {
        fprintf(stderr, "httpdnsctl: %s:%llu: %s\n", r->file, (unsigned long long)r->line, why);
        r->bad = true;
        return true;
    }
    mark(r);
    struct judgement judgement = evidence_judge(&r->evidence);
    return print_judgement(r, &judgement) >= 0;
}

enum take { TAKE_LINE = 1, TAKE_LONG, TAKE_END };

/* The next line without its end, in `line`; what does not fit is skipped. */
static enum take take_line(FILE *from, char *line, size_t size, size_t *ret_n)
{
    size_t n = 0;
    int c;
    while ((c = getc_unlocked(from)) != EOF && c != '\n') {
        if (n < size) {
            line[n] = (char)c;
        }
        n++;
    }
    *ret_n = n;
    if (c == EOF && n == 0) {
        return TAKE_END;
    }
    return n > size ? TAKE_LONG : TAKE_LINE;
}

static bool is_blank(const char *line, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r') {
            return false;
        }
    }
    return true;
}

static bool judge_lines(struct replay *r, FILE *from, char *line)
{
    size_t n;
    enum take take;
    while ((take = take_line(from, line, EVIDENCE_LINE_MAX, &n)) != TAKE_END) {
        r->line++;
        if (take == TAKE_LONG) {
            fprintf(stderr, "httpdnsctl: %s:%llu: longer than %d octets\n", r->file,
                    (unsigned long long)r->line, EVIDENCE_LINE_MAX);
            r->bad = true;
        } else if (!is_blank(line, n) && !judge_line(r, bytes_of(line, n))) {
            r->unsaid = true;
            return false;
        }
    }
    bool read = ferror(from) == 0;
    r->unsaid = fflush(stdout) != 0;
    return read && !r->unsaid;
}

static bool judge_file(struct replay *r, const char *name)
{
    bool standard = strcmp(name, "-") == 0;
    FILE *from = standard ? stdin : fopen(name, "re");
    char *line = malloc(EVIDENCE_LINE_MAX);
    bool good = from != NULL && line != NULL;
    r->file = standard ? "standard input" : name;
    r->line = 0;
    good = good && judge_lines(r, from, line);
    if (!good) {
        const char *what = r->unsaid ? "standard output" : r->file;
        fprintf(stderr, "httpdnsctl: %s: %s\n", what, strerror(errno));
    }
    free(line);
    if (from != NULL && !standard) {
        fclose(from);
    }
    return good;
}

int command_judge(const struct command_options *options, int n, char **arguments)
{
    struct fingerprints *lists = fingerprints_new();
    struct replay *r = calloc(1, sizeof *r);
    int result = COMMAND_USAGE;
    if (lists == NULL || r == NULL) {
        fprintf(stderr, "httpdnsctl: out of memory\n");
        goto out;
    }
    r->json = options->json;
    r->lists = lists;
    for (int i = 1; i < n; i++) {
        char why[FINGERPRINTS_WHY_MAX];
        if (fingerprints_load(lists, arguments[i], why) < 0) {
            fprintf(stderr, "httpdnsctl: %s\n", why);
            goto out;
        }
    }
    fingerprints_sort(lists);
    result = judge_file(r, arguments[0]) ? COMMAND_OK : COMMAND_NO_REPLY;
    result = result == COMMAND_OK && r->bad ? COMMAND_USAGE : result;
out:
    free(r);
    fingerprints_free(lists);
    return result;
}
