/* SPDX-License-Identifier: MIT */
/* The words of verdicts, rules, findings and families: for ever, alerts and scripts stand on them.
 */
#include "resolver/audit/judge.h"

#include <assert.h>

const char *verdict_word(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_NO_DATA:
        return "NO_DATA";
    case VERDICT_INELIGIBLE:
        return "INELIGIBLE";
    case VERDICT_UNUSABLE:
        return "UNUSABLE";
    case VERDICT_CONSISTENT:
        return "CONSISTENT";
    case VERDICT_STALE:
        return "STALE";
    case VERDICT_DOWNGRADE:
        return "DOWNGRADE";
    case VERDICT_INCONCLUSIVE:
        return "INCONCLUSIVE";
    case VERDICT_SUSPECTED:
        return "SUSPECTED";
    case VERDICT_PROBABLE:
        return "PROBABLE";
    case VERDICT_FILTERED_DECLARED:
        return "FILTERED_DECLARED";
    case VERDICT_CONFIRMED:
        return "CONFIRMED";
    }
    assert(false);
    return "";
}

const char *rule_word(enum rule rule)
{
    static const char *const words[N_RULES] = {
        [RULE_NONE] = "",   [RULE_G1] = "G1",     [RULE_G2] = "G2",   [RULE_G3] = "G3",
        [RULE_G4] = "G4",   [RULE_S1] = "S1",     [RULE_P2] = "P2",   [RULE_P3] = "P3",
        [RULE_G5] = "G5",   [RULE_G6] = "G6",     [RULE_S2] = "S2",   [RULE_S3] = "S3",
        [RULE_S4] = "S4",   [RULE_S5] = "S5",     [RULE_S6] = "S6",   [RULE_S9] = "S9",
        [RULE_P1] = "P1",   [RULE_P4] = "P4",     [RULE_P5] = "P5",   [RULE_P6] = "P6",
        [RULE_P7] = "P7",   [RULE_P8] = "P8",     [RULE_P9] = "P9",   [RULE_P10] = "P10",
        [RULE_P11] = "P11", [RULE_ST1] = "ST1",   [RULE_ST2] = "ST2", [RULE_ST3] = "ST3",
        [RULE_ST4] = "ST4", [RULE_T10] = "T10",   [RULE_T11] = "T11", [RULE_T12] = "T12",
        [RULE_N3] = "N3",   [RULE_WEAK] = "WEAK",
    };
    return words[rule];
}

const char *finding_word(enum finding finding)
{
    static const char *const words[N_FINDINGS] = {
        [FINDING_NONE] = "NONE",
        [FINDING_HIJACK_BOGON] = "HIJACK_BOGON",
        [FINDING_FILTERED_LOCAL_OR_ISP] = "FILTERED_LOCAL_OR_ISP",
        [FINDING_NXDOMAIN_REWRITE] = "NXDOMAIN_REWRITE",
        [FINDING_HIJACK_REDIRECT] = "HIJACK_REDIRECT",
        [FINDING_INJECTION] = "INJECTION",
        [FINDING_PATH_INTERCEPTED] = "PATH_INTERCEPTED",
        [FINDING_HIJACK_FORGED] = "HIJACK_FORGED",
        [FINDING_BLOCKED_NEGATIVE] = "BLOCKED_NEGATIVE",
        [FINDING_FILTERED_DECLARED] = "FILTERED_DECLARED",
        [FINDING_CAPTIVE] = "CAPTIVE",
        [FINDING_ISP_RESOLVER_UNUSABLE] = "ISP_RESOLVER_UNUSABLE",
        [FINDING_REBIND] = "REBIND",
        [FINDING_TLS_INTERCEPTED_BY_LOCAL_ROOT] = "TLS_INTERCEPTED_BY_LOCAL_ROOT",
        [FINDING_STALE_DECLARED] = "STALE_DECLARED",
        [FINDING_STALE_TTL] = "STALE_TTL",
        [FINDING_STALE_SIGNATURE] = "STALE_SIGNATURE",
        [FINDING_STALE_LAG] = "STALE_LAG",
        [FINDING_STALE_HARMFUL] = "STALE_HARMFUL",
        [FINDING_AAAA_FILTERED] = "AAAA_FILTERED",
        [FINDING_HTTPS_STRIPPED] = "HTTPS_STRIPPED",
        [FINDING_ECH_STRIPPED] = "ECH_STRIPPED",
        [FINDING_TYPE_UNSUPPORTED] = "TYPE_UNSUPPORTED",
        [FINDING_DNSSEC_STRIPPED] = "DNSSEC_STRIPPED",
    };
    return words[finding];
}

const char *families_text(unsigned families, char out[JUDGE_FAMILIES_TEXT_MAX])
{
    static const char *const words[] = {"message", "path", "endpoint", "behaviour"};
    out[0] = '\0';
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
        if ((families & 1U << i) != 0) {
            strcat(out, out[0] != '\0' ? " " : "");
            strcat(out, words[i]);
        }
    }
    return out;
}
