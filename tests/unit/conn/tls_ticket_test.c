/* tls_ticket_test.c - tickets open under the keys, the policy and the chain that they were sealed for, and else not. */
#include "conn/tls_ticket.h"

#include <pthread.h>

#include "base/limits.h"
#include "lib/check.h"

enum { STATE_BYTES = 100 };

struct ticket {
    uint8_t name[TLS_TICKET_NAME_BYTES], iv[TLS_TICKET_IV_BYTES], mac[TLS_TICKET_MAC_BYTES];
    uint8_t state[STATE_BYTES + TLS_TICKET_GROWS_BYTES];
};

static struct tls_ticket_frame frame_of(struct ticket *t)
{
    return (struct tls_ticket_frame){ .name = t->name, .iv = t->iv, .mac = t->mac };
}

static struct ticket seal(const struct tls_ticket_policy *policy, uint8_t chain)
{
    struct ticket t;
    struct tls_ticket_frame frame = frame_of(&t);

    memset(t.state, 'S', STATE_BYTES);
    CHECK(tls_ticket_seal(policy, &frame, t.state, STATE_BYTES, chain), "seal\n");
    return t;
}

/* Opens a copy; the ticket stays. */
static enum tls_ticket_got unseal(const struct tls_ticket_policy *policy, struct ticket t, uint8_t *out_chain)
{
    struct tls_ticket_frame frame = frame_of(&t);
    enum tls_ticket_got got = tls_ticket_unseal(policy, &frame, t.state, sizeof(t.state), out_chain);

    for (unsigned i = 0; got != TLS_TICKET_BAD && i < STATE_BYTES; i++)
        CHECK(t.state[i] == 'S', "byte %u\n", i);
    return got;
}

static struct tls_ticket_policy open_policy(struct tls_ticket_keys **out_keys)
{
    struct tls_ticket_policy policy = { .digest = "policy" };

    CHECK(tls_ticket_keys_open(out_keys) == WHY_OK, "keys\n");
    policy.keys = *out_keys;
    return policy;
}

TEST(tls_ticket_opens_for_its_policy_only)
{
    struct tls_ticket_keys *keys;
    struct tls_ticket_policy policy = open_policy(&keys), other = policy;
    struct ticket t = seal(&policy, 7);
    uint8_t chain = 0, zeros[TLS_TICKET_MAC_BYTES] = { 0 };

    other.digest[31] ^= 1;
    CHECK(unseal(&policy, t, &chain) == TLS_TICKET_GOOD && chain == 7, "chain %u\n", (unsigned)chain);
    CHECK(unseal(&other, t, &chain) == TLS_TICKET_BAD, "another policy\n");
    CHECK(memcmp(t.state, "SSSS", 4) != 0, "it is not sealed\n");
    /* The library refuses to send a name, iv or mac of zeros. */
    CHECK(memcmp(t.name, zeros, sizeof(t.name)) != 0 && memcmp(t.iv, zeros, sizeof(t.iv)) != 0 &&
              memcmp(t.mac + 16, zeros, 16) != 0, "zeros\n");
    struct ticket again = seal(&policy, 7);
    CHECK(memcmp(t.iv, again.iv, sizeof(t.iv)) != 0, "an iv was used twice\n");
    tls_ticket_keys_close(keys);
}

TEST(tls_ticket_changed_anywhere_does_not_open)
{
    struct tls_ticket_keys *keys;
    struct tls_ticket_policy policy = open_policy(&keys);
    struct ticket t = seal(&policy, 0);
    uint8_t chain;

    for (size_t i = 0; i < sizeof(t); i++) {
        struct ticket changed = t;
        ((uint8_t *)&changed)[i] ^= 0x40;
        /* The second half of the mac is filler: AES-GCM has 16 bytes. */
        bool is_filler = i >= offsetof(struct ticket, mac) + 16 && i < offsetof(struct ticket, state);
        CHECK((unseal(&policy, changed, &chain) == TLS_TICKET_BAD) == !is_filler, "byte %zu\n", i);
    }
    struct tls_ticket_frame frame = frame_of(&t);
    for (uint32_t bytes = 0; bytes < sizeof(t.state); bytes++) {
        struct ticket copy = t;
        frame = frame_of(&copy);
        CHECK(tls_ticket_unseal(&policy, &frame, copy.state, bytes, &chain) == TLS_TICKET_BAD, "%u bytes\n", bytes);
    }
    tls_ticket_keys_close(keys);
}

TEST(tls_ticket_lives_for_two_epochs)
{
    struct tls_ticket_keys *keys;
    struct tls_ticket_policy policy = open_policy(&keys);
    uint8_t chain;

    for (int i = 0; i < 9; i++) {
        struct ticket t = seal(&policy, 0);
        CHECK(unseal(&policy, t, &chain) == TLS_TICKET_GOOD, "epoch %d\n", i);
        tls_ticket_keys_rotate(keys);
        CHECK(unseal(&policy, t, &chain) == TLS_TICKET_OLD, "epoch %d, one later\n", i);
        tls_ticket_keys_rotate(keys);
        CHECK(unseal(&policy, t, &chain) == TLS_TICKET_BAD, "epoch %d, two later\n", i);
    }
    tls_ticket_keys_close(keys);
}

TEST(tls_ticket_at_the_end_of_its_chain_is_bad)
{
    struct tls_ticket_keys *keys;
    struct tls_ticket_policy policy = open_policy(&keys);
    uint8_t chain = 0;

    CHECK(unseal(&policy, seal(&policy, TLS_TICKET_CHAIN_MAX - 1), &chain) == TLS_TICKET_GOOD, "last\n");
    CHECK(chain == TLS_TICKET_CHAIN_MAX - 1, "chain %u\n", (unsigned)chain);
    CHECK(unseal(&policy, seal(&policy, TLS_TICKET_CHAIN_MAX), &chain) == TLS_TICKET_BAD, "past the end\n");
    tls_ticket_keys_close(keys);
}

/* ---- threads: one rotates, the others read; the thread sanitizer watches ---- */

enum { READERS_N = 3, ROUNDS_N = 200 };

struct stage {
    pthread_barrier_t        turn;
    struct tls_ticket_policy policy;
    unsigned                 bad_n[READERS_N];
};

struct reader {
    struct stage *stage;
    unsigned      number;
};

static void *read_tickets(void *arg)
{
    struct reader *r = arg;

    for (int round = 0; round < ROUNDS_N; round++) {
        pthread_barrier_wait(&r->stage->turn);
        for (int i = 0; i < 3; i++) {
            uint8_t chain;
            struct ticket t = seal(&r->stage->policy, 1);
            if (unseal(&r->stage->policy, t, &chain) == TLS_TICKET_BAD)
                r->stage->bad_n[r->number]++;
        }
    }
    return NULL;
}

TEST(tls_ticket_keys_rotate_while_workers_read)
{
    struct tls_ticket_keys *keys;
    struct stage stage = { .policy = open_policy(&keys) };
    struct reader readers[READERS_N];
    pthread_t threads[READERS_N];

    CHECK(pthread_barrier_init(&stage.turn, NULL, READERS_N + 1) == 0, "barrier\n");
    for (unsigned i = 0; i < READERS_N; i++) {
        readers[i] = (struct reader){ .stage = &stage, .number = i };
        CHECK(pthread_create(&threads[i], NULL, read_tickets, &readers[i]) == 0, "thread\n");
    }
    for (int round = 0; round < ROUNDS_N; round++) {
        pthread_barrier_wait(&stage.turn);
        tls_ticket_keys_rotate(keys);
    }
    for (unsigned i = 0; i < READERS_N; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0, "join\n");
        CHECK(stage.bad_n[i] == 0, "reader %u: %u fresh tickets did not open\n", i, stage.bad_n[i]);
    }
    pthread_barrier_destroy(&stage.turn);
    tls_ticket_keys_close(keys);
}

CHECK_RUN(RUN(tls_ticket_opens_for_its_policy_only), RUN(tls_ticket_changed_anywhere_does_not_open),
          RUN(tls_ticket_lives_for_two_epochs), RUN(tls_ticket_keys_rotate_while_workers_read),
          RUN(tls_ticket_at_the_end_of_its_chain_is_bad))
