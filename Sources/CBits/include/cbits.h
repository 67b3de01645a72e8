// The few machine operations Swift has no name for: CRC-32C by SSE4.2 (table where absent) and software prefetch.
#ifndef CBITS_H
#define CBITS_H
#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli, reflected 0x82F63B78) of `length` bytes; `seed` is 0 or the result for the bytes before.
uint32_t cbits_crc32c(uint32_t seed, const void *bytes, size_t length);

static inline void cbits_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }
static inline void cbits_prefetch_write(const void *address) { __builtin_prefetch(address, 1, 3); }

#endif
