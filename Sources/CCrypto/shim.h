// SHA-256 by the low-level calls: the EVP one-shot of OpenSSL 3 looks its algorithm up on each call (about 1 us).
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>
#include <openssl/sha.h>
#include <openssl/hmac.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/crypto.h>
