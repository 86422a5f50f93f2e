// value_none.c - value.h in a build without jansson: nothing can be parsed, so there are no values.
#include "base/value.h"

#include "base/status.h"

striate_status value_parse(struct value **root, const char *bytes, size_t size, const char *name)
{
    (void)root, (void)bytes, (void)size;
    FAIL(UNSUPPORTED, "%s: this build cannot read JSON: build Striate with jansson", name);
}

void value_free(struct value *root)
{
    (void)root;
}

bool value_is_object(const struct value *value)
{
    (void)value;
    return false;
}

bool value_is_array(const struct value *value)
{
    (void)value;
    return false;
}

const struct value *value_get(const struct value *object, const char *key)
{
    (void)object, (void)key;
    return NULL;
}

size_t value_size(const struct value *value)
{
    (void)value;
    return 0;
}

const struct value *value_at(const struct value *array, size_t index)
{
    (void)array, (void)index;
    return NULL;
}

const char *value_string(const struct value *value)
{
    (void)value;
    return NULL;
}

bool value_integer(const struct value *value, int64_t *integer)
{
    (void)value, (void)integer;
    return false;
}

bool value_number(const struct value *value, double *number)
{
    (void)value, (void)number;
    return false;
}

striate_status value_each(const struct value *object,
                          striate_status (*visit)(void *context, const char *key, const struct value *value), void *context)
{
    (void)object, (void)visit, (void)context;
    return STRIATE_OK;
}
