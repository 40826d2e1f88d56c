// The grammar of HCL's expressions, read and evaluated in one walk: a `for` expression reads its body once an element.
// https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md#expressions
#include "aws/terraform/evaluate.h"

#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 160, MOST_STEPS = 20000, MOST_STEPS_IN_ALL = 20000000, LONGEST_TEXT = 65536 };
// What evaluating may take: of memory, for one attribute and for all that is remembered; and of work, in values and in
// 16 bytes of text (struct value: weight).
enum { MOST_BYTES = 64 << 20, MOST_BYTES_REMEMBERED = 256 << 20, MOST_WORK = 200000000 };

struct reader {
    const struct evaluation *evaluation;
    struct arena *arena;
    const char *at;
    const struct binding *bound;
    int depth;
    int unknown; // how many values within are: each may be an error
    bool broken; // it is no expression, or one of a form that is not known
};

static const struct value *read_condition(struct reader *reader);

static void charge(struct reader *reader, double work)
{
    reader->evaluation->plan->evaluated_work += work;
}

static bool is_exhausted(const struct reader *reader)
{
    struct plan_reader *plan = reader->evaluation->plan;
    size_t most = reader->arena == plan->evaluated_arena ? MOST_BYTES_REMEMBERED : MOST_BYTES;
    bool too_much = plan->evaluated_in_all > MOST_STEPS_IN_ALL || plan->evaluated_work > MOST_WORK ||
                    arena_used(reader->arena) > most;
    plan->evaluated_too_much = plan->evaluated_too_much || too_much;
    return too_much || plan->evaluated > MOST_STEPS;
}

// ---- Words

static bool is_word(char one)
{
    return (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z') || (one >= '0' && one <= '9') || one == '_';
}

static size_t word_length(const char *at)
{
    size_t length = 0;
    while (is_word(at[length]) || (length > 0 && at[length] == '-' && is_word(at[length + 1])))
        length++;
    return at[0] >= '0' && at[0] <= '9' ? 0 : length;
}

static void skip_blanks(struct reader *reader)
{
    for (;;) {
        reader->at += strspn(reader->at, " \t\r\n");
        if (reader->at[0] == '#' || strncmp(reader->at, "//", 2) == 0) {
            reader->at += strcspn(reader->at, "\n");
        } else if (strncmp(reader->at, "/*", 2) == 0) {
            const char *end = strstr(reader->at + 2, "*/");
            reader->at = end == NULL ? reader->at + strlen(reader->at) : end + 2;
        } else {
            return;
        }
    }
}

static bool takes(struct reader *reader, const char *text)
{
    size_t length = strlen(text);
    skip_blanks(reader);
    if (strncmp(reader->at, text, length) != 0 || (is_word(text[0]) && is_word(reader->at[length])))
        return false;
    reader->at += length;
    return true;
}

static void demand(struct reader *reader, const char *text)
{
    reader->broken = reader->broken || !takes(reader, text);
}

static const char *take_word(struct reader *reader)
{
    skip_blanks(reader);
    size_t length = word_length(reader->at);
    const char *word = arena_strndup(reader->arena, reader->at, length);
    reader->at += length;
    reader->broken = reader->broken || length == 0;
    return word;
}

// ---- Texts

// Behind "${...}", whose value it is. False where it is a directive or has no end.
static bool read_template(struct reader *reader, const struct value **value)
{
    reader->at += 2;
    takes(reader, "~");
    *value = read_condition(reader);
    takes(reader, "~");
    demand(reader, "}");
    return !reader->broken;
}

static const struct value *read_text(struct reader *reader)
{
    struct text bytes = {0};
    const struct value *alone = NULL;
    const char *begin = reader->at;
    bool known = true, refused = false;
    size_t parts = 0;
    for (reader->at++; *reader->at != '"' && !reader->broken;) {
        const char *at = reader->at;
        bool escaped = strncmp(at, "$${", 3) == 0 || strncmp(at, "%%{", 3) == 0;
        if (at[0] == '\0' || (at[0] == '%' && at[1] == '{')) {
            reader->broken = true;
        } else if (at[0] == '$' && at[1] == '{') {
            reader->broken = !read_template(reader, &alone);
            const char *text = reader->broken ? NULL : value_key(reader->arena, alone);
            refused = refused || (!reader->broken && alone->kind == VALUE_ERROR);
            known = known && text != NULL && bytes.length + strlen(text) < LONGEST_TEXT;
            text_puts(&bytes, known ? text : "");
            parts++;
        } else if (at[0] == '\\') {
            static const char *const plain = "nrt\"\\", *const meant = "\n\r\t\"\\";
            const char *found = at[1] == '\0' ? NULL : strchr(plain, at[1]);
            reader->broken = found == NULL;
            text_add(&bytes, found == NULL ? "" : meant + (found - plain), found != NULL);
            reader->at += found == NULL ? 0 : 2;
            parts += 2;
        } else {
            known = known && bytes.length < LONGEST_TEXT;
            text_add(&bytes, at + escaped, !known ? 0 : escaped ? 2 : 1);
            reader->at += escaped ? 3 : 1;
            parts += 2;
        }
    }
    const struct value *value =
        known ? value_text(reader->arena, bytes.bytes == NULL ? "" : bytes.bytes) : &unknown_value;
    text_free(&bytes);
    charge(reader, (double)(reader->at - begin) / 2); // byte by byte
    reader->at += !reader->broken;
    return parts == 1 && alone != NULL ? alone : refused ? &error_value : value;
}

// ---- Collections

// "for KEY, VALUE in COLLECTION : ..." behind the "for", up to the closing bracket.
static const struct value *read_for(struct reader *reader, bool object)
{
    struct arena *arena = reader->arena;
    const char *first = take_word(reader), *second = takes(reader, ",") ? take_word(reader) : NULL;
    demand(reader, "in");
    const struct value *over = read_condition(reader);
    demand(reader, ":");
    const char *body = reader->at;
    struct value *result = value_new(arena, object ? VALUE_MAP : VALUE_LIST);
    bool known = (over->kind == VALUE_LIST || over->kind == VALUE_MAP) && !over->open,
         refused = over->kind == VALUE_ERROR;
    int unknown = reader->unknown;
    result->unordered = over->set || over->unordered;
    // Once more than there are elements, so that what has none is read too.
    for (uint32_t i = 0; i == 0 || (known && i < over->items.count); i++) {
        bool some = known && i < over->items.count;
        const struct value *item = some ? over->items.items[i] : &unknown_value;
        const struct value *key = !some                     ? &unknown_value
                                  : over->kind == VALUE_MAP ? value_text(arena, over->keys.items[i])
                                  : over->set               ? item
                                  : over->unordered         ? &unknown_value
                                                            : value_number(arena, i);
        struct binding outer = {first, second == NULL ? item : key, reader->bound}, inner = {second, item, &outer};
        const struct binding *before = reader->bound;
        reader->at = body;
        reader->bound = second == NULL ? &outer : &inner;
        const struct value *name = object ? read_condition(reader) : NULL;
        if (object)
            demand(reader, "=>");
        const struct value *value = read_condition(reader);
        if (takes(reader, "..."))
            known = false; // values of one key together
        enum truth wanted = takes(reader, "if") ? value_truth(read_condition(reader)) : TRUTH_YES;
        reader->bound = before;
        if (reader->broken)
            return &unknown_value;
        const char *text = object ? value_key(arena, name) : "";
        if (!some)
            reader->unknown = unknown; // nobody asks what there is not
        refused = refused || (some && (value->kind == VALUE_ERROR || (object && name->kind == VALUE_ERROR)));
        if (some && (wanted == TRUTH_UNKNOWN || (wanted == TRUTH_YES && text == NULL)))
            known = false;
        else if (some && wanted == TRUTH_YES && object) {
            charge(reader, result->keys.count / 16.0);
            value_put(arena, result, text, value);
        } else if (some && wanted == TRUTH_YES)
            value_add(arena, result, value);
    }
    demand(reader, object ? "}" : "]");
    return refused ? &error_value : known ? result : &unknown_value;
}

static const struct value *read_list(struct reader *reader)
{
    if (takes(reader, "for"))
        return read_for(reader, false);
    struct value *list = value_new(reader->arena, VALUE_LIST);
    bool refused = false;
    while (!takes(reader, "]") && !reader->broken) {
        const struct value *one = read_condition(reader);
        refused = refused || one->kind == VALUE_ERROR;
        value_add(reader->arena, list, one);
        if (!takes(reader, ",")) {
            demand(reader, "]");
            break;
        }
    }
    return refused ? &error_value : list;
}

static const struct value *read_object(struct reader *reader)
{
    if (takes(reader, "for"))
        return read_for(reader, true);
    struct value *map = value_new(reader->arena, VALUE_MAP);
    bool known = true, refused = false;
    while (!takes(reader, "}") && !reader->broken) {
        const char *key;
        size_t length = word_length(reader->at);
        const char *behind = reader->at + length + strspn(reader->at + length, " \t");
        if (length > 0 && (behind[0] == '=' || behind[0] == ':') && behind[1] != '=') {
            key = take_word(reader);
        } else {
            key = value_key(reader->arena, read_condition(reader));
            known = known && key != NULL;
        }
        if (!takes(reader, "="))
            demand(reader, ":");
        const struct value *value = read_condition(reader);
        refused = refused || value->kind == VALUE_ERROR;
        if (key != NULL)
            value_put(reader->arena, map, key, value);
        takes(reader, ",");
    }
    return refused ? &error_value : known ? map : &unknown_value;
}

// ---- Operands

// What a function costs: it walks its arguments, and some compare or move each element with the others.
static double work_of(const char *name, const struct value *arguments)
{
    static const char *const squares[] = {"distinct", "toset", "setunion", "merge", "zipmap", NULL};
    double count = 0;
    for (uint32_t i = 0; i < arguments->items.count && text_among(name, squares); i++)
        count += arguments->items.items[i]->items.count;
    return arguments->weight + count * count / 4;
}

static const struct value *read_call(struct reader *reader, const char *name)
{
    struct value *arguments = value_new(reader->arena, VALUE_LIST);
    bool known = true, refused = false, catches = strcmp(name, "try") == 0 || strcmp(name, "can") == 0;
    while (!takes(reader, ")") && !reader->broken) {
        int unknown = reader->unknown;
        const struct value *one = read_condition(reader);
        refused = refused || one->kind == VALUE_ERROR;
        if (catches && one->kind != VALUE_ERROR && reader->unknown > unknown)
            one = &unknown_value; // some of it may be an error
        if (takes(reader, "...")) {
            known = known && one->kind == VALUE_LIST && !one->unordered;
            for (uint32_t i = 0; known && i < one->items.count; i++)
                value_add(reader->arena, arguments, one->items.items[i]);
        } else {
            value_add(reader->arena, arguments, one);
        }
        if (!takes(reader, ",")) {
            demand(reader, ")");
            break;
        }
    }
    if (refused && !catches)
        return &error_value;
    charge(reader, work_of(name, arguments));
    if (!known || reader->broken || is_exhausted(reader))
        return &unknown_value;
    const struct value *value = call_function(reader->arena, name, arguments);
    charge(reader, value->weight);
    return value;
}

static const struct value *read_name(struct reader *reader)
{
    const char *root = take_word(reader);
    if (takes(reader, "("))
        return read_call(reader, root);
    if (strcmp(root, "true") == 0 || strcmp(root, "false") == 0)
        return value_bool(reader->arena, root[0] == 't');
    if (strcmp(root, "null") == 0)
        return &null_value;
    for (const struct binding *one = reader->bound; one != NULL; one = one->outer)
        if (strcmp(one->name, root) == 0)
            return one->value;
    demand(reader, ".");
    const char *name = take_word(reader), *second = NULL;
    if (strcmp(root, "data") == 0) {
        demand(reader, ".");
        second = take_word(reader);
    }
    struct evaluation here = *reader->evaluation;
    here.depth = reader->depth;
    if (reader->broken)
        return &unknown_value;
    const struct value *value = value_of_name(&here, root, name, second);
    charge(reader, second == NULL ? 1 : value->weight); // a data source is read anew each time
    return value;
}

static const struct value *read_operand(struct reader *reader)
{
    skip_blanks(reader);
    const struct value *value;
    char *end = NULL;
    switch (*reader->at) {
    case '(':
        reader->at++;
        value = read_condition(reader);
        demand(reader, ")");
        return value;
    case '[':
        reader->at++;
        return read_list(reader);
    case '{':
        reader->at++;
        return read_object(reader);
    case '"':
        return read_text(reader);
    default:
        if (*reader->at < '0' || *reader->at > '9')
            return read_name(reader);
        value = value_number(reader->arena, strtod(reader->at, &end));
        reader->at = end;
        return value;
    }
}

static const struct value *part_of(struct reader *reader, const struct value *of, const struct value *index)
{
    const struct value *part = &unknown_value;
    struct evaluation here = *reader->evaluation;
    here.depth = reader->depth;
    if (of->kind != VALUE_THING && of->kind != VALUE_MODULE)
        part = value_at(reader->arena, of, index);
    else if (index->kind == VALUE_TEXT)
        part = value_of_part(&here, of, index->text);
    reader->unknown += part->kind == VALUE_UNKNOWN;
    charge(reader, of->kind == VALUE_THING ? part->weight : 1);
    return part;
}

// Behind a splat: the parts of each element. `indexes`: "[...]" too is of each (of "[*]", not of ".*").
static const struct value *read_splat(struct reader *reader, const struct value *of, bool indexes)
{
    struct value *list = value_new(reader->arena, VALUE_LIST);
    bool known = of->kind == VALUE_LIST || of->kind == VALUE_THING || of->kind == VALUE_NULL;
    if (of->kind == VALUE_LIST)
        *list = *of;
    else if (of->kind == VALUE_THING)
        value_add(reader->arena, list, of);
    for (;;) {
        const struct value *index = NULL;
        if (reader->at[0] == '.' && word_length(reader->at + 1) > 0) {
            reader->at++;
            index = value_text(reader->arena, take_word(reader));
        } else if (indexes && reader->at[0] == '[' && reader->at[1] != '*') {
            reader->at++;
            index = read_condition(reader);
            demand(reader, "]");
        }
        bool again = strncmp(reader->at, "[*]", 3) == 0 || strncmp(reader->at, ".*", 2) == 0; // of each
        if (index == NULL || reader->broken)
            return known && !again ? list : &unknown_value;
        struct value *parts = value_new(reader->arena, VALUE_LIST);
        parts->unordered = list->set || list->unordered;
        for (uint32_t i = 0; i < list->items.count && !is_exhausted(reader); i++)
            value_add(reader->arena, parts, part_of(reader, list->items.items[i], index));
        known = known && !is_exhausted(reader);
        list = parts;
    }
}

static const struct value *read_traversal(struct reader *reader)
{
    const struct value *value = read_operand(reader);
    while (!reader->broken) {
        if (strncmp(reader->at, "[*]", 3) == 0 || strncmp(reader->at, ".*", 2) == 0) {
            bool full = reader->at[0] == '[';
            reader->at += full ? 3 : 2;
            value = read_splat(reader, value, full);
        } else if (*reader->at == '[') {
            reader->at++;
            const struct value *index = read_condition(reader);
            demand(reader, "]");
            value = part_of(reader, value, index);
        } else if (*reader->at == '.' && word_length(reader->at + 1) > 0) {
            reader->at++;
            value = part_of(reader, value, value_text(reader->arena, take_word(reader)));
        } else if (*reader->at == '.' && reader->at[1] >= '0' && reader->at[1] <= '9') {
            char *end;
            value = part_of(reader, value, value_number(reader->arena, (double)strtoul(reader->at + 1, &end, 10)));
            reader->at = end;
        } else {
            return value;
        }
    }
    return value;
}

static const struct value *read_unary(struct reader *reader)
{
    skip_blanks(reader);
    bool no = reader->at[0] == '!' && reader->at[1] != '=', minus = reader->at[0] == '-';
    if (!no && !minus)
        return read_traversal(reader);
    if (++reader->depth > DEEPEST) {
        reader->broken = true;
        return &unknown_value;
    }
    reader->at++;
    const struct value *of = read_unary(reader);
    reader->depth--;
    enum truth truth = no ? value_truth(of) : TRUTH_UNKNOWN;
    if (minus && of->kind == VALUE_NUMBER)
        return value_number(reader->arena, -of->number);
    return truth == TRUTH_UNKNOWN ? &unknown_value : value_bool(reader->arena, truth == TRUTH_NO);
}

// ---- Operators

// Those of one level, from what binds loosely to what binds tightly; longer ones first.
enum { LEVELS = 6, MOST_OPERATORS = 4 };
static const char *const operators[LEVELS][MOST_OPERATORS] = {
    {"||"}, {"&&"}, {"==", "!="}, {"<=", ">=", "<", ">"}, {"+", "-"}, {"*", "/", "%"}};

static const char *operator_at(struct reader *reader, int level)
{
    skip_blanks(reader);
    for (int i = 0; i < MOST_OPERATORS && operators[level][i] != NULL; i++)
        if (strncmp(reader->at, operators[level][i], strlen(operators[level][i])) == 0)
            return operators[level][i];
    return NULL;
}

static const struct value *read_level(struct reader *reader, int level)
{
    if (level == LEVELS)
        return read_unary(reader);
    const struct value *value = read_level(reader, level + 1);
    for (const char *operator= operator_at(reader, level); operator!= NULL && !reader->broken;
         operator= operator_at(reader, level)) {
        reader->at += strlen(operator);
        value = value_joined(reader->arena, operator, value, read_level(reader, level + 1));
    }
    return value;
}

static const struct value *read_condition(struct reader *reader)
{
    struct plan_reader *plan = reader->evaluation->plan;
    const char *begin = reader->at;
    plan->evaluated++;
    plan->evaluated_in_all++;
    if (++reader->depth > DEEPEST || is_exhausted(reader))
        reader->broken = true;
    const struct value *value = reader->broken ? &unknown_value : read_level(reader, 0);
    if (!reader->broken && takes(reader, "?")) {
        enum truth truth = value_truth(value);
        const struct value *yes = read_condition(reader);
        demand(reader, ":");
        const struct value *no = read_condition(reader);
        value = value->kind == VALUE_ERROR ? value
                : truth == TRUTH_YES       ? value_chosen(reader->arena, yes, no)
                : truth == TRUTH_NO        ? value_chosen(reader->arena, no, yes)
                                           : &unknown_value;
    }
    reader->unknown += value->kind == VALUE_UNKNOWN;
    reader->depth--;
    charge(reader, (double)(reader->at - begin) / 16);
    return value;
}

const struct value *evaluate(const struct evaluation *evaluation, const char *text)
{
    struct reader reader = {evaluation, evaluation->arena, text, NULL, evaluation->depth, 0, false};
    const struct value *value = read_condition(&reader);
    skip_blanks(&reader);
    return reader.broken || *reader.at != '\0' ? &unknown_value : value;
}
