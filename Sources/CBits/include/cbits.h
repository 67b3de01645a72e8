// The few machine operations Swift has no name for: CRC-32C by SSE4.2 (table where absent), software prefetch, and telling
// which of sixteen bytes are wanted or are those of a word (SSE2; one by one on other machines).
#ifndef CBITS_H
#define CBITS_H
#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli, reflected 0x82F63B78) of `length` bytes; `seed` is 0 or the result for the bytes before.
uint32_t cbits_crc32c(uint32_t seed, const void *bytes, size_t length);

static inline void cbits_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }
static inline void cbits_prefetch_write(const void *address) { __builtin_prefetch(address, 1, 3); }

typedef uint8_t cbits_bytes __attribute__((vector_size(16), aligned(1)));

/// A bit for each of sixteen bytes, the lowest for the first, that is `a`, `b`, `c` or `d` or below `under`. Of constants that
/// are the same one comparison is left.
static inline __attribute__((always_inline)) uint32_t cbits_match16(
    const uint8_t *bytes, uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint8_t under) {
#ifdef __SSE2__
    cbits_bytes zero = {0}, v = *(const cbits_bytes *)bytes;
    cbits_bytes found = (cbits_bytes)((v == zero + a) | (v == zero + b) | (v == zero + c) | (v == zero + d));
    if (under) found |= (cbits_bytes)(v < zero + under);
    return (uint32_t)__builtin_ia32_pmovmskb128((__attribute__((vector_size(16))) char)found);
#else
    uint32_t found = 0;
    for (int i = 0; i < 16; i++) {
        uint8_t v = bytes[i];
        found |= (uint32_t)(v == a || v == b || v == c || v == d || v < under) << i;
    }
    return found;
#endif
}

/// How many of sixteen bytes, from the first on, are ASCII letters or digits. All sixteen go to `folded`, as small letters.
static inline __attribute__((always_inline)) uint32_t cbits_word16(const uint8_t *bytes, uint8_t *folded) {
    cbits_bytes zero = {0}, v = *(const cbits_bytes *)bytes, small = v | (zero + 0x20);
    // Of digits the bit is set anyway.
    cbits_bytes found = (cbits_bytes)((small - (zero + 'a') < zero + 26) | (v - (zero + '0') < zero + 10));
    *(cbits_bytes *)folded = small;
#ifdef __SSE2__
    uint32_t mask = (uint32_t)__builtin_ia32_pmovmskb128((__attribute__((vector_size(16))) char)found);
    return (uint32_t)__builtin_ctz(~mask);
#else
    uint32_t count = 0;
    while (count < 16 && found[count]) count++;
    return count;
#endif
}

static inline uint64_t cbits_load(const uint8_t *bytes, size_t count) {
    uint64_t word = 0;
    __builtin_memcpy(&word, bytes, count);
    return word;
}

/// The same of 1 to 15 bytes, without a look at those behind them. Of a little-endian machine.
static inline __attribute__((always_inline)) uint32_t cbits_match(
    const uint8_t *bytes, size_t count, uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint8_t under) {
    uint64_t words[2] = {0, 0};
    if (count >= 8) {
        words[0] = cbits_load(bytes, 8);
        if (count > 8) words[1] = cbits_load(bytes + count - 8, 8) >> 8 * (16 - count);
    } else if (count >= 4) {
        words[0] = cbits_load(bytes, 4) | cbits_load(bytes + count - 4, 4) << 8 * (count - 4);
    } else {
        words[0] = bytes[0] | (uint64_t)bytes[count / 2] << 8 * (count / 2) | (uint64_t)bytes[count - 1] << 8 * (count - 1);
    }
    return cbits_match16((const uint8_t *)words, a, b, c, d, under) & ((1u << count) - 1);
}

/// Copies up to 16 bytes, which nearly all pieces of a text are, without a call.
static inline __attribute__((always_inline)) void cbits_copy(uint8_t *to, const uint8_t *from, size_t count) {
    if (count > 16) {
        __builtin_memcpy(to, from, count);
    } else if (count >= 8) {
        uint64_t first, last;
        __builtin_memcpy(&first, from, 8);
        __builtin_memcpy(&last, from + count - 8, 8);
        __builtin_memcpy(to, &first, 8);
        __builtin_memcpy(to + count - 8, &last, 8);
    } else if (count >= 4) {
        uint32_t first, last;
        __builtin_memcpy(&first, from, 4);
        __builtin_memcpy(&last, from + count - 4, 4);
        __builtin_memcpy(to, &first, 4);
        __builtin_memcpy(to + count - 4, &last, 4);
    } else if (count) {
        uint8_t middle = from[count / 2], last = from[count - 1];
        to[0] = from[0];
        to[count / 2] = middle;
        to[count - 1] = last;
    }
}

#endif
