/* SPDX-License-Identifier: MIT */
/* Races without a network: the test says which replies come. Linked instead of
 * resolver/audit/race.c. */
#ifndef TESTS_UNIT_FAKE_RACE_H
#define TESTS_UNIT_FAKE_RACE_H

#include "resolver/audit/race.h"

/* To be set: fills in what comes within the window. */
extern void (*fake_race_respond)(const char *server, const struct question *question,
                                 struct race *race);
/* Of the next race_start(); stays until changed. */
extern int fake_race_failure;
extern size_t fake_race_n_live;

#endif
