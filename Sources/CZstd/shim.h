#include <zstd.h>
// The trainer with parameters of its own, which the library exports but does not promise.
#define ZDICT_STATIC_LINKING_ONLY
#include <zdict.h>
