// Expressions of a Terraform configuration (--source), evaluated as far as the plan tells what their names mean: which
// one of several things an index picks, what a local holds, which side of a condition is taken. What is not understood
// is unknown, and so is what rests on it; nothing is guessed. For src/aws/terraform only.
//
// A *thing* is an instance of a resource. What only apply tells of it (its id) is a *reference*: the thing and the
// attribute.
// https://developer.hashicorp.com/terraform/language/expressions
#pragma once

#include "aws/terraform/scope.h"

struct value {
    enum value_kind {
        VALUE_UNKNOWN,
        VALUE_ERROR, // Terraform refuses it: what try() passes over
        VALUE_NULL,
        VALUE_BOOL,
        VALUE_NUMBER,
        VALUE_TEXT,
        VALUE_LIST,
        VALUE_MAP, // an object, too; its keys ascend
        VALUE_THING,
        VALUE_REFERENCE,
        VALUE_MODULE, // an instance of one
    } kind;
    bool set;         // of a list: it is a set,
    bool unordered;   // or was one, and in which order its items came is not known
    bool open;        // of a map: a type may add attributes to it
    double number;    // of a bool: 0 or 1
    const char *text; // a text; of a reference the attribute; of a module its instance ("module.net[0].")
    const struct resource *resource;
    VECTOR(const struct value *) items;
    text_list keys; // of a map, one for each item
    // Of values within, each as often as it stands there, and of each 16 bytes of text: what it costs to walk it all.
    double weight;
};

// Where an expression stands.
struct evaluation {
    struct plan_reader *plan;
    struct context context;
    struct arena *arena; // what is made on the way lies here; of what is remembered, the plan's
    int depth;           // of expressions around it, also those of names that led here
};

// A name that a `for` expression gives.
struct binding {
    const char *name;
    const struct value *value;
    const struct binding *outer;
};

// What an expression comes to; never NULL.
const struct value *evaluate(const struct evaluation *evaluation, const char *text);

// ---- Values (functions.c)

extern const struct value unknown_value, error_value, null_value;
struct value *value_new(struct arena *arena, enum value_kind kind);
const struct value *value_text(struct arena *arena, const char *text);
const struct value *value_number(struct arena *arena, double number);
const struct value *value_bool(struct arena *arena, bool yes);
void value_add(struct arena *arena, struct value *list, const struct value *item);
// Puts a member of a map where its keys stay in order; the same key again replaces it.
void value_put(struct arena *arena, struct value *map, const char *key, const struct value *item);
// An element of a list, or a member of a map; of what it is not told whether it has it, unknown.
const struct value *value_at(struct arena *arena, const struct value *of, const struct value *index);
// The text that a number or a text has as a key; NULL of others.
const char *value_key(struct arena *arena, const struct value *value);
// Whether it is surely not null, nor empty.
bool value_is_set(const struct value *value);
enum truth { TRUTH_NO, TRUTH_YES, TRUTH_UNKNOWN };
enum truth value_truth(const struct value *value);
enum truth value_equal(const struct value *a, const struct value *b);
// The side of a condition that is taken, as a value of the type of both.
const struct value *value_chosen(struct arena *arena, const struct value *one, const struct value *other);
// Of an operator with two sides (operators.c).
const struct value *value_joined(struct arena *arena, const char *operator, const struct value * a,
                                 const struct value *b);
const struct value *call_function(struct arena *arena, const char *name, const struct value *arguments);
// The same of those over texts and numbers (text_functions.c).
const struct value *call_text_function(struct arena *arena, const char *name, const struct value *arguments);
const struct value *value_of_json(struct arena *arena, const cJSON *node, int depth);

// ---- Names (names.c)

// "var.x", "local.x", "each.key", "aws_subnet.s", "data.aws_subnet.s" (`second`: "s"), ...
const struct value *value_of_name(const struct evaluation *evaluation, const char *root, const char *name,
                                  const char *second);
// An attribute of a thing or an output of a module.
const struct value *value_of_part(const struct evaluation *evaluation, const struct value *of, const char *name);
