/* SPDX-License-Identifier: MIT */
/* Real answers, of ../shared/data/hijack: DATASETS.md there says where they come from. */
#include "resolver/audit/judge.h"

#include "tests/unit/said.h"
#include "tests/unit/suite.h"

#include <stdlib.h>

enum { COLUMNS_MAX = 40, LINE_MAX_BYTES = 16384 };

/* Opens a data set; NULL, said aloud, when it is not there. */
static FILE *open_data(const char *name)
{
    const char *shared = getenv("HTTPDNSD_SHARED");
    char path[1024], command[1200];
    snprintf(path, sizeof path, "%s/data/hijack/%s", shared ? shared : "../shared", name);
    FILE *probe = fopen(path, "r");
    if (probe == NULL) {
        printf("skipped: no %s\n", path);
        return NULL;
    }
    fclose(probe);
    snprintf(command, sizeof command, "gzip -dc '%s'", path);
    return popen(command, "r");
}

/* Splits a CSV line in place; quotes are taken off. */
static size_t split(char *line, char *columns[COLUMNS_MAX])
{
    size_t n = 0;
    char *to = line;
    bool quoted = false;
    columns[n++] = to;
    for (char *c = line; *c != '\0' && *c != '\n' && *c != '\r'; c++) {
        if (*c == '"') {
            quoted = !quoted;
        } else if (*c == ',' && !quoted && n < COLUMNS_MAX) {
            *to++ = '\0';
            columns[n++] = to;
        } else {
            *to++ = *c;
        }
    }
    *to = '\0';
    return n;
}

static struct said said_by(const char *rcode, const char *addresses)
{
    if (rcode[0] == '\0') {
        return said_of(addresses);
    }
    struct said said = said_of(addresses[0] ? addresses : "NODATA");
    said.rcode = (uint16_t)atoi(rcode);
    return said;
}

struct tally {
    size_t n_benign, n_error, n_tampered;
    size_t n_alerts_benign, n_alerts_error, n_alerts_tampered, n_probable_tampered;
};

static void tally_add(struct tally *tally, const char *label, enum verdict verdict)
{
    bool alert = verdict == VERDICT_CONFIRMED;
    if (strcmp(label, "benign") == 0) {
        tally->n_benign++;
        tally->n_alerts_benign += alert;
    } else if (strcmp(label, "error") == 0) {
        tally->n_error++;
        tally->n_alerts_error += alert;
    } else if (strcmp(label, "tampered") == 0) {
        tally->n_tampered++;
        tally->n_alerts_tampered += alert;
        tally->n_probable_tampered += verdict >= VERDICT_PROBABLE;
    }
}

/* Columns: see the header line of each file. */
enum { DOMAIN, QTYPE, CONTROL_RCODE, CONTROL_IPS, PROBE_RCODE, PROBE_IPS, LABEL = 9, SCOPE = 16 };

static enum verdict judge_answer_row(char *columns[COLUMNS_MAX], size_t n_columns)
{
    struct judge_case evidence = {.n_meetings = 2};
    uint16_t type = strcmp(columns[QTYPE], "AAAA") == 0 ? TYPE_AAAA : TYPE_A;
    if (name_from_text(columns[DOMAIN], &evidence.question.name) < 0) {
        return VERDICT_INELIGIBLE;
    }
    evidence.question.type = type;
    evidence.question.class = CLASS_IN;
    evidence.local_may_filter = n_columns > SCOPE && strcmp(columns[SCOPE], "private") == 0;
    for (size_t m = 0; m < 2; m++) {
        struct judge_meeting *meeting = &evidence.meetings[m];
        meeting->local = said_by(columns[PROBE_RCODE], columns[PROBE_IPS]);
        meeting->controls[0] = said_by(columns[CONTROL_RCODE], columns[CONTROL_IPS]);
        meeting->controls[1] = meeting->controls[0];
        meeting->n_controls = 2;
    }
    return judge(&evidence).verdict;
}

/* The random name of the row stands for all three of a run. */
static enum verdict judge_nxdomain_row(char *columns[COLUMNS_MAX], size_t n_columns)
{
    ck_assert_uint_gt(n_columns, SCOPE);
    struct judge_probe evidence = {.n_runs = 2};
    evidence.local_may_filter = strcmp(columns[SCOPE], "private") == 0;
    for (size_t r = 0; r < 2; r++) {
        evidence.runs[r].control_name = said_of("93.184.216.34");
        for (unsigned i = 0; i < JUDGE_PROBE_NAMES; i++) {
            struct judge_probe_name *name = &evidence.runs[r].names[i];
            name->tld = i;
            name->meeting.local = said_by(columns[PROBE_RCODE], columns[PROBE_IPS]);
            name->meeting.controls[0] = name->meeting.controls[1] = said_of("NXDOMAIN");
            name->meeting.n_controls = 2;
        }
    }
    return judge_probe(&evidence).verdict;
}

static bool replay(const char *name, struct tally *tally,
                   enum verdict (*judge_columns)(char *columns[COLUMNS_MAX], size_t n_columns))
{
    static char line[LINE_MAX_BYTES];
    *tally = (struct tally){0};
    FILE *data = open_data(name);
    if (data == NULL) {
        return false;
    }
    ck_assert_ptr_nonnull(fgets(line, sizeof line, data));
    while (fgets(line, sizeof line, data) != NULL) {
        char *columns[COLUMNS_MAX];
        size_t n = split(line, columns);
        if (n > LABEL) {
            tally_add(tally, columns[LABEL], judge_columns(columns, n));
        }
    }
    pclose(data);
    printf("%s: benign %zu alerts %zu; error %zu alerts %zu; tampered %zu alerts %zu, at least "
           "probable %zu\n",
           name, tally->n_benign, tally->n_alerts_benign, tally->n_error, tally->n_alerts_error,
           tally->n_tampered, tally->n_alerts_tampered, tally->n_probable_tampered);
    ck_assert_uint_gt(tally->n_benign, 0);
    ck_assert_uint_eq(tally->n_alerts_benign, 0);
    ck_assert_uint_eq(tally->n_alerts_error, 0);
    return true;
}

START_TEST(real_answers_of_honest_resolvers_raise_no_alert)
{
    const char *const files[] = {"facebook_local_vs_public.csv.gz",
                                 "multivantage_benign_pdns.csv.gz"};
    for (size_t i = 0; i < 2; i++) {
        struct tally tally;
        replay(files[i], &tally, judge_answer_row);
    }
}
END_TEST

START_TEST(real_rewrites_are_all_found_and_nothing_else_is)
{
    struct tally tally;
    if (replay("nxdomain_probe.csv.gz", &tally, judge_nxdomain_row)) {
        ck_assert_uint_gt(tally.n_tampered, 0);
        ck_assert_uint_eq(tally.n_alerts_tampered, tally.n_tampered);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        real_answers_of_honest_resolvers_raise_no_alert,
        real_rewrites_are_all_found_and_nothing_else_is,
    };
    return suite_run("judge_replay", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
