/* SPDX-License-Identifier: MIT */
#include "config/yaml.h"

#include <errno.h>

#include <yaml.h>

struct builder {
    yaml_parser_t parser;
    struct config_arena *arena;
    struct config_errors *errors;
    unsigned n_nodes;
};

static int build_node(struct builder *b, const yaml_event_t *event, unsigned depth,
                      struct yaml_node **ret_node);

static int refuse(struct builder *b, const yaml_mark_t *mark, const char *why)
{
    errors_add(b->errors, (unsigned)mark->line + 1, (unsigned)mark->column + 1, "%s", why);
    return -EINVAL;
}

static int next_event(struct builder *b, yaml_event_t *event)
{
    if (yaml_parser_parse(&b->parser, event)) {
        return 0;
    }
    if (b->parser.error == YAML_MEMORY_ERROR) {
        return -ENOMEM;
    }
    if (b->parser.error == YAML_READER_ERROR) {
        errors_add(b->errors, 0, 0, "not valid UTF-8 text: %s at octet %zu", b->parser.problem,
                   b->parser.problem_offset);
        return -EINVAL;
    }
    const char *problem = b->parser.problem != NULL ? b->parser.problem : "not valid YAML";
    return refuse(b, &b->parser.problem_mark, problem);
}

/* What a configuration does not need. NULL when the event is plain. */
static const char *unwanted(const yaml_event_t *event)
{
    bool anchor = false, tag = false;
    switch ((int)event->type) {
    case YAML_ALIAS_EVENT:
        return "aliases are not allowed: write the value out";
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor != NULL;
        tag = event->data.scalar.tag != NULL;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = event->data.sequence_start.anchor != NULL;
        tag = event->data.sequence_start.tag != NULL;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = event->data.mapping_start.anchor != NULL;
        tag = event->data.mapping_start.tag != NULL;
        break;
    default:
        break;
    }
    if (anchor) {
        return "anchors are not allowed: write the value out";
    }
    return tag ? "tags are not allowed: remove it" : NULL;
}

static const char *take_text(struct builder *b, const yaml_event_t *event)
{
    return arena_text(b->arena, (const char *)event->data.scalar.value, event->data.scalar.length);
}

static const struct yaml_node *find_key(const struct yaml_node *mapping, const char *key)
{
    for (const struct yaml_node *n = mapping->first; n != NULL; n = n->next) {
        if (strcmp(n->key, key) == 0) {
            return n;
        }
    }
    return NULL;
}

/* Reads the value of the key that `key_event` holds, and hangs it in at *link; but for a key that
 * stands there already: no reader has to expect that it is called twice. */
static int build_pair(struct builder *b, const yaml_event_t *key_event, struct yaml_node *mapping,
                      unsigned depth, struct yaml_node **link)
{
    const yaml_mark_t *mark = &key_event->start_mark;
    const char *why = unwanted(key_event);
    if (why != NULL || key_event->type != YAML_SCALAR_EVENT) {
        return refuse(b, mark, why != NULL ? why : "a key must be a word");
    }
    const char *key = take_text(b, key_event);
    if (key == NULL) {
        return -ENOMEM;
    }
    const struct yaml_node *twin = find_key(mapping, key);
    if (twin != NULL) {
        errors_add(b->errors, (unsigned)mark->line + 1, (unsigned)mark->column + 1,
                   "key '%.60s' stands here twice: first in line %u", key, twin->key_line);
    }
    yaml_event_t event;
    int failure = next_event(b, &event);
    if (failure < 0) {
        return failure;
    }
    struct yaml_node *value = NULL;
    failure = build_node(b, &event, depth + 1, &value);
    yaml_event_delete(&event);
    if (failure < 0) {
        return failure;
    }
    value->key = key;
    value->key_line = (unsigned)mark->line + 1;
    value->key_column = (unsigned)mark->column + 1;
    *link = twin == NULL ? value : NULL;
    return 0;
}

/* The children up to the end of a sequence or mapping, hung in in order. */
static int build_children(struct builder *b, struct yaml_node *node, unsigned depth)
{
    struct yaml_node **link = &node->first;
    for (;;) {
        yaml_event_t event;
        int failure = next_event(b, &event);
        if (failure < 0) {
            return failure;
        }
        bool end = event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT;
        if (!end && node->kind == YAML_MAPPING) {
            failure = build_pair(b, &event, node, depth, link);
        } else if (!end) {
            failure = build_node(b, &event, depth + 1, link);
        }
        yaml_event_delete(&event);
        if (failure < 0 || end) {
            return failure;
        }
        link = *link != NULL ? &(*link)->next : link;
    }
}

static int build_scalar(struct builder *b, const yaml_event_t *event, struct yaml_node *node)
{
    if (memchr(event->data.scalar.value, 0, event->data.scalar.length) != NULL) {
        return refuse(b, &event->start_mark, "a NUL character cannot stand here");
    }
    node->kind = YAML_SCALAR;
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node->text = take_text(b, event);
    return node->text != NULL ? 0 : -ENOMEM;
}

static int build_node(struct builder *b, const yaml_event_t *event, unsigned depth,
                      struct yaml_node **ret_node)
{
    const char *why = unwanted(event);
    if (depth > YAML_DEPTH_MAX) {
        why = "nested deeper than 16 levels";
    } else if (++b->n_nodes > YAML_NODES_MAX) {
        why = "more than 10000 values";
    }
    if (why != NULL) {
        return refuse(b, &event->start_mark, why);
    }
    struct yaml_node *node = arena_take(b->arena, sizeof *node);
    if (node == NULL) {
        return -ENOMEM;
    }
    node->line = (unsigned)event->start_mark.line + 1;
    node->column = (unsigned)event->start_mark.column + 1;
    *ret_node = node;
    if (event->type == YAML_SCALAR_EVENT) {
        return build_scalar(b, event, node);
    }
    node->kind = event->type == YAML_SEQUENCE_START_EVENT ? YAML_SEQUENCE : YAML_MAPPING;
    return build_children(b, node, depth);
}

/* Stream start, at most one document, stream end. */
static int build_document(struct builder *b, struct yaml_node **ret_root)
{
    bool has_document = false;
    for (;;) {
        yaml_event_t event;
        int failure = next_event(b, &event);
        if (failure < 0) {
            return failure;
        }
        bool end = event.type == YAML_STREAM_END_EVENT;
        if (event.type == YAML_DOCUMENT_START_EVENT && has_document) {
            failure =
                refuse(b, &event.start_mark, "only one document is allowed: remove the '---'");
        } else if (event.type == YAML_DOCUMENT_START_EVENT) {
            has_document = true;
        } else if (event.type == YAML_SCALAR_EVENT || event.type == YAML_ALIAS_EVENT ||
                   event.type == YAML_SEQUENCE_START_EVENT ||
                   event.type == YAML_MAPPING_START_EVENT) {
            failure = build_node(b, &event, 1, ret_root);
        }
        yaml_event_delete(&event);
        if (failure < 0 || end) {
            return failure;
        }
    }
}

/* Some editors put a byte order mark in front; libyaml would count it as the first column. */
static struct bytes without_mark(struct bytes text)
{
    static const char mark[] = "\xef\xbb\xbf";
    size_t n = sizeof mark - 1;
    bool has_mark = text.n >= n && memcmp(text.at, mark, n) == 0;
    return has_mark ? bytes_of(text.at + n, text.n - n) : text;
}

int yaml_parse(struct bytes text, struct config_arena *arena, struct yaml_node **ret_root,
               struct config_errors *errors)
{
    struct builder b = {.arena = arena, .errors = errors};
    struct yaml_node *root = NULL;
    if (text.n > YAML_BYTES_MAX) {
        errors_add(errors, 0, 0, "larger than 1 MiB: this is no configuration");
        return -EINVAL;
    }
    if (!yaml_parser_initialize(&b.parser)) {
        return -ENOMEM;
    }
    yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
    text = without_mark(text);
    yaml_parser_set_input_string(&b.parser, text.at != NULL ? text.at : (const uint8_t *)"",
                                 text.n);
    int failure = build_document(&b, &root);
    yaml_parser_delete(&b.parser);
    if (failure == 0) {
        *ret_root = root;
    }
    return failure;
}
