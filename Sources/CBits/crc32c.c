#include "cbits.h"
#include <string.h>

static uint32_t table[256];

static void make_table(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++) c = (c & 1) ? (c >> 1) ^ 0x82F63B78u : c >> 1;
        table[i] = c;
    }
}

static uint32_t by_table(uint32_t c, const uint8_t *p, size_t n) {
    for (; n; n--) c = (c >> 8) ^ table[(c ^ *p++) & 255];
    return c;
}

#if defined(__x86_64__)
#include <nmmintrin.h>

// The instruction takes three cycles and can begin each cycle: three lanes at once take no longer than one. A page of 4 KiB is three
// lanes and 16 bytes.
enum { LANE = 1360 };

/// What a lane of zeros makes of each of a checksum's four bytes; that of the whole is the sum of the four.
static uint32_t shifted[4][256];

static void make_shifted(void) {
    static const uint8_t zeros[LANE];
    for (int bit = 0; bit < 32; bit++) {
        uint32_t one = by_table(UINT32_C(1) << bit, zeros, LANE);
        for (uint32_t i = 0; i < 256; i++)
            if (i >> bit % 8 & 1) shifted[bit / 8][i] ^= one;
    }
}

static inline uint32_t shift(uint32_t c) {
    return shifted[0][c & 255] ^ shifted[1][c >> 8 & 255] ^ shifted[2][c >> 16 & 255] ^ shifted[3][c >> 24];
}

static inline uint64_t word(const uint8_t *p) {
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

__attribute__((target("sse4.2"))) static uint32_t by_sse42(uint32_t crc, const uint8_t *p, size_t n) {
    uint64_t c = crc;
    for (; n >= 3 * LANE; n -= 3 * LANE, p += 3 * LANE) {
        uint64_t second = 0, third = 0;
        for (size_t i = 0; i < LANE; i += 8) {
            c = _mm_crc32_u64(c, word(p + i));
            second = _mm_crc32_u64(second, word(p + LANE + i));
            third = _mm_crc32_u64(third, word(p + 2 * LANE + i));
        }
        c = shift(shift((uint32_t)c) ^ (uint32_t)second) ^ (uint32_t)third;
    }
    for (; n >= 8; n -= 8, p += 8) c = _mm_crc32_u64(c, word(p));
    for (; n; n--) c = _mm_crc32_u8((uint32_t)c, *p++);
    return (uint32_t)c;
}
#endif

__attribute__((constructor)) static void make_tables(void) {
    make_table();
#if defined(__x86_64__)
    make_shifted();
#endif
}

uint32_t cbits_crc32c(uint32_t seed, const void *bytes, size_t length) {
    uint32_t c = ~seed;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return ~by_sse42(c, bytes, length);
#endif
    return ~by_table(c, bytes, length);
}
