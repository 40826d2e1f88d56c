// What two values come to by an operator of an expression.
// https://developer.hashicorp.com/terraform/language/expressions/operators
#include "aws/terraform/evaluate.h"

static const struct value *both(struct arena *arena, enum truth a, enum truth b, enum truth decides)
{
    if (a == decides || b == decides)
        return value_bool(arena, decides == TRUTH_YES);
    return a == TRUTH_UNKNOWN || b == TRUTH_UNKNOWN ? &unknown_value : value_bool(arena, decides == TRUTH_NO);
}

static const struct value *reckon(struct arena *arena, const char *operator, double a, double b)
{
    bool whole = b != 0 && a == (double)(long)a && b == (double)(long)b;
    switch (operator[0]) {
    case '<':
        return value_bool(arena, operator[1] == '=' ? a <= b : a<b);
    case '>':
        return value_bool(arena, operator[1] == '=' ? a >= b : a> b);
    case '+':
        return value_number(arena, a + b);
    case '-':
        return value_number(arena, a - b);
    case '*':
        return value_number(arena, a * b);
    case '/':
        return b == 0 ? &error_value : value_number(arena, a / b);
    default:
        return whole ? value_number(arena, (double)((long)a % (long)b)) : &unknown_value;
    }
}

const struct value *value_joined(struct arena *arena, const char *operator, const struct value * a,
                                 const struct value *b)
{
    if (a->kind == VALUE_ERROR)
        return a;
    if (operator[0] == '|' || operator[0] == '&')
        return both(arena, value_truth(a), value_truth(b), operator[0] == '|' ? TRUTH_YES : TRUTH_NO);
    if (operator[1] == '=' &&(operator[0] == '=' || operator[0] == '!')) {
        enum truth equal = value_equal(a, b);
        return equal == TRUTH_UNKNOWN ? &unknown_value
                                      : value_bool(arena, (equal == TRUTH_YES) == (operator[0] == '='));
    }
    bool sane = a->kind == VALUE_NUMBER && b->kind == VALUE_NUMBER && a->number > -1e9 && a->number < 1e9 &&
                b->number > -1e9 && b->number < 1e9;
    return sane ? reckon(arena, operator, a->number, b->number) : &unknown_value;
}
