// value.c - jansson behind value.h.
#include "base/value.h"

#include "base/status.h"

#include <jansson.h>

static json_t *in(const struct value *value)
{
    return (json_t *)(uintptr_t)value;
}

static const struct value *out(const json_t *json)
{
    return (const struct value *)json;
}

striate_status value_parse(struct value **root, const char *bytes, size_t size, const char *name)
{
    json_error_t error;
    json_t *json = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &error);
    if (!json) FAIL(BAD_FILE, "%s: JSON, line %d, column %d: %s", name, error.line, error.column, error.text);
    *root = (struct value *)json;
    return STRIATE_OK;
}

void value_free(struct value *root)
{
    json_decref(in(root));
}

bool value_is_object(const struct value *value)
{
    return json_is_object(in(value));
}

bool value_is_array(const struct value *value)
{
    return json_is_array(in(value));
}

const struct value *value_get(const struct value *object, const char *key)
{
    return out(json_object_get(in(object), key));
}

size_t value_size(const struct value *value)
{
    return value_is_array(value) ? json_array_size(in(value)) : json_object_size(in(value));
}

const struct value *value_at(const struct value *array, size_t index)
{
    return out(json_array_get(in(array), index));
}

const char *value_string(const struct value *value)
{
    return json_string_value(in(value));
}

bool value_integer(const struct value *value, int64_t *integer)
{
    if (!json_is_integer(in(value))) return false;
    *integer = json_integer_value(in(value));
    return true;
}

bool value_number(const struct value *value, double *number)
{
    if (!json_is_number(in(value))) return false;
    *number = json_number_value(in(value));
    return true;
}

striate_status value_each(const struct value *object,
                          striate_status (*visit)(void *context, const char *key, const struct value *value), void *context)
{
    const char *key;
    json_t *member;
    json_object_foreach(in(object), key, member) TRY(visit(context, key, out(member)));
    return STRIATE_OK;
}
