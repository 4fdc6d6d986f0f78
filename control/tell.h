/* SPDX-License-Identifier: MIT */
/* JSON for people: "key: value" lines, sections indented, lists of objects as tables. */
#ifndef CONTROL_TELL_H
#define CONTROL_TELL_H

#include "resolver/jsonv.h"

#include <stdio.h>

/* Control characters are printed as '?': what a network said must not drive a terminal. */
void tell(const struct jsonv *object, FILE *to);

#endif
