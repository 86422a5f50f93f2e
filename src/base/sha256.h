// sha256.h - SHA-256 (FIPS 180-4).
#ifndef SHA256_H
#define SHA256_H

#include <stddef.h>

enum { SHA256_TEXT = 65 };
// As 64 hexadecimal digits.
void sha256(char text[SHA256_TEXT], const void *bytes, size_t size);

#endif
