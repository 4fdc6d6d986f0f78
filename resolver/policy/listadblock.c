/* SPDX-License-Identifier: MIT */
/* The domain rules of AdBlock lists. */
#include "resolver/policy/listparts.h"

/* The options behind a rule's '$': False when one of them is more than a resolver can know. */
static bool read_options(struct bytes options, enum list_action *action)
{
    while (options.n > 0) {
        struct bytes option = list_before(options, ',');
        if (list_is(option, "important")) {
            *action = *action == LIST_NAME     ? LIST_IMPORTANT
                      : *action == LIST_EXCEPT ? LIST_ALLOW
                                               : *action;
        } else if (!list_is(option, "all")) {
            return false;
        }
        size_t n = option.n < options.n ? option.n + 1 : option.n;
        options = bytes_of(options.at + n, options.n - n);
    }
    return true;
}

void list_take_adblock(struct list_reader *r, struct bytes line)
{
    uint8_t address[16];
    struct bytes rest = line, after = line, first = list_take_word(&after);
    if (line.at[0] == '!' || line.at[0] == '[') {
        return;
    }
    if (after.n > 0 && list_address(first, address) > 0) {
        list_take_hosts(r, line);
        return;
    }
    enum list_action action = list_take_prefix(&rest, "@@") ? LIST_EXCEPT : LIST_NAME;
    bool tree = list_take_prefix(&rest, "||");
    if (!tree) {
        list_take_prefix(&rest, "|"); /* the name itself, as without */
    }
    struct bytes name = list_before(rest, '$');
    struct bytes options = bytes_of(rest.at + name.n, rest.n - name.n);
    if (options.n > 0 && !read_options(bytes_of(options.at + 1, options.n - 1), &action)) {
        list_skip(r, line);
        return;
    }
    if (name.n > 0 && name.at[name.n - 1] == '|') {
        name.n--;
    }
    if (name.n > 0 && name.at[name.n - 1] == '^') {
        name.n--;
    }
    list_tell_name(r, name, action, tree);
}
