/* tls_thread_test.c - memory is counted and bounded, random bytes differ, and the library was compiled as it must be.
 *
 * The last two are about the build: wolfSSL's P-256 assembly leaves the upper halves of the vector registers dirty, and
 * on Intel each SSE instruction after it pays for that (SHA-256 a hundred times). One test looks at the registers, the
 * other at the clock.
 */
#include "conn/tls_thread.h"

#include <cpuid.h>
#include <pthread.h>

#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/wolfcrypt/curve25519.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/wc_mlkem.h>
#include <wolfssl/wolfcrypt/random.h>
#include <wolfssl/wolfcrypt/sha256.h>

#include "base/clock.h"
#include "base/limits.h"
#include "conn/tls.h"
#include "lib/check.h"

TEST(tls_thread_counts_what_is_live)
{
    uint64_t before = tls_thread_heap_bytes();
    void *a = tls_thread_malloc(1000), *b = tls_thread_malloc(10);

    CHECK(a != NULL && b != NULL, "no memory\n");
    CHECK(tls_thread_heap_bytes() >= before + 1010 && tls_thread_heap_bytes() < before + 1200, "two\n");
    a = tls_thread_realloc(a, 5000);
    CHECK(a != NULL && tls_thread_heap_bytes() >= before + 5010, "grown\n");
    a = tls_thread_realloc(a, 20);
    CHECK(a != NULL && tls_thread_heap_bytes() < before + 5010, "shrunk\n");
    tls_thread_free(a);
    tls_thread_free(b);
    tls_thread_free(NULL);
    CHECK(tls_thread_heap_bytes() == before, "left over\n");
}

TEST(tls_thread_memory_has_a_bound)
{
    void *most = tls_thread_malloc(TLS_HEAP_BYTES_MAX - 1000000);

    CHECK(most != NULL, "reserving address space costs nothing\n");
    CHECK(tls_thread_malloc(1100000) == NULL, "past the bound\n");
    CHECK(tls_thread_realloc(most, TLS_HEAP_BYTES_MAX) == NULL, "past the bound\n");
    void *little = tls_thread_malloc(1000);
    CHECK(little != NULL, "below the bound\n");
    tls_thread_free(little);
    tls_thread_free(most);
    CHECK(tls_thread_malloc(SIZE_MAX) == NULL, "no overflow\n");
}

static void *free_there(void *at)
{
    tls_thread_free(at);
    return (void *)(uintptr_t)(tls_thread_heap_bytes() == 0 ? 1 : 0);
}

TEST(tls_thread_memory_may_be_freed_elsewhere)
{
    pthread_t thread;
    void *at = tls_thread_malloc(100), *was_zero = NULL;

    CHECK(pthread_create(&thread, NULL, free_there, at) == 0 && pthread_join(thread, &was_zero) == 0, "thread\n");
    CHECK(was_zero != NULL, "a thread that only frees holds nothing\n");
}

TEST(tls_thread_random_bytes_differ)
{
    static uint8_t seen[3000][16];
    uint8_t large[2][5000];

    for (size_t i = 0; i < COUNT(seen); i++)
        tls_thread_random(seen[i], sizeof(seen[i]));
    for (size_t i = 0; i < COUNT(seen); i++)
        for (size_t k = i + 1; k < COUNT(seen); k++)
            CHECK(memcmp(seen[i], seen[k], sizeof(seen[i])) != 0, "%zu and %zu\n", i, k);
    tls_thread_random(large[0], sizeof(large[0]));
    tls_thread_random(large[1], sizeof(large[1]));
    CHECK(memcmp(large[0], large[1], sizeof(large[0])) != 0, "large ones\n");
    tls_thread_random(large[0], 0);
}

TEST(tls_thread_cpu_is_one_that_the_library_runs_on)
{
    enum why why = tls_init();

    /* On another processor the start-up code says this sentence and ends. */
    CHECK(why == WHY_OK || why == WHY_TLS_CPU, "%s\n", why_name(why));
    CHECK(why_http(WHY_TLS_CPU) == 0, "nobody to answer\n");
}

/* Best of many, so that a busy machine does not matter. */
static uint64_t sha256_ns(void)
{
    static const uint8_t data[256];
    uint8_t  digest[WC_SHA256_DIGEST_SIZE];
    uint64_t best = UINT64_MAX;

    for (int i = 0; i < 50; i++) {
        uint64_t start = clock_mono_ns();
        for (int k = 0; k < 20; k++) {
            wc_Sha256 sha;
            (void)wc_InitSha256(&sha);
            (void)wc_Sha256Update(&sha, data, sizeof(data));
            (void)wc_Sha256Final(&sha, digest);
        }
        uint64_t took = clock_mono_ns() - start;
        best = took < best ? took : best;
    }
    return best;
}

/* XINUSE bit 2: the upper halves are not zero (Intel SDM 13.6). False where the processor cannot tell. */
static bool is_dirty(void)
{
    unsigned a, b, c, d;

    if (__get_cpuid_count(0xd, 1, &a, &b, &c, &d) == 0 || (a & 4) == 0)
        return false;
    __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(1));
    return (a & 4) != 0;
}

struct operations {
    WC_RNG         rng;
    ecc_key        p256, p256_peer, p384;
    curve25519_key x25519, x25519_peer;
    MlKemKey       mlkem;
    uint8_t        out[4096], other[4096];
    word32         out_bytes, other_bytes;
};

static int make_p256(struct operations *o)
{
    return wc_ecc_make_key_ex(&o->rng, 32, &o->p256, ECC_SECP256R1);
}

static int make_p256_peer(struct operations *o)
{
    return wc_ecc_make_key_ex(&o->rng, 32, &o->p256_peer, ECC_SECP256R1);
}

static int check_p256(struct operations *o)
{
    return wc_ecc_check_key(&o->p256_peer);
}

static int agree_p256(struct operations *o)
{
    o->out_bytes = sizeof(o->out);
    (void)wc_ecc_set_rng(&o->p256, &o->rng);
    return wc_ecc_shared_secret(&o->p256, &o->p256_peer, o->out, &o->out_bytes);
}

static int sign_p256(struct operations *o)
{
    static const uint8_t hash[32] = { 1 };

    o->out_bytes = sizeof(o->out);
    return wc_ecc_sign_hash(hash, sizeof(hash), o->out, &o->out_bytes, &o->rng, &o->p256);
}

static int verify_p256(struct operations *o)
{
    static const uint8_t hash[32] = { 1 };
    int is_good = 0, rc = wc_ecc_verify_hash(o->out, o->out_bytes, hash, sizeof(hash), &is_good, &o->p256);

    return rc == 0 && is_good ? 0 : -1;
}

static int make_p384(struct operations *o)
{
    return wc_ecc_make_key_ex(&o->rng, 48, &o->p384, ECC_SECP384R1);
}

static int make_x25519(struct operations *o)
{
    int rc = wc_curve25519_make_key(&o->rng, 32, &o->x25519_peer);

    return rc == 0 ? wc_curve25519_make_key(&o->rng, 32, &o->x25519) : rc;
}

static int agree_x25519(struct operations *o)
{
    o->out_bytes = 32;
    return wc_curve25519_shared_secret(&o->x25519, &o->x25519_peer, o->out, &o->out_bytes);
}

static int make_mlkem(struct operations *o)
{
    return wc_MlKemKey_MakeKey(&o->mlkem, &o->rng);
}

static int encapsulate(struct operations *o)
{
    return wc_MlKemKey_Encapsulate(&o->mlkem, o->out, o->other, &o->rng);
}

static int decapsulate(struct operations *o)
{
    return wc_MlKemKey_Decapsulate(&o->mlkem, o->other, o->out, WC_ML_KEM_768_CIPHER_TEXT_SIZE);
}

static void open_operations(struct operations *o)
{
    CHECK(tls_init() == WHY_OK && wc_InitRng(&o->rng) == 0 && wc_ecc_init(&o->p256) == 0 &&
              wc_ecc_init(&o->p256_peer) == 0 && wc_ecc_init(&o->p384) == 0 && wc_curve25519_init(&o->x25519) == 0 &&
              wc_curve25519_init(&o->x25519_peer) == 0 && wc_MlKemKey_Init(&o->mlkem, WC_ML_KEM_768, NULL, -2) == 0,
          "init\n");
}

static void close_operations(struct operations *o)
{
    wc_ecc_free(&o->p256);
    wc_ecc_free(&o->p256_peer);
    wc_ecc_free(&o->p384);
    wc_curve25519_free(&o->x25519);
    wc_curve25519_free(&o->x25519_peer);
    wc_MlKemKey_Free(&o->mlkem);
    wc_FreeRng(&o->rng);
}

TEST(tls_thread_registers_are_clean_after_key_operations)
{
    static const struct row { const char *name; int (*run)(struct operations *o); } rows[] = {
        { "P-256 key", make_p256 },       { "P-256 second key", make_p256_peer }, { "P-256 check", check_p256 },
        { "P-256 agreement", agree_p256 }, { "P-256 signature", sign_p256 },      { "P-256 verification", verify_p256 },
        { "P-384 key", make_p384 },       { "X25519 key", make_x25519 },          { "X25519 agreement", agree_x25519 },
        { "ML-KEM key", make_mlkem },     { "ML-KEM encapsulation", encapsulate },
        { "ML-KEM decapsulation", decapsulate },
    };
    static struct operations o;

    open_operations(&o);
    __asm__ volatile("vzeroupper");
    CHECK(!is_dirty(), "what is a clean register?\n");
    for (size_t i = 0; i < COUNT(rows); i++) {
        int  rc = rows[i].run(&o);
        bool dirty = is_dirty();
        CHECK(rc == 0, "%s: %d\n", rows[i].name, rc);
        CHECK(!dirty, "%s leaves the upper halves of the vector registers dirty\n", rows[i].name);
    }
    close_operations(&o);
}

TEST(tls_thread_hashing_is_not_slower_after_p256)
{
    static struct operations o;

    open_operations(&o);
    uint64_t before = sha256_ns();
    CHECK(make_p256(&o) == 0 && make_p256_peer(&o) == 0, "keys\n");
    uint64_t after_key = sha256_ns();
    CHECK(agree_p256(&o) == 0, "agree\n");
    uint64_t after_agreement = sha256_ns();
    CHECK(sign_p256(&o) == 0, "sign\n");
    uint64_t after_signature = sha256_ns();
    CHECK(after_key <= 3 * before && after_agreement <= 3 * before && after_signature <= 3 * before,
          "SHA-256 takes %llu ns, and %llu, %llu, %llu after making a key, agreeing, signing\n",
          (unsigned long long)before, (unsigned long long)after_key, (unsigned long long)after_agreement,
          (unsigned long long)after_signature);
    close_operations(&o);
}

CHECK_RUN(RUN(tls_thread_counts_what_is_live), RUN(tls_thread_memory_has_a_bound),
          RUN(tls_thread_memory_may_be_freed_elsewhere), RUN(tls_thread_random_bytes_differ),
          RUN(tls_thread_cpu_is_one_that_the_library_runs_on),
          RUN(tls_thread_registers_are_clean_after_key_operations), RUN(tls_thread_hashing_is_not_slower_after_p256))
